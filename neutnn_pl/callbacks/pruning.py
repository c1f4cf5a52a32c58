"""Synaptic pruning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import lightning as L
import torch
from torch import Tensor

from hls.errors import InvalidInput
from neutnn_pl import functional as F
from neutnn_pl.metrics import ClusterMetrics
from neutnn_pl.modules import NeuTNN
from neutnn_pl.nn import Network

SCORES = ("weight", "contribution", "random")
Batches = Iterable[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class PruningReport:
    """What pruning did.

    Attributes:
        before: synapses before, zeros included.
        after: synapses after.
        removed_nonzero: how many of the removed had a weight above 0.
        quality_before: scores before, by name.
        quality_after: scores after, by name.
    """

    before: int
    after: int
    removed_nonzero: int
    quality_before: dict[str, float] = field(default_factory=dict)
    quality_after: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return one line for people."""
        text = f"{self.before} -> {self.after} synapses ({share(self.before, self.after)})"
        for name, label in (("rand", "Rand"), ("ari", "ARI")):
            if name in self.quality_before:
                text += (
                    f", {label} {self.quality_before[name]:.3f} -> {self.quality_after[name]:.3f}"
                )
        return text


class Pruning(L.Callback):
    """Drops synapses once, at the end of training.

    Without a target the zeros go: exact, no answer changes. With a target exactly
    `floor(target * synapses)` synapses go, zeros included, those of the lowest score first.

    Args:
        target: share of the synapses to drop, 0 .. 1; null drops the zeros.
        by: score: `weight`, `contribution` (at which share of its segment's spikes the synapse
            still ramps, over the training split) or `random` (a control).
        zeros: drop the zeros first, and take the target from what remains.

    Attributes:
        report: what was done, after training.
    """

    def __init__(
        self, target: float | None = None, by: str = "weight", zeros: bool = False
    ) -> None:
        if target is not None and not 0 <= target <= 1:
            raise InvalidInput("pruning: target", got=target, expected="0 .. 1, or null")
        if by not in SCORES:
            raise InvalidInput("pruning: by", got=repr(by), expected=f"one of {', '.join(SCORES)}")
        self.target, self.by, self.zeros = target, by, zeros
        self.report: PruningReport | None = None

    def options(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return {"target": self.target, "by": self.by, "zeros": self.zeros}

    def prune(self, network: Network, seed: int, batches: Batches = ()) -> None:
        """Drop synapses of every layer.

        Args:
            network: the network; its masks change.
            seed: key of the draws that break ties.
            batches: training samples, for `by="contribution"`.
        """
        if self.target is None or self.zeros:
            for layer in network.columns:
                layer.prune(layer.mask & (layer.weights == 0))
        if self.target is None:
            return
        scores = self._scores(network, batches)
        for index, (layer, score) in enumerate(zip(network.columns, scores, strict=True)):
            mask = layer.mask.reshape(score.shape)
            drop = F.lowest(score, mask, self.target, layer=index, seed=seed)
            layer.prune(drop.reshape(layer.mask.shape))

    def apply(self, model: NeuTNN, train: Batches, scored: Batches) -> PruningReport:
        """Prune a model and return what that changed.

        Args:
            model: the model; its masks change.
            train: training samples.
            scored: samples on which quality is measured, before and after.
        """
        network = model.network
        before = [layer.weights.clone() for layer in network.columns]
        synapses, quality = network.synapses, _quality(network, scored)
        self.prune(network, model.seed, train)
        removed = sum(
            int((old != 0).sum() - (layer.weights != 0).sum())
            for old, layer in zip(before, network.columns, strict=True)
        )
        self.report = PruningReport(
            synapses, network.synapses, removed, quality, _quality(network, scored)
        )
        return self.report

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Prune, score before and after on the validation split, and log one line."""
        assert isinstance(pl_module, NeuTNN)
        data = trainer.datamodule  # type: ignore[attr-defined]
        train = list(data.val_dataloader()) if data is not None else []
        report = self.apply(pl_module, train, train)
        L.pytorch.utilities.rank_zero_info(f"Pruning: {report}")

    def state_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {"report": None if self.report is None else asdict(self.report)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the report from a checkpoint."""
        report = state_dict["report"]
        self.report = None if report is None else PruningReport(**report)

    def _scores(self, network: Network, batches: Batches) -> list[Tensor]:
        flat = []
        for layer in network.columns:
            c, n, d, s, p = layer.weights.shape
            flat.append(torch.zeros(c, n * d * s, p, dtype=torch.int64))
        if self.by == "weight":
            return [
                layer.weights.to(torch.int64).reshape(zero.shape)
                for layer, zero in zip(network.columns, flat, strict=True)
            ]
        if self.by == "contribution":
            return _contributions(network, batches)
        return flat


def _contributions(network: Network, batches: Batches) -> list[Tensor]:
    """Return the score of every synapse, measured over batches of training samples."""
    totals: list[tuple[Tensor, Tensor]] = []
    for x, _ in batches:
        for index, layer in enumerate(network.columns):
            c, n, d, s, p = layer.weights.shape
            state = layer.evaluate(x)
            segments = state.segments.reshape(len(x), c, n * d * s)
            found = F.contribution(
                layer.receptive(x), segments, layer.weights.reshape(c, n * d * s, p)
            )
            if index < len(totals):
                totals[index] = (totals[index][0] + found[0], totals[index][1] + found[1])
            else:
                totals.append(found)
            x = state.y.flatten(1)
    if not totals:
        raise InvalidInput(
            "pruning by contribution", got="no training samples", expected="at least one batch"
        )
    return [F.contribution_score(*total) for total in totals]


def share(before: int, after: int) -> str:
    """Return the change in percent, such as `-37 %`.

    >>> share(192, 121)
    '-37 %'
    """
    return f"{round(100 * (after - before) / max(before, 1)):+d} %"


def _quality(network: Network, batches: Batches) -> dict[str, float]:
    metric, any_ = ClusterMetrics(), False
    for x, label in batches:
        y = network(x)
        metric.update(y, network.answer(y), label)
        any_ = True
    return {name: float(value) for name, value in metric.compute().items()} if any_ else {}
