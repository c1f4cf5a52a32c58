"""GDS and pictures."""

from __future__ import annotations

import pytest
from matplotlib.image import imread

from hls.errors import StepFailed
from hls.layout.gds import write_gds
from hls.synth.liberty import read_liberty

db = pytest.importorskip("klayout.db")


def test_gds_has_the_processes_layers(laid_out):
    layout, _, _ = laid_out
    made = db.Layout()
    made.read(str(layout.files["gds"]))
    top = made.top_cell()
    assert top.name == "col8x2"
    box = top.bbox().to_dtype(made.dbu)
    assert box.width() == pytest.approx(layout.die_width_um, abs=0.5)
    layers = {(i.layer, i.datatype) for i in made.layer_infos()}
    assert {(49, 0), (50, 0), (51, 0), (61, 0), (62, 0)} <= layers  # metal1 via metal2 via2 metal3
    metal2 = made.find_layer(51, 0)
    assert db.Region(top.begin_shapes_rec(metal2)).count() > 100


def test_the_picture_is_large_and_coloured(laid_out):
    layout, _, _ = laid_out
    data = layout.files["png"].read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(data[i : i + 4]) for i in (16, 20))
    assert width == 2000
    assert height > 1000
    picture = imread(layout.files["png"])
    colours = {tuple(p) for p in picture[::7, ::7, :3].reshape(-1, 3).round(2).tolist()}
    assert len(colours) > 20


def test_the_same_twice(laid_out, library, tmp_path):
    layout, _, _ = laid_out
    pdk = library("osu018")
    cells = read_liberty(pdk.liberty)
    again = write_gds(layout.files["def"], pdk, cells, tmp_path / "a.gds", tmp_path / "a.png")
    assert again.gds.read_bytes() == layout.files["gds"].read_bytes()
    assert again.abstract


def test_a_def_that_is_none(library, tmp_path):
    pdk = library("osu018")
    (tmp_path / "x.def").write_text("DESIGN x ;\nCOMPONENTS ( ;\n")
    with pytest.raises(StepFailed, match=r"GDS of .*x\.def: got "):
        write_gds(
            tmp_path / "x.def",
            pdk,
            read_liberty(pdk.liberty),
            tmp_path / "x.gds",
            tmp_path / "x.png",
        )
    assert not (tmp_path / "x.gds").exists()


ONE_CELL = """VERSION 5.8 ;
DIVIDERCHAR "/" ;
BUSBITCHARS "[]" ;
DESIGN t ;
UNITS DISTANCE MICRONS 1000 ;
DIEAREA ( 0 0 ) ( 10000 10000 ) ;
COMPONENTS 1 ;
- u1 {cell} + PLACED ( 1080 1080 ) N ;
END COMPONENTS
NETS 1 ;
- a ( u1 A ) + ROUTED {layer} ( 2000 2000 ) ( 4000 2000 ) ;
END NETS
END DESIGN
"""


@pytest.mark.parametrize(
    ("name", "cell", "layer", "number"),
    [
        ("nangate45", "INV_X1", "metal1", (11, 0)),
        ("asap7", "INVx1_ASAP7_75t_R", "M1", (19, 0)),
        ("sky130hd", "sky130_fd_sc_hd__inv_1", "met1", (68, 20)),
    ],
)
def test_real_cells_are_merged_on_the_same_layers(library, tmp_path, name, cell, layer, number):
    pdk = library(name)
    (tmp_path / "t.def").write_text(ONE_CELL.format(cell=cell, layer=layer))
    done = write_gds(
        tmp_path / "t.def", pdk, read_liberty(pdk.liberty), tmp_path / "t.gds", tmp_path / "t.png"
    )
    assert not done.abstract
    made = db.Layout()
    made.read(str(done.gds))
    metal = made.find_layer(*number)
    assert made.top_cell().shapes(metal).size() == 1  # the wire
    assert made.cell(cell).shapes(metal).size() > 0  # the cell's own metal
    assert len(made.layer_infos()) > 8  # wells, diffusion, poly, contacts
