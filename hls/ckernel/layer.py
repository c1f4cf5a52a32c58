"""A layer as C: its tables and its functions."""

from __future__ import annotations

from hls.ckernel import text
from hls.ckernel.tables import Tables


def layer_text(tables: Tables) -> str:
    """Return everything of one layer."""
    parts = [tables.text()]
    if tables.layer.retime:
        parts.append(retime_text(tables))
    if tables.silent:
        return "\n".join([*parts, text.SILENT_LAYER.format(l=tables.index)])
    parts.append(_segment(tables))
    if not tables.point:
        parts.append(neuron_text(tables))
    parts += [inhibition(tables), _layer(tables)]
    return "\n".join(part for part in parts if part)


def retime_text(tables: Tables) -> str:
    """Return the function that starts a layer's time at its first spike."""
    layer = tables.layer
    if layer.late == "drop":
        what, late = f"what spikes {layer.retime} steps after it or later is dropped", "NO_SPIKE"
    else:
        what, late = f"step {layer.retime - 1} stands for all later ones", str(layer.retime - 1)
    return text.RETIME.format(
        l=tables.index,
        what=what,
        late=late,
        count=tables.sources,
        below=tables.below,
        horizon=layer.retime,
    )


def _segment(tables: Tables) -> str:
    """Return the function of a segment, which is the neuron where that has only one."""
    response = tables.layer.response
    distal = tables.matrix or len(tables.distal) > 0
    gather = ""
    if tables.matrix:
        weight = f"l{tables.index}_weight[g * L{tables.index}_INPUTS + i]"
        change = text.CHANGE[response].format(weight=weight)
        gather += text.GATHER_MATRIX.format(l=tables.index, change=change)
    elif distal:
        gather += _gather(tables, "", "x", "input")
    if len(tables.proximal):
        gather += _gather(tables, "proximal_", "proximal", "line")
    declare, rise = text.RISE[response]
    return text.SEGMENT.format(
        l=tables.index,
        what="neuron" if tables.point else "segment",
        how=text.HOW[response],
        potential=", and its potential then" if tables.ranked else "",
        proximal=", const uint8_t *proximal" if len(tables.proximal) else "",
        at=", int32_t *at" if tables.ranked else "",
        declare=declare,
        unused="" if distal else "    (void)x;\n",
        gather=gather,
        rise=rise,
        keep="            *at = v;\n" if tables.ranked else "",
        never="    *at = 0;\n" if tables.ranked else "",
    )


def _gather(tables: Tables, side: str, given: str, source: str) -> str:
    at = f"l{tables.index}_{side}"
    return text.GATHER_LIST.format(
        at=at,
        source=f"{given}[{at}{source}[s]]",
        horizon=f"L{tables.index}_{side.upper()}HORIZON",
        change=text.CHANGE[tables.layer.response].format(weight=f"{at}weight[s]"),
    )


def neuron_text(tables: Tables, word: str = "") -> str:
    """Return the function of a neuron of dendrites.

    Args:
        tables: the layer.
        word: type of the words that segments read instead of spike times; no segment of words has
            weighted proximal inputs.
    """
    ranked = tables.ranked
    return text.NEURON.format(
        l=tables.index,
        type=word or "uint8_t",
        x="times" if word else "x",
        ties=", then that of the largest potential" if ranked else "",
        proximal=", const uint8_t *proximal" if tables.reads_proximal else "",
        potential=", int32_t *potential" if ranked else "",
        reset="    *potential = 0;\n" if ranked else "",
        gate=gate_text(tables),
        declare="            int32_t at;\n" if ranked else "",
        give=", proximal" if len(tables.proximal) else "",
        at=", &at" if ranked else "",
        better="t < first || (t == first && at > *potential)" if ranked else "t < first",
        keep="                *potential = at;\n" if ranked else "",
    )


def gate_text(tables: Tables) -> str:
    """Return what passes over a dendrite that is not enabled."""
    if tables.gates is None:
        return ""
    some = int(tables.gates.min()) < 0
    always = f"l{tables.index}_gate[dendrite] >= 0 && " if some else ""
    return text.GATE.format(l=tables.index, always=always)


def inhibition(tables: Tables) -> str:
    """Return the function that lets a column's winners pass."""
    layer = tables.layer
    if layer.wta == "none" or layer.shape[1] == 1:
        return ""
    if layer.wta == "t-wta":
        return text.T_WTA.format(l=tables.index)
    argument, better, leads = text.BEFORE[layer.tie]
    template = text.ONE_WTA if layer.wta == "1-wta" else text.K_WTA
    return template.format(
        l=tables.index,
        k=layer.k,
        argument=argument.format(l=tables.index),
        better=better,
        leads=leads,
    )


def _layer(tables: Tables) -> str:
    layer, direct = tables.layer, tables.direct
    silenced = layer.wta != "none" and layer.shape[1] > 1
    inhibit = text.INHIBIT.format(l=tables.index, argument=", potential" if tables.ranked else "")
    if tables.point:
        give = (", proximal" if len(tables.proximal) else "") + ", unit"
        give += f", l{tables.index}_theta[unit]"
    else:
        give = (", proximal" if tables.reads_proximal else "") + ", unit"
    return text.LAYER.format(
        l=tables.index,
        proximal=", const uint8_t *proximal" if tables.reads_proximal else "",
        field="" if direct else f"    uint8_t field[L{tables.index}_INPUTS];\n",
        potential=f"    int32_t potential[L{tables.index}_NEURONS];\n" if tables.ranked else "",
        blank="" if direct and not tables.ranked else "\n",
        gather=_field(tables),
        inputs="x" if direct else "field",
        give=give,
        at=", &potential[n]" if tables.ranked else "",
        inhibit=inhibit if silenced else "",
    )


def _field(tables: Tables) -> str:
    """Return the loop that collects a column's inputs."""
    if tables.direct:
        return ""
    some = int(tables.layer.lines.min()) < 0
    return (text.FIELD_SILENT if some else text.FIELD).format(l=tables.index)
