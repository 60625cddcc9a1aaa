#include "trainer/data/shuffle.h"

#include <assert.h>

#include "core/rng.h"
#include "trainer/base/mix.h"

/* A Feistel network: each round changes one half of a number's bits by a function of the other, so
 * that the whole is one to one whatever the function is; of four rounds and more it looks random
 * when the function does (Luby and Rackoff 1988). Numbers beyond the count are sent through again
 * until one is below it (cycle walking: Black and Rogaway 2002, "Ciphers with arbitrary finite
 * domains"), less than twice on average. */

vsh_shuffle vsh_shuffle_of(uint64_t seed, int64_t number, int64_t count)
{
    vsh_shuffle s = {.count = count};
    int bits = 0;

    assert(count > 0 && number >= 0);
    while (bits < 62 && (INT64_C(1) << bits) < count)
        bits++;
    s.low_bits = bits / 2;
    s.high_bits = bits - s.low_bits;
    for (uint32_t i = 0; i < VSH_SHUFFLE_ROUNDS; i += 2) {
        const vsh_random_block counter = {
            {i, 0, (uint32_t)number, (uint32_t)((uint64_t)number >> 32)}};
        /* the last word of the key keeps it apart from other uses of the seed */
        vsh_random_block block =
            vsh_philox(counter, (uint32_t)seed, (uint32_t)(seed >> 32) ^ 0x64617461u /* "data" */);
        s.key[i] = block.word[0] | (uint64_t)block.word[1] << 32;
        s.key[i + 1] = block.word[2] | (uint64_t)block.word[3] << 32;
    }
    return s;
}

static uint64_t pass(const vsh_shuffle *s, uint64_t x)
{
    const uint64_t low_mask = (UINT64_C(1) << s->low_bits) - 1;
    const uint64_t high_mask = (UINT64_C(1) << s->high_bits) - 1;
    uint64_t low = x & low_mask, high = x >> s->low_bits;

    for (int i = 0; i < VSH_SHUFFLE_ROUNDS; i += 2) {
        low ^= vsh_mix_close(vsh_mix_take(s->key[i], high)) & low_mask;
        high ^= vsh_mix_close(vsh_mix_take(s->key[i + 1], low)) & high_mask;
    }
    return high << s->low_bits | low;
}

int64_t vsh_shuffle_at(const vsh_shuffle *s, int64_t place)
{
    uint64_t x = (uint64_t)place;

    assert(place >= 0 && place < s->count);
    do
        x = pass(s, x);
    while (x >= (uint64_t)s->count);
    return (int64_t)x;
}
