"""What every stage shares: where it runs, how long, what it logs and keeps."""

import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch

SAVE_EVERY = 240.0


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def clock(minutes: float, peak: float, device: torch.device, threads: int, final: float = 0.03) -> "Clock":
    return Clock(minutes, peak, threads if device.type == "cpu" else None, final=final)


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster: on any GPU since Ampere and on CPUs with
    avx512_bf16 or AMX (260 against 60 GFLOP/s on two cores). On others a
    product of matrices takes several times longer than in 32 bits."""
    return device.type != "cpu" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def autocast(device: torch.device):
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))


@dataclass
class Clock:
    """Progress of a stage: the time that it has computed, without interruptions. The learning rate follows it.

    With `threads`, minutes are processor time over that many threads: on a
    machine that does other work, a stage still gets the steps that it was
    planned for. On a GPU, minutes are wall-clock time."""

    minutes: float
    peak: float
    threads: int | None = None
    spent: float = 0.0
    steps: int = 0
    documents: int = 0
    final: float = 0.03  # of the peak
    _resumed: float = 0.0
    _steps_here: int = 0

    def __post_init__(self):
        self.restart()

    def _now(self) -> float:
        return time.process_time() / self.threads if self.threads else time.monotonic()

    def tick(self, documents: int) -> None:
        now = self._now()
        self.spent += now - self._resumed
        self._resumed = now
        self.steps += 1
        self._steps_here += 1
        self.documents += documents

    def restart(self) -> None:
        self._resumed = self._now()

    @property
    def progress(self) -> float:
        return min(1.0, self.spent / (60 * self.minutes))

    @property
    def is_over(self) -> bool:
        return self.progress >= 1.0

    @property
    def rate(self) -> float:
        # A short warm-up after each start: the momenta may be new.
        warm = min(1.0, (self._steps_here + 1) / 30)
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress))
        return self.peak * warm * (self.final + (1 - self.final) * cosine)

    def figures(self) -> dict:
        return {"step": self.steps, "documents": self.documents, "minutes": round(self.spent / 60, 2), "rate": round(self.rate, 6)}

    def state(self) -> dict:
        return {name: getattr(self, name) for name in ("minutes", "peak", "spent", "steps", "documents")}

    def load(self, state: dict) -> None:
        self.spent, self.steps, self.documents = state["spent"], state["steps"], state["documents"]


class Averages:
    """Exponential means of named numbers."""

    def __init__(self, keep: float = 0.98):
        self.keep, self._values = keep, {}

    def add(self, name: str, value: float) -> None:
        known = self._values.get(name)
        self._values[name] = value if known is None else self.keep * known + (1 - self.keep) * value

    def rounded(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in sorted(self._values.items())}


class Log:
    """One JSON object a line, appended; also printed on the terminal."""

    def __init__(self, path: Path, stage: str):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", buffering=1)
        self._stage = stage

    def write(self, **values) -> None:
        line = json.dumps({"stage": self._stage, "at": time.strftime("%Y-%m-%dT%H:%M:%S"), **values})
        self._file.write(line + "\n")
        print(line, flush=True)


def be_kind(nice: int = 10) -> None:
    """Gives training the lowest priority on the machine."""
    if os.nice(0) < nice:
        os.nice(nice - os.nice(0))
