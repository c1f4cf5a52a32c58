"""RTL = definition for all inputs of tiny columns, from the gamma reset to the end of one cycle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hls.formal.columns import answers, column, volleys
from hls.ir.outputs import compare
from hls.rtl import generate
from hls.sim import simulate
from tests.hls.sim.oracle import oracle

RULES = [
    (wta, tie) for wta in ("1-wta", "k-wta", "t-wta", "none") for tie in ("index", "potential")
]


def proved(network, path: Path, simulator: str, **how: object) -> int:
    """Compare the RTL with the reference kernel over all inputs; return how many there are."""
    source = path / f"{network.name}.v"
    source.write_text(generate(network).text)
    x = volleys(network)
    found = simulate([source], network.name, network, x, simulator=simulator, workdir=path, **how)
    return compare("rtl", answers(network, x), found.outputs)


@pytest.mark.parametrize(("wta", "tie"), RULES)
def test_every_rule_over_all_inputs_of_three_lines(wta, tie, tmp_path):
    """Start from X, back to back, each after a sample left in its middle."""
    network = column(wta, tie, response="snl" if tie == "index" else "rnl")
    assert proved(network, tmp_path, "icarus", reset=False, disturb=True) == 9**3


def test_all_inputs_of_four_lines(tmp_path):
    assert proved(column("1-wta", "potential", inputs=4), tmp_path, "verilator") == 9**4


def test_all_volleys_are_there_once():
    network = column("1-wta", "index", inputs=2)
    x = volleys(network)
    assert x.shape == (81, 2)
    assert len(np.unique(x, axis=0)) == 81
    assert set(np.unique(x)) == {*range(8), 255}
    assert len(volleys(network, 7)) == 7


def test_the_definition_is_the_naive_model():
    network = column("k-wta", "potential")
    x = volleys(network, 60)
    assert (answers(network, x).y == oracle(network, x).y).all()
