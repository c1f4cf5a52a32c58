"""Where the cell libraries are found."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from hls.errors import InvalidInput, ToolMissing
from hls.pdk import PDKS, find_pdk


@pytest.fixture
def fake(tmp_path):
    """A root with the files of nangate45, all of them empty."""
    for path in PDKS["nangate45"].files().values():
        (tmp_path / "nangate45" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "nangate45" / path).write_text("")
    return tmp_path


@pytest.fixture
def nowhere(monkeypatch):
    for name in ("NEUTNN_PDK", "FLOW_HOME", "PDK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_unknown_name_is_explained():
    with pytest.raises(InvalidInput) as caught:
        find_pdk("nangate")
    assert str(caught.value) == (
        "the library (pdk): got 'nangate'; expected osu018 or osu035 or nangate45 or asap7 or "
        "sky130hd. Did you mean 'nangate45'?"
    )


def test_missing_library_names_every_place(nowhere, tmp_path):
    nowhere.setenv("NEUTNN_PDK", str(tmp_path / "a"))
    nowhere.setenv("FLOW_HOME", str(tmp_path / "b"))
    with pytest.raises(ToolMissing) as caught:
        find_pdk("nangate45")
    lib = "nangate45/lib/NangateOpenCellLibrary_typical.lib"
    assert str(caught.value) == (
        "the library nangate45 is needed (synthesis and layout): got nothing at "
        f"{tmp_path}/a/{lib}, {tmp_path}/b/platforms/{lib}, {tmp_path}/b/flow/platforms/{lib}; "
        "expected its Liberty and LEF files. Set NEUTNN_PDK to a directory that holds the "
        "library's own, or FLOW_HOME to the flow/ directory of OpenROAD-flow-scripts"
    )


def test_explicit_root_comes_first(nowhere, fake, tmp_path):
    nowhere.setenv("NEUTNN_PDK", str(tmp_path / "other"))
    assert find_pdk("nangate45", fake).gds == fake / "nangate45/gds/NangateOpenCellLibrary.gds"
    assert find_pdk("nangate45", fake / "nangate45").name == "nangate45"


def test_a_relative_root_is_found_from_everywhere(nowhere, fake, monkeypatch):
    monkeypatch.chdir(fake.parent)
    assert find_pdk("nangate45", Path(fake.name)).tech_lef.is_absolute()


def test_environment_is_searched_in_order(nowhere, fake):
    nowhere.setenv("NEUTNN_PDK", str(fake))
    assert find_pdk("nangate45").tech_lef.is_relative_to(fake / "nangate45")


def test_flow_home_is_searched(nowhere, fake):
    (fake / "platforms").mkdir()
    (fake / "nangate45").rename(fake / "platforms" / "nangate45")
    nowhere.setenv("FLOW_HOME", str(fake))
    assert find_pdk("nangate45").tech_lef.is_relative_to(fake / "platforms")


def test_ciel_layout_of_sky130(nowhere, tmp_path):
    base = tmp_path / "sky130A/libs.ref/sky130_fd_sc_hd"
    for name in (
        "lib/sky130_fd_sc_hd__tt_025C_1v80.lib",
        "techlef/sky130_fd_sc_hd__nom.tlef",
        "lef/sky130_fd_sc_hd.lef",
    ):
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text("")
    nowhere.setenv("PDK_ROOT", str(tmp_path))
    pdk = find_pdk("sky130hd")
    assert pdk.liberty == (base / "lib/sky130_fd_sc_hd__tt_025C_1v80.lib",)
    assert pdk.gds is None  # not downloaded, and not needed


def test_packed_liberty_is_unpacked_once(nowhere, fake, tmp_path):
    lib = fake / "nangate45/lib/NangateOpenCellLibrary_typical.lib"
    lib.unlink()
    with gzip.open(f"{lib}.gz", "wt") as handle:
        handle.write("library (x) { }")
    (plain,) = find_pdk("nangate45", fake).unpacked(tmp_path / "work")
    assert plain == tmp_path / "work" / lib.name
    assert plain.read_text() == "library (x) { }"


@pytest.mark.parametrize("name", sorted(PDKS))
def test_installed_libraries_are_whole(name):
    try:
        pdk = find_pdk(name)
    except ToolMissing as error:
        pytest.skip(str(error))
    assert all(Path(path).is_file() for path in pdk.files().values())
    assert os.access(pdk.liberty[0], os.R_OK)
