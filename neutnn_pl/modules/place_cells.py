"""A memory of labelled edges that learns in a Lightning `Trainer`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from hls.errors import InvalidInput
from neutnn_pl.metrics.place_cells import accuracy
from neutnn_pl.modules.neutnn import NeuTNN
from neutnn_pl.nn.place_cells import FIELDS, ONE_SHOT, EdgeCode, PlaceMemory, make_memory
from neutnn_pl.nn.place_cells.hardware import ON_CHIP, ChipMemory, learn_held, minicolumn
from neutnn_pl.nn.place_cells.memory import RECALL


class PlaceCells(NeuTNN):
    """Three minicolumns that store labelled edges in one pass and infer any field of them.

    Needs batches with the edges themselves, as `datamodules.PlaceMaps` gives them. A test logs
    `test/dx`, `test/dy`, ...: the share of questions for that field that were answered right.

    Args:
        inputs: distal input lines; linked to the data.
        tres: temporal resolution of the input in bits, 0; linked to the data.
        environments: neurons of minicolumn E.
        features: dendrites of a neuron.
        dx: neurons of minicolumn X.
        dy: neurons of minicolumn Y.
        segments: segments of a dendrite.
        budget: who gets them: `fixed` (all dendrites the same), `load` (by how often a
            displacement occurs on a grid of `width` x `height`) or `pool` (who needs them first).
        width: places along x.
        height: places along y.
        torus: whether the last place is followed by the first.
        theta: threshold in weight LSB; 13 lets two of three fields suffice.
        kernel: what learns and infers: `auto`, `reference`, `numba` or `triton`.
        seed: key of the order of the samples; learning itself draws nothing.

    Raises:
        InvalidInput: for settings that do not fit.
    """

    def __init__(
        self,
        inputs: int = 110,
        tres: int = 0,
        environments: int = 40,
        features: int = 10,
        dx: int = 30,
        dy: int = 30,
        segments: int = 16,
        budget: str = "fixed",
        width: int = 15,
        height: int = 15,
        torus: bool = False,
        theta: int = RECALL,
        kernel: str = "auto",
        seed: int = 0,
    ) -> None:
        code = EdgeCode(environments, features, dx, dy, (width, height), torus)
        _check_lines("place cells", inputs, tres, code.lines)
        memory = make_memory(code, segments, budget, theta=theta)
        network = memory.network
        fresh = {name: value.clone() for name, value in network.state_dict().items()}
        super().__init__(network, ONE_SHOT, seed, kernel, proximal="batch")
        self.network.load_state_dict(fresh)  # instead of random weights
        self.code = code
        self._made = (memory,)  # in a tuple, so that its parameters are not ours twice
        self.settings: dict[str, Any] = {
            **{"inputs": inputs, "tres": tres, "environments": environments, "features": features},
            **{"dx": dx, "dy": dy, "segments": segments, "budget": budget, "width": width},
            **{"height": height, "torus": torus, "theta": theta, "seed": seed},
        }

    @property
    def memory(self) -> PlaceMemory:
        """The network as a memory of edges: the same weights."""
        return self._made[0]

    def setup(self, stage: str) -> None:
        """Check the network against the data."""
        super().setup(stage)
        _check_code(self.code, getattr(self.trainer, "datamodule", None))

    def fresh(self) -> PlaceCells:
        """Return the model as it was before its first sample."""
        return PlaceCells(**self.settings, kernel=self.kernel)

    def _learn(self, batch: Any) -> Tensor:  # noqa: ANN401 - tuple of tensors
        """Store edges; a pool gives segments away while it lasts."""
        return self.memory.present(batch[3])

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:  # noqa: ANN401 - tuple of tensors
        """Return every field as inferred from the others, int64 `[B, 5]`; -1 for no answer."""
        return torch.stack([self.memory.infer(batch[3], field) for field in FIELDS], dim=1)

    def quality(self, batches: Iterable[Sequence[Tensor]]) -> dict[str, float]:
        """Return the share of right answers for every field, and their mean; {} without samples."""
        parts = list(batches)
        if not parts:
            return {}
        given, true = (torch.cat([batch[i].cpu() for batch in parts]) for i in (3, 4))
        shares = accuracy(self.memory, given, true)
        return {"accuracy": sum(shares.values()) / len(shares), **shares}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what makes the model again: plain values only."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["neutnn"]["place_cells"] = self.settings

    def _score(self, split: str, batch: Any) -> None:  # noqa: ANN401 - tuple of tensors
        given, true = batch[3].cpu(), batch[4].cpu()
        for field, share in accuracy(self.memory, given, true).items():
            self.log(f"{split}/{field}", share, batch_size=len(given), on_epoch=True)

    def _log_scores(self, split: str) -> None:
        self.log(f"{split}/synapses", float(self.memory.synapses))


class PlaceColumn(NeuTNN):
    """One minicolumn alone that learns edges as a chip does, to be made into hardware.

    Ramps, index ties and stochastic STDP that is certain, each edge held for three gamma cycles:
    see `nn.place_cells.hardware.ChipMemory`. Prune with `below: 6` before inferring: that masks
    the fresh segments, which would tie with known edges. A test logs the share of right answers.

    Args:
        inputs: distal input lines; linked to the data.
        tres: temporal resolution of the input in bits, 0; linked to the data.
        column: which minicolumn: `dx` (X), `dy` (Y) or `environment` (E).
        environments: number of environments.
        features: dendrites of a neuron.
        dx: number of displacements along x.
        dy: number of displacements along y.
        segments: segments of a dendrite.
        width: places along x.
        height: places along y.
        torus: whether the last place is followed by the first.
        theta: threshold in weight LSB; 13 lets two of three fields suffice.
        kernel: what learns and infers: `auto`, `reference`, `numba` or `triton`.
        seed: key of the order of the samples; the draws of learning decide nothing.

    Raises:
        InvalidInput: for settings that do not fit.
    """

    def __init__(
        self,
        inputs: int = 80,
        tres: int = 0,
        column: str = "dx",
        environments: int = 40,
        features: int = 10,
        dx: int = 30,
        dy: int = 30,
        segments: int = 16,
        width: int = 15,
        height: int = 15,
        torus: bool = False,
        theta: int = RECALL,
        kernel: str = "auto",
        seed: int = 0,
    ) -> None:
        code = EdgeCode(environments, features, dx, dy, (width, height), torus)
        _check_lines("minicolumn", inputs, tres, len(code.lines_of(column)))
        network = minicolumn(ChipMemory(code, segments, theta), column)
        fresh = network.columns[0].weights.clone()
        super().__init__(network, ON_CHIP, seed, kernel, proximal="batch")
        network.columns[0].weights.copy_(fresh)  # instead of random ones
        self.code, self.column = code, column
        self.settings: dict[str, Any] = {
            **{"inputs": inputs, "tres": tres, "column": column, "environments": environments},
            **{"features": features, "dx": dx, "dy": dy, "segments": segments, "width": width},
            **{"height": height, "torus": torus, "theta": theta, "seed": seed},
        }

    def setup(self, stage: str) -> None:
        """Check the network against the data."""
        super().setup(stage)
        data = getattr(self.trainer, "datamodule", None)
        _check_code(self.code, data)
        column = getattr(data, "column", self.column)
        if column != self.column:
            raise InvalidInput(
                "place column: minicolumn",
                got=f"{column!r} in the data",
                expected=repr(self.column),
                mend="Give model and data the same column",
            )

    def fresh(self) -> PlaceColumn:
        """Return the model as it was before its first sample."""
        return PlaceColumn(**self.settings, kernel=self.kernel)

    def _learn(self, batch: Any) -> Tensor:  # noqa: ANN401 - tuple of tensors
        """Store edges, each held for three gamma cycles."""
        return learn_held(self.network, batch[0], batch[2], self.seed)

    def quality(self, batches: Iterable[Sequence[Tensor]]) -> dict[str, float]:
        """Return the share of right answers; {} without samples."""
        parts = list(batches)
        if not parts:
            return {}
        right = sum(float(self._right(batch).sum()) for batch in parts)
        return {"accuracy": right / sum(len(batch[0]) for batch in parts)}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what makes the model again: plain values only."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["neutnn"]["place_cells"] = self.settings

    def _right(self, batch: Any) -> Tensor:  # noqa: ANN401 - tuple of tensors
        return self.network.answer(self(batch[0], batch[2])) == batch[1]

    def _score(self, split: str, batch: Any) -> None:  # noqa: ANN401 - tuple of tensors
        share = self._right(batch).double().mean()
        self.log(f"{split}/{self.column}", share, batch_size=len(batch[0]), on_epoch=True)

    def _log_scores(self, split: str) -> None:
        self.log(f"{split}/synapses", float(self.network.synapses))


def _check_lines(name: str, inputs: int, tres: int, lines: int) -> None:
    if inputs != lines or tres != 0:
        raise InvalidInput(
            f"{name}: inputs",
            got=f"{inputs} lines of {tres} bits",
            expected=f"{lines} lines of 0 bits (environments, features, dx, dy)",
            mend="Give model and data the same sizes",
        )


def _check_code(code: EdgeCode, data: object) -> None:
    """Check that the data module's edges have the model's code."""
    found = getattr(data, "code", None)
    if found is not None and found != code:
        raise InvalidInput(
            "place cells: code of the edges",
            got=f"{found} in the data",
            expected=str(code),
            mend="Give model and data the same sizes",
        )
