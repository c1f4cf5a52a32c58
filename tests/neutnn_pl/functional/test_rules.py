"""Learning rules as settings: plain values there and back, and what they refuse."""

import json

import pytest

from neutnn_pl.functional import Probabilities
from neutnn_pl.functional.rules import STDP, DeterministicSTDP, Homeostasis, rule_from

RULES = [
    STDP(),
    STDP(
        capture=1, minus=2, search=3, backoff=4, minimum=5, stabiliser="up", search_max=6,
        after="dendrite", search_scope="all", reward=True, proximal=Probabilities(7, 8, 9, 10, 11),
        source="lfsr", share="neuron", share_f="synapse", lfsr_width=25,
    ),
    DeterministicSTDP(),
    DeterministicSTDP(7, 6, 5, 4, 3, "paper", "dendrite", "all"),
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_rule_is_made_again_from_plain_values(rule):
    config = rule.config()
    assert rule_from(json.loads(json.dumps(config))) == rule
    kind = "stdp" if isinstance(rule, STDP) else "deterministic"
    assert config.pop("kind") == kind
    assert set(config) == set(vars(rule))
    before = dict(config)
    rule_from({"kind": kind, **config})
    assert config == before


def test_settings_of_the_published_rule():
    assert STDP().config() == {
        "kind": "stdp", "capture": 600, "minus": 400, "search": 1, "backoff": 600, "minimum": 128,
        "stabiliser": "paper", "search_max": None, "after": "column", "search_scope": "enabled",
        "reward": False, "proximal": None, "source": "philox", "share": "column",
        "share_f": "column", "lfsr_width": 32,
    }  # fmt: skip
    assert DeterministicSTDP().config() == {
        "kind": "deterministic", "capture": 1, "minus": 1, "search": 0, "backoff": 1,
        "fraction_bits": 0, "stabiliser": "off", "after": "column", "search_scope": "enabled",
    }  # fmt: skip


def test_steps_of_a_deterministic_rule():
    steps = {"capture": 4, "minus": 3, "search": 2, "backoff": 1}
    assert DeterministicSTDP(**steps, fraction_bits=5).steps() == steps


def test_values_at_the_edges_are_taken():
    for value in (0, 1024):
        Probabilities(value, value, value, value, value)
    DeterministicSTDP(0, 0, 0, 0, 0)
    DeterministicSTDP(fraction_bits=16)
    Homeostasis(0, 0, 0)
    Homeostasis(2**20, 2**20, 2**20)
    for stabiliser in ("paper", "symmetric", "up", "off"):
        STDP(stabiliser=stabiliser)
        DeterministicSTDP(stabiliser=stabiliser)
    for width in (24, 25, 28, 31, 32):
        STDP(lfsr_width=width)


CASES = ("capture", "minus", "search", "backoff")
SHARES = "('column', 'neuron', 'synapse')"
STABILISERS = "('paper', 'symmetric', 'up', 'off')"
REFUSED = [
    *(
        (rule, {name: value}, f"STDP: {name}: got {value!r}; expected an integer 0 .. 1024 "
         "(out of 1024)")
        for rule in (Probabilities, STDP)
        for name in (*CASES, "minimum")
        for value in (-1, 1025, 0.5, True)
    ),
    *(
        (DeterministicSTDP, {name: value}, f"STDP: {name}: got {value!r}; expected an integer >= 0")
        for name in (*CASES, "fraction_bits")
        for value in (-1, 0.5, True)
    ),
    *(
        (Homeostasis, {"rise": 1, "fall": 1, name: value}, f"Homeostasis: {name}: got {value!r}; "
         "expected 0 .. 2**20")
        for name in ("rise", "fall", "shift")
        for value in (-1, 2**20 + 1, 0.5, True)
    ),
    (DeterministicSTDP, {"fraction_bits": 17}, "STDP: fraction_bits: got 17; expected 0 .. 16"),
    *(
        (rule, {name: "never"}, f"STDP: {name}: got 'never'; expected one of {allowed}")
        for rule in (STDP, DeterministicSTDP)
        for name, allowed in (
            ("stabiliser", STABILISERS),
            ("after", "('column', 'dendrite')"),
            ("search_scope", "('enabled', 'all')"),
        )
    ),
    (Probabilities, {"stabiliser": 3}, f"STDP: stabiliser: got 3; expected one of {STABILISERS}"),
    (STDP, {"source": "die"}, "STDP: source: got 'die'; expected one of ('philox', 'lfsr')"),
    (STDP, {"share": "layer"}, f"STDP: share: got 'layer'; expected one of {SHARES}"),
    (STDP, {"share_f": "layer"}, f"STDP: share_f: got 'layer'; expected one of {SHARES}"),
    (STDP, {"lfsr_width": 16}, "STDP: lfsr_width: got 16; expected one of (24, 25, 28, 31, 32)"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "settings", "text"), REFUSED, ids=lambda value: str(value)[:40])
def test_settings_that_mean_nothing_are_named(rule, settings, text):
    with pytest.raises(ValueError, match="^(STDP|Homeostasis): ") as error:
        rule(**settings)
    assert str(error.value) == text
