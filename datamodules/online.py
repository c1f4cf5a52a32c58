"""The order of online learning: our own, so that it does not depend on anything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightning as L
import torch
from torch.utils.data import DataLoader, Sampler, TensorDataset


class OnlineSampler(Sampler[int]):
    """Gives sample numbers in the order of one epoch, from where learning stands.

    The model knows where that is: `learning_order(samples)` returns its seed, the number of the
    epoch and the samples of it already learnt. Without such a model it is the first epoch of
    seed 0.

    Args:
        samples: number of samples of an epoch.
        data: the data module, whose trainer knows the model.
    """

    def __init__(self, samples: int, data: L.LightningDataModule) -> None:
        self.samples = samples
        self.data = data

    def __iter__(self) -> Iterator[int]:
        """Return the samples left in the epoch, in order."""
        from neutnn_pl.functional import sample_order

        seed, epoch, position = 0, 0, 0
        trainer = self.data.trainer
        model: Any = None if trainer is None else trainer.lightning_module
        if hasattr(model, "learning_order"):
            seed, epoch, position = model.learning_order(self.samples)
        return iter(sample_order(epoch, self.samples, seed)[position:].tolist())

    def __len__(self) -> int:
        """Return the length of a whole epoch."""
        return self.samples


class OnlineLoader(DataLoader[Any]):
    """A loader of training samples in the order of online learning.

    A run that was cut goes on at its sample: the place is in the model's checkpoint, so the
    loader has no state of its own.

    Args:
        spikes: uint8 `[B, lines]`, spike times in time steps or 255.
        labels: int64 `[B]`.
        data: the data module.
        batch_size: samples handed to the kernel at once.
        num_workers: worker processes.
    """

    def __init__(
        self,
        spikes: torch.Tensor,
        labels: torch.Tensor,
        data: L.LightningDataModule,
        *,
        batch_size: int = 256,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            TensorDataset(spikes, labels),
            batch_size=batch_size,
            sampler=OnlineSampler(len(spikes), data),
            num_workers=num_workers,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: the model's checkpoint holds the place."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take nothing."""
