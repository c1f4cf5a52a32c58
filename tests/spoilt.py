"""Recipes spoilt in ways that people spoil them, each with what the message has to name."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from neutnn_pl.recipes import find_recipe, recipe_names

KINDS = ("misspelt", "type", "range", "missing", "yaml")
WRONG_TYPE = {
    "theta": "many", "neurons": "3.5", "seed": "[1, 2]", "capture": "often", "minus": "half",
    "search": "{a: 1}", "backoff": "1.5", "max_epochs": "soon", "zeros": "perhaps",
    "batch_size": "big", "features": "a few", "tres": "fine", "limit": "high", "target": "some",
    "clock_ns": "fast", "margin": "wide", "kernel": "[]", "corners": "two", "threshold": "low",
}  # fmt: skip
OUT_OF_RANGE = {
    "capture": "1025", "minus": "-1", "search": "5000", "backoff": "-7", "minimum": "1024000",
    "theta": "0", "neurons": "0", "batch_size": "0", "features": "-3", "tres": "12",
    "stabiliser": "sometimes", "response": "rln", "wta": "2-wta", "tie": "coin", "by": "size",
    "target": "1.5", "pdk": "osu810", "clock_ns": "-1", "tool": "openraod", "wres": "9",
    "kind": "majority",
}  # fmt: skip
MISSING = {"name": "NoSuchSet", "class_path": "NoSuchClass"}
BAD_YAML = ("\tx: 1", "a: b: c", "- [1, 2", "'open", "%no: yes", "? : :\n -", "{", "key: *nowhere",
            "x: @y", "pruning:\n  - by: {")  # fmt: skip


@dataclass(frozen=True)
class Spoilt:
    """A spoilt recipe.

    Attributes:
        kind: how it was spoilt.
        text: its text.
        names: what the message has to contain.
        line: the line that it has to name, 0 for any.
    """

    kind: str
    text: str
    names: str
    line: int


def spoil(count: int, seed: int = 0) -> Iterator[Spoilt]:
    """Yield `count` spoilt recipes, kinds and recipes in turn, no two alike."""
    source = random.Random(seed)
    recipes = [find_recipe(name).read_text(encoding="utf-8") for name in recipe_names()]
    seen: set[str] = set()
    turn = 0
    while len(seen) < count:
        made = _spoil(source, KINDS[turn % len(KINDS)], recipes[turn // 5 % len(recipes)])
        turn += 1
        if made is not None and made.text not in seen:
            seen.add(made.text)
            yield made


def _spoil(source: random.Random, kind: str, text: str) -> Spoilt | None:
    lines = text.splitlines()
    if kind == "yaml":
        at = source.randrange(1, len(lines))
        bad = source.choice(BAD_YAML)
        return Spoilt(kind, "\n".join([*lines[:at], bad, *lines[at:]]) + "\n", "YAML", 0)
    places = [i for i, line in enumerate(lines) if re.match(r"\s*(- )?\w+:", line)]
    if kind == "misspelt":
        at = source.choice(places)
        key = _key(lines[at])
        wrong = _misspell(source, key)
        lines[at] = lines[at].replace(f"{key}:", f"{wrong}:", 1)
        return Spoilt(kind, "\n".join(lines) + "\n", wrong, at + 1)
    table = {"type": WRONG_TYPE, "range": OUT_OF_RANGE, "missing": MISSING}[kind]
    places = [i for i in places if _key(lines[i]) in table]
    if "PlaceCells" in text:  # there it is a size that the data share
        places = [i for i in places if _key(lines[i]) != "features"]
    if not places:
        return None
    at = source.choice(places)
    key = _key(lines[at])
    value = table[key]
    if kind == "missing" and source.random() < 0.7:
        value = f"No{source.randrange(1000)}Such"
    lines[at] = re.sub(r":.*", f": {value}", lines[at], count=1)
    return Spoilt(kind, "\n".join(lines) + "\n", value if kind == "missing" else key, at + 1)


def _key(line: str) -> str:
    return line.strip().removeprefix("- ").partition(":")[0]


def _misspell(source: random.Random, word: str) -> str:
    """Double, drop or swap a letter."""
    at = source.randrange(len(word) - 1)
    ways = [
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ]
    good = [w for w in ways if w != word and w]
    return source.choice(good)
