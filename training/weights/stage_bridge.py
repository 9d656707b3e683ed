"""The third stage: the projector learns to turn what the tower sees into the
symbolic patches that the text model was trained with, by regression. After it
the parts read together at once (69 to 92 % of answer tokens)."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import checkpoint, run
from .characters import CLASSES
from .examples import example
from .feed import Feed
from .models import Reader, pixels
from .tiles import SLOTS

_BLANK = 0.15  # weight of patches without text


@dataclass
class Plan:
    minutes: float
    rate: float = 1e-3
    batch: int = 8  # tiles


def pages(r):
    e = example(r)
    yield from zip(e.tiles, e.cells)


def begin_from_head(reader: Reader, tiles: np.ndarray) -> None:
    """Starts the projector where regression would take long to get: its hidden
    units are the character head's logits, shifted so that only a character
    that is there is above zero, and its output is those characters' symbolic
    embeddings."""
    with torch.no_grad():
        features = reader.vision(pixels(torch.from_numpy(tiles)))
        norm, linear = reader.head
        spread = features.reshape(-1, features.shape[-1]).std(1).mean()
        weight, bias = linear.weight * norm.weight, linear.bias + linear.weight @ norm.bias
        logits = reader.head(features).view(-1, SLOTS, CLASSES)
        there = logits.softmax(-1)[..., 1:].max(-1).values > 0.6
        first, second = logits[..., 1:].topk(2, -1).values[there].mean(0)
        threshold, scale = (first + second) / 2, 4.0 / (first - second)
        units = [slot * CLASSES + character for slot in range(SLOTS) for character in range(1, CLASSES)]
        hidden, out = reader.projector.a, reader.projector.b
        count = min(len(units), hidden.out_features)
        chosen = weight[units[:count]]
        hidden.weight[:count] = (chosen - chosen.mean(1, keepdim=True)) / spread * scale
        hidden.bias[:count] = (bias[units[:count]] - threshold) * scale
        embedded = reader.text.emb.weight[reader.symbolic.token] * reader.symbolic.real
        symbols = torch.cat([(embedded @ reader.symbolic.A[slot])[1:] for slot in range(SLOTS)])
        out.weight[:, :count] = (symbols[:count] / 2).T
        out.weight[:, count:] *= 0.3
        out.bias.zero_()


def train(tower: Path, text: Path, out: Path, log_path: Path, plan: Plan, processes: int, threads: int) -> None:
    """Joins the checkpoints of the first two stages."""
    device = run.pick_device()
    torch.set_num_threads(threads)
    reader, clock = Reader(), run.clock(plan.minutes, plan.rate, device, threads, final=0.01)
    checkpoint.load_reader(reader, text)
    checkpoint.load_reader(reader, tower)
    feed = Feed(pages, processes, buffer=16 * plan.batch)
    if out.exists():
        clock.load(checkpoint.load_reader(reader, out)["clock"])
    else:
        begin_from_head(reader, np.stack([tile for tile, _ in feed.batch(16)]))
    reader.to(device)
    optimiser = torch.optim.AdamW(reader.projector.parameters(), lr=plan.rate, fused=True)
    log, averages, saved = run.Log(log_path, "bridge"), run.Averages(), time.monotonic()
    clock.restart()
    while not clock.is_over:
        images, cells = (torch.from_numpy(np.stack(part)).to(device) for part in zip(*feed.batch(plan.batch)))
        with torch.no_grad():
            with run.autocast(device):
                features = reader.vision(pixels(images)).float()
            wanted = reader.symbolic(cells, reader.text)
        weights = torch.where((cells > 0).any(-1), 1.0, _BLANK)[..., None]
        error = ((reader.projector(features) - wanted) ** 2 * weights).sum()
        loss = error / (weights.sum() * wanted.shape[-1]) / wanted.var()
        optimiser.zero_grad()
        loss.backward()
        for group in optimiser.param_groups:
            group["lr"] = clock.rate
        optimiser.step()
        averages.add("relative_error", loss.item())
        clock.tick(plan.batch)
        if clock.steps % 20 == 0:
            log.write(**clock.figures(), **averages.rounded())
        if time.monotonic() - saved > run.SAVE_EVERY or clock.is_over:
            saved = time.monotonic()
            checkpoint.save(out, {"parts": checkpoint.parts(reader), "clock": clock.state()})
    feed.close()
