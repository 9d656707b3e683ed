"""The second stage: the text model learns to transcribe and to extract from
symbolic pages, without any image. Sequences are short, since blank patches
are mostly left out, and a page costs no drawing."""

import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import checkpoint, run
from .answering import answer_loss, blank_mask, patches_kept, sequences
from .characters import CLASSES
from .examples import symbolic
from .feed import Feed
from .models import Reader
from .muon import Optimiser

# What to learn by progress: first to copy, then to find.
_COURSES = [
    (0.15, {"text": 1.0}, 1),
    (0.35, {"text": 0.5, "receipt": 0.3, "screenshot": 0.2}, 2),
    (1.01, {"text": 0.12, "receipt": 0.42, "screenshot": 0.14, "invoice": 0.32}, 6),
]


@dataclass
class Plan:
    minutes: float
    rate: float = 1.2e-3
    batch: int = 12
    noise: float = 0.03  # share of characters that are misread, as the tower will


class _Pages:
    """Made by other processes; all of the last course, which holds every kind."""

    def __init__(self, mix: dict[str, float], most_tiles: int):
        self.mix, self.most_tiles = mix, most_tiles

    def __call__(self, r: random.Random):
        yield symbolic(r, r.choices(list(self.mix), list(self.mix.values()))[0], self.most_tiles)


def corrupted(cells: np.ndarray, noise: float, g: np.random.Generator) -> np.ndarray:
    wrong = (g.random(cells.shape) < noise) & (cells > 0)
    cells = cells.copy()
    cells[wrong] = g.integers(1, CLASSES, int(wrong.sum()))
    return cells


def train(start: Path, out: Path, log_path: Path, plan: Plan, processes: int, threads: int) -> None:
    device = run.pick_device()
    torch.set_num_threads(threads)
    reader, clock = Reader(), run.clock(plan.minutes, plan.rate, device, threads)
    rest = checkpoint.load_reader(reader, out if out.exists() else start)
    reader.to(device)
    optimiser = Optimiser([reader.text, reader.symbolic], decay=0.02)
    if out.exists() and "optimiser" in rest:
        optimiser.load(rest["optimiser"])
        clock.load(rest["clock"])
    log, averages, saved, r, g = run.Log(log_path, "text"), run.Averages(), time.monotonic(), random.Random(0), np.random.default_rng(0)
    feed, course = None, None
    clock.restart()
    while not clock.is_over:
        now = next(c for c in _COURSES if clock.progress < c[0])
        if now is not course:
            if feed:
                feed.close()
            course, feed = now, Feed(_Pages(*now[1:]), processes, buffer=8 * plan.batch)
        batch = feed.batch(plan.batch)
        cells = np.concatenate([corrupted(e.cells, plan.noise, g) for e in batch])
        with run.autocast(device):
            seen = reader.symbolic(torch.from_numpy(cells).to(device), reader.text).float()
        kept = patches_kept(batch, [blank_mask(e, r) if r.random() < 0.8 else None for e in batch])
        loss, figures = answer_loss(reader, batch, *sequences(reader, batch, seen[kept.to(device)], kept))
        loss.backward()
        optimiser.step(clock.rate)
        for name, value in figures:
            averages.add(name, value)
        clock.tick(plan.batch)
        if clock.steps % 20 == 0:
            log.write(**clock.figures(), **averages.rounded())
        if time.monotonic() - saved > run.SAVE_EVERY or clock.is_over:
            saved = time.monotonic()
            checkpoint.save(out, {"parts": checkpoint.parts(reader), "optimiser": optimiser.state(), "clock": clock.state()})
    feed.close()
