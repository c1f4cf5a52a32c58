"""Many flows at once: each recipe in each library, as tasks of Ray here or on a cluster."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hls.errors import InvalidInput, NeutnnError
from hls.files import write_json, write_text

BASE = "learnt"
"""Directory of the run that learns; its copies go on, one for each library."""
LAST_SHARED, OWN = "rtl", ("synth", "verify", "layout")
"""Last step that does not depend on the library, and the steps that do."""
ERROR = "neutnn: error: "
SHOWN = 80
"""Characters of an error in a table."""
FIGURES = (
    ("synapses", "synapses"),
    ("cells", "cells"),
    ("cell_area_um2", "cell area, um^2"),
    ("die_area_um2", "die area, um^2"),
    ("router_violations", "violations"),
    ("clock_ns", "clock, ns"),
    ("slack_ns", "slack, ns"),
    ("power_uw", "power, uW"),
    ("energy_per_inference_pj", "pJ / inference"),
)


@dataclass(frozen=True)
class Job:
    """One flow.

    Attributes:
        name: of the recipe or run.
        library: standard-cell library; empty for what all libraries share.
        words: what `neutnn flow` is called with.
        run_dir: directory of the run.
        source: run that is copied to start from, None for none.
    """

    name: str
    library: str
    words: tuple[str, ...]
    run_dir: str
    source: str | None = None


@dataclass
class Done:
    """What became of a flow.

    Attributes:
        name: of the recipe or run.
        library: standard-cell library.
        run_dir: directory of the run.
        attempts: how often it was started.
        seconds: run time in s, all attempts together.
        error: its last lines, None where it ended well.
        figures: those of its report.
    """

    name: str
    library: str
    run_dir: str
    attempts: int = 0
    seconds: float = 0.0
    error: str | None = None
    figures: dict[str, Any] = field(default_factory=dict)


def plan_jobs(
    sources: Sequence[str],
    libraries: Sequence[str],
    directory: Path,
    words: Sequence[str] = (),
    stop: str | None = None,
) -> list[tuple[Job | None, list[Job]]]:
    """Return for every source what all libraries share (None for a run), and a job per library.

    Args:
        sources: recipes, their files, or runs.
        libraries: standard-cell libraries.
        directory: of the runs: `<name>/learnt`, `<name>/<library>`.
        words: options that every flow gets.
        stop: last step; None for all.

    Raises:
        InvalidInput: for an unknown library, or two sources of one name.
    """
    from hls.pdk import PDKS

    for library in libraries:
        if library not in PDKS:
            raise InvalidInput("library", got=repr(library), expected=f"one of {', '.join(PDKS)}")
    found: list[tuple[Job | None, list[Job]]] = []
    names: set[str] = set()
    for source in sources:
        is_run = (Path(source) / "config.yaml").is_file()
        name = _name(source, is_run)
        if name in names:
            raise InvalidInput("flows", got=f"two called {name}", expected="a name of its own each")
        names.add(name)
        place = directory.absolute() / name
        base = str(Path(source).absolute() if is_run else place / BASE)
        shared = None
        if not is_run:
            last = LAST_SHARED if stop in (None, *OWN) else stop
            first = ("-c", source, "--run_dir", base, *words, "--to", str(last))
            shared = Job(name, "", first, base)
        each = []
        for library in libraries:
            run = str(place / library)
            then = (run, "--pdk", library, *words, *(("--to", stop) if stop else ()))
            each.append(Job(name, library, then, run, base))
        found.append((shared, each))
    return found


def _name(source: str, is_run: bool) -> str:
    path = Path(source)
    text = path.name if is_run else path.stem if path.suffix == ".yaml" else source
    return re.sub(r"[^\w.-]+", "_", text)


def run_job(job: Job, retries: int, before: Done | None = None) -> Done:
    """Run a flow in a process of its own; try again if it failed, not if its input is bad.

    Args:
        job: the flow.
        retries: how often it is started again.
        before: what the run that it starts from came to; if that failed, this one does not start.
    """
    done = Done(job.name, job.library, job.run_dir)
    if before is not None and before.error is not None:
        done.error = f"not started, as {before.run_dir} failed: {before.error}"
        return done
    begin = time.monotonic()
    try:
        if job.source is not None:
            _copy(Path(job.source), Path(job.run_dir))
        log = Path(f"{job.run_dir}.log")
        log.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(retries + 1):
            done.attempts += 1
            code, output = _call(job, log)
            done.error = None if code == 0 else _last(output, code)
            if code in (0, 2):
                break
        done.figures = _figures(Path(job.run_dir))
    except (OSError, NeutnnError) as error:
        done.error = str(error)
    done.seconds = round(time.monotonic() - begin, 1)
    return done


def _call(job: Job, log: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "neutnn_pl.cli", "flow", *job.words]
    result = subprocess.run(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ neutnn flow {' '.join(job.words)}\n{result.stdout}\n")
    return result.returncode, result.stdout


def _last(output: str, code: int) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    wanted = [i for i, line in enumerate(lines) if line.startswith(ERROR)]
    kept = "\n".join(lines[wanted[-1] :] if wanted else lines[-5:])
    return kept.removeprefix(ERROR) or f"exit code {code}"


def _copy(source: Path, target: Path) -> None:
    """Copy a run, whole or not at all; one that is there already goes on where it was."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as place:
        copy = Path(place) / target.name
        shutil.copytree(source, copy)
        for step in OWN:  # another library's
            shutil.rmtree(copy / "steps" / step, ignore_errors=True)
        copy.replace(target)


def _figures(run_dir: Path) -> dict[str, Any]:
    path = run_dir / "report.json"
    if not path.is_file():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8"))["figures"])


def run_jobs(
    plan: Sequence[tuple[Job | None, Sequence[Job]]],
    *,
    address: str | None = None,
    cpus: float = 1,
    retries: int = 1,
    tell: Callable[[Done], None] = lambda done: None,
) -> list[Done]:
    """Run flows as tasks of Ray; one that fails leaves the others alone.

    Args:
        plan: of `plan_jobs`.
        address: of a Ray cluster (`auto`: the one that runs here); None starts Ray on this machine.
            All machines must see the runs under the same paths.
        cpus: cores that a flow is counted with.
        retries: how often a flow that failed is started again.
        tell: called with each flow that has ended.

    Returns:
        What became of every flow, in the order of the plan, without what libraries share.

    Raises:
        ToolMissing: without Ray.
        InvalidInput: if no cluster answers at the address, or it does not accept the token.
    """
    from neutnn_pl.explore.cluster import import_ray, start_ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray = import_ray("flows")
    started = not ray.is_initialized()
    if started:
        start_ray(ray, address)
    try:
        task = ray.remote(run_job).options(num_cpus=cpus, max_retries=retries)
        waiting, found = {}, {}
        for shared, each in plan:
            first = None if shared is None else task.remote(shared, retries)
            for job in each:
                waiting[task.remote(job, retries, first)] = job
        for reference, job in _as_they_end(ray, waiting):
            try:
                done = ray.get(reference)
            except ray.exceptions.RayError as error:  # its machine has gone, more than once
                done = Done(job.name, job.library, job.run_dir, error=str(error).splitlines()[0])
            found[job] = done
            tell(done)
        return [found[job] for _, each in plan for job in each]
    finally:
        if started:
            ray.shutdown()


def _as_they_end(ray: Any, waiting: dict[Any, Job]) -> Iterator[tuple[Any, Job]]:  # noqa: ANN401
    left = list(waiting)
    while left:
        ended, left = ray.wait(left, num_returns=1)
        for reference in ended:
            yield reference, waiting[reference]


def write_table(directory: Path, results: Sequence[Done]) -> Path:
    """Write `flows.json`, `flows.csv` and `flows.md`; return the last."""
    write_json(directory / "flows.json", [asdict(done) for done in results])
    write_text(directory / "flows.csv", _csv(results))
    used = [(key, label) for key, label in FIGURES if any(key in d.figures for d in results)]
    heads = ["flow", "library", *(label for _, label in used), "attempts", "s", "state"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * 2 + "---:|" * (len(used) + 2) + "---|"]
    lines += ["| " + " | ".join(_row(done, [k for k, _ in used])) + " |" for done in results]
    write_text(directory / "flows.md", "\n".join(["# Flows", "", *lines, ""]))
    return directory / "flows.md"


def _row(done: Done, keys: list[str]) -> list[str]:
    from hls.report.table import number

    cells = [number(done.figures[key]) if key in done.figures else "-" for key in keys]
    state = "done" if done.error is None else done.error.splitlines()[0].replace("|", "/")
    state = state if len(state) <= SHOWN else state[:SHOWN] + "..."
    return [done.name, done.library, *cells, str(done.attempts), f"{done.seconds:.1f}", state]


def _csv(results: Sequence[Done]) -> str:
    keys = sorted({key for done in results for key in done.figures})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "library", "attempts", "seconds", "error", *keys])
    for done in results:
        figures = [done.figures.get(key, "") for key in keys]
        row = [done.name, done.library, done.attempts, done.seconds, done.error or ""]
        writer.writerow([*row, *figures])
    return text.getvalue()


def main(args: list[str]) -> int:
    """Run `neutnn flows RECIPE|RUN ... [options]`; return the exit code."""
    import argparse

    parser = argparse.ArgumentParser("neutnn flows", allow_abbrev=False)
    add = parser.add_argument
    add("sources", nargs="+", metavar="RECIPE|RUN", help="recipes, their files, or runs")
    add("--pdk", default="osu018", help="libraries, as osu018,nangate45")
    add("--to", dest="stop", help="last step")
    add("--dir", type=Path, default=Path("runs/flows"), help="directory of all runs")
    add("--ray", help="address of a Ray cluster, or auto; default: this machine")
    add("--cpus", type=float, default=1, help="cores that a flow is counted with")
    add("--retries", type=int, default=1, help="how often a flow that failed is started again")
    options, words = parser.parse_known_args(args)
    if options.retries < 0:
        raise InvalidInput("option --retries", got=options.retries, expected="0 or more")
    libraries = options.pdk.split(",")
    plan = plan_jobs(options.sources, libraries, options.dir, words, options.stop)
    total = sum(len(each) for _, each in plan)
    count = iter(range(1, total + 1))

    def tell(done: Done) -> None:
        state = "done" if done.error is None else f"FAILED: {done.error}"
        label = f"{done.name} {done.library}"
        print(f"  {next(count)}/{total} {label:32} {state}  {done.seconds:.0f} s", flush=True)

    results = run_jobs(
        plan, address=options.ray, cpus=options.cpus, retries=options.retries, tell=tell
    )
    table = write_table(options.dir, results)
    print(table.read_text(encoding="utf-8").split("\n", 2)[2], end="")
    print(f"  {table}")
    return int(any(done.error is not None for done in results))
