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
PROXIMAL = ("none", "enable", "weighted")
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
        retime: number of times that remain where the input volley's time base starts at its first
            spike; 0 where it does not.
        late: what becomes of a spike beyond them: `drop` or `saturate`.
        proximal: `none`, `enable` or `weighted`.
        proximal_lines: int32 `[C, N, D, R]`, proximal input line of each; -1 is always enabled
            (`enable`) or always silent (`weighted`). None without proximal inputs.
        proximal_weights: uint8 `[C, N, D, S, R]`, for `weighted`.
        proximal_mask: bool `[C, N, D, S, R]`, for `weighted`.
        proximal_wres: resolution of proximal weights in bits, for `weighted`.
        proximal_horizon: number of distinct proximal times, for `weighted`.
        learning: constants of the learning rule for on-chip learning, or None: the fields of
            `neutnn_pl.nn.STDP`, with the register's `taps`.
        lfsr: int64 `[C]`, state of each column's register at the first training gamma cycle.
        lfsr_draws: int32 `[4, G, P + R]`, which draw of a cycle serves the case, the minimum, F
            and search of each synapse.
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
    retime: int = 0
    late: str = "drop"
    proximal: str = "none"
    proximal_lines: npt.NDArray[np.int32] | None = None
    proximal_weights: npt.NDArray[np.uint8] | None = None
    proximal_mask: npt.NDArray[np.bool_] | None = None
    proximal_wres: int = 0
    proximal_horizon: int = 0
    learning: dict[str, Any] | None = None
    lfsr: npt.NDArray[np.int64] | None = None
    lfsr_draws: npt.NDArray[np.int32] | None = None

    @property
    def plain(self) -> bool:
        """Whether this is a layer of point neurons without proximal inputs or retiming."""
        return self.shape[2:4] == (1, 1) and self.proximal == "none" and not self.retime

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
        ramp = self.response == "rnl"
        steps = self.horizon + (self.w_max - 1 if ramp else 0)
        if self.proximal == "weighted":
            w_max = 2**self.proximal_wres - 1
            steps = max(steps, self.proximal_horizon + (w_max - 1 if ramp else 0))
        return steps

    @property
    def synapses(self) -> int:
        """Number of unpruned synapses, weights of 0 and proximal ones included."""
        proximal = 0 if self.proximal_mask is None else int(self.proximal_mask.sum())
        return int(self.mask.sum()) + proximal

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
        votes: int8 `[C, N, K]`, votes of the last layer's neurons for classes; None without voter.
        proximal_lines: number of proximal input lines.
        encoder: how values become the input's spike times, fitted: kind, settings and statistics
            as plain values (`datamodules.encoders.encoder_from` makes it again); None if unknown.
    """

    name: str
    inputs: int
    tres: int
    layers: tuple[FrozenLayer, ...] = field(default=())
    votes: npt.NDArray[np.int8] | None = None
    proximal_lines: int = 0
    encoder: dict[str, Any] | None = None

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

    def up_to(self, count: int) -> FrozenNetwork:
        """Return the first layers as a network of their own, which gives their spike times."""
        if count == len(self.layers):
            return self
        return replace(self, layers=self.layers[:count], votes=None)

    def with_layer(self, index: int, **changes: Any) -> FrozenNetwork:  # noqa: ANN401 - any field
        """Return a copy in which fields of one layer are replaced."""
        layers = list(self.layers)
        layers[index] = replace(layers[index], **changes)
        return replace(self, layers=tuple(layers))


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
        at = f"layer {index}"
        _check_layer(at, layer, layer.retime or horizon, sources)
        _check_proximal(at, layer, network.proximal_lines)
        _check_registers(at, layer)
        horizon = layer.output_horizon
        sources = layer.shape[0] * layer.shape[1]
    if network.encoder is not None and not {"kind", "settings", "fitted"} <= set(network.encoder):
        _fail("encoder", sorted(network.encoder), "kind, settings and fitted")
    votes, last = network.votes, network.layers[-1].shape[:2]
    if votes is not None and (votes.dtype != np.int8 or votes.ndim != 3 or votes.shape[:2] != last):
        _fail("votes", f"{votes.dtype} {list(votes.shape)}", f"int8 [{last[0]}, {last[1]}, K]")


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


def _check_registers(at: str, layer: FrozenLayer) -> None:
    c, n, d, s, p = layer.shape
    r = 0 if layer.proximal_weights is None else layer.proximal_weights.shape[4]
    if (layer.lfsr is None) != (layer.lfsr_draws is None):
        _fail(f"{at}: lfsr", "registers or draws alone", "both, or neither")
    if layer.lfsr is None or layer.lfsr_draws is None:
        return
    if layer.learning is None or not {"taps", "lfsr_width"} <= set(layer.learning):
        _fail(f"{at}: learning", layer.learning, "constants with 'taps' and 'lfsr_width'")
        return
    if layer.lfsr.shape != (c,) or layer.lfsr.dtype != np.int64:
        _fail(f"{at}: lfsr", _shape(layer.lfsr), f"int64 [{c}]")
    width = int(layer.learning["lfsr_width"])
    if int(layer.lfsr.min()) < 1 or int(layer.lfsr.max()) >= 2**width:
        _fail(f"{at}: lfsr", int(layer.lfsr.min()), f"states 1 .. 2**{width} - 1 (0 never moves)")
    shape = (4, n * d * s, p + r)
    if layer.lfsr_draws.shape != shape or layer.lfsr_draws.dtype != np.int32:
        _fail(f"{at}: lfsr_draws", _shape(layer.lfsr_draws), f"int32 {list(shape)}")
    if int(layer.lfsr_draws.min()) < 0:
        _fail(f"{at}: lfsr_draws", int(layer.lfsr_draws.min()), ">= 0")


def _check_proximal(at: str, layer: FrozenLayer, sources: int) -> None:
    if layer.late not in ("drop", "saturate") or not 0 <= layer.retime <= MAX_TIME + 1:
        _fail(f"{at}: retime", f"{layer.retime}, {layer.late}", "0 .. 255, 'drop' or 'saturate'")
    if layer.proximal not in PROXIMAL:
        _fail(f"{at}: proximal", repr(layer.proximal), f"one of {', '.join(PROXIMAL)}")
    c, n, d, s, _ = layer.shape
    lines = layer.proximal_lines
    if layer.proximal == "none":
        if lines is not None or layer.proximal_weights is not None:
            _fail(f"{at}: proximal inputs", "some", "none (proximal is 'none')")
        return
    if lines is None or lines.dtype != np.int32 or lines.shape[:3] != (c, n, d) or lines.ndim != 4:
        _fail(f"{at}: proximal_lines", _shape(lines), f"int32 [{c}, {n}, {d}, R]")
        return
    if int(lines.min()) < -1 or int(lines.max()) >= sources:
        _fail(f"{at}: proximal_lines", f"{lines.min()} .. {lines.max()}", f"-1 .. {sources - 1}")
    r = lines.shape[3]
    if layer.proximal == "enable":
        if r != 1:
            _fail(f"{at}: proximal_lines", _shape(lines), f"int32 [{c}, {n}, {d}, 1]")
        return
    weights, mask = layer.proximal_weights, layer.proximal_mask
    for name, array in (("weights", weights), ("mask", mask)):
        if array is None or array.shape != (c, n, d, s, r):
            _fail(f"{at}: proximal_{name}", _shape(array), f"[{c}, {n}, {d}, {s}, {r}]")
    if weights is None or mask is None:
        return
    if not 1 <= layer.proximal_wres <= 7 or int(weights.max()) >= 2**layer.proximal_wres:
        _fail(f"{at}: proximal_weights", int(weights.max()), f"{layer.proximal_wres} bits, 1 .. 7")
    if weights[~mask].any():
        _fail(f"{at}: proximal_weights of pruned synapses", "some that are not 0", "all 0")


def _shape(array: npt.NDArray[Any] | None) -> str:
    return "nothing" if array is None else f"{array.dtype} {list(array.shape)}"


def _fail(what: str, got: object, expected: str) -> None:
    raise InvalidNetwork(f"frozen network: {what}", got=got, expected=expected)
