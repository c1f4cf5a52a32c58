"""Maps, walks, questions."""

from itertools import islice

import numpy as np
import pytest

from datamodules.place_cells import Maps, ask, disturb
from datamodules.place_cells.pictures import draw_maps, draw_walk
from hls.errors import InvalidInput


def test_maps_have_objects_at_distinct_places_with_distinct_features():
    maps = Maps.random(seed=1)
    assert maps.places.shape == (40, 10, 2)
    assert maps.places.min() == 0
    assert maps.places.max() == 14
    for places, features in zip(maps.places, maps.features, strict=True):
        assert len({tuple(p) for p in places}) == 10
        assert sorted(features) == list(range(10))


def test_the_same_seed_gives_the_same_maps():
    a, b, c = (Maps.random(5, seed=s) for s in (1, 1, 2))
    assert (a.places == b.places).all()
    assert (a.features == b.features).all()
    assert (a.places != c.places).any()


def test_edges_go_from_tail_to_head():
    maps = Maps.random(2, 3, 4, (6, 5), seed=0)
    edges = maps.edges()
    assert edges.shape == (2 * 3 * 2, 5)
    e, t, h, dx, dy = edges[0]
    at = {int(f): p for f, p in zip(maps.features[e], maps.places[e], strict=True)}
    assert (at[t] + [dx - 5, dy - 4] == at[h]).all()
    torus = Maps.random(2, 3, 4, (6, 5), torus=True, seed=0)
    e, t, h, dx, dy = torus.edges()[0]
    assert ((at[t] + [dx, dy]) % [6, 5] == at[h]).all()


def test_collisions_repeat_features():
    maps = Maps.random(30, collisions=1.0, seed=0)
    assert any(len(set(features)) < 10 for features in maps.features)


def test_walks_never_stay_and_do_not_depend_on_each_other():
    maps = Maps.random(3, seed=0)
    walk = maps.walk(1, 500, seed=4)
    assert (walk[1:] != walk[:-1]).all()
    assert len(set(walk)) == 10
    assert (walk == maps.walk(1, 500, seed=4)).all()
    assert (maps.walked(1, 500, seed=4)[1:, 1] == maps.walked(1, 500, seed=4)[:-1, 2]).all()


def test_a_stream_does_not_depend_on_the_size_of_its_chunks():
    maps = Maps.random(4, seed=0)
    small = np.concatenate(list(islice(maps.stream(10, stay=7, seed=2), 9)))
    large = np.concatenate(list(islice(maps.stream(45, stay=7, seed=2), 2)))
    assert (small == large).all()
    assert len(set(small[:, 0])) > 1


def test_change_moves_some_objects_of_one_environment():
    maps = Maps.random(3, seed=0)
    after = maps.changed(1, 4, seed=5)
    differs = (after.places != maps.places).any(2)
    assert differs.sum(1).tolist() == [0, 4, 0]
    assert len({tuple(p) for p in after.places[1]}) == 10


def test_questions_hide_and_disturb_fields():
    edges = Maps.random(5, seed=0).edges()
    assert (ask(edges, "dx", "head")[:, [2, 3]] == -1).all()
    values = (40, 10, 10, 30, 30)
    assert (disturb(edges, values) == edges).all()
    wrong = disturb(edges, values, wrong=0.25, keep=("tail",), seed=1)
    assert (wrong[:, 1] == edges[:, 1]).all()
    assert 0.2 < (wrong[:, [0, 2, 3, 4]] != edges[:, [0, 2, 3, 4]]).mean() < 0.3
    assert (wrong >= 0).all()
    assert (wrong < np.array(values)).all()
    missing = disturb(edges, values, missing=0.25, seed=1)
    assert 0.2 < (missing == -1).mean() < 0.3
    assert (missing[missing != -1] == edges[missing != -1]).all()


def test_pictures(tmp_path):
    maps = Maps.random(2, features=30, objects=12, seed=0)
    draw_maps(maps, [0, 1], tmp_path / "maps.png")
    draw_walk(maps, 0, maps.walk(0, 5), tmp_path / "walk.png")
    for name in ("maps", "walk"):
        assert (tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"objects": 1}, r"maps: objects.*got 1.*2 \.\. 225 \(places\)"),
        ({"features": 9}, "maps: features.*got 9.*at least 10, one for each object"),
        ({"collisions": 1.5}, r"maps: collisions.*got 1.5.*0 \.\. 1"),
        ({"environments": 0}, "maps: environments.*got 0.*>= 1"),
    ],
)
def test_errors(settings, text):
    with pytest.raises(InvalidInput, match=text):
        Maps.random(**settings)


def test_errors_of_disturbances():
    with pytest.raises(InvalidInput, match=r"maps: wrong.*got 2.*0 \.\. 1"):
        disturb(Maps.random(2).edges(), (40, 10, 10, 30, 30), wrong=2)
