"""Verilog-2005 of the wrapper: spike times in registers, played to the circuit as pulses."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import pyverilog.vparser.ast as ast

from hls.ir.network import FrozenNetwork
from hls.rtl import nodes as v
from hls.rtl.bus import registers as r
from hls.rtl.bus.registers import RegisterMap, register_map
from hls.rtl.generate import RtlDesign
from hls.rtl.header import ONE_FILE
from hls.rtl.ports import bits, levels_of

TIME = """\
// One line's spike time, written over the bus: `x` pulses in that step of a running sample.
"""
LEVEL = """\
// One proximal line's level, written over the bus.
"""
ABOUT = (
    "One clock and one reset (synchronous, active low) for bus and circuit. A transfer takes two "
    "clocks, never more. pslverr answers what is not mapped, writes to what is read only, and "
    "writes to X, PROXIMAL or WEIGHT while a sample runs; such writes do nothing. irq is 1 while a "
    "result is there and CONTROL's interrupt bit is set, until the next start."
)


@dataclass(frozen=True)
class BusDesign:
    """A wrapper as text.

    Attributes:
        name: top module: the network's name and `_bus`.
        text: Verilog-2005 of the wrapper; the circuit's own text stands in another file.
        registers: its register map.
    """

    name: str
    text: str
    registers: RegisterMap


def generate_bus(network: FrozenNetwork, design: RtlDesign) -> BusDesign:
    """Return an APB3 slave around a circuit.

    Args:
        network: what the circuit computes.
        design: the circuit, of `hls.rtl.generate` or `hls.rtl.learning.generate_learning`.
    """
    registers = register_map(network, design.ports)
    name = f"{network.name}_bus"
    parts = [_header(name, registers), _top(network, design, registers), ONE_FILE]
    horizons = _horizons(network)
    for horizon in sorted(set(horizons) - {0}):
        parts.append(TIME + _time_module(name, horizon, bits(max(horizons))))
    if 0 in horizons:
        parts.append(LEVEL + _level_module(name))
    return BusDesign(name, "\n".join(parts), registers)


def _header(name: str, registers: RegisterMap) -> str:
    text: list[str] = []
    for line in (
        f"{name}: {registers.network} on an AMBA APB3 port of 32 bits, written by NeuTNNGen.",
        f"network sha256 {registers.hash}",
        "",
        ABOUT,
        "",
        "Registers (offset in bytes, access, meaning):",
    ):
        text += textwrap.wrap(line, 96) or [""]
    for one in registers.registers:
        last = one.offset + r.WORD * (one.words - 1)
        where = f"0x{one.offset:04x}" + (f" .. 0x{last:04x}" if one.words > 1 else "")
        entry = f"{where} {one.name}: {one.access}, {one.meaning}."
        text += textwrap.wrap(entry, 96, initial_indent="  ", subsequent_indent="      ")
    return "\n".join(f"// {line}".rstrip() for line in text) + "\n"


def _horizons(network: FrozenNetwork) -> list[int]:
    """Return how many times a line can carry, inputs first, then proximal lines; 0 for a level."""
    levels = levels_of(network)
    most = max((n.proximal_horizon for n in network.layers if n.proximal == "weighted"), default=0)
    return [network.horizon] * network.inputs + [0 if level else most for level in levels]


def _top(network: FrozenNetwork, design: RtlDesign, registers: RegisterMap) -> str:
    """Return the wrapper's top."""
    names = {port.name for port in design.ports}
    learns = "learn" in names
    # A counter of one step more than there are times rests where no line spikes.
    count = bits(max(_horizons(network)))
    clocks = bits(design.cycles_worst)
    items: list[v.Node] = [v.reg(k, 1) for k in ("busy", "interrupt")]
    items += [v.reg("step", count), v.reg("cycles", clocks)]
    items += [v.reg("learn", 1)] if learns else []
    items += _decode(network, registers)
    items += v.wire("rst", 1, ast.Or(ast.Unot(v.name("presetn")), _set(r.RESET)))
    items += v.wire("start", 1, _set(r.START))
    items += v.wire("done", 1) + v.wire("running", 1, _both("busy", ast.Unot(v.name("done"))))
    items += v.wire("clk", 1, v.name("pclk")) + v.wire("x", network.inputs)
    items += v.wire("proximal", network.proximal_lines) if "proximal" in names else []
    for name, width in registers.results.items():
        items += v.wire(name, width)
    if learns:
        width = next(p.width for p in design.ports if p.name == "scan_in")
        items += v.wire("scan_out", width)
        items += v.wire("scan_in", width, v.part("pwdata", width - 1, 0))
        items += v.wire("scan", 1, _both("write_weight", ast.Unot(v.name("running"))))
    items += _lines(network)
    # With CONTROL's learn bit written together with start, that very sample is learnt.
    pins = {p.name: v.name(p.name) for p in design.ports}
    items.append(v.instance(network.name, "circuit", pins))
    items += [_control(network, learns, count, clocks), *_answer(design, registers, clocks)]
    inputs = {"pclk": 1, "presetn": 1, "psel": 1, "penable": 1, "pwrite": 1}
    inputs |= {"paddr": registers.address_bits, "pwdata": 32}
    outputs = {"prdata": 32, "pready": 1, "pslverr": 1, "irq": 1}
    return v.module(f"{network.name}_bus", inputs, outputs, items)


def _both(left: str, right: v.Node) -> v.Node:
    return ast.And(v.name(left), right)


def _set(at: int) -> v.Node:
    """Return whether CONTROL is written with a bit set."""
    return _both("write_control", v.bit("pwdata", at, 32))


def _word(registers: RegisterMap, word: int) -> v.Node:
    """Return whether the address is that of a word of the map."""
    width = registers.address_bits - 2
    return ast.Eq(v.name("word"), v.number(word, width))


def _within(registers: RegisterMap, name: str) -> v.Node:
    """Return whether the address is within a register."""
    one, width = registers.at(name), registers.address_bits - 2
    first, after = one.offset // r.WORD, one.offset // r.WORD + one.words
    if one.words == 1:
        return _word(registers, first)
    low = ast.GreaterEq(v.name("word"), v.number(first, width))
    if after == 1 << width:
        return low
    return ast.And(low, ast.LessThan(v.name("word"), v.number(after, width)))


def _decode(network: FrozenNetwork, registers: RegisterMap) -> list[v.Node]:
    """Return the transfer's kind: which register it reads or writes, or why it may not."""
    bus = registers.address_bits
    items = v.wire("access", 1, _both("psel", v.name("penable")))
    items += v.wire("write", 1, _both("access", v.name("pwrite")))
    items += v.wire("word", bus - 2, v.part("paddr", bus - 1, 2))
    bits_used = _bits_used(network, registers)
    spare = [v.bit("pwdata", i, 32) for i in range(32) if i not in bits_used]
    items += v.unused([v.part("paddr", 1, 0), *spare])
    known, stays = [], []
    for one in registers.registers:
        low = one.name.lower()
        items += v.wire(f"at_{low}", 1, _within(registers, one.name))
        if one.access == "rw":
            items += v.wire(f"write_{low}", 1, _both("write", v.name(f"at_{low}")))
        if one.name in ("X", "PROXIMAL", "WEIGHT"):
            stays.append(v.name(f"at_{low}"))
        allowed = v.name(f"at_{low}")
        if one.access == "ro":
            allowed = ast.And(allowed, ast.Unot(v.name("pwrite")))
        if one.access == "wo":
            allowed = ast.And(allowed, v.name("pwrite"))
        known.append(allowed)
    items += v.wire("known", 1, v.join(ast.Or, known))
    late = ast.And(v.join(ast.Or, stays), _both("pwrite", v.name("running")))
    items += v.wire("late", 1, late)
    wrong = ast.Or(ast.Unot(v.name("known")), v.name("late"))
    items.append(v.assign("pslverr", _both("access", wrong)))
    items.append(v.assign("pready", v.number(1, 1)))
    items.append(v.assign("irq", _both("interrupt", v.name("done"))))
    for name, lines in (("x", network.inputs), ("proximal", network.proximal_lines)):
        one_map = registers.find(name.upper())
        first = 0 if one_map is None else one_map.offset // r.WORD
        for word in range(-(-lines // r.PER_WORD)):
            here = _word(registers, first + word)
            free = ast.And(v.name("write"), ast.Unot(v.name("running")))
            items += v.wire(f"load_{name}{word}", 1, ast.And(free, here))
    return items


def _bits_used(network: FrozenNetwork, registers: RegisterMap) -> set[int]:
    """Return the bits of a written word that something reads."""
    found = {r.START, r.INTERRUPT, r.RESET}
    if registers.find("WEIGHT") is not None:
        found |= {r.LEARN, *range(network.layers[0].wres)}
    horizons = _horizons(network)
    for group in (horizons[: network.inputs], horizons[network.inputs :]):
        for line, horizon in enumerate(group):
            first = 8 * (line % r.PER_WORD)
            found |= set(range(first, first + (8 if horizon else 1)))
    return found


def _lines(network: FrozenNetwork) -> list[v.Node]:
    """Return the registers of all lines."""
    items, horizons = [], _horizons(network)
    for name, first, lines in (
        ("x", 0, network.inputs),
        ("proximal", network.inputs, network.proximal_lines),
    ):
        for line in range(lines):
            word, byte = divmod(line, r.PER_WORD)
            value = v.part("pwdata", 8 * byte + 7, 8 * byte)
            pins = {"clk": v.name("clk"), "load": v.name(f"load_{name}{word}")}
            horizon = horizons[first + line]
            if horizon:
                pins |= {"value": value, "step": v.name("step"), "x": v.bit(name, line, lines)}
                kind = f"{network.name}_bus_time{horizon}"
            else:
                pins |= {"value": v.part("pwdata", 8 * byte, 8 * byte)}
                pins |= {"level": v.bit(name, line, lines)}
                kind = f"{network.name}_bus_level"
            items.append(v.instance(kind, f"{name}{line}_register", pins))
    return items


def _time_module(name: str, horizon: int, count: int) -> str:
    """Return the register of one line that spikes; `step` rests at a step that no line has."""
    width = bits(horizon)
    late = ast.GreaterEq(v.name("value"), v.number(horizon, 8))
    low = v.part("value", width - 1, 0)
    kept = ast.Cond(late, v.number(horizon, width), low)
    items = [v.reg("spike", width)]
    items.append(v.clocked(v.when(v.name("load"), [v.load("spike", kept)])))
    never = ast.NotEq(v.name("spike"), v.number(horizon, width))
    now = ast.Eq(v.name("step"), v.extend(v.name("spike"), width, count))
    items.append(v.assign("x", ast.And(never, now)))
    ins = {"clk": 1, "load": 1, "value": 8, "step": count}
    return v.module(f"{name}_time{horizon}", ins, {"x": 1}, items)


def _level_module(name: str) -> str:
    items = [v.clocked(v.when(v.name("load"), [v.load("level", v.name("value"))]))]
    ins = {"clk": 1, "load": 1, "value": 1}
    return v.module(f"{name}_level", ins, {"level": 1}, items, registered=["level"])


def _control(network: FrozenNetwork, learns: bool, count: int, clocks: int) -> v.Node:
    """Return what remembers a running sample, counts its steps, and keeps CONTROL's bits."""
    rest = max(_horizons(network))
    last = ast.Eq(v.name("step"), v.number(rest, count))
    step = v.when(ast.Unot(last), [v.load("step", v.add([v.name("step"), v.number(1, count)]))])
    more = v.load("cycles", v.add([v.name("cycles"), v.number(1, clocks)]))
    begin = [v.load("busy", v.number(1, 1)), v.load("step", v.number(0, count))]
    begin += [v.load("cycles", v.number(0, clocks))]
    idle = [v.load("busy", v.number(0, 1)), v.load("step", v.number(rest, count))]
    idle += [v.load("cycles", v.number(0, clocks))]
    going = v.when(v.name("running"), [more], [v.load("busy", v.number(0, 1))])
    main = v.when(v.name("rst"), idle, v.when(v.name("start"), begin, [step, going]))
    kept = [v.load("interrupt", v.bit("pwdata", r.INTERRUPT, 32))]
    off = [v.load("interrupt", v.number(0, 1))]
    if learns:
        kept.append(v.load("learn", v.bit("pwdata", r.LEARN, 32)))
        off.append(v.load("learn", v.number(0, 1)))
    write = v.when(v.name("write_control"), kept)
    return v.clocked(main, v.when(ast.Unot(v.name("presetn")), off, write))


def _answer(design: RtlDesign, registers: RegisterMap, clocks: int) -> list[v.Node]:
    """Return what is read."""
    found = {
        "ID": [v.number(r.IDENTITY, 32)],
        "HASH": [v.number(int(registers.hash[:8], 16), 32)],
        "STATUS": [v.concat([v.number(0, 30), v.name("running"), v.name("done")])],
        "CYCLES": [v.extend(v.name("cycles"), clocks, 32)],
        "RESULT": [
            part for name, width in registers.results.items() for part in _parts(name, width)
        ],
    }
    control = [v.number(0, 29), v.name("interrupt")]
    if registers.find("WEIGHT") is None:
        found["CONTROL"] = [v.concat([*control, v.number(0, 2)])]
    else:
        width = next(p.width for p in design.ports if p.name == "scan_out")
        found["CONTROL"] = [v.concat([*control, v.name("learn"), v.number(0, 1)])]
        found["WEIGHT"] = [v.extend(v.name("scan_out"), width, 32)]
    read: v.Node = v.number(0, 32)
    for one in reversed(registers.registers):
        for index, value in reversed(list(enumerate(found.get(one.name, [])))):
            read = ast.Cond(_word(registers, one.offset // r.WORD + index), value, read)
    return [v.assign("prdata", read)]


def _parts(name: str, width: int) -> list[v.Node]:
    """Return the words of a result port."""
    pieces = []
    for low in range(0, width, 32):
        high = min(width, low + 32) - 1
        whole = v.name(name) if width == 1 else v.part(name, high, low)
        pieces.append(v.extend(whole, high - low + 1, 32))
    return pieces
