"""Univariate time series of the UCR archive, through sktime's loaders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, TensorDataset

from datamodules.encoders import Encoder, MinMax
from datamodules.online import OnlineLoader
from hls.errors import InvalidInput

_SPLITS = ("train", "test")
_KEEP = "Give series of equal length without missing values"


class UCR(L.LightningDataModule):
    """One set of the UCR archive as spike times, with the archive's own split.

    Looked for in the data root, then among the sets that sktime brings along, then downloaded by
    sktime. Validation scores the training split, for there is no third one and clusters are
    learnt without labels.

    Args:
        name: name of the set, such as `ArrowHead`.
        root: folder with `<name>/<name>_TRAIN.ts`, or with a folder `ucr` of such; default: the
            environment variable NEUTNN_DATA.
        encoder: from values to spike times.
        batch_size: samples handed to the kernel at once; results do not depend on it.
        num_workers: worker processes of the loaders; results do not depend on it.
    """

    def __init__(
        self,
        name: str,
        root: str | None = None,
        encoder: Encoder | None = None,
        batch_size: int = 256,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise InvalidInput("data: batch_size", got=batch_size, expected=">= 1")
        self.name: str = name
        self.root = root
        self.encoder = encoder or MinMax()
        self.batch_size = batch_size
        self.num_workers = num_workers
        self._series: dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]] = {}
        self._fitted = False

    @property
    def length(self) -> int:
        """Number of values of a series."""
        return int(self.series("train")[0].shape[1])

    @property
    def inputs(self) -> int:
        """Number of input lines."""
        return self.encoder.lines(self.length)

    @property
    def tres(self) -> int:
        """Temporal resolution of the spike times in bits."""
        return self.encoder.tres

    @property
    def classes(self) -> int:
        """Number of distinct labels."""
        return len(np.unique(np.concatenate([self.series(split)[1] for split in _SPLITS])))

    def series(self, split: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Return values, float64 `[B, L]`, and labels, int64 `[B]`, `0 .. classes - 1`.

        Args:
            split: `train` or `test`.

        Raises:
            InvalidInput: if the set cannot be found, or its series are unequal or have gaps.
        """
        if not self._series:
            raw = {s: load(self.name, s, self.root) for s in _SPLITS}
            lengths = {s: values.shape[1] for s, (values, _) in raw.items()}
            if len(set(lengths.values())) > 1:
                raise InvalidInput(
                    f"{self.name}: splits of unequal length", got=lengths, expected="one length"
                )
            names = np.unique(np.concatenate([labels for _, labels in raw.values()]))
            self._series = {
                s: (values, np.searchsorted(names, labels).astype(np.int64))
                for s, (values, labels) in raw.items()
            }
        return self._series[split]

    def spikes(self, split: str) -> npt.NDArray[np.uint8]:
        """Return spike times, uint8 `[B, lines]`, in time steps or 255."""
        if not self._fitted:
            self.encoder.fit(self.series("train")[0])
            self._fitted = True
        return self.encoder(self.series(split)[0])

    def test_spikes(self) -> npt.NDArray[np.uint8]:
        """Return the spike times of the test split, uint8 `[B, lines]`."""
        return self.spikes("test")

    def setup(self, stage: str) -> None:
        """Encode both splits once."""
        self._sets = {
            split: (torch.from_numpy(self.spikes(split)), torch.from_numpy(self.series(split)[1]))
            for split in _SPLITS
        }

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the training samples in the order of online learning."""
        return OnlineLoader(
            *self._sets["train"],
            data=self,
            batch_size=self.batch_size,
            num_workers=self.num_workers,
        )

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the training split in its own order."""
        return self._in_order("train")

    def test_dataloader(self) -> DataLoader[Any]:
        """Return the test split in its own order."""
        return self._in_order("test")

    def predict_dataloader(self) -> DataLoader[Any]:
        """Return the test split in its own order."""
        return self._in_order("test")

    def _in_order(self, split: str) -> DataLoader[Any]:
        data = TensorDataset(*self._sets[split])
        return DataLoader(data, batch_size=self.batch_size, num_workers=self.num_workers)


def load(
    name: str, split: str, root: str | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.str_]]:
    """Read one split of a set.

    Args:
        name: name of the set.
        split: `train` or `test`.
        root: see `UCR`.

    Returns:
        Values, float64 `[B, L]`, and labels as text `[B]`.

    Raises:
        InvalidInput: if the set cannot be found, or its series are unequal or have gaps.
    """
    from sktime.datasets import load_from_tsfile, load_UCR_UEA_dataset

    root = root or os.environ.get("NEUTNN_DATA")
    path = _find(name, split, root)
    try:
        if path is not None:
            frame, labels = load_from_tsfile(str(path), return_data_type="nested_univ")
        else:
            cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "neutnn"
            target = Path(root).expanduser() if root else cache / "ucr"
            bundled = name in _bundled()
            if not bundled:
                target.mkdir(parents=True, exist_ok=True)
            frame, labels = load_UCR_UEA_dataset(
                name,
                split=split,
                return_X_y=True,
                return_type="nested_univ",
                extract_path=None if bundled else str(target),
            )
    except Exception as error:  # sktime raises many kinds, urllib's among them
        raise InvalidInput(
            f"data set {name!r}, {split} split",
            got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            expected=f"{name}_{split.upper()}.ts in the data root, or a download by sktime",
            mend="Check the name, or set --data.root or NEUTNN_DATA to a folder that holds it",
        ) from error
    rows = [np.asarray(cell, dtype=np.float64) for cell in frame.iloc[:, 0]]
    return _check(f"{name}, {split} split", rows), np.asarray(labels, dtype=np.str_)


def _check(where: str, rows: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    lengths = [len(row) for row in rows]
    for index, row in enumerate(rows):
        if len(row) != lengths[0]:
            raise InvalidInput(
                f"{where}: series {index} is of another length",
                got=f"{len(row)} values",
                expected=f"{lengths[0]}, as in series 0",
                mend=_KEEP,
            )
        gaps = np.flatnonzero(~np.isfinite(row))
        if len(gaps):
            raise InvalidInput(
                f"{where}: series {index} has a missing value",
                got=f"{row[gaps[0]]} at index {gaps[0]}",
                expected="finite numbers",
                mend=_KEEP,
            )
    return np.stack(rows)


def _find(name: str, split: str, root: str | None) -> Path | None:
    if root is None:
        return None
    base = Path(root).expanduser()
    if not base.is_dir():
        raise InvalidInput(
            "data root", got=f"{base}, which is no folder", expected="a folder of data sets"
        )
    for folder in (base / name, base / "ucr" / name):
        path = folder / f"{name}_{split.upper()}.ts"
        if path.is_file():
            return path
    return None


def _bundled() -> set[str]:
    import sktime.datasets

    data = Path(sktime.datasets.__file__).parent / "data"
    return {folder.name for folder in data.iterdir() if folder.is_dir()}
