"""The naive model over frozen networks, and random networks for tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hls.ir.network import NO_SPIKE, FrozenLayer, FrozenNetwork
from hls.ir.outputs import Outputs
from tests import oracle as naive


def oracle(network: FrozenNetwork, x: np.ndarray, proximal: np.ndarray | None = None) -> Outputs:
    """Answer one sample, one column, one segment, one time step at a time."""
    return trace(network, x, proximal)[-1]


def trace(
    network: FrozenNetwork, x: np.ndarray, proximal: np.ndarray | None = None
) -> list[Outputs]:
    """Answer as `oracle` does, with every layer's spike times."""
    found: list[Outputs] = []
    for layer in network.layers:
        side = [None] * len(x) if proximal is None else proximal.tolist()
        y = [_layer(layer, row, xp) for row, xp in zip(x.tolist(), side, strict=True)]
        found.append(Outputs(np.array(y, dtype=np.uint8).reshape(-1, *layer.shape[:2])))
        x = found[-1].y.reshape(len(x), layer.shape[0] * layer.shape[1])
    y = found[-1].y
    if network.votes is not None:
        votes = network.votes.tolist()
        answers = [naive.elected(naive.votes(row, votes)) for row in y.tolist()]
        found[-1] = Outputs(y, np.array(answers, dtype=np.int64))
    return found


def _layer(layer: FrozenLayer, row: list[int], side: list[int] | None) -> list[list[int]]:
    if layer.retime:
        row = naive.retime(row, layer.retime, layer.late)
    found = []
    for c, weights in enumerate(layer.effective.tolist()):
        xs = [255 if line < 0 else row[line] for line in layer.lines[c]]
        sides = {}
        if layer.proximal == "enable":
            given = _given(layer.proximal_lines[c], side, always=1)
            sides["gate"] = [[bool(dendrite[0]) for dendrite in neuron] for neuron in given]
        if layer.proximal == "weighted":
            sides["xp"] = _given(layer.proximal_lines[c], side, always=255)
            sides["wp"] = layer.proximal_weights[c].tolist()
        found.append(
            naive.levels(
                xs,
                weights,
                layer.theta[c].tolist(),
                layer.output_horizon,
                layer.response,
                layer.wta,
                layer.k,
                layer.tie,
                **sides,
            )[0]
        )
    return found


def _given(lines: np.ndarray, side: list[int] | None, always: int) -> list:
    """Return `side[line]` for every line, `always` for -1 or without a side."""
    return [
        [[always if i < 0 or side is None else side[i] for i in dendrite] for dendrite in neuron]
        for neuron in lines.tolist()
    ]


def random_layer(
    rng: np.random.Generator,
    sources: int,
    horizon: int,
    *,
    c: int = 1,
    n: int = 3,
    p: int | None = None,
    theta: float = 0.3,
    d: int = 1,
    s: int = 1,
    density: float = 0.8,
    shared: bool = True,
    **settings: object,
) -> FrozenLayer:
    """Make a random layer; `theta` is a fraction of the mean sum of weights."""
    p = sources if p is None else p
    w_max = 2 ** int(settings.get("wres", 3)) - 1
    mask = rng.random((c, n, d, s, p)) < density
    weights = np.where(mask, rng.integers(0, w_max + 1, mask.shape), 0).astype(np.uint8)
    common = np.tile(np.arange(p) % sources, (c, 1))
    lines = common if shared else rng.integers(-1, sources, (c, p))
    mean = max(1.0, theta * p * w_max / 2 * density)
    thetas = rng.integers(max(1, int(mean * 0.7)), int(mean * 1.3) + 2, (c, n))
    return FrozenLayer(
        weights,
        mask,
        thetas.astype(np.int32),
        lines.astype(np.int32),
        horizon=horizon,
        **settings,
    )


def with_proximal(
    rng: np.random.Generator, layer: FrozenLayer, proximal: str, lines: int, first: int = 0
) -> FrozenLayer:
    """Give a layer proximal inputs from lines `first .. first + lines - 1`, some fixed."""
    c, n, d, s, _ = layer.shape
    r = 1 if proximal == "enable" else 2
    table = rng.integers(first - 1, first + lines, (c, n, d, r)).astype(np.int32)
    fields = {"proximal": proximal, "proximal_lines": np.where(table < first, -1, table)}
    if proximal == "weighted":
        mask = rng.random((c, n, d, s, r)) < 0.8
        fields |= {
            "proximal_mask": mask,
            "proximal_weights": (rng.integers(0, 4, mask.shape) * mask).astype(np.uint8),
            "proximal_wres": 2,
            "proximal_horizon": int(rng.integers(1, 13)),
        }
    return replace(layer, **fields)


def whole_network(seed: int, *, saturate: bool = True, name: str = "whole") -> FrozenNetwork:
    """Make a random network of any kind: layers, dendrites, proximal inputs, retiming, votes."""
    rng = np.random.default_rng(seed)
    tres, inputs = int(rng.integers(0, 4)), int(rng.integers(2, 8))
    layers, sources, horizon, proximal_lines = [], inputs, 2**tres, 0
    retimed = False
    for _ in range(int(rng.integers(1, 4))):
        retime = int(rng.integers(1, 7)) if rng.random() < 0.3 else 0
        retimed |= retime > 0
        n = int(rng.integers(1, 5))
        layer = random_layer(
            rng,
            sources,
            retime or horizon,
            c=int(rng.integers(1, 4)),
            n=n,
            d=int(rng.integers(1, 3)),
            s=int(rng.integers(1, 4)),
            p=int(rng.integers(1, 7)),
            k=int(rng.integers(1, n + 1)),
            theta=float(rng.choice([0.1, 0.25, 0.5])),
            density=float(rng.choice([0.6, 0.9, 1.0])),
            shared=bool(rng.integers(0, 2)),
            wres=int(rng.choice([1, 2, 3, 3, 4])),
            response=str(rng.choice(["rnl", "rnl", "snl"])),
            wta=str(rng.choice(["1-wta", "k-wta", "t-wta", "none"])),
            tie=str(rng.choice(["index", "potential"])),
            retime=retime,
            late="saturate" if saturate and rng.random() < 0.5 else "drop",
        )
        kinds = ["none", "enable", "weighted"] if saturate or not retimed else ["none", "enable"]
        kind = str(rng.choice(kinds))
        if kind != "none":
            layer = with_proximal(rng, layer, kind, 3, proximal_lines)
            proximal_lines += 3
        layers.append(layer)
        horizon, sources = layer.output_horizon, layer.shape[0] * layer.shape[1]
    votes = None
    if rng.random() < 0.5:
        shape = (*layers[-1].shape[:2], int(rng.integers(2, 5)))
        votes = rng.integers(-128, 128, shape).astype(np.int8)
    return FrozenNetwork(
        name, inputs, tres, tuple(layers), votes=votes, proximal_lines=proximal_lines
    )


def random_network(
    seed: int, *, inputs: int = 8, tres: int = 3, name: str = "net", **settings: object
) -> FrozenNetwork:
    """Make a random network of one layer."""
    rng = np.random.default_rng(seed)
    layer = random_layer(rng, inputs, 2**tres, **settings)
    return FrozenNetwork(name, inputs, tres, (layer,))


def stimulus(
    network: FrozenNetwork, samples: int, seed: int = 0, silent: float = 0.15
) -> np.ndarray:
    """Make random spike times, uint8 `[samples, inputs]`; all silent first, then all last."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, network.horizon, (samples, network.inputs), dtype=np.uint8)
    x[rng.random(x.shape) < silent] = NO_SPIKE
    for row, value in enumerate((NO_SPIKE, network.horizon - 1, 0)[:samples]):
        x[row] = value
    return x


def fixed_network(
    weights: list[list[list[int]]],
    theta: list[list[int]],
    *,
    lines: list[list[int]] | None = None,
    inputs: int | None = None,
    tres: int = 3,
    name: str = "corner",
    **settings: object,
) -> FrozenNetwork:
    """Make a network from weights `[C][N][P]` and thresholds `[C][N]`."""
    w = np.array(weights, dtype=np.uint8)[:, :, None, None, :]
    c, _, _, _, p = w.shape
    where = np.array(lines if lines is not None else [list(range(p))] * c, dtype=np.int32)
    layer = FrozenLayer(
        w, w > 0, np.array(theta, dtype=np.int32), where, horizon=2**tres, **settings
    )
    return FrozenNetwork(name, inputs or p, tres, (layer,))


def edge_networks() -> dict[str, FrozenNetwork]:
    """Return the corners: what a generator forgets first."""
    return {
        "never": fixed_network([[[1, 2], [3, 1]]], [[4, 5]]),
        "at_once": fixed_network([[[7, 7, 7], [7, 1, 7]]], [[1, 1]], tie="potential"),
        "neuron_pruned": fixed_network([[[0, 0], [3, 2], [0, 0]]], [[1, 3, 2]]),
        "all_pruned": fixed_network([[[0, 0], [0, 0]]], [[1, 1]], name="silent"),
        "one_neuron": fixed_network([[[5, 3, 7]]], [[9]], tie="potential"),
        "one_input": fixed_network([[[3], [7]]], [[3, 4]]),
        "one_of_each": fixed_network([[[1]]], [[1]], tres=0, wres=1),
        "w_max_1": fixed_network([[[1, 0, 1, 1], [1, 1, 1, 0]]], [[2, 3]], wres=1),
        "tres_0": fixed_network([[[7, 6, 5], [4, 7, 2]]], [[9, 8]], tres=0, tie="potential"),
        "columns_apart": fixed_network(
            [[[3, 7], [2, 5]], [[7, 7], [1, 6]], [[4, 0], [2, 2]]],
            [[5, 4], [8, 3], [4, 3]],
            lines=[[0, 1], [2, 3], [4, 5]],
            inputs=6,
        ),
        "columns_shared": fixed_network(
            [[[3, 7], [2, 5]], [[7, 7], [1, 6]], [[4, 0], [2, 2]]],
            [[5, 4], [8, 3], [4, 30]],
            inputs=4,
            tie="potential",
        ),
        "silent_lines": fixed_network(
            [[[3, 7, 7], [2, 5, 1]]], [[5, 6]], lines=[[1, -1, 1]], inputs=3
        ),
        "five_neurons": fixed_network(
            [[[7, 1], [1, 7], [3, 4], [4, 3], [7, 7]]], [[5, 5, 5, 5, 9]], tie="potential"
        ),
        "even_ramps": fixed_network([[[2, 4, 6], [4, 6, 2]]], [[6, 7]]),
        "long_ramps": fixed_network([[[100, 16, 127], [15, 50, 127]]], [[60, 99]], wres=7),
        "steps_at_once": fixed_network(
            [[[7, 3], [1, 6]]], [[9, 7]], response="snl", tres=0, tie="potential"
        ),
    }
