"""Names for what a page shows, beyond what its maker knows."""

from .page import Page

_SAID = {
    "German": ("rechnung", "mwst", "summe", "datum"),
    "French": ("facture", "tva", "montant"),
    "Spanish": ("factura", "iva", "fecha", "importe"),
    "Malay": ("jumlah", "tarikh", "sdn", "terima"),
}


def hue(colour: tuple[int, int, int]) -> str:
    """Gray where the channels differ by less than 60."""
    return "gray" if max(colour) - min(colour) < 60 else ("red", "green", "blue")[colour.index(max(colour))]


def languages(page: Page) -> list[str]:
    """The language that the page has most words of; none where it has no such word."""
    words = " ".join(run.text for run in page.runs).lower().split()
    counts = {language: sum(word.startswith(said) for word in words) for language, said in _SAID.items()}
    best = max(counts, key=counts.get)
    return [best] if counts[best] else []
