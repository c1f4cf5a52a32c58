"""Citizens of sktime: its own checks in full, pipelines, grid searches, and the way to hardware."""

import numpy as np
import pytest
import torch

from datamodules import UCR
from datamodules.encoders import Fourier, MinMax, PosNeg, encoder_from
from hls.errors import InvalidInput
from hls.ir import load
from neutnn_pl.nn import Network
from neutnn_pl.sktime import NeuTNNClusterer, SpikeEncoder


@pytest.fixture(scope="module")
def series():
    """Two kinds of waves with noise, float64 `[30, 1, 24]`, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 2
    waves = np.sin(np.linspace(0, 6, 24) * np.where(labels == 0, 1, 2)[:, None])
    return (waves + 0.1 * rng.normal(size=waves.shape))[:, None], labels


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", [NeuTNNClusterer, SpikeEncoder])
def test_sktime_s_own_checks_in_full(estimator):
    from sktime.utils.estimator_checks import check_estimator

    results = check_estimator(estimator, raise_exceptions=False, verbose=False)
    assert len(results) > 100
    assert {name: r for name, r in results.items() if r != "PASSED"} == {}


def test_clusters_of_two_kinds_of_waves(series):
    x, labels = series
    column = NeuTNNClusterer(2, presentations=300).fit(x[:20])
    found = column.predict(x[20:])
    assert len({tuple(pair) for pair in zip(found, labels[20:], strict=True)}) == 2
    assert np.array_equal(column.labels_, column.predict(x[:20]))
    again = NeuTNNClusterer(2, presentations=300).fit(x[:20])
    assert torch.equal(column.network_.columns[0].weights, again.network_.columns[0].weights)


def test_a_pipeline_and_a_grid_search(series):
    from sklearn.metrics import adjusted_rand_score
    from sktime.clustering.compose import ClustererPipeline
    from sktime.transformations.series.difference import Differencer

    x, labels = series
    pipe = ClustererPipeline(
        NeuTNNClusterer(2, presentations=100, restarts=2), [("difference", Differencer())]
    )
    assert set(pipe.fit_predict(x)) <= {0, 1, 2}

    from sklearn.model_selection import ParameterGrid

    grid = ParameterGrid({"level": [0.1, 0.3], "encoder": [None, PosNeg()]})
    base = NeuTNNClusterer(2, presentations=100, restarts=2)
    scores = [
        adjusted_rand_score(labels, base.clone().set_params(**point).fit_predict(x))
        for point in grid
    ]
    assert max(scores) == 1.0


def test_sklearn_searches_over_the_clusterer(series):
    from sklearn.metrics import adjusted_rand_score, make_scorer
    from sklearn.model_selection import GridSearchCV

    x, labels = series
    search = GridSearchCV(
        NeuTNNClusterer(2, presentations=300, restarts=5),
        {"level": [0.1, 0.3]},
        cv=2,
        scoring=make_scorer(adjusted_rand_score),
        error_score="raise",
    ).fit(x, labels)
    assert search.best_score_ > 0.5


def test_the_transformer_gives_the_encoder_s_times(series):
    x, _ = series
    encoder = PosNeg(view=Fourier(8), scale="line")
    found = SpikeEncoder(encoder).fit(x[:20]).transform(x[20:])
    data = UCR.from_arrays(x[:20], None, x[20:], encoder=PosNeg(view=Fourier(8), scale="line"))
    assert np.array_equal(found[:, 0], data.test_spikes())
    assert encoder.mean is None  # the caller's encoder is a setting, and stays one


def test_export_with_one_call(series, tmp_path):
    x, _ = series
    column = NeuTNNClusterer(2, encoder=PosNeg(), presentations=60, restarts=3).fit(x)
    frozen = load(column.export(tmp_path / "frozen", "waves"))
    assert (frozen.name, frozen.inputs, frozen.layers[0].shape) == ("waves", 48, (1, 2, 1, 1, 48))
    spikes = torch.from_numpy(encoder_from(frozen.encoder)(x[:, 0]))
    thawed = Network.from_frozen(frozen)
    assert np.array_equal(thawed.answer(thawed(spikes)).numpy(), column.labels_)


def test_silent_series_belong_to_no_cluster(series):
    x, _ = series
    column = NeuTNNClusterer(2, encoder=MinMax(), theta=10**6, presentations=1, restarts=1).fit(x)
    assert set(column.labels_) == {2}
    assert column.predict_proba(x).tolist() == [[0.0, 0.0]] * len(x)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"level": 0}, "clusterer: level: got 0; expected above 0, up to 1"),
        ({"restarts": 0}, "clusterer: restarts: got 0; expected >= 1"),
        ({"presentations": 0}, "clusterer: presentations: got 0; expected >= 1"),
    ],
)
def test_bad_settings_are_named(series, settings, text):
    with pytest.raises(InvalidInput, match=text):
        NeuTNNClusterer(2, **settings).fit(series[0])
