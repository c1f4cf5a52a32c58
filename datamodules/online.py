"""Loaders: the order of online learning, our own, and batches fetched by one index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightning as L
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Sampler, TensorDataset


class SpikeSet(TensorDataset):
    """Tensors with one row for each sample, of which a whole batch is fetched at once."""

    def __getitems__(self, numbers: list[int]) -> tuple[torch.Tensor, ...]:
        """Return a batch: one index operation for each tensor, not one for each sample."""
        # NumPy copies whole rows on one thread; torch's index starts all of them for each batch.
        index = np.asarray(numbers, dtype=np.int64)
        return tuple(torch.from_numpy(t.numpy().take(index, axis=0)) for t in self.tensors)


class Shifts:
    """Moves images by a few pixels, another way in each epoch.

    Args:
        reach: most pixels down or up, right or left; 0 moves nothing.
        start: first epoch that moves.
        size: (height, width) of the planes.
        blank: uint8 `[planes]`, spike time of a pixel that comes in.
    """

    def __init__(
        self, reach: int, start: int, size: tuple[int, int], blank: npt.NDArray[np.uint8]
    ) -> None:
        self.reach, self.start, self.size, self.blank = reach, start, size, blank

    def __call__(
        self,
        x: npt.NDArray[np.uint8],
        samples: npt.NDArray[np.int64],
        epoch: int,
        seed: int,
    ) -> npt.NDArray[np.uint8]:
        """Return images as moved in an epoch.

        Args:
            x: uint8 `[B, lines]`, spike times in time steps or 255.
            samples: int64 `[B]`, their numbers.
            epoch: number of the epoch.
            seed: key of the draws (stream 13).

        Returns:
            uint8 `[B, lines]`.
        """
        if not self.reach or epoch < self.start:
            return x
        from neutnn_pl.functional import image_shifts

        r, (h, w) = self.reach, self.size
        whole = np.empty((len(x), len(self.blank), h + 2 * r, w + 2 * r), dtype=np.uint8)
        whole[:] = self.blank[:, None, None]
        whole[:, :, r : r + h, r : r + w] = x.reshape(len(x), -1, h, w)
        down, right = image_shifts(torch.from_numpy(samples), epoch, r, seed).T.tolist()
        moved = [
            image[:, r - dy : r - dy + h, r - dx : r - dx + w].reshape(-1)
            for image, dy, dx in zip(whole, down, right, strict=True)
        ]
        return np.stack(moved)


class ShiftedSet(SpikeSet):
    """Spike times and labels, the images moved as the epoch of each sample says.

    Sample `j` in epoch `e` is asked for as number `e * samples + j`.

    Args:
        spikes: uint8 `[B, lines]`, spike times in time steps or 255.
        labels: int64 `[B]`.
        shifts: how images move.
        data: the data module, whose trainer knows the model, which knows the seed.
    """

    def __init__(
        self,
        spikes: torch.Tensor,
        labels: torch.Tensor,
        shifts: Shifts,
        data: L.LightningDataModule,
    ) -> None:
        super().__init__(spikes, labels)
        self.shifts = shifts
        self.data = data

    def __getitems__(self, numbers: list[int]) -> tuple[torch.Tensor, ...]:
        """Return a batch, all of one epoch."""
        epochs, samples = np.divmod(np.asarray(numbers, dtype=np.int64), len(self))
        x, labels = super().__getitems__(samples.tolist())
        seed = getattr(_model(self.data), "seed", 0)
        moved = self.shifts(x.numpy(), samples, int(epochs[0]), seed)
        return torch.from_numpy(moved), labels


def _model(data: L.LightningDataModule) -> Any:  # noqa: ANN401 - any module
    return None if data.trainer is None else data.trainer.lightning_module


def _standing(data: L.LightningDataModule, samples: int) -> tuple[int, int, int]:
    """Return seed, epoch, and samples of it already learnt."""
    model = _model(data)
    if not hasattr(model, "learning_order"):
        return 0, 0, 0
    seed, epoch, position = model.learning_order(samples)
    return seed, epoch, position


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
        counted: whether numbers run on over epochs, as `ShiftedSet` wants them.
    """

    def __init__(self, samples: int, data: L.LightningDataModule, *, counted: bool = False) -> None:
        self.samples = samples
        self.data = data
        self.counted = counted

    def __iter__(self) -> Iterator[int]:
        """Return the samples left in the epoch, in order."""
        from neutnn_pl.functional import sample_order

        seed, epoch, position = _standing(self.data, self.samples)
        order = sample_order(epoch, self.samples, seed)[position:]
        return iter((order + epoch * self.samples * self.counted).tolist())

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
        shifts: how images move, or None.
    """

    def __init__(
        self,
        spikes: torch.Tensor,
        labels: torch.Tensor,
        data: L.LightningDataModule,
        *,
        batch_size: int = 256,
        num_workers: int = 0,
        shifts: Shifts | None = None,
    ) -> None:
        samples: SpikeSet = SpikeSet(spikes, labels)
        if shifts is not None:
            samples = ShiftedSet(spikes, labels, shifts, data)
        super().__init__(
            samples,
            collate_fn=_as_it_is,
            batch_size=batch_size,
            sampler=OnlineSampler(len(spikes), data, counted=shifts is not None),
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
