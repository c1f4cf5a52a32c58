"""C99 from a frozen network: fixed-width integers, no floats, no malloc, constant loop bounds."""

from __future__ import annotations

import re

from hls.ckernel import program_text, text
from hls.ckernel.layer import layer_text
from hls.ckernel.tables import Tables, table
from hls.errors import InvalidInput
from hls.ir.network import FrozenNetwork

RESERVED = frozenset(
    word
    for row in (
        "auto break case char const continue default do double else enum extern float for goto if",
        "inline int long main register restrict return short signed sizeof static struct switch",
        "typedef union unsigned void volatile while",
    )
    for word in row.split()
)


OURS = re.compile(
    r"(layer|neuron|segment|inhibit|retime|ones|come|rising|column)\d*|(l|column)\d+_\w+"
    r"|time_of|weight_of|response|[pxy]\d*(_\d+)?|proximal"
)
"""What the kernels call their own functions, tables and arguments."""


def generate(network: FrozenNetwork) -> dict[str, str]:
    """Return the C kernel of a network, by file name.

    `<name>.h` declares, `<name>.c` computes one sample, `<name>_batch.c` many,
    `<name>_example.c` shows the call, and `<name>_selftest.c` checks a file of samples and expected
    answers. Each file carries the network's hash.

    Args:
        network: any frozen network.

    Raises:
        InvalidInput: for a name that C or the kernel uses.
    """
    check_name(network)
    facts, name = _facts(network), network.name
    return {
        f"{name}.h": text.HEADER.format(**facts),
        f"{name}.c": _source(network, facts),
        f"{name}_batch.c": program_text.BATCH.format(**facts),
        f"{name}_example.c": program_text.EXAMPLE.format(**facts),
        f"{name}_selftest.c": program_text.SELFTEST.format(**facts),
    }


def check_name(network: FrozenNetwork) -> None:
    """Check that a network's name may be that of a function.

    Raises:
        InvalidInput: if C or the kernels use it.
    """
    if network.name in RESERVED or OURS.fullmatch(network.name):
        raise InvalidInput(
            "network name",
            got=repr(network.name),
            expected="a name that neither C nor the kernel's own functions use",
            mend="Rename the network",
        )


def _facts(network: FrozenNetwork) -> dict[str, object]:
    """Return what the fixed parts of the text are filled with."""
    name, upper = network.name, network.name.upper()
    c, n = network.layers[-1].shape[:2]
    voted = network.votes is not None
    facts: dict[str, object] = {
        "name": name,
        "upper": upper,
        "guard": f"{upper}_H",
        "hash": network.hash,
        "inputs": network.inputs,
        "horizon": network.horizon,
        "columns": c,
        "neurons": n,
        "all": sum(layer.shape[0] * layer.shape[1] for layer in network.layers),
        "classes": n if network.votes is None else network.votes.shape[2],
        "answer": text.ANSWERS["votes" if voted else "tally"].format(upper=upper),
        "last": network.horizon - 1,
        "end": network.layers[-1].output_horizon - 1,
        "x": f"const uint8_t x[{upper}_INPUTS]",
        "unit": "segment" if any(x.shape[2:4] != (1, 1) for x in network.layers) else "neuron",
    }
    return facts | _proximal_facts(network)


def _proximal_facts(network: FrozenNetwork) -> dict[str, str]:
    """Return the pieces of text that only a network with proximal inputs has."""
    upper, size = network.name.upper(), network.proximal_lines
    names = ("size", "levels", "proximal", "pointer", "step", "declare", "fill", "give", "read")
    if not size:
        return dict.fromkeys((*names, "proximal_inputs"), "")
    kinds = {layer.proximal for layer in network.layers}
    what = {
        "enable": "0 to disable its dendrites, else to enable them",
        "weighted": "the spike time",
    }
    read = " && fread(proximal, sizeof proximal, 1, file) == 1"
    return {
        "size": f"enum {{ {upper}_PROXIMAL = {size} }};\n",
        "levels": text.LEVELS.format(
            what=", or ".join(words for kind, words in what.items() if kind in kinds)
        ),
        "proximal": f", const uint8_t proximal[{upper}_PROXIMAL]",
        "pointer": ", const uint8_t *proximal",
        "step": f", &proximal[s * {upper}_PROXIMAL]",
        "declare": f"    uint8_t proximal[{upper}_PROXIMAL];\n",
        "fill": program_text.FILL.format(upper=upper),
        "give": ", proximal",
        "read": read,
        "proximal_inputs": f" {size} proximal inputs,",
    }


def network_hash(source: str) -> str | None:
    """Return the network hash that a generated file carries, or None."""
    match = re.search(r"network sha256 ([0-9a-f]{64})", source)
    return match.group(1) if match else None


def _source(network: FrozenNetwork, facts: dict[str, object]) -> str:
    layers = layer_tables(network)
    parts = [text.PREAMBLE.format(summary=summary(network, layers), **facts)]
    parts += [layer_text(tables) for tables in layers]
    parts.append(_top(network, layers, facts))
    if network.votes is None:
        parts.append(text.TALLY.format(**facts))
    else:
        size = f"{network.name.upper()}_OUTPUTS * {network.name.upper()}_CLASSES"
        votes = table(
            f"static const int8_t {network.name}_votes[{size}]", network.votes.reshape(-1)
        )
        comment = "/* Votes of every neuron for every class. */"
        off, on = "/* clang-format off */", "/* clang-format on */"
        parts += ["\n".join([off, comment, *votes, on]) + "\n", text.VOTES.format(**facts)]
    return "\n".join(parts)


def layer_tables(network: FrozenNetwork) -> list[Tables]:
    """Return every layer with its synapses."""
    found, sources, below = [], network.inputs, network.horizon
    for index, layer in enumerate(network.layers):
        found.append(Tables(index, layer, sources, below))
        sources, below = layer.shape[0] * layer.shape[1], layer.output_horizon
    return found


def summary(network: FrozenNetwork, layers: list[Tables]) -> str:
    """Return the lines of a comment that say what a network consists of."""
    lines = []
    for tables in layers:
        layer = tables.layer
        c, n, d, s, _ = layer.shape
        proximal = 0 if layer.proximal_mask is None else layer.proximal_mask.size
        used = len(tables.distal) + len(tables.proximal)
        dendrites = "" if d * s == 1 else f" of {d} dendrites of {s} segments"
        k = f" (k = {layer.k})" if layer.wta == "k-wta" else ""
        lines += [
            f" * Layer {tables.index}: {c} x {n} neurons{dendrites}, {layer.synapses} of "
            f"{layer.mask.size + proximal} synapses left ({used} in use),",
            f" *     {layer.response.upper()}, weights 0 .. {layer.w_max}, WTA {layer.wta}{k}, "
            f"ties by {layer.tie}"
            + ("." if layer.proximal == "none" else f", proximal inputs: {layer.proximal}."),
        ]
    if network.votes is not None:
        lines.append(f" * Voter: {network.votes.shape[2]} classes.")
    return "\n".join(lines)


def _top(network: FrozenNetwork, layers: list[Tables], facts: dict[str, object]) -> str:
    """Return the functions that call the layers, for the last spike times and for all."""
    last, offset = len(layers) - 1, 0
    calls: list[str] = []
    declared: list[str] = []
    trace: list[str] = []
    traced: list[str] = []
    below = {"calls": "x", "trace": "x"}
    unused = network.proximal_lines > 0 and not any(layer.reads_proximal for layer in layers)
    for tables in layers:
        index, size = tables.index, f"L{tables.index}_COLUMNS * L{tables.index}_NEURONS"
        to = {"calls": "y" if index == last else f"y{index}", "trace": f"&y[{offset}]"}
        to["trace"] = to["trace"] if offset else "y"
        if index != last:
            declared.append(f"    uint8_t y{index}[{size}];\n")
        if tables.layer.retime:
            for lines in (declared, traced):
                lines.append(f"    uint8_t x{index}[{tables.sources}];\n")
        give = ", proximal" if tables.reads_proximal else ""
        for key, lines in (("calls", calls), ("trace", trace)):
            if tables.layer.retime:
                lines.append(f"    retime{index}({below[key]}, x{index});\n")
                below[key] = f"x{index}"
            lines.append(f"    layer{index}({below[key]}{give}, {to[key]});\n")
        below, offset = to, offset + tables.layer.shape[0] * tables.layer.shape[1]
    void = ["    (void)proximal;\n"] if unused else []
    bodies = [[*d, "\n" if d else "", *void, *b] for d, b in ((declared, calls), (traced, trace))]
    return text.TOP.format(calls="".join(bodies[0]), trace="".join(bodies[1]), **facts)
