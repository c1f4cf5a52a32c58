"""Scores of a memory of labelled edges, and where its losses come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from neutnn_pl.nn.place_cells import COLUMNS, FIELDS, PlaceMemory


class Memory(Protocol):
    """What can be asked for a field of edges, by its number in `FIELDS`."""

    def infer(self, edges: Tensor, field: int) -> Tensor:
        """Return one field of each edge, int64 `[B]`, from int64 `[B, 5]`."""


def accuracy(memory: PlaceMemory, given: Tensor, true: Tensor) -> dict[str, float]:
    """Return the share of right answers for every field.

    Args:
        memory: what has been learnt.
        given: int64 `[B, 5]`, the questions: edges of which each field in turn is not looked at.
        true: int64 `[B, 5]`, the edges as they are.
    """
    return {
        field: _share(memory.infer(given, field) == true[:, column])
        for column, field in enumerate(FIELDS)
    }


def accuracy_of(memory: Memory, given: Tensor, true: Tensor) -> dict[str, float]:
    """Return the same for another memory."""
    return {
        field: _share(memory.infer(given, column) == true[:, column])
        for column, field in enumerate(FIELDS)
    }


@dataclass(frozen=True)
class Losses:
    """Shares of wrong answers for a field by their cause; they add up to `1 - accuracy`.

    A dictionary of all edges would answer the unstored and the overwritten ones, and fails on most
    of the ambiguous ones too. Not every edge that is not held is answered wrongly.

    Attributes:
        unstored: the edge was not stored, for its dendrite was full.
        overwritten: it was stored, and a later one took its segment.
        ambiguous: it is stored, and another edge answers at least as strongly.
        refused: number of edges that were not stored, wrong answers or not.
        lost: number of edges that were overwritten.
    """

    unstored: float
    overwritten: float
    ambiguous: float
    refused: int
    lost: int


def losses(memory: PlaceMemory, edges: Tensor, stored: Tensor) -> dict[str, Losses]:
    """Return where wrong answers for dx, dy and the environment come from.

    Args:
        memory: what has been learnt.
        edges: int64 `[B, 5]`, distinct, in the order in which they were learnt.
        stored: bool `[B, 3]`, what `PlaceMemory.learn` returned for them.
    """
    held, found = memory.holds(edges), {}
    for column, field in enumerate(COLUMNS):
        wrong = memory.infer(edges, field) != edges[:, FIELDS.index(field)]
        was, now = stored[:, column], held[:, column]
        found[field] = Losses(
            unstored=_share(wrong & ~was & ~now),
            overwritten=_share(wrong & was & ~now),
            ambiguous=_share(wrong & now),
            refused=int((~was & ~now).sum()),
            lost=int((was & ~now).sum()),
        )
    return found


def _share(which: Tensor) -> float:
    return float(which.double().mean()) if len(which) else float("nan")
