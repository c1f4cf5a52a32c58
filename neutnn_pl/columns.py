"""One column of a learnt network down the hardware flow, on the samples that it saw in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from hls.errors import InvalidInput
from hls.flow import Flow
from hls.ir import (
    FrozenNetwork,
    Outputs,
    Stimulus,
    column_inputs,
    column_proximal,
    cut_column,
    load,
)  # fmt: skip
from hls.ir.stimulus import read_stimulus
from hls.step import step_dir
from neutnn_pl.nn import Network

Array = npt.NDArray[np.uint8]


def column_in_place(
    network: FrozenNetwork,
    x: Array,
    layer: int,
    column: int,
    proximal: Array | None = None,
) -> Stimulus:
    """Return what a column reads and answers inside its network.

    Args:
        network: the whole network.
        x: uint8 `[B, lines]`, spike times in time steps or 255.
        layer: number of the layer.
        column: number of the column.
        proximal: uint8 `[B, proximal lines]` of the whole network; None is all enabled, or all
            silent.

    Returns:
        Samples of the column alone, with its answers, uint8 `[B, 1, N]`.
    """
    side = None if proximal is None else torch.from_numpy(proximal)
    answers = Network.from_frozen(network).trace(torch.from_numpy(x), side)
    below = x if layer == 0 else answers[layer - 1].flatten(1).numpy()
    return Stimulus(
        column_inputs(network, below, layer, column),
        column_proximal(network, proximal, layer, column),
        Outputs(answers[layer][:, column : column + 1].numpy().copy()),
    )


def flow_of_column(
    run_dir: Path,
    layer: int,
    column: int,
    *,
    samples: int = 256,
    pdk: str = "osu018",
    stop: str | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Take one column of a run from the frozen network to layout, the ladder included.

    Args:
        run_dir: a run with `frozen/` and the test samples of its freeze step.
        layer: number of the layer.
        column: number of the column.
        samples: how many test samples the ladder compares.
        pdk: standard-cell library.
        stop: last step.

    Returns:
        The column's own run directory, `columns/LAYER-COLUMN`, and its report.

    Raises:
        InvalidInput: if the run has not been frozen, or there is no such column.
    """
    stimulus = step_dir(run_dir, "freeze") / "stimulus.npz"
    if not stimulus.is_file():
        raise InvalidInput(
            f"run {run_dir}",
            got="no frozen network with test samples",
            expected="one",
            mend="Run 'neutnn flow RUN --to freeze' first",
        )
    network = load(run_dir / "frozen")
    alone = cut_column(network, layer, column)
    whole = read_stimulus(stimulus, network)
    proximal = None if whole.proximal is None else whole.proximal[:samples]
    directory = run_dir / "columns" / f"{layer}-{column}"
    alone_samples = column_in_place(network, whole.x[:samples], layer, column, proximal)
    return directory, Flow(alone, run_dir=directory, pdk=pdk, stimulus=alone_samples).run(stop=stop)
