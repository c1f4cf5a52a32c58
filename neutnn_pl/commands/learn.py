"""Commands that learn, or apply what was learnt."""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hls.errors import InvalidInput

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

    from hls.step import Step
    from neutnn_pl.config import RecipeCLI


def recipe(args: list[str]) -> RecipeCLI:
    """Parse a recipe and its options, quietly."""
    quiet()
    from neutnn_pl.config import RecipeCLI

    return RecipeCLI(args)


def of_run(args: list[str]) -> list[str]:
    """Return the arguments with a run's directory in front replaced by its configuration.

    Raises:
        InvalidInput: if it is no run.
    """
    if not args or args[0].startswith("-"):
        return args
    run_dir = Path(args[0])
    if not (run_dir / "config.yaml").is_file():
        raise InvalidInput(
            f"run {run_dir}",
            got="no config.yaml in it",
            expected="a run's directory",
            mend="Start one with 'neutnn flow -c RECIPE'",
        )
    return ["-c", str(run_dir / "config.yaml"), "--run_dir", str(run_dir), *args[1:]]


def quiet() -> None:
    """Silence what Lightning and torch say about themselves."""
    warnings.filterwarnings(
        "ignore", category=UserWarning, module=r"(lightning|torchmetrics|torch)"
    )
    warnings.filterwarnings("ignore", message=r".*LeafSpec.*|.*treespec.*|.*num_workers.*")
    warnings.showwarning = _warn
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    compiling = logging.getLogger("neutnn_pl.kernels.numba")
    if not compiling.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("neutnn: %(message)s"))
        compiling.addHandler(handler)
        compiling.setLevel(logging.INFO)


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    print(f"neutnn: warning: {message}", file=sys.stderr)


def fit(args: list[str]) -> int:
    """Learn and prune."""
    from hls.flow import run_steps
    from neutnn_pl.config import opened
    from neutnn_pl.flow import FitStep, PruneStep, follow
    from neutnn_pl.progress import display
    from neutnn_pl.strategies import torchrun

    parser = argparse.ArgumentParser("neutnn fit", add_help=False, allow_abbrev=False)
    parser.add_argument("--json", action="store_true")
    options, rest = parser.parse_known_args(args)
    cli = recipe(rest)
    if torchrun.follows():
        follow(cli)
        return 0
    with (
        opened(cli) as run_dir,
        torchrun.leading(),
        run_loggers(cli, run_dir) as loggers,
        display(options.json) as progress,
    ):
        steps: list[Step] = [FitStep(cli, loggers), PruneStep(cli, loggers)]
        records = run_steps(steps, run_dir, progress=progress)
    if not options.json:
        _print_scores(records["prune"].metrics, run_dir)
        print(f"  {run_dir}")
    return 0


def run_loggers(cli: RecipeCLI, run_dir: Path) -> AbstractContextManager[list[Logger]]:
    """Return the loggers that the recipe asks for, closed at the end."""
    from neutnn_pl.tracking import loggers

    return loggers(cli.run_options.wandb, run_dir, cli.plain())


def apply(verb: str, args: list[str]) -> int:
    """Validate, test or predict with a checkpoint of a run."""
    from neutnn_pl.callbacks import KMeansBaseline
    from neutnn_pl.flow import checkpoint_of, stopped_by_ctrl_c
    from neutnn_pl.modules import NeuTNN
    from neutnn_pl.strategies import torchrun

    cli = recipe(of_run(args))
    run_dir = Path(cli.run_options.dir or Path("runs") / cli.recipe)
    model = NeuTNN.from_checkpoint(cli.config.ckpt_path or checkpoint_of(run_dir))
    trainer = cli.make_trainer(
        logger=False, callbacks=[KMeansBaseline()], enable_checkpointing=False
    )
    data = cli.datamodule
    if verb == "predict":
        import torch

        with stopped_by_ctrl_c(trainer):
            batches = trainer.predict(model, datamodule=data, weights_only=True) or []
        if torchrun.follows():
            return 0
        for answer in torch.cat([torch.as_tensor(b) for b in batches]).tolist():
            print(answer)
        return 0
    score = trainer.test if verb == "test" else trainer.validate
    with stopped_by_ctrl_c(trainer):
        (scores,) = score(model, datamodule=data, verbose=False, weights_only=True)
    for name, value in ({} if torchrun.follows() else scores).items():
        print(f"{name:24} {value:.4f}")
    return 0


def explore(args: list[str]) -> int:
    """Search designs; print the Pareto front."""
    quiet()
    from neutnn_pl.explore.command import main

    return main(args)


def _print_scores(metrics: dict[str, Any], run_dir: Path) -> None:
    if "rand_after" not in metrics and "accuracy_after" not in metrics:
        print(f"  no labels to score against: 'neutnn predict {run_dir}' prints the clusters")
        return
    print(f"  {'test split':16}{'network':>10}{'k-means':>10}")
    for name in ("accuracy", "rand", "ari", "nmi", "purity", "coverage"):
        ours, base = metrics.get(f"{name}_after"), metrics.get(f"kmeans_{name}")
        if ours is not None:
            print(f"  {name:16}{ours:10.3f}" + ("" if base is None else f"{base:10.3f}"))
