"""Ways to spend a number of segments: the same for every dendrite, by expected load, or a pool."""

from __future__ import annotations

import heapq
import math

import torch
from torch import Tensor

from hls.errors import InvalidInput
from neutnn_pl.nn.place_cells.codes import COLUMNS, READS, EdgeCode
from neutnn_pl.nn.place_cells.memory import RECALL, PlaceMemory

BUDGETS = ("fixed", "load", "pool")


def make_memory(
    code: EdgeCode, segments: int, budget: str = "fixed", edges: int = 3600, theta: int = RECALL
) -> PlaceMemory:
    """Return a memory that spends `N D segments` segments in each minicolumn.

    Args:
        code: what lines and neurons stand for.
        segments: segments of a dendrite, on average.
        budget: `fixed` (the same for every dendrite), `load` (by how often each displacement
            occurs on such a grid) or `pool` (a dendrite gets one when it needs one).
        edges: how many edges are expected, for `load`.
        theta: threshold in weight LSB.

    Raises:
        InvalidInput: for another budget.
    """
    if budget == "fixed":
        return PlaceMemory(code, segments, theta)
    if budget == "load":
        share = segments_by_load(code, segments, edges)
        memory = PlaceMemory(code, int(share.max()), theta)
        late = torch.arange(memory.segments) >= share[..., None]  # [3, N, S]
        memory.layer.prune(late[:, :, None, :, None].expand_as(memory.layer.mask))
        return memory
    if budget == "pool":
        return PooledMemory(code, segments, theta)
    raise InvalidInput(
        "place memory: budget", got=repr(budget), expected=f"one of {', '.join(BUDGETS)}"
    )


def segments_by_load(code: EdgeCode, segments: int, edges: int) -> Tensor:
    """Return how many segments each dendrite of a neuron gets, int64 `[3, N]`.

    One after the other goes to the neuron where it most likely is needed: where a Poisson load,
    with the mean that the grid's geometry gives, most often exceeds what is there.

    Args:
        code: what lines and neurons stand for.
        segments: segments of a dendrite, on average over a minicolumn.
        edges: how many edges are expected.
    """
    counts = torch.zeros(len(COLUMNS), code.neurons, dtype=torch.int64)
    for column, field in enumerate(COLUMNS):
        loads = [edges * p / code.features for p in occurrence(code, field)]
        # The next segment helps with the probability that the load exceeds what is there.
        heap = [(-1 + math.exp(-load), n, math.exp(-load)) for n, load in enumerate(loads)]
        heapq.heapify(heap)
        for _ in range(code.values(field) * segments):
            gain, n, mass = heapq.heappop(heap)
            counts[column, n] += 1
            mass = mass * loads[n] / int(counts[column, n])
            heapq.heappush(heap, (gain + mass, n, mass))
    return counts


def occurrence(code: EdgeCode, field: str) -> list[float]:
    """Return how often each value of dx, dy or the environment occurs between random places."""
    values = code.values(field)
    if field == "environment":
        return [1 / values] * values
    size = code.size[0 if field == "dx" else 1]
    if code.torus:
        return [1 / size if n < size else 0.0 for n in range(values)]
    return [max(size - abs(n - size + 1), 0) / size**2 for n in range(values)]


class PooledMemory(PlaceMemory):
    """A memory whose dendrites take segments from a pool of their minicolumn as they need them.

    It is made with more segments than the pool has; as soon as the pool is used up, those that
    are left unrecruited are masked. In hardware a segment of a pool needs an address of its
    dendrite, `log2(N D)` bits beside its weights.

    Args:
        code: what lines and neurons stand for.
        segments: segments of a dendrite, on average: the pool has `N D` times as many.
        theta: threshold in weight LSB.
        most: segments that a dendrite can have.
    """

    def __init__(
        self, code: EdgeCode, segments: int, theta: int = RECALL, most: int | None = None
    ) -> None:
        super().__init__(code, 3 * segments if most is None else most, theta)
        self.pool = [code.values(field) * code.features * segments for field in COLUMNS]

    @property
    def synapses(self) -> int:
        """Number of synapses of the pools, used or not."""
        inputs = [sum(self.code.values(field) for field in reads) for reads in READS]
        return sum(pool * size for pool, size in zip(self.pool, inputs, strict=True))

    def present(self, edges: Tensor) -> Tensor:
        """Learn edges as a `PlaceMemory` does, with new segments while the pool lasts."""
        times = [super().present(edges[:0])]
        while len(edges):
            # An edge takes one segment of a pool at most: so many fit before one can be empty.
            chunk = min([n for n in self._left() if n > 0], default=len(edges))
            times.append(super().present(edges[:chunk]))
            edges = edges[chunk:]
            self._left()
        return torch.cat(times)

    def _left(self) -> list[int]:
        """Return the segments left in each pool; mask what is left unrecruited of an empty one."""
        fresh, used = self.fresh(), self.layer.mask.any(-1)
        left = []
        for column, pool in enumerate(self.pool):
            taken = int(used[column].sum() - fresh[column].sum())
            left.append(pool - taken)
            if left[-1] == 0 and bool(fresh[column].any()):
                drop = torch.zeros_like(self.layer.mask)
                drop[column] = fresh[column][..., None]
                self.layer.prune(drop)
        return left
