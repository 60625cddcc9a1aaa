/* Any text as a number: refused, or finite and shown in the room there is. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char text[256];
    double value = NAN;
    int64_t integer = 0;

    if (length >= sizeof text)
        return 0;
    memcpy(text, bytes, length);
    text[length] = '\0';
    if (vsh_parse_real(text, &value))
        assert(isfinite(value) && strlen(vsh_show_si(value).text) < sizeof(vsh_figure_text) - 1);
    if (vsh_parse_si(text, &value))
        assert(isfinite(value) && strlen(vsh_show_time(value).text) < sizeof(vsh_figure_text) - 1);
    if (vsh_parse_integer(text, &integer))
        assert(strlen(vsh_show_integer(integer).text) < sizeof(vsh_figure_text) - 1);
    for (int dimension = VSH_DIM_NUMBER; dimension <= VSH_DIM_USD_RATE; dimension++)
        if (vsh_parse_quantity(text, (vsh_dimension)dimension, &value))
            assert(isfinite(value));
    return 0;
}
