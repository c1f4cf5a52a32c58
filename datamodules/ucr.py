"""Univariate time series: sets of the UCR archive, files and arrays of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import lightning as L
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader

from datamodules import archive
from datamodules.archive import SPLITS, Split
from datamodules.encoders import Encoder, MinMax
from datamodules.online import OnlineLoader, ordered_loader
from hls.errors import InvalidInput

PROTOCOLS = ("test", "train", "train_test")
_HOLDOUT_SEED = 0
Values = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]


class UCR(L.LightningDataModule):
    """One set of univariate series as spike times, with the archive's own split.

    Looked for in the data root, then among the sets that sktime brings along, then downloaded by
    sktime. Validation scores what was learnt from, for there is no third split and clusters are
    learnt without labels.

    Args:
        name: name of the set, such as `ArrowHead`.
        root: folder with `<name>/<name>_TRAIN.ts` (or `.tsv`), or with a folder `ucr` of such;
            default: the environment variable NEUTNN_DATA.
        encoder: from values to spike times.
        batch_size: samples handed to the kernel at once; results do not depend on it.
        num_workers: worker processes of the loaders; results do not depend on it.
        protocol: what is learnt and scored: `test` (TRAIN, then TEST), `train` (TRAIN, and TRAIN
            again) or `train_test` (both splits in one, TRAIN first, for both).
        gaps: missing values and unequal lengths: `refuse`, or `interpolate` (straight lines
            between neighbours; every series then stretched to the longest one of TRAIN).
        holdout: for a set without TEST: train on so many series of TRAIN, the first of
            `numpy.random.default_rng(0).permutation`, and test on the others.
        files: two files of the user's own, TRAIN and TEST, `.csv`, `.ts` or `.tsv`, in place of a
            set by name; one file with `holdout`, or with protocol `train`.

    Raises:
        InvalidInput: for settings that do not fit.
    """

    def __init__(
        self,
        name: str,
        root: str | None = None,
        encoder: Encoder | None = None,
        batch_size: int = 256,
        num_workers: int = 0,
        protocol: str = "test",
        gaps: str = "refuse",
        holdout: int | None = None,
        files: str | list[str] | None = None,
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise InvalidInput("data: batch_size", got=batch_size, expected=">= 1")
        for key, value, allowed in (
            ("protocol", protocol, PROTOCOLS),
            ("gaps", gaps, archive.GAPS),
        ):
            if value not in allowed:
                raise InvalidInput(
                    f"data: {key}", got=repr(value), expected=f"one of {', '.join(allowed)}"
                )
        files = [files] if isinstance(files, str) else files
        expected = 1 if holdout is not None or protocol == "train" else 2
        if files is not None and len(files) != expected:
            raise InvalidInput(
                "data: files",
                got=f"{len(files)} of them",
                expected="TRAIN and TEST" if expected == 2 else "one, of which all is taken",
                mend="Set --data.protocol train to learn and score one file"
                if expected == 2
                else None,
            )
        self.name: str = name
        self.root = root
        self.encoder = encoder or MinMax()
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.protocol = protocol
        self.gaps = gaps
        self.holdout = holdout
        self.files = files
        self._raw: dict[str, Split] = {}
        self._series: dict[str, Values] = {}
        self._fitted = False

    @classmethod
    def from_arrays(
        cls,
        train: npt.ArrayLike | Sequence[npt.ArrayLike],
        train_labels: Iterable[object] | None = None,
        test: npt.ArrayLike | Sequence[npt.ArrayLike] | None = None,
        test_labels: Iterable[object] | None = None,
        *,
        name: str = "series",
        **options: Any,  # noqa: ANN401 - those of the class
    ) -> Self:
        """Return series of the caller's own as spike times.

        Args:
            train: values `[B, L]` or `[B, 1, L]`, or a sequence of 1-D arrays.
            train_labels: `[B]`; None gives all the same one.
            test: the same, to be scored; None scores `train`, unless `holdout` is given.
            test_labels: as `train_labels`.
            name: a name for messages.
            options: as for the class.
        """
        if test is None and options.get("holdout") is None:
            options.setdefault("protocol", "train")
        made = cls(name, **options)
        made._raw["train"] = archive.of_arrays(train, train_labels)
        if test is not None:
            made._raw["test"] = archive.of_arrays(test, test_labels)
        return made

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
        return len(np.unique(np.concatenate([self.series(split)[1] for split in SPLITS])))

    @property
    def encoding(self) -> dict[str, Any]:
        """The fitted encoder as plain values, from which `encoder_from` makes it again."""
        self._fit()
        return self.encoder.config()

    def series(self, split: str) -> Values:
        """Return values, float64 `[B, L]`, and labels, int64 `[B]`, `0 .. classes - 1`.

        Args:
            split: `train` (what is learnt) or `test` (what is scored).

        Raises:
            InvalidInput: if the set cannot be found, or its series are unequal or have gaps.
        """
        if not self._series:
            self._series = self._by_protocol(self._load())
        return self._series[split]

    def spikes(self, split: str) -> npt.NDArray[np.uint8]:
        """Return spike times, uint8 `[B, lines]`, in time steps or 255."""
        self._fit()
        return self.encoder(self.series(split)[0])

    def test_spikes(self) -> npt.NDArray[np.uint8]:
        """Return the spike times of the test split, uint8 `[B, lines]`."""
        return self.spikes("test")

    def setup(self, stage: str) -> None:
        """Encode both splits once."""
        self._sets = {
            split: (torch.from_numpy(self.spikes(split)), torch.from_numpy(self.series(split)[1]))
            for split in SPLITS
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
        return ordered_loader(
            *self._sets[split], batch_size=self.batch_size, num_workers=self.num_workers
        )

    def _fit(self) -> None:
        if not self._fitted:
            self.encoder.fit(self.series("train")[0])
            self._fitted = True

    def _load(self) -> dict[str, Values]:
        """Return both splits as the archive divides them, or as `holdout` does."""
        raw = dict(self._raw)
        needed = ("train",) if self.holdout is not None or self.protocol == "train" else SPLITS
        for split, file in zip(needed, self.files or (), strict=False):
            raw[split] = archive.read(Path(file))
        for split in needed:
            if split not in raw:
                self._check_test(split)
                raw[split] = archive.find(self.name, split, self.root)
        length = None
        if self.gaps == "interpolate":
            length = max(len(row) for row in raw["train"][0])
        names = np.unique(np.concatenate([raw[split][1] for split in needed]))
        found = {}
        for split in needed:
            rows, labels = raw[split]
            values = archive.equal(f"{self.name}, {split} split", rows, self.gaps, length)
            found[split] = values, np.searchsorted(names, labels).astype(np.int64)
        lengths = {split: values.shape[1] for split, (values, _) in found.items()}
        if len(set(lengths.values())) > 1:
            raise InvalidInput(
                f"{self.name}: splits of unequal length",
                got=lengths,
                expected="one length",
                mend="Set --data.gaps interpolate",
            )
        return self._held_out(found) if self.holdout is not None else found

    def _held_out(self, found: dict[str, Values]) -> dict[str, Values]:
        values, labels = found["train"]
        if not 1 <= (self.holdout or 0) < len(values):
            raise InvalidInput(
                "data: holdout",
                got=self.holdout,
                expected=f"1 .. {len(values) - 1}, below the series of {self.name}'s TRAIN",
            )
        order = np.random.default_rng(_HOLDOUT_SEED).permutation(len(values))
        parts = {"train": order[: self.holdout], "test": order[self.holdout :]}
        return {split: (values[part], labels[part]) for split, part in parts.items()}

    def _by_protocol(self, found: dict[str, Values]) -> dict[str, Values]:
        if self.protocol == "test":
            return found
        if self.protocol == "train":
            return dict.fromkeys(SPLITS, found["train"])
        train, test = found["train"], found["test"]
        both = np.concatenate([train[0], test[0]]), np.concatenate([train[1], test[1]])
        return dict.fromkeys(SPLITS, both)

    def _check_test(self, split: str) -> None:
        """Refuse a set without TEST before sktime tries to download it over the one at hand."""
        if split == "test" and (self._raw or archive.alone(self.name, self.root)):
            raise InvalidInput(
                f"data set {self.name!r}",
                got="TRAIN, but no TEST",
                expected="both",
                mend="Set --data.holdout to the number of series to train on, or --data.protocol "
                "train",
            )
