"""What tests of circuits that learn share."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import strategies as st

from hls.errors import Unsupported
from hls.rtl.learning import LearningOptions, generate_learning
from hls.sim.learning import simulate_learning


def circuit(frozen, path, options=None):
    """Write the circuit of a frozen network; return its file."""
    path.mkdir(parents=True, exist_ok=True)
    source = path / "chip.v"
    source.write_text(generate_learning(frozen, options).text)
    return source


def trained(net, rule, x, levels=None, seed=0, learn=None):
    """Return the answers and the weights after every sample, as PyTorch has them."""
    net.use_kernel("reference")
    answers, weights = [], []
    for b in range(len(x)):
        one = torch.from_numpy(x[b : b + 1])
        side = None if levels is None else torch.from_numpy(levels[b : b + 1])
        on = learn is None or learn[b]
        y = net.learn(one, rule, seed, proximal=side) if on else net(one, side)
        answers.append(y[0].numpy())
        weights.append(net.columns[0].weights.numpy().copy())
    return np.stack(answers), np.stack(weights)


@st.composite
def choices(draw):
    """Return options of a circuit that learns."""
    draws, update = (draw(st.sampled_from(s)) for s in (["lfsr", "ports"], ["parallel", "serial"]))
    return LearningOptions(
        draws=draws, update=update, reset=draw(st.booleans()), rest=draw(st.booleans())
    )


def possible(frozen, options):
    """Return the options, with draws from ports where a register cannot serve them."""
    try:
        generate_learning(frozen, options)
    except Unsupported:
        return replace(options, draws="ports")
    return options


def learns(frozen, path, x, levels=None, *, options, simulator="icarus", **more):
    """Return what a circuit of these options learns."""
    return simulate_learning(
        [circuit(frozen, path, options)], frozen, x, levels, options=options,
        simulator=simulator, workdir=path, **more,
    )  # fmt: skip
