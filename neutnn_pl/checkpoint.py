"""Checkpoints as files: whole or absent, and the same state is always the same bytes."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.callbacks import ModelCheckpoint

from hls.files import atomic_path


def canonical(value: Any, words: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - any value
    """Return plain values rebuilt so that equal ones are pickled to equal bytes.

    Pickle writes a string again, or refers to where it stood, by the object's identity. A run that
    was cut reads its strings back from a file, where they are other objects than the constants of
    one that was not: equal state, other bytes. Here every word is one object, and every container
    is its own.

    Args:
        value: dicts, lists and tuples of plain values and tensors.
        words: the words so far.
    """
    words = {} if words is None else words
    if isinstance(value, str):
        return words.setdefault(value, value)
    if isinstance(value, OrderedDict):
        found: OrderedDict[Any, Any] = OrderedDict(
            (canonical(k, words), canonical(v, words)) for k, v in value.items()
        )
        for name, held in vars(value).items():  # torch keeps the format's version there
            setattr(found, name, canonical(held, words))
        return found
    if type(value) is dict:
        return {canonical(k, words): canonical(v, words) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)(canonical(item, words) for item in value)
    return value


def write_checkpoint(checkpoint: dict[str, Any], path: Path) -> None:
    """Write a checkpoint in one piece.

    Args:
        checkpoint: tensors and plain values.
        path: file to write.
    """
    # Given a path, torch would put the temporary file's random name into the archive.
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        torch.save(canonical(checkpoint), handle)


class CheckpointFiles(TorchCheckpointIO):
    """Writes a trainer's checkpoints beside their place and renames them.

    Lightning writes them to the system's temporary folder and moves them, which from one disk to
    another is a copy, and half a copy where the process is killed.
    """

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any | None = None,  # noqa: ANN401 - Lightning's
    ) -> None:
        """Write a checkpoint in one piece."""
        write_checkpoint(checkpoint, Path(path))


class LastCheckpoint(ModelCheckpoint):
    """Writes `last.ckpt` after every epoch.

    It keeps no state in the checkpoint: where the run's directory stands on this machine has no
    place in a file that goes elsewhere.

    Args:
        directory: folder to write to.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(
            directory,
            filename="last",
            every_n_epochs=1,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take nothing."""
