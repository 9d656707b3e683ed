"""The words of a page as text whose spaces and lines follow the page's layout.

The program lays out its prompt in the same way; both are tested with
`tests/page_text_cases.json`.
"""

import re
import unicodedata
from typing import NamedTuple

_ZERO_WIDTH = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_SPACE = re.compile(r"\s+")
# Letter width in pixels where no segment is long enough to measure it.
_DEFAULT_LETTER = 8.0
# Gaps from this many letter widths on begin a new cell.
_CELL_GAP = 1.6
_MOST_SPACES = 6


class Segment(NamedTuple):
    """Text with its box in pixels, y down: an OCR line or a word of a text layer."""

    x0: float
    y0: float
    x1: float
    y1: float
    text: str


def clean(text: str) -> str:
    """Text as it can stand in a prompt and, unescaped, in a JSON string."""
    text = text.replace('"', "'").replace("\\", "/")
    text = _ZERO_WIDTH.sub("", text)
    # Unicode's white space; Python counts four separators of ASCII too.
    is_space = lambda c: c.isspace() and c not in "\x1c\x1d\x1e\x1f"
    text = "".join(" " if is_space(c) else c for c in text if is_space(c) or unicodedata.category(c) != "Cc")
    return _SPACE.sub(" ", text).strip(" ").replace("<|", "< |")


class _Line:
    def __init__(self, first: int, segment: Segment):
        self.members = [first]
        self._centres, self._heights = (segment.y0 + segment.y1) / 2, segment.y1 - segment.y0

    def accepts(self, segment: Segment) -> bool:
        count = len(self.members)
        height, line_height = segment.y1 - segment.y0, self._heights / count
        distance = abs((segment.y0 + segment.y1) / 2 - self._centres / count)
        return distance < 0.5 * min(height, line_height) or distance < 0.35 * max(height, line_height)

    def add(self, index: int, segment: Segment) -> None:
        self.members.append(index)
        self._centres += (segment.y0 + segment.y1) / 2
        self._heights += segment.y1 - segment.y0


def lines(segments: list[Segment]) -> list[list[tuple[int, int]]]:
    """Rows of (index into `segments`, spaces before it). Texts must be clean
    and not empty."""
    order = sorted(range(len(segments)), key=lambda i: (segments[i].y0 + segments[i].y1) / 2)
    rows: list[_Line] = []
    for index in order:
        if rows and rows[-1].accepts(segments[index]):
            rows[-1].add(index, segments[index])
        else:
            rows.append(_Line(index, segments[index]))
    letter = _letter_width(segments)
    result = []
    for row in rows:
        members = sorted(row.members, key=lambda i: segments[i].x0)
        spaced = [(members[0], 0)]
        for before, index in zip(members, members[1:]):
            gap = (segments[index].x0 - segments[before].x1) / letter
            spaced.append((index, 1 if gap < _CELL_GAP else min(_MOST_SPACES, 2 + int(gap // 4))))
        result.append(spaced)
    return result


def _letter_width(segments: list[Segment]) -> float:
    widths = sorted((s.x1 - s.x0) / len(s.text) for s in segments if len(s.text) > 2)
    return max(1e-3, widths[len(widths) // 2] if widths else _DEFAULT_LETTER)


def page_text(segments: list[Segment]) -> str:
    kept = [s._replace(text=text) for s in segments if (text := clean(s.text))]
    return "\n".join("".join(" " * spaces + kept[index].text for index, spaces in row) for row in lines(kept))
