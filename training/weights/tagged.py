"""Segments whose letters know which value they belong to, so that noise may
change the text and the answer still copies the printed text."""

from dataclasses import dataclass, field

from . import answer
from .page import Mark, Page
from .page_text import Segment, clean, lines

Tag = Mark | None


@dataclass
class Tagged:
    """A segment: as many tags as letters."""

    x0: float
    y0: float
    x1: float
    y1: float
    letters: list[str]
    tags: list[Tag] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.letters)

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def letter_width(self) -> float:
        return (self.x1 - self.x0) / max(1, len(self.letters))

    def cleaned(self) -> "Tagged":
        """Without double, leading and trailing blanks, and fit for a prompt."""
        letters, tags = [], []
        for letter, tag in zip(self.letters, self.tags):
            letter = "" if letter == "" else clean(letter) or " "
            if letter == "" or letter == " " and (not letters or letters[-1] == " "):
                continue
            letters.append(letter)
            tags.append(tag)
        while letters and letters[-1] == " ":
            letters.pop()
            tags.pop()
        return Tagged(self.x0, self.y0, self.x1, self.y1, letters, tags)


def of_page(page: Page) -> list[Tagged]:
    """One segment a run."""
    result = []
    for run in page.runs:
        tags: list[Tag] = [None] * len(run.text)
        for mark in run.marks:
            tags[mark.start : mark.end] = [mark] * (mark.end - mark.start)
        # Letters reach less high and low than their line does.
        top, bottom = run.y + 0.15 * run.face.ascent, run.y + run.face.ascent + 0.7 * run.face.descent
        result.append(Tagged(run.x, top, run.x + run.face.width(run.text), bottom, list(run.text), tags))
    return result


def words(segments: list[Tagged], page: Page) -> list[Tagged]:
    """As a PDF's text layer gives them: a segment a word, at its exact place."""
    result = []
    for run, segment in zip(page.runs, segments):
        x, start = run.x, 0
        for at, letter in enumerate([*segment.letters, " "]):
            if letter == " ":
                width = run.face.width("".join(segment.letters[start:at]))
                if at > start:
                    result.append(Tagged(x, segment.y0, x + width, segment.y1, segment.letters[start:at], segment.tags[start:at]))
                x += width + run.face.width(" ")
                start = at + 1
    return result


def page_text(segments: list[Tagged]) -> str:
    """As `page_text.page_text`, of segments that are clean and not empty."""
    rows = lines([Segment(s.x0, s.y0, s.x1, s.y1, s.text) for s in segments])
    return "\n".join("".join(" " * spaces + segments[index].text for index, spaces in row) for row in rows)


def values(segments: list[Tagged]) -> dict[str, str]:
    """The text of each key; a value over several lines is
    joined by blanks. Lost places are replaced by those behind `~`; of
    equal places, such as a currency sign at every amount, the first counts."""
    # By key and place: by part: the run that said it first, and its letters by segment.
    found: dict[tuple[str, int], dict[int, tuple[Mark, dict[int, list[str]]]]] = {}
    for number, segment in enumerate(segments):
        for letter, mark in zip(segment.letters, segment.tags):
            if mark:
                key, _, place = mark.key.partition("~")
                parts = found.setdefault((key, int(place or 0)), {})
                first, pieces = parts.setdefault(mark.part, (mark, {}))
                if first is mark:
                    pieces.setdefault(number, []).append(letter)
    result: dict[str, str] = {}
    for (key, _), parts in sorted(found.items(), key=lambda item: item[0]):
        words = ["".join(letters) for part in sorted(parts) for letters in parts[part][1].values()]
        text = " ".join(" ".join(words).split())
        if text:
            result.setdefault(key, text)
    return result


def answer_of(kind: str, found: dict[str, str]) -> str:
    rows: list[list[str | None]] = []
    if kind in answer.ROWS:
        name, columns = answer.ROWS[kind]
        numbers = sorted({int(key.split(".")[1]) for key in found if key.startswith(f"{name}.")})
        rows = [[found.get(f"{name}.{number}.{column}") for column in columns] for number in numbers]
    return answer.dump(kind, {field: found.get(field) for field in answer.FIELDS[kind]}, rows)
