#include "trainer/run/random_source.h"

#include "core/rng.h"

void vsh_random_fill(void *context, int64_t first, int64_t sequences, int64_t seq, int32_t *inputs,
                     int32_t *targets)
{
    double vocab = (double)*(const int64_t *)context;

    for (int64_t i = 0; i < sequences * seq; i++) {
        uint64_t at = (uint64_t)(first + i);
        inputs[i] = (int32_t)(vocab * vsh_random_uniform(7, 0, at));
        targets[i] = (int32_t)(vocab * vsh_random_uniform(7, 0, at + 1));
    }
}
