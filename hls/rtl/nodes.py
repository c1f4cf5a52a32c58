"""Short names for PyVerilog's syntax tree, all widths explicit so that no lint waiver is needed."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from typing import Any

import pyverilog.vparser.ast as ast
from pyverilog.ast_code_generator.codegen import ASTCodeGenerator

Node = Any
HARD_SPACE = "\x00"
LAYOUT = (
    (r"^(  \w+)\n  (\w+)\n  \($", r"\1 \2 ("),  # head of an instance
    (r"^(module \w+)\n\($", r"\1 ("),
    (r"^  wire ((?:\[\d+:0\] )?)(\w+);\n  assign \2 = ", r"  wire \1\2 = "),
    (r"\{ (\d+'d\d+), (\S+) \}", rf"{{\1,{HARD_SPACE}\2}}"),  # an extension stays on one line
    (r"\((\w+(?:\[\d+\])?)\)\? ", r"\1 ? "),
    (r"\bif\(", "if ("),
    (r"\{ ([^{}]*) \}", r"{\1}"),
    (r"\n{3,}", "\n\n"),
)


def name(text: str) -> Node:
    """Return an identifier."""
    return ast.Identifier(text)


def number(value: int, width: int) -> Node:
    """Return a sized decimal constant."""
    return ast.IntConst(f"{width}'d{value}")


def bit(of: str, index: int, width: int) -> Node:
    """Return bit `index` of a signal of `width` bits (the signal itself if it has one bit)."""
    return name(of) if width == 1 else ast.Pointer(name(of), ast.IntConst(str(index)))


def part(of: str, high: int, low: int) -> Node:
    """Return `of[high:low]`, or `of[low]` where that is one bit."""
    if high == low:
        return ast.Pointer(name(of), ast.IntConst(str(low)))
    return ast.Partselect(name(of), ast.IntConst(str(high)), ast.IntConst(str(low)))


def concat(nodes: Sequence[Node]) -> Node:
    """Return `{first, ..., last}`, the first one highest."""
    return nodes[0] if len(nodes) == 1 else ast.Concat(tuple(nodes))


def repeat(node: Node, times: int) -> Node:
    """Return `{times{node}}`."""
    return node if times == 1 else ast.Repeat(ast.Concat((node,)), ast.IntConst(str(times)))


def extend(node: Node, width: int, to: int) -> Node:
    """Return `node` with zeros above it."""
    return node if width == to else ast.Concat((number(0, to - width), node))


def add(nodes: Sequence[Node]) -> Node:
    """Return the sum of nodes of one width."""
    return reduce(ast.Plus, nodes)


def weighed(node: Node, weight: int, size: int) -> Node:
    """Return `weight` where the node is 1, else 0: `size` bits, the node at the weight's ones."""
    used = weight.bit_length()
    pieces = [node if weight >> b & 1 else number(0, 1) for b in range(used - 1, -1, -1)]
    return concat(([number(0, size - used)] if size > used else []) + pieces)


def unused(nodes: Sequence[Node]) -> list[Node]:
    """Declare a wire that reads what nothing else does, so that lint knows that it is meant."""
    return wire("unused", 1, ast.Uand(concat([number(0, 1), *nodes]))) if nodes else []


def field(of: str, index: int, width: int, count: int) -> Node:
    """Return field `index` of `count` fields of `width` bits in one signal."""
    if count == 1:
        return name(of)
    return part(of, (index + 1) * width - 1, index * width)


def drive(target: Node, value: Node) -> Node:
    """Drive a part of a wire."""
    return ast.Assign(ast.Lvalue(target), ast.Rvalue(value))


def join(operator: type, nodes: Sequence[Node]) -> Node:
    """Return the nodes joined by a binary operator class of PyVerilog."""
    return reduce(operator, nodes)


def both(*terms: Node | bool) -> Node | bool:
    """Return the terms joined by `and`; constants, given as bool, are worked out.

    >>> both(True, False), both(True, True)
    (False, True)
    """
    left = [term for term in terms if term is not True]
    if any(term is False for term in left):
        return False
    return join(ast.And, left) if left else True


def either(*terms: Node | bool) -> Node | bool:
    """Return the terms joined by `or`; constants, given as bool, are worked out.

    >>> either(True, False), either(False, False)
    (True, False)
    """
    left = [term for term in terms if term is not False]
    if any(term is True for term in left):
        return True
    return join(ast.Or, left) if left else False


def constant(term: Node | bool) -> Node:
    """Return a term as a node: a bool as a constant of one bit."""
    return number(int(term), 1) if isinstance(term, bool) else term


def names(nodes: Iterable[Node]) -> set[str]:
    """Return the names that nodes read or drive."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Identifier):
            found.add(node.name)
        found |= names(node.children())
    return found


def width_of(bits: int) -> Node:
    """Return a range `[bits-1:0]`, None for one bit."""
    return None if bits == 1 else ast.Width(ast.IntConst(str(bits - 1)), ast.IntConst("0"))


def wire(text: str, bits: int, value: Node | None = None) -> list[Node]:
    """Declare a wire and, if given, what drives it."""
    items = [ast.Decl((ast.Wire(text, width_of(bits)),))]
    return items if value is None else [*items, assign(text, value)]


def reg(text: str, bits: int) -> Node:
    """Declare a register."""
    return ast.Decl((ast.Reg(text, width_of(bits)),))


def assign(text: str, value: Node) -> Node:
    """Drive a wire."""
    return ast.Assign(ast.Lvalue(name(text)), ast.Rvalue(value))


def load(text: str, value: Node) -> Node:
    """Return a non-blocking assignment."""
    return ast.NonblockingSubstitution(ast.Lvalue(name(text)), ast.Rvalue(value))


def when(condition: Node, then: Sequence[Node], other: Sequence[Node] | Node = ()) -> Node:
    """Return an if statement; `other` may be a statement list or another if statement."""
    if isinstance(other, Sequence):
        other = ast.Block(tuple(other)) if other else None
    return ast.IfStatement(condition, ast.Block(tuple(then)), other)


def clocked(*statements: Node) -> Node:
    """Return `always @(posedge clk)`."""
    edge = ast.SensList((ast.Sens(name("clk"), "posedge"),))
    return ast.Always(edge, ast.Block(statements))


def instance(module: str, label: str, ports: Mapping[str, Node]) -> Node:
    """Instantiate a module with named ports."""
    arguments = tuple(ast.PortArg(port, node) for port, node in ports.items())
    return ast.InstanceList(module, (), (ast.Instance(module, label, arguments, ()),))


def module(
    text: str,
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    items: Iterable[Node],
    registered: Sequence[str] = (),
) -> str:
    """Return the text of a module.

    Args:
        text: its name.
        inputs: width of every input, by name, in order.
        outputs: width of every output, by name, in order.
        items: what stands in it.
        registered: the outputs that are registers.
    """
    ports = [ast.Ioport(ast.Input(port, width_of(w))) for port, w in inputs.items()]
    for port, w in outputs.items():
        second = ast.Reg(port, width_of(w)) if port in registered else None
        ports.append(ast.Ioport(ast.Output(port, width_of(w)), second))
    node = ast.ModuleDef(text, ast.Paramlist(()), ast.Portlist(tuple(ports)), tuple(items))
    return _tidy(_writer().visit(ast.Source("", ast.Description((node,)))))


@lru_cache(maxsize=1)
def _writer() -> ASTCodeGenerator:
    """Return the code generator: one for all modules, since it compiles templates on first use."""
    return ASTCodeGenerator()


def _tidy(written: str) -> str:
    """Lay the text out as a person would; what it says stays the same."""
    text = "\n".join(line.rstrip() for line in written.strip().splitlines())
    for pattern, replacement in LAYOUT:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    lines = [part for line in text.splitlines() for part in _wrap(line)]
    return "\n".join(lines).replace(HARD_SPACE, " ") + "\n"


def _wrap(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    wrapped = textwrap.wrap(
        line,
        100,
        subsequent_indent=indent,
        drop_whitespace=True,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped or [""]
