"""Search spaces: keys that lead into a recipe, and errors that say what is wrong."""

import pytest

from hls.errors import InvalidInput
from neutnn_pl.explore import read_search
from neutnn_pl.explore.space import Search, base_recipe, changed


def test_the_search_of_mnist():
    search = read_search("mnist/explore")
    assert search.base == "mnist/small"
    recipe = base_recipe(search)
    assert recipe["model"]["init_args"]["stages"] == [2, 4]
    assert search.trials * (1 + len(search.prune)) >= 40
    first = {k: v[0] if isinstance(v, list) else v["from"] for k, v in search.space.items()}
    layers = changed(recipe, first)["model"]["init_args"]["layers"]
    assert layers == [{"neurons": 2, "theta": 7, "kernel": 3, "corners": True}]


def test_changes_go_from_the_root_to_the_leaves_and_leave_the_original():
    recipe = {"a": {"b": [{"c": 1}, {"c": 2}]}}
    out = changed(recipe, {"a.b.0.c": 9, "a.b": [{"c": 5}]})
    assert out == {"a": {"b": [{"c": 9}]}}
    assert recipe == {"a": {"b": [{"c": 1}, {"c": 2}]}}
    assert changed({"a": [1, 2]}, {"a.1": 7}) == {"a": [1, 7]}


@pytest.mark.parametrize("key", ["x.b", "a.b.2.c", "a.b.first", "a.b.0.c.d"])
def test_a_key_that_leads_nowhere(key):
    with pytest.raises(InvalidInput, match=f"search: {key}: got no '.*' in the recipe; expected a"):
        changed({"a": {"b": [{"c": 1}, {"c": 2}]}}, {key: 0})


@pytest.mark.parametrize(
    "values", [[], 3, {"from": 1}, {"from": 3, "to": 1}, {"from": 1, "to": 2.5}]
)
def test_values_that_are_none(values):
    with pytest.raises(
        InvalidInput, match=r"search: a: got .*; expected a list of values, or \{from: 1, to: 9\}"
    ):
        Search("mnist/small", {"a": values})


def test_settings_out_of_range():
    with pytest.raises(InvalidInput, match="search: trials: got 0; expected an integer >= 1"):
        Search("mnist/small", {"a": [1]}, trials=0)
    with pytest.raises(InvalidInput, match=r"search: prune: got \[1.5\]; expected a list"):
        Search("mnist/small", {"a": [1]}, prune=[1.5])
    with pytest.raises(InvalidInput, match="search: published: got .*; expected a list of"):
        Search("mnist/small", {"a": [1]}, published=[{"name": "x"}])
    with pytest.raises(InvalidInput, match="search: forecast: got 'osu018'; expected null, or a"):
        Search("mnist/small", {"a": [1]}, forecast="osu018")
    with pytest.raises(InvalidInput, match="search: space: got nothing in it; expected a key"):
        Search("mnist/small", {})
    assert Search("mnist/small", {"a": [1]}, patience=None).patience is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: mnist/small\n", "got no space; expected base, a recipe, and space"),
        ("- 1\n", "got no base and no space"),
        ("a: [\n", "got .*; expected YAML"),
        ("base: a\nspace: {b: [1]}\ntrails: 3\n", "got key 'trails'; expected one of base, cpus"),
    ],
)
def test_files_that_are_no_search(text, message, tmp_path):
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=message):
        read_search(str(tmp_path / "s.yaml"))
