"""Kills `neutnn fit` and `neutnn flow` at random moments, resumes, and compares every file.

    python scripts/kill_runs.py [KILLS] [--to STEP] [--epochs N] [-- OPTION ...]

An undisturbed run in another folder is the model. Each trial starts a fresh run, kills it outright
(SIGKILL) at a random moment of the time that an undisturbed one took, and gives the command again;
a kill that comes after the end is not counted and drawn again. Records and reports are compared
without run times, logs by name only. What stands behind `--` goes to both commands.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch  # noqa: F401 - once, before the children that are killed

import neutnn_pl.config  # noqa: F401
from neutnn_pl.cli import main as neutnn

TIMES = {"started", "seconds"}
WITH_TIMES = {"log.txt", "ladder.json", "layout.json", "report.md", "report.html"}


def start(args: list[str]) -> int:
    """Start a command in a child process, its output nowhere; return the child's number."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os._exit(neutnn(args))
    return child


def finish(args: list[str]) -> float:
    """Run a command to its end; return how long it took, in s."""
    begin = time.monotonic()
    _, status = os.waitpid(start(args), 0)
    if status:
        raise SystemExit(f"neutnn {' '.join(args)}: exit code {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - begin


def files(run: Path) -> dict[str, str]:
    """Return a hash of every file of a run, run times left out."""
    return {
        str(path.relative_to(run)): _digest(path)
        for path in sorted(run.rglob("*"))
        if path.is_file()
    }


def _digest(path: Path) -> str:
    if path.name in ("step.json", "report.json", "ladder.json", "layout.json"):
        content = _timeless(json.loads(path.read_text(encoding="utf-8")))
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    if path.name in WITH_TIMES:
        text = path.read_text(encoding="utf-8").replace(str(path.parent), "RUN")
        text = re.sub(r"\d+(\.\d+)?", "#", text)
        return "there" if path.name == "log.txt" else hashlib.sha256(text.encode()).hexdigest()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _timeless(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if k not in TIMES | WITH_TIMES}
    return [_timeless(v) for v in value] if isinstance(value, list) else value


def trial(args: list[str], run: Path, moment: float) -> tuple[str, dict[str, str]] | None:
    """Kill a fresh run after `moment` seconds, resume it.

    Returns:
        What it was at and its files, or None if it had ended before.
    """
    shutil.rmtree(run, ignore_errors=True)
    child = start(args)
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        return None
    at = "between steps" if (run / "flow.json").exists() else "before the first step"
    for record in sorted(run.glob("steps/*/step.json")):
        with contextlib.suppress(ValueError):
            if json.loads(record.read_text(encoding="utf-8"))["status"] == "running":
                at = record.parent.name
    finish(args)
    return at, files(run)


def trials(name: str, options: argparse.Namespace, folder: Path) -> int:
    """Kill one command at random moments; return how often it came out otherwise."""
    moments = random.Random(options.seed)  # noqa: S311 - no secret
    run = folder / "run"
    common = ["-c", options.recipe, "--trainer.max_epochs", options.epochs, *options.rest]
    args = [name, *common, *(["--to", options.to] if name == "flow" else []), "--run_dir"]
    finish([*args, str(folder / "warm" / "run")])  # compiles what is compiled once
    span = finish([*args, str(folder / "model" / "run")])
    model = files(folder / "model" / "run")
    print(f"{name}: {len(model)} files in {span:.1f} s", flush=True)
    wrong = number = 0
    while number < options.kills:
        moment = moments.uniform(0, span)
        found = trial([*args, str(run)], run, moment)
        if found is None:
            continue
        number += 1
        at, made = found
        differ = [n for n in {**model, **made} if model.get(n) != made.get(n)]
        wrong += bool(differ)
        verdict = f"DIFFERS: {', '.join(differ)}" if differ else "the same files"
        print(f"  kill {number} at {moment:.2f} s ({at}): {verdict}", flush=True)
    return wrong


def main() -> int:
    """Run the trials; return 0 if every run ended with the very files."""
    parser = argparse.ArgumentParser(description="kill runs and compare")
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("--recipe", default="ucr/arrowhead")
    parser.add_argument("--to", default="layout", help="last step of the flow")
    parser.add_argument("--epochs", default="50")
    parser.add_argument("--seed", type=int, default=0)
    own, _, rest = " ".join(sys.argv[1:]).partition(" -- ")
    options = parser.parse_args(own.split())
    options.rest = rest.split()
    wrong = 0
    for name in ("fit", "flow"):
        with tempfile.TemporaryDirectory(prefix="neutnn-kills-") as folder:
            wrong += trials(name, options, Path(folder))
    print(f"{2 * options.kills} kills, {2 * options.kills - wrong} resumed to the very files")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
