"""The C kernel as a shared library that Python calls."""

from __future__ import annotations

import atexit
import ctypes
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hls.ckernel.generate import generate
from hls.files import atomic_path, write_text
from hls.ir.network import FrozenNetwork
from hls.ir.outputs import Outputs
from hls.ir.stimulus import check_proximal, check_stimulus
from hls.tool import Tool, run

GCC = Tool(
    "gcc",
    ("gcc",),
    "GCC_EXE",
    "compiles the C kernel",
    "apt-get install gcc libc6-dev",
    version_args=("-dumpfullversion",),
    version_pattern=r"(\d+(?:\.\d+)*)",
    needed=True,
)
STRICT = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-Wconversion")


class CKernel:
    """A network as compiled C.

    Args:
        network: what was compiled.
        library: shared library with `<name>_batch`.
    """

    def __init__(self, network: FrozenNetwork, library: Path) -> None:
        self.network = network
        self.library = library
        self._batch = ctypes.CDLL(str(library))[f"{network.name}_batch"]
        pointers = 4 if network.proximal_lines else 3
        self._batch.argtypes = [ctypes.c_void_p] * pointers + [ctypes.c_size_t]
        self._batch.restype = None

    def predict(
        self, x: npt.NDArray[np.generic], proximal: npt.NDArray[np.generic] | None = None
    ) -> Outputs:
        """Return the answers to samples.

        Args:
            x: spike times, uint8 `[B, inputs]`, in time steps or 255.
            proximal: levels or spike times, uint8 `[B, proximal lines]`; None is all enabled, or
                all silent.
        """
        return self.trace(x, proximal)[-1]

    def trace(
        self, x: npt.NDArray[np.generic], proximal: npt.NDArray[np.generic] | None = None
    ) -> list[Outputs]:
        """Return what every layer gives, the first one first; the last one with the answer.

        Args:
            x: as in `predict`.
            proximal: as in `predict`.
        """
        x = check_stimulus(self.network, x)
        side = check_proximal(self.network, proximal, len(x))
        shapes = [layer.shape[:2] for layer in self.network.layers]
        ends = np.cumsum([c * n for c, n in shapes])
        y = np.empty((len(x), ends[-1]), dtype=np.uint8)
        answer = np.empty(len(x), dtype=np.uint32)
        given = [x, side] if self.network.proximal_lines else [x]
        self._batch(*(array.ctypes.data for array in (*given, y, answer)), len(x))
        parts = np.split(y, ends[:-1], axis=1)
        layers = [
            Outputs(np.ascontiguousarray(part).reshape(len(x), c, n))
            for part, (c, n) in zip(parts, shapes, strict=True)
        ]
        return [*layers[:-1], Outputs(layers[-1].y, answer.astype(np.int64))]


@lru_cache(maxsize=8)
def _writable(path: Path) -> Path:
    """Return `path`, or a new temporary directory where it cannot be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if os.access(path, os.W_OK):
            return path
    except OSError:
        pass
    temporary = Path(tempfile.mkdtemp(prefix="neutnn-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


def cache_dir() -> Path:
    """Return where compiled kernels are kept: `NEUTNN_CACHE`, else the user's cache directory."""
    override = os.environ.get("NEUTNN_CACHE")
    if override:
        return _writable(Path(override))
    base = os.environ.get("XDG_CACHE_HOME")
    return _writable((Path(base) if base else Path.home() / ".cache") / "neutnn")


def build(
    network: FrozenNetwork,
    sources: Mapping[str, str] | None = None,
    workdir: Path | None = None,
    flags: Sequence[str] = STRICT,
) -> CKernel:
    """Compile the C kernel into a shared library, once per text and compiler.

    Args:
        network: any frozen network.
        sources: generated files by name; made from the network by default.
        workdir: directory for sources, library and log (the cache by default).
        flags: of the compiler.

    Raises:
        ToolMissing: without gcc.
        StepFailed: if the C does not compile.
    """
    sources = generate(network) if sources is None else sources
    gcc = GCC.require()
    key = hashlib.sha256(f"{GCC.version()}\0{tuple(flags)}".encode())
    for name in sorted(sources):
        key.update(f"\0{name}\0{sources[name]}".encode())
    directory = (workdir or cache_dir() / "c") / f"{network.name}-{key.hexdigest()[:16]}"
    library = directory / f"{network.name}.so"
    if library.is_file():
        return CKernel(network, library)
    for name, content in sources.items():
        write_text(directory / name, content)
    with atomic_path(library) as temporary:
        files = [f"{network.name}.c", f"{network.name}_batch.c"]
        run(
            [gcc, *flags, "-fPIC", "-shared", "-o", temporary, *files],
            cwd=directory,
            log=directory / "gcc.log",
        )
    return CKernel(network, library)
