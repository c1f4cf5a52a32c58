"""What differs between runs: in their configurations and in their figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from hls.errors import InvalidInput
from hls.files import write_text
from hls.report.collect import ROWS, collect
from hls.report.page import page, picture, section, table
from hls.report.table import number
from hls.step import flat

Row = tuple[str, ...]


def compare_runs(runs: Sequence[Path]) -> dict[str, Any]:
    """Return what differs between two or more runs, the first being the one to compare with.

    Returns:
        `names`, `paths`, `networks` (hashes), `settings` and `figures`: rows of a name and one text
        per run; figures carry their change from the first run.

    Raises:
        InvalidInput: for fewer than two runs, or a directory that is no run.
    """
    if len(runs) < 2:
        raise InvalidInput("compare", got=f"{len(runs)} run", expected="two or more")
    reports = [collect(run) for run in runs]
    names = [str(run) for run in runs]
    return {
        "names": names,
        "paths": list(runs),
        "networks": [str(report["network"] or "none")[:12] for report in reports],
        "settings": _settings([_config(run) for run in runs]),
        "figures": _figures([report["figures"] for report in reports]),
    }


def _config(run: Path) -> dict[str, Any]:
    path = run / "config.yaml"
    return flat(yaml.safe_load(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _settings(configs: Sequence[dict[str, Any]]) -> list[Row]:
    keys = dict.fromkeys(key for config in configs for key in config)
    return [
        (key, *(_value(config.get(key)) for config in configs))
        for key in keys
        if len({_value(config.get(key)) for config in configs}) > 1
    ]


def _value(value: object) -> str:
    return "-" if value is None else str(value)


def _figures(figures: Sequence[dict[str, Any]]) -> list[Row]:
    found: list[Row] = []
    for group, name, label, _ in ROWS:
        values = [each.get(name) for each in figures]
        if any(value is not None for value in values):
            texts = [_with_change(values[0], value, i) for i, value in enumerate(values)]
            found.append((f"{label}, k-means" if group.startswith("k-means") else label, *texts))
    return found


def _with_change(first: object, value: object, place: int) -> str:
    if value is None:
        return "-"
    text = number(value)
    known = isinstance(first, int | float) and isinstance(value, int | float)
    if place == 0 or not known or first == value or not first:
        return text
    now, before = float(value), float(first)  # type: ignore[arg-type]
    return f"{text} ({(now - before) / abs(before):+.1%})"


def as_text(found: dict[str, Any]) -> str:
    """Return the comparison for a terminal."""
    head = ("", *found["names"])
    blocks = [
        ("configuration", found["settings"] or [("no difference",) + ("",) * len(found["names"])]),
        ("figures", _rows(found)),
    ]
    every = [head, *(row for _, rows in blocks for row in rows)]
    widths = [max(len(row[i]) for row in every) for i in range(len(head))]
    lines = []
    for title, rows in blocks:
        lines.append(_aligned((title, *found["names"]), widths))
        lines += [_aligned(row, widths) for row in rows]
        lines.append("")
    return "\n".join(lines).rstrip()


def _rows(found: dict[str, Any]) -> list[Row]:
    """Return the figures, under the hashes of the networks where any run has one."""
    known = [("network", *found["networks"])] if set(found["networks"]) != {"none"} else []
    return [*known, *found["figures"]]


def _aligned(row: Row, widths: Sequence[int]) -> str:
    cells = [
        row[0].ljust(widths[0]),
        *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
    ]
    return ("  " + "  ".join(cells)).rstrip()


def write_page(found: dict[str, Any], path: Path) -> None:
    """Write the comparison as one static page, layouts side by side."""
    names = found["names"]
    columns = range(1, len(names) + 1)
    figures = _rows(found)
    marked = [i for i, row in enumerate(figures) if len({c.split(" (")[0] for c in row[1:]}) > 1]
    settings = found["settings"]
    parts = [
        f"<h1>{len(names)} runs</h1>",
        section(
            "Configuration: what differs",
            table(("", *names), settings) if settings else "<p>Nothing.</p>",
        ),
        section("Figures", table(("", *names), figures, numbers=columns, marked=marked)),
    ]
    for run in found["paths"]:
        if (run / "layout.png").is_file():
            parts.append(section(f"Layout: {run}", picture(run / "layout.png", f"Layout of {run}")))
    write_text(path, page("comparison", parts))
