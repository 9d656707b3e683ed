"""The content of invoices, before layout. Amounts are whole cents."""

from dataclasses import dataclass

from . import names, values
from .payment import Payment, payment
from .values import COUNTRIES, share


@dataclass
class Line:
    name: str
    quantity: int  # thousandths
    price: int
    amount: int
    rate: str = "0"
    discount: str = ""  # per cent of the line

    @property
    def quantity_text(self) -> str:
        whole, part = divmod(self.quantity, 1000)
        return str(whole) if not part else f"{whole}.{part:03}".rstrip("0")


@dataclass
class Bill:
    code: str
    number: str
    day: values.Day
    due: values.Day | None
    seller: str
    buyer: str
    vat_id: str | None
    buyer_vat_id: str | None
    payment: Payment
    lines: list[Line]
    taxes: list[tuple[str, int, int]]  # rate, base, tax
    discount: int
    due_in_sentence: bool = False
    prepaid: int = 0

    @property
    def net(self) -> int:
        return sum(line.amount for line in self.lines) - self.discount

    @property
    def tax(self) -> int:
        return sum(tax for _, _, tax in self.taxes)


def _composed_number(r) -> str:
    """One to four parts, such as a series, a date and a running number."""
    year, month, day = r.randint(2009, 2029), r.randint(1, 12), r.randint(1, 28)
    letters = "".join(r.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(r.choice([1, 2, 2, 3, 4])))
    part = lambda: r.choice([str(year), str(year % 100), f"{year}{month:02}{day:02}", f"{year}{month:02}", f"{month:02}", str(r.randint(1, 99999)), f"{r.randint(1, 9999):0{r.choice([3, 4, 5, 6])}}", str(r.randint(100, 999))])
    joint = r.choice(["-", "-", "/", "/", ".", "_", ""])
    parts = [part() for _ in range(r.choice([1, 2, 2, 3]))]
    number = parts[0]
    for more in parts[1:]:
        number += (joint if r.random() < 0.75 else r.choice("-/.")) + more
    if r.random() < 0.65:
        number = r.choice([letters, "RE", "R", "INV", "FA", "F", "RG", "AR"]) + r.choice(["-", "-", "/", " ", ""]) + number
    return number if 3 <= len(number) <= 22 else _composed_number(r)


def invoice_number(r) -> str:
    if r.random() < 0.5:
        return _composed_number(r)
    letters = lambda n: "".join(r.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(n))
    year = r.randint(2009, 2029)
    return r.choice(
        [
            f"INV-{r.randint(100, 99999)}", f"{year}-{r.randint(1, 9999):04}", str(r.randint(1000, 99999999)), f"R{r.randint(1000, 99999)}", f"{letters(1)}{r.randint(10, 99)}/{r.randint(1000, 99999)}",
            f"RE{r.randint(10**4, 10**6)}", f"{r.randint(1, 999)}/{year % 100}", f"{letters(2)}-{r.randint(10**4, 10**7)}", f"{letters(r.randint(1, 3))}{r.randint(10, 10**6)}", f"RE-{year}-{r.randint(1, 9999)}",
            f"{letters(2)}-{year}-{r.randint(1, 999):03}", f"{letters(1)}-{r.randint(100, 99999)}", f"{letters(1)}{year % 100}-{r.randint(1, 9999):04}", f"{year}{r.randint(1, 12):02}{r.randint(1, 9999):04}", f"{r.randint(10**8, 10**10)}", f"{letters(3)}/{year}/{r.randint(1, 999)}",
        ]
    )


def _vat_id(r, code: str) -> str:
    country = COUNTRIES[code]
    digits = country.vat_digits
    prefix = country.vat_prefix or r.choice(["", "", "GST"])
    return f"{prefix}{r.randint(10 ** (digits - 1), 10**digits - 1)}" + ("B01" if code == "NL" else "")


def bill(r, many: bool) -> Bill:
    code = values.pick_country(r, more={"MY": 0.3, "DE": 2.5, "FR": 2.0, "NL": 1.5})
    country = COUNTRIES[code]
    language = country.language
    day = values.random_day(r)
    count = r.choices([1, 2, 3, 4, 5, 6, 8, 11], [30, 28, 20, 10, 5, 3, 2, 2])[0]
    if many:
        count = r.randint(4, 16)
    lines = []
    reduced = r.random() < 0.08
    for _ in range(count):
        quantity = 1000 * r.choice([1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12, r.randint(1, 60), r.randint(1, 500)])
        if r.random() < 0.12:
            quantity = r.choice([500, 1500, 2500, 7500, 1250, 12500, r.randint(1, 40) * 250])
        price = round(100 * r.choice([r.uniform(0.5, 20), r.uniform(1, 90), r.uniform(10, 900), r.uniform(100, 3000)]))
        price = price - price % r.choice([1, 1, 5, 50, 100]) or 100
        amount = (quantity * price * 2 + 1000) // 2000
        discount = r.choice(["5", "10", "15", "20"]) if reduced and r.random() < 0.4 else ""
        name = names.article(r, language) + (f" {names.article(r, language)}" if r.random() < 0.3 else "")
        lines.append(Line(name, quantity, price, amount - share(amount, discount or "0"), discount=discount))
    net = sum(line.amount for line in lines)
    discount = share(net, r.choice(["2", "5", "10"])) if r.random() < 0.05 else 0
    taxes = []
    if r.random() < 0.87:
        rates = [r.choice(country.tax_rates)]
        if len(set(country.tax_rates)) > 1 and len(lines) > 1 and not discount and r.random() < 0.25:
            rates = r.sample(sorted(set(country.tax_rates)), 2)
        split = r.randint(1, len(lines) - 1) if len(rates) > 1 else len(lines)
        bases = [sum(line.amount for line in lines[:split]) - discount, sum(line.amount for line in lines[split:])]
        taxes = [(rate, base, share(base, rate)) for rate, base in zip(rates, bases)]
        for at, line in enumerate(lines):
            line.rate = rates[0] if at < split else rates[-1]
    buyer = names.company(r, code, language) if r.random() < 0.78 else names.person(r, language)
    due = values.later(day, r.choice([7, 10, 14, 14, 15, 20, 21, 30, 30, 30, 31, 45, 60, 90])) if r.random() < 0.68 else None
    vat_id = _vat_id(r, code) if r.random() < 0.68 else None
    buyer_vat_id = _vat_id(r, code) if r.random() < 0.25 else None
    number = invoice_number(r)
    made = Bill(code, number, day, due, names.company(r, code, language), buyer, vat_id, buyer_vat_id, payment(r, code, number), lines, taxes, discount)
    made.due_in_sentence = due is not None and r.random() < 0.25
    if r.random() < 0.06:
        made.prepaid = share(made.net + made.tax, r.choice(["10", "30", "50", "100"]))
    return made
