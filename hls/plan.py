"""What a flow would do and why, and what it tells while it does it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hls.errors import InvalidInput
from hls.step import Step, StepRecord, stale_reason, step_dir

RUN, PERHAPS, KEEP, SKIP = "runs", "perhaps", "kept", "skipped"


@dataclass(frozen=True)
class Planned:
    """What becomes of a step.

    Attributes:
        step: the step.
        action: `runs`, `perhaps` (if what it reads comes out different), `kept` or `skipped`.
        why: the reason, for people.
    """

    step: Step
    action: str
    why: str


@dataclass(frozen=True)
class Event:
    """Something that happened in a flow.

    Attributes:
        kind: `start`, `tell`, `done`, `kept`, `skipped` or `failed`.
        number: the step's place in the flow, from 1.
        total: steps of the flow.
        step: the step.
        why: why it runs, or was skipped; the error if it failed.
        text: what it is doing, for `tell`.
        share: how much of it is done, 0 .. 1, or None where nobody knows.
        record: its record, for `done` and `kept`.
    """

    kind: str
    number: int
    total: int
    step: Step
    why: str = ""
    text: str = ""
    share: float | None = None
    record: StepRecord | None = None


Progress = Callable[[Event], None]


def check_names(steps: Sequence[Step], names: Collection[str | None]) -> None:
    """Raise InvalidInput for the name of a step that does not exist."""
    known = [step.id for step in steps]
    for name in names:
        if name is not None and name not in known:
            raise InvalidInput("step", got=repr(name), expected=f"one of {', '.join(known)}")


def chosen(steps: Sequence[Step], stop: str | None) -> list[Step]:
    """Return the steps up to and with `stop`."""
    names = [step.id for step in steps]
    return list(steps[: names.index(stop) + 1 if stop else len(names)])


def reason(
    step: Step, steps: Sequence[Step], run_dir: Path, start: str | None, skip: Collection[str]
) -> tuple[str, str]:
    """Return what becomes of a step as things stand now, and why: `(action, why)`."""
    names = [s.id for s in steps]
    if step.id in skip:
        return SKIP, "asked for"
    if start is not None and names.index(step.id) >= names.index(start):
        return RUN, f"asked for (--from {start})"
    stale = stale_reason(step, run_dir)
    return (RUN, stale) if stale else (KEEP, "nothing changed")


def plan(
    steps: Sequence[Step],
    run_dir: Path,
    *,
    start: str | None = None,
    stop: str | None = None,
    skip: Collection[str] = (),
) -> list[Planned]:
    """Return what `run_steps` would do, without doing it.

    Args:
        steps: the steps of the flow, in order.
        run_dir: the run's directory; it need not exist.
        start: first step to run even if its record is good.
        stop: last step to run.
        skip: steps to leave out.

    Raises:
        InvalidInput: for a step name that does not exist.
    """
    check_names(steps, [start, stop, *skip])
    planned: list[Planned] = []
    for step in chosen(steps, stop):
        action, why = reason(step, steps, run_dir, start, skip)
        sources = _sources(step, planned, run_dir)
        if action == KEEP and sources:
            action, why = PERHAPS, f"if {', '.join(sources)} comes out different"
        missing = [tool for tool in step.tools if tool.find() is None]
        if action in (RUN, PERHAPS) and missing:
            why += "; needs " + ", ".join(f"{t.name} ({t.install})" for t in missing)
        planned.append(Planned(step, action, why))
    return planned


def _sources(step: Step, earlier: Sequence[Planned], run_dir: Path) -> list[str]:
    """Return the earlier steps that may run and whose output this one reads."""
    paths = list(step.inputs(run_dir).values())
    return [
        p.step.id
        for p in earlier
        if p.action in (RUN, PERHAPS)
        and any(
            path.is_relative_to(step_dir(run_dir, p.step.id))
            or path in p.step.outputs_beside(run_dir).values()
            for path in paths
        )
    ]
