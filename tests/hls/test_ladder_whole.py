"""The ladder over a network of everything: it passes, and a one-bit fault in any rung is caught."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import hls.ckernel
import hls.rtl
from hls.ckernel import CKernelStep
from hls.errors import Mismatch
from hls.ir import FrozenNetwork, save
from hls.ir.stimulus import random_stimulus, write_stimulus
from hls.rtl import RtlStep
from hls.step import execute, step_dir
from hls.verify import VerifyStep
from tests.hls.sim.oracle import oracle, random_layer, with_proximal
from tests.hls.test_ladder import pytestmark, synthesise  # noqa: F401 - skips without the tools

SAMPLES = 60


@lru_cache(maxsize=1)
def network() -> FrozenNetwork:
    """Return two layers: enabled dendrites and k-WTA below, weighted proximal synapses above."""
    rng = np.random.default_rng(11)
    first = random_layer(
        rng, 6, 8, c=2, n=3, d=2, s=2, wta="k-wta", k=2, tie="potential", theta=0.2
    )
    first = with_proximal(rng, first, "enable", 3, 0)
    second = random_layer(rng, 6, 14, c=2, n=3, wta="t-wta", theta=0.3)
    second = with_proximal(rng, second, "weighted", 3, 3)
    votes = rng.integers(-128, 128, (2, 3, 3)).astype(np.int8)
    return FrozenNetwork("whole", 6, 3, (first, second), votes=votes, proximal_lines=6)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a run up to synthesis once."""
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    save(network(), run_dir / "frozen")
    x, proximal = random_stimulus(network(), SAMPLES, 2)
    expected = oracle(network(), x, proximal)
    assert len(set(expected.answer.tolist())) > 1
    freeze = step_dir(run_dir, "freeze")
    freeze.mkdir(parents=True)
    write_stimulus(freeze, network(), x, expected.y, proximal, expected.answer)
    execute(CKernelStep(), run_dir)
    execute(RtlStep(), run_dir)
    synthesise(run_dir, network())
    return run_dir


@pytest.fixture
def run(whole_run: Path, tmp_path: Path) -> Path:
    """Return a copy of the run that a test may damage."""
    return Path(shutil.copytree(whole_run, tmp_path / "run"))


def test_all_rungs_agree(run: Path) -> None:
    record = execute(VerifyStep(["c", "icarus", "verilator", "netlist"]), run)
    assert record.summary == "60 samples x 4 rungs (c, icarus, verilator, netlist), 0 mismatches"


def mutants(kind: str) -> Iterator[FrozenNetwork]:
    """Return networks that differ from `network()` in one bit or one line of one kind."""
    first, second = network().layers
    if kind == "vote":
        for place in np.ndindex(network().votes.shape):
            votes = network().votes.copy()
            votes[place] ^= -128
            yield replace(network(), votes=votes)
    elif kind == "k":
        yield network().with_layer(0, k=first.k - 1)
    elif kind == "gate":
        for place in np.ndindex(first.proximal_lines.shape):
            lines = first.proximal_lines.copy()
            lines[place] = lines[place] ^ 1 if lines[place] > 1 else 2
            yield network().with_layer(0, proximal_lines=lines)
    else:
        layer, field = {
            "weight": (0, "weights"),
            "theta": (0, "theta"),
            "proximal weight": (1, "proximal_weights"),
        }[kind]
        old = getattr((first, second)[layer], field)
        for place in zip(*np.nonzero(old), strict=True):
            new = old.copy()
            new[place] ^= 1
            if field != "theta" or new[place] > 0:
                yield network().with_layer(layer, **{field: new})


@lru_cache
def visible(kind: str) -> FrozenNetwork:
    """Return the first mutant that the stimulus tells from the network."""
    x, proximal = random_stimulus(network(), SAMPLES, 2)
    right = oracle(network(), x, proximal)
    for mutant in mutants(kind):
        wrong = oracle(mutant, x, proximal)
        if (wrong.y != right.y).any() or (wrong.answer != right.answer).any():
            return mutant
    raise AssertionError(f"the stimulus shows no {kind}")


KINDS = ("weight", "proximal weight", "gate", "theta", "k", "vote")
CASES = [(rung, kind) for rung in ("c", "icarus") for kind in KINDS]
CASES += [("verilator", "gate"), ("netlist", "proximal weight"), ("netlist", "vote")]


@pytest.mark.parametrize(("rung", "kind"), CASES)
def test_a_fault_is_caught(rung: str, kind: str, run: Path) -> None:
    """The artefact of a mutant, with the hash of the network that it should be."""
    mutant = visible(kind)

    def disguised(text: str) -> str:
        return text.replace(mutant.hash, network().hash)

    if rung == "c":
        for name, text in hls.ckernel.generate(mutant).items():
            (step_dir(run, "ckernel") / name).write_text(disguised(text))
    else:
        (step_dir(run, "rtl") / "whole.v").write_text(disguised(hls.rtl.generate(mutant).text))
    if rung == "netlist":
        shutil.rmtree(step_dir(run, "synth"))
        synthesise(run, network())
    with pytest.raises(Mismatch, match=f"rung {rung} does not compute what the reference computes"):
        execute(VerifyStep([rung]), run)
    rows = json.loads((step_dir(run, "verify") / "ladder.json").read_text())["rungs"]
    assert (rows[0]["rung"], rows[0]["samples"]) == (rung, SAMPLES)
    assert rows[0]["error"]


def test_an_operator_fault_is_caught(run: Path) -> None:
    path = step_dir(run, "rtl") / "whole.v"
    text = path.read_text()
    assert "spike = gate & " in text
    path.write_text(text.replace("spike = gate & ", "spike = gate | "))
    with pytest.raises(Mismatch):
        execute(VerifyStep(["icarus"]), run)
