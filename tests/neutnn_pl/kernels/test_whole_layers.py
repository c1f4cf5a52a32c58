"""numba against the reference on real data, in whole layers, and by Lightning."""

import pytest
import torch

from benchmarks.kernels import layers
from datamodules import UCR
from datamodules.encoders import Spectrum
from neutnn_pl import NeuTNN, nn
from neutnn_pl.functional import sample_order
from neutnn_pl.functional.rules import STDP, DeterministicSTDP
from neutnn_pl.kernels import numba as compiled
from neutnn_pl.kernels import reference
from tests.neutnn_pl.kernels.test_numba import equal

RULES = {
    "stochastic": STDP(search=20),
    "deterministic": DeterministicSTDP(capture=3, minus=2, search=1, backoff=3, fraction_bits=2),
    "lfsr": STDP(search=20, source="lfsr"),
}
needs_digits = pytest.mark.skipif(
    layers.digits(1) is None, reason="no MNIST in NEUTNN_DATA (MNIST/raw)"
)


@pytest.mark.parametrize("rule", RULES)
def test_an_epoch_of_a_time_series_set(rule):
    """ArrowHead, in chunks of 1, 7 and 256 samples, cut in the middle of one."""
    data = UCR("ArrowHead", encoder=Spectrum(24))
    spikes = torch.from_numpy(data.spikes("train"))
    spikes = spikes[sample_order(0, len(spikes), seed=2)]

    def learn(kernel, size):
        layer = nn.Layer(24, 3, theta=25)
        layer.reset(seed=2, index=0)
        layer.kernel = kernel
        y = [layer.learn(part, RULES[rule], seed=2) for part in spikes.split(size)]
        return torch.cat(y), layer.state_dict()

    y, want = learn("reference", 36)
    for size in (1, 7, 256):
        found, state = learn("numba", size)
        assert torch.equal(found, y)
        assert all(torch.equal(state[name], part) for name, part in want.items())


@needs_digits
def test_two_thousand_digits_in_some_columns():
    case = layers.mnist(2000, columns=676)
    middle = slice(324, 336)
    state = case.state.changed(**{name: part[middle] for name, part in vars(case.state).items()})
    x = case.x[:, middle].contiguous()
    want = reference.learn(x, state, case.spec, 0)
    equal(compiled.learn(x, state, case.spec, 0), want)
    for size in (1, 7, 256):
        now, outputs = state, []
        for start in range(0, 2000, size):
            y, now = compiled.learn(x[start : start + size], now, case.spec, start)
            outputs.append(y)
        equal((torch.cat(outputs), now), want)
    assert len(want[0][want[0] != 255].unique()) > 2


@needs_digits
@pytest.mark.parametrize("make", [layers.mnist, layers.dendrites])
def test_a_few_digits_in_all_columns(make):
    case = make(4)
    at = (case.x, case.state, case.spec, 7, case.xp)
    equal(compiled.learn(*at), reference.learn(*at))
    y = reference.infer(case.x, case.state, case.spec, case.xp)
    assert torch.equal(compiled.infer(case.x, case.state, case.spec, case.xp), y)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.upper(6, 30, 20, 12, 14),
        lambda: layers.upper(6, 20, 32, 20, 20),
        lambda: layers.series(10, 637, 2),
        lambda: layers.series(10, 270, 25),
        lambda: layers.places(10),
    ],
)
def test_layers_of_every_application(make):
    case = make()
    at = (case.x, case.state, case.spec, 7, case.xp)
    equal(compiled.learn(*at), reference.learn(*at))


def test_a_lightning_model_learns_the_same_by_either_kernel(blobs):
    import lightning as L

    states = []
    for kernel in ("reference", "numba"):
        layer = nn.Layer(9, 4, theta=18, wta="none")
        network = nn.Network(layer, voter=nn.Voter(1, 4, 2, margin=5))
        net = NeuTNN(network, RULES["stochastic"], seed=5, kernel=kernel)
        trainer = L.Trainer(
            max_epochs=2, accelerator="cpu", logger=False, enable_progress_bar=False,
            enable_model_summary=False, limit_val_batches=0, enable_checkpointing=False,
        )  # fmt: skip
        trainer.fit(net, blobs())
        states.append(net.state_dict())
    assert all(torch.equal(part, states[1][name]) for name, part in states[0].items())
