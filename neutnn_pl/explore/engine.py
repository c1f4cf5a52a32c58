"""Ray Tune runs the trials: on this machine, or on a cluster."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hls.errors import InvalidInput, StepFailed
from hls.files import write_json
from neutnn_pl.explore.cluster import import_ray, start_ray
from neutnn_pl.explore.front import FrontReport, Point, best, write_front
from neutnn_pl.explore.hardware import with_forecasts
from neutnn_pl.explore.space import Search, base_recipe, changed
from neutnn_pl.explore.trial import pruned_name, pruning_of, score_of

STATE = "ray"
SETTINGS = "search.json"
TESTS = "tests.json"
AFTERWARDS = ("forecast", "published", "test")
"""Settings that change no trial: a search goes on when they have changed."""


def explore(
    search: Search,
    directory: Path,
    *,
    address: str | None = None,
    wandb: bool = False,
    title: str = "the search",
) -> list[Point]:
    """Run a search, or go on with one that was cut; write its front and return it.

    Args:
        search: what to search.
        directory: of the search: trials in `trials/`, the front as `write_front` writes it.
        address: of a Ray cluster (`auto`: the one that runs here); None starts Ray on this machine.
        wandb: log each trial to Weights & Biases.
        title: what it is called in table and picture.

    Raises:
        ToolMissing: without Ray.
        InvalidInput: if the directory holds another search, a key leads nowhere, or no cluster at
            the address answers and accepts the token.
        StepFailed: if no trial ended with a score.
    """
    directory = directory.absolute()
    base = base_recipe(search)
    changed(base, {key: _first(values) for key, values in search.space.items()})  # keys exist
    _claim(search, directory)
    ray, tune = _import()
    started = not ray.is_initialized()
    if started:
        start_ray(ray, address)
    try:
        results = _tuner(tune, search, base, directory, wandb).fit()
        return _collect(results, search, base, directory, title)
    finally:
        if started:
            ray.shutdown()


def _first(values: Any) -> Any:  # noqa: ANN401 - YAML
    return values[0] if isinstance(values, list) else values["from"]


def _claim(search: Search, directory: Path) -> None:
    """Write down what is searched; refuse a directory with another search."""
    path = directory / SETTINGS
    wanted = json.loads(json.dumps(asdict(search)))
    there = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else wanted
    if {**there, **{key: wanted[key] for key in AFTERWARDS}} != wanted:
        raise InvalidInput(
            f"directory {directory}",
            got="another search in it",
            expected="an empty directory, or the same search, which then goes on",
            mend="Choose another with --dir",
        )
    write_json(path, wanted)


def _import() -> tuple[Any, Any]:
    # Ray would move into a folder per trial, report home, and write tables as it goes.
    os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    return import_ray("explore"), import_ray("explore", "ray.tune")


def _tuner(
    tune: Any,  # noqa: ANN401 - a module
    search: Search,
    base: dict[str, Any],
    directory: Path,
    wandb: bool,
) -> Any:  # noqa: ANN401 - Tuner
    from ray.tune.schedulers import ASHAScheduler, FIFOScheduler

    trainable = tune.with_resources(
        tune.with_parameters(
            _train, base=base, directory=str(directory), search=search, wandb=wandb
        ),
        {"cpu": search.cpus},
    )
    state = directory / STATE
    if tune.Tuner.can_restore(str(state)):
        # Trials that were cut go on in their own run directories.
        return tune.Tuner.restore(str(state), trainable, resume_unfinished=True)
    stopping: Any = FIFOScheduler()
    if search.patience is not None:
        stopping = ASHAScheduler(grace_period=search.patience, reduction_factor=2, max_t=1000)
    return tune.Tuner(
        trainable,
        param_space={key: _domain(tune, values) for key, values in search.space.items()},
        tune_config=tune.TuneConfig(
            metric="merit",
            mode="max",
            num_samples=search.trials,
            scheduler=stopping,
            search_alg=_sampler(search.seed),
            trial_name_creator=_name,
            trial_dirname_creator=_name,
        ),
        run_config=tune.RunConfig(name=STATE, storage_path=str(directory), verbose=0),
    )


def _sampler(seed: int) -> Any:  # noqa: ANN401 - a searcher
    from ray.tune.search.basic_variant import BasicVariantGenerator

    return BasicVariantGenerator(random_state=seed)


def _name(trial: Any) -> str:  # noqa: ANN401 - Trial
    return str(trial.trial_id)


def _domain(tune: Any, values: Any) -> Any:  # noqa: ANN401 - a module, YAML, a domain
    if isinstance(values, list):
        return tune.choice(values)
    draw = tune.lograndint if values.get("log") else tune.randint
    return draw(values["from"], values["to"] + 1)


def _train(
    config: dict[str, Any], base: dict[str, Any], directory: str, search: Search, wandb: bool
) -> None:
    """Run one trial in a process of Ray's: the network, then its pruned sizes."""
    from ray import tune

    from neutnn_pl.explore.trial import quiet, run_pruned, run_trial

    quiet()
    run = Path(directory) / "trials" / str(tune.get_context().get_trial_name())
    recipe, tradeoff = changed(base, config), search.tradeoff
    run_trial(recipe, run, tune.report, tradeoff=tradeoff, wandb=wandb)
    run_pruned(recipe, run, search.prune, tradeoff=tradeoff, wandb=wandb)


def _collect(
    results: Any,  # noqa: ANN401 - ResultGrid
    search: Search,
    base: dict[str, Any],
    directory: Path,
    title: str,
) -> list[Point]:
    points, recipes, errors = [], {}, []
    longest = max((r.metrics.get("epoch", 0) for r in results if r.metrics), default=0)
    for result in results:
        if result.error is not None:
            errors.append(str(result.error).strip().splitlines()[-1])
        elif result.metrics and "accuracy" in result.metrics:
            found, changes = result.metrics, dict(result.config or {})
            name = str(found["trial_id"])
            for point in _sizes(name, found, changes, search.prune, longest, directory):
                points.append(point)
                recipes[point.name] = changed(base, point.changes)
    points.sort(key=lambda point: point.name)
    write_json(directory / "errors.json", errors)
    if not points:
        raise StepFailed(
            "search",
            got=f"no trial with a score; the first error: {errors[0] if errors else 'none'}",
            expected="one at least",
            mend=f"See {directory / 'trials'}",
        )
    if search.forecast is not None:
        points = with_forecasts(points, directory, search.forecast)
    which = best(points)
    front = [point for point in points if point.name in which]
    tests = _tests(front, directory) if search.test else {}
    report = FrontReport(title, search.trials, search.published, tests)
    return write_front(directory, points, recipes, report)


def _sizes(
    name: str,
    found: dict[str, Any],
    changes: dict[str, Any],
    shares: list[float],
    longest: int,
    directory: Path,
) -> list[Point]:
    """Return a trial's network, and its pruned sizes as far as they have scores."""
    points = [_point(name, found, found["epoch"] < longest, changes)]
    for share in shares:
        pruned = pruned_name(name, share)
        path = directory / "trials" / f"{pruned}.json"
        if path.is_file():
            less = json.loads(path.read_text(encoding="utf-8"))
            if less["epoch"] >= longest:
                points.append(_point(pruned, less, False, {**changes, **pruning_of(share)}))
    return points


def _point(name: str, found: dict[str, Any], stopped: bool, changes: dict[str, Any]) -> Point:
    synapses, whole, votes = (int(found[key]) for key in ("synapses", "whole", "votes"))
    seconds, accuracy = round(float(found["seconds"]), 1), float(found["accuracy"])
    return Point(name, accuracy, synapses, whole, votes, seconds, stopped, changes)


def _tests(front: list[Point], directory: Path) -> dict[str, float]:
    """Return the test accuracies of a front by name; each network reads the test split once."""
    path = directory / TESTS
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for point in front:
        if point.name not in found:
            found[point.name] = score_of(directory / "trials" / point.name, "test")
            write_json(path, found)
    return {point.name: found[point.name] for point in front}
