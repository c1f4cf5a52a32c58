"""The frozen network: integers only, the one contract between PyTorch and everything below."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidNetwork

NO_SPIKE = 255
"""Spike time (uint8) that means "no spike"."""

RESPONSES = ("rnl", "snl")
WTA_MODES = ("1-wta", "k-wta", "t-wta", "none")
TIES = ("index", "potential")
MAX_TIME = 254


@dataclass(frozen=True, eq=False)
class FrozenLayer:
    """One weight-bearing layer of columns.

    Attributes:
        weights: uint8 `[C, N, D, S, P]`, in weight LSB, `0 .. 2**wres - 1`; 0 where masked.
        mask: bool `[C, N, D, S, P]`; False where the synapse has been pruned.
        theta: int32 `[C, N]`, firing threshold in weight LSB, `>= 1`.
        lines: int32 `[C, P]`, index of the input line (of the network for layer 0, else
            `column * neurons + neuron` of the layer below) at each input; -1 is always silent.
        wres: weight resolution in bits.
        response: `rnl` (ramp, no leak) or `snl` (step, no leak).
        horizon: number of distinct input times `T`; inputs are `0 .. T - 1` or `NO_SPIKE`.
        wta: lateral inhibition: `1-wta`, `k-wta`, `t-wta` or `none`.
        k: how many pass `k-wta` (1 otherwise).
        tie: tie rule of every WTA in evaluation: `index` or `potential`.
    """

    weights: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]
    theta: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int32]
    wres: int = 3
    response: str = "rnl"
    horizon: int = 8
    wta: str = "1-wta"
    k: int = 1
    tie: str = "index"

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Return `(C, N, D, S, P)`."""
        c, n, d, s, p = self.weights.shape
        return c, n, d, s, p

    @property
    def w_max(self) -> int:
        """Largest weight, `2**wres - 1`."""
        return int(2**self.wres - 1)

    @property
    def output_horizon(self) -> int:
        """Number of distinct output times: `T + w_max - 1` for RNL, `T` for SNL."""
        return self.horizon + (self.w_max - 1 if self.response == "rnl" else 0)

    @property
    def synapses(self) -> int:
        """Number of unpruned synapses, weights of 0 included."""
        return int(self.mask.sum())

    @property
    def effective(self) -> npt.NDArray[np.uint8]:
        """Weights with pruned synapses as 0, uint8 `[C, N, D, S, P]`."""
        return np.where(self.mask, self.weights, 0).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class FrozenNetwork:
    """A whole network in integers.

    Attributes:
        name: a Verilog and C identifier (`[a-z][a-z0-9_]*`); names the top module.
        inputs: number of input lines.
        tres: temporal resolution of the input in bits; its horizon is `2**tres`.
        layers: the layers, first one first.
    """

    name: str
    inputs: int
    tres: int
    layers: tuple[FrozenLayer, ...] = field(default=())

    def __post_init__(self) -> None:
        """Check everything that can be checked."""
        check(self)

    @property
    def horizon(self) -> int:
        """Number of distinct input times, `2**tres`."""
        return int(2**self.tres)

    @property
    def synapses(self) -> int:
        """Number of unpruned synapses, weights of 0 included."""
        return sum(layer.synapses for layer in self.layers)

    @property
    def hash(self) -> str:
        """SHA-256 of the network's content: the same network has the same hash everywhere."""
        from hls.ir.store import content_hash

        return content_hash(self)

    def with_layer(self, index: int, **changes: Any) -> FrozenNetwork:  # noqa: ANN401 - any field
        """Return a copy in which fields of one layer are replaced."""
        layers = list(self.layers)
        layers[index] = replace(layers[index], **changes)
        return replace(self, layers=tuple(layers))


def check_stimulus(network: FrozenNetwork, x: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return `x` as uint8 `[B, inputs]` after checking shape and times.

    Raises:
        InvalidInput: on another shape or dtype, or a time in `T .. 254`.
    """
    from hls.errors import InvalidInput

    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != network.inputs:
        raise InvalidInput(
            "spike times", got=f"shape {x.shape}", expected=f"[samples, {network.inputs}]"
        )
    if not np.issubdtype(x.dtype, np.integer):
        raise InvalidInput(
            "spike times", got=f"dtype {x.dtype}", expected="uint8", mend="Encode the data first"
        )
    bad = (x != NO_SPIKE) & ((x < 0) | (x >= network.horizon))
    if bad.any():
        sample, line = (int(i) for i in np.argwhere(bad)[0])
        raise InvalidInput(
            f"spike time of sample {sample}, line {line}",
            got=int(x[sample, line]),
            expected=f"0 .. {network.horizon - 1}, or {NO_SPIKE} for no spike",
            mend="Encode with the network's temporal resolution",
        )
    return np.ascontiguousarray(x, dtype=np.uint8)


def check(network: FrozenNetwork) -> None:
    """Check a network.

    Raises:
        InvalidNetwork: naming the layer and the field.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", network.name):
        _fail("name", network.name, "a lower-case identifier such as ecg200_96x2")
    if network.inputs < 1:
        _fail("inputs", network.inputs, ">= 1")
    if not 0 <= network.tres <= 7:
        _fail("tres", network.tres, "0 .. 7 bits")
    if not network.layers:
        _fail("layers", "none", "at least one")
    horizon, sources = network.horizon, network.inputs
    for index, layer in enumerate(network.layers):
        _check_layer(f"layer {index}", layer, horizon, sources)
        horizon = layer.output_horizon
        sources = layer.shape[0] * layer.shape[1]


def _check_layer(at: str, layer: FrozenLayer, horizon: int, sources: int) -> None:
    if layer.weights.ndim != 5 or 0 in layer.weights.shape:
        _fail(f"{at}: weights", f"shape {layer.weights.shape}", "[C, N, D, S, P], none of them 0")
    c, n, _, _, p = layer.weights.shape
    for name, shape, dtype in (
        ("weights", layer.weights.shape, np.uint8),
        ("mask", layer.weights.shape, np.bool_),
        ("theta", (c, n), np.int32),
        ("lines", (c, p), np.int32),
    ):
        array = getattr(layer, name)
        if array.shape != shape or array.dtype != dtype:
            _fail(
                f"{at}: {name}",
                f"{array.dtype} {list(array.shape)}",
                f"{np.dtype(dtype)} {list(shape)}",
            )
    if not 1 <= layer.wres <= 7:
        _fail(f"{at}: wres", layer.wres, "1 .. 7 bits")
    for name, allowed in (("response", RESPONSES), ("wta", WTA_MODES), ("tie", TIES)):
        if getattr(layer, name) not in allowed:
            _fail(f"{at}: {name}", repr(getattr(layer, name)), f"one of {', '.join(allowed)}")
    if layer.horizon != horizon:
        _fail(f"{at}: horizon", layer.horizon, f"{horizon}, the output horizon below it")
    if layer.output_horizon > MAX_TIME + 1:
        _fail(f"{at}: output horizon", layer.output_horizon, f"<= {MAX_TIME + 1}")
    if not 1 <= layer.k <= n:
        _fail(f"{at}: k", layer.k, f"1 .. {n} (the neurons of a column)")
    if int(layer.weights.max()) > layer.w_max:
        _fail(f"{at}: weights", f"up to {layer.weights.max()}", f"0 .. {layer.w_max}")
    if layer.weights[~layer.mask].any():
        _fail(f"{at}: weights of pruned synapses", "some that are not 0", "all 0")
    if int(layer.theta.min()) < 1:
        _fail(f"{at}: theta", int(layer.theta.min()), ">= 1")
    if int(layer.lines.min()) < -1 or int(layer.lines.max()) >= sources:
        _fail(f"{at}: lines", f"{layer.lines.min()} .. {layer.lines.max()}", f"-1 .. {sources - 1}")


def _fail(what: str, got: object, expected: str) -> None:
    raise InvalidNetwork(f"frozen network: {what}", got=got, expected=expected)
