"""The voter on top of a network, and the layer that starts time anew."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neutnn_pl import functional as F
from neutnn_pl.kernels import uses_numba

KINDS = ("margin", "local")


def check_label(sample: int, label: int, classes: int) -> None:
    """Raise ValueError unless a sample's label is a class."""
    if not 0 <= label < classes:
        raise ValueError(
            f"Voter: label of sample {sample}: got {label}; expected 0 .. {classes - 1}"
        )


class Retime(nn.Module):
    """Starts the next layer's time base at the first spike of the whole layer's volley.

    Args:
        horizon: number of distinct times that remain.
        late: what becomes of a spike beyond them: no spike (`drop`; it streams in hardware), or
            the last step (`saturate`; the volley is stored and replayed).
    """

    def __init__(self, horizon: int = 8, late: str = "drop") -> None:
        super().__init__()
        if not 1 <= horizon <= 255:
            raise ValueError(f"Retime: horizon: got {horizon}; expected 1 .. 255")
        if late not in ("drop", "saturate"):
            raise ValueError(f"Retime: late: got {late!r}; expected 'drop' or 'saturate'")
        self.horizon, self.late = horizon, late

    def forward(self, x: Tensor) -> Tensor:
        """Return the retimed volley, uint8 `[B, lines]`, of one."""
        return F.retime(x, self.horizon, self.late)

    def extra_repr(self) -> str:
        """Return the line that `print` shows."""
        return f"horizon={self.horizon}, late={self.late}"


class Voter(nn.Module):
    """Supervised integer votes from passing neurons to classes.

    Args:
        columns: columns of the last layer, `C`.
        neurons: neurons of its columns, `N`.
        classes: classes, `K`.
        kind: `margin` (signed, learns where the label does not lead by `margin`) or `local`
            (`0 .. v_max`, up with probability `up`, down with `down`, out of 1024).
        margin: margin of the `margin` voter.
        up: of the `local` voter.
        down: of the `local` voter.
        v_max: of the `local` voter.

    Attributes:
        votes: int32 `[C, N, K]`.
        total: int64, sum of the snapshots taken at the ends of epochs.
        snapshots: int64, how many.
        gamma: int64, samples learnt.
        learning: whether `learn` changes anything.
        kernel: what learns: `auto`, `reference`, `numba` or `triton` (which learns votes as the
            reference does).
    """

    votes: Tensor
    total: Tensor
    snapshots: Tensor
    gamma: Tensor

    def __init__(
        self,
        columns: int,
        neurons: int,
        classes: int,
        *,
        kind: str = "margin",
        margin: int = 2000,
        up: int = 512,
        down: int = 64,
        v_max: int = 127,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"Voter: kind: got {kind!r}; expected one of {KINDS}")
        if classes < 2:
            raise ValueError(f"Voter: classes: got {classes}; expected at least 2")
        if not 0 < v_max <= 127:
            raise ValueError(f"Voter: v_max: got {v_max}; expected 1 .. 127")
        self.kind, self.margin, self.up, self.down, self.v_max = kind, margin, up, down, v_max
        self.learning = True
        self.kernel = "auto"
        shape = (columns, neurons, classes)
        self.register_buffer("votes", torch.zeros(shape, dtype=torch.int32))
        self.register_buffer("total", torch.zeros(shape, dtype=torch.int64))
        self.register_buffer("snapshots", torch.zeros((), dtype=torch.int64))
        self.register_buffer("gamma", torch.zeros((), dtype=torch.int64))

    def forward(self, y: Tensor) -> Tensor:
        """Return the class of each sample by the frozen votes, int64 `[B]`.

        Args:
            y: uint8 `[B, C, N]`, output spike times in time steps or 255.
        """
        return F.elected(F.votes(y, self.frozen()))

    def reset(self) -> None:
        """Forget everything."""
        for buffer in (self.votes, self.total, self.snapshots, self.gamma):
            buffer.zero_()

    def learn(self, y: Tensor, labels: Tensor, seed: int = 0) -> Tensor:
        """Learn samples one after the other; return the class each got before its own update.

        Args:
            y: uint8 `[B, C, N]`, output spike times in time steps or 255.
            labels: int64 `[B]`, `0 .. K - 1`.
            seed: key of the draws (stream 7).
        """
        if not self.learning:
            return self(y)
        if uses_numba(self.kernel, y.device):
            return self._learn_compiled(y, labels, seed)
        first = int(self.gamma)
        cycles = torch.arange(first, first + len(y), device=y.device)
        c, n, k = self.votes.shape
        draws = F.vote_draws(cycles, (c, n, k), seed) if self.kind == "local" else None
        found, v = [], self.votes
        for b, label in enumerate(labels.tolist()):
            check_label(b, label, k)
            found.append(F.elected(F.votes(y[b : b + 1], v)))
            if draws is None:
                v = F.margin_vote(v, y[b], label, self.margin)
            else:
                v = F.local_vote(v, y[b], label, draws[b], self.up, self.down, self.v_max)
        self.votes.copy_(v)
        self.gamma += len(y)
        return torch.cat(found)

    def _learn_compiled(self, y: Tensor, labels: Tensor, seed: int) -> Tensor:
        from neutnn_pl.kernels.numba import voter

        bad = ((labels < 0) | (labels >= self.votes.shape[2])).nonzero()
        if len(bad):
            check_label(int(bad[0]), int(labels[bad[0]]), self.votes.shape[2])
        rule = voter.Rule(self.kind == "margin", self.margin, self.up, self.down, self.v_max)
        found, votes = voter.learn(self.votes, y, labels, rule, int(self.gamma), seed)
        self.votes.copy_(votes)
        self.gamma += len(y)
        return found

    def snapshot(self) -> None:
        """Add the votes of now to the mean that is frozen."""
        self.total += self.votes
        self.snapshots += 1

    def frozen(self) -> Tensor:
        """Return 8-bit votes, int8 `[C, N, K]`.

        `margin`: the mean of the snapshots (of the votes of now without any), scaled by a power of
        two, rounded half up. `local`: the votes.
        """
        if self.kind == "local":
            return self.votes.to(torch.int8)
        if int(self.snapshots) == 0:
            return F.eight_bits(self.votes.to(torch.int64), 1)[0]
        return F.eight_bits(self.total, int(self.snapshots))[0]

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal voter, as plain values."""
        c, n, k = self.votes.shape
        names = ("kind", "margin", "up", "down", "v_max")
        return {"columns": c, "neurons": n, "classes": k} | {x: getattr(self, x) for x in names}

    def extra_repr(self) -> str:
        """Return the line that `print` shows."""
        c, n, k = self.votes.shape
        return f"columns={c}, neurons={n}, classes={k}, kind={self.kind}"
