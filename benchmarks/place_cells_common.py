"""What the experiments on place cells share: data, memories, baselines, tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import neutnn_pl  # noqa: F401 - before any import of lightning

import numpy as np  # isort: skip
import torch
import yaml
from torch import Tensor

from datamodules.place_cells import Maps, PlaceMaps, ask
from neutnn_pl.functional.pruning import lowest
from neutnn_pl.metrics.associative import ExactDictionary, Willshaw, nearest
from neutnn_pl.nn import place_cells as cells
from neutnn_pl.nn.place_cells import FIELDS, PlaceMemory
from neutnn_pl.recipes import find_recipe

Learnt = tuple[PlaceMemory, Tensor, Tensor]
SHORT = {"dx": "dx", "dy": "dy", "environment": "env", "head": "head", "tail": "tail"}
MEAN = "mean of the five fields"
Panels = dict[str, dict[str, dict[float, float]]]
_FIXED = {
    "inputs",
    "tres",
    "seed",
    "environments",
    "features",
    "dx",
    "dy",
    "width",
    "height",
    "torus",
}


@dataclass(frozen=True)
class Pruned:
    """How a pruned memory does.

    Attributes:
        synapses: how many are left.
        accuracy: by field.
        changed: share of answers that changed.
        less: mean accuracy for dx, dy, the environment and the head with one more field not given.
    """

    synapses: int
    accuracy: dict[str, float]
    changed: float
    less: float


@dataclass(frozen=True)
class Options:
    """How large the study is."""

    seeds: int
    quick: bool


def setting(
    recipe: str,
    seed: int,
    quick: bool,
    **changes: Any,  # noqa: ANN401
) -> tuple[PlaceMaps, dict[str, Any]]:
    """Return a recipe's data for one seed, and its model's other settings."""
    text = yaml.safe_load(find_recipe(f"place_cells/{recipe}").read_text(encoding="utf-8"))
    data = {**text["data"]["init_args"], "seed": seed, **changes}
    if quick:
        data["environments"] = min(data["environments"], 6)
    model = {k: v for k, v in text["model"]["init_args"].items() if k not in _FIXED}
    return PlaceMaps(**data), model


def learnt(data: PlaceMaps, seed: int, **model: Any) -> Learnt:  # noqa: ANN401
    """Return a memory that has seen every edge once, the edges in that order, what was stored."""
    memory, edges = cells.make_memory(data.code, edges=len(data.edges()), **model), data.edges()
    edges = edges[torch.from_numpy(np.random.default_rng([seed, 77]).permutation(len(edges)))]
    return memory, edges, memory.learn(edges)


class Nearest:
    """`nearest` with the interface of the other baselines."""

    def __init__(self, edges: Tensor, k: int) -> None:
        self.edges, self.k = edges, k

    def infer(self, edges: Tensor, field: int) -> Tensor:
        """Return one field of each edge."""
        return nearest(self.edges, edges, field, self.k)


def baselines(edges: Tensor, data: PlaceMaps, synapses: int) -> dict[str, Any]:
    """Return the other memories, with the same edges stored."""
    values = tuple(data.code.values(field) for field in FIELDS)
    found: dict[str, Any] = {"exact dictionary": ExactDictionary(edges)}
    found |= {f"{k} nearest": Nearest(edges, k) for k in (1, 5)}
    for order in (2, 3):
        memory = Willshaw(values, synapses, order)
        memory.learn(edges)
        found[f"Willshaw, {order} fields"] = memory
    return found


def row(name: str, runs: list[dict[str, float]], *more: str) -> None:
    """Print means and standard deviations over seeds as a row of a table."""
    parts = []
    for field in SHORT:
        values = np.array([run[field] for run in runs])
        parts.append(f"{values.mean():.3f} ({values.std():.3f})")
    print(f"| {name} | {' | '.join([*more, *parts])} |", flush=True)


def heading(title: str, *columns: str) -> None:
    """Print the head of a table."""
    print(f"\n### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)


def sample(edges: Tensor, number: int, seed: int) -> Tensor:
    """Return some of the edges."""
    return edges[
        torch.from_numpy(np.random.default_rng([seed, 3]).permutation(len(edges))[:number])
    ]


def empty_panels() -> Panels:
    """Return the panels of a picture of curves, without curves."""
    return {"dx": {}, MEAN: {}}


def add_points(panels: Panels, name: str, x: float, runs: list[dict[str, float]]) -> None:
    """Add a memory's accuracy, the mean over seeds, to the panels for dx and for all fields."""
    panels["dx"].setdefault(name, {})[x] = float(np.mean([run["dx"] for run in runs]))
    means = [np.mean([*run.values()]) for run in runs]
    panels[MEAN].setdefault(name, {})[x] = float(np.mean(means))


def drop_fresh(memory: PlaceMemory) -> None:
    """Mask all segments that hold nothing."""
    memory.layer.prune(memory.fresh()[..., None].expand_as(memory.layer.mask))


def with_a_field_less(memory: PlaceMemory, edges: Tensor) -> float:
    """Return the share of right answers when one more field is not given (the head always is)."""
    right = []
    for field in ("dx", "dy", "environment", "head"):
        for other in set(FIELDS) - {field, "head"}:
            asked = torch.from_numpy(ask(edges.numpy(), other))
            answers = memory.infer(asked, field)
            right.append(float((answers == edges[:, FIELDS.index(field)]).double().mean()))
    return float(np.mean(right))


def prune_share(memory: PlaceMemory, share: float, seed: int) -> None:
    """Drop a share of what is left by weight (all are 7), ties by the project's own draws."""
    layer = memory.layer
    c, n, d, s, p = layer.weights.shape
    mask, w = layer.mask.reshape(c, n * d * s, p), layer.weights.reshape(c, n * d * s, p).long()
    drop = lowest(w, mask, int(share * int(mask.sum())), layer=0, seed=seed)
    layer.prune(drop.reshape(layer.mask.shape))


def prune_one_of_three(memory: PlaceMemory, columns: tuple[int, ...]) -> None:
    """Drop the last synapse of every segment of some minicolumns: dy in X, dx in Y, dy in E."""
    mask = memory.layer.mask
    last = mask.flip(-1).to(torch.uint8).argmax(-1, keepdim=True)
    drop = torch.zeros_like(mask)
    drop.scatter_(-1, mask.shape[-1] - 1 - last, True)
    keep = torch.tensor([column in columns for column in range(3)])
    memory.layer.prune(drop & mask & keep[:, None, None, None, None])


def walks_of(maps: Maps, number: int, steps: int, seed: int, hidden: tuple[str, ...]) -> Tensor:
    """Return walks in random environments, int64 `[W, K, 5]`, with fields that are not given."""
    rng = np.random.default_rng([seed, 9])
    where = rng.integers(len(maps.features), size=number)
    found = [ask(maps.walked(int(e), steps, int(rng.integers(2**31))), *hidden) for e in where]
    return torch.from_numpy(np.stack(found))


def ideal_known(edges: Tensor, walks: Tensor, data: PlaceMaps) -> Tensor:
    """Return the environments that have each observed edge, bool `[W, K, E]`.

    Walks are equally likely everywhere, so an ideal observer's posterior is the same for all
    environments that have all edges seen so far, and 0 for the others.
    """
    seen, known = walks.flatten(0, 1), []
    one_hot = torch.nn.functional.one_hot(edges[:, 0], data.code.environments).float()
    for part in seen.split(256):
        fits = torch.ones(len(part), len(edges), dtype=torch.bool)
        for column in range(1, 5):
            value = part[:, None, column]
            fits &= (value == edges[None, :, column]) | (value == -1)
        known.append(fits.float() @ one_hot > 0)
    return torch.cat(known).unflatten(0, walks.shape[:2])


def ideal_noisy(
    edges: Tensor, walks: Tensor, data: PlaceMaps, share: float, sure: float = 0.95
) -> tuple[Tensor, Tensor]:
    """Return after how many edges an ideal observer is sure of the environment, and which it is.

    Bayes on the same maps, each edge of an environment equally likely, each of the four fields
    wrong with a known probability.

    Args:
        edges: int64 `[M, 5]`, the maps.
        walks: int64 `[W, K, 5]`, what is observed.
        data: sizes of the fields.
        share: probability that a field is wrong.
        sure: posterior at which it answers.
    """
    seen, parts = walks.flatten(0, 1), []
    one_hot = torch.nn.functional.one_hot(edges[:, 0], data.code.environments).double()
    for part in seen.split(256):
        p = torch.ones(len(part), len(edges), dtype=torch.float64)
        for column, field in enumerate(FIELDS[1:], start=1):
            other = share / (data.code.values(field) - 1)
            p *= torch.where(part[:, None, column] == edges[None, :, column], 1 - share, other)
        parts.append((p @ one_hot).log())
    posterior = torch.cat(parts).unflatten(0, walks.shape[:2]).cumsum(1).softmax(2)
    best, which = posterior.max(2)
    decided = best > sure
    first = torch.where(decided.any(1), decided.to(torch.uint8).argmax(1), walks.shape[1])
    at = which[torch.arange(len(walks)), first.clamp(max=walks.shape[1] - 1)]
    return first + 1, torch.where(first < walks.shape[1], at, -1)
