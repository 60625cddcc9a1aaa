/* Products of 16- and 8-bit operands, one block of c on one thread. One side gives strips of rows,
 * the other panels of columns (gemm_kernels.h); a chunk of k of both lies in the caches while all
 * strips meet all panels. */
#include <assert.h>
#include <string.h>

#include "trainer/nn/gemm_engine.h"

/* A strip's chunk is 32 KiB and stays in the first-level cache; panels and sums, at most 256 and
 * 512 KiB, in the second. */
enum {
    CHUNK_BYTES = 1024,
    STEPS = CHUNK_BYTES / VSH_STEP_BYTES,
    ROWS = 512,
    COLS = 256,
    PANEL_BYTES = CHUNK_BYTES * VSH_PANEL_COLS,
    FEW_ROWS = 64 /* up to here the weights are strips, which need no reordering */
};

typedef struct {
    _Alignas(64) char panels[COLS / VSH_PANEL_COLS * PANEL_BYTES];
    char strip[VSH_STRIP_ROWS * CHUNK_BYTES];
    char rows[VSH_PANEL_COLS * CHUNK_BYTES]; /* of a panel, quantized */
    float sums[ROWS * COLS];
    float row_scale[ROWS], row_factor[ROWS], col_scale[COLS], col_factor[COLS];
} room;
_Static_assert(sizeof(room) <= VSH_SCRATCH_BYTES, "a block fits in the scratch");

/* An operand: count rows or columns of c. */
typedef struct {
    const void *data;
    int64_t ld, count;
    bool along_k; /* element (i,k) is data[i ld + k], else data[k ld + i] */
} side;

/* A block of at most ROWS x COLS. */
typedef struct {
    const vsh_gemm_kernels *kernels;
    const vsh_gemm_call *call;
    side strips, panels;
    bool turned; /* strips are columns of c */
    void *out;
    vsh_strip_dot *dot;
    int64_t chunk; /* elements of k at a time */
    room *room;
} block;

static const void *element_of(const block *b, const side *s, int64_t i, int64_t k)
{
    return vsh_at_const(s->data, b->call->element, s->along_k ? i * s->ld + k : k * s->ld + i);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- scales ---------------------------------------------------------------------------------- */

/* Below this a row is zero: 127 / largest would not be finite. */
static const float nothing = 1e-30F;

static void find_scales(const block *b, const side *s, float *scale, float *factor)
{
    for (int64_t i = 0; i < s->count; i++) {
        float largest = b->kernels->largest(b->call->element, element_of(b, s, i, 0), b->call->k);
        scale[i] = largest < nothing ? 0.0F : largest / 127.0F;
        factor[i] = largest < nothing ? 0.0F : 127.0F / largest;
    }
}

/* ---- one chunk of k -------------------------------------------------------------------------- */

static void quantize_rows(const block *b, const side *s, int64_t first, int64_t rows, int64_t k,
                          int64_t depth, const float *factor, char *to, int64_t row_bytes)
{
    for (int64_t i = 0; i < rows; i++)
        b->kernels->quantize(b->call->element, element_of(b, s, first + i, k), depth,
                             factor[first + i], (int8_t *)to + i * row_bytes, row_bytes);
}

static void prepare_panels(const block *b, int64_t k, int64_t depth, int64_t steps)
{
    int64_t row_bytes = steps * VSH_STEP_BYTES;
    char *panel = b->room->panels;

    if (!b->panels.along_k) {
        b->kernels->panels_of_columns(element_of(b, &b->panels, 0, k), b->panels.ld,
                                      b->panels.count, depth, panel);
        return;
    }
    for (int64_t n = 0; n < b->panels.count; n += VSH_PANEL_COLS) {
        int64_t count = least(VSH_PANEL_COLS, b->panels.count - n);
        if (b->call->int8) {
            quantize_rows(b, &b->panels, n, count, k, depth, b->room->col_factor, b->room->rows,
                          row_bytes);
            b->kernels->panel_of_rows(b->room->rows, row_bytes, count, row_bytes, panel);
        } else {
            b->kernels->panel_of_rows(element_of(b, &b->panels, n, k), b->panels.ld * 2, count,
                                      depth * 2, panel);
        }
        panel += row_bytes * VSH_PANEL_COLS;
    }
}

/* Rows of units for the strip from row m on: where they stand, or put in order in the room. */
static void prepare_strip(const block *b, int64_t m, int64_t k, int64_t depth, vsh_strip *strip)
{
    int64_t row_bytes = strip->steps * VSH_STEP_BYTES, rows = strip->row_count;
    char *to = b->room->strip;

    strip->rows = to;
    strip->row_bytes = row_bytes;
    strip->next = NULL;
    if (b->call->int8) {
        quantize_rows(b, &b->strips, m, rows, k, depth, b->room->row_factor, to, row_bytes);
    } else if (!b->strips.along_k) {
        b->kernels->rows_of_columns(element_of(b, &b->strips, m, k), b->strips.ld, rows, depth, to,
                                    row_bytes);
    } else if (rows % 16 == 0 && depth * 2 == row_bytes) {
        strip->rows = element_of(b, &b->strips, m, k);
        strip->row_bytes = b->strips.ld * 2;
        if (m + 2 * VSH_STRIP_ROWS <= b->strips.count)
            strip->next = element_of(b, &b->strips, m + VSH_STRIP_ROWS, k);
    } else {
        for (int64_t i = 0; i < rows; i++) {
            memcpy(to + i * row_bytes, element_of(b, &b->strips, m + i, k), (size_t)depth * 2);
            memset(to + i * row_bytes + depth * 2, 0, (size_t)(row_bytes - depth * 2));
        }
    }
}

static void store_strip(const block *b, int64_t m, const vsh_strip *strip)
{
    vsh_gemm_store store = {.c = strip->c,
                            .ldc = strip->ldc,
                            .rows = strip->row_count,
                            .cols = b->panels.count,
                            .element = vsh_gemm_stored(b->call),
                            .ldout = b->call->ldc,
                            .add = b->call->add,
                            .turned = b->turned};

    if (b->call->int8)
        b->kernels->dequantize(strip->c, strip->ldc, strip->row_count, strip->ldc,
                               b->room->row_scale + m, b->room->col_scale);
    store.out = vsh_at(b->out, store.element, b->turned ? m : m * b->call->ldc);
    b->kernels->store(&store);
}

/* Sums of a single chunk leave at once; of several they wait for the last one. */
static void multiply_chunk(const block *b, int64_t k, int64_t depth)
{
    int64_t bytes = b->call->int8 ? depth : depth * 2;
    bool single = b->call->k <= b->chunk, last = k + depth == b->call->k;
    vsh_strip strip = {.panels = b->room->panels,
                       .panel_count = (b->panels.count + VSH_PANEL_COLS - 1) / VSH_PANEL_COLS,
                       .steps = (bytes + VSH_STEP_BYTES - 1) / VSH_STEP_BYTES,
                       .add = k > 0};

    strip.ldc = strip.panel_count * VSH_PANEL_COLS;
    prepare_panels(b, k, depth, strip.steps);
    for (int64_t m = 0; m < b->strips.count; m += VSH_STRIP_ROWS) {
        strip.row_count = least(VSH_STRIP_ROWS, b->strips.count - m);
        strip.c = b->room->sums + (single ? 0 : m * strip.ldc);
        prepare_strip(b, m, k, depth, &strip);
        b->dot(&strip);
        if (last)
            store_strip(b, m, &strip);
    }
}

static void multiply_block(const block *b)
{
    if (b->call->int8) {
        memset(b->room->col_scale, 0, sizeof b->room->col_scale);
        find_scales(b, &b->strips, b->room->row_scale, b->room->row_factor);
        find_scales(b, &b->panels, b->room->col_scale, b->room->col_factor);
    }
    for (int64_t k = 0; k < b->call->k; k += b->chunk)
        multiply_chunk(b, k, least(b->chunk, b->call->k - k));
}

static side part_of(const block *b, const side *whole, int64_t from, int64_t most)
{
    side part = *whole;

    part.data = element_of(b, whole, from, 0);
    part.count = least(most, whole->count - from);
    return part;
}

static void multiply_units(const vsh_gemm_engine *engine, const vsh_gemm_call *call, room *space)
{
    const vsh_units *units = call->int8 ? &engine->int8 : &engine->bf16;
    side rows = {call->a, call->lda, call->m, call->form != VSH_GEMM_TN};
    side cols = {call->b, call->ldb, call->n, call->form == VSH_GEMM_NT};
    block whole = {.kernels = &engine->kernels->gemm, .call = call, .room = space};

    whole.turned = call->form == VSH_GEMM_NT && call->m <= FEW_ROWS && call->m < call->n;
    whole.strips = whole.turned ? cols : rows;
    whole.panels = whole.turned ? rows : cols;
    whole.chunk = call->int8 ? CHUNK_BYTES : CHUNK_BYTES / 2;
    whole.dot = units->dot ? units->dot : engine->kernels->gemm.dot_int8;
    if (units->begin)
        units->begin();
    for (int64_t m = 0; m < whole.strips.count; m += ROWS)
        for (int64_t n = 0; n < whole.panels.count; n += COLS) {
            block part = whole;
            part.strips = part_of(&whole, &whole.strips, m, ROWS);
            part.panels = part_of(&whole, &whole.panels, n, COLS);
            part.out = vsh_at(call->c, vsh_gemm_stored(call),
                              whole.turned ? n * call->ldc + m : m * call->ldc + n);
            multiply_block(&part);
        }
    if (units->end)
        units->end();
}

/* ---- without such instructions: bf16 widened, a block at a time ------------------------------ */

enum { WIDE_BLOCK = 256, WIDE_DEPTH = 512 };

typedef struct {
    _Alignas(64) float a[WIDE_BLOCK * WIDE_DEPTH];
    float b[WIDE_BLOCK * WIDE_DEPTH];
    float c[WIDE_BLOCK * WIDE_BLOCK];
    char scratch[VSH_PRODUCT_SCRATCH];
} wide_room;
_Static_assert(sizeof(wide_room) <= VSH_SCRATCH_BYTES, "a widened block fits in the scratch");

/* depth steps from k on of count rows or columns from i on, as they stand; returns their stride. */
static int64_t widen(const vsh_gemm_kernels *kernels, const side *s, int64_t i, int64_t count,
                     int64_t k, int64_t depth, float *to)
{
    const vsh_bf16 *from = (const vsh_bf16 *)s->data + (s->along_k ? i * s->ld + k : k * s->ld + i);
    int64_t cols = s->along_k ? depth : count;

    kernels->widen(from, s->ld, s->along_k ? count : depth, cols, to, cols);
    return cols;
}

static void widened_block(const vsh_gemm_engine *engine, const vsh_gemm_call *call, int64_t m,
                          int64_t n, wide_room *space)
{
    const vsh_gemm_kernels *kernels = &engine->kernels->gemm;
    side rows = {call->a, call->lda, call->m, call->form != VSH_GEMM_TN};
    side cols = {call->b, call->ldb, call->n, call->form == VSH_GEMM_NT};
    vsh_product p = {.form = call->form, .alpha = 1, .a = space->a, .b = space->b, .c = space->c};
    vsh_gemm_store store = {
        .c = space->c, .element = vsh_gemm_stored(call), .ldout = call->ldc, .add = call->add};

    p.m = least(WIDE_BLOCK, call->m - m);
    p.n = least(WIDE_BLOCK, call->n - n);
    p.ldc = WIDE_BLOCK;
    for (int64_t k = 0; k < call->k; k += WIDE_DEPTH) {
        p.k = least(WIDE_DEPTH, call->k - k);
        p.lda = widen(kernels, &rows, m, p.m, k, p.k, space->a);
        p.ldb = widen(kernels, &cols, n, p.n, k, p.k, space->b);
        p.add = k > 0;
        vsh_gemm_multiply(engine, vsh_gemm_choice(&engine->table, p.form, p.m, p.n, p.k), &p,
                          space->scratch);
    }
    store.ldc = p.ldc;
    store.rows = p.m;
    store.cols = p.n;
    store.out = vsh_at(call->c, store.element, m * call->ldc + n);
    kernels->store(&store);
}

void vsh_gemm_narrow(const vsh_gemm_engine *engine, const vsh_gemm_call *call, void *scratch)
{
    assert(call->k > 0 && (!call->int8 || call->form == VSH_GEMM_NT));
    if (call->int8 || engine->bf16.dot) {
        multiply_units(engine, call, scratch);
        return;
    }
    for (int64_t m = 0; m < call->m; m += WIDE_BLOCK)
        for (int64_t n = 0; n < call->n; n += WIDE_BLOCK)
            widened_block(engine, call, m, n, scratch);
}
