"""An invoice's head: seller, buyer, title and particulars, in rows of columns."""

from . import names, payment, values
from .bills import invoice_number
from .fonts import bold
from .invoice_sheet import Sheet
from .page import Content, Value, fitted
from .shops import digits

# Rows of columns: S(eller), L(ogo), T(itle), B(uyer), M(particulars), W(indow:
# sender line and buyer), R(particulars in a row), H(ship-to), - nothing.
LAYOUTS = ("S|T,B|M", "S|T,B|M", "S|M,T,B", "T|S,B|M", "C,T,B|M", "-|S,W|M,T", "W|S,T,M", "W|S,R,T", "L|S,W|M,T", "S,T,M|B", "T,S|B,R", "T|L,M|B", "L|T,S|B,M", "S|B,T,M", "S|T,R,B|H", "L,S|M,B|H,T", "T,M,B|S", "L|M,W,T", "S,B|M,N", "W|S,N", "L|S,B,N", "S|T,M|B")
HELD_OUT_LAYOUTS = ("T|L,B|S,M", "S|B,R,T", "W|M,L,T", "C,B|M,N")
# What may stand among an invoice's particulars and is none of its fields.
_OTHER_DATES = {
    "en": ["Delivery date", "Order date", "Service date", "Date of supply", "Shipped on", "Print date"], "de": ["Lieferdatum", "Leistungsdatum", "Bestelldatum", "Auftragsdatum", "Liefertermin", "Leistungszeitraum bis"],
    "fr": ["Date de livraison", "Date de commande"], "es": ["Fecha de entrega", "Fecha pedido"], "it": ["Data consegna", "Data ordine"], "nl": ["Leverdatum", "Besteldatum"],
}
_FROM = {"en": " dated ", "de": " vom ", "fr": " du ", "es": " de fecha ", "it": " del ", "nl": " d.d. "}
_TAX_NUMBERS = {"de": ("Steuernummer", "Steuer-Nr.", "St.-Nr.", "StNr"), "fr": ("SIRET", "Siret", "RCS Paris B", "APE"), "en": ("Company No.", "Reg. No.", "Registration", "EIN"), "es": ("Reg. Mercantil",), "it": ("C.F.", "REA"), "nl": ("KvK", "KvK-nummer")}


class Head:
    def __init__(self, sheet: Sheet, layout: str):
        r, bill = sheet.r, sheet.bill
        self.sheet, self.r, self.bill, self.layout = sheet, r, bill, layout
        self.big = sheet.text.at(sheet.text.size + r.choice([0, 0, 2, 4, 6, 8]), bold(sheet.text.path) if r.random() < 0.5 else None)
        self.title = sheet.text.at(r.choice([14, 16, 18, 20, 22, 26, 30]), bold(sheet.text.path) if r.random() < 0.5 else None)
        self.seller_address = names.address(r, bill.code, sheet.language)
        self.buyer_address = names.address(r, bill.code, sheet.language)
        self.vat_at = r.choice(["head", "numbers", "foot", "foot"]) if bill.vat_id else None
        self.buyer_vat_at = r.choice(["buyer", "buyer", "numbers"]) if bill.buyer_vat_id else None
        self.number_in_title = "T" in layout and r.random() < 0.25 or "N" in layout
        self.seller_shown = "S" in layout or "C" in layout
        if not self.seller_shown:
            self.vat_at = bill.vat_id and "foot"
        self.tax_number = r.choice(_TAX_NUMBERS[self._language]) + r.choice([" ", ": "]) + (f"{r.randint(10, 99)}/{digits(r, 3)}/{digits(r, 5)}" if sheet.language == "de" else digits(r, r.choice([8, 9, 14]))) if r.random() < 0.35 else None

    @property
    def _language(self) -> str:
        return self.sheet.language if self.sheet.language in _FROM else "en"

    def vat(self, key: str) -> list[str | Value]:
        number = self.bill.vat_id if key.startswith("seller") else self.bill.buyer_vat_id
        shown = number
        if self.r.random() < 0.08 and number[:2].isalpha():
            shown = f"{number[:2]} {number[2:]}"
        return [self.sheet.words["vat"], self.sheet.colon or " ", Value(key, shown, number)]

    def put(self) -> None:
        sheet, r = self.sheet, self.r
        for row in self.layout.split(","):
            columns, top, bottom = row.split("|"), sheet.y, sheet.y
            middle = sheet.left + sheet.width * (0.5 + r.uniform(0, 0.14) * (len(columns) - 1))
            for at, kind in enumerate(columns):
                sheet.y = top
                x, width = (sheet.left, (middle - sheet.left if len(columns) > 1 else sheet.width) - 8) if at == 0 else (middle, sheet.right - middle)
                self._block(kind, x, width, at > 0)
                bottom = max(bottom, sheet.y)
            sheet.y = bottom + r.uniform(2, 26) * sheet.scale
            if r.random() < 0.1:
                sheet.page.rule(sheet.left, sheet.y, sheet.right, r.choice([None, 150]))
                sheet.y += 4 * sheet.scale

    def _block(self, kind: str, x: float, width: float, second: bool) -> None:
        r = self.r
        {
            "S": lambda: self._seller(x, width, second and r.random() < 0.3), "C": lambda: self._seller(x + width / 2, width, False, "c"), "L": lambda: self._logo(x, width), "T": lambda: self._title(x, width, second and r.random() < 0.5),
            "B": lambda: self._buyer(x, width), "W": lambda: self._window(x, width), "M": lambda: self.sheet.pairs(x, self.particulars(), width), "R": self._row, "H": lambda: self._ship(x, width), "N": self._numbered, "-": lambda: None,
        }[kind]()

    def _seller(self, x: float, width: float, to_right: bool, align: str = "l") -> None:
        sheet, r = self.sheet, self.r
        x, align = (x + width, "r") if to_right else (x, align)
        used = self.big if self.big.width(self.bill.seller) < width else sheet.face
        rows: list[Content] = [[Value("seller_name", self.bill.seller)]]
        if r.random() < 0.1:
            rows.append(names.person(r, sheet.language))
        address = list(self.seller_address)
        if r.random() < 0.2:
            address = [r.choice([" - ", ", ", " · ", " | "]).join(self.seller_address)]
        address = [[Value("seller_address", row, part=part)] for part, row in enumerate(address)]
        rows += address
        if self.vat_at == "head":
            rows.append(self.vat("seller_vat_id"))
        rows += self._contacts()
        sheet.block(x, rows, align, used, width)

    def _contacts(self) -> list[Content]:
        r, word = self.r, names.word(self.r)
        lines: list[Content] = [
            ["Tel. ", Value("phone", digits(r, 8))], [Value("email", f"info@{word}.com")], [Value("website", f"www.{word}.com")], ["Tel: ", Value("phone", f"+{r.randint(1, 99)} {digits(r, 3)} {digits(r, 6)}")],
            ["fon ", Value("phone", f"({digits(r, 3)}) {digits(r, 2)} {digits(r, 2)} -0")], ["Fax ", Value("fax", digits(r, 8))], [Value("website", f"http://www.{word}.de/")],
        ]
        if self.tax_number and r.random() < 0.5:
            lines.insert(0, self.tax_number)
            self.tax_number = None
            return [lines[0], *r.sample(lines[1:], r.choice([0, 1, 2]))]
        return r.sample(lines, r.choice([0, 0, 1, 2, 3]))

    def _logo(self, x: float, width: float) -> None:
        sheet, r, s = self.sheet, self.r, self.sheet.scale
        if r.random() < 0.5:
            half, height = r.uniform(30, 90) * s, r.uniform(24, 60) * s
            sheet.page.box(x, sheet.y, x + 2 * half, sheet.y + height, fill=r.randint(0, 150), radius=r.choice([0, 8, 20]))
            sheet.y += height + 6 * s
            return
        name = self.bill.seller.split()[0] if r.random() < 0.6 else names.word(r).title()
        place: Content = [Value("seller_name~2", name)] if not self.seller_shown and name in self.bill.seller else name
        sheet.block(x, [place], first=self.title, width=width)

    def _title(self, x: float, width: float, to_right: bool) -> None:
        sheet, r = self.sheet, self.r
        content: Content = sheet.words["title"]
        if self.number_in_title:
            content = [content, r.choice([" ", " # ", " Nr. " if sheet.language == "de" else " No. ", ": "]), Value("invoice_number", self.bill.number)]
        sheet.block(x + width if to_right else x, [content], "r" if to_right else "l", self.title if sheet.page.width and self.title.width(str(content)) < width else sheet.strong, width)

    def _numbered(self) -> None:
        """Title, number and date in a line."""
        sheet, r = self.sheet, self.r
        used = r.choice([sheet.strong, self.title, sheet.face])
        line: list[str | Value] = [sheet.words["title"], r.choice([" ", " # ", " Nr. " if sheet.language == "de" else " no. ", ": "]), Value("invoice_number", self.bill.number)]
        line += [_FROM[self._language], Value("issue_date", sheet.write_date(self.bill.day), self.bill.day.iso)]
        sheet.block(sheet.left, [line], first=used if used.width("".join(p if isinstance(p, str) else p.text for p in line)) < sheet.width else sheet.face)
        if "M" not in self.layout and "R" not in self.layout:
            for label, value in self.particulars()[2:]:
                sheet.block(sheet.left, [[label, sheet.colon or " ", *([value] if isinstance(value, str) else value)]])

    def _buyer(self, x: float, width: float) -> None:
        sheet, r = self.sheet, self.r
        label: list[Content] = [sheet.words["to"] + r.choice(["", ":"])] if r.random() < 0.6 else []
        sheet.block(x, [*label, *self._buyer_rows()], first=sheet.strong, width=width)

    def _buyer_rows(self) -> list[Content]:
        r, bill, sheet = self.r, self.bill, self.sheet
        rows: list[Content] = [[Value("buyer_name", bill.buyer)]]
        if r.random() < 0.08:
            rows.insert(0, r.choice({"de": ["Herr", "Frau", "Firma", "An", "Herrn"], "fr": ["Monsieur", "Madame", "Société"], "nl": ["De heer", "T.a.v."]}.get(sheet.language, ["Mr", "Ms", "Messrs", "The Manager"])))
        if r.random() < 0.25:
            prefix = {"en": ["Attn. ", "c/o ", "", "Contact: "], "de": ["z. Hd. ", "Herr ", "Frau ", "", "Abt. Einkauf, "]}.get(sheet.language, [""])
            rows.append(r.choice(prefix) + names.person(r, sheet.language))
        rows += [[Value("buyer_address", row, part=part)] for part, row in enumerate(self.buyer_address)]
        if r.random() < 0.15:
            rows.append({"de": "Deutschland", "en": "United Kingdom", "fr": "France", "nl": "Nederland", "it": "Italia", "es": "España"}.get(sheet.language, "Malaysia"))
        if r.random() < 0.1:
            rows.append(f"{names.word(r)}@{names.word(r)}.com")
        if self.buyer_vat_at == "buyer":
            rows.append(self.vat("buyer_vat_id"))
        return rows

    def _window(self, x: float, width: float) -> None:
        """The seller once more, small, above the buyer in an envelope's window."""
        sheet, r = self.sheet, self.r
        sheet.y += r.uniform(0, 30) * sheet.scale
        joint = r.choice([" - ", ", ", " · ", " ● ", " | "])
        sheet.block(x, [[Value("seller_name~1", self.bill.seller), joint, joint.join(self.seller_address)]], width=width + 20, used=sheet.small)
        sheet.y += r.uniform(0, 14) * sheet.scale
        sheet.block(x, self._buyer_rows(), width=width)

    def _ship(self, x: float, width: float) -> None:
        sheet, r = self.sheet, self.r
        other = self.bill.buyer if r.random() < 0.5 else names.company(r, self.bill.code, sheet.language)
        sheet.block(x, [sheet.words["ship"], other, *names.address(r, self.bill.code, sheet.language)], first=sheet.strong, width=width)

    def _row(self) -> None:
        """Labels in one line, values under them; as many rows as are needed."""
        sheet, rows = self.sheet, self.particulars()
        for start in range(0, len(rows), 4):
            part = rows[start : start + 4]
            step = sheet.width / len(part)
            for index, (label, value) in enumerate(part):
                x = sheet.left + index * step
                sheet.page.put(x, sheet.y, fitted(label, sheet.face, step - 6), sheet.face)
                sheet.page.put(x, sheet.y + sheet.pitch, fitted(value, sheet.face, step - 4), sheet.face)
            sheet.y += 2.2 * sheet.pitch

    def particulars(self) -> list[tuple[str, Content]]:
        """Labels and values of the document's numbers: number and date first."""
        r, bill, sheet, w = self.r, self.bill, self.sheet, self.sheet.words
        rows: list[tuple[str, Content]] = [(w["number"], [Value("invoice_number", bill.number)]), (w["date"], [Value("issue_date", sheet.write_date(bill.day), bill.day.iso)])]
        if "N" in self.layout and "M" in self.layout or self.number_in_title and "N" not in self.layout and r.random() < 0.6:
            rows = rows[1:] if "N" not in self.layout else []
        if bill.due and not bill.due_in_sentence:
            rows.append((w["due"], [Value("due_date", sheet.write_date(bill.due), bill.due.iso)]))
        for label in r.sample(w["ref"], min(len(w["ref"]), r.choice([0, 1, 1, 2, 3]))):
            rows.append((label, [Value(f"label:{label}", r.choice([digits(r, r.choice([1, 3, 5, 6])), invoice_number(r), names.word(r).upper(), names.person(r, sheet.language)]))]))
        if r.random() < 0.3:
            day = values.later(bill.day, r.choice([1, 2, 5]))
            label = r.choice(_OTHER_DATES[self._language])
            rows.append((label, [Value(f"label:{label}", sheet.write_date(day))]))
        if self.vat_at == "numbers":
            label, _, value = self.vat("seller_vat_id")
            rows.append((label, [value]))
        if self.buyer_vat_at == "numbers":
            rows.append((r.choice(payment.WORDS[sheet.language]["buyer_vat"]), [Value("buyer_vat_id", bill.buyer_vat_id)]))
        if self.tax_number and r.random() < 0.4:
            rows.append(tuple(self.tax_number.split(": ", 1)) if ": " in self.tax_number else ("Ref", self.tax_number))
            self.tax_number = None
        if r.random() < 0.15:
            rows.append(({"de": "Ansprechpartner", "fr": "Contact", "en": "Sales contact"}.get(sheet.language, "Contact"), [Value("contact", names.person(r, sheet.language))]))
        if r.random() < 0.1 and not sheet.money.everywhere:
            rows.append(({"de": "Währung", "fr": "Devise"}.get(sheet.language, "Currency"), [Value("currency~1", sheet.country.currency, sheet.country.currency)]))
        if r.random() < 0.3 and "N" not in self.layout:
            r.shuffle(rows)
        return rows


def layout(r, held_out: bool) -> str:
    return r.choice(HELD_OUT_LAYOUTS if held_out else LAYOUTS)
