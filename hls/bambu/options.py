"""What Bambu is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from hls.errors import InvalidInput

INTERFACES = ("ports", "axi")
PLANS = {
    "nangate45": ("nangate45", 1.0),
    "asap7": ("asap7-TC", 1.0),
    "osu018": ("nangate45", 3.0),
    "osu035": ("nangate45", 4.5),
    "sky130hd": ("nangate45", 4.1),
}
"""Bambu's device for a library, and how much slower the library is than that device.

Bambu has no figures of the older libraries. The factors are the ratios of the shortest clock
periods (OpenSTA) of the generated RTL of a 24x3 column in each library and in nangate45.
"""

STRETCH = {"rolled": 5.0, "bitplane": 3.0, "unrolled": 50.0, "pipelined": 1.5, "stream": 3.0}
"""How much longer Bambu should think a clock is, by architecture.

Its delays leave much room: planned for 6 ns, `bitplane` of a 65x2 column closes at 1.5 ns in
nangate45. `unrolled` is to be one state, whatever it takes.
"""


@dataclass(frozen=True, kw_only=True)
class BambuSettings:
    """What is asked of Bambu whatever the library.

    Attributes:
        interface: `ports` (memory ports for arrays, plain ports for scalars) or `axi` (an AXI4
            master for every array).
        compiler: Bambu's front end: `auto` (newest Clang, else newest GCC), `clang`, `gcc`, or
            its name.
        extra: further options of Bambu, put last on its command line.
        cosimulate: have Bambu simulate what it wrote beside the C program.
        samples: samples in Bambu's test bench; its own co-simulation is slow.
        time_limit_s: limit of a run of Bambu, in s.
        memory_limit_gb: limit of the address space of each of its processes, in GB.
    """

    interface: str = "ports"
    compiler: str = "auto"
    extra: tuple[str, ...] = ()
    cosimulate: bool = True
    samples: int = 8
    time_limit_s: float = 600.0
    memory_limit_gb: float = 8.0

    def __post_init__(self) -> None:
        """Check what can be checked without Bambu."""
        if self.interface not in INTERFACES:
            raise InvalidInput(
                "bambu: interface", got=repr(self.interface), expected=" or ".join(INTERFACES)
            )
        for name, unit in (("time_limit_s", "s"), ("memory_limit_gb", "GB")):
            _positive(name, getattr(self, name), unit)
        if self.samples < 1:
            raise InvalidInput("bambu: samples", got=self.samples, expected="1 or more")


@dataclass(frozen=True, kw_only=True)
class BambuOptions(BambuSettings):
    """Options of a high-level synthesis.

    Attributes:
        device: one that the installed Bambu lists, such as `nangate45`, `asap7-TC` or an FPGA.
        clock_ns: clock period that it schedules for, in ns.
    """

    device: str = "nangate45"
    clock_ns: float = 5.0

    def __post_init__(self) -> None:
        """Check what can be checked without Bambu."""
        super().__post_init__()
        _positive("clock_ns", self.clock_ns, "ns")


def _positive(name: str, value: float, unit: str) -> None:
    if not value > 0:
        raise InvalidInput(f"bambu: {name}", got=value, expected=f"more than 0 {unit}")


def plan_for(pdk: str, clock_ns: float, arch: str = "rolled") -> tuple[str, float]:
    """Return Bambu's device for a library, and the clock period that it should plan with, in ns.

    Args:
        pdk: a library of `hls.pdk`.
        clock_ns: clock period in that library, in ns.
        arch: architecture of the C.

    >>> plan_for("nangate45", 2.0, "bitplane")
    ('nangate45', 6.0)
    """
    device, slower = PLANS.get(pdk, ("nangate45", 1.0))
    return device, round(clock_ns * STRETCH[arch] / slower, 4)
