"""The Triton kernel on a GPU: one epoch of an MNIST-sized layer, and equal bits with a CPU kernel.

    .venv/bin/python benchmarks/kernels_gpu.py [--samples 60000] [--columns 676] [--check 500]

The layer is 676 columns x 12 neurons x 32 inputs, 3-bit weights and times, theta 32, stochastic
STDP. Its spike times are made here: ten templates for each column, each sample one of them with
jitter; 17.5 of 32 lines spike on average, as those of MNIST digits do. Without a GPU it says so and
ends; with TRITON_INTERPRET=1 it runs in Triton's interpreter, whose times mean nothing.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor

from neutnn_pl.functional.rules import STDP
from neutnn_pl.kernels import LayerSpec, LayerState, reference, triton

NEURONS, INPUTS, THETA, HORIZON, SPIKES = 12, 32, 32, 8, 17.5


def spike_times(samples: int, columns: int, seed: int = 0) -> Tensor:
    """Return spike times, uint8 `[B, C, P]`, in time steps or 255."""
    generator = torch.Generator().manual_seed(seed)

    def draw(most: int, *shape: int) -> Tensor:
        return torch.randint(0, most, shape, generator=generator, dtype=torch.int16)

    templates = draw(HORIZON, 10, columns, INPUTS)
    silent = torch.rand(templates.shape, generator=generator) >= SPIKES / INPUTS
    classes = torch.randint(0, 10, (samples,), generator=generator)
    parts = []
    for chosen in classes.split(1000):
        jitter = draw(3, len(chosen), columns, INPUTS) - 1
        times = (templates[chosen] + jitter).clamp(0, HORIZON - 1).to(torch.uint8)
        parts.append(times.masked_fill(silent[chosen], 255))
    return torch.cat(parts)


def layer(columns: int) -> tuple[LayerState, LayerSpec]:
    """Return the layer before learning."""
    generator = torch.Generator().manual_seed(1)
    shape = (columns, NEURONS, 1, 1, INPUTS)
    w = torch.randint(0, 8, shape, generator=generator, dtype=torch.uint8)
    theta = torch.full((columns, NEURONS), THETA, dtype=torch.int32)
    rule = STDP(capture=600, minus=400, search=10, backoff=600)
    return LayerState.of(w, theta), LayerSpec(steps=HORIZON + 6, w_max=7, rule=rule)


def put(state: LayerState, device: str) -> LayerState:
    """Return a state on another device."""
    return LayerState(**{name: part.to(device) for name, part in vars(state).items()})


def timed(work: Callable[[], object], device: str) -> tuple[float, object]:
    """Return the seconds that some work takes, and its result."""
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    wait()
    begin = time.perf_counter()
    result = work()
    wait()
    return time.perf_counter() - begin, result


def compare(name: str, found: object, want: object) -> None:
    """Print whether spike times and states are the same, bit for bit.

    Raises:
        SystemExit: if they are not.
    """
    (y, state), (y_want, state_want) = found, want  # type: ignore[misc]
    wrong = int((y.cpu() != y_want).sum())
    wrong += sum(
        int((vars(state)[part].cpu() != tensor).sum()) for part, tensor in vars(state_want).items()
    )
    print(f"against {name}: {len(y_want):,} samples learnt, {wrong} differences")
    if wrong:
        raise SystemExit(1)


def main() -> None:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--columns", type=int, default=676)
    parser.add_argument("--check", type=int, default=500, help="samples for the reference")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    interpreted = os.environ.get("TRITON_INTERPRET") == "1"
    if not torch.cuda.is_available() and not interpreted:
        print("There is no GPU here: nothing was measured.")
        return
    device = "cpu" if interpreted else "cuda"
    print("Triton's interpreter" if interpreted else torch.cuda.get_device_name())
    state, spec = layer(options.columns)
    x = spike_times(options.samples, options.columns)
    near, there = put(state, device), x.to(device)
    few = there[: options.check]
    compile_, learnt = timed(lambda: triton.learn(few, near, spec, 0), device)
    compare("the reference", learnt, reference.learn(x[: options.check], state, spec, 0))
    timed(lambda: triton.infer(few, near, spec), device)
    print(f"first call, {len(few):,} samples, with compiling: {compile_:.2f} s")
    works: dict[str, Callable[[], object]] = {
        "forward": lambda: triton.infer(there, near, spec),
        "with STDP": lambda: triton.learn(there, near, spec, 0),
    }
    for name, work in works.items():
        runs = [timed(work, device) for _ in range(options.repeat)]
        best, learnt = min(runs, key=lambda run: run[0])
        each = best / options.samples * 1e6
        print(f"{name}: {options.samples:,} samples in {best:.3f} s, {each:.2f} us per sample")
    if find_spec("neutnn_pl.kernels.numba") is not None:
        from neutnn_pl.kernels import numba

        compare("numba", learnt, numba.learn(x, state, spec, 0))


if __name__ == "__main__":
    main()
