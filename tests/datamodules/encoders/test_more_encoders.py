"""Encoders beside MinMax, PosNeg and Spectrum: by hand, their cost, and as plain values."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules import encoders
from datamodules.encoders import (
    Autocorrelation,
    Concat,
    Derivative,
    Fourier,
    GaussianFields,
    MinMax,
    OnOff,
    PosNeg,
    Quantiles,
    RandomKernels,
    RandomProjection,
    Spectrum,
    encoder_from,
)
from hls.errors import InvalidInput

RNG = np.random.default_rng(1)
TRAIN, TEST = RNG.normal(size=(9, 24)).cumsum(1), RNG.normal(size=(5, 24)).cumsum(1)
KINDS = {
    "MinMax": MinMax(normalise="time", scope="line"),
    "MinMax robust": MinMax(scope="robust", frames=7),
    "MinMax series": MinMax(scope="series"),
    "OnOff": OnOff(tres=2, view=Derivative()),
    "PosNeg": PosNeg(view=RandomKernels(6), scale="line"),
    "GaussianFields": GaussianFields(view=RandomProjection(4), normalise="series"),
    "Spectrum": Spectrum(features=6),
    "Quantiles": PosNeg(view=Quantiles(4), scale="line"),
    "Concat": Concat([PosNeg(view=Fourier(5), scale="line"), OnOff(view=Autocorrelation(4))]),
}


def test_on_and_off_lines_are_complements():
    encoder = OnOff(tres=2).fit(np.array([[0.0, 4.0]]))
    assert encoder(np.array([[0.0, 1.0, 2.5, 4.0]])).tolist() == [[3, 2, 1, 0, 0, 1, 2, 3]]
    assert encoder.lines(4) == 8


def test_bounds_of_each_value_and_without_tails():
    train = np.array([[0.0, 10.0], [4.0, 30.0]])
    assert MinMax(tres=2, scope="line").fit(train)(np.array([[2.0, 10.0]])).tolist() == [[2, 0]]
    outliers = np.concatenate([np.arange(1.0, 100.0), [1e9]])[None]
    robust = MinMax(tres=3, scope="robust", tail=0.1).fit(outliers)
    assert robust(np.array([[1.0, 50.0, 90.0, 1e9]])).tolist() == [[0, 3, 7, 7]]


def test_gaussian_fields_by_hand():
    encoder = GaussianFields(fields=3, width=1.0, threshold=0.2, tres=3)
    encoder.fit(np.array([[0.0, 2.0]]))
    # At centre 0 the neighbour is one deviation away: exp(-1/2) = 0.607, 7 - 4 = 3; the next
    # exp(-2) = 0.135 is below the threshold.
    assert encoder(np.array([[0.0, 1.0]])).tolist() == [[0, 3, 255, 3, 0, 3]]
    assert encoder.lines(2) == 6


def test_derivatives_are_differences():
    view = Derivative(order=2)
    assert view(np.array([[1.0, 2.0, 4.0, 8.0]])).tolist() == [[1.0, 2.0]]
    assert view.size(4) == 2
    with pytest.raises(InvalidInput, match="order: got 2; expected below 2, the number of values"):
        view.size(2)


def test_quantiles_of_differences():
    x = np.array([[0.0, 4.0, 5.0, 7.0, 7.0]])  # differences 4, 1, 2, 0
    assert Quantiles(4)(x).tolist() == [[0.0, 1.0, 2.0, 4.0]]
    assert Quantiles(3, order=0)(x).tolist() == [[0.0, 5.0, 7.0]]
    with pytest.raises(InvalidInput, match="features: got 1; expected >= 2"):
        Quantiles(1)
    with pytest.raises(InvalidInput, match="order: got 5; expected below 5"):
        Quantiles(3, order=5)(x)


def test_projections_are_whole_numbers_of_known_weights():
    view = RandomProjection(features=64, bits=8, limit=2.0, seed=5)
    weights = view.weights(300)
    shares = [(weights == v).mean() for v in (-1, 0, 1)]
    assert np.allclose(shares, [1 / 6, 2 / 3, 1 / 6], atol=0.02)
    x = RNG.normal(size=(3, 300))
    found = view(x)
    assert np.array_equal(found, np.round(found))
    q = [[min(127, max(-127, round(v / 2.0 * 127))) for v in row] for row in x]
    assert found.tolist() == (np.array(q) @ weights.T).tolist()
    assert np.array_equal(view.weights(300), RandomProjection(64, seed=5).weights(300))
    assert not np.array_equal(weights, RandomProjection(64, seed=6).weights(300))


def test_kernels_by_hand():
    view = RandomKernels(features=3, seed=2).fit(TRAIN)
    found = view(TRAIN)
    for j, (taps, dilation, quantile) in enumerate(view._kernels(24)):
        assert len(set(taps)) == 3
        answers = [
            [
                sum(
                    (2 if k in taps else -1) * row[i + (k - 4) * dilation]
                    for k in range(9)
                    if 0 <= i + (k - 4) * dilation < 24
                )
                for i in range(24)
            ]
            for row in TRAIN
        ]
        bias = np.quantile(answers, quantile)
        np.testing.assert_allclose(found[:, j], (np.array(answers) > bias).mean(axis=1))


def test_scaling_by_line_leaves_a_constant_feature_silent():
    train = np.column_stack([np.full(6, 0.1) * 3, np.arange(6.0)])
    encoder = PosNeg(normalise="none", scale="line").fit(train)
    scaled = encoder.prepare(train)
    assert scaled[:, 0].tolist() == [0.0] * 6
    assert np.isclose(scaled[:, 1].std(), 1.0)


@pytest.mark.parametrize("name", KINDS)
def test_an_encoder_is_made_again_from_plain_values(name):
    encoder = KINDS[name].fit(TRAIN)
    config = json.loads(json.dumps(encoder.config()))
    again = encoder_from(config)
    assert again.config() == config
    times = encoder(TEST)
    assert np.array_equal(again(TEST), times)
    assert times.dtype == np.uint8
    assert times.shape == (5, encoder.lines(24))
    assert bool(((times < encoder.horizon) | (times == 255)).all())


def test_every_encoder_can_be_made_again():
    assert {type(encoder).__name__ for encoder in KINDS.values()} == set(encoders.ENCODERS)


@given(st.floats(0.1, 100), st.floats(-50, 50))
def test_a_normalised_encoder_does_not_see_gain_and_offset(gain, offset):
    encoder = PosNeg(tres=3, view=Derivative())
    a, b = encoder.fit(TRAIN).prepare(TEST), encoder.fit(TRAIN).prepare(TEST * gain + offset)
    np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: MinMax(scope="all"), "scope: got 'all'; expected one of global, series, line, ro"),
        (lambda: MinMax(scale="no"), "encoder: scale: got 'no'; expected one of none, line"),
        (lambda: OnOff(tail=0.5), "encoder: tail: got 0.5; expected 0 .. 0.5, below it"),
        (lambda: GaussianFields(fields=1), "encoder: fields: got 1; expected >= 2"),
        (lambda: GaussianFields(width=0), "encoder: width: got 0; expected > 0"),
        (lambda: GaussianFields(threshold=2), "encoder: threshold: got 2; expected 0 .. 1"),
        (lambda: Derivative(0), "encoder: order: got 0; expected >= 1"),
        (lambda: Fourier(0), "encoder: features: got 0; expected >= 1"),
        (lambda: RandomProjection(bits=1), "encoder: bits: got 1; expected 2 .. 16"),
        (lambda: Fourier(9).size(16), "features: got 9; expected at most 8 for series of 16 val"),
        (lambda: Concat([]), "encoder: parts: got none; expected encoders of the same tres"),
        (lambda: Concat([MinMax(), MinMax(tres=4)]), r"got resolutions of \[3, 4\] bits"),
        (lambda: PosNeg(view=RandomKernels(2))(TEST), r"no statistics; expected fit\(\) before"),
        (lambda: MinMax(normalise="time").config(), r"no statistics; expected fit\(\) before"),
        (lambda: encoder_from({"kind": "Morse"}), "kind: got 'Morse'; expected one of Autocorr"),
        (lambda: encoder_from(Derivative().config()), "got Derivative; expected an encoder"),
    ],
)
def test_bad_settings_are_named(make, text):
    with pytest.raises(InvalidInput, match=text):
        make()
