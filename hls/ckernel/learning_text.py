"""The fixed parts of the C that learns; `clang-format` agrees."""

HEADER = """\
/*
 * {name}: a layer that learns by stochastic STDP, {columns} x {neurons} neurons.
 * network sha256 {hash}
 */
#ifndef {guard}
#define {guard}

#include <stdint.h>

enum {{ {upper}_INPUTS = {inputs} }};
{size}enum {{ {upper}_OUTPUTS = {columns} * {neurons} }};
enum {{ {upper}_SYNAPSES = {synapses} }};

/* What learning changes: weights, segment by segment, and a register for each column's draws. */
typedef struct {{
    uint8_t weight[{upper}_SYNAPSES];
    uint32_t lfsr[{columns}];
}} {name}_state;

/* Set the weights and registers with which the network was frozen. */
void {name}_reset({name}_state *state);

/*
 * One gamma cycle, with the weights that it finds, and then the update of all weights.
 *
 * x: spike time of every input line, 0 .. {last}, or 255 for no spike.
{levels} * y: spike time of every neuron after lateral inhibition, or 255.
 */
void {name}_learn({name}_state *state, {x}, uint8_t y[{upper}_OUTPUTS]);

#endif
"""

SOURCE = """\
/*
 * {name}: a layer that learns, written by NeuTNNGen. Do not edit.
 * network sha256 {hash}
 *
{summary}
 *
 * A segment spikes at the first time at which its potential reaches its threshold. After lateral
 * inhibition every synapse moves by at most one: up by a capture (the input came before or with the
 * output) or a search (there was no output), down by a minus (it came after it) or a backoff (there
 * was no input), where 10-bit draws from the column's register allow it.
 */
#include "{name}.h"

#include <string.h>

enum {{ COLUMNS = {columns} }};
enum {{ NEURONS = {neurons} }};
enum {{ DENDRITES = {dendrites} }};
enum {{ SEGMENTS = {segments} }};
enum {{ INPUTS = {fan_in} }};
enum {{ UNITS = NEURONS * DENDRITES * SEGMENTS }};
enum {{ STEPS = {steps} }};
enum {{ HORIZON = {horizon} }};
enum {{ W_MAX = {w_max} }};
enum {{ SEARCH_MAX = {search_max} }};
enum {{ NO_SPIKE = 255 }};
enum {{ CAPTURE = {capture} }};
enum {{ MINUS = {minus} }};
enum {{ BACKOFF = {backoff} }};
enum {{ SEARCH = {search} }};
enum {{ MINIMUM = {minimum} }};
enum {{ DRAWS = {draws} }};
enum {{ WIDTH = {width} }};
#define TAPS UINT32_C({taps})

/* clang-format off */
{tables}
/* clang-format on */

/* Draws of a gamma cycle: the register shifts right, the parity of its taps enters at the top. */
static uint32_t draw(uint32_t lfsr, uint16_t draws[DRAWS]) {{
    for (uint32_t j = 0; j < DRAWS; ++j) {{
        uint32_t value = 0;
        for (uint32_t place = 0; place < 10; ++place) {{
            uint32_t parity = lfsr & TAPS;
            parity ^= parity >> 16;
            parity ^= parity >> 8;
            parity ^= parity >> 4;
            parity ^= parity >> 2;
            parity ^= parity >> 1;
            value |= (lfsr & 1U) << place;
            lfsr = lfsr >> 1 | (parity & 1U) << (WIDTH - 1);
        }}
        draws[j] = (uint16_t)value;
    }}
    return lfsr;
}}

/* When a segment first reaches theta, and its potential then. */
static uint8_t segment(const uint8_t x[INPUTS], const uint8_t weight[INPUTS], int32_t theta,
                       int32_t *at) {{
    for (uint32_t t = 0; t < STEPS; ++t) {{
        int32_t v = 0;
        for (uint32_t i = 0; i < INPUTS; ++i) {{
            if (x[i] < HORIZON && x[i] <= t) {{
{response}            }}
        }}
        if (v >= theta) {{
            *at = v;
            return (uint8_t)t;
        }}
    }}
    *at = 0;
    return NO_SPIKE;
}}

/* Whether a unit of a time and a potential is before another one of a higher number. */
static int beats(uint8_t t, int32_t v, uint8_t other, int32_t potential) {{
{tie}}}

/* The first of `count` units; the time and the potential of the others that lost become nothing. */
static uint32_t first(uint8_t t[], int32_t v[], uint32_t count) {{
    uint32_t winner = 0;
    for (uint32_t i = 1; i < count; ++i) {{
        if (!beats(t[winner], v[winner], t[i], v[i])) {{
            winner = i;
        }}
    }}
    for (uint32_t i = 0; i < count; ++i) {{
        if (i != winner) {{
            t[i] = NO_SPIKE;
        }}
    }}
    return winner;
}}

/* Lateral inhibition in a column. */
static void inhibit(uint8_t y[NEURONS], int32_t v[NEURONS]) {{
{inhibit}}}

/* Move a weight by its synapse's case. */
static uint8_t moved(uint8_t w, uint8_t x, uint8_t y, const uint16_t draws[DRAWS], uint32_t s) {{
    const int floor = draws[minimum_draw[s]] < MINIMUM;
    const int up = floor || draws[f_draw[s]] < f_up[w];
    const int down = floor || draws[f_draw[s]] < f_down[w];
    const uint32_t chance = draws[case_draw[s]];
    if (x != NO_SPIKE && y == NO_SPIKE) {{
        return draws[search_draw[s]] < SEARCH && w < SEARCH_MAX ? (uint8_t)(w + 1) : w;
    }}
    if (x != NO_SPIKE && x <= y) {{
        return chance < CAPTURE && up && w < W_MAX ? (uint8_t)(w + 1) : w;
    }}
    if (y != NO_SPIKE) {{
        const uint32_t limit = x != NO_SPIKE ? MINUS : BACKOFF;
        return chance < limit && down && w > 0 ? (uint8_t)(w - 1) : w;
    }}
    return w;
}}

/* Spike times of a column, and what its segments gave {after}. */
static void answer(const uint8_t x[INPUTS], const uint8_t *weight, uint32_t c{proximal},
                   uint8_t y[NEURONS], uint8_t seen[UNITS]) {{
    int32_t potential[NEURONS];
    for (uint32_t n = 0; n < NEURONS; ++n) {{
        uint8_t *const own = &seen[n * DENDRITES * SEGMENTS];
        uint8_t at[DENDRITES];
        int32_t best[DENDRITES];
        for (uint32_t d = 0; d < DENDRITES; ++d) {{
            int32_t v[SEGMENTS];
            for (uint32_t s = 0; s < SEGMENTS; ++s) {{
                const uint32_t g = (n * DENDRITES + d) * SEGMENTS + s;
                own[d * SEGMENTS + s] =
                    segment(x, &weight[g * INPUTS], theta[c * NEURONS + n], &v[s]);
{shut}            }}
            const uint32_t winner = first(&own[d * SEGMENTS], v, SEGMENTS);
            at[d] = own[d * SEGMENTS + winner];
            best[d] = v[winner];
        }}
        const uint32_t winner = first(at, best, DENDRITES);
        y[n] = at[winner];
        potential[n] = best[winner];
{silence_dendrites}    }}
    inhibit(y, potential);
{silence_neurons}}}

void {name}_reset({name}_state *state) {{
    memcpy(state->weight, first_weight, sizeof state->weight);
    memcpy(state->lfsr, first_lfsr, sizeof state->lfsr);
}}

void {name}_learn({name}_state *state, {x}, uint8_t y[{upper}_OUTPUTS]) {{
    for (uint32_t c = 0; c < COLUMNS; ++c) {{
        uint8_t *const weight = &state->weight[c * UNITS * INPUTS];
        uint8_t field[INPUTS];
        uint8_t seen[UNITS];
        uint16_t draws[DRAWS];
        for (uint32_t i = 0; i < INPUTS; ++i) {{
            const int32_t at = line[c * INPUTS + i];
            field[i] = at < 0 ? (uint8_t)NO_SPIKE : x[at];
        }}
        answer(field, weight, c{give}, &y[c * NEURONS], seen);
        state->lfsr[c] = draw(state->lfsr[c], draws);
        for (uint32_t g = 0; g < UNITS; ++g) {{
{scope}            for (uint32_t i = 0; i < INPUTS; ++i) {{
                const uint32_t s = g * INPUTS + i;
                if (mask[c * UNITS * INPUTS + s] != 0) {{
                    weight[s] = moved(weight[s], field[i], seen[g], draws, s);
                }}
            }}
        }}
    }}
}}
"""

TIES = {
    "potential": "    return t < other || (t == other && v >= potential);\n",
    "index": "    (void)v;\n    (void)potential;\n    return t <= other;\n",
}

RESPONSE = {
    "rnl": (
        "                const int32_t rise = (int32_t)(t - x[i]) + 1;\n"
        "                v += rise < weight[i] ? rise : weight[i];\n"
    ),
    "snl": "                v += weight[i];\n",
}

INHIBIT = {
    "none": "    (void)y;\n    (void)v;\n",
    "1-wta": "    (void)first(y, v, NEURONS);\n",
    "t-wta": """\
    uint8_t earliest = NO_SPIKE;
    (void)v;
    for (uint32_t n = 0; n < NEURONS; ++n) {
        earliest = y[n] < earliest ? y[n] : earliest;
    }
    for (uint32_t n = 0; n < NEURONS; ++n) {
        y[n] = y[n] == earliest ? y[n] : (uint8_t)NO_SPIKE;
    }
""",
    "k-wta": """\
    uint8_t all[NEURONS];
    memcpy(all, y, sizeof all);
    for (uint32_t n = 0; n < NEURONS; ++n) {
        uint32_t ahead = 0;
        for (uint32_t m = 0; m < NEURONS; ++m) {
            const int before = m < n ? beats(all[m], v[m], all[n], v[n])
                                     : m > n && !beats(all[n], v[n], all[m], v[m]);
            ahead += before ? 1U : 0U;
        }
        y[n] = ahead < KEPT ? all[n] : (uint8_t)NO_SPIKE;
    }
""",
}

SHUT = """\
                if (!enabled(proximal, (c * NEURONS + n) * DENDRITES + d)) {
                    own[d * SEGMENTS + s] = NO_SPIKE;
                    v[s] = 0;
                }
"""

ENABLED = """\

/* Whether a dendrite's proximal line is 1. */
static int enabled(const uint8_t *proximal, uint32_t dendrite) {
    return gate[dendrite] < 0 || proximal[gate[dendrite]] != 0;
}
"""

SCOPE = """\
            if (!enabled(proximal, c * NEURONS * DENDRITES + g / SEGMENTS)) {
                continue; /* its segments do not learn */
            }
"""

SILENCE_DENDRITES = """\
        for (uint32_t d = 0; d < DENDRITES; ++d) {
            if (d != winner) {
                memset(&own[d * SEGMENTS], NO_SPIKE, SEGMENTS);
            }
        }
"""

SILENCE_NEURONS = """\
    for (uint32_t n = 0; n < NEURONS; ++n) {
        if (y[n] == NO_SPIKE) {
            memset(&seen[n * DENDRITES * SEGMENTS], NO_SPIKE, (size_t)DENDRITES * SEGMENTS);
        }
    }
"""
