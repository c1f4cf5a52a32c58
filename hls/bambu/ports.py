"""The ports of Verilog that Bambu wrote, or of its netlist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hls.bambu.axi import SIGNALS, prefix
from hls.ckernel.kernel import Argument, HlsKernel
from hls.errors import Unsupported


@dataclass(frozen=True)
class Channel:
    """One port of a memory: address, enables and data.

    Attributes:
        number: its number in the names of its signals.
        reads: whether it has data to read.
        writes: whether it can write.
    """

    number: int
    reads: bool
    writes: bool


@dataclass(frozen=True)
class ArgumentPorts:
    """How an argument comes in or goes out.

    Attributes:
        argument: the argument.
        channels: memory ports of an array; none for a scalar.
        signal: port of a scalar, or of an array's address (AXI); empty where nothing reads it.
        valid: port that is 1 while a scalar output holds; empty for an input or what is returned.
        axi: whether an array has an AXI4 master instead of memory ports.
    """

    argument: Argument
    channels: tuple[Channel, ...] = ()
    signal: str = ""
    valid: str = ""
    axi: bool = False


def read_ports(verilog: Path, top: str) -> dict[str, tuple[str, int]]:
    """Return direction (`input` or `output`) and width of every port of a module, by name."""
    text = verilog.read_text(encoding="utf-8", errors="replace")
    module = re.search(rf"^module \\?{re.escape(top)}\s*\(.*?^endmodule", text, re.M | re.S)
    found: dict[str, tuple[str, int]] = {}
    for direction, high, low, names in re.findall(
        r"^\s*(input|output)\s+(?:reg\s+|wire\s+)?(?:\[\s*(\d+)\s*:\s*(\d+)\s*\])?\s*([\w, ]+);",
        module.group(0) if module else "",
        re.M,
    ):
        width = abs(int(high) - int(low)) + 1 if high else 1
        found |= {name.strip(): (direction, width) for name in names.split(",")}
    return found


def ports_of(kernel: HlsKernel, ports: dict[str, tuple[str, int]]) -> list[ArgumentPorts]:
    """Return how each argument is connected.

    Args:
        kernel: the C.
        ports: those of the module.

    Raises:
        Unsupported: for ports that our simulation has no model of.
    """
    wanted = ["clock", "reset", "start_port", "done_port"]
    masters = [a for a in kernel.arguments if f"{prefix(a)}arvalid" in ports]
    wanted += [f"{prefix(a)}{signal}" for a in masters for signal in SIGNALS]
    ours = tuple(prefix(a) for a in masters)
    strange = [f"no port {name}" for name in wanted if name not in ports]
    strange += [f"port {n}" for n in ports if n.startswith("m_axi_") and not n.startswith(ours)]
    if strange:
        raise Unsupported(
            "simulation of Bambu's Verilog",
            got=strange[0],
            expected="plain ports, memory ports, or an AXI4 master for an array",
            mend="Bambu's own co-simulation may know it; the ladder needs interface 'ports'",
        )
    return [_ports_of(argument, ports) for argument in kernel.arguments]


def _ports_of(argument: Argument, ports: dict[str, tuple[str, int]]) -> ArgumentPorts:
    name = argument.name
    if f"{prefix(argument)}arvalid" in ports:
        return ArgumentPorts(argument, signal=name if name in ports else "", axi=True)
    if argument.kind == "array":
        channels = tuple(
            Channel(i, f"{name}_q{i}" in ports, f"{name}_we{i}" in ports)
            for i in range(8)
            if f"{name}_address{i}" in ports or f"{name}_ce{i}" in ports
        )
        return ArgumentPorts(argument, channels)
    if argument.direction == "return":
        return ArgumentPorts(argument, signal="return_port")
    valid = f"{name}_vld" if f"{name}_vld" in ports else ""
    return ArgumentPorts(argument, signal=name if name in ports else "", valid=valid)
