"""Answers as the reader writes them: compact JSON, keys in the schema's order."""

import json
from functools import lru_cache
from pathlib import Path

from . import answer
from .characters import writable
from .page import Document, Page, Value

SCHEMAS = Path(__file__).parents[2] / "schemas"


def dump(value) -> str:
    """Compact JSON of a truth; letters that the vocabulary lacks are left out."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return f'"{writable(value)}"'
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return "{" + ",".join(f'"{key}":{dump(member)}' for key, member in value.items()) + "}"


@lru_cache(maxsize=8)
def schema(kind: str) -> dict:
    return json.loads((SCHEMAS / f"{kind}.json").read_text())


def of_page(kind: str, page: Page) -> dict:
    """What the page says, in the schema's form, read off its values."""
    best: dict[str, tuple[int, list[Value]]] = {}
    for value in page.values:
        key, _, rank = value.key.partition("~")
        place = int(rank or 0)
        known = best.get(key)
        if known is None or place < known[0]:
            best[key] = (place, [value])
        elif place == known[0] and value.part > known[1][-1].part:
            known[1].append(value)
    typed = {key: _typed(parts) for key, (_, parts) in best.items()}
    result: dict = {field: typed.get(field) for field in answer.FIELDS[kind]}
    if kind in answer.ROWS:
        name, columns = answer.ROWS[kind]
        numbers = sorted({int(key.split(".")[1]) for key in typed if key.startswith(f"{name}.")})
        result[name] = [{column: typed.get(f"{name}.{number}.{column}") for column in columns} for number in numbers]
    return {field: result[field] for field in schema(kind)["properties"]}


def _typed(parts: list[Value]) -> str | None:
    first = parts[0]
    if len(parts) == 1 and first.typed:
        return first.typed
    return " ".join(part.text.strip() for part in parts) or None


def document(kind: str, pages: list[Page]) -> Document:
    truths = [of_page(kind, page) for page in pages]
    whole = dict.fromkeys(truths[0])
    for said in truths:
        for field, value in said.items():
            if isinstance(value, list):
                whole[field] = [*(whole[field] or []), *value]
            elif whole[field] is None:
                whole[field] = value
    return Document(kind, pages, truths, whole)
