"""Questions that are answered by true or false."""

import re

from . import question_items, question_words, typing_copies, wording
from .question_page import Asked, QuestionPage
from .question_words import YES_NO

_TOTALS = {"receipt": "total", "invoice": "gross_total", "screenshot": "amount"}
_CASH = {word.casefold() for words in wording.RECEIPT.values() for word in words["cash"]}
_INVOICE_WORDS = re.compile("invoice|factura|factuur|fattura|facture|rechnung|bill|invois", re.IGNORECASE)
_RECEIPT_WORDS = re.compile("receipt|ticket|quittung|kassenbon|reçu|recibo|resit|scontrino|ricevuta|bon\\b", re.IGNORECASE)
_CREDIT_WORDS = re.compile("credit|gutschrift|avoir|rectificativa|creditnota|korrektur", re.IGNORECASE)
_DISCOUNT_WORDS = re.compile("dis[ck]|rabatt|remise|descuento|sconto|korting|saving|less|promo|skonto|%", re.IGNORECASE)
_PHONE_WORDS = re.compile(r"tel|fon|phone|h/p|\bT\b|call", re.IGNORECASE)


def ask(r, page: QuestionPage, language: str, new_words: bool) -> Asked | None:
    about = r.choices(["total", "bought", "kind", "payment", "discount", "place", "done"], [6, 4, 2, 2, 2, 3, 3])[0]
    made = {"total": _total, "bought": _bought, "kind": _kind, "payment": _payment, "discount": _discount, "place": _place, "done": _done}[about](r, page)
    if made is None:
        return None
    about, filling, said = made
    return Asked(question_words.phrase(r, YES_NO[about], language, new_words).format(filling), said, f"{about}?")


Made = tuple[str, str, bool] | None


def _total(r, page: QuestionPage) -> Made:
    total = page.found.get(_TOTALS[page.kind])
    number = total and typing_copies.amount(total)
    if not number or float(number) <= 1 or len(re.findall("[.,]", total)) > 2:
        return None
    value = float(number)
    bound = value * (r.uniform(0.2, 0.92) if r.random() < 0.5 else r.uniform(1.08, 4))
    step = max([s for s in (0.5, 1, 5, 10, 50, 100, 500, 1000) if s <= bound / 3], default=0.5)
    bound = round(bound / step) * step
    if abs(bound - value) < 0.03 * value or bound <= 0:
        return None
    shown = f"{bound:g}" if bound < 1e5 else str(int(bound))
    sign = page.found.get("currency", "")
    shown = r.choice([shown, shown, shown, f"{sign} {shown}".strip(), f"{shown} {sign}".strip()])
    return r.choice([("above", shown, value > bound), ("below", shown, value < bound)])


def _bought(r, page: QuestionPage) -> Made:
    if not page.rows:
        return None
    if r.random() < 0.5:
        name = question_items.mention(r, page, r.choice(page.rows))
        return name and ("bought", name, True)
    name = question_items.another(r, page)
    return name and ("bought", name, False)


def _kind(r, page: QuestionPage) -> Made:
    about = r.choice(["receipt", "invoice"])
    invoice, receipt = _INVOICE_WORDS.search(page.text), _RECEIPT_WORDS.search(page.text)
    if page.kind == "invoice" and not _CREDIT_WORDS.search(page.text) and not receipt:
        return about, "", about == "invoice"
    if page.kind == "receipt" and not invoice or page.kind == "screenshot" and not invoice and not receipt:
        return about, "", about == page.kind
    return None


def _payment(r, page: QuestionPage) -> Made:
    method = page.found.get("payment_method")
    if page.kind != "receipt" or not method or not page.is_single("payment_method"):
        return None
    is_cash = method.casefold() in _CASH
    # Damaged words are ambiguous, and remarks such as CASH BILL mislead.
    known = is_cash or any(method.casefold() == word.casefold() for words in wording.RECEIPT.values() for word in words["card"])
    if not known or not is_cash and any(word in page.text.casefold() for word in _CASH):
        return None
    about = r.choice(["card", "cash"])
    return about, "", is_cash == (about == "cash")


def _discount(r, page: QuestionPage) -> Made:
    if page.kind == "screenshot":
        return None
    amount = page.found.get("discount")
    if amount:
        number = typing_copies.amount(amount)
        return number and ("discount", "", float(number) != 0)
    return None if page.prints("discount") or _DISCOUNT_WORDS.search(page.text) else ("discount", "", False)


def _place(r, page: QuestionPage) -> Made:
    about = r.choice(["due_date", "iban", "phone"])
    if about in page.found:
        return about, "", True
    if page.prints(about) or about == "phone" and (page.kind == "screenshot" or _PHONE_WORDS.search(page.text)) or page.kind != "invoice" and about != "phone" and r.random() < 0.8:
        return None
    return about, "", False


def _done(r, page: QuestionPage) -> Made:
    status = page.truth.get("status") if page.kind == "screenshot" and "status_word" in page.found else None
    return status and ("done", "", status in ("successful", "completed"))
