"""Tiles: as the program makes them."""

import tomllib
from pathlib import Path

import numpy as np
from weights import tiles
from weights.page import Characters

MANIFEST = tomllib.loads((Path(__file__).parents[2] / "models" / "manifest.toml").read_text())
_LAYOUT = MANIFEST["reader"]["docmill-nano"]["image_layout"]


def _no_characters():
    return Characters(np.zeros(0), np.zeros(0), np.zeros(0, np.int64))


def test_constants_are_the_manifests():
    assert (_LAYOUT["tile"], _LAYOUT["crop_margin"]) == (tiles.TILE, tiles.CROP_MARGIN)
    # The program may give fewer than training saw, never more.
    assert _LAYOUT["max_tiles"] <= tiles.MAX_TILES
    assert tuple(map(tuple, _LAYOUT["channel_offsets"])) == tiles.OFFSETS
    columns = _LAYOUT["columns"]
    assert all(columns.get(kind, columns["default"]) == number for kind, number in tiles.COLUMNS.items())


def test_the_crop_keeps_a_margin_as_in_the_program():
    # The same page and numbers as in src/engines/reader/image_layout.rs.
    gray = np.full((200, 100), 240, np.uint8)
    gray[50:120, 30:80] = 0
    assert tiles.inked(gray) == (29, 49, 81, 121)
    assert tiles.inked(np.full((200, 100), 240, np.uint8)) is None


def test_channels_show_the_page_shifted_and_repeat_its_edge():
    sheet = np.arange(tiles.TILE, dtype=np.uint16)[:, None].repeat(tiles.TILE, 1).astype(np.uint8)
    up, right, left = tiles.channels(sheet)
    assert up[10, 0] == 6 and up[0, 0] == 0 and right[10, 0] == 14 and left[10, 5] == 14


def test_a_long_page_is_scaled_down_to_its_tiles():
    assert tiles.scaled_size(384, 768, 1) == (384, 768, 1)
    assert tiles.scaled_size(384, 384 * 12, 1) == (tiles.TILE * tiles.MAX_TILES // 12, tiles.TILE * tiles.MAX_TILES, 1)
    assert len(tiles.sheet(np.full((4000, 300), 250, np.uint8), _no_characters(), 1).tiles) <= tiles.MAX_TILES


def test_a_page_has_the_columns_on_which_it_is_largest():
    # The same numbers as in src/engines/reader/image_layout.rs.
    assert [tiles.scaled_size(100, height, 2)[2] for height in (399, 401)] == [2, 1]
    assert [tiles.scaled_size(500, height, 2)[0] for height in (1000, 2000)] == [768, 384]


def test_characters_land_in_their_patch_in_reading_order():
    there = Characters(np.array([390.0, 386.0, 10.0]), np.array([5.0, 5.0, 400.0]), np.array([1, 2, 3]))
    cells = tiles.place(there, 2, 2)
    assert list(cells[1, 0, :2]) == [2, 1]  # second tile, first patch
    assert cells[2, tiles.GRID, 0] == 3  # third tile, second row of patches
    assert (cells > 0).sum() == 3
