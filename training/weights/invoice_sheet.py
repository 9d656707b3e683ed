"""How one invoice is set: type, colours, margins, ways to write."""

from . import values, wording
from .bills import Bill
from .fonts import FontBook, bold
from .page import Content, Page, Text, Value, fitted, plain
from .values import COUNTRIES, decimal

SHEET = 768  # two columns of tiles


class Sheet:
    """How this invoice is set, and the page being set."""

    def __init__(self, r, bill: Bill, fonts: FontBook, scale: float):
        self.r, self.bill, self.fonts, self.scale = r, bill, fonts, scale
        self.country = COUNTRIES[bill.code]
        self.language = self.country.language
        self.all_words = wording.INVOICE[self.language]
        self.words = {k: r.choice(v) if isinstance(v, list) and k not in ("ref", "foot") else v for k, v in self.all_words.items()}
        path = fonts.text(r) if r.random() < 0.87 else fonts.mono(r)
        self.text = Text(path, r.choice([11, 11.5, 12, 12, 12.5, 13, 13, 14, 14, 15, 16]), scale)
        self.face = self.text.normal
        self.strong = self.text.at(self.text.size, bold(path)) if r.random() < 0.6 else self.face
        self.small = self.text.at(max(9, self.text.size - r.choice([2, 3, 4])))
        self.pitch = self.text.size * scale * r.uniform(1.2, 1.6)
        self.money = values.money(r, self.country)
        if r.random() < 0.5 and not self.money.everywhere:
            self.money.everywhere = self.money.shown
        self.write_date = values.date_writer(r, self.country)
        self.margins = (r.uniform(6, 60) * scale, r.uniform(6, 60) * scale)
        self.colon = r.choice([": ", ":", " ", " : ", ""])
        self.new_page()

    def new_page(self) -> None:
        r, s = self.r, self.scale
        self.page = Page(round(SHEET * s), ink=getattr(self, "ink", None) or r.randint(0, 70), paper=getattr(self, "paper", None) or r.randint(236, 255))
        self.ink, self.paper = self.page.ink, self.page.paper
        self.left, self.right = self.margins[0], self.page.width - self.margins[1]
        self.y = r.uniform(4, 40) * s

    @property
    def width(self) -> float:
        return self.right - self.left

    def amount(self, cents: int, key: str | None = None, sign: bool | None = None) -> list[str | Value]:
        """A number with the invoice's sign around it; `key`: which field it is."""
        number = self.money.number(cents)
        value: str | Value = Value(key, number, decimal(cents)) if key else number
        mark = self.money.symbol if sign is None and self.money.everywhere or sign else ""
        if not mark.strip():
            return [value]
        currency: str | Value = Value("currency" if key == "gross_total" else "currency~2", mark.strip(), self.country.currency)
        return [value, " ", currency] if self.money.behind else [currency, mark[len(mark.rstrip()) :], value]

    def block(self, x: float, rows: list[Content], align: str = "l", first=None, width: float | None = None, used=None) -> None:
        """Lines under each other from `self.y` on."""
        for index, row in enumerate(rows):
            face = first if index == 0 and first else used or self.face
            self.page.put(x, self.y, fitted(row, face, width or self.width), face, align)
            self.y += self.pitch * face.size / self.face.size

    def pairs(self, x: float, rows: list[tuple[str, Content]], width: float) -> None:
        """Labels and values under each other, in columns or run on."""
        if not rows:
            return
        r = self.r
        colon = ":" if self.colon.strip() else ""
        labels = max(self.face.width(label + colon) for label, _ in rows)
        values_width = max(self.face.width(plain(value)) for _, value in rows)
        gap = self.text.size * self.scale * r.uniform(0.5, 2.5)
        columns = r.random() < 0.65 and labels + values_width + gap < width
        align_right = columns and r.random() < 0.3
        for label, value in rows:
            pieces = [value] if isinstance(value, str) else value
            if columns:
                self.page.put(x, self.y, label + colon, self.face)
                self.page.put(x + width if align_right else x + labels + gap, self.y, value, self.face, "r" if align_right else "l")
            elif self.face.width(f"{label}{self.colon or ' '}{plain(value)}") > width:
                self.page.put(x, self.y, label, self.face)
                self.y += self.pitch
                self.page.put(x, self.y, fitted(value, self.face, width), self.face)
            else:
                self.page.put(x, self.y, [label, self.colon or " ", *pieces], self.face)
            self.y += self.pitch

    def sentence(self, pieces: list[str | Value], x: float | None = None, width: float | None = None, used=None) -> None:
        """Running text in as many lines as it takes; values stay whole."""
        used, x, width = used or self.face, self.left if x is None else x, width or self.width
        line: list[str | Value] = []
        for piece in pieces:
            for unit in [piece] if isinstance(piece, Value) else [word + " " for word in piece.split(" ") if word]:
                if line and used.width(plain(line) + (unit.text if isinstance(unit, Value) else unit)) > width:
                    self.block(x, [line], width=width, used=used)
                    line = []
                if line and isinstance(line[-1], Value) and not plain([unit]).startswith((".", ",")):
                    line.append(" ")
                line.append(unit)
        if line:
            self.block(x, [line], width=width, used=used)
