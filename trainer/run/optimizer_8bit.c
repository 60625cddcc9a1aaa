/* AdamW with moments of 8 bits: Dettmers et al. 2022, arXiv:2110.02861. Blocks of the flat array
 * are scaled to a largest magnitude of 1 and stored in the paper's dynamic code: seven decades from
 * 1e-7 to 1, each cut into twice as many equal pieces as the one below, a value being stored as the
 * middle of its piece.
 *
 *   signed:   s 1ffffff 1e-1..1, s 01fffff 1e-2.., ... s 0000001 1e-7..1e-6; 0 is 0, 0x80 is 1
 *   unsigned:   1fffffff 1e-1..1,  01ffffff 1e-2.., ...  0000001f 1e-7..1e-6; 0 is 0, 1 is 1
 *
 * The arithmetic is in fp32 between decoding and encoding of a block. Unlike the paper's, a second
 * moment that is not 0 is never stored as 0 but as the least code: where gradients of one block
 * spread over a few decades the first moment outlives the second, and the update is a division by
 * epsilon. With the least code it is too small instead. */
#include "trainer/run/optimizer_update.h"

typedef struct {
    const vsh_update *update;
    vsh_adamw_factors factors;
    uint8_t *codes[2];
    float *scales[2];
} job;

/* Both moments of a block while it is worked on. */
typedef struct {
    float moment[2][VSH_MOMENT_BLOCK];
} room;

static void update_block(const job *j, room *r, int64_t begin, int64_t end)
{
    const vsh_update *u = j->update;
    vsh_parameter_walk walk = vsh_parameters_walk(u->list, begin, end);
    vsh_adamw_factors factors = j->factors;
    const vsh_parameter *p;
    int64_t first, count;

    while ((p = vsh_parameters_next(&walk, &first, &count))) {
        vsh_update_run run = vsh_update_at(u, first, count);
        if (!p->trained)
            continue;
        factors.keep = vsh_update_keep(u, p);
        run.moment1 = r->moment[0] + (first - begin);
        run.moment2 = r->moment[1] + (first - begin);
        u->nn->kernels->update.adamw[u->arrays->element](&factors, &run);
    }
}

static void one_block(const job *j, room *r, int64_t block)
{
    const vsh_update *u = j->update;
    const vsh_update_kernels *kernels = &u->nn->kernels->update;
    int64_t begin = block * VSH_MOMENT_BLOCK, end = begin + VSH_MOMENT_BLOCK;

    if (end > u->list->elements)
        end = u->list->elements;
    for (int m = 0; m < 2; m++)
        kernels->decode[m](j->codes[m] + begin, j->scales[m][block], end - begin, r->moment[m]);
    update_block(j, r, begin, end);
    for (int m = 0; m < 2; m++)
        j->scales[m][block] = kernels->encode[m](r->moment[m], end - begin, j->codes[m] + begin);
}

static void part_of_blocks(void *context, int64_t part, int thread)
{
    const job *j = context;
    const int64_t each = VSH_UPDATE_PART / VSH_MOMENT_BLOCK;
    int64_t blocks = vsh_update_parts(j->update->list->elements, VSH_MOMENT_BLOCK);
    room *r = vsh_pool_scratch(j->update->nn->pool, thread);

    for (int64_t b = part * each; b < (part + 1) * each && b < blocks; b++)
        one_block(j, r, b);
}

void vsh_update_adamw8bit(vsh_update *u)
{
    job j = {
        .update = u,
        .factors = vsh_update_adamw_factors(u),
        .codes = {vsh_update_state(u, "moment1"), vsh_update_state(u, "moment2")},
        .scales = {vsh_update_state(u, "moment1.scale"), vsh_update_state(u, "moment2.scale")}};

    vsh_pool_run(u->nn->pool, part_of_blocks, &j,
                 vsh_update_parts(u->list->elements, VSH_UPDATE_PART));
}
