"""Compiling and running on threads: what every part of the numba kernel shares."""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
import torch
from numba import config as _config

_log = logging.getLogger("neutnn_pl.kernels.numba")
config: Any = _config
_announced = False
_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
_lock = threading.Lock()
COMPILE_SECONDS = 10


@lru_cache
def cache_directory() -> Path:
    """Return where compiled kernels are kept.

    numba looks only at the file of the outermost function to tell whether a compiled one is stale,
    so the name holds a hash of every file of this package and of numba's version.
    """
    sources = sorted(Path(__file__).parent.glob("*.py"))
    text = numba.__version__.encode() + b"".join(path.read_bytes() for path in sources)
    root = os.environ.get("NUMBA_CACHE_DIR")
    if root is None:
        home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        root = str(home / "neutnn" / "numba")
    return Path(root) / hashlib.sha256(text).hexdigest()[:16]


def jit(function: Callable[..., Any]) -> Any:
    """Compile a function on its first call, without the GIL; keep the result on disk."""
    before = config.CACHE_DIR
    try:
        config.CACHE_DIR = str(cache_directory())
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no directory that can be written to
        return numba.njit(nogil=True)(function)
    finally:
        config.CACHE_DIR = before


def inner(function: Callable[..., Any]) -> Any:
    """Compile a function that only other kernels call; it is kept as a part of theirs."""
    return numba.njit(nogil=True)(function)


def inline(function: Callable[..., Any]) -> Any:
    """Like `inner`, and always a part of its caller: for functions that return vectors."""
    return numba.njit(nogil=True, forceinline=True)(function)


def announce() -> None:
    """Say, once, that the first call will compile, if nothing compiled has been kept."""
    global _announced
    if _announced:
        return
    _announced = True
    if not any(cache_directory().glob("**/*.nbi")):
        _log.info(
            "compiling the numba kernel (once, ~%d s; cached in %s)",
            COMPILE_SECONDS,
            cache_directory(),
        )


def threads() -> int:
    """Return how many threads to use: torch's number, at most NUMBA_NUM_THREADS."""
    most = os.environ.get("NUMBA_NUM_THREADS", "")
    number = torch.get_num_threads()
    return max(1, min(number, int(most)) if most.isdigit() else number)


def spread(work: Callable[[int], None], tasks: int, parallel: bool = True) -> None:
    """Run `work(0) .. work(tasks - 1)`, each once, on this thread and on helpers.

    Threads of our own instead of numba's `prange`: its layers are either not safe with several
    Python threads or not after a fork, and compile several times as long.

    Args:
        work: releases the GIL where it takes long; tasks write to different places.
        tasks: how many.
        parallel: False keeps to this thread.
    """
    helpers = min(threads(), tasks) - 1 if parallel else 0
    if helpers <= 0:
        for task in range(tasks):
            work(task)
        return
    numbers = itertools.count()

    def loop() -> None:
        while (task := next(numbers)) < tasks:
            work(task)

    running = [_pool(helpers).submit(loop) for _ in range(helpers)]
    try:
        loop()
    finally:
        for future in running:
            future.result()


def _pool(size: int) -> ThreadPoolExecutor:
    # A forked process inherits the pool but not its threads.
    key = (os.getpid(), size)
    with _lock:
        if key not in _pools:
            _pools[key] = ThreadPoolExecutor(size, thread_name_prefix="neutnn-kernel")
        return _pools[key]
