"""A training run watched sample by sample, for a chip to repeat it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hls.errors import Mismatch, NeutnnError
from hls.ir.learning import Lesson
from hls.ir.outputs import Outputs
from hls.rtl.learning import LearningOptions, generate_learning
from neutnn_pl.config import RecipeCLI
from neutnn_pl.functional.rules import STDP, DeterministicSTDP
from neutnn_pl.modules import NeuTNN
from neutnn_pl.nn import Network


class Watched:
    """Makes a network learn one gamma cycle at a time, and keeps what the first ones did.

    Args:
        network: what learns; its `learn` is replaced.
        most: gamma cycles to keep.
    """

    def __init__(self, network: Network, most: int) -> None:
        self.network, self.most, self.samples = network, most, 0
        self._learn = network.learn
        self._kept: dict[str, list[Tensor]] = {"x": [], "proximal": [], "y": [], "weights": []}
        network.learn = self.learn  # type: ignore[method-assign]

    def learn(
        self,
        x: Tensor,
        rule: STDP | DeterministicSTDP,
        seed: int,
        *,
        proximal: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Learn as `Network.learn` does."""
        left = min(max(self.most - self.samples, 0), len(x))
        found = []
        for part in [*(slice(i, i + 1) for i in range(left)), slice(left, len(x))]:
            sides = {"proximal": proximal, "labels": labels}
            few = {name: None if side is None else side[part] for name, side in sides.items()}
            if len(x[part]):
                found.append(self._learn(x[part], rule, seed, **few))
            if part.start < left:
                self._keep(x[part], few["proximal"], found[-1])
        self.samples += len(x)
        return torch.cat(found)

    def _keep(self, x: Tensor, proximal: Tensor | None, y: Tensor) -> None:
        self._kept["x"].append(x.cpu())
        self._kept["y"].append(y.cpu())
        self._kept["weights"].append(self.network.columns[0].weights[None].cpu().clone())
        if proximal is not None:
            self._kept["proximal"].append(proximal.cpu())

    def arrays(self) -> dict[str, Any]:
        """Return what was kept, one row for each gamma cycle, uint8; None where there is none."""
        return {
            name: torch.cat(rows).numpy() if rows else None for name, rows in self._kept.items()
        }


def asks_for_a_chip(model: NeuTNN) -> bool:
    """Return whether a model's rule draws from LFSRs, as hardware does."""
    return all(isinstance(r, STDP) and r.source == "lfsr" for r in model.schedule.values())


def refusal(cli: RecipeCLI, model: NeuTNN) -> str | None:
    """Return why a run's training cannot be repeated from fresh weights, None if it can.

    Args:
        cli: the run.
        model: what it learnt.
    """
    home = any(layer.homeostasis is not None for layer in model.network.columns)
    for what, found in {
        "a checkpoint to start from": cli.config.ckpt_path,
        "pruning while it learns": cli.pruning.while_learning(),
        "restarts": getattr(cli.model, "restarts", 1) > 1,
        "a schedule of rules": len(model.schedule) > 1,
        "stages": model.stages,
        "homeostasis": home,
    }.items():
        if found:
            return f"training with {what} is not repeated on a chip"
    try:
        options = LearningOptions(update=cli.hardware.learning_update)
        generate_learning(model.fresh().freeze("learner", learning=True), options)
    except NeutnnError as error:
        return str(error)
    return None


def replay(cli: RecipeCLI, trained: NeuTNN, name: str, most: int) -> Lesson:
    """Train again from fresh weights, and return what the first gamma cycles did.

    Args:
        cli: the run.
        trained: what it learnt, before pruning.
        name: name of the circuit.
        most: gamma cycles to return.

    Raises:
        Mismatch: if it does not end with the very weights of `trained`.
    """
    model = trained.fresh()
    network = replace(model.freeze(name, learning=True), encoder=trained.encoding)
    watched = Watched(model.network, most)
    trainer = cli.make_trainer(
        logger=False, enable_checkpointing=False, enable_progress_bar=False, strategy="auto",
        devices=1, num_nodes=1, accelerator="cpu", limit_val_batches=0,
    )  # fmt: skip
    trainer.fit(model, datamodule=cli.datamodule)
    before, after = (m.network.columns[0].weights.cpu() for m in (trained, model))
    if not torch.equal(before, after):
        raise Mismatch(
            "training again from fresh weights does not end with the weights of the run: "
            f"{int((before != after).sum())} of {before.numel()} differ"
        )
    kept = watched.arrays()
    whole = watched.samples == len(kept["x"])
    return Lesson(
        network, kept["x"], kept["proximal"], Outputs(kept["y"]), np.asarray(kept["weights"]), whole
    )


def learner_name(name: str) -> str:
    """Return the name of the circuit that learns, beside that of the one that does not.

    >>> learner_name("ecg200_96x2")
    'ecg200_96x2_learning'
    """
    return f"{name[:54]}_learning"
