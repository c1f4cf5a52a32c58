"""Layers and networks in plain PyTorch."""

import warnings

import pytest
import torch

from neutnn_pl import nn


def network(**settings):
    return nn.Network(
        nn.Layer(6, 3, theta=10, columns=2, lines=torch.arange(12).reshape(2, 6) % 8),
        nn.Layer(6, 2, theta=12, response="snl", **settings),
    )


def spikes(samples=10, lines=8):
    x = torch.randint(0, 9, (samples, lines), generator=torch.Generator().manual_seed(1))
    return torch.where(x == 8, 255, x).to(torch.uint8)


def test_horizons_grow_by_layer():
    net = network()
    assert [layer.horizon for layer in net.layers] == [8, 14]
    assert [layer.output_horizon for layer in net.layers] == [14, 14]


def test_two_layers_learn_the_same_in_any_chunks():
    whole, parts, x = network(), network(), spikes()
    for net in (whole, parts):
        net.reset(4)
    y = whole.learn(x, nn.STDP(search=100), seed=4)
    z = torch.cat([parts.learn(part, nn.STDP(search=100), seed=4) for part in x.split(3)])
    assert torch.equal(y, z)
    for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_state_dict_and_config_make_an_equal_network():
    net = network()
    net.reset(3)
    net.layers[0].prune(net.layers[0].weights < 3)
    copy = nn.Network.from_config(net.config())
    copy.load_state_dict(net.state_dict())
    assert torch.equal(copy(spikes()), net(spikes()))
    assert copy.freeze("x").hash == net.freeze("x").hash
    assert nn.Network.from_frozen(net.freeze("x")).freeze("x").hash == net.freeze("x").hash


def test_line_minus_one_is_always_silent():
    layer = nn.Layer(2, 1, theta=1, response="snl", lines=torch.tensor([[0, -1]]))
    layer.weights[:] = torch.tensor([0, 7])
    assert layer(torch.zeros(1, 1, dtype=torch.uint8)).tolist() == [[[255]]]


def test_repr_reads_like_the_network():
    assert repr(nn.Layer(96, 2, theta=40)) == (
        "Layer(columns=1, neurons=2, inputs=96, theta=40, wres=3, response=rnl, wta=1-wta, "
        "tie=potential, synapses=192)"
    )


def test_pruned_synapses_stay_silent_and_never_learn():
    layer = nn.Layer(6, 2, theta=5)
    drop = torch.zeros_like(layer.mask)
    drop[..., :3] = True
    layer.prune(drop)
    layer.learn(spikes(50, 6), nn.STDP(search=1024), seed=1)
    assert int(layer.weights[drop].sum()) == 0
    assert int(layer.weights[~drop].sum()) > 0
    assert layer.synapses == 6


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"inputs": 0}, "Layer: inputs: got 0; expected an integer >= 1"),
        ({"wres": 8}, "Layer: wres: got 8; expected 1 .. 7 bits"),
        ({"theta": 0}, "theta: got 0; expected integers >= 1"),
        ({"theta": torch.tensor(2.5)}, r"theta: got torch.float32; expected integers"),
        ({"theta": torch.ones(3, 3).int()}, r"theta: got shape \[3, 3\]; expected one number or"),
        ({"k": 3, "wta": "k-wta"}, r"Layer: k: got 3; expected 1 .. 2 \(the neurons of a column\)"),
        ({"wta": "2-wta"}, "Layer: wta: got '2-wta'; expected one of"),
        ({"response": "lif"}, "Layer: response: got 'lif'; expected one of"),
        ({"tie": "first"}, "Layer: tie: got 'first'; expected one of"),
        ({"wres": 7, "horizon": 130}, "an output horizon of at most 255 .here 256."),
    ],
)
def test_impossible_settings_are_named(settings, text):
    with pytest.raises(ValueError, match=text):
        nn.Layer(**{"inputs": 4, "neurons": 2, "theta": 5, **settings})


def test_thresholds_that_never_or_always_fire_are_warned_of_by_column():
    theta = torch.tensor([[20, 20], [20, 29], [1, 20]])
    with pytest.warns(UserWarning) as seen:
        nn.Layer(4, 2, theta=theta, columns=3)
    texts = [str(warning.message) for warning in seen]
    assert texts == [
        "column 1: theta 29 can never be reached: 28 is the largest potential of 4 inputs. "
        "Lower theta",
        "column 2: theta 1 is always reached: by the first spike on any synapse that is not 0. "
        "Raise theta",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.Layer(4, 2, theta=28)


def test_spike_times_out_of_range_are_named():
    layer = nn.Layer(3, 1, theta=5)
    x = torch.tensor([[0, 7, 255], [0, 8, 1]], dtype=torch.uint8)
    with pytest.raises(ValueError, match="of sample 1, line 1: got 8; expected 0 .. 7, or 255"):
        layer(x)
    with pytest.raises(ValueError, match=r"got torch.int64 \[2, 3\]; expected torch.uint8"):
        layer(x.long())


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"got torch.bool \[2\]; expected torch.bool \[1, 1, 1"):
        nn.Layer(3, 1, theta=5).prune(torch.zeros(2, dtype=torch.bool))


def test_a_network_needs_layers_and_a_horizon_that_fits():
    with pytest.raises(ValueError, match="got no layers"):
        nn.Network()
    with pytest.raises(ValueError, match="layer 1: got an output horizon of 380"):
        nn.Network(nn.Layer(2, 2, theta=3, wres=7), nn.Layer(2, 2, theta=3, wres=7), tres=7)


def test_weights_out_of_range_are_refused():
    layer = nn.Layer(3, 1, theta=5)
    state = {name: value.clone() for name, value in layer.state_dict().items()}
    state["weights"][0, 0, 0, 0, 1] = 8
    with pytest.raises(ValueError, match=r"weights: got up to 8; expected 0 .. 7 \(3 bits\)"):
        layer.load_state_dict(state)
    state["weights"][:] = 3
    state["mask"][0, 0, 0, 0, 1] = False
    with pytest.raises(ValueError, match="weights: got some of pruned synapses that are not 0"):
        layer.load_state_dict(state)
