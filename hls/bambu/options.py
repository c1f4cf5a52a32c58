"""What Bambu is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from hls.errors import InvalidInput

INTERFACES = ("ports", "axi")
DEVICES = {"nangate45": "nangate45", "asap7": "asap7-TC"}
"""Bambu's device for a standard-cell library; it plans for nangate45 where it knows none."""


@dataclass(frozen=True)
class BambuOptions:
    """Options of the high-level synthesis.

    Attributes:
        device: one that the installed Bambu lists, such as `nangate45`, `asap7-TC` or an FPGA.
        clock_ns: clock period that it schedules for, in ns.
        interface: `ports` (memory ports for arrays, plain ports for scalars) or `axi` (an AXI4
            master for every array).
        compiler: front end: `auto` (newest Clang, else newest GCC), `clang`, `gcc`, or its name.
        extra: further options, put last on the command line.
        cosimulate: have Bambu simulate what it wrote beside the C program.
        samples: samples in Bambu's test bench; its own co-simulation is slow.
        time_limit_s: limit of the run, in s.
        memory_limit_gb: limit of the address space of each of its processes, in GB.
    """

    device: str = "nangate45"
    clock_ns: float = 5.0
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
        for name, unit in (("clock_ns", "ns"), ("time_limit_s", "s"), ("memory_limit_gb", "GB")):
            if not getattr(self, name) > 0:
                raise InvalidInput(
                    f"bambu: {name}", got=getattr(self, name), expected=f"more than 0 {unit}"
                )
        if self.samples < 1:
            raise InvalidInput("bambu: samples", got=self.samples, expected="1 or more")


def device_of(pdk: str) -> str:
    """Return the device that stands for a standard-cell library."""
    return DEVICES.get(pdk, "nangate45")
