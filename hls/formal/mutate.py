"""Faults in RTL, one at a time: every operator, constant and register of a design, once."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyverilog.vparser.ast as ast
from pyverilog.ast_code_generator.codegen import ASTCodeGenerator
from pyverilog.vparser.parser import VerilogParser

OPERATORS: dict[type, type] = {
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Xor: ast.Or,
    ast.Plus: ast.Minus,
    ast.Minus: ast.Plus,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.LessThan: ast.LessEq,
    ast.LessEq: ast.LessThan,
    ast.GreaterThan: ast.GreaterEq,
    ast.GreaterEq: ast.GreaterThan,
    ast.Uor: ast.Uand,
    ast.Uand: ast.Uor,
    ast.Uxor: ast.Uor,
    ast.Land: ast.Lor,
    ast.Lor: ast.Land,
}
"""What an operator becomes; a negation goes away, and a choice takes the other side."""

SHAPE = (ast.Variable, ast.Ioport, ast.Width, ast.Pointer, ast.Partselect, ast.Portlist)
"""Parts in which a constant is a size or a place, not a value."""


@dataclass(frozen=True)
class Fault:
    """A design with one fault.

    Attributes:
        kind: `operator`, `constant` or `register`.
        what: module, line and change, in words.
        text: the whole design as Verilog.
    """

    kind: str
    what: str
    text: str


def faults(text: str) -> list[Fault]:
    """Return a design once with every fault.

    Args:
        text: Verilog-2005.
    """
    tree = _parsed(text)
    found = []
    for number in range(len(list(_places(tree)))):
        changed = copy.deepcopy(tree)
        kind, what, change = list(_places(changed))[number]
        change()
        found.append(Fault(kind, what, ASTCodeGenerator().visit(changed)))
    return found


def _parsed(text: str) -> ast.Source:
    lines = (re.sub(r"//.*", "", line) for line in text.splitlines())
    return _parser().parse("\n".join(lines) + "\n")


@cache
def _parser() -> VerilogParser:
    """Return the parser: its tables take seconds to make, so once is enough."""
    with TemporaryDirectory() as folder:
        return VerilogParser(outputdir=folder, debug=False)


def _places(tree: ast.Source) -> Iterator[tuple[str, str, Callable[[], None]]]:
    for module in tree.description.definitions:
        if isinstance(module, ast.ModuleDef):
            for item in module.items:
                yield from _below(item, module.name)


def _below(node: ast.Node, module: str) -> Iterator[tuple[str, str, Callable[[], None]]]:
    """Yield every place for a fault in a part of a module, with what makes it."""
    if isinstance(node, SHAPE):
        return
    for name, child, put in _children(node):
        place = f"{module}, line {child.lineno}: "
        kind = type(child)
        if kind in OPERATORS:
            other = OPERATORS[kind]
            parts = [child.right] if hasattr(child, "right") and not hasattr(child, "left") else []
            parts = parts or [child.left, child.right]
            yield (
                "operator",
                f"{place}{kind.__name__} -> {other.__name__}",
                _puts(put, other(*parts)),
            )
        elif kind is ast.Unot:
            yield "operator", f"{place}no Unot", _puts(put, child.right)
        elif kind is ast.Cond:
            swapped = ast.Cond(child.cond, child.false_value, child.true_value)
            yield "operator", f"{place}Cond swapped", _puts(put, swapped)
        elif kind is ast.IntConst and not (isinstance(node, ast.Concat) and _zero(child)):
            value = _next(child.value)
            yield "constant", f"{place}{child.value} -> {value}", _puts(put, ast.IntConst(value))
        elif kind is ast.NonblockingSubstitution:
            target = ASTCodeGenerator().visit(child.left)
            yield "register", f"{place}{target} is not written", _puts(put, ast.Block([]))
        if name != "sens_list":
            yield from _below(child, module)


def _puts(put: Callable[[ast.Node], None], node: ast.Node) -> Callable[[], None]:
    return lambda: put(node)


def _children(
    node: ast.Node,
) -> Iterator[tuple[str, ast.Node, Callable[[ast.Node], None]]]:
    """Yield attribute, child, and what puts another node in its place."""
    for name, value in list(vars(node).items()):
        if isinstance(value, ast.Node):
            yield name, value, lambda new, name=name: setattr(node, name, new)  # type: ignore[misc]
        elif isinstance(value, tuple | list):
            for at, part in enumerate(value):
                if isinstance(part, ast.Node):
                    yield name, part, lambda new, name=name, at=at: _exchange(node, name, at, new)  # type: ignore[misc]


def _exchange(node: ast.Node, name: str, at: int, new: ast.Node) -> None:
    parts = list(getattr(node, name))
    parts[at] = new
    setattr(node, name, tuple(parts))


def _zero(constant: ast.IntConst) -> bool:
    """Return whether a constant only fills a word with zeros."""
    return bool(re.fullmatch(r"\d+'[dbh]0+", constant.value))


def _next(value: str) -> str:
    """Return a constant with its lowest bit turned.

    >>> _next("4'd6"), _next("1'd1"), _next("3")
    ("4'd7", "1'd0", '2')
    """
    head, base, digits = re.fullmatch(r"(?:(\d+)'([dbh]))?([0-9a-f_]+)", value.lower()).groups()  # type: ignore[union-attr]
    radix = {"b": 2, "h": 16, "d": 10, None: 10}[base]
    number = int(digits, radix) ^ 1
    if head is None:
        return str(number)
    text = {2: f"{number:b}", 16: f"{number:x}", 10: str(number)}[radix]
    return f"{head}'{base}{text}"


def write(fault: Fault, path: Path) -> Path:
    """Write a design with a fault to a file."""
    path.write_text(fault.text, encoding="utf-8")
    return path
