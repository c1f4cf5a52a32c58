"""Labelled edges as spikes: one line for each value of a field, and gates for the dendrites."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hls.errors import InvalidInput
from neutnn_pl.functional import NO_SPIKE

FIELDS = ("environment", "tail", "head", "dx", "dy")
"""Columns of an edge: where, which feature it leaves, which it reaches, and how far that is."""

COLUMNS = ("dx", "dy", "environment")
"""What the neurons of the three minicolumns X, Y and E stand for."""

READS = (("environment", "tail", "dy"), ("environment", "tail", "dx"), ("tail", "dx", "dy"))
"""Fields that each minicolumn reads; the head opens its dendrites."""

UNKNOWN = -1
"""A field that is not given, or no answer."""


@dataclass(frozen=True)
class EdgeCode:
    """One-hot codes of labelled edges; sizes default to those of the NeuTNN paper.

    The active line of a field spikes at 0, a field that is not given is silent. A displacement is
    a number from 0: modulo the size on a torus, plus `size - 1` on a plane.

    Attributes:
        environments: number of environments, and neurons of minicolumn E.
        features: number of features, lines of a tail, and dendrites of a neuron.
        dx: number of displacements along x, and neurons of X.
        dy: number of displacements along y, and neurons of Y.
        size: places along x and y.
        torus: whether the last place is followed by the first.

    Raises:
        InvalidInput: if the displacements of such a grid do not fit.

    >>> code = EdgeCode(2, 3, 5, 5, size=(3, 3))
    >>> code.lines, code.offset("dx")
    (15, 5)
    """

    environments: int = 40
    features: int = 10
    dx: int = 30
    dy: int = 30
    size: tuple[int, int] = (15, 15)
    torus: bool = False

    def __post_init__(self) -> None:
        """Check the sizes."""
        for name, size, values in zip(("dx", "dy"), self.size, (self.dx, self.dy), strict=True):
            needed = size if self.torus else 2 * size - 1
            if size < 1 or values < needed:
                raise InvalidInput(
                    f"edge code: {name}",
                    got=f"{values} values for {size} places",
                    expected=f"at least {needed} ({'torus' if self.torus else 'plane'})",
                    mend="Raise it, or make the grid smaller",
                )

    def values(self, field: str) -> int:
        """Return the number of values of a field."""
        return {
            "environment": self.environments,
            "tail": self.features,
            "head": self.features,
            "dx": self.dx,
            "dy": self.dy,
        }[field]

    def offset(self, field: str) -> int:
        """Return the first distal line of a field: environments, then tails, dx, dy."""
        order = ("environment", "tail", "dx", "dy")
        return sum(self.values(before) for before in order[: order.index(field)])

    @property
    def lines(self) -> int:
        """Number of distal input lines."""
        return self.environments + self.features + self.dx + self.dy

    @property
    def neurons(self) -> int:
        """Neurons of the largest minicolumn; the others are padded to it."""
        return max(self.values(field) for field in COLUMNS)

    @property
    def inputs(self) -> int:
        """Distal inputs of the widest minicolumn; the others are padded to it."""
        return max(sum(self.values(f) for f in reads) for reads in READS)

    @property
    def levels(self) -> int:
        """Number of proximal lines: one level for each dendrite of each minicolumn."""
        return len(COLUMNS) * self.neurons * self.features

    def table(self) -> Tensor:
        """Return the distal line of each input, int64 `[3, P]`; -1 where it is padded."""
        rows = torch.full((len(COLUMNS), self.inputs), -1)
        for row, reads in zip(rows, READS, strict=True):
            lines = [self.offset(f) + torch.arange(self.values(f)) for f in reads]
            row[: sum(map(len, lines))] = torch.cat(lines)
        return rows

    def lines_of(self, field: str) -> Tensor:
        """Return the distal lines that one minicolumn reads, int64 `[P]`.

        Args:
            field: what its neurons stand for, one of `COLUMNS`.

        Raises:
            InvalidInput: for another field.
        """
        row = self.table()[_column(field)]
        return row[row >= 0]

    def levels_of(self, field: str) -> Tensor:
        """Return the proximal lines of one minicolumn, int64 `[N D]`; see `lines_of`."""
        lines = torch.arange(self.levels).reshape(len(COLUMNS), self.neurons, self.features)
        return lines[_column(field), : self.values(field)].flatten()

    def spikes(self, edges: Tensor) -> Tensor:
        """Return spike times, uint8 `[B, lines]`: 0 or 255.

        Args:
            edges: int64 `[B, 5]`, in the order of `FIELDS`; -1 where a field is not given.
        """
        self.check(edges)
        # A line more takes the spikes of the fields that are not given.
        x = torch.full((len(edges), self.lines + 1), NO_SPIKE, dtype=torch.uint8)
        for field in ("environment", "tail", "dx", "dy"):
            value = edges[:, FIELDS.index(field)]
            line = torch.where(value == UNKNOWN, self.lines, self.offset(field) + value)
            x.scatter_(1, line[:, None], 0)
        return x[:, :-1].contiguous()

    def gates(self, edges: Tensor, *, neuron: bool = False) -> Tensor:
        """Return the level of every dendrite, uint8 `[B, 3 N D]`: 0 or 1.

        Open are the head's dendrites (all where it is not given) of all neurons.

        Args:
            edges: as in `spikes`.
            neuron: open only the neuron that the edge names (none where it does not).
        """
        self.check(edges)
        head = edges[:, FIELDS.index("head"), None]
        opened = (head == torch.arange(self.features)) | (head == UNKNOWN)
        gates = opened[:, None, None, :].expand(-1, len(COLUMNS), self.neurons, -1)
        if neuron:
            named = edges[:, [FIELDS.index(field) for field in COLUMNS], None]
            gates = gates & (named == torch.arange(self.neurons))[..., None]
        return gates.to(torch.uint8).reshape(len(edges), self.levels)

    def reversed(self, edges: Tensor) -> Tensor:
        """Return the edges walked backwards, int64 `[B, 5]`: tail and head change places."""
        back = edges.clone()
        back[:, 1], back[:, 2] = edges[:, 2], edges[:, 1]
        for column, size in zip((3, 4), self.size, strict=True):
            step = edges[:, column]
            away = (size - step) % size if self.torus else 2 * (size - 1) - step
            back[:, column] = torch.where(step == UNKNOWN, UNKNOWN, away)
        return back

    def check(self, edges: Tensor) -> None:
        """Check that edges fit the code.

        Raises:
            InvalidInput: for another shape or type, or a value that a field does not have.
        """
        if edges.ndim != 2 or edges.shape[1] != len(FIELDS) or edges.dtype != torch.int64:
            raise InvalidInput(
                "edges",
                got=f"{edges.dtype} {list(edges.shape)}",
                expected=f"torch.int64 [B, {len(FIELDS)}]: {', '.join(FIELDS)}",
            )
        for field, column in zip(FIELDS, edges.T, strict=True):
            if len(column) and not -1 <= int(column.min()) <= int(column.max()) < self.values(
                field
            ):
                wrong = column[(column < -1) | (column >= self.values(field))][0]
                raise InvalidInput(
                    f"edges: {field}",
                    got=int(wrong),
                    expected=f"0 .. {self.values(field) - 1}, or -1 where it is not given",
                )


def _column(field: str) -> int:
    if field not in COLUMNS:
        raise InvalidInput("minicolumn", got=repr(field), expected=f"one of {', '.join(COLUMNS)}")
    return COLUMNS.index(field)
