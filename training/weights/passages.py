"""Lines of random text to transcribe: the model learns letters independently of
where documents usually print what."""

import string

from . import names, values
from .characters import CHARACTERS, writable
from .fonts import FontBook
from .page import Document, Page, Text

COLUMN = 384
_LABELS = (
    "Total TOTAL Subtotal Tax VAT GST Amount Due Invoice Receipt Date Time No. # Qty Price Item Description Cash Change Card Balance Bill To Ship From Order "
    "Payment Terms Tel: Fax: Email: www. Unit Discount Rounding Net Gross Currency Reg. ID Table Server Thank you"
).split()
_CODE = string.ascii_uppercase + string.digits * 3 + "-/#"


def _word(r) -> str:
    word = names.word(r)
    return r.choice([word, word.upper(), word.capitalize()])


def _token(r) -> str:
    country = values.COUNTRIES[values.pick_country(r)]
    kind = r.random()
    if kind < 0.36:
        return _word(r)
    if kind < 0.54:
        return values.money(r, country).marked(values.price(r) * r.choice([1, 1, 1, 37]))
    if kind < 0.62:
        return values.date_writer(r, country)(values.random_day(r))
    if kind < 0.73:
        return "".join(r.choice(_CODE) for _ in range(r.randint(3, 12)))
    if kind < 0.80:
        return r.choice(_LABELS) + r.choice(["", ":", ""])
    if kind < 0.88:
        return str(r.randint(0, 10 ** r.randint(1, 9)))
    if kind < 0.94:
        return r.choice(names.address(r, values.pick_country(r), "en"))
    return "".join(r.choice(CHARACTERS) for _ in range(r.randint(2, 8)))


def _line(r, most: int) -> str:
    line = ""
    while True:
        token = _token(r)
        longer = f"{line} {token}".strip()
        if len(longer) > most:
            return line or token[:most]
        line = longer
        if r.random() < 0.1:
            return line


def passage(r, fonts: FontBook, scale: float = 1.0) -> Document:
    text = Text(fonts.mono(r) if r.random() < 0.4 else fonts.text(r), r.choice([11, 12, 13, 13, 14, 15, 16, 18]), scale)
    page = Page(round(COLUMN * scale), ink=r.randint(0, 70), paper=r.randint(230, 255))
    pitch = text.size * scale * r.uniform(1.15, 1.6)
    y, lines = r.uniform(1, 8) * scale, []
    for _ in range(r.randint(2, 22)):
        x = r.choice([4, 4, 8, r.randint(2, 120)]) * scale
        line = writable(_line(r, max(3, int((page.width - x) / text.normal.advance("n") * 0.9))))
        line = " ".join(text.normal.fit(line, page.width - x - 4).split())
        if not line:
            continue
        page.put(x, y, line, text.normal)
        lines.append(line)
        y += pitch
    return Document("text", [page], ["\n".join(lines)], "\n".join(lines))
