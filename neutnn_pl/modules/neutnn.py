"""The LightningModule: any network, learning online."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import lightning as L
import torch
from torch import Tensor

from hls.errors import InvalidInput
from hls.ir import FrozenNetwork
from neutnn_pl.metrics import ClusterMetrics
from neutnn_pl.nn import STDP, Network

KERNELS = ("auto", "reference")
_CONFIG = "neutnn"
_FORMAT = 1


class _Chunks(torch.optim.Optimizer):
    """Counts chunks, so that `trainer.global_step` moves and checkpoints and limits work."""

    def __init__(self) -> None:
        super().__init__([torch.zeros(1)], {})

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Do nothing: the weights are learnt by STDP."""


class NeuTNN(L.LightningModule):
    """A network that learns online by STDP in a Lightning `Trainer`.

    A batch is a chunk of the sequence of samples: the learned weights do not depend on its size.
    Batches are pairs of spike times, uint8 `[B, lines]`, and labels, int64 `[B]`; labels are used
    by the metrics only.

    Args:
        network: the network.
        learning: the learning rule.
        seed: key of every draw: initial weights, order of samples, STDP.
        kernel: what learns and infers: `auto` or `reference`.

    Raises:
        InvalidInput: for a kernel that does not exist.
    """

    def __init__(
        self,
        network: Network,
        learning: STDP | None = None,
        seed: int = 0,
        kernel: str = "auto",
    ) -> None:
        super().__init__()
        if kernel not in KERNELS:
            raise InvalidInput("kernel", got=repr(kernel), expected=f"one of {', '.join(KERNELS)}")
        self.automatic_optimization = False
        self.network = network
        self.learning = learning or STDP()
        self.seed = seed
        self.kernel = kernel
        self.network.reset(seed)
        # Epochs begun and samples learnt in the current one: where a resumed run goes on.
        self.register_buffer("epochs", torch.zeros((), dtype=torch.int64))
        self.register_buffer("position", torch.zeros((), dtype=torch.int64))
        self.val_scores = ClusterMetrics(prefix="val/")
        self.test_scores = ClusterMetrics(prefix="test/")
        self.example_input_array = None

    epochs: Tensor
    position: Tensor

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return a counter of chunks; there is no gradient anywhere."""
        return _Chunks()

    def forward(self, x: Tensor) -> Tensor:
        """Return spike times without learning, uint8 `[B, C, N]`, from uint8 `[B, lines]`."""
        return self.network(x)

    def setup(self, stage: str) -> None:
        """Check the network against the data."""
        data = getattr(self.trainer, "datamodule", None)
        classes = getattr(data, "classes", None)
        neurons = self.network.columns[-1].weights.shape[1]
        if isinstance(classes, int) and classes > neurons:
            raise InvalidInput(
                "more classes than neurons",
                got=f"{classes} classes in the data, {neurons} neurons in a column",
                expected=f"at least {classes} neurons",
                mend=f"Set --model.neurons {classes}",
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

    def _next_epoch(self) -> None:
        self.epochs += 1
        self.position.zero_()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Learn one chunk of samples, in order."""
        x, _ = batch
        y = self.network.learn(x, self.learning, self.seed)
        self.position += len(x)
        optimizer = self.optimizers()
        assert not isinstance(optimizer, list)
        optimizer.step()
        fired = self.network.answer(y) < y.shape[-1]
        self.log(
            "train/coverage",
            fired.float().mean(),
            on_step=False,
            on_epoch=True,
            prog_bar=True,
            batch_size=len(x),
        )

    def on_train_epoch_end(self) -> None:
        """Count the epoch; the next one starts at its first sample."""
        if self.position > 0:
            self._next_epoch()

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Score one batch of the validation split."""
        self._score("val", batch)

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Score one batch of the test split."""
        self._score("test", batch)

    def predict_step(self, batch: tuple[Tensor, Tensor] | Tensor, batch_idx: int) -> Tensor:
        """Return the cluster or class of each sample, int64 `[B]`; `N` for no spike."""
        x = batch if isinstance(batch, Tensor) else batch[0]
        return self.network.answer(self(x))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what makes the model again: plain values only."""
        checkpoint[_CONFIG] = {
            "format": _FORMAT,
            "network": self.network.config(),
            "learning": self.learning.config(),
            "seed": self.seed,
        }

    @classmethod
    def from_checkpoint(cls, path: str | Path) -> Self:
        """Return the model that a checkpoint holds, without unpickling anything.

        Args:
            path: a checkpoint file.

        Raises:
            InvalidInput: if it cannot be read, or is not one of ours.
        """
        checkpoint = read_checkpoint(Path(path))
        config = checkpoint[_CONFIG]
        model = NeuTNN(
            Network.from_config(config["network"]),
            STDP(**config["learning"]),
            config["seed"],
        )
        model.load_state_dict(checkpoint["state_dict"])
        return model  # type: ignore[return-value]

    def freeze(self, name: str = "network") -> FrozenNetwork:  # type: ignore[override]
        """Return the network in integers: below this line there is no torch.

        Args:
            name: identifier of the network, which names the C function and the Verilog module.
        """
        return self.network.freeze(name)

    def _score(self, split: str, batch: tuple[Tensor, Tensor]) -> None:
        x, label = batch
        y = self(x)
        self._metric(split).update(y, self.network.answer(y), label)

    def _metric(self, split: str) -> ClusterMetrics:
        return self.val_scores if split == "val" else self.test_scores

    def on_validation_epoch_end(self) -> None:
        """Log the validation scores."""
        self._log_scores("val")

    def on_test_epoch_end(self) -> None:
        """Log the test scores."""
        self._log_scores("test")

    def _log_scores(self, split: str) -> None:
        metric = self._metric(split)
        self.log_dict(metric.compute())
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
