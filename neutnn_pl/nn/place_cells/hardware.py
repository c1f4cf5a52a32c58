"""The memory of edges with what a chip has: ramps, index ties, steps of one, no look-ups."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnn_pl.functional import NO_SPIKE
from neutnn_pl.functional.rules import STDP
from neutnn_pl.nn.layer import Layer
from neutnn_pl.nn.network import Network
from neutnn_pl.nn.place_cells.codes import COLUMNS, FIELDS, UNKNOWN, EdgeCode
from neutnn_pl.nn.place_cells.memory import RECALL, PlaceMemory

HOLD = 3
"""Gamma cycles for which an edge is presented: weights move by one in each."""

ON_CHIP = STDP(
    capture=1024, minus=0, search=0, backoff=1024, minimum=1024, stabiliser="off", source="lfsr"
)
"""Stochastic STDP without chance: every case is certain, so that the draws do not matter."""


class ChipMemory(PlaceMemory):
    """A memory of edges that learns on a chip.

    A ramp of weight 7, 7, 7 and one of a fresh segment, 5, 5, 5, both reach 13 at time 4, two of
    three fields at time 5 or 6. So time takes the place of potential: a known edge wins over a
    fresh segment because it stands before it, and both win over a half known edge. After three
    cycles a segment has weights 7, 7, 7 and 2 elsewhere; for inference the fresh segments are
    masked (`sealed`), since across neurons they would tie with known edges.

    Neurons answer with times only, so a head is found by asking for one after the other: `D` gamma
    cycles, in each of which the dendrites of one head are open. The largest sum over X, Y and E of
    the steps that are left when they spike is the answer.

    Args:
        code: what lines and neurons stand for.
        segments: segments of a dendrite, `S`.
        theta: threshold in weight LSB.
    """

    def __init__(self, code: EdgeCode, segments: int = 16, theta: int = RECALL) -> None:
        super().__init__(code, segments, theta)
        self.layer.response, self.layer.tie = "rnl", "index"

    def learn(self, edges: Tensor) -> Tensor:
        """Store edges, each held for three gamma cycles; as `PlaceMemory.learn`."""
        return (self.present(edges) != NO_SPIKE).any(dim=2).cpu()

    def present(self, edges: Tensor) -> Tensor:
        """Learn edges; return spike times, uint8 `[B, 3, N]`, of the last of their cycles."""
        return learn_held(self.network, *self.asked(edges, neuron=True), 0)

    def sealed(self) -> PlaceMemory:
        """Return a copy to infer with: fresh segments masked."""
        copy = ChipMemory(self.code, self.segments, self.theta)
        copy.load_state_dict(self.state_dict())
        copy.layer.prune(self.fresh()[..., None].expand_as(self.layer.mask))
        return copy

    def head_scores(self, edges: Tensor, theta: int | None = None) -> Tensor:
        """Return, for every head, the steps left when X, Y and E spike, summed, int64 `[B, D]`."""
        total = torch.zeros(len(edges), self.code.features, dtype=torch.int64)
        last = self.layer.output_horizon
        for head in range(self.code.features):
            asked = edges.clone()
            asked[:, FIELDS.index("head")] = head
            y = self._passed(*self.asked(asked, neuron=True), theta).long()
            total[:, head] = torch.where(y == NO_SPIKE, 0, last - y).amax(2).sum(1)
        return total

    def infer(self, edges: Tensor, field: str, theta: int | None = None) -> Tensor:
        """Return the value of one field of each edge, int64 `[B]`; as `PlaceMemory.infer`."""
        if field not in COLUMNS:
            return super().infer(edges, field, theta)
        hidden = edges.cpu().clone()
        hidden[:, FIELDS.index(field)] = UNKNOWN
        y = self._passed(*self.asked(hidden), theta)
        one = y[:, COLUMNS.index(field)] != NO_SPIKE
        return torch.where(one.any(1), one.to(torch.uint8).argmax(1), UNKNOWN)


def learn_held(network: Network, x: Tensor, gates: Tensor, seed: int) -> Tensor:
    """Learn samples on a chip, each held for `HOLD` gamma cycles.

    Args:
        network: what learns, by `ON_CHIP`.
        x: uint8 `[B, lines]`, spike times.
        gates: uint8 `[B, proximal lines]`, levels of the dendrites.
        seed: key of the draws, which decide nothing.

    Returns:
        Spike times in the last cycle of each, uint8 `[B, C, N]`.
    """
    held = x.repeat_interleave(HOLD, dim=0), gates.repeat_interleave(HOLD, dim=0)
    return network.learn(held[0], ON_CHIP, seed, proximal=held[1])[HOLD - 1 :: HOLD]


def minicolumn(memory: PlaceMemory, field: str) -> Network:
    """Return one minicolumn as a network of its own, without padding.

    Its distal lines are those that it reads (`EdgeCode.lines_of`), its proximal lines its
    dendrites, neuron by neuron (`EdgeCode.levels_of`).

    Args:
        memory: what has been learnt.
        field: `dx` (X), `dy` (Y) or `environment` (E).

    Raises:
        InvalidInput: for another field.
    """
    inputs = len(memory.code.lines_of(field))
    column, layer, code = COLUMNS.index(field), memory.layer, memory.code
    neurons = code.values(field)
    one = Layer(
        inputs,
        neurons,
        layer.theta[column : column + 1, :neurons],
        dendrites=code.features,
        segments=memory.segments,
        wres=layer.wres,
        response=layer.response,
        tie=layer.tie,
        horizon=1,
        lines=torch.arange(inputs)[None],
        proximal="enable",
        proximal_lines=torch.arange(neurons * code.features).reshape(1, neurons, -1, 1),
    )
    for name in ("weights", "mask"):
        part = getattr(layer, name)[column, :neurons, :, :, :inputs]
        getattr(one, name).copy_(part[None])
    return Network(one, tres=0)
