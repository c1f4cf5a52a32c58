"""What all neurons of a layer share: timers of the input lines, and the start of its time."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.plan import JOHNSON_MAX, LayerPlan, Tap, ramp_width
from hls.rtl.ports import bits


def ramp_module(name: str, longest: int) -> str:
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
        f"{name}_ramp_{longest}",
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


def lines_module(name: str, plan: LayerPlan) -> str:
    """Return the module that all neurons share: one timer per line in use, and its taps."""
    inputs, count = plan.sources, len(plan.taps)
    items: list[v.Node] = []
    pulses = [v.bit("x", i, inputs) for i in range(inputs)]
    pulses += [v.bit("proximal", i, len(plan.weighted)) for i in range(len(plan.weighted))]
    unused = [pulse for i, pulse in enumerate(pulses) if i not in plan.ramps]
    if plan.layer.response == "rnl":
        for line, longest in plan.ramps.items():
            items += v.wire(f"q{line}", ramp_width(longest))
            pins = {
                "clk": v.name("clk"),
                "clear": v.name("clear"),
                "x": pulses[line],
                "q": v.name(f"q{line}"),
            }
            items.append(v.instance(f"{name}_ramp_{longest}", f"line{line}", pins))
        taps = [_active(tap, plan.ramps[tap.line]) for tap in plan.taps]
        items.append(v.assign("active", v.concat(taps[::-1])))
        read = {(tap.line, b) for tap in plan.taps for b in _read(tap, plan.ramps[tap.line])}
        for line, longest in plan.ramps.items():
            width = ramp_width(longest)
            unused += [v.bit(f"q{line}", b, width) for b in range(width) if (line, b) not in read]
    else:
        now = v.concat([pulses[tap.line] for tap in plan.taps][::-1])
        reset = [v.load("active", v.number(0, count))]
        items.append(v.clocked(v.when(v.name("clear"), reset, [v.load("active", now)])))
    items += v.unused(unused)
    inputs_ = {"clk": 1, "clear": 1, "x": inputs}
    inputs_ |= {"proximal": len(plan.weighted)} if plan.weighted else {}
    return v.module(
        f"{plan.prefix}_lines",
        inputs_,
        {"active": count},
        items,
        registered=["active"] if plan.layer.response == "snl" else [],
    )


def retime_module(plan: LayerPlan, told: bool) -> str:
    """Return the module that starts a layer's time base at the first spike of its volley.

    Args:
        plan: the layer.
        told: whether the outside needs to know that the base has started.
    """
    horizon, size = plan.layer.retime, plan.sources
    width = bits(horizon)
    since, full = v.name("since"), v.number(horizon, width)
    items: list[v.Node] = [v.reg("since", width)]
    items += v.wire("open", 1, ast.NotEq(since, full))
    started = ast.Or(ast.Uor(v.name("x")), ast.Uor(since))
    items += [v.assign("started", started)] if told else v.wire("started", 1, started)
    items.append(v.assign("y", ast.Cond(v.name("open"), v.name("x"), v.number(0, size))))
    count = v.load("since", v.add([since, v.number(1, width)]))
    running = v.when(ast.And(v.name("started"), v.name("open")), [count])
    reset = [v.load("since", v.number(0, width))]
    items.append(v.clocked(v.when(v.name("clear"), reset, running)))
    inputs = {"clk": 1, "clear": 1, "x": size}
    outputs = {"y": size} | ({"started": 1} if told else {})
    return v.module(f"{plan.prefix}_retime", inputs, outputs, items)


def delay_module(plan: LayerPlan) -> str:
    """Return the module that delays a layer's proximal spikes to its time base."""
    size, stages = len(plan.weighted), plan.delay
    names = [f"late{stage}" for stage in range(1, stages)] + ["late"]
    items: list[v.Node] = [v.reg(name, size) for name in names[:-1]]
    reset = [v.load(name, v.number(0, size)) for name in names]
    shift = [v.load(to, v.name(of)) for of, to in zip(["proximal", *names], names, strict=False)]
    items.append(v.clocked(v.when(v.name("clear"), reset, shift)))
    inputs = {"clk": 1, "clear": 1, "proximal": size}
    return v.module(f"{plan.prefix}_delay", inputs, {"late": size}, items, registered=["late"])
