"""Netlist = RTL, proved by Yosys: not for samples, but for all inputs and states.

Two proofs. Induction (`equiv_induct`): where all registers, paired by name, and all outputs have
been equal in the clocks before, they are equal in the next one, whatever the inputs. Start (`sat`,
with X as a value of its own): from registers that hold X on both sides, `rst` for a clock and then
anything, every output bit that the RTL defines is the netlist's, in the first clocks. That all
pairs of registers become equal after `rst` is not proved beyond these clocks.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from hls.errors import InvalidInput, Mismatch, StepFailed
from hls.files import write_text
from hls.synth.yosys import find_yosys, workspace
from hls.tool import run

CLOCKS = 4
"""Clocks after power-up that are proved one by one, and the longest induction tried."""


@dataclass(frozen=True)
class Proof:
    """What was proved.

    Attributes:
        proved: whether netlist and RTL are equivalent; False where the proof was not found in time.
        points: pairs of bits compared by the induction.
        unproved: those of them that are left.
        clocks: clocks after power-up in which all outputs are equal, 0 if that was not found.
        seconds: run time, in s.
        why: what is missing, empty if nothing is.
    """

    proved: bool
    points: int
    unproved: int
    clocks: int
    seconds: float
    why: str = ""


def prove(
    rtl: Path,
    netlist: Path,
    models: Path,
    top: str,
    out: Path,
    *,
    limit_s: float = 600,
    log: Path | None = None,
    tool: str = "auto",
) -> Proof:
    """Prove that a netlist is its RTL.

    Args:
        rtl: Verilog of the design.
        netlist: Verilog of library cells.
        models: Verilog models of these cells.
        top: top module of both.
        out: directory for scratch files and the log.
        limit_s: limit in s, for both proofs together.
        log: file for Yosys' output (default `out/formal.log`).
        tool: `auto`, `pyosys` or `yosys`.

    Raises:
        InvalidInput: if a file is missing or the limit is not positive.
        Mismatch: if an input sequence is found for which they differ.
        StepFailed: if Yosys fails.
    """
    for path in (rtl, netlist, models):
        if not path.is_file():
            raise InvalidInput("formal: Verilog", got=f"no file {path}", expected="a Verilog file")
    if not limit_s > 0:
        raise InvalidInput("formal: limit", got=f"{limit_s} s", expected="more than 0 s")
    log = log or out / "formal.log"
    begin = time.monotonic()
    with workspace(out) as work:
        read = _read(rtl, netlist, models, top)
        power_up = _run(read + _POWER_UP.format(clocks=CLOCKS), work, log, limit_s, tool)
        if power_up is not None and "model found for base case: FAIL" in power_up:
            raise Mismatch(
                f"formal: the netlist of {top} is not its RTL",
                got=f"an input sequence of at most {CLOCKS} clocks after which they differ",
                expected="equal outputs",
                mend=f"The sequence stands at the end of {log}",
            )
        left = limit_s - (time.monotonic() - begin)
        text = None
        if power_up is not None and left > 0:
            text = _run(read + _INDUCTION.format(clocks=CLOCKS), work, log, left, tool)
    return _proof(power_up, text, limit_s, time.monotonic() - begin)


def _read(rtl: Path, netlist: Path, models: Path, top: str) -> str:
    sides = []
    for side, files in (("gold", [rtl]), ("gate", [models, netlist])):
        names = " ".join(f'"{path.resolve()}"' for path in files)
        sides.append(
            f"read_verilog {names}\nhierarchy -top {top}\nproc\nflatten\nopt_clean\n"
            f"rename {top} {side}\ndesign -stash {side}\n"
        )
    copies = "".join(f"design -copy-from {s} -as {s} {s}\n" for s in ("gold", "gate"))
    return "".join(sides) + copies


_POWER_UP = """\
miter -equiv -flatten -make_outputs -ignore_gold_x gold gate miter
hierarchy -top miter
sat -prove trigger 0 -tempinduct -tempinduct-baseonly -maxsteps {clocks} -set-init-undef \
-set-def-inputs -set-at 1 in_rst 1 -show-ports miter
"""

_INDUCTION = """\
equiv_make gold gate equiv
hierarchy -top equiv
opt_clean
opt_merge
equiv_simple -undef
equiv_induct -undef -seq {clocks}
equiv_status
"""


def _run(script: str, work: Path, log: Path, limit_s: float, tool: str) -> str | None:
    """Return what Yosys prints, None if it takes too long."""
    write_text(work / "formal.ys", script)
    command, _ = find_yosys(tool)
    try:
        return run([*command, "formal.ys"], cwd=work, log=log, timeout=limit_s, name="Yosys")
    except StepFailed as error:
        if "no end within" in str(error):
            return None
        raise


def _proof(power_up: str | None, text: str | None, limit_s: float, seconds: float) -> Proof:
    done = "Reached maximum number of time steps" in (power_up or "")
    clocks = CLOCKS if done else 0
    found = re.search(r"Of those cells (\d+) are proven and (\d+) are unproven", text or "")
    good, left = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
    why = ""
    if power_up is None or text is None:
        why = f"no proof within {limit_s:g} s"
    elif left:
        why = f"{left} of {good + left} pairs of bits not proved by {CLOCKS} clocks of induction"
    elif not clocks or not found:
        why = "Yosys gave no verdict"
    return Proof(not why, good + left, left, clocks, round(seconds, 3), why)
