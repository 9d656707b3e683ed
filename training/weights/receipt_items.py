"""The lines of what was bought, in the ways tills print them."""

from . import names
from .page import Content, Value
from .sale import Item, Sale
from .shops import digits
from .till import Till

STYLES = ("one", "one", "one", "one", "one", "quantity first", "quantity first", "columns", "columns", "code line", "code line", "name then times", "name then times", "numbered", "barcode", "x between", "amount above", "name below")
HELD_OUT_STYLES = ("one", "quantity behind", "columns wide", "name then times", "code line")
_MODIFIERS = ("TAKE AWAY", "COLD", "HOT", "LESS ICE", "(B)", "- NO SUGAR", "ADD EGG", "+ LARGE", "SPICY", "HALF", "[SET A]")


def items(till: Till, sale: Sale, style: str) -> None:
    r = till.r
    table = _Table(till, sale, style)
    if r.random() < 0.6:
        table.head()
    for number, item in enumerate(sale.items):
        table.put(number, item)
    till.gap(0.5)
    till.separator(0.7)
    if r.random() < 0.2:
        pieces = sum(item.count for item in sale.items)
        label = r.choice(["Items", "Total Qty", "TOTAL QTY", "Item count", "QTY", "NO OF ITEMS", "ITEM(S)", "Total Quantity", "TOTAL ITEM(S)"])
        count = r.choice([str(pieces), f"{pieces}.00", str(len(sale.items))])
        kind = r.random()
        if kind < 0.4:
            till.line(f"{label}{till.colon}{count}")
        elif kind < 0.6:
            till.line(f"ITEM(S) : {len(sale.items)}    QTY(S) : {pieces}")
        elif kind < 0.75:
            till.cells([(0, "l", f"{label}{till.colon}"), (0.6, "r", count), (1, "r", till.money.number(sale.subtotal))])
        else:
            till.pair(label + till.colon, count)


class _Table:
    def __init__(self, till: Till, sale: Sale, style: str):
        r = till.r
        self.till, self.r, self.sale, self.style = till, r, sale, style
        malaysian = till.code in ("MY", "SG")
        self.letter = r.choice(["", "", " SR", " S", "S", " *", " Z", " T", " ZRL"]) if malaysian else r.choice(["", "", "", "", " A", " B", " T", " F"])
        self.times = r.choice([" X ", " x ", "X ", " @ ", " * ", "x"])
        self.decimals = r.random() < 0.18  # quantities as 1.00
        self.modifiers = r.random() < 0.15
        self.codes = r.random() < 0.2
        self.barcodes = r.choice([8, 12, 13, 13, 6, 7])
        self.notes = r.random() < 0.08
        self.letters_at = r.random() < 0.5
        self.x_quantity, self.x_price = r.choice([(0.5, 0.74), (0.52, 0.72), (0.45, 0.7), (0.3, 0.6), (0.56, 0.78)])
        self.unit = r.choice([None, None, None, None, "PCS", "UNIT", "PC", "EA", "BOX"])

    # The values of an item.

    def quantity(self, number: int, item: Item) -> Value:
        text = item.quantity_text(self.till.money.comma)
        if self.decimals and "." not in text and "," not in text:
            text += ",00" if self.till.money.comma else ".00"
        return Value(f"items.{number}.quantity", text, item.quantity_text(False))

    def amount(self, number: int, item: Item) -> list[str | Value]:
        return self.till.amount(item.amount, f"items.{number}.amount", letter=self.letter)

    def price(self, item: Item) -> str:
        made = self.till.amount(item.price)
        return "".join(piece if isinstance(piece, str) else piece.text for piece in made).strip()

    def name(self, number: int, item: Item, part: int = 0) -> Value:
        return Value(f"items.{number}.description", item.name, part=part)

    def code(self) -> str:
        r = self.r
        return r.choice([digits(r, self.barcodes), digits(r, self.barcodes), f"{r.choice('ABCFGHKST')}{r.choice('ABGHKT')}-{r.choice('AHG')}{digits(r, 5)}", f"{digits(r, 4)}-{digits(r, 4)}", f"{r.choice('YCHWT')}T{digits(r, 5)}", f"I00100000{digits(r, 3)}"])

    # Lines.

    def wrapped(self, number: int, item: Item, width: float, before: str = "", indent: float = 0.0) -> list[list[str | Value]]:
        """The name in as many lines as it takes; `item.name` becomes what is printed."""
        till = self.till
        rows = till.rows(item.name, share=max(0.2, width / till.width))
        if len(rows) > 3 or len(rows) > 1 and self.r.random() < 0.35:
            rows = rows[:1]  # tills cut names more often than they wrap them
        item.name = " ".join(rows)
        return [[before if part == 0 else "", Value(f"items.{number}.description", row, part=part, typed=item.name if part == 0 else "")] for part, row in enumerate(rows)]

    def head(self) -> None:
        till, r = self.till, self.r
        sign = f"({self.till.country.symbols[0].strip()})" if r.random() < 0.3 else ""
        mark: Content = [r.choice(["", till.word("amount").split("(")[0] + " "]), "(", Value("currency~3", till.country.symbols[0].strip(), till.country.currency), ")"] if sign else till.word("amount")
        name, quantity, price = till.word("item"), till.word("quantity"), till.word("price")
        if self.style in ("columns", "columns wide", "code line"):
            till.cells([(0, "l", till.face.fit(name, till.width * (self.x_quantity - 0.12))), (self.x_quantity, "r", quantity), (self.x_price, "r", till.face.fit(price, till.width * 0.2)), (1, "r", mark)])
        elif self.style in ("quantity first", "x between", "name below"):
            till.cells([(0, "l", f"{quantity} {name}"), (1, "r", mark)])
        else:
            till.cells([(0, "l", name), (1, "r", mark)])
        till.separator(0.6)

    def put(self, number: int, item: Item) -> None:
        before = f"{number + 1}{self.r.choice(['. ', '.', ') ', ')', ' '])}" if self.style == "numbered" else ""
        {
            "one": self.one, "numbered": self.one, "quantity first": self.quantity_first, "x between": self.quantity_first, "quantity behind": self.quantity_behind, "columns": self.columns,
            "columns wide": self.columns, "code line": self.code_line, "name then times": self.name_then_times, "barcode": self.barcode, "amount above": self.amount_above, "name below": self.name_below,
        }[self.style](number, item, before)
        self.after(item)

    def after(self, item: Item) -> None:
        till, r = self.till, self.r
        if item.discount:
            till.pair(r.choice(["  DISC", "Discount", "  Less", "PROMO DISC", "Item Disc 10%", "Savings"]), till.money.number(-item.discount))
        if self.modifiers and r.random() < 0.4:
            till.line(r.choice(_MODIFIERS), indent=till.text.size * till.scale * r.choice([0, 1, 2]))
        if self.notes and r.random() < 0.5:
            till.line(f"  {r.choice(['Item code', 'Ref', 'SKU', 'S/N', 'PLU'])} {r.randint(1000, 999999)}")

    def one(self, number: int, item: Item, before: str) -> None:
        till = self.till
        amount = self.amount(number, item)
        room = till.width - till.face.width("".join(p if isinstance(p, str) else p.text for p in amount)) - till.text.size
        if item.count != 1:
            return self.single_line_of_several(number, item, before)
        rows = self.wrapped(number, item, room - till.face.width(before), before)
        till.pair(rows[0], amount)
        for row in rows[1:]:
            till.line(row)

    def single_line_of_several(self, number: int, item: Item, before: str) -> None:
        """More than one piece on a till whose single pieces print no quantity."""
        till, r = self.till, self.r
        kind = r.random()
        if kind < 0.6:
            return self.name_then_times(number, item, before)
        if kind < 0.75:
            return self.quantity_first(number, item, before)
        quantity = self.quantity(number, item)
        amount = self.amount(number, item)
        rows = self.wrapped(number, item, till.width * 0.55, before)
        till.pair([*rows[0], r.choice([" x", " x ", " X", "  "]), quantity], amount)
        for row in rows[1:]:
            till.line(row)

    def quantity_first(self, number: int, item: Item, _: str) -> None:
        till = self.till
        amount = self.amount(number, item)
        joint = " " if self.style == "quantity first" else self.times
        quantity = self.quantity(number, item)
        room = till.width - till.face.width(quantity.text + joint) - till.face.width("".join(p if isinstance(p, str) else p.text for p in amount)) - till.text.size
        code = f"{self.code()} " if self.codes and room > till.width * 0.6 else ""
        rows = self.wrapped(number, item, room - till.face.width(code))
        till.pair([quantity, joint, code, *rows[0]], amount)
        for row in rows[1:]:
            till.line(row, indent=till.face.width(quantity.text + joint))

    def quantity_behind(self, number: int, item: Item, _: str) -> None:
        quantity = [" x", self.quantity(number, item)] if item.count != 1 else []
        rows = self.wrapped(number, item, self.till.width * 0.6)
        self.till.pair([*rows[0], *quantity], self.amount(number, item))
        for row in rows[1:]:
            self.till.line(row)

    def columns(self, number: int, item: Item, _: str) -> None:
        till = self.till
        rows = self.wrapped(number, item, till.width * (self.x_quantity - 0.1))
        cells: list[tuple[float, str, Content]] = [(0, "l", rows[0]), (self.x_quantity, "r", [self.quantity(number, item)]), (self.x_price, "r", self.price(item)), (1, "r", self.amount(number, item))]
        till.cells(cells)
        for row in rows[1:]:
            till.line(row)

    def code_line(self, number: int, item: Item, _: str) -> None:
        """Code, quantity, price and amount; the name in the line below or above."""
        till, r = self.till, self.r
        cells: list[tuple[float, str, Content]] = [(0, "l", till.face.fit(self.code(), till.width * 0.4)), (max(self.x_quantity, 0.45), "r", [self.quantity(number, item)]), (self.x_price, "r", self.price(item)), (1, "r", self.amount(number, item))]
        if self.letters_at:
            for row in self.wrapped(number, item, till.width):
                till.line(row)
            till.cells(cells)
        else:
            till.cells(cells)
            for row in self.wrapped(number, item, till.width, r.choice(["", "", "- "])):
                till.line(row)

    def name_then_times(self, number: int, item: Item, before: str) -> None:
        till, r = self.till, self.r
        code = f"{self.code()} " if self.codes else ""
        for row in self.wrapped(number, item, till.width - till.face.width(before + code), before + code):
            till.line(row)
        unit = f" {self.unit}" if self.unit else ""
        left: Content = [self.quantity(number, item), unit, self.times, self.price(item)]
        if self.codes and not code and r.random() < 0.5:
            left = [self.code(), "  ", *left]
        till.pair(left, self.amount(number, item), left=till.left + till.text.size * till.scale * r.choice([0, 0, 2]))

    def barcode(self, number: int, item: Item, _: str) -> None:
        till = self.till
        quantity = [self.quantity(number, item), "X "] if item.count != 1 or self.letters_at else []
        till.pair([*quantity, self.code()], self.amount(number, item))
        for row in self.wrapped(number, item, till.width):
            till.line(row)

    def amount_above(self, number: int, item: Item, _: str) -> None:
        till = self.till
        for row in self.wrapped(number, item, till.width):
            till.line(row)
        till.cells([(0.25, "r", self.price(item)), (0.55, "r", [self.quantity(number, item)]), (1, "r", self.amount(number, item))])

    def name_below(self, number: int, item: Item, _: str) -> None:
        till = self.till
        till.cells([(0.02, "l", [self.quantity(number, item), self.times.rstrip()]), (self.x_price, "r", self.price(item)), (1, "r", self.amount(number, item))])
        for row in self.wrapped(number, item, till.width):
            till.line(row)
