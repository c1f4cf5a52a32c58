"""The examples of scripts/make_golden.py: networks, rules and samples small enough for a pencil."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neutnn_pl.functional.rules import STDP, DeterministicSTDP

Given = dict[str, Any]
OFF = 255
SURE = {"capture": 1024, "minus": 1024, "search": 1024, "backoff": 1024, "minimum": 0}


def points(*neurons: Sequence[int]) -> list[Any]:
    """Return the weights of one column of point neurons."""
    return [[[[list(weights)]] for weights in neurons]]


def layer(weights: list[Any], theta: int | list[list[int]], **settings: Any) -> Given:  # noqa: ANN401
    """Return a layer; one threshold stands for all neurons."""
    every = theta if isinstance(theta, list) else [[theta] * len(column) for column in weights]
    base = {"wres": 2, "response": "rnl", "wta": "1-wta", "k": 1, "tie": "potential"}
    return {"weights": weights, "theta": every} | base | settings


def given(
    about: str,
    layers: Given | list[Given],
    samples: list[Any],
    rule: STDP | DeterministicSTDP | None = None,
    tres: int = 2,
    voter: Given | None = None,
    seed: int = 1,
) -> Given:
    """Return the inputs of a file; a sample is its spike times, or a dict."""
    return {
        "about": about,
        "tres": tres,
        "seed": seed,
        "rule": rule and rule.config(),
        "layers": layers if isinstance(layers, list) else [layers],
        "voter": voter,
        "samples": [one if isinstance(one, dict) else {"x": one} for one in samples],
    }


def scenarios() -> dict[str, Given]:
    """Return the inputs of every file by its name."""
    return {**_inference(), **_learning(), **_sources(), **_networks()}


def _inference() -> dict[str, Given]:
    two = points([3, 2, 1])
    four = points([3, 0], [1, 2], [0, 3], [2, 2])
    samples = [[0, 0], [0, 3], [OFF, 1], [OFF, OFF]]
    # Neuron 0 and neuron 1 have two dendrites of two segments each.
    tree = [
        [
            [[[3, 0, 0], [0, 3, 0]], [[0, 0, 3], [1, 1, 1]]],
            [[[2, 2, 0], [0, 2, 2]], [[2, 0, 2], [3, 3, 3]]],
        ]
    ]
    found = {
        "rnl": given("Ramps: each input adds 1 per step up to its weight.",
                     layer(two, 4), [[0, 2, 3], [1, 1, 1], [3, OFF, 3], [OFF, OFF, OFF]]),
        "snl": given("Steps: each input adds its weight at once.",
                     layer(two, 4, response="snl"),
                     [[0, 2, 3], [1, 1, 1], [3, OFF, 3], [OFF, OFF, OFF]]),
        "segments_dendrites": given(
            "The first segment of a dendrite, the first dendrite of a neuron, the first neuron.",
            layer(tree, 3), [[0, 1, 2], [2, 1, 0], [OFF, 1, 1], [0, OFF, OFF]]),
        "enable": given(
            "A dendrite counts its inputs only where its level (proximal line) is 1.",
            layer(tree, 3, proximal="enable", proximal_lines=[[[[0], [1]], [[1], [-1]]]]),
            [{"x": [0, 1, 2], "proximal": levels} for levels in ([1, 1], [0, 1], [1, 0], [0, 0])]),
        "weighted": given(
            "Proximal spikes with weights of their own add to the same sum.",
            layer([[[[[2, 1]], [[1, 1]]]]], 5, proximal="weighted", proximal_inputs=2,
                  proximal_wres=1, proximal_horizon=4,
                  proximal_weights=[[[[[1, 1]], [[1, 0]]]]]),
            [{"x": [0, 1], "proximal": times}
             for times in ([0, 1, 2, 3], [OFF, 2, 0, 0], [OFF, OFF, OFF, OFF])]),
        "masked": given("Pruned synapses neither respond nor learn.",
                        layer(points([3, 0, 2], [0, 2, 3]), 3,
                              mask=[[[[[True, False, True]]], [[[False, True, True]]]]]),
                        [[0, 0, 3], [OFF, 0, 1]], STDP(**SURE)),
    }  # fmt: skip
    for wta in ("1-wta", "k-wta", "t-wta", "none"):
        k = {"k": 2} if wta == "k-wta" else {}
        about = f"Lateral inhibition {wta}; ties by potential."
        found[f"wta_{wta}".replace("-", "_")] = given(about, layer(four, 2, wta=wta, **k), samples)
    for tie in ("index", "potential"):
        found[f"tie_{tie}"] = given(
            f"Equal spike times: tie rule {tie}.",
            layer(points([2, 1], [3, 1], [3, 1]), 3, tie=tie, response="snl"),
            [[0, 0], [0, 1], [1, 0]])  # fmt: skip
    found["tie_of_winning_segments"] = given(
        "Above the segment a tie goes by the winning segment's potential, not a silenced one's.",
        layer([[[[[2, 0], [0, 3]], [[3, 0], [0, 1]]], [[[2, 1], [0, 3]], [[0, 0], [0, 0]]]]], 2,
              response="snl"),
        [[0, 1], [1, 0]])  # fmt: skip
    found["tie_random"] = given(
        "Equal spike times while learning: the largest draw of streams 4, 5, 6 wins.",
        layer([[[[[2, 1], [3, 1]], [[3, 1], [2, 2]]]] * 2], 3, tie="random", response="snl"),
        [[0, 0]] * 3, STDP(capture=0, minus=0, search=0, backoff=0))  # fmt: skip
    return found


def _learning() -> dict[str, Given]:
    never = {"capture": 0, "minus": 0, "search": 0, "backoff": 0}
    one = points([1, 2, 3, 4, 5, 6])
    found = {}
    for name, x, theta in (
        ("capture", [0, 0, 0, 0, 0, 0], 6),
        ("minus", [0, 1, 3, 3, 3, 3], 2),
        ("search", [0, 0, 0, 0, 0, 3], 40),
        ("backoff", [OFF, OFF, OFF, OFF, OFF, 0], 4),
    ):
        rule = STDP(**(never | {name: 600, "minimum": 128}))
        found[f"stdp_{name}"] = given(
            f"Only {name}, with probability 600/1024.", layer(one, theta, wres=3), [x] * 2, rule
        )
    for name in ("paper", "symmetric", "up", "off"):
        rule = STDP(**(SURE | {"stabiliser": name}))
        found[f"stabiliser_{name}"] = given(
            "Captures and backoffs that are certain but for the stabilising function.",
            layer(one, 3, wres=3),
            [[0, 0, 0, OFF, OFF, OFF], [OFF, OFF, OFF, 0, 0, 0]], rule)  # fmt: skip
    found["search_max"] = given(
        "Search raises weights up to 2 only.", layer(points([0, 1, 2, 3]), 12),
        [[0, 0, 0, 0]] * 2, STDP(**(SURE | {"search_max": 2})))  # fmt: skip
    found["deterministic"] = given(
        "Whole steps: capture +3, minus -2, search +1, backoff -3.",
        layer(points([3, 4, 5, 6], [6, 5, 4, 3]), 8, wres=3),
        [[0, 1, 3, OFF], [OFF, 3, 3, 3]],
        DeterministicSTDP(capture=3, minus=2, search=1, backoff=3))  # fmt: skip
    found["deterministic_fraction"] = given(
        "Weights with two bits below the integer part; steps times F, rounded half up.",
        layer(points([3, 4, 5, 6], [6, 5, 4, 3]), 8, wres=3),
        [[0, 1, 3, OFF], [OFF, 3, 3, 3], [0, 0, 0, 0]],
        DeterministicSTDP(capture=5, minus=3, search=1, backoff=5, fraction_bits=2,
                          stabiliser="paper"))  # fmt: skip
    reward = STDP(**(SURE | {"minimum": 1024, "reward": True}))
    pair = layer(points([3, 1, 2], [1, 3, 2]), 3)
    found["reward"] = given(
        "R-STDP: a right answer (+1), a wrong one (-1), none (0).", pair,
        [{"x": [0, 3, OFF], "label": 0}, {"x": [0, 3, OFF], "label": 1},
         {"x": [OFF, OFF, 3], "label": 0}], reward)  # fmt: skip
    for after in ("column", "dendrite"):
        found[f"after_{after}"] = given(
            f"STDP sees spike times after the WTA of the {after}.",
            layer([[[[[3, 0], [2, 2]]], [[[2, 3], [0, 1]]]]], 3), [[0, 1]] * 2,
            STDP(**(SURE | {"minimum": 1024, "after": after})))  # fmt: skip
    for scope in ("enabled", "all"):
        found[f"search_scope_{scope}"] = given(
            "Dendrite 0 of each neuron is shut in the first sample, dendrite 1 in the second.",
            layer([[[[[3, 1]], [[2, 2]]], [[[1, 3]], [[1, 1]]]]], 3, proximal="enable"),
            [{"x": [0, 1], "proximal": [0, 1]}, {"x": [0, 1], "proximal": [1, 0]}],
            STDP(**(SURE | {"minimum": 1024, "search_scope": scope})))  # fmt: skip
    return found


def _sources() -> dict[str, Given]:
    both = {"capture": 700, "minus": 500, "search": 300, "backoff": 600}
    found = {
        "weighted_learning": given(
            "Proximal synapses draw from streams 2 and 3, distal ones from 0 and 1.",
            layer([[[[[2, 1, 3]]], [[[1, 3, 0]]]]], 5, proximal="weighted", proximal_inputs=2,
                  proximal_wres=3, proximal_weights=[[[[[4, 1]]], [[[2, 6]]]]]),
            [{"x": [0, 1, OFF], "proximal": [0, 3]}, {"x": [2, OFF, 0], "proximal": [OFF, 1]}],
            STDP(**both)),
        "homeostasis": given(
            "Winner fatigue: a win adds 4, a cycle takes 1, a quarter of it is added to theta.",
            layer(points([3, 3], [3, 2]), 3,
                  homeostasis={"rise": 4, "fall": 1, "shift": 2}),
            [[0, 0]] * 4, STDP(**dict.fromkeys(both, 0))),
        "two_columns": given(
            "Columns have draws and input lines of their own; -1 is silent. Gamma passes 2**32.",
            layer([[[[[2, 2]]], [[[1, 3]]]]] * 2, 3, lines=[[0, 1], [2, -1]], gamma=2**32 - 1),
            [[0, 1, 0], [1, OFF, 2]], STDP(**both)),
    }  # fmt: skip
    for share in ("column", "neuron", "synapse"):
        found[f"lfsr_{share}"] = given(
            f"Draws of a 24-bit register, shared per {share}; F per neuron.",
            layer(points([2, 1], [1, 3]), 3, lfsr=[0xACE1]), [[0, 1], [1, 0], [OFF, 2]],
            STDP(**both, source="lfsr", lfsr_width=24, share=share, share_f="neuron"))  # fmt: skip
    return found


def _networks() -> dict[str, Given]:
    both = {"capture": 700, "minus": 500, "search": 300, "backoff": 600}
    lower = layer(points([3, 1], [1, 3]), 3, wta="none")
    upper = layer(points([2, 1], [1, 2]), 3)
    found = {
        "two_layers": given(
            "The spike times of layer 0 are the inputs of layer 1, in a longer horizon.",
            [lower, upper], [[0, 2], [3, 0]]),
        "two_layers_learning": given(
            "Both layers learn from each sample, with draws of their own.",
            [lower, upper], [[0, 2], [3, 0]], STDP(**both)),
    }  # fmt: skip
    for late in ("drop", "saturate"):
        found[f"retime_{late}"] = given(
            "Layer 1's time starts at the first spike of layer 0; 3 steps remain.",
            [lower, {"retime": 3, "late": late}, upper], [[2, 3], [0, 7], [OFF, 4], [OFF, OFF]],
            tres=3)  # fmt: skip
    votes = {"columns": 2, "neurons": 2, "classes": 3}
    blocks = layer([[[[[3, 1]]], [[[1, 3]]]]] * 2, 3, lines=[[0, 1], [1, 2]])
    lessons = (([0, 2, 0], 1), ([0, 2, 1], 1), ([2, 0, 2], 2), ([0, 2, 0], 2))
    samples = [{"x": x, "label": label} for x, label in lessons]
    found["voter_margin"] = given(
        "Votes learn where the label leads by less than 3.", blocks, samples,
        STDP(**dict.fromkeys(both, 0)), voter=votes | {"kind": "margin", "margin": 3})  # fmt: skip
    found["voter_local"] = given(
        "Votes of passing neurons: the label's up with 768/1024, others' down with 512/1024.",
        blocks, samples, STDP(**dict.fromkeys(both, 0)),
        voter=votes | {"kind": "local", "up": 768, "down": 512, "v_max": 3})  # fmt: skip
    return found
