"""The numba kernel: the reference's bits in every mode, on any number of threads."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnn_pl import nn
from neutnn_pl.functional import output_horizon
from neutnn_pl.functional.rules import STDP
from neutnn_pl.kernels import LayerSpec, LayerState, reference
from neutnn_pl.kernels import numba as compiled
from neutnn_pl.kernels.numba import fields, jit, voter
from neutnn_pl.nn import inputs
from tests.neutnn_pl.kernels.cases import STABILISERS, cases

EXAMPLES = settings(max_examples=int(os.environ.get("NEUTNN_EXAMPLES", "500")), deadline=None)
FEWER = settings(max_examples=100, deadline=None)


def equal(first, second):
    """Compare spike times, and every part of the states, by value and type."""
    (y, a), (z, b) = first, second
    assert y.dtype == z.dtype
    assert torch.equal(y, z)
    for name, part in vars(a).items():
        other = vars(b)[name]
        assert part.dtype == other.dtype, name
        assert torch.equal(part, other), name


def compare(case, labels):
    y = reference.infer(case.x, case.state, case.spec, case.xp)
    assert torch.equal(compiled.infer(case.x, case.state, case.spec, case.xp), y)
    at = (case.x, case.state, case.spec, case.gamma, case.xp, labels)
    equal(compiled.learn(*at), reference.learn(*at))


@EXAMPLES
@given(cases())
def test_every_layer_learns_and_infers_as_the_reference(case):
    compare(case, case.labels)


@FEWER
@given(cases(source="lfsr"))
def test_with_registers(case):
    compare(case, case.labels)


@FEWER
@given(cases(tie="random", source="philox"))
def test_with_random_ties_and_without_labels(case):
    compare(case, None)


@FEWER
@given(cases())
def test_without_proximal_inputs(case):
    case.xp = None
    compare(case, case.labels)


@FEWER
@given(cases())
def test_it_leaves_what_it_is_given(case):
    before = LayerState(**{name: part.clone() for name, part in vars(case.state).items()})
    x = case.x.clone()
    compiled.infer(case.x, case.state, case.spec, case.xp)
    compiled.learn(case.x, case.state, case.spec, case.gamma, case.xp, case.labels)
    assert torch.equal(case.x, x)
    equal((x, case.state), (x, before))


@FEWER
@given(cases(), st.integers(0, 4))
def test_a_chunk_may_be_cut_anywhere(case, cut):
    whole = compiled.learn(case.x, case.state, case.spec, case.gamma, case.xp, case.labels)
    state, outputs = case.state, []
    for part in (slice(0, cut), slice(cut, None)):
        xp = None if case.xp is None else case.xp[part]
        gamma = case.gamma + (part.start or 0)
        y, state = compiled.learn(case.x[part], state, case.spec, gamma, xp, case.labels[part])
        outputs.append(y)
    equal((torch.cat(outputs), state), whole)


def test_no_samples_at_all():
    state = LayerState.of(torch.ones(2, 3, 1, 1, 4).byte(), torch.ones(2, 3).int())
    none = torch.zeros(0, 2, 4, dtype=torch.uint8)
    spec = LayerSpec(steps=14, w_max=7)
    assert compiled.infer(none, state, spec).shape == (0, 2, 3)
    equal(compiled.learn(none, state, spec, 0), reference.learn(none, state, spec, 0))


# Whole layers --------------------------------------------------------------------------------


def layer_case(columns=9, neurons=4, dendrites=1, segments=1, inputs=40, samples=60, **settings):
    """A layer of middle size, samples included."""
    generator = torch.Generator().manual_seed(columns + inputs)
    shape = (columns, neurons, dendrites, segments, inputs)
    w = torch.randint(0, 8, shape, generator=generator).byte()
    mask = torch.rand(shape, generator=generator) < 0.9
    theta = torch.randint(inputs // 2, 2 * inputs, (columns, neurons), generator=generator).int()
    x = torch.randint(0, 12, (samples, columns, inputs), generator=generator).byte()
    x[x > 7] = 255
    settings.setdefault("rule", STDP(search=30))
    spec = LayerSpec(steps=14, w_max=7, seed=5, **settings)
    return x, LayerState.of(w * mask, theta, mask), spec


@pytest.mark.parametrize("seed", range(40))
def test_layers_of_many_words_and_groups(seed, monkeypatch):
    """What small layers do not reach: more than 32 inputs, more than twelve segments."""
    random, generator = Random(seed), torch.Generator().manual_seed(seed)
    p = random.choice([1, 4, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 130, 300])
    n, d, s = random.choice([1, 2, 5, 11, 12, 13, 25]), random.choice([1, 2]), random.choice([1, 3])
    c, wres, horizon = random.choice([1, 3]), random.choice([1, 2, 3, 4]), random.choice([1, 4, 16])
    m, response = 2**wres - 1, random.choice(["rnl", "snl"])
    w = torch.randint(0, m + 1, (c, n, d, s, p), generator=generator).byte()
    mask = torch.rand(w.shape, generator=generator) < 0.9
    theta = torch.randint(1, max(1, p * m // 3) + 1, (c, n), generator=generator).int()
    rule = STDP(
        search=random.choice([0, 1, 30, 500, 1024]), minimum=random.choice([0, 128, 1024]),
        stabiliser=random.choice(STABILISERS), search_max=random.choice([None, 0, 1, m]),
        search_scope=random.choice(["all", "enabled"]),
    )  # fmt: skip
    spec = LayerSpec(
        steps=output_horizon(horizon, m, response), w_max=m, response=response, rule=rule,
        wta=random.choice(["1-wta", "1-wta", "k-wta", "t-wta", "none"]), k=random.randint(1, n),
        tie=random.choice(["index", "potential"]), proximal=random.choice(["none", "enable"]),
        seed=random.getrandbits(64), layer=random.randint(0, 255),
    )  # fmt: skip
    x = torch.randint(0, horizon, (9, c, p), generator=generator).byte()
    x[torch.rand(x.shape, generator=generator) < random.choice([0.1, 0.5, 0.9])] = 255
    xp = None
    if spec.proximal == "enable":
        xp = torch.rand((9, c, n, d, 1), generator=generator) < 0.4
    at = (x, LayerState.of(w * mask, theta, mask), spec, random.choice([0, 2**32 - 3, 2**51]), xp)
    monkeypatch.setattr(compiled, "_PARALLEL", random.choice([0, 1 << 30]))
    equal(compiled.learn(*at), reference.learn(*at))
    assert torch.equal(compiled.infer(x, *at[1:3], xp), reference.infer(x, *at[1:3], xp))


@pytest.mark.parametrize("reward", [False, True])
def test_the_number_of_threads_does_not_count(reward, monkeypatch):
    x, state, spec = layer_case(rule=STDP(search=30, reward=reward))
    labels = torch.arange(len(x)) % 4
    monkeypatch.setattr(compiled, "_PARALLEL", 0)
    monkeypatch.setattr(compiled, "_WORTH_A_CALL", 1)
    want = reference.learn(x, state, spec, 3, None, labels)
    y = reference.infer(x, state, spec)
    for number in (1, 2, 3):
        monkeypatch.setattr(jit, "threads", lambda number=number: number)
        monkeypatch.setattr(compiled, "threads", lambda number=number: number)
        equal(compiled.learn(x, state, spec, 3, None, labels), want)
        assert torch.equal(compiled.infer(x, state, spec), y)
        one = state.changed(**{name: part[:1] for name, part in vars(state).items()})
        assert torch.equal(compiled.infer(x[:, :1], one, spec), y[:, :1])


def test_several_python_threads_at_once(monkeypatch):
    x, state, spec = layer_case()
    monkeypatch.setattr(compiled, "_PARALLEL", 0)
    monkeypatch.setattr(compiled, "_WORTH_A_CALL", 1)
    want = reference.learn(x, state, spec, 0)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: compiled.learn(x, state, spec, 0), range(8)):
            equal(found, want)


def test_an_error_in_a_helper_is_raised(monkeypatch):
    monkeypatch.setattr(jit, "threads", lambda: 2)

    def work(task):
        raise ValueError(f"task {task}")

    with pytest.raises(ValueError, match="task"):
        jit.spread(work, 8)


def test_threads_are_at_most_those_of_torch_and_of_numba(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    assert jit.threads() == 6
    monkeypatch.setenv("NUMBA_NUM_THREADS", "4")
    assert jit.threads() == 4


def test_it_says_once_that_it_compiles(caplog, monkeypatch, tmp_path):
    monkeypatch.setattr(jit, "_announced", False)
    monkeypatch.setattr(jit, "cache_directory", lambda: tmp_path)
    with caplog.at_level(logging.INFO, "neutnn_pl.kernels"):
        jit.announce()
        jit.announce()
    seconds = jit.COMPILE_SECONDS
    assert caplog.messages == [
        f"compiling the numba kernel (once, ~{seconds} s; cached in {tmp_path})"
    ]
    monkeypatch.setattr(jit, "_announced", False)
    (tmp_path / "kernel.nbi").touch()
    jit.announce()
    assert len(caplog.messages) == 1


# Voters --------------------------------------------------------------------------------------


@FEWER
@given(st.integers(0, 2**32), st.sampled_from(["margin", "local"]), st.integers(0, 2**50))
def test_voters_learn_as_the_reference(seed, kind, gamma):
    generator = torch.Generator().manual_seed(seed)
    c, n, k = (int(torch.randint(1, 5, (), generator=generator)) for _ in range(3))
    parts = [nn.Voter(c, n, k + 1, kind=kind, margin=9, up=600, down=300, v_max=7)
             for _ in range(2)]  # fmt: skip
    y = torch.randint(0, 4, (12, c, n), generator=generator).byte()
    y[y > 1] = 255
    labels = torch.randint(0, k + 1, (12,), generator=generator)
    found = []
    for part, kernel in zip(parts, ("reference", "numba"), strict=True):
        part.kernel = kernel
        part.gamma.fill_(gamma)
        found.append([part.learn(y[:5], labels[:5], seed), part.learn(y[5:], labels[5:], seed)])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
    for a, b in zip(parts[0].state_dict().values(), parts[1].state_dict().values(), strict=True):
        assert a.dtype == b.dtype
        assert torch.equal(a, b)


def test_a_voter_leaves_the_votes_it_is_given():
    votes = torch.ones(2, 3, 4, dtype=torch.int32)
    y = torch.zeros(5, 2, 3, dtype=torch.uint8)
    rule = voter.Rule(True, 100, 0, 0, 0)
    _, after = voter.learn(votes, y, torch.zeros(5, dtype=torch.int64), rule, 0, 0)
    assert bool((votes == 1).all())
    assert not torch.equal(votes, after)


@pytest.mark.parametrize("kernel", ["reference", "numba"])
def test_a_label_that_is_no_class(kernel):
    part = nn.Voter(1, 2, 3)
    part.kernel = kernel
    with pytest.raises(ValueError, match="label of sample 1: got 3; expected 0 .. 2"):
        part.learn(torch.zeros(2, 1, 2, dtype=torch.uint8), torch.tensor([0, 3]))
    assert not bool(part.votes.any())
    assert int(part.gamma) == 0


# Layers of torch -----------------------------------------------------------------------------


def test_a_layer_sees_what_users_do_to_it():
    """Loading, pruning and editing between chunks: the kernel keeps nothing of its own."""
    x = torch.randint(0, 8, (40, 6), generator=torch.Generator().manual_seed(1)).byte()
    layers = [nn.Layer(6, 3, theta=12) for _ in range(2)]
    layers[0].kernel, layers[1].kernel = "reference", "numba"
    rule = STDP(search=100)
    for layer in layers:
        layer.learn(x[:10], rule)
        first = layer.state_dict()
        layer.prune(torch.arange(18).reshape(layer.mask.shape) % 5 == 0)
        layer.learn(x[10:20], rule)
        layer.weights[0, 1] = 5 * layer.mask[0, 1]
        layer.theta += 1
        layer.learn(x[20:30], rule)
        layer.load_state_dict({name: part.clone() for name, part in first.items()})
        layer.learn(x[30:], rule)
    for a, b in zip(layers[0].state_dict().values(), layers[1].state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(layers[0](x), layers[1](x))


@pytest.mark.parametrize("kernel", ["reference", "numba"])
def test_a_layer_cuts_long_chunks_itself(kernel, monkeypatch):
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(0, 8, (11, 6), generator=generator).byte()
    labels, proximal = torch.arange(11) % 3, torch.randint(0, 2, (11, 2), generator=generator)
    found = []
    for size in (1 << 26, 18, 1):
        monkeypatch.setattr(inputs, "_INPUTS_AT_ONCE", size)
        layer = nn.Layer(6, 3, theta=12, dendrites=2, proximal="enable")
        layer.kernel = kernel
        rule = STDP(search=100, reward=True)
        y = layer.learn(x, rule, proximal=proximal.byte(), labels=labels)
        found.append((y, layer.weights, layer(x, proximal.byte()), layer.gamma))
        assert layer(x[:0]).shape == layer.learn(x[:0], rule).shape == (0, 1, 3)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


@pytest.mark.parametrize("neurons", [1, 3, 255])
def test_winners_are_packed_and_unpacked(neurons):
    random = torch.Generator().manual_seed(neurons)
    y = torch.full((20, 5, neurons), 255, dtype=torch.uint8)
    who = torch.randint(0, neurons, (20, 5, 1), generator=random)
    when = torch.randint(0, 254, (20, 5, 1), generator=random).byte()
    y.scatter_(2, who, torch.where(when > 150, 255, when).byte())
    found = fields.packed(y)
    assert found.shape == (2, 20, 5)
    assert torch.equal(found[1], y.amin(dim=2))
    assert torch.equal(fields.unpacked(found, neurons), y)
    assert (found[1] == 255).sum() > 20
    assert torch.equal(fields.packed(y.transpose(0, 1)), found.transpose(1, 2))


def test_fields_are_gathered_as_by_torch():
    x = torch.randint(0, 9, (50, 7), generator=torch.Generator().manual_seed(1)).byte()
    lines = torch.arange(-1, 5).reshape(2, 3).int()
    layer = nn.Layer(3, 2, theta=3, columns=2, lines=lines, horizon=9)
    fields = layer.receptive(x)
    layer.kernel = "reference"
    assert torch.equal(fields, layer.receptive(x))
    assert bool((fields[:, 0, 0] == 255).all())


def test_replacing_a_setting_of_the_layer_is_seen():
    x, state, spec = layer_case(samples=5)
    for wta in ("1-wta", "t-wta", "none"):
        one = replace(spec, wta=wta)
        assert torch.equal(compiled.infer(x, state, one), reference.infer(x, state, one))
