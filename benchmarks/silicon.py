"""The hardware table: `python benchmarks/silicon.py [--only Wafer] [--pdk asap7]`.

The columns of the paper's seven UCR designs, one MNIST column and one place-cell column, as learnt
and pruned, through RTL and synthesis on each library: after synthesis, nothing is placed. Timing by
OpenSTA without wires; power from the toggles of 24 test samples on the netlist, zero delay, with
the loads of pins only. Rows go to a folder first, so that a run that was cut off goes on.
NEUTNN_DATA is the folder of data sets, NEUTNN_PDK that of libraries.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datamodules  # noqa: F401 - before lightning
from benchmarks.designs import SILICON
from benchmarks.measured import LIBRARIES, designs, row_of

HEAD = (
    *("design", "quality", "library", "synapses", "cells", "flip-flops", "um2", "um2 / synapse"),
    *("FF / synapse", "clock ns", "leakage uW", "dynamic mW", "uW at 100 kHz", "pJ / inference"),
    *("latency ns", "M samples / s"),
)


def main() -> None:
    """Measure what the folder does not have, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("runs/silicon"))
    parser.add_argument("--only", default="", help="designs whose names begin so")
    parser.add_argument("--pdk", nargs="+", default=list(LIBRARIES))
    options = parser.parse_args()
    print(head())
    for name, make in SILICON.items():
        if name.startswith(options.only):
            for design in designs(name, make, options.cache):
                for pdk in options.pdk:
                    print(line(row_of(design, pdk, options.cache)), flush=True)


def head() -> str:
    """Return the first two lines of the table."""
    return joined(HEAD) + "\n|---|---|---|" + "---:|" * (len(HEAD) - 3)


def line(row: dict[str, Any]) -> str:
    """Return a row of the table."""
    figures = (
        f"{row['nonzero']:,}",
        f"{row['cells']:,}",
        f"{row['flip_flops']:,}",
        f"{row['area_um2']:,.0f}",
        f"{row['um2_per_synapse']:.2f}",
        f"{row['flip_flops_per_synapse']:.2f}",
        f"{row['clock_ns']:.2f}",
        f"{row['leakage_uw']:.3g}",
        f"{row['dynamic_uw'] / 1000:.3g}",
        f"{row['dynamic_slow_uw'] + row['leakage_uw']:.3g}",
        f"{row['pj_per_inference']:.3g}",
        f"{row['latency_ns']:.1f}",
        f"{row['samples_per_s'] / 1e6:.0f}",
    )
    return joined([row["design"], row["quality"], row["pdk"], *figures])


def joined(cells: Sequence[str]) -> str:
    """Return cells as a line of a table."""
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
