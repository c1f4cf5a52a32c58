"""Measures recipes and remakes `recipes/README.md` from what was recorded.

    python scripts/recipes_readme.py                      render the page
    python scripts/recipes_readme.py ucr/arrowhead ...    run these first, record, render
    python scripts/recipes_readme.py --check              exit code 1 if the page is not up to date

A run is `neutnn fit -c RECIPE --model.seed SEED` for every seed, in a folder that goes afterwards;
its figures, command, date and the versions of what computed it go to `recipes/results.json`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.recipe_results import PAGE, ROOT, WORDS, line, measure, read, render, write


def main() -> int:
    """Measure what was named, and render; return the exit code."""
    parser = argparse.ArgumentParser(description="measure recipes, remake their page")
    parser.add_argument("recipes", nargs="*", help="recipes to run first")
    parser.add_argument("--seeds", type=int, default=10, help="seeds 0 .. SEEDS - 1")
    parser.add_argument("--folder", type=Path, default=ROOT / "recipes", help="where they stand")
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args()
    results = read(options.folder)
    if options.check:
        page = render((options.folder / WORDS).read_text(encoding="utf-8"), results)
        fresh = page == (options.folder / PAGE).read_text(encoding="utf-8")
        print("up to date" if fresh else f"{PAGE} is not what results.json renders to")
        return int(not fresh)
    for name in options.recipes:
        begin = time.monotonic()
        results["runs"][name] = record = measure(name, range(options.seeds))
        results["lines"][name] = line(record)
        write(results, options.folder)
        print(f"{name}: {line(record)}  ({time.monotonic() - begin:.0f} s)", flush=True)
    write(results, options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
