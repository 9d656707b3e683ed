"""Samples the errors of OCR: generated pages are drawn and damaged, PP-OCRv6 reads
them, and its text is aligned with what was printed."""

import difflib
import json
import random
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from PIL import Image

from . import corpus_words, examples_text, fonts, paper, tagged
from .page_text import Segment, clean, page_text
from .tagged import Tagged

_SCALES = (1.0, 1.25, 1.5, 2.0)  # pages of 384 to 768 pixels, as scanned receipts are
_DAMAGED, _SLIPS = 0.75, 0.4
_SAME_LINE = 0.55  # least similarity of two lines that say the same
# Pages on which OCR failed say nothing about how it reads.
_MOST_LOST, _MOST_MISREAD = 0.3, 0.15
_LEAST_SEEN = 40  # letters rarer than this keep no statistics of their own
# Measured by eye: how often a detector cuts a line at a blank, and up to which
# gap, in letter widths, it joins neighbours.
_CUT, _JOINS = (0.0, 0.02, 0.05), (1.5, 2.0, 3.0, 4.0)


class _Counts:
    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.wrong: dict[str, Counter[str]] = defaultdict(Counter)


def write(out: Path, pages: int, seed: int, threads: int) -> None:
    import pylopdf

    engine, r, counts, levels = pylopdf.OcrEngine(threads=threads), random.Random(seed), _Counts(), []
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "page.png"
        for _ in range(pages):
            printed = _draw(r, picture)
            read = [Segment(*line["bbox"], line["text"]) for line in corpus_words.recognised(engine, picture)]
            level = _compare(printed, page_text(read).split("\n"), counts)
            if level and level[0] <= _MOST_MISREAD and level[2] <= _MOST_LOST:
                levels.append([*level, r.choice(_CUT), r.choice(_JOINS)])
    content = {"levels": levels, "confusions": _confusions(counts)}
    fresh = out.with_suffix(".new")
    fresh.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")
    fresh.replace(out)


def _draw(r, picture: Path) -> list[str]:
    """Draws a page and returns its lines."""
    kind = r.choice(["receipt", "receipt", "receipt", "invoice"])
    document = examples_text.MAKERS[kind](r, fonts.book(), r.choice(_SCALES))
    page = r.choice(document.pages)
    gray, characters = page.draw()
    if kind == "receipt" and r.random() < _SLIPS:
        gray, characters = paper.slip(gray, characters, r)
    if r.random() < _DAMAGED:
        gray, characters = paper.damage(gray, characters, r)
    Image.fromarray(gray).save(picture)
    segments = [s for s in map(Tagged.cleaned, tagged.of_page(page)) if s.letters]
    return [line for line in tagged.page_text(segments).split("\n") if any(map(str.isalnum, line))]


def _compare(printed: list[str], read: list[str], counts: _Counts) -> list[float] | None:
    """Shares of letters misread, blanks dropped, lines lost and made up."""
    left = [clean(line) for line in printed]
    pairs = _paired(left, [clean(line) for line in read])
    if len(left) < 4 or not pairs:
        return None
    wrong = letters = dropped = blanks = 0
    for said, seen in pairs:
        a, b, c, d = _letters(said, seen, counts)
        wrong, letters, dropped, blanks = wrong + a, letters + b, dropped + c, blanks + d
    share = lambda part, whole: round(part / max(1, whole), 4)
    return [share(wrong, letters), share(dropped, blanks), share(len(left) - len(pairs), len(left)), share(max(0, len(read) - len(pairs)), len(left))]


def _paired(printed: list[str], read: list[str]) -> list[tuple[str, str]]:
    """Lines that say the same, each once, the most similar first."""
    bare = lambda line: line.replace(" ", "").casefold()
    found = []
    for i, a in enumerate(printed):
        for j, b in enumerate(read):
            matcher = difflib.SequenceMatcher(None, bare(a), bare(b), autojunk=False)
            if matcher.quick_ratio() > _SAME_LINE and (ratio := matcher.ratio()) > _SAME_LINE:
                found.append((ratio, i, j))
    used_i, used_j, pairs = set(), set(), []
    for _, i, j in sorted(found, reverse=True):
        if i not in used_i and j not in used_j:
            used_i.add(i)
            used_j.add(j)
            pairs.append((printed[i], read[j]))
    return pairs


def _letters(said: str, seen: str, counts: _Counts) -> tuple[int, int, int, int]:
    """Letters misread, letters, blanks dropped, blanks of a line."""
    wrong = dropped = 0
    counts.seen.update(said.replace(" ", ""))
    for what, a, b, c, d in difflib.SequenceMatcher(None, said, seen, autojunk=False).get_opcodes():
        if what in ("equal", "insert"):
            continue
        old, new = said[a:b], seen[c:d]
        dropped += max(0, old.count(" ") - new.count(" "))
        old, new = old.replace(" ", ""), new.replace(" ", "")
        wrong += len(old)
        if len(old) == len(new) or len(old) == 1:
            for letter, other in zip(old, new if len(old) == len(new) else [new]):
                if letter != other and len(other) <= 2:
                    counts.wrong[letter][other] += 1
        elif not new and len(old) <= 2:
            for letter in old:
                counts.wrong[letter][""] += 1
    return wrong, len(said.replace(" ", "")), dropped, said.count(" ")


def _confusions(counts: _Counts) -> dict[str, dict[str, float]]:
    """By letter: `=` is its error rate relative to the mean; the other keys are
    the letters that it is misread as, with counts."""
    mean = sum(sum(table.values()) for table in counts.wrong.values()) / max(1, counts.seen.total())
    result = {}
    for letter, table in sorted(counts.wrong.items()):
        if counts.seen[letter] >= _LEAST_SEEN:
            rate = table.total() / counts.seen[letter] / max(1e-9, mean)
            result[letter] = {"=": round(min(6.0, rate), 2), **dict(table.most_common(8))}
    return result
