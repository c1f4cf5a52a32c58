"""Runs a frozen network on any target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput
from hls.files import atomic_path
from hls.ir import FrozenNetwork, Outputs, check_stimulus, load


def run(source: Path, inputs: Path, outputs: Path, target: str = "reference") -> None:
    """Read spike times, run a network, write its answers.

    Args:
        source: a run's directory, or that of a frozen network.
        inputs: `.npy` file, uint8 `[B, lines]`, spike times in time steps or 255.
        outputs: `.npz` file to write: `y` uint8 `[B, C, N]`, `winner` int32 `[B, C]` (-1 for
            none), `time` uint8 `[B, C]`.
        target: `reference`, or what `hls.compile` knows.
    """
    directory = source / "frozen" if (source / "frozen").is_dir() else source
    network = load(directory)
    answers = predict(network, read_times(inputs), target)
    with atomic_path(outputs) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(handle, y=answers.y, winner=answers.winner, time=answers.time)


def read_times(path: Path) -> npt.NDArray[np.generic]:
    """Read spike times from a `.npy` file.

    Raises:
        InvalidInput: if it is not such a file.
    """
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise InvalidInput(
            f"input {path}", got=str(error), expected="a .npy file, uint8 [samples, lines]"
        ) from error


def predict(network: FrozenNetwork, x: npt.NDArray[np.generic], target: str) -> Outputs:
    """Return the answers of a network on a target, from spike times `[B, lines]`."""
    times = check_stimulus(network, x)
    if target == "reference":
        import torch

        from neutnn_pl.nn import Network

        return Outputs(Network.from_frozen(network)(torch.from_numpy(times)).numpy())
    from hls.targets import compile

    return compile(network, target=target).predict(times)
