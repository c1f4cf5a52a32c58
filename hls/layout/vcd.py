"""Toggle counts from a VCD."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from hls.errors import InvalidInput


@dataclass
class Activity:
    """How often each bit of a scope changed between 0 and 1.

    Attributes:
        toggles: changes of each bit, by name and index (0 for a scalar).
        rises: changes from 0 to 1 among them.
        scope: the scope, its parts joined by dots.
    """

    toggles: dict[tuple[str, int], int] = field(default_factory=dict)
    rises: dict[tuple[str, int], int] = field(default_factory=dict)
    scope: str = ""


def read_activity(path: Path, ports: set[str]) -> Activity:
    """Count toggles in the scope of a VCD that holds all of `ports`.

    Changes within one time step count once, at its end: a zero-delay simulation has no glitches.
    A change from or to an unknown value is no toggle.

    Args:
        path: the VCD.
        ports: names that tell the design's scope: that with the most signals of those that have
            all of them, the outermost one where several have as many.

    Raises:
        InvalidInput: if it is not a VCD or no scope has the ports.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InvalidInput(f"VCD {path}", got=error.strerror, expected="a file") from error
    head, mark, body = text.partition("$enddefinitions")
    scopes = _scopes(head)
    fitting = [s for s, names in scopes.items() if ports <= {n for n, *_ in names}]
    found = max(fitting, key=lambda scope: len(scopes[scope]), default=None)
    if not mark or found is None:
        raise InvalidInput(
            f"VCD {path}",
            got="no scope with the design's ports" if mark else "no VCD",
            expected=f"a scope with {', '.join(sorted(ports)[:6])}",
            mend="Dump the netlist's own instance",
        )
    widths = {code: width for _, width, _, code in scopes[found]}
    toggles, rises = _count(body, widths)
    activity = Activity(scope=".".join(found))
    for name, width, low, code in scopes[found]:
        for bit in range(width):
            key = (name, low + bit)
            activity.toggles[key] = toggles[code][bit]
            activity.rises[key] = rises[code][bit]
    return activity


def _scopes(head: str) -> dict[tuple[str, ...], list[tuple[str, int, int, str]]]:
    """Return name, width, lowest index and code of each variable, by scope, outermost first."""
    scopes: dict[tuple[str, ...], list[tuple[str, int, int, str]]] = defaultdict(list)
    stack: list[str] = []
    for match in re.finditer(r"\$(scope|upscope|var)\b(.*?)\$end", head, re.S):
        words = match.group(2).split()
        if match.group(1) == "scope":
            stack.append(words[1])
        elif match.group(1) == "upscope":
            stack.pop()
        elif words[0] not in ("parameter", "real", "event"):
            _, width, code, name, *rest = words
            name = name.lstrip("\\")
            low = 0
            span = re.fullmatch(r"\[(\d+):(\d+)\]", "".join(rest))
            if span is None and int(width) > 1:
                span = re.search(r"\[(\d+):(\d+)\]$", name)
                name = name[: span.start()] if span else name
            elif rest and span is None:
                name += "".join(rest)
            if span:
                low = min(int(span.group(1)), int(span.group(2)))
            scopes[tuple(stack)].append((name, int(width), low, code))
    return dict(sorted(scopes.items(), key=lambda item: len(item[0])))


def _count(body: str, widths: dict[str, int]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return toggles and rises of each bit, lowest first, by code."""
    toggles = {code: [0] * width for code, width in widths.items()}
    rises = {code: [0] * width for code, width in widths.items()}
    now: dict[str, str] = {}
    pending: dict[str, str] = {}

    def settle() -> None:
        for code, new in pending.items():
            old = now.get(code)
            if old is not None and old != new:
                for bit, (a, b) in enumerate(zip(reversed(old), reversed(new), strict=True)):
                    if a != b and a in "01" and b in "01":
                        toggles[code][bit] += 1
                        rises[code][bit] += b == "1"
            now[code] = new
        pending.clear()

    words = iter(body.split())
    for word in words:
        first = word[0]
        if first == "#":
            settle()
        elif first in "01xzXZ":
            code = word[1:]
            if code in widths:
                pending[code] = first.lower()
        elif first in "bB":
            code = next(words)
            if code in widths:
                value = word[1:].lower()
                fill = "0" if value[0] in "01" else value[0]
                pending[code] = value.rjust(widths[code], fill)
        elif first in "rR":
            next(words)
    settle()
    return toggles, rises
