#include "core/rng.h"

vsh_random_block vsh_philox(vsh_random_block counter, uint32_t key0, uint32_t key1)
{
    uint32_t *w = counter.word;

    for (int round = 0; round < 10; round++) {
        uint64_t low = (uint64_t)0xD2511F53u * w[0], high = (uint64_t)0xCD9E8D57u * w[2];
        counter = (vsh_random_block){{(uint32_t)(high >> 32) ^ w[1] ^ key0, (uint32_t)high,
                                      (uint32_t)(low >> 32) ^ w[3] ^ key1, (uint32_t)low}};
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return counter;
}

double vsh_random_uniform(uint64_t seed, uint64_t stream, uint64_t counter)
{
    vsh_random_block block = {
        {(uint32_t)counter, (uint32_t)(counter >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
    uint64_t bits;

    block = vsh_philox(block, (uint32_t)seed, (uint32_t)(seed >> 32));
    /* 52 bits: with 53 the half that keeps 0 out would round the largest up to 1 */
    bits = ((uint64_t)block.word[0] << 32 | block.word[1]) >> 12;
    return ((double)bits + 0.5) * 0x1p-52;
}
