"""Standard-cell libraries: where they are on this machine and what tools must know of them."""

from __future__ import annotations

import difflib
import gzip
import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from hls.errors import InvalidInput, ToolMissing
from hls.files import atomic_path


@dataclass(frozen=True)
class Pdk:
    """One standard-cell library at one corner.

    Attributes:
        name: `osu018`, `osu035`, `nangate45`, `asap7` or `sky130hd`.
        nm: drawn feature size of the process, in nm.
        corner: the corner of its Liberty files, for people.
        liberty: Liberty files, plain or packed with gzip; all are needed together.
        tech_lef: LEF with layers and vias.
        cell_lef: LEF with the cells (the same file where the library has only one).
        gds: layout of the cells, None where the library has abstracts only.
        site: name of the placement site.
        layers: routing layers, lowest first.
        signal_layers: first and last layer for signals.
        horizontal_pin_layer: layer for pins at the left and right edges.
        vertical_pin_layer: layer for pins at the top and bottom edges.
        tie_high: cell and pin that drive a constant 1, None where there is none.
        tie_low: cell and pin that drive a constant 0, None where there is none.
        fill: filler cells, patterns as OpenROAD takes them.
        tap: well-tap cell, None where cells hold their own contacts.
        clock_buffer: cell for clock trees.
        driver: cell assumed to drive the inputs in synthesis.
        dont_use: cells that synthesis must not take, shell patterns.
        volts: supply, in V.
        clock_ns: default clock period, in ns.
        time_unit_ns: time unit of the Liberty, in ns.
        cap_unit_ff: capacitance unit of the Liberty, in fF.
        power_net: supply net (and pin of the cells).
        ground_net: ground net (and pin of the cells).
        wire_rc_layer: layer whose resistance and capacitance stand for wires before routing.
        rcx_rules: extraction rules of OpenROAD, None where the platform has none.
        license: license of the files.
    """

    name: str
    nm: int
    corner: str
    liberty: tuple[Path, ...]
    tech_lef: Path
    cell_lef: Path
    gds: Path | None
    site: str
    layers: tuple[str, ...]
    signal_layers: tuple[str, str]
    horizontal_pin_layer: str
    vertical_pin_layer: str
    tie_high: tuple[str, str] | None
    tie_low: tuple[str, str] | None
    fill: tuple[str, ...]
    tap: str | None
    clock_buffer: str
    driver: str
    dont_use: tuple[str, ...]
    volts: float
    clock_ns: float
    time_unit_ns: float
    cap_unit_ff: float
    power_net: str = "VDD"
    ground_net: str = "VSS"
    wire_rc_layer: str = ""
    rcx_rules: Path | None = None
    license: str = ""
    optional: tuple[str, ...] = field(default=("gds", "rcx_rules"))

    def files(self) -> dict[str, Path]:
        """Return every file of the library by a name of its own."""
        found = {f"liberty{i}": path for i, path in enumerate(self.liberty)}
        found |= {"tech_lef": self.tech_lef, "cell_lef": self.cell_lef}
        found |= {n: p for n in self.optional if (p := getattr(self, n)) is not None}
        return found

    def unpacked(self, directory: Path) -> tuple[Path, ...]:
        """Return the Liberty files as plain text; packed ones are unpacked to `directory`."""
        plain = []
        for path in self.liberty:
            if path.suffix != ".gz":
                plain.append(path)
                continue
            target = directory / path.stem
            if not target.is_file():
                with (
                    atomic_path(target) as temporary,
                    gzip.open(path) as packed,
                    temporary.open("wb") as handle,
                ):
                    shutil.copyfileobj(packed, handle)
            plain.append(target)
        return tuple(plain)


_OSU018 = Pdk(
    name="osu018",
    nm=180,
    corner="typical, 1.8 V, 25 C",
    liberty=(Path("osu018_stdcells.lib"),),
    tech_lef=Path("osu018_stdcells.lef"),
    cell_lef=Path("osu018_stdcells.lef"),
    gds=None,
    site="core",
    layers=("metal1", "metal2", "metal3", "metal4", "metal5", "metal6"),
    signal_layers=("metal1", "metal4"),
    horizontal_pin_layer="metal3",
    vertical_pin_layer="metal2",
    tie_high=None,
    tie_low=None,
    fill=("FILL",),
    tap=None,
    clock_buffer="CLKBUF1",
    driver="BUFX2",
    dont_use=("TBUF*", "LATCH", "CLKBUF*", "FAX1", "HAX1", "DFFNEGX1"),
    volts=1.8,
    clock_ns=10.0,
    time_unit_ns=1.0,
    cap_unit_ff=1000.0,
    power_net="vdd",
    ground_net="gnd",
    wire_rc_layer="metal2",
    license="Oklahoma State University standard cells, as packaged by Debian",
)

_OSU035 = replace(
    _OSU018,
    name="osu035",
    nm=350,
    corner="typical, 3.3 V, 25 C",
    liberty=(Path("osu035_stdcells.lib"),),
    tech_lef=Path("osu035_stdcells.lef"),
    cell_lef=Path("osu035_stdcells.lef"),
    layers=("metal1", "metal2", "metal3", "metal4"),
    dont_use=(*_OSU018.dont_use, "PAD*"),
    volts=3.3,
    clock_ns=20.0,
)

_NANGATE45 = Pdk(
    name="nangate45",
    nm=45,
    corner="typical, 1.1 V, 25 C",
    liberty=(Path("lib/NangateOpenCellLibrary_typical.lib"),),
    tech_lef=Path("lef/NangateOpenCellLibrary.tech.lef"),
    cell_lef=Path("lef/NangateOpenCellLibrary.macro.mod.lef"),
    gds=Path("gds/NangateOpenCellLibrary.gds"),
    site="FreePDK45_38x28_10R_NP_162NW_34O",
    layers=tuple(f"metal{i}" for i in range(1, 11)),
    signal_layers=("metal2", "metal8"),
    horizontal_pin_layer="metal3",
    vertical_pin_layer="metal2",
    tie_high=("LOGIC1_X1", "Z"),
    tie_low=("LOGIC0_X1", "Z"),
    fill=("FILLCELL_*",),
    tap="TAPCELL_X1",
    clock_buffer="CLKBUF_X3",
    driver="BUF_X1",
    dont_use=("TAPCELL_X1", "FILLCELL_*", "CLKBUF*", "TBUF*", "TINV*", "CLKGATE*", "DLL*", "DLH*"),
    volts=1.1,
    clock_ns=2.0,
    time_unit_ns=1.0,
    cap_unit_ff=1.0,
    wire_rc_layer="metal3",
    rcx_rules=Path("rcx_patterns.rules"),
    license="Apache-2.0",
)

_ASAP7 = Pdk(
    name="asap7",
    nm=7,
    corner="TT, 0.70 V, 25 C",
    liberty=tuple(
        Path(f"lib/NLDM/asap7sc7p5t_{part}.lib{packed}")
        for part, packed in (
            ("AO_RVT_TT_nldm_211120", ".gz"),
            ("INVBUF_RVT_TT_nldm_220122", ".gz"),
            ("OA_RVT_TT_nldm_211120", ".gz"),
            ("SEQ_RVT_TT_nldm_220123", ""),
            ("SIMPLE_RVT_TT_nldm_211120", ".gz"),
        )
    ),
    tech_lef=Path("lef/asap7_tech_1x_201209.lef"),
    cell_lef=Path("lef/asap7sc7p5t_28_R_1x_220121a.lef"),
    gds=Path("gds/asap7sc7p5t_28_R_220121a.gds"),
    site="asap7sc7p5t",
    layers=tuple(f"M{i}" for i in range(1, 10)),
    signal_layers=("M2", "M7"),
    horizontal_pin_layer="M4",
    vertical_pin_layer="M5",
    tie_high=("TIEHIx1_ASAP7_75t_R", "H"),
    tie_low=("TIELOx1_ASAP7_75t_R", "L"),
    fill=("FILLERxp5_ASAP7_75t_R", "FILLER_ASAP7_75t_R"),
    tap="TAPCELL_ASAP7_75t_R",
    clock_buffer="BUFx4_ASAP7_75t_R",
    driver="BUFx2_ASAP7_75t_R",
    dont_use=("*x1p*_ASAP7*", "*xp*", "SDF*", "ICG*", "DLL*", "DHL*"),
    volts=0.7,
    clock_ns=1.0,
    time_unit_ns=0.001,
    cap_unit_ff=1.0,
    wire_rc_layer="M3",
    rcx_rules=Path("rcx_patterns.rules"),
    license="BSD-3-Clause",
)

_SKY130HD = Pdk(
    name="sky130hd",
    nm=130,
    corner="tt, 1.80 V, 25 C",
    liberty=(Path("lib/sky130_fd_sc_hd__tt_025C_1v80.lib.gz"),),
    tech_lef=Path("lef/sky130_fd_sc_hd.tlef"),
    cell_lef=Path("lef/sky130_fd_sc_hd_merged.lef"),
    gds=Path("gds/sky130_fd_sc_hd.gds"),
    site="unithd",
    layers=("li1", "met1", "met2", "met3", "met4", "met5"),
    signal_layers=("met1", "met5"),
    horizontal_pin_layer="met3",
    vertical_pin_layer="met2",
    tie_high=("sky130_fd_sc_hd__conb_1", "HI"),
    tie_low=("sky130_fd_sc_hd__conb_1", "LO"),
    fill=("sky130_fd_sc_hd__fill_*",),
    tap="sky130_fd_sc_hd__tapvpwrvgnd_1",
    clock_buffer="sky130_fd_sc_hd__clkbuf_4",
    driver="sky130_fd_sc_hd__buf_1",
    dont_use=(
        "sky130_fd_sc_hd__probe*",
        "sky130_fd_sc_hd__lpflow*",
        "sky130_fd_sc_hd__dl*",
        "sky130_fd_sc_hd__sdf*",
        "sky130_fd_sc_hd__sedf*",
        "sky130_fd_sc_hd__edf*",
        "sky130_fd_sc_hd__eb*",
        "sky130_fd_sc_hd__einv*",
        "sky130_fd_sc_hd__clk*",
    ),
    volts=1.8,
    clock_ns=10.0,
    time_unit_ns=1.0,
    cap_unit_ff=1000.0,
    power_net="VPWR",
    ground_net="VGND",
    wire_rc_layer="met2",
    license="Apache-2.0",
)

PDKS = {pdk.name: pdk for pdk in (_OSU018, _OSU035, _NANGATE45, _ASAP7, _SKY130HD)}
"""The libraries that the project knows, with file names relative to their own directory."""

_DEBIAN = Path("/usr/share/qflow/tech")


def find_pdk(name: str, root: Path | None = None) -> Pdk:
    """Find a library on this machine.

    The first of these that has its files wins: `root` (the library's own directory, or one that
    holds it), the directory in `NEUTNN_PDK`, the platforms of an OpenROAD-flow-scripts checkout in
    `FLOW_HOME`, the layout of the `ciel` package in `PDK_ROOT`, and Debian's qflow for `osu018`
    and `osu035`.

    Args:
        name: `osu018`, `osu035`, `nangate45`, `asap7` or `sky130hd`.
        root: directory to look in; if given, no other place is tried.

    Raises:
        InvalidInput: for a name that is not known.
        ToolMissing: if the files are nowhere, with every place where they were looked for.
    """
    known = PDKS.get(name)
    if known is None:
        close = difflib.get_close_matches(name, PDKS, n=1, cutoff=0.4)
        raise InvalidInput(
            "the library (pdk)",
            got=repr(name),
            expected=" or ".join(PDKS),
            mend=f"Did you mean '{close[0]}'?" if close else None,
        )
    places = _places(name, root)
    looked = []
    for place in places:
        pdk = _ciel(place) if name == "sky130hd" and _is_ciel(place) else _at(known, place)
        lacking = [
            str(p) for n, p in pdk.files().items() if n not in pdk.optional and not p.is_file()
        ]
        if not lacking:
            gone = {n: None for n in pdk.optional if (p := getattr(pdk, n)) and not p.is_file()}
            return replace(pdk, **gone)  # type: ignore[arg-type]
        looked.append(lacking[0])
    raise ToolMissing(
        f"the library {name} is needed (synthesis and layout)",
        got="nothing at " + ", ".join(looked) if looked else "no directory to look in",
        expected="its Liberty and LEF files",
        mend=_HOW.get(name, _HOW[""]),
    )


_HOW = {
    "osu018": "Install it with 'sudo apt install qflow-tech-osu018', or set NEUTNN_PDK to a "
    "directory that holds osu018/",
    "osu035": "Install it with 'sudo apt install qflow-tech-osu035', or set NEUTNN_PDK to a "
    "directory that holds osu035/",
    "sky130hd": "Set NEUTNN_PDK to a directory that holds sky130hd/, FLOW_HOME to the flow/ "
    "directory of OpenROAD-flow-scripts, or PDK_ROOT to what 'ciel' downloaded",
    "": "Set NEUTNN_PDK to a directory that holds the library's own, or FLOW_HOME to the flow/ "
    "directory of OpenROAD-flow-scripts",
}


def _places(name: str, root: Path | None) -> list[Path]:
    if root is not None:
        given = Path(root).expanduser().absolute()  # tools run in folders of their own
        return [given / name, given]
    places = []
    if home := os.environ.get("NEUTNN_PDK"):
        places.append(Path(home).expanduser().resolve() / name)
    if home := os.environ.get("FLOW_HOME"):
        places += [Path(home) / "platforms" / name, Path(home) / "flow" / "platforms" / name]
    if (home := os.environ.get("PDK_ROOT")) and name == "sky130hd":
        places.append(Path(home) / "sky130A")
    if name in ("osu018", "osu035"):
        places.append(_DEBIAN / name)
    return places


def _at(pdk: Pdk, place: Path) -> Pdk:
    """Return `pdk` with its file names made absolute; `x.lib` also stands for `x.lib.gz`."""

    def there(path: Path | None) -> Path | None:
        return None if path is None else place / path

    liberty = []
    for path in pdk.liberty:
        full = place / path
        other = full.with_suffix("") if full.suffix == ".gz" else full.with_name(full.name + ".gz")
        liberty.append(other if other.is_file() and not full.is_file() else full)
    return replace(
        pdk,
        liberty=tuple(liberty),
        tech_lef=place / pdk.tech_lef,
        cell_lef=place / pdk.cell_lef,
        gds=there(pdk.gds),
        rcx_rules=there(pdk.rcx_rules),
    )


def _is_ciel(place: Path) -> bool:
    return (place / "libs.ref" / "sky130_fd_sc_hd").is_dir()


def _ciel(place: Path) -> Pdk:
    """Return sky130hd in the layout of a `ciel` download (`libs.ref/<library>/<kind>`)."""
    base = place / "libs.ref" / "sky130_fd_sc_hd"
    name = "sky130_fd_sc_hd"
    return replace(
        _SKY130HD,
        liberty=(base / "lib" / f"{name}__tt_025C_1v80.lib",),
        tech_lef=base / "techlef" / f"{name}__nom.tlef",
        cell_lef=base / "lef" / f"{name}.lef",
        gds=base / "gds" / f"{name}.gds",
    )
