"""C of a layer that learns, draw by draw as training with LFSRs does."""

from __future__ import annotations

from typing import Any

import numpy as np

from hls.ckernel import learning_text as text
from hls.ckernel.generate import check_name, layer_tables, summary
from hls.ckernel.tables import Array, table, type_of
from hls.errors import InvalidInput, Unsupported
from hls.ir.network import FrozenLayer, FrozenNetwork
from hls.stabiliser import stabiliser


def generate_learning(network: FrozenNetwork) -> dict[str, str]:
    """Return `<name>.h` and `<name>.c` of a layer that learns.

    Args:
        network: one layer, frozen with stochastic STDP whose draws come from LFSRs; any number of
            dendrites and segments, proximal inputs none or `enable`, any WTA.

    Raises:
        InvalidInput: for a network frozen without its rule, or a name that C or the kernels use.
        Unsupported: for more layers, a Retime, weighted proximal inputs, or another rule.
    """
    check_name(network)
    _check(network)
    layer, name = network.layers[0], network.name
    facts = _facts(network, layer) | _proximal(network, layer)
    facts |= {"summary": summary(network, layer_tables(network)), "tables": _tables(layer)}
    return {f"{name}.h": text.HEADER.format(**facts), f"{name}.c": text.SOURCE.format(**facts)}


def _check(network: FrozenNetwork) -> None:
    layer = network.layers[0]
    rule = layer.learning
    if rule is None or layer.lfsr_draws is None:
        raise InvalidInput(
            "C that learns",
            got="a network frozen without its learning rule",
            expected="one frozen with it",
            mend="Freeze with rule=STDP(source='lfsr', ...)",
        )
    for what, got, expected in (
        ("layers", len(network.layers), 1),
        ("retime", layer.retime, 0),
        ("proximal inputs", layer.proximal, "none or enable"),
        ("kind", rule.get("kind"), "stdp"),
        ("reward", rule.get("reward"), False),
    ):
        if got != expected and not (what == "proximal inputs" and got != "weighted"):
            raise Unsupported(f"C that learns: {what}", got=repr(got), expected=repr(expected))


def _facts(network: FrozenNetwork, layer: FrozenLayer) -> dict[str, Any]:
    c, n, d, s, p = layer.shape
    rule = layer.learning
    assert rule is not None
    assert layer.lfsr_draws is not None
    cap = layer.w_max if rule["search_max"] is None else min(rule["search_max"], layer.w_max)
    column = rule["after"] == "column"
    mode = "none" if n == 1 or (layer.wta == "k-wta" and layer.k == n) else layer.wta
    kept = {"capture", "minus", "backoff", "search", "minimum"}
    return {key: rule[key] for key in kept} | {
        "name": network.name,
        "upper": network.name.upper(),
        "guard": f"{network.name.upper()}_H",
        "hash": network.hash,
        "inputs": network.inputs,
        "last": network.horizon - 1,
        "columns": c,
        "neurons": n,
        "dendrites": d,
        "segments": s,
        "fan_in": p,
        "synapses": layer.weights.size,
        "steps": layer.output_horizon,
        "horizon": layer.horizon,
        "w_max": layer.w_max,
        "search_max": cap,
        "draws": int(layer.lfsr_draws.max()) + 1,
        "width": rule["lfsr_width"],
        "taps": f"{rule['taps']:#x}",
        "response": text.RESPONSE[layer.response],
        "tie": text.TIES[layer.tie],
        "inhibit": text.INHIBIT[mode].replace("KEPT", str(layer.k)),
        "after": "after all of them" if column else "after their dendrite's",
        "silence_dendrites": text.SILENCE_DENDRITES if column else "",
        "silence_neurons": text.SILENCE_NEURONS if column else "",
    }


def _proximal(network: FrozenNetwork, layer: FrozenLayer) -> dict[str, str]:
    """Return the pieces of text that proximal inputs bring."""
    upper, size = network.name.upper(), network.proximal_lines
    rule = layer.learning
    gated = layer.proximal == "enable"
    scope = gated and rule is not None and rule["search_scope"] == "enabled"
    x = f"const uint8_t x[{upper}_INPUTS]"
    return {
        "size": f"enum {{ {upper}_PROXIMAL = {size} }};\n" if gated else "",
        "levels": " * proximal: 0 of every line that disables its dendrites.\n" if gated else "",
        "x": x + (f", const uint8_t proximal[{upper}_PROXIMAL]" if gated else ""),
        "proximal": ", const uint8_t *proximal" if gated else "",
        "give": ", proximal" if gated else "",
        "shut": text.SHUT if gated else "",
        "scope": text.SCOPE if scope else "",
    }


def _tables(layer: FrozenLayer) -> str:
    """Return all tables as C."""
    rule, draws = layer.learning, layer.lfsr_draws
    assert rule is not None
    assert draws is not None
    assert layer.lfsr is not None
    inputs = layer.shape[4]
    up, down = stabiliser(layer.w_max, rule["stabiliser"])
    values: dict[str, tuple[str, Array, str | None]] = {
        "theta": ("Threshold of every neuron.", layer.theta, "int32_t"),
        "line": ("Input line of every input; -1 is always silent.", layer.lines, "int32_t"),
        "mask": ("1 where there is a synapse.", layer.mask.astype(np.uint8), None),
        "first_weight": ("Weights at first.", layer.effective, "uint8_t"),
        "first_lfsr": ("Registers at first.", layer.lfsr, "uint32_t"),
        "f_up": ("Chance out of 1024 that a weight rises.", np.array(up), "uint16_t"),
        "f_down": ("Chance out of 1024 that it falls.", np.array(down), "uint16_t"),
    }
    for use, row in zip(("case", "minimum", "f", "search"), draws, strict=True):
        values[f"{use}_draw"] = (f"Draw for {use}.", row[:, :inputs], None)
    if layer.proximal == "enable":
        assert layer.proximal_lines is not None
        comment = "Proximal line that enables each dendrite; -1 is always enabled."
        values["gate"] = (comment, layer.proximal_lines, "int32_t")
    lines = []
    for name, (comment, array, kind) in values.items():
        flat = array.reshape(-1)
        declaration = f"static const {kind or type_of(flat)} {name}[{len(flat)}]"
        lines += [f"/* {comment} */", *table(declaration, flat)]
    return "\n".join(lines) + ("\n" + text.ENABLED.rstrip() if layer.proximal == "enable" else "")
