"""Steps: units of work with a directory, inputs, options, tools, and a record written last.

A step is done when its `step.json` says so. A run goes on at the first step whose inputs, options
or tools have changed since.
"""

from __future__ import annotations

import json
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hls.errors import InvalidInput, NeutnnError, StepFailed
from hls.files import sha256, unwritable, write_json
from hls.tool import Tool

RECORD = "step.json"
LOG = "log.txt"
VERSIONS = "versions.json"
SHOWN = 4
Tell = Callable[..., None]


@dataclass
class StepRecord:
    """What `step.json` holds.

    Attributes:
        id: name of the step, which is also its directory under `steps/`.
        status: `running`, `done` or `failed`.
        started: start, ISO 8601, UTC.
        seconds: wall-clock run time, in s.
        inputs: SHA-256 of every input, by name.
        options: resolved options.
        tools: version of every external program used, by name.
        metrics: results; names carry their units.
        outputs: SHA-256 of every file left in the directory, by relative path.
        summary: one line for people.
        error: text of the error if it failed.
    """

    id: str
    status: str
    started: str
    seconds: float = 0.0
    inputs: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    tools: dict[str, str | None] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    error: str | None = None

    @classmethod
    def read(cls, directory: Path) -> StepRecord | None:
        """Return the record in `directory`, or None if there is none that can be read."""
        try:
            return cls(**json.loads((directory / RECORD).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


@dataclass
class StepContext:
    """What a running step may touch.

    Attributes:
        run_dir: the run's directory (read other steps' outputs through `Step.inputs`).
        dir: the step's own directory; nothing is written elsewhere.
        log: file for the output of external programs.
        inputs: resolved paths of the declared inputs.
        tell: takes what is being done and, where it is known, the share done, 0 .. 1.
    """

    run_dir: Path
    dir: Path
    log: Path
    inputs: Mapping[str, Path]
    tell: Tell = lambda text, share=None: None


class Step(ABC):
    """One unit of work of a flow.

    Attributes:
        id: name, also of its directory; `a-z`, digits and dashes.
        keep: names in the directory that a run of the same fingerprint finds again after it was
            interrupted, such as checkpoints.
    """

    id: str = ""
    keep: tuple[str, ...] = ()

    @property
    def tools(self) -> tuple[Tool, ...]:
        """External programs this step uses, as configured."""
        return ()

    @property
    def options(self) -> dict[str, Any]:
        """Resolved options, JSON types only."""
        return {}

    @abstractmethod
    def inputs(self, run_dir: Path) -> dict[str, Path]:
        """Return the files and directories that this step reads, by name."""

    def outputs_beside(self, run_dir: Path) -> dict[str, Path]:
        """Return what the step also writes outside its directory (almost always nothing)."""
        return {}

    @abstractmethod
    def run(self, context: StepContext) -> tuple[dict[str, Any], str]:
        """Do the work; return metrics (names carry units) and a one-line summary."""


def step_dir(run_dir: Path, step_id: str) -> Path:
    """Return the directory of a step in a run."""
    return run_dir / "steps" / step_id


def fingerprint(step: Step, run_dir: Path) -> dict[str, Any] | None:
    """Return what decides whether a step must run again, None while an input does not exist."""
    paths = step.inputs(run_dir)
    if any(not path.exists() for path in paths.values()):
        return None
    return {
        "inputs": {name: sha256(path) for name, path in paths.items()},
        "options": json.loads(json.dumps(step.options)),
        "tools": {tool.name: tool.version() for tool in step.tools},
    }


def stale_reason(step: Step, run_dir: Path) -> str | None:
    """Return why a step has to run, or None if its record is still good."""
    directory = step_dir(run_dir, step.id)
    record = StepRecord.read(directory)
    if record is None:
        return "has not run"
    if record.status != "done":
        return "failed before" if record.status == "failed" else "was cut off"
    now = fingerprint(step, run_dir)
    if now is None:
        return "an input is missing"
    for part in ("inputs", "options", "tools"):
        before, after = getattr(record, part), now[part]
        if before != after:
            return f"{part} changed: {changes(before, after, values=part != 'inputs')}"
    beside = step.outputs_beside(run_dir)
    for name, digest in record.outputs.items():
        path = beside.get(name, directory / name)
        if not path.exists() or sha256(path) != digest:
            return f"output changed: {name}"
    return None


def changes(before: Mapping[str, Any], after: Mapping[str, Any], *, values: bool = True) -> str:
    """Return what differs between two nested mappings, `values` with what it was and is.

    >>> changes({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}})
    'a.b 1 -> 3'
    """
    old, new = flat(before), flat(after)
    found = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    shown = [
        f"{key} {_brief(old.get(key))} -> {_brief(new.get(key))}" if values else key
        for key in found[:SHOWN]
    ]
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return ", ".join(shown + more)


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, with dotted keys."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _brief(value: object) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def execute(step: Step, run_dir: Path, tell: Tell | None = None) -> StepRecord:
    """Run a step in its own, emptied directory and write its record last.

    What an interrupted run of the same inputs, options and tools left under the names in
    `step.keep` stays, so that the step can go on from there.

    Raises:
        InvalidInput: if an input is missing or the directory cannot be written.
        NeutnnError: whatever the step raises; a record with status `failed` is left behind.
    """
    directory = step_dir(run_dir, step.id)
    paths = step.inputs(run_dir)
    for name, path in paths.items():
        if not path.exists():
            raise InvalidInput(
                f"step {step.id} has no {name}",
                got=f"no {path}",
                expected="the output of an earlier step",
                mend="Run the earlier steps first",
            )
    for tool in step.tools:
        tool.require()
    record = StepRecord(step.id, "running", _now(), **(fingerprint(step, run_dir) or {}))
    try:
        _clear(directory, step.keep if _continues(record, directory) else ())
    except OSError as error:
        raise unwritable(directory, error) from error
    write_json(directory / RECORD, vars(record))
    context = StepContext(run_dir, directory, directory / LOG, paths)
    if tell is not None:
        context.tell = tell
    begin = time.monotonic()
    try:
        record.metrics, record.summary = step.run(context)
    except BaseException as error:
        record.status, record.error = "failed", str(error) or type(error).__name__
        record.seconds = round(time.monotonic() - begin, 3)
        write_json(directory / RECORD, vars(record))
        if isinstance(error, NeutnnError | KeyboardInterrupt | SystemExit):
            raise
        raise StepFailed(
            f"step {step.id} failed",
            got=f"{type(error).__name__}: {error}",
            mend=f"See {context.log}; NEUTNN_DEBUG=1 shows the traceback",
        ) from error
    record.status = "done"
    record.seconds = round(time.monotonic() - begin, 3)
    record.outputs = {
        str(p.relative_to(directory)): sha256(p)
        for p in sorted(directory.rglob("*"))
        if p.is_file() and p.name != RECORD
    } | {name: sha256(path) for name, path in step.outputs_beside(run_dir).items()}
    write_json(directory / RECORD, vars(record))
    return record


def _continues(record: StepRecord, directory: Path) -> bool:
    """Return whether the directory holds an unfinished run of the same fingerprint."""
    before = StepRecord.read(directory)
    return (
        before is not None
        and before.status != "done"
        and (before.inputs, before.options, before.tools)
        == (record.inputs, record.options, record.tools)
    )


def _clear(directory: Path, keep: tuple[str, ...]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for child in directory.iterdir():
        if child.name in keep:
            continue
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
