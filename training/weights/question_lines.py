"""Lines that pages have and no schema asks for: a label and a value.

They are put among the lines of a page that is made, so that questions learn
to find what stands beside any label, not only the fields' ones."""

from . import names, values
from .page import Content, Page, Run, Value
from .question_words import LABELS
from .shops import digits

_MOST = 3
_LABELS = {
    "tip": "Tip|Gratuity|TIP|Trinkgeld|Pourboire|Propina|Mancia|Fooi",
    "guests": "Guests|Covers|No. of guests|Gäste|Couverts|Comensales|Bil. tetamu|Coperti",
    "payment_terms": "Payment terms|Terms|Terms of payment|Payment Terms|Zahlungsbedingungen|Zahlungskonditionen|Conditions de paiement|Condiciones de pago|Terma bayaran|Termini di pagamento|Betalingstermijn",
    "delivery_terms": "Delivery terms|Incoterms|Terms of delivery|Lieferbedingungen|Conditions de livraison|Condiciones de entrega|Resa",
    "weight": "Weight|Gross weight|Net weight|Gewicht|Poids|Peso|Berat",
    "warranty": "Warranty|Guarantee|Garantie|Gewährleistung|Garantía|Waranti|Garanzia",
    "loyalty": "Member no.|Loyalty card|Member ID|Kundenkarte|Carte de fidélité|Tarjeta cliente|No. ahli",
    "points": "Points earned|Points|Punkte|Points gagnés|Puntos|Mata ganjaran",
    "plate": "Vehicle no.|Plate|Car reg.|Kennzeichen|Immatriculation|Matrícula|No. kenderaan|Targa|Kenteken",
    "room": "Room|Room no.|Zimmer|Chambre|Habitación|Bilik|Camera|Kamer",
    "contract_number": "Contract no.|Contract number|Agreement no.|Vertragsnummer|N° de contrat|Nº de contrato|No. kontrak|Contratto n.",
    "period": "Billing period|Service period|Period|Abrechnungszeitraum|Leistungszeitraum|Période|Periodo|Tempoh",
    "approval": "Approval code|Auth. code|Approval no.|Autorisierung|N° autorisation|Autorización|Kod kelulusan",
    "order_number": "Order no.|Purchase order|PO no.|Your order|Bestell-Nr.|Commande n°|Pedido nº|No. pesanan|Ordine n.|Bestelnr.",
    "customer_number": "Customer ID|Client no.|Customer no.|Kd.-Nr.|N° client|Nº cliente|No. pelanggan|Klantnr.",
    "prepared_by": "Prepared by|Issued by|Clerk|Bearbeiter|Sachbearbeiter|Établi par|Preparado por|Disediakan oleh",
}
_KINDS = {
    "receipt": "tip guests weight warranty loyalty points plate room approval open".split(),
    "invoice": "payment_terms payment_terms payment_terms delivery_terms weight warranty plate contract_number period order_number customer_number prepared_by open".split(),
    "screenshot": "points approval loyalty open".split(),
}
_TERMS = (
    "Net 30|30 days net|Net 14 days|14 days|Due on receipt|Payable immediately|2/10 net 30|within 7 days of receipt|30 days from invoice date|60 days end of month|50% in advance, rest on delivery|COD|Cash on delivery|"
    "14 Tage netto|sofort ohne Abzug|30 Tage netto Kasse|10 Tage 2% Skonto, 30 Tage netto|8 Tage nach Erhalt|Vorkasse|30 jours fin de mois|à réception|comptant|45 jours|30 días|al contado|60 días fecha factura|"
    "30 hari|tunai semasa penghantaran|30 giorni data fattura|rimessa diretta|14 dagen|binnen 30 dagen"
).split("|")
_DELIVERY = "EXW|FOB Rotterdam|CIF Penang|DAP|DDP|FCA Hamburg|frei Haus|ab Werk|franco|free delivery|ex works|CPT Madrid".split("|")


def _value(r, about: str, money: values.Money) -> str:
    day = values.random_day(r)
    write = values.date_writer(r, values.COUNTRIES[values.pick_country(r)])
    return {
        "tip": lambda: money.number(r.randint(50, 3000)), "guests": lambda: str(r.randint(1, 12)), "payment_terms": lambda: r.choice(_TERMS), "delivery_terms": lambda: r.choice(_DELIVERY),
        "weight": lambda: f"{r.randint(1, 900)}{r.choice(['.', ','])}{r.randint(0, 9)} kg", "warranty": lambda: r.choice(["2 years", "12 months", "24 Monate", "1 an", "2 años", "1 tahun", "6 months", "36 mois", "5 Jahre"]),
        "loyalty": lambda: digits(r, r.choice([6, 8, 10, 13])), "points": lambda: str(r.randint(1, 5000)), "plate": lambda: f"{''.join(r.choices('ABCDEFGHJKLMNPRSTUVWXYZ', k=r.choice([1, 2, 3])))}{r.choice(['', ' ', '-'])}{r.randint(10, 9999)}",
        "room": lambda: str(r.randint(1, 1400)), "contract_number": lambda: f"{r.choice(['C', 'V', 'AG', 'CT'])}{r.choice(['', '-', '/'])}{digits(r, r.choice([4, 6, 8]))}", "period": lambda: f"{write(day)} - {write(values.later(day, r.choice([14, 30, 31, 90])))}",
        "approval": lambda: digits(r, 6), "order_number": lambda: f"{r.choice(['', 'PO', 'PO-', 'B', 'A-'])}{digits(r, r.choice([4, 5, 7]))}", "customer_number": lambda: f"{r.choice(['', 'C', 'K-', 'D'])}{digits(r, r.choice([4, 5, 6]))}",
        "prepared_by": lambda: names.person(r, r.choice(["en", "de", "fr", "ms"])), "open": lambda: r.choice([names.person(r), names.word(r).title(), digits(r, r.choice([2, 4, 6])), write(day), f"{names.word(r)} {names.word(r)}", f"{names.word(r).upper()[:3]}-{digits(r, 4)}", money.number(r.randint(10, 90000))]),
    }[about]()


def add(r, page: Page, kind: str) -> None:
    """Puts up to three lines above or below the page's table."""
    used: set[str] = set()
    for _ in range(r.choice([0, 0, 1, 1, 2, _MOST])):
        about = r.choice(_KINDS[kind])
        same = {about, *(f"label:{label}" for label in LABELS.get(about, ()))}
        if about in used and about != "open" or any(value.key in same for value in page.values):
            continue
        used.add(about)
        label = r.choice([names.word(r).title(), f"{names.word(r).title()} {names.word(r)}", f"{names.word(r)} no.", f"{names.word(r).upper()} ID"]) if about == "open" else r.choice(_LABELS[about].split("|"))
        text = _value(r, about, values.money(r, values.COUNTRIES[values.pick_country(r)]))
        _insert(r, page, label, Value(f"label:{label}" if about == "open" else about, text))


def _insert(r, page: Page, label: str, value: Value) -> None:
    at = r.choice(_places(page)) if r.random() < 0.6 else None
    like = at or r.choice(page.runs)
    face, pitch, left = like.face, like.face.size * 1.3, like.x
    y = at.y if at else page.height + pitch * 0.3
    if at:
        for run in page.runs:
            if run.y >= y - 1:
                run.y += pitch
        page.height += round(pitch)
    used: Content = [label, r.choice([": ", ": ", " : ", ":", "  ", " "]), value]
    if face.width("".join(piece if isinstance(piece, str) else piece.text for piece in used)) > page.width - left:
        left = 4.0
    page.put(left, y, used, face)


def _places(page: Page) -> list[Run | None]:
    """Runs above which a line may stand: not within a table, nor within a value
    of several lines."""
    rows = [run.y for run in page.runs if any("items." in mark.key for mark in run.marks)]
    top, bottom = (min(rows), max(rows)) if rows else (0.0, 0.0)
    within = {run.y for run in page.runs if any(mark.part for mark in run.marks)}
    return [run for run in page.runs if not top <= run.y <= bottom + 1 and not any(abs(run.y - y) < run.face.size for y in within)] or [None]
