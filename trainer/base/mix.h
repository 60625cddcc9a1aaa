/* Hashes of words, lines and word n-grams: 64 bits of which any part may be used. */
#ifndef VSH_MIX_H
#define VSH_MIX_H

#include <stdint.h>
#include <string.h>

/* Odd multipliers with bits in no order: the fractions of sqrt 2, sqrt 3, sqrt 5, sqrt 7. */
#define VSH_MIX_START UINT64_C(0x6a09e667f3bcc908)
#define VSH_MIX_TAKE UINT64_C(0xbb67ae8584caa73b)
#define VSH_MIX_GRAM UINT64_C(0x3c6ef372fe94f82b)
#define VSH_MIX_CLOSE UINT64_C(0xa54ff53a5f1d36f1)

/* One to one in the block and in the state, so that only several blocks can collide. */
static inline uint64_t vsh_mix_take(uint64_t state, uint64_t block)
{
    state = (state ^ block) * VSH_MIX_TAKE;
    return state ^ state >> 32;
}

static inline uint64_t vsh_mix_close(uint64_t state)
{
    state *= VSH_MIX_GRAM;
    state ^= state >> 29;
    state *= VSH_MIX_CLOSE;
    return state ^ state >> 32;
}

/* Of a text; start tells kinds of texts from each other. */
static inline uint64_t vsh_mix_bytes(uint64_t start, const char *text, int64_t bytes)
{
    uint64_t state = vsh_mix_take(start, (uint64_t)bytes), block;

    for (; bytes >= 8; text += 8, bytes -= 8) {
        memcpy(&block, text, 8);
        state = vsh_mix_take(state, block);
    }
    if (bytes > 0) {
        block = 0;
        memcpy(&block, text, (size_t)bytes);
        state = vsh_mix_take(state, block);
    }
    return vsh_mix_close(state);
}

/* A gram is a polynomial of its words' hashes: gram of n words times VSH_MIX_GRAM plus the next is
 * that of n + 1. Its low bits know the order of the words badly: closed before any part is used. */
static inline uint64_t vsh_mix_gram(uint64_t gram, uint64_t word)
{
    return gram * VSH_MIX_GRAM + word;
}

#endif
