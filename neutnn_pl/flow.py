"""The steps above the frozen network, and the one place that joins PyTorch with hardware."""

from __future__ import annotations

import platform
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.loggers import Logger
from torch import Tensor

from datamodules import UCR
from hls.errors import InvalidInput
from hls.files import atomic_path, remove_temporary, write_json
from hls.flow import hardware_steps
from hls.ir import FrozenNetwork, Outputs, compare, load, save
from hls.ir.learning import write_lesson, write_refusal
from hls.ir.stimulus import write_stimulus
from hls.report.pictures import LABELS
from hls.step import VERSIONS, Step, StepContext, Tell, step_dir
from neutnn_pl.callbacks import KMeansBaseline, LearningCurve, Pruning, Teller
from neutnn_pl.checkpoint import CheckpointFiles, LastCheckpoint, write_checkpoint
from neutnn_pl.config import RecipeCLI
from neutnn_pl.modules import NeuTNN
from neutnn_pl.modules.neutnn import read_checkpoint
from neutnn_pl.nn import Network
from neutnn_pl.nn.freeze import identifier
from neutnn_pl.replay import asks_for_a_chip, learner_name, refusal, replay
from neutnn_pl.strategies import torchrun

CHECKPOINTS = "checkpoints"
LAST = f"{CHECKPOINTS}/last.ckpt"
PRUNED = "pruned.ckpt"
CURVE = "curve.csv"
PACKAGES = ("torch", "lightning", "numba", "numpy")
REMAKE = "Run 'neutnn fit' first"


class FitStep(Step):
    """Learns; goes on from the last checkpoint if it was interrupted."""

    id = "fit"
    keep = (CHECKPOINTS,)

    def __init__(self, cli: RecipeCLI, loggers: Iterable[Logger] = ()) -> None:
        self.cli = cli
        self.loggers = list(loggers)

    @property
    def options(self) -> dict[str, Any]:
        """What decides the learned weights."""
        found = {**self.cli.training_options(), "ckpt_path": self.cli.config.ckpt_path}
        if self.cli.pruning.while_learning():
            found["pruning"] = self.cli.pruning.options()
        return found

    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return the user's own files, and the checkpoint to start from, if one was given."""
        path = self.cli.config.ckpt_path
        return own_files(self.cli) | ({"checkpoint": Path(path)} if path else {})

    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Fit the model; return its size and the time per presentation."""
        last = context.dir / LAST
        remove_temporary(last.parent)
        start = str(last) if last.exists() else self.cli.config.ckpt_path
        torchrun.announce(context.dir, start)
        trainer = fit(self.cli, context.dir, start, self.loggers, context.tell)
        if not last.exists():  # max_epochs=0, or the checkpoint given was already at the end
            trainer.save_checkpoint(last, weights_only=False)
        write_json(context.dir / VERSIONS, versions())
        model = self.cli.model
        samples = int(model.network.columns[0].gamma)
        metrics = {
            "synapses": model.network.synapses,
            "epochs": int(model.epochs),
            "samples_learnt": samples,
        }
        return metrics, f"{describe(model)}, {int(model.epochs)} epochs, {samples} samples learnt"


def own_files(cli: RecipeCLI) -> dict[str, Path]:
    """Return the files of series that the user brought: other content, and the steps run again."""
    files = getattr(cli.datamodule, "files", None) or []
    return {f"file {number}": Path(file) for number, file in enumerate(files, start=1)}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that learn."""
    return {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def fit(
    cli: RecipeCLI,
    directory: Path,
    checkpoint: str | None,
    loggers: Iterable[Logger] = (),
    tell: Tell | None = None,
) -> L.Trainer:
    """Fit a recipe's model from a checkpoint, or from the start; return the trainer."""
    trainer = cli.make_trainer(
        logger=list(loggers) or False,
        callbacks=[
            Teller(tell),
            *cli.pruning.while_learning(),
            LearningCurve(directory / CURVE),
            LastCheckpoint(directory / CHECKPOINTS),
        ],
        plugins=[CheckpointFiles()],
    )
    with stopped_by_ctrl_c(trainer):
        trainer.fit(cli.model, datamodule=cli.datamodule, ckpt_path=checkpoint, weights_only=True)
    torchrun.part()
    return trainer


@contextmanager
def stopped_by_ctrl_c(trainer: L.Trainer) -> Iterator[None]:
    """Let Ctrl-C end a trainer's work as any other: Lightning makes it an exit code of 1."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as error:
        if not trainer.interrupted:
            raise
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from error


def follow(cli: RecipeCLI) -> None:
    """Under torchrun, in a process that does not lead: join the first process's fit, if any."""
    found = torchrun.awaited()
    if found is not None:
        fit(cli, Path(found["directory"]), found["checkpoint"])


class PruneStep(Step):
    """Prunes the fitted network and scores it before and after, beside k-means."""

    id = "prune"

    def __init__(self, cli: RecipeCLI, loggers: Iterable[Logger] = ()) -> None:
        self.cli = cli
        self.loggers = list(loggers)

    @property
    def options(self) -> dict[str, Any]:
        """Pruning's settings, and the data on which it is scored."""
        return {"pruning": self.cli.pruning.options(), "data": self.cli.training_options()["data"]}

    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return the fitted checkpoint, and the user's own files."""
        return {"checkpoint": step_dir(run_dir, "fit") / LAST, **own_files(self.cli)}

    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Prune; write the checkpoint with masks; return the scores."""
        model = NeuTNN.from_checkpoint(context.inputs["checkpoint"])
        data = self.cli.datamodule
        data.prepare_data()
        data.setup("test")
        pruning = Pruning(**self.cli.pruning.options())
        saved = read_checkpoint(context.inputs["checkpoint"]).get("callbacks", {})
        pruning.load_state_dict(saved.get("Pruning", {}))
        report = pruning.apply(model, list(data.val_dataloader()), list(data.test_dataloader()))
        if getattr(data, "classes", 2) < 2:  # no labels: only whether it answers means something
            report = replace(
                report,
                quality_before=_coverage(report.quality_before),
                quality_after=_coverage(report.quality_after),
            )
        write_pruned(context.inputs["checkpoint"], model, context.dir / PRUNED)
        quality = scores_on_test(self.cli, model, self.loggers)
        write_json(context.dir / "pruning.json", asdict(report))
        metrics = {
            "synapses_before": report.before,
            "synapses_after": report.after,
            "synapses_removed_nonzero": report.removed_nonzero,
            **{f"{name}_before": value for name, value in report.quality_before.items()},
            **{f"{name}_after": value for name, value in report.quality_after.items()},
        }
        if "rand" in report.quality_after:
            metrics |= {n.removeprefix("test/"): v for n, v in quality.items() if "kmeans" in n}
        return metrics, str(report)


def _coverage(quality: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in quality.items() if name in ("coverage", "spikes")}


class FreezeStep(Step):
    """Writes the network in integers, and the reference's answers on the whole test split."""

    id = "freeze"

    def __init__(self, cli: RecipeCLI) -> None:
        self.cli = cli

    @property
    def options(self) -> dict[str, Any]:
        """The network's name, and the data that become the stimulus."""
        found = {"name": self.name, "data": self.cli.training_options()["data"]}
        if asks_for_a_chip(self.cli.model):
            found["learning_samples"] = self.cli.hardware.learning_samples
            found["learning_update"] = self.cli.hardware.learning_update
        return found

    @property
    def name(self) -> str:
        """Name of the network: the recipe's, with its size."""
        network = self.cli.model.network
        return identifier(f"{self.cli.recipe}_{network.inputs}x{_neurons(self.cli.model)}")

    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return the checkpoints, pruned and before, and the user's own files."""
        found = {"checkpoint": step_dir(run_dir, "prune") / PRUNED, **own_files(self.cli)}
        if asks_for_a_chip(self.cli.model):
            found["learnt"] = step_dir(run_dir, "fit") / LAST
        return found

    def outputs_beside(self, run_dir: Path) -> dict[str, Path]:
        """Return `frozen/`, which stands at the top of a run for everybody to use."""
        return {"frozen": run_dir / "frozen"}

    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Freeze; write the stimulus and the expected answers."""
        model = NeuTNN.from_checkpoint(context.inputs["checkpoint"])
        frozen = model.freeze(self.name)
        save(frozen, context.run_dir / "frozen")
        x, proximal = self._samples(model)
        y = model(x, proximal)
        # The first rung: what was written computes what was trained.
        again = Network.from_frozen(load(context.run_dir / "frozen"))(x, proximal)
        compare("frozen network", Outputs(y.numpy()), Outputs(again.numpy()))
        write_stimulus(
            context.dir,
            frozen,
            x.numpy(),
            y.numpy(),
            None if proximal is None else proximal.numpy(),
            None if frozen.votes is None else model.network.answer(y).numpy(),
        )
        self._write_labels(context.dir)
        metrics = {
            "hash": frozen.hash,
            "synapses": frozen.synapses,
            "test_samples": len(x),
            "input_spikes_per_sample": float((x != 255).sum(dim=1).double().mean()),
            "output_spikes_per_sample": float((y != 255).sum(dim=(1, 2)).double().mean()),
        }
        summary = f"sha256 {frozen.hash[:12]}..., {len(x)} test samples"
        most = self.cli.hardware.learning_samples
        if "learnt" in context.inputs and most:
            summary += self._lesson(context, most)
        return metrics, summary

    def _lesson(self, context: StepContext, most: int) -> str:
        """Write the training run for a chip to repeat, or why it cannot; return a word on it."""
        trained = NeuTNN.from_checkpoint(context.inputs["learnt"])
        reason = refusal(self.cli, trained)
        if reason:
            write_refusal(context.dir, reason)
            return ""
        lesson = replay(self.cli, trained, learner_name(self.name), most)
        write_lesson(context.dir, lesson)
        return f", {len(lesson.x)} samples of training"

    def _write_labels(self, directory: Path) -> None:
        """Write the classes of time series beside the stimulus, for the picture of clusters."""
        data = self.cli.datamodule
        if isinstance(data, UCR) and data.classes > 1:
            with atomic_path(directory / LABELS) as temporary, temporary.open("wb") as handle:
                np.save(handle, data.series("test")[1], allow_pickle=False)

    def _samples(self, model: NeuTNN) -> tuple[Tensor, Tensor | None]:
        """Return the test split: spike times and, where the data drive them, proximal inputs."""
        data = self.cli.datamodule
        if model.proximal != "batch":
            return torch.from_numpy(data.test_spikes()), None
        data.prepare_data()
        data.setup("test")
        if hasattr(data, "stimulus"):  # more than the questions of a test
            x, proximal = data.stimulus()
            return x, proximal
        batches = list(data.test_dataloader())
        return torch.cat([b[0] for b in batches]), torch.cat([b[2] for b in batches])


def steps(cli: RecipeCLI, loggers: Iterable[Logger] = ()) -> list[Step]:
    """Return all steps of a flow, in order."""
    loggers = list(loggers)
    freeze = FreezeStep(cli)
    return [
        FitStep(cli, loggers),
        PruneStep(cli, loggers),
        freeze,
        *hardware_steps(freeze.name, cli.hardware, cli.layout, cli.hls),
    ]


def export(run_dir: Path) -> FrozenNetwork:
    """Write `frozen/` of a run from its newest checkpoint, without any other step.

    Args:
        run_dir: a run's directory, or a checkpoint file.

    Raises:
        InvalidInput: if there is no checkpoint.
    """
    path = checkpoint_of(run_dir)
    name = run_dir.stem if run_dir.is_dir() else run_dir.parent.stem
    frozen = NeuTNN.from_checkpoint(path).freeze(name)
    base = run_dir if run_dir.is_dir() else run_dir.parent
    save(frozen, base / "frozen")
    return frozen


def checkpoint_of(run_dir: Path) -> Path:
    """Return the newest checkpoint of a run: pruned if it has been pruned.

    Raises:
        InvalidInput: if there is none.
    """
    if run_dir.is_file():
        return run_dir
    for path in (step_dir(run_dir, "prune") / PRUNED, step_dir(run_dir, "fit") / LAST):
        if path.is_file():
            return path
    raise InvalidInput(f"run {run_dir}", got="no checkpoint", expected=LAST, mend=REMAKE)


def write_pruned(source: Path, model: NeuTNN, target: Path) -> None:
    """Write `source` with the model's weights and masks in place of its own."""
    checkpoint = read_checkpoint(source)
    checkpoint["state_dict"] = model.state_dict()
    write_checkpoint(checkpoint, target)


def scores_on_test(
    cli: RecipeCLI, model: NeuTNN, loggers: Iterable[Logger] = ()
) -> dict[str, float]:
    """Return the test split's scores of a model, k-means beside them."""
    trainer = cli.make_trainer(
        logger=list(loggers) or False,
        callbacks=[KMeansBaseline()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        strategy="auto",  # one process: its scores are those of many
        devices=1,
        num_nodes=1,
    )
    with stopped_by_ctrl_c(trainer):
        (scores,) = trainer.test(model, datamodule=cli.datamodule, verbose=False)
    return {name: float(value) for name, value in scores.items()}


def describe(model: NeuTNN) -> str:
    """Return the size of a network, such as `96x2, 192 synapses`."""
    return f"{model.network.inputs}x{_neurons(model)}, {model.network.synapses} synapses"


def _neurons(model: NeuTNN) -> int:
    weights: Tensor = model.network.columns[-1].weights
    return int(weights.shape[1])
