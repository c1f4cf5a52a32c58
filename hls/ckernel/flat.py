"""C that takes many lines at once: architectures `bitplane`, `unrolled` and `pipelined`."""

from __future__ import annotations

from hls.ckernel import flat_text as text
from hls.ckernel.arguments import Argument, plane_inputs, plane_outputs, signature
from hls.ckernel.flat_top import top_text
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
        "signature": signature(name, arguments),
        "arguments": "\n".join(f" * {line}" for a in arguments for line in a.comment()),
    }
    planes = {p for layer in layers for p in _planes(layer)}
    parts = [text.PREAMBLE.format(**facts), text.ONES]
    ramps = {w for x in layers if x.layer.response == "rnl" for w in x.weights}
    parts += [text.RISING.format(w=w) for w in sorted(ramps)]
    parts += [text.COME.format(planes=p) for p in sorted(planes)]
    for layer in layers:
        parts += _layer(layer, arch)
    parts.append(top_text(layers, arguments, facts["signature"]))
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
    _, n, d, s, _ = layer.layer.shape
    facts, size, ramp = _facts(layer), n * d * s, layer.layer.response == "rnl"
    names = _came(layer)
    body, first = "", 0
    for g in range(size):
        terms = (
            _ramps(layer, column * size + g, first) if ramp else _steps_up(layer, column * size + g)
        )
        first += sum(_weights(layer, column * size + g)) if ramp else 0
        if not terms:
            continue
        unit = f"neuron {g // (d * s)}"
        if d * s > 1:
            unit += f", dendrite {g // s % d}, segment {g % s}"
        head = f"    rise[{g}] = ({facts['type']})("
        total = (" +\n" + " " * len(head)).join(terms)
        body += f"    /* {unit} */\n{head}{total});\n"
    unused = [f"    (void){name};\n" for name in (*names, "rise") if f"{name}[" not in body]
    what = (
        "ramps that rise add to potentials."
        if ramp
        else "weights of the lines that have come, segment by segment."
    )
    return text.COLUMN.format(
        **facts | {"size": size},
        c=column,
        what=what,
        arguments="".join(f"const uint64_t {name}[{words}], " for name, words in names.items()),
        past=f", uint16_t past[{first}]" if first else "",
        lines="".join(unused) + body,
    )


def _came(layer: MaskLayer) -> dict[str, int]:
    """Return the words that say which lines have come, and how many there are."""
    found = {"came": len(layer.taken.words)} if layer.ramps_distal else {}
    if layer.ramps_proximal:
        found["near"] = len(layer.proximal.words)
    return found


def _rows(layer: MaskLayer, segment: int) -> list[tuple[str, Row]]:
    """Return a segment's synapses with the name of the words that they look at."""
    distal = [("came", row) for row in layer.distal[segment]]
    return distal + [("near", row) for row in layer.weighted[segment]]


def _weights(layer: MaskLayer, segment: int) -> list[int]:
    """Return the different weights of a segment."""
    return sorted({weight for _, row in _rows(layer, segment) for weight in row.masks})


def _past(layer: MaskLayer, column: int) -> int:
    """Return how many counts of the past a column keeps."""
    if layer.layer.response == "snl":
        return 0
    size = layer.tables.units // layer.layer.shape[0]
    return sum(sum(_weights(layer, column * size + g)) for g in range(size))


def _ramps(layer: MaskLayer, segment: int, first: int) -> list[str]:
    """Return, weight by weight, the ramps of a segment that rise."""
    found = []
    for weight in _weights(layer, segment):
        counts = [
            f"ones({name}[{row.word}] & {_hex(row.masks[weight])})"
            for name, row in _rows(layer, segment)
            if weight in row.masks
        ]
        found.append(f"rising{weight}(&past[{first}], {' + '.join(counts)})")
        first += weight
    return found


def _steps_up(layer: MaskLayer, segment: int) -> list[str]:
    """Return the weights of a segment's lines that have come, bit by bit of the weight."""
    found = []
    for name, row in _rows(layer, segment):
        for bit in range(max(row.masks).bit_length()):
            if mask := row.plane(bit):
                count = f"ones({name}[{row.word}] & {_hex(mask)})"
                found.append(f"({count} << {bit})" if bit else count)
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
    spans = [2**k for k in range((n - 1).bit_length())]
    every = "UINT32_MAX" if n <= 32 else "UINT64_MAX"
    rounds = "".join(
        text.ROUND.format(**facts | {"span": span, "twice": 2 * span, "all": every})
        for span in spans
    )
    rule = template
    for key, value in (*facts.items(), ("leads", leads), ("rounds", rounds)):
        rule = rule.replace(f"{{{key}}}", str(value))
    return text.INHIBIT.format(**facts, what=text.RULES[mode].format(k=layer.layer.k), rule=rule)


def _steps(layer: MaskLayer, arch: str) -> str:
    """Return the function that goes through a layer's time steps."""
    facts = _facts(layer)
    _, n, d, _, _ = layer.layer.shape
    gated = layer.tables.gates is not None
    words, planes = len(layer.proximal.words), layer.proximal.planes
    potentials, v = "", f"&v[c * {n}]"
    if not layer.tables.point:
        give = f", level, &l{layer.index}_gate[unit * {d}]" if gated else ""
        potentials, v = text.POTENTIALS.format(**facts, give=give), "potential"
    reads, staged = layer.tables.reads_proximal, arch == "bitplane"
    now = f"(t - {text.STAGES}U)" if staged else "t"
    ramp = layer.layer.response == "rnl"
    move = text.MOVE.format(
        segments=layer.tables.units,
        before=f"({facts['type']})(v[g] + " if ramp else "",
        after=")" if ramp else "",
    )
    last = text.GIVE.format(**facts, potentials=potentials, v=v, now=now)
    body = [_look(layer), _calls(layer), move, last]
    steps = layer.layer.output_horizon + (text.STAGES if staged else 0)
    return text.LAYER.format(
        **facts | {"steps": steps},
        proximal=f", const uint64_t proximal[{words * planes}]" if reads else "",
        state=_state(layer),
        levels=text.LEVELS.format(words=words, planes=planes) if gated else "",
        time="ROLLED" if staged else "UNROLL",
        body="".join(body[::-1] if staged else body),
    )


def _state(layer: MaskLayer) -> str:
    """Return what a layer keeps from step to step."""
    c, n, d, s, _ = layer.layer.shape
    facts = _facts(layer)
    past = sum(_past(layer, column) for column in range(c))
    kind, size = facts["type"], c * n * d * s
    lines = [f"uint64_t {name}[{words}] = {{0}};" for name, words in _came(layer).items()]
    lines.insert(
        0, "/* lines that have come, what they add, potentials, who may not pass any more */"
    )
    lines += [f"{kind} rise[{size}] = {{0}};", f"{kind} v[{size}] = {{0}};"]
    lines += [f"uint16_t past[{past}] = {{0}};"] if past else []
    lines += [f"{facts['mask']} spent[{c}] = {{0}};"]
    lines += [] if layer.ramps_distal else ["(void)x;"]
    return "".join(f"    {line}\n" for line in lines)


def _look(layer: MaskLayer) -> str:
    """Return what finds the lines that have come."""
    found = ""
    if layer.ramps_distal:
        found += _came_text("came", "x", layer.taken, layer.taken.horizon)
    if layer.ramps_proximal:
        found += _came_text("near", "proximal", layer.proximal, layer.layer.proximal_horizon)
    return found


def _came_text(name: str, x: str, lines: Lines, horizon: int) -> str:
    return text.CAME.format(
        name=name, x=x, words=len(lines.words), planes=lines.planes, last=horizon - 1
    )


def _calls(layer: MaskLayer) -> str:
    c, n, d, s, _ = layer.layer.shape
    lines, first = [], 0
    for column in range(c):
        values = [*_came(layer), f"&rise[{column * n * d * s}]"]
        if past := _past(layer, column):
            values.append(f"&past[{first}]")
            first += past
        lines.append(f"        column{layer.index}_{column}({', '.join(values)});\n")
    return "".join(lines)


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
