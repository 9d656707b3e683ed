"""The errors that OCR makes on a page: letters misread, blanks lost, segments joined, cut,
lost or made up. How often each happens is sampled from real pages of OCR
(`ocr_noise.json`, made by the command `noise`)."""

import json
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from .tagged import Tagged

SAMPLE = Path(__file__).with_name("ocr_noise.json")
# Lines of dashes are mostly not seen as text.
_RULES_LOST = 0.85
# Pages that are rotated by up to 1.5 degrees: labels and their amounts are on other lines.
_SKEWED, _SLOPE = 0.12, 0.026
_JUNK = "0123456789ABCDEFGHIKLMNOPRSTabcdei.-#*/ "


@dataclass(frozen=True)
class Level:
    """Shares of one page: of letters misread, blanks dropped, segments lost,
    made up and cut at a blank, and the gap in letter widths that still joins."""

    letters: float = 0.0
    blanks: float = 0.0
    lost: float = 0.0
    junk: float = 0.0
    cut: float = 0.0
    joins: float = 1.5


@lru_cache(maxsize=1)
def _sample() -> tuple[list[Level], dict[str, tuple[list[str], list[float]]]]:
    content = json.loads(SAMPLE.read_text())
    names = [f.name for f in fields(Level)]
    levels = [Level(**dict(zip(names, row))) for row in content["levels"]]
    confusions = {letter: (list(table), list(table.values())) for letter, table in content["confusions"].items()}
    return levels, confusions


def disturbed(segments: list[Tagged], r) -> list[Tagged]:
    level = r.choice(_sample()[0])
    result = []
    if r.random() < _SKEWED:
        _skew(segments, r)
    for segment in _joined(segments, level, r):
        if r.random() < level.lost or _is_rule(segment) and r.random() < _RULES_LOST:
            continue
        result += [_misread(piece, level, r) for piece in _cut(segment, level, r)]
        if r.random() < level.junk:
            result.append(_junk(segment, r))
    return [segment for segment in map(Tagged.cleaned, result) if segment.letters]


def _skew(segments: list[Tagged], r) -> None:
    slope = r.uniform(-_SLOPE, _SLOPE)
    for segment in segments:
        fall = slope * (segment.x0 + segment.x1) / 2
        segment.y0, segment.y1 = segment.y0 + fall, segment.y1 + fall


def _is_rule(segment: Tagged) -> bool:
    return len(segment.letters) > 4 and not any(letter.isalnum() for letter in segment.letters)


def _joined(segments: list[Tagged], level: Level, r) -> list[Tagged]:
    """Neighbours in a line whose gap is small are one segment to a detector."""
    result: list[Tagged] = []
    for segment in sorted(segments, key=lambda s: (round((s.y0 + s.y1) / 8), s.x0)):
        before = result[-1] if result else None
        if before and abs(before.y0 + before.y1 - segment.y0 - segment.y1) < 0.5 * min(before.height, segment.height):
            gap = (segment.x0 - before.x1) / max(1.0, before.letter_width)
            if -0.5 < gap < level.joins * r.uniform(0.6, 1.4):
                blank = [] if r.random() < level.blanks else [" "]
                result[-1] = Tagged(before.x0, min(before.y0, segment.y0), segment.x1, max(before.y1, segment.y1), [*before.letters, *blank, *segment.letters], [*before.tags, *[None] * len(blank), *segment.tags])
                continue
        result.append(Tagged(segment.x0, segment.y0, segment.x1, segment.y1, list(segment.letters), list(segment.tags)))
    return result


def _cut(segment: Tagged, level: Level, r) -> list[Tagged]:
    blanks = [at for at, letter in enumerate(segment.letters) if letter == " "]
    if not blanks or r.random() >= level.cut:
        return [segment]
    at, wide = r.choice(blanks), segment.letter_width
    middle = segment.x0 + wide * at
    return [
        Tagged(segment.x0, segment.y0, middle, segment.y1, segment.letters[:at], segment.tags[:at]),
        Tagged(middle + wide * r.uniform(1, 2), segment.y0, segment.x1, segment.y1, segment.letters[at + 1 :], segment.tags[at + 1 :]),
    ]


def _misread(segment: Tagged, level: Level, r) -> Tagged:
    confusions = _sample()[1]
    letters = []
    for letter in segment.letters:
        if letter == " " and r.random() < level.blanks:
            letter = ""
        elif level.letters and letter in confusions and r.random() < level.letters * confusions[letter][1][0]:
            letter = r.choices(confusions[letter][0][1:], confusions[letter][1][1:])[0]
        letters.append(letter)
    shift, side = segment.height * 0.1, segment.letter_width * 0.3
    move = lambda reach: r.uniform(-reach, reach)
    return Tagged(segment.x0 + move(side), segment.y0 + move(shift), segment.x1 + move(side), segment.y1 + move(shift), letters, segment.tags)


def _junk(beside: Tagged, r) -> Tagged:
    letters = [r.choice(_JUNK) for _ in range(r.choice([1, 1, 2, 3, 4, 6, 9]))]
    x, y = beside.x0 + r.uniform(-20, 200), beside.y0 + r.uniform(-1, 1) * beside.height
    return Tagged(x, y, x + len(letters) * beside.letter_width, y + beside.height, letters, [None] * len(letters))
