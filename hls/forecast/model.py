"""Small models from the features of a network to its figures, fitted on measured runs.

Every quantity is a sum of features with weights that are not negative: what an adder, a flip-flop
or a toggle costs on a library. The squares of relative errors are least. Errors of networks that a
fit has not seen give the intervals: each network left out alone, with its application, and with
those of its size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Row = Mapping[str, Any]

PARTS = (
    *(
        "one",
        "flip_flops",
        "full_adders",
        "full_adders_snl",
        "half_adders",
        "potential_bits",
        "carry_bits",
        "key_bits",
    ),
    *("taps", "lines", "ramp_bits", "segments", "neurons", "k_pairs", "k_key_bits", "kept_times"),
)
QUANTITIES: dict[str, tuple[str, ...]] = {
    "area_um2": PARTS,
    "leakage_uw": PARTS,
    "energy_pj": ("cycles", "clocked", "spikes", "edges", "slopes", "moves", "busy_adders"),
    "clock_ns": ("one", "log_taps", "width", "log_rivals", "key_levels", "log_neurons", "k_levels"),
}
"""The features of each quantity."""
SYNAPSES = ("one", "synapses")
"""What peers regress on."""
COVERAGE = 0.9
SIZES = (40, 160)
"""Synapses that are not 0 at which a network counts as middle-sized, and as large."""


def size_class(row: Row) -> str:
    """Return `small`, `middle` or `large`, by the synapses that are not 0."""
    synapses = row["features"]["synapses"]
    return "small" if synapses < SIZES[0] else "middle" if synapses < SIZES[1] else "large"


def matrix(rows: Sequence[Row], names: Sequence[str]) -> Array:
    """Return the features of rows, float64 `[rows, names]`; those that a row lacks are 0."""
    return np.array([[row["features"].get(name, 0.0) for name in names] for row in rows])


def fit(rows: Sequence[Row], quantity: str, names: Sequence[str]) -> Array:
    """Return the weights of features, none negative, that make relative errors least."""
    values = np.array([row[quantity] for row in rows], dtype=np.float64)
    scaled = matrix(rows, names) / values[:, None]
    size = np.sqrt((scaled**2).sum(axis=0))
    size[size == 0] = 1.0
    return nonnegative(scaled / size, np.ones(len(rows))) / size


def predict(weights: Array, rows: Sequence[Row], names: Sequence[str]) -> Array:
    """Return a quantity of rows."""
    found: Array = np.maximum(matrix(rows, names) @ weights, 1e-12)
    return found


def nonnegative(a: Array, b: Array) -> Array:
    """Return the `x >= 0` that makes `|a x - b|` least, by active sets (Lawson and Hanson).

    >>> nonnegative(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([2.0, 1.0]))
    array([1.5, 0. ])
    """
    count = a.shape[1]
    x, free = np.zeros(count), np.zeros(count, dtype=bool)
    gram, right = a.T @ a, a.T @ b
    for _ in range(10 * count):
        gain = right - gram @ x
        if free.all() or gain[~free].max() <= 1e-9:
            break
        free[np.where(free, -np.inf, gain).argmax()] = True
        while True:
            trial = np.zeros(count)
            trial[free] = np.linalg.lstsq(a[:, free], b, rcond=None)[0]
            if not free.any() or trial[free].min() > 0:
                break
            below = free & (trial <= 0)
            step = (x[below] / np.maximum(x[below] - trial[below], 1e-300)).min()
            x = x + step * (trial - x)
            free &= x > 1e-12
            x[~free] = 0.0
        x = trial
    return x


def left_out(
    rows: Sequence[Row], quantity: str, names: Sequence[str], group: Callable[[Row], object]
) -> Array:
    """Return `log(measured / predicted)` of every row, by fits without its group."""
    keys = np.array([str(group(row)) for row in rows])
    found = np.zeros(len(rows))
    for key in dict.fromkeys(keys):
        out = np.flatnonzero(keys == key)
        rest = [row for row, other in zip(rows, keys, strict=True) if other != key]
        if not rest:
            return np.zeros(0)
        chosen = [rows[int(i)] for i in out]
        guess = predict(fit(rest, quantity, names), chosen, names)
        found[out] = np.log(np.array([row[quantity] for row in chosen]) / guess)
    return found


GROUPS: dict[str, Callable[[Row], object]] = {
    "design": lambda row: row["network_sha256"],
    "application": lambda row: row["application"],
    "size": size_class,
}


def margins(rows: Sequence[Row], quantity: str, names: Sequence[str]) -> tuple[float, float]:
    """Return the logarithms between which `COVERAGE` of errors on networks not seen lie."""
    errors = np.concatenate([left_out(rows, quantity, names, by) for by in GROUPS.values()])
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(errors, [tail, 1 - tail])
    return float(min(low, 0.0)), float(max(high, 0.0))


def validate(rows: Sequence[Row], quantity: str, names: Sequence[str], by: str) -> dict[str, float]:
    """Return how well groups that were left out are forecast.

    Args:
        rows: measured rows of one library.
        quantity: what is forecast.
        names: features.
        by: `application` or `size`.

    Returns:
        `error`, the median absolute relative error; `covered`, the share inside the interval, which
        the rows left out have no part in.
    """
    errors, inside = [], []
    for key in dict.fromkeys(str(GROUPS[by](row)) for row in rows):
        rest = [row for row in rows if str(GROUPS[by](row)) != key]
        out = [row for row in rows if str(GROUPS[by](row)) == key]
        guess = predict(fit(rest, quantity, names), out, names)
        true = np.array([row[quantity] for row in out])
        low, high = margins(rest, quantity, names)
        errors.append(np.abs(guess / true - 1))
        ratio = np.log(true / guess)
        inside.append((ratio >= low) & (ratio <= high))
    return {
        "error": float(np.median(np.concatenate(errors))),
        "covered": float(np.concatenate(inside).mean()),
    }
