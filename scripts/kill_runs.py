"""Kills `neutnn fit` and `neutnn flow` at random moments, resumes, and compares every file.

    python scripts/kill_runs.py [KILLS] [--to STEP] [--epochs N]

An undisturbed run is the model. Each trial starts a fresh run in the same place, kills it outright
(SIGKILL) at a random moment of the time that the undisturbed one's steps took, and gives the
command again. Records and reports are compared without run times, logs by name only.
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


def finish(args: list[str]) -> None:
    """Run a command to its end."""
    _, status = os.waitpid(start(args), 0)
    if status:
        raise SystemExit(f"neutnn {' '.join(args)}: exit code {os.waitstatus_to_exitcode(status)}")


def seconds(run: Path) -> float:
    """Return how long the steps of a run took."""
    records = [json.loads(p.read_text(encoding="utf-8")) for p in run.glob("steps/*/step.json")]
    return float(sum(record["seconds"] for record in records))


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
        text = re.sub(r"\d+(\.\d+)?", "#", path.read_text(encoding="utf-8"))
        return "there" if path.name == "log.txt" else hashlib.sha256(text.encode()).hexdigest()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _timeless(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if k not in TIMES | WITH_TIMES}
    return [_timeless(v) for v in value] if isinstance(value, list) else value


def trial(args: list[str], run: Path, moment: float) -> tuple[str, dict[str, str]]:
    """Kill a fresh run after `moment` seconds, resume it; return what it was at, and its files."""
    shutil.rmtree(run, ignore_errors=True)
    child = start(args)
    while not (run / "flow.json").exists():
        time.sleep(0.005)
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    at = "between steps"
    for record in sorted(run.glob("steps/*/step.json")):
        with contextlib.suppress(ValueError):
            if json.loads(record.read_text(encoding="utf-8"))["status"] == "running":
                at = record.parent.name
    finish(args)
    return at, files(run)


def main() -> int:
    """Run the trials; return 0 if every run ended with the very files."""
    parser = argparse.ArgumentParser(description="kill runs and compare")
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("--to", default="layout", help="last step of the flow")
    parser.add_argument("--epochs", default="50")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    moments = random.Random(options.seed)  # noqa: S311 - no secret
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="neutnn-kills-") as folder:
        run = Path(folder) / "run"
        common = ["-c", "ucr/arrowhead", "--run_dir", str(run), "--trainer.max_epochs"]
        for args in (
            ["fit", *common, options.epochs],
            ["flow", *common, options.epochs, "--to", options.to],
        ):
            shutil.rmtree(run, ignore_errors=True)
            finish(args)
            model, span = files(run), seconds(run)
            print(f"{args[0]}: {len(model)} files in {span:.1f} s", flush=True)
            for number in range(options.kills):
                moment = moments.uniform(0, span)
                at, found = trial(args, run, moment)
                differ = [n for n in {**model, **found} if model.get(n) != found.get(n)]
                wrong += bool(differ)
                verdict = f"DIFFERS: {', '.join(differ)}" if differ else "the same files"
                print(f"  kill {number + 1} at {moment:.2f} s ({at}): {verdict}", flush=True)
    print(f"{2 * options.kills} kills, {2 * options.kills - wrong} resumed to the very files")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
