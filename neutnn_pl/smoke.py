"""A ladder with a tiny network: whether what is installed also works."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from hls.errors import NeutnnError
from hls.flow import HardwareOptions, LayoutOptions, hardware_steps, write_stimulus
from hls.ir import FrozenNetwork, save
from hls.step import execute, step_dir
from neutnn_pl.nn import STDP, Layer, Network
from neutnn_pl.progress import duration

SAMPLES = 40


def tiny() -> tuple[FrozenNetwork, np.ndarray, np.ndarray]:
    """Return a network of 6 lines and 2 neurons that has learnt a little, spikes, and answers."""
    network = Network(Layer(inputs=6, neurons=2, theta=9), tres=3)
    network.reset(1)
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(0, 9, (SAMPLES, 6), generator=generator)
    spikes = torch.where(x == 8, 255, x).to(torch.uint8)
    network.learn(spikes, STDP(), 1)
    return network.freeze("smoke"), spikes.numpy(), network(spikes).numpy()


def smoke_test() -> Iterator[tuple[str, bool]]:
    """Learn, and take every hardware step; yield a line and whether it counts as passed.

    A step whose program is missing is said to be skipped, and ends the test without failing it.
    """
    begin = time.monotonic()
    network, x, y = tiny()
    yield f"  {'learn':10}{duration(time.monotonic() - begin):>9}  sha256 {network.hash[:12]}", True
    with tempfile.TemporaryDirectory(prefix="neutnn-smoke-") as folder:
        run_dir = Path(folder)
        save(network, run_dir / "frozen")
        write_stimulus(step_dir(run_dir, "freeze"), network, x, y)
        for step in hardware_steps(network.name, HardwareOptions(), LayoutOptions()):
            missing = [tool for tool in step.tools if tool.find() is None]
            if missing:
                names = ", ".join(f"{tool.name} ({tool.install})" for tool in missing)
                yield f"  {step.id:10}{'skipped':>9}  not installed: {names}", True
                return
            try:
                record = execute(step, run_dir)
            except NeutnnError as error:
                yield f"  {step.id:10}{'FAILED':>9}  {error}", False
                return
            yield f"  {step.id:10}{duration(record.seconds):>9}  {record.summary}", True
