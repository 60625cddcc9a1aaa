/* An order of many things, drawn from a seed and a number: any place of it is computed, nothing is
 * stored. */
#ifndef VSH_SHUFFLE_H
#define VSH_SHUFFLE_H

#include <stdint.h>

enum { VSH_SHUFFLE_ROUNDS = 8 };

typedef struct {
    int64_t count;
    int low_bits, high_bits; /* count <= 2^(low + high) < 2 count, but for one thing */
    uint64_t key[VSH_SHUFFLE_ROUNDS];
} vsh_shuffle;

vsh_shuffle vsh_shuffle_of(uint64_t seed, int64_t number, int64_t count);
/* Which thing stands at a place, both in [0, count): one to one. */
int64_t vsh_shuffle_at(const vsh_shuffle *shuffle, int64_t place);

#endif
