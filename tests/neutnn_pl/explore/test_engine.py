"""A tiny search with Ray Tune: trials are runs, a search that was cut goes on."""

import json

import numpy as np
import pytest
import yaml

from hls.errors import InvalidInput, ToolMissing, Unsupported
from neutnn_pl.cli import main
from neutnn_pl.explore import engine
from neutnn_pl.explore.hardware import hardware_of
from neutnn_pl.explore.space import base_recipe, changed, read_search
from neutnn_pl.explore.trial import run_pruned, run_trial, score_of
from tests.datamodules.test_mnist import idx
from tests.test_scripts import script


@pytest.fixture
def search(tmp_path, monkeypatch):
    """Write a search over small images of two kinds, bright above or below."""
    monkeypatch.setenv("NEUTNN_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "data" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    for part, count in (("train", 10_060), ("t10k", 20)):
        labels = rng.integers(0, 2, count, dtype=np.uint8)
        images = rng.integers(0, 140, (count, 28, 28), dtype=np.uint8)
        images[labels == 0, :14] |= 128
        images[labels == 1, 14:] |= 128
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels))
    text = {
        "base": "mnist/small",
        "trials": 3,
        "patience": None,
        "prune": [0.6],
        "test": True,
        "forecast": "nangate45",
        "fixed": {
            "data.init_args.root": str(tmp_path / "data"),
            "data.init_args.fraction": 0.02,
            "trainer.limit_val_batches": 1.0,
            "trainer.accelerator": "cpu",
            "trainer.max_epochs": 4,
            "model.init_args.kernel": "numba",
            "model.init_args.stages": [2, 2],
            "model.init_args.layers.0": {"neurons": 2, "theta": 9, "kernel": 7, "stride": 7},
        },
        "space": {
            "model.init_args.layers.0.neurons": {"from": 2, "to": 5},
            "model.init_args.layers.0.theta": [9, 12],
        },
    }
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(text))
    return path


def test_a_tiny_search_goes_on_and_refuses_another(search, tmp_path, capsys):
    pytest.importorskip("ray.tune", reason="ray is not installed (pip install neutnn-pl[sweep])")
    out = tmp_path / "found"
    command = ["explore", "-c", str(search), "--dir", str(out)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "front/1.yaml" in printed
    trials = json.loads((out / "trials.json").read_text())
    assert json.loads((out / "errors.json").read_text()) == []
    assert len(trials) == 6
    pruned = [trial for trial in trials if "pruning" in trial["changes"]]
    assert [trial["name"] for trial in pruned] == [f"{t['name']}-60" for t in trials[::2]]
    for trial, whole in zip(pruned, trials[::2], strict=True):
        assert trial["whole"] == whole["whole"] - int(0.6 * whole["whole"])
    tests = json.loads((out / "tests.json").read_text())
    assert f" | {next(iter(tests.values())):.4f} | " in (out / "front.md").read_text()
    for trial in trials:
        assert 0 <= trial["accuracy"] <= 1
        assert trial["synapses"] <= trial["whole"]
        assert trial["votes"] <= 16 * trial["changes"]["model.init_args.layers.0.neurons"] * 10
        assert (out / "trials" / trial["name"] / "config.yaml").is_file()
        assert (out / "trials" / trial["name"] / "steps" / "fit" / "curve.csv").is_file()
        low, high = trial["hardware"]["area_um2"][1:]
        assert 0 < low < trial["hardware"]["area_um2"][0] < high
        assert trial["hardware"]["energy_pj"][0] > 0
    assert list(json.loads((out / "forecasts.json").read_text())) == [t["name"] for t in trials]
    recipe = yaml.safe_load((out / "front" / "1.yaml").read_text())
    assert recipe["model"]["init_args"]["layers"][0]["theta"] in (9, 12)
    # The same search again has nothing left to do; another one is refused.
    assert main(command) == 0
    assert json.loads((out / "trials.json").read_text()) == trials
    done = script("explore.py", *command[1:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "front/1.yaml" in done.stdout
    # What is read and forecast afterwards may change: no trial is another one for it.
    search.write_text(search.read_text().replace("forecast: nangate45", "forecast: null"))
    assert main(command) == 0
    assert "were not asked for" in (out / "front.md").read_text()
    capsys.readouterr()
    assert main([*command, "--trials", "2"]) == 2
    assert "another search in it; expected an empty directory" in capsys.readouterr().err


def test_a_search_on_a_cluster_by_its_address(search, tmp_path, capsys):
    pytest.importorskip("ray.tune", reason="ray is not installed (pip install neutnn-pl[sweep])")
    from ray.cluster_utils import Cluster

    cluster = Cluster(True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        out = tmp_path / "found"
        command = ["explore", "-c", str(search), "--dir", str(out), "--trials", "1"]
        assert main([*command, "--ray", cluster.address]) == 0
    finally:
        cluster.shutdown()
    assert len(json.loads((out / "trials.json").read_text())) == 2  # whole and pruned
    assert "front/1.yaml" in capsys.readouterr().out


def test_a_trial_that_had_ended_reports_again_and_prunes_what_is_missing(search, tmp_path):
    recipe = base_recipe(read_search(str(search)))
    run, found = tmp_path / "trials" / "x", []
    run_trial(recipe, run, found.append, tradeoff=0.3)
    reports, kept = len(found), (run / "steps" / "fit" / "curve.csv").stat().st_mtime_ns
    run_trial(recipe, run, found.append, tradeoff=0.3)
    assert found[reports:] == [found[reports - 1]]
    assert (run / "steps" / "fit" / "curve.csv").stat().st_mtime_ns == kept
    run_pruned(recipe, run, [0.5], tradeoff=0.3)
    pruned = json.loads((tmp_path / "trials" / "x-50.json").read_text())
    assert pruned["whole"] == found[-1]["whole"] // 2
    assert pruned["synapses"] <= pruned["whole"]
    assert found[-1]["accuracy"] == pytest.approx(score_of(run, "val"))
    assert 0 <= score_of(run, "test") <= 1


def test_one_validation_is_enough_for_a_report(search, tmp_path):
    changes = {"trainer.check_val_every_n_epoch": 4}
    recipe = changed(base_recipe(read_search(str(search))), changes)
    found = []
    run_trial(recipe, tmp_path / "x", found.append, tradeoff=0.3)
    assert [report["epoch"] for report in found] == [3]
    assert found[0]["accuracy"] == pytest.approx(score_of(tmp_path / "x", "val"))


def test_a_run_has_a_forecast_or_says_why_not(search, tmp_path, monkeypatch):
    recipe = changed(base_recipe(read_search(str(search))), {"trainer.max_epochs": 3})
    run_trial(recipe, tmp_path / "x", lambda _: None, tradeoff=0.3)
    found = hardware_of(tmp_path / "x", "sky130hd")
    assert (found.pdk, found.reason) == ("sky130hd", "")
    assert found.area_um2[0] > 0

    def refuse(*_):
        raise Unsupported("layer 0", got="late=saturate", expected="late=drop")

    monkeypatch.setattr("neutnn_pl.explore.hardware.forecast", refuse)
    found = hardware_of(tmp_path / "x", "sky130hd")
    assert found.area_um2 is None
    assert found.reason == "layer 0: got late=saturate; expected late=drop"


def test_without_ray(search, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ToolMissing, match=r"pip install neutnn-pl\[sweep\]"):
        engine.explore(read_search(str(search)), tmp_path / "x")


def test_a_key_of_the_space_that_leads_nowhere(search, tmp_path):
    text = search.read_text().replace("layers.0.neurons", "layers.7.neurons")
    search.write_text(text)
    with pytest.raises(InvalidInput, match="got no '7' in the recipe"):
        engine.explore(read_search(str(search)), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_an_option_that_is_no_pair(search, capsys):
    assert main(["explore", "-c", str(search), "--set", "theta"]) == 2
    assert "option --set: got 'theta'; expected KEY=VALUE" in capsys.readouterr().err
