/* Counter-based random numbers: a pure function of (seed, stream, counter), so results do not
 * depend on threads, ranks or order. Philox4x32-10, Salmon et al. 2011 (SC11), "Parallel random
 * numbers: as easy as 1, 2, 3". */
#ifndef VSH_RNG_H
#define VSH_RNG_H

#include <stdint.h>

typedef struct {
    uint32_t word[4];
} vsh_random_block;

vsh_random_block vsh_philox(vsh_random_block counter, uint32_t key0, uint32_t key1);

/* Uniform in the open interval (0, 1), 52 bits. */
double vsh_random_uniform(uint64_t seed, uint64_t stream, uint64_t counter);

#endif
