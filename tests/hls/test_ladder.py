"""The ladder over a whole run: it passes, and a one-bit fault in any rung is caught."""

from __future__ import annotations

import json
import re
import shutil
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from hls.ckernel import GCC, CKernelStep
from hls.errors import InvalidInput, Mismatch, NeutnnError, StepFailed
from hls.ir import FrozenNetwork, save
from hls.pdk import find_pdk
from hls.rtl import RtlStep
from hls.sim import SIMULATORS, simulate
from hls.step import execute, stale_reason, step_dir
from hls.targets import compile
from hls.verify import VerifyStep, verify_run
from tests.hls.sim.oracle import oracle, random_network, stimulus

pytestmark = pytest.mark.skipif(
    any(tool.find() is None for tool in (GCC, *SIMULATORS["icarus"], *SIMULATORS["verilator"])),
    reason="a tool of the ladder is missing",
)
SAMPLES = 40


@lru_cache(maxsize=1)
def network() -> FrozenNetwork:
    """Return a column in which every neuron wins at times."""
    return random_network(21, inputs=10, n=3, tie="potential", theta=0.35)


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a run up to synthesis once."""
    run_dir = tmp_path_factory.mktemp("ladder") / "run"
    save(network(), run_dir / "frozen")
    x = stimulus(network(), SAMPLES, 3)
    freeze = step_dir(run_dir, "freeze")
    freeze.mkdir(parents=True)
    y = oracle(network(), x).y
    assert set(y.argmin(axis=2).ravel()) == {0, 1, 2}
    np.savez(freeze / "stimulus.npz", x=x, y=y, hash=network().hash)
    execute(CKernelStep(), run_dir)
    execute(RtlStep(), run_dir)
    synthesise(run_dir, network())
    return run_dir


def synthesise(run_dir: Path, network: FrozenNetwork) -> None:
    """Make a netlist of generic gates, each an instance, with their models beside it."""
    import pyosys
    from pyosys import libyosys

    out = step_dir(run_dir, "synth")
    out.mkdir(parents=True)
    rtl = step_dir(run_dir, "rtl") / f"{network.name}.v"
    design = libyosys.Design()
    for command in (
        f"read_verilog {rtl}",
        f"synth -flatten -top {network.name}",
        "dfflegalize -cell $_DFF_P_ x",
        "abc -g AND,OR,XOR",
        "opt_clean -purge",
        f"write_verilog -noattr -noexpr {out / 'netlist.v'}",
    ):
        libyosys.run_pass(f"tee -q -o {out / 'yosys.log'} {command}", design)
    share = Path(pyosys.__file__).parent / "share"
    shutil.copy(next(iter([*share.rglob("simcells.v")])), out / "cells.v")
    text = (out / "netlist.v").read_text()
    (out / "netlist.v").write_text(f"// network sha256 {network.hash}\n{text}")


@pytest.fixture
def run(whole_run: Path, tmp_path: Path) -> Path:
    """Return a copy of the run that a test may damage."""
    return Path(shutil.copytree(whole_run, tmp_path / "run"))


def damage(path: Path, pattern: str, replacement: str) -> None:
    """Replace the first match in a file."""
    text, count = re.subn(pattern, replacement, path.read_text(), count=1)
    assert count == 1, pattern
    path.write_text(text)


ALL = ["c", "icarus", "verilator", "netlist"]
"""The rungs that need nothing but what `make demo` needs."""


def table(run_dir: Path) -> dict[str, dict]:
    """Return the rows of `ladder.json` by rung."""
    rows = json.loads((step_dir(run_dir, "verify") / "ladder.json").read_text())["rungs"]
    return {row["rung"]: row for row in rows}


def test_all_rungs_agree(run: Path) -> None:
    record = execute(VerifyStep(ALL), run)
    assert record.summary == "40 samples x 4 rungs (c, icarus, verilator, netlist), 0 mismatches"
    rows = table(run)
    assert list(rows) == ALL
    for row in rows.values():
        assert (row["samples"], row["mismatches"]) == (SAMPLES, 0)
        assert row["skipped"] is None
        assert row["error"] is None
        assert row["seconds"] > 0
    assert rows["icarus"]["cycles_mean"] == rows["verilator"]["cycles_mean"]
    assert rows["icarus"]["cycles_mean"] == rows["netlist"]["cycles_mean"]
    assert record.metrics["cycles_mean"] == rows["icarus"]["cycles_mean"]
    assert record.metrics["rungs_skipped"] == 0
    wave = (step_dir(run, "verify") / "netlist.vcd").read_text()
    assert wave.count("$scope") == 2  # test bench and netlist, not the inside of every cell
    assert stale_reason(VerifyStep(ALL), run) is None
    lines = list(verify_run(run, ["c", "icarus"]))
    assert lines[0].startswith("c             40 samples, 0 mismatches, ")
    assert "0 mismatches, " in lines[1]
    assert " cycles, " in lines[1]


def visible(change: str) -> tuple[int, int]:
    """Return (neuron, synapse in use) whose lowest weight or threshold bit the stimulus shows."""
    layer, x = network().layers[0], stimulus(network(), SAMPLES, 3)
    right = oracle(network(), x).y
    number = 0
    for n in range(3):
        for i in np.flatnonzero(layer.effective[0, n, 0, 0]):
            weights, theta = layer.weights.copy(), layer.theta.copy()
            if change == "weight":
                weights[0, n, 0, 0, i] ^= 1
            else:
                theta[0, n] -= 1
            wrong = oracle(network().with_layer(0, weights=weights, theta=theta), x).y
            if (wrong != right).any():
                return n, number
            number += 1
    raise AssertionError("the stimulus shows no fault")


def weight_fault(text: str) -> str:
    """Flip the lowest bit of one weight in the C table."""
    head, values, tail = re.split(r"(?<=l0_weight\[L0_SYNAPSES\] = )\{([^}]*)\}", text)
    weights = [int(word) for word in re.findall(r"\d+", values)]
    weights[visible("weight")[1]] ^= 1
    return f"{head}{{{', '.join(map(str, weights))}}}{tail}"


def start_fault(text: str) -> str:
    """Lower one threshold by 1: raise the value at which its accumulator starts."""
    at = text.index(f"module net_neuron_0_{visible('theta')[0]}")
    changed = re.sub(
        r"potential <= (\d+)'d(\d+);",
        lambda m: f"potential <= {m.group(1)}'d{int(m.group(2)) + 1};",
        text[at:],
        count=1,
    )
    return text[:at] + changed


def ramp_fault(text: str) -> str:
    """Turn one operator: a ramp ends early."""
    return re.sub(r"\| (q\d+\[\d\])", r"& \1", text, count=1)


def gate_fault(text: str) -> str:
    """Put one gate of another kind."""
    return text.replace("\\$_XOR_ ", "\\$_OR_ ", 1)


FAULTS = {
    "c": ("ckernel/net.c", weight_fault),
    "icarus": ("rtl/net.v", start_fault),
    "verilator": ("rtl/net.v", ramp_fault),
    "netlist": ("synth/netlist.v", gate_fault),
}


def inject(run_dir: Path, rung: str) -> None:
    """Put a rung's fault into its artefact."""
    name, fault = FAULTS[rung]
    path = run_dir / "steps" / name
    before = path.read_text()
    path.write_text(fault(before))
    assert path.read_text() != before


@pytest.mark.parametrize("rung", FAULTS)
def test_a_one_bit_fault_is_caught(rung: str, run: Path) -> None:
    inject(run, rung)
    with pytest.raises(Mismatch) as caught:
        execute(VerifyStep([rung]), run)
    row = table(run)[rung]
    wrong, samples = row["mismatches"], row["samples"]
    assert wrong > 0
    assert samples == SAMPLES
    first, *rest = str(caught.value).splitlines()
    assert re.fullmatch(
        rf"rung {rung} does not compute what the reference computes: {wrong} of 120 spike times "
        rf"differ, in \d+ of 40 samples",
        first,
    )
    time = r"(t=\d+|no spike)"
    assert 1 <= len(rest) <= 5
    for line in rest:
        assert re.fullmatch(
            rf"  sample \d+, column 0, neuron [012]: expected {time}, got {time}", line
        )
    assert row["error"] == str(caught.value)


def test_the_message_of_a_mismatch(run: Path) -> None:
    stimulus_file = step_dir(run, "freeze") / "stimulus.npz"
    with np.load(stimulus_file) as archive:
        x, y = archive["x"], archive["y"].copy()
    winner, now = int(y[7, 0].argmin()), int(y[7, 0].min())
    y[7, 0, winner] = 255
    np.savez(stimulus_file, x=x, y=y, hash=network().hash)
    with pytest.raises(Mismatch) as caught:
        execute(VerifyStep(["c"]), run)
    assert str(caught.value) == (
        "rung c does not compute what the reference computes: 1 of 120 spike times differ, "
        "in 1 of 40 samples\n"
        f"  sample 7, column 0, neuron {winner}: expected no spike, got t={now}"
    )


def test_the_other_rungs_run_before_the_first_error_is_raised(run: Path) -> None:
    inject(run, "c")
    with pytest.raises(Mismatch, match="rung c does not compute"):
        execute(VerifyStep(["c", "icarus", "netlist"]), run)
    rows = table(run)
    assert rows["c"]["mismatches"] > 0
    assert rows["icarus"]["mismatches"] == rows["netlist"]["mismatches"] == 0
    lines = verify_run(run)
    assert [next(lines)[:10].strip() for _ in range(3)] == ["c", "icarus", "netlist"]
    with pytest.raises(Mismatch):
        next(lines)


def test_a_hang_is_an_error_of_its_rung(run: Path) -> None:
    damage(run / "steps" / "rtl" / "net.v", r"done <= 1'd1", "done <= 1'd0")
    with pytest.raises(StepFailed, match="icarus: the design hangs at sample 0"):
        execute(VerifyStep(["icarus", "c"]), run)
    rows = table(run)
    assert rows["icarus"]["mismatches"] is None
    assert rows["icarus"]["samples"] == 0
    assert rows["c"]["mismatches"] == 0


def test_a_missing_tool_is_skipped_with_its_reason(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERILATOR_EXE", str(run / "nothing"))
    record = execute(VerifyStep(["c", "verilator"]), run)
    assert record.summary == "40 samples x 1 rungs (c), 0 mismatches; SKIPPED: verilator"
    assert record.metrics["rungs_passed"] == 1
    assert record.metrics["rungs_skipped"] == 1
    row = table(run)["verilator"]
    assert row["skipped"] == (
        "Verilator is not installed (apt-get install verilator, or set VERILATOR_EXE)"
    )
    assert row["mismatches"] is None
    monkeypatch.delenv("VERILATOR_EXE")
    reason = stale_reason(VerifyStep(["c", "verilator"]), run)
    assert reason is not None
    assert re.fullmatch(r"options changed: rung_tools\.Verilator none -> [\d.]+", reason)


@pytest.mark.parametrize(
    ("rung", "name"),
    [("c", "ckernel/net.c"), ("icarus", "rtl/net.v"), ("netlist", "synth/netlist.v")],
)
def test_an_artefact_of_another_network_is_refused(rung: str, name: str, run: Path) -> None:
    damage(run / "steps" / name, "sha256 [0-9a-f]{12}", "sha256 0123456789ab")
    with pytest.raises(InvalidInput) as caught:
        execute(VerifyStep([rung]), run)
    assert str(caught.value) == (
        f"rung {rung} was made from another network: got hash 0123456789ab...; "
        f"expected hash {network().hash[:12]}.... Run the steps that make it again"
    )


def test_a_netlist_without_a_hash_is_traced_through_its_step(run: Path) -> None:
    synth = step_dir(run, "synth")
    damage(synth / "netlist.v", "// network sha256 .*", "")
    with pytest.raises(
        InvalidInput, match="rung netlist was made from another network: got no hash"
    ):
        execute(VerifyStep(["netlist"]), run)
    from hls.files import sha256, write_json

    digest = sha256(step_dir(run, "rtl") / "net.v")
    record = {"id": "synth", "status": "done", "started": "", "inputs": {"rtl": digest}}
    write_json(synth / "step.json", record)
    assert execute(VerifyStep(["netlist"]), run).metrics["mismatches"] == 0


def test_a_stimulus_of_another_network_is_refused(run: Path) -> None:
    path = step_dir(run, "freeze") / "stimulus.npz"
    with np.load(path) as archive:
        np.savez(path, x=archive["x"], y=archive["y"], hash="f" * 64)
    with pytest.raises(
        InvalidInput, match="the stimulus belongs to another network: got hash ffff"
    ):
        execute(VerifyStep(["c"]), run)


def test_rungs_are_checked(run: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        execute(VerifyStep(["c", "fpga"]), run)
    assert str(caught.value) == (
        "rungs of the ladder: got ['fpga']; expected some of c, icarus, verilator, netlist, "
        "bambu, bambu_netlist"
    )


def test_targets_agree(run: Path) -> None:
    x = stimulus(network(), 15, 9)
    expected = oracle(network(), x)
    synth = step_dir(run, "synth")
    netlist = [synth / "netlist.v", synth / "cells.v"]
    for target, options in (("c", {}), ("icarus", {}), ("netlist", {"sources": netlist})):
        workdir = run / target if target == "c" else None
        compiled = compile(network(), target=target, workdir=workdir, **options)
        assert (compiled.predict(x).y == expected.y).all()
    with pytest.raises(InvalidInput) as caught:
        compile(network(), target="fpga")
    assert str(caught.value) == (
        "target: got 'fpga'; expected one of c, icarus, verilator, netlist, bambu "
        "(or reference, numba, triton)"
    )


def test_the_netlist_powers_up_and_survives_aborted_samples(run: Path) -> None:
    x = stimulus(network(), 30, 4)
    synth = step_dir(run, "synth")
    sources = [synth / "netlist.v", synth / "cells.v"]
    result = simulate(sources, "net", network(), x, workdir=run / "sim", reset=False, disturb=True)
    assert (result.outputs.y == oracle(network(), x).y).all()


@pytest.mark.parametrize("pdk", ["osu018", "nangate45"])
def test_the_netlist_of_library_cells_agrees(pdk: str, tmp_path: Path) -> None:
    try:
        find_pdk(pdk)
    except NeutnnError as error:
        pytest.skip(str(error))
    x = stimulus(network(), 30, 5)
    compiled = compile(network(), target="netlist", pdk=pdk, workdir=tmp_path)
    assert (compiled.predict(x).y == oracle(network(), x).y).all()
