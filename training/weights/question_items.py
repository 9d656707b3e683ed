"""Questions about the lines of what was bought, and how many there are."""

from . import names, question_words, typing_copies
from .question_page import Asked, QuestionPage
from .question_words import ITEMS

_NAMES = ("en", "en", "ms", "de", "fr", "es", "it", "nl")


def mention(r, page: QuestionPage, row: dict[str, str]) -> str | None:
    """How a question names a line; None where another line could be meant."""
    name = row.get("description")
    if not name or len(name) < 3:
        return None
    words = name.split()
    if len(words) > 2 and r.random() < 0.2:
        name = " ".join(words[:2])
    others = [other.get("description", "").casefold() for other in page.rows if other is not row]
    if any(name.casefold() in other or other and other in name.casefold() for other in others):
        return None
    kind = r.random()
    return name.lower() if kind < 0.25 else name.title() if kind < 0.32 else name


def another(r, page: QuestionPage) -> str | None:
    """An article that is not on the page, not even a word of it."""
    name = names.article(r, r.choice(_NAMES))
    text = page.text.casefold()
    return None if any(word in text for word in name.casefold().split() if len(word) > 2) else r.choice([name, name.lower()])


def item(r, page: QuestionPage, language: str, new_words: bool) -> Asked | None:
    if not page.rows:
        return None
    about = r.choices(["amount", "quantity", "unit_price", "costs", "dearest", "first", "last"], [6, 3, 2, 2, 1, 0.7, 0.7])[0]
    if about in ("amount", "quantity", "unit_price"):
        row = r.choice(page.rows)
        value = row.get(page.amount_column if about == "amount" else about)
        name = mention(r, page, row) if value else None
        return name and Asked(question_words.phrase(r, ITEMS[about], language, new_words).format(name), value, f"item {about}")
    if about == "costs":
        return _costing(r, page, language, new_words)
    row = _at(page, about)
    return row and Asked(question_words.phrase(r, ITEMS[about], language, new_words), row["description"], f"item {about}")


def _costing(r, page: QuestionPage, language: str, new_words: bool) -> Asked | None:
    row = r.choice(page.rows)
    value = row.get(page.amount_column)
    if not value or "description" not in row or page.text.count(value) > 1 or list(page.found.values()).count(value) > 1:
        return None
    sign = page.found.get("currency", "")
    shown = r.choice([value, value, f"{sign} {value}".strip(), f"{value} {sign}".strip()])
    return Asked(question_words.phrase(r, ITEMS["costs"], language, new_words).format(shown), row["description"], "item costs")


def _at(page: QuestionPage, where: str) -> dict[str, str] | None:
    if not page.is_whole or len(page.rows) < 2:
        return None
    if where != "dearest":
        return page.rows[0 if where == "first" else -1]
    amounts = [typing_copies.amount(row[page.amount_column]) for row in page.rows]
    if None in amounts:
        return None
    numbers = list(map(float, amounts))
    return page.rows[numbers.index(max(numbers))] if numbers.count(max(numbers)) == 1 else None


def count(r, page: QuestionPage, language: str, new_words: bool) -> Asked | None:
    return Asked(question_words.phrase(r, ITEMS["count"], language, new_words), len(page.rows), "count") if page.is_whole else None


def absent(r, page: QuestionPage, language: str, new_words: bool) -> Asked | None:
    """The price or quantity of what was not bought."""
    name = another(r, page)
    about = r.choice(["amount", "amount", "quantity", *(["unit_price"] if any("unit_price" in row for row in page.rows) else [])])
    return name and Asked(question_words.phrase(r, ITEMS[about], language, new_words).format(name), None, f"item {about}")
