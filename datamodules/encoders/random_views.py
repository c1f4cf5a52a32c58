"""Views drawn at random: integer projections and convolution kernels."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt

from datamodules.encoders.base import Series, View, at_least, positive
from hls.errors import InvalidInput


def words(seed: int, part: int, count: int) -> npt.NDArray[np.int64]:
    """Return `count` 32-bit words, int64: Philox stream 13, gamma 0, column `part`, in order."""
    import torch

    from neutnn_pl.functional.philox import DATA, draw_blocks

    blocks = torch.arange(-(-count // 4))
    drawn = draw_blocks(torch.zeros(1).long(), DATA, 0, torch.tensor([part]), blocks, seed)
    return np.asarray(drawn.reshape(-1)[:count].numpy(), dtype=np.int64)


class RandomProjection(View):
    """Sums of the series with weights -1, 0 and +1, in integers.

    Each value is rounded to `q = clip(round(x / limit * (2**(bits - 1) - 1)))`, symmetric around
    0; feature `j` is `sum_i R[j, i] q[i]`, an exact integer, where `R[j, i]` is -1 and +1 with a
    probability of one sixth each (Achlioptas 2003): word `i` of row `j` times 6, shifted right by
    32, gives 0 or 1.

    Args:
        features: number of projections.
        bits: bits of a value, 2 .. 16.
        limit: magnitude that is the largest integer, in units of the prepared series.
        seed: key of the draws.

    Source: Achlioptas, Database-friendly random projections (J. Comput. Syst. Sci. 2003).
    """

    def __init__(
        self, features: int = 32, bits: int = 8, limit: float = 3.0, seed: int = 0
    ) -> None:
        at_least("features", features, 1)
        positive("limit", limit)
        if not 2 <= bits <= 16:
            raise InvalidInput("encoder: bits", got=bits, expected="2 .. 16")
        self.features, self.bits, self.limit, self.seed = features, bits, limit, seed

    def size(self, length: int) -> int:
        """Return the number of projections."""
        return self.features

    def weights(self, length: int) -> npt.NDArray[np.int64]:
        """Return `R`, int64 `[features, length]` of -1, 0 and +1."""
        rows = np.stack([words(self.seed, row, length) for row in range(self.features)])
        cell = (rows * 6) >> 32
        return (cell == 1).astype(np.int64) - (cell == 0)

    def __call__(self, prepared: Series) -> Series:
        """Return the projections, whole numbers as float64 `[B, features]`."""
        largest = 2 ** (self.bits - 1) - 1
        q = np.clip(np.round(prepared / self.limit * largest), -largest, largest).astype(np.int64)
        return (q @ self.weights(prepared.shape[1]).T).astype(np.float64)


class RandomKernels(View):
    """How often random convolution kernels answer above a bias: `mean_i(conv(x)[i] > bias)`.

    A kernel has nine taps of -1, three of which are +2 instead, so that its sum is 0, at a
    dilation of `2**e`; the series is 0 beyond its ends. Its bias is a quantile of its answers on
    the training split. Of the words of kernel `j`, the places of the three smallest among 0 .. 8
    are the +2 taps, word 9 gives `e` (uniform, up to kernels as long as the series), word 10 the
    quantile (uniform in 0 .. 1).

    Args:
        features: number of kernels.
        seed: key of the draws.

    Source: Dempster, Schmidt, Webb, MiniRocket (KDD 2021).
    """

    FITTED = ("biases",)

    def __init__(self, features: int = 128, seed: int = 0) -> None:
        at_least("features", features, 1)
        self.features, self.seed = features, seed
        self.biases: Series | None = None

    def size(self, length: int) -> int:
        """Return the number of kernels."""
        return self.features

    def fit(self, prepared: Series) -> Self:
        """Take the biases from the training split, float64 `[B, L]`."""
        biases = []
        for taps, dilation, quantile in self._kernels(prepared.shape[1]):
            biases.append(np.quantile(_convolve(prepared, taps, dilation), quantile))
        self.biases = np.array(biases)
        return self

    def __call__(self, prepared: Series) -> Series:
        """Return the shares, float64 `[B, features]`, 0 .. 1."""
        biases = self.fitted("biases")
        kernels = self._kernels(prepared.shape[1])
        found = [
            (_convolve(prepared, taps, dilation) > bias).mean(axis=1)
            for (taps, dilation, _), bias in zip(kernels, biases, strict=True)
        ]
        return np.stack(found, axis=1)

    def _kernels(self, length: int) -> list[tuple[tuple[int, ...], int, float]]:
        """Return the places of the +2 taps, the dilation and the quantile of each kernel."""
        exponents = max(int(np.log2(max((length - 1) / 8, 1))), 0) + 1
        kernels = []
        for j in range(self.features):
            drawn = words(self.seed, j, 12)
            taps = tuple(int(i) for i in np.argsort(drawn[:9], kind="stable")[:3])
            dilation = 1 << int((drawn[9] * exponents) >> 32)
            kernels.append((taps, dilation, float(drawn[10]) / 2**32))
        return kernels


def _convolve(x: Series, taps: tuple[int, ...], dilation: int) -> Series:
    """Return `-sum over nine taps + 3 sum over three`, float64 `[B, L]`, zeros beyond the ends."""
    length, reach = x.shape[1], 4 * dilation
    padded = np.pad(x, ((0, 0), (reach, reach)))
    at = [padded[:, k * dilation : k * dilation + length] for k in range(9)]
    return 3.0 * sum(at[k] for k in taps) - sum(at)  # type: ignore[return-value]
