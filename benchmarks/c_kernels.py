"""The C as software: `python benchmarks/c_kernels.py [--samples 20000]`.

Inferences per second on one core: the C kernel, the C of two architectures for HLS where the
network fits, the numba kernel and the reference, on four networks with weights as they are drawn at
first. All answers are compared. The least time of five runs counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

import datamodules  # noqa: F401 - before lightning
from hls.ckernel import build, hls_kernel
from hls.ckernel.call import compile_call
from hls.errors import Unsupported
from hls.ir.stimulus import random_stimulus
from neutnn_pl.nn import Layer, Network

FLAGS = ("-std=c99", "-O3")
ARCHITECTURES = ("bitplane", "unrolled")


def networks() -> dict[str, Network]:
    """Return the networks that are measured."""
    gates = torch.arange(10, dtype=torch.int32)[None, None, :, None].expand(1, 30, 10, 1)
    place = Layer(
        80,
        30,
        theta=13,
        dendrites=10,
        segments=16,
        response="snl",
        proximal="enable",
        proximal_inputs=1,
        proximal_lines=gates.clone(),
    )
    made = {
        "UCR column 65x2": Network(Layer(65, 2, theta=120), tres=3),
        "UCR 65x16, 16x2": Network(Layer(65, 16, theta=120), Layer(16, 2, theta=6), tres=3),
        "place cells, 30 neurons x 10 dendrites x 16 segments x 80 lines": Network(place, tres=0),
        "MNIST column 8x12": Network(Layer(8, 12, theta=12), tres=3),
    }
    for network in made.values():
        network.reset(0)
    return made


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Return the least time of some runs, in s."""
    found = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return min(found)


def rates(network: Network, samples: int, directory: Path) -> list[float | None]:
    """Return inferences per second: C, the architectures, numba, reference."""
    frozen = network.freeze("net")
    x, proximal = random_stimulus(frozen, samples)
    kernel = build(frozen, workdir=directory, flags=FLAGS)
    expected = kernel.predict(x, proximal).y
    found: list[float | None] = [samples / seconds(lambda: kernel.predict(x, proximal))]
    for arch in ARCHITECTURES:
        try:
            call = compile_call(hls_kernel(frozen, arch), directory, FLAGS)
        except Unsupported:
            found.append(None)
            continue
        given = call.kernel.pack(x, proximal)
        assert (call.kernel.unpack(call.words(given)) == expected).all()
        found.append(samples / seconds(lambda call=call, given=given: call.words(given)))
    side = None if proximal is None else torch.from_numpy(proximal)
    for name, share in (("numba", 1), ("reference", 20)):
        network.use_kernel(name)
        few = torch.from_numpy(x[: max(1, samples // share)])
        more = None if side is None else side[: len(few)]
        answers = network(few, more).numpy()
        assert (answers == expected[: len(few)]).all()
        found.append(len(few) / seconds(lambda few=few, more=more: network(few, more), 3))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| network | C kernel | " + " | ".join(ARCHITECTURES) + " | numba | reference |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, network in networks().items():
        samples = options.samples // (50 if "place" in name else 1)
        with TemporaryDirectory() as folder:
            found = rates(network, samples, Path(folder))
        cells = ["-" if rate is None else f"{rate:,.0f}" for rate in found]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
