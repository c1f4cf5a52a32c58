"""Other memories of labelled edges, to hold ours against, on the same data."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

from hls.errors import InvalidInput
from neutnn_pl.nn.place_cells import UNKNOWN


class ExactDictionary:
    """Remembers every edge; answers with the lowest value among those that agree most.

    Edges that agree in all fields that are given come first, then those that agree in most.

    Args:
        edges: int64 `[M, 5]`, what to remember.
    """

    def __init__(self, edges: Tensor) -> None:
        self.edges = edges.unique(dim=0)

    def infer(self, edges: Tensor, field: int) -> Tensor:
        """Return one field of each edge, int64 `[B]`, from int64 `[B, 5]`; -1 where not given."""
        value = self.edges[:, field].to(torch.int32)
        most, answers = int(value.max()), []
        for part in edges.split(256):
            # The largest agreement first, then the lowest value.
            key = agreement(part, self.edges, field) * (most + 1) + (most - value)
            answers.append(value[key.argmax(1)].long())
        return torch.cat(answers)


def agreement(asked: Tensor, stored: Tensor, field: int) -> Tensor:
    """Return in how many fields but one edges agree, int32 `[B, M]`, from `[B, 5]` and `[M, 5]`."""
    agree = torch.zeros(len(asked), len(stored), dtype=torch.uint8)
    for column in range(asked.shape[1]):
        if column != field:
            small = asked[:, None, column].to(torch.int16), stored[None, :, column].to(torch.int16)
            agree += small[0] == small[1]
    return agree.to(torch.int32)


def nearest(stored: Tensor, edges: Tensor, field: int, k: int = 1) -> Tensor:
    """Return one field of each edge by its `k` nearest neighbours, int64 `[B]`.

    The distance is that of the one-hot codes, the number of fields that differ; ties among
    neighbours go to the first one stored, ties among values to the lowest.

    Args:
        stored: int64 `[M, 5]`, in the order in which it was stored.
        edges: int64 `[B, 5]`; -1 where a field is not given.
        field: which column to infer.
        k: number of neighbours that vote.
    """
    value, answers = stored[:, field], []
    order = torch.arange(len(stored), 0, -1, dtype=torch.int32)
    for part in edges.split(256):
        key = agreement(part, stored, field) * (len(stored) + 1) + order
        near = key.topk(min(k, len(stored)), dim=1).indices if k > 1 else key.argmax(1)[:, None]
        votes = torch.zeros(len(part), int(value.max()) + 1, dtype=torch.int64)
        votes.scatter_add_(1, value[near], torch.ones_like(near))
        answers.append(votes.argmax(1))
    return torch.cat(answers)


class Willshaw:
    """A binary associative memory: synapses that are 1 where both sides were ever active.

    The one-hot codes alone would give it few synapses, so each edge activates one unit for every
    combination of `order` of its other fields, by a random hash into as many units as the number
    of synapses allows. The answer is the value with most active synapses, the lowest on ties.

    Args:
        values: number of values of each field.
        synapses: how many there are for all fields together, one bit each.
        order: fields in a combination.
        seed: of the hash.

    Raises:
        InvalidInput: for fewer synapses than one unit needs.

    Source: Willshaw, Buneman and Longuet-Higgins, 1969.
    """

    def __init__(
        self, values: tuple[int, ...], synapses: int, order: int = 3, seed: int = 0
    ) -> None:
        self.values, self.order = values, order
        # Tails are inferred as heads of the edge walked backwards, so they need none of their own.
        self.units = synapses // (sum(values) - values[1])
        if self.units < 1:
            raise InvalidInput(
                "Willshaw memory: synapses", got=synapses, expected=f">= {sum(values) - values[1]}"
            )
        generator = torch.Generator().manual_seed(seed)
        self._hash = torch.randint(1, 2**31, (32, len(values)), generator=generator)
        self.weights = [torch.zeros(self.units, v, dtype=torch.bool) for v in values]

    def _active(self, edges: Tensor, field: int) -> Tensor:
        """Return the active units of each edge, int64 `[B, combinations]`; -1 for none."""
        others = [column for column in range(len(self.values)) if column != field]
        units = []
        for number, chosen in enumerate(combinations(others, min(self.order, len(others)))):
            some = edges[:, list(chosen)]
            mixed = ((some + 1) * self._hash[number, : len(chosen)]).sum(1) + number
            mixed = ((mixed ^ (mixed >> 15)) * 2654435761) & 0xFFFFFFFF
            mixed = mixed ^ (mixed >> 16)
            units.append(torch.where((some != UNKNOWN).all(1), mixed % self.units, UNKNOWN))
        return torch.stack(units, dim=1)

    def learn(self, edges: Tensor) -> None:
        """Store edges, int64 `[B, 5]`."""
        for field, weights in enumerate(self.weights):
            for units in self._active(edges, field).T:
                weights[units[units != UNKNOWN], edges[units != UNKNOWN, field]] = True

    def infer(self, edges: Tensor, field: int) -> Tensor:
        """Return one field of each edge, int64 `[B]`; arguments as in `ExactDictionary`."""
        votes = torch.zeros(len(edges), self.values[field], dtype=torch.int64)
        for units in self._active(edges, field).T:
            votes += self.weights[field][units.clamp(min=0)] & (units != UNKNOWN)[:, None]
        return votes.argmax(1)
