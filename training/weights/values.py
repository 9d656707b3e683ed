"""How a document writes amounts, dates and currencies, and what they mean."""

from dataclasses import dataclass, field

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "ms": "Januari Februari Mac April Mei Jun Julai Ogos September Oktober November Disember",
}
MONTHS = {language: names.split() for language, names in MONTHS.items()}


@dataclass(frozen=True)
class Country:
    """What is usual in a country: wording, money, tax."""

    language: str
    currency: str
    symbols: tuple[str, ...]  # as printed before an amount; "" where none is
    comma: bool  # decimal comma
    tax_names: tuple[str, ...]
    tax_rates: tuple[str, ...]
    vat_prefix: str | None = None
    vat_digits: int = 9
    month_first: bool = False
    weight: float = 1.0


COUNTRIES = {
    "US": Country("en", "USD", ("$", "$", "USD ", ""), False, ("Tax", "Sales Tax", "TAX"), ("5", "6", "7", "8", "8.25"), None, month_first=True, weight=2.5),
    "GB": Country("en", "GBP", ("£", "£", "GBP ", ""), False, ("VAT", "VAT"), ("20", "20", "5"), "GB", weight=2.0),
    "IE": Country("en", "EUR", ("€", "EUR ", ""), False, ("VAT",), ("23", "13.5", "9"), "IE", 8, weight=0.5),
    "MY": Country("ms", "MYR", ("RM", "RM ", "MYR ", ""), False, ("GST", "SST", "GST", "Service Tax"), ("6", "6", "10"), None, weight=3.5),
    "SG": Country("en", "SGD", ("S$", "SGD ", ""), False, ("GST",), ("7", "8", "9"), None, weight=0.5),
    "IN": Country("en", "INR", ("Rs ", "Rs.", "INR ", ""), False, ("GST", "IGST"), ("5", "12", "18"), None, weight=0.6),
    "AU": Country("en", "AUD", ("A$", "AUD ", ""), False, ("GST",), ("10",), None, weight=0.4),
    "CA": Country("en", "CAD", ("C$", "CAD ", ""), False, ("GST", "HST", "Tax"), ("5", "13"), None, weight=0.4),
    "DE": Country("de", "EUR", ("€", "EUR ", "EUR ", ""), True, ("MwSt.", "USt.", "MwSt", "Umsatzsteuer"), ("19", "19", "7"), "DE", 9, weight=2.0),
    "AT": Country("de", "EUR", ("€ ", "EUR ", ""), True, ("USt.", "MwSt."), ("20", "10"), "ATU", 8, weight=0.3),
    "CH": Country("de", "CHF", ("CHF ", "Fr. ", ""), False, ("MwSt.", "MWST"), ("8.1", "7.7", "2.6"), "CHE", 9, weight=0.4),
    "FR": Country("fr", "EUR", ("€", "EUR ", ""), True, ("TVA",), ("20", "10", "5.5"), "FR", 11, weight=1.0),
    "ES": Country("es", "EUR", ("€", "EUR ", ""), True, ("IVA",), ("21", "10"), "ESB", 8, weight=0.5),
    "IT": Country("it", "EUR", ("€ ", "EUR ", ""), True, ("IVA",), ("22", "10"), "IT", 11, weight=0.5),
    "NL": Country("nl", "EUR", ("€ ", "EUR ", ""), True, ("BTW", "btw"), ("21", "9"), "NL", 9, weight=0.5),
}


def pick_country(r, allowed=None, more: dict[str, float] | None = None) -> str:
    """`more`: factors on how usual a country is."""
    names = [name for name in COUNTRIES if allowed is None or name in allowed]
    return r.choices(names, [COUNTRIES[name].weight * (more or {}).get(name, 1.0) for name in names])[0]


@dataclass
class Day:
    year: int
    month: int
    day: int

    @property
    def iso(self) -> str:
        return f"{self.year}-{self.month:02}-{self.day:02}"


_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def random_day(r) -> Day:
    month = r.randint(1, 12)
    return Day(r.randint(2009, 2029), month, r.randint(1, _LENGTHS[month - 1]))


def later(day: Day, days: int) -> Day:
    year, month, number = day.year, day.month, day.day + days
    while number > _LENGTHS[month - 1]:
        number -= _LENGTHS[month - 1]
        month += 1
        if month == 13:
            year, month = year + 1, 1
    return Day(year, month, number)


def date_writer(r, country: Country):
    """A way to write dates that one document keeps to."""
    long = MONTHS[country.language]
    english = MONTHS["en"]
    month_first = country.month_first and r.random() < 0.7
    if month_first:
        forms = [
            lambda d: f"{d.month:02}/{d.day:02}/{d.year}",
            lambda d: f"{d.month}/{d.day}/{d.year}",
            lambda d: f"{d.month:02}/{d.day:02}/{d.year % 100:02}",
            lambda d: f"{english[d.month - 1][:3]} {d.day}, {d.year}",
            lambda d: f"{english[d.month - 1]} {d.day}, {d.year}",
            lambda d: f"{d.year}-{d.month:02}-{d.day:02}",
        ]
    elif country.language in ("de",):
        forms = [lambda d: f"{d.day:02}.{d.month:02}.{d.year}"] * 5 + [
            lambda d: f"{d.day:02}.{d.month:02}.{d.year % 100:02}",
            lambda d: f"{d.day}. {long[d.month - 1]} {d.year}",
            lambda d: f"{d.day}.{d.month}.{d.year}",
            lambda d: f"{d.year}-{d.month:02}-{d.day:02}",
        ]
    else:
        forms = [lambda d: f"{d.day:02}/{d.month:02}/{d.year}"] * 4 + [
            lambda d: f"{d.day:02}-{d.month:02}-{d.year}",
            lambda d: f"{d.day:02}-{d.month:02}-{d.year}",
            lambda d: f"{d.day:02}/{d.month:02}/{d.year % 100:02}",
            lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
            lambda d: f"{d.year}-{d.month:02}-{d.day:02}",
            lambda d: f"{d.day:02} {english[d.month - 1][:3]} {d.year}",
            lambda d: f"{d.day} {english[d.month - 1][:3].upper()} {d.year}",
            lambda d: f"{d.day:02}-{english[d.month - 1][:3]}-{d.year}",
            lambda d: f"{d.day:02}-{english[d.month - 1][:3].upper()}-{d.year % 100:02}",
            lambda d: f"{d.day} {long[d.month - 1]} {d.year}",
        ]
    return r.choice(forms)


def time_of_day(r) -> str:
    hour, minute, second = r.randint(0, 23), r.randint(0, 59), r.randint(0, 59)
    return r.choice(
        [f"{hour:02}:{minute:02}", f"{hour:02}:{minute:02}:{second:02}", f"{hour % 12 or 12}:{minute:02} {'AM' if hour < 12 else 'PM'}", f"{hour % 12 or 12}:{minute:02}:{second:02}{'AM' if hour < 12 else 'PM'}"]
    )


@dataclass
class Money:
    """How one document prints amounts. Amounts are whole cents."""

    comma: bool
    thousands: str
    symbol: str  # printed with the total, maybe everywhere; "" where none is
    everywhere: bool
    behind: bool  # the symbol follows the amount
    code: str = field(default="")

    def number(self, cents: int, decimals: int = 2) -> str:
        sign, cents = ("-", -cents) if cents < 0 else ("", cents)
        whole, part = divmod(cents, 100)
        text = f"{whole:,}".replace(",", self.thousands) if self.thousands else str(whole)
        return f"{sign}{text}{',' if self.comma else '.'}{part:02}"

    def marked(self, cents: int) -> str:
        """With the symbol."""
        if not self.symbol.strip():
            return self.number(cents)
        if self.behind:
            return f"{self.number(cents)} {self.symbol.strip()}"
        sign, cents = ("-", -cents) if cents < 0 else ("", cents)
        return f"{sign}{self.symbol}{self.number(cents)}"

    def plain(self, cents: int) -> str:
        """As in a table: with the symbol only where the document puts it everywhere."""
        return self.marked(cents) if self.everywhere else self.number(cents)

    @property
    def shown(self) -> bool:
        return bool(self.symbol.strip())


def money(r, country: Country) -> Money:
    comma = country.comma and r.random() < 0.93
    thousands = r.choice([".", ".", "", " "]) if comma else r.choice([",", ",", ",", ""])
    if country.currency == "CHF":
        thousands = r.choice(["'", "", ","])
    symbol = r.choice(country.symbols)
    behind = comma and symbol.strip() in ("€", "EUR") and r.random() < 0.6
    return Money(comma, thousands, symbol, r.random() < 0.22, behind, country.currency)


def decimal(cents: int) -> str:
    """The value as our schemas hold it."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02}"


def share(cents: int, percent: str) -> int:
    """`percent` of `cents`, rounded half up."""
    thousandths = round(float(percent) * 1000)
    return (cents * thousandths * 2 + 100_000) // 200_000


def price(r) -> int:
    return round(100 * r.choice([r.uniform(0.2, 10), r.uniform(0.5, 30), r.uniform(1, 100), r.uniform(5, 500)]))
