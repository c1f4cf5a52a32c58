"""Columns so small that all their inputs can be tried, and the definition's answers to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hls.ir.network import NO_SPIKE, FrozenLayer, FrozenNetwork
from hls.ir.outputs import Outputs

LIMIT = 600
"""Volleys for which a fault is simulated."""


def column(
    wta: str,
    tie: str,
    *,
    inputs: int = 3,
    neurons: int = 3,
    response: str = "rnl",
    seed: int = 0,
    name: str = "tiny",
) -> FrozenNetwork:
    """Return a column with random weights 0 .. 3, horizon 8 and low thresholds: ties abound.

    Args:
        wta: lateral inhibition; `k-wta` lets two pass.
        tie: `index` or `potential`.
        inputs: input lines.
        neurons: neurons.
        response: `rnl` or `snl`.
        seed: of weights and thresholds.
        name: of the network.
    """
    rng = np.random.default_rng([seed, inputs, neurons])
    weights = rng.integers(0, 4, (1, neurons, 1, 1, inputs)).astype(np.uint8)
    weights[..., 0] = np.maximum(weights[..., 0], 1)
    most = weights.sum(axis=4)[:, :, 0, 0]
    theta = np.maximum(1, most * rng.integers(4, 9, most.shape) // 10).astype(np.int32)
    lines = np.arange(inputs, dtype=np.int32)[None]
    layer = FrozenLayer(
        weights, np.ones_like(weights, dtype=bool), theta, lines,
        wres=2, response=response, wta=wta, k=2 if wta == "k-wta" else 1, tie=tie,
    )  # fmt: skip
    return FrozenNetwork(name, inputs, 3, (layer,))


def volleys(network: FrozenNetwork, most: int | None = None) -> npt.NDArray[np.uint8]:
    """Return every input volley: all times and no spike on each line, uint8 `[B, inputs]`.

    Args:
        network: gives lines and horizon; `B` is `(horizon + 1) ** inputs`.
        most: so many of them at most, evenly spread.
    """
    times = np.array([*range(network.horizon), NO_SPIKE], dtype=np.uint8)
    count = len(times) ** network.inputs
    at = np.arange(count)
    if most is not None and most < count:
        at = np.linspace(0, count - 1, most).astype(int)
    digits = [at // len(times) ** line % len(times) for line in range(network.inputs)]
    return np.stack([times[digit] for digit in digits], axis=1)


def answers(network: FrozenNetwork, x: npt.NDArray[np.uint8]) -> Outputs:
    """Return what the definition answers: the reference kernel in PyTorch."""
    from neutnn_pl.nn import Network

    import torch  # isort: skip - after neutnn_pl

    model = Network.from_frozen(network)
    model.use_kernel("reference")
    return Outputs(model(torch.from_numpy(x)).numpy())
