"""The page of a run, in a real browser; comparisons."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from hls.errors import InvalidInput
from hls.flow import write_stimulus
from hls.ir import Outputs, save
from hls.report import write_report
from hls.report.charts import ticks
from hls.report.compare import as_text, compare_runs, write_page
from hls.report.pictures import confusion
from hls.report.wave import wave
from hls.step import step_dir
from neutnn_pl.nn import Layer, Network
from neutnn_pl.smoke import tiny
from tests.hls.report.test_report import record

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def make(run, theta=9, **figures):
    """A run with a network, spikes, a learning curve and a picture of a layout."""
    run.mkdir(parents=True)
    network, x, y = tiny()
    save(network, run / "frozen")
    write_stimulus(step_dir(run, "freeze"), network, x, y)
    np.save(step_dir(run, "freeze") / "labels.npy", np.arange(len(x)) % 3)
    record(run, "prune", rand_after=0.7, kmeans_rand=0.5)
    record(run, "synth", cells=100, **figures)
    (step_dir(run, "fit")).mkdir(parents=True)
    (step_dir(run, "fit") / "curve.csv").write_text("epoch,a,b\n1,0.5,\n2,0.75,1\n3,0.8,1\n")
    gradient = np.add.outer(np.arange(400), np.arange(600)).astype(np.uint8)
    step_dir(run, "layout").mkdir(parents=True)
    Image.fromarray(gradient).save(step_dir(run, "layout") / "layout.png")
    (run / "config.yaml").write_text(f"model:\n  theta: {theta}\n  seed: 1\n")
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = make(tmp_path_factory.mktemp("pages") / "mine")
    step = step_dir(run, "layout") / "step.json"
    step.write_text(json.dumps({"id": "layout", "status": "failed", "started": "",
                                "error": "<b>no room</b>"}))  # fmt: skip
    write_report(run)
    return run


def test_a_page_holds_everything_and_loads_nothing(run):
    text = (run / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", text)
    assert "http://" not in text
    assert "https://" not in text
    for title in ("Figures", "Layout", "Clusters and classes", "Potentials of a sample", "Spikes",
                  "Weights", "Learning curve", "Steps and tools", "Make it again"):  # fmt: skip
        assert f"<h2>{title}</h2>" in text
    assert "&lt;b&gt;no room&lt;/b&gt;" in text
    assert "<b>no room</b>" not in text
    assert f"neutnn flow -c {run}/config.yaml" in text
    assert "@media print" in text
    assert 'name="viewport"' in text


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
@pytest.mark.parametrize("width", [400, 1100])
def test_a_browser_shows_it_without_an_error(run, tmp_path, width):
    picture = tmp_path / "shot.png"
    done = subprocess.run(
        [CHROMIUM, "--headless", "--hide-scrollbars", "--no-sandbox", "--disable-gpu",
         "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}",
         f"--window-size={width},2600",
         f"--screenshot={picture}", (run / "report.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "CONSOLE" not in done.stderr
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    assert pixels.shape[:2] == (2600, width)
    # What is looked for: much white, dark text, the colours of inputs and outputs, the picture.
    assert (pixels.min(axis=2) > 250).mean() > 0.4
    assert (pixels.max(axis=2) < 90).mean() > 0.002
    for wanted in ((0x33, 0x65, 0x8A), (0xF2, 0x64, 0x19)):
        assert (abs(pixels - wanted).max(axis=2) < 12).sum() > 50, wanted
    if width == 1100:
        assert pixels[:, -30:].min() > 200  # nothing runs over the margin


def test_potentials_cross_where_the_network_spikes():
    """Without inhibition, the wave's crossing is the spike time of the reference."""
    import torch

    network = Network(Layer(inputs=6, neurons=2, theta=9, wta="none"), tres=3)
    network.reset(4)
    x = torch.randint(0, 8, (60, 6), generator=torch.Generator().manual_seed(2)).to(torch.uint8)
    x[x > 6] = 255
    y = network(x).numpy()
    frozen = network.freeze("waves")
    for sample in range(len(x)):
        found = wave(frozen, x[sample].numpy())
        expected = np.where(y[sample, 0] == 255, -1, y[sample, 0].astype(int))
        assert (found.crossing == expected).all()
    assert (y != 255).any()


def test_comparing_runs(run, tmp_path):
    other = make(tmp_path / "other", theta=10, area_um2=5.0)
    found = compare_runs([run, other])
    assert found["settings"] == [("model.theta", "9", "10")]
    rows = {row[0]: row[1:] for row in found["figures"]}
    assert rows["cells"] == ("100", "100")
    assert rows["cell area, um^2"] == ("-", "5.000")
    assert rows["Rand index, k-means"] == ("0.500", "0.500")
    text = as_text(found)
    assert "model.theta" in text
    assert "model.seed" not in text
    write_page(found, tmp_path / "compare.html")
    page = (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert "Configuration: what differs" in page
    assert '<tr class="differs"><td>cell area, um^2</td>' in page
    assert "no difference" in as_text(compare_runs([run, run]))
    with pytest.raises(InvalidInput, match="compare: got 1 run; expected two or more"):
        compare_runs([run])


def test_changes_are_relative_to_the_first_run(tmp_path):
    one, two = tmp_path / "a", tmp_path / "b"
    record(one, "synth", cells=100)
    record(two, "synth", cells=125)
    (row,) = compare_runs([one, two])["figures"]
    assert row == ("cells", "100", "125 (+25.0%)")


def test_ticks_are_round():
    assert ticks(0, 1, 4) == [0.0, 0.5, 1.0]
    assert ticks(0.2, 0.9, 4) == [0.2, 0.4, 0.6, 0.8]
    assert ticks(3, 3) == [3]


def test_clusters_against_classes(run):
    with np.load(step_dir(run, "freeze") / "stimulus.npz") as arrays:
        outputs = Outputs(arrays["y"])
    labels = np.arange(len(outputs.y)) % 3
    table = confusion(outputs.winner[:, 0], labels, outputs.y.shape[2])
    assert table.sum() == len(labels)
    assert table.sum(axis=1).tolist() == np.bincount(labels).tolist()
    for row, column in np.ndindex(table.shape[0], table.shape[1] - 1):
        both = (labels == row) & (outputs.winner[:, 0] == column)
        assert table[row, column] == both.sum()
    assert (run / "confusion.png").read_bytes()[:4] == b"\x89PNG"
