"""Errors of the whole project: each says what was got, what was expected and how to mend it."""

from __future__ import annotations


class NeutnnError(Exception):
    """An error that the command line prints without a traceback.

    Args:
        what: the thing that is wrong, as a short sentence or noun phrase.
        got: what was found.
        expected: what should have been there.
        mend: what the user can do about it.
    """

    exit_code = 2

    def __init__(
        self, what: str, *, got: object = None, expected: object = None, mend: str | None = None
    ) -> None:
        parts = [what]
        if got is not None:
            parts.append(f"got {got}")
        if expected is not None:
            parts.append(f"expected {expected}")
        text = parts[0] + (": " if len(parts) > 1 else "") + "; ".join(parts[1:])
        if mend:
            text += f". {mend}"
        super().__init__(text)


class InvalidInput(NeutnnError, ValueError):
    """A value, a file or an option that cannot be used as given (exit code 2)."""


class InvalidNetwork(InvalidInput):
    """A frozen network that is corrupted, truncated, edited by hand or of a newer version."""


class Unsupported(InvalidInput):
    """A network that is valid, but that the chosen backend cannot build."""


class ToolMissing(NeutnnError):
    """An external program that is needed and not installed (exit code 2)."""


class Locked(NeutnnError):
    """A run's directory in which another process is at work (exit code 2)."""


class StepFailed(NeutnnError):
    """A step of a flow that did not finish (exit code 1)."""

    exit_code = 1


class Mismatch(StepFailed):
    """Hardware or a kernel that does not compute what the reference computes (exit code 1)."""
