"""Screens that confirm a payment, a transfer, an order or a refund."""

from . import names, truth, values
from .fonts import FontBook, bold
from .page import Content, Document, Page, Text, Value, plain
from .values import COUNTRIES, decimal

COLUMN = 384
_APPS = (
    "PayQuick,SwiftPay,MoneyBee,BankOne,Zippo Pay,Orchid Bank,TransferGo,KiteCash,ShopNest,Cartwheel,FoodDash,RideNow,BlueBank,"
    "GreenLeaf Bank,UniPay,Paylane,eCashly,Tandem,Northbank,Marketly"
).split(",")

_HEADLINES = {
    "payment": ["Payment {}", "Payment {}", "Your payment is {}", "Payment status: {}", "{}"],
    "transfer": ["Transfer {}", "Transfer {}", "Bank transfer {}", "Your transfer is {}", "{}"],
    "order": ["Order {}", "Order {}", "Your order is {}", "Purchase {}"],
    "refund": ["Refund {}", "Refund {}", "Your refund is {}"],
}
_STATUS_WORDS = {
    "successful": ["successful", "Successful", "SUCCESSFUL", "success"],
    "completed": ["completed", "Completed", "complete"],
    "pending": ["pending", "Pending", "PENDING"],
    "failed": ["failed", "Failed", "FAILED"],
    "cancelled": ["cancelled", "Cancelled", "canceled"],
}
_WHO = {
    "payment": ["Paid to", "Merchant", "To", "Payee"],
    "transfer": ["To", "Recipient", "Beneficiary", "Sent to", "Recipient name"],
    "order": ["Seller", "Sold by", "Store", "Shop"],
    "refund": ["From", "Merchant", "Refunded by"],
}
_REFERENCE = ["Reference", "Transaction ID", "Ref. no.", "Order ID", "Reference number", "Transaction no.", "Order number", "Ref", "Confirmation"]
_LAYOUTS, _HELD_OUT_LAYOUTS = ["rows", "rows", "stacked", "mixed", "window"], ["card", "rows"]


def _app(r) -> str:
    if r.random() < 0.25:
        return r.choice(_APPS)
    stem = names.word(r).capitalize()
    return r.choice([f"{stem}Pay", f"{stem} Bank", f"{stem}", f"{stem}{names.word(r).capitalize()}", f"e{stem}", f"{stem} Wallet", f"My{stem}", f"Bank of {stem}", f"{stem}.com"])


def _reference(r) -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    mixed = lambda n: "".join(r.choice(letters + "0123456789") for _ in range(n))
    return r.choice([mixed(r.randint(6, 14)), str(r.randint(10**6, 10**13)), r.choice(letters) + r.choice(letters) + str(r.randint(1000, 10**8)), f"{mixed(4)}-{mixed(4)}-{mixed(4)}", f"#{r.randint(1000, 10**8)}", f"{r.randint(100, 999)}-{r.randint(10**6, 10**7)}"])


def screenshot(r, fonts: FontBook, scale: float = 1.0) -> Document:
    code = values.pick_country(r, ("US", "GB", "MY", "SG", "IN", "AU", "CA", "IE", "DE", "CH", "FR", "NL"))
    country = COUNTRIES[code]
    layout = r.choice(_HELD_OUT_LAYOUTS if fonts.held_out else _LAYOUTS)
    text = Text(fonts.text(r), r.choice([12, 13, 13, 14, 14, 15, 16]), scale)
    page = Page(round(COLUMN * scale * (1.0 if layout != "window" else r.uniform(1.0, 1.25))), ink=r.randint(0, 60), paper=r.randint(236, 255))
    page.inverted = r.random() < 0.22
    kind, status = r.choice(["payment", "payment", "transfer", "order", "refund"]), r.choice(list(_STATUS_WORDS))
    if status == "cancelled" and r.random() < 0.5:
        status = "successful"
    screen = _Screen(r, page, text, layout)
    screen.bar(_app(r))
    money = values.money(r, country)
    if not money.shown or r.random() < 0.3:
        money.symbol = r.choice([f"{country.currency} ", country.symbols[0]])
        money.behind = money.symbol.strip() == country.currency and r.random() < 0.25
    cents = round(100 * r.choice([r.uniform(1, 100), r.uniform(1, 100), r.uniform(10, 2000), r.uniform(1000, 99999)]))
    day, write = values.random_day(r), values.date_writer(r, country)
    form, word = r.choice(_HEADLINES[kind]), r.choice(_STATUS_WORDS[status])
    before, _, after = form.partition("{}")
    headline = form.format(word)
    # A status alone does not tell what it is of: then a row has to.
    named = kind in headline.lower() or kind == "order" and "purchase" in headline.lower()
    big: list[tuple[str, Content]] = [("text", [before, Value("status_word", word), after]), ("amount", _marked(money, cents, country.currency))]
    if r.random() < 0.5:
        big.reverse()
    for what, line in big:
        screen.centred(line, r.choice([16, 17, 18, 20]) if what == "text" else r.choice([20, 22, 24, 26, 30]))
    who = names.company(r, code, "ms" if country.language == "ms" else country.language) if r.random() < 0.6 else names.person(r, country.language)
    date: list[str | Value] = [Value("date", write(day), day.iso)]
    if r.random() < 0.35:
        date.append(r.choice([", ", " ", " at "]) + values.time_of_day(r))
    rows: list[tuple[str, Content]] = [(r.choice(_WHO[kind]), [Value("counterparty", who)]), (r.choice(["Date", "Paid on", "Date & time", "Time", "Transaction date"]), date)]
    has_reference = r.random() < 0.92
    if has_reference:
        rows.append((r.choice(_REFERENCE), [Value("reference", _reference(r))]))
    if not named:
        rows.append(("Type", kind.title()))
    extras = [
        ("Fee", [Value("fee", money.marked(r.choice([0, r.randint(10, 300)])))]), ("Method", [Value("payment_method", r.choice(["VISA", "Debit card", "UPI", "Bank account", "Wallet balance"]))]), ("Status", r.choice(_STATUS_WORDS[status]).title()),
        ("From", [Value("label:From", r.choice([names.person(r), f"Account *{r.randint(1000, 9999)}", "Savings"]))]), ("Note", [Value("label:Note", names.word(r))]), ("Account", [Value("label:Account", f"**** {r.randint(1000, 9999)}")]),
    ]
    if kind == "refund":
        extras = [row for row in extras if row[0] != "From"]
    rows += r.sample(extras, r.randint(0, 3))
    r.shuffle(rows)
    screen.rows(rows)
    screen.button()
    page.height += round(r.uniform(4, 60) * scale)
    # What kind and status are is said in words, not copied.
    said = truth.of_page("screenshot", page) | {"kind": kind, "status": status}
    return Document("screenshot", [page], [said], said)


def _marked(money: values.Money, cents: int, currency: str) -> list[str | Value]:
    amount, mark = Value("amount", money.number(cents), decimal(cents)), money.symbol.strip()
    if not mark:
        return [amount]
    sign = Value("currency", mark, currency)
    return [amount, " ", sign] if money.behind else [sign, money.symbol[len(money.symbol.rstrip()) :], amount]


class _Screen:
    def __init__(self, r, page: Page, text: Text, layout: str):
        self.r, self.page, self.text, self.layout, self.scale = r, page, text, layout, text.scale
        self.face = text.normal
        self.strong = text.at(text.size, bold(text.path)) if r.random() < 0.4 else self.face
        self.pitch = text.size * text.scale * r.uniform(1.6, 2.7)
        self.left = r.uniform(8, 24) * text.scale
        self.right = page.width - self.left
        self.y = 4.0 * text.scale

    def bar(self, app: str) -> None:
        """Clock and battery, then the app's name."""
        r, s, page = self.r, self.scale, self.page
        if self.layout == "window":
            page.box(0, 0, page.width, 30 * s, fill=r.choice([60, 200, 220, 235]))
            for dot in range(3):
                page.box((8 + 16 * dot) * s, 10 * s, (18 + 16 * dot) * s, 20 * s, fill=130, radius=5)
            self.y = 38 * s
        elif r.random() < 0.75:
            small = self.text.at(12)
            page.put(10 * s, self.y, f"{r.randint(0, 23)}:{r.randint(0, 59):02}", small)
            page.put(page.width - 10 * s, self.y, r.choice([f"{r.randint(5, 100)}%", f"5G {r.randint(5, 100)}%", "LTE"]), small, "r")
            self.y += 24 * s
        used = self.text.at(r.choice([15, 16, 18, 20, 22]), bold(self.text.path) if r.random() < 0.5 else None)
        app = used.fit(app, page.width - 40 * s)
        height = used.size + r.uniform(12, 26) * s
        filled = r.random() < 0.6
        if filled:
            page.box(0, self.y, page.width, self.y + height, fill=r.choice([20, 45, 70, 100, 130]))
        align = r.choice("lc")
        page.put(14 * s if align == "l" else page.width / 2, self.y + (height - used.ascent - used.descent) / 2, [Value("app_name", app)], used, align, ink=250 if filled else None)
        self.y += height + r.uniform(8, 34) * s

    def centred(self, line: Content, size: int) -> None:
        used = self.text.at(size, bold(self.text.path) if self.r.random() < 0.5 else None)
        if used.width(plain(line)) > self.page.width - 20:
            used = self.face
        self.page.put(self.page.width / 2, self.y, line, used, "c")
        self.y += used.size * self.r.uniform(1.4, 2.2)

    def rows(self, rows: list[tuple[str, Content]]) -> None:
        r, s, page = self.r, self.scale, self.page
        top = self.y
        rules = r.random() < 0.5
        label_ink = r.choice([None, None, 90, 120])
        colon = r.choice(["", "", "", ":"])
        for label, value in rows:
            width = self.right - self.left
            stacked = self.layout == "stacked" or self.layout == "mixed" and r.random() < 0.5
            label += colon
            room = width if stacked else width - self.face.width(label) - 14 * s
            if not stacked and self.strong.width(plain(value)) > room:
                stacked = True
            if stacked:
                small = self.text.at(max(11, self.text.size - r.choice([0, 2])))
                page.put(self.left, self.y, label, small, ink=label_ink)
                self.y += small.size * 1.35
                page.put(self.left, self.y, value, self.strong)
            else:
                page.put(self.left, self.y, label, self.face, ink=label_ink)
                page.put(self.right, self.y, value, self.strong, "r")
            self.y += self.pitch
            if rules:
                page.rule(self.left, self.y - self.pitch * 0.22, self.right, 205)
        if self.layout == "card":
            page.box(self.left - 6 * s, top - 8 * s, self.right + 6 * s, self.y, line=150, radius=round(10 * s))

    def button(self) -> None:
        r, s, page = self.r, self.scale, self.page
        for _ in range(r.choice([0, 1, 1, 2])):
            self.y += r.uniform(4, 24) * s
            used = self.text.at(15)
            height = 38 * s
            fill = r.choice([30, 60, 90, None])
            page.box(self.left + 12 * s, self.y, self.right - 12 * s, self.y + height, fill=fill, line=120, radius=round(r.choice([2, 8, 18]) * s))
            label = r.choice(["Done", "Share receipt", "Back to home", "Download PDF", "OK", "View details", "Track order", "Need help?", "Repeat"])
            page.put(page.width / 2, self.y + (height - used.ascent - used.descent) / 2, label, used, "c", ink=250 if fill is not None else None)
            self.y += height
