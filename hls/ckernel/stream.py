"""C of one segment's circuit that all columns take in turn: architecture `stream`."""

from __future__ import annotations

import numpy as np

from hls.ckernel import stream_text, text
from hls.ckernel.arguments import Argument, array, signature
from hls.ckernel.generate import layer_tables, summary
from hls.ckernel.layer import inhibition, neuron_text, retime_text
from hls.ckernel.tables import Tables, table
from hls.errors import Unsupported
from hls.ir.network import FrozenNetwork


def array_arguments(network: FrozenNetwork) -> tuple[Argument, ...]:
    """Return arrays of input lines, proximal lines and output times, one in each byte."""
    outputs = network.layers[-1].shape[0] * network.layers[-1].shape[1]
    sides = [array("x", "in", "x", network.inputs)]
    if network.proximal_lines:
        sides.append(array("proximal", "in", "proximal", network.proximal_lines))
    return (*sides, array("y", "out", "y", outputs))


def stream_files(network: FrozenNetwork) -> tuple[dict[str, str], tuple[Argument, ...]]:
    """Return header and source of a network, and the top function's arguments.

    Args:
        network: what to compute.

    Raises:
        Unsupported: with weighted proximal synapses.
    """
    layers, arguments, name = layer_tables(network), array_arguments(network), network.name
    for tables in layers:
        if len(tables.proximal):
            raise Unsupported(
                f"architecture stream: proximal inputs of layer {tables.index}",
                got="weighted",
                expected="none or enable",
                mend="Take rolled or bitplane",
            )
    facts = {
        "name": name,
        "hash": network.hash,
        "guard": f"{name.upper()}_H",
        "summary": summary(network, layers),
        "signature": signature(name, arguments),
        "arguments": "\n".join(f" * {line}" for a in arguments for line in a.comment()),
    }
    parts = [stream_text.PREAMBLE.format(**facts)]
    for tables in layers:
        parts += _layer(tables)
    parts.append(_top(layers, str(facts["signature"])))
    header = stream_text.HEADER.format(**facts)
    return {f"{name}.h": header, f"{name}.c": "\n".join(parts)}, arguments


def _layer(tables: Tables) -> list[str]:
    """Return everything of one layer."""
    parts = [_tables(tables)]
    if tables.layer.retime:
        parts.append(retime_text(tables))
    if tables.silent:
        return [*parts, text.SILENT_LAYER.format(l=tables.index)]
    facts = _facts(tables)
    template = stream_text.RNL if tables.layer.response == "rnl" else stream_text.SNL
    ranked = tables.ranked
    parts.append(stream_text.ONES.format(**facts))
    parts.append(
        template.format(
            **facts,
            what="neuron" if tables.point else "segment",
            potential=", and its potential then" if ranked else "",
            at=", int32_t *at" if ranked else "",
            keep="            *at = v;\n" if ranked else "",
            never="    *at = 0;\n" if ranked else "",
        )
    )
    if not tables.point:
        parts.append(neuron_text(tables, str(facts["word"])))
    return [part for part in (*parts, inhibition(tables), _columns(tables)) if part]


def _facts(tables: Tables) -> dict[str, object]:
    p = tables.layer.shape[4]
    size = min((64, 32, 16, 8), key=lambda bits: -(-p // bits) * bits)  # the least padding
    ones = {8: "0xff", 16: "0xffff", 32: "UINT32_MAX", 64: "UINT64_MAX"}[size]
    return {"l": tables.index, "bits": size, "word": f"uint{size}_t", "ones": ones}


def _tables(tables: Tables) -> str:
    """Return constants and tables as C: weights as words of their bits."""
    layer, at = tables.layer, f"L{tables.index}"
    c, n, d, s, p = layer.shape
    facts = _facts(tables)
    bits = int(facts["bits"])  # type: ignore[call-overload]
    words, weights = -(-p // bits), np.where(layer.lines[:, None] >= 0, 1, 0)
    weights = layer.effective.reshape(c, n * d * s, p) * weights
    largest = int(weights.max())
    sizes = tables.constants() | {
        "INPUTS": p,
        "WORDS": words,
        "TIME_BITS": layer.horizon.bit_length(),
        "WEIGHT_BITS": max(1, largest.bit_length()),
        "RAMP": largest,
    }
    for key in ("SYNAPSES", *(["RAMP"] if layer.response == "snl" else [])):
        sizes.pop(key, None)
    lines = [f"enum {{ {at}_{key} = {value} }};" for key, value in sizes.items()]
    if tables.silent:
        return "\n".join(lines) + "\n"
    lines += ["", "/* clang-format off */"]
    if not tables.direct:
        lines += ["/* Input line of every column's inputs; -1 is always silent. */"]
        lines += tables.table("line", f"{at}_COLUMNS * {at}_INPUTS", layer.lines.reshape(-1))
    lines += ["/* Words of the bits of every segment's weights. */"]
    packed = _words(weights.reshape(-1, p), bits, int(sizes["WEIGHT_BITS"]))
    name = f"static const {facts['word']} l{tables.index}_weight[{len(packed)}]"
    lines += table(name, packed, "U" if bits < 64 else "ULL")
    if tables.gates is not None:
        lines += ["/* Proximal line that enables each dendrite; -1 is always enabled. */"]
        lines += tables.table("gate", f"{c * n * d}", tables.gates)
    lines += ["/* Threshold of every neuron. */"]
    lines += tables.table(
        "theta", f"{at}_COLUMNS * {at}_NEURONS", layer.theta.reshape(-1), "int32_t"
    )
    return "\n".join([*lines, "/* clang-format on */"]) + "\n"


def _words(weights: np.ndarray, bits: int, planes: int) -> list[int]:
    """Return the bits of weights `[G, P]` as words: segment, word, bit of the weight."""
    found = []
    for row in weights.tolist():
        for first in range(0, len(row), bits):
            part = row[first : first + bits]
            found += [sum((w >> b & 1) << i for i, w in enumerate(part)) for b in range(planes)]
    return found


def _columns(tables: Tables) -> str:
    """Return the function that goes through a layer's columns."""
    layer, at, facts = tables.layer, tables.index, _facts(tables)
    silenced = layer.wta != "none" and layer.shape[1] > 1
    argument = ", potential" if tables.ranked else ""
    source = f"x[l{at}_line[c * L{at}_INPUTS + i]]"
    if tables.direct:
        source = "x[i]"
    elif int(layer.lines.min()) < 0:
        source = f"(l{at}_line[c * L{at}_INPUTS + i] < 0 ? NO_SPIKE : {source})"
    give = ", unit" + (f", l{at}_theta[unit]" if tables.point else "")
    give = (", proximal" if tables.reads_proximal else "") + give
    return text.LAYER.format(
        l=at,
        proximal=", const uint8_t *proximal" if tables.reads_proximal else "",
        field=f"    {facts['word']} times[L{at}_WORDS * L{at}_TIME_BITS];\n",
        potential=f"    int32_t potential[L{at}_NEURONS];\n" if tables.ranked else "",
        blank="\n",
        gather=stream_text.PLANES.format(**facts, source=source),
        inputs="times",
        give=give,
        at=", &potential[n]" if tables.ranked else "",
        inhibit=text.INHIBIT.format(l=at, argument=argument) if silenced else "",
    )


def _top(layers: list[Tables], head: str) -> str:
    lines, calls, below = "", "", "x"
    last = len(layers) - 1
    if not any(tables.reads_proximal for tables in layers) and "proximal" in head:
        calls += "    (void)proximal;\n"
    for tables in layers:
        at, to = tables.index, "y" if tables.index == last else f"y{tables.index}"
        if tables.layer.retime:
            lines += f"    uint8_t x{at}[{tables.sources}];\n"
            calls += f"    retime{at}({below}, x{at});\n"
            below = f"x{at}"
        if at != last:
            lines += f"    uint8_t {to}[L{at}_COLUMNS * L{at}_NEURONS];\n"
        calls += f"    layer{at}({below}{', proximal' if tables.reads_proximal else ''}, {to});\n"
        below = to
    return f"{head} {{\n{lines}{calls}}}\n"
