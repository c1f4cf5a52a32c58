"""Verilog-2005 from a frozen network: a temporal datapath, one clock per time step."""

from __future__ import annotations

from dataclasses import dataclass

import pyverilog.vparser.ast as ast

from hls.ir.network import FrozenNetwork
from hls.rtl import nodes as v
from hls.rtl.header import COMMENTS, ONE_FILE, Port, header, ports_of
from hls.rtl.plan import JOHNSON_MAX, Column, Neuron, Plan, Tap, make_plan, ramp_width

TAPS_PER_COUNT = 64
"""Taps in one sum: larger groups need fewer adder cells, smaller ones are easier to read."""


@dataclass(frozen=True)
class RtlDesign:
    """A circuit as text.

    Attributes:
        name: top module and network.
        text: Verilog-2005.
        ports: the top module's ports, in order.
        flip_flops: registers in bits, before synthesis.
        cycles_worst: clocks from the edge that samples `start` until `done` is high, at most.
    """

    name: str
    text: str
    ports: tuple[Port, ...]
    flip_flops: int
    cycles_worst: int


def generate(network: FrozenNetwork) -> RtlDesign:
    """Return the circuit of a network, hard-wired weights, as Verilog.

    Args:
        network: one layer of point neurons (`D = S = 1`), RNL or SNL, 1-WTA.

    Raises:
        Unsupported: for any other network.
        InvalidInput: for a name that Verilog or the ports use.
    """
    plan = make_plan(network)
    ports = ports_of(plan)
    parts = [header(plan, ports), COMMENTS["top"] + _top(plan, ports), ONE_FILE]
    parts += [COMMENTS["column"].format(c=c.index) + _column(plan, c) for c in plan.columns]
    parts.append(COMMENTS[f"wta {network.layers[0].tie}"] + _wta(plan))
    for column in plan.columns:
        for neuron in column.neurons:
            comment = COMMENTS["neuron"].format(
                n=neuron.index, c=column.index, theta=neuron.theta, start=neuron.start
            )
            parts.append(comment + _neuron(plan, neuron, column))
    if plan.taps:
        parts.append(COMMENTS[network.layers[0].response] + _lines(plan))
    for longest in sorted({r for r in plan.ramps.values() if r}):
        kind = "johnson" if longest <= JOHNSON_MAX else "binary"
        parts.append(COMMENTS[kind].format(longest=longest) + _ramp(plan, longest))
    return RtlDesign(network.name, "\n".join(parts), ports, plan.flip_flops, plan.cycles_worst)


def _ramp(plan: Plan, longest: int) -> str:
    """Return the module that times one line's ramps of up to `longest` steps."""
    width = ramp_width(longest)
    idle = v.number(0, width)
    if longest > JOHNSON_MAX:
        state = v.name("q")
        up = v.load("q", v.add([state, v.number(1, width)]))
        first = v.load("q", v.extend(v.name("x"), 1, width))
        full = v.when(ast.Eq(state, v.number(longest, width)), [v.load("q", idle)], [up])
        step = v.when(ast.Eq(state, idle), [first], full)
    else:
        free = ast.Unot(v.bit("q", width - 1, width))
        begin = v.name("x") if width == 1 else ast.Or(v.name("x"), v.bit("q", 0, width))
        fill = [ast.And(begin, free)]
        if width > 1:
            fill = [v.part("q", width - 2, 0), *fill]
        step = ast.Block((v.load("q", v.concat(fill)),))
    body = v.clocked(v.when(v.name("clear"), [v.load("q", idle)], step))
    return v.module(
        f"{plan.network.name}_ramp_{longest}",
        {"clk": 1, "clear": 1, "x": 1},
        {"q": width},
        [body],
        registered=["q"],
    )


def _read(tap: Tap, longest: int) -> set[int]:
    """Return the bits of a line's timer that a tap reads."""
    width = ramp_width(longest)
    if longest > JOHNSON_MAX:
        return set(range(width))
    return {0, tap.weight % width}


def _active(tap: Tap, longest: int) -> v.Node:
    """Return the condition under which a line's ramp of `tap.weight` steps is still rising."""
    q, w, width = f"q{tap.line}", tap.weight, ramp_width(longest)
    if longest > JOHNSON_MAX:
        busy = ast.Uor(v.name(q))
        rising = ast.LessEq(v.name(q), v.number(w, width))
        return busy if w == longest else ast.And(busy, rising)
    if w == width:
        return v.bit(q, 0, width)
    if w < width:
        return ast.And(v.bit(q, 0, width), ast.Unot(v.bit(q, w, width)))
    return ast.Or(v.bit(q, 0, width), v.bit(q, w - width, width))


def _lines(plan: Plan) -> str:
    """Return the module that all neurons share: one timer per line in use, and its taps."""
    inputs, count = plan.network.inputs, len(plan.taps)
    items: list[v.Node] = []
    unused = [v.bit("x", i, inputs) for i in range(inputs) if i not in plan.ramps]
    if plan.layer.response == "rnl":
        for line, longest in plan.ramps.items():
            items += v.wire(f"q{line}", ramp_width(longest))
            pins = {
                "clk": v.name("clk"),
                "clear": v.name("clear"),
                "x": v.bit("x", line, inputs),
                "q": v.name(f"q{line}"),
            }
            items.append(v.instance(f"{plan.network.name}_ramp_{longest}", f"line{line}", pins))
        taps = [_active(tap, plan.ramps[tap.line]) for tap in plan.taps]
        items.append(v.assign("active", v.concat(taps[::-1])))
        read = {(tap.line, b) for tap in plan.taps for b in _read(tap, plan.ramps[tap.line])}
        for line, longest in plan.ramps.items():
            width = ramp_width(longest)
            unused += [v.bit(f"q{line}", b, width) for b in range(width) if (line, b) not in read]
    else:
        pulses = v.concat([v.bit("x", tap.line, inputs) for tap in plan.taps][::-1])
        reset = [v.load("active", v.number(0, count))]
        items.append(v.clocked(v.when(v.name("clear"), reset, [v.load("active", pulses)])))
    if unused:
        items += v.wire("unused", 1, ast.Uand(v.concat([v.number(0, 1), *unused])))
    return v.module(
        f"{plan.network.name}_lines",
        {"clk": 1, "clear": 1, "x": inputs},
        {"active": count},
        items,
        registered=["active"] if plan.layer.response == "snl" else [],
    )


def _neuron(plan: Plan, neuron: Neuron, column: Column) -> str:
    """Return a neuron: add up the active taps, accumulate, and spike on the carry."""
    count, width, sum_width = len(neuron.taps), neuron.width, neuron.sum_width
    items: list[v.Node] = []
    slopes = []
    for group in range(0, count, TAPS_PER_COUNT):
        chosen = range(group, min(count, group + TAPS_PER_COUNT))
        size = max(1, sum(neuron.weights[i] for i in chosen).bit_length())
        terms = [_term(v.bit("active", i, count), neuron.weights[i], size) for i in chosen]
        label = f"slope{group // TAPS_PER_COUNT}" if count > TAPS_PER_COUNT else "slope"
        items += v.wire(label, size, v.add(terms))
        slopes.append(v.extend(v.name(label), size, sum_width))
    items += [v.reg("potential", width)]
    before = v.extend(v.name("potential"), width, sum_width)
    items += v.wire("sum", sum_width, v.add([before, *slopes]))
    items.append(v.assign("spike", ast.Uor(v.part("sum", sum_width - 1, width))))
    outputs = {"spike": 1}
    if plan.by_potential:
        outputs["key"] = plan.key_width
        ahead = column.theta_max - neuron.theta
        key = v.name("sum")
        if ahead:
            key = ast.Minus(key, v.number(ahead, sum_width))
        items.append(v.assign("key", v.extend(key, sum_width, plan.key_width)))
    reset = [v.load("potential", v.number(neuron.start, width))]
    step = [v.load("potential", v.part("sum", width - 1, 0))]
    items.append(v.clocked(v.when(v.name("clear"), reset, step)))
    inputs = {"clk": 1, "clear": 1, "active": count}
    return v.module(_neuron_name(plan, neuron), inputs, outputs, items)


def _term(tap: v.Node, weight: int, size: int) -> v.Node:
    """Return `weight` where the tap is 1, else 0, in `size` bits: the tap at the weight's ones."""
    used = weight.bit_length()
    pieces = [tap if weight >> b & 1 else v.number(0, 1) for b in range(used - 1, -1, -1)]
    return v.concat(([v.number(0, size - used)] if size > used else []) + pieces)


def _neuron_name(plan: Plan, neuron: Neuron) -> str:
    return f"{plan.network.name}_neuron_{neuron.column}_{neuron.index}"


def _wta(plan: Plan) -> str:
    """Return lateral inhibition: who wins among the neurons that spike in this step."""
    count, width = plan.layer.shape[1], plan.winner_width
    items: list[v.Node] = [v.assign("any", ast.Uor(v.name("spike")))]
    inputs = {"spike": count}
    if plan.by_potential:
        inputs["keys"] = count * plan.key_width
        items += _tournament(plan)
    else:
        choice = v.number(count - 1, width)
        for n in range(count - 2, -1, -1):
            choice = ast.Cond(v.bit("spike", n, count), v.number(n, width), choice)
        items.append(v.assign("first", choice))
    return v.module(f"{plan.network.name}_wta", inputs, {"any": 1, "first": width}, items)


def _tournament(plan: Plan) -> list[v.Node]:
    """Return a tree of comparisons by key; on equal keys the left one, of lower index, wins."""
    count, width, size = plan.layer.shape[1], plan.winner_width, plan.key_width
    items: list[v.Node] = []
    level = []
    for n in range(count):
        items += v.wire(f"key{n}", size, v.part("keys", (n + 1) * size - 1, n * size))
        level.append((v.bit("spike", n, count), v.name(f"key{n}"), v.number(n, width)))
    match = 0
    while len(level) > 1:
        above = level[len(level) & ~1 :]
        pairs = []
        for left, right in zip(level[0::2], level[1::2], strict=False):
            wins = ast.GreaterThan(right[1], left[1])
            if plan.gated:
                wins = ast.And(right[0], ast.Or(ast.Unot(left[0]), wins))
            last = len(level) == 2
            items += v.wire(f"right{match}", 1, wins)
            chosen = v.name(f"right{match}")
            items += v.wire(f"who{match}", width, ast.Cond(chosen, right[2], left[2]))
            if not last:
                items += v.wire(f"best{match}", size, ast.Cond(chosen, right[1], left[1]))
            valid = ast.Or(left[0], right[0])
            pairs.append((valid, v.name(f"best{match}"), v.name(f"who{match}")))
            match += 1
        level = pairs + above
    return [*items, v.assign("first", level[0][2])]


def _column(plan: Plan, column: Column) -> str:
    """Return a column: its neurons, their inhibition and the registered result."""
    size, n_all = plan.key_width, plan.layer.shape[1]
    items = [*v.wire("spike", n_all), *v.wire("any", 1), *v.wire("first", plan.winner_width)]
    pins = {"spike": v.name("spike"), "any": v.name("any"), "first": v.name("first")}
    live = {neuron.index for neuron in column.neurons}
    silent = [n for n in range(n_all) if n not in live]
    if plan.by_potential:
        items += v.wire("keys", n_all * size)
        pins["keys"] = v.name("keys")
    for n in silent:
        items.append(_drive("spike", n, n, n_all, v.number(0, 1)))
        if plan.by_potential:
            items.append(_drive("keys", (n + 1) * size - 1, n * size, 0, v.number(0, size)))
    where = {tap: at for at, tap in enumerate(column.taps)}
    for neuron in column.neurons:
        taps = [v.bit("active", where[tap], len(where)) for tap in neuron.taps]
        n = neuron.index
        ports = {"clk": v.name("clk"), "clear": v.name("clear"), "active": v.concat(taps[::-1])}
        ports["spike"] = v.bit("spike", n, n_all)
        if plan.by_potential:
            ports["key"] = v.part("keys", (n + 1) * size - 1, n * size)
        items.append(v.instance(_neuron_name(plan, neuron), f"neuron{n}", ports))
    items.append(v.instance(f"{plan.network.name}_wta", "wta", pins))
    outputs = {"settled": 1, "spiked": 1, "winner": plan.winner_width}
    timed = len(plan.columns) > 1
    result = {"spiked": v.number(1, 1), "winner": v.name("first")}
    if timed:
        outputs["spike_time"] = plan.time_width
        result["spike_time"] = v.name("step")
    items.append(v.assign("settled", ast.Or(v.name("spiked"), v.name("any"))))
    fires = v.join(ast.And, [v.name("run"), v.name("any"), ast.Unot(v.name("spiked"))])
    keep = v.when(fires, [v.load(port, value) for port, value in result.items()])
    reset = [v.load(port, v.number(0, outputs[port])) for port in result]
    items.append(v.clocked(v.when(v.name("clear"), reset, keep)))
    inputs = {"clk": 1, "clear": 1, "run": 1}
    inputs |= {"step": plan.time_width} if timed else {}
    inputs |= {"active": len(where)} if where else {}
    label = f"{plan.network.name}_column_{column.index}"
    return v.module(label, inputs, outputs, items, registered=list(result))


def _drive(of: str, high: int, low: int, width: int, value: v.Node) -> v.Node:
    target = v.name(of) if width == 1 else v.part(of, high, low)
    return ast.Assign(ast.Lvalue(target), ast.Rvalue(value))


def _top(plan: Plan, ports: tuple[Port, ...]) -> str:
    """Return the top: control, the shared lines, the columns."""
    columns, taps, steps = len(plan.columns), len(plan.taps), plan.step_width
    timed = columns > 1
    items = [v.reg("run", 1), v.reg("step", steps)]
    items += v.wire("clear", 1, ast.Or(v.name("rst"), v.name("start")))
    items += v.wire("settled", columns)
    last = ast.Eq(v.name("step"), v.number(plan.steps - 1, steps))
    finish = ast.Or(ast.Uand(v.name("settled")), last)
    items += v.wire("finish", 1, finish)
    pins = {"clk": v.name("clk"), "clear": v.name("clear")}
    if taps:
        items += v.wire("active", taps)
        line_pins = {**pins, "x": v.name("x"), "active": v.name("active")}
        items.append(v.instance(f"{plan.network.name}_lines", "lines", line_pins))
    else:
        items += v.wire("unused", 1, ast.Uand(v.concat([v.number(0, 1), v.name("x")])))
    where = {tap: at for at, tap in enumerate(plan.taps)}
    now = v.name("step")
    if plan.time_width < steps:
        now = v.part("step", plan.time_width - 1, 0)
    for column in plan.columns:
        items.append(_place(plan, column, where, now))
    if not timed:
        items.append(v.assign("spike_time", now))
    stop = [v.load("run", v.number(0, 1)), v.load("done", v.number(1, 1))]
    count = v.load("step", v.add([v.name("step"), v.number(1, steps)]))
    begin = [
        v.load("run", ast.And(v.name("start"), ast.Unot(v.name("rst")))),
        v.load("done", v.number(0, 1)),
        v.load("step", v.number(2**steps - 1, steps)),
    ]
    running = v.when(v.name("run"), [v.when(v.name("finish"), stop, [count])])
    items.append(v.clocked(v.when(v.name("clear"), begin, running)))
    inputs = {p.name: p.width for p in ports if p.direction == "input"}
    outputs = {p.name: p.width for p in ports if p.direction == "output"}
    return v.module(plan.network.name, inputs, outputs, items, registered=["done"])


def _place(plan: Plan, column: Column, where: dict[Tap, int], now: v.Node) -> v.Node:
    c, columns = column.index, len(plan.columns)
    pins = {name: v.name(name) for name in ("clk", "clear", "run")}
    if columns > 1:
        pins["step"] = now
    if len(column.taps) == len(where) and where:
        pins["active"] = v.name("active")
    elif column.taps:
        taps = [v.bit("active", where[tap], len(where)) for tap in column.taps]
        pins["active"] = v.concat(taps[::-1])
    pins["settled"] = v.bit("settled", c, columns)
    pins["spiked"] = v.bit("spiked", c, columns)
    slices = {"winner": plan.winner_width}
    slices |= {"spike_time": plan.time_width} if columns > 1 else {}
    for port, width in slices.items():
        whole = columns == 1
        pins[port] = v.name(port) if whole else v.part(port, (c + 1) * width - 1, c * width)
    return v.instance(f"{plan.network.name}_column_{c}", f"column{c}", pins)
