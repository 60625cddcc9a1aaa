#include "trainer/nn/gemm.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "trainer/nn/gemm_engine.h"
#include "trainer/nn/gemm_openblas.h"

const char *const vsh_blas_words[] = {"openblas", "onednn", "own", NULL};

/* ---- one product on one thread --------------------------------------------------------------- */

void vsh_gemm_multiply(const vsh_gemm_engine *engine, vsh_blas blas, const vsh_product *product,
                       void *scratch)
{
    if (blas == VSH_BLAS_OWN)
        engine->kernels->gemm.multiply(product, scratch, VSH_PRODUCT_SCRATCH);
    else if (blas == VSH_BLAS_ONEDNN)
        vsh_onednn_multiply(&engine->onednn, product);
    else
        vsh_openblas_multiply(product, product->add ? 1.0F : 0.0F);
}

/* Nothing to sum: c is zero, or stays. */
static void clear_block(const vsh_gemm_call *piece)
{
    for (int64_t m = 0; m < piece->m && !piece->add; m++)
        memset(vsh_at(piece->c, vsh_gemm_stored(piece), m * piece->ldc), 0,
               (size_t)piece->n * vsh_element_bytes(vsh_gemm_stored(piece)));
}

static void multiply_piece(const vsh_gemm_engine *engine, const vsh_gemm_call *piece, vsh_blas blas,
                           void *scratch)
{
    assert(piece->m > 0 && piece->n > 0 && piece->k >= 0);
    if (piece->k == 0) {
        clear_block(piece);
    } else if (piece->int8 || piece->element == VSH_B16) {
        vsh_gemm_narrow(engine, piece, scratch);
    } else {
        vsh_product product = {.form = piece->form,
                               .add = piece->add,
                               .alpha = 1,
                               .m = piece->m,
                               .n = piece->n,
                               .k = piece->k,
                               .a = piece->a,
                               .b = piece->b,
                               .c = piece->c,
                               .lda = piece->lda,
                               .ldb = piece->ldb,
                               .ldc = piece->ldc};
        vsh_gemm_multiply(engine, blas, &product, scratch);
    }
}

/* ---- cutting --------------------------------------------------------------------------------- */

/* Blocks from coarse to fine, by how much finer ones cost: OpenBLAS orders its operands anew in
 * every call and loses a tenth below 256 x 192, oneDNN hardly does; the own kernels order rows of c
 * in TN and columns in NT; the 16-bit instructions want many rows for each panel. The coarsest that
 * gives PARTS_WANTED parts is taken. */
enum { LADDER = 6, PARTS_WANTED = 16, PARTS_WANTED_GROUPED = 32 };
typedef struct {
    vsh_gemm_block block[LADDER];
    int64_t align; /* of columns and rows: what the kernels take at once */
} ladder;
static const ladder openblas_ladder = {
    {{512, 768}, {512, 384}, {256, 384}, {256, 192}, {128, 192}, {128, 192}}, 48};
static const ladder fine_ladder = {
    {{512, 768}, {512, 384}, {256, 384}, {256, 192}, {256, 96}, {128, 96}}, 48};
static const ladder own_tn_ladder = {
    {{512, 768}, {192, 768}, {192, 384}, {96, 384}, {96, 192}, {96, 96}}, 48};
static const ladder narrow_ladder = {
    {{512, 512}, {512, 256}, {512, 128}, {256, 128}, {256, 64}, {256, 64}}, 32};

static int64_t block_count(int64_t length, int64_t most) { return (length + most - 1) / most; }

/* Equal blocks, none longer than most but for alignment. */
static int64_t block_length(int64_t length, int64_t most, int64_t align)
{
    int64_t count = block_count(length, most);

    return count <= 1 ? length : block_count(block_count(length, count), align) * align;
}

static const ladder *ladder_of(const vsh_gemm_call *call, vsh_blas blas)
{
    if (call->int8 || call->element == VSH_B16)
        return &narrow_ladder;
    if (blas == VSH_BLAS_OPENBLAS)
        return &openblas_ladder;
    return blas == VSH_BLAS_OWN && call->form == VSH_GEMM_TN ? &own_tn_ladder : &fine_ladder;
}

/* The part of c that begins at (m, n), and of the operands that it needs. */
static void cut(vsh_gemm_call *piece, int64_t m, int64_t rows, int64_t n, int64_t cols)
{
    vsh_element e = piece->element;

    piece->a = vsh_at_const(piece->a, e, piece->form == VSH_GEMM_TN ? m : m * piece->lda);
    piece->b = vsh_at_const(piece->b, e, piece->form == VSH_GEMM_NT ? n * piece->ldb : n);
    piece->c = vsh_at(piece->c, vsh_gemm_stored(piece), m * piece->ldc + n);
    piece->m = rows < piece->m - m ? rows : piece->m - m;
    piece->n = cols < piece->n - n ? cols : piece->n - n;
}

/* ---- one product ----------------------------------------------------------------------------- */

typedef struct {
    const vsh_gemm_engine *engine;
    const vsh_gemm_call *call;
    vsh_blas blas;
    vsh_gemm_block block;
    int64_t across; /* blocks side by side */
    int64_t parts;
} dense_job;

static dense_job plan_dense(const vsh_gemm_engine *engine, const vsh_gemm_call *call, vsh_blas blas)
{
    dense_job job = {.engine = engine, .call = call, .blas = blas};
    const ladder *steps = ladder_of(call, blas);

    for (int i = 0; i < LADDER && job.parts < PARTS_WANTED; i++) {
        job.block.rows = block_length(call->m, steps->block[i].rows, steps->align);
        job.block.cols = block_length(call->n, steps->block[i].cols, steps->align);
        job.across = block_count(call->n, job.block.cols);
        job.parts = block_count(call->m, job.block.rows) * job.across;
    }
    return job;
}

static void dense_part(void *context, int64_t part, int thread)
{
    const dense_job *job = context;
    vsh_gemm_call piece = *job->call;

    cut(&piece, part / job->across * job->block.rows, job->block.rows,
        part % job->across * job->block.cols, job->block.cols);
    multiply_piece(job->engine, &piece, job->blas, vsh_pool_scratch(job->engine->pool, thread));
}

static bool is_sound(const vsh_gemm_call *c)
{
    int64_t a_row = c->form == VSH_GEMM_TN ? c->m : c->k,
            b_row = c->form == VSH_GEMM_NT ? c->k : c->n;

    return c->m >= 0 && c->n >= 0 && c->k >= 0 && c->lda >= a_row && c->ldb >= b_row &&
           c->ldc >= c->n && (!c->int8 || c->form == VSH_GEMM_NT);
}

/* fp32 products go DEEPEST steps of k at a time: blocks side by side share what they read, which
 * would leave the caches before the next block came to it. */
enum { DEEPEST = 4096 };

static void multiply_depth(vsh_gemm_engine *engine, const vsh_gemm_call *call, vsh_blas blas)
{
    dense_job job = plan_dense(engine, call, blas);

    vsh_pool_run(engine->pool, dense_part, &job, job.parts);
}

void vsh_gemm(vsh_gemm_engine *engine, const vsh_gemm_call *call)
{
    bool whole = call->int8 || call->element == VSH_B16 || call->k <= DEEPEST;
    vsh_blas blas;

    assert(engine && is_sound(call));
    if (call->m == 0 || call->n == 0)
        return;
    blas = vsh_gemm_choice(&engine->table, call->form, call->m, call->n, call->k);
    for (int64_t k = 0; k == 0 || k < call->k; k += whole ? call->k + 1 : DEEPEST) {
        vsh_gemm_call piece = *call;
        piece.k = whole || call->k - k < DEEPEST ? call->k - k : DEEPEST;
        piece.add = call->add || k > 0;
        piece.a =
            vsh_at_const(piece.a, piece.element, piece.form == VSH_GEMM_TN ? k * piece.lda : k);
        piece.b =
            vsh_at_const(piece.b, piece.element, piece.form == VSH_GEMM_NT ? k : k * piece.ldb);
        multiply_depth(engine, &piece, blas);
    }
}

void vsh_gemm_serial(const vsh_gemm_engine *engine, const vsh_gemm_call *call, vsh_blas blas)
{
    dense_job job = plan_dense(engine, call, blas);

    for (int64_t part = 0; part < job.parts; part++)
        dense_part(&job, part, 0);
}

/* ---- products of groups ---------------------------------------------------------------------- */

typedef struct {
    const vsh_gemm_engine *engine;
    const vsh_gemm_call *call;
    int64_t groups, stride;
    const int32_t *first;
    vsh_gemm_block block;
    int64_t align, across; /* blocks side by side */
    int64_t parts;
} grouped_job;

/* How many rows of c are in a block of a group, and how many such blocks it has. */
static int64_t rows_of_group(const grouped_job *job, int64_t group)
{
    int64_t rows = job->call->m;

    if (job->call->form != VSH_GEMM_TN)
        rows = job->first[group + 1] - job->first[group];
    return rows;
}

static int64_t block_rows(const grouped_job *job, int64_t group)
{
    return block_length(rows_of_group(job, group), job->block.rows, job->align);
}

static int64_t blocks_of_group(const grouped_job *job, int64_t group)
{
    int64_t rows = rows_of_group(job, group);

    return rows == 0 ? 0 : block_count(rows, block_rows(job, group));
}

static grouped_job plan_grouped(const vsh_gemm_engine *engine, const vsh_gemm_call *call,
                                int64_t groups, const int32_t *first, int64_t stride)
{
    grouped_job job = {engine, call, groups, stride, first, {0, 0}, 0, 0, 0};
    const ladder *steps = ladder_of(call, VSH_BLAS_OWN);

    job.align = steps->align;
    for (int i = 0; i < LADDER && job.parts < PARTS_WANTED_GROUPED; i++) {
        job.block.rows = steps->block[i].rows;
        job.block.cols = block_length(call->n, steps->block[i].cols, job.align);
        job.across = block_count(call->n, job.block.cols);
        job.parts = 0;
        for (int64_t g = 0; g < groups; g++)
            job.parts += blocks_of_group(&job, g) * job.across;
    }
    return job;
}

/* The group of the row of blocks *down, which becomes the number within the group. */
static int64_t find_group(const grouped_job *job, int64_t *down)
{
    for (int64_t g = 0;; g++) {
        int64_t blocks = blocks_of_group(job, g);
        if (*down < blocks)
            return g;
        *down -= blocks;
    }
}

static vsh_gemm_call call_of_group(const grouped_job *job, int64_t group)
{
    vsh_gemm_call call = *job->call;
    int64_t row = job->first[group], rows = job->first[group + 1] - row;

    call.a = vsh_at_const(call.a, call.element, row * call.lda);
    if (call.form == VSH_GEMM_TN) {
        call.b = vsh_at_const(call.b, call.element, row * call.ldb);
        call.c = vsh_at(call.c, vsh_gemm_stored(&call), group * job->stride);
        call.k = rows;
    } else {
        call.b = vsh_at_const(call.b, call.element, group * job->stride);
        call.c = vsh_at(call.c, vsh_gemm_stored(&call), row * call.ldc);
        call.m = rows;
    }
    return call;
}

static void grouped_part(void *context, int64_t part, int thread)
{
    const grouped_job *job = context;
    int64_t down = part / job->across, group = find_group(job, &down);
    vsh_gemm_call piece = call_of_group(job, group);
    vsh_blas blas = vsh_gemm_choice(&job->engine->table, piece.form, piece.m, piece.n, piece.k);
    int64_t rows = block_rows(job, group);

    cut(&piece, down * rows, rows, part % job->across * job->block.cols, job->block.cols);
    multiply_piece(job->engine, &piece, blas, vsh_pool_scratch(job->engine->pool, thread));
}

void vsh_gemm_grouped(vsh_gemm_engine *engine, const vsh_gemm_call *call, int64_t groups,
                      const int32_t *first, int64_t stride)
{
    grouped_job job;

    assert(engine && call && groups >= 0 && (first || groups == 0));
    if (call->n == 0 || groups == 0 || (call->form == VSH_GEMM_TN && call->m == 0))
        return;
    job = plan_grouped(engine, call, groups, first, stride);
    vsh_pool_run(engine->pool, grouped_part, &job, job.parts);
}

/* ---- a tile of attention --------------------------------------------------------------------- */

/* By measurement at 64 x 64 x 64 (GFLOP/s, AVX-512): NT own 138, OpenBLAS 93; NN and TN OpenBLAS
 * 175, own 155. */
void vsh_gemm_tile(const vsh_gemm_engine *engine, vsh_gemm_form form, int64_t m, int64_t n,
                   int64_t k, float alpha, const float *a, int64_t lda, const float *b, int64_t ldb,
                   float beta, float *c, int64_t ldc)
{
    vsh_product p = {form, beta != 0.0F, alpha, m, n, k, a, b, c, lda, ldb, ldc};
    bool simple = beta == 0.0F || beta == 1.0F;

    if (m == 0 || n == 0)
        return;
    if (simple && engine->own_tile[form]) {
        _Alignas(64) char scratch[VSH_PRODUCT_SCRATCH_LEAST];
        engine->kernels->gemm.multiply(&p, scratch, sizeof scratch);
    } else {
        vsh_openblas_multiply(&p, beta);
    }
}

/* ---- the engine ------------------------------------------------------------------------------ */

static int find_word(const char *word)
{
    int i = 0;

    while (vsh_blas_words[i] && strcmp(vsh_blas_words[i], word) != 0)
        i++;
    return i;
}

static vsh_status choose(vsh_gemm_engine *engine, const vsh_gemm_options *options, vsh_error *err)
{
    int blas;

    vsh_gemm_table_plain(&engine->table);
    if (!options || !options->blas)
        return options && options->table_path
                   ? vsh_gemm_table_find(engine, options->table_path, err)
                   : VSH_OK;
    blas = find_word(options->blas);
    if (!vsh_blas_words[blas])
        return vsh_fail(err, VSH_EINPUT,
                        "matrix products: expected openblas, onednn or own, got \"%s\"",
                        options->blas);
    if (blas == VSH_BLAS_ONEDNN && !engine->onednn.library)
        return vsh_fail(err, VSH_EMACHINE,
                        "matrix products: oneDNN (libdnnl) is not on this machine");
    vsh_gemm_table_force(&engine->table, (vsh_blas)blas);
    return VSH_OK;
}

/* "OpenBLAS 0.3.21 SkylakeX, oneDNN 2.6.3, own avx512 amx-bf16 amx-int8" */
static const char *name_libraries(vsh_arena *arena, const vsh_gemm_engine *engine)
{
    vsh_text text = {.arena = arena};
    char room[64];

    vsh_text_add(&text, "%s", vsh_openblas_describe(room, sizeof room));
    if (engine->onednn.library)
        vsh_text_add(&text, ", oneDNN %d.%d.%d", engine->onednn.version[0],
                     engine->onednn.version[1], engine->onednn.version[2]);
    vsh_text_add(&text, ", own %s", engine->kernels->name);
    if (engine->bf16.dot)
        vsh_text_add(&text, " %s", engine->bf16.name);
    if (engine->int8.dot)
        vsh_text_add(&text, " %s", engine->int8.name);
    return text.failed ? NULL : vsh_text_string(&text);
}

/* Kernels other than the processor's best were asked for by name: then no further instructions. */
static void find_units(vsh_gemm_engine *engine, const char *wanted)
{
    bool any =
        strcmp(engine->kernels->name, "avx512") == 0 && (!wanted || strcmp(wanted, "none") != 0);

    engine->bf16 = any ? vsh_units_bf16(wanted) : (vsh_units){.name = ""};
    engine->int8 = any ? vsh_units_int8(wanted) : (vsh_units){.name = ""};
}

vsh_status vsh_gemm_open(vsh_arena *arena, vsh_pool *pool, const vsh_kernels *kernels,
                         const vsh_gemm_options *options, vsh_gemm_engine **opened, vsh_error *err)
{
    vsh_gemm_engine *engine = vsh_alloc(arena, 1, sizeof *engine);
    vsh_status status;

    assert(pool && kernels && opened);
    if (!engine)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    engine->pool = pool;
    engine->kernels = kernels;
    vsh_openblas_start();
    engine->onednn = vsh_onednn_open();
    find_units(engine, options ? options->units : NULL);
    engine->libraries = name_libraries(arena, engine);
    if (!engine->libraries) {
        vsh_gemm_close(engine);
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    }
    status = choose(engine, options, err);
    if (status == VSH_OK)
        status = vsh_gemm_table_describe(arena, engine, err);
    if (status != VSH_OK) {
        vsh_gemm_close(engine);
        return status;
    }
    engine->own_tile[VSH_GEMM_NT] = strcmp(kernels->name, "plain") != 0;
    *opened = engine;
    return VSH_OK;
}

void vsh_gemm_close(vsh_gemm_engine *engine)
{
    if (engine)
        vsh_onednn_close(&engine->onednn);
}

const char *vsh_gemm_describe(const vsh_gemm_engine *engine) { return engine->description; }
