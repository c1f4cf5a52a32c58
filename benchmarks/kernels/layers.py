"""The layers that are measured, and what they see."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from neutnn_pl.functional.rules import STDP, DeterministicSTDP
from neutnn_pl.kernels import LayerSpec, LayerState

RULE = STDP(capture=600, minus=400, search=10, backoff=600, minimum=128)


@dataclass
class Case:
    """A layer and its samples.

    Attributes:
        name: columns x neurons x segments x inputs.
        x: uint8 `[B, C, P]`.
        state: fresh weights.
        spec: the layer.
        xp: proximal inputs, or None.
        source: what the samples are.
    """

    name: str
    x: Tensor
    state: LayerState
    spec: LayerSpec
    xp: Tensor | None = None
    source: str = "random"

    @property
    def synapses(self) -> int:
        """Number of synapses."""
        return self.state.w.numel()

    def some(self, samples: int) -> Case:
        """Return the same layer with its first samples only."""
        xp = None if self.xp is None else self.xp[:samples]
        return Case(self.name, self.x[:samples], self.state, self.spec, xp, self.source)


def digits(samples: int, pad: int = 1) -> tuple[Tensor, Tensor] | None:
    """Return MNIST digits as spike times of on and off lines, and labels; None without the data.

    A pixel of three bits, `q`: the on line spikes at `7 - q` unless `q` is 0, the off line at `q`
    unless it is 7; both polarities `[B, 2, 28 + pad, 28 + pad]`, padded at the right and bottom.
    """
    root = os.environ.get("NEUTNN_DATA")
    folder = Path(root) / "MNIST" / "raw" if root else None
    if folder is None or not folder.is_dir():
        return None
    with gzip.open(folder / "train-images-idx3-ubyte.gz") as file:
        raw = bytearray(file.read(16 + 784 * samples)[16:])
    with gzip.open(folder / "train-labels-idx1-ubyte.gz") as file:
        labels = torch.tensor(list(file.read(8 + samples)[8:]))
    pixels = torch.frombuffer(raw, dtype=torch.uint8).reshape(-1, 28, 28)
    q = torch.nn.functional.pad(pixels, (0, pad, 0, pad)).int() >> 5
    on, off = torch.where(q > 0, 7 - q, 255), torch.where(q < 7, q, 255)
    return torch.stack((on, off), 1).byte(), labels


def fields(volleys: Tensor, kernel: int) -> Tensor:
    """Return every field of `kernel` x `kernel` pixels, uint8 `[B, C, 2 kernel^2]`."""
    windows = volleys.unfold(2, kernel, 1).unfold(3, kernel, 1)
    b, _, rows, columns = windows.shape[:4]
    return windows.permute(0, 2, 3, 1, 4, 5).reshape(b, rows * columns, -1).contiguous()


def state(c: int, n: int, s: int, p: int, theta: int, d: int = 1, w_max: int = 7) -> LayerState:
    """Return a layer with random weights."""
    generator = torch.Generator().manual_seed(1)
    w = torch.randint(0, w_max + 1, (c, n, d, s, p), generator=generator).byte()
    return LayerState.of(w, torch.full((c, n), theta, dtype=torch.int32))


def mnist(samples: int, neurons: int = 12, columns: int = 676) -> Case:
    """The layer of the targets: 4 x 4 fields of two polarities."""
    found = digits(samples)
    source = "MNIST"
    if found is None:
        x, source = _random(samples, 676, 32, 0.45), "random, 45 % silent"
    else:
        x = fields(found[0], 4)
    spec = LayerSpec(steps=14, w_max=7, rule=RULE)
    name = f"{columns} x {neurons} x 1 x 32"
    picked = x[:, :columns].contiguous()
    return Case(name, picked, state(columns, neurons, 1, 32, 32), spec, None, source)


def dendrites(samples: int) -> Case:
    """The active-dendrite layer: the label enables one neuron's segments."""
    found = digits(samples, pad=0)
    if found is None:
        x, labels, source = _random(samples, 576, 18, 0.45), torch.arange(samples) % 10, "random"
    else:
        x, labels, source = fields(found[0][:, :, 1:27, 1:27], 3), found[1], "MNIST"
    gate = torch.nn.functional.one_hot(labels, 10).bool()[:, None, :, None, None]
    spec = LayerSpec(steps=14, w_max=7, proximal="enable", rule=RULE, wta="t-wta")
    xp = gate.expand(-1, 576, -1, -1, -1).contiguous()
    return Case("576 x 10 x 24 x 18", x, state(576, 10, 24, 18, 18), spec, xp, source)


def upper(samples: int, c: int, n: int, below: int, horizon: int) -> Case:
    """A layer of the published stack over four corners, one neuron of each of which spikes."""
    generator = torch.Generator().manual_seed(2)
    x = torch.full((samples, c, 4, below), 255, dtype=torch.uint8)
    who = torch.randint(0, below, (samples, c, 4, 1), generator=generator)
    when = torch.randint(0, horizon, who.shape, generator=generator).byte()
    x.scatter_(3, who, when)
    spec = LayerSpec(steps=horizon + 6, w_max=7, rule=RULE)
    volley = x.reshape(samples, c, 4 * below)
    return Case(f"{c} x {n} x 1 x {4 * below}", volley, state(c, n, 1, 4 * below, 12), spec)


def series(samples: int, p: int, q: int) -> Case:
    """A column that clusters time series: every line spikes."""
    spec = LayerSpec(steps=14, w_max=7, rule=RULE)
    x = _random(samples, 1, p, 0.0)
    return Case(f"1 x {q} x 1 x {p}", x, state(1, q, 1, p, max(1, p)), spec, None, "dense")


def places(samples: int) -> Case:
    """A layer of the associative memory: deterministic STDP, one dendrite enabled by its head."""
    generator = torch.Generator().manual_seed(3)
    x = torch.full((samples, 1, 80), 255, dtype=torch.uint8)
    for lo, hi in ((0, 40), (40, 50), (50, 80)):
        x.scatter_(2, torch.randint(lo, hi, (samples, 1, 1), generator=generator), 0)
    xp = torch.zeros(samples, 1, 30 * 10, 1, 1, dtype=torch.bool)
    xp.scatter_(2, torch.randint(0, 300, (samples, 1, 1, 1, 1), generator=generator), True)
    rule = DeterministicSTDP(capture=7, minus=0, backoff=7)
    spec = LayerSpec(steps=1, w_max=7, response="snl", proximal="enable", rule=rule)
    one = state(1, 30, 16, 80, 13, d=10)
    gate = xp.reshape(samples, 1, 30, 10, 1)
    return Case("1 x 30 x 160 x 80", x, one, spec, gate, "labelled edges")


LAYERS: dict[str, Callable[[], Case]] = {
    "point": lambda: mnist(512),
    "dendrites": lambda: dendrites(256),
    "stack 1": lambda: upper(512, 676, 12, 2, 8),
    "stack 2": lambda: upper(512, 576, 20, 12, 14),
    "stack 3": lambda: upper(512, 484, 32, 20, 20),
    **{
        f"column {p}x{q}": lambda p=p, q=q: series(4096, p, q)  # type: ignore[misc]
        for p, q in ((65, 2), (96, 2), (152, 2), (343, 2), (637, 2), (470, 5), (270, 25))
    },
    "places": lambda: places(4096),
}


def _random(samples: int, c: int, p: int, silent: float) -> Tensor:
    generator = torch.Generator().manual_seed(4)
    x = torch.randint(0, 8, (samples, c, p), generator=generator).byte()
    x[torch.rand(x.shape, generator=generator) < silent] = 255
    return x
