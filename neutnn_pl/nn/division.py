"""The columns of a network divided over processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from neutnn_pl.functional.rules import STDP, DeterministicSTDP
from neutnn_pl.nn.layer import Layer


class Division:
    """Gives every process a run of each layer's columns, of equal length to within one.

    A column depends on its inputs only, so the processes together compute what one would.
    While a network learns, each process holds whole buffers, in which only its own columns are up
    to date; `gather` brings them together.

    Args:
        rank: number of this process, `0 .. processes - 1`.
        processes: number of processes.
        exchange: given a tensor, returns those of all processes in order, all of its shape.
    """

    def __init__(
        self, rank: int, processes: int, exchange: Callable[[Tensor], Sequence[Tensor]]
    ) -> None:
        self.rank, self.processes, self.exchange = rank, processes, exchange
        self._behind: dict[int, Layer] = {}

    def columns(self, count: int, rank: int | None = None) -> slice:
        """Return the columns, of `count`, of a process; of this one by default."""
        rank = self.rank if rank is None else rank
        return slice(rank * count // self.processes, (rank + 1) * count // self.processes)

    def divides(self, layer: Layer, rule: STDP | DeterministicSTDP | None = None) -> bool:
        """Return whether a layer's work is shared; if not, every process does all of it.

        It is not where there are fewer columns than processes, nor where the layer learns with
        reward: after each sample that takes the answer of all columns.
        """
        rewarded = isinstance(rule, STDP) and rule.reward and layer.learning
        return 1 < self.processes <= len(layer.theta) and not rewarded

    def learn(
        self,
        layer: Layer,
        x: Tensor,
        rule: STDP | DeterministicSTDP,
        **settings: Any,  # noqa: ANN401 - Layer.learn's
    ) -> Tensor:
        """Learn as `layer.learn` does, this process its columns; return the times of all.

        Returns:
            uint8 `[B, C, N]`.
        """
        if not self.divides(layer, rule):
            return layer.learn(x, rule, **settings)
        if layer.learning:
            self._behind[id(layer)] = layer
        count = len(layer.theta)
        y = layer.learn(x, rule, part=self.columns(count), **settings)
        if not _packs(layer, y):
            return self.join(y, count, dim=1)
        from neutnn_pl.kernels.numba.fields import packed, unpacked

        return unpacked(self.join(packed(y), count, dim=2), y.shape[2])

    def join(self, part: Tensor, count: int, dim: int = 0) -> Tensor:
        """Return all `count` columns from this process's, along a dimension."""
        spans = [self.columns(count, rank) for rank in range(self.processes)]
        sizes = [span.stop - span.start for span in spans]
        mine, most = part.shape[dim], max(sizes)
        if mine < most:  # everybody sends as many columns: here the last one again
            part = part.index_select(
                dim, torch.arange(most, device=part.device).clamp(max=mine - 1)
            )
        found = self.exchange(part.contiguous())
        return torch.cat(
            [one.narrow(dim, 0, size) for one, size in zip(found, sizes, strict=True)], dim
        )

    def gather(self) -> None:
        """Bring every layer that has learnt up to date in every process."""
        for layer in self._behind.values():
            count = len(layer.theta)
            for buffer in layer.learnt:
                if buffer.numel():
                    buffer.copy_(self.join(buffer[self.columns(count)], count))
        self._behind.clear()

    def samples(self, batch: Sequence[Tensor], first: int) -> list[Tensor]:
        """Return this process's samples of a batch to score: every N-th, by number.

        Args:
            batch: tensors `[B, ...]`.
            first: number of the batch's first sample.
        """
        start = (self.rank - first) % self.processes
        return [part[start :: self.processes] for part in batch]


def _packs(layer: Layer, y: Tensor) -> bool:
    """Return whether winner and time say all, and are shorter to send than all neurons' times."""
    return layer.wta == "1-wta" and y.device.type == "cpu" and 2 < y.shape[2] <= 255
