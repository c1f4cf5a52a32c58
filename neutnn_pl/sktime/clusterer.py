"""A column of neurons as a clusterer of time series."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import neutnn_pl  # noqa: F401 - before any import of lightning: see neutnn_pl._torchvision

import numpy as np  # isort: skip
import numpy.typing as npt
import torch
from sktime.clustering.base import BaseClusterer

from datamodules.encoders import Encoder, PosNeg
from hls.errors import InvalidInput
from hls.ir import FrozenNetwork, save
from neutnn_pl.nn import STDP, Network
from neutnn_pl.nn.restarts import learn_restarts, restarted, threshold
from neutnn_pl.sktime.encoder import fitted, univariate


class NeuTNNClusterer(BaseClusterer):
    """One column that learns online by STDP: the neuron that spikes first is the cluster.

    Args:
        n_clusters: clusters, and neurons of the column.
        encoder: from values to spike times; default `MinMax()`. It is copied, not fitted itself.
        theta: threshold in weight LSB; None takes it from `level`.
        level: threshold as a share of the largest potential of a mean sample.
        presentations: samples learnt, rounded up to whole epochs.
        restarts: columns that learn side by side; the one that agrees best with the
            others is kept.
        wres: weight resolution in bits.
        response: `rnl` (ramp, no leak) or `snl` (step, no leak).
        tie: tie rule: `potential`, `index` or `random`.
        learning: the learning rule; default `STDP()`.
        random_state: seed, the key of every draw.

    Attributes:
        encoder_: the fitted encoder.
        network_: the column.
        theta_: the threshold, in weight LSB.
        labels_: clusters of the training series, int64 `[B]`.

    >>> import numpy as np
    >>> from neutnn_pl.sktime import NeuTNNClusterer
    >>> X = np.array([[0, 0, 9, 9], [9, 9, 0, 0], [1, 0, 9, 8]], float)[:, None]
    >>> column = NeuTNNClusterer(n_clusters=2, presentations=60).fit(X)
    >>> (column.labels_[0] == column.labels_[2], column.labels_[0] == column.labels_[1])
    (np.True_, np.False_)
    """

    _tags: ClassVar[dict[str, Any]] = {
        "authors": ["NeuTNNGen"],
        "X_inner_mtype": "numpy3D",
        "capability:multivariate": False,
        "capability:unequal_length": False,
        "capability:missing_values": False,
        "capability:predict": True,
        "capability:predict_proba": True,
        "capability:out_of_sample": True,
        "capability:random_state": True,
        "property:randomness": "derandomized",
    }

    def __init__(
        self,
        n_clusters: int = 2,
        encoder: Encoder | None = None,
        theta: int | None = None,
        level: float = 0.25,
        presentations: int = 3000,
        restarts: int = 5,
        wres: int = 3,
        response: str = "rnl",
        tie: str = "potential",
        learning: STDP | None = None,
        random_state: int = 0,
    ) -> None:
        self.encoder = encoder
        self.theta = theta
        self.level = level
        self.presentations = presentations
        self.restarts = restarts
        self.wres = wres
        self.response = response
        self.tie = tie
        self.learning = learning
        self.random_state = random_state
        super().__init__(n_clusters=n_clusters)

    def _fit(self, X: npt.NDArray[np.float64], y: object = None) -> NeuTNNClusterer:
        if not 0 < self.level <= 1 and self.theta is None:
            raise InvalidInput("clusterer: level", got=self.level, expected="above 0, up to 1")
        for name in ("presentations", "restarts"):
            if getattr(self, name) < 1:
                raise InvalidInput(f"clusterer: {name}", got=getattr(self, name), expected=">= 1")
        self.encoder_ = fitted(self.encoder, X)
        x = self._spikes(X)
        self.theta_ = self.theta or threshold(x, self.level, 2**self.wres - 1)
        seed = int(self.random_state or 0)
        self.network_ = learn_restarts(
            self._network(x.shape[1]), x, self.presentations, self.learning or STDP(), seed
        )
        self.labels_ = self._predict(X)
        return self

    def _network(self, inputs: int) -> Network:
        settings = {"inputs": inputs, "neurons": self.n_clusters, "theta": self.theta_}
        settings |= {"wres": self.wres, "response": self.response, "tie": self.tie}
        return Network(restarted(settings, self.restarts), tres=self.encoder_.tres)

    def _predict(self, X: npt.NDArray[np.float64], y: object = None) -> npt.NDArray[np.int64]:
        """Return the cluster of each series, `n_clusters` for a series without an output spike."""
        network = self.network_
        return np.asarray(network.answer(network(self._spikes(X))).numpy(), dtype=np.int64)

    def _predict_proba(self, X: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return 1 for the cluster of each series, 0 in every column without an output spike."""
        one = np.eye(self.n_clusters + 1)[self._predict(X)]
        return np.asarray(one[:, : self.n_clusters])

    def _spikes(self, X: npt.NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(self.encoder_(univariate(X)))

    def reset(self) -> NeuTNNClusterer:
        """Return to the state before `fit`, but keep what a scikit-learn search has put here."""
        search = self.__dict__.get("_parent_callback_ctx")
        super().reset()
        if search is not None:
            self._parent_callback_ctx = search
        return self

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - scikit-learn's own type
        """Return what scikit-learn's searches ask of an estimator."""
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type="clusterer",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(two_d_array=False, three_d_array=True),
        )

    def freeze(self, name: str = "clusterer") -> FrozenNetwork:
        """Return the column in integers, with its encoder, for hardware.

        Args:
            name: identifier; names the C function and the Verilog module.
        """
        from dataclasses import replace

        self.check_is_fitted()
        return replace(self.network_.freeze(name), encoder=self.encoder_.config())

    def export(self, directory: str | Path, name: str = "clusterer") -> Path:
        """Write the frozen column to a directory, from which every hardware step starts.

        Args:
            directory: directory to make; replaced if it exists.
            name: as in `freeze`.
        """
        return save(self.freeze(name), Path(directory))

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return settings for sktime's own tests."""
        rule = STDP(capture=512, minus=256, backoff=512, stabiliser="off")
        return [
            {"n_clusters": 2, "presentations": 20, "restarts": 2},
            {"n_clusters": 3, "presentations": 10, "restarts": 1, "encoder": PosNeg(tres=2),
             "learning": rule, "theta": 9, "random_state": 4},
        ]  # fmt: skip
