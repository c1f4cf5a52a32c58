"""Continuous trajectories with grid cells and place cells, through RatInABox."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import lightning as L
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, TensorDataset

from datamodules.online import OnlineSampler
from hls.errors import InvalidInput

Rates = npt.NDArray[np.float64]

CELLS = ("grid", "place")
_PARTS = ("Environment", "Agent", "Neurons")


class Trajectory(L.LightningDataModule):
    """A rat in a square box: rates of its cells as spike times, high rates early.

    The first part of the run trains, the rest tests. A batch is spike times, uint8 `[B, lines]`,
    and samples' numbers, int64 `[B]`; `positions(split)` says where they were.

    Args:
        cells: `grid` (grid cells in modules) or `place` (place cells).
        number: number of cells.
        seconds: length of the run, in seconds.
        dt: time between two samples, in seconds.
        box: side of the box, in metres.
        scales: grid scales of the modules, in metres (grid cells).
        width: width of a place field, in metres (place cells).
        tres: temporal resolution in bits; times are `0 .. 2**tres - 1`.
        floor: share of the largest rate below which a cell is silent.
        split: share of the run that trains.
        seed: of everything random.
        batch_size: samples handed to the kernel at once; results do not depend on it.
        num_workers: worker processes of the loaders; results do not depend on it.

    Raises:
        InvalidInput: for other cells, or without RatInABox.
    """

    def __init__(
        self,
        cells: str = "grid",
        number: int = 120,
        seconds: float = 1200.0,
        dt: float = 0.1,
        box: float = 1.0,
        scales: tuple[float, ...] = (0.3, 0.5, 0.8),
        width: float = 0.2,
        tres: int = 3,
        floor: float = 0.2,
        split: float = 0.75,
        seed: int = 0,
        batch_size: int = 1024,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        if cells not in CELLS:
            raise InvalidInput("data: cells", got=repr(cells), expected="one of grid, place")
        self.cells, self.number, self.seconds, self.dt = cells, number, seconds, dt
        self.box, self.scales, self.width = box, scales, width
        self.tres, self.floor, self.split, self.seed = tres, floor, split, seed
        self.batch_size, self.num_workers = batch_size, num_workers
        self._run: tuple[Rates, Rates] | None = None

    @property
    def inputs(self) -> int:
        """Number of input lines, one for each cell."""
        return self.number

    def run(self) -> tuple[Rates, Rates]:
        """Return positions, float64 `[B, 2]` in metres, and rates, float64 `[B, lines]`, 0 .. 1."""
        if self._run is None:
            with seeded(self.seed):
                self._run = self._simulate()
        return self._run

    def _simulate(self) -> tuple[Rates, Rates]:
        environments, agents, cells = _ratinabox()
        place = environments.Environment(params={"aspect": 1, "scale": self.box})
        agent = agents.Agent(place, params={"dt": self.dt})
        settings: dict[str, Any] = {"n": self.number}
        if self.cells == "grid":
            scales = np.repeat(self.scales, -(-self.number // len(self.scales)))[: self.number]
            neurons = cells.GridCells(agent, params={**settings, "gridscale": scales})
        else:
            neurons = cells.PlaceCells(agent, params={**settings, "widths": self.width})
        for _ in range(round(self.seconds / self.dt)):
            agent.update()
        positions = np.array(agent.history["pos"])
        rates = np.array(neurons.get_state(evaluate_at=None, pos=positions)).T
        return positions, np.clip(rates, 0, 1)

    def positions(self, split: str) -> Rates:
        """Return where the rat was, float64 `[B, 2]`, in metres; `train` or `test`."""
        return self._part(self.run()[0], split)

    def rates(self, split: str) -> Rates:
        """Return the cells' rates, float64 `[B, lines]`, as shares of the largest."""
        return self._part(self.run()[1], split)

    def spikes(self, split: str) -> npt.NDArray[np.uint8]:
        """Return spike times, uint8 `[B, lines]`: `min(floor((1 - r) T), T - 1)`, or 255.

        Rates `floor .. 1` are stretched to `0 .. 1` first; below `floor` there is no spike.
        """
        rates, horizon = self.rates(split), 2**self.tres
        stretched = (rates - self.floor) / (1 - self.floor)
        times = np.minimum(np.floor((1 - np.clip(stretched, 0, 1)) * horizon), horizon - 1)
        return np.where(rates < self.floor, 255, times).astype(np.uint8)

    def test_spikes(self) -> npt.NDArray[np.uint8]:
        """Return the spike times of the test part, uint8 `[B, lines]`."""
        return self.spikes("test")

    def setup(self, stage: str) -> None:
        """Run the rat and encode its cells once."""
        self._sets = {}
        for split in ("train", "test"):
            x = torch.from_numpy(self.spikes(split))
            self._sets[split] = TensorDataset(x, torch.arange(len(x)))

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the training samples in the order of online learning."""
        data = self._sets["train"]
        return self._loader("train", sampler=OnlineSampler(len(data), self))

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the training part in its own order."""
        return self._loader("train")

    def test_dataloader(self) -> DataLoader[Any]:
        """Return the test part in its own order."""
        return self._loader("test")

    def predict_dataloader(self) -> DataLoader[Any]:
        """Return the test part in its own order."""
        return self._loader("test")

    def _part(self, values: Rates, split: str) -> Rates:
        cut = round(len(values) * self.split)
        return values[:cut] if split == "train" else values[cut:]

    def _loader(self, split: str, **settings: Any) -> DataLoader[Any]:  # noqa: ANN401
        return DataLoader(
            self._sets[split],
            batch_size=self.batch_size,
            num_workers=self.num_workers,
            **settings,
        )


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator, which RatInABox draws from, and give it back as it was."""
    kept = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(kept)


def _ratinabox() -> list[Any]:
    """Return RatInABox's modules of environments, agents and neurons."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The package itself hides its modules behind classes of the same names.
            parts = [import_module(f"ratinabox.{name}") for name in _PARTS]
    except ImportError as error:
        raise InvalidInput(
            "trajectories",
            got=f"no RatInABox ({error})",
            expected="the package ratinabox",
            mend="pip install 'neutnn-pl[place]'",
        ) from error
    return parts
