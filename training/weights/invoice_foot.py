"""Under an invoice's lines: sums, taxes, where and when to pay, small print."""

import re

from . import names, payment, values
from .fonts import bold
from .invoice_head import Head
from .invoice_sheet import Sheet
from .page import Content, Value, fitted, plain
from .shops import digits

_PAY_BY = {
    "en": [("Please pay by ", "."), ("Payment is due on ", "."), ("Please remit until ", "."), ("Payable no later than ", ""), ("Due by ", " without deduction")], "de": [("Bitte überweisen Sie bis zum ", "."), ("Zahlbar bis zum ", " ohne Abzug."), ("Der Rechnungsbetrag ist fällig am ", "."), ("Zahlungsziel: ", ""), ("Bitte begleichen Sie den Betrag bis ", ".")],
    "fr": [("A régler avant le ", "."), ("Payable au plus tard le ", "")], "es": [("Pagadero hasta el ", ".")], "it": [("Pagamento entro il ", ".")], "nl": [("Gelieve te betalen vóór ", "."), ("Te voldoen uiterlijk ", "")],
}
_TERMS = {"en": ["Payment terms: 30 days net", "Due on receipt", "Net 14 days", "2% discount within 10 days"], "de": ["Zahlbar innerhalb von 14 Tagen netto", "Zahlungsbedingung: 30 Tage netto", "2% Skonto bei Zahlung innerhalb 10 Tagen", "Zahlbar sofort ohne Abzug"], "fr": ["Paiement à 30 jours"], "nl": ["Betaling binnen 14 dagen"]}
_DAYS = re.compile(r"\d+ (?:days|Tagen|jours|dagen)")
_PREPAID = {"en": ("Paid", "Deposit received", "Prepaid"), "de": ("Anzahlung", "bereits gezahlt"), "fr": ("Acompte",), "nl": ("Aanbetaling",)}
_OPEN = {"en": ("Amount due", "Balance due", "Residual"), "de": ("Zahlbetrag", "Offener Betrag", "Restbetrag"), "fr": ("Reste à payer",), "nl": ("Nog te betalen",)}
_OF = {"de": [" auf ", " von ", "  von  "], "en": [" on ", " of ", "  of  "], "fr": [" sur ", " de "], "nl": [" over "]}
_MANAGERS = {"de": ["Geschäftsführer: {}", "Inh. {}", "HRB {}"], "en": ["Director: {}", "Registered in England No. {}"], "fr": ["SARL au capital de {} €", "RCS {}"]}


def sums(sheet: Sheet) -> None:
    _Sums(sheet).put()


class _Sums:
    def __init__(self, sheet: Sheet):
        r, s = sheet.r, sheet.scale
        self.sheet, self.r, self.bill = sheet, r, sheet.bill
        self.label_x = max(sheet.left, sheet.right - r.choice([200, 240, 280, 330, 420]) * s)
        self.gap = sheet.text.size * s * 0.6
        self.name = r.choice(sheet.country.tax_names)
        self.sign = True if sheet.money.shown and r.random() < 0.5 else None
        self.run_on = r.random() < 0.1  # `Label: amount` without columns
        self.colon = ":" if r.random() < 0.3 else ""

    def rate(self, text: str) -> str:
        return text.replace(".", ",") if self.sheet.money.comma else text

    def row(self, label: Content, amount: Content, used=None) -> None:
        sheet, used = self.sheet, used or self.sheet.face
        if self.run_on:
            pieces = [label] if isinstance(label, str) else label
            sheet.block(sheet.right, [[*pieces, self.colon or " ", " " if self.colon else "", *([amount] if isinstance(amount, str) else amount)]], "r", used)
            return
        if used.width(plain(label)) + used.width(plain(amount)) + self.gap > sheet.right - self.label_x:
            used = sheet.face
        sheet.page.put(self.label_x, sheet.y, fitted(label, used, sheet.right - self.label_x - used.width(plain(amount)) - self.gap), used)
        sheet.page.put(sheet.right - 2, sheet.y, amount, used, "r")
        sheet.y += sheet.pitch * 1.1 * used.size / sheet.face.size

    def put(self) -> None:
        sheet, r, w, bill = self.sheet, self.r, self.sheet.words, self.bill
        if r.random() < 0.5:
            sheet.page.rule(r.choice([sheet.left, self.label_x]), sheet.y, sheet.right)
        sheet.y += r.uniform(3, 20) * sheet.scale
        if bill.discount:
            if r.random() < 0.5:
                self.row({"de": "Summe Positionen", "fr": "Total brut"}.get(sheet.language, "Sum of lines"), sheet.amount(bill.net + bill.discount, sign=self.sign))
            self.row(w["discount"], sheet.amount(-bill.discount, "discount", self.sign))
        taxed_table = bool(bill.taxes) and r.random() < (0.5 if len(bill.taxes) > 1 else 0.15)
        total_first = not taxed_table and r.random() < 0.05
        if total_first:
            self._total()
        if taxed_table and self.label_x - sheet.left > 260 * sheet.scale and r.random() < 0.4:
            self._beside()
            return
        if bill.taxes or r.random() < 0.5:
            self.row(w["net"] + self.colon, sheet.amount(bill.net, "net_total", self.sign))
        self._tax_table() if taxed_table else self._tax_rows()
        if not total_first:
            if r.random() < 0.06:  # a line of text among the sums
                sheet.block(sheet.left, [_terms(r.choice(_TERMS.get(sheet.language, _TERMS["en"])))])
            self._total()
        if bill.prepaid:
            language = sheet.language if sheet.language in _PREPAID else "en"
            self.row(r.choice(_PREPAID[language]), sheet.amount(-bill.prepaid if r.random() < 0.5 else bill.prepaid, "prepaid", self.sign))
            self.row(r.choice(_OPEN[language]), sheet.amount(bill.net + bill.tax - bill.prepaid, "amount_due", self.sign))

    def _beside(self) -> None:
        """Taxes in a table to the left, sums to the right of it."""
        sheet, bill, top = self.sheet, self.bill, self.sheet.y
        self._tax_table(self.label_x - 12 * sheet.scale, False)
        bottom, sheet.y = sheet.y, top
        self.row(sheet.words["net"] + self.colon, sheet.amount(bill.net, "net_total", self.sign))
        self.row({"de": "Summe USt.", "fr": "Total TVA", "nl": "Totaal btw"}.get(sheet.language, "Tax total") + self.colon, sheet.amount(bill.tax, "tax_total", self.sign))
        self._total()
        sheet.y = max(bottom, sheet.y)

    def _tax_rows(self) -> None:
        sheet, r, bill, name = self.sheet, self.r, self.bill, self.name
        several = len(bill.taxes) > 1
        for rate, base, tax in bill.taxes:
            shown = self.rate(rate)
            alone = f"{ {'de': 'Zuzügl. ', 'en': 'Plus ', 'fr': 'Montant '}.get(sheet.language, '') if r.random() < 0.5 else ''}{name}"
            label = r.choice([alone, alone, f"{name} {shown}%", f"{name} ({shown}%)", f"{name} {shown} %", f"{shown}% {name}", f"{name} {shown}%" if several else name, f"zzgl. {shown}% {name}" if sheet.language == "de" else f"plus {name} {shown}%" if sheet.language == "en" else f"{name} {shown}%"])
            if r.random() < 0.15:
                label += f"{r.choice(_OF.get(sheet.language, [' - ']))}{sheet.money.number(base)}"
            self.row(label, sheet.amount(tax, None if several else "tax_total", self.sign))
        # Where rates are apart, their sum is printed, or no field says it.
        if several and r.random() < 0.6:
            self.row(r.choice({"de": [f"{name} gesamt", "Steuerbetrag", "Summe USt.", "Summe Umsatzsteuer"], "fr": ["Total TVA"], "nl": ["Totaal btw"]}.get(sheet.language, ["Total tax", f"{name} total", "Tax total"])), sheet.amount(bill.tax, "tax_total", self.sign))

    def _tax_table(self, right: float | None = None, with_sum: bool = True) -> None:
        sheet, r, bill = self.sheet, self.r, self.bill
        heads = {"de": ("USt. Satz", "Nettopreis", "USt.-Betrag"), "fr": ("TVA", "Base HT", "Montant"), "nl": ("BTW %", "Over", "BTW"), "es": ("IVA", "Base", "Cuota"), "it": ("IVA", "Imponibile", "Imposta")}.get(sheet.language, ("Rate", "Net amount", "Tax amount"))
        right = right or (sheet.right - 2 if r.random() < 0.6 else self.label_x - 10)
        if right - sheet.left < 240 * sheet.scale:
            right = sheet.right - 2
        xs = (right - 200 * sheet.scale, right - 90 * sheet.scale, right)
        if r.random() < 0.3:
            sheet.block(xs[0], [{"de": "zuzüglich Umsatzsteuer", "en": "plus VAT"}.get(sheet.language, self.name)])
        for x, head, align in zip(xs, heads, "lrr"):
            sheet.page.put(x, sheet.y, sheet.face.fit(head, 100 * sheet.scale), sheet.face, align)
        sheet.y += sheet.pitch
        for rate, base, tax in bill.taxes:
            cells = (f"{self.rate(rate)}%", sheet.amount(base), sheet.amount(tax, "tax_total~1" if len(bill.taxes) == 1 else None))
            for x, cell, align in zip(xs, cells, "lrr"):
                sheet.page.put(x, sheet.y, cell, sheet.face, align)
            sheet.y += sheet.pitch
        if with_sum and (len(bill.taxes) > 1 or r.random() < 0.4):
            self.row({"de": "USt. Gesamt", "fr": "Total TVA", "nl": "Totaal btw"}.get(sheet.language, "VAT total") + self.colon, sheet.amount(bill.tax, "tax_total", self.sign))

    def _total(self) -> None:
        sheet, r, bill, money = self.sheet, self.r, self.bill, self.sheet.money
        label: Content = sheet.words["total"] + self.colon
        amount = sheet.amount(bill.net + bill.tax, "gross_total", True)
        if not money.everywhere and r.random() < 0.4:
            sign = Value("currency", sheet.country.currency, sheet.country.currency)
            label, amount = [sheet.words["total"], " ", *r.choice([[sign], ["(", sign, ")"], ["in ", sign]]), self.colon], sheet.amount(bill.net + bill.tax, "gross_total", False)
        used = sheet.text.at(sheet.text.size + r.choice([0, 0, 1, 2, 4]), bold(sheet.text.path) if r.random() < 0.6 else None)
        self.row(label, amount, used)


def foot(sheet: Sheet, head: Head) -> None:
    r, bill = sheet.r, sheet.bill
    sheet.y += sheet.pitch * r.uniform(0.5, 2)
    language = sheet.language if sheet.language in _PAY_BY else "en"
    if not sheet.money.everywhere and r.random() < 0.2:
        pieces = ["Alle Beträge in " if language == "de" else r.choice(["All amounts in ", "Currency: ", "Prices in "]), Value("currency~1", sheet.country.currency, sheet.country.currency)]
        sheet.block(sheet.left, [pieces])
    if bill.due and bill.due_in_sentence:
        before, after = r.choice(_PAY_BY[language])
        sheet.sentence([before, Value("due_date", sheet.write_date(bill.due), bill.due.iso), after])
    elif not bill.due and r.random() < 0.4:
        sheet.block(sheet.left, [_terms(r.choice(_TERMS.get(language, _TERMS["en"])))])
    for text in r.sample(sheet.words["foot"], r.choice([0, 0, 1, 2])):
        sheet.block(sheet.left, [_terms(text) if _DAYS.search(text) else text])
    vat: list[Content] = [head.vat("seller_vat_id")] if head.vat_at == "foot" else []
    if bill.payment.iban and r.random() < 0.2:
        _sentence(sheet)
        _small_lines(sheet, head, vat, [])
    elif r.random() < 0.35:
        _block(sheet)
        _small_lines(sheet, head, vat, [])
    elif r.random() < 0.6:
        _columns(sheet, head, vat)
    else:
        _small_lines(sheet, head, vat, _payment_rows(sheet))


def _terms(text: str) -> Content:
    return [Value("payment_terms", text)]


def _payment_rows(sheet: Sheet) -> list[Content]:
    """`Label: value`, as many as there are."""
    joint = sheet.r.choice([" ", ": ", " : "])
    return [[label, joint, _paid(value, field)] for label, value, field in payment.rows(sheet.r, sheet.language, sheet.bill.payment)]


def _paid(value: str, field: str | None) -> str | Value:
    return Value(field, value, value.replace(" ", "") if field == "iban" else value) if field else value


def _sentence(sheet: Sheet) -> None:
    r, how, words = sheet.r, sheet.bill.payment, payment.WORDS[sheet.language]
    before, after = r.choice(words["sentence"]).split("{iban}")
    pieces: list[str | Value] = [before, _paid(how.printed_iban, "iban"), after]
    if how.bic:
        pieces += [", BIC ", _paid(how.bic, "bic")]
    if how.reference:
        before, after = r.choice(words["quoting"]).split("{reference}")
        pieces += [f", {before}", _paid(how.reference, "payment_reference"), after]
    sheet.sentence(pieces)


def _block(sheet: Sheet) -> None:
    """Label and value a row, under a title or none."""
    rows = payment.rows(sheet.r, sheet.language, sheet.bill.payment)
    if rows and sheet.r.random() < 0.5:
        sheet.block(sheet.left, [sheet.r.choice(payment.WORDS[sheet.language]["title"])], first=sheet.strong)
    sheet.pairs(sheet.left, [(label, [_paid(value, field)]) for label, value, field in rows], sheet.width * sheet.r.choice([1, 0.5]))


def _others(sheet: Sheet, head: Head) -> list[Content]:
    r, word = sheet.r, names.word(sheet.r)
    language = sheet.language if sheet.language in _MANAGERS else "en"
    manager = r.choice(_MANAGERS[language]).format(digits(r, 6) if r.random() < 0.5 else names.person(r, sheet.language))
    lines: list[Content] = [[Value("website", f"www.{word}.com")], ["Tel. ", Value("phone", digits(r, 8))], manager, [Value("email", f"info@{word}.com")], f"Amtsgericht {word.title()}" if language == "de" else f"Registered office: {word.title()}"]
    if head.tax_number:
        lines.insert(0, head.tax_number)
    return lines


def _small_lines(sheet: Sheet, head: Head, vat: list[Content], rows: list[Content]) -> None:
    """Small print in lines, one thing a line or several."""
    r = sheet.r
    sheet.y += sheet.pitch * r.uniform(0, 4)
    rows = [*rows, *vat]
    if not head.seller_shown or r.random() < 0.2:
        rows.insert(0, [Value("seller_name~1", sheet.bill.seller), r.choice([" - ", ", ", " · "]), ", ".join(head.seller_address)])
    rows += r.sample(_others(sheet, head), r.choice([0, 1, 2, 3]))
    if r.random() < 0.35:
        joint = r.choice([" - ", " | ", " · ", " – "])
        line: list[str | Value] = []
        for row in rows:
            line += ([joint] if line else []) + ([row] if isinstance(row, str) else list(row))
        sheet.sentence(line, used=sheet.small)
    else:
        sheet.block(sheet.left, rows, used=sheet.small)


def _columns(sheet: Sheet, head: Head, vat: list[Content]) -> None:
    """Letter paper's foot: address, bank and numbers side by side."""
    r = sheet.r
    sheet.y += sheet.pitch * r.uniform(0, 6)
    address: list[Content] = [[Value("seller_name~1", sheet.bill.seller)], *head.seller_address]
    bank = _payment_rows(sheet)
    others = r.sample(_others(sheet, head), r.choice([1, 2, 3]))
    columns = [c for c in ([address] if not head.seller_shown or r.random() < 0.75 else []) + [bank, [*vat, *others]] if c]
    if r.random() < 0.4:
        r.shuffle(columns)
    top = bottom = sheet.y
    width = sheet.width / max(1, len(columns)) - 8
    used = sheet.small
    widest = max((used.width(plain(row)) for column in columns for row in column), default=0)
    if widest > width:  # too wide for columns: under each other
        for column in columns:
            sheet.block(sheet.left, column, used=used)
        return
    for at, column in enumerate(columns):
        sheet.y = top
        sheet.block(sheet.left + at * (width + 8), column, width=width + 6, used=used)
        bottom = max(bottom, sheet.y)
    sheet.y = bottom
