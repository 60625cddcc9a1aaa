/* Signatures by which documents that are nearly the same are found: the least of many hashes over
 * the shingles of a text (Broder 1997), in bands (Leskovec, Rajaraman and Ullman, Mining of Massive
 * Datasets, section 3.4). Two texts with Jaccard similarity s between their sets of shingles share
 * a band with probability 1 - (1 - s^rows)^bands. */
#ifndef VSH_MINHASH_H
#define VSH_MINHASH_H

#include "trainer/text/words.h"

enum { VSH_MINHASH_HASHES_MAX = 512, VSH_MINHASH_BANDS_MAX = 64 };

/* The default is that of FineWeb (Penedo et al. 2024, arXiv:2406.17557): 14 bands of 8 rows over
 * shingles of 5 words. */
typedef struct {
    int bands, rows;
    int shingle; /* words; a document with fewer is one shingle */
    uint64_t seed;
} vsh_minhash_shape;

extern const vsh_minhash_shape vsh_minhash_default;

typedef struct vsh_minhash vsh_minhash; /* constants and scratch of one thread */
vsh_status vsh_minhash_open(vsh_arena *arena, const vsh_minhash_shape *shape, vsh_minhash **minhash,
                            vsh_error *err);
/* band[bands]: equal bands have equal rows (but for collisions of 64 bits). A document without
 * words has bands of its own, made of exact, its vsh_words_hash. */
void vsh_minhash_bands(vsh_minhash *minhash, const vsh_words *words, uint64_t exact,
                       uint64_t *band);

/* The probability above. */
double vsh_minhash_recall(const vsh_minhash_shape *shape, double similarity);
/* Exact Jaccard similarity of the sets of shingles of two texts, for reports and tests; 0 when
 * neither has words. The arena holds both sets. */
vsh_status vsh_minhash_similarity(vsh_arena *arena, const vsh_minhash_shape *shape,
                                  const vsh_words *a, const vsh_words *b, double *similarity,
                                  vsh_error *err);

#endif
