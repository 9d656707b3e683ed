"""Answers as the reader writes them: compact JSON, keys in the schema's order."""

import json
from functools import lru_cache
from pathlib import Path

from .characters import writable

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
