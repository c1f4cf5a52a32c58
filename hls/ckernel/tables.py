"""A layer's constants as C tables: synapses as a list, or, where none is pruned, as a matrix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hls.ir.network import FrozenLayer

Array = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Synapses:
    """The synapses of a layer's segments that can act, segment by segment.

    Attributes:
        first: int64 `[G + 1]`, segment `g` has synapses `first[g] .. first[g + 1] - 1`.
        source: where each one's spike comes from.
        weight: in weight LSB.
    """

    first: Array
    source: Array
    weight: Array

    @classmethod
    def of(cls, weights: Array, sources: Array) -> Synapses:
        """Return the synapses of weights `[G, P]` whose weight and source are not nothing.

        Args:
            weights: 0 where there is no synapse.
            sources: of the same shape, -1 where there is none.
        """
        segment, which = np.nonzero(np.where(sources >= 0, weights, 0))
        counts = np.bincount(segment, minlength=len(weights))
        first = np.concatenate([[0], np.cumsum(counts)])
        return cls(first, sources[segment, which], weights[segment, which])

    def __len__(self) -> int:
        return len(self.weight)


@dataclass(frozen=True)
class Tables:
    """What of a layer goes into the C, and how.

    Attributes:
        index: number of the layer.
        layer: the layer.
        sources: number of spike times that the layer is given.
        below: number of distinct times among them.
    """

    index: int
    layer: FrozenLayer
    sources: int
    below: int

    @cached_property
    def distal(self) -> Synapses:
        """Distal synapses; the source is the input of the column."""
        c, n, d, s, p = self.layer.shape
        inputs = np.where(self.layer.lines >= 0, np.arange(p), -1)
        sources = np.repeat(inputs, n * d * s, axis=0)
        return Synapses.of(self.layer.effective.reshape(c * n * d * s, p), sources)

    @cached_property
    def proximal(self) -> Synapses:
        """Weighted proximal synapses; the source is the proximal line."""
        layer = self.layer
        if layer.proximal_weights is None or layer.proximal_lines is None:
            empty = np.zeros((self.units, 0), dtype=np.int64)
            return Synapses.of(empty, empty)
        shape = layer.proximal_weights.shape
        sources = np.broadcast_to(layer.proximal_lines[:, :, :, None], shape)
        size = (self.units, shape[-1])
        return Synapses.of(layer.proximal_weights.reshape(size), sources.reshape(size))

    @property
    def units(self) -> int:
        """Segments of the whole layer."""
        c, n, d, s, _ = self.layer.shape
        return c * n * d * s

    @property
    def silent(self) -> bool:
        """Whether no synapse is left that could act."""
        return not len(self.distal) and not len(self.proximal)

    @property
    def matrix(self) -> bool:
        """Whether weights stand as a matrix: the smaller form where nothing is pruned."""
        return bool(self.layer.mask.all()) and bool((self.layer.lines >= 0).all())

    @property
    def direct(self) -> bool:
        """Whether every column's inputs are the layer's first ones, in order."""
        lines = self.layer.lines
        return bool((lines == np.arange(lines.shape[1])).all())

    @property
    def gates(self) -> Array | None:
        """Proximal line that enables each dendrite, -1 for always; None where all always are."""
        lines = self.layer.proximal_lines
        if self.layer.proximal != "enable" or lines is None or int(lines.max()) < 0:
            return None
        return lines.reshape(-1)

    @property
    def point(self) -> bool:
        """Whether a neuron is one segment that is always enabled."""
        return self.layer.shape[2:4] == (1, 1) and self.gates is None

    @property
    def ranked(self) -> bool:
        """Whether potentials decide anything."""
        layer = self.layer
        return layer.tie == "potential" and layer.wta in ("1-wta", "k-wta") and layer.shape[1] > 1

    @property
    def reads_proximal(self) -> bool:
        """Whether the layer's function takes proximal inputs."""
        return self.gates is not None or len(self.proximal) > 0

    def constants(self) -> dict[str, int]:
        """Return the layer's sizes by name, without `L<index>_`."""
        c, n, d, s, p = self.layer.shape
        found = {"COLUMNS": c, "NEURONS": n}
        if self.silent:
            return found
        if not self.point:
            found |= {"DENDRITES": d, "SEGMENTS": s}
        if self.matrix or not self.direct:
            found["INPUTS"] = p
        found |= {"HORIZON": self.layer.horizon, "STEPS": self.layer.output_horizon}
        if not self.matrix:
            found["SYNAPSES"] = len(self.distal)
        if len(self.proximal):
            found["PROXIMAL_HORIZON"] = self.layer.proximal_horizon
            found["PROXIMAL_SYNAPSES"] = len(self.proximal)
        return found

    def text(self) -> str:
        """Return constants and tables as C."""
        at = f"L{self.index}"
        lines = [f"enum {{ {at}_{key} = {value} }};" for key, value in self.constants().items()]
        if self.silent:
            return "\n".join(lines) + "\n"
        lines += ["", "/* clang-format off */"]
        if not self.direct:
            lines += ["/* Input line of every column's inputs; -1 is always silent. */"]
            size = f"{at}_COLUMNS * {at}_INPUTS"
            lines += self.table("line", size, self.layer.lines.reshape(-1))
        lines += self._matrix() if self.matrix else self._list("", "input", self.distal)
        if len(self.proximal):
            lines += self._list("proximal_", "line", self.proximal)
        if self.gates is not None:
            lines += ["/* Proximal line that enables each dendrite; -1 is always enabled. */"]
            size = f"{at}_COLUMNS * {at}_NEURONS * {at}_DENDRITES"
            lines += self.table("gate", size, self.gates)
        lines += ["/* Threshold of every neuron. */"]
        size = f"{at}_COLUMNS * {at}_NEURONS"
        lines += self.table("theta", size, self.layer.theta.reshape(-1), "int32_t")
        return "\n".join([*lines, "/* clang-format on */"]) + "\n"

    @property
    def _units(self) -> str:
        names = ["COLUMNS", "NEURONS"] + ([] if self.point else ["DENDRITES", "SEGMENTS"])
        return " * ".join(f"L{self.index}_{name}" for name in names)

    def _matrix(self) -> list[str]:
        weights = self.layer.effective.reshape(-1)
        what = "neuron" if self.point else "segment"
        return [
            f"/* Weight of every synapse, {what} by {what}. */",
            *self.table("weight", f"{self._units} * L{self.index}_INPUTS", weights),
        ]

    def _list(self, side: str, source: str, synapses: Synapses) -> list[str]:
        size = f"L{self.index}_{side.upper()}SYNAPSES"
        if not len(synapses):
            return []
        what = "neuron" if self.point else "segment"
        name = "proximal line" if side else "input of the column"
        at = f"l{self.index}_{side}first"
        return [
            f"/* Synapses {at}[g] .. {at}[g + 1] - 1 are {what} g's: {name} and weight. */",
            *self.table(f"{side}first", f"{self._units} + 1", synapses.first),
            *self.table(f"{side}{source}", size, synapses.source),
            *self.table(f"{side}weight", size, synapses.weight),
        ]

    def table(self, name: str, size: str, values: Array, kind: str | None = None) -> list[str]:
        """Return the lines of one of the layer's tables, of the narrowest type by default."""
        declaration = f"static const {kind or type_of(values)} l{self.index}_{name}[{size}]"
        return table(declaration, values)


def type_of(values: Array) -> str:
    """Return the narrowest C type that holds all values."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    if low >= 0:
        return next(f"uint{bits}_t" for bits in (8, 16, 32) if high < 2**bits)
    return next(f"int{bits}_t" for bits in (8, 16, 32) if max(high + 1, -low) <= 2 ** (bits - 1))


def table(declaration: str, values: Iterable[int], suffix: str = "") -> list[str]:
    """Return the lines of a table of constants."""
    lines: list[str] = []
    row: list[str] = []
    width = 3
    for value in values:
        item = f" {int(value)}{suffix},"
        if width + len(item) > 99:
            lines.append("   " + "".join(row))
            row, width = [], 3
        row.append(item)
        width += len(item)
    return [f"{declaration} = {{", *lines, "   " + "".join(row), "};"]
