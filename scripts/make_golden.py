"""Makes the golden traces in tests/golden: small examples of every mode, step by step.

Each file gives a network, its learning rule and its samples, then for every sample and layer what
is computed: potentials over time, spike times at every level, draws, cases, learned weights.
Spike times are time steps, 255 for none. Arrays are nested as in docs/semantics.md: weights
[column][neuron][dendrite][segment][input], potentials with time as the last index.

    python scripts/make_golden.py            write the files
    python scripts/make_golden.py --check    say whether they are what would be written
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from golden_scenarios import scenarios
from torch import Tensor

from neutnn_pl import functional as F
from neutnn_pl import nn
from neutnn_pl.functional.rules import rule_from
from neutnn_pl.kernels import evaluate
from neutnn_pl.kernels.spec import reward_of, thresholds

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
GIVEN = ("about", "tres", "seed", "rule", "layers", "voter")
"""Keys of a file that are inputs; of its samples, `x`, `proximal` and `label` are."""
Document = dict[str, Any]


# The network that a file describes -----------------------------------------------------------


def network_of(document: Document) -> nn.Network:
    """Return the network of a file, with its weights."""
    layers: list[nn.Layer | nn.Retime] = []
    for settings in document["layers"]:
        if "retime" in settings:
            layers.append(nn.Retime(settings["retime"], settings["late"]))
        else:
            layers.append(_layer(settings))
    voter = document["voter"]
    return nn.Network(*layers, tres=document["tres"], voter=voter and nn.Voter(**voter))


def _layer(settings: Document) -> nn.Layer:
    settings = dict(settings)
    weights = torch.tensor(settings.pop("weights"), dtype=torch.uint8)
    own = {
        name: torch.tensor(settings.pop(name))
        for name in ("mask", "proximal_weights", "lfsr", "gamma")
        if name in settings
    }
    for name in ("lines", "proximal_lines"):
        if name in settings:
            settings[name] = torch.tensor(settings[name])
    if "homeostasis" in settings:
        settings["homeostasis"] = nn.Homeostasis(**settings["homeostasis"])
    c, n, d, s, p = weights.shape
    theta = torch.tensor(settings.pop("theta"))
    layer = nn.Layer(p, n, theta, columns=c, dendrites=d, segments=s, **settings)
    layer.weights.copy_(weights)
    for name, value in own.items():
        getattr(layer, name).copy_(value)
    return layer


# What happens in it --------------------------------------------------------------------------


def trace(given: Document) -> Document:
    """Return a file's inputs with everything that is computed from them."""
    network = network_of(given)
    rule = given["rule"] and rule_from(given["rule"])
    samples = []
    for sample in given["samples"]:
        found = {key: sample[key] for key in ("x", "proximal", "label") if key in sample}
        x = torch.tensor([sample["x"]], dtype=torch.uint8)
        side = torch.tensor([sample["proximal"]]).byte() if "proximal" in sample else None
        label = torch.tensor([sample["label"]]) if "label" in sample else None
        steps, index = [], 0
        for layer in network.layers:
            if isinstance(layer, nn.Retime):
                x = layer(x)
                steps.append({"retimed": x[0].tolist()})
                continue
            assert isinstance(layer, nn.Layer)
            step, y = _one_layer(layer, x, side, label, rule, given["seed"], index)
            steps.append(step)
            x, index = y.flatten(1), index + 1
        found["layers"] = steps
        if network.voter is not None:
            found["voter"] = _one_vote(network.voter, y, label, given["seed"])
        samples.append(found)
    return {key: given[key] for key in GIVEN} | {"samples": samples}


def _one_layer(
    layer: nn.Layer,
    x: Tensor,
    side: Tensor | None,
    label: Tensor | None,
    rule: Any,  # noqa: ANN401 - a rule, or None
    seed: int,
    index: int,
) -> tuple[Document, Tensor]:
    """Evaluate and learn one sample; return every step of it, and the layer's spike times."""
    spec, state, xp = layer.spec(rule, seed, index), layer.state, layer._proximal(x, side)
    inputs = layer.receptive(x)
    step: Document = {}
    if layer.homeostasis is not None:
        step["theta"] = thresholds(state, spec).tolist()
    v = F.potential(inputs[:, :, None, None, None], state.w, spec.steps, spec.response)
    if spec.proximal == "enable" and xp is not None:
        v = v * xp[..., None]
    if spec.proximal == "weighted" and xp is not None:
        v = v + F.potential(xp[..., None, :], state.wp, spec.steps, spec.response)
    alone, _ = F.first_crossing(v, thresholds(state, spec)[..., None, None])
    ties = _tie_draws(layer, spec.layer, seed) if rule and layer.tie == "random" else None
    found = evaluate(inputs, state, spec, ties, xp)
    step |= {
        "potential": v[0].tolist(),
        "segments": alone[0].tolist(),
        "after_dendrite_wta": found.dendrites[0].tolist(),
        "dendrites": found.dendrites[0].amin(dim=-1).tolist(),
        "neurons": found.dendrites[0].amin(dim=(-1, -2)).tolist(),
        "after_all_wta": found.segments[0].tolist(),
        "y": found.y[0].tolist(),
        "passing": [(row != F.NO_SPIKE).nonzero().flatten().tolist() for row in found.y[0]],
    }
    if rule is None:
        return step, found.y
    if ties is not None:
        names = ("segments", "dendrites", "neurons")
        step["tie_draws"] = dict(zip(names, [words.tolist() for words in ties], strict=True))
    if getattr(rule, "reward", False) and label is not None:
        step["reward"] = reward_of(found.y[0], int(label))
    step |= _learning(layer, inputs, xp, found, rule, seed, index)
    y = layer.learn(x, rule, seed=seed, index=index, proximal=side, labels=label)
    step |= {"y": y[0].tolist()}
    names = ["weights"]
    names += ["proximal_weights"] if layer.proximal == "weighted" else []
    names += ["fraction"] if getattr(rule, "fraction_bits", 0) else []
    names += ["fatigue"] if layer.homeostasis is not None else []
    names += ["lfsr"] if getattr(rule, "source", "") == "lfsr" else []
    return step | {f"{name}_after": getattr(layer, name).tolist() for name in names}, y


def _tie_draws(layer: nn.Layer, index: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    c, n, d, s, _ = layer.weights.shape
    gamma, columns = layer.gamma[None], torch.arange(c)
    words = [
        F.tie_words(gamma, stream, index, columns, units, seed)[0]
        for stream, units in ((4, n * d * s), (5, n * d), (6, n))
    ]
    return words[0].reshape(c, n, d, s), words[1].reshape(c, n, d), words[2]


def _learning(
    layer: nn.Layer,
    inputs: Tensor,
    xp: Tensor | None,
    found: F.ColumnState,
    rule: Any,  # noqa: ANN401 - a rule
    seed: int,
    index: int,
) -> Document:
    """Return the cases of the synapses, and the draws of this cycle for them."""
    c, n, d, s, p = layer.weights.shape
    g = n * d * s
    seen = (found.segments if rule.after == "column" else found.dendrites)[0].reshape(c, g)
    sides = [("", inputs[0][:, None], 0, p)]
    if layer.proximal == "weighted" and xp is not None:
        r = layer.proximal_weights.shape[-1]
        own = xp[0][:, :, :, None].expand(c, n, d, s, r).reshape(c, g, r)
        sides.append(("proximal_", own, 2, r))
    step: Document = {}
    for name, x, stream, size in sides:
        cases = F.stdp_cases(x, seen)
        text = torch.zeros(c, g, size, dtype=torch.int64)
        for number, case in enumerate(("capture", "minus", "search", "backoff"), start=1):
            text[getattr(cases, case)] = number
        words = ("none", "capture", "minus", "search", "backoff")
        step[f"{name}cases"] = _map(text.reshape(c, n, d, s, size).tolist(), words.__getitem__)
        if getattr(rule, "source", "") != "philox":
            continue
        at = (index, torch.arange(c), g, size, seed)
        drawn = F.Draws.from_words(
            F.synapse_words(layer.gamma[None], stream, *at)[0],
            F.search_draws(layer.gamma[None], stream + 1, *at)[0],
        )
        step[f"{name}draws"] = _by_segment(drawn, (c, n, d, s, size))
    if getattr(rule, "source", "") == "lfsr":
        table = F.draw_table(g, d * s, p, rule.share, rule.share_f)
        step["lfsr"] = layer.lfsr.tolist()
        step["draw_table"] = dict(zip(("case", "minimum", "F", "search"), table.tolist(),
                                      strict=True))  # fmt: skip
        taps, width = F.taps_of(rule.lfsr_width), rule.lfsr_width
        count = int(table.max()) + 1
        step["draws"] = [F.lfsr_draws(one, taps, width, count)[0] for one in layer.lfsr.tolist()]
    return step


def _by_segment(drawn: F.Draws, shape: tuple[int, ...]) -> Document:
    parts = {"case": drawn.case, "minimum": drawn.minimum}
    parts |= {"F": drawn.stabiliser, "search": drawn.search}
    return {name: part.reshape(shape).tolist() for name, part in parts.items()}


def _one_vote(voter: nn.Voter, y: Tensor, label: Tensor | None, seed: int) -> Document:
    counts = F.votes(y, voter.votes)
    step: Document = {"tally": counts[0].tolist(), "answer": int(F.elected(counts))}
    if label is None:
        return step
    if voter.kind == "local":
        shape = tuple(voter.votes.shape)
        step["draws"] = F.vote_draws(voter.gamma[None], shape, seed)[0].tolist()  # type: ignore[arg-type]
    voter.learn(y, label, seed)
    return step | {"votes_after": voter.votes.tolist(), "eight_bits": voter.frozen().tolist()}


def _map(nested: Any, function: Any) -> Any:  # noqa: ANN401 - lists in lists
    return (
        [_map(part, function) for part in nested] if isinstance(nested, list) else function(nested)
    )


# Files ---------------------------------------------------------------------------------------


def text_of(value: Any, indent: int = 0) -> str:  # noqa: ANN401 - any JSON
    """Return JSON with as much on a line as fits in 100 characters."""
    line = json.dumps(value)
    if len(line) + indent <= 98 or not isinstance(value, dict | list) or not value:
        return line
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {text_of(v, indent + 1)}" for k, v in value.items()]
    else:
        parts = [text_of(v, indent + 1) for v in value]
    ends = "{}" if isinstance(value, dict) else "[]"
    body = f",\n{inner}".join(parts)
    return f"{ends[0]}\n{inner}{body}\n{' ' * indent}{ends[1]}"


def main(arguments: list[str]) -> int:
    """Write or check the files; return the exit code."""
    wanted = {f"{name}.json": text_of(trace(given)) + "\n" for name, given in scenarios().items()}
    if arguments == ["--check"]:
        have = {path.name: path.read_text("utf-8") for path in GOLDEN.glob("*.json")}
        wrong = sorted(name for name in wanted | have if wanted.get(name) != have.get(name))
        for name in wrong:
            print(f"{name}: not what scripts/make_golden.py makes")
        return int(bool(wrong))
    if arguments:
        print(__doc__)
        return 2
    GOLDEN.mkdir(exist_ok=True)
    for path in GOLDEN.glob("*.json"):
        path.unlink()
    for name, text in wanted.items():
        (GOLDEN / name).write_text(text, "utf-8")
    print(f"{len(wanted)} files in {GOLDEN}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
