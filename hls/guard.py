"""Kills the programs of a process that was itself killed.

A process that gets Ctrl-C stops its programs itself. One that is killed outright cannot, and a
router that goes on writing into the directory of a run that has been taken up again would spoil
it. So the first program that is started brings a guard along: a process that reads the numbers of
process groups from a pipe (`+12`, `-12`) and, when the pipe closes, kills those still there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

_guard: tuple[int, IO[bytes]] | None = None


@contextmanager
def guarded(group: int) -> Iterator[None]:
    """Have a process group killed if this process ends before the block does."""
    pipe = _pipe()
    _tell(pipe, f"+{group}\n")
    try:
        yield
    finally:
        _tell(pipe, f"-{group}\n")


def _pipe() -> IO[bytes] | None:
    """Return the pipe to this process's guard, starting it at the first call."""
    global _guard
    if _guard is None or _guard[0] != os.getpid():
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # so that Ctrl-C does not reach it
        )
        if process.stdin is None:
            return None
        process.returncode = 0  # nobody waits for it: it ends with us
        _guard = (os.getpid(), process.stdin)
    return _guard[1]


def _tell(pipe: IO[bytes] | None, line: str) -> None:
    with contextlib.suppress(OSError):
        if pipe is not None:
            pipe.write(line.encode())
            pipe.flush()


def watch(lines: IO[bytes]) -> None:
    """Follow `+group` and `-group` until the end, then kill what is left."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        if line.startswith(b"+"):
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    watch(sys.stdin.buffer)
