"""Measured results of recipes: one file of records, and the page that is rendered from it.

`recipes/results.json` holds `runs` (a recipe run as it stands with several seeds, one value a
seed), `tables` (figures of studies, cell by cell, each with the command that makes it again) and
`lines` (what `neutnn ls` says of a recipe). `recipes/README.in.md` holds the words around them.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import platform
import re
import statistics
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hls.errors import InvalidInput, StepFailed
from hls.files import write_json, write_text
from hls.step import StepRecord, step_dir
from neutnn_pl.recipes import RESULTS, find_recipe

ROOT = Path(__file__).resolve().parents[1]
PAGE, WORDS = "README.md", "README.in.md"
PACKAGES = ("neutnn-pl", "torch", "lightning", "numba", "numpy", "scikit-learn", "sktime")
SCORES = {"rand": "Rand", "ari": "adjusted Rand", "nmi": "NMI", "purity": "purity",
          "coverage": "coverage", "accuracy": "accuracy"}  # fmt: skip
_MARK = re.compile(r"^<!-- (runs|table|line)(?: ([\w/]+))? -->$", re.M)
Results = dict[str, Any]


def read(folder: Path = ROOT / "recipes") -> Results:
    """Return the records of a folder of recipes."""
    return dict(json.loads((folder / RESULTS).read_text(encoding="utf-8")))


def write(results: Results, folder: Path = ROOT / "recipes") -> None:
    """Write the records and the page that shows them."""
    write_json(folder / RESULTS, {key: results[key] for key in ("runs", "tables", "lines")})
    words = (folder / WORDS).read_text(encoding="utf-8")
    write_text(folder / PAGE, render(words, results))


def measure(name: str, seeds: Sequence[int], options: Sequence[str] = ()) -> dict[str, Any]:
    """Fit and prune a recipe once for every seed; return the record.

    Args:
        name: a recipe's name.
        seeds: values of `model.seed`.
        options: more options of `neutnn fit`.

    Raises:
        InvalidInput: for a recipe that does not exist.
        StepFailed: if a run fails.
    """
    from neutnn_pl.cli import main

    find_recipe(name)
    figures: dict[str, list[float]] = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="neutnn-recipe-") as folder:
            args = ["fit", "-c", name, "--run_dir", folder, "--model.seed", str(seed), *options]
            with contextlib.redirect_stdout(io.StringIO()):
                if main(args):
                    raise StepFailed(f"neutnn {' '.join(args)}", got="a failure", expected="a run")
            record = StepRecord.read(step_dir(Path(folder), "prune"))
        assert record is not None
        for key, value in record.metrics.items():
            figures.setdefault(key, []).append(value)
    return {
        "command": " ".join(["neutnn fit -c", name, "--model.seed SEED", *options]),
        "seeds": list(seeds),
        "date": _today(),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "figures": figures,
    }


def line(record: dict[str, Any]) -> str:
    """Return what `neutnn ls` says of a recipe that was run with several seeds."""
    figures = record["figures"]
    scores = ("accuracy",) if "accuracy_after" in figures else ("rand", "ari")
    said = [f"{SCORES[s]} {_mean(figures, f'{s}_after'):.3f}{_peer(figures, s)}" for s in scores]
    before, after = (_mean(figures, f"synapses_{when}") for when in ("before", "after"))
    count = len(record["seeds"])
    return f"{', '.join(said)}; {before:.0f} -> {after:.0f} synapses; mean of {count} seeds"


def _peer(figures: dict[str, list[float]], score: str) -> str:
    name = f"kmeans_{score}"
    return f" (k-means {_mean(figures, name):.3f})" if name in figures else ""


def _mean(figures: dict[str, list[float]], name: str) -> float:
    return statistics.fmean(figures[name])


def table(lines: Sequence[str], command: str) -> dict[str, Any]:
    """Return the record of a Markdown table that a study has made today.

    Args:
        lines: heading, rule, rows.
        command: what makes it again.
    """
    rows = [[cell.strip() for cell in line.strip()[1:-1].split("|")] for line in lines]
    left = [not mark.endswith(":") for mark in rows[1]]
    found = {"columns": rows[0], "left": left, "rows": rows[2:]}
    return {"command": command, "date": _today(), **found}


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def render(words: str, results: Results) -> str:
    """Return the page: the words, with every mark replaced by what it names.

    Raises:
        InvalidInput: for a mark that names nothing, or a table that no mark names.
    """
    marks = _MARK.findall(words)
    named = {name for kind, name in marks if kind == "table"}
    if named != set(results["tables"]):
        raise InvalidInput(
            f"{WORDS}: tables", got=sorted(named), expected=sorted(results["tables"])
        )
    kinds: dict[str, Callable[[str], str]] = {
        "runs": lambda _: _runs(results["runs"]),
        "table": lambda name: _table(results["tables"][name]),
        "line": lambda name: _line(results, name),
    }
    head = "<!-- Made by scripts/recipes_readme.py from README.in.md and results.json. -->\n"
    return head + _MARK.sub(lambda mark: kinds[mark[1]](mark[2]), words)


def _line(results: Results, name: str) -> str:
    find_recipe(name)
    return f"{results['lines'].get(name, 'Not measured yet')}."


def _table(table: dict[str, Any]) -> str:
    columns: list[str] = table["columns"]
    marks = ["---" if left else "---:" for left in table["left"]]
    rows = [columns, *table["rows"]]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "|".join(marks) + "|")
    by = f"Made again by `{table['command']}`" if table.get("command") else "No command recorded"
    return "\n".join(lines) + f"\n\n{by} (figures of {table['date']})."


def _runs(runs: dict[str, Any]) -> str:
    scores = ("rand", "ari", "nmi", "purity", "coverage")
    head = ["recipe", *(SCORES[s] for s in scores), "k-means: Rand", "adjusted Rand", "synapses"]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for name, record in sorted(runs.items()):
        figures = record["figures"]
        cells = [_spread(figures, f"{s}_after") for s in scores]
        cells += [_spread(figures, f"kmeans_{s}") for s in ("rand", "ari")]
        size = [f"{_mean(figures, f'synapses_{when}'):.0f}" for when in ("before", "after")]
        lines.append("| " + " | ".join([name, *cells, " -> ".join(size)]) + " |")
    stated = sorted({_conditions(record) for record in runs.values()})
    return "\n".join([*lines, "", *stated])


def _conditions(record: dict[str, Any]) -> str:
    command = re.sub(r"-c \S+", "-c RECIPE", record["command"])
    tools = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    first, last = record["seeds"][0], record["seeds"][-1]
    return f"`{command}`, seeds {first} to {last}, {record['date']}, with {tools}."


def _spread(figures: dict[str, list[float]], name: str) -> str:
    values = figures.get(name)
    if not values:
        return ""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):.3f} ({deviation:.3f})"
