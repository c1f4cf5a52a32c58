"""The fixed parts of the C that takes many lines at once; `clang-format` agrees."""

HEADER = """\
/*
 * {name}: temporal neural network for HLS, architecture {arch}.
 * network sha256 {hash}
 */
#ifndef {guard}
#define {guard}

#include <stdint.h>

/*
 * One gamma cycle. Spike times are in planes: a word holds one bit of many lines' times, and a time
 * of all ones is no spike.
 *
{arguments}
 */
{signature};

#endif
"""

PREAMBLE = """\
/*
 * {name}: temporal neural network, written by NeuTNNGen. Do not edit: the weights are the program.
 * network sha256 {hash}
 *
{summary}
 *
 * Architecture {arch}: {what}
 * A word holds a bit for each of up to 64 lines; times are words of their bits, lowest first. A
 * ramp of weight w rises at time t if its line has come by t, but not by t - w.
 */
#include "{name}.h"

/* clang-format off */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("nounroll")
#else
#define UNROLL
#define ROLLED
#endif
#ifdef __GNUC__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif
/* clang-format on */
"""

WHAT = {
    "bitplane": "one pass of a loop for each time step, in stages: lines, ramps, potentials, WTA.",
    "unrolled": "all time steps at once, no state.",
    "pipelined": "all time steps at once, a new sample in every clock.",
}

ONES = """\
/* How many bits are 1. */
INLINE uint32_t ones(uint64_t word) {
#if defined(__GNUC__) && !defined(__clang__) && !defined(__BAMBU__)
    return (uint32_t)__builtin_popcountll(word);
#else
    uint32_t count = 0; /* a sum of single bits is what HLS makes the best adders from */
    UNROLL
    for (uint32_t i = 0; i < 64; ++i) {
        count += (uint32_t)(word >> i) & 1U;
    }
    return count;
#endif
}
"""

RISING = """\
/*
 * How many of the lines of weight {w} rise: that have come, less those that had {w} steps ago.
 * past: how many had come 1 .. {w} steps ago.
 */
INLINE uint32_t rising{w}(uint16_t past[{w}], uint32_t come) {{
    uint32_t then = come;
    UNROLL
    for (uint32_t i = 0; i < {w}; ++i) {{
        const uint32_t next = past[i];
        past[i] = (uint16_t)then;
        then = next;
    }}
    return come - then;
}}
"""

COME = """\
/* Lines whose time, of {planes} bits, is at most t; from the last time on all that spike. */
INLINE uint64_t come{planes}(const uint64_t x[{planes}], uint32_t t, uint32_t last) {{
    const uint32_t now = t < last ? t : last;
    uint64_t below = 0;
    uint64_t same = UINT64_MAX;
    UNROLL
    for (uint32_t b = {planes}; b-- > 0;) {{
        const uint64_t bit = (now >> b & 1U) != 0 ? UINT64_MAX : 0;
        below |= same & bit & ~x[b];
        same &= ~(bit ^ x[b]);
    }}
    return below | same;
}}
"""

COLUMN = """\
/* Layer {l}, column {c}: {what} */
INLINE void column{l}_{c}({arguments}{type} rise[{size}]{past}) {{
{lines}}}
"""

LEVELS = """\
    uint64_t level[{words}]; /* proximal lines that are 1 */
    UNROLL
    for (uint32_t k = 0; k < {words}; ++k) {{
        level[k] = 0;
        UNROLL
        for (uint32_t b = 0; b < {planes}; ++b) {{
            level[k] |= proximal[k * {planes} + b];
        }}
    }}
"""

CAME = """\
        UNROLL
        for (uint32_t k = 0; k < {words}; ++k) {{
            {name}[k] = come{planes}(&{x}[k * {planes}], t, {last});
        }}
"""

LAYER = """\
/* Layer {l}: spike times y of {columns} columns of {neurons}, {planes} bits each. */
INLINE void layer{l}(const uint64_t x[{given}]{proximal}, uint64_t y[{out}]) {{
{state}{levels}    UNROLL
    for (uint32_t i = 0; i < {out}; ++i) {{
        y[i] = {everyone};
    }}
    {time}
    for (uint32_t t = 0; t < {steps}; ++t) {{
{body}    }}
}}
"""

MOVE = """\
        UNROLL
        for (uint32_t g = 0; g < {segments}; ++g) {{
            v[g] = {before}rise[g]{after};
        }}
"""

GIVE = """\
        UNROLL
        for (uint32_t c = 0; c < {columns}; ++c) {{
{potentials}            const {mask} pass = inhibit{l}({v}, &l{l}_theta[c * {neurons}], &spent[c]);
            UNROLL
            for (uint32_t b = 0; b < {planes}; ++b) {{
                const uint64_t zero = ({now} >> b & 1U) != 0 ? 0 : pass;
                y[c * {planes} + b] &= ~zero;
            }}
        }}
"""

STAGES = 3
"""Passes of the loop between a spike that comes and the neurons that it makes pass."""

SILENT_LAYER = """\
/* Layer {l}: no synapse is left, no neuron ever spikes. */
INLINE void layer{l}(const uint64_t x[{given}], uint64_t y[{out}]) {{
    (void)x;
    UNROLL
    for (uint32_t i = 0; i < {out}; ++i) {{
        y[i] = {everyone};
    }}
}}
"""

DENDRITES = """\
/* Active dendrites: the largest potential of the segments that are enabled. */
INLINE {type} neuron{l}(const {type} v[{size}]{argument}) {{
    {type} largest = 0;
    UNROLL
    for (uint32_t d = 0; d < {dendrites}; ++d) {{
{gate}        UNROLL
        for (uint32_t s = 0; s < {segments}; ++s) {{
            const {type} one = {enabled}v[d * {segments} + s];
            largest = one > largest ? one : largest;
        }}
    }}
    return largest;
}}
"""

GATE = """\
        const int32_t line = gate[d];
        const uint32_t open = line < 0 ? 1U : (uint32_t)(level[line / 64] >> (line % 64)) & 1U;
"""

POTENTIALS = """\
            {type} potential[{neurons}];
            UNROLL
            for (uint32_t n = 0; n < {neurons}; ++n) {{
                const uint32_t unit = c * {neurons} + n;
                potential[n] = neuron{l}(&v[unit * {size}]{give});
            }}
"""

INHIBIT = """\
/* {what} */
INLINE {mask} inhibit{l}(const {type} v[{n}], const int32_t theta[{n}], {mask} *spent) {{
    {mask} fires = 0;
    UNROLL
    for (uint32_t n = 0; n < {n}; ++n) {{
        fires |= ({mask})((int32_t)v[n] >= theta[n] ? 1U : 0U) << n;
    }}
    fires &= ~*spent;
{rule}}}
"""

EVERYBODY = """\
    *spent |= fires;
    return fires;
"""

FIRST_STEP = """\
    *spent = fires != 0 ? {everyone} : *spent; /* those of one step pass */
    return fires;
"""

LOWEST = """\
    *spent = fires != 0 ? {everyone} : *spent;
    return fires & (~fires + 1U); /* the lowest */
"""

LARGEST = """\
    {type} best[{n}];
    {mask} who[{n}];
    UNROLL
    for (uint32_t n = 0; n < {n}; ++n) {
        best[n] = ({type})(v[n] & (0U - (uint32_t)(fires >> n & 1U)));
        who[n] = ({mask})1U << n;
    }
{rounds}    *spent = fires != 0 ? {everyone} : *spent;
    return fires != 0 ? who[0] : 0;
"""

ROUND = """\
    UNROLL
    for (uint32_t n = 0; n + {span} < {n}; n += {twice}) {{
        const {type} one = best[n];
        const {type} other = best[n + {span}];
        const {mask} better = other > one ? {all} : 0;
        who[n] = (who[n] & ~better) | (who[n + {span}] & better);
        best[n] = other > one ? other : one;
    }}
"""
"""One round of a tournament; the lower number wins a tie."""

FIRST_K = """\
    {mask} pass = 0;
    uint32_t passed = ones(*spent);
    UNROLL
    for (uint32_t n = 0; n < {n}; ++n) {
        uint32_t ahead = passed;
        UNROLL
        for (uint32_t m = 0; m < {n}; ++m) {
            ahead += (uint32_t)(fires >> m & 1U) & ({leads} ? 1U : 0U);
        }
        pass |= (fires >> n & 1U & (ahead < {k} ? 1U : 0U)) << n;
    }
    *spent = passed + ones(fires) >= {k} ? {everyone} : *spent | pass;
    return pass;
"""

RULES = {
    "none": "All neurons that spike pass.",
    "t-wta": "Lateral inhibition: all neurons of a column that spike at its earliest time pass.",
    "1-wta": "Lateral inhibition: the first neuron of a column to spike passes.",
    "k-wta": "Lateral inhibition: the first {k} neurons of a column to spike pass.",
}

RETIME = """\
/* Time starts anew at the first spike of the volley; {what}. */
INLINE void retime{l}(const uint64_t x[{words} * {planes}], uint64_t y[{words} * {taken}]) {{
    static const uint64_t lines[{words}] = {{{lines}}};
    uint64_t alive[{words}]; /* lines that may be the first */
    uint32_t first = 0;
    UNROLL
    for (uint32_t k = 0; k < {words}; ++k) {{
        alive[k] = lines[k] & come{planes}(&x[k * {planes}], {last}, {last});
    }}
    UNROLL
    for (uint32_t b = {planes}; b-- > 0;) {{
        uint64_t early = 0;
        UNROLL
        for (uint32_t k = 0; k < {words}; ++k) {{
            early |= alive[k] & ~x[k * {planes} + b];
        }}
        UNROLL
        for (uint32_t k = 0; k < {words}; ++k) {{
            alive[k] &= early != 0 ? ~x[k * {planes} + b] : UINT64_MAX;
        }}
        first |= early != 0 ? 0 : 1U << b;
    }}
    UNROLL
    for (uint32_t k = 0; k < {words}; ++k) {{
        const uint64_t spiked = come{planes}(&x[k * {planes}], {last}, {last});
        uint64_t since[{planes}];
        uint64_t borrow = 0;
        UNROLL
        for (uint32_t b = 0; b < {planes}; ++b) {{
            const uint64_t from = (first >> b & 1U) != 0 ? UINT64_MAX : 0;
            since[b] = x[k * {planes} + b] ^ from ^ borrow;
            borrow = (~x[k * {planes} + b] & (from | borrow)) | (from & borrow);
        }}
        const uint64_t early = {early};
        UNROLL
        for (uint32_t b = 0; b < {taken}; ++b) {{
            const uint64_t kept = b < {planes} ? since[b < {planes} ? b : 0] & early : 0;
            y[k * {taken} + b] = kept | ~spiked{late};
        }}
    }}
}}
"""
