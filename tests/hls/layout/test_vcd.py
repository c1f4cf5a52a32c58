"""Toggle counts, by hand."""

from __future__ import annotations

import pytest

from hls.errors import InvalidInput
from hls.layout.vcd import read_activity

HEAD = """$timescale 1ns $end
$scope module tb $end
$var wire 1 ! clk $end
$scope module dut $end
$var wire 1 ! clk $end
$var reg 3 " v [2:0] $end
$var wire 2 # w[5:4] $end
$var wire 1 $ \\a[7] $end
$upscope $end
$upscope $end
$enddefinitions $end
"""


def activity(tmp_path, body, ports):
    (tmp_path / "a.vcd").write_text(HEAD + body)
    return read_activity(tmp_path / "a.vcd", ports)


def test_counts(tmp_path):
    body = """#0
$dumpvars
0!
bx "
b0 #
x$
$end
#5
1!
b101 "
b11 #
1$
#10
0!
b110 "
b1x #
0$
#10
1!
0!
#15
b111 "
"""
    found = activity(tmp_path, body, {"clk", "v"})
    assert found.scope == "tb.dut"
    assert found.toggles["clk", 0] == 2
    assert found.rises["clk", 0] == 1
    assert [found.toggles["v", i] for i in range(3)] == [2, 1, 0]
    assert [found.toggles["w", i] for i in (4, 5)] == [1, 1]
    assert found.toggles["a[7]", 0] == 1


def test_no_such_scope(tmp_path):
    with pytest.raises(InvalidInput) as caught:
        activity(tmp_path, "#0\n", {"clk", "start"})
    assert str(caught.value) == (
        f"VCD {tmp_path}/a.vcd: got no scope with the design's ports; expected a scope with clk, "
        "start. Dump the netlist's own instance"
    )


def test_no_vcd(tmp_path):
    (tmp_path / "b.vcd").write_text("hello")
    with pytest.raises(InvalidInput, match="got no VCD"):
        read_activity(tmp_path / "b.vcd", {"clk"})
    with pytest.raises(InvalidInput, match="No such file"):
        read_activity(tmp_path / "none.vcd", {"clk"})
