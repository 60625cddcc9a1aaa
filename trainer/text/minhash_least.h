/* The inner loop of MinHash: the least of many hashes over some shingles, compiled for three
 * instruction sets. Whole numbers alone, so all of them give the same. */
#ifndef VSH_MINHASH_LEAST_H
#define VSH_MINHASH_LEAST_H

#include <stdint.h>

/* Numbers of hashes and of shingles are multiples of these. */
enum { VSH_LEAST_LANES = 16, VSH_LEAST_TOGETHER = 4 };

/* least[k] = min(least[k], min over x of (x ^ flip[k]) * factor[k]). With odd factors each hash is
 * a permutation of the 32-bit numbers. */
typedef void vsh_least(uint32_t *least, const uint32_t *flip, const uint32_t *factor, int hashes,
                       const uint32_t *shingle, int shingles);

/* The best this processor has. */
vsh_least *vsh_least_find(void);
/* "avx512", "avx2" or "plain", for tests; NULL when this processor has it not. */
vsh_least *vsh_least_named(const char *name);

#endif
