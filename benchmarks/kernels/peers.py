"""The same layer in plain PyTorch, twice: as one would write it first, and with care.

Both learn one sample after the other by the same rule with draws of torch's own, so that their
weights differ from the kernels'; what they spend is what counts.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.kernels.layers import Case
from neutnn_pl.functional.stdp import stabiliser_table


class Naive:
    """The equations as they stand, vectorised over columns, neurons, synapses and time."""

    def __init__(self, case: Case) -> None:
        c, n, _, _, p = case.state.w.shape
        self.w = case.state.w.reshape(c, n, p).long()
        self.theta, self.steps, self.u = case.state.theta, case.spec.steps, case.spec.rule
        self.up, self.down = stabiliser_table(case.spec.w_max, self.u.stabiliser)
        self.w_max = case.spec.w_max

    def forward(self, x: Tensor) -> Tensor:
        """Return spike times `[C, N]` of one sample `[C, P]` after 1-WTA."""
        t = torch.arange(self.steps)
        since = (t - x.long()[:, None, :, None] + 1).clamp(min=0)
        v = torch.minimum(since, self.w[..., None]).sum(2)
        fired = v >= self.theta[..., None]
        time = torch.where(fired.any(-1), fired.int().argmax(-1), 255)
        at = v.gather(-1, time.clamp(max=self.steps - 1)[..., None])[..., 0]
        rank = time * 100000 - at
        winner = torch.zeros_like(time, dtype=torch.bool)
        winner.scatter_(1, rank.argmin(1, keepdim=True), True)
        return torch.where(winner, time, 255)

    def learn(self, x: Tensor) -> Tensor:
        """Learn one sample."""
        y = self.forward(x)
        x, times = x.long()[:, None, :].expand_as(self.w), y[..., None]
        sx, sy, shape = x < 255, times < 255, self.w.shape
        f_up, f_down = self.up[self.w] / 1024, self.down[self.w] / 1024

        def b(p: Tensor | float) -> Tensor:
            return torch.rand(shape) < p

        u, m = self.u, self.u.minimum / 1024
        capture = sx & sy & (x <= times) & b(u.capture / 1024) & (b(m) | b(f_up))
        search = sx & ~sy & b(u.search / 1024)
        minus = sx & sy & (x > times) & b(u.minus / 1024) & (b(m) | b(f_down))
        backoff = ~sx & sy & b(u.backoff / 1024) & (b(m) | b(f_down))
        change = (capture | search).long() - (minus | backoff).long()
        self.w = (self.w + change).clamp(0, self.w_max)
        return y


class Careful:
    """Bytes, one step of time after the other until somebody wins, only the winner updated."""

    def __init__(self, case: Case) -> None:
        c, n, _, _, p = case.state.w.shape
        self.w = case.state.w.reshape(c, n, p).clone()
        self.theta, self.steps, self.u = case.state.theta, case.spec.steps, case.spec.rule
        self.up, self.down = stabiliser_table(case.spec.w_max, self.u.stabiliser).short()
        self.w_max, self.columns = case.spec.w_max, torch.arange(c)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return each column's winner and its spike time, 255 for none."""
        winner = torch.zeros(len(x), dtype=torch.int64)
        time = torch.full((len(x),), 255, dtype=torch.uint8)
        v = torch.zeros(self.w.shape[:2], dtype=torch.int32)
        spiked = torch.zeros(len(x), dtype=torch.bool)
        for t in range(self.steps):
            age = torch.where(x <= t, t + 1 - x, 0)[:, None]
            # A synapse is one higher than a step ago while its ramp lasts.
            v += ((age > 0) & (age <= self.w)).sum(2, dtype=torch.int32)
            strength = torch.where(v >= self.theta, v, 0)
            best, index = strength.max(1)
            new = (best > 0) & ~spiked
            winner, time = torch.where(new, index, winner), torch.where(new, t, time).byte()
            spiked |= new
            if bool(spiked.all()):
                break
        return winner, time

    def learn(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Learn one sample."""
        winner, time = self.forward(x)
        u, w = self.u, self.w[self.columns, winner]
        sx, sy = x < 255, (time < 255)[:, None]
        hits = torch.rand(self.w.shape) < u.search / 1024
        hits &= sx[:, None]
        hits[self.columns, winner] &= ~sy
        self.w += hits & (self.w < self.w_max)
        draw, floor, f = (torch.randint(0, 1024, w.shape, dtype=torch.int16) for _ in range(3))
        level = w.long()
        low = floor < u.minimum
        early = sx & (x <= time[:, None])
        up = early & (draw < u.capture) & (low | (f < self.up[level]))
        limit = torch.where(sx, u.minus, u.backoff)
        down = ~early & (draw < limit) & (low | (f < self.down[level]))
        moved = (w.char() + (up & sy).char() - (down & sy).char()).clamp(0, self.w_max)
        self.w[self.columns, winner] = torch.where(sy, moved.byte(), self.w[self.columns, winner])
        return winner, time
