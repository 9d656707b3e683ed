"""How well the reader reads documents whose words are cached: field F1."""

import json
import random
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from . import answer, examples_text, typing_copies
from .page_text import Segment, page_text
from .reading import Reader

_DATES = {"date", "issue_date", "due_date"}
_AMOUNTS = {"total", "subtotal", "tax", "net_total", "tax_total", "gross_total", "amount", "unit_price", "line_total", "quantity"}


@dataclass
class Count:
    right: int = 0
    exact: int = 0  # case and blanks aside, every mark right
    said: int = 0
    true: int = 0
    shown: int = 0  # truths that stand in the words that the reader was given

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, self.said + self.true)


@dataclass
class Result:
    fields: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    seconds: float = 0.0
    documents: int = 0
    malformed: int = 0
    unfounded: int = 0  # values that are not in the page's text
    misses: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)

    def f1(self, names=None) -> float:
        chosen = [count for name, count in self.fields.items() if names is None or name in names]
        return 2 * sum(c.right for c in chosen) / max(1, sum(c.said + c.true for c in chosen))


def typed(name: str, text: str | None) -> str | None:
    if text is None:
        return None
    if name in _DATES:
        return typing_copies.date(text)
    if name in _AMOUNTS:
        return typing_copies.amount(text)
    if name == "currency":
        return typing_copies.currency(text)
    return typing_copies.words(text)


def _truth(name: str, value: str | None) -> str | None:
    if value is None or name == "currency" or name in _DATES:
        return value
    return typing_copies.amount(value) if name in _AMOUNTS else typing_copies.words(value)


def parse(kind: str, content: str) -> tuple[dict, bool]:
    """The answer, closed where it broke off."""
    for end in ("", "}", "]}", "]]}", '"]]}', '"}', "null]]}"):
        try:
            said = json.loads(content + end)
            return (said, not end) if isinstance(said, dict) else ({}, False)
        except json.JSONDecodeError:
            continue
    cut = content.rfind("],[")
    if cut > 0:
        try:
            return json.loads(content[:cut] + "]]}"), False
        except json.JSONDecodeError:
            pass
    return {}, False


def document(reader: Reader, kind: str, pages: list[list[Segment]], result: Result, rows: bool = True) -> dict:
    fields: dict = {}
    for segments in pages:
        text = page_text(segments)
        if not text:
            continue
        said, whole = parse(kind, reader.ask(kind, text, rows=rows)["content"] + ("" if rows else "}"))
        result.malformed += not whole
        flat = " ".join(text.split())
        for name, value in said.items():
            if isinstance(value, list):
                fields.setdefault(name, []).extend(row for row in value if isinstance(row, list))
            elif isinstance(value, str) and fields.get(name) is None:
                fields[name] = value
                result.unfounded += name not in answer.WORDED and value not in flat
    return fields


def _stands_in(name: str, value: str, text: str) -> bool:
    if name in _DATES:
        pieces = re.findall(r"\d[\d\w./ -]{4,14}\d", text) + re.findall(r"\d{1,4}[-/. ]+\w{2,9}[-/., ]+\d{2,4}", text)
        return any(typing_copies.date(piece) == value for piece in pieces)
    if name in _AMOUNTS:
        return any(typing_copies.amount(piece) == _truth(name, value) for piece in re.findall(r"-?\d[\d.,']*", text))
    return name == "currency" or typing_copies.words(value) in typing_copies.words(text)


def score(path: str, kind: str, said: dict, truth: dict, result: Result, text: str) -> None:
    result.documents += 1
    hidden = set(truth.get("_not_on_page", []))
    others = truth.get("_alternatives", {})
    for name in answer.FIELDS[kind]:
        if name not in truth or name in hidden:
            continue
        count, mine = result.fields[name], typed(name, said.get(name))
        if name == "currency" and truth.get("_currency_basis") == "country" and mine in (None, "USD"):
            mine = truth[name]  # the program knows the country, the page does not say it
        right = {_truth(name, value) for value in [truth[name], *others.get(name, [])]}
        count.true += truth[name] is not None
        count.shown += truth[name] is not None and _stands_in(name, truth[name], text)
        count.said += mine is not None
        good = mine is not None and mine in right
        count.right += good
        squeezed = lambda text: "".join(text.casefold().split())
        count.exact += good and (name in _DATES | _AMOUNTS | {"currency"} or any(squeezed(said[name] or "") == squeezed(value) for value in [truth[name], *others.get(name, [])]))
        if not good:
            result.misses.append((path, name, said.get(name), truth[name]))
    if kind in answer.ROWS and answer.ROWS[kind][0] in said and truth.get(answer.ROWS[kind][0]) and answer.ROWS[kind][0] not in hidden:
        _score_rows(kind, said, truth, result)


def _score_rows(kind: str, said: dict, truth: dict, result: Result) -> None:
    name, columns = answer.ROWS[kind]
    hidden = set(truth.get("_not_on_page_line_fields", []))
    rows = [row for row in said.get(name, []) if len(row) == len(columns)]
    for at, column in enumerate(columns):
        if column in hidden:
            continue
        count = result.fields[f"{name}.{column}"]
        mine = Counter(typed(column, row[at]) for row in rows if isinstance(row[at], str))
        right = Counter(_truth(column, row[column]) for row in truth[name] if row.get(column) is not None)
        count.said += sum(mine.values())
        count.true += sum(right.values())
        count.right += sum((mine & right).values())


def corpus(reader: Reader, root: Path, kind: str, split: str, cache: Path, layout: str | None = None, most: int | None = None, rows: bool = True) -> Result:
    result, began = Result(), time.monotonic()
    documents = [d for d in json.loads((root / "MANIFEST.json").read_text())["documents"] if d["kind"] == kind and d["split"] == split and (not layout or d.get("layout") == layout)]
    try:
        for entry in documents[:most]:
            words = cache / f"{Path(entry['path']).name}.json"
            if not words.is_file():
                continue
            pages = [[Segment(*w["bbox"][:4], w["text"]) for w in page] for page in json.loads(words.read_text())]
            said = document(reader, kind, pages, result, rows)
            score(entry["path"], kind, said, json.loads((root / entry["truth"]).read_text()), result, "\n".join(map(page_text, pages)))
    except KeyboardInterrupt:
        pass  # what was read so far
    result.seconds = (time.monotonic() - began) / max(1, result.documents)
    return result


def table(result: Result) -> str:
    lines = [f"{name:26} F1 {c.f1:.3f}  exact {c.exact / max(1, c.true):.3f}  right {c.right} said {c.said} true {c.true} shown {c.shown}" for name, c in result.fields.items()]
    header = {name for name in result.fields if "." not in name}
    lines.append(f"{'header fields':26} F1 {result.f1(header):.3f}")
    if len(header) != len(result.fields):
        lines.append(f"{'with rows':26} F1 {result.f1():.3f}")
    lines.append(f"{result.documents} documents, {result.malformed} answers malformed, {result.unfounded} values not in the text, {result.seconds:.2f} s each")
    return "\n".join(lines)


def held_out(reader: Reader, kind: str, count: int, seed: int) -> Result:
    """Generated pages of layouts and fonts that training never saw, with OCR
    noise: copies must be right letter for letter."""
    result, began = Result(), time.monotonic()
    for number in range(count):
        made = examples_text.example(random.Random(f"held out/{seed}/{number}"), kind, held_out=True)
        said, whole = parse(kind, reader.ask(kind, made.page_text)["content"])
        truth = json.loads(made.answer)
        result.malformed += not whole
        result.documents += 1
        for name in answer.FIELDS[kind]:
            _count(result, f"{kind} {number}", name, said.get(name), truth[name])
        if kind in answer.ROWS:
            name, columns = answer.ROWS[kind]
            for at, column in enumerate(columns):
                cells = lambda rows: Counter(row[at] for row in rows if len(row) > at and isinstance(row[at], str))
                mine, right, count_ = cells(said.get(name) or []), cells(truth[name]), result.fields[f"{name}.{column}"]
                count_.said, count_.true, count_.right = count_.said + mine.total(), count_.true + right.total(), count_.right + (mine & right).total()
    result.seconds = (time.monotonic() - began) / max(1, count)
    return result


def _count(result: Result, where: str, name: str, said: str | None, true: str | None) -> None:
    count = result.fields[name]
    count.true += true is not None
    count.said += said is not None
    count.right += said is not None and said == true
    count.exact += said is not None and said == true
    if said != true:
        result.misses.append((where, name, said, true))
