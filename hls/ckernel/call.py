"""The function that HLS takes, compiled and called on this computer."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hls.ckernel.arguments import Argument, Words, pack
from hls.ckernel.build import GCC, STRICT, cache_dir
from hls.ckernel.kernel import HlsKernel, all_ones
from hls.files import atomic_path, write_text
from hls.tool import run

CALL = """\
/* {top}: many samples, every argument as rows of 64-bit words. network sha256 {hash} */
#include "{top}.h"

#include <stddef.h>

void {top}_call({pointers}, size_t samples);

void {top}_call({pointers}, size_t samples) {{
    for (size_t s = 0; s < samples; ++s) {{
{body}    }}
}}
"""


SELFTEST = """\
/*
 * {top}: check a file of test vectors. network sha256 {hash}
 *
 * The file holds, per sample, every argument as 64-bit words in this computer's byte order, what is
 * given first, then what is expected. Exit code 0: all as expected.
 */
#include "{top}.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

void {top}_call({pointers}, size_t samples);

int main(int argc, char **argv) {{
{declare}    unsigned long samples = 0;
    unsigned long wrong = 0;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

    if (file == NULL) {{
        fprintf(stderr, "usage: {top}_selftest VECTORS\\n");
        return 2;
    }}
    while ({read}) {{
        {top}_call({values}, 1);
        wrong += {differ} ? 1U : 0U;
        ++samples;
    }}
    fclose(file);
    printf("%lu samples, %lu wrong\\n", samples, wrong);
    return wrong == 0 && samples > 0 ? 0 : 1;
}}
"""


class HlsCall:
    """The compiled top function of a kernel.

    Args:
        kernel: what was compiled.
        library: shared library with `<top>_call`.
    """

    def __init__(self, kernel: HlsKernel, library: Path) -> None:
        self.kernel = kernel
        self.library = library
        self._call = ctypes.CDLL(str(library))[f"{kernel.top}_call"]
        self._call.argtypes = [ctypes.c_void_p] * len(kernel.arguments) + [ctypes.c_size_t]
        self._call.restype = None

    def __call__(
        self, x: npt.NDArray[np.generic], proximal: npt.NDArray[np.generic] | None = None
    ) -> npt.NDArray[np.uint8]:
        """Return the last layer's spike times, uint8 `[B, C, N]`.

        Args:
            x: spike times, uint8 `[B, inputs]`, in time steps or 255.
            proximal: levels or spike times, uint8 `[B, proximal lines]`; None is all enabled, or
                all silent.
        """
        return self.kernel.unpack(self.words(self.kernel.pack(x, proximal)))

    def words(self, given: dict[str, Words]) -> dict[str, Words]:
        """Return what the output arguments hold, uint64 `[B, length]`, for what inputs hold."""
        samples = len(next(iter(given.values())))
        rows = {
            a.name: np.ascontiguousarray(given[a.name])
            if a.direction == "in"
            else np.zeros((samples, a.length), dtype=np.uint64)
            for a in self.kernel.arguments
        }
        self._call(*(row.ctypes.data for row in rows.values()), samples)
        return {a.name: rows[a.name] for a in self.kernel.arguments if a.direction != "in"}


def compile_call(
    kernel: HlsKernel, workdir: Path | None = None, flags: Sequence[str] = STRICT
) -> HlsCall:
    """Compile a kernel with gcc into a shared library, once per text and compiler.

    Args:
        kernel: what to compile.
        workdir: directory for sources, library and log (the cache by default).
        flags: of the compiler.

    Raises:
        ToolMissing: without gcc.
        StepFailed: if the C does not compile.
    """
    gcc, name = GCC.require(), f"{kernel.top}_call.c"
    files = {**kernel.files, name: call_text(kernel)}
    key = hashlib.sha256(f"{GCC.version()}\0{flags}".encode())
    for file in sorted(files):
        key.update(f"\0{file}\0{files[file]}".encode())
    directory = (workdir or cache_dir() / "c") / f"{kernel.top}-{key.hexdigest()[:16]}"
    library = directory / f"{kernel.top}.so"
    if not library.is_file():
        for file, text in files.items():
            write_text(directory / file, text)
        sources = [file for file in files if file.endswith(".c")]
        with atomic_path(library) as temporary:
            command: list[str | Path] = [gcc, *flags, "-fPIC", "-shared", "-o", temporary, *sources]
            run(command, cwd=directory, log=directory / "gcc.log")
    return HlsCall(kernel, library)


def call_text(kernel: HlsKernel) -> str:
    """Return the C that calls the top function for many samples."""
    rest = [a for a in kernel.arguments if a.direction != "in"]
    lines = [_before(a) for a in kernel.arguments if a.direction != "return"]
    values = ", ".join(_value(a) for a in kernel.arguments if a.direction != "return")
    back = next((f"{a.name}[s] = " for a in rest if a.direction == "return"), "")
    lines.append(f"        {back}{kernel.top}({values});\n")
    lines += [_after(a) for a in rest if a.direction == "out"]
    return CALL.format(
        top=kernel.top,
        hash=kernel.network.hash,
        pointers=_pointers(kernel),
        body="".join(lines),
    )


def selftest_text(kernel: HlsKernel) -> str:
    """Return the C of a program that checks a file of vectors."""
    inputs = [a for a in kernel.arguments if a.direction == "in"]
    rest = [a for a in kernel.arguments if a.direction != "in"]
    declare = [f"    uint64_t {a.name}[{a.length}];\n" for a in kernel.arguments]
    declare += [f"    uint64_t want_{a.name}[{a.length}];\n" for a in rest]
    names = [a.name for a in inputs] + [f"want_{a.name}" for a in rest]
    differ = [f"memcmp({a.name}, want_{a.name}, sizeof {a.name}) != 0" for a in rest]
    return SELFTEST.format(
        top=kernel.top,
        hash=kernel.network.hash,
        pointers=_pointers(kernel),
        declare="".join(declare),
        read=" && ".join(f"fread({name}, sizeof {name}, 1, file) == 1" for name in names),
        values=", ".join(a.name for a in (*inputs, *rest)),
        differ=differ[0] if len(differ) == 1 else f"({' || '.join(differ)})",
    )


def vectors(
    kernel: HlsKernel,
    x: npt.NDArray[np.uint8],
    proximal: npt.NDArray[np.uint8] | None,
    y: npt.NDArray[np.uint8],
) -> bytes:
    """Return the self-test's file: samples, and the spike times that are expected.

    Args:
        kernel: what is to be tested.
        x: spike times, uint8 `[B, inputs]`.
        proximal: levels or spike times, uint8 `[B, proximal lines]`, or None.
        y: the last layer's spike times, uint8 `[B, C, N]`.
    """
    given, flat = kernel.pack(x, proximal), y.reshape(len(y), -1)
    largest = all_ones(kernel.network.layers[-1].output_horizon)
    expected = [pack(a, flat, largest) for a in kernel.arguments if a.direction != "in"]
    return np.concatenate([*given.values(), *expected], axis=1).astype(np.uint64).tobytes()


def _pointers(kernel: HlsKernel) -> str:
    inputs = [a for a in kernel.arguments if a.direction == "in"]
    rest = [a for a in kernel.arguments if a.direction != "in"]
    pointers = [f"const uint64_t *{a.name}" for a in inputs]
    return ", ".join(pointers + [f"uint64_t *{a.name}" for a in rest])


def _value(argument: Argument) -> str:
    if argument.kind == "array":
        return f"own_{argument.name}"
    if argument.direction == "in":
        return f"({argument.type}){argument.name}[s]"
    return f"&own_{argument.name}"


def _before(argument: Argument) -> str:
    """Return what makes ready an argument."""
    size = argument.length
    if argument.kind == "scalar":
        return (
            f"        {argument.type} own_{argument.name};\n" if argument.direction == "out" else ""
        )
    lines = f"        {argument.type} own_{argument.name}[{size}];\n"
    if argument.direction == "in":
        lines += (
            f"        for (size_t i = 0; i < {size}; ++i) {{\n"
            f"            own_{argument.name}[i] = "
            f"({argument.type}){argument.name}[s * {size} + i];\n        }}\n"
        )
    return lines


def _after(argument: Argument) -> str:
    """Return what takes away an argument's result."""
    if argument.kind == "scalar":
        return f"        {argument.name}[s] = own_{argument.name};\n"
    size = argument.length
    return (
        f"        for (size_t i = 0; i < {size}; ++i) {{\n"
        f"            {argument.name}[s * {size} + i] = own_{argument.name}[i];\n        }}\n"
    )
