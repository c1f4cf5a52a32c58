"""From tensors to the arrays that compiled code takes, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from neutnn_pl.kernels.numba.columns import Inputs, State
from neutnn_pl.kernels.spec import LayerSpec, LayerState


def array(tensor: Tensor, dtype: torch.dtype, *shape: int, copy: bool = False) -> Any:
    """Return a tensor's values as a contiguous array that may be written to.

    Args:
        tensor: what to convert.
        dtype: type of the array.
        shape: its shape.
        copy: whether writing must leave the tensor as it is.
    """
    if tensor.dtype == torch.bool and dtype == torch.uint8:
        tensor = tensor.detach().contiguous().view(torch.uint8)
    tensor = tensor.detach().to(dtype)
    values = tensor.contiguous().numpy().reshape(shape)
    # numpy copies on this thread; torch would wake its own for it.
    return values.copy() if copy or not values.flags.writeable else values


def inputs_of(
    x: Tensor, state: LayerState, spec: LayerSpec, xp: Tensor | None, labels: Tensor | None
) -> Inputs:
    """Return what samples bring, as arrays."""
    b = len(x)
    c, n, d, _, p = state.w.shape
    r = state.wp.shape[-1]
    gate: npt.NDArray[np.uint8] = np.zeros((0, c, n * d), np.uint8)
    side: npt.NDArray[np.uint8] = np.zeros((0, c, n * d, r), np.uint8)
    if spec.proximal == "enable" and xp is not None:
        gate = array(xp[..., 0].bool(), torch.uint8, b, c, n * d)
    if spec.proximal == "weighted" and xp is not None:
        side = array(xp, torch.uint8, b, c, n * d, r)
    none = torch.zeros(0, dtype=torch.int64)
    known = array(none if labels is None else labels, torch.int64, -1)
    return Inputs(array(x, torch.uint8, b, c, p), gate, side, known)


def state_of(state: LayerState, copy: bool) -> State:
    """Return a layer's state as arrays; with `copy`, what learning changes is copied."""
    c, n, d, s, p = state.w.shape
    g, r = n * d * s, state.wp.shape[-1]
    return State(
        w=array(state.w, torch.uint8, c, g, p, copy=copy),
        mask=array(state.mask, torch.uint8, c, g, p),
        theta=array(state.theta, torch.int32, c, n),
        wp=array(state.wp, torch.uint8, c, g, r, copy=copy),
        mask_p=array(state.mask_p, torch.uint8, c, g, r),
        fraction=array(state.fraction, torch.int32, c, g, p, copy=copy),
        fraction_p=array(state.fraction_p, torch.int32, c, g, r, copy=copy),
        fatigue=array(state.fatigue, torch.int32, c, n, copy=copy),
        lfsr=array(state.lfsr, torch.int64, c, copy=copy),
    )


def changed(state: LayerState, arrays: State) -> LayerState:
    """Return the state that learning has left in the arrays."""
    names = ("w", "wp", "fraction", "fraction_p", "fatigue", "lfsr")
    parts = {name: torch.from_numpy(getattr(arrays, name)) for name in names}
    return state.changed(
        **{name: part.reshape(getattr(state, name).shape) for name, part in parts.items()}
    )
