"""The one setting of the UCR study: the same for every set, chosen on the development sets.

The rules below see the number of values of a series, the number of clusters and, for theta, the
spike times of TRAIN. No label enters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import neutnn_pl  # noqa: F401 - before any import of lightning

import torch  # isort: skip

from datamodules.encoders import (
    Autocorrelation,
    Concat,
    Encoder,
    Fourier,
    MinMax,
    PosNeg,
    Quantiles,
    RandomKernels,
)
from neutnn_pl.nn import STDP, Network
from neutnn_pl.nn.restarts import restarted, threshold

SEVEN = (
    "SonyAIBORobotSurface2",
    "ECG200",
    "Wafer",
    "ToeSegmentation2",
    "Lightning2",
    "Beef",
    "WordSynonyms",
)
DEVELOPMENT = (
    "Coffee",
    "DiatomSizeReduction",
    "ECGFiveDays",
    "GunPoint",
    "MiddlePhalanxTW",
    "MoteStrain",
    "OSULeaf",
    "Plane",
    "SonyAIBORobotSurface1",
    "SwedishLeaf",
)
OTHERS = (
    "ACSF1",
    "ArrowHead",
    "BeetleFly",
    "Car",
    "DistalPhalanxOutlineAgeGroup",
    "Ham",
    "ItalyPowerDemand",
    "PLAID",
    "ProximalPhalanxTW",
    "TwoLeadECG",
)
SHAPES = dict(zip(SEVEN, ("65x2", "96x2", "152x2", "343x2", "637x2", "470x5", "270x25"),
                  strict=True))  # fmt: skip
HOLDOUT = {"Wafer": 500}
DTCR = dict(zip(SEVEN, (0.835, 0.665, 0.734, 0.829, 0.591, 0.805, 0.898), strict=True))
"""Rand indices of DTCR (Ma et al., Learning representations for time series clustering, 2019)."""


@dataclass(frozen=True)
class Setting:
    """A column and how it learns.

    Attributes:
        encoder: from the length of a series to its encoder.
        level: threshold as a share of the largest potential of a mean training sample.
        response: `rnl` or `snl`.
        rule: the learning rule.
        presentations: samples learnt.
        restarts: columns that learn side by side; the one that agrees best with the others stays.
    """

    encoder: Callable[[int], Encoder]
    level: float
    response: str
    rule: STDP
    presentations: int = 3000
    restarts: int = 20

    def network(self, x: torch.Tensor, neurons: int, tres: int) -> Network:
        """Return the columns for spike times `[B, lines]` of the training split."""
        theta = threshold(x, self.level, 7)
        settings = {"inputs": x.shape[1], "neurons": neurons, "theta": theta}
        return Network(restarted({**settings, "response": self.response}, self.restarts), tres=tres)


def views(kernels: int) -> Callable[[int], Encoder]:
    """Return the encoder of four views: sign to line, magnitude in deviations to time."""

    def encoder(length: int) -> Encoder:
        half = length // 2
        chosen = (
            RandomKernels(kernels),
            Fourier(min(32, half)),
            Autocorrelation(min(16, half)),
            Quantiles(16),
        )
        return Concat([PosNeg(view=view, scale="line", limit=2.0) for view in chosen])

    return encoder


_RULE = STDP(capture=512, minus=512, search=2, backoff=512, stabiliser="off")

SETTINGS = {
    # At most 256 lines: 6,400 synapses for the 25 clusters of WordSynonyms.
    "column": Setting(views(64), 0.06, "rnl", _RULE),
    # The same without a limit on synapses: 640 lines.
    "wide": Setting(views(256), 0.06, "rnl", _RULE),
    # The shape of the paper: one line for each value of the series.
    "paper": Setting(
        lambda _: MinMax(normalise="time", scope="robust"),
        0.285,
        "snl",
        STDP(capture=400, minus=800, search=1, backoff=800, minimum=256),
    ),
}
