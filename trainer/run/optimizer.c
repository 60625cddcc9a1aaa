#include "trainer/run/optimizer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "trainer/run/optimizer_update.h"

/* ---- state --------------------------------------------------------------------------------- */

enum { PIECE_ALIGNMENT = 64 };

typedef struct {
    vsh_optimizer_piece *pieces;
    int count;
    int64_t bytes;
} layout;

static void add_piece(layout *l, const char *name, const char *dtype, int64_t elements)
{
    int64_t bytes = elements * (strcmp(dtype, "U8") == 0 ? 1 : 4);

    assert(l->count < VSH_OPTIMIZER_PIECES);
    l->pieces[l->count++] = (vsh_optimizer_piece){name, dtype, l->bytes, elements};
    l->bytes += (bytes + PIECE_ALIGNMENT - 1) / PIECE_ALIGNMENT * PIECE_ALIGNMENT;
}

static void adamw_pieces(const vsh_parameter_list *list, layout *l)
{
    add_piece(l, "moment1", "F32", list->elements);
    add_piece(l, "moment2", "F32", list->elements);
}

static void sgd_pieces(const vsh_parameter_list *list, layout *l)
{
    add_piece(l, "moment1", "F32", list->elements);
}

static void adamw8bit_pieces(const vsh_parameter_list *list, layout *l)
{
    int64_t blocks = vsh_update_parts(list->elements, VSH_MOMENT_BLOCK);

    add_piece(l, "moment1", "U8", list->elements);
    add_piece(l, "moment1.scale", "F32", blocks);
    add_piece(l, "moment2", "U8", list->elements);
    add_piece(l, "moment2.scale", "F32", blocks);
}

static void adafactor_pieces(const vsh_parameter_list *list, layout *l)
{
    int64_t rows, cols, whole;

    vsh_adafactor_sizes(list, &rows, &cols, &whole);
    add_piece(l, "moment2.rows", "F32", rows);
    add_piece(l, "moment2.cols", "F32", cols);
    add_piece(l, "moment2", "F32", whole);
}

/* ---- AdamW and SGD ------------------------------------------------------------------------- */

vsh_adamw_factors vsh_update_adamw_factors(const vsh_update *u)
{
    const vsh_optimizer_options *o = u->options;
    double t = (double)u->step;

    return (vsh_adamw_factors){
        .scale = (float)u->scale,
        .new1 = (float)(1 - o->beta1),
        .new2 = (float)(1 - o->beta2),
        .step = (float)(u->rate / (1 - pow(o->beta1, t))),
        .root = (float)(1 / sqrt(1 - pow(o->beta2, t))),
        .epsilon = (float)o->epsilon,
    };
}

/* One optimizer over the flat array; sgd leaves the second moment NULL. */
typedef struct flat_job flat_job;
struct flat_job {
    const vsh_update *update;
    vsh_adamw_factors adamw;
    vsh_sgd_factors sgd;
    float *moment1, *moment2;
    void (*apply)(const flat_job *job, float keep, const vsh_update_run *run);
};

static void adamw_apply(const flat_job *j, float keep, const vsh_update_run *run)
{
    vsh_adamw_factors factors = j->adamw;

    factors.keep = keep;
    j->update->nn->kernels->update.adamw[j->update->arrays->element](&factors, run);
}

static void sgd_apply(const flat_job *j, float keep, const vsh_update_run *run)
{
    vsh_sgd_factors factors = j->sgd;

    factors.keep = keep;
    j->update->nn->kernels->update.sgd[j->update->arrays->element](&factors, run);
}

static vsh_parameter_walk walk_part(const vsh_parameter_list *list, int64_t part, int64_t size)
{
    int64_t begin = part * size, end = begin + size;

    return vsh_parameters_walk(list, begin, end < list->elements ? end : list->elements);
}

static void flat_part(void *context, int64_t part, int thread)
{
    const flat_job *j = context;
    const vsh_update *u = j->update;
    vsh_parameter_walk walk = walk_part(u->list, part, VSH_UPDATE_PART);
    int64_t first, count;
    const vsh_parameter *p;

    (void)thread;
    while ((p = vsh_parameters_next(&walk, &first, &count))) {
        vsh_update_run run = vsh_update_at(u, first, count);
        if (!p->trained)
            continue;
        run.moment1 = j->moment1 + first;
        if (j->moment2)
            run.moment2 = j->moment2 + first;
        j->apply(j, vsh_update_keep(u, p), &run);
    }
}

static void run_flat(flat_job *job)
{
    const vsh_update *u = job->update;

    vsh_pool_run(u->nn->pool, flat_part, job, vsh_update_parts(u->list->elements, VSH_UPDATE_PART));
}

static void adamw_update(vsh_update *u)
{
    run_flat(&(flat_job){.update = u,
                         .adamw = vsh_update_adamw_factors(u),
                         .moment1 = vsh_update_state(u, "moment1"),
                         .moment2 = vsh_update_state(u, "moment2"),
                         .apply = adamw_apply});
}

static void sgd_update(vsh_update *u)
{
    run_flat(&(flat_job){.update = u,
                         .sgd = {.scale = (float)u->scale,
                                 .momentum = (float)u->options->beta1,
                                 .rate = (float)u->rate},
                         .moment1 = vsh_update_state(u, "moment1"),
                         .apply = sgd_apply});
}

/* ---- the kinds ----------------------------------------------------------------------------- */

typedef struct {
    void (*pieces)(const vsh_parameter_list *list, layout *l);
    void (*update)(vsh_update *update);
} method;

static const method methods[VSH_OPTIMIZER_COUNT] = {
    [VSH_ADAMW] = {adamw_pieces, adamw_update},
    [VSH_ADAMW8BIT] = {adamw8bit_pieces, vsh_update_adamw8bit},
    [VSH_ADAFACTOR] = {adafactor_pieces, vsh_update_adafactor},
    [VSH_SGD] = {sgd_pieces, sgd_update},
};

static layout lay_out(const vsh_parameter_list *list, int kind,
                      vsh_optimizer_piece pieces[VSH_OPTIMIZER_PIECES])
{
    layout l = {.pieces = pieces};

    assert(kind >= 0 && kind < VSH_OPTIMIZER_COUNT && methods[kind].pieces);
    methods[kind].pieces(list, &l);
    return l;
}

int64_t vsh_optimizer_state_bytes(const vsh_parameter_list *list, int kind)
{
    vsh_optimizer_piece pieces[VSH_OPTIMIZER_PIECES];

    return lay_out(list, kind, pieces).bytes;
}

int vsh_optimizer_pieces(const vsh_parameter_list *list, int kind,
                         vsh_optimizer_piece pieces[VSH_OPTIMIZER_PIECES])
{
    return lay_out(list, kind, pieces).count;
}

void *vsh_update_state(const vsh_update *u, const char *name)
{
    vsh_optimizer_piece pieces[VSH_OPTIMIZER_PIECES];
    int count = vsh_optimizer_pieces(u->list, u->options->kind, pieces), i = 0;

    while (i < count && strcmp(pieces[i].name, name) != 0)
        i++;
    assert(i < count);
    return (char *)u->arrays->state + pieces[i].offset_bytes;
}

void vsh_optimizer_step(const vsh_nn *nn, const vsh_parameter_list *list,
                        const vsh_optimizer_options *options, const vsh_optimizer_arrays *arrays,
                        int64_t step, double rate, double scale, double *room)
{
    vsh_update u = {nn, list, options, arrays, step, rate, scale, room};

    assert(options->kind >= 0 && options->kind < VSH_OPTIMIZER_COUNT);
    assert(methods[options->kind].update && step >= 1);
    assert((arrays->element == VSH_B16) == (arrays->master != NULL));
    methods[options->kind].update(&u);
}

/* ---- the norm ------------------------------------------------------------------------------ */

enum { NORM_BLOCK = 4096 };

typedef struct {
    const vsh_nn *nn;
    const vsh_parameter_list *list;
    const vsh_optimizer_arrays *arrays;
    double *block_sums;
} norm_job;

static double block_sum(const norm_job *j, int64_t block)
{
    vsh_parameter_walk walk = walk_part(j->list, block, NORM_BLOCK);
    vsh_element element = j->arrays->element;
    const vsh_parameter *p;
    int64_t first, count;
    double sum = 0;

    while ((p = vsh_parameters_next(&walk, &first, &count)))
        if (p->trained)
            sum += j->nn->kernels->update.squares[element](
                vsh_at_const(j->arrays->gradients, element, first), count);
    return sum;
}

static void norm_part(void *context, int64_t part, int thread)
{
    const norm_job *j = context;
    const int64_t each = VSH_UPDATE_PART / NORM_BLOCK;
    int64_t blocks = vsh_update_parts(j->list->elements, NORM_BLOCK);

    (void)thread;
    for (int64_t b = part * each; b < (part + 1) * each && b < blocks; b++)
        j->block_sums[b] = block_sum(j, b);
}

double vsh_gradient_norm(const vsh_nn *nn, const vsh_parameter_list *list,
                         const vsh_optimizer_arrays *arrays, double scale, double *block_sums)
{
    norm_job j = {nn, list, arrays, block_sums};
    int64_t blocks = vsh_update_parts(list->elements, NORM_BLOCK);
    double sum = 0;

    vsh_pool_run(nn->pool, norm_part, &j, vsh_update_parts(list->elements, VSH_UPDATE_PART));
    for (int64_t b = 0; b < blocks; b++)
        sum += block_sums[b];
    return sqrt(sum) * fabs(scale);
}

int64_t vsh_optimizer_room(const vsh_parameter_list *list)
{
    int64_t blocks = vsh_update_parts(list->elements, NORM_BLOCK);
    int64_t factors = vsh_adafactor_room(list);

    return blocks > factors ? blocks : factors;
}
