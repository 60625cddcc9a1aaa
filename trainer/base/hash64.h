/* XXH64 with seed 0 (Yann Collet, doc/xxhash_spec.md of the xxHash project): finds damage, is no
 * defence against forgery. */
#ifndef VSH_HASH64_H
#define VSH_HASH64_H

#include <stddef.h>
#include <stdint.h>

uint64_t vsh_hash64(const void *bytes, size_t length);

/* Of two numbers: with the hash of what came before as the first, of a sequence. */
static inline uint64_t vsh_hash64_pair(uint64_t first, uint64_t second)
{
    const uint64_t both[] = {first, second};

    return vsh_hash64(both, sizeof both);
}

#endif
