"""Run a frozen network on a target: compiled C, or simulated hardware."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput
from hls.files import write_text
from hls.ir.network import FrozenNetwork
from hls.ir.outputs import Outputs

if TYPE_CHECKING:
    from hls.bambu import BambuOptions
    from hls.ir.stimulus import Stimulus

TARGETS = ("c", "icarus", "verilator", "netlist", "bambu")


class CompiledNetwork(Protocol):
    """A network that answers spike times.

    Attributes:
        network: what was compiled.
    """

    network: FrozenNetwork

    def predict(
        self, x: npt.NDArray[np.generic], proximal: npt.NDArray[np.generic] | None = None
    ) -> Outputs:
        """Return the answers to samples.

        Args:
            x: spike times, uint8 `[B, inputs]`, in time steps or 255.
            proximal: levels or spike times, uint8 `[B, proximal lines]`; None is all enabled, or
                all silent.
        """
        ...


@runtime_checkable
class TracedNetwork(CompiledNetwork, Protocol):
    """A network that also gives the spike times of every layer."""

    def trace(
        self, x: npt.NDArray[np.generic], proximal: npt.NDArray[np.generic] | None = None
    ) -> list[Outputs]:
        """Return what every layer gives, the first one first; arguments as in `predict`."""
        ...


class SimulatedNetwork:
    """A network as RTL or netlist in a simulator.

    Args:
        network: what the sources compute.
        sources: Verilog files.
        simulator: `icarus` or `verilator`.
        workdir: directory for test bench, program and log; a temporary one by default.
    """

    def __init__(
        self,
        network: FrozenNetwork,
        sources: Sequence[Path],
        simulator: str,
        workdir: Path | None = None,
    ) -> None:
        self.network = network
        self.sources = list(sources)
        self.simulator = simulator
        self._temporary = None if workdir else tempfile.TemporaryDirectory(prefix="neutnn-")
        self.workdir = workdir or Path(str(self._temporary and self._temporary.name))
        self.cycles: npt.NDArray[np.int64] | None = None

    def predict(
        self, x: npt.NDArray[np.generic], proximal: npt.NDArray[np.generic] | None = None
    ) -> Outputs:
        """Return the answers as `CompiledNetwork` does; `cycles` then holds the clocks, `[B]`."""
        from hls.sim import simulate

        result = simulate(
            self.sources,
            self.network.name,
            self.network,
            x,
            proximal,
            simulator=self.simulator,
            workdir=self.workdir,
        )
        self.cycles = result.cycles
        return result.outputs


class BambuNetwork:
    """A network as Verilog that Bambu made of its C, in Verilator.

    Args:
        network: the network.
        arch: architecture of the C.
        options: what Bambu is asked for.
        workdir: directory for all that is built; a temporary one by default.
    """

    def __init__(
        self,
        network: FrozenNetwork,
        arch: str = "rolled",
        options: BambuOptions | None = None,
        workdir: Path | None = None,
    ) -> None:
        from hls.bambu import BambuOptions, c_to_verilog
        from hls.ckernel.kernel import hls_kernel

        self.network = network
        self._temporary = None if workdir else tempfile.TemporaryDirectory(prefix="neutnn-")
        self.workdir = Path(workdir or str(self._temporary and self._temporary.name))
        self.kernel = hls_kernel(network, arch)
        options = options or BambuOptions(cosimulate=False)
        stimulus = _random_samples(network)
        self.made = c_to_verilog(self.kernel, options, self.workdir / arch, stimulus)
        self.cycles: npt.NDArray[np.int64] | None = None

    def predict(
        self, x: npt.NDArray[np.generic], proximal: npt.NDArray[np.generic] | None = None
    ) -> Outputs:
        """Return the answers as `CompiledNetwork` does; `cycles` then holds the clocks, `[B]`."""
        from hls.bambu import simulate_bambu

        result = simulate_bambu(
            self.kernel,
            [self.made.verilog],
            self.made.memories,
            x,
            proximal,
            workdir=self.workdir / "simulation",
        )
        self.cycles = result.cycles
        return result.outputs


def _random_samples(network: FrozenNetwork) -> Stimulus:
    """Return a few samples with the answers of the C, for Bambu's test bench."""
    from hls.ckernel import build
    from hls.ir.stimulus import Stimulus, random_stimulus

    x, proximal = random_stimulus(network, 4)
    return Stimulus(x, proximal, build(network).predict(x, proximal))


def compile(
    network: FrozenNetwork,
    target: str = "c",
    workdir: Path | None = None,
    **options: Any,  # noqa: ANN401 - each target's own
) -> CompiledNetwork:
    """Make a network that runs on a target.

    Args:
        network: what to run.
        target: `c` (compiled by gcc, called in process), `icarus`, `verilator` (the RTL,
            simulated), `netlist` (the synthesised gates, in Icarus) or `bambu` (the Verilog that
            Bambu makes of the C, in Verilator).
        workdir: directory for what is built; for `c` the cache (`NEUTNN_CACHE`) by default, for
            the others a temporary one.
        options: for `netlist`: `sources`, a netlist and its cell models that exist already; else
            `pdk`, the library's name, and `pdk_root`, to synthesise; for `bambu`: `arch` and
            `options`, a `BambuOptions`.

    Raises:
        InvalidInput: for an unknown target.
        Unsupported: for a network that the target cannot run.
        ToolMissing: if a program is not installed.
    """
    if target not in TARGETS:
        raise InvalidInput(
            "target",
            got=repr(target),
            expected=f"one of {', '.join(TARGETS)} (or reference, numba, triton)",
        )
    if target == "c":
        from hls.ckernel import build

        return build(network, workdir=workdir, **options)
    if target == "bambu":
        return BambuNetwork(network, workdir=workdir, **options)
    simulator = "icarus" if target == "netlist" else target
    sources = options.pop("sources", None)
    simulated = SimulatedNetwork(network, sources or [], simulator, workdir)
    if sources is None:
        simulated.sources = _sources(network, simulated.workdir, target, options)
    return simulated


def _sources(
    network: FrozenNetwork, workdir: Path, target: str, options: dict[str, Any]
) -> list[Path]:
    from hls.rtl import generate

    rtl = workdir / f"{network.name}.v"
    write_text(rtl, generate(network).text)
    if target != "netlist":
        return [rtl]
    from hls.pdk import find_pdk
    from hls.synth.yosys import synthesise

    pdk = find_pdk(options.pop("pdk", "osu018"), options.pop("pdk_root", None))
    result = synthesise([rtl], network.name, pdk, workdir / "synth", **options)
    return [result.netlist, result.models]
