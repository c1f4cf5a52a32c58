"""The Triton kernel against the reference; run by `test_triton.py` in processes of its own.

With TRITON_INTERPRET=1, set before Triton is imported, the kernel runs in Triton's interpreter on
the CPU; without it, on the GPU.
"""

import os
from dataclasses import replace

import pytest
import torch
import triton
import triton.language as tl
from hypothesis import HealthCheck, Phase, given, settings

from hls.errors import Unsupported
from neutnn_pl import functional as F
from neutnn_pl.functional.rules import STDP, DeterministicSTDP, Homeostasis
from neutnn_pl.kernels import LayerSpec, LayerState, reference
from neutnn_pl.kernels import triton as kernel
from neutnn_pl.kernels.triton import blocks, launch, plan
from tests.neutnn_pl.kernels.cases import STABILISERS, cases

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = torch.device("cpu" if INTERPRETED else "cuda")


def put(state, device=DEVICE):
    return LayerState(**{name: part.to(device) for name, part in vars(state).items()})


def equals_the_reference(x, state, spec, gamma, xp=None, cuts=None):
    """Learn on both, the kernel's samples in parts of the sizes `cuts`, and compare every bit."""
    near = None if xp is None else xp.to(DEVICE)
    want, after = reference.learn(x, state, spec, gamma, xp)
    now, outputs, start = put(state), [], 0
    for size in cuts or [len(x)]:
        part = slice(start, start + size)
        piece = None if near is None else near[part]
        y, now = kernel.learn(x[part].to(DEVICE), now, spec, gamma + start, piece)
        outputs.append(y)
        start += size
    assert start == len(x)
    assert torch.equal(torch.cat(outputs).cpu(), want)
    for name, part in vars(after).items():
        found = vars(now)[name].cpu()
        assert found.dtype == part.dtype, name
        assert torch.equal(found, part), name
    y = kernel.infer(x.to(DEVICE), now, spec, near)
    assert torch.equal(y.cpu(), reference.infer(x, after, spec, xp))


def supported(spec):
    """The spec without what this kernel refuses."""
    if isinstance(spec.rule, STDP):
        return replace(spec, rule=replace(spec.rule, source="philox", reward=False))
    return spec


def random_layer(shape, samples, spec, theta, near=0, seed=0):
    """Spike times, state and proximal inputs of a layer `(C, N, D, S, P)`."""
    c, n, d, s, p = shape
    generator = torch.Generator().manual_seed(seed)

    def draw(most, *size):
        return torch.randint(0, most, size, generator=generator)

    def times(*size):
        return torch.where(draw(10, *size) < 4, 255, draw(8, *size)).byte()

    mask, mask_p = draw(10, *shape) < 8, draw(10, c, n, d, s, near) < 8
    state = LayerState.of(
        (draw(spec.w_max + 1, *shape) * mask).byte(), torch.full((c, n), theta).int(), mask
    )
    state = state.changed(
        wp=(draw(spec.w_max_proximal + 1, *mask_p.shape) * mask_p).byte(),
        mask_p=mask_p,
        fraction_p=torch.zeros_like(mask_p, dtype=torch.int32),
    )
    xp = None
    if spec.proximal == "enable":
        xp = draw(2, samples, c, n, d, 1).bool()
    elif spec.proximal == "weighted":
        xp = times(samples, c, n, d, near)
    return times(samples, c, p), state, xp


# Shrinking takes minutes in the interpreter, and layers are small as they are.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
CHECKS = list(HealthCheck)
LIVELY = STDP(capture=600, minus=800, search=200, backoff=400)
SETTINGS = {
    "point neurons": ((2, 12, 1, 1, 32), 32, 0, LayerSpec(steps=14, w_max=7, rule=LIVELY)),
    "many words": ((1, 5, 1, 1, 70), 50, 0, LayerSpec(steps=14, w_max=7, rule=LIVELY)),
    "active dendrites": (
        (1, 5, 1, 3, 18), 16, 0,
        LayerSpec(steps=14, w_max=7, proximal="enable", wta="t-wta", rule=LIVELY),
    ),
    "two levels, random ties, fatigue": (
        (1, 3, 2, 3, 9), 9, 0,
        LayerSpec(
            steps=14, w_max=7, tie="random", wta="k-wta", k=2, homeostasis=Homeostasis(6, 1, 1),
            rule=replace(LIVELY, after="dendrite", stabiliser="symmetric", search_max=5),
        ),
    ),
    "random ties behind all winners": (
        (1, 2, 3, 2, 7), 6, 0, LayerSpec(steps=14, w_max=7, tie="random", rule=LIVELY),
    ),
    "weighted proximal inputs": (
        (1, 3, 2, 1, 7), 11, 5,
        LayerSpec(
            steps=14, w_max=7, w_max_proximal=3, proximal="weighted", wta="none", tie="index",
            rule=replace(LIVELY, proximal=F.Probabilities(search=400, stabiliser="up")),
        ),
    ),
    "fixed point": (
        (1, 4, 2, 2, 9), 9, 0,
        LayerSpec(
            steps=8, w_max=7, response="snl", proximal="enable",
            rule=DeterministicSTDP(7, 3, 1, 5, 2, "paper", search_scope="all"),
        ),
    ),
}  # fmt: skip


@settings(max_examples=50, deadline=None, phases=PHASES, suppress_health_check=CHECKS)
@given(cases())
def test_random_layers(case):
    equals_the_reference(case.x, case.state, supported(case.spec), case.gamma, case.xp)


@pytest.mark.parametrize("name", SETTINGS)
def test_cuts_make_no_difference(name):
    """In one piece, in sevens and one by one, where gamma passes 2**32."""
    shape, theta, near, spec = SETTINGS[name]
    spec = replace(spec, seed=0xFEDCBA9876543210, layer=3)
    x, state, xp = random_layer(shape, 9, spec, theta, near)
    for cuts in ([9], [7, 2], [1] * 9):
        equals_the_reference(x, state, spec, 2**32 - 9, xp, cuts)


def test_nor_do_cuts_inside_a_call(monkeypatch):
    shape, theta, near, spec = SETTINGS["point neurons"]
    x, state, xp = random_layer(shape, 7, spec, theta, near)
    for samples in (0, 3):
        bits = samples * shape[0] * shape[4]
        monkeypatch.setattr(launch, "_BITS_AT_ONCE", bits)
        monkeypatch.setattr(launch, "_SHARE", samples + 1)
        equals_the_reference(x, state, spec, 2**52 - 40, xp)


@pytest.fixture
def narrow(monkeypatch):
    """No column fits in registers; tiles of few segments."""
    monkeypatch.setattr(plan, "RESIDENT", 0)
    monkeypatch.setattr(plan, "TILE", 32)


@settings(max_examples=8, deadline=None, phases=PHASES, suppress_health_check=CHECKS)
@given(case=cases())
def test_random_layers_tile_by_tile(narrow, case):
    equals_the_reference(case.x, case.state, supported(case.spec), case.gamma, case.xp)


@pytest.mark.parametrize("name", ["active dendrites", "fixed point"])
def test_tile_by_tile(narrow, name, monkeypatch):
    shape, theta, near, spec = SETTINGS[name]
    x, state, xp = random_layer(shape, 4, spec, theta, near)
    monkeypatch.setattr(launch, "_SHARE", 1)
    tiles = plan.plan_of(state, spec, learn=True, given=True).tiles
    assert tiles >= 4
    equals_the_reference(x, state, spec, 2**32 - 3, xp, [3, 1])


def test_the_layers_of_these_tests_do_learn():
    for name, (shape, theta, near, spec) in SETTINGS.items():
        x, state, xp = random_layer(shape, 16, spec, theta, near)
        y, after = reference.learn(x, state, spec, 0, xp)
        assert int((y != 255).sum()) > 0, name
        assert not torch.equal(after.w, state.w), name
        assert near == 0 or not torch.equal(after.wp, state.wp), name


def test_inputs_are_left_as_they_are():
    shape, theta, near, spec = SETTINGS["weighted proximal inputs"]
    x, state, xp = random_layer(shape, 3, spec, theta, near)
    given_ = put(state)
    kernel.learn(x.to(DEVICE), given_, spec, 0, xp.to(DEVICE))
    for name, part in vars(state).items():
        assert torch.equal(vars(given_)[name].cpu(), part), name


def test_no_samples_and_no_proximal_inputs():
    shape, theta, near, spec = SETTINGS["weighted proximal inputs"]
    x, state, _ = random_layer(shape, 3, spec, theta, near)
    equals_the_reference(x, state, spec, 0)
    equals_the_reference(x[:0], state, spec, 0)


@triton.jit
def bracket_kernel(out, numbers, side: tl.constexpr):
    """Whether each of 1,024 draws lets a weight of `program_id` rise, and fall."""
    draw = tl.arange(0, 1024)
    word = ((draw << 20) | (1023 << 10)).to(tl.uint32)
    rise, _ = blocks.limits(draw * 0, draw * 0, word, numbers, side)
    _, fall = blocks.limits(draw * 0 + 1, draw * 0, word, numbers, side)
    up, down = blocks.stabilisers(draw * 0 + tl.program_id(0), side)
    at = out + tl.program_id(0) * 2048 + draw
    tl.store(at, (rise <= up).to(tl.uint8))
    tl.store(at + 1024, (fall <= down).to(tl.uint8))


@pytest.mark.parametrize(
    ("w_max", "stabiliser"), [(1, "paper"), *((7, one) for one in STABILISERS), (255, "paper")]
)
def test_stabilisers_draw_as_the_table_says(w_max, stabiliser):
    rule = STDP(capture=1024, minus=1024, minimum=0, stabiliser=stabiliser)
    spec = LayerSpec(steps=1, w_max=w_max, response="snl", rule=rule)
    state = LayerState.of(torch.zeros(1, 1, 1, 1, 1).byte(), torch.ones(1, 1).int())
    side = plan.plan_of(state, spec, learn=True, given=False).distal
    numbers = torch.tensor(plan.parameters(spec, 0), device=DEVICE)
    out = torch.empty(w_max + 1, 2, 1024, dtype=torch.uint8, device=DEVICE)
    bracket_kernel[(w_max + 1,)](out, numbers, side)
    table = F.stabiliser_table(w_max, stabiliser).T
    assert torch.equal(out.cpu().bool(), torch.arange(1024) < table[..., None])


def test_moves_of_large_steps_are_cut_where_weights_end():
    rule = DeterministicSTDP(capture=2**20, minus=3, search=1, backoff=2**30, fraction_bits=1)
    found = plan.moves(rule, 3, torch.device("cpu"))
    assert found.tolist() == [[6] * 4, [-3] * 4, [1] * 4, [-6] * 4]


@pytest.mark.parametrize(
    ("rule", "shape", "text"),
    [
        (STDP(source="lfsr"), (1, 1, 1, 1, 4), "random source lfsr; it has philox only"),
        (
            STDP(reward=True), (1, 1, 1, 1, 4),
            "a rule with reward: the answer needs all columns after every sample",
        ),
        (
            STDP(), (1, 100, 10, 20, 5),
            "20000 segments of 5 inputs in a column; at most 16384 of 4096",
        ),
    ],
)  # fmt: skip
def test_refuses(rule, shape, text):
    state = put(LayerState.of(torch.zeros(shape).byte(), torch.ones(shape[:2]).int()))
    spec = LayerSpec(steps=14, w_max=7, rule=rule)
    assert kernel.refuses(state, spec) == text
    x = torch.zeros(1, shape[0], shape[4], dtype=torch.uint8, device=DEVICE)
    with pytest.raises(Unsupported) as error:
        kernel.learn(x, state, spec, 0)
    assert str(error.value) == (
        f"kernel triton: got {text}. Use kernel 'auto', which takes another kernel for such a layer"
    )


@pytest.mark.skipif(INTERPRETED, reason="full size is for a GPU")
@pytest.mark.parametrize("name", SETTINGS)
def test_full_size(name):
    """Hundreds of columns, a thousand samples."""
    shape, theta, near, spec = SETTINGS[name]
    shape = (676, *shape[1:])
    x, state, xp = random_layer(shape, 1000, spec, theta, near)
    equals_the_reference(x, state, spec, 2**32 - 500, xp)


def test_plans_are_small():
    """The layer of MNIST fits in one warp, 16 synapses in each lane."""
    state = LayerState.of(torch.zeros(1, 12, 1, 1, 32).byte(), torch.ones(1, 12).int())
    found = plan.plan_of(state, LayerSpec(steps=14, w_max=7), learn=True, given=False)
    assert (found.synapses_pad, found.warps, found.halvings, found.single) == (512, 1, 4, True)
    assert (found.tiles, found.strength_bits, found.index_bits) == (1, 8, 4)
