"""Till receipts of shops, restaurants and fuel stations.

First what happened (`sale`, `shops`), then how it is printed. Amounts are
cents. The truth is read off the values that the page was given.
"""

from . import shops, truth, values
from .fonts import FontBook
from .page import Document
from .receipt_foot import Totals, payment, tax_table, thanks
from .receipt_head import Particulars, head
from .receipt_items import HELD_OUT_STYLES, STYLES, items
from .sale import sale
from .till import COLUMN, Till

__all__ = ["COLUMN", "receipt"]


def receipt(r, fonts: FontBook, scale: float = 1.0) -> Document:
    code = values.pick_country(r, more={"MY": 3.2, "SG": 1.5})
    till = Till(r, code, fonts, scale)
    sold, particulars = sale(r, code), Particulars(till)
    head(till, shops.shop(r, code), particulars, fonts.held_out)
    particulars.put()
    till.separator(0.5)
    items(till, sold, r.choice(HELD_OUT_STYLES if fonts.held_out else STYLES))
    totals = Totals(till, sold)
    totals.put()
    below = [lambda: payment(till, sold, totals), lambda: tax_table(till, sold, totals), particulars.at_foot]
    if r.random() < 0.3:
        r.shuffle(below)
    for put in below:
        put()
    thanks(till)
    till.page.height += round(r.uniform(2, 12) * scale)
    return truth.document("receipt", [till.page])
