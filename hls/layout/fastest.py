"""The fastest clock of a design after routing, by bisection over whole layouts."""

from __future__ import annotations

from collections.abc import Callable

from hls.errors import InvalidInput, StepFailed
from hls.layout.result import LayoutResult


def fastest_clock(
    lay_out: Callable[[float], LayoutResult],
    start_ns: float,
    *,
    within: float = 0.04,
    most: int = 8,
) -> LayoutResult:
    """Return the layout with the shortest clock that has no setup or rule violation.

    Each try is a layout of its own: synthesis and repair of timing aim at its clock.

    Args:
        lay_out: makes a layout for a clock, in ns.
        start_ns: clock of the first try, in ns.
        within: share of the clock at which the search ends.
        most: layouts at most.

    Raises:
        InvalidInput: for a clock that is not positive.
        StepFailed: if no try meets its clock.
    """
    if not start_ns > 0:
        raise InvalidInput("clock period", got=f"{start_ns} ns", expected="more than 0 ns")
    best: LayoutResult | None = None
    failed, clock = 0.0, start_ns
    for _ in range(most):
        result = lay_out(round(clock, 4))
        reached = result.fastest_clock_ns
        if reached is None:
            raise StepFailed("fastest clock", got="no path to time", expected="registers")
        if reached <= clock and not result.router_violations:
            best = result if best is None or clock < (best.clock_ns or clock) else best
        else:
            failed = max(failed, clock)
        top = best.clock_ns if best is not None else None
        if top is None:
            clock = max(reached, clock) * 1.02
        elif not failed:
            clock = min(reached, 0.95 * top)
        elif top - failed <= within * top:
            break
        else:
            clock = (top + failed) / 2
    if best is None:
        raise StepFailed("fastest clock", got=f"{most} layouts too slow", expected="one that meets")
    return best
