"""MNIST and Fashion-MNIST as spike times, through torchvision."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import neutnn_pl  # noqa: F401 - before torchvision: see neutnn_pl._torchvision

import lightning as L  # isort: skip
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader

from datamodules.encoders.image import ImageEncoder, PosNegImage
from datamodules.online import OnlineLoader, Shifts, ordered_loader
from hls.errors import InvalidInput
from hls.files import atomic_path

NAMES = ("MNIST", "FashionMNIST")
SIDE = 28
CLASSES = 10
VALIDATION = 10_000
_PARTS = {"train": "train", "val": "train", "test": "t10k"}
_KINDS = {"images": "images-idx3-ubyte", "labels": "labels-idx1-ubyte"}
_FORMAT = 1  # of the spike times on disk: raise it when an encoder changes what it computes


class MNIST(L.LightningDataModule):
    """Images of 28x28 pixels in ten classes as spike times.

    Of the 60,000 training images the first 50,000 are learnt and the last 10,000 validate; the
    10,000 test images are for the final score. Looked for in the data root, packed or not, then in
    the cache, then downloaded by torchvision. Spike times are kept in the cache, and mapped from
    there.

    Args:
        name: `MNIST` or `FashionMNIST`.
        root: folder with `<name>/raw/`, in torchvision's layout; nothing is written there. Default:
            the environment variable NEUTNN_DATA.
        encoder: from pixels to spike times; default `PosNegImage`.
        fraction: share of every split to use, its first images: for quick tries.
        train_on_all: learn all 60,000; validation then scores images that were learnt.
        shift: most pixels by which training images move, another way in each epoch; what comes in
            spikes as black does. 0 moves none.
        shift_from: first epoch in which they move: the voter's, say.
        rotate: degrees by which every image is turned counter-clockwise, to the nearest grey by
            linear interpolation: is a network made for upright digits good for others?
        batch_size: samples handed to the kernel at once; results do not depend on it.
        num_workers: worker processes of the loaders; results do not depend on it.
        cache: folder for downloads and spike times; default: the environment variable
            NEUTNN_CACHE, else `~/.cache/neutnn`.
    """

    def __init__(
        self,
        name: str = "MNIST",
        root: str | None = None,
        encoder: ImageEncoder | None = None,
        fraction: float = 1.0,
        train_on_all: bool = False,
        shift: int = 0,
        shift_from: int = 0,
        rotate: float = 0.0,
        batch_size: int = 256,
        num_workers: int = 0,
        cache: str | None = None,
    ) -> None:
        super().__init__()
        if name not in NAMES:
            raise InvalidInput("data: name", got=repr(name), expected=f"one of {', '.join(NAMES)}")
        if not 0 < fraction <= 1:
            raise InvalidInput("data: fraction", got=fraction, expected="above 0, at most 1")
        if not 0 <= shift < SIDE // 2:
            raise InvalidInput("data: shift", got=shift, expected=f"0 .. {SIDE // 2 - 1} pixels")
        if shift_from < 0:
            raise InvalidInput("data: shift_from", got=shift_from, expected="an epoch >= 0")
        if not -180 <= rotate <= 180:
            raise InvalidInput("data: rotate", got=rotate, expected="-180 .. 180 degrees")
        if batch_size < 1:
            raise InvalidInput("data: batch_size", got=batch_size, expected=">= 1")
        self.name: str = name
        self.root = root
        self.encoder = encoder or PosNegImage()
        self.fraction, self.train_on_all = fraction, train_on_all
        self.shift, self.shift_from, self.rotate = shift, shift_from, rotate
        self.batch_size, self.num_workers = batch_size, num_workers
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "neutnn"
        self.cache = Path(cache or os.environ.get("NEUTNN_CACHE") or base).expanduser()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the planes of spike times."""
        return self.encoder.size(SIDE, SIDE)

    @property
    def channels(self) -> int:
        """Number of planes."""
        return self.encoder.planes

    @property
    def inputs(self) -> int:
        """Number of input lines."""
        return self.encoder.lines(SIDE, SIDE)

    @property
    def tres(self) -> int:
        """Temporal resolution of the spike times in bits."""
        return self.encoder.tres

    @property
    def classes(self) -> int:
        """Number of distinct labels."""
        return CLASSES

    def images(self, split: str) -> npt.NDArray[np.uint8]:
        """Return pixels, uint8 `[B, 28, 28]`, of `train`, `val` or `test`."""
        return turned(self._of(split, read(self._find(split, "images"))), self.rotate)

    def labels(self, split: str) -> npt.NDArray[np.int64]:
        """Return labels, int64 `[B]`, of `train`, `val` or `test`."""
        return self._of(split, read(self._find(split, "labels"))).astype(np.int64)

    def spikes(self, split: str) -> npt.NDArray[np.uint8]:
        """Return spike times, uint8 `[B, lines]`, in time steps or 255, of a split."""
        return self._of(split, self._encoded(_PARTS[split]))

    def test_spikes(self) -> npt.NDArray[np.uint8]:
        """Return the spike times of the test split, uint8 `[B, lines]`."""
        return self.spikes("test")

    def prepare_data(self) -> None:
        """Download and encode what is not there yet."""
        for part in ("train", "test"):
            self._find(part, "labels")
            self._encoded(_PARTS[part])

    def setup(self, stage: str) -> None:
        """Map the spike times of the splits that are needed."""
        needed = {"fit": ("train", "val"), "validate": ("val",)}.get(stage, ("val", "test"))
        self._sets = {
            split: (_tensor(self.spikes(split)), torch.from_numpy(self.labels(split)))
            for split in needed
        }

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the training samples in the order of online learning."""
        return OnlineLoader(
            *self._sets["train"],
            data=self,
            batch_size=self.batch_size,
            num_workers=self.num_workers,
            shifts=self.shifts(),
        )

    def shifts(self) -> Shifts | None:
        """Return how training images move, or None if they do not."""
        if not self.shift:
            return None
        height, width = self.size
        black = self.encoder(np.zeros((1, SIDE, SIDE), dtype=np.uint8))
        middle = black.reshape(self.channels, height, width)[:, height // 2, width // 2]
        return Shifts(self.shift, self.shift_from, self.size, middle)

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the validation split in its own order."""
        return self._in_order("val")

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

    def _of(self, split: str, whole: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return a split's rows of the file that holds it."""
        border = max(len(whole) - VALIDATION, 0)
        if split == "val":
            whole = whole[border:]
        elif split == "train" and not self.train_on_all:
            whole = whole[:border]
        return whole[: max(int(len(whole) * self.fraction), 1)]

    def _find(self, split: str, kind: str) -> Path:
        """Return the file of a split's images or labels, downloaded if there is none."""
        file = f"{_PARTS.get(split, split)}-{_KINDS[kind]}"
        root = self.root or os.environ.get("NEUTNN_DATA")
        if self.root and not Path(self.root).expanduser().is_dir():
            raise InvalidInput(
                "data root",
                got=f"{self.root}, which is no folder",
                expected="a folder of data sets",
            )
        folders = [Path(root).expanduser()] if root else []
        for folder in (*folders, self.cache):
            for path in (folder / self.name / "raw" / f"{file}{end}" for end in ("", ".gz")):
                if path.is_file():
                    return path
        self._download()
        return self.cache / self.name / "raw" / file

    def _download(self) -> None:
        from torchvision import datasets

        try:
            getattr(datasets, self.name)(str(self.cache), download=True)
        except (OSError, RuntimeError) as error:
            raise InvalidInput(
                f"data set {self.name}",
                got=f"{type(error).__name__}: {str(error).splitlines()[0]}",
                expected=f"{self.name}/raw/ in the data root, or a download by torchvision",
                mend="Set --data.root or NEUTNN_DATA to a folder that holds it",
            ) from error

    def _encoded(self, part: str) -> npt.NDArray[np.uint8]:
        """Return the spike times of a file of images, mapped from the cache."""
        source = self._find(part, "images")
        config = {"format": _FORMAT, **self.encoder.config()}
        config |= {"rotate": self.rotate} if self.rotate else {}
        digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
        digest.update(source.read_bytes())
        path = self.cache / "spikes" / f"{self.name}-{part}-{digest.hexdigest()[:24]}.npy"
        if not path.is_file():
            times = self.encoder(turned(read(source), self.rotate))
            try:
                with atomic_path(path) as temporary:
                    np.save(temporary, times)
            except (OSError, InvalidInput) as error:
                raise InvalidInput(
                    "data: cache",
                    got=f"{self.cache}, which cannot be written",
                    expected="a folder with room for the spike times",
                    mend="Choose another one with --data.cache or NEUTNN_CACHE",
                ) from error
        return np.asarray(np.load(path, mmap_mode="r"))


def turned(images: npt.NDArray[np.uint8], degrees: float) -> npt.NDArray[np.uint8]:
    """Return images turned counter-clockwise around their middle, black outside.

    Args:
        images: uint8 `[B, height, width]`.
        degrees: by how much; 0 returns the images themselves.
    """
    if not degrees:
        return images
    from scipy.ndimage import rotate

    return np.stack([rotate(image, degrees, reshape=False, order=1) for image in images])


def read(path: Path) -> npt.NDArray[np.uint8]:
    """Read a file of images or labels, packed or not, by torchvision's reader.

    Args:
        path: an IDX file; `.gz` is unpacked in passing.

    Returns:
        uint8 `[B, 28, 28]` or `[B]`.

    Raises:
        InvalidInput: if it is damaged.
    """
    from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

    try:
        if path.suffix != ".gz":
            return np.asarray(read_sn3_pascalvincent_tensor(str(path)).numpy())
        with tempfile.NamedTemporaryFile() as plain:
            plain.write(gzip.decompress(path.read_bytes()))
            plain.flush()
            return np.asarray(read_sn3_pascalvincent_tensor(plain.name).numpy())
    except (OSError, EOFError, ValueError, AssertionError, KeyError, RuntimeError) as error:
        raise InvalidInput(
            f"file {path}",
            got=f"{type(error).__name__}: {error}",
            expected="a whole IDX file",
            mend="Fetch it again",
        ) from error


def _tensor(times: npt.NDArray[np.uint8]) -> torch.Tensor:
    with warnings.catch_warnings():
        # The map is read-only, and so is what we do with it.
        warnings.filterwarnings("ignore", message=".*not writable.*")
        return torch.from_numpy(times)
