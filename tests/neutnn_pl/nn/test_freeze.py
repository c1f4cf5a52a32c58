"""From a network to integers and back: what is written, under which names."""

import pytest
import torch

from neutnn_pl import nn
from neutnn_pl.functional import draw_table, taps_of
from neutnn_pl.nn.freeze import freeze, identifier


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ArrowHead 24x3", "arrowhead_24x3"),
        ("__Two--words__", "two_words"),
        ("X", "x"),
        ("9 lives", "n_9_lives"),
        ("-- !", "network"),
        ("a" * 80, "a" * 63),
    ],
)
def test_names_become_identifiers(name, found):
    assert identifier(name) == found


def weighted():
    layer = nn.Layer(
        4, 2, theta=5, wres=2, segments=3, proximal="weighted", proximal_inputs=2,
        proximal_wres=4, proximal_horizon=3,
    )  # fmt: skip
    return nn.Network(layer, tres=2)


def test_every_setting_comes_back():
    frozen = weighted().freeze("x")
    layer = frozen.layers[0]
    assert (layer.wres, layer.proximal_wres, layer.proximal_horizon) == (2, 4, 3)
    again = nn.Network.from_frozen(frozen)
    assert again.tres == 2
    assert again.columns[0].config() == weighted().columns[0].config()


def test_settings_of_inputs_that_are_not_there_are_zero():
    layer = nn.Network(nn.Layer(4, 2, theta=5)).freeze("x").layers[0]
    assert (layer.proximal_wres, layer.proximal_horizon) == (0, 0)
    assert layer.proximal_lines is None


def test_a_rule_is_written_with_its_registers():
    net = weighted()
    layer = freeze(net, "x", nn.STDP()).layers[0]
    assert layer.learning == nn.STDP().config()
    assert layer.lfsr is None
    rule = nn.STDP(source="lfsr", share="synapse", share_f="neuron", lfsr_width=25)
    layer = freeze(net, "x", rule).layers[0]
    assert layer.learning == {**rule.config(), "taps": taps_of(25)}
    assert torch.equal(torch.from_numpy(layer.lfsr), net.columns[0].lfsr)
    table = draw_table(6, 3, 4 + 2, "synapse", "neuron")
    assert torch.equal(torch.from_numpy(layer.lfsr_draws), table.to(torch.int32))
