"""What a layout gives, whichever tool made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class LayoutResult:
    """A placed and routed design. What could not be given is None and stands in `notes`.

    Attributes:
        tool: what placed and routed, with versions.
        pdk: library.
        cells: cells placed, without filler.
        die_width_um: in um.
        die_height_um: in um.
        die_area_um2: in um^2.
        cell_area_um2: cells without filler, in um^2.
        utilisation_percent: cell area over the area of the rows, in percent.
        wire_length_um: routed signal wires, in um.
        vias: number of vias.
        router_violations: unrouted nets (qflow) or rule violations (OpenROAD), by the router's own
            report.
        antenna_violations: nets whose wires could harm a gate in manufacture, None where the
            library has no rules for it.
        samples_compared: samples that the routed netlist answered, all spike times equal; 0 if
            it was not simulated.
        wire_caps_ff: wire capacitance of each routed net, in fF, by net name.
        files: `def`, `gds`, `png`, `netlist`, `spef`, `sdf` and what else there is.
        slack_ns: worst setup slack at `clock_ns`, in ns.
        hold_slack_ns: worst hold slack, in ns.
        clock_ns: clock period, in ns.
        fastest_clock_ns: shortest clock period without a setup violation, in ns.
        critical_path: its start, its end and its gates.
        parasitics: which wire loads timing and power were computed with.
        power_uw: total power, in uW.
        leakage_uw: leakage, in uW.
        energy_per_inference_pj: energy of one inference, leakage included, in pJ.
        power_parts_uw: switching, internal, leakage and clock power, in uW.
        power_method: how power was computed, with the delay model.
        power_with_glitches_uw: total power of a simulation with the layout's delays, in uW.
        energy_with_glitches_pj: energy of one inference then, in pJ.
        glitch_method: how that was computed, with the delay model.
        seconds: run time of each stage, in s.
        notes: what could not be given, and what the reader should know.
    """

    tool: str
    pdk: str
    cells: int
    die_width_um: float
    die_height_um: float
    die_area_um2: float
    cell_area_um2: float
    utilisation_percent: float
    wire_length_um: float | None
    vias: int | None
    router_violations: int
    antenna_violations: int | None = None
    samples_compared: int = 0
    wire_caps_ff: dict[str, float] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    slack_ns: float | None = None
    hold_slack_ns: float | None = None
    clock_ns: float | None = None
    fastest_clock_ns: float | None = None
    critical_path: list[str] = field(default_factory=list)
    parasitics: str = ""
    power_uw: float | None = None
    leakage_uw: float | None = None
    energy_per_inference_pj: float | None = None
    power_parts_uw: dict[str, float] = field(default_factory=dict)
    power_method: str = ""
    power_with_glitches_uw: float | None = None
    energy_with_glitches_pj: float | None = None
    glitch_method: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def metrics(self) -> dict[str, object]:
        """Return the numbers for a report; names carry units, None is what was not given."""
        names = (
            "tool pdk cells die_area_um2 cell_area_um2 utilisation_percent wire_length_um vias "
            "router_violations antenna_violations samples_compared "
            "slack_ns hold_slack_ns clock_ns fastest_clock_ns parasitics power_uw leakage_uw "
            "energy_per_inference_pj power_parts_uw power_method "
            "power_with_glitches_uw energy_with_glitches_pj glitch_method seconds notes"
        )
        return {name: getattr(self, name) for name in names.split()}
