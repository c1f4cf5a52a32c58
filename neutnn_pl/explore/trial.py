"""One trial: a normal run in a directory of its own, which reports after every epoch."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
import yaml

from hls.files import write_text
from neutnn_pl.config import RecipeCLI, opened
from neutnn_pl.modules import NeuTNN

Report = Callable[[dict[str, float]], None]


class Reporter(L.Callback):
    """Hands the validation accuracy and the costs to a function after each epoch.

    Args:
        report: gets `accuracy`, `merit`, `synapses` (weights above 0), `whole`, `votes`, `epoch`
            and `seconds`.
        tradeoff: see `Search`.
    """

    def __init__(self, report: Report, tradeoff: float) -> None:
        self.report, self.tradeoff = report, tradeoff
        self.begin = time.monotonic()

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Report, once the layers have been learnt and there are answers to score."""
        assert isinstance(pl_module, NeuTNN)
        found = trainer.callback_metrics.get("val/accuracy")
        if trainer.sanity_checking or found is None or not _answers(pl_module):
            return
        network = pl_module.network
        votes = 0 if network.voter is None else network.voter.votes.numel()
        used = sum(int((layer.weights != 0).sum()) for layer in network.columns)
        accuracy = float(found)
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
        report: see `Reporter`.
        tradeoff: see `Search`.
        wandb: log to Weights & Biases too.
    """
    from hls.flow import run_steps
    from neutnn_pl.flow import FitStep
    from neutnn_pl.tracking import loggers

    source = directory.with_suffix(".yaml")
    write_text(source, yaml.safe_dump(recipe, sort_keys=False))
    cli = _TrialCLI(["-c", str(source), "--run_dir", str(directory)])
    cli.reporter = Reporter(report, tradeoff)
    with opened(cli) as run_dir, loggers(wandb, run_dir, cli.plain()) as more:
        run_steps([FitStep(cli, more)], run_dir)


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


def _answers(model: NeuTNN) -> bool:
    """Return whether the voter has begun to learn, if there is one."""
    return model.network.voter is None or bool(model.network.voter.gamma > 0)
