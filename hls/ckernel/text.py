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
enum {{ {upper}_OUTPUTS = {columns} * {neurons} }}; /* columns * neurons */
enum {{ {upper}_NO_SPIKE = 255 }};

/*
 * One gamma cycle.
 *
 * x: spike time of every input line, 0 .. {last} (any other value is no spike).
 * y: spike time of every neuron after lateral inhibition, 0 .. {end}, or {upper}_NO_SPIKE; neuron n
 *    of column c is y[c * {neurons} + n].
 */
void {name}(const uint8_t x[{upper}_INPUTS], uint8_t y[{upper}_OUTPUTS]);

/* `samples` gamma cycles one after the other; x and y hold one row per sample. */
void {name}_batch(const uint8_t *x, uint8_t *y, size_t samples);

#endif
"""

PREAMBLE = """\
/*
 * {name}: temporal neural network, written by NeuTNNGen. Do not edit: the weights are the program.
 * network sha256 {hash}
 *
{summary}
 *
 * Time is an integer step. A ramp (RNL) of weight w started by a spike at time x adds
 * min(max(t - x + 1, 0), w) to the potential at time t; a step (SNL) adds w from time x on. A
 * neuron spikes at the first time at which its potential is at least its threshold.
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

RNL = """\
            ++change[l{l}_neuron[s]][start];
            --change[l{l}_neuron[s]][start + l{l}_weight[s]];
"""

SNL = """\
            change[l{l}_neuron[s]][start] += l{l}_weight[s];
"""

RISE = {
    "rnl": ("        int32_t slope = 0;\n", "            slope += change[n][t];\n", "slope"),
    "snl": ("", "", "change[n][t]"),
}

LAYER = """\
/* {what} */
static void layer{l}(const uint8_t *x, uint8_t *y) {{
    int32_t change[L{l}_COLUMNS * L{l}_NEURONS][L{l}_STEPS + 1] = {{{{0}}}};
{declare}
    for (uint32_t s = 0; s < L{l}_SYNAPSES; ++s) {{
        const uint8_t start = x[l{l}_line[s]];
        if (start < L{l}_HORIZON) {{
{change}        }}
    }}
    for (uint32_t n = 0; n < L{l}_COLUMNS * L{l}_NEURONS; ++n) {{
        int32_t v = 0;
{slope}        y[n] = NO_SPIKE;
{reset}        for (uint32_t t = 0; t < L{l}_STEPS; ++t) {{
{step}            v += {rise};
            if (v >= l{l}_theta[n]) {{
                y[n] = (uint8_t)t;
{keep}                break;
            }}
        }}
    }}
{inhibit}}}
"""

INHIBIT = """\
    for (uint32_t c = 0; c < L{l}_COLUMNS; ++c) {{
        inhibit{l}(&y[c * L{l}_NEURONS]{argument});
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
void {name}(const uint8_t x[{upper}_INPUTS], uint8_t y[{upper}_OUTPUTS]) {{
{calls}
}}
"""

BATCH = """\
/* {name}: many samples. network sha256 {hash} */
#include "{name}.h"

void {name}_batch(const uint8_t *x, uint8_t *y, size_t samples) {{
    for (size_t s = 0; s < samples; ++s) {{
        {name}(&x[s * {upper}_INPUTS], &y[s * {upper}_OUTPUTS]);
    }}
}}
"""

EXAMPLE = """\
/* {name}: one gamma cycle. network sha256 {hash} */
#include "{name}.h"

#include <stdio.h>

int main(void) {{
    uint8_t x[{upper}_INPUTS];
    uint8_t y[{upper}_OUTPUTS];

    for (size_t i = 0; i < {upper}_INPUTS; ++i) {{
        x[i] = (uint8_t)(i % {horizon});
    }}
    {name}(x, y);
    for (size_t n = 0; n < {upper}_OUTPUTS; ++n) {{
        if (y[n] == {upper}_NO_SPIKE) {{
            printf("neuron %u: no spike\\n", (unsigned)n);
        }} else {{
            printf("neuron %u: spike at %u\\n", (unsigned)n, (unsigned)y[n]);
        }}
    }}
    return 0;
}}
"""

SELFTEST = """\
/*
 * {name}: check a file of test vectors. network sha256 {hash}
 *
 * The file holds, per sample, {inputs} input times and {columns} x {neurons} expected output times,
 * one byte each. Exit code 0: all as expected.
 */
#include "{name}.h"

#include <stdio.h>

int main(int argc, char **argv) {{
    uint8_t x[{upper}_INPUTS];
    uint8_t expected[{upper}_OUTPUTS];
    uint8_t y[{upper}_OUTPUTS];
    unsigned long samples = 0;
    unsigned long wrong = 0;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

    if (file == NULL) {{
        fprintf(stderr, "usage: {name}_selftest VECTORS\\n");
        return 2;
    }}
    while (fread(x, sizeof x, 1, file) == 1 && fread(expected, sizeof expected, 1, file) == 1) {{
        {name}(x, y);
        for (size_t n = 0; n < {upper}_OUTPUTS; ++n) {{
            if (y[n] != expected[n]) {{
                if (wrong < 5) {{
                    printf("sample %lu, output %lu: expected %u, got %u\\n", samples,
                           (unsigned long)n, (unsigned)expected[n], (unsigned)y[n]);
                }}
                ++wrong;
            }}
        }}
        ++samples;
    }}
    fclose(file);
    printf("%lu samples, %lu mismatches\\n", samples, wrong);
    return wrong == 0 && samples > 0 ? 0 : 1;
}}
"""
