"""The printer of a till: its position on the roll, and how it prints a line."""

from . import values, wording
from .fonts import FontBook, bold
from .page import Content, Page, Text, Value, fitted, plain
from .shops import wrap
from .values import COUNTRIES, decimal

COLUMN = 384  # pixels of a receipt at scale 1

# The words before an amount's sign stay in the local language.
_TIMES = (
    "{h:02}:{m:02}", "{h:02}:{m:02}", "{h:02}:{m:02}:{s:02}", "{h:02}:{m:02}:{s:02}", "{t}:{m:02} {half}", "{t:02}:{m:02}{half}", "{t:02}:{m:02}:{s:02} {half}", "{t}:{m:02}:{s:02} {half}", "{h:02}{m:02} hrs", "{h:02} : {m:02}", "{t:02}:{m:02}{half}",
)


class Till:
    def __init__(self, r, code: str, fonts: FontBook, scale: float):
        self.r, self.code, self.scale, self.fonts = r, code, scale, fonts
        self.country = COUNTRIES[code]
        self.words = wording.RECEIPT[self.country.language]
        self.path = fonts.mono(r) if r.random() < 0.6 else fonts.text(r)
        # At scale 1: what a receipt of 24 to 48 characters a line comes to.
        self.text = Text(self.path, r.choice([11, 12, 12, 13, 13, 14, 14, 15, 15, 16, 17]), scale)
        self.face = self.text.normal
        self.pitch = self.text.size * scale * r.uniform(1.12, 1.5)
        self.page = Page(round(COLUMN * scale), ink=r.randint(0, 70), paper=r.randint(232, 255))
        margin = r.choice([4, 8, 12, 20, 32, 44]) * scale
        self.left, self.right = margin, self.page.width - margin
        self.y = r.uniform(4, 24) * scale
        self.money = values.money(r, self.country)
        self.write_date = values.date_writer(r, self.country)
        self.dashes = r.choice([None, None, "-", "=", "*", "rule", "rule"])
        self.colon = r.choice([": ", ": ", " : ", ":", "  ", " "])
        self.title_case = code in ("MY", "SG") and r.random() < 0.3
        self.upper = code not in ("MY", "SG") and r.random() < 0.25
        # The sign of a single amount, where not the whole receipt prints it.
        self._time = r.choice(_TIMES)

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def characters(self) -> int:
        """How many fit in a line."""
        return max(12, int(self.width / self.face.width("abcdefghijABCDEFGHIJ0123456789 ") * 31))

    def word(self, kind: str) -> str:
        return self.r.choice(self.words[kind])

    def time(self) -> str:
        hour, minute, second = self.r.randint(7, 22), self.r.randint(0, 59), self.r.randint(0, 59)
        half = ("AM" if hour < 12 else "PM") if self.code != "MY" or self.r.random() < 0.85 else ("am" if hour < 12 else "pm")
        return self._time.format(h=hour, m=minute, s=second, t=hour % 12 or 12, half=half)

    def amount(self, cents: int, key: str | None = None, sign: bool | None = None, letter: str = "") -> list[str | Value]:
        """A number with the receipt's sign around it; `key`: which field it is."""
        number = self.money.number(cents)
        if cents < 0 and self.r.random() < 0.25:
            number = self.r.choice([f"{number[1:]}-", f"({number[1:]})"])
        value: str | Value = Value(key, number, decimal(cents)) if key else number
        mark = self.money.symbol if sign is None and self.money.everywhere or sign else ""
        if not mark.strip():
            return [value, letter]
        currency: str | Value = Value("currency~2" if key != "total" else "currency", mark.strip(), self.country.currency)
        between = mark[len(mark.rstrip()) :]
        return [value, " ", currency, letter] if self.money.behind else [currency, between, value, letter]

    def line(self, content: Content, align: str = "l", used=None, indent: float = 0.0, ink=None) -> None:
        """Puts a line, made smaller or cut where it is too wide."""
        used = used or self.face
        content = fitted(content, used, self.width - indent)
        x = {"l": self.left + indent, "c": (self.left + self.right) / 2, "r": self.right}[align]
        self.page.put(x, self.y, content, used, align, ink)
        self.y += self.pitch * used.size / self.face.size

    def pair(self, label: Content, amount: Content, used=None, left: float | None = None, middle: Content | None = None, right: float | None = None) -> None:
        """A label and, at the right edge, an amount; maybe a sign between them."""
        used = used or self.face
        left, right = self.left if left is None else left, self.right if right is None else right
        room = right - left - used.width(plain(amount)) - self.text.size * self.scale * 0.6
        if middle:
            room -= used.width(plain(middle)) + self.text.size * self.scale * 2
            self.page.put(left + room + self.text.size * self.scale, self.y, middle, used)
        self.page.put(left, self.y, fitted(label, used, room), used)
        self.page.put(right, self.y, amount, used, "r")
        self.y += self.pitch * used.size / self.face.size

    def cells(self, places: list[tuple[float, str, Content]], used=None) -> None:
        """Several in a line: at a share of the width, aligned."""
        used = used or self.face
        for share, align, content in places:
            self.page.put(self.left + share * self.width, self.y, content, used, align)
        self.y += self.pitch

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

    def strong(self, larger: float = 0.0):
        return self.text.at(self.text.size + larger, bold(self.path) if self.r.random() < 0.5 else None)

    def rows(self, text: str, used=None, share: float = 1.0) -> list[str]:
        """`text` in lines that fit."""
        used = used or self.face
        most = max(8, int(self.width * share / max(1.0, used.width(text)) * len(text)))
        return [used.fit(row, self.width) for row in wrap(text, most)]
