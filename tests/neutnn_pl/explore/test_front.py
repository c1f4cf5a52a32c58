"""The Pareto front and what is written of it."""

import json

import yaml
from hypothesis import given
from hypothesis import strategies as st

from neutnn_pl.explore import Point, pareto
from neutnn_pl.explore.front import FrontReport, write_front


def point(name, accuracy, synapses, votes=0, **more):
    return Point(name, accuracy, synapses, 2 * synapses, votes, 1.5, **more)


def test_front_by_hand():
    points = [
        point("dear", 0.9, 900), point("good", 0.9, 100, 10), point("cheap", 0.5, 20),
        point("bad", 0.4, 30), point("same", 0.9, 110), point("best", 0.95, 1000),
    ]  # fmt: skip
    assert [p.name for p in pareto(points)] == ["cheap", "good", "best"]
    assert pareto([]) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.integers(0, 3)), max_size=30))
def test_front_against_the_definition(cases):
    points = [point(str(i), a / 10, s, v) for i, (a, s, v) in enumerate(cases)]

    def beats(a, b):
        no_worse = a.cost <= b.cost and a.accuracy >= b.accuracy
        return no_worse and (a.cost, a.accuracy) != (b.cost, b.accuracy)

    kept = {(p.cost, p.accuracy) for p in points if not any(beats(q, p) for q in points)}
    front = pareto(points)
    assert sorted(kept) == [(p.cost, p.accuracy) for p in front]


def test_table_picture_and_recipes(tmp_path):
    points = [
        point("a", 0.5, 20, 5, changes={"x.y.theta": 3}),
        point("b", 0.95, 30, stopped=True),
        point("c", 0.9, 50),
    ]
    recipes = {name: {"data": {"name": name}} for name in "abc"}
    published = [
        {"name": "x", "accuracy": 0.8, "synapses": 60, "source": "A, 2015"},
        {"name": "y", "accuracy": 0.95, "synapses": None, "source": "B, 2022"},
    ]
    report = FrontReport("a search", 5, published, {"c": 0.89})
    front = write_front(tmp_path, points, recipes, report)
    assert [p.name for p in front] == ["a", "c"]
    table = (tmp_path / "front.md").read_text()
    assert "3 of 5 networks have scores, 1 of them stopped early" in table
    assert "there is no forecast of them yet" in table
    assert "| front/1.yaml | 0.5000 |  | 20 | 40 | 5 | 2 | theta=3 |" in table
    assert "| front/2.yaml | 0.9000 | 0.8900 | 50 |" in table
    assert "| x | 0.8000 | 60 | front/2.yaml | A, 2015 |" in table
    assert "| y | 0.9500 | not stated | none | B, 2022 |" in table
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")
    assert yaml.safe_load((tmp_path / "front" / "2.yaml").read_text()) == {"data": {"name": "c"}}
    assert not (tmp_path / "front" / "3.yaml").exists()
    assert len(json.loads((tmp_path / "trials.json").read_text())) == 3
