"""Files that are whole or absent: written to a temporary name, then renamed; and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hls.errors import InvalidInput


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` only if the block succeeds."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent
        )
    except OSError as error:
        raise unwritable(path.parent, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_temporary(directory: Path) -> None:
    """Remove what a process that was killed while it wrote has left of `atomic_path`."""
    for path in directory.glob(".*.*"):
        if re.fullmatch(r"\..+\.[a-z0-9_]{8}(\.\w+)?", path.name) and path.is_file():
            path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` in one piece."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write `value` as indented JSON to `path` in one piece."""
    write_text(path, json.dumps(value, indent=2, sort_keys=False) + "\n")


def read_record(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; an empty one where there is none to read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def unwritable(path: Path, error: OSError) -> InvalidInput:
    """Return the error for a directory that cannot be written."""
    return InvalidInput(
        f"cannot write to {path}",
        got=error.strerror or str(error),
        expected="a directory that you may write to",
        mend="Choose another one with --run_dir, or change its permissions",
    )


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of a directory (names and contents, in name order)."""
    digest = hashlib.sha256()
    if path.is_dir():
        for child in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(str(child.relative_to(path)).encode() + b"\0")
            digest.update(bytes.fromhex(sha256(child)))
        return digest.hexdigest()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
