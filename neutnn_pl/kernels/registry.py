"""Which backend runs a layer."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Protocol

import torch
from torch import Tensor

from hls.errors import InvalidInput
from neutnn_pl.kernels.spec import LayerSpec, LayerState

KERNELS = ("auto", "reference", "numba", "triton")
_FAST = {"cpu": "numba", "cuda": "triton"}
_log = logging.getLogger("neutnn_pl.kernels")
_said: set[str] = set()


class Backend(Protocol):
    """What every backend offers; results are bit for bit those of `reference`."""

    def infer(
        self, x: Tensor, state: LayerState, spec: LayerSpec, xp: Tensor | None = None
    ) -> Tensor:
        """Return output spike times without learning."""

    def learn(
        self,
        x: Tensor,
        state: LayerState,
        spec: LayerSpec,
        gamma: int,
        xp: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> tuple[Tensor, LayerState]:
        """Learn samples one after the other."""

    def refuses(self, state: LayerState, spec: LayerSpec) -> str | None:
        """Return why it cannot run a layer, or None if it can."""


def check_kernel(name: str) -> str:
    """Return a kernel's name.

    Raises:
        InvalidInput: for one that there is not.
    """
    if name not in KERNELS:
        raise InvalidInput("kernel", got=repr(name), expected=f"one of {', '.join(KERNELS)}")
    return name


def backend(name: str) -> Backend:
    """Return a backend by its name, imported on first use.

    Raises:
        InvalidInput: if what it needs is not installed.
    """
    try:
        return import_module(f"neutnn_pl.kernels.{name}")  # type: ignore[return-value]
    except ImportError as error:
        raise InvalidInput(
            f"kernel {name}",
            got=f"an import that failed ({error})",
            expected=f"the package {name}",
            mend=f"pip install {name}, or choose the kernel 'auto' or 'reference'",
        ) from error


def choose(kernel: str, state: LayerState, spec: LayerSpec) -> Backend:
    """Return the backend that runs a layer.

    Args:
        kernel: `auto` takes numba on the CPU and triton on CUDA, and the reference for what they
            cannot run; any other name is taken at its word.
        state: weights, whose device counts.
        spec: the layer.

    Raises:
        InvalidInput: for a kernel that there is not, or that cannot run this layer.
    """
    if check_kernel(kernel) != "auto":
        chosen = backend(kernel)
        if (reason := chosen.refuses(state, spec)) is not None:
            raise InvalidInput(
                f"kernel {kernel}",
                got=f"a layer that it cannot run: {reason}",
                expected="one that it can",
                mend="Choose the kernel 'auto' or 'reference'",
            )
        return chosen
    name, why = _automatic(state, spec)
    say(f"kernel auto: {name} on {state.w.device.type}{why}")
    return backend(name)


def uses_numba(kernel: str, device: torch.device) -> bool:
    """Return whether votes are learnt, and fields gathered, by numba: on the CPU, unless refused.

    Elsewhere, plain PyTorch does both.
    """
    return check_kernel(kernel) in ("auto", "numba") and device.type == "cpu"


def say(message: str) -> None:
    """Log a message, each only once."""
    if message not in _said:
        _said.add(message)
        _log.info(message)


def _automatic(state: LayerState, spec: LayerSpec) -> tuple[str, str]:
    name = _FAST.get(state.w.device.type)
    if name is None:
        return "reference", ""
    try:
        reason = backend(name).refuses(state, spec)
    except InvalidInput as error:
        reason = str(error)
    return (name, "") if reason is None else ("reference", f" ({name}: {reason})")
