"""The table of an invoice's lines."""

from . import values
from .bills import Line
from .invoice_sheet import Sheet
from .page import Content, Value
from .shops import digits, wrap
from .values import decimal

STYLES = ("ruled", "ruled", "grid", "stripes", "bare", "bare", "dark head")
HELD_OUT_STYLES = ("outlined", "ruled")
# Columns: n(umber), c(ode), d(escription), q(uantity), u(nit), p(rice), v(at),
# % discount, a(mount), g(ross amount, which is not the line's net).
_COLUMNS = ("dqpa", "dqpa", "dqpa", "qdpa", "qdvpa", "ndqpa", "dqpva", "ndqupa", "cdqpa", "dqupa", "da", "dqa", "ncdqupa", "qudpa", "dpqa", "ndqpvag", "cdqp%a", "ndqupva", "qcdpa", "dqp%a", "dva", "ncdqpva", "dqpvga")
_HELD_OUT_COLUMNS = ("ndqpva", "qdpa", "dqpa", "cdqupa")


def columns(r, held_out: bool) -> str:
    return r.choice(_HELD_OUT_COLUMNS if held_out else _COLUMNS)


class Table:
    def __init__(self, sheet: Sheet, kind: str, style: str):
        r = sheet.r
        self.sheet, self.r, self.kind, self.style = sheet, r, kind, style
        self.places, self.description_width = self._places()
        words = sheet.words
        self.heads = {
            "n": r.choice(["#", "Pos", "Pos.", "No", "Nr."]), "c": r.choice(["Code", "Art.-Nr.", "SKU", "Item no.", "Artikelnr.", "Ref."]), "d": words["item"], "q": words["quantity"], "u": r.choice(["", "Unit", "ME", "Einheit", "UoM"]), "p": words["price"],
            "v": r.choice(["%", "VAT", "USt.", "Tax", "MwSt."]) if sheet.language in ("de", "en", "ms") else r.choice([sheet.country.tax_names[0], "%"]), "%": r.choice(["Disc.", "%", "Rabatt", "Remise"]), "a": words["amount"], "g": r.choice(["Gross", "Incl.", "Brutto", "TTC"]),
        }
        self.unit = r.choice([unit for unit in sheet.all_words["unit"] if unit] + ["Unit(s)", "Stk", "pcs", "x"]) if r.random() < 0.75 else ""
        self.unit_in_cell = "u" not in kind and r.random() < 0.15
        self.decimals = r.choice([0, 0, 0, 2, 2, 3])
        self.wraps = r.random() < 0.5
        self.details = r.random() < 0.15
        self.small_notes = r.random() < 0.1
        self.step = sheet.pitch * r.choice([1, 1, 1.1, 1.3, 1.6])
        self.count = 0

    def _places(self) -> tuple[dict[str, tuple[float, str]], float]:
        """Where each column stands and how it is aligned, and the description's width."""
        r, sheet = self.r, self.sheet
        size = sheet.text.size / 13 * sheet.scale
        wide = {"a": 95, "g": 85, "v": 52, "p": 85, "u": 46, "q": 52, "n": 30, "c": 82, "%": 48}
        at, left = sheet.right - 2, sheet.left + 2
        places: dict[str, tuple[float, str]] = {}
        middle = self.kind.index("d")
        align = r.choice("rrrl")
        for letter in reversed(self.kind[middle + 1 :]):
            step = wide[letter] * size * r.uniform(1, 1.15)
            places[letter] = (at, "r") if letter in "apgv%" or align == "r" else (at - step * 0.8, "l")
            at -= step
        for letter in self.kind[:middle]:
            step = wide[letter] * size
            places[letter] = (left + step * 0.7, "r") if letter == "q" else (left, "l")
            left += step
        places["d"] = (left, "l")
        return places, max(at - left, 60 * size) * r.choice([1, 1, 0.7])

    def put(self, lines: list[Line], carried: bool) -> None:
        sheet, r = self.sheet, self.r
        top = sheet.y
        if r.random() < 0.95:
            self._head()
        if carried:
            sheet.page.put(self.places["d"][0], sheet.y, sheet.words["carried"], sheet.face)
            sheet.page.put(self.places["a"][0], sheet.y, sheet.amount(values.price(r)), sheet.face, "r")
            sheet.y += sheet.pitch
        for number, line in enumerate(lines):
            self._line(number, line)
        if self.style == "outlined" or self.style == "grid" and r.random() < 0.4:
            sheet.page.box(sheet.left - 2, top - 4, sheet.right + 2, sheet.y + 2, line=sheet.ink)
        sheet.y += 4 * sheet.scale

    def _head(self) -> None:
        sheet, r, s = self.sheet, self.r, self.sheet.scale
        dark = False
        if self.style == "dark head":
            fill = r.choice([30, 70, 200, 220])
            dark = fill < 128
            sheet.page.box(sheet.left, sheet.y - 2 * s, sheet.right, sheet.y + sheet.pitch + 2 * s, fill=fill)
        for letter, (x, align) in self.places.items():
            text = self.heads[letter]
            if letter in "pa" and r.random() < 0.12:
                text += r.choice([" ", " in "]) + sheet.country.currency
            sheet.page.put(x, sheet.y, sheet.face.fit(text, 100 * s), sheet.strong if sheet.strong.width(text) < 88 * s else sheet.face, align, ink=250 if dark else None)
        sheet.y += sheet.pitch + 3 * s
        if self.style in ("ruled", "grid", "outlined"):
            sheet.page.rule(sheet.left, sheet.y - 2 * s, sheet.right, thick=r.choice([1, 1, 2]))
            sheet.y += 3 * s

    def _quantity(self, line: Line) -> str:
        whole, part = divmod(line.quantity, 1000)
        text = str(whole) if not part else f"{whole}.{part:03}".rstrip("0")
        if self.decimals and len(text.partition(".")[2]) < self.decimals:
            text = f"{line.quantity / 1000:.{self.decimals}f}"
        return text.replace(".", ",") if self.sheet.money.comma else text

    def _line(self, number: int, line: Line) -> None:
        sheet, r = self.sheet, self.r
        key = lambda column: f"line_items.{number}.{column}"
        self.count += 1
        if self.style == "stripes" and number % 2:
            sheet.page.box(sheet.left, sheet.y - 1, sheet.right, sheet.y + self.step - 1, fill=max(0, sheet.paper - 18))
        most = max(6, int(self.description_width / max(1.0, sheet.face.width(line.name)) * len(line.name)))
        rows = [sheet.face.fit(row, self.description_width) for row in wrap(line.name, most)]
        rows = rows[: (3 if self.wraps else 1)]
        line.name = " ".join(rows)
        quantity: list[str | Value] = [Value(key("quantity"), self._quantity(line), line.quantity_text)]
        if self.unit_in_cell and self.unit:
            quantity.append(f" {self.unit}")
        rate = line.rate.replace(".", ",") if sheet.money.comma else line.rate
        price = Value(key("unit_price"), sheet.money.number(line.price), decimal(line.price))
        gross = line.amount + values.share(line.amount, line.rate)
        sign = sheet.amount(0)
        around = lambda value: [value if isinstance(piece, str) and piece == sheet.money.number(0) else piece for piece in sign]
        cells: dict[str, Content] = {
            "n": str(self.count), "c": f"{r.choice('ABCKMPRT')}{r.randint(100, 99999)}" if r.random() < 0.5 else digits(r, 6), "d": [Value(key("description"), rows[0], typed=line.name)], "q": quantity, "u": self.unit, "p": around(price),
            "v": r.choice([f"{rate}%", f"{rate} %"]), "%": f"{line.discount}%" if line.discount else "", "a": sheet.amount(line.amount, key("line_total")), "g": sheet.amount(gross),
        }
        for letter, (x, align) in self.places.items():
            sheet.page.put(x, sheet.y, cells[letter], sheet.face, align)
        for part, row in enumerate(rows[1:], 1):
            sheet.y += sheet.pitch
            sheet.page.put(self.places["d"][0], sheet.y, [Value(key("description"), row, part=part, typed="")], sheet.face)
        if self.small_notes and r.random() < 0.5:  # a remark in small print is no part of the name
            sheet.y += sheet.pitch
            sheet.page.put(self.places["d"][0], sheet.y, f"({r.choice(['Art.', 'SN', 'Ref.', 'Lot'])} {digits(r, 5)})", sheet.small)
        if self.details and r.random() < 0.5:
            sheet.y += sheet.pitch
            detail = r.choice([f"{sheet.write_date(sheet.bill.day)} - {sheet.write_date(values.later(sheet.bill.day, 30))}", f"EAN {digits(r, 13)}", f"Serial: {digits(r, 8)}", f"Lieferschein {digits(r, 6)}" if sheet.language == "de" else f"Delivery note {digits(r, 6)}"])
            sheet.page.put(self.places["d"][0], sheet.y, sheet.face.fit(detail, self.description_width + 40), sheet.face)
        sheet.y += self.step
        if self.style == "grid":
            sheet.page.rule(sheet.left, sheet.y - 2 * sheet.scale, sheet.right, r.choice([sheet.ink, 170]))
