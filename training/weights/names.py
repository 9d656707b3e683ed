"""Invented companies, people, places and articles.

Names come from three sources, so that the text model cannot learn them by
heart and has to read: lists of Faker (kept in `cache/`), English dictionary
words, and words made of syllables.
"""

import json
from functools import lru_cache
from pathlib import Path

from .characters import is_writable

CACHE = Path(__file__).parent.parent / "cache"
_LOCALES = {"en": ["en_US", "en_GB", "en_AU", "en_IN"], "de": ["de_DE"], "fr": ["fr_FR"], "es": ["es_ES"], "it": ["it_IT"], "nl": ["nl_NL"]}
_DICTIONARY = Path("/usr/share/dict/american-english-small")


@lru_cache(maxsize=1)
def pools() -> dict[str, dict[str, list[str]]]:
    """Surnames, first names, cities and streets by language."""
    path = CACHE / "names.json"
    if not path.is_file():
        CACHE.mkdir(exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(_make_pools(), ensure_ascii=False))
        fresh.replace(path)
    return json.loads(path.read_text())


def _make_pools() -> dict:
    from faker import Faker

    result = {}
    for language, locales in _LOCALES.items():
        fake = Faker(locales)
        fake.seed_instance(7)
        makers = {"surname": fake.last_name, "first": fake.first_name, "city": fake.city, "street": fake.street_name}
        result[language] = {
            kind: sorted({name for name in (make() for _ in range(2500)) if is_writable(name) and len(name) <= 22})
            for kind, make in makers.items()
        }
    return result


@lru_cache(maxsize=1)
def dictionary() -> list[str]:
    if not _DICTIONARY.is_file():
        raise SystemExit("the word list is missing: apt-get install wamerican-small")
    words = _DICTIONARY.read_text().split()
    return [word for word in words if word.isascii() and word.isalpha() and 2 <= len(word) <= 12]


_ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl dr fr gr kh kr ng pl pr sh sl st str th tr ny sy".split()
_VOWELS = "a e i o u a e i o u ai au ee ia oo ou".split()
_CODAS = ["", "", "", "n", "r", "s", "l", "m", "t", "k", "ng", "h", "nd", "rt"]


def syllables(r) -> str:
    parts = [r.choice(_ONSETS) + r.choice(_VOWELS) + r.choice(_CODAS) for _ in range(r.choice([1, 2, 2, 3]))]
    return "".join(parts)[:12]


def word(r) -> str:
    return syllables(r) if r.random() < 0.3 else r.choice(dictionary()).lower()


def _pool(r, language: str, kind: str) -> str:
    known = pools()
    return r.choice(known[language if language in known else "en"][kind])


def person(r, language: str = "en") -> str:
    if language == "ms":
        chinese = "TAN LIM LEE NG WONG CHAN ONG TEO GOH CHEN LOW YAP KOH CHONG FOO HENG".split()
        given = "WEI MING HUI LING JIA KAI XIN YONG CHEE SIEW MEI HOCK SENG KIAN POH AI".split()
        malay = "AHMAD ROSLAN FARID AISYAH NURUL SITI HAFIZ ZULKIFLI AZMAN IDRIS LATIFAH RAHMAN".split()
        name = f"{r.choice(chinese)} {r.choice(given)} {r.choice(given)}" if r.random() < 0.6 else f"{r.choice(malay)} BIN {r.choice(malay)}"
        return name if r.random() < 0.6 else name.title()
    title = r.choice(["", "", "", "", "Mr ", "Mrs ", "Dr. "])
    return f"{title}{_pool(r, language, 'first')} {_pool(r, language, 'surname')}"


_LEGAL = {
    "US": ["Inc", "Inc.", "LLC", "Corp.", "Co.", "L.L.C."],
    "GB": ["Ltd", "Ltd.", "Limited", "PLC", "LLP"],
    "IE": ["Ltd", "Limited", "DAC"],
    "MY": ["SDN BHD", "SDN BHD", "SDN. BHD.", "(M) SDN BHD", "SDN BHD (KL)", "ENTERPRISE", "TRADING", "& SONS SDN BHD", "BHD", "HOLDINGS SDN BHD"],
    "SG": ["Pte Ltd", "PTE. LTD.", "Pte. Ltd."],
    "IN": ["Pvt Ltd", "Pvt. Ltd.", "LLP"],
    "AU": ["Pty Ltd", "Pty. Ltd."],
    "CA": ["Inc.", "Ltd.", "Inc"],
    "DE": ["GmbH", "GmbH", "GmbH & Co. KG", "AG", "KG", "e.K.", "UG", "OHG"],
    "AT": ["GmbH", "KG", "GesmbH"],
    "CH": ["AG", "GmbH", "SA"],
    "FR": ["SARL", "SAS", "S.A.", "SA", "EURL"],
    "ES": ["S.L.", "S.A.", "SL"],
    "IT": ["S.r.l.", "S.p.A.", "SRL", "s.n.c."],
    "NL": ["B.V.", "BV", "V.O.F."],
}
_TRADES = {
    "en": "Restaurant Cafe Bakery Hardware Stationery Mart Supermarket Pharmacy Books Trading Motors Electrical Bistro Kitchen Grocery Furniture Petrol Hotel Optical Salon Toys Sports Garden Textiles Services Foods Supplies Tools Consulting Software Cleaning Logistics Studio Builders Print Clinic Partners Systems Solutions Energy Media".split(),
    "ms": "RESTORAN KEDAI PASARAYA BAKERY HARDWARE STATIONERY MART MINI MARKET KOPITIAM FOOD COURT BOOK CENTRE MACHINERY ELECTRICAL AUTO PARTS GIFT DECO TRADING CAFE MARKETING INDUSTRIES SUPERMARKET FARMASI KLINIK BENGKEL STEAMBOAT SEAFOOD BEAUTY PETROLEUM".split(),
    "de": "Bäckerei Elektro Druck Handel Bau Technik Logistik Apotheke Gasthaus Metzgerei Möbel Autohaus Werkzeuge Praxis Kanzlei Verlag Gartenbau Getränke Maschinenbau Systemhaus".split(),
    "fr": "Boulangerie Atelier Garage Librairie Pharmacie Restaurant Transports Menuiserie Conseil Services Hotel Imprimerie Cave Jardin Equipements".split(),
    "es": "Panadería Taller Ferretería Librería Farmacia Restaurante Transportes Construcciones Servicios Hotel Imprenta Muebles".split(),
    "it": "Panificio Officina Ferramenta Libreria Farmacia Ristorante Trasporti Costruzioni Servizi Albergo Tipografia Mobili".split(),
    "nl": "Bakkerij Garage Bouw Boekhandel Apotheek Restaurant Transport Techniek Diensten Hotel Drukkerij Meubelen Groothandel".split(),
}


def company(r, code: str, language: str) -> str:
    """A name as printed; at most about 40 characters."""
    trade = r.choice(_TRADES.get(language, _TRADES["en"]))
    surname = _pool(r, "en" if language == "ms" else language, "surname")
    if language == "ms":
        stem = " ".join(word(r).upper() for _ in range(r.choice([1, 1, 2, 2, 3])))
        if r.random() < 0.25:
            stem = person(r, "ms").upper().split(" BIN ")[0]
        name = r.choice([f"{stem} {trade}", f"{stem}", f"{trade} {stem}", f"{stem} {trade} {r.choice(_TRADES['ms'])}", f"{stem} & {word(r).upper()}"])
        if r.random() < 0.08:
            name = f"{r.randint(1, 999)} {name}"
    else:
        stem = " ".join(word(r).capitalize() for _ in range(r.choice([1, 1, 2])))
        other = _pool(r, language, "surname")
        name = r.choice([f"{surname} {trade}", f"{stem} {trade}", f"{trade} {surname}", f"{surname} & {other}", f"{surname}, {other} and {word(r).capitalize()}", stem, f"{stem} {word(r).capitalize()} {trade}", f"{surname}-{other}"])
    if r.random() < (0.75 if language == "ms" else 0.55):
        name += " " + r.choice(_LEGAL[code])
        if language != "ms" and r.random() < 0.12:  # a branch behind the legal form
            name += " " + r.choice([word(r).capitalize(), "Nord", "West", "Mitte", "International", "Europe"])
    capitals = language != "ms" and r.random() < 0.35 or language == "ms" and r.random() < 0.85
    name = name.upper() if capitals else (name.title().replace("'S", "'s") if language == "ms" else name)
    return name if len(name) <= 44 and is_writable(name) else company(r, code, language)


_MALAY_STATES = (
    "JOHOR|SELANGOR|KEDAH|PERAK|PULAU PINANG|MELAKA|NEGERI SEMBILAN|PAHANG|SABAH|SARAWAK|KUALA LUMPUR|WILAYAH PERSEKUTUAN"
).split("|")
_MALAY_TOWNS = (
    "JOHOR BAHRU|MASAI|SKUDAI|SHAH ALAM|PETALING JAYA|KLANG|IPOH|TAIPING|SEREMBAN|KAJANG|PUCHONG|BATU PAHAT|MUAR|KULAI|"
    "SUBANG JAYA|CHERAS|AMPANG|BANGI|RAWANG|KEPONG|BUTTERWORTH|BANGSAR"
).split("|")


def _malay_address(r) -> list[str]:
    name = lambda: " ".join(word(r).upper() for _ in range(r.choice([1, 1, 2])))
    number = r.choice(["NO. ", "NO ", "NO.", "LOT ", "", "", "G-", "UNIT "]) + str(r.randint(1, 399)) + r.choice(["", "", "", "A", "-1", "-G", f" & {r.randint(2, 99)}", f", {r.randint(2, 99)} & {r.randint(2, 99)}"])
    road = f"{r.choice(['JALAN', 'JALAN', 'JLN', 'LORONG', 'PERSIARAN'])} {name()}" + r.choice(["", f" {r.randint(1, 40)}", f" {r.randint(1, 20)}/{r.randint(1, 99)}", f" {r.randint(1, 9)}/{r.randint(1, 30)}{r.choice('ABCD')}"])
    area = r.choice([f"TAMAN {name()}", f"BANDAR {name()}", f"TAMAN {name()}", f"{name()} BUSINESS PARK", f"SEKSYEN {r.randint(1, 30)}", f"KAWASAN PERINDUSTRIAN {name()}"])
    town = f"{r.randint(10000, 98999)} {r.choice(_MALAY_TOWNS)}"
    state = r.choice(_MALAY_STATES)
    lines = r.choice(
        [
            [f"{number}, {road},", f"{area},", f"{town}, {state}."],
            [f"{number}, {road},", f"{area}, {town},", f"{state}."],
            [f"{number}, {road}, {area},", f"{town}, {state}"],
            [f"{number} {road}", f"{area}", f"{town} {state}"],
            [f"{number}, {road},", f"{town}, {state}."],
            [f"{number}, {road}", f"{town}"],
            [f"{number}, {road},", f"{area},", f"{town},", f"{state}, MALAYSIA"],
        ]
    )
    return lines if r.random() < 0.75 else [line.title() for line in lines]


def _postcode(r, code: str) -> str:
    letter = lambda: r.choice("ABCDEFGHJKLMNPRSTUWXYZ")
    if code == "GB":
        return f"{letter()}{r.choice([letter(), ''])}{r.randint(1, 29)} {r.randint(1, 9)}{letter()}{letter()}"
    if code == "IE":
        return f"{letter()}{r.randint(10, 99)} {letter()}{r.randint(1, 9)}{letter()}{r.randint(1, 9)}"
    if code == "CA":
        return f"{letter()}{r.randint(1, 9)}{letter()} {r.randint(1, 9)}{letter()}{r.randint(1, 9)}"
    if code == "NL":
        return f"{r.randint(1000, 9999)} {letter()}{letter()}"
    digits = {"SG": 6, "IN": 6, "AU": 4, "AT": 4, "CH": 4}.get(code, 5)
    return str(r.randint(10 ** (digits - 1), 10**digits - 1))


_ENGLISH_ROADS = "Street Road Lane Avenue Drive Way Square Hill Park Court Close Parade Boulevard Terrace Row Quay".split()
_AMERICAN_STATES = "AL AZ CA CO CT FL GA IL IN KS LA MA MD MI MN MO NC NJ NM NY OH OR PA TN TX UT VA WA WI".split()


def address(r, code: str, language: str) -> list[str]:
    """Lines as printed on a letterhead or a receipt."""
    if code == "MY":
        lines = _malay_address(r)
        return lines if all(map(is_writable, lines)) else address(r, code, language)
    number = r.choice([str(r.randint(1, 199)), str(r.randint(1, 9999)), f"{r.randint(1, 120)}{r.choice('abAB')}", f"{r.randint(1, 60)}-{r.randint(61, 99)}"])
    city, zipcode = _pool(r, language, "city"), _postcode(r, code)
    if language == "en":
        stem = r.choice([_pool(r, "en", "surname"), word(r).capitalize(), word(r).capitalize()])
        road = f"{number} {stem} {r.choice(_ENGLISH_ROADS)}"
        if r.random() < 0.15:
            road = r.choice([f"Unit {r.randint(1, 40)}, {road}", f"Suite {r.randint(1, 900)}, {road}", f"{stem} House", f"PO Box {r.randint(10, 9999)}"])
        state = r.choice(_AMERICAN_STATES)
        last = {
            "US": r.choice([f"{city} {state} {zipcode}", f"{city}, {state} {zipcode}"]),
            "SG": f"Singapore {zipcode}",
            "CA": f"{city} {r.choice(['ON', 'BC', 'QC', 'NS', 'AB'])} {zipcode}",
            "AU": f"{city} {r.choice(['NSW', 'VIC', 'QLD', 'WA'])} {zipcode}",
        }.get(code) or r.choice([f"{city} {zipcode}", f"{city}, {zipcode}", f"{city} {zipcode}"])
    else:
        street = _pool(r, language, "street")
        if language == "de":
            street = r.choice([street, f"{_pool(r, 'de', 'surname')}str.", f"{_pool(r, 'de', 'surname')}straße", f"{word(r).capitalize()}weg", "Am Markt", "Hauptstraße"])
            road = f"{street} {number}"
        elif language == "fr":
            road = f"{number} {r.choice(['rue', 'avenue', 'place', 'quai', 'rue de la', 'boulevard'])} {_pool(r, 'fr', 'surname')}"
        elif language == "es":
            road = f"{r.choice(['Calle', 'C/', 'Avda.', 'Plaza'])} {_pool(r, 'es', 'surname')} {number}"
        elif language == "it":
            road = f"{r.choice(['Via', 'Corso', 'Piazza', 'Viale'])} {_pool(r, 'it', 'surname')} {number}"
        else:
            road = f"{street} {number}"
        last = r.choice([f"{zipcode} {city}", f"{zipcode} {city}", f"{code}-{zipcode} {city}"]) if language == "de" else f"{zipcode} {city}"
    lines = [road, last]
    if r.random() < 0.1:
        lines.insert(1, r.choice([word(r).capitalize() + " Centre", f"Building {r.randint(1, 40)}", f"{r.randint(1, 9)}. OG" if language == "de" else f"Floor {r.randint(1, 20)}"]))
    if r.random() < 0.12:
        lines = [", ".join(lines)]
    elif r.random() < 0.2:
        lines = [line + "," for line in lines[:-1]] + lines[-1:]
    if r.random() < 0.25:
        lines = [line.upper().replace("ß", "SS") for line in lines]
    return lines if all(map(is_writable, lines)) and max(map(len, lines)) <= 46 else address(r, code, language)


def one_line(lines: list[str]) -> str:
    """An address in one line, as the truth has it: its lines are joined by commas,
    except after punctuation."""
    text = ""
    for line in lines:
        text += (("" if not text else " " if text[-1] in ",.;" else ", ")) + line.strip()
    return text.strip(" ,.;")


_ARTICLES = {
    "en": "milk bread eggs butter cheese apples bananas tomatoes potatoes chicken beef fish rice pasta sugar salt coffee tea juice water beer wine soap shampoo tissue paper pen pencil folder stapler tape glue cable adapter battery lamp bulb drill hammer screw bolt nut washer paint brush roller gloves mask bag box bottle cup plate spoon towel shirt socks shoes hat jacket book magazine card gift toy ball ticket service repair labour delivery installation licence support consulting hours cleaning maintenance rental subscription training design printing hosting".split(),
    "ms": "NASI MEE AYAM IKAN KOPI TEH ROTI SUSU TELUR GULA GARAM MINYAK SABUN KERTAS PEN BUKU LAMPU CAT PAKU SKRU KABEL BERUS PLASTIK KICAP SOS BIHUN KUEY TEOW LAKSA SATAY AIS LIMAU SAYUR BUAH DAGING UDANG SOTONG PAIL MORTAR WIRE MESH CEMENT PIPE".split(),
    "de": "Brot Brötchen Milch Käse Butter Eier Apfel Kartoffeln Kaffee Tee Wasser Bier Wein Seife Papier Stift Ordner Kabel Lampe Schraube Mutter Pinsel Farbe Handschuhe Tasche Flasche Hemd Schuhe Buch Karte Montage Beratung Wartung Installation Lizenz Miete Reinigung Transport Ersatzteil Bohrer Dichtung Rohr Platte".split(),
    "fr": "pain lait beurre fromage oeufs pommes café thé eau vin savon papier stylo classeur lampe vis peinture gants sac bouteille chemise livre carte montage conseil entretien licence location nettoyage transport table chaise bureau tissu".split(),
    "es": "pan leche queso huevos manzanas café agua vino jabón papel carpeta cable lámpara tornillo pintura guantes bolsa botella camisa libro tarjeta montaje servicio licencia alquiler limpieza transporte mesa silla".split(),
    "it": "pane latte burro formaggio uova mele caffè acqua vino sapone carta penna cavo lampada vite vernice guanti borsa bottiglia camicia libro montaggio consulenza licenza noleggio pulizia trasporto tavolo sedia".split(),
    "nl": "brood melk boter kaas eieren appels koffie thee water bier wijn zeep papier pen map kabel lamp schroef verf handschoenen tas fles hemd boek kaart montage advies onderhoud licentie huur reiniging transport tafel stoel".split(),
}
_SIZES = ["1kg", "500g", "250ml", "2L", "1.5L", "A4", "M8", "XL", "50MM", "8MM", "10m", "x2", "12pcs", "No.5", "100ct", "5KG", "20W", "3/4", "2024", "PCS", "1000", "60x40", "P120", "v2", "6S", "330ML", "(L)", "#12", "100%"]


def article(r, language: str) -> str:
    """What is bought: one to four words, sometimes a size or a code."""
    own = _ARTICLES.get(language, _ARTICLES["en"])
    pick = lambda: r.choice(own) if r.random() < 0.45 else word(r) if r.random() < 0.8 else syllables(r)
    words = [pick() for _ in range(r.choice([1, 1, 2, 2, 2, 3, 3, 4]))]
    if r.random() < 0.25:
        words.append(r.choice(_SIZES))
    if r.random() < 0.06:
        words.insert(0, f"{r.choice('ABCDEFGHKLMPRSTX')}{r.randint(10, 999)}")
    text = " ".join(words)
    style = r.random()
    text = text.upper().replace("ß", "ss") if style < (0.8 if language == "ms" else 0.35) else text.title() if style < 0.85 else text[:1].upper() + text[1:]
    text = text[:34].strip()
    return text if is_writable(text) else article(r, language)
