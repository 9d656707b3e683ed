"""Questions about a generated page, with answers from the page.

An answer is a JSON scalar: a copy of the page's text, letter for letter; null
where the page does not say it; true or false; or a count. A value that noise has
changed is asked for as it is printed, and a question with two answers is not asked.
"""

import json
import re
from typing import NamedTuple

from . import examples_text, fonts, question_items, question_lines, question_words, question_yes_no
from .page_text import clean
from .question_page import Asked, QuestionPage
from .question_words import LABEL, VALUES

MIX = {"receipt": 0.5, "invoice": 0.38, "screenshot": 0.12}
_SORTS = {"value": 0.36, "absent": 0.24, "item": 0.17, "yes/no": 0.18, "count": 0.05}
_TRIES = 6  # of what a page may have nothing of

# Fields and other values by what is asked for; the first are asked more often.
_FIELDS = {
    "receipt": {"merchant_name": "merchant", "merchant_address": "address", "date": "date", "currency": "currency", "subtotal": "subtotal", "tax": "tax", "total": "total"},
    "invoice": {
        "invoice_number": "invoice_number", "issue_date": "issue_date", "due_date": "due_date", "currency": "currency", "seller_name": "seller", "seller_vat_id": "seller_vat", "buyer_name": "buyer", "buyer_vat_id": "buyer_vat",
        "net_total": "net", "tax_total": "tax", "gross_total": "total", "iban": "iban", "bic": "bic", "payment_reference": "payment_reference",
    },
    "screenshot": {"app_name": "app", "date": "date", "amount": "amount", "currency": "currency", "counterparty": "counterparty", "reference": "reference"},
}
_OTHERS = {
    "receipt": {key: key for key in "tip guests weight warranty loyalty points plate room approval phone fax time cashier payment_method paid change discount rounding service registration tax_number receipt_number".split()} | {"buyer_name": "buyer"},
    "invoice": {key: key for key in "delivery_terms weight warranty plate contract_number period order_number customer_number prepared_by phone fax email website payment_terms bank account prepaid contact discount seller_address buyer_address".split()},
    "screenshot": {key: key for key in "points approval loyalty status_word fee payment_method".split()},
}
_FIELD_SHARE, _NAME_SHARE = 0.72, 0.1

# What pages of a kind never say, and what they do not say where neither the
# value nor a word for it stands there.
_NEVER = {
    "receipt": "due_date iban bic payment_reference buyer_vat payment_terms delivery_date project passport flight contract_number period delivery_terms".split(),
    "invoice": "cashier change passport flight room rounding tip receipt_number fee status_word".split(),
    "screenshot": "due_date iban bic tax address phone cashier change discount seller_vat buyer_vat passport flight room tip payment_terms".split(),
}
_WORDS = {
    "tip": r"\btip|gratuity", "guests": r"guest|pax|cover|gäste|tetamu", "warranty": r"warr|garant|guarant", "loyalty": r"member|loyal|karte|ahli", "points": r"point|punkt|mata", "plate": r"vehicle|plate|kenn|kender", "room": r"room|zimmer|bilik", "approval": r"app|auth",
    "contract_number": r"contr|vertrag|agree|kontrak", "period": r"period|zeitraum|tempoh| - \d", "delivery_terms": r"deliver|liefer|livr|entrega|EXW|resa|conse", "prepared_by": r"by\b|bearb|clerk", "weight": r"\bkg\b|weight|gewicht|\bwt", "phone": r"tel|fon|phone|h/p|\bT\b|call", "fax": r"fax|\bF\b", "email": r"@|mail", "website": r"www|http|\.com", "time": r"\d ?[:.] ?\d\d|hrs|time|zeit|masa|heure|hora",
    "discount": r"dis[ck]|rabatt|remise|descuento|sconto|korting|saving|less|promo|skonto|%", "rounding": r"round|rundung", "service": r"serv", "payment_terms": r"days|tage|jours|dagen|terms|zahlb|net\b|netto|receipt|paiement|betal|skonto|pag",
    "bank": r"ban[kc]|banque|institut", "account": r"konto|account|a/c|compte|cuenta|conto|rekening|iban", "currency": r"[€£$]|\bRM|EUR|MYR|USD", "tax": r"gst|sst|vat|tax|mwst|ust|steuer|tva|iva|btw|%",
    "change": r"change|wechsel|rück|rend|monnaie|cambio|resto|wissel|terug|baki", "paid": r"cash|bar|tunai|esp|efectivo|contant|tender|gegeben", "payment_method": r"cash|card|visa|master|tunai|bar\b|karte|cb\b|pin|bancomat|tarjeta|contant|efectivo|espè|esp",
}
_MAYBE = {
    "receipt": "tip guests warranty loyalty points plate room approval weight phone fax time discount rounding service currency tax change paid payment_method".split(), "invoice": "warranty plate contract_number period delivery_terms prepared_by weight phone fax email website time discount payment_terms bank account currency tax".split(), "screenshot": "currency fee payment_method weight points loyalty".split(),
}
# Fields whose every place is marked: not marked is not there.
_MARKED = {
    "receipt": {"date": "date"}, "screenshot": {"reference": "reference"},
    "invoice": {"due_date": "due_date", "seller_vat_id": "seller_vat", "buyer_vat_id": "buyer_vat", "iban": "iban", "bic": "bic", "payment_reference": "payment_reference", "gross_total": "gross"},
}


class Question(NamedTuple):
    """`sort`: copy, null, yes/no or count; `about`: what is asked for."""

    text: str
    answer: str  # JSON
    sort: str
    about: str
    language: str


class Example(NamedTuple):
    kind: str
    page_text: str
    questions: list[Question]


def example(r, count: int = 8, kind: str | None = None, held_out: bool = False, new_words: bool = False) -> Example:
    """A page and so many questions to it. `held_out`: of layouts and fonts that
    training never sees; `new_words`: in phrasings that it never sees."""
    kind = kind or r.choices(list(MIX), list(MIX.values()))[0]
    while True:
        document = examples_text.MAKERS[kind](r, fonts.book(held_out), 1.0)
        index = r.randrange(len(document.pages))
        question_lines.add(r, document.pages[index], kind)
        page = QuestionPage(document.pages[index], examples_text.seen(r, document, index), document.page_truths[index])
        questions = ask(r, page, count, new_words)
        if questions:
            return Example(kind, page.text, questions)


def ask(r, page: QuestionPage, count: int, new_words: bool = False) -> list[Question]:
    made: dict[str, Question] = {}
    makers = {"value": _value, "absent": _absent, "item": question_items.item, "count": question_items.count, "yes/no": question_yes_no.ask}
    for _ in range(count * _TRIES):
        sort, language = r.choices(list(_SORTS), list(_SORTS.values()))[0], question_words.language(r)
        asked = makers[sort](r, page, language, new_words)
        if asked is None:
            continue
        text = clean(question_words.varied(r, asked.text))
        if text and text not in made:
            made[text] = Question(text, json.dumps(asked.answer, ensure_ascii=False), _sort(asked.answer), asked.about, language)
        if len(made) == count:
            break
    return list(made.values())


def _sort(answer: str | int | bool | None) -> str:
    if answer is None:
        return "null"
    return "yes/no" if isinstance(answer, bool) else "count" if isinstance(answer, int) else "copy"


def _value(r, page: QuestionPage, language: str, new_words: bool) -> Asked | None:
    """What the page says."""
    if r.random() < 0.1:
        return _label(r, page, language, new_words)
    table = _FIELDS[page.kind] if r.random() < _FIELD_SHARE else _OTHERS[page.kind]
    known = [key for key in table if key in page.found and (table is _FIELDS[page.kind] or page.is_single(key))]
    if not known:
        return None
    key = r.choice(known)
    about = table[key]
    if key == "gross_total" and (r.random() < 0.4 or not page.found.keys().isdisjoint(("prepaid", "amount_due"))):
        about = "gross"
    if table is _FIELDS[page.kind] and language == "en" and r.random() < _NAME_SHARE and not new_words:
        return Asked(r.choice([key, key.replace("_", " "), key.replace("_", " ") + "?"]), page.found[key], about)
    return Asked(question_words.phrase(r, VALUES[about], language, new_words), page.found[key], about)


def _label(r, page: QuestionPage, language: str, new_words: bool) -> Asked | None:
    """By the label that the page prints beside it, or by what labels mean."""
    labels = {key.removeprefix("label:"): value for key, value in page.found.items() if key.startswith("label:")}
    if not labels:
        return None
    label = r.choice(list(labels))
    group = next((name for name, members in question_words.LABELS.items() if label in members), None)
    if group and r.random() < 0.5 and len({value for other, value in labels.items() if other in question_words.LABELS[group]}) == 1:
        return Asked(question_words.phrase(r, VALUES[group], language, new_words), labels[label], group)
    return Asked(question_words.phrase(r, LABEL, language, new_words).format(label), labels[label], "label")


def _absent(r, page: QuestionPage, language: str, new_words: bool) -> Asked | None:
    """What the page does not say."""
    if r.random() < 0.25:
        return question_items.absent(r, page, language, new_words)
    known = [key for key in _NEVER[page.kind]]
    maybe = [key for key in _MAYBE[page.kind] if key not in page.found and not (key in _WORDS and re.search(_WORDS[key], page.text, re.IGNORECASE))]
    known += 2 * maybe
    marked = [about for key, about in _MARKED[page.kind].items() if key not in page.found and not page.prints(key)]
    known += 4 * marked
    if page.kind == "invoice":
        known += [group for group, labels in question_words.LABELS.items() if not any(label.casefold() in page.text.casefold() for label in labels)]
    about = r.choice([name for name in known if not page.prints(name)])
    return Asked(question_words.phrase(r, VALUES[about], language, new_words), None, about)
