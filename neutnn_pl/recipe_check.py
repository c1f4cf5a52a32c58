"""All that is wrong with a recipe, with line numbers, once it is known that something is."""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
import types
import typing
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hls.errors import InvalidInput, NeutnnError

Node = yaml.Node
DUMMIES: dict[type, Any] = {int: 8, float: 0.5, str: "x", bool: False, list: [], dict: {}}
_UNION = (typing.Union, types.UnionType)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        line: line of the file, from 1.
        text: what is wrong, with the key.
    """

    line: int
    text: str


def compose(path: Path) -> yaml.MappingNode:
    """Return a recipe's YAML with its line numbers.

    Raises:
        InvalidInput: if it cannot be read, is not YAML, is not a mapping, or names a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"recipe {path}", got=str(error), expected="a text file") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        said = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InvalidInput(
            f"recipe {path}: no valid YAML",
            got=f"{at}{said}",
            expected="key: value, indented by spaces",
        ) from error
    if not isinstance(root, yaml.MappingNode):
        got = "nothing" if root is None else f"a {root.tag.rpartition(':')[2]}"
        raise InvalidInput(f"recipe {path}", got=got, expected="sections such as data: and model:")
    try:
        twice = list(_twice(root, ""))
    except RecursionError as error:
        raise InvalidInput(
            f"recipe {path}", got="an alias inside itself", expected="plain values"
        ) from error
    if twice:
        raise several(path, twice)
    return root


def several(path: Path, problems: list[Problem]) -> InvalidInput:
    """Return one error for all problems of a file."""
    lines = [f"  line {p.line}: {p.text}" for p in sorted(problems, key=lambda p: p.line)]
    count = f"{len(lines)} errors" if len(lines) > 1 else "1 error"
    return InvalidInput("\n".join([f"recipe {path}: {count}", *lines]))


def _twice(node: Node, prefix: str) -> Iterator[Problem]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                text = f"{prefix}{name}: given twice, first in line {seen[name]}"
                yield Problem(line, text)
            seen.setdefault(name, line)
            yield from _twice(value, f"{prefix}{name}.")
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(item, prefix)


def located(path: Path, said: str, options: Collection[str] = ()) -> InvalidInput | None:
    """Return an error with the line of the one value or key that it names; None if there is none.

    Args:
        path: the recipe.
        said: an error that came up only when the data were read or the network was made.
        options: what the command line says: the keys in it are not the file's.
    """
    before, got, _ = said.partition("got ")
    if not got:
        return None
    values, keys = set(), set()
    for key, node, line in _leaves(compose(path)):
        if any(key in option.split("=")[0].split(".") for option in options):
            continue
        if repr(node.value) in said and node.value:
            values.add((key, line))
        if re.search(rf"\b{re.escape(key)}\b", before):
            keys.add((key, line))
    for found in (values, keys):
        if len(found) == 1:
            ((key, line),) = found
            return several(path, [Problem(line, said if key in before else f"{key}: {said}")])
    return None


def _leaves(node: Node) -> Iterator[tuple[str, yaml.ScalarNode, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(value, yaml.ScalarNode):
                yield str(key.value), value, key.start_mark.line + 1
            else:
                yield from _leaves(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _leaves(item)


def check(path: Path, sections: Mapping[str, Any], linked: Collection[str] = ()) -> list[Problem]:
    """Return everything that can be found wrong with a recipe.

    Args:
        path: the recipe.
        sections: what each top key holds: a class whose arguments stand under it (`Arguments`), or
            a type.
        linked: arguments that come from elsewhere and need not be given.
    """
    checker = _Checker(linked)
    for key, value in compose(path).value:
        name, line = str(key.value), key.start_mark.line + 1
        if name not in sections:
            checker.unknown(name, name, line, sections)
        elif isinstance(sections[name], Arguments):
            checker.arguments(sections[name].of, value, name, line)
        else:
            checker.value(sections[name], value, name, line)
    return checker.problems


@dataclass(frozen=True)
class Arguments:
    """A section that holds the arguments of a class directly."""

    of: type


class _Checker:
    """Walks a recipe beside the signatures of what it configures."""

    def __init__(self, linked: Collection[str]) -> None:
        self.problems: list[Problem] = []
        self.linked = linked

    def add(self, line: int, text: str) -> None:
        self.problems.append(Problem(line, text))

    def unknown(self, where: str, name: str, line: int, known: Mapping[str, Any]) -> None:
        near = difflib.get_close_matches(name, known, n=1)
        mend = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(sorted(known))}"
        self.add(line, f"{where}: no such key. {mend}")

    def value(self, kind: Any, node: Node, where: str, line: int) -> None:  # noqa: ANN401
        """Check a value against a type."""
        classes = _classes(kind)
        if isinstance(node, yaml.MappingNode) and classes:
            self.instance(classes, node, where, line)
        elif isinstance(node, yaml.SequenceNode) and _classes(_item(kind)):
            for item in node.value:
                self.value(_item(kind), item, where, item.start_mark.line + 1)
        else:
            self.leaf(kind, node, where, line)

    def leaf(self, kind: Any, node: Node, where: str, line: int) -> None:  # noqa: ANN401
        value = _plain(node)
        if not _fits(kind, value):
            hint = ". Put it in quotes" if isinstance(value, bool) and _takes(kind, str) else ""
            self.add(line, f"{where}: got {value!r}; expected {_name(kind)}{hint}")

    def instance(self, classes: list[type], node: yaml.MappingNode, where: str, line: int) -> None:
        """Check `class_path` and `init_args`, or the arguments of a class without them."""
        keys = {str(key.value): (key, value) for key, value in node.value}
        if "class_path" not in keys:
            if set(keys) == {"init_args"}:
                return  # the class comes from somewhere else
            self.arguments(_likely(classes, set(keys)), node, where, line)
            return
        for name, (key, _) in keys.items():
            if name not in ("class_path", "init_args", "dict_kwargs"):
                known = {"class_path": 0, "init_args": 0}
                self.unknown(f"{where}.{name}", name, key.start_mark.line + 1, known)
        path, at = str(keys["class_path"][1].value), keys["class_path"][0].start_mark.line + 1
        found = _find_class(path, classes)
        if found is None:
            names = sorted({c.__name__ for base in classes for c in _family(base)})
            near = difflib.get_close_matches(path.rpartition(".")[2], names, n=1)
            mend = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(names)}"
            self.add(at, f"{where}.class_path: no class {path!r}. {mend}")
        elif "init_args" in keys:
            key, value = keys["init_args"]
            self.arguments(found, value, where, key.start_mark.line + 1)

    def arguments(self, cls: type, node: Node, where: str, line: int) -> None:
        """Check the arguments of a class, one by one and then together."""
        if not isinstance(node, yaml.MappingNode):
            value = _plain(node)
            if value is not None:
                self.add(line, f"{where}: got {value!r}; expected keys and values")
            return
        known, before = _parameters(cls), len(self.problems)
        good: dict[str, tuple[Any, int]] = {}
        for key, value in node.value:
            name, at = str(key.value), key.start_mark.line + 1
            if name not in known:
                self.unknown(f"{where}.{name}", name, at, known)
                continue
            count = len(self.problems)
            self.value(known[name].annotation, value, f"{where}.{name}", at)
            if len(self.problems) == count:
                good[name] = (_plain(value), at)
        simple = {n: v for n, v in good.items() if not isinstance(v[0], dict | list)}
        self.ranges(cls, known, simple, where)
        missing = [n for n, p in known.items() if p.default is p.empty and n not in self.linked]
        absent = set(missing) - {str(key.value) for key, _ in node.value}
        if absent and len(self.problems) == before:
            self.add(line, f"{where}: no {', '.join(sorted(absent))} given")

    def ranges(
        self,
        cls: type,
        known: Mapping[str, inspect.Parameter],
        given: Mapping[str, tuple[Any, int]],
        where: str,
    ) -> None:
        """Make the object with what is given, dropping each value that it will not take."""
        if not cls.__module__.startswith(("neutnn_pl", "datamodules", "hls")):
            return
        values = {name: value for name, (value, _) in given.items()}
        for _ in range(len(given) + 1):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    cls(**{**_required(known), **values})
            except (NeutnnError, ValueError, TypeError, OverflowError) as error:
                what = str(error).partition("got")[0] if "got" in str(error) else str(error)
                blamed = [n for n in values if re.search(rf"\b{n}\b", what)]
                if not blamed:
                    return
                name = blamed[-1]
                line = given[name][1]
                said = str(error).partition(": got ")[2]
                self.add(
                    line, f"{where}.{name}: got {said}" if said else f"{where}.{name}: {error}"
                )
                del values[name]
            else:
                return


def _parameters(cls: type) -> dict[str, inspect.Parameter]:
    """Return the arguments of a class with their types resolved."""
    function = cls.__init__  # type: ignore[misc]
    found = dict(inspect.signature(function).parameters)
    found.pop("self", None)
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):
        hints = {}
    named = {
        name: parameter.replace(annotation=hints.get(name, Any))
        for name, parameter in found.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }
    if any(p.kind is p.VAR_KEYWORD for p in found.values()):
        for base in cls.__mro__[1:-1]:
            if "__init__" in vars(base):
                return {**_parameters(base), **named}
    return named


def _required(known: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """Return something for every argument that has no default."""
    out: dict[str, Any] = {}
    for name, parameter in known.items():
        if parameter.default is parameter.empty:
            origin = typing.get_origin(parameter.annotation) or parameter.annotation
            out[name] = 3 if name == "tres" else DUMMIES.get(origin)
    return out


def _classes(kind: Any) -> list[type]:  # noqa: ANN401 - a type
    """Return the classes of ours (not builtins) in a type."""
    if typing.get_origin(kind) in _UNION:
        return [c for part in typing.get_args(kind) for c in _classes(part)]
    plain = isinstance(kind, type) and typing.get_origin(kind) is None
    return [kind] if plain and kind.__module__ not in ("builtins", "pathlib", "datetime") else []


def _item(kind: Any) -> Any:  # noqa: ANN401 - a type
    """Return the type of a list's items, None if it is no list."""
    if typing.get_origin(kind) in _UNION:
        found = [_item(part) for part in typing.get_args(kind)]
        return next((item for item in found if item is not None), None)
    return typing.get_args(kind)[0] if typing.get_origin(kind) in (list, tuple) else None


def _likely(classes: list[type], keys: set[str]) -> type:
    """Return the class whose arguments fit most of the keys."""
    return max(classes, key=lambda cls: len(keys & set(_parameters(cls))))


def _family(base: Any) -> Iterator[type]:  # noqa: ANN401 - a class
    yield base
    for child in base.__subclasses__():
        yield from _family(child)


def _find_class(path: str, classes: list[type]) -> type | None:
    module, _, name = path.rpartition(".")
    if module:
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError):
            return None
        return found if isinstance(found, type) else None
    family = (c for base in classes for c in _family(base))
    return next((c for c in family if c.__name__ == path), None)


def _plain(node: Node) -> Any:  # noqa: ANN401 - any YAML value
    return yaml.safe_load(yaml.serialize(node))


def _fits(kind: Any, value: Any) -> bool:  # noqa: ANN401 - any type, any value
    """Return whether a value is of a type, as the command line would have it."""
    from jsonargparse import ArgumentParser

    if kind is Any or kind is inspect.Parameter.empty:
        return True
    parser = ArgumentParser(exit_on_error=False)
    try:
        parser.add_argument("--x", type=kind)
        parser.parse_object({"x": value})
    except Exception:  # jsonargparse raises several kinds
        return False
    return True


def _takes(kind: Any, wanted: type) -> bool:  # noqa: ANN401 - a type
    return wanted in (typing.get_args(kind) or (kind,))


def _name(kind: Any) -> str:  # noqa: ANN401 - a type
    if typing.get_origin(kind) in _UNION:
        return " or ".join(_name(part) for part in typing.get_args(kind))
    if kind is type(None):
        return "null"
    text = kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else str(kind)
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", text)
