"""The LightningModule: any network, learning online."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import lightning as L
import torch
from torch import Tensor

from hls.errors import InvalidInput
from hls.ir import FrozenNetwork
from neutnn_pl.functional import NO_SPIKE
from neutnn_pl.functional.rules import rule_from
from neutnn_pl.kernels import check_kernel
from neutnn_pl.metrics import ClusterMetrics
from neutnn_pl.nn import STDP, DeterministicSTDP, Network
from neutnn_pl.strategies import ColumnParallelStrategy

PROXIMAL = ("none", "batch", "label")
_CONFIG = "neutnn"
_FORMAT = 1
Batch = tuple[Tensor, ...] | list[Tensor]


class _Chunks(torch.optim.Optimizer):
    """Counts chunks, so that `trainer.global_step` moves and checkpoints and limits work."""

    def __init__(self) -> None:
        super().__init__([torch.zeros(1)], {})

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Do nothing: the weights are learnt by STDP."""


Rule = STDP | DeterministicSTDP


class NeuTNN(L.LightningModule):
    """A network that learns online by STDP in a Lightning `Trainer`.

    A batch is a chunk of the sequence of samples: the learned weights do not depend on its size.
    Batches are spike times, uint8 `[B, lines]`, labels, int64 `[B]`, and, for `proximal="batch"`,
    proximal inputs, uint8 `[B, proximal lines]`. Labels are used by the metrics, by a voter, by
    a rule with reward and by `proximal="label"`, else by nothing.

    Args:
        network: the network.
        learning: the learning rule, or a schedule of them: rules by the epoch from which they hold.
        seed: key of every draw: initial weights, order of samples, STDP.
        kernel: what learns and infers: `auto`, `reference`, `numba` or `triton`.
        stages: greedy, layer-wise training: epochs of each layer in turn, and of the voter after
            them; null trains all of them all the time.
        proximal: what drives proximal inputs: `none`, `batch`, or `label` (in training the line of
            the label is 1, the others 0; in evaluation, and where no layer with such inputs learns,
            all are enabled).

    Raises:
        InvalidInput: for settings that do not fit.
    """

    def __init__(
        self,
        network: Network,
        learning: Rule | dict[int, Rule] | None = None,
        seed: int = 0,
        kernel: str = "auto",
        stages: list[int] | None = None,
        proximal: str = "none",
    ) -> None:
        super().__init__()
        check_kernel(kernel)
        if proximal not in PROXIMAL:
            raise InvalidInput(
                "proximal", got=repr(proximal), expected=f"one of {', '.join(PROXIMAL)}"
            )
        schedule = learning if isinstance(learning, dict) else {0: learning or STDP()}
        if 0 not in schedule:
            raise InvalidInput(
                "learning", got=f"rules from {sorted(schedule)}", expected="one from epoch 0"
            )
        trained = len(network.columns) + (network.voter is not None)
        if stages is not None and len(stages) != trained:
            raise InvalidInput(
                "stages",
                got=f"{len(stages)} of them",
                expected=f"{trained}, one for each layer of columns and for the voter",
            )
        self.automatic_optimization = False
        self.network = network
        self.schedule = schedule
        self.seed = seed
        self.kernel = kernel
        self.stages = stages
        self.proximal = proximal
        self.encoding: dict[str, Any] | None = None  # the data module's encoder, once it is fitted
        self.network.use_kernel(kernel)
        self.network.reset(seed)
        # Epochs begun and samples learnt in the current one: where a resumed run goes on.
        self.register_buffer("epochs", torch.zeros((), dtype=torch.int64))
        self.register_buffer("position", torch.zeros((), dtype=torch.int64))
        won = torch.zeros_like(network.columns[-1].theta, dtype=torch.bool)
        self.register_buffer("won", won, persistent=False)
        size = network.classes + 1
        # Counts are summed over processes only where these share the samples.
        settings: dict[str, Any] = {"clusters": size, "distributed_available_fn": self._divided}
        self.val_scores = ClusterMetrics("val/", **settings)
        self.test_scores = ClusterMetrics("test/", **settings)
        self._scored = 0  # samples of the split, in all processes
        self.example_input_array = None

    @property
    def learning(self) -> Rule:
        """The learning rule of the current epoch."""
        return self.schedule[max(e for e in self.schedule if e <= max(int(self.epochs), 0))]

    @property
    def supervised(self) -> bool:
        """Whether answers are classes, so that accuracy means something."""
        rewarded = isinstance(self.learning, STDP) and self.learning.reward
        return self.network.voter is not None or self.proximal == "label" or rewarded

    epochs: Tensor
    position: Tensor
    won: Tensor

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return a counter of chunks; there is no gradient anywhere."""
        return _Chunks()

    def forward(self, x: Tensor, proximal: Tensor | None = None) -> Tensor:
        """Return spike times without learning, uint8 `[B, C, N]`, from uint8 `[B, lines]`."""
        return self.network(x, proximal)

    def setup(self, stage: str) -> None:
        """Check the network against the data, and note how they are encoded."""
        count, strategy = self.trainer.world_size, self.trainer.strategy
        if count > 1 and not isinstance(strategy, ColumnParallelStrategy):
            raise InvalidInput(
                "trainer: strategy",
                got=f"{type(strategy).__name__} with {count} processes",
                expected="column_parallel, with which they learn the bits of one",
                mend="Set --trainer.strategy column_parallel, or --trainer.devices 1",
            )
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" or self.encoding is None:
            self.encoding = getattr(data, "encoding", None) or self.encoding
        classes = getattr(data, "classes", None)
        answers, voter = self.network.classes, self.network.voter is not None
        if isinstance(classes, int) and classes > answers:
            what = "classes of the voter" if voter else "neurons in a column"
            raise InvalidInput(
                "more classes than " + ("votes" if voter else "neurons"),
                got=f"{classes} classes in the data, {answers} {what}",
                expected=f"at least {classes} " + ("classes" if voter else "neurons"),
                mend=None if voter else f"Set --model.neurons {classes}",
            )
        lines = getattr(data, "inputs", None)
        if isinstance(lines, int) and lines < self.network.inputs:
            raise InvalidInput(
                "input lines",
                got=f"{lines} from the encoder",
                expected=f"{self.network.inputs}, the network's inputs",
                mend="Use the network's data set and encoder",
            )

    def learning_order(self, samples: int) -> tuple[int, int, int]:
        """Return where learning stands: seed, epoch, samples of it already learnt.

        Args:
            samples: number of samples of an epoch. A run that was cut after the last one has not
                seen the end of its epoch, which is made up for here.
        """
        if self.position >= samples:
            self._next_epoch()
        return self.seed, int(self.epochs), int(self.position)

    def _divided(self) -> bool:
        return self.network.division is not None

    def _next_epoch(self) -> None:
        self._choose_stage()
        self._snapshot()
        self.epochs += 1
        self.position.zero_()

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Learn one chunk of samples, in order."""
        x = batch[0]
        self._choose_stage()
        y = self._learn(batch)
        self.position += len(x)
        optimizer = self.optimizers()
        assert not isinstance(optimizer, list)
        optimizer.step()
        # Least times say who spiked at all: over bytes this is several times as fast as `any`.
        fired = y.flatten(1).amin(dim=1) != NO_SPIKE
        self.won |= y.amin(dim=0) != NO_SPIKE
        self.log(
            "train/coverage",
            fired.float().mean(),
            on_step=False,
            on_epoch=True,
            prog_bar=True,
            batch_size=len(x),
        )

    def _learn(self, batch: Batch) -> Tensor:
        """Learn samples one after the other; return their spike times, uint8 `[B, C, N]`."""
        return self.network.learn(
            batch[0],
            self.learning,
            self.seed,
            proximal=self._proximal(batch, training=True),
            labels=batch[1],
        )

    def on_train_epoch_end(self) -> None:
        """Log how many neurons won, count the epoch; the next one starts at its first sample."""
        self.log("train/winners", float(self.won.sum()))
        self.won.zero_()
        if self.position > 0:
            self._next_epoch()

    def _stage(self) -> tuple[int, int, int] | None:
        """Return the stage of this epoch, its first epoch, and its length."""
        if self.stages is None:
            return None
        first = 0
        for stage, length in enumerate(self.stages):
            if int(self.epochs) < first + length or stage == len(self.stages) - 1:
                return stage, first, length
            first += length
        return None

    def _choose_stage(self) -> None:
        """In greedy training, let only the stage's layer (or the voter) learn."""
        found = self._stage()
        if found is None:
            return
        for number, layer in enumerate(self.network.columns):
            layer.learning = number == found[0]
        if self.network.voter is not None:
            self.network.voter.learning = found[0] == len(self.network.columns)

    def _snapshot(self) -> None:
        """At the ends of the last half of the voter's epochs, add its votes to their mean."""
        voter = self.network.voter
        if voter is None or not voter.learning:
            return
        stage = self._stage()
        epoch = int(self.epochs) - (stage[1] if stage else 0)
        length = stage[2] if stage else self.trainer.max_epochs or 0
        if epoch >= length // 2:
            voter.snapshot()

    def _proximal(self, batch: Batch, training: bool) -> Tensor | None:
        if self.proximal == "batch":
            return batch[2]
        # The voter learns from what the network answers when nobody tells it the label.
        told = any(layer.learning for layer in self.network.columns if layer.proximal == "enable")
        if self.proximal == "label" and training and told:
            lines = self.network.proximal_lines
            return torch.nn.functional.one_hot(batch[1], lines).to(torch.uint8)
        return None

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch of the validation split."""
        self._score("val", batch)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch of the test split."""
        self._score("test", batch)

    def predict_step(self, batch: Batch | Tensor, batch_idx: int) -> Tensor:
        """Return the cluster or class of each sample, int64 `[B]`; `N` for no spike."""
        if isinstance(batch, Tensor):
            return self.network.answer(self(batch))
        return self.network.answer(self(batch[0], self._proximal(batch, training=False)))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what makes the model again: plain values only."""
        checkpoint[_CONFIG] = {
            "format": _FORMAT,
            "network": self.network.config(),
            "learning": {epoch: rule.config() for epoch, rule in self.schedule.items()},
            "seed": self.seed,
            "stages": self.stages,
            "proximal": self.proximal,
            "encoding": self.encoding,
        }

    @classmethod
    def from_checkpoint(cls, path: str | Path, kernel: str = "auto") -> Self:
        """Return the model that a checkpoint holds, without unpickling anything.

        Args:
            path: a checkpoint file.
            kernel: what learns and infers; not part of a checkpoint.

        Raises:
            InvalidInput: if it cannot be read, or is not one of ours.
        """
        checkpoint = read_checkpoint(Path(path))
        config = checkpoint[_CONFIG]
        if "place_cells" in config:
            from neutnn_pl.modules.place_cells import PlaceCells, PlaceColumn

            settings = config["place_cells"]
            made = PlaceColumn if "column" in settings else PlaceCells
            cells = made(**settings, kernel=kernel)
            cells.load_state_dict(checkpoint["state_dict"])
            return cells  # type: ignore[return-value]
        model = NeuTNN(
            Network.from_config(config["network"]),
            {epoch: rule_from(rule) for epoch, rule in config["learning"].items()},
            config["seed"],
            kernel,
            stages=config["stages"],
            proximal=config["proximal"],
        )
        model.load_state_dict(checkpoint["state_dict"])
        model.encoding = config.get("encoding")
        return model  # type: ignore[return-value]

    def fresh(self) -> NeuTNN:
        """Return the model as it was before its first sample."""
        network = Network.from_config(self.network.config())
        again = NeuTNN(
            network, self.schedule, self.seed, self.kernel, self.stages, proximal=self.proximal
        )
        again.encoding = self.encoding
        return again

    def freeze(  # type: ignore[override]
        self, name: str = "network", *, learning: bool = False
    ) -> FrozenNetwork:
        """Return the network in integers: below this line there is no torch.

        Args:
            name: identifier of the network, which names the C function and the Verilog module.
            learning: add the learning rule and its registers, for hardware that goes on learning.

        Raises:
            InvalidInput: if the rule to add is deterministic, for which there is no hardware.
        """
        if learning and not isinstance(self.learning, STDP):
            raise InvalidInput(
                "freeze: learning", got="a deterministic rule", expected="stochastic STDP"
            )
        rule = self.learning if learning and isinstance(self.learning, STDP) else None
        return replace(self.network.freeze(name, rule), encoder=self.encoding)

    def _score(self, split: str, batch: Batch) -> None:
        first, self._scored = self._scored, self._scored + len(batch[1])
        if self.network.division is not None:
            batch = self.network.division.samples(batch, first)
        y = self(batch[0], self._proximal(batch, training=False))
        self._metric(split).update(y, self.network.answer(y), batch[1])

    def _metric(self, split: str) -> ClusterMetrics:
        return self.val_scores if split == "val" else self.test_scores

    def on_validation_epoch_start(self) -> None:
        """Count samples from the first one."""
        self._scored = 0

    def on_test_epoch_start(self) -> None:
        """Count samples from the first one."""
        self._scored = 0

    def on_validation_epoch_end(self) -> None:
        """Log the validation scores."""
        self._log_scores("val")

    def on_test_epoch_end(self) -> None:
        """Log the test scores."""
        self._log_scores("test")

    def _log_scores(self, split: str) -> None:
        metric = self._metric(split)
        scores = metric.compute()
        if not self.supervised:
            del scores[f"{split}/accuracy"]
        self.log_dict(scores)
        self.log(f"{split}/synapses", float(self.network.synapses))
        metric.reset()


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint's content, read with `weights_only=True`.

    Raises:
        InvalidInput: if it cannot be read, or was not written by this project.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise InvalidInput(
            f"checkpoint {path}", got=str(error).splitlines()[0], expected="a whole checkpoint"
        ) from error
    except Exception as error:  # torch raises pickle.UnpicklingError, which is an Exception
        raise InvalidInput(
            f"checkpoint {path}",
            got=f"{type(error).__name__}: {str(error).splitlines()[0]}",
            expected="a checkpoint of tensors and plain values",
        ) from error
    if not isinstance(checkpoint, dict) or _CONFIG not in checkpoint:
        raise InvalidInput(
            f"checkpoint {path}", got="no NeuTNN in it", expected="one that NeuTNN wrote"
        )
    return checkpoint
