"""Invoices of one to three pages.

First what is invoiced (`bills`), then a letterhead, the numbers and the
buyer, a table, the sums. A page of a longer invoice says only what is on it:
its truth is null for the rest, as the program joins pages by itself.
"""

from . import names, payment, values
from .bills import Bill, Line, invoice_number
from .bills import bill as make_bill
from .fonts import FontBook, bold
from .invoice_foot import foot
from .invoice_sheet import Sheet
from .page import Document
from .values import COUNTRIES, decimal

FIELDS = "invoice_number issue_date due_date currency seller_name seller_vat_id buyer_name buyer_vat_id line_items net_total tax_total gross_total iban bic payment_reference".split()

# Letterheads and tables that only held-out invoices have are named apart.
_HEADS, _HELD_OUT_HEADS = ["left", "left", "right", "centre", "sender line", "band", "title first"], ["boxed", "two blocks"]
_TABLES = ["ruled", "ruled", "grid", "stripes", "bare", "dark head"]
_HELD_OUT_TABLES = ["outlined", "ruled"]
_COLUMNS = ["dqpa", "dqpa", "dqpa", "qdpa", "ndqpa", "dqpva", "ndqupa", "cdqpa", "dqupa", "da", "dqa"]
_HELD_OUT_COLUMNS = ["ndqpva", "qdpa", "dqpa"]


def invoice(r, fonts: FontBook, scale: float = 1.0, most_pages: int = 3) -> Document:
    several = most_pages > 1 and r.random() < 0.2
    bill = make_bill(r, several)
    sheet = Sheet(r, bill, fonts, scale)
    columns = r.choice(_HELD_OUT_COLUMNS if fonts.held_out else _COLUMNS)
    pages = min(r.randint(2, most_pages), len(bill.lines)) if several else 1
    per_page = -(-len(bill.lines) // pages)
    chunks = [bill.lines[i : i + per_page] for i in range(0, len(bill.lines), per_page)]
    head = r.choice(_HELD_OUT_HEADS if fonts.held_out else _HEADS)
    table = r.choice(_HELD_OUT_TABLES if fonts.held_out else _TABLES)
    repeat_head = r.random() < 0.65
    result, truths = [], []
    whole = dict.fromkeys(FIELDS)
    whole["line_items"] = []
    for index, chunk in enumerate(chunks):
        if index:
            sheet.new_page()
        said = dict.fromkeys(FIELDS)
        if index == 0 or repeat_head:
            _letterhead(sheet, head, said, with_buyer=index == 0)
        else:
            _short_head(sheet, said, index + 1, len(chunks))
        last = index == len(chunks) - 1
        _table(sheet, chunk, columns, table, said, carried=index > 0 and r.random() < 0.3)
        if last:
            _sums(sheet, said, columns)
            foot(sheet, said)
        if len(chunks) > 1 and (repeat_head or index == 0):
            sheet.y += sheet.pitch * r.uniform(0.5, 3)
            sheet.page.put(sheet.right, sheet.y, sheet.words["page"].format(index + 1, len(chunks)), sheet.face, "r")
        sheet.page.height += round(r.uniform(2, 20) * scale)
        result.append(sheet.page)
        truths.append(said)
        for field, value in said.items():
            if field == "line_items":
                whole[field] += value
            elif value is not None and whole[field] is None:
                whole[field] = value
    return Document("invoice", result, truths, whole)


def _particulars(sheet: Sheet, said: dict, with_vat: bool) -> list[tuple[str, str]]:
    """Labels and values of the document's numbers; what they say goes to `said`."""
    r, w, bill = sheet.r, sheet.words, sheet.bill
    rows = [(w["number"], bill.number), (w["date"], sheet.write_date(bill.day))]
    said["invoice_number"], said["issue_date"] = bill.number, bill.day.iso
    if bill.due:
        rows.append((w["due"], sheet.write_date(bill.due)))
        said["due_date"] = bill.due.iso
    for label in r.sample(w["ref"], min(len(w["ref"]), r.choice([0, 0, 1, 1, 2, 3]))):
        rows.append((label, r.choice([str(r.randint(100, 999999)), invoice_number(r), names.word(r).upper()])))
    if with_vat:
        rows.append((w["vat"], bill.vat_id))
        said["seller_vat_id"] = bill.vat_id
    if sheet.buyer_vat_among_numbers:
        rows.append((r.choice(payment.WORDS[sheet.country.language]["buyer_vat"]), bill.buyer_vat_id))
        said["buyer_vat_id"] = bill.buyer_vat_id
    if r.random() < 0.35:
        r.shuffle(rows)
    return rows


def _letterhead(sheet: Sheet, kind: str, said: dict, with_buyer: bool) -> None:
    r, s, w, bill = sheet.r, sheet.scale, sheet.words, sheet.bill
    where = r.choice(["head", "head", "numbers", "foot"]) if bill.vat_id else None
    sheet.vat_in_foot = where == "foot"
    if where == "head":
        said["seller_vat_id"] = bill.vat_id
    big = sheet.text.at(sheet.text.size + r.choice([0, 0, 2, 4, 6, 8]), bold(sheet.text.path) if r.random() < 0.5 else None)
    if big.width(bill.seller) > sheet.width * 0.55:
        big = sheet.face
    title = sheet.text.at(r.choice([16, 18, 20, 22, 26, 30]), bold(sheet.text.path) if r.random() < 0.5 else None)
    vat = [f"{w['vat']}{sheet.colon or ' '}{bill.vat_id}"] if where == "head" else []
    address = names.address(r, bill.code, sheet.country.language)
    said["seller_name"] = _HEAD_LAYOUTS[kind](sheet, [bill.seller, *address, *vat, *_contacts(r)], big, title)
    if kind == "sender line":
        _sender_line(sheet, address)
    if r.random() < 0.25:
        sheet.y += 4 * s
        sheet.page.rule(sheet.left, sheet.y, sheet.right, r.choice([None, 150]))
    sheet.y += r.uniform(6, 40) * s
    sheet.buyer_vat_among_numbers = bill.buyer_vat_id is not None and r.random() < 0.3
    numbers = _particulars(sheet, said, where == "numbers")
    _numbers_and_buyer(sheet, said, numbers, with_buyer, title if kind == "sender line" else None)


def _contacts(r) -> list[str]:
    lines = [
        f"Tel. {r.randint(10**5, 10**9)}", f"{names.word(r)}@{names.word(r)}.com", f"www.{names.word(r)}.com",
        f"Tel: +{r.randint(1, 99)} {r.randint(100, 999)} {r.randint(10**5, 10**6)}",
    ]
    return r.sample(lines, r.choice([0, 0, 0, 1, 2]))


# Each puts the seller's rows and the title; returns the seller as it is printed.


def _head_left(sheet: Sheet, rows, big, title) -> str:
    r, s, top = sheet.r, sheet.scale, sheet.y
    if r.random() < 0.2:
        half, height = r.uniform(20, 70) * s, r.uniform(24, 60) * s
        sheet.page.box(sheet.left, sheet.y, sheet.left + 2 * half, sheet.y + height, fill=r.randint(0, 150), radius=r.choice([0, 8, 20]))
        sheet.y += height + 6 * s
    seller = sheet.block(sheet.left, rows, first=big, width=sheet.width * 0.58)[0]
    sheet.page.put(sheet.right, top, sheet.words["title"], title, "r")
    return seller


def _head_boxed(sheet: Sheet, rows, big, title) -> str:
    s, top, limit = sheet.scale, sheet.y, sheet.width * 0.58
    seller = sheet.block(sheet.left + 6 * s, rows, first=big, width=limit - 12 * s)[0]
    sheet.page.box(sheet.left, top - 4 * s, sheet.left + limit, sheet.y + 4 * s, line=sheet.ink)
    sheet.page.put(sheet.right, top, sheet.words["title"], title, "r")
    return seller


def _head_right(sheet: Sheet, rows, big, title) -> str:
    sheet.page.put(sheet.left, sheet.y, sheet.words["title"], title)
    return sheet.block(sheet.right, rows, "r", big, sheet.width * 0.58)[0]


def _head_centre(sheet: Sheet, rows, big, title) -> str:
    middle = sheet.left + sheet.width / 2
    seller = sheet.block(middle, rows, "c", big)[0]
    sheet.y += 8 * sheet.scale
    sheet.page.put(middle, sheet.y, sheet.words["title"], title, "c")
    sheet.y += title.size * 1.5
    return seller


def _head_band(sheet: Sheet, rows, big, title) -> str:
    r, s = sheet.r, sheet.scale
    fill, height = r.choice([25, 60, 90, 190, 215]), max(big.size, title.size) * 1.5 + 10 * s
    sheet.page.box(sheet.left, sheet.y, sheet.right, sheet.y + height, fill=fill)
    ink = 250 if fill < 128 else sheet.ink
    seller = big.fit(rows[0], sheet.width * 0.58)
    sheet.page.put(sheet.left + 8 * s, sheet.y + 6 * s, seller, big, ink=ink)
    sheet.page.put(sheet.right - 8 * s, sheet.y + 6 * s, sheet.words["title"], title, "r", ink=ink)
    sheet.y += height + 4 * s
    sheet.block(sheet.left, rows[1:])
    return seller


def _head_two_blocks(sheet: Sheet, rows, big, title) -> str:
    seller = sheet.block(sheet.left, rows, first=big, width=sheet.width * 0.58)[0]
    sheet.y += 6 * sheet.scale
    sheet.page.rule(sheet.left, sheet.y, sheet.right, thick=2)
    sheet.y += 8 * sheet.scale
    sheet.page.put(sheet.right, sheet.y, sheet.words["title"], title, "r")
    sheet.y += title.size * 1.4
    return seller


def _head_title_first(sheet: Sheet, rows, big, title) -> str:
    sheet.page.put(sheet.left, sheet.y, sheet.words["title"], title)
    sheet.y += title.size * 1.6
    return sheet.block(sheet.left, rows, first=big, width=sheet.width * 0.58)[0]


def _head_sender_line(sheet: Sheet, rows, big, title) -> str:
    x, align = (sheet.right, "r") if sheet.r.random() < 0.5 else (sheet.left, "l")
    return sheet.block(x, rows, align, big, sheet.width * 0.58)[0]


_HEAD_LAYOUTS = {
    "left": _head_left, "boxed": _head_boxed, "right": _head_right, "centre": _head_centre, "band": _head_band,
    "two blocks": _head_two_blocks, "title first": _head_title_first, "sender line": _head_sender_line,
}


def _sender_line(sheet: Sheet, address: list[str]) -> None:
    """The seller again, small, above the buyer in an envelope's window."""
    r = sheet.r
    sheet.y += r.uniform(4, 30) * sheet.scale
    small = sheet.text.at(max(9, sheet.text.size - 3))
    line = r.choice([" - ", ", ", " · "]).join([sheet.bill.seller, *address])
    sheet.page.put(sheet.left, sheet.y, small.fit(line, sheet.width * 0.6), small)
    sheet.y += small.size * 1.5


def _numbers_and_buyer(sheet: Sheet, said: dict, numbers, with_buyer: bool, late_title) -> None:
    r, s, w, bill = sheet.r, sheet.scale, sheet.words, sheet.bill
    rows = []
    if with_buyer:
        label = [w["to"] + r.choice(["", ":"])] if r.random() < 0.8 else []
        rows = [*label, bill.buyer, *names.address(r, bill.code, sheet.country.language)]
        if bill.buyer_vat_id and not sheet.buyer_vat_among_numbers:
            rows.append(f"{w['vat']}{sheet.colon or ' '}{bill.buyer_vat_id}")
            said["buyer_vat_id"] = bill.buyer_vat_id
    kind = r.choice(["beside", "beside", "beside", "swapped", "row", "below"])
    top = sheet.y
    half = sheet.width * 0.5
    if kind in ("beside", "swapped"):
        buyer_x, numbers_x = (sheet.left, sheet.left + half + r.uniform(0, 0.14) * sheet.width) if kind == "beside" else (sheet.left + half + r.uniform(0, 0.08) * sheet.width, sheet.left)
        width = (half if kind == "beside" else sheet.right - buyer_x) - 8 * s
        if rows:
            said["buyer_name"] = _buyer(sheet, buyer_x, rows, width)
            if r.random() < 0.1:  # another party, who is not the buyer
                sheet.y += sheet.pitch * 0.6
                sheet.block(buyer_x, [w["ship"], names.company(r, bill.code, sheet.country.language), *names.address(r, bill.code, sheet.country.language)], width=width)
        bottom, sheet.y = sheet.y, top
        sheet.pairs(numbers_x, numbers, (sheet.right - numbers_x) if kind == "beside" else half - 12 * s)
        sheet.y = max(sheet.y, bottom)
    elif kind == "row":
        if rows:
            said["buyer_name"] = _buyer(sheet, sheet.left, rows, sheet.width * 0.6)
            sheet.y += sheet.pitch * 0.6
        _row_of_numbers(sheet, numbers)
    else:
        if rows:
            said["buyer_name"] = _buyer(sheet, sheet.left, rows, sheet.width * 0.6)
            sheet.y += sheet.pitch * 0.6
        sheet.pairs(sheet.left, numbers, sheet.width * 0.6)
    if late_title:
        sheet.y += r.uniform(4, 20) * s
        sheet.page.put(sheet.left, sheet.y, w["title"] + (f" {bill.number}" if r.random() < 0.25 else ""), late_title)
        sheet.y += late_title.size * 1.5
    sheet.y += r.uniform(6, 34) * s


def _buyer(sheet: Sheet, x: float, rows: list[str], width: float) -> str:
    """Puts the buyer's block; returns the name as it is printed."""
    shown = sheet.block(x, rows, first=sheet.strong, width=width)
    return next(text for text, row in zip(shown, rows) if row == sheet.bill.buyer)


def _row_of_numbers(sheet: Sheet, rows) -> None:
    """Labels in one row, values under them; as many rows as are needed."""
    per_row = 4
    for start in range(0, len(rows), per_row):
        part = rows[start : start + per_row]
        step = sheet.width / len(part)
        for index, (label, value) in enumerate(part):
            x = sheet.left + index * step
            sheet.page.put(x, sheet.y, sheet.face.fit(label, step - 6), sheet.strong if sheet.strong.width(label) < step - 6 else sheet.face)
            sheet.page.put(x, sheet.y + sheet.pitch, value, sheet.face)
        sheet.y += 2.3 * sheet.pitch


def _short_head(sheet: Sheet, said: dict, number: int, pages: int) -> None:
    """The head of a page that goes on."""
    bill, w = sheet.bill, sheet.words
    sheet.page.put(sheet.left, sheet.y, f"{w['number']}{sheet.colon or ' '}{bill.number}", sheet.face)
    sheet.page.put(sheet.right, sheet.y, w["page"].format(number, pages), sheet.face, "r")
    said["invoice_number"] = bill.number
    sheet.y += 2 * sheet.pitch
    sheet.vat_in_foot = False


def _columns(sheet: Sheet, kind: str) -> dict[str, tuple[float, str]]:
    """Where each column stands and how it is aligned: n(umber), c(ode),
    d(escription), q(uantity), u(nit), p(rice), v(at), a(mount)."""
    r, s = sheet.r, sheet.scale
    size = sheet.text.size / 13 * s
    right = sheet.right - 2 * s
    places = {"a": (right, "r")}
    at = right - r.uniform(85, 115) * size
    for letter, width in (("v", 50), ("p", 90), ("u", 40)):
        if letter in kind:
            places[letter] = (at, "r") if letter != "u" else (at, "r")
            at -= width * size * r.uniform(1, 1.2)
    left = sheet.left + 2 * s
    for letter, width in (("n", 30), ("c", 80)):
        if letter in kind:
            places[letter] = (left, "l")
            left += width * size
    if kind.startswith("q"):
        places["q"] = (left + 34 * size, "r")
        left += 50 * size
    elif "q" in kind:
        places["q"] = (at, "r")
        at -= 55 * size
    places["d"] = (left, "l")
    sheet.description_width = at - left + (40 * size if kind == "da" else 0)
    return places


def _table(sheet: Sheet, lines: list[Line], kind: str, style: str, said: dict, carried: bool) -> None:
    r, s, w, face = sheet.r, sheet.scale, sheet.words, sheet.face
    places = _columns(sheet, kind)
    heads = {"n": r.choice(["#", "Pos", "No"]), "c": r.choice(["Code", "Art.-Nr.", "SKU"]), "d": w["item"], "q": w["quantity"], "u": "", "p": w["price"], "v": r.choice(["%", w["net"][:0] + "Tax"]), "a": w["amount"]}
    has_head = r.random() < 0.95
    top = sheet.y
    if has_head:
        if style == "dark head":
            sheet.page.box(sheet.left, sheet.y - 2 * s, sheet.right, sheet.y + sheet.pitch + 2 * s, fill=r.choice([30, 70, 200, 220]))
        dark = style == "dark head" and sheet.page.boxes[-1][4] < 128
        for letter, (x, align) in places.items():
            sheet.page.put(x, sheet.y, face.fit(heads[letter], 100 * s), sheet.strong if sheet.strong.width(heads[letter]) < 88 * s else face, align, ink=250 if dark else None)
        sheet.y += sheet.pitch + 3 * s
        if style in ("ruled", "grid", "outlined"):
            sheet.page.rule(sheet.left, sheet.y - 2 * s, sheet.right, thick=r.choice([1, 1, 2]))
            sheet.y += 3 * s
    if carried:
        sheet.page.put(places["d"][0], sheet.y, w["carried"], face)
        sheet.page.put(places["a"][0], sheet.y, sheet.money.plain(values.price(r)), face, "r")
        sheet.y += sheet.pitch
    step = sheet.pitch * r.choice([1, 1, 1.1, 1.3, 1.6])
    wraps = r.random() < 0.25
    notes = r.random() < 0.1
    rate = sheet.bill.taxes[0][0] if sheet.bill.taxes else "0"
    unit = w["unit"]
    items = []
    for number, line in enumerate(lines, 1):
        if style == "stripes" and number % 2:
            sheet.page.box(sheet.left, sheet.y - 1, sheet.right, sheet.y + step - 1, fill=max(0, sheet.paper - 18))
        line.name = face.fit(" ".join([names.article(r, sheet.country.language), *([names.article(r, sheet.country.language)] if r.random() < 0.2 else [])]), sheet.description_width)
        quantity = line.quantity_text.replace(".", ",") if sheet.money.comma else line.quantity_text
        if "q" in kind and not line.quantity % 1000 and r.random() < 0.04:
            quantity += sheet.money.comma and ",00" or ".00"
        cells = {
            "n": str(number), "c": f"{r.choice('ABCKMPRT')}{r.randint(100, 99999)}", "d": line.name, "q": quantity, "u": unit, "p": sheet.money.plain(line.price), "v": f"{rate}%", "a": sheet.money.plain(line.amount),
        }
        for letter, (x, align) in places.items():
            sheet.page.put(x, sheet.y, cells[letter], face, align)
        if wraps and r.random() < 0.4:
            more = face.fit(names.article(r, sheet.country.language), sheet.description_width)
            sheet.y += sheet.pitch
            sheet.page.put(places["d"][0], sheet.y, more, face)
            line.name = f"{line.name} {more}"
        elif notes and r.random() < 0.5:  # a remark in small print is no part of the name
            small = sheet.text.at(max(9, sheet.text.size - 3))
            sheet.y += sheet.pitch
            sheet.page.put(places["d"][0], sheet.y, small.fit(f"({r.choice(['Art.', 'SN', 'Ref.'])} {r.randint(1000, 99999)})", sheet.description_width), small)
        sheet.y += step
        if style == "grid":
            sheet.page.rule(sheet.left, sheet.y - 2 * s, sheet.right, r.choice([sheet.ink, 170]))
        items.append({"description": line.name, "quantity": line.quantity_text if "q" in kind else None, "unit_price": decimal(line.price) if "p" in kind else None, "line_total": decimal(line.amount)})
    said["line_items"] = items
    if sheet.money.everywhere and sheet.money.shown:
        said["currency"] = sheet.country.currency
    if style == "outlined" or style == "grid" and r.random() < 0.4:
        sheet.page.box(sheet.left - 2 * s, top - 4 * s, sheet.right + 2 * s, sheet.y + 2 * s, line=sheet.ink)
    sheet.y += 4 * s


def _sums(sheet: Sheet, said: dict, kind: str) -> None:
    r, s, w, bill, money = sheet.r, sheet.scale, sheet.words, sheet.bill, sheet.money
    if r.random() < 0.6:
        sheet.page.rule(r.choice([sheet.left, sheet.left + sheet.width * 0.5]), sheet.y, sheet.right)
    sheet.y += r.uniform(3, 20) * s
    label_x = sheet.right - r.choice([200, 240, 280, 330]) * s
    gap = sheet.text.size * s * 0.6

    def row(label: str, amount: str, used=None) -> None:
        used = used or sheet.face
        sheet.page.put(label_x, sheet.y, used.fit(label, sheet.right - label_x - used.width(amount) - gap), used)
        sheet.page.put(sheet.right - 2 * s, sheet.y, amount, used, "r")
        sheet.y += sheet.pitch * 1.1 * used.size / sheet.face.size

    amount = money.marked if r.random() < 0.5 else money.plain
    if bill.discount:
        row(w["discount"], amount(-bill.discount))
    if bill.taxes or r.random() < 0.5:
        row(w["net"], amount(bill.net))
        said["net_total"] = decimal(bill.net)
    name = r.choice(sheet.country.tax_names)
    for rate, base, tax in bill.taxes:
        shown = rate.replace(".", ",") if money.comma else rate
        label = r.choice([f"{name} {shown}%", f"{name} ({shown}%)", f"{name} {shown} %", f"{shown}% {name}", name if len(bill.taxes) == 1 else f"{name} {shown}%"])
        if r.random() < 0.12:
            label += f" {'auf' if sheet.country.language == 'de' else 'on'} {money.number(base)}"
        row(label, amount(tax))
    if bill.taxes:
        said["tax_total"] = decimal(bill.tax)
        if len(bill.taxes) > 1 and r.random() < 0.4:
            row(r.choice(["Total tax", f"{name} total"]), amount(bill.tax))
    label = w["total"]
    total, shown = money.marked(bill.net + bill.tax), money.shown
    if not money.everywhere and r.random() < 0.4:
        label, total, shown = f"{label} {sheet.country.currency}", money.number(bill.net + bill.tax), True
    used = sheet.text.at(sheet.text.size + r.choice([0, 0, 1, 2, 4]), bold(sheet.text.path) if r.random() < 0.6 else None)
    if used.width(label) + used.width(total) + gap > sheet.right - label_x:
        used = sheet.face
        if used.width(label) + used.width(total) + gap > sheet.right - label_x:
            label_x = sheet.left
    row(label, total, used)
    said["gross_total"] = decimal(bill.net + bill.tax)
    if shown:
        said["currency"] = sheet.country.currency
    if r.random() < 0.12:
        row(r.choice(["Paid", "Deposit", "Prepaid"]) if sheet.country.language == "en" else "Anzahlung" if sheet.country.language == "de" else "-", money.plain(0))
