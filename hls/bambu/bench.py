"""Bambu's test bench: samples with the reference's answers, as a C program or as values in XML."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt

from hls.ckernel.kernel import Argument, HlsKernel
from hls.ir.stimulus import Stimulus

Words = npt.NDArray[np.uint64]
VERDICT = "samples differ from the reference"

BENCH = """\
/* Test bench of {top}: {samples} samples with the reference's answers. Written by NeuTNNGen. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

{includes}
enum {{ SAMPLES = {samples} }};

{tables}
int main(void) {{
    int wrong = 0;

    for (int s = 0; s < SAMPLES; ++s) {{
        int same = 1;
{locals}        {call};
{checks}        if (!same) {{
            printf("sample %d: not what the reference answers\\n", s);
            ++wrong;
        }}
    }}
    printf("%d of %d {verdict}\\n", wrong, SAMPLES);
    return wrong != 0;
}}
"""


def c_bench(kernel: HlsKernel, stimulus: Stimulus) -> str:
    """Return a C program that calls the kernel and compares with the answers.

    Args:
        kernel: the C.
        stimulus: samples and the reference's answers; all of them go into the program.
    """
    given = kernel.pack(stimulus.x, stimulus.proximal)
    wanted = kernel.expected(stimulus.expected.y)
    tables = [_table(a, {**given, **wanted}[a.name]) for a in kernel.arguments]
    headers = [name for name in kernel.files if name.endswith(".h")]
    return BENCH.format(
        top=kernel.top,
        samples=len(stimulus.x),
        includes="".join(f'#include "{name}"\n' for name in headers),
        tables="\n".join(tables),
        locals="".join(_local(a) for a in kernel.arguments),
        call=_call(kernel),
        checks="".join(_check(a) for a in kernel.arguments if a.direction != "in"),
        verdict=VERDICT,
    )


def _table(argument: Argument, words: Words) -> str:
    suffix = "ull" if argument.bits == 64 else "u"
    what = "given as" if argument.direction == "in" else "expected of"
    rows = [
        "    " + _row([f"{word}{suffix}" for word in row], argument) + ",\n"
        for row in words.tolist()
    ]
    return (
        f"/* What is {what} {argument.name}, sample by sample. */\n"
        f"static const {argument.type} {_table_name(argument)}{_shape(argument)} = {{\n"
        + "".join(rows)
        + "};\n"
    )


def _row(words: list[str], argument: Argument) -> str:
    return words[0] if argument.kind == "scalar" else "{" + ", ".join(words) + "}"


def _shape(argument: Argument) -> str:
    return "[SAMPLES]" if argument.kind == "scalar" else f"[SAMPLES][{argument.length}]"


def _table_name(argument: Argument) -> str:
    return f"{'given' if argument.direction == 'in' else 'wanted'}_{argument.name}"


def _local(argument: Argument) -> str:
    name, table = argument.name, _table_name(argument)
    if argument.direction == "return":
        return ""
    if argument.kind == "scalar":
        value = f"{table}[s]" if argument.direction == "in" else "0"
        return f"        {argument.type} {name} = {value};\n"
    fill = f"memcpy({name}, {table}[s], sizeof {name})"
    if argument.direction == "out":
        fill = f"memset({name}, 0, sizeof {name})"
    return f"        {argument.type} {name}[{argument.length}];\n        {fill};\n"


def _call(kernel: HlsKernel) -> str:
    passed = [a for a in kernel.arguments if a.direction != "return"]
    words = [("&" if a.kind == "scalar" and a.direction == "out" else "") + a.name for a in passed]
    call = f"{kernel.top}({', '.join(words)})"
    returned = [a for a in kernel.arguments if a.direction == "return"]
    return f"const {returned[0].type} {returned[0].name} = {call}" if returned else call


def _check(argument: Argument) -> str:
    name, table = argument.name, _table_name(argument)
    if argument.kind == "scalar":
        return f"        same &= {name} == {table}[s];\n"
    return f"        same &= memcmp({name}, {table}[s], sizeof {name}) == 0;\n"


def xml_bench(kernel: HlsKernel, stimulus: Stimulus) -> str:
    """Return the samples as values in XML, for a Bambu that compares with the C itself.

    Args:
        kernel: the C.
        stimulus: samples; all of them go into the file.
    """
    given = kernel.pack(stimulus.x, stimulus.proximal)
    lines = [
        "  <testbench " + " ".join(_attribute(a, given, s) for a in kernel.arguments
                                   if a.direction != "return") + "/>\n"
        for s in range(len(stimulus.x))
    ]  # fmt: skip
    return '<?xml version="1.0"?>\n<function>\n' + "".join(lines) + "</function>\n"


def _attribute(argument: Argument, given: Mapping[str, Words], sample: int) -> str:
    if argument.direction == "in":
        words = [str(word) for word in given[argument.name][sample].tolist()]
    else:
        words = ["0"] * argument.length
    scalar = argument.kind == "scalar" and argument.direction == "in"
    text = words[0] if scalar else "{" + ",".join(words) + "}"
    return f"{argument.name}={quoteattr(text)}"
