"""A lock on a run's directory: two flows in one directory would spoil each other's files."""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hls.errors import Locked
from hls.files import unwritable

LOCK = ".lock"


@contextmanager
def locked(run_dir: Path) -> Iterator[None]:
    """Hold the lock of a run's directory, which is made if it does not exist.

    The kernel gives the lock back when its process ends, however it ends, so a killed flow never
    leaves a lock behind.

    Raises:
        Locked: while another process holds it, with that process's number.
    """
    handle = _acquire(Path(run_dir))
    try:
        yield
    finally:
        (Path(run_dir) / LOCK).unlink(missing_ok=True)
        os.close(handle)


def _acquire(run_dir: Path) -> int:
    path = run_dir / LOCK
    while True:
        try:
            run_dir.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise unwritable(run_dir, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise Locked(
                f"run directory {run_dir}",
                got=f"another run at work in it ({_owner(path)})",
                expected="one at a time",
                mend="Wait for it, stop it, or choose another with --run_dir",
            ) from error
        if _same(handle, path):
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps({"pid": os.getpid(), "host": platform.node()}).encode())
            return handle
        os.close(handle)  # its owner removed the file between our open and our lock


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _owner(path: Path) -> str:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        return f"process {owner['pid']} on {owner['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "process unknown"
