"""A network to integers and back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from hls.ir import FrozenLayer, FrozenNetwork
from neutnn_pl.functional import draw_table, taps_of
from neutnn_pl.functional.rules import STDP
from neutnn_pl.kernels.spec import thresholds
from neutnn_pl.nn.layer import Layer
from neutnn_pl.nn.network import Network
from neutnn_pl.nn.voter import Retime, Voter


def freeze(network: Network, name: str, rule: STDP | None = None) -> FrozenNetwork:
    """Return a network in integers.

    Args:
        network: the network.
        name: identifier; other characters become `_`.
        rule: the learning rule, for hardware that learns: its constants and, where its draws come
            from LFSRs, their polynomial, states and table of draws go into every layer.
    """
    layers, retimed = [], None
    for layer in network.layers:
        if isinstance(layer, Retime):
            retimed = layer
            continue
        assert isinstance(layer, Layer)
        layers.append(replace(_layer(layer, retimed), **_learning(layer, rule)))
        retimed = None
    voter = None if network.voter is None else _array(network.voter.frozen())
    return FrozenNetwork(
        identifier(name),
        network.inputs,
        network.tres,
        tuple(layers),
        votes=voter,
        proximal_lines=network.proximal_lines,
    )


def _layer(layer: Layer, retimed: Retime | None) -> FrozenLayer:
    weighted = layer.proximal == "weighted"
    return FrozenLayer(
        weights=_array(layer.weights),
        mask=_array(layer.mask),
        theta=_array(thresholds(layer.state, layer.spec())),
        lines=_array(layer.lines),
        wres=layer.wres,
        response=layer.response,
        horizon=layer.horizon,
        wta=layer.wta,
        k=layer.k,
        # A random tie acts as `potential` in evaluation.
        tie="index" if layer.tie == "index" else "potential",
        proximal=layer.proximal,
        proximal_lines=None if layer.proximal == "none" else _array(layer.proximal_lines),
        proximal_weights=_array(layer.proximal_weights) if weighted else None,
        proximal_mask=_array(layer.proximal_mask) if weighted else None,
        proximal_wres=layer.proximal_wres if weighted else 0,
        proximal_horizon=layer.proximal_horizon if weighted else 0,
        retime=0 if retimed is None else retimed.horizon,
        late="drop" if retimed is None else retimed.late,
    )


def _learning(layer: Layer, rule: STDP | None) -> dict[str, Any]:
    """Return what on-chip learning needs to replay training from here on."""
    if rule is None:
        return {}
    constants = rule.config()
    if rule.source != "lfsr":
        return {"learning": constants}
    _, n, d, s, p = layer.weights.shape
    inputs = p + layer.proximal_weights.shape[-1]
    table = draw_table(n * d * s, d * s, inputs, rule.share, rule.share_f)
    return {
        "learning": {**constants, "taps": taps_of(rule.lfsr_width)},
        "lfsr": _array(layer.lfsr),
        "lfsr_draws": _array(table.to(torch.int32)),
    }


def thaw(frozen: FrozenNetwork) -> Network:
    """Return a network that computes what a frozen one does."""
    layers: list[Layer | Retime] = []
    for part in frozen.layers:
        if part.retime:
            layers.append(Retime(part.retime, part.late))
        c, n, d, s, p = part.shape
        settings: dict[str, Any] = {}
        if part.proximal_lines is not None:
            settings["proximal_lines"] = torch.from_numpy(part.proximal_lines)
            settings["proximal_inputs"] = part.proximal_lines.shape[-1]
        if part.proximal == "weighted":
            settings["proximal_wres"] = part.proximal_wres
            settings["proximal_horizon"] = part.proximal_horizon
        layer = Layer(
            p,
            n,
            torch.from_numpy(part.theta),
            columns=c,
            dendrites=d,
            segments=s,
            wres=part.wres,
            response=part.response,
            wta=part.wta,
            k=part.k,
            tie=part.tie,
            lines=torch.from_numpy(part.lines),
            proximal=part.proximal,
            **settings,
        )
        layer.weights.copy_(torch.from_numpy(part.weights))
        layer.mask.copy_(torch.from_numpy(part.mask))
        if part.proximal == "weighted":
            layer.proximal_weights.copy_(torch.from_numpy(part.proximal_weights))
            layer.proximal_mask.copy_(torch.from_numpy(part.proximal_mask))
        layers.append(layer)
    voter = None
    if frozen.votes is not None:
        # A `local` voter answers with its votes as they are: they have been scaled already.
        voter = Voter(*frozen.votes.shape, kind="local")
        voter.votes.copy_(torch.from_numpy(frozen.votes))
    return Network(*layers, tres=frozen.tres, voter=voter)


def identifier(name: str) -> str:
    """Return `name` as a lower-case C and Verilog identifier.

    >>> identifier("ArrowHead 24x3")
    'arrowhead_24x3'
    """
    text = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "network"
    return (text if text[0].isalpha() else f"n_{text}")[:63]


def _array(tensor: Tensor) -> npt.NDArray[Any]:
    return tensor.cpu().numpy().copy()
