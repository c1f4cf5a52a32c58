"""The C kernel as HLS takes it: one function of ports, in an architecture of choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hls.ckernel.generate import generate
from hls.errors import InvalidInput
from hls.ir.network import NO_SPIKE, FrozenNetwork
from hls.ir.stimulus import check_proximal, check_stimulus

ARCHITECTURES = ("rolled", "bitplane", "unrolled", "pipelined", "stream")

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Argument:
    """One argument of the top function, or what it returns.

    It holds `count` spike times (or levels) of a signal from number `first` on: an array one in
    each element, a scalar one in each `width` bits, the first one lowest.

    Attributes:
        name: its name in C.
        kind: `array` or `scalar`.
        direction: `in`, `out` or `return`.
        bits: width of its C type: 8, 16, 32 or 64.
        length: elements of an array; 1 for a scalar.
        signal: `x` (input lines), `proximal` (proximal lines) or `y` (neurons of the last layer).
        first: number of the first line or neuron in it.
        count: how many of them it holds.
        width: bits of each; all ones is no spike.
    """

    name: str
    kind: str
    direction: str
    bits: int
    length: int = 1
    signal: str = "x"
    first: int = 0
    count: int = 1
    width: int = 8

    @property
    def type(self) -> str:
        """Return its C type, or the type of an element."""
        return f"uint{self.bits}_t"


@dataclass(frozen=True)
class HlsKernel:
    """A network as C for HLS.

    Attributes:
        network: what it computes.
        arch: one of `ARCHITECTURES`.
        top: name of the top function.
        files: text of every file by name; each `.c` is to be compiled.
        arguments: the top function's, in order, what it returns last.
        options: command line options that Bambu needs for this architecture.
    """

    network: FrozenNetwork
    arch: str
    top: str
    files: dict[str, str]
    arguments: tuple[Argument, ...]
    options: tuple[str, ...] = ()

    def pack(
        self, x: npt.NDArray[np.generic], proximal: npt.NDArray[np.generic] | None = None
    ) -> dict[str, Words]:
        """Return what the arguments are given for samples, uint64 `[B, length]` by name.

        Args:
            x: spike times, uint8 `[B, inputs]`, in time steps or 255.
            proximal: levels or spike times, uint8 `[B, proximal lines]`; None is all enabled, or
                all silent.

        Raises:
            InvalidInput: on another shape or dtype, or a time out of range.
        """
        x = check_stimulus(self.network, x)
        given = {"x": x, "proximal": check_proximal(self.network, proximal, len(x))}
        return {
            a.name: _pack(a, given[a.signal][:, a.first : a.first + a.count])
            for a in self.arguments
            if a.direction == "in"
        }

    def unpack(self, outputs: Mapping[str, npt.NDArray[np.generic]]) -> npt.NDArray[np.uint8]:
        """Return the last layer's spike times, uint8 `[B, C, N]`, in time steps or 255.

        Args:
            outputs: what the output arguments (and the function) gave, integers `[B, length]` by
                name.

        Raises:
            InvalidInput: if one of them is missing.
        """
        given = [a for a in self.arguments if a.direction != "in"]
        if missing := [a.name for a in given if a.name not in outputs]:
            raise InvalidInput(
                f"outputs of {self.top}", got=sorted(outputs), expected=", ".join(missing)
            )
        y = np.concatenate([_unpack(a, outputs[a.name]) for a in given], axis=1)
        return y.reshape(len(y), *self.network.layers[-1].shape[:2])


def hls_kernel(network: FrozenNetwork, arch: str = "rolled") -> HlsKernel:
    """Return a network as C for HLS.

    Args:
        network: any frozen network.
        arch: one of `ARCHITECTURES`.

    Raises:
        InvalidInput: for another architecture.
        Unsupported: for a network that the architecture cannot compute.
    """
    if arch not in ARCHITECTURES:
        raise InvalidInput("architecture", got=repr(arch), expected=", ".join(ARCHITECTURES))
    if arch != "rolled":
        raise NotImplementedError(arch)
    name, outputs = network.name, int(np.prod(network.layers[-1].shape[:2]))
    sides = [_array("x", "in", "x", network.inputs)]
    if network.proximal_lines:
        sides.append(_array("proximal", "in", "proximal", network.proximal_lines))
    arguments = (*sides, _array("y", "out", "y", outputs))
    texts = generate(network)
    files = {key: texts[key] for key in (f"{name}.h", f"{name}.c")}
    return HlsKernel(network, arch, name, files, arguments)


def _array(name: str, direction: str, signal: str, length: int) -> Argument:
    return Argument(name, "array", direction, 8, length, signal, 0, length)


def _pack(argument: Argument, values: npt.NDArray[np.uint8]) -> Words:
    if argument.kind == "array":
        return values.astype(np.uint64)
    top = np.uint64(2**argument.width - 1)
    fields = np.minimum(values.astype(np.uint64), top)
    shifts = np.arange(argument.count, dtype=np.uint64) * np.uint64(argument.width)
    return np.bitwise_or.reduce(fields << shifts, axis=1, keepdims=True)


def _unpack(argument: Argument, words: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    words = np.asarray(words).astype(np.uint64).reshape(-1, argument.length)
    if argument.kind == "array":
        return words.astype(np.uint8)
    top = np.uint64(2**argument.width - 1)
    shifts = np.arange(argument.count, dtype=np.uint64) * np.uint64(argument.width)
    fields = (words >> shifts) & top
    return np.where(fields == top, NO_SPIKE, fields).astype(np.uint8)
