"""The report as a table, for the terminal and in Markdown."""

from __future__ import annotations

from typing import Any

from hls.report.collect import ROWS

PICTURES = {
    "layout.png": "The layout",
    "confusion.png": "Test samples of each class (rows) in each cluster (columns)",
    "raster.png": "Spikes of test samples: inputs, and the winner's output",
    "weights.png": "The weights of every neuron over its inputs; pruned synapses are blank",
}


def number(value: object) -> str:
    """Return a figure as people read it.

    >>> number(0.56617), number(1234567.0), number(12)
    ('0.566', '1,234,567', '12')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    size = abs(value)
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 10 else f"{value:.3f}"


def rows(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (group, name, value) of every figure there is."""
    figures = report["figures"]
    return [
        (group, label, number(figures[name])) for group, name, label, _ in ROWS if name in figures
    ]


def climbed(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the ladder, without rungs for which the run has nothing."""
    return [row for row in report["ladder"] if not row.get("idle")]


def samples(row: dict[str, Any], unit: str = "") -> str:
    """Return how many samples a rung compared, and how many of them it learnt."""
    learnt = row.get("learnt")
    return f"{row['samples']}{unit}" + ("" if learnt is None else f" ({learnt} learnt)")


def ladder(report: dict[str, Any]) -> list[str]:
    """Return one line per rung."""
    lines = []
    for row in climbed(report):
        if row.get("skipped"):
            lines.append(f"{row['rung']}: skipped ({row['skipped']})")
        else:
            lines.append(
                f"{row['rung']}: {samples(row, ' samples')}, {row['mismatches']} mismatches, "
                f"{row['seconds']:.1f} s"
            )
    return lines


def as_text(report: dict[str, Any]) -> str:
    """Return the table for a terminal."""
    lines, last = [], ""
    for group, label, value in rows(report):
        lines.append(f"  {group if group != last else '':16}{label:32}{value:>14}")
        last = group
    for number_, line in enumerate(ladder(report)):
        lines.append(f"  {'ladder' if number_ == 0 else '':16}{line}")
    lines += [f"  {'note' if i == 0 else '':16}{note}" for i, note in enumerate(report["notes"])]
    return "\n".join(lines)


def as_markdown(report: dict[str, Any]) -> str:
    """Return the report as Markdown."""
    out = [f"# {report['run']}", ""]
    if report.get("network"):
        out += [f"Network `{report['network']}`, {report['project']['name']} "
                f"{report['project']['version']}.", ""]  # fmt: skip
    out += ["| | figure | value |", "|---|---|---:|"]
    last = ""
    for group, label, value in rows(report):
        out.append(f"| {group if group != last else ''} | {label} | {value} |")
        last = group
    if report["ladder"]:
        out += ["", "## Ladder", "", "Winner and spike time of every test sample, compared exactly "
                "with the PyTorch reference.", ""]  # fmt: skip
        out += ["| rung | samples | mismatches | s |", "|---|---:|---:|---:|"]
        for row in climbed(report):
            if row.get("skipped"):
                out.append(f"| {row['rung']} | skipped | {row['skipped']} | |")
            else:
                out.append(
                    f"| {row['rung']} | {samples(row)} | {row['mismatches']} | "
                    f"{row['seconds']:.1f} |"
                )
    if report["method"] or report["notes"]:
        out += ["", "## How the figures were made", ""]
        out += [f"- {key}: {value}" for key, value in report["method"].items()]
        out += [f"- {note}" for note in report["notes"]]
    if report["pictures"]:
        out += ["", "## Pictures", ""]
        for name in report["pictures"]:
            out += [f"![{PICTURES[name]}]({name})", "", f"{PICTURES[name]}.", ""]
    out += ["", "## Steps", "", "| step | result | s | tools |", "|---|---|---:|---|"]
    for name, step in report["steps"].items():
        tools = ", ".join(
            f"{tool} {version}" for tool, version in report["tools"].get(name, {}).items()
        )
        out.append(f"| {name} | {step['summary']} | {step['seconds']:.1f} | {tools} |")
    return "\n".join(out) + "\n"
