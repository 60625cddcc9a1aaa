/* Whole numbers: the lesser, the greater, how many parts cover a whole, and how much they are. */
#ifndef VSH_WHOLE_H
#define VSH_WHOLE_H

#include <stdint.h>

static inline int64_t sim_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t sim_max(int64_t a, int64_t b) { return a > b ? a : b; }

/* Of a >= 0 by b >= 1; a + b may pass 63 bits. */
static inline int64_t sim_ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0); }

/* The least multiple of b that is no less than a. */
static inline int64_t sim_round_up(int64_t a, int64_t b) { return sim_ceil_div(a, b) * b; }

#endif
