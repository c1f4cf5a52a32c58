"""Lateral inhibition: who passes among the neurons that spike in this step."""

from __future__ import annotations

import pyverilog.vparser.ast as ast

from hls.rtl import nodes as v
from hls.rtl.plan import LayerPlan
from hls.rtl.ports import bits


def wta_module(plan: LayerPlan) -> str | None:
    """Return a layer's module of lateral inhibition, None where all that spike now may pass."""
    if plan.mode == "k-wta":
        return _k_wta(plan)
    if plan.mode != "1-wta":
        return None
    count, width = plan.neurons, plan.winner_width
    items: list[v.Node] = [v.assign("any", ast.Uor(v.name("spike")))]
    inputs = {"spike": count}
    if plan.by_potential:
        inputs["keys"] = count * plan.key_width
        items += _winner(plan)
    elif plan.last:
        choice = v.number(count - 1, width)
        for n in range(count - 2, -1, -1):
            choice = ast.Cond(v.bit("spike", n, count), v.number(n, width), choice)
        items.append(v.assign("first", choice))
    else:
        first = [v.bit("spike", 0, count)]
        for n in range(1, count):
            lower = ast.Uor(v.part("spike", n - 1, 0))
            first.append(ast.And(v.bit("spike", n, count), ast.Unot(lower)))
        items.append(v.assign("pass", v.concat(first[::-1])))
    outputs = {"any": 1} | ({"first": width} if plan.last else {"pass": count})
    return v.module(f"{plan.prefix}_wta", inputs, outputs, items)


def _winner(plan: LayerPlan) -> list[v.Node]:
    """Return what finds the winner by potential: its index in the last layer, else its bit."""
    count, width, size = plan.neurons, plan.winner_width, plan.key_width
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
    if plan.last:
        return [*items, v.assign("first", level[0][2])]
    items += v.wire("first", width, level[0][2])
    won = [ast.Eq(v.name("first"), v.number(n, width)) for n in range(count)]
    only = [ast.And(v.name("any"), one) for one in won]
    return [*items, v.assign("pass", v.concat(only[::-1]))]


def tournament(count: int, size: int) -> tuple[list[v.Node], v.Node]:
    """Return what finds the largest of `count` fields of `keys`, and the node that holds it."""
    items: list[v.Node] = []
    if count == 1:
        return items, v.name("keys")
    level = []
    for n in range(count):
        items += v.wire(f"key{n}", size, v.part("keys", (n + 1) * size - 1, n * size))
        level.append(v.name(f"key{n}"))
    match = 0
    while len(level) > 1:
        above, pairs = level[len(level) & ~1 :], []
        for left, right in zip(level[0::2], level[1::2], strict=False):
            larger = ast.Cond(ast.GreaterThan(right, left), right, left)
            items += v.wire(f"larger{match}", size, larger)
            pairs.append(v.name(f"larger{match}"))
            match += 1
        level = pairs + above
    return items, level[0]


def _k_wta(plan: LayerPlan) -> str:
    """Return inhibition that lets `k` pass: in this step, as many as earlier steps left."""
    count, k, size = plan.neurons, plan.layer.k, plan.key_width
    width = bits(2 * count)
    items: list[v.Node] = []
    inputs = {"spike": count, "passed": count}
    if plan.by_potential:
        inputs["keys"] = count * size
        for n in range(count):
            items += v.wire(f"key{n}", size, v.part("keys", (n + 1) * size - 1, n * size))
        for m in range(count):
            for n in range(m + 1, count):
                leads = ast.GreaterEq(v.name(f"key{m}"), v.name(f"key{n}"))
                items += v.wire(f"leads{m}_{n}", 1, leads)
    earlier = [v.extend(v.bit("passed", m, count), 1, width) for m in range(count)]
    items += v.wire("earlier", width, v.add(earlier))
    passes = []
    for n in range(count):
        ahead = [v.name("earlier")]
        for m in range(count):
            spikes = v.bit("spike", m, count)
            if m < n:
                leads = v.name(f"leads{m}_{n}") if plan.by_potential else None
            elif m > n and plan.by_potential:
                leads = ast.Unot(v.name(f"leads{n}_{m}"))
            else:
                continue
            one = spikes if leads is None else ast.And(spikes, leads)
            ahead.append(v.extend(one, 1, width))
        items += v.wire(f"ahead{n}", width, v.add(ahead))
        free = ast.LessThan(v.name(f"ahead{n}"), v.number(k, width))
        passes.append(ast.And(v.bit("spike", n, count), free))
    items.append(v.assign("pass", v.concat(passes[::-1])))
    return v.module(f"{plan.prefix}_wta", inputs, {"pass": count}, items)
