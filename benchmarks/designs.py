"""The networks that silicon.py and forecast_fit.py measure: learnt ones and random ones."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.ucr_setting import HOLDOUT, SETTINGS, SEVEN

import torch  # isort: skip

from datamodules import UCR
from hls.forecast.measure import Sample
from hls.ir import FrozenLayer, FrozenNetwork
from hls.ir.outputs import Outputs
from neutnn_pl.callbacks import Pruning
from neutnn_pl.metrics.cluster import cluster_scores
from neutnn_pl.nn import STDP, Layer, Network
from neutnn_pl.nn.place_cells import EdgeCode
from neutnn_pl.nn.place_cells.hardware import ChipMemory, minicolumn
from neutnn_pl.nn.restarts import agreement, learn_restarts

SAMPLES = 24
"""Samples whose toggles give the power, spread over the test split."""
SHARES = (0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05)
"""Shares of the synapses that are not 0 that pruning tries to do without."""
AGREES = 0.9


@dataclass(frozen=True)
class Design:
    """One network to measure.

    Attributes:
        name: its name in the tables.
        application: `ucr`, `mnist`, `place cells` or `random`.
        network: the frozen network.
        sample: samples of the test split (random times for random networks), with the answers.
        quality: what it reaches on the whole test split, in words.
    """

    name: str
    application: str
    network: FrozenNetwork
    sample: Sample
    quality: str = ""


def frozen(
    name: str,
    application: str,
    network: FrozenNetwork,
    x: np.ndarray,
    proximal: np.ndarray | None = None,
    quality: str = "",
) -> Design:
    """Return a design with the reference's answers to `SAMPLES` of its samples."""
    at = np.linspace(0, len(x) - 1, min(SAMPLES, len(x))).astype(int)
    x, proximal = x[at], None if proximal is None else proximal[at]
    given = None if proximal is None else torch.from_numpy(proximal)
    y = Network.from_frozen(network)(torch.from_numpy(x), given).numpy()
    return Design(name, application, network, Sample(x, proximal, Outputs(y)), quality)


def ucr(name: str, short: str, kind: str = "paper") -> Iterator[Design]:
    """Return a set's column as learnt and with 30 % of the synapses that are not 0 pruned.

    Args:
        name: the set.
        short: name of the network.
        kind: `paper` (one line for each value of the series) or `column` (256 lines).
    """
    setting = SETTINGS[kind]
    root = os.environ.get("NEUTNN_DATA")
    held = HOLDOUT.get(name)
    length = UCR(name, root=root, gaps="interpolate", holdout=held).length
    data = UCR(name, encoder=setting.encoder(length), root=root, gaps="interpolate",
               holdout=held)  # fmt: skip
    train, test = (torch.from_numpy(data.spikes(split)) for split in ("train", "test"))
    labels = torch.from_numpy(data.series("test")[1])
    columns = setting.network(train, data.classes, data.tres)
    kept = learn_restarts(columns, train, setting.presentations, setting.rule, 0)
    before = drop(kept, train)
    for label, network in (("", before), (" pruned", agreeing(before, train))):
        quality = f"{float(cluster_scores(network.answer(network(test)), labels)['rand']):.3f}"
        shape = f"{train.shape[1]}x{data.classes}"
        made = network.freeze(f"{short}_{shape}{label.replace(' ', '_')}")
        title = f"{name} {shape}{label}"
        yield frozen(title, "ucr", made, test.numpy(), quality=f"Rand {quality}")


def drop(network: Network, train: torch.Tensor, share: float = 0.0, by: str = "weight") -> Network:
    """Return a copy without its zeros, or without a share of its synapses."""
    network = copy.deepcopy(network)
    pruning = Pruning(share, by, zeros=False) if share else Pruning(zeros=True)
    pruning.prune(network, 0, [(train, torch.zeros(len(train), dtype=torch.int64))])
    return network


def agreeing(network: Network, train: torch.Tensor) -> Network:
    """Return the network pruned as far as its clusters of TRAIN stay: no label is used.

    The largest share at which the adjusted Rand index between the clusters before and after is at
    least `AGREES`, by contribution or by weight.
    """
    before = network.answer(network(train))
    for share in SHARES:
        tried = [drop(network, train, share, by) for by in ("contribution", "weight")]
        scores = [agreement(before, one.answer(one(train))) for one in tried]
        if max(scores) >= AGREES:
            return tried[scores.index(max(scores))]
    return network


def place_cells(values: int = 4, segments: int = 4, environments: int = 13) -> Iterator[Design]:
    """Return minicolumn X of a memory as a chip learns it (recipe place_cells/chip)."""
    from datamodules import PlaceMaps

    data = PlaceMaps(environments=environments, objects=2, features=3, width=4, height=4,
                     torus=True, dx=values, dy=4, column="dx", seed=0)  # fmt: skip
    memory = ChipMemory(EdgeCode(environments, 3, values, 4, (4, 4), True), segments)
    memory.learn(data.edges())
    x, gates = data.stimulus()
    network = minicolumn(memory, "dx")
    before = network(x, gates)
    for label in ("", " pruned"):
        if label:
            Pruning(below=6).prune(network, 0, [(x, torch.zeros(len(x)), gates)])
        same = float((network(x, gates) == before).all(dim=2).all(dim=1).float().mean())
        made = network.freeze(f"place_{values}x{segments}{label.replace(' ', '_')}")
        title = f"place cells {values}x3x{segments}x{made.inputs}{label}"
        quality = f"{same:.0%} of the answers as learnt"
        yield frozen(title, "place cells", made, x.numpy(), gates.numpy(), quality)


def mnist(neurons: int = 12, at: tuple[int, int] = (12, 13), count: int = 4000) -> Iterator[Design]:
    """Return the column of a 3x3 field of the images, as recipe mnist/small learns it."""
    from datamodules import MNIST
    from datamodules.encoders import ContrastImage

    data = MNIST(encoder=ContrastImage(tres=0, inner=0.7, outer=2.0, threshold=0.03))
    row, column = at
    places = [(row + r, column + c) for r in (0, 2) for c in (0, 2)]

    def field(split: str, most: int) -> torch.Tensor:
        x = torch.tensor(data.spikes(split)[:most]).reshape(-1, 2, 28, 28)
        return torch.stack([x[:, plane, r, c] for plane in range(2) for r, c in places], dim=1)

    train, test = field("train", count), field("test", 1000)
    network = Network(Layer(8, neurons, theta=7), tres=0)
    network.reset(0)
    rule = STDP(capture=600, minus=400, search=1, backoff=600, minimum=128)
    network.learn(train, rule, 0)
    before = drop(network, train)
    for label, one in (("", before), (" pruned", drop(before, train, 0.3, "contribution"))):
        same = float((one(test) == before(test)).all(dim=2).all(dim=1).float().mean())
        made = one.freeze(f"mnist_8x{neurons}{label.replace(' ', '_')}")
        quality = f"{same:.0%} of the answers as learnt"
        yield frozen(f"MNIST 8x{neurons}{label}", "mnist", made, test.numpy(), quality=quality)


SILICON: dict[str, Callable[[], Iterator[Design]]] = {
    **{
        name: lambda name=name, short=short: ucr(name, short)  # type: ignore[misc]
        for name, short in zip(
            SEVEN, ("sony2", "ecg200", "wafer", "toe2", "lightning2", "beef", "words"), strict=True
        )
    },
    "MNIST": mnist,
    "place_cells": place_cells,
}
"""The rows of the hardware table, each learnt when it is asked for."""


MORE: dict[str, Callable[[], Iterator[Design]]] = {
    **{
        f"{name} wide": lambda name=name, short=short: ucr(name, short, "column")  # type: ignore[misc]
        for name, short in (
            ("ArrowHead", "arrow"), ("Coffee", "coffee"), ("GunPoint", "gun"), ("Plane", "plane"),
        )
    },
    **{
        f"MNIST {n} {at}": lambda n=n, at=at: mnist(n, at)  # type: ignore[misc]
        for n, at in ((4, (10, 10)), (8, (14, 9)), (20, (8, 14)), (32, (16, 12)))
    },
    **{
        f"place cells {v} {s}": lambda v=v, s=s, e=e: place_cells(v, s, e)  # type: ignore[misc]
        for v, s, e in ((3, 6, 10), (5, 5, 16), (6, 8, 24), (8, 6, 20))
    },
    **{
        f"random {seed}": lambda seed=seed: iter([random_design(seed)])  # type: ignore[misc]
        for seed in range(48)
    },
}  # fmt: skip
"""What the forecast is fitted on beside `SILICON`."""


def random_layer(rng: np.random.Generator, sources: int, horizon: int, **s: object) -> FrozenLayer:
    """Return a random layer; `theta` is a share of the mean sum of weights."""
    c, n, d, g = (int(s.pop(k, 1)) for k in ("c", "n", "d", "s"))  # type: ignore[call-overload]
    p = int(s.pop("p", sources))  # type: ignore[call-overload]
    density, theta = float(s.pop("density", 0.8)), float(s.pop("theta", 0.3))  # type: ignore[arg-type]
    w_max = 2 ** int(s.get("wres", 3)) - 1  # type: ignore[call-overload]
    mask = rng.random((c, n, d, g, p)) < density
    weights = np.where(mask, rng.integers(1, w_max + 1, mask.shape), 0).astype(np.uint8)
    lines = np.stack([rng.permutation(sources)[:p] for _ in range(c)]).astype(np.int32)
    mean = max(1.0, theta * p * density * (w_max + 1) / 2)
    thetas = rng.integers(max(1, int(mean * 0.8)), int(mean * 1.2) + 2, (c, n)).astype(np.int32)
    made = FrozenLayer(weights, mask, thetas, lines, horizon=horizon, **s)  # type: ignore[arg-type]
    if d > 1:
        gates = np.arange(n * d, dtype=np.int32).reshape(1, n, d, 1).repeat(c, axis=0)
        made = replace(made, proximal="enable", proximal_lines=gates)
    return made


def random_design(seed: int) -> Design:
    """Return a random network: of one column, of dendrites, or of two layers."""
    rng = np.random.default_rng([7, seed])
    tres, inputs = int(rng.integers(0, 5)), int(np.exp(rng.uniform(np.log(6), np.log(140))))
    wta = str(rng.choice(["1-wta", "1-wta", "1-wta", "k-wta", "t-wta", "none"]))
    n = int(rng.integers(2, 9))
    common = {
        "wres": int(rng.choice([1, 2, 3, 3, 3, 4])),
        "response": str(rng.choice(["rnl", "rnl", "snl"])),
        "tie": str(rng.choice(["index", "potential"])),
    }
    own = {"density": float(rng.uniform(0.2, 1)), "theta": float(rng.uniform(0.1, 0.5))}
    kind = seed % 4
    shape: dict[str, object] = {"n": n}
    if kind == 1:
        inputs = min(inputs, 40)
        shape |= {"n": min(n, 4), "d": int(rng.integers(2, 4)), "s": int(rng.integers(1, 5))}
    if kind == 2:
        shape |= {"c": int(rng.integers(2, 5)), "p": max(3, inputs // 2)}
    count = int(shape["n"])  # type: ignore[call-overload]
    last = {"wta": wta, "k": max(1, count // 2) if wta == "k-wta" else 1}
    layers = [random_layer(rng, inputs, 2**tres, **shape, **own, **common, **last)]
    if kind == 3:
        below, m = layers[0], int(rng.integers(2, 6))
        layers = [replace(below, wta="none", k=1)]
        layers.append(random_layer(rng, n, below.output_horizon, n=m, theta=0.2, **common))
    lines = 0 if layers[0].proximal_lines is None else int(layers[0].proximal_lines.max()) + 1
    network = FrozenNetwork(f"random_{seed}", inputs, tres, tuple(layers), proximal_lines=lines)
    x = rng.integers(0, 2**tres, (SAMPLES, inputs)).astype(np.uint8)
    x[rng.random(x.shape) < rng.uniform(0, 0.7)] = 255
    gates = rng.integers(0, 2, (SAMPLES, lines)).astype(np.uint8) if lines else None
    return frozen(f"random {seed}", "random", network, x, gates)


def save(design: Design, folder: Path) -> None:
    """Write a design to a folder."""
    from hls.ir import save as save_network
    from hls.ir.stimulus import write_stimulus

    folder.mkdir(parents=True, exist_ok=True)
    save_network(design.network, folder / "frozen")
    s = design.sample
    assert s.expected is not None
    write_stimulus(folder, design.network, s.x, s.expected.y, s.proximal, s.expected.answer)
    text = "\n".join([design.name, design.application, design.quality])
    (folder / "design.txt").write_text(text, encoding="utf-8")


def load(folder: Path) -> Design:
    """Return the design that `save` wrote to a folder."""
    from hls.ir import load as load_network
    from hls.ir.stimulus import STIMULUS, read_stimulus

    network = load_network(folder / "frozen")
    given = read_stimulus(folder / STIMULUS, network)
    name, application, quality = (folder / "design.txt").read_text(encoding="utf-8").split("\n")
    sample = Sample(given.x, given.proximal, given.expected)
    return Design(name, application, network, sample, quality)
