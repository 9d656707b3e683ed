"""Documents of one seller: one layout with other contents, as an archive has them.

A `style` decides everything that stays on a seller's documents (fonts, columns, wording,
names); a `number` decides the content: number, date, items and amounts.
"""

import dataclasses
import random
import re

from . import invoice_table, sale, shops, truth, values
from .bills import Bill, bill
from .fonts import FontBook
from .invoice_foot import foot, sums
from .invoice_head import Head, layout
from .invoice_sheet import Sheet
from .page import Document
from .receipt_foot import Totals, payment, thanks
from .receipt_head import Particulars, head
from .receipt_items import HELD_OUT_STYLES, STYLES, items
from .till import Till


def invoice(style: str, number: int, fonts: FontBook, scale: float = 1.0) -> Document:
    content = random.Random(f"{style}/{number}")
    r = _Sections(style)
    made = _next_bill(bill(r.section("bill"), False), content)
    sheet = Sheet(r.section("sheet"), made, fonts, scale)
    top = Head(sheet, layout(r, fonts.held_out))
    table = invoice_table.Table(sheet, invoice_table.columns(r, fonts.held_out), r.choice(invoice_table.HELD_OUT_STYLES if fonts.held_out else invoice_table.STYLES))
    r.section("head")
    top.put()
    r.section("table")
    table.put(made.lines, carried=False)
    r.section("sums")
    sums(sheet)
    r.section("foot")
    foot(sheet, top)
    sheet.page.height += round(10 * scale)
    return truth.document("invoice", [sheet.page])


def receipt(style: str, number: int, fonts: FontBook, scale: float = 1.0) -> Document:
    content = random.Random(f"{style}/{number}")
    r = _Sections(style)
    code = values.pick_country(r)
    till = Till(r.section("till"), code, fonts, scale)
    particulars = Particulars(till)
    particulars.day = values.random_day(content)
    particulars.date = till.write_date(particulars.day)
    sold = sale.sale(content, code)
    r.section("head")
    head(till, shops.shop(r, code), particulars, fonts.held_out)
    r.section("particulars")
    start = len(till.page.runs)
    particulars.put()
    _renumber(till.page.runs[start:], content)
    r.section("items")
    items(till, sold, r.choice(HELD_OUT_STYLES if fonts.held_out else STYLES))
    r.section("totals")
    totals = Totals(till, sold)
    totals.put()
    payment(till, sold, totals)
    r.section("foot")
    thanks(till)
    till.page.height += round(6 * scale)
    return truth.document("receipt", [till.page])


MAKERS = {"invoice": invoice, "receipt": receipt}


class _Sections(random.Random):
    """Random numbers of a style. Each section begins anew, since the one before may have taken
    more or fewer numbers for other content."""

    def __init__(self, style: str):
        super().__init__(style)
        self._style = style

    def section(self, name: str) -> "_Sections":
        self.seed(f"{self._style}/{name}")
        return self


def _next_bill(first: Bill, content) -> Bill:
    """Another bill of the seller of `first`."""
    while (other := bill(content, False)).code != first.code:
        pass
    due = first.due and (other.due or values.later(other.day, 14))
    kept = {name: getattr(first, name) for name in ("seller", "vat_id", "buyer_vat_id", "due_in_sentence")}
    number = _other_digits(first.number, content)
    paid = dataclasses.replace(first.payment, reference=first.payment.reference and number)
    return dataclasses.replace(other, number=number, due=due, payment=paid, **kept)


def _other_digits(text: str, r) -> str:
    return re.sub(r"\d", lambda _: str(r.randint(0, 9)), text)


def _renumber(runs: list, r) -> None:
    """Gives long numbers and times that are not values, such as a receipt's number, other
    digits."""
    for run in runs:
        kept = [range(mark.start, mark.end) for mark in run.marks if mark.key.startswith("date")]
        for found in re.finditer(r"\d{4,}|\d\d:\d\d", run.text):
            if not any(found.start() in place for place in kept):
                new = f"{r.randint(8, 21):02}:{r.randint(0, 59):02}" if ":" in found.group() else _other_digits(found.group(), r)
                run.text = run.text[: found.start()] + new + run.text[found.end() :]
