"""The Pareto front and what is written of it."""

import csv
import json

import yaml
from hypothesis import given
from hypothesis import strategies as st

from neutnn_pl.explore import Point, pareto
from neutnn_pl.explore.front import FrontReport, Hardware, best, write_front


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
    assert "Area and energy were not asked for (`forecast` in the search)." in table
    cells = "| not asked for | not asked for | synapses |"
    assert f"| front/1.yaml | 0.5000 |  | 20 | 40 | 5 {cells} 2 | theta=3 |" in table
    assert "| front/2.yaml | 0.9000 | 0.8900 | 50 |" in table
    assert "| x | 0.8000 | 60 | front/2.yaml | A, 2015 |" in table
    assert "| y | 0.9500 | not stated | none | B, 2022 |" in table
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")
    assert yaml.safe_load((tmp_path / "front" / "2.yaml").read_text()) == {"data": {"name": "c"}}
    assert not (tmp_path / "front" / "3.yaml").exists()
    assert len(json.loads((tmp_path / "trials.json").read_text())) == 3


def cost(area, energy):
    return Hardware("nangate45", [1e6 * area, 5e5, 2e6], [1e3 * energy, 1e3, 9e3])


def test_fronts_of_area_and_energy(tmp_path):
    points = [
        point("a", 0.8, 10, hardware=cost(5, 1)),
        point("b", 0.7, 20, hardware=cost(1, 5)),
        point("c", 0.9, 30, hardware=Hardware("nangate45", reason="a | b")),
        point("d", 0.6, 40, hardware=cost(9, 9)),
    ]
    assert [p.name for p in pareto(points, "area")] == ["b", "a"]
    assert [p.name for p in pareto(points, "energy")] == ["a"]
    fronts = {"a": ["synapses", "area", "energy"], "b": ["area"], "c": ["synapses"]}
    assert best(points) == fronts
    assert list(best(points)) == ["a", "b", "c"]
    recipes = {p.name: {"data": {"name": p.name}} for p in points}
    found = write_front(tmp_path, points, recipes, FrontReport("a search", 4))
    assert [p.name for p in found] == ["a", "b", "c"]
    table = (tmp_path / "front.md").read_text()
    assert "are forecast for nangate45, votes included" in table
    assert "Without a forecast: 1; their cells say why." in table
    assert "| 5 (0.5-2) | 1 (1-9) | synapses, area, energy | 2 |" in table
    # What cannot be forecast says so in its cells.
    assert "| none: a / b | none: a / b | synapses |" in table
    assert yaml.safe_load((tmp_path / "front" / "2.yaml").read_text()) == {"data": {"name": "b"}}
    with (tmp_path / "trials.csv").open() as handle:
        rows = {row["name"]: row for row in csv.DictReader(handle)}
    assert rows["a"]["area_um2"] == "5000000"
    assert rows["b"]["energy_pj_high"] == "9000"
    assert (rows["c"]["area_um2"], rows["c"]["no_forecast"]) == ("", "a | b")
    assert (rows["a"]["fronts"], rows["d"]["fronts"]) == ("synapses area energy", "")
