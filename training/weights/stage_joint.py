"""The last stage: tower, projector and text model learn together to read
rendered pages.

On a CPU several processes with one thread each share the weights, and each
makes its own pages: threads of one process would wait for each other at every
layer whenever anything else runs on the machine (4 s a document were spent
where 0.6 are). On a GPU one process trains and all others make pages.
"""

import multiprocessing
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from . import checkpoint, run
from .answering import blank_mask, reading_loss
from .examples import example
from .feed import Feed
from .models import Reader
from .muon import Optimiser


@dataclass
class Plan:
    minutes: float
    rate: float = 6e-4
    batch: int = 8  # documents a step
    damage: float = 0.6  # share of pages
    # Share of documents without most of their blank patches: three times
    # faster. The rest, and the last stretch, are whole.
    sparse: float = 0.93
    full_from: float = 0.85  # progress from which every page is given whole
    characters: float = 0.3  # weight of the character head's loss


class _Team:
    """What the processes of one training share."""

    def __init__(self, reader: Reader, size: int):
        self.reader = reader.share_memory()
        self.parameters = [p for p in reader.parameters() if p.requires_grad]
        numbers = sum(p.numel() for p in self.parameters)
        self.gradients = [torch.zeros(numbers).share_memory_() for _ in range(size)]
        self.context = multiprocessing.get_context("fork")
        self.start, self.end = self.context.Barrier(size), self.context.Barrier(size)
        self.taken, self.stop = self.context.Value("i", 0), self.context.Value("b", False)
        self.progress = self.context.Value("d", 0.0)
        self.figures = self.context.Queue()

    def take(self, batch: int) -> bool:
        """Whether the step has a document left."""
        with self.taken.get_lock():
            self.taken.value += 1
            return self.taken.value <= batch

    def share_gradients(self, rank: int) -> None:
        at = 0
        for p in self.parameters:
            mine = self.gradients[rank][at : at + p.numel()]
            mine.zero_() if p.grad is None else mine.copy_(p.grad.view(-1))
            p.grad = None
            at += p.numel()

    def sum_gradients(self) -> None:
        total, at = sum(self.gradients[1:], self.gradients[0]), 0
        for p in self.parameters:
            p.grad = total[at : at + p.numel()].view_as(p).clone()
            at += p.numel()


def _work(team: _Team, rank: int, plan: Plan, r: random.Random) -> None:
    """One step of this process: as many documents as it can do."""
    while team.take(plan.batch):
        e = example(r, damage=plan.damage)
        is_sparse = team.progress.value < plan.full_from and r.random() < plan.sparse
        loss, figures = reading_loss(team.reader, [e], [blank_mask(e, r) if is_sparse else None], plan.characters)
        (loss / plan.batch).backward()
        team.figures.put(figures)
    team.share_gradients(rank)


def _help(team: _Team, rank: int, plan: Plan, seed: int) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    r = random.Random(seed)
    while True:
        team.start.wait()
        if team.stop.value:
            return
        _work(team, rank, plan, r)
        team.end.wait()


class _Training:
    """Reader, optimiser, clock and log; what both kinds of machine need."""

    def __init__(self, start: Path, out: Path, log: Path, plan: Plan):
        self.out, self.plan = out, plan
        # The clock is that of the first process: each process has one thread.
        self.reader, self.clock = Reader(), run.clock(plan.minutes, plan.rate, run.pick_device(), threads=1)
        self._rest = checkpoint.load_reader(self.reader, out if out.exists() else start)
        self.reader.symbolic.requires_grad_(False)
        self.log, self.averages, self._saved = run.Log(log, "joint"), run.Averages(), time.monotonic()

    def begin(self, reader: Reader) -> None:
        self.reader = reader
        self.optimiser = Optimiser([reader.vision, reader.projector, reader.text, reader.head])
        if "optimiser" in self._rest:
            self.optimiser.load(self._rest["optimiser"])
            self.clock.load(self._rest["clock"])
        self.clock.restart()

    def step(self, figures) -> None:
        self.optimiser.step(self.clock.rate)
        for name, value in figures:
            self.averages.add(name, value)
        self.clock.tick(self.plan.batch)
        if self.clock.steps % 10 == 0:
            self.log.write(**self.clock.figures(), **self.averages.rounded())
        if time.monotonic() - self._saved > run.SAVE_EVERY or self.clock.is_over:
            self._saved = time.monotonic()
            content = {"parts": checkpoint.parts(self.reader), "optimiser": self.optimiser.state(), "clock": self.clock.state()}
            checkpoint.save(self.out, content)


def train(start: Path, out: Path, log: Path, plan: Plan, processes: int) -> None:
    """Continues from `out` if it exists, else from `start`."""
    device = run.pick_device()
    torch.set_num_threads(1)
    training = _Training(start, out, log, plan)
    if device.type == "cuda":
        _train_on_gpu(training, plan, processes, device)
    else:
        _train_on_cpu(training, plan, processes)


def _train_on_cpu(training: _Training, plan: Plan, processes: int) -> None:
    team = _Team(training.reader, processes)
    training.begin(team.reader)
    seed = random.SystemRandom().randrange(1 << 30)
    helpers = [team.context.Process(target=_help, args=(team, rank, plan, seed + rank), daemon=True) for rank in range(1, processes)]
    for helper in helpers:
        helper.start()
    r = random.Random(seed)
    while not training.clock.is_over:
        team.taken.value, team.progress.value = 0, training.clock.progress
        team.start.wait()
        _work(team, 0, plan, r)
        team.end.wait()
        team.sum_gradients()
        torch.set_num_threads(processes)  # the others wait
        training.step([figure for _ in range(plan.batch) for figure in team.figures.get()])
        torch.set_num_threads(1)
    team.stop.value = True
    team.start.wait()
    for helper in helpers:
        helper.join()


def _pages(r: random.Random):
    e = example(r)
    yield e, blank_mask(e, r)


def _train_on_gpu(training: _Training, plan: Plan, processes: int, device) -> None:
    feed = Feed(_pages, processes - 1, buffer=16 * plan.batch)
    training.begin(training.reader.to(device))
    r = random.Random(0)
    while not training.clock.is_over:
        batch = feed.batch(plan.batch)
        is_full = training.clock.progress >= plan.full_from
        masks = [None if is_full or r.random() >= plan.sparse else mask for _, mask in batch]
        loss, figures = reading_loss(training.reader, [e for e, _ in batch], masks, plan.characters)
        loss.backward()
        training.step(figures)
    feed.close()
