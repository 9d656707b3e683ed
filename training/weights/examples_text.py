"""A page's text and the verbatim answer: what the reader is trained on."""

import re
from typing import NamedTuple

from . import fonts, noise_text, tagged
from .invoices import invoice
from .page import Document
from .receipts import receipt
from .screenshots import screenshot
from .tagged import Tagged

MAKERS = {"receipt": receipt, "invoice": invoice, "screenshot": screenshot}
MIX = {"receipt": 0.61, "invoice": 0.33, "screenshot": 0.06}
# Shares of pages whose words come from a text layer, of pages of which only
# some lines are seen, and of pages in capitals.
_LAYER = {"receipt": 0.1, "invoice": 0.55, "screenshot": 0.0}
_PARTS = {"receipt": 0.12, "invoice": 0.15, "screenshot": 0.03}
_CAPITALS = {"receipt": 0.12, "invoice": 0.03, "screenshot": 0.0}


# A currency that stands only in a label, such as `Amount (RM)`.
_CURRENCY = re.compile(r"(?<![^\W_])(?:RM|MYR|S\$|US\$|A\$|C\$|€|£|\$|EUR|USD|GBP|CHF|SGD|INR|AUD|CAD|Rs\.?|Fr\.)(?![^\W\d_])")


class TextExample(NamedTuple):
    kind: str
    page_text: str
    answer: str


class Seen(NamedTuple):
    """A page's text and what stands in it for each key."""

    kind: str
    text: str
    found: dict[str, str]


def example(r, kind: str | None = None, noise: bool = True, held_out: bool = False) -> TextExample:
    kind = kind or r.choices(list(MIX), list(MIX.values()))[0]
    document = MAKERS[kind](r, fonts.book(held_out), 1.0)
    return of_document(r, document, r.randrange(len(document.pages)), noise)


def of_document(r, document: Document, index: int, noise: bool = True) -> TextExample:
    page = seen(r, document, index, noise)
    found = page.found
    if page.kind == "screenshot":
        found = found | {field: document.page_truths[index][field] for field in ("kind", "status") if document.page_truths[index][field]}
    return TextExample(page.kind, page.text, tagged.answer_of(page.kind, found))


def seen(r, document: Document, index: int, noise: bool = True) -> Seen:
    """What a page of the document looks like to the reader."""
    kind, page = document.kind, document.pages[index]
    segments = tagged.of_page(page)
    if r.random() < _LAYER[kind]:
        segments = [s for s in map(Tagged.cleaned, tagged.words(segments, page)) if s.letters]
    elif noise:
        segments = noise_text.disturbed(segments, r) or segments
    else:
        segments = [s for s in map(Tagged.cleaned, segments) if s.letters]
    if noise and r.random() < _PARTS[kind]:
        segments = _part(segments, r)
    if noise and r.random() < _CAPITALS[kind]:
        for segment in segments:
            segment.letters = [letter.upper() for letter in segment.letters]
    found = tagged.values(segments)
    text = tagged.page_text(segments)
    if "currency" not in found and (sign := _CURRENCY.search(text)):
        found["currency"] = sign.group()
    return Seen(kind, text, found)


def _part(segments: list[Tagged], r) -> list[Tagged]:
    """The lines of a stretch of the page, as of a long page read in parts."""
    heights = sorted((s.y0 + s.y1) / 2 for s in segments)
    if len(heights) < 10:
        return segments
    start = r.choice([0, 0, r.randrange(len(heights) // 2)])
    end = r.choice([len(heights), r.randrange(start + len(heights) // 3, len(heights))])
    return [s for s in segments if heights[start] <= (s.y0 + s.y1) / 2 <= heights[end - 1]] or segments
