"""The fixed parts of the C around a kernel: many samples, an example, a self-test."""

BATCH = """\
/* {name}: many samples. network sha256 {hash} */
#include "{name}.h"

void {name}_batch(const uint8_t *x{pointer}, uint8_t *y, uint32_t *answer, size_t samples) {{
    for (size_t s = 0; s < samples; ++s) {{
        uint8_t *const row = &y[s * {upper}_ALL];
        {name}_trace(&x[s * {upper}_INPUTS]{step}, row);
        answer[s] = {name}_answer(&row[{upper}_ALL - {upper}_OUTPUTS]);
    }}
}}
"""

EXAMPLE = """\
/* {name}: one gamma cycle. network sha256 {hash} */
#include "{name}.h"

#include <stdio.h>

int main(void) {{
    uint8_t x[{upper}_INPUTS];
{declare}    uint8_t y[{upper}_OUTPUTS];

    for (size_t i = 0; i < {upper}_INPUTS; ++i) {{
        x[i] = (uint8_t)(i % {horizon});
    }}
{fill}    {name}(x{give}, y);
    for (size_t n = 0; n < {upper}_OUTPUTS; ++n) {{
        if (y[n] == {upper}_NO_SPIKE) {{
            printf("neuron %u: no spike\\n", (unsigned)n);
        }} else {{
            printf("neuron %u: spike at %u\\n", (unsigned)n, (unsigned)y[n]);
        }}
    }}
    printf("answer: %u\\n", (unsigned){name}_answer(y));
    return 0;
}}
"""

FILL = """\
    for (size_t i = 0; i < {upper}_PROXIMAL; ++i) {{
        proximal[i] = {upper}_NO_SPIKE; /* not 0: enabled */
    }}
"""

SELFTEST = """\
/*
 * {name}: check a file of test vectors. network sha256 {hash}
 *
 * The file holds, per sample, {inputs} input times,{proximal_inputs} and {columns} x {neurons}
 * expected output times, one byte each. Exit code 0: all as expected.
 */
#include "{name}.h"

#include <stdio.h>

int main(int argc, char **argv) {{
    uint8_t x[{upper}_INPUTS];
{declare}    uint8_t expected[{upper}_OUTPUTS];
    uint8_t y[{upper}_OUTPUTS];
    unsigned long samples = 0;
    unsigned long wrong = 0;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

    if (file == NULL) {{
        fprintf(stderr, "usage: {name}_selftest VECTORS\\n");
        return 2;
    }}
    while (fread(x, sizeof x, 1, file) == 1{read} &&
           fread(expected, sizeof expected, 1, file) == 1) {{
        {name}(x{give}, y);
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
