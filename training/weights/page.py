"""A page as it is laid out: runs of text, rules and filled boxes, with the
place of every character."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from .characters import INDEX
from .fonts import Face, face


class Value(NamedTuple):
    """Text that a field is read from.

    `key`: a field, or `ROWS.NUMBER.COLUMN`; with `~N` behind it, a place that
    says the same and counts where the places before it are lost. A value over
    several lines has parts. `typed`: what it means in the schema's form, the
    text itself by default."""

    key: str
    text: str
    typed: str | None = None
    part: int = 0


class Mark(NamedTuple):
    """The letters of a run that belong to a value."""

    key: str
    part: int
    start: int
    end: int


Content = str | list["str | Value"]


def fitted(content: Content, used: Face, width: float) -> Content:
    """As much of `content` as fits. Names may be cut; a date, number or
    currency that is cut has no value."""
    if used.width(plain(content)) <= width:
        return content
    if isinstance(content, str):
        return used.fit(content, width)
    kept: list[str | Value] = []
    for piece in content:
        text = plain([piece])
        shown = text if used.width(text) <= width else used.fit(text, width)
        width -= used.width(shown)
        if shown == text:
            kept.append(piece)
            continue
        is_name = isinstance(piece, Value) and "currency" not in piece.key and not any(map(str.isdigit, piece.typed or ""))
        kept.append(piece._replace(text=shown, typed=None) if is_name else shown)
        break
    return kept


def plain(content: Content) -> str:
    if isinstance(content, str):
        return content
    return "".join(piece if isinstance(piece, str) else piece.text for piece in content)


def within(text: str, key: str, value: str | None) -> Content:
    """`text`, in which `value` stands as a value."""
    before, found, after = text.partition(value) if value else (text, "", "")
    return [before, Value(key, found), after] if found else text


@dataclass
class Run:
    x: float
    y: float  # top of the line, from which the ascent counts
    text: str
    face: Face
    ink: int | None = None  # None: the page's own
    marks: tuple[Mark, ...] = ()


@dataclass
class Page:
    """`width` is that of the sheet; `height` grows with its content."""

    width: int
    height: int = 0
    paper: int = 255
    ink: int = 20
    runs: list[Run] = field(default_factory=list)
    rules: list[tuple[float, float, float, float, int, int]] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float, int | None, int | None, int]] = field(default_factory=list)
    inverted: bool = False  # light on dark, as screens at night
    values: list[Value] = field(default_factory=list)

    def put(self, x: float, y: float, content: Content, used: Face, align: str = "l", ink: int | None = None) -> float:
        """Puts a line of text; `x` is its left, centre or right. Returns its width."""
        text, marks = plain(content), self._marks(content)
        width = used.width(text)
        if align == "r":
            x -= width
        elif align == "c":
            x -= width / 2
        if text.strip():
            self.runs.append(Run(max(1.0, x), y, text, used, ink, marks))
            self.height = max(self.height, int(y + used.ascent + used.descent) + 1)
        return width

    def _marks(self, content: Content) -> tuple[Mark, ...]:
        if isinstance(content, str):
            return ()
        marks, at = [], 0
        for piece in content:
            length = len(piece) if isinstance(piece, str) else len(piece.text)
            if isinstance(piece, Value) and piece.text.strip():
                marks.append(Mark(piece.key, piece.part, at, at + length))
                self.values.append(piece)
            at += length
        return tuple(marks)

    def rule(self, x0: float, y: float, x1: float, ink: int | None = None, thick: int = 1) -> None:
        self.rules.append((x0, y, x1, y, self.ink if ink is None else ink, thick))
        self.height = max(self.height, int(y) + thick + 1)

    def box(self, x0, y0, x1, y1, fill: int | None = None, line: int | None = None, radius: int = 0) -> None:
        self.boxes.append((x0, y0, x1, y1, fill, line, radius))
        self.height = max(self.height, int(y1) + 1)

    def draw(self) -> tuple[np.ndarray, "Characters"]:
        image = Image.new("L", (self.width, max(self.height, 8)), self.paper)
        pen = ImageDraw.Draw(image)
        for x0, y0, x1, y1, fill, line, radius in self.boxes:
            pen.rounded_rectangle((x0, y0, x1, y1), radius, fill=fill, outline=line)
        for x0, y0, x1, y1, ink, thick in self.rules:
            pen.line((x0, y0, x1, y1), fill=ink, width=thick)
        for run in self.runs:
            pen.text((run.x, run.y), run.text, font=run.face.font, fill=self.ink if run.ink is None else run.ink)
        gray = np.asarray(image)
        return (255 - gray if self.inverted else gray), self.characters()

    def characters(self) -> "Characters":
        xs, ys, ids = [], [], []
        for run in self.runs:
            x = run.x
            y = run.y + run.face.ascent - run.face.size * 0.32  # middle of a small letter
            for character in run.text:
                advance = run.face.advance(character)
                number = INDEX.get(character)
                if number:
                    xs.append(x + advance / 2)
                    ys.append(y)
                    ids.append(number)
                x += advance
        return Characters(np.array(xs, np.float32), np.array(ys, np.float32), np.array(ids, np.int64))


@dataclass
class Characters:
    """Centres of the page's characters, in pixels, and their numbers."""

    x: np.ndarray
    y: np.ndarray
    ids: np.ndarray


@dataclass
class Document:
    """One document of a kind: its pages, the truth of each, and the truth of
    the document."""

    kind: str
    pages: list[Page]
    page_truths: list[dict | str]
    truth: dict | str


class Text:
    """The faces of one document: a family in the sizes that it uses."""

    def __init__(self, path: str, size: float, scale: float = 1.0):
        self.path, self.scale = path, scale
        self.size = size
        self.normal = self.at(size)

    def at(self, size: float, path: str | None = None) -> Face:
        return face(path or self.path, max(6, round(size * self.scale)))
