"""The netlist in Yosys' JSON."""

from __future__ import annotations

import json

import pytest

from hls.errors import InvalidInput
from hls.synth.netlist import read_netlist

MODULE = {
    "ports": {
        "clk": {"direction": "input", "bits": [2]},
        "q": {"direction": "output", "bits": [3, "1"], "offset": 4},
    },
    "cells": {"_1_": {"type": "DFF", "connections": {"C": [2], "D": [4], "Q": [3]}}},
    "netnames": {
        "clk": {"bits": [2]},
        "q": {"bits": [3, "1"], "offset": 4},
        "state": {"bits": [3]},
        "_0_": {"bits": [4]},
        "data": {"bits": [4]},
    },
}


def test_names_prefer_ports_and_the_designs_own(tmp_path):
    path = tmp_path / "n.json"
    path.write_text(json.dumps({"modules": {"top": MODULE}}))
    netlist = read_netlist(path)
    assert netlist.top == "top"
    assert netlist.names == {2: "clk", 3: "q[4]", 4: "data"}
    assert netlist.counts == {"DFF": 1}
    assert netlist.ports[1].bits() == [("q[4]", 3), ("q[5]", "1")]
    assert netlist.aliases["state", 0] == 3


def test_something_else_is_refused(tmp_path):
    path = tmp_path / "n.json"
    path.write_text("{}")
    with pytest.raises(InvalidInput) as caught:
        read_netlist(path)
    assert str(caught.value) == (
        f"netlist {path}: got KeyError: 'modules'; expected a flat netlist in the JSON that Yosys "
        "writes. Run the synthesis again"
    )
