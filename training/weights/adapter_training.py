"""Trains an adapter on any task: workers, steps, checkpoints.

A worker is a process with one thread: two threads in one process wait for each
other at every layer whenever another program takes a core. The workers take
documents from a shared counter, so a slow core takes fewer, and add their
gradients in shared memory; a step is taken as soon as a batch is complete. Document
n of a run does not depend on the worker that makes it.
"""

import os
import queue
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import multiprocessing

from . import checkpoint, smollm
from .run import SAVE_EVERY, Averages, Log

_BETAS, _EPSILON = (0.9, 0.98), 1e-8
_WARM_STEPS = 10
_LOG_EVERY = 10  # steps


@dataclass(frozen=True)
class Plan:
    """`documents`: the whole run. The learning rate stays at `rate` and falls
    linearly over the last `falling` of the run, so that a run can be extended."""

    documents: int
    rate: float = 6e-4
    falling: float = 0.5
    final: float = 0.03  # of `rate`
    batch: int = 4
    longest: int = 1600  # tokens; longer documents are made anew
    average: float = 0.97  # a step's decay of the averaged weights
    rank: int = smollm.RANK
    seed: int = 1

    def rate_at(self, documents: int) -> float:
        left = max(0.0, 1 - documents / self.documents) / self.falling
        return self.rate * max(self.final, min(1.0, left))


@dataclass(frozen=True)
class Sample:
    """The contribution of one document. `answers`: the divisor of its gradient:
    tokens or whole answers, of which `right` were predicted. `shares`: by name,
    right ones and all, which the log averages."""

    tokens: int
    answers: int
    right: int
    loss: float
    shares: dict[str, tuple[int, int]]


Learn = Callable[[smollm.SmolLM, smollm.PageTokenizer, Plan, int], Sample]


class Task(NamedTuple):
    """`learn` adds the gradients of a document, by its number; it is a function
    of a module, because the workers are processes of their own."""

    name: str
    learn: Learn


def parameters(model: smollm.SmolLM) -> list[torch.nn.Parameter]:
    return list(model.parameters())


def flat(model: smollm.SmolLM) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in parameters(model)])


def bind(model: smollm.SmolLM, values: torch.Tensor, gradients: torch.Tensor | None = None) -> None:
    """Makes the model's parameters, and their gradients, views of two vectors."""
    at = 0
    for p in parameters(model):
        p.data = values[at : at + p.numel()].view_as(p)
        if gradients is not None:
            p.grad = gradients[at : at + p.numel()].view_as(p)
        at += p.numel()


class _Shared:
    """What workers and the trainer share: weights, the sum of gradients since
    the last step, and what it is a sum of."""

    def __init__(self, context, values: torch.Tensor, first: int):
        self.values, self.gradients = values, torch.zeros_like(values).share_memory_()
        self.lock, self.stop = context.Lock(), context.Event()
        self.next = context.Value("q", first)
        self.documents, self.answers = context.Value("q", 0), context.Value("q", 0)

    def take(self) -> int:
        with self.next.get_lock():
            self.next.value += 1
            return self.next.value - 1

    def add(self, gradient: torch.Tensor, answers: int) -> None:
        with self.lock:
            self.gradients.add_(gradient)
            self.documents.value += 1
            self.answers.value += answers

    def collect(self) -> tuple[torch.Tensor, int]:
        """The mean gradient of an answer, and of how many documents."""
        with self.lock:
            gradient = self.gradients / max(1, self.answers.value)
            self.gradients.zero_()
            documents = self.documents.value
            self.documents.value = self.answers.value = 0
        return gradient, documents


def _work(base: Path, task: Task, plan: Plan, shared: _Shared, samples) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    torch.set_num_threads(1)
    loaded = smollm.Base(base)
    model, tokenizer = smollm.SmolLM(loaded, plan.rank), loaded.tokenizer()
    gradient = torch.zeros_like(shared.values)
    bind(model, shared.values, gradient)
    while not shared.stop.is_set():
        before = time.process_time()
        sample = task.learn(model, tokenizer, plan, shared.take())
        shared.add(gradient, sample.answers)
        gradient.zero_()
        samples.put((sample, time.process_time() - before))


class _Workers:
    """Processes that learn document after document without waiting for each
    other or for a step: a sleeping process loses its core to other programs.
    Gradients may therefore be of weights that are one step old."""

    def __init__(self, base: Path, task: Task, plan: Plan, count: int, values: torch.Tensor, first: int):
        context = multiprocessing.get_context("spawn")
        self.shared, self._samples = _Shared(context, values, first), context.Queue()
        self._processes = [context.Process(target=_work, args=(base, task, plan, self.shared, self._samples), daemon=True) for _ in range(count)]
        for process in self._processes:
            process.start()

    def wait(self, documents: int) -> list[tuple[Sample, float]]:
        """Waits until so many documents are learnt; returns their samples."""
        heard = []
        while self.shared.documents.value < documents:
            try:
                heard.append(self._samples.get(timeout=60))
            except queue.Empty as error:
                dead = [p.exitcode for p in self._processes if p.exitcode is not None]
                if dead:
                    raise RuntimeError(f"a worker ended with {dead[0]}") from error
        return heard

    def close(self) -> None:
        self.shared.stop.set()
        for process in self._processes:
            process.join(timeout=120)


class Adam:
    """Adam over one vector; its state can be saved."""

    def __init__(self, values: torch.Tensor):
        self.values = values
        self.first, self.second = torch.zeros_like(values), torch.zeros_like(values)
        self.steps = 0

    @torch.no_grad()
    def step(self, gradient: torch.Tensor, rate: float) -> None:
        self.steps += 1
        (one, two), n = _BETAS, self.steps
        self.first.lerp_(gradient, 1 - one)
        self.second.mul_(two).addcmul_(gradient, gradient, value=1 - two)
        scale = self.second.div(1 - two**n).sqrt_().add_(_EPSILON)
        self.values.addcdiv_(self.first, scale, value=-rate / (1 - one**n))


def train(task: Task, base: Path, begin: Path | None, out: Path, log_path: Path, plan: Plan, workers: int | None = None) -> None:
    """Continues from `out` if it exists, else from the adapter `begin`, cut to the
    plan's rank, else from random weights."""
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    workers = workers or os.cpu_count() or 2
    model = smollm.SmolLM(smollm.Base(base), plan.rank)
    if begin and not out.is_file():
        load_adapter(model, begin)
    values = flat(model).share_memory_()
    adam, mean, documents, spent, tokens = Adam(values), values.clone(), 0, 0.0, 0
    if out.is_file():
        saved = checkpoint.load(out)
        for mine, key in ((values, "values"), (mean, "mean"), (adam.first, "first"), (adam.second, "second")):
            mine.copy_(saved[key])
        adam.steps, documents, spent, tokens = saved["steps"], saved["documents"], saved["minutes"] * 60, saved["tokens"]
    del model
    stop = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.append(True))
    crew = _Workers(base, task, plan, workers, values, documents)
    log, averages = Log(log_path, task.name), Averages(0.96)

    def save() -> None:
        checkpoint.save(out, {
            "values": values, "mean": mean, "first": adam.first, "second": adam.second, "steps": adam.steps, "documents": documents,
            "minutes": spent / 60, "tokens": tokens, "plan": asdict(plan), "accuracy": averages.rounded(),
        })

    saved_at = logged_at = time.monotonic()
    here = recent = 0
    while documents < plan.documents and not stop:
        heard = crew.wait(plan.batch)
        gradient, learnt = crew.shared.collect()
        norm = float(gradient.norm())
        gradient.mul_(min(1.0, 1.0 / (norm + 1e-6)))
        rate = plan.rate_at(documents) * min(1.0, (here + 1) / _WARM_STEPS)
        adam.step(gradient, rate)
        mean.lerp_(values, max(1 - plan.average, 1 / (adam.steps + 1)))
        documents, here = documents + learnt, here + 1
        spent += sum(cpu for _, cpu in heard) / workers
        for sample, _ in heard:
            for name, (right, count) in sample.shares.items():
                averages.add(f"right_{name}", right / count)
            averages.add("loss", sample.loss)
            averages.add("right", sample.right / sample.answers)
            tokens, recent = tokens + sample.tokens, recent + sample.tokens
        if here % _LOG_EVERY == 0:
            now = time.monotonic()
            log.write(step=adam.steps, documents=documents, minutes=round(spent / 60, 2), tokens=tokens, rate=round(rate, 7), norm=round(norm, 3), speed=round(recent / (now - logged_at)), **averages.rounded())
            logged_at, recent = now, 0
        if time.monotonic() - saved_at > SAVE_EVERY:
            save()
            saved_at = time.monotonic()
    save()
    crew.close()


def rank_of(path: Path) -> int:
    saved = checkpoint.load(path)
    return saved["plan"].get("rank", smollm.RANK) if "mean" in saved else min(len(value) for key, value in saved["lora"].items() if key.endswith(".a"))


def load_adapter(model: smollm.SmolLM, path: Path) -> dict:
    """An adapter by names (`layers.N.attn_q.a`), or a run's checkpoint, whose
    averaged weights are taken. One of a higher rank than the model's is cut to
    its best approximation. Returns what else the file says."""
    saved = checkpoint.load(path)
    shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
    named = _of_vector(model, saved) if "mean" in saved else {key.replace("blocks.", "layers."): value.float() for key, value in saved["lora"].items()}
    with torch.no_grad():
        for key in [name.removesuffix(".a") for name in shapes if name.endswith(".a")]:
            projection = model.get_submodule(key)
            a, b = cut(named[f"{key}.a"], named[f"{key}.b"], len(projection.a))
            projection.a.copy_(a)
            projection.b.copy_(b)
    return saved


def _of_vector(model: smollm.SmolLM, saved: dict) -> dict[str, torch.Tensor]:
    """The parts of a checkpoint's vector by name."""
    rank, at, named = saved["plan"].get("rank", smollm.RANK), 0, {}
    for name, p in model.named_parameters():
        shape = (rank, p.shape[1]) if name.endswith(".a") else (p.shape[0], rank)
        count = shape[0] * shape[1]
        named[name] = saved["mean"][at : at + count].view(shape)
        at += count
    return named


def cut(a: torch.Tensor, b: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The pair of this rank whose product is nearest to B A (Eckart-Young): its
    largest singular values, each shared evenly between both."""
    if rank == len(a):
        return a, b
    if rank > len(a):
        raise ValueError(f"an adapter of rank {len(a)} cannot begin one of rank {rank}")
    (qb, rb), (qa, ra) = torch.linalg.qr(b), torch.linalg.qr(a.t())
    u, values, v = torch.linalg.svd(rb @ ra.t())
    roots = values[:rank].sqrt()
    return (qa @ v.t()[:, :rank] * roots).t(), qb @ u[:, :rank] * roots
