"""The order of online learning: our own, so that it does not depend on anything else."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import Sampler


class OnlineSampler(Sampler[int]):
    """Gives sample numbers in the order of one epoch, from a position on.

    Args:
        samples: number of samples of an epoch.
    """

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self.seek(seed=0, epoch=0, position=0)

    def seek(self, seed: int, epoch: int, position: int) -> None:
        """Choose where the next iteration starts.

        Args:
            seed: key of the draws.
            epoch: number of the epoch, from 0.
            position: samples of that epoch already learnt.
        """
        self.seed, self.epoch, self.position = seed, epoch, position

    def __iter__(self) -> Iterator[int]:
        """Yield the samples left in the epoch."""
        from neutnn_pl.functional import sample_order

        yield from sample_order(self.epoch, self.samples, self.seed)[self.position :].tolist()

    def __len__(self) -> int:
        """Return the length of a whole epoch."""
        return self.samples
