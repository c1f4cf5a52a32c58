"""Whether a simulation shows that a design is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hls.errors import Mismatch, StepFailed
from hls.ir.network import FrozenNetwork
from hls.ir.outputs import Outputs, compare
from hls.sim.simulate import simulate


def caught(
    source: Path,
    network: FrozenNetwork,
    x: npt.NDArray[np.uint8],
    expected: Outputs,
    simulator: str = "icarus",
) -> bool:
    """Return whether a design gives a wrong answer, an X, hangs, or does not compile.

    In Icarus it starts from X without a reset, and every sample comes after one that was left in
    its middle, by reset or by the next start in turn.

    Args:
        source: Verilog of the design.
        network: what it should compute.
        x: spike times, uint8 `[B, inputs]`.
        expected: the right answers.
        simulator: `icarus` or `verilator`.
    """
    workdir = source.parent / "sim"
    hard: dict[str, Any] = {"reset": False, "disturb": True} if simulator == "icarus" else {}
    try:
        for how in ({}, hard) if hard else ({},):
            found = simulate(
                [source], network.name, network, x, simulator=simulator, workdir=workdir, **how
            )
            compare(simulator, expected, found.outputs)
    except (Mismatch, StepFailed):
        return True
    return False
