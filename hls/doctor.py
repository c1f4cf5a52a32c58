"""What is installed, what it is needed for, and how to get what is missing."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version

from hls import __version__
from hls.tool import Tool

PACKAGES: tuple[tuple[str, str, bool], ...] = (
    ("torch", "the model", True),
    ("lightning", "training", True),
    ("torchmetrics", "scores", True),
    ("scikit-learn", "k-means beside every score", True),
    ("sktime", "UCR time series", True),
    ("jsonschema", "frozen networks", True),
    ("pyverilog", "RTL", True),
    ("pyosys", "synthesis", True),
    ("klayout", "GDS and the layout's picture", True),
    ("matplotlib", "pictures", True),
    ("wandb", "--wandb", False),
)


def tools() -> list[Tool]:
    """Return every external program that some step can use."""
    from hls.bambu.tool import BAMBU
    from hls.ckernel.build import GCC
    from hls.layout.openroad import OPENROAD
    from hls.layout.qflow import GRAYWOLF, QROUTER
    from hls.layout.sta import OPENSTA
    from hls.rtl.step import VERILATOR
    from hls.sim.simulate import GXX, IVERILOG, VVP
    from hls.synth.yosys import YOSYS

    return [GCC, IVERILOG, VVP, VERILATOR, GXX, YOSYS, GRAYWOLF, QROUTER, OPENSTA, OPENROAD, BAMBU]


def pdks() -> list[tuple[str, str | None, str]]:
    """Return (name, place or None, how to get it) of every cell library."""
    from hls.errors import NeutnnError
    from hls.pdk import PDKS, find_pdk

    rows: list[tuple[str, str | None, str]] = []
    for name in PDKS:
        try:
            rows.append((name, str(find_pdk(name).liberty[0].parent), ""))
        except NeutnnError as error:
            rows.append((name, None, str(error).rpartition(". ")[2]))
    return rows


def report() -> tuple[str, bool]:
    """Return the report, and whether the main job (`make demo`) can run."""
    lines = [
        f"neutnn {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"{os.cpu_count()} cores, {shutil.disk_usage('.').free / 1e9:.0f} GB free here",
        "",
        _head("package"),
    ]
    fine = True
    for name, purpose, needed in PACKAGES:
        found = _package(name)
        fine &= found is not None or not needed
        extra = "neutnn-pl[wandb]" if name == "wandb" else name
        lines.append(_row(name, found, purpose, f"pip install {extra}", needed))
    lines += ["", _head("program")]
    optional = {"OpenROAD", "Yosys", "Bambu"}
    for tool in tools():
        found = tool.version()
        needed = tool.name not in optional
        fine &= found is not None or not needed
        install = f"{tool.install}, or set {tool.variable}"
        lines.append(_row(tool.name, found, tool.purpose, install, needed))
    lines += ["", _head("library")]
    for name, place, how in pdks():
        needed = name == "osu018"
        fine &= place is not None or not needed
        found = "found" if place else None
        lines.append(_row(name, found, place or "standard cells", how, needed))
    lines += [
        "",
        "The main job can run." if fine else "The main job cannot run: see MISSING above.",
    ]
    return "\n".join(lines), fine


def _head(what: str) -> str:
    return f"{what:16}{'version':22}needed for"


def _row(name: str, found: str | None, purpose: str, install: str, needed: bool) -> str:
    if found is not None:
        return f"{name:16}{found:22}{purpose}"
    state = "MISSING" if needed else "not installed"
    return f"{name:16}{state:22}{purpose}; {install}"


def _package(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
