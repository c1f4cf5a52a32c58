"""External programs: how to find them, which version they are, and how to run them safely."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from hls.errors import StepFailed, ToolMissing
from hls.guard import guarded

DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Let no program that `run` starts inside go on after this time, in s; None is no limit."""
    token = DEADLINE.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        DEADLINE.reset(token)


@dataclass(frozen=True)
class Tool:
    """A program that a step needs.

    Attributes:
        name: what people call it.
        executables: file names to look for on PATH, first match wins.
        variable: environment variable that overrides the path.
        purpose: what the project needs it for.
        install: the command that installs it on Debian or Ubuntu, or where to get it.
        version_args: arguments that make it print its version.
        version_pattern: regular expression whose first group is the version.
        places: directories to look in after PATH.
        needed: whether the main job (`make demo`) cannot run without it.
    """

    name: str
    executables: tuple[str, ...]
    variable: str
    purpose: str
    install: str
    version_args: tuple[str, ...] = ("--version",)
    version_pattern: str = r"(\d+(?:\.\d+)+\S*)"
    places: tuple[str, ...] = field(default=())
    needed: bool = False

    def find(self) -> Path | None:
        """Return the path of the program, or None if it is not installed."""
        override = os.environ.get(self.variable)
        if override:
            found = shutil.which(override)
            return Path(found) if found else None
        search = os.pathsep.join([os.environ.get("PATH", os.defpath), *self.places])
        for name in self.executables:
            found = shutil.which(name, path=search)
            if found:
                return Path(found)
        return None

    def require(self) -> Path:
        """Return the path of the program.

        Raises:
            ToolMissing: naming the program, how to install it and the variable that overrides it.
        """
        path = self.find()
        if path is not None:
            return path
        override = os.environ.get(self.variable)
        got = f"{self.variable}={override}" if override else "nothing on PATH"
        raise ToolMissing(
            f"{self.name} is needed ({self.purpose})",
            got=got,
            expected=f"an executable {' or '.join(self.executables)}",
            mend=f"Install it with '{self.install}', or set {self.variable} to its path",
        )

    def version(self) -> str | None:
        """Return the installed version, None if it is missing, 'unknown' if it will not tell."""
        path = self.find()
        if path is None:
            return None
        return _version(str(path), self.version_args, self.version_pattern)


@lru_cache(maxsize=64)
def _version(path: str, args: tuple[str, ...], pattern: str) -> str:
    try:
        # Some programs write files even then: not where the user stands.
        with tempfile.TemporaryDirectory(prefix="neutnn_version_") as elsewhere:
            done = subprocess.run(  # noqa: S603 - a program the user installed
                [Path(path).absolute(), *args],
                cwd=elsewhere,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    match = re.search(pattern, done.stdout + done.stderr)
    return match.group(1) if match else "unknown"


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    log: Path,
    timeout: float = 3600,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    name: str | None = None,
    memory_gb: float | None = None,
) -> str:
    """Run a program in `cwd`, append what it prints to `log`, and return it.

    The program gets a process group of its own, which is killed when the time is over or the user
    interrupts, and by a guard if we are killed ourselves, so no child outlives the step.

    Args:
        command: program and arguments; never given to a shell.
        cwd: directory to run in (the step's own).
        log: file that gets the command line and the output.
        timeout: limit in seconds; an enclosing `time_limit` may end it sooner.
        env: variables added to the environment.
        stdin: text for standard input.
        name: what to call the program in an error, if not by its file name.
        memory_gb: limit of the address space of the program, and of each that it starts, in GB.

    Raises:
        StepFailed: on a non-zero exit or at the time limit, with the last lines and the log's path.
    """
    words = [str(word) for word in command]
    if (deadline := DEADLINE.get()) is not None:
        timeout = min(timeout, max(0.0, deadline - time.monotonic()))
    with log.open("a", encoding="utf-8") as handle:
        handle.write(f"$ {' '.join(words)}\n")
    process = subprocess.Popen(  # noqa: S603 - arguments are a list, no shell
        words,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    output, expired = "", False
    try:
        if memory_gb is not None:
            _limit(process.pid, memory_gb)
        with guarded(process.pid):
            output, _ = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        expired = True
        _kill(process)
        output, _ = process.communicate()
    except BaseException:
        _kill(process)
        raise
    finally:
        with log.open("a", encoding="utf-8") as handle:
            handle.write(output)
    if expired or process.returncode != 0:
        raise StepFailed(
            f"{name or Path(words[0]).name} failed",
            got=f"no end within {timeout:.4g} s" if expired else f"exit code {process.returncode}",
            expected="exit code 0",
            mend=f"Its last lines:\n{tail(output)}\nThe whole log: {log}",
        )
    return output


def _limit(pid: int, memory_gb: float) -> None:
    """Limit a program's address space, where the system can (Linux)."""
    if not hasattr(resource, "prlimit"):
        return
    size = int(memory_gb * 1e9)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        resource.prlimit(pid, resource.RLIMIT_AS, (size, size))


def tail(text: str, lines: int = 12) -> str:
    """Return the last lines of `text`, indented."""
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines()[-lines:])


def _kill(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
