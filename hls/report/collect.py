"""Collects the figures of a run from the records of its steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hls import __version__
from hls.errors import InvalidInput
from hls.files import write_json, write_text
from hls.step import VERSIONS, StepRecord, step_dir

ROWS: tuple[tuple[str, str, str, str], ...] = (
    # group, name in report.json, what people call it, step:metric (the first that there is)
    ("quality (test)", "accuracy", "accuracy", "prune:accuracy_after"),
    ("quality (test)", "accuracy_unpruned", "accuracy, unpruned", "prune:accuracy_before"),
    ("quality (test)", "rand", "Rand index", "prune:rand_after"),
    ("quality (test)", "ari", "adjusted Rand index", "prune:ari_after"),
    ("quality (test)", "nmi", "NMI", "prune:nmi_after"),
    ("quality (test)", "purity", "purity", "prune:purity_after"),
    ("quality (test)", "coverage", "coverage", "prune:coverage_after"),
    ("quality (test)", "rand_unpruned", "Rand index, unpruned", "prune:rand_before"),
    ("quality (test)", "ari_unpruned", "adjusted Rand index, unpruned", "prune:ari_before"),
    ("k-means (test)", "kmeans_rand", "Rand index", "prune:kmeans_rand"),
    ("k-means (test)", "kmeans_ari", "adjusted Rand index", "prune:kmeans_ari"),
    ("k-means (test)", "kmeans_nmi", "NMI", "prune:kmeans_nmi"),
    ("network", "synapses_before", "synapses before pruning", "prune:synapses_before"),
    ("network", "synapses", "synapses after pruning", "freeze:synapses prune:synapses_after"),
    (
        "network",
        "input_spikes_per_sample",
        "input spikes / sample",
        "freeze:input_spikes_per_sample",
    ),
    (
        "network",
        "output_spikes_per_sample",
        "output spikes / sample",
        "freeze:output_spikes_per_sample",
    ),
    ("C kernel", "lines_of_c", "lines", "ckernel:lines_of_c"),
    ("hardware", "cycles_worst", "cycles, worst", "rtl:cycles_worst"),
    ("hardware", "cycles_mean", "cycles, mean over test", "verify:cycles_mean"),
    ("hardware", "cells", "cells", "synth:cells"),
    ("hardware", "flip_flops", "flip-flops", "synth:flip_flops"),
    ("hardware", "cell_area_um2", "cell area, um^2", "synth:area_um2"),
    ("layout", "die_area_um2", "die area, um^2", "layout:die_area_um2"),
    ("layout", "utilisation_percent", "utilisation, %", "layout:utilisation_percent"),
    ("layout", "wire_length_um", "wire length, um", "layout:wire_length_um"),
    ("layout", "router_violations", "router's rule violations", "layout:router_violations"),
    ("layout", "clock_ns", "clock, ns", "layout:clock_ns"),
    ("layout", "slack_ns", "slack, ns", "layout:slack_ns"),
    ("layout", "power_uw", "power, uW", "layout:power_uw"),
    (
        "layout",
        "energy_per_inference_pj",
        "energy / inference, pJ",
        "layout:energy_per_inference_pj",
    ),
)


def collect(run_dir: Path) -> dict[str, Any]:
    """Return everything a report shows.

    Returns:
        `figures` (name to number, units in the names), `steps` (records without outputs),
        `tools` (versions by step), `ladder` (rows), `notes` (what could not be given, and why),
        `method`, `unfinished` (error by step).

    Raises:
        InvalidInput: if the directory is not a run.
    """
    directory = run_dir / "steps"
    if not directory.is_dir():
        raise InvalidInput(f"run {run_dir}", got="no steps in it", expected="a run's directory")
    every = {
        name: record
        for name in _order(run_dir)
        if (record := StepRecord.read(directory / name)) is not None
    }
    records = {name: record for name, record in every.items() if record.status == "done"}
    figures: dict[str, Any] = {}
    for _, name, _, sources in ROWS:
        for source in sources.split():
            step, _, metric = source.partition(":")
            value = records[step].metrics.get(metric) if step in records else None
            if value is not None:
                figures.setdefault(name, value)
    layout = records["layout"].metrics if "layout" in records else {}
    return {
        "project": {"name": "neutnn-pl", "version": __version__},
        "run": run_dir.name,
        "network": records["freeze"].metrics.get("hash") if "freeze" in records else None,
        "figures": figures,
        "ladder": _ladder(run_dir, layout),
        "method": {
            key: value
            for key, value in layout.items()
            if key.endswith(("_method", "_tool", "_pdk")) or key in ("tool", "pdk", "parasitics")
        },
        "notes": list(layout.get("notes", [])),
        "unfinished": {
            name: record.error or "it was cut off"
            for name, record in every.items()
            if name not in records
        },
        "tools": {name: _tools(run_dir, record) for name, record in records.items()},
        "steps": {
            name: {
                key: value
                for key, value in vars(record).items()
                if key in ("seconds", "options", "tools", "metrics", "summary", "started")
            }
            for name, record in records.items()
        },
    }


def write_report(run_dir: Path, seconds: float | None = None) -> dict[str, Any]:
    """Write `report.json`, `report.md`, `report.html` and the pictures; return the report.

    Args:
        run_dir: the run's directory.
        seconds: run time of the whole flow, in s, if it is known.
    """
    from hls.report.html import as_html
    from hls.report.pictures import draw
    from hls.report.table import as_markdown

    report = collect(run_dir)
    if seconds is not None:
        report["seconds"] = round(seconds, 1)
    report["pictures"] = draw(run_dir)
    write_json(run_dir / "report.json", report)
    write_text(run_dir / "report.md", as_markdown(report))
    write_text(run_dir / "report.html", as_html(report, run_dir))
    return report


def _tools(run_dir: Path, record: StepRecord) -> dict[str, str]:
    """Return the version of everything that a step was computed with, packages included."""
    found = record.tools | record.options.get("rung_tools", {})
    if "yosys" in record.options and "Yosys" not in found:
        found["Yosys"] = record.options["yosys"]
    path = step_dir(run_dir, record.id) / VERSIONS
    if path.is_file():
        found |= json.loads(path.read_text(encoding="utf-8"))
    return {name: number for name, number in found.items() if number}


def _order(run_dir: Path) -> list[str]:
    """Return the names of the run's steps in the order of its flow, others after them."""
    names = sorted(path.name for path in (run_dir / "steps").iterdir())
    try:
        flow = json.loads((run_dir / "flow.json").read_text(encoding="utf-8"))
        known = [step["id"] for step in flow["steps"]]
    except (OSError, ValueError, KeyError, TypeError):
        return names
    return [n for n in known if n in names] + [n for n in names if n not in known]


def _ladder(run_dir: Path, layout: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rungs of the step `verify`, and the routed netlist's, which stops its own step."""
    path, found = step_dir(run_dir, "verify") / "ladder.json", []
    if path.is_file():
        rows = json.loads(path.read_text(encoding="utf-8"))
        found = list(rows["rungs"] if isinstance(rows, dict) else rows)
    if layout.get("samples_compared"):
        seconds = layout.get("seconds", {}).get("replay", 0.0)
        samples = layout["samples_compared"]
        found.append({"rung": "routed", "samples": samples, "mismatches": 0, "seconds": seconds})
    return found
