"""C for the smallest circuit: one synapse after the other, for a column of point neurons."""

from __future__ import annotations

from hls.ckernel import serial_text as text
from hls.ckernel.arguments import Argument, plane_inputs, plane_outputs, signature
from hls.ckernel.flat_text import HEADER
from hls.ckernel.generate import layer_tables, summary
from hls.ckernel.masks import WORD
from hls.ckernel.tables import Array
from hls.ir.network import FrozenNetwork

LARGEST = 8192
"""Most weights that stand as bits in the text."""


def serves(network: FrozenNetwork) -> bool:
    """Return whether a network is one column of point neurons of which one may pass.

    Args:
        network: any frozen network.
    """
    layer = network.layers[0]
    c, n, _, _, p = layer.shape
    return (
        len(network.layers) == c == 1
        and layer.plain
        and layer.wta == "1-wta"
        and n * p <= LARGEST
        and layer_tables(network)[0].direct
        and network.proximal_lines == 0
        and plane_outputs(network)[0].direction == "return"
    )


def serial_files(network: FrozenNetwork) -> tuple[dict[str, str], tuple[Argument, ...]]:
    """Return header and source of a network that `serves`, and the top function's arguments.

    Args:
        network: what to compute.
    """
    layer, name = network.layers[0], network.name
    n, p = layer.shape[1], layer.shape[4]
    weights = layer.effective[0, :, 0, 0]
    arguments = (*plane_inputs(network), *plane_outputs(network))
    planes = layer.output_horizon.bit_length()
    sums = int(weights.sum(axis=1).max())
    facts = {
        "name": name,
        "arch": "rolled",
        "hash": network.hash,
        "guard": f"{name.upper()}_H",
        "summary": summary(network, layer_tables(network)),
        "signature": signature(name, arguments),
        "arguments": "\n".join(f" * {line}" for a in arguments for line in a.comment()),
        "inputs": p,
        "neurons": n,
        "steps": layer.output_horizon,
        "planes": planes,
        "mask": hex(2 ** sums.bit_length() - 1),
        "type": arguments[-1].type,
        "silent": 2**planes - 1,
        "give": _give(n, planes),
        "count": _unsigned(n * p),
        "line": _unsigned(p),
        "potential": _unsigned(sums),
        "weights": _weights(weights),
        "given": ", ".join(f"{a.type} {a.name}" for a in arguments[:-1]),
        "names": ", ".join(a.name for a in arguments[:-1]),
        "times": _times(network, p),
        "theta": _chain([str(v) for v in layer.theta[0].tolist()], "n"),
        "come": _come(network),
        "response": text.RESPONSE[layer.response],
        "better": "sum > best" if layer.tie == "potential" else "best == 0",
    }
    source = text.SOURCE.format(**facts)
    return {f"{name}.h": HEADER.format(**facts), f"{name}.c": source}, arguments


def _come(network: FrozenNetwork) -> str:
    """Return whether a line has come; a time of all ones never has."""
    none = 2 ** network.horizon.bit_length() - 1
    steps = network.layers[0].output_horizon
    return "x <= t" if none >= steps else f"x <= t && x < {network.horizon}"


def _unsigned(largest: int) -> str:
    return next(f"uint{bits}_t" for bits in (8, 16, 32) if largest < 2**bits)


def _give(neurons: int, planes: int) -> str:
    """Return what puts the time's bits at the winner's place, ones at all others."""
    everyone = f"{2**neurons - 1:#x}ULL"
    bit = "((time >> {b} & 1U) != 0 ? place : 0)"
    return "".join(
        f"    y |= (({everyone} & ~place) | {bit.format(b=b)}) << {b * neurons};\n"
        for b in range(planes)
    )


def _times(network: FrozenNetwork, inputs: int) -> str:
    """Return the words in which the bits of a line's time are."""
    words = range(-(-inputs // WORD))
    lines = ""
    for b in range(network.horizon.bit_length()):
        word = _chain([f"x{k}_{b}" for k in words], "i / 64")
        shift = f" << {b}" if b else ""
        lines += f"    time |= (uint32_t)((uint64_t)({word}) >> i % 64 & 1U){shift};\n"
    return lines


def _weights(weights: Array) -> str:
    """Return the words in which the bits of a weight are: neuron by neuron, line by line."""
    flat, lines = weights.reshape(-1), ""
    for b in range(max(1, int(flat.max()).bit_length())):
        words = [
            sum(1 << i for i, w in enumerate(flat[k : k + WORD].tolist()) if w >> b & 1)
            for k in range(0, len(flat), WORD)
        ]
        word = _chain([f"0x{value:x}ULL" for value in words], "s / 64")
        shift = f" << {b}" if b else ""
        lines += f"    weight |= (uint32_t)(({word}) >> s % 64 & 1U){shift};\n"
    return lines


def _chain(values: list[str], index: str) -> str:
    """Return C that chooses a value by an index."""
    if len(set(values)) == 1:
        return values[0]
    chosen = [f"{index} == {k} ? {value}" for k, value in enumerate(values[:-1])]
    return " : ".join([*chosen, values[-1]])
