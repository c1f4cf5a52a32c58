"""Finding one's way with a memory of edges: where am I, and where does this lead?"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neutnn_pl.nn.place_cells.codes import FIELDS, UNKNOWN, EdgeCode
from neutnn_pl.nn.place_cells.memory import PlaceMemory


@dataclass(frozen=True)
class Localisation:
    """What successive observations tell about the environment.

    Attributes:
        candidates: bool `[W, K, E]`, environments left after each of `K` edges of `W` walks.
        steps: int64 `[W]`, edges until one was left; `K + 1` if several are left at the end.
        answer: int64 `[W]`, that environment; -1 if several are left.
    """

    candidates: Tensor
    steps: Tensor
    answer: Tensor


def localise(known: Tensor, lead: int = 1) -> Localisation:
    """Return where walks must be, from the environments that know each of their edges.

    Every edge gives one vote to each environment that knows it; candidates are those with the most
    votes. Without disturbances this is the intersection over the edges, and with them one wrong
    edge costs the right environment one vote only.

    Args:
        known: bool `[W, K, E]`, for each edge of each walk the environments that know it.
        lead: votes by which the first must lead the second to be the answer.
    """
    votes = known.long().cumsum(1)
    candidates = votes == votes.amax(2, keepdim=True)
    best = votes.topk(min(2, votes.shape[2]), dim=2).values
    second = best[..., 1] if best.shape[2] > 1 else torch.zeros_like(best[..., 0])
    sure = best[..., 0] - second >= lead
    walks, length = sure.shape
    first = torch.where(sure.any(1), sure.to(torch.uint8).argmax(1), length)
    at = votes[torch.arange(walks), first.clamp(max=length - 1)].argmax(1)
    return Localisation(candidates, first + 1, torch.where(first < length, at, UNKNOWN))


def localise_walks(memory: PlaceMemory, walks: Tensor, lead: int = 1) -> Localisation:
    """Return where walks must be, by what minicolumn E lets pass under t-WTA.

    Args:
        memory: what has been learnt.
        walks: int64 `[W, K, 5]`, edges of walks; the environment is not looked at.
        lead: as in `localise`.
    """
    known = memory.environments(walks.flatten(0, 1))
    return localise(known.unflatten(0, walks.shape[:2]), lead)


def integrate(memory: PlaceMemory, walks: Tensor) -> tuple[Tensor, Tensor]:
    """Return where walks lead, by adding the displacements that X and Y give.

    Args:
        memory: what has been learnt.
        walks: int64 `[W, K, 5]`, edges of walks; displacements are not looked at.

    Returns:
        Position after each edge from the start, in places, int64 `[W, K, 2]` (modulo the size on a
        torus); and whether all displacements up to it were answered, bool `[W, K]`.
    """
    edges = walks.flatten(0, 1).clone()
    edges[:, 3:] = UNKNOWN
    steps = torch.stack([memory.infer(edges, field) for field in ("dx", "dy")], dim=1)
    found = (steps != UNKNOWN).all(1).reshape(walks.shape[:2])
    moved = displacement(memory.code, steps).reshape(*walks.shape[:2], 2)
    return around(memory.code, moved.cumsum(1)), found.to(torch.uint8).cumprod(1).bool()


def displacement(code: EdgeCode, steps: Tensor) -> Tensor:
    """Return displacements in places, from their numbers dx, dy, int64 `[..., 2]` both."""
    return steps if code.torus else steps - (torch.tensor(code.size) - 1)


def around(code: EdgeCode, position: Tensor) -> Tensor:
    """Return positions, int64 `[..., 2]`, modulo the size on a torus."""
    return position % torch.tensor(code.size) if code.torus else position


def positions(code: EdgeCode, walks: Tensor) -> Tensor:
    """Return where walks truly lead from their start, int64 `[W, K, 2]`, from their edges."""
    return around(code, displacement(code, walks[..., FIELDS.index("dx") :]).cumsum(1))
