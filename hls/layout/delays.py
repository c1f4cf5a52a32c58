"""Gate-level simulation with the delays of the layout, for the glitches in its power.

Delay model: of each cell, from every input to every output, for rise and fall, as the SDF of the
routed layout has it (wire loads and slews included; conditions on side inputs folded into the
longest); a pulse shorter than the delay of a gate is swallowed (inertial). The delays of the wires
themselves are left out, and so are setup and hold checks: static timing does these.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from hls.errors import InvalidInput
from hls.files import write_text

DELAY_MODEL = (
    "simulation of the routed netlist with the SDF's cell delays (longest over side inputs, "
    "inertial, no wire delays), glitches included"
)

Arcs = dict[tuple[str, str], tuple[float, float]]


def read_sdf(path: Path) -> tuple[dict[str, tuple[str, Arcs]], str]:
    """Return cell and delays (rise, fall) from pin to pin of each instance, and their unit.

    Raises:
        InvalidInput: if there are no delays of cells in it.
    """
    text = path.read_text(encoding="utf-8")
    unit = re.search(r"\(TIMESCALE (\S+?)\)", text)
    found: dict[str, tuple[str, Arcs]] = {}
    for part in re.split(r"^ \(CELL$", text, flags=re.M)[1:]:
        cell = re.search(r'\(CELLTYPE "(\S+)"\)', part)
        instance = re.search(r"\(INSTANCE (\S+)\)", part)
        if cell is None or instance is None:
            continue
        arcs: Arcs = defaultdict(lambda: (0.0, 0.0))
        for source, sink, rest in re.findall(
            r"\(IOPATH (?:\(\w+ (?=\S+\)))?(\w+)\)? (\w+) ((?:\(\S*\)\s*)+)", part
        ):
            values = [_largest(v) for v in re.findall(r"\((\S*?)\)", rest)]
            rise, fall = values[0], values[-1]
            before = arcs[source, sink]
            arcs[source, sink] = max(before[0], rise), max(before[1], fall)
        found[instance.group(1)] = cell.group(1), dict(arcs)
    if not found:
        raise InvalidInput(f"SDF {path}", got="no delays of cells", expected="what OpenROAD writes")
    return found, unit.group(1) if unit else "1ns"


def _largest(triple: str) -> float:
    values = [float(v) for v in triple.split(":") if v]
    return max(values, default=0.0)


def with_delays(netlist_v: Path, models: Path, sdf: Path, out: Path) -> list[Path]:
    """Write netlist, models and SDF that Icarus takes with its `-gspecify`; return the sources.

    Args:
        netlist_v: routed netlist.
        models: its cells, without delays.
        sdf: the layout's delays.
        out: directory for `delayed.v`, `delayed_cells.v` and `delayed.sdf`.

    Raises:
        InvalidInput: if the SDF has no delays.
    """
    instances, unit = read_sdf(sdf)
    to_ns = 0.001 if unit.endswith("ps") else 1.0  # Icarus takes all numbers for ns
    paths: dict[str, set[tuple[str, str]]] = defaultdict(set)
    lines = ['(DELAYFILE (SDFVERSION "3.0") (DIVIDER /) (TIMESCALE 1ns)']
    for name, (cell, arcs) in instances.items():
        if not arcs:
            continue
        paths[cell] |= set(arcs)
        delays = " ".join(
            f"(IOPATH {a} {z} ({rise * to_ns:g}) ({fall * to_ns:g}))"
            for (a, z), (rise, fall) in arcs.items()
        )
        lines.append(f'(CELL (CELLTYPE "{cell}") (INSTANCE {name}) (DELAY (ABSOLUTE {delays})))')
    write_text(out / "delayed.sdf", "\n".join([*lines, ")"]) + "\n")
    write_text(out / "delayed_cells.v", _specified(models.read_text("utf-8"), paths))
    body, end, rest = netlist_v.read_text("utf-8").rpartition("endmodule")
    task = f'  initial $sdf_annotate("{(out / "delayed.sdf").resolve()}");\n'
    write_text(out / "delayed.v", f"`timescale 1ns/1ps\n{body}{task}{end}{rest}")
    return [out / "delayed.v", out / "delayed_cells.v"]


def _specified(text: str, paths: dict[str, set[tuple[str, str]]]) -> str:
    """Return models with a path from each input to each output that the SDF has delays for."""
    parts = re.split(r"(?<=^endmodule\n)", text, flags=re.M)
    done = ["`timescale 1ns/1ps\n"]
    for part in parts:
        name = re.search(r"^module \\?(\S+?)\s*\(", part, re.M)
        if name and name.group(1) in paths:
            block = "".join(
                f"    ({a} => {z}) = (0, 0);\n" for a, z in sorted(paths[name.group(1)])
            )
            block = f"  specify\n{block}  endspecify\nendmodule\n"
            part = part.rpartition("endmodule")[0] + block
        done.append(part)
    return "".join(done)
