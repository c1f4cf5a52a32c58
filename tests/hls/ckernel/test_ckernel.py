"""The C kernel against the naive model, under strict warnings, sanitizers and clang-format."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hls.ckernel
from hls.ckernel import GCC, CKernelStep, build, generate, network_hash
from hls.ckernel.build import STRICT
from hls.ckernel.step import SANITIZE
from hls.errors import InvalidInput, Mismatch, StepFailed, ToolMissing
from hls.ir import NO_SPIKE, FrozenNetwork, Outputs, compare, save
from hls.ir.stimulus import random_stimulus
from hls.step import execute
from tests import oracle as naive
from tests.hls.sim.oracle import (
    edge_networks,
    oracle,
    random_layer,
    random_network,
    stimulus,
    trace,
    whole_network,
)

pytestmark = pytest.mark.skipif(GCC.find() is None, reason="gcc is not installed")
STYLE = Path(hls.ckernel.__file__).with_name(".clang-format")
MODES = list(
    itertools.product(("1-wta", "k-wta", "t-wta", "none"), ("index", "potential"), ("rnl", "snl"))
)


def mode_network(number: int) -> FrozenNetwork:
    """Return a random network for one combination of modes."""
    wta, tie, response = MODES[number]
    n = 4 if wta == "k-wta" else 1 + number % 5
    return random_network(
        number,
        inputs=9,
        tres=number % 5,
        name=f"mode{number}",
        c=1 + number % 3,
        n=n,
        k=2 if wta == "k-wta" else 1,
        wta=wta,
        tie=tie,
        response=response,
        wres=1 + number % 7,
        shared=bool(number % 2),
        theta=(0.3, 0.1, 0.6)[number % 3],
    )


@pytest.mark.parametrize("number", range(len(MODES)))
def test_every_mode_equals_the_oracle(number: int, tmp_path: Path) -> None:
    network = mode_network(number)
    x = stimulus(network, 150, number)
    assert compare("c", oracle(network, x), build(network, workdir=tmp_path).predict(x)) == 150


@pytest.mark.parametrize("name", edge_networks())
def test_edge_cases_equal_the_oracle(name: str, tmp_path: Path) -> None:
    network = edge_networks()[name]
    x = stimulus(network, 40)
    compare("c", oracle(network, x), build(network, workdir=tmp_path).predict(x))


@pytest.mark.parametrize("seed", range(12))
def test_whole_networks_equal_the_oracle_layer_by_layer(seed: int, tmp_path: Path) -> None:
    network = whole_network(seed)
    x, proximal = random_stimulus(network, 40, seed)
    kernel = build(network, workdir=tmp_path)
    for side in (proximal, None):
        expected, found = trace(network, x, side), kernel.trace(x, side)
        assert len(expected) == len(found) == len(network.layers)
        for want, got in zip(expected, found, strict=True):
            assert (want.y == got.y).all()
        assert compare("c", expected[-1], kernel.predict(x, side)) == 40


def test_the_whole_networks_of_the_test_have_everything() -> None:
    networks = [whole_network(seed) for seed in range(12)]
    layers = [layer for network in networks for layer in network.layers]
    assert {len(network.layers) for network in networks} == {1, 2, 3}
    assert {layer.proximal for layer in layers} == {"none", "enable", "weighted"}
    assert {layer.wta for layer in layers} == {"1-wta", "k-wta", "t-wta", "none"}
    assert {layer.late for layer in layers if layer.retime} == {"drop", "saturate"}
    assert {network.votes is None for network in networks} == {True, False}
    assert {bool(layer.mask.all()) for layer in layers} == {True, False}
    assert max(layer.shape[2] for layer in layers) > 1
    assert max(layer.shape[3] for layer in layers) > 1
    fired = [trace(net, *random_stimulus(net, 40, 1))[-1].y != NO_SPIKE for net in networks]
    assert sum(bool(y.any()) for y in fired) > 8


def test_answers_without_a_voter_are_the_tally(tmp_path: Path) -> None:
    network = random_network(2, inputs=5, c=4, n=3, theta=0.5)
    x = stimulus(network, 80)
    y = oracle(network, x).y
    expected = [naive.answer(naive.tally(row)) for row in y.tolist()]
    assert build(network, workdir=tmp_path).predict(x).answer.tolist() == expected
    assert {0, 1, 2, 3} == set(expected)  # 3 is: nobody


def test_wrong_answers_are_a_mismatch(tmp_path: Path) -> None:
    network = replace(
        random_network(2, inputs=5), votes=np.array([[[1, 0], [2, 3], [0, 5]]], np.int8)
    )
    x = stimulus(network, 9)
    expected = oracle(network, x)
    changed = expected.answer.copy()
    changed[4] ^= 1
    with pytest.raises(Mismatch) as caught:
        compare("c", Outputs(expected.y, changed), build(network, workdir=tmp_path).predict(x))
    assert str(caught.value) == (
        "rung c does not compute what the reference computes: 1 of 9 answers differ\n"
        f"  sample 4: expected class {changed[4]}, got {changed[4] ^ 1}"
    )


def test_a_network_of_everything_is_clean_in_every_compiler(tmp_path: Path) -> None:
    """Sanitizers, -Wconversion, and clang where it is installed."""
    for seed in (3, 5):
        network = whole_network(seed, name=f"whole{seed}")
        save(network, tmp_path / str(seed) / "frozen")
        record = execute(CKernelStep(), tmp_path / str(seed))
        assert record.metrics["sanitizers"] == "clean"
        if shutil.which("clang"):
            directory = tmp_path / str(seed) / "steps" / "ckernel"
            flags = [*STRICT, "-Wno-unused-command-line-argument", "-c"]
            files = [f"whole{seed}{part}.c" for part in ("", "_batch", "_example", "_selftest")]
            subprocess.run(["clang", *flags, *files], cwd=directory, check=True)


@pytest.mark.parametrize("names", [("gcc",), ("clang", "clang-16")], ids=["gcc", "clang"])
def test_example_prints_what_the_oracle_answers(names: tuple[str, ...], tmp_path: Path) -> None:
    compiler = next(filter(None, map(shutil.which, names)), None)
    if compiler is None:
        pytest.skip(f"{names[0]} is not installed")
    network = whole_network(3, name="whole")
    for name, text in generate(network).items():
        (tmp_path / name).write_text(text)
    files = ["whole.c", "whole_example.c"]
    subprocess.run([compiler, *STRICT, "-o", "example", *files], cwd=tmp_path, check=True)
    x = (np.arange(network.inputs) % network.horizon).astype(np.uint8)[None]
    outputs = oracle(network, x)
    lines = [
        f"neuron {n}: " + ("no spike" if t == NO_SPIKE else f"spike at {t}")
        for n, t in enumerate(outputs.y.reshape(-1).tolist())
    ]
    answer = (naive.answer(naive.tally(outputs.y[0].tolist()))) if outputs.answer is None else None
    lines.append(f"answer: {int(outputs.answer[0]) if answer is None else answer}")
    shown = subprocess.run(["./example"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == lines


def test_large_layers_stay_tables(tmp_path: Path) -> None:
    """A layer of 138,240 unpruned synapses: code that does not grow, about 3 bytes a weight."""
    rng = np.random.default_rng(0)
    layer = random_layer(rng, 1352, 8, c=32, n=10, s=24, p=18, density=1.0, shared=False)
    layer = replace(layer, lines=np.abs(layer.lines))
    network = FrozenNetwork("large", 1352, 3, (layer,))
    source = generate(network)["large.c"]
    assert len(source) < 138240 * 3.5
    assert len(re.sub(r"(?s)clang-format off.*?clang-format on", "", source)) < 4500
    x = stimulus(network, 2)
    compare("c", oracle(network, x), build(network, workdir=tmp_path).predict(x))


def test_step_writes_compiles_and_runs_the_sanitizers(tmp_path: Path) -> None:
    network = random_network(3, inputs=12, n=3, tie="potential")
    save(network, tmp_path / "frozen")
    x = stimulus(network, 30)
    freeze = tmp_path / "steps" / "freeze"
    freeze.mkdir(parents=True)
    np.savez(freeze / "stimulus.npz", x=x, y=oracle(network, x).y, hash=network.hash)
    record = execute(CKernelStep(), tmp_path)
    assert record.metrics["sanitizers"] == "clean"
    assert record.metrics["selftest_samples"] == 30
    directory = tmp_path / "steps" / "ckernel"
    source = (directory / "net.c").read_text()
    assert record.metrics["lines_of_c"] == source.count("\n")
    assert record.summary.endswith("lines of C, gcc, sanitizers clean")
    assert network_hash(source) == network.hash
    assert "-fsanitize=address,undefined" in (directory / "log.txt").read_text()
    assert re.fullmatch(
        r"(neuron \d: .*\n){3}answer: \d\n", (directory / "net_example.txt").read_text()
    )


def test_step_without_stimulus_makes_one(tmp_path: Path) -> None:
    save(random_network(4, inputs=5), tmp_path / "frozen")
    assert execute(CKernelStep(), tmp_path).metrics["selftest_samples"] == 64


def test_step_fails_on_a_wrong_expected_answer(tmp_path: Path) -> None:
    network = random_network(3, inputs=6)
    save(network, tmp_path / "frozen")
    x = stimulus(network, 8)
    y = oracle(network, x).y
    y[2, 0, 1] ^= 1
    freeze = tmp_path / "steps" / "freeze"
    freeze.mkdir(parents=True)
    np.savez(freeze / "stimulus.npz", x=x, y=y, hash=network.hash)
    with pytest.raises(StepFailed, match="8 samples, 1 mismatches"):
        execute(CKernelStep(), tmp_path)


def test_times_out_of_range_are_no_undefined_behaviour(tmp_path: Path) -> None:
    network = random_network(6, inputs=4, n=2)
    for name, text in generate(network).items():
        (tmp_path / name).write_text(text)
    (tmp_path / "main.c").write_text(
        '#include "net.h"\nint main(void) {\n uint8_t x[4], y[2];\n'
        " for (unsigned v = 0; v < 256; ++v) {\n"
        "  for (unsigned i = 0; i < 4; ++i) x[i] = (uint8_t)v;\n"
        "  net(x, y);\n  if (v > 7 && (y[0] != 255 || y[1] != 255)) return 1;\n }\n return 0;\n}\n"
    )
    flags = ["-std=c99", "-Wall", "-Werror", *SANITIZE]
    command = ["gcc", *flags, "-o", "main", "main.c", "net.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run(["./main"], cwd=tmp_path, check=True)


@pytest.mark.skipif(shutil.which("clang-format") is None, reason="clang-format is not installed")
@pytest.mark.parametrize("number", [0, 2, 5, 6, 9, 12])
def test_clang_format_agrees(number: int, tmp_path: Path) -> None:
    sources = generate(mode_network(number)) | generate(edge_networks()["all_pruned"])
    sources |= generate(whole_network(number))
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
    command = ["clang-format", f"--style=file:{STYLE}", "--dry-run", "-Werror", *sources]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_text_is_plain_c_with_constant_bounds() -> None:
    for number in range(len(MODES)):
        source = generate(mode_network(number))[f"mode{number}.c"]
        assert not re.search(r"\b(float|double|malloc|while|goto)\b", source)
        for bound in re.findall(r"for \([^;]*; \w+ < ([^;]*);", source):
            constant = r"\w*L?\d*_[A-Z_]+( \* L\d+_[A-Z]+)?|l\d+_(proximal_)?first\[g \+ 1\]"
            assert re.fullmatch(constant, bound), bound


def test_pruned_synapses_are_not_in_the_text() -> None:
    network = random_network(1, inputs=40, n=2, density=0.1)
    source = generate(network)["net.c"]
    used = int((network.layers[0].effective > 0).sum())
    assert f"enum {{ L0_SYNAPSES = {used} }};" in source


def test_predict_checks_its_input(tmp_path: Path) -> None:
    kernel = build(random_network(0, inputs=3), workdir=tmp_path)
    with pytest.raises(InvalidInput, match=r"got shape \(2, 4\); expected \[samples, 3\]"):
        kernel.predict(np.zeros((2, 4), np.uint8))
    with pytest.raises(InvalidInput, match="spike time of sample 0, line 1: got 8"):
        kernel.predict(np.array([[0, 8, 255]], np.uint8))
    assert kernel.predict(np.zeros((0, 3), np.uint8)).y.shape == (0, 1, 3)


def test_compiled_once(tmp_path: Path) -> None:
    network = random_network(0, inputs=3)
    library = build(network, workdir=tmp_path).library
    stamp = library.stat().st_mtime_ns
    assert build(network, workdir=tmp_path).library == library
    assert library.stat().st_mtime_ns == stamp


def test_errors_name_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    network = random_network(0, inputs=3)
    with pytest.raises(InvalidInput) as reserved:
        generate(random_network(0, inputs=3, name="double"))
    assert str(reserved.value) == (
        "network name: got 'double'; expected a name that neither C nor the kernel's own functions "
        "use. Rename the network"
    )
    with pytest.raises(InvalidInput, match="network name: got 'layer0'"):
        generate(random_network(0, inputs=3, name="layer0"))
    monkeypatch.setenv("GCC_EXE", str(tmp_path / "nothing"))
    with pytest.raises(ToolMissing, match="gcc is needed"):
        build(network, workdir=tmp_path)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 2**32 - 1),
    inputs=st.integers(1, 20),
    tres=st.integers(0, 5),
    wres=st.integers(1, 7),
    c=st.integers(1, 4),
    n=st.integers(1, 6),
    theta=st.sampled_from((0.01, 0.2, 0.5, 0.95)),
    density=st.sampled_from((0.1, 0.6, 1.0)),
    shared=st.booleans(),
    mode=st.sampled_from(MODES),
    data=st.data(),
)
def test_any_network_equals_the_oracle(
    seed: int,
    c: int,
    n: int,
    mode: tuple[str, str, str],
    data: st.DataObject,
    tmp_path: Path,
    **rest,
) -> None:
    wta, tie, response = mode
    k = data.draw(st.integers(1, n)) if wta == "k-wta" else 1
    network = random_network(seed, c=c, n=n, wta=wta, k=k, tie=tie, response=response, **rest)
    x = stimulus(network, 20, seed % 1000)
    compare("c", oracle(network, x), build(network, workdir=tmp_path).predict(x))
