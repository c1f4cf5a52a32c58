"""A naive model of point neurons, straight from the definition, and random networks for tests."""

from __future__ import annotations

import numpy as np

from hls.ir.network import NO_SPIKE, FrozenLayer, FrozenNetwork
from hls.ir.outputs import Outputs


def oracle(network: FrozenNetwork, x: np.ndarray) -> Outputs:
    """Answer one sample, one column, one neuron, one time step at a time."""
    for layer in network.layers:
        x = np.array([_layer(layer, row) for row in x], dtype=np.uint8)
    c, n = network.layers[-1].shape[:2]
    return Outputs(x.reshape(-1, c, n))


def _layer(layer: FrozenLayer, row: np.ndarray) -> list[int]:
    out = []
    for c in range(layer.shape[0]):
        spikes = [_neuron(layer, c, n, row) for n in range(layer.shape[1])]
        out += _wta(layer, spikes)
    return out


def _neuron(layer: FrozenLayer, c: int, n: int, row: np.ndarray) -> tuple[int, int]:
    """Return (spike time, potential then)."""
    for t in range(layer.output_horizon):
        v = 0
        for p in range(layer.shape[4]):
            line, w = int(layer.lines[c, p]), int(layer.weights[c, n, 0, 0, p])
            if line < 0 or not layer.mask[c, n, 0, 0, p] or row[line] == NO_SPIKE:
                continue
            since = t - int(row[line])
            if layer.response == "rnl":
                v += min(max(since + 1, 0), w)
            else:
                v += w if since >= 0 else 0
        if v >= layer.theta[c, n]:
            return t, v
    return NO_SPIKE, 0


def _wta(layer: FrozenLayer, spikes: list[tuple[int, int]]) -> list[int]:
    times = [t for t, _ in spikes]
    if layer.wta == "none":
        return times
    if layer.wta == "t-wta":
        return [t if t == min(times) else NO_SPIKE for t in times]
    rank = {
        "index": lambda n: (spikes[n][0], n),
        "potential": lambda n: (spikes[n][0], -spikes[n][1], n),
    }[layer.tie]
    pass_ = sorted(range(len(spikes)), key=rank)[: layer.k if layer.wta == "k-wta" else 1]
    return [t if n in pass_ else NO_SPIKE for n, t in enumerate(times)]


def random_layer(
    rng: np.random.Generator,
    sources: int,
    horizon: int,
    *,
    c: int = 1,
    n: int = 3,
    p: int | None = None,
    theta: float = 0.3,
    density: float = 0.8,
    shared: bool = True,
    **settings: object,
) -> FrozenLayer:
    """Make a random layer; `theta` is a fraction of the mean sum of weights."""
    p = sources if p is None else p
    w_max = 2 ** int(settings.get("wres", 3)) - 1
    mask = rng.random((c, n, 1, 1, p)) < density
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
