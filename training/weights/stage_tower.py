"""The first stage: the vision tower alone learns which characters lie in each
patch.

It learns on crops of half a tile's side, a quarter of the cost, at random
places of the grid so that every place is learnt. Each page gives several.
"""

import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import checkpoint, run
from .answering import character_loss
from .examples import example
from .feed import Feed
from .models import Reader, pixels
from .muon import Optimiser
from .tiles import GRID, PATCH, SLOTS, TILE

CROP = TILE // 2
_PLACES = GRID // 2
_CROPS_A_TILE = 3
_MIX = {"text": 0.5, "receipt": 0.25, "invoice": 0.2, "screenshot": 0.05}


@dataclass
class Plan:
    minutes: float
    rate: float = 1e-3
    batch: int = 24


def crops(r: random.Random):
    """Crops of one page, with what lies in each patch; few without text."""
    e = example(r, r.choices(list(_MIX), list(_MIX.values()))[0], damage=0.5)
    for tile, cells in zip(e.tiles, e.cells.reshape(-1, GRID, GRID, SLOTS)):
        for _ in range(_CROPS_A_TILE):
            row, column = r.randint(0, _PLACES), r.randint(0, _PLACES)
            part = cells[row : row + _PLACES, column : column + _PLACES]
            if (part > 0).sum() < 20 and r.random() < 0.8:
                continue
            y, x = row * PATCH, column * PATCH
            yield tile[:, y : y + CROP, x : x + CROP].copy(), part.reshape(-1, SLOTS).copy()


def train(out: Path, log_path: Path, plan: Plan, processes: int, threads: int) -> None:
    device = run.pick_device()
    torch.set_num_threads(threads)
    reader, clock = Reader(), run.clock(plan.minutes, plan.rate, device, threads)
    rest = checkpoint.load_reader(reader, out) if out.exists() else {}
    reader.to(device)
    optimiser = Optimiser([reader.vision, reader.head], decay=0.02)
    if "optimiser" in rest:
        optimiser.load(rest["optimiser"])
        clock.load(rest["clock"])
    feed, log, averages, saved = Feed(crops, processes, buffer=40 * plan.batch), run.Log(log_path, "tower"), run.Averages(), time.monotonic()
    clock.restart()
    while not clock.is_over:
        images, cells = (torch.from_numpy(np.stack(part)).to(device) for part in zip(*feed.batch(plan.batch)))
        offset = (random.randint(0, GRID - _PLACES), random.randint(0, GRID - _PLACES))
        with run.autocast(device):
            guesses = reader.head(reader.vision(pixels(images), offset))
        loss, right = character_loss(guesses, cells)
        loss.backward()
        optimiser.step(clock.rate)
        averages.add("loss", loss.item())
        averages.add("characters", right)
        clock.tick(plan.batch)
        if clock.steps % 50 == 0:
            log.write(**clock.figures(), **averages.rounded(), waits=feed.waits)
        if time.monotonic() - saved > run.SAVE_EVERY or clock.is_over:
            saved = time.monotonic()
            parts = {name: getattr(reader, name).state_dict() for name in ("vision", "head")}
            checkpoint.save(out, {"parts": parts, "optimiser": optimiser.state(), "clock": clock.state()})
    feed.close()
