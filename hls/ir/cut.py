"""One column of a network as a network of its own, to build and to prove alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput
from hls.ir.network import NO_SPIKE, FrozenNetwork

Times = npt.NDArray[np.uint8]


def cut_column(network: FrozenNetwork, layer: int, column: int) -> FrozenNetwork:
    """Return a column of a layer as a network of one layer, without voter.

    Its input lines are those that the column reads, in ascending order, and its input horizon is
    the next power of two: times that never come change no answer. Draws of on-chip learning go by
    the numbers of columns, so learning is left out.

    Args:
        network: the whole network.
        layer: number of the layer, 0 for the first.
        column: number of the column, row-major over the fields.

    Raises:
        InvalidInput: if there is no such layer or column.
    """
    part, lines = _find(network, layer, column), _lines(network, layer, column)
    one = slice(column, column + 1)
    settings: dict[str, Any] = {}
    proximal_lines = 0
    if part.proximal_lines is not None:
        mine = part.proximal_lines[one]
        used = np.unique(mine[mine >= 0])
        settings["proximal_lines"] = _renumbered(mine, used)
        proximal_lines = len(used)
    for name in ("proximal_weights", "proximal_mask"):
        whole = getattr(part, name)
        settings[name] = None if whole is None else whole[one].copy()
    tres = int(part.horizon - 1).bit_length()
    alone = replace(
        part,
        weights=part.weights[one].copy(),
        mask=part.mask[one].copy(),
        theta=part.theta[one].copy(),
        lines=_renumbered(part.lines[one], lines),
        horizon=2**tres,
        retime=0,
        late="drop",
        learning=None,
        lfsr=None,
        lfsr_draws=None,
        **settings,
    )
    return FrozenNetwork(
        f"{network.name[:40]}_l{layer}_c{column}",
        len(lines),
        tres,
        (alone,),
        proximal_lines=proximal_lines,
    )


def column_inputs(network: FrozenNetwork, below: Times, layer: int, column: int) -> Times:
    """Return what the cut column reads, uint8 `[B, its lines]`, in time steps or 255.

    Args:
        network: the whole network.
        below: uint8 `[B, lines]`, the network's input for layer 0, else the flat answers of the
            layer below.
        layer: number of the layer.
        column: number of the column.

    Raises:
        InvalidInput: if there is no such layer or column.
    """
    part = _find(network, layer, column)
    times = np.asarray(below)
    if part.retime:
        times = _retimed(times, part.retime, part.late)
    return np.ascontiguousarray(times[:, _lines(network, layer, column)])


def column_proximal(
    network: FrozenNetwork, proximal: Times | None, layer: int, column: int
) -> Times | None:
    """Return the proximal inputs that the cut column reads, uint8 `[B, its proximal lines]`.

    Args:
        network: the whole network.
        proximal: uint8 `[B, proximal lines]` of the whole network, or None.
        layer: number of the layer.
        column: number of the column.

    Raises:
        InvalidInput: if there is no such layer or column.
    """
    part = _find(network, layer, column)
    if proximal is None or part.proximal_lines is None:
        return None
    lines = part.proximal_lines[column]
    return np.ascontiguousarray(proximal[:, np.unique(lines[lines >= 0])])


def _retimed(x: Times, horizon: int, late: str) -> Times:
    """Return a volley whose first spike comes at 0."""
    first = x.min(axis=1, keepdims=True)
    moved = np.where(x == NO_SPIKE, NO_SPIKE, x - np.minimum(first, x))
    end = NO_SPIKE if late == "drop" else horizon - 1
    return np.where((moved != NO_SPIKE) & (moved >= horizon), end, moved).astype(np.uint8)


def _find(network: FrozenNetwork, layer: int, column: int) -> Any:  # noqa: ANN401 - FrozenLayer
    if not 0 <= layer < len(network.layers):
        raise InvalidInput(
            "layer", got=layer, expected=f"0 .. {len(network.layers) - 1}, those of the network"
        )
    columns = network.layers[layer].shape[0]
    if not 0 <= column < columns:
        raise InvalidInput("column", got=column, expected=f"0 .. {columns - 1}, those of the layer")
    return network.layers[layer]


def _lines(network: FrozenNetwork, layer: int, column: int) -> npt.NDArray[np.int64]:
    lines = network.layers[layer].lines[column]
    return np.unique(lines[lines >= 0]).astype(np.int64)


def _renumbered(lines: npt.NDArray[np.int32], used: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Return positions in `used` in place of lines; -1 stays."""
    return np.where(lines < 0, -1, np.searchsorted(used, lines)).astype(np.int32)
