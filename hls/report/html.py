"""The report as one static page."""

from __future__ import annotations

import csv
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from hls.ir import FrozenNetwork, load
from hls.report import charts
from hls.report.page import chooser, code, drawing, page, picture, section, table, zoomable
from hls.report.table import climbed, number, rows, samples
from hls.report.wave import wave
from hls.step import step_dir

RASTER, WAVES, SEGMENTS = 8, 10, 64
MANY = 6000
CARDS = (
    ("accuracy", "accuracy"), ("ari", "adjusted Rand index"), ("synapses", "synapses"),
    ("cells", "cells"), ("die_area_um2", "die, um^2"), ("power_uw", "power, uW"),
    ("energy_per_inference_pj", "energy / inference, pJ"),
)  # fmt: skip


def as_html(report: dict[str, Any], run_dir: Path) -> str:
    """Return the page of a run: it holds everything it shows, pictures included.

    Args:
        report: what `report.json` holds.
        run_dir: the run's directory, for pictures, spikes and the learning curve.
    """
    parts = [
        _head(report),
        section("Figures", _figures(report)),
        *_ladder(report),
        *_layout(run_dir),
        *_confusion(run_dir),
        *_spikes(run_dir),
        *_curve(run_dir),
        *_method(report),
        section("Steps and tools", _steps(report)),
        section("Make it again", code(remake(report, run_dir)), _config(run_dir)),
    ]
    return page(f"{report['run']} - {report['project']['name']}", parts)


def remake(report: dict[str, Any], run_dir: Path) -> str:
    """Return the commands that make the run again and prove it."""
    name = report["run"]
    lines = []
    if (run_dir / "config.yaml").is_file():
        lines.append(f"neutnn flow -c {run_dir}/config.yaml --run_dir runs/{name}-again")
    lines += [f"neutnn verify {run_dir}", f"neutnn report {run_dir}"]
    return "\n".join(lines)


def _head(report: dict[str, Any]) -> str:
    figures, project = report["figures"], report["project"]
    cards = "".join(
        f"<div><b>{escape(number(figures[name]))}</b>{escape(label)}</div>"
        for name, label in CARDS
        if name in figures
    )
    network = report.get("network")
    said = f"Network <code>{escape(network)}</code>, " if network else ""
    failed = "".join(
        f'<p class="bad">Step {escape(name)} did not finish: {escape(str(error))}</p>'
        for name, error in report.get("unfinished", {}).items()
    )
    return (
        f'<h1>{escape(report["run"])}</h1><p class="soft">{said}{escape(project["name"])} '
        f'{escape(project["version"])}</p>{failed}<div class="cards">{cards}</div>'
    )


def _figures(report: dict[str, Any]) -> str:
    out, last = [], ""
    for group, label, value in rows(report):
        out.append((group if group != last else "", label, value))
        last = group
    return table(("", "", ""), out, numbers=(2,))


def _ladder(report: dict[str, Any]) -> list[str]:
    if not report["ladder"]:
        return []
    lines = []
    for row in climbed(report):
        if row.get("skipped"):
            lines.append((row["rung"], "skipped", "", row["skipped"]))
        else:
            seconds = f"{row['seconds']:.1f}"
            lines.append((row["rung"], samples(row), str(row["mismatches"]), seconds))
    wrong = any(row.get("mismatches") for row in report["ladder"])
    verdict = '<span class="bad">There are mismatches.</span>' if wrong else (
        '<span class="good">All that ran agree.</span>'
    )  # fmt: skip
    text = f"<p>Every spike time compared exactly with the PyTorch reference. {verdict}</p>"
    body = table(("rung", "samples", "mismatches", "s"), lines, numbers=(1, 2, 3))
    return [section("Ladder", text, body)]


def _layout(run_dir: Path) -> list[str]:
    path = run_dir / "layout.png"
    return [section("Layout", zoomable(path, "The layout"))] if path.is_file() else []


def _confusion(run_dir: Path) -> list[str]:
    path = run_dir / "confusion.png"
    if not path.is_file():
        return []
    text = (
        '<p class="soft">Test samples of each class in each cluster; shades are shares of the '
        "class.</p>"
    )
    return [section("Clusters and classes", text, picture(path, "Clusters and classes"))]


def _spikes(run_dir: Path) -> list[str]:
    stimulus = step_dir(run_dir, "freeze") / "stimulus.npz"
    if not (run_dir / "frozen").is_dir() or not stimulus.is_file():
        return []
    network = load(run_dir / "frozen")
    with np.load(stimulus, allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
    panes = [charts.potentials(wave(network, x[i])) for i in range(min(WAVES, len(x)))]
    alone = len(network.layers) == 1 and network.layers[0].shape[0] == 1
    where = "the column" if alone else "column 0 of layer 0"
    text = (
        f'<p class="soft">Potential of each neuron (its strongest segment) in {where} over time; '
        "dotted: thresholds, dots: where they are reached, ticks at the foot: input spikes.</p>"
    )
    labels = [f"sample {i}" for i in range(len(panes))]
    return [
        section("Potentials of a sample", text, chooser("wave", labels, panes)),
        section("Spikes", _raster(run_dir, network, x, y)),
        section("Weights", _weights(run_dir, network)),
    ]


def _raster(run_dir: Path, network: FrozenNetwork, x: np.ndarray, y: np.ndarray) -> str:
    shown = x[:RASTER]
    if int((shown != 255).sum()) > MANY and (run_dir / "raster.png").is_file():
        return picture(run_dir / "raster.png", "Spikes of test samples")
    return drawing(charts.raster(shown, y[:RASTER], network.layers[-1].output_horizon))


def _weights(run_dir: Path, network: FrozenNetwork) -> str:
    layer = network.layers[0]
    c, n, d, s, p = layer.shape
    rows_ = layer.weights.reshape(c * n * d * s, p)
    if min(len(rows_), SEGMENTS) * p > MANY and (run_dir / "weights.png").is_file():
        return picture(run_dir / "weights.png", "Weights over the inputs")
    mask = layer.mask.reshape(rows_.shape)
    return drawing(charts.weights(rows_[:SEGMENTS], mask[:SEGMENTS], layer.w_max))


def _curve(run_dir: Path) -> list[str]:
    path = step_dir(run_dir, "fit") / "curve.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as handle:
        found = list(csv.DictReader(handle))
    names = [name for name in (found[0] if found else {}) if name != "epoch"]
    if len(found) < 2 or not names:
        return []
    epochs = [float(row["epoch"]) for row in found]
    columns = {name: [float(row[name] or "nan") for row in found] for name in names}
    shares = {n: c for n, c in columns.items() if all(0 <= v <= 1 for v in c if v == v)}
    others = {n: c for n, c in columns.items() if n not in shares}
    drawn = [drawing(charts.curve(part, epochs)) for part in (shares, others) if part]
    return [section("Learning curve", *drawn)]


def _method(report: dict[str, Any]) -> list[str]:
    said = [f"{key}: {value}" for key, value in report["method"].items()] + report["notes"]
    items = "".join(f"<li>{escape(line)}</li>" for line in said)
    return [section("How the figures were made", f"<ul>{items}</ul>")] if said else []


def _steps(report: dict[str, Any]) -> str:
    lines = [
        (name, step["summary"], f"{step['seconds']:.1f}",
         ", ".join(f"{tool} {version}" for tool, version in report["tools"].get(name, {}).items()))
        for name, step in report["steps"].items()
    ]  # fmt: skip
    return table(("step", "result", "s", "tools"), lines, numbers=(2,))


def _config(run_dir: Path) -> str:
    path = run_dir / "config.yaml"
    if not path.is_file():
        return ""
    text = code(path.read_text(encoding="utf-8"))
    return f"<details><summary>configuration</summary>{text}</details>"
