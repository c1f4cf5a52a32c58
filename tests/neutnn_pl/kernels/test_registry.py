"""Which backend runs a layer, and what is refused."""

import logging
import sys

import pytest
import torch

from hls.errors import InvalidInput
from neutnn_pl import NeuTNN, nn
from neutnn_pl.kernels import (
    LayerSpec,
    LayerState,
    backend,
    choose,
    reference,
    registry,
    uses_numba,
)
from neutnn_pl.kernels import numba as compiled


def state(device="cpu"):
    w = torch.ones(2, 3, 1, 1, 4, dtype=torch.uint8, device=device)
    return LayerState.of(w, torch.ones(2, 3, dtype=torch.int32, device=device))


SPEC = LayerSpec(steps=14, w_max=7)


def test_auto_is_numba_on_the_cpu_and_says_so_once(caplog, monkeypatch):
    monkeypatch.setattr(registry, "_said", set())
    with caplog.at_level(logging.INFO, "neutnn_pl.kernels"):
        assert choose("auto", state(), SPEC) is compiled
        assert choose("auto", state(), SPEC) is compiled
    assert caplog.messages == ["kernel auto: numba on cpu"]


def test_auto_is_the_reference_where_nothing_faster_runs(caplog, monkeypatch):
    monkeypatch.setattr(registry, "_said", set())
    monkeypatch.setattr(compiled, "refuses", lambda state, spec: "of its colour")
    with caplog.at_level(logging.INFO, "neutnn_pl.kernels"):
        assert choose("auto", state(), SPEC) is reference
        assert choose("auto", state("meta"), SPEC) is reference
    assert caplog.messages == [
        "kernel auto: reference on cpu (numba: of its colour)",
        "kernel auto: reference on meta",
    ]


def test_a_choice_is_taken_at_its_word():
    assert choose("reference", state(), SPEC) is reference
    assert choose("numba", state(), SPEC) is compiled
    assert reference.refuses(state("meta"), SPEC) is None


def test_a_choice_that_cannot_run_is_refused():
    with pytest.raises(InvalidInput) as caught:
        choose("numba", state("meta"), SPEC)
    assert str(caught.value) == (
        "kernel numba: got a layer that it cannot run: it runs on the CPU, and the layer is on "
        "meta; expected one that it can. Choose the kernel 'auto' or 'reference'"
    )


def test_a_backend_that_is_not_installed_names_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "neutnn_pl.kernels.triton", None)
    with pytest.raises(InvalidInput) as caught:
        backend("triton")
    assert str(caught.value).startswith("kernel triton: got an import that failed (")
    assert str(caught.value).endswith(
        "); expected the package triton. "
        "pip install triton, or choose the kernel 'auto' or 'reference'"
    )


def test_a_name_that_there_is_not():
    text = "kernel: got 'cuda'; expected one of auto, reference, numba, triton"
    network = nn.Network(nn.Layer(2, 1, theta=3))
    for refused in (
        lambda: choose("cuda", state(), SPEC),
        lambda: NeuTNN(network, kernel="cuda"),
        lambda: network.use_kernel("cuda"),
        lambda: uses_numba("cuda", torch.device("cpu")),
    ):
        with pytest.raises(InvalidInput) as caught:
            refused()
        assert str(caught.value) == text


def test_votes_and_fields_are_numbas_on_the_cpu():
    assert uses_numba("auto", torch.device("cpu"))
    assert uses_numba("numba", torch.device("cpu"))
    assert not uses_numba("auto", torch.device("cuda"))
    assert not uses_numba("reference", torch.device("cpu"))


def test_a_network_sets_every_layer_and_its_voter(tmp_path):
    layers = nn.Layer(4, 2, theta=3), nn.Retime(8), nn.Layer(2, 2, theta=3)
    network = nn.Network(*layers, voter=nn.Voter(1, 2, 2))
    model = NeuTNN(network, kernel="reference")
    parts = (*network.columns, network.voter)
    assert [part.kernel for part in parts] == ["reference"] * 3
    network.use_kernel("numba")
    assert [part.kernel for part in parts] == ["numba"] * 3
    assert not [key for key in model.state_dict() if "kernel" in key]
