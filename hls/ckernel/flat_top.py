"""The top function of C that takes many lines at once: arguments to words, and back."""

from __future__ import annotations

from collections.abc import Sequence

from hls.ckernel.arguments import Argument
from hls.ckernel.masks import Lines, MaskLayer


def top_text(layers: list[MaskLayer], arguments: Sequence[Argument], signature: str) -> str:
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
        at, give = layer.index, ", proximal" if layer.tables.reads_proximal else ""
        if layer.layer.retime:
            lines.append(f"    uint64_t x{at}[{len(layer.taken.words) * layer.taken.planes}];\n")
            calls += f"    retime{at}({below}, x{at});\n"
            below = f"x{at}"
        lines.append(f"    uint64_t y{at}[{len(layer.made.words) * layer.made.planes}];\n")
        calls += f"    layer{at}({below}{give}, y{at});\n"
        below = f"y{at}"
    return f"{signature} {{\n{''.join(lines)}\n{calls}{_give(last, arguments)}}}\n"


def _words(name: str, lines: Lines, prefix: str) -> str:
    rows = [
        ", ".join(f"{prefix}{k}_{b}" for b in range(lines.planes)) for k in range(len(lines.words))
    ]
    size = len(lines.words) * lines.planes
    body = "".join(f"        {row},\n" for row in rows)
    return (
        f"    /* clang-format off */\n    const uint64_t {name}[{size}] = {{\n{body}    }};\n"
        "    /* clang-format on */\n"
    )


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
