"""Commands under torchrun: the first process leads, the others join it wherever it fits."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from hls.errors import StepFailed

_KEY = "fit"
_PATIENCE = timedelta(minutes=10)
_said = False


def launched() -> bool:
    """Return whether torchrun started this process."""
    return os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"


def follows() -> bool:
    """Return whether another process leads."""
    return launched() and int(os.environ["RANK"]) > 0


@contextmanager
def leading() -> Iterator[None]:
    """In the block `announce` may be called; at its end the others know if there is no fit."""
    global _said
    _said = False
    try:
        yield
    finally:
        if launched() and not _said:
            _store().set(_KEY, "null")


def announce(directory: Path, checkpoint: str | None) -> None:
    """Tell the others that this process is about to fit.

    Args:
        directory: of the step.
        checkpoint: from which to go on, or None.
    """
    global _said
    _said = True
    if launched():
        fit = {"directory": str(directory.absolute()), "checkpoint": checkpoint}
        _store().set(_KEY, json.dumps(fit))


def awaited() -> dict[str, Any] | None:
    """Wait for what the first process says: `directory` and `checkpoint`, or None for no fit.

    Raises:
        StepFailed: if it says nothing in ten minutes.
    """
    store = _store()
    try:
        store.wait([_KEY], _PATIENCE)
    except RuntimeError as error:
        raise StepFailed(
            "torchrun: the first process",
            got=f"no word in {_PATIENCE.seconds} s",
            expected="that it fits, or says that there is nothing to fit",
            mend="See its messages",
        ) from error
    return json.loads(store.get(_KEY))  # type: ignore[no-any-return]


def part() -> None:
    """Leave the others: from here on the first process works alone, and must not wait for them."""
    from torch import distributed

    if launched() and distributed.is_initialized():
        distributed.destroy_process_group()


def _store() -> Any:  # noqa: ANN401 - torch's
    """Return the store that torchrun's agent keeps, for this attempt."""
    from torch.distributed import PrefixStore, TCPStore

    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    return PrefixStore(f"neutnn/{attempt}", TCPStore(address, port, is_master=False))
