"""The fixed parts of the generated C; `clang-format` with the style beside this file agrees."""

HEADER = """\
/*
 * {name}: temporal neural network, {inputs} input lines, {columns} x {neurons} neurons.
 * network sha256 {hash}
 */
#ifndef {guard}
#define {guard}

#include <stddef.h>
#include <stdint.h>

enum {{ {upper}_INPUTS = {inputs} }};
{size}enum {{ {upper}_OUTPUTS = {columns} * {neurons} }};
enum {{ {upper}_ALL = {all} }};
enum {{ {upper}_CLASSES = {classes} }};
enum {{ {upper}_NO_SPIKE = 255 }};

/*
 * One gamma cycle.
 *
 * x: spike time of every input line, 0 .. {last} (any other value is no spike).
{levels} * y: spike time of every neuron after lateral inhibition, 0 .. {end}, or {upper}_NO_SPIKE;
 *    neuron n of column c is y[c * {neurons} + n].
 */
void {name}({x}{proximal}, uint8_t y[{upper}_OUTPUTS]);

/* The same, with the spike times of every layer, the first layer's first. */
void {name}_trace({x}{proximal}, uint8_t y[{upper}_ALL]);

/* The class of a sample, from its spike times: {answer}. */
uint32_t {name}_answer(const uint8_t y[{upper}_OUTPUTS]);

/* `samples` gamma cycles one after the other, a row of x, y and answer for each: y as of trace. */
void {name}_batch(const uint8_t *x{pointer}, uint8_t *y, uint32_t *answer, size_t samples);

#endif
"""

LEVELS = """\
 * proximal: of every proximal line {what}.
"""

ANSWERS = {
    "votes": "the largest sum of votes of the neurons that pass, the lowest on ties",
    "tally": (
        "the neuron that passes in most columns, the lowest\n * on ties; {upper}_CLASSES where "
        "none does"
    ),
}

PREAMBLE = """\
/*
 * {name}: temporal neural network, written by NeuTNNGen. Do not edit: the weights are the program.
 * network sha256 {hash}
 *
{summary}
 *
 * Time is an integer step. A ramp (RNL) of weight w started by a spike at time x adds
 * min(max(t - x + 1, 0), w) to the potential at time t; a step (SNL) adds w from time x on. A
 * {unit} spikes at the first time at which its potential is at least its threshold.
 */
#include "{name}.h"

#define NO_SPIKE 255
"""

BEFORE = {
    "index": ("", "y[n] < y[winner]", "m < n"),
    "potential": (
        ", const int32_t potential[L{l}_NEURONS]",
        "y[n] < y[winner] || (y[n] == y[winner] && potential[n] > potential[winner])",
        "potential[m] > potential[n] || (potential[m] == potential[n] && m < n)",
    ),
}

ONE_WTA = """\
/* Lateral inhibition: the first neuron of a column to spike silences the others. */
static void inhibit{l}(uint8_t y[L{l}_NEURONS]{argument}) {{
    uint32_t winner = 0;
    for (uint32_t n = 1; n < L{l}_NEURONS; ++n) {{
        if ({better}) {{
            winner = n;
        }}
    }}
    for (uint32_t n = 0; n < L{l}_NEURONS; ++n) {{
        if (n != winner) {{
            y[n] = NO_SPIKE;
        }}
    }}
}}
"""

K_WTA = """\
/* Lateral inhibition: the first {k} neurons of a column to spike pass. */
static void inhibit{l}(uint8_t y[L{l}_NEURONS]{argument}) {{
    uint8_t all[L{l}_NEURONS];
    for (uint32_t n = 0; n < L{l}_NEURONS; ++n) {{
        all[n] = y[n];
    }}
    for (uint32_t n = 0; n < L{l}_NEURONS; ++n) {{
        uint32_t ahead = 0;
        for (uint32_t m = 0; m < L{l}_NEURONS; ++m) {{
            const int leads = {leads};
            if (all[m] < all[n] || (all[m] == all[n] && leads)) {{
                ++ahead;
            }}
        }}
        if (ahead >= {k}) {{
            y[n] = NO_SPIKE;
        }}
    }}
}}
"""

T_WTA = """\
/* Lateral inhibition: all neurons of a column that spike at its earliest time pass. */
static void inhibit{l}(uint8_t y[L{l}_NEURONS]) {{
    uint8_t earliest = NO_SPIKE;
    for (uint32_t n = 0; n < L{l}_NEURONS; ++n) {{
        if (y[n] < earliest) {{
            earliest = y[n];
        }}
    }}
    for (uint32_t n = 0; n < L{l}_NEURONS; ++n) {{
        if (y[n] > earliest) {{
            y[n] = NO_SPIKE;
        }}
    }}
}}
"""

CHANGE = {
    "rnl": "++change[start];\n            --change[start + {weight}];",
    "snl": "change[start] += {weight};",
}

RISE = {
    "rnl": (
        "    int32_t slope = 0;\n    int32_t v = 0;\n",
        "        slope += change[t];\n        v += slope;\n",
    ),
    "snl": ("    int32_t v = 0;\n", "        v += change[t];\n"),
}

HOW = {
    "rnl": "The slope of its potential changes where a ramp starts or is full.",
    "snl": "Its potential rises by the weight where a spike arrives.",
}

GATHER_MATRIX = """\
    for (uint32_t i = 0; i < L{l}_INPUTS; ++i) {{
        const uint8_t start = x[i];
        if (start < L{l}_HORIZON) {{
            {change}
        }}
    }}
"""

GATHER_LIST = """\
    for (uint32_t s = {at}first[g]; s < {at}first[g + 1]; ++s) {{
        const uint8_t start = {source};
        if (start < {horizon}) {{
            {change}
        }}
    }}
"""

SEGMENT = """\
/*
 * When {what} g first reaches theta{potential}.
 * {how}
 */
static uint8_t {what}{l}(const uint8_t *x{proximal}, uint32_t g, int32_t theta{at}) {{
    int32_t change[L{l}_STEPS + 1] = {{0}};
{declare}
{unused}{gather}    for (uint32_t t = 0; t < L{l}_STEPS; ++t) {{
{rise}        if (v >= theta) {{
{keep}            return (uint8_t)t;
        }}
    }}
{never}    return NO_SPIKE;
}}
"""

GATE = """\
        if ({always}proximal[l{l}_gate[dendrite]] == 0) {{
            continue; /* not enabled */
        }}
"""

NEURON = """\
/*
 * Active dendrites: the first segment to spike speaks for its dendrite, the first dendrite for the
 * neuron{ties}.
 */
static uint8_t neuron{l}(const {type} *{x}{proximal}, uint32_t n{potential}) {{
    uint8_t first = NO_SPIKE;

{reset}    for (uint32_t d = 0; d < L{l}_DENDRITES; ++d) {{
        const uint32_t dendrite = n * L{l}_DENDRITES + d;
{gate}        for (uint32_t s = 0; s < L{l}_SEGMENTS; ++s) {{
            const uint32_t g = dendrite * L{l}_SEGMENTS + s;
{declare}            const uint8_t t = segment{l}({x}{give}, g, l{l}_theta[n]{at});
            if ({better}) {{
                first = t;
{keep}            }}
        }}
    }}
    return first;
}}
"""

FIELD = """\
        for (uint32_t i = 0; i < L{l}_INPUTS; ++i) {{
            field[i] = x[l{l}_line[c * L{l}_INPUTS + i]];
        }}
"""

FIELD_SILENT = """\
        for (uint32_t i = 0; i < L{l}_INPUTS; ++i) {{
            const int32_t line = l{l}_line[c * L{l}_INPUTS + i];
            field[i] = line < 0 ? NO_SPIKE : x[line];
        }}
"""

LAYER = """\
/* Layer {l}, column by column. */
static void layer{l}(const uint8_t *x{proximal}, uint8_t *y) {{
{field}{potential}{blank}    for (uint32_t c = 0; c < L{l}_COLUMNS; ++c) {{
{gather}        for (uint32_t n = 0; n < L{l}_NEURONS; ++n) {{
            const uint32_t unit = c * L{l}_NEURONS + n;
            y[unit] = neuron{l}({inputs}{give}{at});
        }}
{inhibit}    }}
}}
"""

INHIBIT = """\
        inhibit{l}(&y[c * L{l}_NEURONS]{argument});
"""

RETIME = """\
/* Time starts anew at the first spike of the volley; {what}. */
static void retime{l}(const uint8_t x[{count}], uint8_t y[{count}]) {{
    uint8_t first = NO_SPIKE;

    for (uint32_t i = 0; i < {count}; ++i) {{
        if (x[i] < {below} && x[i] < first) {{
            first = x[i];
        }}
    }}
    for (uint32_t i = 0; i < {count}; ++i) {{
        y[i] = NO_SPIKE;
        if (x[i] < {below}) {{
            const uint8_t since = (uint8_t)(x[i] - first);
            y[i] = since < {horizon} ? since : {late};
        }}
    }}
}}
"""

SILENT_LAYER = """\
/* No synapse is left: no neuron ever spikes. */
static void layer{l}(const uint8_t *x, uint8_t *y) {{
    (void)x;
    for (uint32_t n = 0; n < L{l}_COLUMNS * L{l}_NEURONS; ++n) {{
        y[n] = NO_SPIKE;
    }}
}}
"""

TOP = """\
void {name}({x}{proximal}, uint8_t y[{upper}_OUTPUTS]) {{
{calls}}}

void {name}_trace({x}{proximal}, uint8_t y[{upper}_ALL]) {{
{trace}}}
"""

VOTES = """\
uint32_t {name}_answer(const uint8_t y[{upper}_OUTPUTS]) {{
    int32_t tally[{upper}_CLASSES] = {{0}};
    uint32_t best = 0;

    for (uint32_t n = 0; n < {upper}_OUTPUTS; ++n) {{
        if (y[n] == NO_SPIKE) {{
            continue;
        }}
        for (uint32_t k = 0; k < {upper}_CLASSES; ++k) {{
            tally[k] += {name}_votes[n * {upper}_CLASSES + k];
        }}
    }}
    for (uint32_t k = 1; k < {upper}_CLASSES; ++k) {{
        if (tally[k] > tally[best]) {{
            best = k;
        }}
    }}
    return best;
}}
"""

TALLY = """\
uint32_t {name}_answer(const uint8_t y[{upper}_OUTPUTS]) {{
    int32_t tally[{upper}_CLASSES] = {{0}};
    uint32_t best = 0;

    for (uint32_t n = 0; n < {upper}_OUTPUTS; ++n) {{
        if (y[n] != NO_SPIKE) {{
            ++tally[n % {upper}_CLASSES];
        }}
    }}
    for (uint32_t k = 1; k < {upper}_CLASSES; ++k) {{
        if (tally[k] > tally[best]) {{
            best = k;
        }}
    }}
    return tally[best] > 0 ? best : {upper}_CLASSES;
}}
"""
