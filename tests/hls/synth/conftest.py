"""Libraries, and a small column synthesised once per library."""

from __future__ import annotations

import pytest

from hls.errors import ToolMissing
from hls.pdk import find_pdk
from hls.synth.yosys import synthesise
from tests.hls.synth.column import column


@pytest.fixture(scope="session")
def library():
    """Return a function that finds a library or skips the test with the reason."""

    def find(name):
        try:
            return find_pdk(name)
        except ToolMissing as error:
            pytest.skip(str(error))

    return find


@pytest.fixture(scope="session")
def small(library, tmp_path_factory):
    """Return a function that synthesises an 8x2 column once for each library."""
    made = {}

    def make(name):
        if name not in made:
            pytest.importorskip("pyosys")
            root = tmp_path_factory.mktemp(f"synth_{name}")
            source = root / "col8x2.v"
            source.write_text(column("col8x2", 8, 2, 9))
            made[name] = synthesise([source], "col8x2", library(name), root / "out"), source
        return made[name]

    return make
