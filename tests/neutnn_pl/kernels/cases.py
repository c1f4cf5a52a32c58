"""Random layers for property tests: shapes, settings, states and samples."""

from dataclasses import dataclass
from random import Random

import torch
from hypothesis import strategies as st

from neutnn_pl import functional as F
from neutnn_pl.functional.rules import STDP, DeterministicSTDP, Homeostasis
from neutnn_pl.kernels import LayerSpec, LayerState

STABILISERS = ("paper", "symmetric", "up", "off")
SHARES = ("column", "neuron", "synapse")


@dataclass
class Case:
    """A layer, its samples, and the gamma cycle of the first of them."""

    x: torch.Tensor
    xp: torch.Tensor | None
    labels: torch.Tensor
    state: LayerState
    spec: LayerSpec
    gamma: int
    horizon: int


@st.composite
def cases(draw, **fixed):
    """A `Case`; `fixed` settings of the spec replace drawn ones, `source="lfsr"` the rule's."""
    random = Random(draw(st.integers(0, 2**32 - 1)))
    c, n, d, s = (draw(st.integers(1, hi)) for hi in (2, 3, 2, 3))
    p, r = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    proximal = fixed.get("proximal", draw(st.sampled_from(["none", "enable", "weighted"])))
    response = draw(st.sampled_from(["rnl", "snl"]))
    wres = draw(st.sampled_from([1, 2, 3, 3, 7]))
    wres_p = draw(st.sampled_from([1, 3])) if proximal == "weighted" else wres
    m, m_p = 2**wres - 1, 2**wres_p - 1
    limit = 255 if response == "snl" else 255 - max(m, m_p) + 1
    horizon = draw(st.sampled_from([1, 2, 3, 4, 8, 8, 8, 11, 16, limit]))
    steps = F.output_horizon(horizon, m, response)
    if proximal == "weighted":
        steps = max(steps, F.output_horizon(horizon, m_p, response))
    source = fixed.pop("source", None)
    settings = {
        "steps": steps, "w_max": m, "response": response, "proximal": proximal,
        "w_max_proximal": m_p,
        "wta": draw(st.sampled_from(["1-wta", "k-wta", "t-wta", "none"])),
        "k": draw(st.integers(1, n)),
        "tie": draw(st.sampled_from(["index", "potential", "random"])),
        "rule": draw(stochastic(m, source) if source else st.one_of(stochastic(m), FIXED_POINT)),
        "homeostasis": draw(st.one_of(st.none(), HOMEOSTASIS)),
        "seed": draw(st.sampled_from([0, 1, 2**64 - 1, random.getrandbits(64)])),
        "layer": draw(st.integers(0, 255)), "first_column": draw(st.sampled_from([0, 0, 3, 700])),
    }  # fmt: skip
    spec = LayerSpec(**(settings | fixed))

    def tensor(shape, low, high, dtype=torch.uint8):
        values = [random.randint(low, high) for _ in range(torch.Size(shape).numel())]
        return torch.tensor(values, dtype=dtype).reshape(shape)

    def times(shape):
        silent = random.random() * 0.6
        drawn = tensor(shape, 0, horizon - 1)
        return torch.where(tensor(shape, 0, 999, torch.int64) < 1000 * silent, 255, drawn).byte()

    def synapses(size, most):
        mask = tensor((c, n, d, s, size), 0, 9) < random.choice([5, 8, 10])
        return tensor(mask.shape, 0, most) * mask, mask

    samples = draw(st.integers(1, 4))
    w, mask = synapses(p, m)
    wp, mask_p = synapses(r if proximal == "weighted" else 0, m_p)
    bits = getattr(spec.rule, "fraction_bits", 0)
    top = max(1, p * m // random.choice([1, 2, 4]))
    xp = None
    if proximal == "enable":
        xp = tensor((samples, c, n, d, 1), 0, 1).bool()
    elif proximal == "weighted":
        xp = times((samples, c, n, d, r))
    state = LayerState(
        w=w, mask=mask, theta=tensor((c, n), 1, top, torch.int32), wp=wp, mask_p=mask_p,
        fraction=tensor(w.shape, 0, 2**bits - 1, torch.int32) * mask * (w < m),
        fraction_p=tensor(wp.shape, 0, 2**bits - 1, torch.int32) * mask_p * (wp < m_p),
        fatigue=tensor((c, n), 0, 40 if spec.homeostasis else 0, torch.int32),
        lfsr=tensor((c,), 1, 2**24 - 1, torch.int64),
    )  # fmt: skip
    labels = tensor((samples,), 0, n - 1, torch.int64)
    gamma = draw(st.sampled_from([0, 2**32 - 2, random.getrandbits(45)]))
    return Case(times((samples, c, p)), xp, labels, state, spec, gamma, horizon)


@st.composite
def probabilities(draw, w_max=7):
    u = st.one_of(st.integers(0, 1024), st.sampled_from([0, 1024]))
    return {
        "capture": draw(u), "minus": draw(u), "search": draw(u), "backoff": draw(u),
        "minimum": draw(u), "stabiliser": draw(st.sampled_from(STABILISERS)),
        "search_max": draw(st.one_of(st.none(), st.integers(0, w_max))),
    }  # fmt: skip


@st.composite
def stochastic(draw, w_max=7, source=None):
    """STDP of any kind."""
    other = draw(st.one_of(st.none(), probabilities()))
    return STDP(
        **draw(probabilities(w_max)),
        after=draw(st.sampled_from(["column", "dendrite"])),
        search_scope=draw(st.sampled_from(["enabled", "all"])),
        reward=draw(st.booleans()),
        proximal=None if other is None else F.Probabilities(**other),
        source=source or draw(st.sampled_from(["philox", "philox", "lfsr"])),
        share=draw(st.sampled_from(SHARES)),
        share_f=draw(st.sampled_from(SHARES)),
        lfsr_width=draw(st.sampled_from([24, 25, 28, 31, 32])),
    )


FIXED_POINT = st.builds(
    DeterministicSTDP,
    capture=st.integers(0, 40), minus=st.integers(0, 40), search=st.integers(0, 9),
    backoff=st.integers(0, 40), fraction_bits=st.integers(0, 6),
    stabiliser=st.sampled_from(STABILISERS), after=st.sampled_from(["column", "dendrite"]),
    search_scope=st.sampled_from(["enabled", "all"]),
)  # fmt: skip
HOMEOSTASIS = st.builds(
    Homeostasis, rise=st.integers(0, 30), fall=st.integers(0, 5), shift=st.integers(0, 3)
)


def as_lists(state: LayerState) -> dict:
    """The state as the oracle has it."""
    return {name: tensor.int().tolist() if tensor.dtype != torch.int64 else tensor.tolist()
            for name, tensor in vars(state).items()}  # fmt: skip
