"""The command `neutnn explore`."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from hls.errors import InvalidInput
from neutnn_pl.explore.space import Search, read_search
from neutnn_pl.explore.study import Study, read_study, run_study


def main(args: list[str]) -> int:
    """Run `neutnn explore -c SEARCH [options]`; return the exit code."""
    options = _parse(args)
    name = Path(options.config).stem if Path(options.config).is_file() else options.config
    directory = options.dir or Path("runs") / name
    study = read_study(options.config, _pairs(options.set))
    if study is not None:
        return _study(study, options, directory)
    search = _changed(read_search(options.config), options)
    from neutnn_pl.explore.engine import explore

    front = explore(
        search, directory, address=options.ray, wandb=options.wandb, title=Path(name).as_posix()
    )
    print(f"  {'accuracy':>10}{'synapses':>10}{'votes':>10}  recipe")
    for number, p in enumerate(front, start=1):
        recipe = directory / "front" / f"{number}.yaml"
        print(f"  {p.accuracy:10.4f}{p.synapses:10}{p.votes:10}  {recipe}")
    print(f"  {directory / 'front.md'}")
    tried = len(json.loads((directory / "trials.json").read_text(encoding="utf-8")))
    failed = len(json.loads((directory / "errors.json").read_text(encoding="utf-8")))
    if failed:
        print(f"  {failed} trials failed: {directory / 'errors.json'}")
    if tried + failed < search.trials:
        print(f"  cut after {tried + failed} of {search.trials} trials; the same command goes on")
    return 0


def _study(study: Study, options: argparse.Namespace, directory: Path) -> int:
    for option in ("ray", "trials"):
        if getattr(options, option) is not None:
            raise InvalidInput(
                f"option --{option}", got="a study", expected="a search: a study has no trials"
            )
    for path in run_study(study, directory, wandb=options.wandb):
        print(f"  {path}")
    return 0


def _parse(args: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("neutnn explore", allow_abbrev=False)
    add = parser.add_argument
    add("-c", "--config", required=True, help="a search or study: mnist/explore, ucr/study")
    add("--dir", type=Path, help="directory of the search; default runs/<name>")
    add("--ray", help="address of a Ray cluster, or auto; default: this machine")
    add("--trials", type=int, help="how many networks are tried")
    add("--wandb", action="store_true", help="log each trial to Weights & Biases")
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a value that all trials have, such as data.init_args.fraction=0.1",
    )
    return parser.parse_args(args)


def _changed(search: Search, options: argparse.Namespace) -> Search:
    fixed: dict[str, Any] = {**search.fixed, **_pairs(options.set)}
    trials = search.trials if options.trials is None else options.trials
    return replace(search, fixed=fixed, trials=trials)


def _pairs(given: list[str]) -> dict[str, Any]:
    found = {}
    for pair in given:
        key, sign, value = pair.partition("=")
        if not sign:
            raise InvalidInput("option --set", got=repr(pair), expected="KEY=VALUE")
        found[key] = yaml.safe_load(value)
    return found
