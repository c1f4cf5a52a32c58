"""C99 from a frozen network: fixed-width integers, no floats, no malloc, constant loop bounds."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from hls.ckernel import text
from hls.errors import InvalidInput, Unsupported
from hls.ir.network import FrozenLayer, FrozenNetwork

WHAT = {
    "rnl": "The slope of each potential changes where a ramp starts or is full.",
    "snl": "Each potential rises by the weight where a spike arrives.",
}
RESERVED = frozenset(
    word
    for row in (
        "auto break case char const continue default do double else enum extern float for goto if",
        "inline int long main register restrict return short signed sizeof static struct switch",
        "typedef union unsigned void volatile while",
    )
    for word in row.split()
)


def generate(network: FrozenNetwork) -> dict[str, str]:
    """Return the C kernel of a network, by file name.

    `<name>.h` declares, `<name>.c` computes one sample, `<name>_batch.c` many,
    `<name>_example.c` shows the call, and `<name>_selftest.c` checks a file of samples and expected
    answers. Each file carries the network's hash. Several layers of point neurons are supported.

    Args:
        network: point neurons (`D = S = 1`), any response, WTA mode and tie rule.

    Raises:
        Unsupported: for dendrites or segments.
        InvalidInput: for a name that C reserves.
    """
    if network.name in RESERVED:
        raise InvalidInput(
            "network name",
            got=repr(network.name),
            expected="a name that C does not reserve",
            mend="Rename the network",
        )
    for index, layer in enumerate(network.layers):
        check_point_neurons(f"layer {index}", layer, "C kernel")
    name, guard = network.name, f"{network.name.upper()}_H"
    c, n = network.layers[-1].shape[:2]
    facts = {
        "name": name,
        "upper": name.upper(),
        "guard": guard,
        "hash": network.hash,
        "inputs": network.inputs,
        "horizon": network.horizon,
        "columns": c,
        "neurons": n,
        "last": network.horizon - 1,
        "end": network.layers[-1].output_horizon - 1,
    }
    return {
        f"{name}.h": text.HEADER.format(**facts),
        f"{name}.c": _source(network, facts),
        f"{name}_batch.c": text.BATCH.format(**facts),
        f"{name}_example.c": text.EXAMPLE.format(**facts),
        f"{name}_selftest.c": text.SELFTEST.format(**facts),
    }


def network_hash(source: str) -> str | None:
    """Return the network hash that a generated file carries, or None."""
    match = re.search(r"network sha256 ([0-9a-f]{64})", source)
    return match.group(1) if match else None


def check_point_neurons(at: str, layer: FrozenLayer, what: str) -> None:
    """Raise `Unsupported` unless the layer consists of plain point neurons (`D = S = 1`)."""
    _, _, d, s, _ = layer.shape
    if not layer.plain:
        raise Unsupported(
            f"{what}: {at}",
            got=f"{d} dendrites of {s} segments"
            + (f", proximal inputs ({layer.proximal})" if layer.proximal != "none" else "")
            + (", retimed input" if layer.retime else ""),
            expected="point neurons (D = S = 1)",
            mend="Choose another target",
        )


def _source(network: FrozenNetwork, facts: dict[str, object]) -> str:
    parts = [text.PREAMBLE.format(summary=_summary(network), **facts)]
    for index, layer in enumerate(network.layers):
        parts += [_tables(index, layer), _inhibition(index, layer), _layer(index, layer)]
    parts.append(_top(network, facts))
    return "\n".join(part for part in parts if part)


def _summary(network: FrozenNetwork) -> str:
    lines = []
    for index, layer in enumerate(network.layers):
        c, n, _, _, p = layer.shape
        lines.append(
            f" * Layer {index}: {c} x {n} neurons, {layer.synapses} of {c * n * p} synapses left "
            f"({_synapses(layer)[0].size} in use),\n"
            f" *     {layer.response.upper()}, weights 0 .. {layer.w_max}, WTA {layer.wta}"
            f"{f' (k = {layer.k})' if layer.wta == 'k-wta' else ''}, ties by {layer.tie}."
        )
    return "\n".join(lines)


def _synapses(layer: FrozenLayer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (neuron in the layer, line, weight) of every synapse that can act."""
    weights = layer.effective[:, :, 0, 0, :] * (layer.lines >= 0)[:, None, :]
    column, neuron, which = np.nonzero(weights)
    return (
        column * layer.shape[1] + neuron,
        layer.lines[column, which],
        weights[column, neuron, which],
    )


def _tables(index: int, layer: FrozenLayer) -> str:
    unit, line, weight = _synapses(layer)
    c, n = layer.shape[:2]
    constants = {"COLUMNS": c, "NEURONS": n}
    if len(unit):
        constants |= {
            "HORIZON": layer.horizon,
            "STEPS": layer.output_horizon,
            "SYNAPSES": len(unit),
        }
    rows = [f"enum {{ L{index}_{key} = {value} }};" for key, value in constants.items()]
    if not len(unit):
        return "\n".join(rows) + "\n"
    size = f"L{index}_SYNAPSES"
    largest = int(max(unit.max(), line.max()))
    small = next(f"uint{b}_t" for b in (8, 16, 32) if largest < 2**b)
    rows += [
        "",
        "/* Every synapse that can act: its neuron, its input line and its weight. */",
        "/* clang-format off */",
        *_table(f"static const {small} l{index}_neuron[{size}]", unit),
        *_table(f"static const {small} l{index}_line[{size}]", line),
        *_table(f"static const uint8_t l{index}_weight[{size}]", weight),
        "",
        *_table(
            f"static const int32_t l{index}_theta[L{index}_COLUMNS * L{index}_NEURONS]",
            layer.theta.reshape(-1),
        ),
        "/* clang-format on */",
    ]
    return "\n".join(rows) + "\n"


def _table(declaration: str, values: Iterable[int]) -> list[str]:
    items = [str(int(v)) for v in values]
    lines, row = [], "   "
    for item in items:
        if len(row) + len(item) + 2 > 98:
            lines.append(row)
            row = "   "
        row += f" {item},"
    return [f"{declaration} = {{", *lines, row, "};"]


def _inhibition(index: int, layer: FrozenLayer) -> str:
    """Return the function that lets a column's winners pass."""
    if layer.wta == "none" or not _synapses(layer)[0].size:
        return ""
    if layer.wta == "t-wta":
        return text.T_WTA.format(l=index)
    argument, better, leads = text.BEFORE[layer.tie]
    template = text.ONE_WTA if layer.wta == "1-wta" else text.K_WTA
    return template.format(
        l=index, k=layer.k, argument=argument.format(l=index), better=better, leads=leads
    )


def _layer(index: int, layer: FrozenLayer) -> str:
    if not _synapses(layer)[0].size:
        return text.SILENT_LAYER.format(l=index)
    ranked = layer.tie == "potential" and layer.wta in ("1-wta", "k-wta")
    units = f"L{index}_COLUMNS * L{index}_NEURONS"
    slope, step, rise = text.RISE[layer.response]
    inhibit = text.INHIBIT.format(
        l=index, argument=f", &potential[c * L{index}_NEURONS]" if ranked else ""
    )
    return text.LAYER.format(
        l=index,
        what=WHAT[layer.response],
        change=(text.RNL if layer.response == "rnl" else text.SNL).format(l=index),
        declare=f"    int32_t potential[{units}];\n" if ranked else "",
        slope=slope,
        step=step,
        rise=rise,
        reset="        potential[n] = 0;\n" if ranked else "",
        keep="                potential[n] = v;\n" if ranked else "",
        inhibit="" if layer.wta == "none" else inhibit,
    )


def _top(network: FrozenNetwork, facts: dict[str, object]) -> str:
    calls, source = [], "x"
    last = len(network.layers) - 1
    for index in range(last + 1):
        target = "y" if index == last else f"y{index}"
        if index != last:
            calls.append(f"    uint8_t {target}[L{index}_COLUMNS * L{index}_NEURONS];")
        calls.append(f"    layer{index}({source}, {target});")
        source = target
    return text.TOP.format(calls="\n".join(calls), **facts)
