"""Shows a flow while it runs: for people, for logs, for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hls.plan import Event, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


@contextmanager
def display(as_json: bool = False) -> Iterator[Progress]:
    """Yield what shows events: JSON lines, moving bars on a terminal, else one line per step."""
    if as_json:
        yield json_line
    elif sys.stdout.isatty():
        with _bars() as bars:
            yield _Live(bars)
    else:
        yield line


def line(event: Event) -> None:
    """Print one line for a step that is done or left out."""
    text = summary_line(event)
    if text:
        print(text, flush=True)


def json_line(event: Event) -> None:
    """Print an event as one line of JSON."""
    found = {
        "event": event.kind,
        "step": event.step.id,
        "number": event.number,
        "total": event.total,
        "why": event.why or None,
        "text": event.text or None,
        "share": event.share,
    }
    if event.record is not None:
        for name in ("seconds", "summary", "metrics", "tools"):
            found[name] = getattr(event.record, name)
    print(json.dumps({k: v for k, v in found.items() if v is not None}), flush=True)


def summary_line(event: Event) -> str:
    """Return the line of a step that is done or left out; nothing for other events."""
    head = f"  {event.number}/{event.total} {event.step.id:<8}"
    if event.kind == "skipped":
        return f"{head}  skipped"
    if event.record is None:
        return ""
    kept = "  (kept)" if event.kind == "kept" else ""
    return f"{head}  {event.record.summary:<64} {duration(event.record.seconds)}{kept}"


def duration(seconds: float) -> str:
    """Return a time span as people read it.

    >>> duration(3.21), duration(190)
    ('3.2 s', '3 min 10 s')
    """
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


class _Live:
    """Bars on a terminal: the step that runs, its share where it is known, the time it takes."""

    def __init__(self, bars: Bars) -> None:
        self.bars = bars
        self.task: TaskID | None = None

    def __call__(self, event: Event) -> None:
        if event.kind == "start":
            self.task = self.bars.add_task(self._text(event), total=None)
        elif event.kind == "tell" and self.task is not None:
            total = None if event.share is None else 1.0
            self.bars.update(
                self.task, description=self._text(event), total=total, completed=event.share or 0.0
            )
        else:
            if self.task is not None:
                self.bars.remove_task(self.task)
                self.task = None
            text = summary_line(event)
            if text:
                self.bars.console.print(text, highlight=False, markup=False, soft_wrap=True)

    @staticmethod
    def _text(event: Event) -> str:
        said = event.text or event.why
        return f"  {event.number}/{event.total} {event.step.id:<8}  {said}"


def _bars() -> Bars:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        transient=True,
    )
