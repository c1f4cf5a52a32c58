"""A network of layers, and its way to integers."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn

from hls.ir import FrozenLayer, FrozenNetwork
from neutnn_pl import functional as F
from neutnn_pl.nn.layer import Layer
from neutnn_pl.nn.learning import STDP


class Network(nn.Module):
    """Layers of columns, one after the other.

    Args:
        layers: the layers, first one first; their horizons are set from `tres` upwards.
        tres: temporal resolution of the input in bits; input times are `0 .. 2**tres - 1`.

    Attributes:
        columns: the layers of columns, first one first.

    Raises:
        ValueError: without layers, or if a horizon grows beyond 255.
    """

    def __init__(self, *layers: Layer, tres: int = 3) -> None:
        super().__init__()
        if not layers:
            raise ValueError("Network: got no layers; expected at least one nn.Layer")
        if not 0 <= tres <= 7:
            raise ValueError(f"Network: tres: got {tres}; expected 0 .. 7 bits")
        self.tres = tres
        self.layers = nn.ModuleList(layers)
        horizon = 2**tres
        for index, layer in enumerate(layers):
            layer.horizon = horizon
            horizon = layer.output_horizon
            if horizon > 255:
                raise ValueError(
                    f"Network: layer {index}: got an output horizon of {horizon}; expected at most "
                    "255. Use fewer layers, a lower tres or a lower wres"
                )
        self.columns: list[Layer] = list(layers)

    @property
    def inputs(self) -> int:
        """Number of input lines that the first layer reads."""
        return int(self.columns[0].lines.max()) + 1

    @property
    def synapses(self) -> int:
        """Number of unpruned synapses, weights of 0 included."""
        return sum(layer.synapses for layer in self.columns)

    def reset(self, seed: int) -> None:
        """Draw fresh weights for every layer."""
        for index, layer in enumerate(self.columns):
            layer.reset(seed, index)

    def forward(self, x: Tensor) -> Tensor:
        """Return the last layer's spike times without learning.

        Args:
            x: uint8 `[B, lines]`, spike times in time steps, `0 .. 2**tres - 1` or 255.

        Returns:
            uint8 `[B, C, N]`, in time steps or 255.
        """
        return self.trace(x)[-1]

    def trace(self, x: Tensor) -> list[Tensor]:
        """Return every layer's spike times, uint8 `[B, C, N]` each."""
        answers = []
        for layer in self.columns:
            y = layer(x)
            answers.append(y)
            x = y.flatten(1)
        return answers

    def learn(self, x: Tensor, stdp: STDP, seed: int) -> Tensor:
        """Learn samples one after the other in every layer; return the last layer's spike times.

        Args:
            x: uint8 `[B, lines]`, spike times in time steps; the samples in the order to learn.
            stdp: the learning rule.
            seed: key of the draws.

        Returns:
            uint8 `[B, C, N]`.
        """
        for index, layer in enumerate(self.columns):
            y = layer.learn(x, stdp, seed=seed, index=index)
            x = y.flatten(1)
        return y

    def answer(self, y: Tensor) -> Tensor:
        """Return the class or cluster of each sample, int64 `[B]`; `N` for no spike at all."""
        return F.answer(F.tally(y))

    def freeze(self, name: str = "network") -> FrozenNetwork:
        """Return the network in integers, for hardware.

        Args:
            name: identifier of the network; other characters become `_`.
        """
        layers = [
            FrozenLayer(
                weights=layer.weights.cpu().numpy().copy(),
                mask=layer.mask.cpu().numpy().copy(),
                theta=layer.theta.cpu().numpy().copy(),
                lines=layer.lines.cpu().numpy().copy(),
                wres=layer.wres,
                response=layer.response,
                horizon=layer.horizon,
                wta=layer.wta,
                k=layer.k,
                # A random tie acts as `potential` in evaluation.
                tie="index" if layer.tie == "index" else "potential",
            )
            for layer in self.columns
        ]
        return FrozenNetwork(identifier(name), self.inputs, self.tres, tuple(layers))

    @classmethod
    def from_frozen(cls, frozen: FrozenNetwork) -> Network:
        """Return a network with the weights, masks and thresholds of a frozen one."""
        layers = []
        for part in frozen.layers:
            c, n, d, s, p = part.shape
            layer = Layer(
                p,
                n,
                torch.from_numpy(part.theta),
                columns=c,
                dendrites=d,
                segments=s,
                wres=part.wres,
                response=part.response,
                wta=part.wta,
                k=part.k,
                tie=part.tie,
                lines=torch.from_numpy(part.lines),
            )
            layer.weights.copy_(torch.from_numpy(part.weights))
            layer.mask.copy_(torch.from_numpy(part.mask))
            layers.append(layer)
        return cls(*layers, tres=frozen.tres)

    def config(self) -> dict[str, Any]:
        """Return plain values from which `from_config` makes an equal, untrained network."""
        return {"tres": self.tres, "layers": [layer.config() for layer in self.columns]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Network:
        """Make the network that `config` describes."""
        layers = []
        for settings in config["layers"]:
            tensors = {key: torch.tensor(settings[key]) for key in ("theta", "lines")}
            layers.append(Layer(**{**settings, **tensors}))
        return cls(*layers, tres=config["tres"])


def identifier(name: str) -> str:
    """Return `name` as a lower-case C and Verilog identifier.

    >>> identifier("ArrowHead 24x3")
    'arrowhead_24x3'
    """
    text = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "network"
    return (text if text[0].isalpha() else f"n_{text}")[:63]
