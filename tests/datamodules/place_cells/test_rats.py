"""Trajectories through RatInABox."""

import sys

import numpy as np
import pytest

from datamodules.place_cells import Trajectory
from hls.errors import InvalidInput

SHORT = {"number": 12, "seconds": 20.0}


@pytest.fixture
def rat():
    pytest.importorskip("ratinabox", reason="RatInABox is not installed: pip install ratinabox")


@pytest.mark.parametrize("cells", ["grid", "place"])
def test_rates_become_spike_times(rat, cells):
    data = Trajectory(cells, **SHORT)
    where, rates = data.run()
    assert where.shape == (200, 2)
    assert rates.shape == (200, 12)
    assert 0 <= where.min() <= where.max() <= 1
    x = data.spikes("train")
    assert x.shape == (150, 12)
    assert set(np.unique(x)) <= {*range(8), 255}
    rates = data.rates("train")
    assert ((x == 255) == (rates < 0.2)).all()
    best = np.unravel_index(rates.argmax(), rates.shape)
    assert x[best] == x.min()
    assert len(data.test_spikes()) == len(data.positions("test")) == 50


def test_the_same_seed_gives_the_same_run_and_leaves_numpy_alone(rat):
    np.random.seed(5)
    expected = np.random.rand(3)
    np.random.seed(5)
    a = Trajectory(**SHORT, seed=1).run()
    assert (np.random.rand(3) == expected).all()
    b, c = (Trajectory(**SHORT, seed=s).run() for s in (1, 2))
    assert (a[0] == b[0]).all()
    assert (a[1] == b[1]).all()
    assert (a[0] != c[0]).any()


def test_loaders(rat):
    data = Trajectory(**SHORT, batch_size=64)
    data.setup("fit")
    x, numbers = next(iter(data.train_dataloader()))
    assert (x.numpy() == data.spikes("train")[numbers.numpy()]).all()
    assert sum(len(batch[0]) for batch in data.test_dataloader()) == 50


def test_without_ratinabox(monkeypatch):
    monkeypatch.setitem(sys.modules, "ratinabox.Environment", None)
    with pytest.raises(InvalidInput, match=r"no RatInABox.*pip install 'neutnn-pl\[place\]'"):
        Trajectory(**SHORT).run()


def test_other_cells():
    with pytest.raises(InvalidInput, match="data: cells.*got 'time'.*one of grid, place"):
        Trajectory("time")
