"""A receipt's head: captions, logo, name, numbers, address; then title, date,
numbers and staff."""

from . import names, shops, values
from .page import Content, Value, plain, within
from .shops import Shop, digits
from .till import Till


def head(till: Till, shop: Shop, particulars: "Particulars", held_out: bool) -> None:
    r = till.r
    align = r.choice("cccccl")
    if r.random() < 0.2:
        _caption(till)
    if shop.brand:
        _brand(till, shop, align)
    if r.random() < 0.05:
        till.line(_title(till), align)
    top = till.y
    inline = shop.registration is not None and r.random() < 0.25
    if shop.registration and not inline and r.random() < 0.03:
        till.line(within(shops.registration_line(r, shop), "registration", shop.registration), align)
        shop.registration = None
    _name(till, shop, align, inline)
    if r.random() < 0.03:
        particulars.in_head(align)
    if r.random() < 0.07:  # a branch, or a trade name under the legal one
        till.line(r.choice([f"{names.word(r)}-{r.randint(1, 9)}", f"{names.word(r)} {r.choice(['mart', 'branch', 'outlet'])} {names.word(r)}", f"({r.choice(shops.TOWNS)})"]).upper(), align)
    above, below = _around(till, shop, inline)
    if shop.brand and r.random() < 0.12:
        above.append(r.choice(["LICENSEE OF {}", "OWNED BY : {}", "A MEMBER OF {}", "(FORMERLY {})", "FRANCHISEE OF {}"]).format(shop.brand))
    for text in above:
        till.line(text, align)
    _address(till, shop, align)
    if held_out and r.random() < 0.5:
        till.page.box(till.left - 3, top - 3, till.right + 3, till.y + 2, line=till.page.ink)
        till.gap()
    for text in below:
        till.line(text, align)
    till.gap(0.7)
    till.separator(0.4)


def _caption(till: Till) -> None:
    """What a clerk, a scanner or a pen adds; none of it is the merchant."""
    r = till.r
    text = r.choice([names.person(r).lower(), names.person(r, "ms").lower(), digits(r, r.choice([3, 5, 7])), f"{r.randint(1, 31)}/{r.randint(1, 12)}", "COPY", "ORIGINAL", "*** REPRINT ***", r.choice("PRBX"), f"#{r.randint(1, 400)}", "Customer Copy", "WELCOME TO", "Thank you for shopping with us"])
    till.line(text, r.choice("clr"), till.text.at(till.text.size + r.choice([0, 3])))
    till.gap()


def _brand(till: Till, shop: Shop, align: str) -> None:
    r, s = till.r, till.scale
    kind = r.choice(["word", "word", "box", "branch"])
    if kind == "box":
        half, height = r.uniform(24, 100) * s, r.uniform(24, 60) * s
        centre = till.page.width / 2
        till.page.box(centre - half, till.y, centre + half, till.y + height, fill=r.randint(0, 120), radius=r.choice([2, 12]))
        used = till.text.at(min(22, height / s * 0.5))
        till.page.put(centre, till.y + height * 0.2, used.fit(shop.brand, 2 * half - 8), used, "c", ink=250)
        till.y += height + r.uniform(2, 12) * s
        return
    text = shop.brand if kind == "word" else f"{shop.brand}{r.choice(['-', ' - ', ' @ ', ' '])}{names.word(r).upper()}"
    used = till.text.at(r.choice([till.text.size, till.text.size + 2, 20, 24, 28]))
    for row in till.rows(text, used):
        till.line(row, align, used)
    if r.random() < 0.12:
        till.line(f"{names.word(r)} {names.word(r)} {names.word(r)}".capitalize(), align)  # a slogan


def _name(till: Till, shop: Shop, align: str, inline: bool) -> None:
    r = till.r
    used = till.strong(r.choice([0, 0, 0, 1, 2, 4]))
    rows = till.rows(shop.name, used, r.choice([1, 1, 1, 0.8, 0.6]))
    shop.name = " ".join(rows)
    for part, row in enumerate(rows):
        value = Value("merchant_name", row, part=part, typed=shop.name if part == 0 else "")
        tail = f"{r.choice([' ', ' ', ''])}({shop.registration})" if inline and part == len(rows) - 1 else ""
        till.line([value, tail] if tail and used.width(row + tail) < till.width else [value], align, used)


def _around(till: Till, shop: Shop, inline: bool) -> tuple[list[Content], list[Content]]:
    """Lines above and below the address."""
    r = till.r
    above: list[Content] = []
    below: list[Content] = []
    place = lambda share: above if r.random() < share else below
    if shop.registration and not inline and r.random() < 0.85:
        place(0.75).append(within(shops.registration_line(r, shop), "registration", shop.registration))
    if shop.tax_number and r.random() < 0.85:
        place(0.25).append(within(shops.tax_line(r, shop), "tax_number", shop.tax_number))
    if r.random() < 0.6:
        place(0.06).extend(shops.phone_lines(r, shop.code))
    if r.random() < 0.15:
        below.append(shops.web_line(r))
    if r.random() < 0.06:
        below.append(r.choice([f"({r.choice(['KEPONG', 'IOI PUCHONG', names.word(r).upper()])})", "SHOPPING HOURS", "SUN - THU: 1000 HRS - 2200 HRS", "OPEN DAILY 8AM-10PM", f"Branch: {names.word(r).title()}", f"Outlet {r.randint(1, 99)}"]))
    if r.random() < 0.3:
        r.shuffle(below)
    return above, below


def _address(till: Till, shop: Shop, align: str) -> None:
    rows = [row for line in shop.address for row in till.rows(line)]
    label = till.r.choice(["Address : ", "Alamat: ", "ADDR:"]) if rows and till.r.random() < 0.03 else ""
    whole = " ".join(rows)
    for part, row in enumerate(rows):
        value = Value("merchant_address", row, part=part, typed=whole if part == 0 else "")
        tail: list[str | Value] = []
        if part == len(rows) - 1 and till.r.random() < 0.05:  # the telephone in the same line
            blank = till.r.choice([" ", ", ", "  "])
            tail = [blank, *shops.phone_lines(till.r, shop.code)[0]]
            tail = tail if till.face.width(row + plain(tail)) < till.width else []
        till.line([label, value] if label and part == 0 else [value, *tail], align)


def _title(till: Till) -> str:
    text = till.word("title")
    return till.r.choice([text, text, text, f"-{text}-", f"* {text} *", f"** {text} **", text.upper(), " ".join(text) if len(text) < 9 else text])


class Particulars:
    """The lines between head and items, or a part of them under the totals."""

    def __init__(self, till: Till):
        self.till, self.r = till, till.r
        self.day = values.random_day(self.r)
        self.date = till.write_date(self.day)
        self.has_date = self.r.random() < 0.96
        self.date_at_foot = self.r.random() < 0.22

    def value(self, place: int = 0) -> Value:
        return Value("date" if not place else f"date~{place}", self.date, self.day.iso)

    def put(self) -> None:
        till, r = self.till, self.r
        if r.random() < 0.6:
            used = till.strong(r.choice([0, 0, 2, 4]))
            till.line(_title(till), r.choice("ccccl"), used)
            if r.random() < 0.3:
                till.gap()
        lines = [self._number] + ([self._dated] if self.has_date and not self.date_at_foot else [])
        lines += r.sample([self._staff, self._place, self._second_number, self._place, self._remark, self._bill_to], r.choice([0, 1, 1, 2, 2, 3]))
        if r.random() < 0.6:
            r.shuffle(lines)
        for put in lines:
            put()
        till.gap(0.5)

    def in_head(self, align: str) -> None:
        """The date right under the name."""
        if self.has_date:
            self.till.line([self.value(), " ", Value("time", self.till.time())], align)
            self.has_date = False

    def at_foot(self) -> None:
        if self.has_date and self.date_at_foot:
            self._dated()
        elif self.has_date and self.r.random() < 0.12:
            self.till.line(["Closed: " if self.r.random() < 0.5 else "Printed on ", self.value(1), " ", Value("time~1", self.till.time())])

    def _dated(self) -> None:
        till, r, date = self.till, self.r, self.value()
        label, time = till.word("date").rstrip(": "), Value("time", till.time())
        clock = r.choice(["Time", "TIME", "Masa", "Tm"]) if till.code in ("MY", "SG") else r.choice(["Time", "Zeit", "Uhrzeit"]) if till.country.language == "de" else r.choice(["Time", "Heure", "Hora", "Ora", "Tijd"])
        extra = r.choice([f"SLIP NO. : {digits(r, 10)}", f"SH{r.randint(1, 9):02} ZJ{r.randint(10, 99)} T1 R{digits(r, 9)}", f"{digits(r, 4)} {digits(r, 3)} {digits(r, 7)}", f"#{r.randint(1, 99)}", f"T{r.randint(1, 9)}", f"POS{r.randint(1, 20)}"])
        kind = r.choices(range(17), [10, 8, 8, 5, 4, 6, 3, 3, 2, 3, 2, 2, 2, 2, 2, 2, 2])[0]
        if kind == 0:
            till.line([label, till.colon, date])
        elif kind == 1:
            till.line([label, till.colon, date, r.choice([" ", "  "]), time])
        elif kind == 2:
            till.line([date, r.choice([" ", " ", "  ", " - "]), time], r.choice("llcr"))
        elif kind == 3:
            till.line([label, till.colon, date, r.choice(["  ", "   ", " "]), clock, till.colon, time])
        elif kind == 4:
            till.pair([label, till.colon, date], [clock, till.colon, time])
        elif kind == 5:  # a column of labels
            till.cells([(0, "l", label), (r.uniform(0.22, 0.36), "l", [": ", date, *([] if r.random() < 0.4 else [" ", time])])])
        elif kind == 6:
            till.line([date, " ", time, " ", extra])
        elif kind == 7:
            till.line([f"{till.word('number')}{till.colon}{digits(r, r.choice([4, 6, 8]))} ", date, " ", time])
        elif kind == 8:  # heads above values
            till.cells([(0, "l", label.upper()), (0.3, "l", clock.upper()), (0.55, "l", "BRANCH"), (0.85, "l", "POS")])
            till.cells([(0, "l", [date]), (0.3, "l", [time]), (0.55, "l", digits(r, 4)), (0.85, "l", str(r.randint(1, 9)))])
        elif kind == 9:
            till.pair([date], [time])
        elif kind == 10:
            till.line([f"ORD #{r.randint(1, 99)} -REG #{r.randint(1, 20)}- ", date, " ", time])
        elif kind == 11:
            till.line([time, " ", date])
        elif kind == 12:
            till.cells([(0, "l", label), (0.3, "l", [":"]), (0.36, "l", [date]), (0.75, "l", [time])])
        elif kind == 13:
            till.cells([(0, "l", [time]), (0.42, "l", digits(r, 6)), (1, "r", [date])])
        elif kind == 14:
            till.pair(f"{_title(till)} : {digits(r, 8)}", [date])
            till.pair(f"{till.word('staff')}{till.colon}{names.word(r).upper()}", [time])
        elif kind == 15:  # the date without a label, a number beside it
            till.pair([date], f"{r.choice(['No', 'Inv', 'Bill', 'Ref', '#'])}{r.choice([' :', ': ', '.'])}{r.choice(['CS-', '', 'A', 'T'])}{digits(r, 5)}")
        else:
            till.line([label])
            till.line([date, " ", time])

    def _number(self) -> None:
        till, r = self.till, self.r
        number = r.choice([digits(r, r.choice([3, 4, 5, 6, 7])), f"CS{digits(r, 8)}", f"{''.join(r.choices('ABCDIRSV', k=r.choice([1, 2, 3])))}{r.choice(['-', '', '/', '0'])}{digits(r, r.choice([4, 6]))}", f"{r.randint(1, 99):03}-{digits(r, 6)}", f"V001-{digits(r, 6)}", digits(r, 14), f"{digits(r, 4)}/{digits(r, 5)}", f"CS-SA-{digits(r, 7)}"])
        label = till.word("number")
        kind = r.random()
        value = Value("receipt_number", number)
        if kind < 0.25 and self.has_date and not self.date_at_foot and r.random() < 0.5:
            till.pair([label, till.colon, value], [till.word("date").rstrip(": "), till.colon, self.value(3)])
        elif kind < 0.6:
            till.line([label, till.colon, value])
        elif kind < 0.85:
            till.cells([(0, "l", label), (r.uniform(0.25, 0.38), "l", [": ", value])])
        else:
            till.pair([label, till.colon, value], f"{till.word('till')}{till.colon}{r.randint(1, 30)}")

    def _second_number(self) -> None:
        r = self.r
        self.till.line(f"{r.choice(['TRANS', 'Order', 'ORDER#', 'Ref', 'Chk', 'TRN', 'Slip No', 'Q NO', 'Job No', 'POS No.'])}{self.till.colon}{digits(r, r.choice([2, 4, 6]))}")

    def _staff(self) -> None:
        till, r = self.till, self.r
        who = r.choice([names.person(r, till.country.language).split()[0], names.person(r, "ms"), "ADMIN", "CASHIER", "USER", f"{r.randint(1, 99):02}", f"{names.word(r).title()}", "ADMINISTRATOR", "Manager"])
        text = [till.word("staff"), till.colon, Value("cashier", who)]
        if r.random() < 0.3:
            till.pair(text, f"{till.word('till')}{till.colon}{r.randint(1, 30)}")
        else:
            till.line(text)

    def _place(self) -> None:
        till, r = self.till, self.r
        text = f"{till.word('till')}{till.colon}{r.choice([r.randint(1, 40), f'{r.randint(1, 20):02}', f'A{r.randint(1, 9)}'])}"
        if till.code in ("MY", "SG", "IN") and r.random() < 0.5:
            till.pair(text, f"{r.choice(['PAX', 'Pax', 'Pax(s)', 'Cover', 'PAX(S)'])}{till.colon}{r.randint(0, 12)}")
        else:
            till.line(text)

    def _remark(self) -> None:
        r = self.r
        self.till.line(r.choice(["DINE IN", "Take Away", "TAKEAWAY", "EAT IN", "CASH SALES", "CASH", "*** ORIGINAL ***", "Walk-in customer", "CARRY OUT NOW", "SALES", "Member : -", "NO. OF GUEST : 2", "CASH BILL"]), r.choice("lc"))

    def _bill_to(self) -> None:
        """A customer; not the merchant."""
        till, r = self.till, self.r
        if till.code not in ("MY", "SG", "DE", "US") or r.random() < 0.6:
            return
        till.line(r.choice(["BILL TO :", "TO:", "Customer :", "M/S :", "SOLD TO:"]))
        till.line([Value("buyer_name", shops.asian_company(r) if till.code in ("MY", "SG") else names.company(r, till.code, till.country.language))])
        for line in (shops.malaysian_address(r) if till.code in ("MY", "SG") else names.address(r, till.code, till.country.language))[: r.choice([0, 1, 3])]:
            till.line(line)
