"""Writes sets of documents arranged like `fixtures/`, for `docmill eval`
and `docmill calibrate`: layouts and fonts that training never saw.

Pages are drawn at scale 2, about as a scanner or a phone would give them; PDFs
hold pictures of their pages.
"""

import json
import random
import shutil
from pathlib import Path

from PIL import Image

from . import examples, fonts, truth

_SCALE = 2.0
_RESOLUTION = 150.0


def write(folder: Path, counts: dict[str, int], seed: int, damage: float = 0.5, tall: bool = False) -> int:
    """`counts`: documents by type. Writes `folder/TYPE/NNN/`, replacing those
    types' folders. The same seed gives the same documents. `tall` pages are
    filled up with white space to 7 to 9 tiles, invoices to 8."""
    written = 0
    for kind, count in counts.items():
        shutil.rmtree(folder / kind, ignore_errors=True)
        for number in range(count):
            # A seed of its own: a set of 40 is the beginning of one of 400.
            r = random.Random(f"{seed}/{kind}/{number}")
            _write_one(folder / kind / f"{number:03}", kind, r, damage, tall)
            written += 1
    return written


def _write_one(folder: Path, kind: str, r, damage: float, tall: bool) -> None:
    document = _document(kind, r)
    folder.mkdir(parents=True)
    rows = lambda: r.choice([4] if kind == "invoice" else [7, 8, 9]) if tall else None
    images = [Image.fromarray(examples.render(document, index, r, damage, rows=rows())[0]) for index in range(len(document.pages))]
    if len(images) > 1 or kind == "invoice" and r.random() < 0.4:
        images[0].save(folder / "input.pdf", save_all=True, append_images=images[1:], resolution=_RESOLUTION)
    elif r.random() < 0.3:
        images[0].save(folder / "input.jpg", quality=r.randint(70, 92))
    else:
        images[0].save(folder / "input.png", optimize=True)
    expected = with_defaults(kind, json.loads(truth.dump(document.truth)))
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


def with_defaults(kind: str, expected: dict) -> dict:
    """Values of rows that are not printed, as the schema says: a quantity of 1. A
    currency that is not printed is left out, since docmill takes the country's."""
    for name, rows in expected.items():
        if isinstance(rows, list):
            columns = truth.schema(kind)["properties"][name]["items"]["properties"]
            for row in rows:
                row.update({key: columns[key]["default"] for key, value in row.items() if value is None and "default" in columns[key]})
    return {name: value for name, value in expected.items() if name != "currency" or value is not None}


def _document(kind: str, r):
    """One whose every page is as wide as a column of tiles, or wider."""
    while True:
        document = examples.MAKERS[kind](r, fonts.book(held_out=True), _SCALE)
        longest = max(page.height / page.width for page in document.pages)
        if longest <= examples.tiles.MAX_TILES:
            return document
