"""Recipes: where they are, what they are for, and how to take one."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

from hls.errors import InvalidInput
from hls.files import write_text

RESULTS = "results.json"
SEARCHES = ("explore", "study")
"""Names of files that `neutnn explore` takes: no recipes."""


def recipe_folders() -> list[Path]:
    """Return where recipes are looked for after the path itself."""
    package = Path(__file__).parent
    return [
        folder for folder in (package / "_recipes", package.parent / "recipes") if folder.is_dir()
    ]


def recipe_names() -> list[str]:
    """Return the names of all recipes, such as `ucr/arrowhead`; searches and studies are none."""
    return sorted(
        {
            str(path.relative_to(folder).with_suffix(""))
            for folder in recipe_folders()
            for path in folder.rglob("*.yaml")
            if path.stem not in SEARCHES
        }
    )


def find_recipe(name: str) -> Path:
    """Return the path of a recipe given as a file or by name.

    Raises:
        InvalidInput: if there is none, with the nearest name.
    """
    path = Path(name)
    if path.is_file():
        return path
    for folder in recipe_folders():
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    near = difflib.get_close_matches(name, recipe_names(), n=1)
    raise InvalidInput(
        f"recipe {name!r}",
        got="no such file and no recipe of that name",
        expected=f"a YAML file, or one of: {', '.join(recipe_names())}",
        mend=f"Did you mean '{near[0]}'?" if near else None,
    )


def summary(name: str) -> str:
    """Return the first comment line of a recipe."""
    first = find_recipe(name).read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ")


def result(name: str) -> str:
    """Return what a recipe was measured to reach, in one line; empty if nobody measured it."""
    for folder in recipe_folders():
        path = folder / RESULTS
        if path.is_file():
            lines = json.loads(path.read_text(encoding="utf-8"))["lines"]
            if name in lines:
                return str(lines[name])
    return ""


def copy(name: str, target: Path) -> Path:
    """Copy a recipe to a file that does not exist yet.

    Raises:
        InvalidInput: if the file exists.
    """
    text = find_recipe(name).read_text(encoding="utf-8")
    if target.exists():
        raise InvalidInput(
            f"file {target}", got="one that exists", expected="a new name", mend="Choose another"
        )
    write_text(target, text)
    return target
