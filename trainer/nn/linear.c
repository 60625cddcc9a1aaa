#include "trainer/nn/linear.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

/* Elements of a vector, and columns of a matrix, that go to a thread together. */
enum { ELEMENTS = 1 << 15, COLUMNS = 64 };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static const vsh_vector_kernels *vectors(const vsh_nn *nn, vsh_element element)
{
    return &nn->kernels->vector[element];
}

/* ---- bias ---------------------------------------------------------------------------------- */

typedef struct {
    const vsh_nn *nn;
    vsh_element element;
    int64_t rows, width, stride;
    const void *from;
    void *to;
    float *partial;
} bias_job;

static void add_bias(void *context, int64_t part, int thread)
{
    const bias_job *j = context;
    int64_t end = least(j->rows, (part + 1) * VSH_ROW_BLOCK);

    (void)thread;
    for (int64_t r = part * VSH_ROW_BLOCK; r < end; r++) {
        void *row = vsh_at(j->to, j->element, r * j->stride);
        vectors(j->nn, j->element)->add(j->width, row, j->from, row);
    }
}

void vsh_bias_forward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width,
                      int64_t stride, const void *bias, void *y)
{
    bias_job job = {nn, element, rows, width, stride, bias, y, NULL};

    assert(rows >= 0 && width > 0 && stride >= width);
    vsh_pool_run(nn->pool, add_bias, &job, vsh_row_blocks(rows));
}

static void sum_block(void *context, int64_t part, int thread)
{
    const bias_job *j = context;
    int64_t row = part * VSH_ROW_BLOCK;

    (void)thread;
    vectors(j->nn, j->element)
        ->sum_rows(least(VSH_ROW_BLOCK, j->rows - row), j->width, j->stride,
                   vsh_at_const(j->from, j->element, row * j->stride),
                   j->partial + part * j->width);
}

void vsh_bias_backward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width,
                       int64_t stride, const void *dy, void *dbias, float *partial)
{
    bias_job job = {nn, element, rows, width, stride, dy, NULL, partial};

    assert(rows >= 0 && width > 0 && stride >= width);
    vsh_pool_run(nn->pool, sum_block, &job, vsh_row_blocks(rows));
    vsh_add_partial(nn, element, vsh_row_blocks(rows), width, partial, dbias);
}

static void sum_partial(void *context, int64_t part, int thread)
{
    const bias_job *j = context;
    int64_t c = part * COLUMNS, columns = least(COLUMNS, j->width - c);
    float sums[COLUMNS];

    (void)thread;
    vectors(j->nn, VSH_F32)->sum_rows(j->rows, columns, j->width, (const float *)j->from + c, sums);
    vectors(j->nn, j->element)->add_sums(columns, sums, vsh_at(j->to, j->element, c));
}

void vsh_add_partial(const vsh_nn *nn, vsh_element element, int64_t blocks, int64_t width,
                     const float *partial, void *to)
{
    bias_job job = {nn, element, blocks, width, width, partial, to, NULL};

    vsh_pool_run(nn->pool, sum_partial, &job, (width + COLUMNS - 1) / COLUMNS);
}

/* ---- columns ------------------------------------------------------------------------------- */

typedef struct {
    vsh_element element;
    int64_t rows, width, from_stride, to_stride;
    const void *from;
    void *to;
} columns_job;

static void copy_rows(void *context, int64_t part, int thread)
{
    const columns_job *j = context;
    int64_t end = least(j->rows, (part + 1) * VSH_ROW_BLOCK);
    size_t bytes = (size_t)j->width * vsh_element_bytes(j->element);

    (void)thread;
    for (int64_t r = part * VSH_ROW_BLOCK; r < end; r++)
        memcpy(vsh_at(j->to, j->element, r * j->to_stride),
               vsh_at_const(j->from, j->element, r * j->from_stride), bytes);
}

void vsh_copy_columns(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width,
                      const void *from, int64_t from_stride, void *to, int64_t to_stride)
{
    columns_job job = {element, rows, width, from_stride, to_stride, from, to};

    assert(width <= from_stride && width <= to_stride);
    vsh_pool_run(nn->pool, copy_rows, &job, vsh_row_blocks(rows));
}

/* ---- vectors ------------------------------------------------------------------------------- */

typedef struct {
    const vsh_vector_kernels *kernels, *floats; /* of the element, and of fp32 */
    vsh_element element;
    int64_t count;
    const void *from;
    void *to;
    atomic_bool bad;
} vector_job;

/* The part's elements: where they begin, and how many. */
static int64_t begin(int64_t part) { return part * ELEMENTS; }
static int64_t size(const vector_job *job, int64_t part)
{
    return least(ELEMENTS, job->count - begin(part));
}
static void *to_part(const vector_job *job, int64_t part)
{
    return vsh_at(job->to, job->element, begin(part));
}
static const void *from_part(const vector_job *job, int64_t part)
{
    return vsh_at_const(job->from, job->element, begin(part));
}

static void add_part(void *context, int64_t part, int thread)
{
    const vector_job *j = context;

    (void)thread;
    j->kernels->add(size(j, part), to_part(j, part), from_part(j, part), to_part(j, part));
}

static void copy_part(void *context, int64_t part, int thread)
{
    const vector_job *j = context;

    (void)thread;
    memcpy(to_part(j, part), from_part(j, part),
           (size_t)size(j, part) * vsh_element_bytes(j->element));
}

static void zero_part(void *context, int64_t part, int thread)
{
    const vector_job *j = context;

    (void)thread;
    memset(to_part(j, part), 0, (size_t)size(j, part) * vsh_element_bytes(j->element));
}

/* Here the element is the one of the narrow side. */
static void round_part(void *context, int64_t part, int thread)
{
    const vector_job *j = context;

    (void)thread;
    j->kernels->round(size(j, part), (const float *)j->from + begin(part), to_part(j, part));
}

static void widen_part(void *context, int64_t part, int thread)
{
    const vector_job *j = context;

    (void)thread;
    j->kernels->widen(size(j, part), from_part(j, part), (float *)j->to + begin(part));
}

/* In blocks that stay in the first-level cache. */
static void add_wide_part(void *context, int64_t part, int thread)
{
    enum { BLOCK = 1024 };
    const vector_job *j = context;
    const vsh_bf16 *from = from_part(j, part);
    float *to = (float *)j->to + begin(part), wide[BLOCK];

    (void)thread;
    for (int64_t at = 0, all = size(j, part); at < all; at += BLOCK) {
        int64_t count = all - at < BLOCK ? all - at : BLOCK;
        j->kernels->widen(count, from + at, wide);
        j->floats->add(count, to + at, wide, to + at);
    }
}

static void look_for_bad(void *context, int64_t part, int thread)
{
    vector_job *j = context;

    (void)thread;
    if (!atomic_load_explicit(&j->bad, memory_order_relaxed) &&
        !j->kernels->finite(size(j, part), from_part(j, part)))
        atomic_store_explicit(&j->bad, true, memory_order_relaxed);
}

/* Returns whether look_for_bad found something. */
static bool over_elements(const vsh_nn *nn, vsh_pool_work *work, vsh_element element, int64_t count,
                          const void *from, void *to)
{
    vector_job job = {vectors(nn, element), vectors(nn, VSH_F32), element, count, from, to, false};

    assert(count >= 0);
    vsh_pool_run(nn->pool, work, &job, (count + ELEMENTS - 1) / ELEMENTS);
    return atomic_load(&job.bad);
}

void vsh_add(const vsh_nn *nn, vsh_element element, int64_t count, const void *from, void *to)
{
    over_elements(nn, add_part, element, count, from, to);
}

void vsh_copy(const vsh_nn *nn, vsh_element element, int64_t count, const void *from, void *to)
{
    over_elements(nn, copy_part, element, count, from, to);
}

void vsh_zero(const vsh_nn *nn, vsh_element element, int64_t count, void *to)
{
    over_elements(nn, zero_part, element, count, to, to);
}

void vsh_round(const vsh_nn *nn, int64_t count, const float *from, vsh_bf16 *to)
{
    over_elements(nn, round_part, VSH_B16, count, from, to);
}

void vsh_widen(const vsh_nn *nn, int64_t count, const vsh_bf16 *from, float *to)
{
    over_elements(nn, widen_part, VSH_B16, count, from, to);
}

void vsh_add_wide(const vsh_nn *nn, int64_t count, const vsh_bf16 *from, float *to)
{
    over_elements(nn, add_wide_part, VSH_B16, count, from, to);
}

bool vsh_all_finite(const vsh_nn *nn, vsh_element element, int64_t count, const void *x)
{
    return !over_elements(nn, look_for_bad, element, count, x, NULL);
}
