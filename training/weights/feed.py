"""Examples made by other processes, drawn through a shuffle buffer.

One page may give many examples, which are alike; the buffer separates
them. Examples must be made faster than they are used: `waits` counts how often they were not.
"""

import multiprocessing
import queue
import random

import torch


def _make(make, out, seed: int) -> None:
    torch.set_num_threads(1)
    r = random.Random(seed)
    while True:
        for made in make(r):
            out.put(made)


class Feed:
    """`make(r)` gives some examples at a time; it must be importable."""

    def __init__(self, make, processes: int, buffer: int = 256, seed: int | None = None):
        # Not forked: the parent may hold a GPU or threads.
        context = multiprocessing.get_context("spawn")
        self._queue = context.Queue(64)
        self._r = random.Random(seed)
        seeds = [self._r.randrange(1 << 30) for _ in range(max(1, processes))]
        self._makers = [context.Process(target=_make, args=(make, self._queue, s), daemon=True) for s in seeds]
        for maker in self._makers:
            maker.start()
        self._buffer, self._size, self.waits = [], buffer, 0

    def get(self):
        while len(self._buffer) < self._size:
            try:
                self._buffer.append(self._queue.get_nowait())
            except queue.Empty:
                if len(self._buffer) >= self._size // 4:
                    break
                self.waits += 1
                self._buffer.append(self._queue.get())
        return self._buffer.pop(self._r.randrange(len(self._buffer)))

    def batch(self, size: int) -> list:
        return [self.get() for _ in range(size)]

    def close(self) -> None:
        for maker in self._makers:
            maker.terminate()
