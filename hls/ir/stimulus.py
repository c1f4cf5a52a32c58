"""What a network is given, checked; and the file of samples with the reference's answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput
from hls.files import atomic_path
from hls.ir.network import NO_SPIKE, FrozenLayer, FrozenNetwork
from hls.ir.outputs import Outputs

STIMULUS = "stimulus.npz"


class Stimulus(NamedTuple):
    """Samples and what the reference answers.

    Attributes:
        x: uint8 `[B, inputs]`, spike times in time steps or 255.
        proximal: uint8 `[B, proximal lines]`, levels or spike times; None is all enabled, or all
            silent.
        expected: the reference's answers.
    """

    x: npt.NDArray[np.uint8]
    proximal: npt.NDArray[np.uint8] | None
    expected: Outputs


def check_stimulus(network: FrozenNetwork, x: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return `x` as uint8 `[B, inputs]` after checking shape and times.

    Raises:
        InvalidInput: on another shape or dtype, or a time in `T .. 254`.
    """
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != network.inputs:
        raise InvalidInput(
            "spike times", got=f"shape {x.shape}", expected=f"[samples, {network.inputs}]"
        )
    if not np.issubdtype(x.dtype, np.integer):
        raise InvalidInput(
            "spike times", got=f"dtype {x.dtype}", expected="uint8", mend="Encode the data first"
        )
    _check_times("spike time", x, network.horizon, np.arange(network.inputs))
    return np.ascontiguousarray(x, dtype=np.uint8)


def check_proximal(
    network: FrozenNetwork, proximal: npt.NDArray[Any] | None, samples: int
) -> npt.NDArray[np.uint8]:
    """Return proximal inputs as uint8 `[B, proximal lines]` after checking shape and values.

    Args:
        network: what they are for.
        proximal: levels 0 or 1 (lines that enable dendrites), or spike times in time steps (lines
            of weighted synapses); None is all enabled, or all silent, which becomes 255.
        samples: `B`.

    Raises:
        InvalidInput: for some where the network has none, another shape, dtype, level or time.
    """
    if proximal is None:
        return np.full((samples, network.proximal_lines), NO_SPIKE, dtype=np.uint8)
    if network.proximal_lines == 0:
        raise InvalidInput(
            "proximal inputs",
            got=f"shape {proximal.shape}",
            expected="none: no layer of this network has any",
        )
    if proximal.shape != (samples, network.proximal_lines):
        raise InvalidInput(
            "proximal inputs",
            got=f"shape {proximal.shape}",
            expected=f"[{samples}, {network.proximal_lines}]",
        )
    if proximal.dtype != np.uint8:
        raise InvalidInput("proximal inputs", got=f"dtype {proximal.dtype}", expected="uint8")
    for layer in network.layers:
        lines = proximal_lines(layer)
        if layer.proximal == "enable":
            bad = np.argwhere(proximal[:, lines] > 1)
            if len(bad):
                sample, line = int(bad[0][0]), int(lines[bad[0][1]])
                raise InvalidInput(
                    f"proximal level of sample {sample}, line {line}",
                    got=int(proximal[sample, line]),
                    expected="0 or 1",
                )
        else:
            _check_times("proximal spike time", proximal, layer.proximal_horizon, lines)
    return np.ascontiguousarray(proximal)


def proximal_lines(layer: FrozenLayer) -> npt.NDArray[np.int32]:
    """Return the proximal lines that a layer reads, int32, in order."""
    if layer.proximal_lines is None:
        return np.zeros(0, dtype=np.int32)
    lines = np.unique(layer.proximal_lines)
    return lines[lines >= 0]


def _check_times(
    what: str, x: npt.NDArray[Any], horizon: int, lines: npt.NDArray[np.integer]
) -> None:
    chosen = x[:, lines]
    bad = np.argwhere((chosen != NO_SPIKE) & ((chosen < 0) | (chosen >= horizon)))
    if len(bad):
        sample, line = int(bad[0][0]), int(lines[bad[0][1]])
        raise InvalidInput(
            f"{what} of sample {sample}, line {line}",
            got=int(x[sample, line]),
            expected=f"0 .. {horizon - 1}, or {NO_SPIKE} for no spike",
            mend="Encode with the network's temporal resolution",
        )


def random_stimulus(
    network: FrozenNetwork, samples: int, seed: int = 0
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8] | None]:
    """Return random spike times, and proximal inputs where the network has any.

    Returns:
        uint8 `[samples, inputs]`, and uint8 `[samples, proximal lines]` or None.
    """
    random = np.random.default_rng(seed)
    x = _times(random, samples, network.inputs, network.horizon)
    if network.proximal_lines == 0:
        return x, None
    proximal = np.full((samples, network.proximal_lines), NO_SPIKE, dtype=np.uint8)
    for layer in network.layers:
        lines = proximal_lines(layer)
        if layer.proximal == "enable":
            proximal[:, lines] = random.integers(0, 2, (samples, len(lines)), dtype=np.uint8)
        elif layer.proximal == "weighted":
            proximal[:, lines] = _times(random, samples, len(lines), layer.proximal_horizon)
    return x, proximal


def _times(
    random: np.random.Generator, samples: int, lines: int, horizon: int
) -> npt.NDArray[np.uint8]:
    x = random.integers(0, horizon + 1, (samples, lines)).astype(np.uint8)
    x[x == horizon] = NO_SPIKE
    return x


def write_stimulus(
    directory: Path,
    network: FrozenNetwork,
    x: npt.NDArray[np.uint8],
    y: npt.NDArray[np.uint8],
    proximal: npt.NDArray[np.uint8] | None = None,
    answer: npt.NDArray[np.int64] | None = None,
) -> Path:
    """Write what the ladder compares against.

    Args:
        directory: the freeze step's directory.
        network: the network; its hash goes into the file.
        x: uint8 `[B, inputs]`, spike times in time steps or 255.
        y: uint8 `[B, C, N]`, the reference's spike times.
        proximal: uint8 `[B, proximal lines]`, levels or spike times, where there are any.
        answer: int64 `[B]`, the reference's classes, where there is a voter.
    """
    path = directory / STIMULUS
    arrays: dict[str, npt.NDArray[Any]] = {"x": x, "y": y, "hash": np.array(network.hash)}
    arrays |= {} if proximal is None else {"proximal": proximal}
    arrays |= {} if answer is None else {"answer": answer}
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(handle, allow_pickle=False, **arrays)
    return path


def read_stimulus(path: Path, network: FrozenNetwork) -> Stimulus:
    """Read what `write_stimulus` wrote.

    Raises:
        InvalidInput: if it is damaged, or belongs to another network.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            x, y, found = archive["x"], archive["y"], str(archive["hash"])
            proximal = archive.get("proximal")
            answer = archive.get("answer")
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InvalidInput(
            f"stimulus {path}", got=str(error), expected="arrays x, y and hash", mend="Freeze again"
        ) from error
    if found != network.hash:
        raise InvalidInput(
            "the stimulus belongs to another network",
            got=f"hash {found[:12]}...",
            expected=f"hash {network.hash[:12]}...",
            mend="Freeze again",
        )
    return Stimulus(x, proximal, Outputs(y, answer))
