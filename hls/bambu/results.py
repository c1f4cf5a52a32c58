"""What Bambu says about what it made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hls.bambu.bench import VERDICT
from hls.errors import Mismatch, StepFailed

PATTERNS = {
    "states": r"Number of states: (\d+)",
    "control_steps": r"Number of control steps: (\d+)",
    "registers": r"Register allocation algorithm obtains an? [\w-]+ result: (\d+) registers",
    "flip_flops": r"Total number of flip-flops in function \S+: (\d+)",
    "area_estimate": r"Total estimated area: (\d+)",
    "multiplexers": r"Number of allocated multiplexers \(2-to-1 equivalent\): (\d+)",
}
"""What each function's part of the log holds; the last one of a kind counts."""


def read_metrics(output: str, results: str = "") -> dict[str, Any]:
    """Return the figures of a run, functions added up.

    Args:
        output: what Bambu printed with `-v2`.
        results: its results file (XML), which holds cycles and seconds.

    Returns:
        `states`, `control_steps`, `registers`, `flip_flops`, `area_estimate` (in the device
        library's own units), `multiplexers`, `slack_ns` (the least), `functions`, `cycles_mean`
        and `cycles_worst` (of the co-simulation), `hls_s`; what is not told is left out.
    """
    parts = _functions(output)
    found: dict[str, Any] = {"functions": len(parts)} if parts else {}
    for name, pattern in PATTERNS.items():
        values = [re.findall(pattern, part) for part in parts.values()]
        if any(values):
            found[name] = sum(int(each[-1]) for each in values if each)
    slacks = re.findall(r"Minimum slack: (-?[\d.]+(?:e-?\d+)?)", output)
    if slacks:
        found["slack_ns"] = round(min(map(float, slacks)), 4)
    runs = [int(n) for n in re.findall(r"Run \d+ execution time (\d+) cycles", output)]
    if runs:
        found |= {"cycles_mean": round(sum(runs) / len(runs), 3), "cycles_worst": max(runs)}
    elif cycles := re.search(r'CYCLES value="(\d+)"', results):
        found["cycles_mean"] = int(cycles.group(1))
    if seconds := re.search(r'HLS_execution_time value="([\d.]+)"', results):
        found["hls_s"] = round(float(seconds.group(1)), 2)
    return found


def _functions(output: str) -> dict[str, str]:
    """Return what the log says of each function, by name."""
    pattern = r"(?:Information|information|flip-flops)(?: of| for| in)? function (\w+):"
    marks = list(re.finditer(pattern, output))
    parts: dict[str, str] = {}
    ends = [*(mark.start() for mark in marks[1:]), len(output)]
    for mark, end in zip(marks, ends, strict=False):
        start = output.rfind("\n", 0, mark.start()) + 1
        parts[mark.group(1)] = parts.get(mark.group(1), "") + output[start:end]
    return parts


def check_cosimulation(output: str, directory: Path, log: Path) -> None:
    """Fail if Bambu's co-simulation did not agree with the C, or the C with the reference.

    Args:
        output: what Bambu printed.
        directory: where it ran.
        log: the log's path, for the message.

    Raises:
        Mismatch: if answers differ.
        StepFailed: if it did not come to an end.
    """
    bench = directory / "HLS_output" / "simulation" / "testbench.log"
    text = output + (bench.read_text("utf-8", "replace") if bench.is_file() else "")
    results = directory / "results.txt"
    state = results.read_text("utf-8", "replace") if results.is_file() else ""
    verdict = re.search(rf"^(\d+) of \d+ {VERDICT}$", text, re.M)
    wrong = re.findall(r"^sample \d+: not what the reference answers$", text, re.M)
    if (verdict and int(verdict.group(1))) or "Returned error code" in output:
        raise Mismatch(
            "Bambu's co-simulation does not give what the reference answers",
            got=verdict.group(0) if verdict else "an error code from the test bench",
            expected="equal answers for every sample",
            mend="\n".join([f"The whole log: {log}", *wrong[:5]]),
        )
    if re.search(r"^[AX]\b", state, re.M) or re.search(r"[|,]X", state):
        raise StepFailed(
            "Bambu's co-simulation failed",
            got="it was aborted" if re.search(r"^A\b", state, re.M) else "no end",
            expected="an answer to every sample",
            mend=f"The whole log: {log}",
        )
