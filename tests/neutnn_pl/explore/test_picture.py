"""The picture of a search shows the figures of its table."""

import pytest
from matplotlib.figure import Figure

from neutnn_pl.explore.front import FrontReport, pareto
from neutnn_pl.explore.picture import draw_front
from tests.neutnn_pl.explore.test_front import cost, point

PUBLISHED = [
    {"name": "x", "accuracy": 0.8, "synapses": 60, "source": "A, 2015"},
    {"name": "y", "accuracy": 0.99, "synapses": None, "source": "B, 2022"},
]


def drawn(points, path, monkeypatch):
    figures, save = [], Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *a, **k: (figures.append(self), save(self, *a, **k))
    )
    draw_front(points, path, FrontReport("a search", 4, PUBLISHED))
    assert path.read_bytes().startswith(b"\x89PNG")
    return figures[0]


def line(axes, label):
    (found,) = [part for part in axes.lines if part.get_label() == label]
    return [tuple(round(float(v), 9) for v in pair) for pair in found.get_xydata()]


def test_a_panel_for_each_cost(tmp_path, monkeypatch):
    points = [
        point("a", 0.8, 10, votes=5, hardware=cost(5, 1)),
        point("b", 0.7, 20, hardware=cost(1, 5)),
        point("c", 0.9, 30),
        point("d", 0.6, 40, stopped=True),
    ]
    panels = drawn(points, tmp_path / "x.png", monkeypatch).axes
    assert [axes.get_xlabel() for axes in panels] == [
        "synapses above 0, and votes",
        "forecast area, mm$^2$ (nangate45)",
        "forecast energy of an inference, nJ (nangate45)",
    ]
    assert line(panels[0], "front") == [(15, 20), (30, 10)]
    assert line(panels[1], "front") == [(1, 30), (5, 20)]
    assert line(panels[2], "front") == [(1, 20)]
    crosses = [part for part in panels[0].collections if "published" in part.get_label()]
    assert [tuple(part.get_offsets()[0]) for part in crosses] == [pytest.approx((60, 20))]
    assert panels[0].lines[-1].get_label() == "y (published, synapses not stated)"
    assert panels[0].lines[-1].get_ydata()[0] == pytest.approx(1)


def test_without_a_forecast_there_is_one_panel(tmp_path, monkeypatch):
    points = [point("a", 0.8, 10), point("b", 0.9, 30)]
    (panel,) = drawn(points, tmp_path / "x.png", monkeypatch).axes
    assert line(panel, "front") == [(10, 20), (30, 10)]
    assert pareto(points, "area") == []
