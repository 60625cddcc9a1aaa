/* Normal numbers, a pure function of (seed, stream, index): the same bits on every machine. */
#ifndef VSH_NORMAL_H
#define VSH_NORMAL_H

#include <stdint.h>

/* values[i] gets the number of index first + i, of mean 0 and this deviation. The largest that can
 * come is 6.7 deviations away. */
void vsh_normal_fill(uint64_t seed, uint64_t stream, int64_t first, int64_t count, float deviation,
                     float *values);

#endif
