"""Starts the processes of a node, and brings back what callbacks know."""

from __future__ import annotations

import io
import logging
import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightning as L
import torch
import torch.distributed as dist
from lightning.pytorch.strategies.launchers import _MultiProcessingLauncher
from torch.multiprocessing import ProcessExitedException, ProcessRaisedException

from hls import errors

_CALLBACKS = "callbacks"
_LOGGERS = ("lightning", "lightning.pytorch", "lightning.fabric")


class Launcher(_MultiProcessingLauncher):
    """Lightning's launcher, with clear errors and the callbacks' state."""

    def launch(
        self,
        function: Callable[..., Any],
        *args: Any,  # noqa: ANN401 - the function's
        trainer: L.Trainer | None = None,
        **kwargs: Any,  # noqa: ANN401 - the function's
    ) -> Any:  # noqa: ANN401 - the function's
        """Run a function in every process; return the first one's result.

        Raises:
            NeutnnError: the error of the process that failed first, if it was one of ours.
            StepFailed: if a process failed in another way; the others are stopped.
        """
        self._manners = _Manners.of_this_process()
        try:
            return super().launch(function, *args, trainer=trainer, **kwargs)
        except ProcessRaisedException as error:
            raise error_of(str(error)) or error from error
        except ProcessExitedException as error:
            raise errors.StepFailed(
                f"process {error.error_index}",
                got=str(error),
                expected="that it finishes",
                mend="The others were stopped; go on from the last checkpoint",
            ) from error

    def _wrapping_function(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Lightning's
        self._manners.take()
        super()._wrapping_function(*args, **kwargs)
        # gloo's threads must be joined: a process that ends with one running is aborted, sometimes.
        if dist.is_available() and dist.is_initialized():
            dist.destroy_process_group()

    def get_extra_results(self, trainer: L.Trainer) -> dict[str, Any]:
        """Add the state of the callbacks."""
        extra = super().get_extra_results(trainer)
        states = {one.state_key: one.state_dict() for one in trainer.callbacks}  # type: ignore[attr-defined]
        # As bytes: a tensor in shared memory would go with the process that made it.
        buffer = io.BytesIO()
        torch.save(states, buffer)
        return {**extra, _CALLBACKS: buffer.getvalue()}

    def update_main_process_results(self, trainer: L.Trainer, extra: dict[str, Any]) -> None:
        """Give the callbacks of this process what those in the others came to know."""
        super().update_main_process_results(trainer, extra)
        states = torch.load(io.BytesIO(extra[_CALLBACKS]), weights_only=False)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            state = states.get(callback.state_key)
            if state:
                callback.load_state_dict(state)


@dataclass(frozen=True)
class _Manners:
    """What a process says aloud: a fresh one would know of no filter."""

    levels: dict[str, int]
    filters: list[Any]
    show: Callable[..., Any] | None

    @classmethod
    def of_this_process(cls) -> _Manners:
        show: Callable[..., Any] | None = warnings.showwarning
        try:
            pickle.dumps((show, warnings.filters))
        except (pickle.PicklingError, AttributeError, TypeError):
            show = None
        levels = {name: logging.getLogger(name).level for name in _LOGGERS}
        return cls(levels, list(warnings.filters) if show else [], show)

    def take(self) -> None:
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)
        if self.show is not None:
            warnings.filters[:] = self.filters  # type: ignore[index]
            warnings.showwarning = self.show


def error_of(traceback: str) -> errors.NeutnnError | None:
    """Return the error of ours with which a traceback ends, or None."""
    lines = [line for line in traceback.splitlines() if line and not line.startswith(" ")]
    name, _, message = lines[-1].partition(": ") if lines else ("", "", "")
    kind = getattr(errors, name.removeprefix(f"{errors.__name__}."), None)
    if name.startswith(errors.__name__) and isinstance(kind, type):
        return kind(message)  # type: ignore[no-any-return]
    return None
