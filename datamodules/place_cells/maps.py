"""Random maps of features on a grid, walks over them, and questions about their edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidInput
from neutnn_pl.nn.place_cells import FIELDS

Edges = npt.NDArray[np.int64]
"""int64 `[B, 5]`: environment, tail feature, head feature, dx, dy; -1 where not given."""

_MAPS, _WALKS, _NOISE, _CHANGE = range(4)


@dataclass(frozen=True)
class Maps:
    """Where which feature is, in several environments.

    Attributes:
        places: int64 `[E, O, 2]`, x and y of each object, `0 .. size - 1`.
        features: int64 `[E, O]`, feature of each object.
        size: places along x and y.
        torus: whether the last place is followed by the first.
    """

    places: npt.NDArray[np.int64]
    features: npt.NDArray[np.int64]
    size: tuple[int, int]
    torus: bool

    @classmethod
    def random(
        cls,
        environments: int = 40,
        objects: int = 10,
        features: int = 10,
        size: tuple[int, int] = (15, 15),
        *,
        torus: bool = False,
        collisions: float = 0.0,
        seed: int = 0,
    ) -> Maps:
        """Return random maps: objects at distinct places, each with a feature.

        Args:
            environments: number of environments.
            objects: objects in each.
            features: number of features; without collisions all objects of an environment differ.
            size: places along x and y.
            torus: whether the last place is followed by the first.
            collisions: probability that an object takes a random feature, which another object of
                its environment may have, instead of one of its own.
            seed: of the random numbers.

        Raises:
            InvalidInput: for sizes or probabilities that make no maps.
        """
        width, height = size
        _check("environments", environments, environments >= 1, ">= 1")
        _check(
            "objects", objects, 2 <= objects <= width * height, f"2 .. {width * height} (places)"
        )
        _check("collisions", collisions, 0 <= collisions <= 1, "0 .. 1")
        fits = collisions > 0 or objects <= features
        _check("features", features, fits, f"at least {objects}, one for each object")
        rng = np.random.default_rng([seed, _MAPS])
        places, which = [], []
        for _ in range(environments):
            at = rng.permutation(width * height)[:objects]
            own = rng.permutation(max(features, objects))[:objects] % features
            other = rng.integers(features, size=objects)
            places.append(np.stack([at % width, at // width], axis=1))
            which.append(np.where(rng.random(objects) < collisions, other, own))
        return cls(np.stack(places), np.stack(which), (width, height), torus)

    def edge(self, environment: Edges, tail: Edges, head: Edges) -> Edges:
        """Return edges between objects, int64 `[B, 5]`, from their numbers and environments."""
        step = self.places[environment, head] - self.places[environment, tail]
        size = np.array(self.size)
        step = step % size if self.torus else step + size - 1
        named = (environment, self.features[environment, tail], self.features[environment, head])
        return np.concatenate([np.stack(named, axis=1), step], axis=1).astype(np.int64)

    def edges(self) -> Edges:
        """Return all directed edges between two objects of one environment, int64 `[B, 5]`."""
        e, o = self.features.shape
        one = np.array(
            [(e_, t, h) for e_ in range(e) for t in range(o) for h in range(o) if t != h]
        )
        return self.edge(one[:, 0], one[:, 1], one[:, 2])

    def walk(self, environment: int, steps: int, seed: int = 0) -> npt.NDArray[np.int64]:
        """Return the objects that a random walk visits, int64 `[steps + 1]`; it never stays.

        Args:
            environment: where it walks.
            steps: number of edges.
            seed: of the random numbers.
        """
        rng = np.random.default_rng([seed, _WALKS, environment])
        objects = self.features.shape[1]
        hops = np.concatenate([rng.integers(objects, size=1), rng.integers(1, objects, size=steps)])
        return hops.cumsum() % objects

    def walked(self, environment: int, steps: int, seed: int = 0) -> Edges:
        """Return the edges of a walk in order, int64 `[steps, 5]`; arguments as in `walk`."""
        path = self.walk(environment, steps, seed)
        return self.edge(np.full(steps, environment), path[:-1], path[1:])

    def stream(self, chunk: int = 256, stay: int = 30, seed: int = 0) -> Iterator[Edges]:
        """Return edges without end, in chunks, of an agent that explores one map after another.

        Args:
            chunk: edges at once.
            stay: steps in an environment before the next one.
            seed: of the random numbers.
        """
        rng = np.random.default_rng([seed, _WALKS])
        held: list[Edges] = []
        while True:
            environment = int(rng.integers(len(self.features)))
            held.append(self.walked(environment, stay, int(rng.integers(2**31))))
            while sum(map(len, held)) >= chunk:
                joined = np.concatenate(held)
                yield joined[:chunk]
                held = [joined[chunk:]]

    def changed(self, environment: int, moved: int, seed: int = 0) -> Maps:
        """Return maps in which some objects of one environment have moved to free places.

        Args:
            environment: which one.
            moved: how many of its objects.
            seed: of the random numbers.
        """
        rng = np.random.default_rng([seed, _CHANGE, environment])
        width, height = self.size
        places = self.places.copy()
        taken = places[environment] @ np.array([1, width])
        free = rng.permutation(np.setdiff1d(np.arange(width * height), taken))[:moved]
        who = rng.permutation(places.shape[1])[:moved]
        places[environment, who] = np.stack([free % width, free // width], axis=1)
        return Maps(places, self.features, self.size, self.torus)


def ask(edges: Edges, *fields: str) -> Edges:
    """Return a copy of edges in which fields are not given."""
    asked = edges.copy()
    asked[:, [FIELDS.index(field) for field in fields]] = -1
    return asked


def disturb(
    edges: Edges,
    values: tuple[int, ...],
    *,
    missing: float = 0.0,
    wrong: float = 0.0,
    keep: tuple[str, ...] = (),
    seed: int = 0,
) -> Edges:
    """Return edges of which some spikes are missing, or on another line of their field.

    Args:
        edges: int64 `[B, 5]`.
        values: number of values of each field.
        missing: probability that a field is not given.
        wrong: probability that a field has another value.
        keep: fields that are left as they are.
        seed: of the random numbers.

    Raises:
        InvalidInput: for probabilities outside 0 .. 1.
    """
    _check("missing", missing, 0 <= missing <= 1, "0 .. 1")
    _check("wrong", wrong, 0 <= wrong <= 1, "0 .. 1")
    rng = np.random.default_rng([seed, _NOISE])
    out = edges.copy()
    for column, field in enumerate(FIELDS):
        gone, other = rng.random(len(out)) < missing, rng.random(len(out)) < wrong
        away = 1 + rng.integers(values[column] - 1, size=len(out))
        if field in keep:
            continue
        given = out[:, column] != -1
        moved = (out[:, column] + away) % values[column]
        out[:, column] = np.where(given & other, moved, out[:, column])
        out[gone, column] = -1
    return out


def _check(name: str, got: object, fine: bool, expected: str) -> None:
    if not fine:
        raise InvalidInput(f"maps: {name}", got=got, expected=expected)
