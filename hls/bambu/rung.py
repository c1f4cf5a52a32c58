"""The ladder's rungs `bambu` and `bambu_netlist`: what Bambu wrote, and its netlist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hls.bambu.measure import netlist_of
from hls.bambu.run import read_result
from hls.bambu.simulate import simulate_bambu
from hls.bambu.step import CHOSEN
from hls.ckernel.generate import network_hash
from hls.ckernel.kernel import HlsKernel, hls_kernel
from hls.errors import InvalidInput
from hls.files import read_record
from hls.ir.network import FrozenNetwork
from hls.ir.outputs import Outputs
from hls.step import step_dir

BAMBU_RUNGS = ("bambu", "bambu_netlist")
Times = npt.NDArray[np.uint8]
Answer = tuple[Outputs, npt.NDArray[np.int64] | None]


def chosen_file(run_dir: Path) -> Path:
    """Return the file that says what the step `bambu` chose."""
    return step_dir(run_dir, "bambu") / CHOSEN


def why_not(run_dir: Path) -> str | None:
    """Return why there is nothing of Bambu's to run, or None."""
    path = chosen_file(run_dir)
    if not path.is_file():
        return "the step bambu has not run (neutnn flow RUN --from bambu)"
    if _chosen(run_dir).get("arch") is None:
        return "the step bambu ran without Bambu (neutnn flow RUN --from bambu)"
    return None


def bambu_answer(
    network: FrozenNetwork, run_dir: Path, rung: str, workdir: Path
) -> Callable[[Times, Times | None], Answer]:
    """Return what simulates a run's Verilog of Bambu, or its netlist.

    Args:
        network: what they compute.
        run_dir: the run's directory.
        rung: `bambu` or `bambu_netlist`.
        workdir: directory to build in.
    """

    def answer(x: Times, proximal: Times | None) -> Answer:
        directory = _directory(run_dir)
        made, netlist = netlist_of(directory)
        sources, memories = ([made.verilog], made.memories) if rung == "bambu" else (netlist, ())
        kernel = kernel_of(network, directory, made.arch)
        result = simulate_bambu(kernel, sources, memories, x, proximal, workdir=workdir)
        return result.outputs, result.cycles

    return answer


def kernel_of(network: FrozenNetwork, directory: Path, arch: str) -> HlsKernel:
    """Return the kernel that Bambu was given.

    Raises:
        InvalidInput: if the C there is not what would be written now.
    """
    kernel = hls_kernel(network, arch)
    for name, text in kernel.files.items():
        path = directory / name
        found = path.read_text(encoding="utf-8") if path.is_file() else ""
        if _without_pragmas(found) != _without_pragmas(text):
            raise InvalidInput(
                f"C that Bambu was given: {path}",
                got="another text" if found else "no file",
                expected="what is written for this network now",
                mend="Run the step bambu again",
            )
    return kernel


def bambu_hash(run_dir: Path) -> str | None:
    """Return the hash of the network that Bambu's Verilog carries."""
    made = read_result(_directory(run_dir))
    return network_hash(made.verilog.read_text(encoding="utf-8"))


def _chosen(run_dir: Path) -> dict[str, Any]:
    return read_record(chosen_file(run_dir))


def _directory(run_dir: Path) -> Path:
    return step_dir(run_dir, "bambu") / str(_chosen(run_dir).get("arch"))


def _without_pragmas(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(line for line in lines if not line.startswith("#pragma HLS interface"))
