"""The reference kernel: equal to the naive oracle, and the invariants of online learning."""

from dataclasses import replace

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neutnn_pl import functional as F
from neutnn_pl import nn
from neutnn_pl.functional.rules import STDP, DeterministicSTDP
from neutnn_pl.kernels import LayerState, evaluate, infer, learn, reference
from tests import oracle
from tests.neutnn_pl.kernels.cases import as_lists, cases

EXAMPLES = settings(max_examples=200, deadline=None)


def learnt(case, state=None, part=slice(None)):
    """Learn the samples of `part` from a state."""
    return learn(
        case.x[part],
        case.state if state is None else state,
        case.spec,
        case.gamma + (part.start or 0),
        None if case.xp is None else case.xp[part],
        case.labels[part],
    )


def same(a, b):
    return all(torch.equal(part, vars(b)[name]) for name, part in vars(a).items())


def lists(xp, b):
    return None if xp is None else xp[b].int().tolist()


# Equal to the oracle -------------------------------------------------------------------------


@EXAMPLES
@given(cases())
def test_every_level_of_inference_equals_the_oracle(case):
    found = evaluate(case.x, case.state, case.spec, xp=case.xp)
    y = infer(case.x, case.state, case.spec, case.xp)
    for b, x in enumerate(case.x.tolist()):
        want = oracle.infer_sample(x, as_lists(case.state), case.spec, lists(case.xp, b))
        parts = (found.y, found.segments, found.dendrites, found.potential)
        assert [part[b].tolist() for part in parts] == list(want)
        assert y[b].tolist() == want[0]


def equals_the_oracle(case):
    y, state = learnt(case)
    now = as_lists(case.state)
    for b, x in enumerate(case.x.tolist()):
        want, now = oracle.learn_sample(
            x, now, case.spec, case.gamma + b, lists(case.xp, b), int(case.labels[b])
        )
        assert y[b].tolist() == want
    assert as_lists(state) == now


@settings(max_examples=400, deadline=None)
@given(cases())
def test_learning_equals_the_oracle(case):
    equals_the_oracle(case)


@EXAMPLES
@given(cases(source="lfsr"))
def test_learning_from_an_lfsr_equals_the_oracle(case):
    equals_the_oracle(case)


@EXAMPLES
@given(cases(proximal="weighted", source="philox"))
def test_learning_with_proximal_weights_equals_the_oracle(case):
    equals_the_oracle(case)


@EXAMPLES
@given(cases(proximal="enable", source="philox"))
def test_learning_with_gates_equals_the_oracle(case):
    equals_the_oracle(case)


# Online means online -------------------------------------------------------------------------


@EXAMPLES
@given(cases(), st.data())
def test_learning_does_not_depend_on_how_samples_are_split(case, data):
    whole, state = learnt(case)
    cut = data.draw(st.integers(0, len(case.x)))
    now, outputs = case.state, []
    for part in (slice(0, cut), slice(cut, len(case.x))):
        y, now = learnt(case, now, part)
        outputs.append(y)
    assert torch.equal(torch.cat(outputs), whole)
    assert same(now, state)


@EXAMPLES
@given(cases())
def test_nor_on_how_the_kernel_splits_its_work(case):
    y, state = learnt(case)
    inferred = infer(case.x, case.state, case.spec, case.xp)
    size = case.state.w.numel() + case.state.wp.numel()
    with pytest.MonkeyPatch.context() as patch:
        for samples in (0, 1, 2):
            patch.setattr(reference, "_DRAWS_AT_ONCE", samples * size)
            patch.setattr(reference, "_TERMS_AT_ONCE", samples * size * case.spec.steps)
            again, after = learnt(case)
            assert torch.equal(again, y)
            assert same(after, state)
            assert torch.equal(infer(case.x, case.state, case.spec, case.xp), inferred)


@EXAMPLES
@given(cases())
def test_neither_inference_nor_learning_touches_the_state_it_is_given(case):
    before = LayerState(**{name: part.clone() for name, part in vars(case.state).items()})
    infer(case.x, case.state, case.spec, case.xp)
    evaluate(case.x, case.state, case.spec, xp=case.xp)
    learnt(case)
    assert same(case.state, before)


@pytest.mark.parametrize("source", ["philox", "lfsr"])
def test_evaluation_advances_nothing(source):
    """Random ties, a register, fatigue: all of them stand still while learning is off."""
    rule = STDP(search=300, source=source)
    x = torch.randint(0, 8, (12, 5), generator=torch.Generator().manual_seed(2)).byte()
    settings = {"theta": 9, "tie": "random", "homeostasis": nn.Homeostasis(rise=3, fall=1)}
    plain, mixed = (nn.Layer(5, 3, **settings) for _ in range(2))
    plain.learn(x, rule, seed=3)
    for part in x.split(4):
        mixed.learn(part, rule, seed=3)
        before = {name: value.clone() for name, value in mixed.state_dict().items()}
        mixed(x)
        mixed.evaluate(x)
        mixed.learning = False
        assert torch.equal(mixed.learn(x, rule, seed=3), mixed(x))
        mixed.learning = True
        assert all(torch.equal(value, before[name]) for name, value in mixed.state_dict().items())
    assert int(mixed.gamma) == 12
    for a, b in zip(plain.state_dict().values(), mixed.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_no_samples_at_all():
    state = LayerState.of(torch.ones(2, 3, 1, 1, 4).byte(), torch.ones(2, 3).int())
    spec = reference.LayerSpec(steps=14, w_max=7)
    none = torch.zeros(0, 2, 4, dtype=torch.uint8)
    assert infer(none, state, spec).shape == (0, 2, 3)
    y, after = learn(none, state, spec, 0)
    assert y.shape == (0, 2, 3)
    assert y.dtype == torch.uint8
    assert same(after, state)


# Permutations --------------------------------------------------------------------------------


@EXAMPLES
@given(cases(proximal="none"), st.randoms())
def test_permuted_columns_permute_the_answers_of_inference(case, random):
    order = list(range(case.x.shape[1]))
    random.shuffle(order)
    moved = case.state.changed(
        w=case.state.w[order], theta=case.state.theta[order], fatigue=case.state.fatigue[order]
    )
    y = infer(case.x, case.state, case.spec)
    assert torch.equal(infer(case.x[:, order], moved, case.spec), y[:, order])


@EXAMPLES
@given(st.integers(0, 2**32), st.permutations(range(4)), st.integers(0, 2**50))
def test_permuted_columns_learn_the_same_when_their_draws_are_permuted_too(seed, order, gamma):
    generator = torch.Generator().manual_seed(seed)
    c, g, p, u = 4, 13, 5, F.Probabilities(search=500)
    w = torch.randint(0, 8, (c, g, p), generator=generator).byte()
    mask = torch.rand(c, g, p, generator=generator) < 0.8
    x = torch.randint(0, 12, (c, 1, p), generator=generator).byte()
    y = torch.randint(0, 12, (c, g), generator=generator).byte()
    y[y > 8] = 255

    def learn_in(order):
        at = (torch.tensor([gamma]), 0, 2, torch.tensor(order), g, p, seed)
        words = F.synapse_words(*at)[0]
        search = F.search_draws(at[0], 1, *at[2:])[0]
        draws = F.Draws.from_words(words, search)
        part = (w[order], mask[order], x[order], y[order])
        return F.stdp(*part, draws, u, w_max=7)

    assert torch.equal(learn_in(order), learn_in(list(range(c)))[order])


@EXAMPLES
@given(cases(), st.randoms())
def test_permuted_inputs_learn_the_same_where_no_draw_decides(case, random):
    """With deterministic STDP; the distal inputs of every segment in another order."""
    rule = DeterministicSTDP(capture=9, minus=5, search=2, backoff=7, fraction_bits=2)
    case.spec = replace(case.spec, rule=rule)
    case.state = case.state.changed(
        fraction=case.state.fraction & (case.state.w < case.spec.w_max) * 3,
        fraction_p=case.state.fraction_p & (case.state.wp < case.spec.w_max_proximal) * 3,
    )
    order = list(range(case.x.shape[2]))
    random.shuffle(order)
    y, state = learnt(case)
    names = ("w", "mask", "fraction")
    moved = case.state.changed(**{name: vars(case.state)[name][..., order] for name in names})
    case.x = case.x[..., order]
    again, after = learnt(case, moved)
    assert torch.equal(again, y)
    assert torch.equal(after.w, state.w[..., order])
    assert torch.equal(after.fraction, state.fraction[..., order])


@EXAMPLES
@given(st.integers(0, 2**32), st.permutations(range(7)))
def test_permuted_inputs_learn_the_same_when_their_draws_are_permuted_too(seed, order):
    generator = torch.Generator().manual_seed(seed)
    shape, u = (2, 3, 7), F.Probabilities(search=500)
    w = torch.randint(0, 8, shape, generator=generator).byte()
    mask = torch.rand(shape, generator=generator) < 0.8
    x = torch.randint(0, 12, (2, 1, 7), generator=generator).byte()
    y = torch.randint(0, 12, (2, 3), generator=generator).byte()
    x[x > 8], y[y > 8] = 255, 255
    drawn = F.Draws(*(torch.randint(0, 1024, shape, generator=generator) for _ in range(4)))
    moved = F.stdp(w[..., order], mask[..., order], x[..., order], y, drawn[..., order], u, w_max=7)
    assert torch.equal(moved, F.stdp(w, mask, x, y, drawn, u, w_max=7)[..., order])


# Thresholds, masks, weights ------------------------------------------------------------------


@EXAMPLES
@given(cases(), st.integers(1, 20))
def test_before_the_columns_wta_a_spike_time_never_falls_when_theta_grows(case, more):
    spec = replace(case.spec, wta="none")
    higher = case.state.changed(theta=case.state.theta + more)
    now = infer(case.x, case.state, spec, case.xp)
    assert bool((infer(case.x, higher, spec, case.xp) >= now).all())


@EXAMPLES
@given(cases())
def test_output_times_lie_in_the_horizon_and_who_never_spiked_never_passes(case):
    y = infer(case.x, case.state, case.spec, case.xp)
    assert bool(((y < case.spec.steps) | (y == F.NO_SPIKE)).all())
    alone = infer(case.x, case.state, replace(case.spec, wta="none"), case.xp)
    assert bool(((y == alone) | (y == F.NO_SPIKE)).all())


@EXAMPLES
@given(cases())
def test_masked_synapses_never_learn_and_weights_stay_in_range(case):
    state = case.state
    for b in range(len(case.x)):
        before, (_, state) = state, learnt(case, state, slice(b, b + 1))
        for new, old, mask, fraction, most in (
            (state.w, before.w, state.mask, state.fraction, case.spec.w_max),
            (state.wp, before.wp, state.mask_p, state.fraction_p, case.spec.w_max_proximal),
        ):
            assert not bool(new[~mask].any())
            assert not bool(fraction[~mask].any())
            assert new.numel() == 0 or int(new.max()) <= most
            if isinstance(case.spec.rule, STDP):
                assert bool(((new.int() - old.int()).abs() <= 1).all())


@EXAMPLES
@given(cases(), st.data())
def test_a_line_masked_everywhere_is_as_good_as_silent(case, data):
    line = data.draw(st.integers(0, case.x.shape[2] - 1))
    mask, w, fraction = (part.clone() for part in
                         (case.state.mask, case.state.w, case.state.fraction))  # fmt: skip
    mask[..., line], w[..., line], fraction[..., line] = False, 0, 0
    masked = case.state.changed(mask=mask, w=w, fraction=fraction)
    y, state = learnt(case, masked)
    case.x = case.x.clone()
    case.x[..., line] = F.NO_SPIKE
    again, after = learnt(case, masked)
    assert torch.equal(y, again)
    assert same(state, after)


@EXAMPLES
@given(cases(proximal="enable"))
def test_a_shut_dendrite_never_spikes_and_learns_only_if_search_is_for_all(case):
    # Rewards would hide the search where they are +1.
    if isinstance(case.spec.rule, STDP):
        case.spec = replace(case.spec, rule=replace(case.spec.rule, reward=False))
    found = evaluate(case.x, case.state, case.spec, xp=case.xp)
    shut = ~case.xp
    assert bool((found.segments[shut.expand(found.segments.shape)] == F.NO_SPIKE).all())
    assert bool((found.dendrites[shut.expand(found.segments.shape)] == F.NO_SPIKE).all())
    assert not bool(found.potential[shut.expand(found.segments.shape)].any())
    closed = shut.all(dim=0)[..., None].expand(case.state.w.shape)
    assume(bool(closed.any()))
    enabled = replace(case.spec, rule=replace(case.spec.rule, search_scope="enabled"))
    case.spec = enabled
    _, state = learnt(case)
    assert torch.equal(state.w[closed], case.state.w[closed])
    assert torch.equal(state.fraction[closed], case.state.fraction[closed])
    case.spec = replace(enabled, rule=STDP(search=1024, search_scope="all"))
    _, state = learnt(case)
    spikes = (case.x != F.NO_SPIKE).sum(dim=0)[:, None, None, None, :]
    most = (case.state.w + spikes).clamp(max=case.spec.w_max).to(torch.uint8)
    searched = torch.where(case.state.mask, most, 0)
    assert torch.equal(state.w[closed], searched[closed])


def test_without_proximal_inputs_all_are_enabled_or_silent():
    w = torch.tensor([[[[[3, 2]]], [[[1, 3]]]]], dtype=torch.uint8)
    state = LayerState.of(w, torch.tensor([[4, 4]], dtype=torch.int32))
    x = torch.tensor([[[0, 1]]], dtype=torch.uint8)
    plain = reference.LayerSpec(steps=10, w_max=3)
    y = infer(x, state, plain)
    open_ = torch.ones(1, 1, 2, 1, 1, dtype=torch.bool)
    enable = replace(plain, proximal="enable")
    assert torch.equal(infer(x, state, enable), y)
    assert torch.equal(infer(x, state, enable, open_), y)
    assert bool((infer(x, state, enable, ~open_) == 255).all())


# Reward --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "label", "reward"),
    [
        ([[3, 255], [4, 255], [255, 1]], 0, 1),
        ([[3, 255], [4, 255], [255, 1]], 1, -1),
        ([[3, 255], [255, 1]], 0, 1),
        ([[3, 255], [255, 1]], 1, -1),
        ([[255, 255], [255, 255]], 0, 0),
    ],
)
def test_reward_by_hand(y, label, reward):
    from neutnn_pl.kernels.spec import reward_of

    assert reward_of(torch.tensor(y, dtype=torch.uint8), label) == reward
    assert oracle.reward_of(y, label) == reward


def test_without_labels_a_rule_with_reward_is_plain_stdp():
    state = LayerState.of(
        torch.full((1, 2, 1, 1, 4), 3, dtype=torch.uint8), torch.full((1, 2), 5).int()
    )
    x = torch.tensor([[[0, 1, 2, 255]]] * 5, dtype=torch.uint8)
    spec = reference.LayerSpec(steps=14, w_max=7, rule=STDP(search=900, reward=True))
    plain = replace(spec, rule=STDP(search=900))
    (y, rewarded), (z, without) = (learn(x, state, one, 0) for one in (spec, plain))
    assert torch.equal(y, z)
    assert same(rewarded, without)
    _, punished = learn(x, state, spec, 0, labels=torch.ones(5, dtype=torch.int64))
    assert not same(punished, without)
