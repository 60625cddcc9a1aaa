#include "trainer/nn/moe.h"

#include <assert.h>

void vsh_balance_bias(int64_t experts, const int64_t *load, double rate, float *bias)
{
    int64_t all = 0;

    for (int64_t e = 0; e < experts; e++)
        all += load[e];
    for (int64_t e = 0; e < experts; e++) { /* whole numbers: load = mean is exact */
        int64_t below = all - experts * load[e];
        bias[e] += (float)(rate * ((below > 0) - (below < 0)));
    }
}

enum { JITTER_BLOCK = 1 << 14 };

typedef struct {
    const vsh_nn *nn;
    vsh_element element;
    int64_t count;
    float amount;
    uint64_t seed, stream;
    const void *x;
    void *out;
} job;

static void jitter_part(void *context, int64_t part, int thread)
{
    const job *j = context;
    int64_t first = part * JITTER_BLOCK, left = j->count - first;

    (void)thread;
    j->nn->kernels->moe[j->element].jitter(
        left < JITTER_BLOCK ? left : JITTER_BLOCK, j->amount, j->seed, j->stream, (uint64_t)first,
        vsh_at_const(j->x, j->element, first), vsh_at(j->out, j->element, first));
}

void vsh_jitter(const vsh_nn *nn, vsh_element element, int64_t count, float amount, uint64_t seed,
                uint64_t stream, const void *x, void *out)
{
    job j = {nn, element, count, amount, seed, stream, x, out};

    assert(count >= 0 && amount >= 0);
    vsh_pool_run(nn->pool, jitter_part, &j, (count + JITTER_BLOCK - 1) / JITTER_BLOCK);
}
