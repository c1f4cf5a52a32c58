"""Proofs that a netlist is its RTL, and that a wrong one is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hls.errors import InvalidInput, Mismatch, NeutnnError, StepFailed
from hls.formal import prove
from hls.formal.step import FormalStep
from hls.pdk import find_pdk
from hls.rtl import generate
from hls.step import execute, step_dir
from hls.synth.yosys import synthesise
from tests.hls.sim.oracle import random_network, whole_network


def made(network, path: Path, pdk: str = "osu018") -> tuple[Path, Path, Path]:
    """Generate and synthesise; return RTL, netlist and models."""
    try:
        library = find_pdk(pdk)
    except NeutnnError as error:
        pytest.skip(str(error))
    path.mkdir(parents=True, exist_ok=True)
    source = path / f"{network.name}.v"
    source.write_text(generate(network).text)
    result = synthesise([source], network.name, library, path / "synth")
    return source, result.netlist, result.models


@pytest.fixture(scope="module")
def column(tmp_path_factory):
    """Return RTL, netlist and models of a small column."""
    network = random_network(1, inputs=6, n=2, tie="potential", name="net")
    return made(network, tmp_path_factory.mktemp("column"))


def test_a_column_is_proved(column, tmp_path):
    proof = prove(*column, "net", tmp_path)
    assert (proof.proved, proof.unproved, proof.clocks, proof.why) == (True, 0, 4, "")
    assert proof.points > 20
    assert [p.name for p in tmp_path.iterdir()] == ["formal.log"]


@pytest.mark.parametrize("seed", [12])
def test_networks_of_any_kind_are_proved(seed, tmp_path):
    network = whole_network(seed, saturate=False)
    proof = prove(*made(network, tmp_path), network.name, tmp_path)
    assert proof.proved, proof.why


def test_a_wrong_gate_is_not_proved(column, tmp_path):
    """Every tenth gate with inputs, one at a time, loses its function; none is called equal."""
    rtl, netlist, models = column
    text = netlist.read_text()
    found = list(re.finditer(r"\b(NAND2X1|NOR2X1|AND2X2|OR2X2)\b", text))
    swap = {"NAND2X1": "NOR2X1", "NOR2X1": "NAND2X1", "AND2X2": "NAND2X1", "OR2X2": "NOR2X1"}
    assert len(found) > 10
    wrong = tmp_path / "wrong.v"
    for match in (found[0], found[len(found) // 2], found[-1]):
        new = swap[match.group(1)]
        wrong.write_text(text[: match.start()] + new + text[match.end() :])
        if f"module {new}" not in models.read_text():
            continue
        try:
            proved = prove(rtl, wrong, models, "net", tmp_path).proved
        except Mismatch:
            proved = False
        assert not proved


def test_a_late_fault_is_left_unproved_or_refuted(column, tmp_path):
    """A constant on an output port differs within the first clocks."""
    rtl, netlist, models = column
    wrong = tmp_path / "wrong.v"
    text = re.sub(r"\.Q\(done\)", ".Q()", netlist.read_text())
    wrong.write_text(text.replace("endmodule", "  assign done = 1'b1;\nendmodule"))
    with pytest.raises(Mismatch, match="an input sequence of at most 4 clocks after which"):
        prove(rtl, wrong, models, "net", tmp_path)


def test_what_synthesis_merged_may_stay_unproved(tmp_path):
    """Registers without a partner of the same name stay: no verdict, and no error."""
    network = whole_network(3, saturate=False)
    proof = prove(*made(network, tmp_path), network.name, tmp_path)
    assert (proof.proved, proof.clocks) == (False, 4)
    assert (
        proof.why
        == f"{proof.unproved} of {proof.points} pairs of bits not proved by 4 clocks "
        + ("of induction")
    )


def test_a_limit_ends_it_without_an_error(column, tmp_path):
    proof = prove(*column, "net", tmp_path, limit_s=0.01)
    assert (proof.proved, proof.why) == (False, "no proof within 0.01 s")


def test_bad_arguments(column, tmp_path):
    with pytest.raises(InvalidInput, match=r"formal: Verilog: got no file .*gone.v"):
        prove(tmp_path / "gone.v", *column[1:], "net", tmp_path)
    with pytest.raises(InvalidInput, match="formal: limit: got 0 s; expected more than 0 s"):
        prove(*column, "net", tmp_path, limit_s=0)


def test_step(column, tmp_path):
    rtl, netlist, models = column
    for name, path in (("rtl", rtl), ("synth", netlist), ("synth", models)):
        folder = step_dir(tmp_path, name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / path.name).write_text(path.read_text())
    record = execute(FormalStep("net", limit_s=60), tmp_path)
    assert record.metrics["formal_proved"] is True
    assert record.summary.startswith("netlist = RTL for all inputs: ")
    (step_dir(tmp_path, "synth") / "netlist.v").write_text("module net(")
    with pytest.raises(StepFailed):
        execute(FormalStep("net", limit_s=60), tmp_path)
