"""Till receipts of shops, restaurants and fuel stations.

First what happened (`_sale`), then how it is printed. Amounts are cents. At
scale 1 a receipt is as wide as a tile, at which it is read.
"""

from dataclasses import dataclass

from . import names, values, wording
from .fonts import FontBook, bold
from .page import Document, Page, Text
from .values import COUNTRIES, decimal

COLUMN = 384

# Headers that only held-out receipts have.
_HEADERS, _HELD_OUT_HEADERS = ["plain", "plain", "left", "logo", "caption"], ["framed", "ruled"]
_ITEM_STYLES = ["one", "one", "quantity first", "quantity first", "columns", "two lines", "two lines", "mixed", "mixed", "mixed", "code", "number"]
_HELD_OUT_ITEM_STYLES = ["mixed", "one", "three columns", "quantity behind"]


@dataclass
class Item:
    name: str
    quantity: int
    price: int

    @property
    def amount(self) -> int:
        return self.quantity * self.price


@dataclass
class Sale:
    country: str
    items: list[Item]
    discount: int = 0
    service: int = 0
    tax: int = 0
    rate: str | None = None
    included: bool = False
    rounding: int = 0

    @property
    def subtotal(self) -> int:
        return sum(item.amount for item in self.items)

    @property
    def total(self) -> int:
        added = 0 if self.included else self.tax
        return self.subtotal - self.discount + self.service + added + self.rounding


def _sale(r, code: str, has_quantity: bool) -> Sale:
    country = COUNTRIES[code]
    number = r.choices([1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22], [14, 16, 16, 13, 10, 8, 8, 6, 4, 3, 2])[0]
    items = []
    for _ in range(number):
        quantity = r.choice([1, 1, 1, 1, 2, 2, 3, 4, r.randint(1, 24)]) if has_quantity else 1
        items.append(Item("", quantity, max(5, values.price(r) // (1 if quantity < 5 else 3))))
    sale = Sale(code, items)
    if r.random() < 0.08 and sale.subtotal > 500:
        sale.discount = values.share(sale.subtotal, r.choice(["5", "10", "15"]))
    if r.random() < 0.08:
        sale.service = values.share(sale.subtotal - sale.discount, "10")
    if r.random() < 0.6:
        sale.rate = r.choice(country.tax_rates)
        sale.included = r.random() < (0.2 if code in ("US", "CA") else 0.5)
        base = sale.subtotal - sale.discount + sale.service
        if sale.included:
            net = round(base / (1 + float(sale.rate) / 100))
            sale.tax = base - net
        else:
            sale.tax = values.share(base, sale.rate)
    if code == "MY" and r.random() < 0.6:
        sale.rounding = round(sale.total / 5) * 5 - sale.total
    return sale


class _Till:
    """The printer: where it is on the roll and how it sets a line."""

    def __init__(self, r, code: str, fonts: FontBook, scale: float):
        self.r, self.code, self.scale = r, code, scale
        self.country = COUNTRIES[code]
        self.words = {k: r.choice(v) if k not in ("foot", "card") else v for k, v in wording.RECEIPT[self.country.language].items()}
        path = fonts.mono(r) if r.random() < 0.6 else fonts.text(r)
        # At scale 1: what a receipt of 24 to 48 characters a line comes to.
        size = r.choice([11, 12, 12, 13, 13, 14, 14, 15, 15, 16, 17])
        self.text = Text(path, size, scale)
        self.face = self.text.normal
        self.pitch = size * scale * r.uniform(1.12, 1.5)
        self.page = Page(round(COLUMN * scale), ink=r.randint(0, 70), paper=r.randint(232, 255))
        margin = r.choice([4, 8, 12, 20, 32, 44]) * scale
        self.left, self.right = margin, self.page.width - margin
        self.y = r.uniform(4, 24) * scale
        self.money = values.money(r, self.country)
        self.write_date = values.date_writer(r, self.country)
        self.dashes = r.choice([None, None, "-", "=", "*", "rule", "rule"])
        self.colon = r.choice([": ", ": ", " : ", ":", "  ", " "])

    @property
    def width(self) -> float:
        return self.right - self.left

    def line(self, text: str, align: str = "l", used=None, ink=None) -> str:
        used = used or self.face
        text = used.fit(text, self.width)
        x = {"l": self.left, "c": (self.left + self.right) / 2, "r": self.right}[align]
        self.page.put(x, self.y, text, used, align, ink)
        self.y += self.pitch * used.size / self.face.size
        return text

    def pair(self, label: str, amount: str, used=None, left: float | None = None) -> None:
        """A label and, at the right edge, an amount."""
        used = used or self.face
        left = self.left if left is None else left
        label = used.fit(label, self.right - left - used.width(amount) - self.text.size * self.scale * 0.5)
        self.page.put(left, self.y, label, used)
        self.page.put(self.right, self.y, amount, used, "r")
        self.y += self.pitch * used.size / self.face.size

    def gap(self, most: float = 1.0) -> None:
        self.y += self.r.uniform(0, most) * self.pitch

    def separator(self, probability: float) -> None:
        if self.dashes is None or self.r.random() > probability:
            return
        if self.dashes == "rule":
            self.page.rule(self.left, self.y + self.pitch * 0.25, self.right, thick=self.r.choice([1, 1, 2]))
            self.y += self.pitch * 0.5
        else:
            self.line(self.dashes * int(self.width / self.face.advance(self.dashes)))

    def wrap(self, text: str, used) -> list[str]:
        rows = [""]
        for word in text.split():
            longer = f"{rows[-1]} {word}".strip()
            if not rows[-1] or used.width(longer) <= self.width:
                rows[-1] = longer
            else:
                rows.append(word)
        return [used.fit(row, self.width) for row in rows]


def receipt(r, fonts: FontBook, scale: float = 1.0) -> Document:
    code = values.pick_country(r)
    till = _Till(r, code, fonts, scale)
    style = r.choice(_HELD_OUT_ITEM_STYLES if fonts.held_out else _ITEM_STYLES)
    sale = _sale(r, code, style not in ("one", "number") or r.random() < 0.1)
    name, address = _header(till, r.choice(_HELD_OUT_HEADERS if fonts.held_out else _HEADERS))
    day = _particulars(till)
    _items(till, sale, style)
    shown = _totals(till, sale)
    _payment(till, sale)
    for text in r.sample(till.words["foot"], min(len(till.words["foot"]), r.choice([0, 1, 1, 2]))):
        till.gap()
        till.line(text, r.choice("ccl"))
    till.page.height += round(r.uniform(2, 12) * scale)
    truth = {
        "merchant_name": name,
        "merchant_address": names.one_line(address) or None,
        "date": day.iso,
        "currency": till.country.currency if shown["currency"] else None,
        "items": [{"description": i.name, "quantity": str(i.quantity), "amount": decimal(i.amount)} for i in sale.items],
        "subtotal": decimal(shown["subtotal"]) if shown["subtotal"] is not None else None,
        "tax": decimal(sale.tax) if shown["tax"] else None,
        "total": decimal(sale.total),
    }
    return Document("receipt", [till.page], [truth], truth)


def _header(till: _Till, kind: str) -> tuple[str, list[str]]:
    r, s = till.r, till.scale
    align = "l" if kind == "left" else r.choice("ccccl")
    if kind == "logo":
        _logo(till)
    if kind == "caption":  # what a clerk or a scanner adds; not the merchant
        till.line(names.person(r).lower(), r.choice("cl"), till.text.at(till.text.size + r.choice([0, 3])))
        till.gap()
    name = names.company(r, till.code, till.country.language)
    big = till.text.size + r.choice([0, 0, 1, 2, 4])
    used = till.text.at(big, bold(till.text.path) if r.random() < 0.5 else None)
    top = till.y
    rows = till.wrap(name, used)
    for row in rows:
        till.line(row, align, used)
    name = " ".join(rows)
    address = [till.face.fit(line, till.width) for line in names.address(r, till.code, till.country.language)] if r.random() < 0.92 else []
    extras = r.sample(_registrations(till), r.choice([0, 1, 1, 2, 3]))
    split = r.randint(0, len(extras)) if r.random() < 0.4 else 0
    for text in extras[:split]:
        till.line(text, align)
    for text in address:
        till.line(text, align)
    if kind == "framed":
        till.page.box(till.left - 3 * s, top - 3 * s, till.right + 3 * s, till.y + 2 * s, line=till.page.ink)
        till.y += 6 * s
    for text in extras[split:]:
        till.line(text, align)
    if kind == "ruled":
        till.page.rule(till.left, till.y, till.right, thick=2)
        till.y += 4 * s
        till.page.rule(till.left, till.y, till.right)
        till.y += 4 * s
    if r.random() < 0.45:
        till.gap()
        till.line(till.words["title"], "c" if r.random() < 0.8 else "l", till.text.at(till.text.size + r.choice([0, 2, 4])))
    till.gap(0.7)
    till.separator(0.5)
    return name, address


def _logo(till: _Till) -> None:
    r, s = till.r, till.scale
    centre, half, height = till.page.width / 2, r.uniform(24, 100) * s, r.uniform(24, 60) * s
    kind = r.choice(["box", "round", "word"])
    if kind == "word":
        till.line(names.word(r), "c", till.text.at(r.choice([20, 24, 30])))
        return
    till.page.box(centre - half, till.y, centre + half, till.y + height, fill=r.randint(0, 120), radius=round(height / 2 if kind == "round" else 2))
    used = till.text.at(min(22, height / s * 0.5))
    text = used.fit(names.word(r).title(), 2 * half - 8)
    till.page.put(centre, till.y + (height - used.ascent - used.descent) / 2, text, used, "c", ink=250)
    till.y += height + r.uniform(2, 12) * s


def _registrations(till: _Till) -> list[str]:
    r = till.r
    digits = lambda n: str(r.randint(10 ** (n - 1), 10**n - 1))
    phone = r.choice([f"{r.randint(1, 99):02}-{digits(7)}", f"0{digits(2)}-{digits(3)} {digits(4)}", f"({digits(3)}) {digits(3)}-{digits(4)}", f"0{digits(4)} {digits(6)}", f"+{r.randint(1, 99)} {digits(2)} {digits(7)}"])
    return [
        f"({digits(6)}-{r.choice('ABCDHKMPTUVWX')})",
        r.choice(["Co. Reg No: ", "CO NO : ", "Reg No. ", "Company Reg: "]) + digits(r.choice([6, 7, 8])) + r.choice(["", f"-{r.choice('ABDHKMPTUVWX')}"]),
        r.choice(["GST ID: ", "GST Reg. No: ", "GST NO : ", "VAT No ", "VAT: ", "Tax ID: ", "SST: "]) + r.choice(["", "", till.country.vat_prefix or ""]) + digits(r.choice([9, 12, 11])),
        r.choice(["TEL: ", "Tel: ", "Tel ", "Phone: ", "TEL NO. ", "T: "]) + phone,
        f"Tel: {phone} Fax: {digits(7)}",
        f"www.{names.word(r)}.com",
        f"{names.word(r)}@{names.word(r)}.com",
    ]


def _particulars(till: _Till):
    """Date, number, cashier; returns the day."""
    r, w = till.r, till.words
    day = values.random_day(r)
    date, time = till.write_date(day), values.time_of_day(r)
    together = f"{date}{r.choice([' ', '  ', ' '])}{time}"
    label = w["date"].rstrip(": ")
    main = r.choices(
        [f"{label}{till.colon}{date}", f"{label}{till.colon}{together}", together, f"{label} {date} {time}", f"{date}"], [5, 2, 1.5, 1, 0.7]
    )[0]
    number = r.choice(["", "", "CS-", "INV", "A", "OR", "CB", "B", "HW-"]) + str(r.randint(100, 99999999))
    others = [
        w["number"] + till.colon + number,
        w["number"] + till.colon + number,
        w["staff"] + till.colon + names.person(r).split()[0],
        w["till"] + till.colon + str(r.randint(1, 60)),
        f"{w['till']} {r.randint(1, 20)}   {w['staff']} {names.person(r).split()[0]}",
        "Time" + till.colon + time,
        r.choice(["Member", "M.Code", "Customer", "A/C"]) + till.colon + r.choice([str(r.randint(10**5, 10**8)), "CASH", names.person(r)]),
    ]
    lines = r.sample(others, r.randint(0, 4))
    lines.insert(r.randint(0, len(lines)), main)
    index = 0
    grid = till.text.size <= 14 and r.random() < 0.3
    while index < len(lines):
        first, second = lines[index], lines[index + 1] if index + 1 < len(lines) else None
        if grid and second and till.face.width(first) + till.face.width(second) + 16 * till.scale < till.width:
            till.page.put(till.right, till.y, second, till.face, "r")
            index += 1
        if till.face.width(first) > till.width and first == main:
            first = date  # never cut the date
        till.line(first)
        index += 1
    till.gap(0.6)
    till.separator(0.6)
    return day


def _items(till: _Till, sale: Sale, style: str) -> None:
    r, w, face = till.r, till.words, till.face
    if r.random() < 0.45:
        left = {"columns": f"{w['quantity']} {w['item']}", "three columns": w["item"], "quantity first": r.choice([w["item"], f"{w['quantity']} {w['item']}"])}.get(style, w["item"])
        if style == "three columns":
            till.page.put(till.left + till.width * 0.66, till.y, w["quantity"], face, "r")
        till.pair(left, w["amount"])
        till.separator(0.7)
    suffix = r.choice(["", "", "", "", " SR", " S", " Z", " T", " A", "*", " B", " ZRL"])
    times = r.choice([" x ", " x ", " X ", " @ ", "x", " * "])
    indent = r.choice([0, 0, 1, 2, 3]) * till.text.size * till.scale * 0.5
    joint = r.choice([" ", " x ", "x ", "  "])
    code_digits = r.choice([4, 6, 8, 13])
    discount_line = r.random() < 0.06
    for number, item in enumerate(sale.items, 1):
        amount = till.money.plain(item.amount) + suffix
        each = till.money.number(item.price)
        name = names.article(r, till.country.language)
        room = till.width - face.width(amount) - till.text.size * till.scale
        if style == "two lines" or style == "code" or (style == "mixed" and item.quantity > 1):
            code = str(r.randint(10 ** (code_digits - 1), 10**code_digits - 1))
            name = face.fit(name, till.width)
            if style == "code" and r.random() < 0.8:
                till.line(code)
                code = ""
            item.name = till.line(name)
            left = f"{item.quantity}{times}{each}"
            if style == "two lines" and code_digits > 6 and face.width(f"{code}  {left}") < room - indent:
                left = f"{code}  {left}"
            if face.width(left) > room - indent:
                left = f"{item.quantity}{times}{each}"
            till.pair(left, amount, left=till.left + indent)
        elif style == "three columns":
            quantity_at = till.left + till.width * 0.66
            item.name = face.fit(name, till.width * 0.56)
            till.page.put(quantity_at, till.y, str(item.quantity), face, "r")
            till.pair(item.name, amount)
        elif style == "quantity behind":
            end = f" x{item.quantity}" if item.quantity > 1 else ""
            item.name = face.fit(name, room - face.width(end))
            till.pair(item.name + end, amount)
        else:
            start = {"quantity first": f"{item.quantity}{joint}", "columns": f"{item.quantity}  ", "number": f"{number}. "}.get(style, "")
            item.name = face.fit(name, room - face.width(start))
            till.pair(start + item.name, amount)
        if discount_line and r.random() < 0.3:
            till.line(f"  {r.choice(['Item code', 'Ref', 'SKU'])} {r.randint(1000, 999999)}")
    till.gap(0.5)
    till.separator(0.7)


def _totals(till: _Till, sale: Sale) -> dict:
    r, w, country = till.r, till.words, till.country
    has_more = sale.tax and not sale.included or sale.discount or sale.service
    show_subtotal = bool(has_more and r.random() < 0.93 or r.random() < 0.4)
    left = till.left if r.random() < 0.75 else till.left + till.width * r.uniform(0.1, 0.3)
    tax_name = r.choice(country.tax_names)
    rate = f"{sale.rate}%" if sale.rate else ""
    if sale.rate and till.money.comma:
        rate = rate.replace(".", ",")
    if r.random() < 0.12:
        pieces = sum(item.quantity for item in sale.items)
        till.line(f"{r.choice(['Items', 'Total Qty', 'Item count', 'QTY'])}{till.colon}{pieces}")
    subtotal = None
    if show_subtotal:
        subtotal = sale.subtotal
        till.pair(w["subtotal"], till.money.plain(subtotal), left=left)
    if sale.discount:
        till.pair(w["discount"], "-" + till.money.plain(sale.discount), left=left)
    if sale.service:
        till.pair(w["service"], till.money.plain(sale.service), left=left)
    if sale.rate and not sale.included:
        till.pair(r.choice([f"{tax_name} {rate}", f"{tax_name} ({rate})", tax_name, f"{tax_name} @ {rate}", f"{rate} {tax_name}"]), till.money.plain(sale.tax), left=left)
    if sale.rounding or (till.code == "MY" and r.random() < 0.15):
        if r.random() < 0.5 and sale.rounding:
            till.pair(r.choice(["Total", "Total Incl. GST", "Total Before Rounding"]), till.money.plain(sale.total - sale.rounding), left=left)
        till.pair(r.choice(["Rounding", "Rounding Adj", "ROUNDING", "Rounding Adjustment", "Round Adj"]), till.money.plain(sale.rounding), left=left)
    used = till.text.at(till.text.size + r.choice([0, 0, 0, 2, 3, 5]), bold(till.text.path) if r.random() < 0.5 else None)
    label, amount = w["total"], till.money.marked(sale.total)
    shown = till.money.shown
    if not till.money.everywhere and r.random() < 0.45:
        # The currency beside the label rather than at the amount.
        mark = r.choice([country.currency, country.currency, (country.symbols[0].strip() or country.currency)])
        label, amount, shown = f"{label} {r.choice([mark, mark, f'({mark})'])}", till.money.number(sale.total), True
    if used.width(label) + used.width(amount) > till.right - left - till.text.size * till.scale:
        used = till.face
        shown = shown and till.money.shown
        label, amount = w["total"], till.money.marked(sale.total)
    till.separator(0.2)
    till.pair(label, amount, used, left)
    till.separator(0.3)
    return {"subtotal": subtotal, "currency": shown, "tax": _included_tax(till, sale, tax_name, rate, left) if sale.included and sale.rate else bool(sale.rate)}


def _included_tax(till: _Till, sale: Sale, name: str, rate: str, left: float) -> bool:
    """How a receipt tells the tax that its prices include. Returns whether it does."""
    r, w = till.r, till.words
    kind = r.choice(["line", "line", "table", "none"])
    net = sale.total - sale.rounding - sale.tax
    if kind == "line":
        till.pair(r.choice([f"{w['included']} {name} {rate}", f"{name} {rate} {w['included']}", f"{name} {rate}"]), till.money.plain(sale.tax), left=left)
    elif kind == "table":
        till.gap(0.5)
        columns = [till.left, till.left + till.width * 0.62, till.right]
        heads = r.choice([("GST Summary", "Amount(RM)", "Tax(RM)"), (name, "Net", "Tax"), ("Tax code", "Goods", name)]) if till.code == "MY" else (f"{name} %", {"de": "Netto", "fr": "HT"}.get(till.country.language, "Net"), name)
        rows = [heads, (r.choice([f"SR {rate}", f"{rate}", f"A {rate}", f"S ({rate})"]), till.money.number(net), till.money.number(sale.tax))]
        for row in rows:
            for x, text, align in zip(columns, row, "lrr"):
                till.page.put(x, till.y, till.face.fit(text, till.width * 0.36), till.face, align)
            till.y += till.pitch
    return kind != "none"


def _payment(till: _Till, sale: Sale) -> None:
    r, w = till.r, till.words
    kind = r.choices(["none", "cash", "card", "card amount"], [3, 4, 2, 2])[0]
    if kind == "cash":
        note = r.choice([100, 500, 1000, 5000])
        paid = -(-sale.total // note) * note
        till.pair(w["cash"], till.money.plain(paid))
        if paid > sale.total or r.random() < 0.5:
            till.pair(w["change"], till.money.plain(paid - sale.total))
    elif kind == "card":
        till.line(r.choice(w["card"]) + r.choice([" ****", " XXXX", " #", " ************"]) + str(r.randint(1000, 9999)))
    elif kind == "card amount":
        till.pair(r.choice(w["card"]), till.money.plain(sale.total))
        if r.random() < 0.3:
            till.line(r.choice(["AUTH CODE ", "Approval: ", "Auth "]) + str(r.randint(10000, 999999)))
