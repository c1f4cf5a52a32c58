"""Labelled edges of random maps for Lightning."""

from __future__ import annotations

from typing import Any

import lightning as L
import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from datamodules.online import OnlineSampler
from datamodules.place_cells.maps import Maps, ask, disturb
from hls.errors import InvalidInput
from neutnn_pl.nn.place_cells import FIELDS, UNKNOWN, EdgeCode


class PlaceMaps(L.LightningDataModule):
    """Edges of random maps: training stores them all once, testing asks for every field.

    A batch is spike times, uint8 `[B, lines]`; environments, int64 `[B]`; levels of the dendrites,
    uint8 `[B, 3 N D]`; the edges as they are given, int64 `[B, 5]`; and as they are in truth. For
    one minicolumn alone these are its own lines, the true values of its field, and its own levels.

    Args:
        environments: number of environments.
        objects: objects in each.
        features: number of features.
        width: places along x.
        height: places along y.
        torus: whether the last place is followed by the first.
        collisions: probability that an object takes a feature that another one may have.
        missing: probability that a field of a question is silent.
        wrong: probability that a field of a question spikes on another line.
        hidden: fields that no question gives, of environment, tail, head, dx, dy.
        column: the only minicolumn that there is, `dx`, `dy` or `environment`; None for all three.
        dx: displacements along x that the code has room for.
        dy: displacements along y.
        seed: of maps, questions and disturbances.
        batch_size: edges handed to the kernel at once; results do not depend on it.
        num_workers: worker processes of the loaders; results do not depend on it.
    """

    def __init__(
        self,
        environments: int = 40,
        objects: int = 10,
        features: int = 10,
        width: int = 15,
        height: int = 15,
        torus: bool = False,
        collisions: float = 0.0,
        missing: float = 0.0,
        wrong: float = 0.0,
        hidden: tuple[str, ...] = (),
        column: str | None = None,
        dx: int = 30,
        dy: int = 30,
        seed: int = 0,
        batch_size: int = 1024,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise InvalidInput("data: batch_size", got=batch_size, expected=">= 1")
        self.maps = Maps.random(
            environments,
            objects,
            features,
            (width, height),
            torus=torus,
            collisions=collisions,
            seed=seed,
        )
        self.code = EdgeCode(environments, features, dx, dy, (width, height), torus)
        unknown = [field for field in hidden if field not in FIELDS]
        if unknown:
            raise InvalidInput(
                "data: hidden", got=repr(unknown[0]), expected=f"some of {', '.join(FIELDS)}"
            )
        self.missing, self.wrong, self.seed = missing, wrong, seed
        self.hidden, self.column = tuple(hidden), column
        self._lines, self._levels = _parts(self.code, column)
        self.batch_size = batch_size
        self.num_workers = num_workers

    @property
    def inputs(self) -> int:
        """Number of distal input lines."""
        return len(self._lines)

    @property
    def tres(self) -> int:
        """Temporal resolution of the spike times in bits: all are 0."""
        return 0

    @property
    def classes(self) -> int:
        """Number of values of the column's field, or of environments."""
        return self.code.values(self.column or "environment")

    def edges(self) -> torch.Tensor:
        """Return all edges, int64 `[B, 5]`."""
        return torch.from_numpy(self.maps.edges())

    def questions(self) -> torch.Tensor:
        """Return the edges as they are given in a test, int64 `[B, 5]`."""
        values = tuple(self.code.values(field) for field in FIELDS)
        given = disturb(
            self.maps.edges(), values, missing=self.missing, wrong=self.wrong, seed=self.seed
        )
        return torch.from_numpy(ask(given, *self.hidden))

    def test_spikes(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return the spike times of the questions, uint8 `[B, lines]`."""
        return self.code.spikes(self.questions())[:, self._lines].numpy()

    def stimulus(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the spike times and levels of every question that a chip is asked.

        First the questions for dx, dy and the environment, which no minicolumn reads itself, so
        that one presentation asks for all three; then, with the named neurons' dendrites all open,
        those for heads, and those for tails, which are heads of the edges walked backwards.
        """
        asked, heads = self.questions(), []
        for edges in (asked, self.code.reversed(asked)):
            heads.append(edges.clone())
            heads[-1][:, FIELDS.index("head")] = UNKNOWN
        parts = [(asked, False), *((edges, True) for edges in heads)]
        return (
            torch.cat([self.code.spikes(edges)[:, self._lines] for edges, _ in parts]),
            torch.cat([self.code.gates(e, neuron=named)[:, self._levels] for e, named in parts]),
        )

    def setup(self, stage: str) -> None:
        """Encode edges and questions once."""
        true, given = self.edges(), self.questions()
        label = FIELDS.index(self.column or "environment")
        self._sets = {
            split: TensorDataset(
                self.code.spikes(edges)[:, self._lines],
                true[:, label],
                self.code.gates(edges, neuron=split == "train")[:, self._levels],
                edges,
                true,
            )
            for split, edges in (("train", true), ("test", given))
        }

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the edges in the order of online learning."""
        data = self._sets["train"]
        return self._loader(data, sampler=OnlineSampler(len(data), self))

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the questions."""
        return self._loader(self._sets["test"])

    def test_dataloader(self) -> DataLoader[Any]:
        """Return the questions."""
        return self._loader(self._sets["test"])

    def predict_dataloader(self) -> DataLoader[Any]:
        """Return the questions."""
        return self._loader(self._sets["test"])

    def _loader(self, data: TensorDataset, **settings: Any) -> DataLoader[Any]:  # noqa: ANN401
        return DataLoader(
            data, batch_size=self.batch_size, num_workers=self.num_workers, **settings
        )


def _parts(code: EdgeCode, column: str | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the distal and the proximal lines of a minicolumn, or of all three."""
    if column is None:
        return torch.arange(code.lines), torch.arange(code.levels)
    return code.lines_of(column), code.levels_of(column)
