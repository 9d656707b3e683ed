"""Answers of `docmill-small`: compact JSON with every key, whose values are
null or copies of the page's text, and whose rows are arrays."""

import json

RECEIPT = ("merchant_name", "merchant_address", "date", "currency", "subtotal", "tax", "total")
INVOICE = (
    "invoice_number", "issue_date", "due_date", "currency", "seller_name", "seller_vat_id", "buyer_name", "buyer_vat_id",
    "net_total", "tax_total", "gross_total", "iban", "bic", "payment_reference",
)
SCREENSHOT = ("app_name", "kind", "status", "date", "amount", "currency", "counterparty", "reference")
FIELDS = {"receipt": RECEIPT, "invoice": INVOICE, "screenshot": SCREENSHOT}
ROWS = {"receipt": ("items", ("description", "quantity", "amount")), "invoice": ("line_items", ("description", "quantity", "unit_price", "line_total"))}
# Words of the schema rather than of the page.
WORDED = ("kind", "status")


def dump(kind: str, values: dict[str, str | None], rows: list[list[str | None]]) -> str:
    content: dict = {field: values.get(field) for field in FIELDS[kind]}
    if kind in ROWS:
        content[ROWS[kind][0]] = rows
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
