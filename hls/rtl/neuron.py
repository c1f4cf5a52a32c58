"""Neurons: segments that add up and spike, dendrites that proximal levels enable."""

from __future__ import annotations

from collections.abc import Sequence

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.plan import Column, Dendrite, LayerPlan, Neuron, Segment, Tap
from hls.rtl.wta import tournament

Child = tuple[str, str, tuple[Tap, ...], dict[str, v.Node]]
"""Module, name, taps and further pins of an instance."""
Made = tuple[str, str, dict[str, int]]
"""Kind of a module, its text, and what its comment says."""

TAPS_PER_COUNT = 64
"""Taps in one sum: larger groups need fewer adder cells, smaller ones are easier to read."""


def neuron_name(plan: LayerPlan, neuron: Neuron) -> str:
    """Return the name of a neuron's module."""
    return f"{plan.prefix}_neuron_{neuron.column}_{neuron.index}"


def neuron_modules(plan: LayerPlan, neuron: Neuron, column: Column) -> list[Made]:
    """Return (kind, text, facts) of a neuron's modules, the outermost first."""
    name = neuron_name(plan, neuron)
    facts = {"n": neuron.index, "c": neuron.column, "theta": neuron.theta}
    if neuron.point:
        segment = neuron.segments[0]
        text = _segment(plan, name, segment, column.theta_max - neuron.theta)
        return [("neuron", text, facts | {"start": segment.start})]
    found = [("neuron of dendrites", _neuron(plan, neuron), facts)]
    for dendrite in neuron.dendrites:
        at = facts | {"d": dendrite.index, "gate": dendrite.gate}
        kind = "dendrite" if dendrite.gate < 0 else "enabled dendrite"
        found.append((kind, _dendrite(plan, neuron, dendrite), at))
        for segment in dendrite.segments:
            label = f"{name.replace('_neuron_', '_segment_')}_{dendrite.index}_{segment.index}"
            text = _segment(plan, label, segment, column.theta_max - neuron.theta)
            found.append(("segment", text, at | {"s": segment.index, "start": segment.start}))
    return found


def _segment(plan: LayerPlan, name: str, segment: Segment, ahead: int) -> str:
    """Return a segment: add up the active taps, accumulate, and spike on the carry."""
    count, width, sum_width = len(segment.taps), segment.width, segment.sum_width
    items: list[v.Node] = []
    slopes = []
    for group in range(0, count, TAPS_PER_COUNT):
        chosen = range(group, min(count, group + TAPS_PER_COUNT))
        size = max(1, sum(segment.weights[i] for i in chosen).bit_length())
        terms = [v.weighed(v.bit("active", i, count), segment.weights[i], size) for i in chosen]
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
        key = v.name("sum")
        if ahead:
            key = ast.Minus(key, v.number(ahead, sum_width))
        items.append(v.assign("key", v.extend(key, sum_width, plan.key_width)))
    reset = [v.load("potential", v.number(segment.start, width))]
    step = [v.load("potential", v.part("sum", width - 1, 0))]
    items.append(v.clocked(v.when(v.name("clear"), reset, step)))
    inputs = {"clk": 1, "clear": 1, "active": count}
    return v.module(name, inputs, outputs, items)


def _neuron(plan: LayerPlan, neuron: Neuron) -> str:
    """Return a neuron: the first dendrite to spike speaks for it."""
    name, gates = neuron_name(plan, neuron), neuron.gates
    children: list[Child] = []
    for dendrite in neuron.dendrites:
        pins = {}
        if dendrite.gate >= 0:
            pins["gate"] = v.bit("gate", gates.index(dendrite.gate), len(gates))
        module = f"{name.replace('_neuron_', '_dendrite_')}_{dendrite.index}"
        children.append((module, f"dendrite{dendrite.index}", dendrite.taps, pins))
    items = _first_of(plan, neuron.taps, children)
    items.append(v.assign("spike", ast.Uor(v.name("spikes"))))
    outputs = {"spike": 1}
    if plan.by_potential:
        outputs["key"] = plan.key_width
    inputs = {"clk": 1, "clear": 1} | ({"gate": len(gates)} if gates else {})
    return v.module(name, inputs | {"active": len(neuron.taps)}, outputs, items)


def _dendrite(plan: LayerPlan, neuron: Neuron, dendrite: Dendrite) -> str:
    """Return a dendrite: the first segment to spike speaks for it, where its gate is 1."""
    name = neuron_name(plan, neuron)
    children: list[Child] = []
    for segment in dendrite.segments:
        module = f"{name.replace('_neuron_', '_segment_')}_{dendrite.index}_{segment.index}"
        children.append((module, f"segment{segment.index}", segment.taps, {}))
    gated = dendrite.gate >= 0
    items = _first_of(plan, dendrite.taps, children, "best" if gated else "key")
    any_ = ast.Uor(v.name("spikes"))
    items.append(v.assign("spike", ast.And(v.name("gate"), any_) if gated else any_))
    outputs = {"spike": 1}
    if plan.by_potential:
        size = plan.key_width
        outputs["key"] = size
        if gated:
            items = [*v.wire("best", size), *items]
            shut = v.number(0, size)
            items.append(v.assign("key", ast.Cond(v.name("gate"), v.name("best"), shut)))
    inputs = {"clk": 1, "clear": 1} | ({"gate": 1} if gated else {})
    label = f"{name.replace('_neuron_', '_dendrite_')}_{dendrite.index}"
    return v.module(label, inputs | {"active": len(dendrite.taps)}, outputs, items)


def _first_of(
    plan: LayerPlan,
    taps: tuple[Tap, ...],
    children: Sequence[Child],
    key: str = "key",
) -> list[v.Node]:
    """Return instances of `children`, their `spikes`, and the largest key of those that spike.

    A child that is silent has a smaller key than one that spikes: their thresholds are the same.
    """
    where = {tap: at for at, tap in enumerate(taps)}
    count, size = len(children), plan.key_width
    items = v.wire("spikes", count)
    if plan.by_potential:
        items += v.wire("keys", count * size)
    for at, (module, label, own, extra) in enumerate(children):
        active = [v.bit("active", where[tap], len(taps)) for tap in own]
        pins = {"clk": v.name("clk"), "clear": v.name("clear"), **extra}
        pins |= {"active": v.concat(active[::-1]), "spike": v.bit("spikes", at, count)}
        if plan.by_potential:
            whole = count == 1
            pins["key"] = (
                v.name("keys") if whole else v.part("keys", (at + 1) * size - 1, at * size)
            )
        items.append(v.instance(module, label, pins))
    if plan.by_potential:
        found, best = tournament(count, size)
        items += [*found, v.assign(key, best)]
    return items
