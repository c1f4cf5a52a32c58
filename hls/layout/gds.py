"""GDS and pictures, by the klayout package; needs no display."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hls.errors import StepFailed
from hls.files import atomic_path
from hls.pdk import Pdk
from hls.synth.liberty import Library

if TYPE_CHECKING:
    import klayout.db as db
    import klayout.lay as lay

GDS_LAYERS: dict[str, dict[str, tuple[int, int]]] = {
    "osu018": {
        "poly": (46, 0),
        "cc": (48, 0),
        "metal1": (49, 0),
        "via": (50, 0),
        "metal2": (51, 0),
        "via2": (61, 0),
        "metal3": (62, 0),
        "via3": (30, 0),
        "metal4": (31, 0),
        "via4": (32, 0),
        "metal5": (33, 0),
        "via5": (36, 0),
        "metal6": (37, 0),
    },
    "osu035": {  # the same numbers, of MOSIS's scalable rules
        "poly": (46, 0),
        "cc": (48, 0),
        "metal1": (49, 0),
        "via1": (50, 0),
        "metal2": (51, 0),
        "via2": (61, 0),
        "metal3": (62, 0),
        "via3": (30, 0),
        "metal4": (31, 0),
    },
    "nangate45": {f"metal{i}": (9 + 2 * i, 0) for i in range(1, 11)}
    | {f"via{i}": (10 + 2 * i, 0) for i in range(1, 10)},
    "asap7": {"M1": (19, 0), "V1": (21, 0), "M2": (20, 0), "V2": (25, 0)}
    | {f"M{i}": (10 * i, 0) for i in range(3, 10)}
    | {f"V{i}": (10 * i + 5, 0) for i in range(3, 10)},
    "sky130hd": {"li1": (67, 20), "mcon": (67, 44), "via": (68, 44)}
    | {f"met{i}": (67 + i, 20) for i in range(1, 6)}
    | {f"via{i}": (67 + i, 44) for i in range(2, 5)},
}
"""GDS layer and datatype of each LEF layer."""

_DATATYPES = {"": 0, "PIN": 1, "LEFPIN": 2, "OBS": 3, "LABEL": 4, "LEFLABEL": 5}
_OUTLINE = (235, 0)

BACKGROUND = "#0b0f17"
_GROUPS = {
    "fill": ("#141b28", "#1b2535"),
    "logic": ("#1f3350", "#34527d"),
    "adder": ("#17493f", "#2a7a69"),
    "flip-flop": ("#4a2f52", "#7d4f8b"),
}
"""Fill and frame colour of each group of cells in pictures."""

_METALS = ("#5b7bb5", "#e0525e", "#3fb67f", "#e8b54a", "#b07be0", "#4fc3d9", "#d98f5c", "#9aa7b8")


@dataclass(frozen=True)
class GdsResult:
    """What became of a DEF.

    Attributes:
        gds: the GDS file.
        png: the picture.
        abstract: whether the cells are LEF abstracts (pins and obstructions, no transistors).
    """

    gds: Path
    png: Path
    abstract: bool


def write_gds(
    def_file: Path, pdk: Pdk, library: Library, gds: Path, png: Path, *, pixels: int = 2000
) -> GdsResult:
    """Merge a DEF with the library's cells, write it as GDS, and draw it.

    Args:
        def_file: placed and routed DEF.
        pdk: the library, whose GDS is merged where it has one.
        library: its Liberty, which tells flip-flops and adders apart.
        gds: file to write.
        png: file to write.
        pixels: width of the picture.

    Raises:
        StepFailed: if the DEF cannot be read.
    """
    import klayout.db as db

    layout = db.Layout()
    try:
        layout.read(str(def_file), _options(def_file, pdk))
    except RuntimeError as error:
        raise StepFailed(f"GDS of {def_file}", got=str(error)) from error
    metals = _number_layers(layout, pdk)
    with atomic_path(gds) as temporary:
        save = db.SaveLayoutOptions()
        save.format = "GDS2"
        save.gds2_write_timestamps = False
        layout.write(str(temporary), save)
    draw(layout, pdk, library, metals, png, pixels)
    return GdsResult(gds, png, pdk.gds is None)


def _options(def_file: Path, pdk: Pdk) -> db.LoadLayoutOptions:
    import klayout.db as db

    options = db.LoadLayoutOptions()
    config = options.lefdef_config
    config.lef_files = [str(path) for path in dict.fromkeys((pdk.tech_lef, pdk.cell_lef))]
    config.read_lef_with_def = False
    config.dbu = 1 / _units(def_file)
    config.produce_cell_outlines = True
    config.cell_outline_layer = "OUTLINE"
    config.lef_labels_suffix = ".LEFLABEL"
    config.lef_labels_datatype = _DATATYPES["LEFLABEL"]
    for kind, suffix in (("pins", ".PIN"), ("lef_pins", ".LEFPIN"), ("obstructions", ".OBS")):
        setattr(config, f"{kind}_suffix", suffix)
    config.labels_suffix = ".LABEL"
    for kind in ("routing", "special_routing", "via_geometry"):
        setattr(config, f"{kind}_suffix", "")
    for kind in ("routing", "special_routing", "via_geometry"):
        setattr(config, f"{kind}_datatype", 0)
    for kind, suffix in (("pins", "PIN"), ("lef_pins", "LEFPIN"), ("obstructions", "OBS")):
        setattr(config, f"{kind}_datatype", _DATATYPES[suffix])
    config.labels_datatype = _DATATYPES["LABEL"]
    config.macro_resolution_mode = 1  # the LEF's shapes, although it names a GDS
    if pdk.gds is not None:
        config.macro_layout_files = [str(pdk.gds)]
        config.macro_resolution_mode = 2  # the GDS
    options.lefdef_config = config
    return options


def _units(def_file: Path) -> int:
    match = re.search(r"UNITS DISTANCE MICRONS (\d+)", def_file.read_text(encoding="utf-8"))
    return int(match.group(1)) if match else 1000


def _number_layers(layout: db.Layout, pdk: Pdk) -> list[tuple[str, list[int]]]:
    """Give the LEF's layers their GDS numbers; return layer indices of each metal, lowest first."""
    import klayout.db as db

    numbers = GDS_LAYERS[pdk.name]
    infos = {n: layout.get_info(n) for n in layout.layer_indexes()}
    known = {(info.layer, info.datatype): n for n, info in infos.items() if not info.name}
    shown: dict[str, list[int]] = {}
    for index in list(layout.layer_indexes()):
        info = layout.get_info(index)
        base, _, kind = info.name.split(";")[0].partition(".")
        if info.name == "OUTLINE":
            layout.set_info(index, db.LayerInfo(*_OUTLINE, "OUTLINE"))
        if base not in numbers or kind not in _DATATYPES:
            continue
        number, datatype = numbers[base]
        target = (number, datatype + _DATATYPES[kind])
        if target in known:
            layout.move_layer(index, known[target])
            index = known[target]
        else:
            layout.set_info(index, db.LayerInfo(*target, info.name))
            known[target] = index
        if kind in ("", "PIN", "LEFPIN"):
            shown.setdefault(base, []).append(index)
    return [(name, shown[name]) for name in numbers if name in shown]


def _group(cell: str, pdk: Pdk, library: Library) -> str:
    base = cell.split("$")[0]
    if any(re.fullmatch(pattern.replace("*", ".*"), base) for pattern in pdk.fill):
        return "fill"
    if base not in library:
        return ""
    if library[base].sequential:
        return "flip-flop"
    outputs = sum(pin.direction == "output" for pin in library[base].pins.values())
    return "adder" if outputs > 1 and len(library[base].pins) > 3 else "logic"


def draw(
    layout: db.Layout,
    pdk: Pdk,
    library: Library,
    metals: list[tuple[str, list[int]]],
    png: Path,
    pixels: int,
) -> None:
    """Draw cells as blocks coloured by kind under the routed metal layers."""
    import klayout.db as db
    import klayout.lay as lay

    top = layout.top_cell()
    groups = {name: layout.layer(db.LayerInfo(900 + i, 0, name)) for i, name in enumerate(_GROUPS)}
    names = {layout.get_info(i).name: i for i in layout.layer_indexes()}
    outline = names.get("OUTLINE")
    for instance in top.each_inst():
        group = _group(instance.cell.name, pdk, library)
        if group and outline is not None:
            box = instance.cell.bbox(outline)
            box = instance.cell.bbox() if box.empty() else box  # cells from GDS have no outline
            top.shapes(groups[group]).insert(box.transformed(instance.trans))
    view = lay.LayoutView()
    for key, value in _LOOK.items():
        view.set_config(key, value)
    view.show_layout(layout, False)
    view.clear_layers()
    for name, index in groups.items():
        fill, frame = _GROUPS[name]
        _add(view, layout, index, fill, frame, pattern=0)
    routing = [m for m in metals if not m[0].lower().startswith(("v", "mcon", "poly", "cc"))]
    for (_, indices), colour in zip(routing, _METALS * 2, strict=False):
        for index in indices:
            _add(view, layout, index, colour, colour, pattern=0 if len(routing) < 3 else 5)
    if pdk.gds is None:
        view.max_hier()
    else:  # wires and supply only: what is inside the cells would hide them
        view.min_hier_levels, view.max_hier_levels = 0, 1
    whole = top.bbox() if outline is None else top.bbox(outline)
    edge = round(0.02 * max(whole.width(), whole.height()))
    shown = whole.enlarged(edge, edge).to_dtype(layout.dbu)
    height = max(16, round(pixels * shown.height() / shown.width()))
    with atomic_path(png) as temporary:
        view.save_image_with_options(str(temporary), pixels, height, 0, 2, 0, shown, False)


_LOOK = {
    "background-color": BACKGROUND,
    "grid-visible": "false",
    "text-visible": "false",
    "cell-box-visible": "false",
    "inst-visible": "false",
    "show-properties": "false",
}


def _add(
    view: lay.LayoutView, layout: db.Layout, index: int, fill: str, frame: str, pattern: int
) -> None:
    import klayout.lay as lay

    node = lay.LayerPropertiesNode()
    node.source_layer_index = index
    node.fill_color = int(fill[1:], 16) | 0xFF000000
    node.frame_color = int(frame[1:], 16) | 0xFF000000
    node.dither_pattern = pattern
    node.width = 1
    node.transparent = False
    view.insert_layer(view.end_layers(), node)
