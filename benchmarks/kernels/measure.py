"""Time, memory, and the work that a layer cannot do without."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.kernels.layers import Case
from benchmarks.kernels.others import Other
from benchmarks.kernels.peers import Careful, Naive
from neutnn_pl.functional import NO_SPIKE
from neutnn_pl.kernels import backend, reference
from neutnn_pl.kernels.numba.jit import jit
from neutnn_pl.kernels.numba.simd import (
    both,
    load_words,
    ones,
    philox_keys,
    plus,
    search_blocks,
    splat_words,
    store_words,
)  # fmt: skip


def cpu(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the least processor time, seconds: other programs hardly change it."""
    return _least(work, repeats, time.process_time)


def wall(work: Callable[[], object], repeats: int = 5) -> float:
    """Return the least time by the clock, seconds."""
    return _least(work, repeats, time.perf_counter)


def _least(work: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    found = []
    for _ in range(repeats):
        start = clock()
        work()
        found.append(clock() - start)
    return min(found)


@dataclass
class Speed:
    """Microseconds for each sample."""

    forward: float
    learn: float


def numba(case: Case, threads: int = 1, clock: Callable[..., float] = cpu) -> Speed:
    """Measure the numba kernel on a warmed-up layer."""
    kernel, before = backend("numba"), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        at = (case.x, case.state, case.spec, 0, case.xp)
        _, state = kernel.learn(*at)
        infer = clock(lambda: kernel.infer(case.x, state, case.spec, case.xp))
        learn = clock(lambda: kernel.learn(case.x, state, case.spec, 0, case.xp))
    finally:
        torch.set_num_threads(before)
    return Speed(infer / len(case.x) * 1e6, learn / len(case.x) * 1e6)


def peer(kind: type[Naive] | type[Careful], case: Case) -> Speed:
    """Measure a peer, one thread, on a warmed-up layer."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model = kind(case)
        for x in case.x:
            model.learn(x)
        infer = cpu(lambda: [model.forward(x) for x in case.x], 2)
        learn = cpu(lambda: [model.learn(x) for x in case.x], 2)
    finally:
        torch.set_num_threads(before)
    return Speed(infer / len(case.x) * 1e6, learn / len(case.x) * 1e6)


def other(found: Other, samples: int) -> Speed:
    """Measure a public simulator, one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for sample in range(samples):
            found.learn(sample)
        learn = cpu(lambda: [found.learn(sample) for sample in range(samples)], 2)
        infer, forward = float("nan"), found.forward
        if forward is not None:
            infer = cpu(lambda: [forward(sample) for sample in range(samples)], 2)
    finally:
        torch.set_num_threads(before)
    return Speed(infer / samples * 1e6, learn / samples * 1e6)


def definition(case: Case) -> Speed:
    """Measure the reference kernel, one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        infer = cpu(lambda: reference.infer(case.x, case.state, case.spec, case.xp), 2)
        learn = cpu(lambda: reference.learn(case.x, case.state, case.spec, 0, case.xp), 1)
    finally:
        torch.set_num_threads(before)
    return Speed(infer / len(case.x) * 1e6, learn / len(case.x) * 1e6)


@jit
def _blocks(out, lines, number, keys):
    for i in range(number):
        search_blocks(out, 0, lines, lines, 0, 3, i, i, 2, 3, keys)


def block_ns() -> float:
    """Return the nanoseconds that a block of Philox takes here, eight at a time."""
    out, lines = np.zeros(64, np.uint32), np.arange(8, dtype=np.uint16)
    keys, number = philox_keys(1, 2), 200_000
    _blocks(out, lines, 1, keys)
    return cpu(lambda: _blocks(out, lines, number, keys), 5) / number / 8 * 1e9


@jit
def _counted(planes, number):
    total, mask = splat_words(0), splat_words(0x5A5A5A5A)
    for i in range(number):
        at = (i & 255) * 16
        total = plus(total, ones(both(load_words(planes, at), mask)))
    store_words(planes, 0, total)


def count_ns() -> float:
    """Return the nanoseconds to load, mask, count and add sixteen words that the cache holds."""
    planes, number = np.arange(256 * 16, dtype=np.uint32), 1_000_000
    _counted(planes, 1)
    return cpu(lambda: _counted(planes, number), 5) / number * 1e9


@dataclass
class Work:
    """What one sample of learning needs at least, on average.

    Attributes:
        search: blocks of Philox for searching.
        spiked: blocks for segments that spike.
        counts: vectors of sixteen counted, one evaluation of every segment that is enabled.
        bytes: of planes and inputs that are read or written at least once.
    """

    search: float
    spiked: float
    counts: float
    bytes: float

    def microseconds(self, block: float, count: float = 0.0) -> float:
        """Return the time of the random numbers, and of the counting if its price is given.

        Args:
            block: nanoseconds of a block of Philox.
            count: nanoseconds of a vector counted.
        """
        return ((self.search + self.spiked) * block + self.counts * count) / 1000


def work_of(case: Case, y: torch.Tensor) -> Work:
    """Count the work of a layer with stochastic STDP; `y` are its spike times."""
    c, n, d, s, p = case.state.w.shape
    samples, groups = len(case.x), -(-n * d * s // 12)
    active = float((case.x != NO_SPIKE).sum()) / samples
    share = 1.0 if case.xp is None else float(case.xp.float().mean())
    winners = float((y != NO_SPIKE).sum()) / samples
    words = -(-p // 32)
    vectors = c * groups * share * words * case.spec.w_max
    return Work(
        active * max(1.0, groups * share), winners * -(-p // 4), vectors, vectors * 64 + c * p
    )


_MEMORY = """
import sys
from pathlib import Path
from benchmarks.kernels.layers import LAYERS
from neutnn_pl.kernels import backend

def status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))

case = LAYERS[sys.argv[1]]()
kernel = backend("numba")
few = case.some(1)
kernel.learn(few.x, few.state, few.spec, 0, few.xp)
Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
before = status("VmRSS")
y = kernel.learn(case.x, case.state, case.spec, 0, case.xp)
print(status("VmHWM") - before)
"""


def memory(name: str) -> float:
    """Return by how much learning raises the peak of a fresh process, MiB."""
    command = [sys.executable, "-c", _MEMORY, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0]) / 1024
