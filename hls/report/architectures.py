"""`neutnn compare RUN --architectures`: a network in every architecture, one table, one plot.

The rows are written as they come, and a run that was interrupted goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib.figure import Figure

from hls.bambu.options import BambuOptions
from hls.bambu.tool import BAMBU
from hls.ckernel.kernel import ARCHITECTURES
from hls.errors import InvalidInput
from hls.files import atomic_path, write_json, write_text
from hls.flow import HlsOptions
from hls.ir.outputs import Outputs
from hls.ir.stimulus import STIMULUS, Stimulus, read_stimulus
from hls.ir.store import load
from hls.pdk import find_pdk
from hls.report.rivals import RTL, Bench, Rival, measure_c, measure_rtl
from hls.report.table import number
from hls.step import step_dir

COLUMNS = (
    ("name", "architecture"),
    ("cells", "cells"),
    ("flip_flops", "flip-flops"),
    ("area_um2", "area, um^2"),
    ("memory_bits", "ROM and RAM bits in it"),
    ("input_bits", "input held outside, bits"),
    ("clocks", "clocks"),
    ("interval", "clocks between samples"),
    ("clock_ns", "clock, ns"),
    ("latency_ns", "latency, ns"),
    ("power_uw", "power, uW"),
    ("energy_pj", "energy / inference, pJ"),
    ("mismatches", "mismatches"),
)
Tell = Callable[[str], None]


def compare_architectures(
    run_dir: Path,
    names: Sequence[str] = ARCHITECTURES,
    *,
    pdk: str = "nangate45",
    clock_ns: float | None = None,
    plans_ns: Sequence[float] = (),
    samples: int | None = None,
    limit_s: float | None = None,
    hls: HlsOptions | None = None,
    tell: Tell = lambda _: None,
) -> dict[str, Any]:
    """Measure a run's network in the direct RTL and in architectures of the C.

    Writes `architectures/PDK/architectures.json`, `.md` and `.png` in the run's directory.

    Args:
        run_dir: a run with `frozen/` and its test samples.
        names: architectures.
        pdk: library.
        clock_ns: clock period that mapping aims at, in ns (default: the library's).
        plans_ns: clock periods for Bambu to plan with; of each architecture the one with the least
            latency is shown (default: one that fits library and architecture).
        samples: test samples to compare (default: all).
        limit_s: limit of a row, in s, all its tools together (default: none).
        hls: options of Bambu.
        tell: takes what is being done.

    Returns:
        What `architectures.json` holds.

    Raises:
        InvalidInput: for an unknown architecture, or a directory that is no run.
    """
    for name in names:
        if name not in ARCHITECTURES:
            raise InvalidInput("architecture", got=repr(name), expected=", ".join(ARCHITECTURES))
    bench = _bench(run_dir, pdk, clock_ns, samples, limit_s)
    out = run_dir / "architectures" / pdk
    rows: list[Rival] = []
    tell(RTL)
    rows.append(measure_rtl(bench, out / "rtl"))
    document = _write(bench, rows, out)
    for name in names:
        if BAMBU.find() is None:
            reason = f"Bambu is not installed ({BAMBU.install}, or set {BAMBU.variable})"
            rows.append(Rival(name, reason=reason))
        else:
            rows.append(
                _best(bench, name, plans_ns, hls or HlsOptions(cosimulate=False), out, tell)
            )
        document = _write(bench, rows, out)
    return document


def _bench(
    run_dir: Path,
    pdk: str,
    clock_ns: float | None,
    samples: int | None,
    limit_s: float | None,
) -> Bench:
    if not (run_dir / "frozen").is_dir():
        raise InvalidInput(
            f"no frozen network in {run_dir}",
            expected="the directory of a run",
            mend="Run 'neutnn flow' first",
        )
    network = load(run_dir / "frozen")
    whole = read_stimulus(step_dir(run_dir, "freeze") / STIMULUS, network)
    side = None if whole.proximal is None else whole.proximal[:samples]
    stimulus = Stimulus(whole.x[:samples], side, Outputs(whole.expected.y[:samples]))
    library = find_pdk(pdk)
    return Bench(network, stimulus, library, clock_ns or library.clock_ns, limit_s=limit_s)


def _best(
    bench: Bench,
    name: str,
    plans_ns: Sequence[float],
    hls: HlsOptions,
    out: Path,
    tell: Tell,
) -> Rival:
    """Return an architecture at the planned clock with which it answers soonest."""
    usual = hls.bambu(bench.pdk.name, bench.clock_ns, name)
    found = []
    for plan in plans_ns or (usual.clock_ns,):
        tell(f"{name}, planned for {plan:g} ns")
        options = BambuOptions(**{**asdict(usual), "clock_ns": plan})
        found.append(measure_c(bench, name, options, out / f"{name}-{plan:g}ns"))
    return min(found, key=lambda rival: rival.latency_ns or float("inf"))


def _write(bench: Bench, rows: list[Rival], out: Path) -> dict[str, Any]:
    document = {**bench.key, "rows": [asdict(row) for row in rows]}
    write_json(out / "architectures.json", document)
    write_text(out / "architectures.md", as_markdown(document))
    draw(rows, f"{bench.network.name}, {bench.pdk.name}", out / "architectures.png")
    return document


def as_rows(document: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return head and rows of the table, as text."""
    rows = [tuple(label for _, label in COLUMNS)]
    for row in document["rows"]:
        if row["reason"]:
            rows.append((row["name"], row["reason"]))
        else:
            rows.append(tuple(_text(row, name) for name, _ in COLUMNS))
    return rows


def _text(row: dict[str, Any], name: str) -> str:
    value = row[name]
    if name == "mismatches":
        return f"{value} in {row['samples']} samples"
    if name == "name" and row["plan_ns"]:
        return f"{value} (planned for {row['plan_ns']:g} ns)"
    return value if isinstance(value, str) else "-" if value is None else number(value)


def as_text(document: dict[str, Any]) -> str:
    """Return the table for a terminal: an architecture a column."""
    head, *rows = as_rows(document)
    full = [row for row in rows if len(row) == len(head)]
    widths = [max(len(cell) for cell in row) for row in full]
    wide = max(len(label) for label in head)
    lines = []
    for at, label in enumerate(head):
        cells = (row[at].rjust(width) for row, width in zip(full, widths, strict=True))
        lines.append("  ".join([f"  {label:{wide}}", *cells]))
    return "\n".join([*lines, *(f"  {' : '.join(row)}" for row in rows if row not in full)])


def as_markdown(document: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    head, *rows = as_rows(document)
    lines = [
        f"Library {document['pdk']}, mapped for {document['clock_ns']:g} ns; "
        f"network sha256 {document['network_sha256'][:12]}...",
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def draw(rows: Sequence[Rival], title: str, path: Path) -> None:
    """Plot area against latency, both on logarithmic axes."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for row in rows:
        if row.latency_ns is None or row.area_um2 is None:
            continue
        axes.scatter(row.latency_ns, row.area_um2, marker="s" if row.name == RTL else "o", s=40)
        axes.annotate(
            row.name, (row.latency_ns, row.area_um2), xytext=(6, 5), textcoords="offset points"
        )
    axes.set(xscale="log", yscale="log", xlabel="latency, ns", ylabel="area, um$^2$", title=title)
    axes.margins(0.2)
    axes.grid(visible=True, which="both", alpha=0.25)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None})
