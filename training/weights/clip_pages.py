"""Pages as the router sees them: 224 px thumbnails, with what they are and in
what state.

Only the appearance matters: how much text of which size where, what is coloured,
how the sheet is cut. Receipts are tall and pale, often on a larger sheet;
invoices are A4 with wide margins, small print and a table somewhere; most of
the first version's errors were pages drawn at the scale of another type.
"""

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import fonts, look_marks, names, paper, values
from .fonts import FontBook, face
from .invoices import invoice
from .page import Page, Text
from .receipts import receipt
from .screenshots import screenshot

SIDE = 224
CLASSES = ["receipt", "invoice", "screenshot", "letter", "report", "form", "spreadsheet", "blank", "photo"]
WEIGHTS = [6, 6, 3.5, 2, 2, 2, 1.5, 1.2, 1.2]
QUALITIES = ["clean", "blurry", "dark", "faded", "sideways", "upsidedown"]
# Classes whose state is labelled: the others have no text to judge it by.
_JUDGED = {"receipt", "invoice", "letter", "report", "form", "spreadsheet"}
A4 = 1.414
_WHITE, _PINK, _VIOLET = (255, 255, 255), (255, 225, 225), (110, 60, 150)


@dataclass
class Thumbnail:
    pixels: np.ndarray  # SIDE x SIDE x 3
    kind: int
    quality: int  # -1 where none is labelled


def thumbnail(r: random.Random, held_out: bool = False) -> Thumbnail:
    kind = r.choices(CLASSES, WEIGHTS)[0]
    quality, image = spoilt(r, kind, draw(r, kind, held_out, set()))
    return Thumbnail(as_seen(image), CLASSES.index(kind), QUALITIES.index(quality) if kind in _JUDGED else -1)


def draw(r: random.Random, kind: str, held_out: bool, seen: set[str]) -> Image.Image:
    """A page of the class. Adds to `seen` what was drawn, by its names in `look_words`."""
    return _MAKERS[kind](r, fonts.book(held_out), seen)


def spoilt(r: random.Random, kind: str, image: Image.Image) -> tuple[str, Image.Image]:
    """The page in one of the states, or as it is."""
    quality = "clean"
    if kind in _JUDGED and r.random() < 0.4:
        quality = r.choice(QUALITIES[1:])
        image = _spoil(image, quality, r)
    if r.random() < 0.4:
        image = _cropped(image)
    return quality, image


def as_seen(image: Image.Image) -> np.ndarray:
    """As `src/engines/route` gives a page to CLIP: scaled to fit, centred on a white square."""
    scale = SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    square = Image.new("RGB", (SIDE, SIDE), (255, 255, 255))
    square.paste(image.convert("RGB").resize(size, Image.BICUBIC), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return np.asarray(square)


def _spoil(image: Image.Image, quality: str, r) -> Image.Image:
    if quality == "blurry":
        return image.filter(ImageFilter.GaussianBlur(max(image.size) / r.uniform(90, 200)))
    if quality == "dark":
        factor = r.uniform(0.15, 0.42)
        return Image.eval(image, lambda value: int(value * factor))
    if quality == "faded":
        rest = r.uniform(0.1, 0.25)
        return Image.eval(image, lambda value: int(255 * (1 - rest) * 0.98 + value * rest))
    if quality == "sideways":
        return image.transpose(r.choice([Image.ROTATE_90, Image.ROTATE_270]))
    return image.transpose(Image.ROTATE_180)


def _cropped(image: Image.Image) -> Image.Image:
    from .tiles import inked

    box = inked(np.asarray(image.convert("L")))
    return image.crop(tuple(map(int, box))) if box else image


def _coloured(gray: np.ndarray, r, ink=None, sheet=None) -> Image.Image:
    """Ink and paper of a colour each."""
    ink = np.array(ink or ((0, 0, 0) if r.random() < 0.75 else _dark(r)), np.float32)
    sheet = np.array(sheet or ((255, 255, 255) if r.random() < 0.6 else (255, 255 - r.randint(0, 16), 255 - r.randint(0, 40)) if r.random() < 0.8 else (255 - r.randint(0, 30), 255 - r.randint(0, 50), 255 - r.randint(0, 30))), np.float32)
    share = gray[..., None].astype(np.float32) / 255
    return Image.fromarray((sheet * share + ink * (1 - share)).astype(np.uint8))


def _dark(r) -> tuple[int, int, int]:
    return tuple(r.randint(0, 110) for _ in range(3))


def _vivid(r) -> tuple[int, int, int]:
    colour = [r.randint(0, 90), r.randint(60, 200), r.randint(150, 255)]
    r.shuffle(colour)
    return tuple(colour)


# --- receipts -------------------------------------------------------------


def _receipt(r, book: FontBook, seen: set[str]) -> Image.Image:
    document = receipt(r, book, 0.8)
    if r.random() < 0.45:  # longer than what the reader's tiles hold
        other = receipt(r, book, 0.8)
        document = max(document, other, key=lambda d: d.pages[0].height / d.pages[0].width)
    page = document.pages[0]
    seen.update(look_marks.languages(page))
    gray, characters = page.draw()
    if r.random() < 0.5:
        gray = _long_foot(gray, r, book, page)
    if r.random() < 0.65:
        gray, _ = paper.damage(gray, characters, r)
    if r.random() < 0.5:  # thermal print is pale
        gray = (255 - (255 - gray.astype(np.float32)) * r.uniform(0.4, 0.9)).astype(np.uint8)
    violet, pink = r.random() < 0.06, r.random() < 0.05
    image = _coloured(gray, r, ink=_VIOLET if violet else None, sheet=_PINK if pink else None)
    seen.update(["violet ink"] * violet + ["pink paper"] * pink)
    if r.random() < 0.5:
        image = image.resize((max(40, round(image.width * r.uniform(0.6, 1))), image.height), Image.BICUBIC)
    place = r.random()
    if place < 0.22:
        seen.add("on a table")
        return _on_a_table(image, r)
    if place < 0.6:
        return _on_a_sheet(image, r, 1.9, 1.5, seen)
    if place < 0.75:  # a slip on a scanner's whole glass
        return _on_a_sheet(image, r, 5.0, 3.5, seen)
    return image


def _long_foot(gray: np.ndarray, r, book: FontBook, page: Page) -> np.ndarray:
    """Tax tables and notes, so that receipts are as tall as real ones."""
    text = Text(book.mono(r), r.choice([11, 12, 13]), 0.8)
    rows = r.randint(4, 22)
    height = int(rows * text.size * 1.05)
    foot = Page(page.width, ink=page.ink, paper=page.paper)
    for row in range(rows):
        line = " ".join(names.word(r) for _ in range(r.randint(1, 6)))
        foot.put(page.width / 2, row * text.size * 1.05, text.normal.fit(line, page.width - 10), text.normal, "c")
    foot.height = height
    return np.concatenate([gray, foot.draw()[0]])


def _on_a_table(image: Image.Image, r) -> Image.Image:
    g = np.random.default_rng(r.getrandbits(32))
    size = (image.width + r.randint(30, 320), image.height + r.randint(20, 220))
    table = Image.fromarray(g.integers(10, 190, (4, 4, 3)).astype(np.uint8)).resize(size, Image.BICUBIC)
    mask = Image.new("L", image.size, 255)
    angle = r.uniform(-7, 7)
    image, mask = image.rotate(angle, Image.BICUBIC, expand=True), mask.rotate(angle, expand=True)
    table.paste(image, ((table.width - image.width) // 2, (table.height - image.height) // 2), mask)
    return table


def _on_a_sheet(image: Image.Image, r, most_width: float, most_height: float, seen: set[str]) -> Image.Image:
    """On a scanner's larger sheet, with specks, punch holes and a pen's marks."""
    width, height = round(image.width * r.uniform(1, most_width)), round(image.height * r.uniform(1, most_height))
    shade = r.randint(238, 255) if r.random() < 0.9 else r.randint(0, 70)
    sheet = Image.new("RGB", (width, height), (shade,) * 3)
    seen.update(["dark background"] * (shade < 100) + ["small slip"] * (width * height > 4 * image.width * image.height))
    if r.random() < 0.4:
        image = image.rotate(r.uniform(-3, 3), Image.BICUBIC, fillcolor=(shade,) * 3)
    x = (width - image.width) // 2 if r.random() < 0.6 else r.randint(0, width - image.width)
    y = r.randint(0, min(height - image.height, 90)) if r.random() < 0.8 else r.randint(0, height - image.height)
    sheet.paste(image, (x, y))
    pen = ImageDraw.Draw(sheet)
    for _ in range(r.choice([0, 0, 0, 2, 3, 15])):
        at, radius = (r.randint(0, width), r.randint(0, height)), r.choice([1, 1, 2, 8])
        pen.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=(r.randint(0, 160),) * 3)
    if r.random() < 0.25:
        seen.add("pen marks")
        points = [(r.randint(0, width), r.randint(0, height))]
        for _ in range(r.randint(3, 12)):
            points.append((points[-1][0] + r.randint(-4, 22), points[-1][1] + r.randint(-16, 16)))
        pen.line(points, fill=r.choice([(30, 30, 140), (40, 40, 40), (150, 30, 30)]), width=r.randint(1, 3))
    return sheet


# --- invoices and what looks like them -------------------------------------


def _invoice(r, book: FontBook, seen: set[str]) -> Image.Image:
    if r.random() < 0.25:
        return _data_sheet(r, book, seen)
    document = invoice(r, book, 0.8)
    page = r.choice(document.pages)
    seen.update(look_marks.languages(page))
    gray, characters = page.draw()
    if r.random() < 0.25:
        gray, _ = paper.damage(gray, characters, r, 0.7)
    content = _coloured(gray, r, sheet=_WHITE)
    if r.random() < 0.12:
        seen.add("frames")
        content = _boxed(content, r)
    if r.random() < 0.12:  # cut off below its last line
        return content
    return _on_letter_paper(content, r, r.random() < 0.6, book, seen)


def _data_sheet(r, book: FontBook, seen: set[str]) -> Image.Image:
    """An electronic invoice as a viewer prints it: small labels and values in
    sections, on the first of several pages often no more than the parties."""
    width = 620
    text = Text(book.text(r) if r.random() < 0.6 else book.mono(r), r.choice([8, 9, 10, 11, 12, 13, 15]), 0.8)
    strong = text.at(text.size + r.choice([0, 2]), fonts.bold(text.path))
    page = Page(width, ink=r.randint(0, 60))
    labels_ink = page.ink if r.random() < 0.5 else r.randint(90, 170)
    left, right = r.uniform(0.03, 0.2) * width, r.uniform(0.62, 0.97) * width
    y, pitch = r.uniform(0.02, 0.09) * width, text.size * 0.8 * r.uniform(1.2, 1.9)
    if r.random() < 0.5:
        page.put(left, y, " ".join(names.word(r) for _ in range(5)), text.normal, ink=labels_ink)
        y += 2 * pitch
    page.put(left, y, r.choice(["Invoice ", "Rechnung ", "Handelsrechnung Nr. ", "Facture ", "Gutschrift "]) + str(r.randint(1000, 999999)) + " " + values.date_writer(r, values.COUNTRIES["DE"])(values.random_day(r)), strong)
    y += r.uniform(1.5, 4) * pitch
    indent = left + r.uniform(0.12, 0.4) * (right - left)
    bar = r.choice([None, None, 205, 225, 240])
    stripes = r.random() < 0.3
    for _ in range(r.randint(2, 6)):
        if bar:
            page.box(left - 4, y - 1, right, y + pitch, fill=bar)
        page.put(left, y, names.word(r).title() + r.choice(["", ":"]), strong)
        if not bar and r.random() < 0.3:
            page.rule(left, y + pitch, left + strong.width("Abcdefghi"))
        y += 1.5 * pitch
        for row in range(r.randint(1, 7)):
            if stripes and row % 2:
                page.box(left - 4, y - 1, right, y + pitch - 1, fill=246)
            page.put(left + 4, y, names.word(r).title() + ":", text.normal, ink=labels_ink)
            page.put(indent, y, r.choice([names.company(r, "DE", "de"), str(r.randint(100, 10**6)), f"{r.uniform(1, 5000):.2f} EUR", *names.address(r, "DE", "de")]), text.normal)
            y += pitch
        y += r.uniform(0.3, 3) * pitch
    if r.random() < 0.6:
        places = [left + share * (right - left) for share in (0, 0.08, 0.5, 0.68, 0.86)]
        if bar:
            page.box(left - 4, y - 1, right, y + 1.3 * pitch, fill=bar)
        for row in range(r.randint(2, 6)):
            for column, x in enumerate(places):
                page.put(x, y, names.word(r)[:10] if row == 0 else names.article(r, "de")[:18] if column == 1 else f"{r.uniform(1, 900):.2f}", strong if row == 0 else text.normal)
            y += 1.3 * pitch
    height = round(width * A4)
    page.height = max(page.height, height)
    if y < height - 40 and r.random() < 0.5:
        page.put(r.choice([left, width - 60]), height - 30, f"{r.randint(1, 3)} / 3", text.normal)
    image = _coloured(page.draw()[0], r, sheet=_WHITE)
    if bar and r.random() < 0.5:  # bars of a colour
        pixels = np.asarray(image).copy()
        pixels[(pixels == bar).all(-1)] = (r.randint(170, 225), r.randint(205, 240), r.randint(225, 255))
        image = Image.fromarray(pixels)
    return image


def _boxed(content: Image.Image, r) -> Image.Image:
    """An invoice on a printed form: frames around its parts."""
    margin = 12
    sheet = Image.new("RGB", (content.width + 2 * margin, content.height + 2 * margin), _WHITE)
    sheet.paste(content, (margin, margin))
    pen, ink = ImageDraw.Draw(sheet), (r.randint(0, 140),) * 3
    cuts = sorted(r.uniform(0.12, 0.95) * sheet.height for _ in range(r.randint(1, 4)))
    for top, bottom in zip([4, *cuts], [*cuts, sheet.height - 4]):
        if bottom - top < 20:
            continue
        pen.rectangle((4, top, sheet.width - 4, bottom - r.choice([0, 6])), outline=ink)
        if r.random() < 0.4:
            x = r.uniform(0.4, 0.7) * sheet.width
            pen.line((x, top, x, bottom), fill=ink)
    return sheet


def _on_letter_paper(content: Image.Image, r, foot: bool, book: FontBook, seen: set[str]) -> Image.Image:
    """A4 or letter: margins, a coloured logo in a corner, lines at the foot."""
    share = r.uniform(0.68, 0.93)
    width = round(content.width / share)
    height = max(round(width * r.choice([A4, A4, A4, 1.294])), content.height + 40)
    sheet = Image.new("RGB", (width, height), (255, 255, 255) if r.random() < 0.75 else (r.randint(236, 255),) * 3)
    top = r.uniform(0.02, 0.12) * height
    y = round(min(top, height - content.height - 10))
    sheet.paste(content, ((width - content.width) // 2, y))
    pen = ImageDraw.Draw(sheet)
    if r.random() < 0.5:
        _logo(pen, sheet, r, seen)
    if foot and y + content.height < height * 0.88:
        used = face(book.text(r), r.choice([8, 9, 10]))
        columns = r.randint(1, 4)
        for column in range(columns):
            for row in range(r.randint(1, 4)):
                pen.text((width * 0.09 + column * width * 0.82 / columns, height * 0.92 + row * used.size * 1.2), used.fit(" ".join(names.word(r) for _ in range(4)), width * 0.8 / columns), font=used.font, fill=(90, 90, 90))
    if r.random() < 0.15:
        x = r.choice([0, width - 12])
        pen.rectangle((x, 0, x + r.randint(4, 12), height), fill=_vivid(r))
        seen.add("side stripe")
    if r.random() < 0.3:  # paper of a colour, or a yellowed scan
        tint = (255, 255 - r.randint(0, 14), 255 - r.randint(0, 40)) if r.random() < 0.8 else tuple(255 - r.randint(0, 45) for _ in range(3))
        if tint[2] < 235:
            seen.add("yellowed paper" if min(tint[:2]) > 240 else "tinted paper")
        sheet = Image.fromarray((np.asarray(sheet, np.float32) * np.array(tint, np.float32) / 255).astype(np.uint8))
    return _on_a_sheet(sheet, r, 1.06, 1.06, seen) if r.random() < 0.3 else sheet


def _logo(pen: ImageDraw.ImageDraw, sheet: Image.Image, r, seen: set[str]) -> None:
    width, height = r.uniform(0.06, 0.26) * sheet.width, r.uniform(0.03, 0.1) * sheet.height
    x = r.choice([sheet.width * 0.06, sheet.width * 0.94 - width])
    y = r.uniform(0.01, 0.05) * sheet.height
    colour = _vivid(r) if r.random() < 0.75 else (r.randint(0, 90),) * 3
    shape = r.choice(["box", "round", "word", "stripes"])
    seen.update(["logo", f"{look_marks.hue(colour)} logo"])
    if shape == "box":
        pen.rectangle((x, y, x + width, y + height), fill=colour)
    elif shape == "round":
        pen.ellipse((x, y, x + height, y + height), fill=colour)
    elif shape == "word":
        used = face(fonts.book().text(r), max(10, int(height * 0.6)))
        pen.text((x, y), names.word(r)[:9], font=used.font, fill=colour)
    else:
        for stripe in range(4):
            pen.rectangle((x, y + stripe * height / 4, x + width * r.uniform(0.4, 1), y + stripe * height / 4 + height / 8), fill=colour)


def _lines(page: Page, text: Text, x: float, y: float, width: float, rows: int, r, pitch: float) -> float:
    for row in range(rows):
        line = ""
        while text.normal.width(line) < width * (0.9 if row < rows - 1 else r.uniform(0.2, 0.9)):
            line += names.word(r) + " "
        page.put(x, y, text.normal.fit(line, width), text.normal)
        y += pitch
    return y + pitch * 0.8


def _letter(r, book: FontBook, seen: set[str]) -> Image.Image:
    text = Text(book.text(r), r.choice([12, 13, 14, 15]), 0.8)
    page, pitch, y = Page(620, ink=r.randint(0, 60)), text.size * r.uniform(1.0, 1.3), 8.0
    x = r.choice([4, 4, 380])
    for line in [names.person(r), *names.address(r, "GB", "en")]:
        page.put(x, y, line, text.normal)
        y += pitch
    y += r.uniform(1, 4) * pitch
    if r.random() < 0.7:
        page.put(r.choice([4, 430]), y, values.date_writer(r, values.COUNTRIES["GB"])(values.random_day(r)), text.normal)
        y += 2 * pitch
    page.put(4, y, r.choice(["Dear ", "Sehr geehrte Damen und Herren ", "Hello ", "Madame, Monsieur "]) + names.person(r) + ",", text.normal)
    y += 2 * pitch
    for _ in range(r.randint(1, 5)):
        y = _lines(page, text, 4, y, 610, r.randint(2, 7), r, pitch)
    page.put(4, y + pitch, r.choice(["Yours sincerely,", "Kind regards,", "Mit freundlichen Grüßen"]), text.normal)
    page.put(4, y + 4 * pitch, names.person(r), text.normal)
    return _on_letter_paper(_coloured(page.draw()[0], r, sheet=_WHITE), r, r.random() < 0.4, book, seen)


def _report(r, book: FontBook, seen: set[str]) -> Image.Image:
    text = Text(book.text(r), r.choice([11, 12, 13, 14]), 0.8)
    page, pitch = Page(620, ink=r.randint(0, 60)), text.size * r.uniform(0.95, 1.3)
    page.put(4, 6, " ".join(names.word(r).title() for _ in range(r.randint(2, 5))), text.at(r.choice([20, 24, 28]), fonts.bold(text.path)))
    y, columns = 50.0, r.choice([1, 1, 2])
    seen.update(["two columns"] * (columns == 2))
    width = 610 / columns - 8
    while y < 760:
        if r.random() < 0.25:
            seen.add("chart")
            height = r.randint(70, 170)
            page.box(10, y, 600, y + height, line=120)
            bars = r.randint(4, 10)
            for bar in range(bars):
                x = 30 + bar * 560 / bars
                page.box(x, y + height - r.randint(8, height - 12), x + 18, y + height, fill=r.randint(60, 180))
            y += height + 16
        else:
            rows = r.randint(3, 9)
            bottoms = [_lines(page, text, 4 + column * (width + 16), y, width, rows, r, pitch) for column in range(columns)]
            y = max(bottoms)
            if r.random() < 0.25:
                page.put(4, y, names.word(r).title() + " " + names.word(r), text.at(text.size + 3, fonts.bold(text.path)))
                y += 1.6 * pitch
    return _on_letter_paper(_coloured(page.draw()[0], r, sheet=_WHITE), r, False, book, seen)


def _form(r, book: FontBook, seen: set[str]) -> Image.Image:
    text = Text(book.text(r), r.choice([11, 12, 13, 14]), 0.8)
    page, y = Page(620, ink=r.randint(0, 60)), 56.0
    page.put(4, 8, r.choice(["APPLICATION FORM", "Registration Form", "Claim form", "Questionnaire", "ANTRAG", "Formulaire"]), text.at(22))
    indent = r.choice([130, 170, 210])
    while y < r.choice([500, 720, 800]):
        page.put(4, y, names.word(r).title() + r.choice([":", "", " *"]), text.normal)
        kind = r.random()
        if kind < 0.5:
            page.box(indent, y - 3, r.choice([360, 480, 610]), y + 16, line=page.ink)
        elif kind < 0.75:
            for box in range(r.randint(2, 4)):
                page.box(indent + 90 * box, y, indent + 12 + 90 * box, y + 12, line=page.ink)
                page.put(indent + 18 + 90 * box, y - 1, names.word(r)[:8], text.normal)
        else:
            for box in range(r.randint(5, 14)):
                page.box(indent + 18 * box, y - 3, indent + 18 + 18 * box, y + 15, line=page.ink)
        y += r.randint(22, 40)
    return _on_letter_paper(_coloured(page.draw()[0], r, sheet=_WHITE), r, r.random() < 0.3, book, seen)


def _spreadsheet(r, book: FontBook, seen: set[str]) -> Image.Image:
    width, height = r.choice([(720, 500), (500, 700), (800, 400)])
    image = Image.new("L", (width, height), 252)
    pen = ImageDraw.Draw(image)
    used = face(book.text(r), r.choice([8, 9, 10]))
    rows, columns = r.randint(14, 38), r.randint(4, 11)
    high, wide = height / rows, width / columns
    if r.random() < 0.5:
        pen.rectangle((0, 0, width, high), fill=r.choice([190, 215, 230]))
    for row in range(rows + 1):
        pen.line((0, row * high, width, row * high), fill=200)
    for column in range(columns + 1):
        pen.line((column * wide, 0, column * wide, height), fill=200)
    for row in range(rows):
        for column in range(columns):
            if r.random() < 0.85:
                pen.text((column * wide + 3, row * high + 2), names.word(r)[:9] if row * column == 0 else f"{r.uniform(0, 9999):.2f}", font=used.font, fill=30)
    return _coloured(np.asarray(image), r)


def _blank(r, book: FontBook, seen: set[str]) -> Image.Image:
    g = np.random.default_rng(r.getrandbits(32))
    shade = r.randint(215, 255)
    pixels = np.clip(shade + g.normal(0, r.uniform(0, 6), (400, 283)), 0, 255)
    return Image.fromarray(pixels.astype(np.uint8)).convert("RGB")


def _photo(r, book: FontBook, seen: set[str]) -> Image.Image:
    g = np.random.default_rng(r.getrandbits(32))
    coarse = g.uniform(0, 255, (r.randint(3, 8), r.randint(3, 8), 3)).astype(np.uint8)
    size = r.choice([(400, 300), (300, 400), (320, 320)])
    image = Image.fromarray(coarse).resize(size, Image.BICUBIC)
    pen = ImageDraw.Draw(image)
    for _ in range(r.randint(0, 9)):
        x, y = r.randint(0, size[0]), r.randint(0, size[1])
        shape = pen.ellipse if r.random() < 0.6 else pen.rectangle
        shape((x, y, x + r.randint(10, 150), y + r.randint(10, 130)), fill=tuple(int(v) for v in g.integers(0, 255, 3)))
    return image.filter(ImageFilter.GaussianBlur(r.uniform(0, 3)))


# --- screens ----------------------------------------------------------------


def _screen(r, book: FontBook, seen: set[str]) -> Image.Image:
    if r.random() < 0.65:
        seen.add("phone")
        document = screenshot(r, book, 0.8)
        page = document.pages[0]
        page.height = max(page.height, round(page.width * r.choice([1.0, 1.5, 1.8, 2.1])) if r.random() < 0.8 else 0)
        gray, _ = page.draw()
    else:
        seen.add("window")
        gray = _window(r, book)
    image = _coloured(gray, r, ink=(0, 0, 0), sheet=(255, 255, 255))
    if r.random() < 0.75:  # filled bars take a colour
        pixels = np.asarray(image).astype(np.float32) / 255
        colour = _vivid(r)
        seen.add(f"{look_marks.hue(colour)} screen")
        added = np.array(colour, np.float32) / 255
        dark = pixels < 0.55
        pixels = np.where(dark, np.clip(pixels + added * 0.5 * (pixels > 0.06), 0, 1), pixels)
        image = Image.fromarray((pixels * 255).astype(np.uint8))
    seen.update(["dark screen"] if np.median(np.asarray(image)) < 110 else [])
    return image


def _window(r, book: FontBook) -> np.ndarray:
    width, height = r.choice([(640, 400), (560, 420), (700, 380)])
    dark = r.random() < 0.25
    image = Image.new("L", (width, height), 30 if dark else r.choice([235, 245, 255]))
    pen = ImageDraw.Draw(image)
    ink = 230 if dark else 30
    used = face(book.text(r), r.choice([10, 11, 12]))
    pen.rectangle((0, 0, width, 22), fill=r.choice([60, 200, 220]))
    for dot in range(3):
        pen.ellipse((8 + 12 * dot, 7, 16 + 12 * dot, 15), fill=130)
    pen.rectangle((60, 5, width - 80, 17), fill=250)
    if r.random() < 0.6:
        pen.rectangle((0, 22, r.randint(80, 140), height), fill=r.choice([50, 210, 228]))
    for _ in range(r.randint(2, 7)):
        x, y = r.randint(140, width - 160), r.randint(30, height - 60)
        pen.rounded_rectangle((x, y, x + r.randint(90, 260), y + r.randint(24, 90)), 6, outline=150)
        pen.text((x + 8, y + 6), " ".join(names.word(r) for _ in range(3)), font=used.font, fill=ink)
    pen.rounded_rectangle((150, height - 50, 240, height - 26), 6, fill=90)
    pen.text((160, height - 46), r.choice(["Confirm", "Checkout", "Pay now", "Download"]), font=used.font, fill=250)
    return np.asarray(image)


_MAKERS = {
    "receipt": _receipt, "invoice": _invoice, "screenshot": _screen, "letter": _letter, "report": _report, "form": _form,
    "spreadsheet": _spreadsheet, "blank": _blank, "photo": _photo,
}
