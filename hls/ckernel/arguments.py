"""Arguments of the function that HLS takes, and how spike times lie in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hls.ckernel.masks import Lines, input_lines, mask_layers, proximal_horizon
from hls.ir.network import FrozenNetwork

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Argument:
    """One argument of the top function, or what it returns.

    It holds `count` spike times (or levels) of a signal from number `first` on: an array one in
    each element; a scalar `width` bits of each, in planes: bit `b * count + i` is bit `low + b` of
    number `first + i`. A time of all ones, of its bits in all scalars, is no spike.

    Attributes:
        name: its name in C.
        kind: `array` or `scalar`.
        direction: `in`, `out` (a pointer, if scalar) or `return`.
        bits: width of its C type: 8, 16, 32 or 64.
        length: elements of an array; 1 for a scalar.
        signal: `x` (input lines), `proximal` (proximal lines) or `y` (neurons of the last layer).
        first: number of the first line or neuron in it.
        count: how many of them it holds.
        low: lowest bit of their times that it holds.
        width: how many bits of their times it holds.
    """

    name: str
    kind: str
    direction: str
    bits: int
    length: int = 1
    signal: str = "x"
    first: int = 0
    count: int = 1
    low: int = 0
    width: int = 8

    @property
    def type(self) -> str:
        """Return its C type, or the type of an element."""
        return f"uint{self.bits}_t"

    @property
    def declaration(self) -> str:
        """Return it as a parameter."""
        if self.kind == "array":
            const = "const " if self.direction == "in" else ""
            return f"{const}{self.type} {self.name}[{self.length}]"
        return f"{self.type} {'*' if self.direction == 'out' else ''}{self.name}"

    def comment(self) -> list[str]:
        """Return lines that say what it holds."""
        what = {"x": "input lines", "proximal": "proximal lines", "y": "neurons"}[self.signal]
        if self.count == 1:
            what = what[:-1]
        name = "returns" if self.direction == "return" else f"{self.name}:"
        numbers = f"{self.first} .. {self.first + self.count - 1}"
        numbers = str(self.first) if self.count == 1 else numbers
        bits = (
            f"bit {self.low}"
            if self.width == 1
            else f"bits {self.low} .. {self.low + self.width - 1}"
        )
        if self.kind == "array":
            return [f"{name} time of {what} {numbers}."]
        return [f"{name} {bits} of the times of {what} {numbers}."]


def array(name: str, direction: str, signal: str, length: int) -> Argument:
    """Return an array with one spike time (or level) in each byte."""
    return Argument(name, "array", direction, 8, length, signal, 0, length)


def signature(name: str, arguments: Sequence[Argument]) -> str:
    """Return the head of a function of these arguments."""
    given = ", ".join(a.declaration for a in arguments if a.direction != "return")
    back = next((a.type for a in arguments if a.direction == "return"), "void")
    return f"{back} {name}({given})"


def _narrow(bits: int) -> int:
    return next(size for size in (8, 16, 32, 64) if bits <= size)


def plane_inputs(network: FrozenNetwork) -> list[Argument]:
    """Return the input lines and proximal lines of a network as words of one bit of 64 lines."""
    return [
        *_planes("x", "x", input_lines(network.inputs, network.horizon)),
        *_planes("p", "proximal", input_lines(network.proximal_lines, proximal_horizon(network))),
    ]


def _planes(prefix: str, signal: str, lines: Lines) -> list[Argument]:
    found, first = [], 0
    for k, count in enumerate(lines.words):
        found += [
            Argument(
                f"{prefix}{k}_{b}", "scalar", "in", _narrow(count), 1, signal, first, count, b, 1
            )
            for b in range(lines.planes)
        ]
        first += count
    return found


def plane_outputs(network: FrozenNetwork) -> list[Argument]:
    """Return the last layer's times: what is returned if they fit, else a word a plane."""
    made = mask_layers(network)[-1].made
    total = sum(made.words) * made.planes
    if total <= 64:
        count = sum(made.words)
        return [Argument("y", "scalar", "return", _narrow(total), 1, "y", 0, count, 0, made.planes)]
    found, first = [], 0
    for c, count in enumerate(made.words):
        found += [
            Argument(f"y{c}_{b}", "scalar", "out", _narrow(count), 1, "y", first, count, b, 1)
            for b in range(made.planes)
        ]
        first += count
    return found


def pack(argument: Argument, times: npt.NDArray[np.uint8], largest: int) -> Words:
    """Return an argument's values, uint64 `[B, length]`.

    Args:
        argument: what to fill.
        times: of all lines of its signal, uint8 `[B, lines]`.
        largest: the time of all ones.
    """
    own = times[:, argument.first : argument.first + argument.count].astype(np.uint64)
    if argument.kind == "array":
        return own
    own = np.minimum(own, np.uint64(largest)) >> np.uint64(argument.low)
    words = np.zeros((len(own), 1), dtype=np.uint64)
    places = np.arange(argument.count, dtype=np.uint64)
    for b in range(argument.width):
        bit = (own >> np.uint64(b)) & np.uint64(1)
        shifted = bit << (places + np.uint64(b * argument.count))
        words |= np.bitwise_or.reduce(shifted, axis=1, keepdims=True)
    return words


def unpack(argument: Argument, words: npt.NDArray[np.generic], times: Words) -> None:
    """Put what an argument holds of the times into `times`, uint64 `[B, lines]`, of 0 at first."""
    own = np.asarray(words).astype(np.uint64).reshape(-1, argument.length)
    chosen = slice(argument.first, argument.first + argument.count)
    if argument.kind == "array":
        times[:, chosen] = own
        return
    places = np.arange(argument.count, dtype=np.uint64)
    for b in range(argument.width):
        bit = (own >> (places + np.uint64(b * argument.count))) & np.uint64(1)
        times[:, chosen] |= bit << np.uint64(argument.low + b)
