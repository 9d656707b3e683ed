"""Merchants: names above and below a logo, registration and tax numbers,
addresses, telephones, as receipts print them."""

from dataclasses import dataclass, field

from . import names, values
from .page import Value
from .values import COUNTRIES


@dataclass
class Shop:
    code: str
    name: str  # the legal name where there is one
    brand: str | None = None  # printed above the name, or in its branch line
    registration: str | None = None  # bare, such as 519537-X
    tax_number: str | None = None
    address: list[str] = field(default_factory=list)

    @property
    def language(self) -> str:
        return COUNTRIES[self.code].language


def digits(r, count: int) -> str:
    return str(r.randint(10 ** (count - 1), 10**count - 1))


def shop(r, code: str) -> Shop:
    language = COUNTRIES[code].language
    name = asian_company(r) if code in ("MY", "SG") and r.random() < 0.7 else names.company(r, code, language)
    made = Shop(code, name)
    if r.random() < 0.35:
        made.brand = _brand(r, name)
    if code in ("MY", "SG", "IN") or r.random() < 0.2:
        made.registration = _registration(r)
    if r.random() < 0.75:
        made.tax_number = _tax_number(r, code)
    if r.random() < 0.93:
        made.address = malaysian_address(r) if code == "MY" and r.random() < 0.75 else _varied(r, names.address(r, code, language))
    return made


def _registration(r) -> str:
    letter = r.choice("ABDHKMPTUVWXX")
    return r.choice([f"{digits(r, 6)}-{letter}", f"{digits(r, 6)}-{letter}", f"{digits(r, 7)}-{letter}", f"{digits(r, 5)} {letter}", f"00{digits(r, 7)}-{letter}", f"{digits(r, 6)}{letter}", f"JM0{digits(r, 6)}-{letter}", f"{digits(r, 12)}"])


def _tax_number(r, code: str) -> str:
    country = COUNTRIES[code]
    if code == "MY":
        return f"00{digits(r, 10)}" if r.random() < 0.85 else f"B{digits(r, 2)}-{digits(r, 4)}-{digits(r, 8)}"
    if code == "IN":
        return f"{r.randint(1, 37):02}{''.join(r.choices('ABCDEFGHJKLMNPRST', k=5))}{digits(r, 4)}{r.choice('ABCDEFGH')}1Z{r.choice('0123456789ABCDEFGHJK')}"
    return f"{country.vat_prefix or ''}{digits(r, country.vat_digits)}"


_STEMS = (
    "GOLDEN LUCKY HAPPY UNITED EASTERN SUNRISE GRAND STAR ROYAL GREEN BLUE RED OCEAN DRAGON PHOENIX LOTUS PEARL JADE TIGER LION MEGA SUPER MODERN "
    "CITY FAMILY GLOBAL NATIONAL PRIME ACE BEST TOP FIRST ONE NEW OLD BIG MINI FRESH TASTY KIM SENG HUAT HOCK WAN SHENG LEONG HENG SOON FATT CHUAN "
    "BAHAGIA MAJU JAYA SETIA INDAH MUTIARA PERMATA SINAR CAHAYA HARMONI UTAMA SERI SRI DAMAI WARISAN SELERA PINTAR RIA"
).split()
_SHOP_KINDS = (
    "RESTORAN|RESTAURANT|KEDAI MAKAN|KEDAI PAPAN|KEDAI|PASARAYA|PASARAYA BORONG|PERNIAGAAN|SYARIKAT|PUSAT|KLINIK|FARMASI|BENGKEL|STESEN MINYAK"
).split("|")
_TRADES = (
    "HARDWARE|HARDWARE & MACHINERY|STATIONERY|STATIONERY & BOOKS|BOOK STORE|MINI MARKET|SUPERMARKET|HYPERMARKET|CASH & CARRY|TRADING|ENTERPRISE|FOOD COURT|KOPITIAM|CAFE|COFFEE|BAKERY|"
    "CAKE HOUSE|SEAFOOD|SEAFOOD RESTAURANT|STEAMBOAT|CORNER|FOOD & BEVERAGES|F&B|PHARMACY|HEALTH AND BEAUTY|OPTICAL|ELECTRICAL & LIGHTING|LIGHTROOM GALLERY|FURNITURE|HOME DECO|GIFT & DECO|"
    "GIFTS & TOYS|HANDICRAFT & TAILORING|TEXTILE|FASHION|MOTOR|AUTO PARTS|TYRE & BATTERY|PETROL STATION|SERVICE STATION|MARKETING|DISTRIBUTOR & MARKETING|INDUSTRIES|MANUFACTURING|INTERNATIONAL|"
    "RESOURCES|VENTURES|HOLDINGS|SUPPLIES|PACKAGING|PRINTING|PHOTO|MOBILE|COMPUTER|TELECOMMUNICATION|PARKING|HOTEL|SPA & SALON|LAUNDRY|CAR WASH|FLORIST|PET SHOP|FROZEN FOOD|FRUITS|HERBAL"
).split("|")


def asian_company(r) -> str:
    """Names as Malaysian and Singaporean shops have them."""
    stem = lambda n: " ".join(r.choice(_STEMS) if r.random() < 0.45 else names.word(r).upper() for _ in range(n))
    count = r.choice([1, 1, 2, 2, 2, 3])
    person = names.person(r, "ms").upper().split(" BIN ")[0]
    base = r.choice(
        [
            f"{stem(count)} {r.choice(_TRADES)}", f"{stem(count)} {r.choice(_TRADES)}", f"{stem(count)} {r.choice(_TRADES)}", f"{r.choice(_SHOP_KINDS)} {stem(count)}",
            f"{stem(2)}", f"{stem(1)} & {stem(1)} {r.choice(_TRADES)}", f"{person} {r.choice(_TRADES)}", f"{r.choice(_SHOP_KINDS)} {person}", f"{stem(1)} {r.choice(['N', 'AND', '&'])} {stem(1)}",
            f"{r.randint(1, 101)} {stem(1)} {r.choice(['MART', 'CAFE', 'SPEEDMART', 'KITCHEN'])}", f"{'.'.join(r.choices('ABCDHIJKLMSTY', k=r.choice([2, 3])))}. {stem(1)}", f"{''.join(r.choices('ABCDEGHJKLMPSTUY', k=r.choice([2, 3])))} {r.choice(_TRADES)}",
            f"THE {stem(2)}", f"{stem(1)}'S {r.choice(['PIZZA', 'KITCHEN', 'BAKERY', 'CAFE', 'BURGER'])}",
        ]
    )
    branch = f" ({r.choice([*TOWNS, 'M', 'M', 'M', 'KL', 'JB', 'MALAYSIA', stem(1)])})" if r.random() < 0.22 else ""
    legal = r.choice(["SDN BHD"] * 8 + ["SDN. BHD.", "SDN. BHD.", "SDN.BHD.", "S/B", "BHD", "BHD.", "PTE LTD", "ENTERPRISE", "TRADING", "CO.", "& SONS SDN BHD", "HOLDINGS SDN BHD"])
    name = base + (f"{branch} {legal}" if r.random() < 0.68 else branch)
    if r.random() < 0.2:
        name = name.title().replace("'S", "'s").replace("Sdn Bhd", r.choice(["Sdn Bhd", "SDN BHD", "Sdn. Bhd."]))
    return name if len(name) <= 62 else asian_company(r)


def _brand(r, name: str) -> str:
    """A trade name: part of the legal one, or another."""
    if r.random() < 0.35:
        words = name.split()
        return " ".join(words[: r.choice([1, 2])])
    made = r.choice([names.word(r), f"{names.word(r)} {names.word(r)}", f"{names.word(r)} {r.choice(['mart', 'cafe', 'house', 'store', 'book', 'kitchen'])}", f"{names.word(r)} @ {r.choice(TOWNS)}"])
    return made.upper() if r.random() < 0.6 else made.title()


TOWNS = (
    "JOHOR BAHRU|MASAI|SKUDAI|SHAH ALAM|PETALING JAYA|KLANG|IPOH|TAIPING|SEREMBAN|KAJANG|PUCHONG|BATU PAHAT|MUAR|KULAI|SUBANG JAYA|CHERAS|AMPANG|BANGI|RAWANG|KEPONG|BUTTERWORTH|BANGSAR|KUALA LUMPUR|"
    "PENANG|MELAKA|SETAPAK|SELAYANG|SERI KEMBANGAN|BALAKONG|DENGKIL|SEMENYIH|KUANTAN|KOTA KINABALU|KUCHING|MIRI|ALOR SETAR|SUNGAI BULOH|KUALA SELANGOR|CYBERJAYA|BATU CAVES|PORT KLANG|ULU TIRAM|PASIR GUDANG"
).split("|")
_STATES = (
    "JOHOR|SELANGOR|SELANGOR|SELANGOR DARUL EHSAN|SELANGOR D.E|KEDAH|PERAK|PERAK DARUL RIDZUAN|PULAU PINANG|PENANG|MELAKA|NEGERI SEMBILAN|PAHANG|SABAH|SARAWAK|KUALA LUMPUR|W.P. KUALA LUMPUR|WILAYAH PERSEKUTUAN|JOHOR DARUL TAKZIM|KL|W.P.KUALA LUMPUR, MALAYSIA|KUALA LUMPUR, MALAYSIA|MALAYSIA"
).split("|")


def malaysian_address(r) -> list[str]:
    """One to five lines, cut where the roll ends rather than where parts do."""
    name = lambda: " ".join(r.choice(_STEMS) if r.random() < 0.5 else names.word(r).upper() for _ in range(r.choice([1, 1, 1, 2])))
    n, small = r.randint(1, 399), lambda: r.randint(1, 40)
    number = r.choice(["NO. ", "NO ", "NO.", "NO: ", "LOT ", "LOT. ", "", "", "", "UNIT ", "PT", "G-", "S"]) + r.choice(
        [f"{n}", f"{n}", f"{n}", f"{n}-G", f"{n}A", f"{n}G&{n + 2}G", f"{n}, {n + 2} & {n + 4}", f"{n}-{n + 3}", f"{n}-A & {n}-B", f"{small()}.{small():02}", f"1F-{small():02}&{small():02}", f"B-{small():03}-{small():03}", f"{n}, GROUND FLOOR", f"LG-{small()}"]
    )
    road = f"{r.choice(['JALAN', 'JALAN', 'JALAN', 'JLN', 'JLN', 'JLN.', 'LORONG', 'PERSIARAN', 'LEBUH', 'LINGKARAN', 'OFF JALAN'])} {name()}" + r.choice(
        ["", "", f" {small()}", f" {small()}", f" {small()}/{small()}", f" {small()}/{small()}{r.choice('ABCD')}", f" {r.choice(['SS', 'PJS', 'USJ', 'U', 'BP', 'KPB', 'SG'])} {small()}/{small()}", f" {small()}{r.choice('ABC')}"]
    )
    area = r.choice(
        [f"TAMAN {name()}", f"TAMAN {name()}", f"BANDAR {name()}", f"TMN {name()}", f"{name()} BUSINESS PARK", f"SEKSYEN {small()}", f"SEKSYEN U{small()}", f"KAWASAN PERINDUSTRIAN {name()}", f"{name()} MALL", f"THE {name()} SHOPPING CENTRE", f"MEDAN NIAGA {name()}", f"DESA {name()}", f"KAMPUNG {name()}", f"PLAZA {name()}", f"LEVEL {r.randint(1, 9)}, {name()} MALL", f"BUKIT {name()}", f"TAMAN {name()} {r.randint(1, 9)}"]
    )
    town, code = r.choice(TOWNS), f"{r.randint(10000, 98999)}"
    place = r.choice([f"{code} {town}", f"{code} {town}", f"{code} {town}", f"{town} {code}", f"{code}, {town}", f"{code} {town.replace(' ', '')}"])
    parts = [number + r.choice([", ", ", ", ",", " "]) + road]
    if r.random() < 0.82:
        parts.append(area)
    if r.random() < 0.12:
        parts.insert(r.choice([0, len(parts)]), r.choice([f"GROUND FLOOR", f"LEVEL {r.randint(1, 9)}", f"{r.choice(['1ST', '2ND', '3RD', '1'])} FLOOR", f"WISMA {name()}", f"BANGUNAN {name()}", f"BLOK {r.choice('ABCD')}"]))
    if r.random() < 0.93:
        parts.append(place)
    if r.random() < 0.72:
        parts.append(r.choice(_STATES))
    comma = r.choice([", ", ", ", ", ", ",", " "])
    text = parts[0]
    for part in parts[1:]:
        text += (comma if r.random() < 0.85 else " ") + part
    text += r.choice(["", "", ".", ".", ","])
    if r.random() < 0.35:
        text = text.title()
    if r.random() < 0.5:  # a part a line, or two
        lines, rest = [], text
        for before, part in zip(parts, parts[1:]):
            at = rest.lower().find(part.lower(), len(before))
            if at < 0:
                break
            if r.random() < 0.72 or at > 38:
                lines.append(rest[:at].strip())
                rest = rest[at:]
        lines.append(rest)
        return [line for line in lines if line]
    return wrap(text, r.choice([24, 28, 30, 32, 34, 36, 38, 40, 44]))


def wrap(text: str, most: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _varied(r, lines: list[str]) -> list[str]:
    """Commas, full stops, parts in one line or several."""
    kind = r.random()
    if kind < 0.2:
        lines = wrap(r.choice([", ", " ", ","]).join(lines), r.choice([24, 30, 36, 40]))
    elif kind < 0.4:
        lines = [line.rstrip(",") + "," for line in lines[:-1]] + [lines[-1] + r.choice(["", "."])]
    return lines


def registration_line(r, shop: Shop) -> str:
    number = shop.registration
    return r.choice(
        [
            f"({number})", f"({number})", f"({number})", number, f"(Company No. {number})", f"(CO. REG :{number})", f"CO NO : {number}", f"Co. Reg. No: {number}", f"CO-REG:{number}", f"ROC NO. : ({number})",
            f"COMPANY REG NO. :{number}", f"BRN : {number}", f"BR NO.: ({number})", f"(CO. NO. {number})", f"Reg No: {number}", f"(Reg. No. : {number})", f"REG NO:{number}", f"Company Reg No.: {number}", f"SSM NO: {number}", f"BUSINESS REG NO {number}",
        ]
    )


def tax_line(r, shop: Shop) -> str:
    number = shop.tax_number
    if shop.code in ("MY", "SG", "AU", "IN", "CA"):
        name = "GST" if shop.code != "MY" else r.choice(["GST", "GST", "GST", "GST", "SST", "Gst"])
        if shop.code == "IN" and r.random() < 0.7:
            return r.choice([f"GSTIN: {number}", f"GSTIN No : {number}", f"GSTIN/UIN {number}"])
        return r.choice(
            [f"{name} ID: {number}", f"{name} ID : {number}", f"{name} ID NO: {number}", f"({name} ID NO :{number})", f"{name} NO : {number}", f"{name} No. {number}", f"{name} REG NO: {number}", f"({name} REG. NO : {number})", f"{name} REG #{number}", f"{name} Reg. No.: {number}", f"{name} REGISTRATION NO : {number}", f"{name} REF NO : {number}", f"{name} NO.{number}"]
        )
    tax = {"US": "Tax ID", "GB": "VAT No", "IE": "VAT No", "DE": "USt-IdNr.", "AT": "UID", "CH": "MWST-Nr.", "FR": "TVA", "ES": "CIF", "IT": "P.IVA", "NL": "BTW nr."}[shop.code]
    if shop.code == "DE" and r.random() < 0.4:
        return r.choice(["Steuernummer: ", "St.-Nr. ", "StNr.: "]) + f"{r.randint(10, 99)}/{digits(r, 3)}/{digits(r, 5)}"
    return f"{tax}{r.choice([' ', ': ', ':'])}{number}"


def phone(r, code: str) -> str:
    if code in ("MY", "SG"):
        return r.choice([f"0{r.randint(3, 9)}-{digits(r, 7)}", f"0{r.randint(3, 9)}-{digits(r, 8)}", f"01{r.randint(1, 9)}-{digits(r, 7)}", f"03 - {digits(r, 8)}", f"+60{r.randint(3, 9)}-{digits(r, 4)} {digits(r, 4)}", f"0{r.randint(3, 9)} {digits(r, 4)} {digits(r, 4)}", f"01{r.randint(1, 9)} {digits(r, 3)} {digits(r, 4)}", f"({r.randint(3, 9)}) {digits(r, 7)}", f"1300-{digits(r, 2)}-{digits(r, 4)}"])
    return r.choice([f"0{digits(r, 2)}-{digits(r, 3)} {digits(r, 4)}", f"({digits(r, 3)}) {digits(r, 3)}-{digits(r, 4)}", f"0{digits(r, 4)} {digits(r, 6)}", f"+{r.randint(1, 99)} {digits(r, 2)} {digits(r, 7)}", f"0{digits(r, 3)}/{digits(r, 6)}", f"{digits(r, 3)}-{digits(r, 3)}-{digits(r, 4)}"])


def phone_lines(r, code: str) -> list[list[str | Value]]:
    number, colon = phone(r, code), r.choice([": ", ":", " : ", " ", ". "])
    tel, fax = r.choice([("TEL", "FAX"), ("Tel", "Fax"), ("TEL NO", "FAX NO"), ("Tel No.", "Fax No."), ("T", "F"), ("PHONE", "FAX"), ("Telefon", "Fax") if code == "DE" else ("Tel", "Fax"), ("H/P", "TEL")])
    kind = r.random()
    if kind < 0.45:
        return [[tel, colon, Value("phone", number)]]
    if kind < 0.8:
        return [[tel, colon, Value("phone", number), r.choice([" ", "  ", ", ", " / "]), fax, colon, Value("fax", phone(r, code))]]
    return [[tel, colon, Value("phone", number)], [fax, colon, Value("fax", phone(r, code))]]


def web_line(r) -> str:
    domain = f"{names.word(r)}{r.choice(['', names.word(r)])}.{r.choice(['com', 'com.my', 'net', 'de', 'co.uk', 'my'])}"
    return r.choice([f"www.{domain}", f"info@{domain}", f"E-mail: {names.word(r)}@{domain}", f"WWW.{domain.upper()}", f"http://www.{domain}", f"facebook.com/{names.word(r)}"])
