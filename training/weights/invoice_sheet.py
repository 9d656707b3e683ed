"""How one invoice is set: type, colours, margins, ways to write."""

from . import values, wording
from .bills import Bill
from .fonts import FontBook, bold
from .page import Page, Text
from .values import COUNTRIES

SHEET = 768  # two columns of tiles


class Sheet:
    """How this invoice is set, and the page being set."""

    def __init__(self, r, bill: Bill, fonts: FontBook, scale: float):
        self.r, self.bill, self.fonts, self.scale = r, bill, fonts, scale
        self.country = COUNTRIES[bill.code]
        language = self.country.language
        self.words = {k: r.choice(v) if isinstance(v, list) and k not in ("ref", "foot") else v for k, v in wording.INVOICE[language].items()}
        path = fonts.text(r) if r.random() < 0.87 else fonts.mono(r)
        self.text = Text(path, r.choice([11, 11.5, 12, 12, 12.5, 13, 13, 14, 14, 15, 16]), scale)
        self.face = self.text.normal
        self.strong = self.text.at(self.text.size, bold(path)) if r.random() < 0.6 else self.face
        self.pitch = self.text.size * scale * r.uniform(1.2, 1.6)
        self.money = values.money(r, self.country)
        self.write_date = values.date_writer(r, self.country)
        self.margins = (r.uniform(6, 50) * scale, r.uniform(6, 50) * scale)
        self.colon = r.choice([": ", ":", " ", " : ", ""])
        # Where the letterhead leaves these tax numbers to be printed.
        self.vat_in_foot = self.buyer_vat_among_numbers = False
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

    def block(self, x: float, rows: list[str], align: str = "l", first=None, width: float | None = None) -> list[str]:
        """Lines under each other; returns them as far as they fitted."""
        shown = []
        for index, row in enumerate(rows):
            used = first if index == 0 and first else self.face
            row = used.fit(row, width or self.width)
            self.page.put(x, self.y, row, used, align)
            self.y += self.pitch * max(1.0, used.size / self.face.size)
            shown.append(row)
        return shown

    def pairs(self, x: float, rows, width: float) -> None:
        """Labels and values under each other, in columns or run on."""
        r = self.r
        columns = r.random() < 0.6
        labels = max(self.face.width(label + ":") for label, _ in rows)
        values_width = max(self.face.width(value) for _, value in rows)
        gap = self.text.size * self.scale
        columns = columns and labels + values_width + gap < width
        align_right = columns and r.random() < 0.4
        colon = ":" if self.colon.strip() else ""
        for label, value in rows:
            if columns:
                self.page.put(x, self.y, label + colon, self.face)
                self.page.put(x + width if align_right else x + labels + gap, self.y, value, self.face, "r" if align_right else "l")
            else:
                text = f"{label}{self.colon or ' '}{value}"
                if self.face.width(text) > width:
                    self.page.put(x, self.y, label, self.face)
                    self.y += self.pitch
                    text = value
                self.page.put(x, self.y, text, self.face)
            self.y += self.pitch
