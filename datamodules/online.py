"""Loaders: the order of online learning, our own, and batches fetched by one index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightning as L
import numpy as np
import torch
from torch.utils.data import DataLoader, Sampler, TensorDataset


class SpikeSet(TensorDataset):
    """Tensors with one row for each sample, of which a whole batch is fetched at once."""

    def __getitems__(self, numbers: list[int]) -> tuple[torch.Tensor, ...]:
        """Return a batch: one index operation for each tensor, not one for each sample."""
        # NumPy copies whole rows on one thread; torch's index starts all of them for each batch.
        index = np.asarray(numbers, dtype=np.int64)
        return tuple(torch.from_numpy(t.numpy().take(index, axis=0)) for t in self.tensors)


def _as_it_is(batch: Any) -> list[torch.Tensor]:  # noqa: ANN401 - DataLoader says a list
    return list(batch)


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
            SpikeSet(spikes, labels),
            collate_fn=_as_it_is,
            batch_size=batch_size,
            sampler=OnlineSampler(len(spikes), data),
            num_workers=num_workers,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: the model's checkpoint holds the place."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take nothing."""


def ordered_loader(
    *tensors: torch.Tensor, batch_size: int = 256, num_workers: int = 0
) -> DataLoader[Any]:
    """Return a loader of samples in their own order, to score them.

    Args:
        tensors: tensors with one row for each sample: spike times, labels.
        batch_size: samples handed to the kernel at once.
        num_workers: worker processes.
    """
    return DataLoader(
        SpikeSet(*tensors), batch_size=batch_size, collate_fn=_as_it_is, num_workers=num_workers
    )
