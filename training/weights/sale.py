"""What was sold: items, discounts, service, tax and rounding. Amounts are cents."""

from dataclasses import dataclass

from . import names, values
from .values import COUNTRIES


@dataclass
class Item:
    name: str
    quantity: int  # thousandths
    price: int
    discount: int = 0

    @property
    def amount(self) -> int:
        return (self.quantity * self.price * 2 + 1000) // 2000 - self.discount

    @property
    def count(self) -> float:
        return self.quantity / 1000 if self.quantity % 1000 else self.quantity // 1000

    def quantity_text(self, comma: bool) -> str:
        whole, part = divmod(self.quantity, 1000)
        return f"{whole}" if not part else f"{whole}{',' if comma else '.'}{part:03}"


@dataclass
class Sale:
    items: list[Item]
    discount: int = 0
    service: int = 0
    tax: int = 0
    rate: str | None = None
    included: bool = False
    rounding: int = 0
    tip: int = 0

    @property
    def subtotal(self) -> int:
        return sum(item.amount for item in self.items)

    @property
    def total(self) -> int:
        added = 0 if self.included else self.tax
        return self.subtotal - self.discount + self.service + added + self.rounding


def sale(r, code: str) -> Sale:
    country = COUNTRIES[code]
    number = r.choices([1, 2, 3, 4, 5, 6, 8, 11], [28, 26, 18, 11, 7, 4, 3, 2])[0]
    items = []
    for _ in range(number):
        quantity = 1000 * r.choice([1, 1, 1, 1, 1, 2, 2, 3, 4, r.randint(1, 24)])
        if r.random() < 0.03:
            quantity = r.randint(100, 4000)
        price = max(5, values.price(r) // (1 if quantity < 5000 else 3))
        if code in ("MY", "SG") and r.random() < 0.5:
            price = max(10, price - price % 10)
        name = names.article(r, country.language) + (f" {names.article(r, country.language)}" if r.random() < 0.25 else "")
        item = Item(name, quantity, price)
        if r.random() < 0.03 and item.amount > 100:
            item.discount = values.share(item.amount, "10")
        items.append(item)
    made = Sale(items)
    if r.random() < 0.1 and made.subtotal > 500:
        made.discount = values.share(made.subtotal, r.choice(["5", "10", "15", "20"]))
    if r.random() < 0.1:
        made.service = values.share(made.subtotal - made.discount, "10")
    if r.random() < (0.8 if code == "MY" else 0.65):
        made.rate = r.choice(country.tax_rates)
        made.included = r.random() < {"US": 0.1, "CA": 0.1, "MY": 0.65}.get(code, 0.6)
        base = made.subtotal - made.discount + made.service
        made.tax = base - round(base / (1 + float(made.rate) / 100)) if made.included else values.share(base, made.rate)
    if code in ("MY", "SG") and r.random() < 0.6:
        made.rounding = round(made.total / 5) * 5 - made.total
    return made
