"""The golden traces: held against the reference, the naive oracle, C and RTL."""

import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hls.targets import compile
from neutnn_pl.functional.rules import rule_from
from tests import oracle
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import make_golden

FILES = sorted((ROOT / "tests" / "golden").glob("*.json"))
DOCUMENTS = {path.stem: json.loads(path.read_text("utf-8")) for path in FILES}
PLAIN = {
    name: make_golden.network_of(document).freeze(f"golden_{name}")
    for name, document in DOCUMENTS.items()
    if name != "tie_random"
}
PLAIN = {name: net for name, net in PLAIN.items() if all(layer.plain for layer in net.layers)}
IN_RTL = [n for n, net in PLAIN.items() if len(net.layers) == 1 and net.layers[0].wta == "1-wta"]


def test_the_files_are_what_the_script_makes(capsys):
    assert make_golden.main(["--check"]) == 0, capsys.readouterr().out


def test_the_check_notices_a_change(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make_golden, "GOLDEN", tmp_path)
    assert make_golden.main(["--check"]) == 1
    assert make_golden.main([]) == 0
    assert make_golden.main(["--check"]) == 0
    capsys.readouterr()
    path = tmp_path / "rnl.json"
    path.write_text(path.read_text("utf-8").replace('"theta": [[4]]', '"theta": [[5]]'), "utf-8")
    (tmp_path / "old.json").write_text("{}")
    assert make_golden.main(["--check"]) == 1
    assert capsys.readouterr().out == (
        "old.json: not what scripts/make_golden.py makes\n"
        "rnl.json: not what scripts/make_golden.py makes\n"
    )


def test_files_are_small_and_say_what_they_show():
    assert len(FILES) >= 40
    for path in FILES:
        assert path.stat().st_size < 8192
        assert DOCUMENTS[path.stem]["about"].endswith(".")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_reference(name):
    assert make_golden.trace(DOCUMENTS[name]) == DOCUMENTS[name]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_reference_in_one_chunk(name):
    document = DOCUMENTS[name]
    network, samples = make_golden.network_of(document), document["samples"]
    x = torch.tensor([sample["x"] for sample in samples], dtype=torch.uint8)
    proximal = labels = None
    if "proximal" in samples[0]:
        proximal = torch.tensor([sample["proximal"] for sample in samples]).byte()
    if "label" in samples[0]:
        labels = torch.tensor([sample["label"] for sample in samples])
    if document["rule"] is None:
        y = network(x, proximal)
    else:
        y = network.learn(
            x, rule_from(document["rule"]), document["seed"], proximal=proximal, labels=labels
        )
    assert y.tolist() == [sample["layers"][-1]["y"] for sample in samples]
    steps = [step for step in samples[-1]["layers"] if "y" in step]
    for layer, step in zip(network.columns, steps, strict=True):
        for key, value in step.items():
            if key.endswith("_after"):
                assert getattr(layer, key.removesuffix("_after")).tolist() == value
    if network.voter is not None:
        assert network.voter.votes.tolist() == samples[-1]["voter"]["votes_after"]


# The oracle ----------------------------------------------------------------------------------


def read(volley, lines, missing):
    """Inputs of every place of a nested table of lines."""
    if isinstance(lines, list):
        return [read(volley, part, missing) for part in lines]
    return missing if lines < 0 else volley[lines]


class OracleLayer:
    """A layer of a file in the oracle's terms."""

    def __init__(self, settings, document, horizon, index):
        w = settings["weights"]
        c, n, d, s, p = np.array(w).shape
        wp = settings.get("proximal_weights", np.zeros((c, n, d, s, 0), int).tolist())
        r = settings.get("proximal_inputs", 1)
        proximal = settings.get("proximal", "none")
        home = settings.get("homeostasis")
        m, m_p = (2 ** settings.get(key, settings["wres"]) - 1 for key in ("wres", "proximal_wres"))
        ramp = settings["response"] == "rnl"
        steps = horizon + (m - 1 if ramp else 0)
        if proximal == "weighted":
            other = settings.get("proximal_horizon", horizon)
            steps = max(steps, other + (m_p - 1 if ramp else 0))
        self.steps, self.gamma = steps, settings.get("gamma", 0)
        self.lines = settings.get("lines", [list(range(p))] * c)
        default = [[[[j * r + i for i in range(r)] for j in range(d)]] * n] * c
        self.proximal_lines = settings.get("proximal_lines", default)
        self.spec = SimpleNamespace(
            **{key: settings[key] for key in ("response", "wta", "k", "tie")},
            steps=steps, w_max=m, w_max_proximal=m_p, proximal=proximal, layer=index,
            homeostasis=home and SimpleNamespace(**home), seed=document["seed"], first_column=0,
            rule=document["rule"] and rule_from(document["rule"]),
        )  # fmt: skip
        self.state = {
            "w": w,
            "wp": wp,
            "theta": settings["theta"],
            "mask": settings.get("mask", np.ones_like(w).tolist()),
            "mask_p": np.ones_like(wp).tolist(),
            "fraction": np.zeros_like(w).tolist(),
            "fraction_p": np.zeros_like(wp).tolist(),
            "fatigue": np.zeros((c, n), int).tolist(),
            "lfsr": settings.get("lfsr", [1] * c),
        }

    def run(self, volley, proximal, label, step):
        """Evaluate and learn; check all that the file's step says of it; return the volley."""
        x = read(volley, self.lines, 255)
        xp = None
        if self.spec.proximal != "none":
            xp = read(proximal, self.proximal_lines, {"enable": 1, "weighted": 255}[
                self.spec.proximal])  # fmt: skip
        gamma = self.gamma if self.spec.rule else None
        y, after_all, after_dendrite, _ = oracle.infer_sample(x, self.state, self.spec, xp, gamma)
        assert (step["y"], step["after_all_wta"]) == (y, after_all)
        assert step["after_dendrite_wta"] == after_dendrite
        assert step["passing"] == [[n for n, t in enumerate(row) if t != 255] for row in y]
        self.check_potentials(x, xp, step)
        if self.spec.rule:
            y, self.state = oracle.learn_sample(x, self.state, self.spec, self.gamma, xp, label)
            self.gamma += 1
            names = {"weights": "w", "proximal_weights": "wp"}
            for key, value in step.items():
                if key.endswith("_after"):
                    name = key.removesuffix("_after")
                    assert value == self.state[names.get(name, name)], key
        return [time for row in y for time in row]

    def check_potentials(self, x, xp, step):
        weighted = self.spec.proximal == "weighted"
        for (c, n, d, s), _ in np.ndenumerate(np.array(step["segments"])):
            ins, weights = x[c], self.state["w"][c][n][d][s]
            if self.spec.proximal == "enable" and not xp[c][n][d][0]:
                ins = [255] * len(ins)
            if weighted:
                ins, weights = ins + xp[c][n][d], weights + self.state["wp"][c][n][d][s]
            v = [oracle.potential(ins, weights, t, self.spec.response) for t in range(self.steps)]
            assert step["potential"][c][n][d][s] == v
            theta = step.get("theta", self.state["theta"])[c][n]
            first = next((t for t in range(self.steps) if v[t] >= theta), 255)
            assert step["segments"][c][n][d][s] == first


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_oracle(name):
    document = DOCUMENTS[name]
    layers, horizon, index = [], 2 ** document["tres"], 0
    for settings in document["layers"]:
        if "retime" in settings:
            layers.append(settings)
            horizon = settings["retime"]
            continue
        layers.append(OracleLayer(settings, document, horizon, index))
        horizon, index = layers[-1].steps, index + 1
    voter, v = document["voter"], None
    if voter:
        v = np.zeros((voter["columns"], voter["neurons"], voter["classes"]), int).tolist()
    for number, sample in enumerate(document["samples"]):
        volley, label = sample["x"], sample.get("label")
        for layer, step in zip(layers, sample["layers"], strict=True):
            if isinstance(layer, dict):
                volley = oracle.retime(volley, layer["retime"], layer["late"])
                assert step["retimed"] == volley
            else:
                volley = layer.run(volley, sample.get("proximal"), label, step)
        if voter:
            y, step = sample["layers"][-1]["y"], sample["voter"]
            assert step["tally"] == oracle.votes(y, v)
            assert step["answer"] == oracle.elected(oracle.votes(y, v))
            if voter["kind"] == "margin":
                v = oracle.margin_vote(v, y, label, voter["margin"])
            else:
                rest = (voter["up"], voter["down"], voter["v_max"], document["seed"])
                v = oracle.local_vote(v, y, label, number, *rest)
            assert step["votes_after"] == v


# Hardware ------------------------------------------------------------------------------------


def stimulus(name):
    """Samples seen by the weights that the file gives, and their answers."""
    document = DOCUMENTS[name]
    samples = document["samples"][: 1 if document["rule"] else None]
    x = np.array([sample["x"] for sample in samples], dtype=np.uint8)
    return x, [sample["layers"][-1]["y"] for sample in samples]


def test_hardware_sees_enough_of_them():
    assert len(PLAIN) >= 25
    assert len(IN_RTL) >= 20


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
@pytest.mark.parametrize("name", PLAIN)
def test_the_c_kernel(name, tmp_path):
    x, y = stimulus(name)
    assert compile(PLAIN[name], "c", tmp_path).predict(x).y.tolist() == y


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is not installed")
@pytest.mark.parametrize("name", IN_RTL)
def test_the_rtl_in_icarus(name, tmp_path):
    x, y = stimulus(name)
    assert compile(PLAIN[name], "icarus", tmp_path).predict(x).y.tolist() == y
