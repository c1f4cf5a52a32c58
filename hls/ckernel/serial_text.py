"""The fixed parts of the C that takes one synapse after the other; `clang-format` agrees."""

RESPONSE = {
    "rnl": "(t - x + 1U < w ? t - x + 1U : w)",
    "snl": "w",
}

SOURCE = """\
/*
 * {name}: temporal neural network, written by NeuTNNGen. Do not edit: the weights are the program.
 * network sha256 {hash}
 *
{summary}
 *
 * Architecture rolled: one synapse after the other, for every neuron and time step; weights and
 * times are bits of words. The first time step in which a neuron reaches its threshold ends it.
 */
#include "{name}.h"

/* clang-format off */
#ifdef __GNUC__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif
#ifdef __clang__
#define ROLLED _Pragma("nounroll")
#else
#define ROLLED
#endif
/* clang-format on */

/* Spike time of line i; all ones is no spike. */
INLINE uint32_t time_of({given}, uint32_t i) {{
    uint32_t time = 0;
{times}    return time;
}}

/* Weight of synapse s: line by line, neuron by neuron. */
INLINE uint32_t weight_of(uint32_t s) {{
    uint32_t weight = 0;
{weights}    return weight;
}}

/* What a spike at time x adds to the potential at time t through a synapse of weight w. */
INLINE uint32_t response(uint32_t t, uint32_t x, uint32_t w) {{
    const uint32_t come = {come} ? 1U : 0U;
    return (0U - come) & {response};
}}

{signature} {{
    {count} s = 0; /* synapse */
    {line} i = 0; /* its line */
    uint8_t n = 0; /* its neuron */
    uint8_t t = 0;
    {potential} v = 0;    /* potential of neuron n, as far as it is added up */
    {potential} best = 0; /* largest potential of the neurons that spike */
    uint8_t winner = 0;
    uint32_t going = 1;
    ROLLED
    do {{
        const uint32_t x = time_of({names}, i);
        const uint32_t sum = (v + response(t, x, weight_of(s))) & {mask};
        const uint32_t neuron_ends = i == {inputs} - 1 ? 1U : 0U;
        const uint32_t step_ends = s == {inputs} * {neurons} - 1 ? 1U : 0U;
        const uint32_t better = neuron_ends & (sum >= ({theta}) ? 1U : 0U) & ({better} ? 1U : 0U);
        best = better != 0 ? ({potential})sum : best;
        winner = better != 0 ? n : winner;
        v = neuron_ends != 0 ? 0 : ({potential})sum;
        n = step_ends != 0 ? 0 : (uint8_t)(n + neuron_ends);
        i = neuron_ends != 0 ? 0 : ({line})(i + 1);
        s = step_ends != 0 ? 0 : ({count})(s + 1);
        going = step_ends & (best != 0 || t == {steps} - 1 ? 1U : 0U) ? 0U : 1U;
        t = (uint8_t)(t + (step_ends & going));
    }} while (going != 0);
    const uint32_t time = best != 0 ? t : {silent};
    const uint64_t place = best != 0 ? (uint64_t)1 << winner : 0;
    uint64_t y = 0;
{give}    return ({type})y;
}}
"""
