"""Potentials over time, from the frozen network alone: what the wave view shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hls.ir import NO_SPIKE, FrozenNetwork


@dataclass(frozen=True)
class Wave:
    """One sample in the first layer.

    Attributes:
        inputs: uint8 `[P]`, spike times of the column's inputs, in time steps or 255.
        potential: int64 `[N, H]`, largest potential of any segment of each neuron, in weight LSB,
            at each time step.
        theta: int32 `[N]`, thresholds in weight LSB.
        crossing: int64 `[N]`, first time step at which the potential reaches the threshold, -1 if
            it never does.
    """

    inputs: npt.NDArray[np.uint8]
    potential: npt.NDArray[np.int64]
    theta: npt.NDArray[np.int32]
    crossing: npt.NDArray[np.int64]


def wave(network: FrozenNetwork, x: npt.NDArray[np.uint8], column: int = 0) -> Wave:
    """Return the potentials in one column of the first layer (distal inputs only).

    A ramp is `clamp(t - x + 1, 0, w)`, a step is `w` from `t = x` on.

    Args:
        network: the network.
        x: one sample, uint8 `[inputs]`, in time steps or 255.
        column: which column.
    """
    layer = network.layers[0]
    lines = layer.lines[column]
    times = np.where(lines >= 0, x[np.maximum(lines, 0)], NO_SPIKE).astype(np.uint8)
    if layer.retime and (times != NO_SPIKE).any():
        first = int(x[x != NO_SPIKE].min())
        late = layer.retime - 1 if layer.late == "saturate" else NO_SPIKE
        shifted = times.astype(np.int64) - first
        shifted = np.where(shifted >= layer.retime, late, shifted)
        times = np.where(times == NO_SPIKE, NO_SPIKE, shifted).astype(np.uint8)
    weights = layer.effective[column].astype(np.int64)  # [N, D, S, P]
    steps = np.arange(layer.output_horizon)
    since = steps[:, None] - times.astype(np.int64) + 1  # [H, P]
    since[:, times == NO_SPIKE] = 0
    if layer.response == "rnl":
        response = np.minimum(np.maximum(since, 0)[:, None, None, None], weights)
    else:
        response = np.where((since > 0)[:, None, None, None], weights, 0)
    potential = response.sum(axis=-1).max(axis=(2, 3)).T  # [N, H]
    reached = potential >= layer.theta[column][:, None]
    crossing = np.where(reached.any(axis=1), reached.argmax(axis=1), -1)
    return Wave(times, potential, layer.theta[column], crossing)
