"""Bisection for the fastest clock, over layouts that are only numbers."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from hls.errors import InvalidInput, StepFailed
from hls.layout.fastest import fastest_clock


def layouts(limit, tried, violations=0):
    """A design that meets any clock from `limit` on, with 5 % to spare at most."""

    def lay_out(clock):
        tried.append(clock)
        reached = max(limit, 0.95 * clock)
        return SimpleNamespace(
            clock_ns=clock, fastest_clock_ns=reached, router_violations=violations
        )

    return lay_out


@pytest.mark.parametrize("start", [0.4, 1.0, 3.0])
def test_the_clock_found_is_near_the_limit(start):
    tried = []
    best = fastest_clock(layouts(1.0, tried), start, most=12 + 18 * (start > 1))
    assert 1.0 <= best.clock_ns <= 1.05
    assert best.clock_ns == min(clock for clock in tried if clock >= 1.0)


def test_violations_do_not_count_as_met():
    with pytest.raises(StepFailed, match="got 3 layouts too slow"):
        fastest_clock(layouts(1.0, [], violations=2), 2.0, most=3)


def test_a_clock_must_be_positive():
    with pytest.raises(InvalidInput, match=re.escape("clock period: got 0 ns")):
        fastest_clock(layouts(1.0, []), 0)
