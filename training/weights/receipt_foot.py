"""Under the items: totals of several kinds, payment, tax tables, thanks."""

from . import names, values
from .fonts import bold
from .page import Content, Value
from .sale import Sale
from .shops import digits
from .till import Till


class Totals:
    """Labels down the left, amounts at the right edge."""

    def __init__(self, till: Till, sale: Sale):
        r = till.r
        self.till, self.r, self.sale = till, r, sale
        self.left = till.left if r.random() < 0.75 else till.left + till.width * r.uniform(0.1, 0.3)
        self.colon = r.choice(["", "", "", ":", " :"])
        self.middle = r.random() < 0.12  # the sign between label and amount
        self.tax_name = r.choice(till.country.tax_names)
        rate = f"{sale.rate}%" if sale.rate else "0%"
        self.rate = rate.replace(".", ",") if till.money.comma else rate
        self.malaysian = till.code in ("MY", "SG")

    def counted(self, label: str, cents: int, key: str | None) -> None:
        """A count to the left, the sum to the right of one line."""
        till, r = self.till, self.r
        count = f"{r.choice(['TOTAL QTY', 'QTY', 'ITEM', 'TYPE', 'Item(s)'])}{r.choice([':', ' : ', ': '])}{sum(int(item.count) for item in self.sale.items)}"
        till.page.put(till.left, till.y, count, till.face)
        till.pair(label + self.colon, till.amount(cents, key, False), left=till.left + max(till.width * 0.42, till.face.width(count) + till.text.size))

    def row(self, label: Content, cents: int, key: str | None = None, used=None, sign: bool | None = None) -> None:
        till = self.till
        if self.middle and till.money.shown and not till.money.behind:
            mark = Value("currency" if key == "total" else "currency~2", till.money.symbol.strip(), till.country.currency)
            amount = till.amount(cents, key, sign=False)
            till.pair([*_pieces(label), self.colon], amount, used, self.left, middle=[mark])
            return
        till.pair([*_pieces(label), self.colon], till.amount(cents, key, sign), used, self.left)

    def put(self) -> None:
        sale, r, till = self.sale, self.r, self.till
        before_tax = sale.subtotal - sale.discount + sale.service
        if sale.rate and not sale.service and not sale.discount and r.random() < 0.08:
            self._sums_by_rate()
            return
        if self.malaysian and sale.rate and not sale.service and r.random() < 0.3:
            self._gst_block(before_tax - sale.tax if sale.included else before_tax)
            return
        more = bool(sale.tax and not sale.included or sale.discount or sale.service)
        if more and r.random() < 0.93 or r.random() < 0.42:
            (self.counted if r.random() < 0.08 else self.row)(self._label("subtotal"), sale.subtotal, "subtotal")
        if sale.discount or self.malaysian and r.random() < 0.08:
            self.row(till.word("discount"), -sale.discount if sale.discount and r.random() < 0.7 else sale.discount, "discount")
        if sale.service or self.malaysian and r.random() < 0.06:
            self.row(till.word("service"), sale.service, "service")
        if self.malaysian and sale.rate and not sale.included and r.random() < 0.6:
            self.row(r.choice(["TOTAL EXCL. GST", "Total (Excluding GST)", "TOTAL SALES (EXCLUDING GST)", "Total Excl. of GST", "TAXABLE AMOUNT"]), before_tax, None if sale.discount or sale.service else "subtotal~1")
        if sale.rate and not sale.included:
            self.row(self._tax_label(), sale.tax, "tax")
        elif sale.rate and self.malaysian and r.random() < 0.25:
            self.row(r.choice(["TOTAL (EXCLUDING GST)", "TOTAL EXCL.OF GST", "Total Sales (Excluding GST)", "Total Excl. GST"]), before_tax - sale.tax)
            self.row(r.choice([f"GST PAYABLE ({self.rate})", "GST PAYABLE", "TOTAL GST", "Total Tax", f"GST {self.rate}"]), sale.tax, "tax")
        self._final()
        if sale.rate and sale.included:
            self._included()

    def _gst_block(self, net: int) -> None:
        """Every sum with its name, whether it is zero or not."""
        sale, r = self.sale, self.r
        exact = sale.total - sale.rounding
        style = (lambda text: text.upper()) if r.random() < 0.3 else (lambda text: text)
        of_net, gross = r.choice([("Total Sales (Excluding GST)", "Total Sales (Inclusive of GST)"), ("Total Excl. GST", "Total Incl. GST"), ("Total (Excluding GST)", "Total (Including GST)"), ("Sales excl. tax", "Total Amt Incl. GST @ 6%"), ("Total Excluding Tax", "Total Payable Incl. Tax"), ("Subtotal (Exclude GST)", "Total (Include GST)")])
        if r.random() < 0.4:
            self.counted(style(r.choice(["Total Qty", "Total"])), exact, "total~4" if not sale.rounding else None)
        self.row(style(of_net), net, None if sale.discount or sale.included else "subtotal")
        if sale.discount or r.random() < 0.5:
            self.row(style("Discount"), sale.discount, "discount")
        self.row(style(r.choice(["Total GST", "GST", f"GST {self.rate}", "Total Tax", f"Add GST @ {self.rate}"])), sale.tax, "tax")
        if sale.rounding or r.random() < 0.6:
            self.row(style(r.choice(["Rounding", "Rounding Adj", "Rounding Adjustment"])), sale.rounding, "rounding")
        self._total(style(gross), self.till.face if r.random() < 0.6 else self.till.text.at(self.till.text.size + 2, bold(self.till.path)))

    def _sums_by_rate(self) -> None:
        """Sums of goods without tax and of taxed goods; only the last is to be paid."""
        sale, r = self.sale, self.r
        free = 0
        if len(sale.items) > 1 and r.random() < 0.7:
            free = sum(item.amount for item in r.sample(sale.items, r.randint(1, len(sale.items) - 1)))
            sale.included = False
            sale.tax = values.share(sale.subtotal - free, sale.rate)
            if sale.rounding:
                sale.rounding = round((sale.total - sale.rounding) / 5) * 5 - (sale.total - sale.rounding)
        gross = sale.total - sale.rounding - free
        name, goods = self.tax_name, r.choice(["supplies", "supplies", "goods", "items", "sales", "rated"])
        excluded, included = r.choice([("excl.", "incl."), ("excl. ", "Inc. "), ("before ", "with "), ("w/o ", "incl ")])
        rows: list[tuple[str, int, str | None]] = [
            (f"Total {self.rate} {goods} ({excluded}{name})", gross - sale.tax, None),
            (r.choice([name, f"{name} {self.rate}", f"Total {name}"]), sale.tax, "tax"),
            (f"Total {self.rate} {goods} ({included}{name})", gross, None if free or sale.rounding else "total~4"),
        ]
        if free or r.random() < 0.4:
            rows.insert(r.choice([0, 3]), (f"Total 0% {goods}", free, None))
        for label, cents, key in rows:
            self.row(label, cents, key)
        if sale.rounding:
            self.row("Rounding", sale.rounding, "rounding")
        self._total(r.choice(["Total Payable", "Amount payable", "Grand Total", "Total Due", "TOTAL", "Total to pay"]), self.till.face)

    def _label(self, kind: str) -> str:
        text = self.till.word(kind)
        return text.upper() if self.till.upper else text

    def _tax_label(self) -> str:
        name, rate = self.tax_name, self.rate
        return self.r.choice([f"{name} {rate}", f"{name} ({rate})", name, f"{name} @ {rate}", f"{rate} {name}", f"ADD {name} {rate}", f"TOTAL {name}", f"{name} @{rate}"])

    def _final(self) -> None:
        """One total or several: before and after rounding, the last is to be paid."""
        sale, r, till = self.sale, self.r, self.till
        label = self._label("total")
        used = till.text.at(till.text.size + r.choice([0, 0, 0, 2, 3, 5]), bold(till.path) if r.random() < 0.5 else None)
        exact = sale.total - sale.rounding
        if sale.rounding or self.malaysian and r.random() < 0.35:
            if r.random() < 0.65:
                self.row(r.choice(["Total", "TOTAL", "TOTAL INCL. GST", "TOTAL (INCLUSIVE OF GST)", "Total Incl. GST", "Total Sales (Inclusive of GST)", "TOTAL SALES INCLUSIVE GST @6%", "Total Before Rounding", "TOTAL AMOUNT", "Amount Due", "BILL TOTAL"]), exact, None if sale.rounding else "total~4")
            self.row(r.choice(["Rounding", "Rounding Adj", "ROUNDING", "ROUNDING ADJ", "Rounding Adjustment", "ROUNDING ADJUSTMENT", "Round Adj", "ROUND ADJ", "Rounding :", "5 Cents Rounding"]), sale.rounding, "rounding")
            if r.random() < 0.6:
                label = r.choice(["TOTAL", "Total", "FINAL TOTAL", "NETT TOTAL", "NET TOTAL", "TOTAL ROUNDED", "Rounded Total", "Rounded Total (RM)", "TOTAL AMT ROUNDED", "TOTAL AFTER ADJ INCL GST", "Total Payable", "GRAND TOTAL", "TOTAL AMOUNT", "Total Due", "TOTAL (RM)", "AMOUNT PAYABLE", "Total Sales (Inclusive of GST)"])
        elif self.malaysian and r.random() < 0.2:
            self.row(r.choice(["TOTAL (INCLUSIVE OF GST)", "TOTAL SALES INCL GST", "TOTAL INCL.OF GST", "Total Incl. GST"]), exact, "total~4")
        till.separator(0.2)
        self._total(label, used)
        if r.random() < 0.06:
            self.row(r.choice([f"TOTAL {till.country.currency}", "AMOUNT DUE", "BALANCE DUE", "Nett Amount"]), sale.total, "total~1")
        till.separator(0.25)

    def _total(self, label: str, used) -> None:
        sale, r, till = self.sale, self.r, self.till
        sign = Value("currency", r.choice([till.country.currency, till.country.symbols[0].strip() or till.country.currency]), till.country.currency)
        kind = r.random()
        if not till.money.everywhere and kind < 0.3:
            beside: Content = [label, *r.choice([[" ", sign], [" (", sign, ")"], [":", sign], [" ", sign, ":"], [" ", sign]])]
            amount: Content = [Value("total", till.money.number(sale.total), values.decimal(sale.total))]
            if used.width("".join(p if isinstance(p, str) else p.text for p in [*beside, "  ", *amount])) > till.right - self.left:
                used = till.face
            till.pair(beside, amount, used, self.left)
        elif kind < 0.36:  # not at the right edge
            till.line([label, till.colon, *till.amount(sale.total, "total", sign=True)], used=used)
        elif kind < 0.4:
            till.line(label, "c", used)
            till.line(till.amount(sale.total, "total", sign=True), "c", used)
        else:
            if used.width(label + till.money.marked(sale.total)) > till.right - self.left - till.text.size:
                used = till.face
            self.row(label, sale.total, "total", used, sign=True if r.random() < 0.85 else None)

    def _included(self) -> None:
        sale, r, till = self.sale, self.r, self.till
        name, rate = self.tax_name, self.rate
        word = till.word("included")
        if r.random() < 0.4:
            label = r.choice([f"{word} {name} {rate}", f"{name} {rate} {word}", f"{name} {rate}", f"TOTAL INCLUDES {rate} {name}" if till.country.language in ("en", "ms") else f"{word} {name}", f"{name} @{rate} INCLUDED IN TOTAL" if self.malaysian else f"{name} {rate}", f"*{rate} {name} INCLUDED" if self.malaysian else f"{word} {rate} {name}"])
            self.row(label, sale.tax, "tax")


def _pieces(label: Content) -> list[str | Value]:
    return [label] if isinstance(label, str) else label


def payment(till: Till, sale: Sale, totals: Totals) -> None:
    r = till.r
    kind = r.choices(["none", "cash", "card", "card amount", "slip"], [2, 6, 2, 2, 1])[0]
    if kind == "cash":
        note = r.choice([100, 500, 1000, 5000, 5000])
        paid = -(-sale.total // note) * note
        exact = paid == sale.total
        totals.row([Value("payment_method", till.word("cash")), r.choice(["", "", " TENDERED" if till.code == "MY" else ""])], -paid if r.random() < 0.02 else paid, "total~3" if exact else "paid")
        if not exact or r.random() < 0.7:
            totals.row(till.word("change"), paid - sale.total, "change")
    elif kind == "card":
        till.line([Value("payment_method", r.choice(till.words["card"])), r.choice([" ****", " XXXX", " #", " ************", " XXXXXXXXXXXX"]) + digits(r, 4)])
    elif kind == "card amount":
        totals.row([Value("payment_method", r.choice(till.words["card"]))], sale.total, "total~3")
        if r.random() < 0.3:
            till.line(r.choice(["AUTH CODE ", "Approval: ", "Auth ", "APPR CODE : "]) + digits(r, 6))
    elif kind == "slip":
        _slip(till, sale)


def _slip(till: Till, sale: Sale) -> None:
    """A card terminal's slip behind the receipt; maybe with room for a tip."""
    r = till.r
    till.gap()
    lines: list[Content] = [f"TERMINAL ID {digits(r, 8)}", f"CARD NO : ************{digits(r, 4)}", f"APPR CODE: {digits(r, 6)}", f"AID: A0000000{digits(r, 6)}", f"BATCH {digits(r, 5)}  TRACE {digits(r, 6)}", "NO SIGNATURE REQUIRED", "CONTACTLESS", "CUSTOMER COPY"]
    for line in r.sample(lines, r.choice([2, 3, 4])):
        till.line(line)
    till.pair(r.choice(["AMOUNT", "SALE", "PURCHASE"]), till.amount(sale.total, "total~3"))
    if till.code in ("US", "CA") and r.random() < 0.6:
        till.line("TIP: ________")
        till.line("TOTAL: ________")


def tax_table(till: Till, sale: Sale, totals: Totals) -> None:
    r = till.r
    if not sale.rate or r.random() > (0.55 if till.code == "MY" else 0.25):
        return
    till.gap()
    # A receipt rounds first and taxes what was to be paid before.
    net = (sale.subtotal - sale.discount + sale.service) - (sale.tax if sale.included else 0)
    key = "tax~2"
    amount = lambda cents, k=None: [Value(k, till.money.number(cents), values.decimal(cents))] if k else till.money.number(cents)
    if till.code == "MY":
        sign = r.choice(["(RM)", "(RM)", " (RM)", "", "(MYR)"])
        if r.random() < 0.6:
            till.cells([(0, "l", r.choice(["GST SUMMARY", "GST Summary", "Tax Summary", "TAX CODE", "GST Analysis"])), (0.7, "r", f"AMOUNT{sign}"), (1, "r", f"TAX{sign}")])
        else:
            till.line(r.choice(["GST SUMMARY", "GST Summary"]), r.choice("lc"))
            till.cells([(0, "l", r.choice(["CODE", "TAX CODE", "Tax"])), (0.4, "r", "%"), (0.7, "r", f"AMOUNT{sign}"), (1, "r", f"TAX{sign}")])
        letter = r.choice(["SR", "SR", "S", "T", "S6", "SR=GST"])
        till.cells([(0, "l", r.choice([f"{letter} (@ {totals.rate})", f"{letter} @ {totals.rate}", f"{letter}", f"{letter} @{totals.rate}"])), (0.7, "r", amount(net)), (1, "r", amount(sale.tax, key))])
        if r.random() < 0.25:
            till.cells([(0, "l", r.choice(["ZRL (@ 0%)", "ZR @ 0%", "Z"])), (0.7, "r", amount(0)), (1, "r", amount(0))])
        if r.random() < 0.45:
            till.cells([(0, "l", r.choice(["TOTAL", "Total", "Total :", "Total:"])), (0.7, "r", amount(net)), (1, "r", amount(sale.tax))])
        return
    language = till.country.language
    heads = {"de": ("MwSt", "Netto", "Steuer", "Brutto"), "fr": ("TVA", "HT", "TVA", "TTC"), "nl": ("BTW%", "Over", "BTW", "Totaal"), "es": ("IVA", "Base", "Cuota", "Total"), "it": ("IVA", "Imponibile", "Imposta", "Totale")}.get(language, ("Rate", "Net", totals.tax_name, "Gross"))
    till.cells([(0, "l", heads[0]), (0.45, "r", heads[1]), (0.72, "r", heads[2]), (1, "r", heads[3])])
    till.cells([(0, "l", r.choice([f"A {totals.rate}", totals.rate, f"{totals.rate} {totals.tax_name}"])), (0.45, "r", amount(net)), (0.72, "r", amount(sale.tax, key)), (1, "r", amount(net + sale.tax))])


def thanks(till: Till) -> None:
    r = till.r
    if r.random() < 0.12:
        points = r.choice(["POINTS EARN : {}", "PREV BALANCE : {}", "MEMBER NO {}", "Loyalty card ***{}", "YOUR SAVINGS FOR TODAY 0.{:.2}", "MISSED POINT TODAY: {}", "Total points: {}"])
        till.line(points.format(digits(r, 4)))
    lines = list(till.words["foot"]) + [f"{names.word(r)} {names.word(r)} {names.word(r)}".upper(), f"www.{names.word(r)}.com", f"POWERED BY {names.word(r).upper()}", "GOODS SOLD ARE NOT RETURNABLE & REFUNDABLE" if till.code == "MY" else "E. & O.E.", "**** THANK YOU ****", digits(r, 24), f"Exchange within {r.randint(3, 30)} days with receipt"]
    for text in r.sample(lines, r.choice([0, 1, 1, 2, 2, 3])):
        till.gap(0.5)
        till.line(text, r.choice("ccl"))
