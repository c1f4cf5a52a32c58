"""Synaptic pruning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities import rank_zero_info
from torch import Tensor

from hls.errors import InvalidInput
from neutnn_pl.callbacks import synapses
from neutnn_pl.callbacks.synapses import PARTS, Batches, Sizes, drop, joined, nonzero, quality
from neutnn_pl.functional.pruning import contribution_score, drop_count, idle, lowest, unused
from neutnn_pl.modules import NeuTNN
from neutnn_pl.nn import Network

SCORES = ("weight", "contribution", "random")
SCHEDULES = ("end", "iterative")


@dataclass(frozen=True)
class PruningReport:
    """What pruning did.

    Attributes:
        before: synapses before, zeros included.
        after: synapses after.
        removed_nonzero: how many of the removed had a weight above 0.
        quality_before: scores before, by name; empty where synapses went while the network learnt
            and no network without pruning was scored.
        quality_after: scores after, by name.
        neurons: neurons that lost their last synapse.
        segments: segments that did.
        inputs: inputs of a column that did.
    """

    before: int
    after: int
    removed_nonzero: int
    quality_before: dict[str, float] = field(default_factory=dict)
    quality_after: dict[str, float] = field(default_factory=dict)
    neurons: int = 0
    segments: int = 0
    inputs: int = 0

    def __str__(self) -> str:
        """Return one line for people."""
        text = f"{self.before} -> {self.after} synapses ({share(self.before, self.after)})"
        for name in ("neurons", "segments"):
            count = getattr(self, name)
            if count:
                text += f", {count} {name if count > 1 else name[:-1]} gone"
        known = self.quality_after
        shown = ("accuracy",) if "accuracy" in known else ("rand", "ari")
        for name, label in (("rand", "Rand"), ("ari", "ARI"), ("accuracy", "accuracy")):
            if name in shown and name in known:
                before = self.quality_before.get(name)
                start = "" if before is None else f"{before:.3f} -> "
                text += f", {label} {start}{self.quality_after[name]:.3f}"
        return text


class Pruning(L.Callback):
    """Drops synapses: at the end of training, or step by step while learning goes on.

    Without any option the zeros go: exact, no answer changes. Else what is asked for goes, in this
    order: zeros and weights `below`; neurons and segments; inputs; then, of what is left in each
    layer, exactly `floor(target * synapses)`, zeros included, those of the lowest score first.

    With `schedule="iterative"` the target is a share of the synapses at the start of training, and
    the synapses go in equal shares before the epochs `start`, `start + every`, ... of the trainer,
    while the others go on learning; everything else goes at the end.

    Args:
        target: share of the synapses to drop, 0 .. 1; null drops none by score.
        by: score: `weight`, `contribution` (at which share of its segment's spikes the synapse
            still ramps, or its step has come, over the training split) or `random` (a control).
        zeros: drop the weights of 0.
        below: drop the weights under this one, in weight LSB.
        inputs: drop an input of a column if all its weights are 0, or if it can never spike.
        segments: drop the segments that never win, over the training split.
        neurons: drop the neurons that never win, over the training split.
        schedule: `end`, or `iterative`.
        start: first epoch before which synapses go, with `iterative`.
        every: epochs between two such steps.

    Attributes:
        report: what was done, after training.
    """

    def __init__(
        self,
        target: float | None = None,
        by: str = "weight",
        zeros: bool = False,
        below: int | None = None,
        inputs: bool = False,
        segments: bool = False,
        neurons: bool = False,
        schedule: str = "end",
        start: int = 1,
        every: int = 1,
    ) -> None:
        if target is not None:
            _check("target", target, 0 <= target <= 1, "0 .. 1, or null")
        _check("by", by, by in SCORES, f"one of {', '.join(SCORES)}")
        if below is not None:
            _check("below", below, below >= 1, "a weight >= 1, or null")
        _check("schedule", schedule, schedule in SCHEDULES, f"one of {', '.join(SCHEDULES)}")
        _check("start", start, start >= 0, "an epoch >= 0")
        _check("every", every, every >= 1, "epochs >= 1")
        if schedule == "iterative" and target is None:
            raise InvalidInput(
                "pruning: schedule",
                got="'iterative' without a target",
                expected="a share of the synapses to reach",
                mend="Set --pruning.target",
            )
        self.target, self.by, self.zeros, self.below = target, by, zeros, below
        self.inputs, self.segments, self.neurons = inputs, segments, neurons
        self.schedule, self.start, self.every = schedule, start, every
        self.report: PruningReport | None = None
        self._ends = True
        self._forget()

    def _forget(self) -> None:
        """Stand before the first step."""
        self._start: Sizes | None = None  # sizes before anything went
        self._steps: list[int] = []  # steps taken in each layer
        self._nonzero = 0  # weights above 0 that went
        self._quality: dict[str, float] = {}  # scores before anything went

    def options(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        names = ("target", "by", "zeros", "below", "inputs", "segments", "neurons")
        return {name: getattr(self, name) for name in (*names, "schedule", "start", "every")}

    def while_learning(self) -> list[Pruning]:
        """Return the callback that prunes while a network learns and leaves the end to `apply`.

        Empty for `schedule="end"`.
        """
        if self.schedule == "end":
            return []
        part = Pruning(**self.options())
        part._ends = False
        return [part]

    def prune(self, network: Network, seed: int, batches: Batches = ()) -> None:
        """Drop synapses of every layer; with `iterative`, what is left to drop at the end.

        Args:
            network: the network; its masks change.
            seed: key of the draws that break ties.
            batches: training samples and labels, which can be gone through more than once; for
                `by="contribution"`, `segments` and `neurons`.
        """
        if self.schedule == "iterative":
            self._shrink(network, seed, batches, self._sizes_at_start(network))
        structure = self.inputs or self.segments or self.neurons
        nothing = self.target is None and self.below is None and not structure
        below = max(self.below or 0, int(self.zeros or nothing))
        for layer in network.columns:
            drop(layer, joined(layer, "weights") < below)
        if self.segments or self.neurons:
            self._drop_losers(network, batches)
        if self.inputs:
            _drop_unused(network)
        if self.schedule == "end" and self.target is not None:
            self._shrink(network, seed, batches, synapses.sizes(network))

    def apply(self, model: NeuTNN, train: Batches, scored: Batches) -> PruningReport:
        """Prune a model and return what that changed.

        Args:
            model: the model; its masks change.
            train: training samples, which can be gone through more than once.
            scored: samples on which quality is measured, before and after.
        """
        network = model.network
        begun = network.synapses < sum(self._sizes_at_start(network)["synapses"])
        return self._finish(model, train, scored, {} if begun else quality_of(model, scored))

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Begin a new schedule; a checkpoint then puts its own place into it."""
        if stage != "fit" or self.schedule == "end":
            return
        self._forget()
        if not any(self._epochs(trainer, pl_module)):
            raise InvalidInput(
                "pruning: start",
                got=f"epoch {self.start} of {trainer.max_epochs}",
                expected="one that training reaches, so that the others learn after it",
                mend="Lower --pruning.start, or set --trainer.max_epochs",
            )

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: object, batch_idx: int
    ) -> None:
        """Drop the shares that are due before this epoch."""
        if self.schedule == "end":
            return
        epochs = self._epochs(trainer, pl_module)
        due = [sum(epoch <= trainer.current_epoch for epoch in layer) for layer in epochs]
        if due == (self._steps or [0] * len(due)):
            return
        assert isinstance(pl_module, NeuTNN)
        network, samples = pl_module.network, _training_samples(trainer)
        if self._start is None:
            self._start, self._quality = synapses.sizes(network), quality_of(pl_module, samples)
        before, weights = network.synapses, nonzero(network)
        shares = [
            Fraction(step, max(len(layer), 1)) for step, layer in zip(due, epochs, strict=True)
        ]
        self._shrink(network, pl_module.seed, samples, self._start, shares)
        self._steps = due
        self._nonzero += weights - nonzero(network)
        rank_zero_info(
            f"Pruning: before epoch {trainer.current_epoch}: "
            f"{before} -> {network.synapses} synapses"
        )

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Prune, score before and after on the validation split, and log one line.

        Where synapses went while the network learnt, the scores before are those of the network
        from which the first went.
        """
        if not self._ends:
            return
        assert isinstance(pl_module, NeuTNN)
        samples = _training_samples(trainer)
        before = self._quality or quality_of(pl_module, samples)
        rank_zero_info(f"Pruning: {self._finish(pl_module, samples, samples, before)}")

    def state_dict(self) -> dict[str, Any]:
        """Return the report and the place in the schedule as plain values."""
        return {
            "report": None if self.report is None else asdict(self.report),
            "start": self._start,
            "steps": self._steps,
            "nonzero": self._nonzero,
            "quality": self._quality,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the report and the place in the schedule from a checkpoint."""
        self._forget()
        report = state_dict.get("report")
        self.report = None if report is None else PruningReport(**report)
        self._start = state_dict.get("start")
        self._steps = state_dict.get("steps", [])
        self._nonzero = state_dict.get("nonzero", 0)
        self._quality = state_dict.get("quality", {})

    def _epochs(self, trainer: L.Trainer, model: L.LightningModule) -> list[range]:
        """Return, for each layer, the trainer's epochs before which a share of it goes.

        A layer that is trained in a stage of its own is pruned in that stage.
        """
        assert isinstance(model, NeuTNN)
        layers, end = len(model.network.columns), trainer.max_epochs or 0
        spans = [(0, end)] * layers
        if model.stages is not None:
            before = int(model.epochs) - trainer.current_epoch  # learnt under another trainer
            ends = [last - before for last in accumulate(model.stages)]
            ends[-1] = end  # the last stage goes on to the end
            spans = [(max(a, 0), min(b, end)) for a, b in pairwise([-before, *ends])][:layers]
        return [range(first + self.start, last, self.every) for first, last in spans]

    def _sizes_at_start(self, network: Network) -> Sizes:
        """Return the sizes before anything went; without a record, those of the whole network."""
        if self.schedule == "end":
            return synapses.sizes(network)
        return self._start or synapses.whole_sizes(network)

    def _shrink(
        self,
        network: Network,
        seed: int,
        batches: Batches,
        start: Sizes,
        shares: Sequence[Fraction] | None = None,
    ) -> None:
        """Drop what is left, in each layer, of a share of the target, by score."""
        assert self.target is not None
        shares = shares or [Fraction(1)] * len(network.columns)
        counts = [
            max(0, drop_count(self.target, size, part) - (size - layer.synapses))
            for layer, size, part in zip(network.columns, start["synapses"], shares, strict=True)
        ]
        if not any(counts):
            return
        scores = self._scores(network, batches)
        for index, layer in enumerate(network.columns):
            mask = joined(layer, "mask")
            drop(layer, lowest(scores[index], mask, counts[index], layer=index, seed=seed))

    def _scores(self, network: Network, batches: Batches) -> list[Tensor]:
        if self.by == "contribution":
            return [contribution_score(*counts) for counts in synapses.measure(network, batches)]
        weights = [joined(layer, "weights").to(torch.int64) for layer in network.columns]
        return weights if self.by == "weight" else [torch.zeros_like(w) for w in weights]

    def _drop_losers(self, network: Network, batches: Batches) -> None:
        measured = synapses.measure(network, batches)
        for layer, (_, spikes) in zip(network.columns, measured, strict=True):
            _, _, d, s, _ = layer.weights.shape
            drop(layer, idle(spikes, 1 if self.segments else d * s))

    def _finish(
        self, model: NeuTNN, train: Batches, scored: Batches, before: dict[str, float]
    ) -> PruningReport:
        network = model.network
        start, weights = self._sizes_at_start(network), nonzero(network)
        self.prune(network, model.seed, train)
        removed = self._nonzero + weights - nonzero(network)
        if self.schedule == "iterative":
            self._nonzero = removed
        now = synapses.sizes(network)
        gone = {name: sum(start[name]) - sum(now[name]) for name in PARTS}
        self.report = PruningReport(
            before=sum(start["synapses"]),
            after=sum(now["synapses"]),
            removed_nonzero=removed,
            quality_before=before,
            quality_after=quality_of(model, scored),
            neurons=gone["neurons"],
            segments=gone["segments"],
            inputs=gone["inputs"],
        )
        return self.report


def quality_of(model: L.LightningModule, batches: Batches) -> dict[str, float]:
    """Return the scores of a model by name: its own `quality(batches)`, or those of clusters."""
    own = getattr(model, "quality", None)
    if own is not None:
        return dict(own(batches))
    assert isinstance(model, NeuTNN)
    return quality(model.network, batches)


def share(before: int, after: int) -> str:
    """Return the change in percent, such as `-37 %`.

    >>> share(192, 121)
    '-37 %'
    """
    return f"{round(100 * (after - before) / max(before, 1)):+d} %"


def _drop_unused(network: Network) -> None:
    """Drop the inputs of a column on which all weights are 0, or that can never spike."""
    silent = torch.zeros(network.inputs, dtype=torch.bool)
    for layer in network.columns:
        device = layer.weights.device
        outside = torch.ones(1, dtype=torch.bool, device=device)  # line -1
        which = unused(joined(layer, "weights"))
        which[:, 0, : layer.lines.shape[1]] |= torch.cat([silent.to(device), outside])[
            layer.lines.long()
        ]
        drop(layer, which)
        # A neuron whose weights are all 0 never spikes: theta is at least 1.
        silent = (joined(layer, "weights") == 0).reshape(layer.theta.numel(), -1).all(dim=1)


def _training_samples(trainer: L.Trainer) -> Batches:
    """Return the samples in their own order: the validation split of an unsupervised data set."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    return [] if data is None else data.val_dataloader()


def _check(name: str, got: object, fine: bool, expected: str) -> None:
    if not fine:
        shown = repr(got) if isinstance(got, str) else got
        raise InvalidInput(f"pruning: {name}", got=shown, expected=expected)
