"""Views chosen for each set without labels: the column whose clusters the single views confirm.

Eight views of a series are learnt on their own, the witnesses, and thirteen times three of them
together, the candidates, all with the rule, level and restarts of the common setting. The candidate
whose clusters of TRAIN agree best with those of the witnesses (mean adjusted Rand index between
clusterings; of two, the first) is kept. No label is used: not for the views, nor for the choice.

The candidates, their 42 values a view and this criterion were chosen on the development sets.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.ucr_setting import HOLDOUT, SETTINGS

import torch  # isort: skip

from datamodules import UCR
from datamodules.encoders import (
    Autocorrelation,
    Concat,
    Derivative,
    Encoder,
    Fourier,
    PosNeg,
    Quantiles,
    RandomKernels,
)
from neutnn_pl.nn import Network
from neutnn_pl.nn.restarts import agreement, learn_restarts

WITNESS, MEMBER = 64, 42
"""Values of a view that stands alone, and of one of three."""

CANDIDATES = ("KFQ", "KAQ", "KFA", "FAQ", "KQS", "KVQ", "KFV", "KDQ", "FVD", "KFS", "FQS", "FQR",
              "KQR")  # fmt: skip
VIEWS: dict[str, Callable[[int, int], dict[str, object]]] = {
    "K": lambda _, size: {"view": RandomKernels(size)},
    "F": lambda length, size: {"view": Fourier(min(size, length // 2))},
    "A": lambda length, size: {"view": Autocorrelation(min(size, length // 2))},
    "Q": lambda _, size: {"view": Quantiles(min(size, 16))},
    "S": lambda _, size: {"view": Quantiles(min(size, 16), order=0)},
    "R": lambda _, size: {"view": Quantiles(min(size, 16), order=2)},
    "V": lambda length, size: {"frames": min(size, length)},
    "D": lambda length, size: {"view": Derivative(), "frames": min(size + 1, length)},
}
"""Random kernels, Fourier, autocorrelation, quantiles of differences, of values, of second
differences, values, differences: from the length of a series and a number of values."""


def encoder(views: str, length: int) -> Encoder:
    """Return the encoder of one or several views, by their letters in `VIEWS`."""
    size = WITNESS if len(views) == 1 else MEMBER
    parts = [VIEWS[v](length, size) for v in views]
    return Concat([PosNeg(scale="line", limit=2.0, **part) for part in parts])  # type: ignore[arg-type]


def encoded(name: str, root: str | None) -> dict[str, UCR]:
    """Return a set under each encoder, witnesses and candidates."""
    options = {"root": root, "gaps": "interpolate", "holdout": HOLDOUT.get(name)}
    length = UCR(name, **options).length  # type: ignore[arg-type]
    return {
        views: UCR(name, encoder=encoder(views, length), **options)  # type: ignore[arg-type]
        for views in (*VIEWS, *CANDIDATES)
    }


def confirmed(clusters: dict[str, torch.Tensor]) -> str:
    """Return the candidate whose clusters agree best with those of the witnesses.

    Args:
        clusters: int64 `[B]` of every candidate and witness.
    """
    candidates = [views for views in clusters if len(views) > 1]
    witnesses = [clusters[views] for views in clusters if len(views) == 1]
    scores = [sum(agreement(clusters[c], w) for w in witnesses) for c in candidates]
    return candidates[scores.index(max(scores))]


def chosen(
    name: str,
    seeds: int,
    root: str | None,
    score: Callable[[Network, torch.Tensor, torch.Tensor], dict[str, float]],
) -> tuple[list[dict[str, float]], list[str]]:
    """Learn all columns seed by seed; return the scores of the one chosen, and its views."""
    setting = SETTINGS["column"]
    sets = encoded(name, root)
    train = {views: torch.from_numpy(data.spikes("train")) for views, data in sets.items()}
    rows, choices = [], []
    for seed in range(seeds):
        kept, clusters = {}, {}
        for views, data in sets.items():
            columns = setting.network(train[views], data.classes, data.tres)
            kept[views] = learn_restarts(
                columns, train[views], setting.presentations, setting.rule, seed
            )
            clusters[views] = kept[views].answer(kept[views](train[views]))
        best = confirmed(clusters)
        data = sets[best]
        test, labels = torch.from_numpy(data.spikes("test")), data.series("test")[1]
        rows.append(score(kept[best], test, torch.from_numpy(labels)))
        choices.append(best)
    return rows, choices
