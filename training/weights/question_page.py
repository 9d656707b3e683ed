"""What questions are asked about: a page as it was made and as it is seen."""

from functools import cached_property
from typing import NamedTuple

from . import answer
from .examples_text import Seen
from .page import Page


class Asked(NamedTuple):
    text: str
    answer: str | int | bool | None
    about: str


class QuestionPage:
    def __init__(self, page: Page, seen: Seen, truth: dict):
        self.kind, self.text, self.found, self.truth = seen.kind, seen.text, seen.found, truth
        self._page = page

    @cached_property
    def _printed(self) -> dict[str, set[tuple[int, str]]]:
        result: dict[str, set[tuple[int, str]]] = {}
        for value in self._page.values:
            result.setdefault(value.key.partition("~")[0], set()).add((value.part, value.text))
        return result

    def prints(self, key: str) -> bool:
        """Whether the page was made with such a value, seen or not."""
        return key in self._printed

    def is_single(self, key: str) -> bool:
        """Whether all places of a value say the same."""
        parts = [part for part, _ in self._printed.get(key, ())]
        return len(parts) == len(set(parts))

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """The lines of what was bought, by column, as they are seen."""
        if self.kind not in answer.ROWS:
            return []
        rows: dict[int, dict[str, str]] = {}
        for key, value in self.found.items():
            name, _, rest = key.partition(".")
            if name == answer.ROWS[self.kind][0]:
                number, _, column = rest.partition(".")
                rows.setdefault(int(number), {})[column] = value
        return [rows[number] for number in sorted(rows)]

    @property
    def amount_column(self) -> str:
        return "amount" if self.kind == "receipt" else "line_total"

    @cached_property
    def is_whole(self) -> bool:
        """Whether every line that was printed is seen, with its name and amount."""
        name = answer.ROWS.get(self.kind, ("",))[0]
        numbers = {key.split(".")[1] for key in self._printed if key.startswith(f"{name}.")}
        return bool(self.rows) and len(numbers) == len(self.rows) and all("description" in row and self.amount_column in row for row in self.rows)
