"""Measure, fit and validate what the forecast is made from: `python benchmarks/forecast_fit.py`.

Rows go to a folder first, so that a run that was cut off goes on; then all of them are written to
hls/forecast/measured.json, from which hls/forecast/model.json is fitted. `--fit` fits what has been
measured, without any tool. NEUTNN_DATA is the folder of data sets, NEUTNN_PDK that of libraries.
"""

from __future__ import annotations

import argparse
import json
import traceback
from pathlib import Path
from typing import Any

import datamodules  # noqa: F401 - before lightning

import numpy as np  # isort: skip

from benchmarks.designs import MORE, SILICON
from benchmarks.measured import LIBRARIES, designs, row_of
from hls.errors import NeutnnError
from hls.files import write_text
from hls.forecast.model import QUANTITIES, SYNAPSES, fit, margins, validate

FOLDER = Path(__file__).parents[1] / "hls" / "forecast"
KEPT = (
    *("design", "application", "network_sha256", "pdk", "cells", "flip_flops", "nonzero"),
    *("cycles_mean", *QUANTITIES),
)


def main() -> None:
    """Measure, fit, and print how well networks that were left out are forecast."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("runs/silicon"))
    parser.add_argument("--only", default="", help="measure designs whose names begin so")
    parser.add_argument("--pdk", nargs="+", default=list(LIBRARIES))
    parser.add_argument("--fit", action="store_true", help="fit what measured.json holds")
    options = parser.parse_args()
    if not options.fit:
        write_measured(measured(options), FOLDER / "measured.json")
    rows = read_measured(FOLDER / "measured.json")
    write_text(FOLDER / "model.json", json.dumps(models(rows), indent=1) + "\n")
    print(validation(rows))


def measured(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows of all designs, measured where the folder does not have them."""
    rows = []
    for name, make in ({**MORE, **SILICON}).items():
        if not name.startswith(options.only):
            continue
        try:
            for design in designs(name, make, options.cache):
                for pdk in options.pdk:
                    row = row_of(design, pdk, options.cache)
                    rows.append(row)
                    print(f"{design.name:32} {pdk:10} {row['area_um2']:12,.0f} um2", flush=True)
        except NeutnnError:
            traceback.print_exc()
    return rows


def write_measured(rows: list[dict[str, Any]], path: Path) -> None:
    """Write a small table: features of each network once, figures of each row."""
    tools = sorted({json.dumps(row["tools"], sort_keys=True) for row in rows})
    features = {row["network_sha256"]: row["features"] for row in rows}
    lines = [
        '{"tools": [' + ", ".join(tools) + "],",
        '"features": {',
        ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in features.items()),
        '},\n"rows": [',
        ",\n".join(json.dumps({key: row[key] for key in KEPT}) for row in rows),
        "]}\n",
    ]
    write_text(path, "\n".join(lines))


def read_measured(path: Path) -> list[dict[str, Any]]:
    """Return the rows of `write_measured`, each with its features."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return [row | {"features": found["features"][row["network_sha256"]]} for row in found["rows"]]


def models(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the fitted models by library and quantity."""
    found: dict[str, dict[str, Any]] = {}
    for pdk in dict.fromkeys(row["pdk"] for row in rows):
        own = [row for row in rows if row["pdk"] == pdk]
        largest = int(max(row["features"]["synapses"] for row in own))
        for quantity, names in QUANTITIES.items():
            weights = fit(own, quantity, names)
            low, high = margins(own, quantity, names)
            found.setdefault(pdk, {})[quantity] = {
                "weights": {n: float(f"{w:.6g}") for n, w in zip(names, weights, strict=True) if w},
                "low": round(low, 4),
                "high": round(high, 4),
                "rows": len(own),
                "synapses": largest,
            }
    return found


def validation(rows: list[dict[str, Any]]) -> str:
    """Return the table of errors on what was left out, ours beside a fit on synapses alone."""
    lines = ["| library | figure | left out | median error | on synapses alone | in the interval |"]
    lines.append("|---|---|---|---:|---:|---:|")
    for pdk in dict.fromkeys(row["pdk"] for row in rows):
        own = [row for row in rows if row["pdk"] == pdk]
        for quantity, names in QUANTITIES.items():
            for by in ("application", "size"):
                ours, theirs = (validate(own, quantity, n, by) for n in (names, SYNAPSES))
                cells = [pdk, quantity, by, f"{ours['error']:.1%}", f"{theirs['error']:.1%}"]
                lines.append("| " + " | ".join([*cells, f"{ours['covered']:.0%}"]) + " |")
    count = len({row["network_sha256"] for row in rows})
    return "\n".join([*lines, f"({count} networks, {len(rows)} rows)"])


if __name__ == "__main__":
    np.set_printoptions(suppress=True)
    main()
