"""A page becomes tiles exactly as `src/engines/reader/image_layout.rs` makes them under
`models/manifest.toml`: cropped to its ink, gray, scaled to whole columns,
padded with its background, seen three times with a shift, cut row by row.

`tests/test_tiles.py` compares the constants with the manifest.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .page import Characters

TILE = 384
PATCH = 16
GRID = TILE // PATCH
PATCHES = GRID * GRID
SLOTS = 4  # characters distinguished within a patch
MAX_TILES = 9
COLUMNS = {"receipt": 1, "screenshot": 1, "text": 1, "invoice": 2}  # at most
CROP_MARGIN = 0.03
# Where each channel looks: a patch sees past its borders. This took character
# accuracy from a plateau at 75 % to over 80 % within minutes of training: a
# character cut by a border is read badly by patches that do not overlap.
OFFSETS = ((0, -4), (8, 4), (-8, 4))

_INK_CONTRAST = 45
_INK_SHARE = 0.004
_MIN_INKED = 20


@dataclass
class Sheet:
    """A page at reading size on whole tiles, with what lies in each patch."""

    tiles: np.ndarray  # n x 3 x TILE x TILE, uint8
    cells: np.ndarray  # n x PATCHES x SLOTS: character numbers, 0 for none


def background(gray: np.ndarray) -> int:
    """The lower median, as the program counts it."""
    counts = np.bincount(gray.ravel(), minlength=256).cumsum()
    return int(np.argmax(counts * 2 >= gray.size))


def inked(gray: np.ndarray) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the part with ink and a margin around it."""
    ink = np.abs(gray.astype(np.int16) - background(gray)) > _INK_CONTRAST
    height, width = gray.shape
    columns = np.flatnonzero(ink.sum(0) > _INK_SHARE * height)
    rows = np.flatnonzero(ink.sum(1) > _INK_SHARE * width)
    if len(columns) < _MIN_INKED or len(rows) < _MIN_INKED:
        return None
    left, right, top, bottom = columns[0], columns[-1], rows[0], rows[-1]
    # The share is a 32-bit float in the manifest's reader.
    margin = int(float(np.float32(CROP_MARGIN)) * (right - left))
    return max(0, left - margin), max(0, top - margin), min(width, right + margin + 1), min(height, bottom + margin + 1)


def scaled_size(width: int, height: int, columns: int, most: int = MAX_TILES) -> tuple[int, int, int]:
    """Size at reading, and the number of columns, at most `columns`, on which
    that is largest; of equal ones the fewest."""
    scale_on = lambda n: min(TILE * n / width, TILE * max(1, most // n) / height)
    columns = max(range(1, columns + 1), key=scale_on)  # the first of equals
    half_up = lambda length: max(1, int(length * scale_on(columns) + 0.5))
    return min(half_up(width), TILE * columns), min(half_up(height), TILE * max(1, most // columns)), columns


def channels(sheet: np.ndarray) -> np.ndarray:
    height, width = sheet.shape
    rows, columns = np.arange(height), np.arange(width)
    views = [sheet[np.clip(rows + dy, 0, height - 1)][:, np.clip(columns + dx, 0, width - 1)] for dx, dy in OFFSETS]
    return np.stack(views)


def cut(views: np.ndarray) -> np.ndarray:
    _, height, width = views.shape
    rows, columns = height // TILE, width // TILE
    return np.ascontiguousarray(views.reshape(3, rows, TILE, columns, TILE).transpose(1, 3, 0, 2, 4).reshape(-1, 3, TILE, TILE))


def place(characters: Characters, rows: int, columns: int) -> np.ndarray:
    """Which characters lie in each patch, at most SLOTS, in reading order."""
    height, width = rows * TILE, columns * TILE
    x, y, ids = characters.x, characters.y, characters.ids
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y, ids = x[inside], y[inside], ids[inside]
    patch = (y // PATCH).astype(np.int64) * (width // PATCH) + (x // PATCH).astype(np.int64)
    order = np.lexsort((x, np.round(y / 6), patch))
    patch, ids = patch[order], ids[order]
    cells = np.zeros((rows * GRID * columns * GRID, SLOTS), np.int64)
    if len(ids):
        first = np.r_[True, patch[1:] != patch[:-1]]
        index = np.arange(len(ids))
        slot = index - np.maximum.accumulate(np.where(first, index, 0))
        kept = slot < SLOTS
        cells[patch[kept], slot[kept]] = ids[kept]
    cells = cells.reshape(rows, GRID, columns, GRID, SLOTS).transpose(0, 2, 1, 3, 4)
    return cells.reshape(rows * columns, PATCHES, SLOTS)


def sheet(gray: np.ndarray, characters: Characters, columns: int, most: int = MAX_TILES) -> Sheet:
    left, top, right, bottom = inked(gray) or (0, 0, gray.shape[1], gray.shape[0])
    gray = gray[top:bottom, left:right]
    height, width = gray.shape
    new_width, new_height, columns = scaled_size(width, height, columns, most)
    small = np.asarray(Image.fromarray(gray).resize((new_width, new_height), Image.LANCZOS)) if (new_width, new_height) != (width, height) else gray
    rows = -(-new_height // TILE)
    whole = np.full((rows * TILE, columns * TILE), background(gray), np.uint8)
    whole[:new_height, :new_width] = small
    moved = Characters((characters.x - left) * (new_width / width), (characters.y - top) * (new_height / height), characters.ids)
    return Sheet(cut(channels(whole)), place(moved, rows, columns))


def symbolic(characters: Characters, columns: int) -> np.ndarray:
    """Cells of a page that is not drawn: cropped to its characters, about as
    `sheet` crops to their ink."""
    x, y, half = characters.x, characters.y, 8.0
    across = max(1.0, float(x.max() - x.min())) + 2 * half
    margin = half + CROP_MARGIN * across
    width, height = across + 2 * CROP_MARGIN * across, float(y.max() - y.min()) + 2 * margin
    new_width, new_height, columns = scaled_size(width, height, columns)
    scale = new_width / width
    moved = Characters((x - x.min() + margin) * scale, (y - y.min() + margin) * scale, characters.ids)
    return place(moved, -(-new_height // TILE), columns)


def has_ink(tiles: np.ndarray, least: int = 60) -> np.ndarray:
    """n x PATCHES: whether a patch, or what it sees around it, holds any contrast."""
    n = len(tiles)
    split = tiles.reshape(n, 3, GRID, PATCH, GRID, PATCH)
    contrast = split.max((1, 3, 5)).astype(np.int16) - split.min((1, 3, 5))
    return (contrast > least).reshape(n, PATCHES)
