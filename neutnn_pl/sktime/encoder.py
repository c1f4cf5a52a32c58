"""Spike times as a transformation of a panel of series."""

from __future__ import annotations

from typing import Any, ClassVar

import neutnn_pl  # noqa: F401 - before any import of lightning: see neutnn_pl._torchvision

import numpy as np  # isort: skip
import numpy.typing as npt
from sktime.transformations.base import BaseTransformer

from datamodules.encoders import Encoder, MinMax, PosNeg, Times


class SpikeEncoder(BaseTransformer):
    """Turns series into spike times: each line becomes a time index of the output.

    Args:
        encoder: from values to spike times; default `MinMax()`. It is copied, not fitted itself.

    Attributes:
        encoder_: the fitted encoder.

    >>> import numpy as np
    >>> from datamodules.encoders import MinMax
    >>> from neutnn_pl.sktime import SpikeEncoder
    >>> SpikeEncoder(MinMax(tres=2)).fit_transform(np.array([[[0.0, 1.0, 4.0]]])).tolist()
    [[[0, 1, 3]]]
    """

    _tags: ClassVar[dict[str, Any]] = {
        "authors": ["NeuTNNGen"],
        "scitype:transform-input": "Series",
        "scitype:transform-output": "Series",
        "scitype:transform-labels": "None",
        "scitype:instancewise": False,
        "X_inner_mtype": "numpy3D",
        "y_inner_mtype": "None",
        "capability:multivariate": False,
        "capability:unequal_length": False,
        "capability:missing_values": False,
        "transform-returns-same-time-index": False,
        "fit_is_empty": False,
    }

    def __init__(self, encoder: Encoder | None = None) -> None:
        self.encoder = encoder
        super().__init__()

    def _fit(self, X: npt.NDArray[np.float64], y: object = None) -> SpikeEncoder:
        self.encoder_ = fitted(self.encoder, X)
        return self

    def _transform(self, X: npt.NDArray[np.float64], y: object = None) -> Times:
        return self.encoder_(univariate(X))[:, None, :]

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return settings for sktime's own tests."""
        return [{}, {"encoder": PosNeg(tres=2)}]


def fitted(encoder: Encoder | None, series: npt.NDArray[np.float64]) -> Encoder:
    """Return a fitted copy of an encoder, `MinMax()` for None; series are `[B, 1, L]`."""
    import copy

    return copy.deepcopy(encoder or MinMax()).fit(univariate(series))


def univariate(series: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return float64 `[B, L]` of `[B, 1, L]`."""
    return np.asarray(series[:, 0, :], dtype=np.float64)
