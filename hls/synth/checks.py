"""What a synthesis must not leave: latches, unmapped cells, nets without exactly one driver."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from hls.errors import StepFailed
from hls.synth.liberty import Library
from hls.synth.netlist import Netlist


def check_rtl(work: Path, top: str, log: Path) -> None:
    """Fail on latches, and on nets of the RTL without a driver or with several."""
    latches = (work / "latches.txt").read_text(encoding="utf-8").split()
    if latches:
        raise StepFailed(
            f"synthesis of {top}",
            got=f"latches inferred for {', '.join(sorted(latches))}",
            expected="flip-flops and gates only",
            mend=f"Assign the signal in every branch. The whole log: {log}",
        )
    text = (work / "check.txt").read_text(encoding="utf-8")
    _one_driver(top, re.findall(r"Warning: (.*)", text), log)


def _one_driver(top: str, problems: list[str], log: Path) -> None:
    if problems:
        raise StepFailed(
            f"synthesis of {top}",
            got="; ".join(problems[:5]) + (" ..." if len(problems) > 5 else ""),
            expected="exactly one driver for every net that is used, and no loops",
            mend=f"Mend the RTL. The whole log: {log}",
        )


def check_netlist(netlist: Netlist, library: Library, log: Path) -> None:
    """Fail on cells that are not in the library and on nets without exactly one driver."""
    strange = sorted({i.cell for i in netlist.instances if i.cell not in library})
    if strange:
        raise StepFailed(
            f"synthesis of {netlist.top}",
            got=f"cells that are not in the library: {', '.join(strange[:5])}",
            expected="library cells only",
            mend=f"The whole log: {log}",
        )
    drivers = Counter(n for p in netlist.ports if p.direction == "input" for n in p.nets)
    used = {n for p in netlist.ports if p.direction == "output" for n in p.nets}
    for instance in netlist.instances:
        pins = library[instance.cell].pins
        for pin, net in instance.pins.items():
            if pin in pins and pins[pin].direction == "output":
                drivers[net] += 1
            else:
                used.add(net)
    names = netlist.names
    problems = [f"{names.get(n, n)} has {drivers[n]} drivers" for n in drivers if drivers[n] > 1]
    problems += [f"{names[n]} has no driver" for n in used if n in names and not drivers[n]]
    _one_driver(netlist.top, problems, log)
