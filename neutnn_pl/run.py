"""Runs a frozen network on any target."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput, Unsupported
from hls.files import atomic_path
from hls.ir import FrozenNetwork, Outputs, check_proximal, check_stimulus, load

Array = npt.NDArray[np.generic]


def run(source: Path, inputs: Path, outputs: Path, target: str = "reference") -> None:
    """Read spike times, run a network, write all that the target gives.

    Args:
        source: a run's directory, or that of a frozen network.
        inputs: `.npy` file, uint8 `[B, lines]`, spike times in time steps or 255, or float
            `[B, L]`, series for the encoder that the network holds; or `.npz` file with these as
            `x`, and `proximal`, uint8 `[B, proximal lines]`: levels or spike times.
        outputs: `.npz` file to write: `y` uint8 `[B, C, N]`, `winner` int32 `[B, C]` (-1 for
            none), `time` uint8 `[B, C]`; `layer0`, `layer1`, ... uint8 `[B, C, N]`, the spike
            times of every layer; with a voter, `answer` int64 `[B]`.
        target: a kernel (`reference`, `numba`, `triton`), or what `hls.compile` knows.
    """
    directory = source / "frozen" if (source / "frozen").is_dir() else source
    network = load(directory)
    x, proximal = read_inputs(inputs)
    layers = predict(network, encoded(network, x), target, proximal)
    last = layers[len(network.layers) - 1]
    found: dict[str, Array] = {f"layer{number}": layer.y for number, layer in layers.items()}
    if network.votes is not None:
        found["answer"] = elect(network, last.y) if last.answer is None else last.answer
    with atomic_path(outputs) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(
            handle, allow_pickle=False, y=last.y, winner=last.winner, time=last.time, **found
        )


def read_inputs(path: Path) -> tuple[Array, Array | None]:
    """Read spike times, and proximal inputs where there are any.

    Raises:
        InvalidInput: if it is not such a file.
    """
    try:
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return content, None
        with content:
            arrays = {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidInput(
            f"input {path}", got=str(error), expected="a .npy file, uint8 [samples, lines]"
        ) from error
    if "x" not in arrays or not set(arrays) <= {"x", "proximal"}:
        raise InvalidInput(
            f"input {path}",
            got=f"arrays {', '.join(sorted(arrays)) or 'none'}",
            expected="x, and proximal where the network has proximal inputs",
        )
    return arrays["x"], arrays.get("proximal")


def encoded(network: FrozenNetwork, x: Array) -> Array:
    """Return spike times as they are, and series, float `[B, L]`, as the network's encoder has it.

    Raises:
        InvalidInput: for series, if the network does not say how they are encoded.
    """
    if not np.issubdtype(x.dtype, np.floating):
        return x
    if network.encoder is None:
        raise InvalidInput(
            "inputs",
            got=f"series ({x.dtype})",
            expected="uint8 spike times: this network does not say how series are encoded",
            mend="Encode them first",
        )
    from datamodules.encoders import encoder_from

    series = np.asarray(x, dtype=np.float64)
    if series.ndim != 2:
        raise InvalidInput("series", got=f"shape {series.shape}", expected="[samples, values]")
    return encoder_from(network.encoder)(series)


def predict(
    network: FrozenNetwork, x: Array, target: str = "reference", proximal: Array | None = None
) -> dict[int, Outputs]:
    """Return what every layer gives on a target, by the layer's number.

    Args:
        network: what to run.
        x: spike times in time steps or 255, `[B, lines]`.
        target: as in `run`. Simulated hardware shows its last layer only, so the layers below are
            built and simulated again as networks of their own.
        proximal: levels or spike times, `[B, proximal lines]`; None is all enabled, or all silent.

    Raises:
        InvalidInput: for inputs that do not fit the network.
        Unsupported: for a network that the target cannot build.
    """
    times = check_stimulus(network, x)
    levels = None if proximal is None else check_proximal(network, proximal, len(times))
    if target in ("reference", "numba", "triton"):
        return _trace(network, times, levels, target)
    from hls.targets import TracedNetwork, compile

    compiled = compile(network, target=target)
    if isinstance(compiled, TracedNetwork):
        return dict(enumerate(compiled.trace(times, levels)))
    last = len(network.layers) - 1
    parts = [compile(network.up_to(number + 1), target=target) for number in range(last)]
    return {n: part.predict(times, levels) for n, part in enumerate([*parts, compiled])}


def _trace(
    network: FrozenNetwork, times: Array, levels: Array | None, kernel: str
) -> dict[int, Outputs]:
    import torch

    from neutnn_pl.nn import Network

    if kernel == "triton" and not torch.cuda.is_available():
        raise Unsupported(
            "target triton",
            got="no CUDA device",
            expected="one",
            mend="Choose the target 'numba' or 'reference'",
        )
    device = "cuda" if kernel == "triton" else "cpu"
    thawed = Network.from_frozen(network).to(device)
    thawed.use_kernel(kernel)
    side = None if levels is None else torch.from_numpy(levels).to(device)
    traced = thawed.trace(torch.from_numpy(times).to(device), side)
    return {number: Outputs(y.cpu().numpy()) for number, y in enumerate(traced)}


def elect(network: FrozenNetwork, y: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the class that a network's votes elect, int64 `[B]`, from the last spike times."""
    import torch

    from neutnn_pl import functional as F

    votes = torch.from_numpy(np.asarray(network.votes))
    return np.asarray(F.elected(F.votes(torch.from_numpy(y), votes)).numpy())
