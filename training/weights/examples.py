"""A document's page as one training example."""

from dataclasses import dataclass

import numpy as np

from . import fonts, paper, tiles, truth
from .invoices import invoice
from .page import Document
from .passages import passage
from .receipts import receipt
from .screenshots import screenshot
from .vocabulary import EOS, PROMPTS, encode

MAKERS = {"receipt": receipt, "invoice": invoice, "screenshot": screenshot, "text": passage}
# Kinds by how often training sees them. Transcribing keeps the tower and the
# text model honest about single letters; invoices are the hardest.
MIX = {"receipt": 0.42, "invoice": 0.31, "screenshot": 0.13, "text": 0.14}
# How large pages are drawn: larger than they are read, as they come from
# scanners.
_SCALES = (1.0, 1.0, 1.0, 1.25, 1.5)
# Shares of pages in training; held-out sets have none of the three unless they
# ask for tall pages.
_SLIPS = 0.55  # receipts as till printers set them
_PRESSED = 0.35  # other letters
# Pages that white space makes taller, and how many rows of tiles they then
# have: invoices fill a sheet, and without these hardly a page of training has
# more than 4 tiles.
_TALL = {"invoice": (0.5, (3, 3, 3, 4, 4)), "receipt": (0.2, (3, 4, 5, 6, 7, 8, 9)), "screenshot": (0.25, (2, 2, 3, 3, 4, 6, 9)), "text": (0.04, (6, 7, 8, 9))}
# Longest answer of the program (models/manifest.toml).
MOST_ANSWER_TOKENS = 1100


@dataclass
class Example:
    kind: str
    tiles: np.ndarray | None  # n x 3 x TILE x TILE; None where nothing is drawn
    cells: np.ndarray  # n x PATCHES x SLOTS
    question: list[int]
    answer: list[int]


def render(document: Document, index: int, r, damage: float, training: bool = False, rows: int | None = None) -> tuple[np.ndarray, object]:
    """A page's pixels and characters; `damage` is the share of damaged pages,
    `rows` how many rows of tiles white space fills it to."""
    kind = document.kind
    gray, characters = document.pages[index].draw()
    if training:
        if kind == "receipt" and r.random() < _SLIPS:
            gray, characters = paper.slip(gray, characters, r)
        elif r.random() < _PRESSED:
            gray, characters = paper.pressed(gray, characters, r)
        share, heights = _TALL[kind]
        if r.random() < share:
            rows = r.choice(heights)
    if rows:
        gray, characters = _filled(gray, characters, kind, r, rows)
    if r.random() < damage:
        gentle = 0.35 if kind == "screenshot" else 1.0
        gray, characters = paper.damage(gray, characters, r, gentle)
    return gray, characters


def _filled(gray, characters, kind: str, r, rows: int):
    """The page made tall enough, once cropped, for so many rows of tiles; its
    last row is not always full."""
    left, top, right, bottom = tiles.inked(gray) or (0, 0, gray.shape[1], gray.shape[0])
    wanted = (right - left) / tiles.COLUMNS[kind] * (rows - r.uniform(0.03, 0.6))
    return paper.spread(gray, characters, r, len(gray) + round(wanted - (bottom - top)))


def symbolic(r, kind: str | None = None, most_tiles: int = tiles.MAX_TILES) -> Example:
    """An example without pixels: only which characters lie in each patch."""
    kind = kind or r.choices(list(MIX), list(MIX.values()))[0]
    while True:
        document = MAKERS[kind](r, fonts.book(), 1.0)
        index = r.randrange(len(document.pages))
        said = document.page_truths[index]
        answer = encode(said if kind == "text" else truth.dump(said)) + [EOS]
        cells = tiles.symbolic(document.pages[index].characters(), tiles.COLUMNS[kind])
        if len(cells) <= most_tiles and len(answer) <= MOST_ANSWER_TOKENS:
            return Example(kind, None, cells, encode(PROMPTS[kind] + "\nASSISTANT: "), answer)


def example(r, kind: str | None = None, damage: float = 0.6, held_out: bool = False, most_tiles: int = tiles.MAX_TILES) -> Example:
    kind = kind or r.choices(list(MIX), list(MIX.values()))[0]
    book = fonts.book(held_out)
    while True:
        document = MAKERS[kind](r, book, r.choice(_SCALES))
        index = r.randrange(len(document.pages))
        page = document.pages[index]
        if page.height / page.width > most_tiles + 0.5:
            continue
        said = document.page_truths[index]
        answer = encode(said if kind == "text" else truth.dump(said)) + [EOS]
        if len(answer) > MOST_ANSWER_TOKENS:
            continue
        sheet = tiles.sheet(*render(document, index, r, damage, training=True), tiles.COLUMNS[kind], most_tiles)
        return Example(kind, sheet.tiles, sheet.cells, encode(PROMPTS[kind] + "\nASSISTANT: "), answer)
