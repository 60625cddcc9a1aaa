/* Which token follows: pure functions of the logits, a rule and a random number. */
#ifndef VSH_PICK_H
#define VSH_PICK_H

#include <stdint.h>

#include "trainer/nn/kernels.h"

/* Tokens stand in order of their probability, equal ones in that of their numbers; the rule keeps
 * the first of them, and one of those is drawn in proportion. */
typedef struct {
    double temperature; /* logits are divided by it; 0: the most likely token */
    int64_t top_k;      /* keep so many; 0: all */
    double top_p;       /* then the fewest that together reach this share, at least one (nucleus
                         * sampling, Holtzman et al. 2020, arXiv:1904.09751); 1: all */
    uint64_t seed;
} vsh_pick_rule;

/* The most likely token. confidence, unless NULL, receives how far apart in probability the two
 * most likely tokens are. Logits that are no distribution (a NaN, an infinity): -1, NaN. */
int32_t vsh_most_likely(const vsh_kernels *kernels, int64_t vocab, const float *logits,
                        double *confidence);

/* Room that picking needs, aligned to 64 bytes. */
static inline int64_t vsh_pick_bytes(int64_t vocab) { return 8 * ((vocab + 15) / 16 * 16); }

/* The token at u in (0, 1) of the kept distribution; -1 as above. */
int32_t vsh_pick_at(const vsh_kernels *kernels, const vsh_pick_rule *rule, int64_t vocab,
                    const float *logits, double u, void *room);
/* The same with u a function of (seed, sequence, position). */
int32_t vsh_pick(const vsh_kernels *kernels, const vsh_pick_rule *rule, int64_t vocab,
                 const float *logits, int64_t sequence, int64_t position, void *room);

#endif
