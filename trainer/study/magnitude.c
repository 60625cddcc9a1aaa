#include "trainer/study/magnitude.h"

#include <assert.h>
#include <string.h>

/* Magnitudes of finite numbers in the order of these. */
static uint32_t magnitude_at(vsh_element element, const void *weights, int64_t i)
{
    uint32_t bits;

    if (element == VSH_B16)
        return (uint32_t)(((const vsh_bf16 *)weights)[i] & 0x7fffU) << 16;
    memcpy(&bits, (const char *)weights + 4 * i, sizeof bits);
    return bits & 0x7fffffffU;
}

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

/* The greatest magnitude that goes, found digit by digit from the highest; *ties becomes how many
 * of those equal to it go. */
static uint32_t threshold(vsh_element element, int64_t count, const void *weights, int64_t *ties)
{
    uint32_t found = 0, known = 0; /* known: the bits of found that are settled */

    for (int shift = 32 - DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
        int64_t having[DIGITS] = {0};
        uint32_t digit = 0;
        for (int64_t i = 0; i < count; i++) {
            uint32_t magnitude = magnitude_at(element, weights, i);
            if ((magnitude & known) == found)
                having[magnitude >> shift & (DIGITS - 1)]++;
        }
        while (having[digit] < *ties)
            *ties -= having[digit++];
        found |= digit << shift;
        known |= (uint32_t)(DIGITS - 1) << shift;
    }
    return found;
}

void vsh_magnitude_prune(vsh_element element, int64_t count, int64_t zeros, void *weights)
{
    int64_t ties = zeros;
    uint32_t most;

    assert(zeros >= 0 && zeros <= count);
    if (zeros == 0)
        return;
    most = threshold(element, count, weights, &ties);
    for (int64_t i = 0; i < count; i++) {
        uint32_t magnitude = magnitude_at(element, weights, i);
        if (magnitude > most || (magnitude == most && ties-- <= 0))
            continue;
        memset(vsh_at(weights, element, i), 0, vsh_element_bytes(element));
    }
}

int64_t vsh_magnitude_nonzero(vsh_element element, int64_t count, const void *weights)
{
    int64_t nonzero = 0;

    for (int64_t i = 0; i < count; i++)
        nonzero += magnitude_at(element, weights, i) != 0;
    return nonzero;
}
