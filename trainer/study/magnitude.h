/* Pruning by magnitude: the smallest weights become zero. */
#ifndef VSH_MAGNITUDE_H
#define VSH_MAGNITUDE_H

#include <stdint.h>

#include "trainer/nn/element.h"

/* Makes the zeros smallest of count weights +0, in place; of equal ones the first. Weights that are
 * zero already are the smallest. 0 <= zeros <= count. */
void vsh_magnitude_prune(vsh_element element, int64_t count, int64_t zeros, void *weights);

int64_t vsh_magnitude_nonzero(vsh_element element, int64_t count, const void *weights);

#endif
