"""The ports of Verilog that Bambu wrote, or of its netlist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

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
        signal: port of a scalar; empty for an array, or where nothing reads the scalar.
        valid: port that is 1 while a scalar output holds; empty for an input or what is returned.
    """

    argument: Argument
    channels: tuple[Channel, ...] = ()
    signal: str = ""
    valid: str = ""


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
        Unsupported: for ports that our simulation has no model of, such as AXI.
    """
    strange = [name for name in ("clock", "reset", "start_port", "done_port") if name not in ports]
    if strange or any(name.startswith("m_axi_") for name in ports):
        raise Unsupported(
            "simulation of Bambu's Verilog",
            got=f"no port {strange[0]}" if strange else "AXI ports",
            expected="memory ports and plain ports",
            mend="Bambu's own co-simulation checks AXI; the ladder needs interface 'ports'",
        )
    return [_ports_of(argument, ports) for argument in kernel.arguments]


def _ports_of(argument: Argument, ports: dict[str, tuple[str, int]]) -> ArgumentPorts:
    name = argument.name
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
