"""A small column, synthesised and laid out once."""

from __future__ import annotations

import pytest

from hls.layout.flow import make_layout
from hls.layout.graywolf import GRAYWOLF
from hls.layout.qrouter import QROUTER
from tests.hls.synth.column import bench, simulate
from tests.hls.synth.conftest import library, small  # noqa: F401 - fixtures

needs_qflow = pytest.mark.skipif(
    not (GRAYWOLF.find() and QROUTER.find()), reason="graywolf or qrouter is not installed"
)


@pytest.fixture(scope="session")
def activity(small, tmp_path_factory):  # noqa: F811
    """A VCD of the synthesised column under ten random samples."""
    import shutil

    if not shutil.which("iverilog"):
        pytest.skip("Icarus is not installed")
    result, _ = small("osu018")
    work = tmp_path_factory.mktemp("activity")
    simulate(bench("col8x2", 8, 2, 10), [result.netlist, result.models], work)
    return work / "netlist.vcd"


@pytest.fixture(scope="session")
def laid_out(small, library, activity, tmp_path_factory):  # noqa: F811
    """The column laid out by the embedded flow, and the stages it reported."""
    for tool in (GRAYWOLF, QROUTER):
        if not tool.find():
            pytest.skip(f"{tool.name} is not installed")
    result, _ = small("osu018")
    stages = []
    out = tmp_path_factory.mktemp("layout")
    layout = make_layout(
        result.netlist.parent, library("osu018"), out, activity=activity, progress=stages.append
    )
    return layout, stages, out
