"""Invoices of one to three pages.

First what is invoiced (`bills`), then a head, a table, sums and small print.
A page of a longer invoice says only what is on it: its truth is null for the
rest, as the program joins pages by itself.
"""

from . import invoice_table, truth
from .bills import bill as make_bill
from .fonts import FontBook
from .invoice_foot import foot, sums
from .invoice_head import Head, layout
from .invoice_sheet import Sheet
from .page import Document, Value


def invoice(r, fonts: FontBook, scale: float = 1.0, most_pages: int = 3) -> Document:
    several = most_pages > 1 and r.random() < 0.15
    bill = make_bill(r, several)
    sheet = Sheet(r, bill, fonts, scale)
    head = Head(sheet, layout(r, fonts.held_out))
    table = invoice_table.Table(sheet, invoice_table.columns(r, fonts.held_out), r.choice(invoice_table.HELD_OUT_STYLES if fonts.held_out else invoice_table.STYLES))
    pages = min(r.randint(2, most_pages), len(bill.lines)) if several else 1
    per_page = -(-len(bill.lines) // pages)
    chunks = [bill.lines[i : i + per_page] for i in range(0, len(bill.lines), per_page)]
    result = []
    for index, chunk in enumerate(chunks):
        if index:
            sheet.new_page()
            _short_head(sheet, index + 1, len(chunks))
        else:
            head.put()
        table.put(chunk, carried=index > 0 and r.random() < 0.3)
        if index == len(chunks) - 1:
            sums(sheet)
            foot(sheet, head)
        if len(chunks) > 1 or r.random() < 0.15:
            sheet.y += sheet.pitch * r.uniform(0.5, 3)
            sheet.page.put(sheet.right, sheet.y, sheet.words["page"].format(index + 1, len(chunks)), sheet.face, "r")
        sheet.page.height += round(r.uniform(2, 20) * scale)
        result.append(sheet.page)
    return truth.document("invoice", result)


def _short_head(sheet: Sheet, number: int, pages: int) -> None:
    """The head of a page that goes on."""
    r, bill, w = sheet.r, sheet.bill, sheet.words
    if r.random() < 0.8:
        sheet.page.put(sheet.left, sheet.y, [w["number"], sheet.colon or " ", Value("invoice_number", bill.number)], sheet.face)
    sheet.page.put(sheet.right, sheet.y, w["page"].format(number, pages), sheet.face, "r")
    sheet.y += sheet.pitch
    if r.random() < 0.2:
        sheet.block(sheet.left, [[Value("seller_name", bill.seller)]])
    sheet.y += sheet.pitch
