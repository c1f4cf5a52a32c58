"""A layer as masks over its lines, for the architectures that take many lines at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from hls.ckernel.tables import Synapses, Tables
from hls.ir.network import FrozenLayer, FrozenNetwork

WORD = 64
"""Lines in a word of the input."""


@dataclass(frozen=True)
class Row:
    """Synapses of a segment in one word of lines, at most one on each line.

    Attributes:
        word: number of the word.
        masks: for each weight the lines that have it.
    """

    word: int
    masks: dict[int, int]

    @property
    def all(self) -> int:
        """The lines of all of them."""
        return sum(self.masks.values())

    def plane(self, bit: int) -> int:
        """Return the lines whose weight has a bit set."""
        return sum(mask for weight, mask in self.masks.items() if weight >> bit & 1)


@dataclass(frozen=True)
class Lines:
    """Spike times of lines in planes: bit `b` of a word's lines is one word; all ones is no spike.

    Attributes:
        words: lines of every word.
        horizon: number of distinct times.
    """

    words: tuple[int, ...]
    horizon: int

    @property
    def planes(self) -> int:
        """Bits of a time."""
        return self.horizon.bit_length()

    def place(self, line: int) -> tuple[int, int]:
        """Return the word and the bit of a line."""
        return divmod(line, self.words[0])


def input_lines(count: int, horizon: int) -> Lines:
    """Return input lines, 64 to a word."""
    full, rest = divmod(count, WORD)
    return Lines((WORD,) * full + ((rest,) if rest else ()), horizon)


@dataclass(frozen=True)
class MaskLayer:
    """One layer as masks.

    Attributes:
        tables: the layer and its synapses.
        given: what the layer below (or the input) gives.
        proximal: the network's proximal lines.
    """

    tables: Tables
    given: Lines
    proximal: Lines

    @property
    def layer(self) -> FrozenLayer:
        """The layer."""
        return self.tables.layer

    @property
    def index(self) -> int:
        """Its number."""
        return self.tables.index

    @property
    def taken(self) -> Lines:
        """What its segments take: `given`, after a Retime."""
        return Lines(self.given.words, self.layer.horizon)

    @property
    def made(self) -> Lines:
        """What it gives: a word for each column."""
        c, n = self.layer.shape[:2]
        return Lines((n,) * c, self.layer.output_horizon)

    @cached_property
    def distal(self) -> list[list[Row]]:
        """Distal synapses of every segment."""
        lines = self.layer.lines
        units = self.tables.units // len(lines)
        return self._rows(self.tables.distal, lambda g, i: int(lines[g // units, i]), self.given)

    @cached_property
    def weighted(self) -> list[list[Row]]:
        """Weighted proximal synapses of every segment."""
        return self._rows(self.tables.proximal, lambda _, i: i, self.proximal)

    def _rows(
        self, synapses: Synapses, line_of: Callable[[int, int], int], lines: Lines
    ) -> list[list[Row]]:
        found = []
        for g in range(self.tables.units):
            seen: dict[tuple[int, int], int] = defaultdict(int)
            rows: dict[tuple[int, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
            for s in range(int(synapses.first[g]), int(synapses.first[g + 1])):
                word, bit = lines.place(line_of(g, int(synapses.source[s])))
                rows[seen[word, bit], word][int(synapses.weight[s])] |= 1 << bit
                seen[word, bit] += 1
            found.append(
                [Row(word, dict(sorted(rows[r, word].items()))) for r, word in sorted(rows)]
            )
        return found

    @property
    def weights(self) -> set[int]:
        """The weights in use."""
        segments = (*self.distal, *self.weighted)
        return {weight for rows in segments for row in rows for weight in row.masks}

    @property
    def ramps_distal(self) -> bool:
        """Whether any distal synapse acts."""
        return len(self.tables.distal) > 0

    @property
    def ramps_proximal(self) -> bool:
        """Whether any weighted proximal synapse acts."""
        return len(self.tables.proximal) > 0

    @property
    def largest(self) -> int:
        """Largest potential that any segment can have."""
        sums = [
            sum(weight * mask.bit_count() for row in rows for weight, mask in row.masks.items())
            for rows in map(list.__add__, self.distal, self.weighted)
        ]
        return max(sums, default=0)


def mask_layers(network: FrozenNetwork) -> list[MaskLayer]:
    """Return all layers as masks."""
    given = input_lines(network.inputs, network.horizon)
    proximal = input_lines(network.proximal_lines, proximal_horizon(network))
    found, sources, below = [], network.inputs, network.horizon
    for index, layer in enumerate(network.layers):
        found.append(MaskLayer(Tables(index, layer, sources, below), given, proximal))
        given = found[-1].made
        sources, below = layer.shape[0] * layer.shape[1], layer.output_horizon
    return found


def proximal_horizon(network: FrozenNetwork) -> int:
    """Return how many distinct values but one proximal lines have: levels are 0 and 1."""
    return max((x.proximal_horizon for x in network.layers if x.proximal == "weighted"), default=1)
