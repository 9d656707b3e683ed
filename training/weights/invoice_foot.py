"""What stands under an invoice's sums: currency, tax number, where to pay."""

from . import names, payment
from .invoice_sheet import Sheet


def foot(sheet: Sheet, said: dict) -> None:
    r, w, bill = sheet.r, sheet.words, sheet.bill
    sheet.y += sheet.pitch * r.uniform(0.5, 2)
    if not said["currency"] and r.random() < 0.35:
        sheet.block(sheet.left, [r.choice(["All amounts in ", "Currency: ", "Prices in "]) + sheet.country.currency if sheet.country.language != "de" else r.choice(["Währung: ", "Alle Beträge in "]) + sheet.country.currency])
        said["currency"] = sheet.country.currency
    if sheet.vat_in_foot:
        sheet.block(sheet.left, [f"{w['vat']}{sheet.colon or ' '}{bill.vat_id}"])
        said["seller_vat_id"] = bill.vat_id
    how, language = bill.payment, sheet.country.language
    if how.iban and r.random() < 0.2:
        sentence, fields = payment.sentence(r, language, how)
        _sentence(sheet, sentence)
    elif r.random() < 0.45:
        fields = _payment_block(sheet, payment.rows(r, language, how))
    else:
        _small_print(sheet, said)
        return
    _say_payment(said, how, fields)
    others = [*w["foot"], f"www.{names.word(r)}.com"]
    sheet.block(sheet.left, r.sample(others, r.choice([0, 1, 1, 2])))


def _say_payment(said: dict, how: payment.Payment, fields) -> None:
    values = {"iban": how.iban, "bic": how.bic, "payment_reference": how.reference}
    said.update({field: values[field] for field in fields if field})


def _sentence(sheet: Sheet, sentence: str) -> None:
    """In as many lines as it takes."""
    line = ""
    for word in sentence.split():
        longer = f"{line} {word}".strip()
        if line and sheet.face.width(longer) > sheet.width:
            sheet.block(sheet.left, [line])
            longer = word
        line = longer
    sheet.block(sheet.left, [line])


def _payment_block(sheet: Sheet, rows) -> list[str | None]:
    """Label and value a row, under a title or none; returns the fields that were put."""
    r = sheet.r
    if rows and r.random() < 0.5:
        sheet.block(sheet.left, [r.choice(payment.WORDS[sheet.country.language]["title"])], first=sheet.strong)
    if rows:
        sheet.pairs(sheet.left, [(label, value) for label, value, _ in rows], sheet.width)
    return [field for _, _, field in rows]


def _small_print(sheet: Sheet, said: dict) -> None:
    """What letter paper has at its foot, in three columns or in lines."""
    r, w, how = sheet.r, sheet.words, sheet.bill.payment
    rows = payment.rows(r, sheet.country.language, how)
    lines = [(f"{label}{r.choice([' ', ': '])}{value}", field) for label, value, field in rows]
    others = [(line, None) for line in [*w["foot"], f"www.{names.word(r)}.com"]]
    small = sheet.text.at(max(10, sheet.text.size - 2))
    sheet.y += sheet.pitch * r.uniform(0, 4)
    lines += r.sample(others, max(0, min(len(others), 6 - len(lines))))
    column = sheet.width / 3 - 8
    if r.random() < 0.6 and all(small.width(line) <= column for line, field in lines if field):
        for at, (line, _) in enumerate(lines[:6]):
            sheet.page.put(sheet.left + at % 3 * sheet.width / 3, sheet.y + at // 3 * small.size * 1.4, small.fit(line, column), small)
        sheet.y += 2 * small.size * 1.4
    else:
        lines = lines[: len(rows) + r.choice([0, 1, 1, 2])]
        sheet.block(sheet.left, [line for line, _ in lines])
    _say_payment(said, how, [field for _, field in lines[:6]])
