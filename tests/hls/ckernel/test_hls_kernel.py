"""The C for HLS, in every architecture, against the naive model; its arguments; its refusals."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import hls.ckernel
from hls.ckernel import ARCHITECTURES, GCC, hls_kernel
from hls.ckernel.build import STRICT
from hls.ckernel.call import call_text, compile_call, selftest_text, vectors
from hls.ckernel.step import SANITIZE
from hls.errors import InvalidInput, Unsupported
from hls.ir import NO_SPIKE, FrozenNetwork
from hls.ir.stimulus import random_stimulus
from tests.hls.ckernel.test_ckernel import mode_network
from tests.hls.sim.oracle import (
    edge_networks,
    fixed_network,
    oracle,
    random_network,
    whole_network,
)

needs_gcc = pytest.mark.skipif(GCC.find() is None, reason="gcc is not installed")
STYLE = Path(hls.ckernel.__file__).with_name(".clang-format")
MADE = ("rolled", "bitplane", "unrolled", "stream")
"""Architectures with a text of their own; `pipelined` has that of `unrolled`."""


def check(network: FrozenNetwork, arch: str, directory: Path, samples: int = 40) -> None:
    """Compare the compiled kernel with the naive model, with proximal inputs and without."""
    x, proximal = random_stimulus(network, samples, 1)
    kernel = compile_call(hls_kernel(network, arch), directory)
    for side in (None,) if proximal is None else (proximal, None):
        assert (kernel(x, side) == oracle(network, x, side).y).all()


def weighted(network: FrozenNetwork) -> bool:
    """Return whether any layer has weighted proximal synapses."""
    return any(layer.proximal == "weighted" for layer in network.layers)


@needs_gcc
@pytest.mark.parametrize("number", range(0, 16, 3))
@pytest.mark.parametrize("arch", MADE)
def test_every_mode_equals_the_oracle(arch: str, number: int, tmp_path: Path) -> None:
    check(mode_network(number), arch, tmp_path)


@needs_gcc
@pytest.mark.parametrize("arch", MADE)
def test_corners_equal_the_oracle(arch: str, tmp_path: Path) -> None:
    networks = edge_networks()
    for name in ("all_pruned", "one_of_each", "tres_0", "silent_lines", "long_ramps", "never"):
        check(networks[name], arch, tmp_path)


@needs_gcc
@pytest.mark.parametrize("arch", MADE)
def test_a_threshold_beyond_all_potentials(arch: str, tmp_path: Path) -> None:
    check(fixed_network([[[7, 3], [1, 2]]], [[300, 70_000]]), arch, tmp_path)
    check(fixed_network([[[7, 3], [1, 2]]], [[300, 300]], tie="potential"), arch, tmp_path)


@needs_gcc
@pytest.mark.parametrize("seed", [0, 1, 3, 7, 14, 16])
@pytest.mark.parametrize("arch", MADE)
def test_whole_networks_equal_the_oracle(arch: str, seed: int, tmp_path: Path) -> None:
    network = whole_network(seed)
    if arch == "stream" and weighted(network):
        with pytest.raises(Unsupported, match=r"architecture stream: proximal inputs of layer"):
            hls_kernel(network, arch)
        return
    check(network, arch, tmp_path)


@needs_gcc
@pytest.mark.parametrize("arch", ["rolled", "bitplane", "unrolled"])
@pytest.mark.parametrize("tie", ["index", "potential"])
def test_a_column_of_more_than_a_word(arch: str, tie: str, tmp_path: Path) -> None:
    network = random_network(3, inputs=70, n=3, tie=tie)
    kernel = hls_kernel(network, arch)
    assert [a.name for a in kernel.arguments] == [
        *(f"x{k}_{b}" for k in range(2) for b in range(4)),
        "y",
    ]
    assert [a.bits for a in kernel.arguments] == [64] * 4 + [8] * 4 + [16]
    check(network, arch, tmp_path, 200)


def test_pipelined_is_unrolled_with_another_option() -> None:
    network = random_network(1)
    flat, piped = hls_kernel(network, "unrolled"), hls_kernel(network, "pipelined")
    assert (
        piped.files["net.c"].split("clang-format off")[1:]
        == (flat.files["net.c"].split("clang-format off")[1:])
    )
    assert piped.options == (*flat.options, "--pipelining=net")
    assert piped.arguments == flat.arguments


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_arguments_hold_all_times(arch: str) -> None:
    """What is packed as if it were an output comes back."""
    network = whole_network(7)
    kernel = hls_kernel(network, arch)
    x, proximal = random_stimulus(network, 30, 2)
    y = oracle(network, x, proximal).y
    words = np.frombuffer(vectors(kernel, x, proximal, y), np.uint64).reshape(30, -1)
    outputs, at = {}, sum(a.length for a in kernel.arguments if a.direction == "in")
    for argument in kernel.arguments:
        if argument.direction != "in":
            outputs[argument.name] = words[:, at : at + argument.length]
            at += argument.length
    assert at == words.shape[1]
    assert (kernel.unpack(outputs) == y).all()
    assert (y == NO_SPIKE).any()
    assert (y != NO_SPIKE).any()


@needs_gcc
@pytest.mark.parametrize("arch", MADE)
def test_self_test_under_the_sanitizers_and_clang(arch: str, tmp_path: Path) -> None:
    network = whole_network(16 if arch == "stream" else 5)
    kernel = hls_kernel(network, arch)
    x, proximal = random_stimulus(network, 30, 3)
    y = oracle(network, x, proximal).y
    (tmp_path / "right.bin").write_bytes(vectors(kernel, x, proximal, y))
    y[4] ^= 1
    (tmp_path / "wrong.bin").write_bytes(vectors(kernel, x, proximal, y))
    top = kernel.top
    files = {f"{top}_call.c": call_text(kernel), f"{top}_selftest.c": selftest_text(kernel)}
    for name, text in (kernel.files | files).items():
        (tmp_path / name).write_text(text)
    sources = [f"{top}.c", *files]
    subprocess.run(["gcc", *STRICT, *SANITIZE, "-o", "test", *sources], cwd=tmp_path, check=True)
    for vector, said in (("right", "30 samples, 0 wrong\n"), ("wrong", "30 samples, 1 wrong\n")):
        command = ["./test", f"{vector}.bin"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode) == (said, int(vector == "wrong"))
    clang = shutil.which("clang") or shutil.which("clang-16")
    if clang:
        subprocess.run([clang, *STRICT, "-c", *sources], cwd=tmp_path, check=True)


@pytest.mark.skipif(shutil.which("clang-format") is None, reason="clang-format is not installed")
def test_clang_format_agrees(tmp_path: Path) -> None:
    sources = {}
    for arch in MADE:
        for number, network in enumerate((whole_network(16), mode_network(0), mode_network(11))):
            kernel = hls_kernel(network, arch)
            extra = {"call.c": call_text(kernel), "selftest.c": selftest_text(kernel)}
            for name, text in (kernel.files | extra).items():
                sources[f"{arch}{number}_{name}"] = text
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
    command = ["clang-format", f"--style=file:{STYLE}", "--dry-run", "-Werror", *sources]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_refusals_name_the_reason() -> None:
    network = random_network(0)
    with pytest.raises(InvalidInput) as unknown:
        hls_kernel(network, "systolic")
    assert str(unknown.value) == (
        "architecture: got 'systolic'; expected rolled, bitplane, unrolled, pipelined, stream"
    )
    with pytest.raises(Unsupported) as many:
        hls_kernel(random_network(0, n=65), "bitplane")
    assert str(many.value) == (
        "architecture bitplane: neurons in a column of layer 0: got 65; expected at most 64. "
        "Take rolled or stream"
    )
    with pytest.raises(Unsupported) as large:
        hls_kernel(random_network(0, inputs=800, n=8, density=1.0), "unrolled")
    assert str(large.value).startswith("architecture unrolled: circuits side by side: got ")
    assert str(large.value).endswith(
        " synapses x time steps; expected at most 60,000. Take rolled or stream, or one column on "
        "its own"
    )
    with pytest.raises(InvalidInput, match=r"outputs of net: got \[\]; expected y"):
        hls_kernel(network, "bitplane").unpack({})
    with pytest.raises(InvalidInput, match="expected a name that neither C nor the kernel"):
        hls_kernel(random_network(0, name="double"), "unrolled")
