"""Which Bambu is installed, and what it can do: asked of the program itself."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hls.errors import InvalidInput, ToolMissing
from hls.tool import Tool

BAMBU = Tool(
    name="Bambu",
    executables=("bambu", "bambu.AppImage"),
    variable="BAMBU_EXE",
    purpose="C to Verilog by high-level synthesis",
    install="get an AppImage from https://release.bambuhls.eu",
    version_pattern=r"PandA (\d+(?:\.\d+)+)",
)
OLDEST = (2023, 1)
"""First release that this driver knows."""
C_BENCH = (2023, 10)
"""First release whose test benches are C; before, they are values in XML."""


@dataclass(frozen=True)
class Bambu:
    """An installed Bambu.

    Attributes:
        path: the program.
        version: what it calls itself, such as `2024.10`.
        compilers: its front ends, such as `I386_CLANG16`.
        simulators: simulators of its co-simulation, such as `VERILATOR`.
        devices: the devices that it can aim at.
    """

    path: Path
    version: str
    compilers: tuple[str, ...]
    simulators: tuple[str, ...]
    devices: tuple[str, ...]

    @property
    def release(self) -> tuple[int, int]:
        """Return year and month of the release."""
        return release_of(self.version)

    @property
    def c_bench(self) -> bool:
        """Return whether its test benches are C programs."""
        return self.release >= C_BENCH


def release_of(version: str) -> tuple[int, int]:
    """Return year and month of a version.

    >>> release_of("2023.1") < release_of("2024.03") < release_of("2024.10")
    True
    """
    numbers = [int(n) for n in re.findall(r"\d+", version)[:2]]
    year, month = (*numbers, 0, 0)[:2]
    return year, month


def installed() -> Bambu:
    """Return the installed Bambu.

    Raises:
        ToolMissing: if there is none, or one older than 2023.1.
    """
    path = BAMBU.require()
    version = BAMBU.version() or "unknown"
    if release_of(version) < OLDEST:
        raise ToolMissing(
            f"Bambu is needed ({BAMBU.purpose})",
            got=f"version {version} at {path}",
            expected="2023.1 or newer",
            mend=f"Get a newer one ({BAMBU.install}), or set {BAMBU.variable} to its path",
        )
    return _ask(path, version)


@lru_cache(maxsize=8)
def _ask(path: Path, version: str) -> Bambu:
    with tempfile.TemporaryDirectory(prefix="neutnn_bambu_") as place:
        text = _print([str(path), "--help"], Path(place))
        (Path(place) / "probe.c").write_text("int probe(int x) { return x; }\n", encoding="utf-8")
        # It lists its devices before it finds that this one is none of them.
        probe = [str(path), "probe.c", "--top-fname=probe", "-v2", "--device-name=none"]
        return Bambu(path, version, *read_help(text), read_devices(_print(probe, Path(place))))


def read_help(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return front ends and simulators that `bambu --help` lists."""
    compilers = re.findall(r"^\s+(I386_(?:CLANG|GCC)\w*)\s*$", text, re.M)
    part = text.partition("--simulator=")[2].partition("\n    --")[0]
    simulators = re.findall(r"^\s+([A-Z]+) - ", part, re.M)
    return tuple(dict.fromkeys(compilers)), tuple(dict.fromkeys(simulators))


def read_devices(text: str) -> tuple[str, ...]:
    """Return the devices that Bambu prints when it is told to say more."""
    block = re.search(r"^Available devices:\n((?: - \S+\n)+)", text, re.M)
    return tuple(re.findall(r" - (\S+)", block.group(1))) if block else ()


def choose_compiler(compilers: tuple[str, ...], wish: str = "auto") -> str:
    """Return a front end: the newest Clang, the newest GCC, or one by name.

    Args:
        compilers: the front ends that there are.
        wish: `auto` (the newest Clang, else the newest GCC), `clang`, `gcc`, or a full name.

    Raises:
        InvalidInput: if there is none such.
    """
    if wish in compilers:
        return wish
    families = {"auto": ("CLANG", "GCC"), "clang": ("CLANG",), "gcc": ("GCC",)}.get(wish, ())
    for family in families:
        found = {
            name: _number(match.group(1))
            for name in compilers
            if (match := re.fullmatch(rf"I386_{family}(\d+)", name))
        }
        if found:
            return max(found, key=lambda name: found[name])
    raise InvalidInput(
        "front end of Bambu",
        got=repr(wish),
        expected=f"auto, clang, gcc, or one of {', '.join(compilers) or 'those it has (none)'}",
    )


def _number(digits: str) -> float:
    """Return a compiler's version: GCC 4.9 is written `49`."""
    return int(digits) / 10 if len(digits) == 2 and digits[0] in "45" else float(digits)


def _print(command: list[str], place: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program the user installed
            command, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=120, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr
