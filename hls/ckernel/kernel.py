"""The C kernel as HLS takes it: one function of ports, in an architecture of choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hls.ckernel.arguments import Argument, Words, pack, unpack
from hls.ckernel.flat import flat_files
from hls.ckernel.generate import check_name, generate
from hls.ckernel.masks import proximal_horizon
from hls.ckernel.serial import serial_files, serves
from hls.ckernel.stream import array_arguments, stream_files
from hls.errors import InvalidInput
from hls.ir.network import NO_SPIKE, FrozenNetwork
from hls.ir.stimulus import check_proximal, check_stimulus

ARCHITECTURES = ("rolled", "bitplane", "unrolled", "pipelined", "stream")

UNROLL = "--extra-gcc-options=-mllvm -pragma-unroll-threshold=1000000"
OPTIONS = {
    "rolled": ("-Os",),
    "stream": ("-O2", UNROLL),
    "bitplane": ("-O2", UNROLL),
    "unrolled": ("-O2", UNROLL),
    "pipelined": ("-O2", UNROLL, "--pipelining={top}"),
}
"""What Bambu is told for each architecture."""


def all_ones(horizon: int) -> int:
    """Return the time of all ones that is no spike among `horizon` times."""
    return int(2 ** horizon.bit_length() - 1)


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
        largest = {
            "x": all_ones(self.network.horizon),
            "proximal": all_ones(proximal_horizon(self.network)),
        }
        return {
            a.name: pack(a, given[a.signal], largest[a.signal])
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
        layer = self.network.layers[-1]
        c, n = layer.shape[:2]
        samples = np.asarray(outputs[given[0].name]).size // given[0].length
        times = np.zeros((samples, c * n), dtype=np.uint64)
        for argument in given:
            unpack(argument, outputs[argument.name], times)
        none = NO_SPIKE if given[0].kind == "array" else all_ones(layer.output_horizon)
        y = np.where(times == none, NO_SPIKE, times).astype(np.uint8)
        return y.reshape(samples, c, n)


def hls_kernel(network: FrozenNetwork, arch: str = "rolled") -> HlsKernel:
    """Return a network as C for HLS.

    Args:
        network: any frozen network.
        arch: one of `ARCHITECTURES`.

    Raises:
        InvalidInput: for another architecture, or a name that C or the kernels use.
        Unsupported: for a network that the architecture cannot compute.
    """
    if arch not in ARCHITECTURES:
        raise InvalidInput("architecture", got=repr(arch), expected=", ".join(ARCHITECTURES))
    check_name(network)
    if arch in ("bitplane", "unrolled", "pipelined"):
        files, arguments = flat_files(network, arch)
        return HlsKernel(
            network, arch, network.name, files, arguments, _options(arch, network.name)
        )
    if arch == "stream":
        files, arguments = stream_files(network)
        return HlsKernel(
            network, arch, network.name, files, arguments, _options(arch, network.name)
        )
    if serves(network):
        files, arguments = serial_files(network)
        return HlsKernel(
            network, arch, network.name, files, arguments, _options(arch, network.name)
        )
    name, texts = network.name, generate(network)
    files = {key: texts[key] for key in (f"{name}.h", f"{name}.c")}
    return HlsKernel(
        network, arch, name, files, array_arguments(network), _options(arch, network.name)
    )


def _options(arch: str, top: str) -> tuple[str, ...]:
    return tuple(option.format(top=top) for option in OPTIONS[arch])
