"""Draws for a circuit that takes them from outside: what they hit, and how a bench plays it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hls.ir.network import FrozenNetwork
from hls.rtl.learning.draws import hits
from hls.rtl.learning.options import LearningOptions
from hls.rtl.learning.rule import Rule, ports, rule_of
from hls.rtl.ports import bits


class Drawn(NamedTuple):
    """How a test bench plays draws.

    Attributes:
        content: what it reads: for every sample all ports' bits, whole bytes, highest byte first.
        declared: its declarations.
        pins: pins of the circuit.
        read: the statement that reads a sample's draws.
    """

    content: bytes
    declared: str
    pins: str
    read: str


NOTHING = Drawn(b"", "", "", "")


def drawn(
    network: FrozenNetwork, options: LearningOptions, learn: npt.NDArray[np.generic]
) -> Drawn:
    """Return the draws of samples, as the frozen registers would give them.

    Args:
        network: the frozen network.
        options: how its circuit was generated.
        learn: which samples are learnt, `[B]`; the registers stand still in all others.
    """
    layer = network.layers[0]
    if options.draws == "lfsr":
        return NOTHING
    rule = rule_of(layer)
    assert layer.lfsr is not None
    columns, count = layer.shape[0], layer.shape[1] * layer.shape[2] * layer.shape[3]
    sizes = {port: each * len(rule.units(kind)) for port, kind, each in ports(rule)}
    total = columns * sum(sizes.values())
    if total == 0:
        return NOTHING
    size = -(-total // 8)
    states = [int(state) for state in layer.lfsr]
    rows = []
    for flag in learn:
        found = [hits(rule, state) for state in states]
        word = at = 0
        for port, width in sizes.items():
            for values, _ in found:
                word |= values[port] << at
                at += width
        rows.append(word.to_bytes(size, "big"))
        if flag:
            states = [after for _, after in found]
    declared = f"  reg [{8 * size}-1:0] draws;\n  integer drawn;\n"
    pins, at = "", 0
    in_turn = options.update == "serial"
    for port, kind, each in ports(rule):
        width = columns * sizes[port]
        if in_turn and rule.each(kind):
            declared += _in_turn(rule, port, each, (columns, count, layer.shape[4]), at)
            pins += f".{port}({port}_now), "
        else:
            pins += f".{port}(draws[{at} +: {width}]), "
        at += width
    if "_now" in pins:
        width = bits(layer.shape[4] - 1)
        declared = f"  wire moving;\n  wire [{width}-1:0] index;\n" + declared
        pins += ".moving(moving), .index(index), "
    read = "      got = $fread(draws, drawn);\n"
    return Drawn(b"".join(rows), declared, pins, read)


def _in_turn(rule: Rule, port: str, each: int, shape: tuple[int, int, int], at: int) -> str:
    """Return the wires of a port that has bits for the synapses on one line at a time."""
    columns, segments, p = shape
    text = f"  wire [{columns * segments * each}-1:0] {port}_now;\n"
    for unit in range(columns * segments):
        first = at + unit * p * each
        text += f"  assign {port}_now[{unit * each} +: {each}] = "
        text += f"draws[{first} + index * {each} +: {each}];\n"
    return text
