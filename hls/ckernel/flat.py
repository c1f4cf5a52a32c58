"""C that takes many lines at once: architectures `bitplane`, `unrolled` and `pipelined`."""

from __future__ import annotations

from collections.abc import Sequence

from hls.ckernel import flat_text as text
from hls.ckernel.arguments import Argument, plane_inputs, plane_outputs
from hls.ckernel.generate import layer_tables, summary
from hls.ckernel.masks import Lines, MaskLayer, Row, mask_layers
from hls.ckernel.tables import table
from hls.errors import Unsupported
from hls.ir.network import FrozenNetwork

NEURONS = 64
"""Most neurons of a column: their spikes are one word."""

LIMIT = {"bitplane": 20_000, "unrolled": 60_000, "pipelined": 60_000}
"""Most synapses (times time steps where these are unrolled) that stand in the text."""


def flat_files(network: FrozenNetwork, arch: str) -> tuple[dict[str, str], tuple[Argument, ...]]:
    """Return header and source of a network, and the top function's arguments.

    Args:
        network: what to compute.
        arch: `bitplane`, `unrolled` or `pipelined`.

    Raises:
        Unsupported: for a network that is too large for it.
    """
    layers = mask_layers(network)
    _check(layers, arch)
    arguments = (*plane_inputs(network), *plane_outputs(network))
    name = network.name
    facts = {
        "name": name,
        "arch": arch,
        "hash": network.hash,
        "guard": f"{name.upper()}_H",
        "what": text.WHAT[arch],
        "summary": summary(network, layer_tables(network)),
        "signature": _signature(name, arguments),
        "arguments": "\n".join(f" * {line}" for a in arguments for line in a.comment()),
    }
    planes = {p for layer in layers for p in _planes(layer)}
    parts = [text.PREAMBLE.format(**facts), text.ONES]
    parts += [text.COME.format(planes=p) for p in sorted(planes)]
    for layer in layers:
        parts += _layer(layer, arch)
    parts.append(_top(layers, arguments, facts["signature"]))
    return {f"{name}.h": text.HEADER.format(**facts), f"{name}.c": "\n".join(parts)}, arguments


def _check(layers: list[MaskLayer], arch: str) -> None:
    steps = 1 if arch == "bitplane" else 0
    size = 0
    for layer in layers:
        n = layer.layer.shape[1]
        if n > NEURONS:
            raise Unsupported(
                f"architecture {arch}: neurons in a column of layer {layer.index}",
                got=n,
                expected=f"at most {NEURONS}",
                mend="Take rolled or stream",
            )
        synapses = len(layer.tables.distal) + len(layer.tables.proximal)
        size += synapses * (steps or layer.layer.output_horizon)
    if size > LIMIT[arch]:
        unit = "synapses" if steps else "synapses x time steps"
        raise Unsupported(
            f"architecture {arch}: circuits side by side",
            got=f"{size:,} {unit}",
            expected=f"at most {LIMIT[arch]:,}",
            mend="Take rolled or stream, or one column on its own",
        )


def _planes(layer: MaskLayer) -> list[int]:
    found = [layer.taken.planes] if layer.ramps_distal else []
    found += [layer.proximal.planes] if layer.ramps_proximal else []
    return found + ([layer.given.planes] if layer.layer.retime else [])


def _layer(layer: MaskLayer, arch: str) -> list[str]:
    """Return everything of one layer."""
    parts = [_retime(layer)] if layer.layer.retime else []
    if layer.tables.silent:
        return [*parts, text.SILENT_LAYER.format(**_facts(layer))]
    at = f"l{layer.index}"
    c, n, d, _, _ = layer.layer.shape
    tables = ["/* clang-format off */", "/* Threshold of every neuron. */"]
    tables += table(f"static const int32_t {at}_theta[{c * n}]", layer.layer.theta.reshape(-1))
    gates = layer.tables.gates
    if gates is not None:
        tables += ["/* Proximal line that enables each dendrite; -1 is always enabled. */"]
        tables += table(f"static const int32_t {at}_gate[{c * n * d}]", gates)
    parts.append("\n".join([*tables, "/* clang-format on */"]) + "\n")
    parts += [_column(layer, column) for column in range(c)]
    if not layer.tables.point:
        parts.append(_dendrites(layer))
    return [*parts, _inhibit(layer), _steps(layer, arch)]


def _facts(layer: MaskLayer) -> dict[str, object]:
    c, n, d, s, _ = layer.layer.shape
    bits = 8 * (1 + (layer.largest > 255) + 2 * (layer.largest > 65535))
    return {
        "l": layer.index,
        "type": f"uint{bits}_t",
        "mask": "uint32_t" if n <= 32 else "uint64_t",
        "columns": c,
        "neurons": n,
        "n": n,
        "k": layer.layer.k,
        "dendrites": d,
        "segments": s,
        "size": d * s,
        "planes": layer.made.planes,
        "given": len(layer.taken.words) * layer.taken.planes,
        "out": c * layer.made.planes,
        "steps": layer.layer.output_horizon,
        "everyone": f"0x{2**n - 1:x}U" + ("LL" if n > 32 else ""),
    }


def _column(layer: MaskLayer, column: int) -> str:
    """Return the function that moves the potentials of a column's segments by one time step."""
    c, n, d, s, _ = layer.layer.shape
    size = n * d * s
    lines = []
    for g in range(size):
        terms = _terms(layer, column * size + g)
        if not terms:
            continue
        kind = _facts(layer)["type"]
        before = f"v[{g}] + " if layer.layer.response == "rnl" else ""
        unit = f"neuron {g // (d * s)}"
        if d * s > 1:
            unit += f", dendrite {g // s % d}, segment {g % s}"
        lines.append(f"    /* {unit} */\n")
        lines.append(f"    v[{g}] = ({kind})({before}{' + '.join(terms)});\n")
    given = ["came"] if layer.ramps_distal else []
    given += ["proximal_came"] if layer.ramps_proximal else []
    if not lines:
        lines = [f"    (void){name};\n" for name in [*given, "v"]]
    body = "".join(lines)
    lines = [f"    (void){name};\n" for name in given if f" {name}[" not in body.replace("(", " ")]
    what = "ramps that rise add to potentials."
    if layer.layer.response == "snl":
        what = "potentials, the weights of the lines that have come."
    return text.COLUMN.format(
        **_facts(layer) | {"size": size},
        c=column,
        what=what,
        arguments="".join(f"const uint64_t {name}[{_came(layer, name)}], " for name in given),
        lines=("".join(lines) if "(void)v" not in body else "") + body,
    )


def _came(layer: MaskLayer, name: str) -> int:
    """Return the length of `came` or `proximal_came`."""
    if name == "came":
        return (layer.ramp + 1) * len(layer.taken.words)
    return (layer.proximal_ramp + 1) * len(layer.proximal.words)


def _terms(layer: MaskLayer, segment: int) -> list[str]:
    """Return what is added to a segment's potential in one time step."""
    found = []
    for name, rows, lines in (
        ("came", layer.distal[segment], layer.taken),
        ("proximal_came", layer.weighted[segment], layer.proximal),
    ):
        for row in rows:
            if layer.layer.response == "rnl":
                found.append(f"ones({_rising(name, row, lines)})")
            else:
                found += _stepped(name, row)
    return found


def _rising(name: str, row: Row, lines: Lines) -> str:
    """Return the lines of a row whose ramps rise."""
    words = len(lines.words)
    ends = [
        f"{name}[{w * words + row.word}]" + (f" & {_hex(mask)}" if len(row.masks) > 1 else "")
        for w, mask in row.masks.items()
    ]
    full = ends[0] if len(ends) == 1 else " | ".join(f"({end})" for end in ends)
    full = full if len(ends) == 1 else f"({full})"
    return f"{name}[{row.word}] & {_hex(row.all)} & ~{full}"


def _stepped(name: str, row: Row) -> list[str]:
    """Return the weights of the lines that have come, bit by bit of the weight."""
    found = []
    for bit in range(max(row.masks).bit_length()):
        if mask := row.plane(bit):
            shift = f" << {bit}" if bit else ""
            count = f"ones({name}[{row.word}] & {_hex(mask)})"
            found.append(f"({count}{shift})" if shift else count)
    return found


def _hex(mask: int) -> str:
    return f"0x{mask:x}ULL"


def _dendrites(layer: MaskLayer) -> str:
    facts = _facts(layer)
    gated = layer.tables.gates is not None
    words, d = len(layer.proximal.words), facts["dendrites"]
    argument = f", const uint64_t level[{words}], const int32_t gate[{d}]" if gated else ""
    return text.DENDRITES.format(
        **facts,
        argument=argument,
        gate=text.GATE if gated else "",
        enabled="open == 0 ? 0 : " if gated else "",
    )


def _inhibit(layer: MaskLayer) -> str:
    facts = _facts(layer)
    n, mode = layer.layer.shape[1], layer.layer.wta
    if n == 1 or (mode == "k-wta" and layer.layer.k == n):
        mode = "none"
    ranked = layer.tables.ranked
    template = {
        "none": text.EVERYBODY,
        "t-wta": text.FIRST_STEP,
        "1-wta": text.LARGEST if ranked else text.LOWEST,
        "k-wta": text.FIRST_K,
    }[mode]
    leads = "m < n"
    if ranked:
        leads = "(m < n ? v[m] >= v[n] : v[m] > v[n])"
    rule = template
    for key, value in (*facts.items(), ("leads", leads)):
        rule = rule.replace(f"{{{key}}}", str(value))
    return text.INHIBIT.format(**facts, what=text.RULES[mode].format(k=layer.layer.k), rule=rule)


def _steps(layer: MaskLayer, arch: str) -> str:
    """Return the function that goes through a layer's time steps."""
    facts = _facts(layer)
    c, n, d, s, _ = layer.layer.shape
    kind, mask, at = facts["type"], facts["mask"], f"l{layer.index}"
    state = f"    {kind} v[{c * n * d * s}] = {{0}};\n    {mask} spent[{c}] = {{0}};\n"
    gated = layer.tables.gates is not None
    words, planes = len(layer.proximal.words), layer.proximal.planes
    names, came = [], ""
    for name, x, lines, ramp, last, on in (
        ("came", "x", layer.taken, layer.ramp, layer.taken.horizon - 1, layer.ramps_distal),
        ("proximal_came", "proximal", layer.proximal, layer.proximal_ramp,
         layer.layer.proximal_horizon - 1, layer.ramps_proximal),
    ):  # fmt: skip
        if on:
            names.append(name)
            came += text.CAME.format(
                name=name,
                x=x,
                size=(ramp + 1) * len(lines.words),
                count=ramp + 1,
                words=len(lines.words),
                planes=lines.planes,
                last=last,
            )
    calls = "".join(
        f"        column{layer.index}_{column}({', '.join([*names, f'&v[{column * n * d * s}]'])});\n"
        for column in range(c)
    )
    potentials, v = "", f"&v[c * {n}]"
    if not layer.tables.point:
        give = f", level, &{at}_gate[unit * {d}]" if gated else ""
        potentials, v = text.POTENTIALS.format(**facts, give=give), "potential"
    reads = layer.tables.reads_proximal
    return text.LAYER.format(
        **facts,
        proximal=f", const uint64_t proximal[{words * planes}]" if reads else "",
        state=state + ("" if layer.ramps_distal else "    (void)x;\n"),
        levels=text.LEVELS.format(words=words, planes=planes) if gated else "",
        time="ROLLED" if arch == "bitplane" else "UNROLL",
        came=came,
        calls=calls,
        potentials=potentials,
        v=v,
    )


def _retime(layer: MaskLayer) -> str:
    horizon, last = layer.layer.retime, layer.given.horizon - 1
    what, late = f"what spikes {horizon} steps after it or later is dropped", " | ~early"
    if layer.layer.late == "saturate":
        what = f"step {horizon - 1} stands for all later ones"
        late = f" | (~early & (({horizon - 1}U >> b & 1U) != 0 ? UINT64_MAX : 0))"
    planes = layer.given.planes
    return text.RETIME.format(
        l=layer.index,
        what=what,
        words=len(layer.given.words),
        lines=", ".join(_hex(2**count - 1) for count in layer.given.words),
        planes=planes,
        taken=layer.taken.planes,
        last=last,
        early=f"come{planes}(since, {horizon - 1}, {last})",
        late=late,
    )


def _signature(name: str, arguments: Sequence[Argument]) -> str:
    given = ", ".join(a.declaration for a in arguments if a.direction != "return")
    back = next((a.type for a in arguments if a.direction == "return"), "void")
    return f"{back} {name}({given})"


def _top(layers: list[MaskLayer], arguments: Sequence[Argument], signature: str) -> str:
    """Return the top function: arguments to words, layer by layer, words to arguments."""
    first, last = layers[0], layers[-1]
    lines = [_words("x", first.given, "x")]
    if any(layer.tables.reads_proximal for layer in layers):
        lines.append(_words("proximal", first.proximal, "p"))
    else:
        unused = [a.name for a in arguments if a.signal == "proximal"]
        lines += [f"    (void){name};\n" for name in unused]
    below, calls = "x", ""
    for layer in layers:
        l, give = layer.index, ", proximal" if layer.tables.reads_proximal else ""
        if layer.layer.retime:
            lines.append(f"    uint64_t x{l}[{_facts(layer)['given']}];\n")
            calls += f"    retime{l}({below}, x{l});\n"
            below = f"x{l}"
        lines.append(f"    uint64_t y{l}[{_facts(layer)['out']}];\n")
        calls += f"    layer{l}({below}{give}, y{l});\n"
        below = f"y{l}"
    return f"{signature} {{\n{''.join(lines)}\n{calls}{_give(last, arguments)}}}\n"


def _words(name: str, lines: Lines, prefix: str) -> str:
    rows = [
        ", ".join(f"{prefix}{k}_{b}" for b in range(lines.planes)) for k in range(len(lines.words))
    ]
    size = len(lines.words) * lines.planes
    body = ",\n        ".join(rows)
    return f"    const uint64_t {name}[{size}] = {{\n        {body},\n    }};\n"


def _give(last: MaskLayer, arguments: Sequence[Argument]) -> str:
    """Return the end of the top function: one word for all, or one for each of many arguments."""
    y, planes, n = f"y{last.index}", last.made.planes, last.layer.shape[1]
    columns = last.layer.shape[0]
    given = [a for a in arguments if a.signal == "y"]
    if given[0].direction != "return":
        lines = [
            f"    *{a.name} = ({a.type}){y}[{a.first // n * planes + a.low}];\n" for a in given
        ]
        return "".join(lines)
    return (
        f"    uint64_t all = 0; /* bit b of neuron i at b * {columns * n} + i */\n"
        f"    UNROLL\n    for (uint32_t c = 0; c < {columns}; ++c) {{\n"
        f"        UNROLL\n        for (uint32_t b = 0; b < {planes}; ++b) {{\n"
        f"            all |= {y}[c * {planes} + b] << (b * {columns * n} + c * {n});\n"
        "        }\n    }\n"
        f"    return ({given[0].type})all;\n"
    )
