"""The memory of edges with what a chip has: ramps, index ties, steps of one, no look-ups."""

from __future__ import annotations

import torch
from torch import Tensor

from hls.errors import InvalidInput, Unsupported
from neutnn_pl.functional.rules import STDP
from neutnn_pl.nn.layer import Layer
from neutnn_pl.nn.network import Network
from neutnn_pl.nn.place_cells.codes import COLUMNS, FIELDS, EdgeCode
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

    Only what is a neuron's answer is inferred: dx, dy, the environment.

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
        held = edges.cpu().repeat_interleave(HOLD, dim=0)
        gates = self.code.gates(held, neuron=True)
        y = self.network.learn(self.code.spikes(held), ON_CHIP, 0, proximal=gates)
        return (y != 255).any(dim=2)[HOLD - 1 :: HOLD]

    def sealed(self) -> PlaceMemory:
        """Return a copy to infer with: fresh segments masked."""
        copy = ChipMemory(self.code, self.segments)
        copy.load_state_dict(self.state_dict())
        copy.layer.prune(self.fresh()[..., None].expand_as(self.layer.mask))
        return copy

    def infer(self, edges: Tensor, field: str, theta: int | None = None) -> Tensor:
        """Return dx, dy or the environment of each edge; as `PlaceMemory.infer`.

        Raises:
            Unsupported: for the head or the tail, which need potentials.
        """
        if field not in COLUMNS:
            raise Unsupported(
                "memory on a chip: field to infer",
                got=repr(field),
                expected=f"one of {', '.join(COLUMNS)}, the answers of neurons",
                mend="Use a PlaceMemory",
            )
        hidden = edges.clone()
        hidden[:, FIELDS.index(field)] = -1
        y = self._passed(self.code.spikes(hidden), self.code.gates(hidden), theta)
        one = y[:, COLUMNS.index(field)] != 255
        return torch.where(one.any(1), one.to(torch.uint8).argmax(1), -1)


def minicolumn(memory: PlaceMemory, field: str) -> Network:
    """Return one minicolumn as a network of its own, without padding.

    Its proximal lines are its dendrites, neuron by neuron; its distal lines are those of the code.

    Args:
        memory: what has been learnt.
        field: `dx` (X), `dy` (Y) or `environment` (E).

    Raises:
        InvalidInput: for another field.
    """
    if field not in COLUMNS:
        raise InvalidInput("minicolumn", got=repr(field), expected=f"one of {', '.join(COLUMNS)}")
    column, layer, code = COLUMNS.index(field), memory.layer, memory.code
    lines = layer.lines[column]
    lines, neurons = lines[lines >= 0], code.values(field)
    shape = (1, neurons, code.features, 1)
    one = Layer(
        len(lines),
        neurons,
        layer.theta[column : column + 1, :neurons],
        dendrites=code.features,
        segments=memory.segments,
        wres=layer.wres,
        response=layer.response,
        tie=layer.tie,
        horizon=1,
        lines=lines[None],
        proximal="enable",
        proximal_lines=torch.arange(neurons * code.features).reshape(shape),
    )
    for name in ("weights", "mask"):
        part = getattr(layer, name)[column, :neurons, :, :, : len(lines)]
        getattr(one, name).copy_(part[None])
    return Network(one, tres=0)


def gates_of(memory: PlaceMemory, gates: Tensor, field: str) -> Tensor:
    """Return the part of all gates that belongs to one minicolumn, uint8 `[B, N D]`."""
    code, column = memory.code, COLUMNS.index(field)
    parts = gates.reshape(len(gates), len(COLUMNS), code.neurons, code.features)
    return parts[:, column, : code.values(field)].flatten(1)
