"""A network of layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor, nn

from hls.ir import FrozenNetwork
from neutnn_pl import functional as F
from neutnn_pl.functional.rules import STDP, DeterministicSTDP
from neutnn_pl.kernels import check_kernel
from neutnn_pl.nn.division import Division
from neutnn_pl.nn.layer import Layer
from neutnn_pl.nn.voter import Retime, Voter


class Network(nn.Module):
    """Layers of columns, one after the other, with an optional voter on top.

    Args:
        layers: `Layer`s and `Retime`s, first one first; horizons are set from `tres` upwards.
        tres: temporal resolution of the input in bits; input times are `0 .. 2**tres - 1`.
        voter: supervised votes of the last layer's neurons, or None.

    Attributes:
        columns: the layers of columns, first one first.
        division: how learning is divided over processes, or None for one process.

    Raises:
        ValueError: without layers, if a horizon grows beyond 255, or if layers do not fit.
    """

    def __init__(self, *layers: Layer | Retime, tres: int = 3, voter: Voter | None = None) -> None:
        super().__init__()
        columns = [layer for layer in layers if isinstance(layer, Layer)]
        if not columns:
            raise ValueError("Network: got no layers; expected at least one nn.Layer")
        if not isinstance(layers[-1], Layer):
            raise ValueError("Network: got a Retime at the end; expected an nn.Layer after it")
        if not 0 <= tres <= 7:
            raise ValueError(f"Network: tres: got {tres}; expected 0 .. 7 bits")
        self.tres = tres
        self.layers = nn.ModuleList(layers)
        self.voter = voter
        self.columns: list[Layer] = columns
        self.division: Division | None = None
        self._check(layers)

    def _check(self, layers: Iterable[Layer | Retime]) -> None:
        """Set horizons, and check that every layer reads what there is."""
        horizon, sources = 2**self.tres, 0
        for index, layer in enumerate(layers):
            if isinstance(layer, Retime):
                horizon = layer.horizon
                continue
            layer.horizon = horizon
            horizon = layer.output_horizon
            if horizon > 255:
                raise ValueError(
                    f"Network: layer {index}: got an output horizon of {horizon}; expected at most "
                    "255. Use fewer layers, a lower tres or a lower wres, or a Retime"
                )
            if sources and int(layer.lines.max()) >= sources:
                raise ValueError(
                    f"Network: layer {index}: got an input from line {int(layer.lines.max())}; "
                    f"expected 0 .. {sources - 1}, the neurons of the layer below"
                )
            sources = layer.theta.numel()
        shape = None if self.voter is None else tuple(self.voter.votes.shape[:2])
        if shape not in (None, tuple(self.columns[-1].theta.shape)):
            raise ValueError(
                f"Network: voter: got {shape} columns and neurons; "
                f"expected {tuple(self.columns[-1].theta.shape)}, those of the last layer"
            )

    @property
    def inputs(self) -> int:
        """Number of input lines that the first layer reads."""
        return int(self.columns[0].lines.max()) + 1

    @property
    def proximal_lines(self) -> int:
        """Number of proximal input lines that some layer reads."""
        with_proximal = [layer for layer in self.columns if layer.proximal != "none"]
        return max((int(layer.proximal_lines.max()) + 1 for layer in with_proximal), default=0)

    @property
    def classes(self) -> int:
        """Number of answers: the voter's classes, or the neurons of the last layer's columns."""
        return int(self.voter.votes.shape[2] if self.voter else self.columns[-1].theta.shape[1])

    @property
    def synapses(self) -> int:
        """Number of unpruned synapses, weights of 0 included; votes are counted apart."""
        return sum(layer.synapses for layer in self.columns)

    def use_kernel(self, kernel: str) -> None:
        """Choose what infers and learns in every layer and the voter.

        Args:
            kernel: `auto`, `reference`, `numba` or `triton`.

        Raises:
            InvalidInput: for another name.
        """
        check_kernel(kernel)
        for layer in self.columns:
            layer.kernel = kernel
        if self.voter is not None:
            self.voter.kernel = kernel

    def reset(self, seed: int) -> None:
        """Draw fresh weights for every layer, and forget all votes."""
        for index, layer in enumerate(self.columns):
            layer.reset(seed, index)
        if self.voter is not None:
            self.voter.reset()

    def forward(self, x: Tensor, proximal: Tensor | None = None) -> Tensor:
        """Return the last layer's spike times without learning.

        Args:
            x: uint8 `[B, lines]`, spike times in time steps, `0 .. 2**tres - 1` or 255.
            proximal: uint8 `[B, proximal lines]`, for the layers that have such inputs.

        Returns:
            uint8 `[B, C, N]`, in time steps or 255.
        """
        return self.trace(x, proximal)[-1]

    def trace(self, x: Tensor, proximal: Tensor | None = None) -> list[Tensor]:
        """Return every layer of columns' spike times, uint8 `[B, C, N]` each."""
        answers = []
        for layer in self._each():
            if isinstance(layer, Retime):
                x = layer(x)
                continue
            answers.append(layer(x, proximal))
            x = answers[-1].flatten(1)
        return answers

    def learn(
        self,
        x: Tensor,
        rule: STDP | DeterministicSTDP,
        seed: int,
        *,
        proximal: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Learn samples one after the other wherever learning is on; return the last spike times.

        Args:
            x: uint8 `[B, lines]`, spike times in time steps; the samples in the order to learn.
            rule: the learning rule.
            seed: key of the draws.
            proximal: as in `forward`.
            labels: int64 `[B]`, for the voter and for a rule with reward.

        Returns:
            uint8 `[B, C, N]`, of the last layer of columns.
        """
        index = 0
        for layer in self._each():
            if isinstance(layer, Retime):
                x = layer(x)
                continue
            sides: dict[str, Any] = {"proximal": proximal, "labels": labels}
            if self.division is None:
                y = layer.learn(x, rule, seed=seed, index=index, **sides)
            else:
                y = self.division.learn(layer, x, rule, seed=seed, index=index, **sides)
            x, index = y.flatten(1), index + 1
        if self.voter is not None and labels is not None:
            self.voter.learn(y, labels, seed)
        return y

    def answer(self, y: Tensor) -> Tensor:
        """Return the class or cluster of each sample, int64 `[B]`.

        Without a voter `N` stands for no spike at all.
        """
        return self.voter(y) if self.voter is not None else F.answer(F.tally(y))

    def freeze(self, name: str = "network", rule: STDP | None = None) -> FrozenNetwork:
        """Return the network in integers, for hardware.

        Args:
            name: identifier of the network; other characters become `_`.
            rule: the learning rule, for hardware that goes on learning.
        """
        from neutnn_pl.nn.freeze import freeze

        return freeze(self, name, rule)

    @classmethod
    def from_frozen(cls, frozen: FrozenNetwork) -> Network:
        """Return a network with the weights, masks, thresholds and votes of a frozen one."""
        from neutnn_pl.nn.freeze import thaw

        return thaw(frozen)

    def config(self) -> dict[str, Any]:
        """Return plain values from which `from_config` makes an equal, untrained network."""
        layers = []
        for layer in self._each():
            if isinstance(layer, Retime):
                layers.append({"kind": "retime", "horizon": layer.horizon, "late": layer.late})
            else:
                layers.append({"kind": "columns", **layer.config()})
        voter = None if self.voter is None else self.voter.config()
        return {"tres": self.tres, "layers": layers, "voter": voter}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Network:
        """Make the network that `config` describes."""
        layers: list[Layer | Retime] = []
        for settings in config["layers"]:
            rest = {key: value for key, value in settings.items() if key != "kind"}
            retime = settings["kind"] == "retime"
            layers.append(Retime(**rest) if retime else Layer.from_config(rest))
        voter = None if config["voter"] is None else Voter(**config["voter"])
        return cls(*layers, tres=config["tres"], voter=voter)

    def _each(self) -> Iterator[Layer | Retime]:
        for layer in self.layers:
            assert isinstance(layer, Layer | Retime)
            yield layer
