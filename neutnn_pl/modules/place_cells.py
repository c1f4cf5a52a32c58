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
        budget: who gets them: `fixed` (all dendrites the same) or `load` (by how often a
            displacement occurs on a grid of `width` x `height`).
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
        if inputs != code.lines or tres != 0:
            raise InvalidInput(
                "place cells: inputs",
                got=f"{inputs} lines of {tres} bits",
                expected=f"{code.lines} lines of 0 bits (environments, features, dx, dy)",
                mend="Give model and data the same sizes",
            )
        if budget == "pool":
            raise InvalidInput(
                "place cells: budget",
                got="'pool'",
                expected="'fixed' or 'load'",
                mend="A pool masks segments while it learns: use nn.PooledMemory itself",
            )
        network = make_memory(code, segments, budget, theta=theta).network
        fresh = {name: value.clone() for name, value in network.state_dict().items()}
        super().__init__(network, ONE_SHOT, seed, kernel, proximal="batch")
        self.network.load_state_dict(fresh)  # instead of random weights
        self.code = code
        self.settings: dict[str, Any] = {
            **{"inputs": inputs, "tres": tres, "environments": environments, "features": features},
            **{"dx": dx, "dy": dy, "segments": segments, "budget": budget, "width": width},
            **{"height": height, "torus": torus, "theta": theta, "seed": seed},
        }

    @property
    def memory(self) -> PlaceMemory:
        """The network as a memory of edges: the same weights."""
        return PlaceMemory.of(self.network, self.code)

    def setup(self, stage: str) -> None:
        """Check the network against the data."""
        super().setup(stage)
        data = getattr(self.trainer, "datamodule", None)
        code = getattr(data, "code", None)
        if code is not None and code != self.code:
            raise InvalidInput(
                "place cells: code of the edges",
                got=f"{code} in the data",
                expected=str(self.code),
                mend="Give model and data the same sizes",
            )

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
        given, true = batch[3], batch[4]
        for field, share in accuracy(self.memory, given, true).items():
            self.log(f"{split}/{field}", share, batch_size=len(given), on_epoch=True)

    def _log_scores(self, split: str) -> None:
        self.log(f"{split}/synapses", float(self.network.synapses))
