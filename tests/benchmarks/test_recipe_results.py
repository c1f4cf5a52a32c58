"""The recipes' page: rendered from records, and equal to what is committed."""

import json
import shutil

import pytest

from benchmarks import recipe_results as rr
from hls.errors import InvalidInput
from neutnn_pl.recipes import recipe_names, result
from tests.conftest import ROOT
from tests.test_scripts import script


def test_the_page_is_what_its_records_render_to():
    words = (ROOT / "recipes" / rr.WORDS).read_text(encoding="utf-8")
    page = (ROOT / "recipes" / rr.PAGE).read_text(encoding="utf-8")
    assert page == rr.render(words, rr.read())


def test_every_recipe_has_a_result_and_every_run_says_how_it_was_made():
    results = rr.read()
    assert [name for name in recipe_names() if not result(name)] == []
    assert set(results["lines"]) <= set(recipe_names())
    for name, record in results["runs"].items():
        assert results["lines"][name] == rr.line(record)
        assert record["command"].startswith(f"neutnn fit -c {name} ")
        assert {"torch", "lightning", "neutnn-pl"} <= set(record["versions"])
        assert {len(values) for values in record["figures"].values()} == {len(record["seeds"])}
    for table in results["tables"].values():
        assert (
            {len(row) for row in table["rows"]} == {len(table["columns"])} == {len(table["left"])}
        )


def test_a_recipe_is_measured_recorded_and_rendered(tmp_path):
    folder = tmp_path / "recipes"
    folder.mkdir()
    table = rr.table(["| a | b |", "|---|---:|", "| x | 1 |"], "make it")
    (folder / "results.json").write_text(
        json.dumps({"runs": {}, "tables": {"t": table}, "lines": {}})
    )
    (folder / rr.WORDS).write_text("# R\n\n<!-- runs -->\n\n<!-- table t -->\n")
    shutil.copy(folder / rr.WORDS, folder / rr.PAGE)
    args = ("--folder", folder)
    done = script("recipes_readme.py", "--check", *args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "README.md is not what results.json renders to\n")
    done = script("recipes_readme.py", "ucr/arrowhead", "--seeds", 2, *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mean of 2 seeds" in done.stdout
    page = (folder / rr.PAGE).read_text()
    assert "| ucr/arrowhead | 0.7" in page
    assert "| x | 1 |\n\nMade again by `make it`" in page
    assert "`neutnn fit -c RECIPE --model.seed SEED`, seeds 0 to 1, 20" in page
    assert script("recipes_readme.py", "--check", *args, cwd=tmp_path).stdout == "up to date\n"
    record = rr.read(folder)["runs"]["ucr/arrowhead"]
    assert len(record["figures"]["rand_after"]) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["recipes"]


def test_marks_and_tables_have_to_fit():
    with pytest.raises(InvalidInput, match=r"tables: got \['t'\]; expected \[\]"):
        rr.render("<!-- table t -->\n", {"runs": {}, "tables": {}, "lines": {}})
    with pytest.raises(InvalidInput, match="recipe 'ucr/nothing'"):
        rr.render("<!-- line ucr/nothing -->\n", {"runs": {}, "tables": {}, "lines": {}})
    found = rr.render("<!-- line ucr/beef -->\n", {"runs": {}, "tables": {}, "lines": {}})
    assert found.endswith("Not measured yet.\n")
