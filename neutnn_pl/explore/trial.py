"""One trial: a normal run in a directory of its own, which reports after every epoch."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
import yaml

from hls.files import write_json, write_text
from neutnn_pl.config import RecipeCLI, opened
from neutnn_pl.explore.space import changed
from neutnn_pl.modules import NeuTNN

Report = Callable[[dict[str, float]], None]
_AT_ONCE = 2048


class Reporter(L.Callback):
    """Hands the validation accuracy and the costs to a function after each epoch.

    Args:
        report: gets `accuracy`, `merit`, `synapses` (weights above 0), `whole`, `votes` (of
            neurons with such a weight: no other one can spike), `epoch` and `seconds`.
        tradeoff: see `Search`.
    """

    def __init__(self, report: Report, tradeoff: float) -> None:
        self.report, self.tradeoff = report, tradeoff
        self.begin = time.monotonic()

    # Not at the end of the epoch: there the scores are still those of the validation before.
    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Report, once the layers have been learnt and there are answers to score."""
        assert isinstance(pl_module, NeuTNN)
        found = trainer.callback_metrics.get("val/accuracy")
        if trainer.sanity_checking or found is None or not _answers(pl_module):
            return
        network = pl_module.network
        used = sum(int((layer.weights != 0).sum()) for layer in network.columns)
        votes, accuracy = _votes(pl_module), float(found)
        # Half a sample in 10,000: an error of 0 has a logarithm too.
        error, cost = max(1 - accuracy, 5e-5), max(used + votes, 1)
        self.report(
            {
                "accuracy": accuracy,
                "merit": -math.log(error) - self.tradeoff * math.log(cost),
                "synapses": used,
                "whole": network.synapses,
                "votes": votes,
                "epoch": trainer.current_epoch,
                "seconds": time.monotonic() - self.begin,
            }
        )


def run_trial(
    recipe: dict[str, Any], directory: Path, report: Report, *, tradeoff: float, wandb: bool = False
) -> None:
    """Learn a recipe in a run directory of its own; go on there if it was begun.

    Args:
        recipe: the configuration.
        directory: the run's directory; `recipe.yaml` is written beside it.
        report: see `Reporter`; of a run that had ended before, its last figures come again.
        tradeoff: see `Search`.
        wandb: log to Weights & Biases too.
    """
    from hls.flow import run_steps
    from neutnn_pl.flow import FitStep
    from neutnn_pl.tracking import loggers

    source, scores = (directory.with_name(directory.name + end) for end in (".yaml", ".json"))
    write_text(source, yaml.safe_dump(recipe, sort_keys=False))
    cli = _TrialCLI(["-c", str(source), "--run_dir", str(directory)])
    reported = False

    def note(found: dict[str, float]) -> None:
        nonlocal reported
        reported = True
        write_json(scores, found)
        report(found)

    cli.reporter = Reporter(note, tradeoff)
    with opened(cli) as run_dir, loggers(wandb, run_dir, cli.plain()) as more:
        run_steps([FitStep(cli, more)], run_dir)
    if not reported and scores.is_file():
        report(json.loads(scores.read_text(encoding="utf-8")))


def run_pruned(
    recipe: dict[str, Any],
    directory: Path,
    shares: Sequence[float],
    *,
    tradeoff: float,
    wandb: bool = False,
) -> None:
    """Learn a recipe again for each share of synapses to go, in `<directory>-<percent>`.

    Args:
        recipe: the configuration of the whole network.
        directory: its run's directory.
        shares: of the synapses, that go before the layers' second epoch.
        tradeoff: see `Search`.
        wandb: log to Weights & Biases too.
    """
    for share in shares:
        run = pruned_name(directory.name, share)
        run_trial(
            changed(recipe, pruning_of(share)), directory.with_name(run), lambda _: None,
            tradeoff=tradeoff, wandb=wandb,
        )  # fmt: skip


def pruned_name(name: str, share: float) -> str:
    """Return the name of a trial's run with a share of its synapses gone.

    >>> pruned_name("x", 0.29), pruned_name("x", 0.985)
    ('x-29', 'x-98.5')
    """
    return f"{name}-{round(100 * share, 6):g}"


def pruning_of(share: float) -> dict[str, Any]:
    """Return what such a run changes in the recipe: synapses go while the layers learn."""
    settings = {"zeros": True, "target": share, "schedule": "iterative", "start": 1, "every": 1}
    return {"pruning": settings}


def score_of(directory: Path, split: str) -> float:
    """Return the share of right answers of a run's fitted network on a split, 0 .. 1."""
    from hls.step import step_dir
    from neutnn_pl.flow import LAST

    cli = RecipeCLI(["-c", str(directory.with_name(directory.name + ".yaml"))])
    network = NeuTNN.from_checkpoint(step_dir(directory, "fit") / LAST).network
    x = torch.from_numpy(cli.datamodule.spikes(split).copy())
    labels = torch.from_numpy(cli.datamodule.labels(split))
    found = torch.cat([network.answer(network(few)) for few in x.split(_AT_ONCE)])
    return float((found == labels).double().mean())


def quiet() -> None:
    """Silence what Lightning says about itself in a trial's process."""
    import logging
    import warnings

    warnings.filterwarnings("ignore", module=r"(lightning|torchmetrics|torch)")
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    os.environ.setdefault("TQDM_DISABLE", "1")


class _TrialCLI(RecipeCLI):
    reporter: Reporter

    def make_trainer(self, **changes: Any) -> L.Trainer:  # noqa: ANN401 - Trainer's arguments
        own = [self.reporter, *changes.pop("callbacks", [])]
        return super().make_trainer(**changes, callbacks=own, enable_progress_bar=False)


def _votes(model: NeuTNN) -> int:
    voter, last = model.network.voter, model.network.columns[-1]
    if voter is None:
        return 0
    used = [w.flatten(2).any(dim=2) for w in (last.weights, last.proximal_weights)]
    return int((used[0] | used[1]).sum()) * voter.votes.shape[-1]


def _answers(model: NeuTNN) -> bool:
    """Return whether the voter has begun to learn, if there is one."""
    return model.network.voter is None or bool(model.network.voter.gamma > 0)
