"""Public simulators on the same digits, where they are installed; nothing of them is in here.

`CMU_TNN_PATH` names a Python file with the column layer of CMU's course on neuromorphic computers
(class `TNNColumnLayer`, solved to the ramp response); BindsNET is `pip install bindsnet`.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from benchmarks.kernels.layers import digits

STEPS = 250


class Other(NamedTuple):
    """What one can be asked for.

    Attributes:
        name: what it is.
        forward: infers one sample, by its number; None where that is not told apart.
        learn: learns one sample.
    """

    name: str
    forward: Callable[[int], object] | None
    learn: Callable[[int], object]


def others(samples: int) -> tuple[list[Other], list[str]]:
    """Return the simulators that are here, and for each that is not a line that says why."""
    found: list[Other] = []
    missing: list[str] = []
    images = digits(samples)
    if images is None:
        return found, ["Public simulators are not measured: NEUTNN_DATA has no MNIST."]
    for make in (course, bindsnet):
        other = make(images[0])
        found.extend([other] if isinstance(other, Other) else [])
        missing.extend([other] if isinstance(other, str) else [])
    return found, missing


def course(volleys: Tensor) -> Other | str:
    """Return the course's layer of the same shape, deterministic STDP.

    Args:
        volleys: uint8 `[B, 2, 29, 29]`, in time steps or 255.
    """
    path = os.environ.get("CMU_TNN_PATH")
    if not path or not Path(path).is_file():
        return "CMU's column layer is not measured: CMU_TNN_PATH names no file with TNNColumnLayer."
    spec = importlib.util.spec_from_file_location("course", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    layer: Any = module.TNNColumnLayer(
        (29, 29), (4, 4), 1, 2, 12, 32, w_init="uniform", ntype="rnl"
    )
    times = volleys.permute(0, 2, 3, 1).float()
    times[times == 255] = float("inf")

    def learn(sample: int) -> None:
        _, came, went = layer(times[sample])
        layer.weights = layer.stdp(came, went, layer.weights, 1.0, 0.01, 1.0)

    return Other("column layer of CMU's course", lambda sample: layer(times[sample]), learn)


def bindsnet(volleys: Tensor) -> Other | str:
    """Return BindsNET's network for MNIST after Diehl and Cook, 784 x 331: as many synapses.

    Args:
        volleys: uint8 `[B, 2, 29, 29]`; the on lines' times become rates of Poisson trains.
    """
    if importlib.util.find_spec("bindsnet") is None:
        return "BindsNET is not measured: it is not installed (pip install bindsnet)."
    from bindsnet.models import DiehlAndCook2015

    network: Any = DiehlAndCook2015(n_inpt=784, n_neurons=331, inpt_shape=(1, 28, 28))
    on = volleys[:, 0, :28, :28]
    rate = torch.where(on < 255, (8 - on.float()) * 8, 0.0) / 1000  # spikes for each millisecond
    generator = torch.Generator().manual_seed(0)
    trains = [(torch.rand((STEPS, 1, 1, 28, 28), generator=generator) < r).byte() for r in rate]

    def learn(sample: int) -> None:
        network.run({"X": trains[sample]}, time=STEPS)
        network.reset_state_variables()

    return Other(f"BindsNET, Diehl and Cook, {STEPS} steps a sample", None, learn)
