"""A study: one command that measures every figure of an application and writes its tables."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hls.errors import InvalidInput, ToolMissing
from hls.files import write_text
from neutnn_pl.recipes import find_recipe

STUDIES = ("ucr",)
TABLES, RANKS, FIGURES = "tables.md", "ranks.png", "figures"


@dataclass(frozen=True)
class Study:
    """A study, as its YAML file has it.

    Attributes:
        study: which one: `ucr`.
        sets: names of data sets, or groups of them: `seven`, `development`, `others`, `all`,
            `folder` (every set in `root`).
        parts: what is measured, as `benchmarks/ucr_study.py` says.
        seeds: how many, from 0 on.
        root: a folder of sets; None takes NEUTNN_DATA.
        figures: sets of which figures are drawn.
    """

    study: str
    sets: list[str]
    parts: list[str]
    seeds: int = 10
    root: str | None = None
    figures: tuple[str, ...] | list[str] = ()

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.study not in STUDIES:
            raise InvalidInput(
                "study", got=repr(self.study), expected=f"one of {', '.join(STUDIES)}"
            )
        for name in ("sets", "parts", "figures"):
            if not isinstance(getattr(self, name), list | tuple):
                raise InvalidInput(
                    f"study: {name}", got=repr(getattr(self, name)), expected="a list"
                )
        if isinstance(self.seeds, bool) or not isinstance(self.seeds, int) or self.seeds < 1:
            raise InvalidInput("study: seeds", got=repr(self.seeds), expected="an integer >= 1")


def read_study(name: str, changes: Mapping[str, Any] | None = None) -> Study | None:
    """Read a study, given as a file or by name such as `ucr/study`; None if it is a search.

    Args:
        name: a file, or a name.
        changes: values in place of the file's.

    Raises:
        InvalidInput: for unknown or missing keys.
    """
    path = find_recipe(name)
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError:  # a search says what is wrong
        return None
    if not isinstance(found, dict) or "study" not in found:
        return None
    found |= dict(changes or {})
    keys = Study.__dataclass_fields__
    for key in found:
        if key not in keys:
            raise InvalidInput(
                f"study {path}", got=f"key {key!r}", expected=f"one of {', '.join(sorted(keys))}"
            )
    missing = {"sets", "parts"} - set(found)
    if missing:
        raise InvalidInput(
            f"study {path}", got=f"no {' and no '.join(sorted(missing))}", expected="sets and parts"
        )
    return Study(**found)


def run_study(study: Study, directory: Path, *, wandb: bool = False) -> list[Path]:
    """Measure what is missing in a directory; write tables and figures; return their paths.

    Args:
        study: what to measure.
        directory: of the study: `<set>.json` for each set, `tables.md`, `ranks.png` once all
            others sets are there, `figures/`.
        wandb: log each set to Weights & Biases as a run.

    Raises:
        ToolMissing: where there is no checkout of the repository.
    """
    measure, tables = _import("ucr_study"), _import("ucr_tables")
    measure.run(list(study.sets), list(study.parts), study.seeds, study.root, directory,
                wandb=wandb)  # fmt: skip
    found = tables.read(directory)
    write_text(directory / TABLES, "\n".join(tables.document(found)) + "\n")
    made = [directory / TABLES]
    ranked = tables.ranked(found)
    if ranked:
        tables.draw(ranked["column"], directory / RANKS)
        made.append(directory / RANKS)
    for name in study.figures:
        made += _import("ucr_figures").figures(name, 0, study.root, directory / FIGURES)
    return made


def _import(name: str) -> Any:  # noqa: ANN401 - a module
    """Return a module of `benchmarks`, which is not part of the package."""
    root = Path(__file__).parents[2]
    if not (root / "benchmarks" / f"{name}.py").is_file():
        raise ToolMissing(
            "a study needs the folder benchmarks",
            got=f"none in {root}",
            mend="Clone the repository and install it with 'pip install -e .[study]'",
        )
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return importlib.import_module(f"benchmarks.{name}")
