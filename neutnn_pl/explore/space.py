"""The search space: a recipe, what every trial changes in it, and what is searched."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hls.errors import InvalidInput
from hls.forecast.forecast import libraries
from neutnn_pl.recipes import find_recipe

_RANGE = {"from", "to", "log"}
_PUBLISHED = {"name", "accuracy", "synapses", "source"}


@dataclass(frozen=True)
class Search:
    """A search, as its YAML file has it.

    Attributes:
        base: recipe that every trial changes.
        space: what is searched: a key of the recipe (`model.init_args.layers.0.theta`; positions in
            lists are numbers) and a list of values to choose from, or a range of integers
            `{from, to, log}`, both ends included.
        fixed: keys and values that every trial has.
        trials: how many networks are tried.
        seed: key of the choices.
        tradeoff: how much a network may cost: a trial's merit is
            `-ln(1 - accuracy) - tradeoff * ln(synapses + votes)`.
        patience: epochs with scores before a trial can be stopped early; null stops none.
        cpus: CPU cores of a trial.
        prune: shares of the synapses, between 0 and 1, that go in further runs of every network
            that was not stopped: the lowest weights first, before the layers' second epoch.
        test: read the test split, once, for every network of the front.
        forecast: library of which area and energy of every network are forecast; null: of none.
        published: others' networks for table and picture: `name`, `accuracy` (0 .. 1), `synapses`
            (null: not stated) and `source`.
    """

    base: str
    space: dict[str, Any]
    fixed: dict[str, Any] = field(default_factory=dict)
    trials: int = 20
    seed: int = 0
    tradeoff: float = 0.3
    patience: int | None = 3
    cpus: int = 1
    prune: list[float] = field(default_factory=list)
    test: bool = False
    forecast: str | None = None
    published: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check the settings."""
        for name in ("trials", "cpus", *(["patience"] if self.patience is not None else [])):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InvalidInput(f"search: {name}", got=repr(value), expected="an integer >= 1")
        if not isinstance(self.prune, list) or not all(
            isinstance(share, float) and 0 < share < 1 for share in self.prune
        ):
            raise InvalidInput(
                "search: prune", got=repr(self.prune), expected="a list of shares between 0 and 1"
            )
        if not isinstance(self.published, list) or not all(
            isinstance(p, Mapping) and set(p) == _PUBLISHED for p in self.published
        ):
            raise InvalidInput(
                "search: published",
                got=repr(self.published),
                expected=f"a list of networks, each with {', '.join(sorted(_PUBLISHED))}",
            )
        if self.forecast is not None and self.forecast not in libraries():
            raise InvalidInput(
                "search: forecast",
                got=repr(self.forecast),
                expected=f"null, or a library: {', '.join(libraries())}",
            )
        if not self.space:
            raise InvalidInput("search: space", got="nothing in it", expected="a key or more")
        for key, values in self.space.items():
            _check_values(key, values)


def read_search(name: str) -> Search:
    """Read a search, given as a file or by name such as `mnist/explore`.

    Raises:
        InvalidInput: if there is none, or if it has unknown, missing or unusable keys.
    """
    path = find_recipe(name)
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InvalidInput(
            f"search {path}", got=" ".join(str(error).split()), expected="YAML"
        ) from error
    keys = set(Search.__dataclass_fields__)
    missing = {"base", "space"} - set(found if isinstance(found, Mapping) else ())
    if missing:
        raise InvalidInput(
            f"search {path}",
            got=f"no {' and no '.join(sorted(missing))}",
            expected="base, a recipe, and space, what to search",
        )
    for key in found:
        if key not in keys:
            raise InvalidInput(
                f"search {path}", got=f"key {key!r}", expected=f"one of {', '.join(sorted(keys))}"
            )
    return Search(**found)


def changed(recipe: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe with some values replaced, those nearest to its root first.

    Args:
        recipe: a configuration of plain values.
        changes: values by key, as in `Search.space`.

    Raises:
        InvalidInput: for a key that leads nowhere.

    >>> changed({"layers": [{"theta": 3}]}, {"layers.0.theta": 5})
    {'layers': [{'theta': 5}]}
    """
    out: dict[str, Any] = copy.deepcopy(dict(recipe))
    for key, value in sorted(changes.items(), key=lambda item: (item[0].count("."), item[0])):
        *path, last = key.split(".")
        place: Any = out
        for part in path:
            place = _step(place, part, key)
        if isinstance(place, list):
            _step(place, last, key)
            place[int(last)] = copy.deepcopy(value)
        elif isinstance(place, dict):
            place[last] = copy.deepcopy(value)
        else:
            raise _nowhere(key, last)
    return out


def base_recipe(search: Search) -> dict[str, Any]:
    """Return the recipe that trials start from, with what is fixed put in."""
    recipe = yaml.safe_load(find_recipe(search.base).read_text(encoding="utf-8"))
    return changed(recipe, search.fixed)


def read_recipe(path: Path) -> dict[str, Any]:
    """Return a recipe's plain values."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def _step(place: Any, part: str, key: str) -> Any:  # noqa: ANN401 - YAML
    if isinstance(place, list):
        if not part.isdigit() or int(part) >= len(place):
            raise _nowhere(key, part)
        return place[int(part)]
    if not isinstance(place, dict) or part not in place:
        raise _nowhere(key, part)
    return place[part]


def _nowhere(key: str, part: str) -> InvalidInput:
    return InvalidInput(
        f"search: {key}",
        got=f"no {part!r} in the recipe",
        expected="a key of the recipe, numbers for places in lists",
    )


def _check_values(key: str, values: object) -> None:
    if isinstance(values, list) and values:
        return
    fine = isinstance(values, Mapping) and {"from", "to"} <= set(values) <= _RANGE
    if fine:
        low, high = values["from"], values["to"]  # type: ignore[index]
        fine = isinstance(low, int) and isinstance(high, int) and low <= high
    if not fine:
        raise InvalidInput(
            f"search: {key}",
            got=repr(values),
            expected="a list of values, or {from: 1, to: 9} in integers",
        )
