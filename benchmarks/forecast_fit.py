"""Measure the networks that the forecast is fitted on: `python benchmarks/forecast_fit.py`.

Rows go to a folder first, so that a run that was cut off goes on; then all of them are written to
hls/forecast/measured.json. NEUTNN_DATA is the folder of data sets, NEUTNN_PDK that of libraries.
"""

from __future__ import annotations

import argparse
import traceback
from pathlib import Path

import datamodules  # noqa: F401 - before lightning
from benchmarks.designs import MORE, SILICON
from benchmarks.measured import LIBRARIES, designs, row_of
from hls.errors import NeutnnError


def main() -> None:
    """Measure, and write what the forecast is made from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("runs/silicon"))
    parser.add_argument("--only", default="", help="names of designs that begin so")
    parser.add_argument("--pdk", nargs="+", default=list(LIBRARIES))
    options = parser.parse_args()
    for name, make in ({**MORE, **SILICON}).items():
        if not name.startswith(options.only):
            continue
        try:
            for design in designs(name, make, options.cache):
                for pdk in options.pdk:
                    row = row_of(design, pdk, options.cache)
                    print(f"{design.name:32} {pdk:10} {row['area_um2']:12,.0f} um2", flush=True)
        except NeutnnError:
            traceback.print_exc()


if __name__ == "__main__":
    main()
