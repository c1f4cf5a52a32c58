"""An associative memory of labelled edges in active dendrites."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hls.errors import InvalidInput
from neutnn_pl.functional.rules import DeterministicSTDP
from neutnn_pl.nn.layer import Layer
from neutnn_pl.nn.network import Network
from neutnn_pl.nn.place_cells.codes import COLUMNS, FIELDS, READS, UNKNOWN, EdgeCode

FRESH, LEARNT = 5, 7
"""Weight of a synapse before and after its segment has stored an edge, in weight LSB."""

ONE_SHOT = DeterministicSTDP(capture=7, minus=0, search=0, backoff=7, stabiliser="off")
"""One presentation of an edge makes its synapses 7 and all others of the segment 0."""

RECALL, EXACT = 2 * FRESH + 3, 3 * LEARNT
"""Thresholds, in weight LSB: two of three fields suffice; all three must match."""


def edge_layer(code: EdgeCode, segments: int, theta: int = RECALL) -> Layer:
    """Return the three minicolumns X, Y and E as the columns of one layer.

    Columns share input lines and gates, but no weights. The smaller ones are padded: their
    padding is masked, so it counts, stores and costs nothing.

    Args:
        code: what lines and neurons stand for.
        segments: segments of a dendrite, `S`.
        theta: threshold in weight LSB.
    """
    shape = (len(COLUMNS), code.neurons, code.features, 1)
    layer = Layer(
        code.inputs,
        code.neurons,
        theta,
        columns=len(COLUMNS),
        dendrites=code.features,
        segments=segments,
        response="snl",
        wta="1-wta",
        tie="potential",
        horizon=1,
        lines=code.table(),
        proximal="enable",
        proximal_lines=torch.arange(code.levels).reshape(shape),
    )
    make_fresh(layer, code)
    return layer


@torch.no_grad()
def make_fresh(layer: Layer, code: EdgeCode) -> None:
    """Forget everything: mask the padding, and give all other synapses weight 5."""
    neurons = torch.tensor([code.values(field) for field in COLUMNS])
    used = torch.arange(code.neurons) < neurons[:, None]
    layer.mask.copy_((used[:, :, None] & (code.table() >= 0)[:, None])[:, :, None, None])
    layer.weights.copy_(layer.mask * FRESH)
    layer.fraction.zero_()
    layer.gamma.zero_()


class PlaceMemory(nn.Module):
    """Stores labelled edges in one pass, and infers a field that is missing.

    A dendrite of minicolumn X holds what leads to one head by one dx: each of its segments stores
    one (environment, tail, dy); Y and E likewise. A fresh segment answers any three fields with a
    potential of 15, a learnt one with 21, 14 or 7 for three, two or one that match. So an edge
    that is known wins again, a new one recruits the first fresh segment, and where the dendrite is
    full it overwrites its best match of two fields or, without one, is not stored.

    Args:
        code: what lines and neurons stand for.
        segments: segments of a dendrite, `S`.
        theta: threshold in weight LSB; 13 lets two of three fields suffice.

    Attributes:
        network: one layer of three columns.
        layer: that layer.
    """

    def __init__(self, code: EdgeCode, segments: int = 16, theta: int = RECALL) -> None:
        super().__init__()
        self.code = code
        self.network = Network(edge_layer(code, segments, theta), tres=0)
        self.layer: Layer = self.network.columns[0]

    @classmethod
    def of(cls, network: Network, code: EdgeCode) -> PlaceMemory:
        """Return a memory around a network that has one layer as `edge_layer` makes it.

        Raises:
            InvalidInput: if the network has other sizes than the code.
        """
        layer, wanted = network.columns[0], (3, code.neurons, code.features)
        found = layer.weights.shape
        fits = tuple(found[:3]) == wanted and found[4] == code.inputs
        if not fits or not torch.equal(layer.lines.cpu().long(), code.table()):
            raise InvalidInput(
                "place memory",
                got=f"a layer of {list(found)}",
                expected=f"{list(wanted)} columns, neurons, dendrites, as {code} has",
                mend="Give the network and the data the same sizes",
            )
        memory = cls.__new__(cls)
        nn.Module.__init__(memory)
        memory.code, memory.network, memory.layer = code, network, network.columns[0]
        return memory

    @property
    def segments(self) -> int:
        """Segments of a dendrite, `S`."""
        return int(self.layer.weights.shape[3])

    @property
    def theta(self) -> int:
        """Threshold, in weight LSB."""
        return int(self.layer.theta[0, 0])

    @property
    def synapses(self) -> int:
        """Number of unpruned synapses."""
        return self.network.synapses

    def reset(self) -> None:
        """Forget everything."""
        make_fresh(self.layer, self.code)

    def fresh(self) -> Tensor:
        """Return which segments are unrecruited, bool `[3, N, D, S]`: as they were made."""
        mask, w = self.layer.mask, self.layer.weights
        return ((w == FRESH) | ~mask).all(-1) & mask.any(-1)

    def learn(self, edges: Tensor) -> Tensor:
        """Store edges, one after the other, each presented once.

        Args:
            edges: int64 `[B, 5]`; fields that are not given leave their minicolumn as it is.

        Returns:
            bool `[B, 3]`: whether X, Y and E have stored it (False: the dendrite was full).
        """
        return (self.present(edges) == 0).any(dim=2).cpu()

    def present(self, edges: Tensor) -> Tensor:
        """Learn edges; return spike times, uint8 `[B, 3, N]`, as each found the memory."""
        x, gates = self.asked(edges, neuron=True)
        return self.network.learn(x, ONE_SHOT, 0, proximal=gates)

    def asked(self, edges: Tensor, *, neuron: bool = False) -> tuple[Tensor, Tensor]:
        """Return spikes and gates of edges, where the weights are; see `EdgeCode.gates`."""
        edges, device = edges.cpu(), self.layer.weights.device
        x, gates = self.code.spikes(edges), self.code.gates(edges, neuron=neuron)
        return x.to(device), gates.to(device)

    def holds(self, edges: Tensor) -> Tensor:
        """Return whether X, Y and E hold edges whole, bool `[B, 3]`, from int64 `[B, 5]`."""
        return (self._passed(*self.asked(edges, neuron=True), EXACT) == 0).any(dim=2)

    @torch.no_grad()
    def forget(self, edges: Tensor) -> Tensor:
        """Make the segments fresh again that hold edges whole.

        This is structural plasticity, no STDP: for an edge that turned out to be wrong.

        Args:
            edges: int64 `[B, 5]`, all fields given.

        Returns:
            bool `[B, 3]`: whether X, Y and E held it.
        """
        held = torch.zeros(len(edges), len(COLUMNS), dtype=torch.bool)
        head = edges[:, FIELDS.index("head")]
        for column, field in enumerate(COLUMNS):
            neuron = edges[:, FIELDS.index(field)]
            found = self.potentials(edges, column, neuron)[torch.arange(len(edges)), head] >= EXACT
            held[:, column] = found.any(1)
            which, segment = found.nonzero(as_tuple=True)
            at = (column, neuron[which], head[which], segment)
            self.layer.weights[at] = self.layer.mask[at].to(torch.uint8) * FRESH
        return held

    def revise(self, edges: Tensor) -> Tensor:
        """Store edges; forget first what is remembered of the same map, tail and head elsewhere.

        Args:
            edges: int64 `[B, 5]`, all fields given, no map, tail and head twice.

        Returns:
            bool `[B, 3]`, as `learn`.
        """
        asked = edges.clone()
        asked[:, FIELDS.index("dx") :] = UNKNOWN
        expected = edges.clone()
        for field in ("dx", "dy"):
            expected[:, FIELDS.index(field)] = self.infer(asked, field)
        wrong = (expected != edges).any(1) & (expected != UNKNOWN).all(1)
        self.forget(expected[wrong])
        return self.learn(edges)

    def infer(self, edges: Tensor, field: str, theta: int | None = None) -> Tensor:
        """Return the value of one field of each edge, int64 `[B]`; -1 without an answer.

        For dx, dy and the environment all neurons compete with the head's dendrite, and the answer
        is the winner. For the head, the neurons that the other fields name have all dendrites
        open, and the answer is the dendrite with the largest sum of winning potentials. For the
        tail, the edge is walked backwards and its head inferred.

        Args:
            edges: int64 `[B, 5]`; what the field itself holds is not looked at, and any other
                may be -1.
            field: one of `FIELDS`.
            theta: another threshold than the layer's, in weight LSB.

        Raises:
            InvalidInput: for another field.
        """
        if field not in FIELDS:
            raise InvalidInput(
                "field to infer", got=repr(field), expected=f"one of {', '.join(FIELDS)}"
            )
        edges = edges.cpu().clone()
        edges[:, FIELDS.index(field)] = UNKNOWN
        if field == "tail":
            return self.infer(self.code.reversed(edges), "head", theta)
        if field == "head":
            scores = self.head_scores(edges, theta)
            return torch.where(scores.amax(1) > 0, scores.argmax(1), UNKNOWN)
        y = self._passed(*self.asked(edges), theta)
        one = y[:, COLUMNS.index(field)] == 0
        return torch.where(one.any(1), one.to(torch.uint8).argmax(1), UNKNOWN)

    def head_scores(self, edges: Tensor, theta: int | None = None) -> Tensor:
        """Return, for every head, the sum of the winning potentials in X, Y and E, int64 `[B, D]`.

        Args:
            edges: as in `infer`; the minicolumns whose own field is not given do not count.
            theta: as in `infer`.
        """
        total = torch.zeros(len(edges), self.code.features, dtype=torch.int64)
        for column, field in enumerate(COLUMNS):
            neuron = edges[:, FIELDS.index(field)]
            v = self.potentials(edges, column, neuron.clamp(min=0))
            spikes = v >= (self.theta if theta is None else theta)
            total += torch.where(spikes, v, 0).amax(2) * (neuron != UNKNOWN)[:, None]
        return total

    def environments(self, edges: Tensor, theta: int | None = None) -> Tensor:
        """Return the environments that know each edge, bool `[B, environments]`.

        These are what minicolumn E lets pass under t-WTA: all spikes are at time 0.

        Args:
            edges: as in `infer`; the environment is not looked at.
            theta: threshold in weight LSB; None asks for every field that is given to match. (At
                13 fresh segments pass too, and edges that agree in two fields.)
        """
        inputs = self.inputs(edges, COLUMNS.index("environment"))
        bound = LEARNT * (inputs != UNKNOWN).sum(1) if theta is None else torch.tensor(theta)
        w = self.layer.weights[COLUMNS.index("environment")].cpu().permute(1, 3, 0, 2).contiguous()
        w, head = w[:, :, : self.code.environments], edges[:, FIELDS.index("head")]  # [D, P, E, S]
        known = torch.zeros(len(edges), self.code.environments, dtype=torch.bool)
        for one in range(0, len(edges), 512):
            part = slice(one, one + 512)
            v = torch.zeros(len(edges[part]), *w.shape[2:], dtype=torch.uint8)
            for i in inputs[part].T:
                given = (i != UNKNOWN)[:, None, None]
                v += torch.where(given, w[head[part], i.clamp(min=0)], 0)
            spikes = v >= bound.expand(len(edges))[part, None, None].clamp(min=1)
            known[part] = spikes.any(2)
        return known

    def inputs(self, edges: Tensor, column: int) -> Tensor:
        """Return which inputs of a minicolumn spike, int64 `[B, 3]`; -1 for none.

        Args:
            edges: int64 `[B, 5]`; -1 where a field is not given.
            column: which minicolumn, 0 .. 2 for X, Y and E.
        """
        rows, first = [], 0
        for field in READS[column]:
            value = edges[:, FIELDS.index(field)]
            rows.append(torch.where(value == UNKNOWN, UNKNOWN, first + value))
            first += self.code.values(field)
        return torch.stack(rows, dim=1)

    def potentials(self, edges: Tensor, column: int, neuron: Tensor) -> Tensor:
        """Return the potentials of all segments of one neuron, int64 `[B, D, S]`, in weight LSB.

        With steps and all spikes at 0 the potential is the sum of at most three weights, so only
        these are looked up.

        Args:
            edges: int64 `[B, 5]`; -1 where a field is not given.
            column: which minicolumn, 0 .. 2 for X, Y and E.
            neuron: int64 `[B]`, which of its neurons.
        """
        w = self.layer.weights[column].cpu().permute(0, 3, 1, 2).contiguous()  # [N, P, D, S]
        total = torch.zeros(len(edges), *w.shape[2:], dtype=torch.int64)
        for i in self.inputs(edges, column).T:
            weight = w[neuron, i.clamp(min=0)]
            total += torch.where((i >= 0)[:, None, None], weight, 0)
        return total

    def _passed(self, x: Tensor, gates: Tensor, theta: int | None) -> Tensor:
        """Return spike times of the neurons, uint8 `[B, 3, N]`, perhaps under another threshold."""
        if theta is None:
            return self.network(x, gates).cpu()
        kept = self.layer.theta.clone()
        try:
            self.layer.theta.fill_(theta)
            return self.network(x, gates).cpu()
        finally:
            self.layer.theta.copy_(kept)
