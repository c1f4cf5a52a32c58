"""C that learns holds, after every sample, the weights of training in PyTorch with LFSRs."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

import hls.ckernel
from hls.ckernel import GCC, generate_learning
from hls.ckernel.build import STRICT
from hls.errors import InvalidInput, Unsupported
from hls.ir import FrozenNetwork
from neutnn_pl import nn

needs_gcc = pytest.mark.skipif(GCC.find() is None, reason="gcc is not installed")
STYLE = Path(hls.ckernel.__file__).with_name(".clang-format")
BATCH = """
#include "chip.h"
#include <stddef.h>
#include <string.h>
void batch(const uint8_t *x, const uint8_t *proximal, uint8_t *y, uint8_t *w, size_t samples);
void batch(const uint8_t *x, const uint8_t *proximal, uint8_t *y, uint8_t *w, size_t samples) {
    chip_state state;
    chip_reset(&state);
    for (size_t s = 0; s < samples; ++s) {
        PROXIMAL
        memcpy(&w[s * CHIP_SYNAPSES], state.weight, sizeof state.weight);
    }
}
"""
PLAIN = "(void)proximal; chip_learn(&state, &x[s * CHIP_INPUTS], &y[s * CHIP_OUTPUTS]);"
GATED = (
    "chip_learn(&state, &x[s * CHIP_INPUTS], &proximal[s * CHIP_PROXIMAL], &y[s * CHIP_OUTPUTS]);"
)
RULE = {"capture": 600, "minus": 400, "search": 200, "backoff": 600, "minimum": 128}
CASES = {
    "point neurons": ({"theta": 9, "columns": 2, "tie": "index"}, {}),
    "by potential": ({"theta": 20, "columns": 2, "tie": "potential"}, {"share": "neuron"}),
    "steps": ({"theta": 12, "response": "snl", "wta": "k-wta", "k": 2}, {"lfsr_width": 24}),
    "k-wta by index": ({"theta": 12, "wta": "k-wta", "k": 2, "tie": "index"}, {}),
    "t-wta": ({"theta": 9, "wta": "t-wta"}, {"stabiliser": "symmetric"}),
    "no wta": ({"theta": 9, "wta": "none"}, {"search_max": 4, "stabiliser": "off"}),
    "segments": (
        {"theta": 14, "columns": 2, "segments": 3, "dendrites": 2},
        {"share": "synapse", "share_f": "neuron"},
    ),
    "after the dendrite": (
        {"theta": 14, "segments": 2, "dendrites": 2, "tie": "index"},
        {"after": "dendrite", "stabiliser": "up"},
    ),
    "enabled dendrites": ({"theta": 14, "segments": 2, "dendrites": 2, "proximal": "enable"}, {}),
    "search everywhere": (
        {"theta": 14, "segments": 2, "dendrites": 2, "proximal": "enable"},
        {"search_scope": "all"},
    ),
}


def network(
    settings: dict[str, object], rule: dict[str, object], inputs: int = 6, neurons: int = 3
) -> tuple[nn.Network, FrozenNetwork, nn.STDP]:
    """Return a network, frozen too, and its rule."""
    if settings.get("proximal"):
        lines = torch.tensor([[[[0], [1]], [[2], [-1]], [[1], [0]]]], dtype=torch.int32)
        settings = settings | {"proximal_inputs": 1, "proximal_lines": lines}
    found = nn.STDP(source="lfsr", **RULE | rule)
    layer = nn.Layer(inputs, neurons, **{"tie": "potential", **settings})
    net = nn.Network(layer, tres=3)
    net.reset(1)
    net.use_kernel("reference")
    layer.mask[:, 1, :, :, 2] = False
    layer.weights[:, 1, :, :, 2] = 0
    return net, net.freeze("chip", rule=found), found


def spikes(samples: int, lines: int) -> np.ndarray:
    x = np.random.default_rng(2).integers(0, 11, (samples, lines)).astype(np.uint8)
    return np.where(x > 7, 255, x).astype(np.uint8)


def library(frozen: FrozenNetwork, path: Path) -> ctypes.CDLL:
    """Compile the kernel strictly, with a loop over samples."""
    gated = frozen.layers[0].proximal == "enable"
    files = generate_learning(frozen)
    files["batch.c"] = BATCH.replace("PROXIMAL\n", (GATED if gated else PLAIN) + "\n")
    for name, text in files.items():
        (path / name).write_text(text)
    command = ["gcc", *STRICT, "-fPIC", "-shared", "-o", "chip.so", "chip.c", "batch.c"]
    subprocess.run(command, cwd=path, check=True)
    return ctypes.CDLL(str(path / "chip.so"))


@needs_gcc
@pytest.mark.parametrize("case", CASES)
def test_weights_after_every_sample(case: str, tmp_path: Path) -> None:
    net, frozen, rule = network(*CASES[case])
    (layer,) = net.columns
    x = spikes(150, 6)
    gates = np.random.default_rng(3).integers(0, 2, (150, 3)).astype(np.uint8)
    y = np.zeros((150, *layer.theta.shape), np.uint8)
    w = np.zeros((150, *layer.weights.shape), np.uint8)
    given = (array.ctypes.data_as(ctypes.c_void_p) for array in (x, gates, y, w))
    library(frozen, tmp_path).batch(*given, ctypes.c_size_t(150))
    first, spiked = frozen.layers[0].weights, 0
    for sample, row in enumerate(torch.from_numpy(x)[:, None]):
        side = None
        if layer.proximal == "enable":
            side = torch.from_numpy(gates[sample : sample + 1])
        found = layer.learn(row, rule, seed=1, proximal=side)
        assert (y[sample] == found[0].numpy()).all()
        assert (w[sample] == layer.weights.numpy()).all()
        spiked += int((found != 255).any())
    assert spiked > 30
    assert (w[-1] != first).any()


@pytest.mark.skipif(shutil.which("clang-format") is None, reason="clang-format is not installed")
def test_clang_format_agrees(tmp_path: Path) -> None:
    names = []
    for number, (settings, rule) in enumerate(CASES.values()):
        for name, text in generate_learning(network(settings, rule)[1]).items():
            names.append(f"{number}_{name}")
            (tmp_path / names[-1]).write_text(text)
    command = ["clang-format", f"--style=file:{STYLE}", "--dry-run", "-Werror", *names]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_refusals_name_the_reason() -> None:
    net = network(*CASES["point neurons"])[0]
    with pytest.raises(InvalidInput) as plain:
        generate_learning(net.freeze("chip"))
    assert str(plain.value) == (
        "C that learns: got a network frozen without its learning rule; expected one frozen with "
        "it. Freeze with rule=STDP(source='lfsr', ...)"
    )
    with pytest.raises(Unsupported) as reward:
        generate_learning(network({"theta": 9}, {"reward": True})[1])
    assert str(reward.value) == "C that learns: reward: got True; expected False"
