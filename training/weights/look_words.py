"""Words for the looks of a page, in the languages that people search in.

A caption names a kind of page, what it shows and the state it is in. Of three or more phrasings of
one thing the last is held out of training.
"""

import random

from . import names

LANGUAGES = ("en", "de", "fr", "es", "ms")
_WITH = {"en": "with", "de": "mit", "fr": "avec", "es": "con", "ms": "dengan"}
_COLOURS = {
    "red": ("red", "rot|rotes|roter", "rouge", "rojo", "merah"),
    "blue": ("blue", "blau|blaues|blauer", "bleu", "azul", "biru"),
    "green": ("green", "grün|grünes|grüner", "vert", "verde", "hijau"),
    "violet": ("violet|purple", "lila|violetter", "violet", "morado|violeta", "ungu"),
    "gray": ("gray|grey|black", "grau|graues|schwarzes", "gris|noir", "gris|negro", "kelabu|hitam"),
}


def _table(text: str) -> dict[str, dict[str, list[str]]]:
    """Lines of a mark and its phrasings by language."""
    result = {}
    for line in text.strip().splitlines():
        mark, *ways = (part.strip() for part in line.split(";"))
        assert len(ways) == len(LANGUAGES), line
        result[mark] = {language: [phrase.strip() for phrase in way.split("|")] for language, way in zip(LANGUAGES, ways)}
    return result


KINDS = _table("""
receipt; receipt|shop receipt|till receipt|till slip|sales slip; Kassenbon|Beleg|Quittung|Kassenzettel|Bon; ticket de caisse|reçu|ticket|reçu de caisse; recibo|tique|ticket de compra|ticket de caja; resit|resit kedai|resit jualan
invoice; invoice|bill|an invoice with a table of items|invoice of a company; Rechnung|Handelsrechnung|Rechnung mit Positionen|Firmenrechnung; facture|une facture avec un tableau|facture commerciale|facture d'une société; factura|factura con tabla|factura comercial|factura de empresa; invois|bil|invois syarikat
screenshot; screenshot|screen capture|picture of a screen|screen shot of an app; Bildschirmfoto|Screenshot|Bildschirmaufnahme; capture d'écran|écran|copie d'écran; captura de pantalla|pantalla|pantallazo; tangkapan skrin|skrin|gambar skrin
phone; phone screenshot|phone screen|payment app|mobile app screen; Handy-Screenshot|Handybildschirm|Zahlung in einer App|App auf dem Handy; écran de téléphone|application de paiement|capture de téléphone; pantalla de móvil|aplicación de pago|captura del móvil; skrin telefon|aplikasi bayaran|tangkapan skrin telefon
window; browser window|web page|window of a program|website; Browserfenster|Webseite|Fenster eines Programms|Internetseite; fenêtre de navigateur|page web|site internet; ventana del navegador|página web|sitio web; tetingkap pelayar|laman web|halaman web
letter; letter|business letter|page of correspondence|typed letter; Brief|Geschäftsbrief|Anschreiben|Schreiben; lettre|courrier|lettre commerciale; carta|carta comercial|correspondencia; surat|surat rasmi|surat perniagaan
report; report|article|page of a report|page of a magazine; Bericht|Artikel|Aufsatz|Seite eines Berichts; rapport|article|page d'un rapport; informe|artículo|página de un informe; laporan|artikel|halaman laporan
form; form|form to fill in|application form|questionnaire|form with boxes; Formular|Antrag|Fragebogen|Antragsformular; formulaire|questionnaire|formulaire à remplir; formulario|cuestionario|formulario de solicitud; borang|soal selidik|borang permohonan
spreadsheet; spreadsheet|table of numbers|sheet of figures|table full of numbers; Tabelle|Zahlentabelle|Tabellenblatt|Tabelle voller Zahlen; tableau|feuille de calcul|tableau de chiffres; hoja de cálculo|tabla de números|tabla de cifras; hamparan|jadual nombor|helaian hamparan
blank; blank page|empty page|white sheet|empty sheet of paper; leere Seite|leeres Blatt|weiße Seite|Leerseite; page blanche|page vide|feuille vide; página en blanco|página vacía|hoja vacía; halaman kosong|kertas kosong|muka kosong
photo; photograph without text|colourful picture|not a document|picture without a document; buntes Bild|Bild ohne Text|kein Dokument|Foto ohne Dokument; image colorée|image sans texte|pas un document; imagen colorida|imagen sin texto|no es un documento; gambar berwarna|gambar tanpa teks|bukan dokumen
""")

STATES = _table("""
blurry; blurry|blurred|out of focus|not sharp; unscharf|verschwommen|nicht scharf; flou|pas net|floue; borroso|desenfocado|borrosa; kabur|tidak jelas|tidak tajam
dark; dark|too dark|underexposed|badly lit; dunkel|zu dunkel|unterbelichtet|schlecht beleuchtet; sombre|trop sombre|sous-exposé; oscuro|demasiado oscuro|subexpuesto; gelap|terlalu gelap|kurang cahaya
faded; faded|pale print|low contrast|washed out; verblasst|blass|kontrastarm|ausgeblichen; pâle|effacé|peu contrasté; descolorido|pálido|poco contraste; pudar|luntur|kontras rendah
sideways; sideways|turned by 90 degrees|lying on its side|rotated sideways; quer|seitlich gedreht|um 90 Grad gedreht|auf der Seite; de côté|tourné|couché sur le côté; de lado|girado|tumbado; mengiring|berpusing|berputar 90 darjah
upsidedown; upside down|turned by 180 degrees|on its head; kopfüber|auf dem Kopf|um 180 Grad gedreht; à l'envers|tête en bas|renversé; al revés|boca abajo|cabeza abajo; terbalik|songsang|kepala ke bawah
""")

SHOWN = _table("""
on a table; photo on a table|photographed on a desk|lying on a table|photo taken with a phone; Foto auf einem Tisch|auf dem Tisch fotografiert|liegt auf einem Tisch|mit dem Handy fotografiert; photo sur une table|photographié sur un bureau|posé sur une table; foto sobre una mesa|fotografiado en una mesa|encima de una mesa; gambar atas meja|difoto di atas meja|terletak atas meja
small slip; small slip on a large sheet|large empty margins|little paper on a scanner; kleiner Zettel auf großem Blatt|große leere Ränder|kleines Papier im Scanner; petit papier sur une grande feuille|grandes marges vides|petit papier sur le scanner; papel pequeño en hoja grande|grandes márgenes vacíos|papelito en el escáner; kertas kecil atas helaian besar|jidar kosong besar|kertas kecil pada pengimbas
dark background; dark background|black border|black edges around the page; dunkler Hintergrund|schwarzer Rand|schwarze Ränder; fond sombre|bord noir|fond noir; fondo oscuro|borde negro|fondo negro; latar gelap|sempadan hitam|latar hitam
pen marks; pen marks|scribble|handwritten marks|pen strokes; Kritzelei|Stiftspuren|handschriftliche Striche; gribouillage|traits de stylo|marques au stylo; garabatos|trazos de bolígrafo|marcas de bolígrafo; contengan|tanda pen|coretan pen
violet ink; violet ink|purple print|violet letters; lila Druck|violette Schrift|lila Tinte; encre violette|impression violette|texte violet; tinta morada|impresión violeta|texto violeta; dakwat ungu|cetakan ungu|tulisan ungu
pink paper; pink paper|pink receipt paper|pink sheet; rosa Papier|rosafarbenes Papier|rosa Blatt; papier rose|feuille rose|sur papier rose; papel rosa|hoja rosa|papel rosado; kertas merah jambu|helaian merah jambu|kertas warna merah jambu
yellowed paper; yellow paper|yellowed paper|cream paper; gelbes Papier|vergilbtes Papier|gelbliches Blatt; papier jaune|papier jauni|feuille jaune; papel amarillo|papel amarillento|hoja amarilla; kertas kuning|kertas kekuningan|helaian kuning
tinted paper; coloured paper|tinted paper|paper of a colour; farbiges Papier|getöntes Papier|buntes Papier; papier coloré|papier teinté|feuille colorée; papel de color|papel coloreado|hoja de color; kertas berwarna|kertas warna|helaian berwarna
logo; logo|company logo|sign of a company in the corner; Logo|Firmenlogo|Firmenzeichen; logo|logo d'entreprise|logo dans le coin; logo|logotipo|logotipo de empresa; logo|logo syarikat|lambang syarikat
side stripe; coloured stripe at the side|side stripe|bar along the edge; farbiger Streifen am Rand|Streifen an der Seite|Balken am Rand; bande de couleur sur le côté|bande au bord|barre sur le côté; franja de color al lado|franja lateral|barra en el borde; jalur warna di tepi|jalur tepi|bar di sisi
frames; frames|boxes around the parts|ruled boxes; Rahmen|Kästen um die Teile|umrahmte Teile; cadres|cases encadrées|parties encadrées; marcos|recuadros|partes recuadradas; bingkai|kotak bergaris|kotak berbingkai
two columns; two columns|text in two columns|columns of text; zwei Spalten|zweispaltiger Text|Text in Spalten; deux colonnes|texte en deux colonnes|colonnes de texte; dos columnas|texto en dos columnas|columnas de texto; dua lajur|teks dua lajur|lajur teks
chart; chart|bar chart|diagram|graph; Diagramm|Balkendiagramm|Grafik; graphique|diagramme|graphique à barres; gráfico|diagrama|gráfico de barras; carta|graf|carta bar
dark screen; dark mode|dark screen|black screen|night mode; dunkler Bildschirm|dunkles Design|schwarzer Bildschirm; écran noir|mode sombre|écran sombre; pantalla oscura|modo oscuro|pantalla negra; mod gelap|skrin gelap|skrin hitam
letterhead; letterhead|coloured letterhead|coloured band at the top|coloured header; Briefkopf|farbiger Briefkopf|farbiger Balken oben|Kopfzeile in Farbe; en-tête|en-tête en couleur|bande de couleur en haut; membrete|membrete de color|franja de color arriba; kepala surat|kepala surat berwarna|jalur warna di atas
stamp; stamp|rubber stamp|a stamp mark|stamped; Stempel|Firmenstempel|Stempelabdruck|gestempelt; tampon|cachet|tampon encreur; sello|sello de goma|sellado; cop|cap|cop getah
round stamp; round stamp|circular stamp|round seal; runder Stempel|kreisrunder Stempel|rundes Siegel; tampon rond|cachet rond|sceau rond; sello redondo|sello circular|cuño redondo; cop bulat|cap bulat|meterai bulat
long; long|long narrow strip|very tall; lang|langer schmaler Streifen|sehr lang; long|longue bande étroite|très long; largo|tira larga y estrecha|muy largo; panjang|jalur panjang|sangat panjang
landscape; landscape|wide page|wider than high; Querformat|breite Seite|breiter als hoch; format paysage|page large|plus large que haute; apaisado|página ancha|formato horizontal; landskap|halaman lebar|lebih lebar
German; in German|German|German language; auf Deutsch|deutsch|deutschsprachig; en allemand|allemand|langue allemande; en alemán|alemán|idioma alemán; bahasa Jerman|Jerman|dalam bahasa Jerman
French; in French|French|French language; auf Französisch|französisch|französischsprachig; en français|français|langue française; en francés|francés|idioma francés; bahasa Perancis|Perancis|dalam bahasa Perancis
Spanish; in Spanish|Spanish|Spanish language; auf Spanisch|spanisch|spanischsprachig; en espagnol|espagnol|langue espagnole; en español|español|idioma español; bahasa Sepanyol|Sepanyol|dalam bahasa Sepanyol
Malay; in Malay|Malay|Malay language; auf Malaiisch|malaiisch|malaiische Sprache; en malais|malais|langue malaise; en malayo|malayo|idioma malayo; bahasa Melayu|Melayu|dalam bahasa Melayu
""")

# `{}` is a colour.
_COLOURED = _table("""
logo; {} logo|logo in {}|{} company logo; {} Logo|Logo in {}|{} Firmenlogo; logo {}|logo en {}|logo de couleur {}; logo {}|logotipo {}|logo de color {}; logo {}|logo warna {}|logo berwarna {}
screen; {} screen|{} app|screen in {}; {} Bildschirm|Bildschirm in {}|App in {}; écran {}|application {}|écran en {}; pantalla {}|aplicación {}|pantalla de color {}; skrin {}|aplikasi {}|skrin warna {}
letterhead; {} letterhead|{} header|{} band at the top; {} Briefkopf|Briefkopf in {}|Balken oben in {}; en-tête {}|bande {} en haut|en-tête en {}; membrete {}|franja {} arriba|membrete de color {}; kepala surat {}|jalur {} di atas|kepala surat warna {}
stamp; {} stamp|stamp in {}|{} rubber stamp; {} Stempel|Stempel in {}|{} Firmenstempel; tampon {}|cachet {}|tampon en {}; sello {}|sello de color {}|sello en {}; cop {}|cap {}|cop warna {}
""")


def _coloured() -> dict[str, dict[str, list[str]]]:
    result = {}
    for thing, colours in {"logo": "red blue green gray", "screen": "red blue green", "letterhead": "red blue green", "stamp": "red blue green violet"}.items():
        for colour in colours.split():
            of_language = dict(zip(LANGUAGES, _COLOURS[colour]))
            # Phrasings outermost, so that the held-out one is the last with every word for the colour.
            result[f"{colour} {thing}"] = {
                language: [way.replace("{}", word) for way in _COLOURED[thing][language] for word in of_language[language].split("|")] for language in LANGUAGES
            }
    return result


SHOWN |= _coloured()
MARKS = [*KINDS, *STATES, *SHOWN]


def phrase(r: random.Random, ways: list[str], held_out: bool) -> str:
    """One of the ways to say a thing; `held_out`: the way that training does not use, if there is one."""
    if len(ways) < 3:
        return r.choice(ways)
    return ways[-1] if held_out else r.choice(ways[:-1])


def caption(r: random.Random, marks: set[str], held_out: bool = False) -> tuple[str, set[str]]:
    """A description of a page that has the marks, and the marks that it names."""
    language = r.choices(LANGUAGES, (4, 2, 1, 1, 1))[0]
    kinds, states, shown = ([mark for mark in table if mark in marks] for table in (KINDS, STATES, SHOWN))
    named = set(r.sample(states, min(len(states), r.choice([0, 1, 1])))) | set(r.sample(shown, min(len(shown), r.choice([0, 1, 1, 2]))))
    kind = r.choice(kinds) if kinds and (not named or r.random() < 0.6) else None
    say = lambda table, mark: phrase(r, table[mark][language], held_out)
    head = say(KINDS, kind) if kind else ""
    tail = [say(SHOWN, mark) for mark in SHOWN if mark in named]
    r.shuffle(tail)
    for state in named & set(STATES):
        words = say(STATES, state)
        head = f"{words} {head}" if language in ("en", "de") and r.random() < 0.8 else f"{head} {words}"
    parts = [head.strip(), *tail] if head else tail
    joined = f" {_WITH[language]} " if head and r.random() < 0.6 else r.choice([" ", ", "])
    text = joined.join(parts[:2]) + "".join(f", {part}" for part in parts[2:])
    if r.random() < 0.15:  # a name beside the description
        text = f"{names.word(r)} {text}" if r.random() < 0.5 else f"{text} {names.word(r)}"
    return text, named | ({kind} if kind else set())


def other_text(r: random.Random) -> str:
    """What people look for by its words: names, numbers, dates, goods. It describes no page's looks."""
    number = f"{r.uniform(1, 5000):.2f}"
    return r.choice(
        [
            lambda: " ".join(names.word(r) for _ in range(r.randint(1, 4))),
            lambda: names.company(r, *r.choice([("DE", "de"), ("GB", "en"), ("FR", "fr")])),
            lambda: f"{names.word(r)} {names.word(r)} {number}",
            lambda: r.choice([number, number.replace(".", ","), str(r.randint(1000, 10**8)), f"{r.randint(1, 28):02}.{r.randint(1, 12):02}.20{r.randint(10, 26)}"]),
            lambda: names.person(r),
            lambda: names.article(r, r.choice(["de", "en"])),
            lambda: f"{r.choice('ABCDEFRX')}{r.choice(['', '-', '/'])}{r.randint(1000, 999999)}",
        ]
    )()
