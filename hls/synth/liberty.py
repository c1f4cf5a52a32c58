"""A Liberty reader: areas, pin capacitances, flip-flops, and the tables that power needs.

Only what is asked for is parsed: `read_liberty` notes where each cell begins, and a cell's text is
parsed when it is first looked up. That keeps a 6 MB library well under a second.
"""

from __future__ import annotations

import gzip
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hls.errors import InvalidInput

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([{}();:,])|([^\s{}();:,"\\]+)', re.DOTALL)
_CELL = re.compile(r'\bcell\s*\(\s*"?([^\s")]+)"?\s*\)\s*\{')
_OPEN_LINE = re.compile(r"^(\s*\w+\s*:\s*[^\s;{}\"\\\\]+)[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@dataclass
class Group:
    """One group `kind (args) { ... }` of a Liberty file.

    Attributes:
        kind: name of the group, such as `pin` or `internal_power`.
        args: words in its parentheses.
        values: simple attributes, and complex ones as their words joined by commas.
        groups: groups inside it, in order.
    """

    kind: str
    args: list[str]
    values: dict[str, str] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def all(self, kind: str) -> Iterator[Group]:
        """Yield the groups of one kind."""
        return (group for group in self.groups if group.kind == kind)

    def number(self, name: str) -> float | None:
        """Return an attribute as a number, None where it is missing."""
        text = self.values.get(name)
        return None if text is None else float(text.split(",")[0])


@dataclass(frozen=True)
class Table:
    """A look-up table over input slew and output load, in library units.

    Attributes:
        axes: `slew` or `load` (or another name, looked up at its first point) for each dimension.
        points: the grid of each dimension.
        values: row-major values.
    """

    axes: tuple[str, ...]
    points: tuple[tuple[float, ...], ...]
    values: tuple[float, ...]

    def at(self, slew: float, load: float) -> float:
        """Interpolate linearly, holding the value of the edge outside the grid."""
        index, weights = [0], [1.0]
        for axis, points in zip(self.axes, self.points, strict=True):
            where = {"slew": slew, "load": load}.get(axis, points[0])
            low, part = _locate(points, where)
            index = [i * len(points) + low + step for i in index for step in (0, 1)]
            weights = [w * f for w in weights for f in (1 - part, part)]
        return sum(w * self.values[i] for i, w in zip(index, weights, strict=True) if w)


@dataclass(frozen=True)
class Pin:
    """One pin of a cell.

    Attributes:
        name: its name.
        direction: `input`, `output` or `inout`.
        capacitance: input capacitance, in library units.
        function: Boolean function of an output, in Liberty's syntax.
        clock: whether it clocks a flip-flop or latch.
        power: internal energy: the pin that causes it (None: a transition of this pin itself) and
            the tables for a rising and a falling transition, for each group.
        slews: output transition tables, rising and falling mixed.
    """

    name: str
    direction: str
    capacitance: float
    function: str | None
    clock: bool
    power: tuple[tuple[str | None, Table | None, Table | None], ...]
    slews: tuple[Table, ...]


@dataclass(frozen=True)
class ClockGate:
    """Pins of an integrated clock gate: a latch, open while the clock is low, and an `and`.

    Attributes:
        clock: its clock.
        enable: lets the next high phase pass.
        tests: the same, for test.
        out: the gated clock.
    """

    clock: str
    enable: str
    tests: tuple[str, ...]
    out: str


@dataclass(frozen=True)
class Cell:
    """One library cell.

    Attributes:
        name: its name.
        area: in the library's area unit (um^2 in all libraries used here).
        leakage: mean leakage power in library units, None where the library has none.
        pins: signal pins by name.
        sequential: `ff`, `latch` or None.
        gate: its pins if it is an integrated clock gate for flip-flops of the rising edge.
    """

    name: str
    area: float
    leakage: float | None
    pins: dict[str, Pin]
    sequential: str | None
    gate: ClockGate | None = None


class Library:
    """One or several Liberty files as one library; cells are parsed when first asked for.

    Attributes:
        time_ns: time unit, in ns.
        cap_ff: capacitance unit, in fF.
        leakage_uw: leakage power unit, in uW.
        energy_pj: unit of internal energy (voltage squared times capacitance), in pJ.
        volts: nominal supply, in V.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._text: dict[str, tuple[str, int, dict[str, Group]]] = {}
        self._ends: dict[str, int] = {}
        self._cells: dict[str, Cell] = {}
        self.paths = tuple(paths)
        head = Group("library", [])
        for path in paths:
            text = _COMMENT.sub("", _load(path))
            starts = list(_CELL.finditer(text))
            if not starts:
                raise InvalidInput(
                    f"Liberty file {path}", got="no cells", expected="a library with cells"
                )
            head = _library(text[: starts[0].start()], path)
            kinds = [g for g in head.groups if g.kind.endswith("template") and g.args]
            templates = {g.args[0]: g for g in kinds}
            ends = [match.start() for match in starts[1:]] + [text.rstrip().rfind("}")]
            for match, end in zip(starts, ends, strict=True):
                if match.group(1) not in self._text:
                    self._text[match.group(1)] = (text, match.start(), templates)
                    self._ends[match.group(1)] = end
        self.time_ns = _unit(head.values.get("time_unit", "1ns"), {"ns": 1.0, "ps": 1e-3})
        scale, unit = (head.values.get("capacitive_load_unit", "1,pf") + ",pf").split(",")[:2]
        self.cap_ff = float(scale) * {"ff": 1.0, "pf": 1e3}[unit.strip().lower()]
        volt = _unit(head.values.get("voltage_unit", "1V"), {"v": 1.0, "mv": 1e-3})
        self.energy_pj = volt * volt * self.cap_ff * 1e-3
        self.leakage_uw = _unit(
            head.values.get("leakage_power_unit", "1nW"),
            {"w": 1e6, "mw": 1e3, "uw": 1.0, "nw": 1e-3, "pw": 1e-6, "fw": 1e-9},
        )
        self.volts = head.number("nom_voltage") or 1.0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all cells."""
        return tuple(self._text)

    def __contains__(self, name: str) -> bool:
        return name in self._text

    def __getitem__(self, name: str) -> Cell:
        """Return a cell; KeyError if the library lacks it."""
        if name not in self._cells:
            text, start, templates = self._text[name]
            self._cells[name] = _cell(_parse(text[start : self._ends[name]]), templates)
        return self._cells[name]

    def subset(self, names: Iterable[str]) -> list[str]:
        """Return Liberty texts that hold only the named cells, one for each file that has some."""
        bodies: dict[str, list[str]] = {}
        for name in names:
            text, start, _ = self._text[name]
            bodies.setdefault(text, []).append(text[start : self._ends[name]])
        heads = {text: text[: _CELL.search(text).start()] for text in bodies}  # type: ignore[union-attr]
        return [heads[text] + "".join(cells) + "}\n" for text, cells in bodies.items()]


def read_liberty(paths: Sequence[Path]) -> Library:
    """Read Liberty files, plain or packed with gzip, as one library.

    Raises:
        InvalidInput: if a file cannot be read or holds no cells.
    """
    return Library(paths)


def _load(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")
    except (OSError, EOFError) as error:
        raise InvalidInput(
            f"Liberty file {path}", got=str(error), expected="a file that can be read"
        ) from error


def _library(text: str, path: Path) -> Group:
    try:
        return _parse(text[text.index("library") :])
    except (ValueError, IndexError) as error:
        raise InvalidInput(f"Liberty file {path}", got="no library group") from error


def _unit(text: str, units: dict[str, float]) -> float:
    match = re.fullmatch(r"\s*([\d.]+)\s*([a-zA-Z]+)\s*", text)
    return float(match.group(1)) * units[match.group(2).lower()] if match else 1.0


def _parse(text: str) -> Group:
    """Parse one group; the end of the text closes what is still open."""
    stack: list[Group] = []
    words: list[str] = []
    args: list[str] | None = None
    inside = colon = False
    for match in _TOKEN.finditer(_OPEN_LINE.sub(r"\1;", text)):
        string, mark, word = match.groups()
        if mark is None:
            words.append(string if word is None else word)
        elif mark == "(" and not colon:
            args, inside = [], True
            name, words = (words[-1] if words else ""), []
        elif mark == ")" and inside:
            args, words, inside = words, [], False
        elif mark == ":" and not inside:
            colon = True
        elif mark == "{":
            stack.append(Group(name, args or []))
            words, args = [], None
        elif mark in ";}":
            _close(stack, words, args, name if args is not None else "", colon)
            words, args, colon = [], None, False
            if mark == "}":
                done = stack.pop()
                if not stack:
                    return done
                stack[-1].groups.append(done)
        # commas separate words; parentheses of an expression after a colon add nothing
    while len(stack) > 1:
        done = stack.pop()
        stack[-1].groups.append(done)
    return stack[0]


def _close(
    stack: list[Group], words: list[str], args: list[str] | None, name: str, colon: bool
) -> None:
    """Store the attribute that ends here, if there is one."""
    if not stack:
        return
    if colon and len(words) >= 2:
        stack[-1].values[words[0]] = " ".join(words[1:])
    elif args is not None:
        stack[-1].values[name] = ",".join(args)


def _cell(group: Group, templates: dict[str, Group]) -> Cell:
    leakage = group.number("cell_leakage_power")
    if leakage is None:
        states = [v for g in group.all("leakage_power") if (v := g.number("value")) is not None]
        leakage = sum(states) / len(states) if states else None
    kinds = [g.kind for g in group.groups]
    sequential = next((k for k in ("ff", "latch") if k in kinds), None)
    pins = {g.args[0]: _pin(g, templates) for g in group.all("pin")}
    area = group.number("area") or 0.0
    return Cell(group.args[0], area, leakage, pins, sequential, _gate(group))


def _gate(group: Group) -> ClockGate | None:
    """Return the pins of an integrated clock gate, None for any other cell."""
    if not group.values.get("clock_gating_integrated_cell", "").startswith("latch_posedge"):
        return None
    roles: dict[str, list[str]] = {}
    for pin in group.all("pin"):
        for role in ("clock", "enable", "test", "out"):
            if pin.values.get(f"clock_gate_{role}_pin") == "true":
                roles.setdefault(role, []).append(pin.args[0])
    if not all(len(roles.get(role, ())) == 1 for role in ("clock", "enable", "out")):
        return None
    tests = tuple(roles.get("test", ()))
    return ClockGate(roles["clock"][0], roles["enable"][0], tests, roles["out"][0])


def _pin(group: Group, templates: dict[str, Group]) -> Pin:
    power, slews = [], []
    for part in group.all("internal_power"):
        both = next(iter(part.all("power")), None)
        rise, fall = (next(iter(part.all(k)), both) for k in ("rise_power", "fall_power"))
        cause = part.values.get("related_pin")
        power.append((cause, _table(rise, templates), _table(fall, templates)))
    for part in group.all("timing"):
        for inner in part.groups:
            if inner.kind in ("rise_transition", "fall_transition"):
                table = _table(inner, templates)
                slews += [table] if table else []
    return Pin(
        group.args[0],
        group.values.get("direction", "input"),
        group.number("capacitance") or 0.0,
        group.values.get("function"),
        group.values.get("clock", "false") == "true",
        tuple(power),
        tuple(slews),
    )


_AXES = {
    "input_net_transition": "slew",
    "input_transition_time": "slew",
    "total_output_net_capacitance": "load",
}


def _table(group: Group | None, templates: dict[str, Group]) -> Table | None:
    if group is None or "values" not in group.values:
        return None
    values = _numbers(group.values["values"])
    template = templates.get(group.args[0]) if group.args else None
    axes, points = [], []
    for i in (1, 2, 3):
        index = group.values.get(f"index_{i}")
        if index is None and template is not None:
            index = template.values.get(f"index_{i}")
        if index is None or len(values) == 1:
            break
        variable = template.values.get(f"variable_{i}", "") if template else ""
        axes.append(_AXES.get(variable, variable))
        points.append(_numbers(index))
    return Table(tuple(axes), tuple(points), values)


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in re.split(r"[\s,\\]+", text) if word)


def _locate(points: tuple[float, ...], value: float) -> tuple[int, float]:
    """Return the lower grid index and the part of the way to the next one, 0 .. 1."""
    if len(points) == 1 or value <= points[0]:
        return 0, 0.0
    low = min(bisect_right(points, value) - 1, len(points) - 2)
    return low, min(1.0, (value - points[low]) / (points[low + 1] - points[low]))
