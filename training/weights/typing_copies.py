"""Typed values of verbatim copies, as far as measuring needs them. The program
derives them itself, with one convention for each document."""

import re

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan janv ene gen", "feb fev fév febr", "mar mär mrz mrt maa mac marz", "apr avr abr", "may mai mei mag", "jun juin giu", "jul juil lug", "aug aoû aou ago ogo", "sep set", "oct okt ott", "nov", "dec dez dic dis déc"), 1
    )
    for name in names.split()
}
_CURRENCIES = {"RM": "MYR", "R": "MYR", "€": "EUR", "EURO": "EUR", "£": "GBP", "$": "USD", "US$": "USD", "S$": "SGD", "A$": "AUD", "C$": "CAD", "RS": "INR", "RS.": "INR", "₹": "INR", "FR.": "CHF", "DH": "MAD", "INRRS": "INR"}


def date(text: str, month_first: bool = False) -> str | None:
    numbers, words = re.findall(r"\d+", text), re.findall(r"[^\W\d_]{3,}", text.lower())
    month = next((_MONTHS.get(word[:length]) for word in words for length in (4, 3) if word[:length] in _MONTHS), None)
    try:
        if month and len(numbers) >= 2:
            day, year = int(numbers[0]), int(numbers[1])
            if day > 31:
                day, year = year, day
        elif len(numbers) == 3:
            a, b, c = map(int, numbers)
            if len(numbers[0]) == 4:
                year, month, day = a, b, c
            else:
                day, month, year = (b, a, c) if month_first or b > 12 >= a else (a, b, c)
        elif len(numbers) == 1 and len(numbers[0]) == 8:
            n = numbers[0]
            year, month, day = (int(n[:4]), int(n[4:6]), int(n[6:])) if n[:2] in ("19", "20") else (int(n[4:]), int(n[2:4]), int(n[:2]))
        else:
            return None
    except ValueError:
        return None
    year += 2000 if year < 100 else 0
    return f"{year:04}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 and 1900 < year < 2100 else None


def amount(text: str) -> str | None:
    text = text.strip().removesuffix(".-").removesuffix(",-")
    negative = text.startswith(("-", "(")) or text.endswith("-")
    text = re.sub(r"[^\d.,]", "", text).strip(".,")
    last = max(text.rfind("."), text.rfind(","))
    if last >= 0:
        behind = len(text) - last - 1
        both = "." in text and "," in text
        mark = text[last]
        if both or text.count(mark) == 1 and behind != 3 or text.count(mark) == 1 and text.startswith("0"):
            text = re.sub("[.,]", "", text[:last]) + "." + text[last + 1 :]
        else:
            text = re.sub("[.,]", "", text)
    try:
        value = float(text)
    except ValueError:
        return None
    return f"{-value if negative else value:.4f}".rstrip("0").rstrip(".")


def currency(text: str) -> str:
    return _CURRENCIES.get(text.upper().replace(" ", ""), text.upper().strip())


def words(text: str) -> str:
    """For comparing: letters and digits only, without case."""
    return "".join(c for c in text.casefold() if c.isalnum())
