"""Encoders, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datamodules.encoders import MinMax, PosNeg, Spectrum, aggregate, standardise
from hls.errors import InvalidInput

SERIES = arrays(np.float64, (3, 8), elements=st.floats(-1e6, 1e6))


def test_minmax_global_bounds_come_from_the_training_split():
    encoder = MinMax(tres=2).fit(np.array([[0.0, 4.0]]))
    assert encoder(np.array([[0.0, 0.99, 1.0, 2.5, 4.0, 9.0, -3.0]])).tolist() == [
        [0, 0, 1, 2, 3, 3, 0]
    ]


def test_minmax_invert_and_series_scope():
    encoder = MinMax(tres=3, scope="series", invert=True).fit(np.zeros((1, 2)))
    assert encoder(np.array([[0.0, 1.0], [5.0, 5.0]])).tolist() == [[7, 0], [7, 7]]


def test_posneg_by_hand():
    encoder = PosNeg(tres=3, normalise="none", limit=2.0, threshold=0.5)
    encoder.fit(np.zeros((1, 4)))
    times = encoder(np.array([[3.0, -1.0, 0.4, 0.5]]))
    assert times.tolist() == [[0, 255, 255, 6, 255, 4, 255, 255]]
    assert encoder.lines(4) == 8


@given(SERIES)
def test_times_stay_inside_the_horizon(series):
    for encoder in (MinMax(), MinMax(scope="series"), PosNeg(), MinMax(normalise="time")):
        times = encoder.fit(series)(series)
        assert times.dtype == np.uint8
        assert times.shape == (3, encoder.lines(8))
        assert bool(((times < 8) | (times == 255)).all())


@given(SERIES, st.integers(1, 8))
def test_the_aggregate_keeps_the_mean(series, frames):
    frames_ = aggregate(series, frames)
    assert frames_.shape == (3, frames)
    np.testing.assert_allclose(frames_.mean(axis=1), series.mean(axis=1), rtol=1e-9, atol=1e-6)


def test_standardise_leaves_a_constant_series_at_zero():
    assert standardise(np.full((1, 4), 7.0)).tolist() == [[0.0] * 4]


def test_bad_settings_are_named():
    with pytest.raises(InvalidInput, match="encoder: tres: got 9; expected 0 .. 7 bits"):
        MinMax(tres=9)
    with pytest.raises(InvalidInput, match="encoder: normalise: got 'z'; expected one of none"):
        PosNeg(normalise="z")
    with pytest.raises(InvalidInput, match="encoder: limit: got 0; expected > 0"):
        PosNeg(limit=0)
    with pytest.raises(InvalidInput, match="piecewise aggregate: got 9; expected 1 .. 4"):
        aggregate(np.zeros((1, 4)), 9)
    with pytest.raises(InvalidInput, match=r"no statistics; expected fit\(\) before use"):
        MinMax(normalise="time")(np.zeros((1, 2)))


def test_spectrum_by_hand():
    wave = np.array([[0.0, 1.0, 0.0, -1.0] * 4])
    encoder = Spectrum(features=4, normalise="none")
    found = encoder.describe(wave)[0]
    # lags 1 and 8: 0 and half of the mean square (half of the products are outside); then the
    # amplitudes of frequencies 1 and 2, of which a wave of period 4 in 16 has none.
    np.testing.assert_allclose(found, [0.0, 0.25, np.log(0.01), np.log(0.01)], atol=1e-12)


def test_spectrum_spikes_above_the_training_mean_only():
    rng = np.random.default_rng(0)
    train = rng.normal(size=(20, 32))
    encoder = Spectrum(features=6).fit(train)
    f = encoder.describe(encoder.prepare(train))
    times = encoder(train)
    assert np.array_equal(times == 255, f <= f.mean(axis=0))
    best = f.argmax(axis=0)
    assert bool((times[best, range(6)] == times.min(axis=0)).all())
    with pytest.raises(
        InvalidInput, match=r"features: got 40; expected at most 32 for series of 32"
    ):
        Spectrum(features=40).lines(32)
