"""A flat gate netlist as Yosys writes it to JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hls.errors import InvalidInput

Net = int | str
"""A net: an integer, or the constant `0`, `1` or `x`."""


@dataclass(frozen=True)
class Instance:
    """A cell of the netlist.

    Attributes:
        name: instance name.
        cell: name of its library cell.
        pins: net at each connected pin.
    """

    name: str
    cell: str
    pins: dict[str, Net]


@dataclass(frozen=True)
class Port:
    """A port of the top module.

    Attributes:
        name: its name.
        direction: `input`, `output` or `inout`.
        nets: one net per bit, lowest index first.
        vector: whether it is declared with a range.
        offset: lowest index of the range.
    """

    name: str
    direction: str
    nets: tuple[Net, ...]
    vector: bool = False
    offset: int = 0

    def bits(self) -> list[tuple[str, Net]]:
        """Return the name of every bit (`x[3]`, or `clk` for a scalar) and its net."""
        if not self.vector:
            return [(self.name, self.nets[0])]
        return [(f"{self.name}[{i + self.offset}]", net) for i, net in enumerate(self.nets)]


@dataclass(frozen=True)
class Netlist:
    """A flat netlist of library cells.

    Attributes:
        top: name of the module.
        ports: its ports, in order.
        instances: its cells, in name order.
        aliases: every name of a net in the module, with its bit: `(name, index) -> net`; scalars
            have index 0.
    """

    top: str
    ports: tuple[Port, ...]
    instances: tuple[Instance, ...]
    aliases: dict[tuple[str, int], Net]

    @cached_property
    def names(self) -> dict[Net, str]:
        """One name per net: a port bit where there is one, else a name of the design, else any."""
        chosen: dict[Net, tuple[tuple[bool, int, str], str]] = {}
        widths = Counter(name for name, _ in self.aliases)
        for (name, index), net in self.aliases.items():
            text = f"{name}[{index}]" if widths[name] > 1 else name
            rank = (name.startswith("_"), len(text), text)
            if net not in chosen or rank < chosen[net][0]:
                chosen[net] = (rank, text)
        names: dict[Net, str] = {
            net: text for net, (_, text) in chosen.items() if isinstance(net, int)
        }
        for port in reversed(self.ports):
            names |= {net: text for text, net in port.bits() if isinstance(net, int)}
        return names

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of instances of each cell, in name order."""
        return dict(sorted(Counter(i.cell for i in self.instances).items()))


def read_netlist(path: Path, top: str | None = None) -> Netlist:
    """Read a flat netlist from the JSON that Yosys writes.

    Args:
        path: the JSON file.
        top: name of the module; the only one in the file if not given.

    Raises:
        InvalidInput: if it is not such a file.
    """
    try:
        modules = json.loads(path.read_text(encoding="utf-8"))["modules"]
        flat = {n: m for n, m in modules.items() if "blackbox" not in m.get("attributes", {})}
        top = top or next(iter(flat))
        module = flat[top]
        ports = tuple(_port(name, port) for name, port in module["ports"].items())
        instances = tuple(
            Instance(name, cell["type"], {p: b[0] for p, b in cell["connections"].items() if b})
            for name, cell in sorted(module["cells"].items())
        )
        aliases: dict[tuple[str, int], Net] = {}
        for name, net in module["netnames"].items():
            for index, bit in enumerate(net["bits"]):
                aliases[name, index + net.get("offset", 0)] = bit
    except (OSError, KeyError, ValueError, StopIteration, TypeError) as error:
        raise InvalidInput(
            f"netlist {path}",
            got=f"{type(error).__name__}: {error}",
            expected="a flat netlist in the JSON that Yosys writes",
            mend="Run the synthesis again",
        ) from error
    return Netlist(top, ports, instances, aliases)


def _port(name: str, port: dict) -> Port:
    bits = port["bits"]
    vector = len(bits) > 1 or "offset" in port or bool(port.get("upto"))
    return Port(name, port["direction"], tuple(bits), vector, port.get("offset", 0))
