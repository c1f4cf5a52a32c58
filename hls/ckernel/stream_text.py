"""The fixed parts of the C of one circuit that all segments take in turn."""

HEADER = """\
/*
 * {name}: temporal neural network for HLS, architecture stream.
 * network sha256 {hash}
 */
#ifndef {guard}
#define {guard}

#include <stdint.h>

/*
 * One gamma cycle.
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
 * Architecture stream: columns one after the other, segment by segment; all lines of a segment at
 * once. A word holds a bit of up to 64 inputs; times and weights are words of their bits, lowest
 * first; a time of all ones is no spike.
 */
#include "{name}.h"

#define NO_SPIKE 255

/* clang-format off */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif
#ifdef __GNUC__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif
/* clang-format on */
"""

PLANES = """\
        UNROLL
        for (uint32_t b = 0; b < L{l}_WORDS * L{l}_TIME_BITS; ++b) {{
            times[b] = {ones};
        }}
        for (uint32_t i = 0; i < L{l}_INPUTS; ++i) {{
            const uint32_t late = ~(uint32_t){source};
            UNROLL
            for (uint32_t k = 0; k < L{l}_WORDS; ++k) {{
                const uint32_t here = i / {bits} == k ? late : 0;
                UNROLL
                for (uint32_t b = 0; b < L{l}_TIME_BITS; ++b) {{
                    const {word} bit = ({word})(here >> b & 1U);
                    times[k * L{l}_TIME_BITS + b] ^= ({word})(bit << i % {bits});
                }}
            }}
        }}
"""

ONES = """\
/* How many bits are 1. */
INLINE uint32_t ones{l}({word} word) {{
    uint32_t count = 0;
    UNROLL
    for (uint32_t i = 0; i < {bits}; ++i) {{
        count += (uint32_t)(word >> i) & 1U;
    }}
    return count;
}}

/* Inputs whose time is at most t; from the last time on all that spike. */
INLINE {word} come{l}(const {word} times[L{l}_TIME_BITS], uint32_t t) {{
    const uint32_t last = L{l}_HORIZON - 1;
    const uint32_t now = t < last ? t : last;
    {word} below = 0;
    {word} same = {ones};
    UNROLL
    for (uint32_t b = L{l}_TIME_BITS; b-- > 0;) {{
        const {word} bit = (now >> b & 1U) != 0 ? {ones} : 0;
        below = ({word})(below | (same & bit & ~times[b]));
        same = ({word})(same & ~(bit ^ times[b]));
    }}
    return ({word})(below | same);
}}
"""

RNL = """\
/* Inputs of word k whose ramps still rise: they have come, but not as long ago as their weight. */
INLINE {word} rising{l}(const {word} ago[L{l}_RAMP + 1], const {word} weight[L{l}_WEIGHT_BITS]) {{
    {word} rise = 0;
    UNROLL
    for (uint32_t w = 1; w <= L{l}_RAMP; ++w) {{
        {word} are = {ones}; /* inputs of weight w */
        UNROLL
        for (uint32_t b = 0; b < L{l}_WEIGHT_BITS; ++b) {{
            are = ({word})(are & ((w >> b & 1U) != 0 ? weight[b] : ~weight[b]));
        }}
        rise = ({word})(rise | (are & ago[0] & ~ago[w]));
    }}
    return rise;
}}

/* When {what} g first reaches theta{potential}. */
static uint8_t {what}{l}(const {word} *times, uint32_t g, int32_t theta{at}) {{
    {word} ago[L{l}_WORDS * (L{l}_RAMP + 1)] = {{0}}; /* inputs that had come 0, 1, ... steps ago */
    int32_t v = 0;

    for (uint32_t t = 0; t < L{l}_STEPS; ++t) {{
        UNROLL
        for (uint32_t k = 0; k < L{l}_WORDS; ++k) {{
            {word} *const own = &ago[k * (L{l}_RAMP + 1)];
            UNROLL
            for (uint32_t w = L{l}_RAMP; w > 0; --w) {{
                own[w] = own[w - 1];
            }}
            own[0] = come{l}(&times[k * L{l}_TIME_BITS], t);
            const uint32_t first = (g * L{l}_WORDS + k) * L{l}_WEIGHT_BITS;
            v += (int32_t)ones{l}(rising{l}(own, &l{l}_weight[first]));
        }}
        if (v >= theta) {{
{keep}            return (uint8_t)t;
        }}
    }}
{never}    return NO_SPIKE;
}}
"""

SNL = """\
/* When {what} g first reaches theta{potential}. */
static uint8_t {what}{l}(const {word} *times, uint32_t g, int32_t theta{at}) {{
    for (uint32_t t = 0; t < L{l}_STEPS; ++t) {{
        int32_t v = 0;
        UNROLL
        for (uint32_t k = 0; k < L{l}_WORDS; ++k) {{
            const {word} now = come{l}(&times[k * L{l}_TIME_BITS], t);
            const uint32_t first = (g * L{l}_WORDS + k) * L{l}_WEIGHT_BITS;
            UNROLL
            for (uint32_t b = 0; b < L{l}_WEIGHT_BITS; ++b) {{
                v += (int32_t)(ones{l}(({word})(now & l{l}_weight[first + b])) << b);
            }}
        }}
        if (v >= theta) {{
{keep}            return (uint8_t)t;
        }}
    }}
{never}    return NO_SPIKE;
}}
"""
