"""A training run to repeat on a chip: the network it began with, its samples, and what they did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput
from hls.files import atomic_path, write_json
from hls.ir.network import FrozenNetwork
from hls.ir.outputs import Outputs
from hls.ir.store import load, save

LEARNING = "learning"
"""Directory of the freeze step in which all of it stands."""
_SAMPLES, _REASON, _NETWORK = "samples.npz", "skipped.json", "network"


class Lesson(NamedTuple):
    """Samples in the order of learning, and what the reference did with them.

    Attributes:
        network: what it began with: weights, rule, registers.
        x: uint8 `[B, inputs]`, spike times in time steps or 255.
        proximal: uint8 `[B, proximal lines]`, levels, or None.
        expected: answers, each with the weights before its own update.
        weights: uint8 `[B, C, N, D, S, P]`, after every sample, in weight LSB.
        whole: whether these are all samples of training, so that the last weights are those learnt.
    """

    network: FrozenNetwork
    x: npt.NDArray[np.uint8]
    proximal: npt.NDArray[np.uint8] | None
    expected: Outputs
    weights: npt.NDArray[np.uint8]
    whole: bool


def write_lesson(directory: Path, lesson: Lesson) -> Path:
    """Write a training run to repeat; return its directory.

    Args:
        directory: the freeze step's directory.
        lesson: network and samples.
    """
    base = directory / LEARNING
    base.mkdir(parents=True, exist_ok=True)
    save(lesson.network, base / _NETWORK)
    arrays: dict[str, npt.NDArray[Any]] = {"x": lesson.x, "y": lesson.expected.y}
    arrays |= {"weights": lesson.weights, "whole": np.array(lesson.whole)}
    arrays |= {"hash": np.array(lesson.network.hash)}
    arrays |= {} if lesson.proximal is None else {"proximal": lesson.proximal}
    with atomic_path(base / _SAMPLES) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(handle, allow_pickle=False, **arrays)
    return base


def write_refusal(directory: Path, reason: str) -> None:
    """Write why a training run cannot be repeated on a chip."""
    base = directory / LEARNING
    base.mkdir(parents=True, exist_ok=True)
    write_json(base / _REASON, {"skipped": reason})


def learner_of(freeze: Path) -> Path | None:
    """Return the directory of the network that learns, None where there is none."""
    path = freeze / LEARNING / _NETWORK
    return path if path.is_dir() else None


def refusal_of(freeze: Path) -> str | None:
    """Return why a training run cannot be repeated on a chip, None where nobody asked."""
    path = freeze / LEARNING / _REASON
    return str(json.loads(path.read_text("utf-8"))["skipped"]) if path.is_file() else None


def read_lesson(freeze: Path) -> Lesson:
    """Read what `write_lesson` wrote.

    Raises:
        InvalidInput: if it is damaged.
    """
    base = freeze / LEARNING
    network = load(base / _NETWORK)
    try:
        with np.load(base / _SAMPLES, allow_pickle=False) as archive:
            x, y, weights = archive["x"], archive["y"], archive["weights"]
            proximal, whole = archive.get("proximal"), bool(archive["whole"])
            found = str(archive["hash"])
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InvalidInput(
            f"samples to learn {base / _SAMPLES}",
            got=str(error),
            expected="arrays x, y, weights, whole and hash",
            mend="Freeze again",
        ) from error
    if found != network.hash:
        raise InvalidInput(
            "the samples to learn belong to another network",
            got=f"hash {found[:12]}...",
            expected=f"hash {network.hash[:12]}...",
            mend="Freeze again",
        )
    return Lesson(network, x, proximal, Outputs(y), weights, whole)
