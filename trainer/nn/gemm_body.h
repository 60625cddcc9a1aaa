/* Products of gemm_kernels.h in fp32. */
#include "trainer/nn/gemm_kernels.h"

#define GEMM_INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

/* f(0,s), f(1,s), ...: one constant a lane. */
#if LANES == 16
#define EACH_LANE(f, s)                                                                            \
    f(0, s), f(1, s), f(2, s), f(3, s), f(4, s), f(5, s), f(6, s), f(7, s), f(8, s), f(9, s),      \
        f(10, s), f(11, s), f(12, s), f(13, s), f(14, s), f(15, s)
#elif LANES == 8
#define EACH_LANE(f, s) f(0, s), f(1, s), f(2, s), f(3, s), f(4, s), f(5, s), f(6, s), f(7, s)
#else
#define EACH_LANE(f, s) f(0, s), f(1, s), f(2, s), f(3, s)
#endif

/* Turns LANES vectors from rows into columns: in step s the neighbours in blocks of 2 s change
 * places. Only bits move. */
#define TURN_LOW(i, s) ((i) & (s) ? LANES + (i) - (s) : (i))
#define TURN_HIGH(i, s) ((i) & (s) ? LANES + (i) : (i) + (s))
#define TURN_STEP(s)                                                                               \
    UNROLL for (int i = 0; i < LANES; i++) if (!(i & (s)))                                         \
    {                                                                                              \
        vf low = row[i], high = row[i + (s)];                                                      \
        row[i] = __builtin_shuffle(low, high, (vi){EACH_LANE(TURN_LOW, s)});                       \
        row[i + (s)] = __builtin_shuffle(low, high, (vi){EACH_LANE(TURN_HIGH, s)});                \
    }

GEMM_INLINE void turn(vf row[LANES])
{
    TURN_STEP(1)
    TURN_STEP(2)
#if LANES > 4
    TURN_STEP(4)
#endif
#if LANES > 8
    TURN_STEP(8)
#endif
}

/* ---- tiles: a value of a against vectors of b ------------------------------------------------ */

/* 8 x 3 sums fill the 32 registers of AVX-512 with three of b and one of a; 4 x 3 the 16 of the
 * others. A panel of DEEP steps, 36 KiB at the widest, stays in the first-level cache while all
 * rows pass. With few rows of tokens the weights' way from memory counts: the panel after this one
 * is asked for early, long rows of NT are read at once (1.35 instead of 1.2 times OpenBLAS at 64
 * rows), and NN, whose rows lie far apart, is read in shallow pieces as it stands (82 GFLOP/s
 * against 65 with 512 steps at 16 rows). TN writes weights, each time it passes: deep again, and
 * what is written next is asked for (139 against 131). */
enum {
    TILE_ROWS = LANES == 16 ? 8 : 4,
    TILE_VECTORS = 3,
    TILE_COLS = TILE_VECTORS * LANES,
    FEW = 96,
    DEEP = 192,
    DEEP_NT = 512,
    DEEP_NN = 64,
    DEEP_TN = 384
};
_Static_assert((DEEP_NT * TILE_COLS + (DEEP_TN + TILE_COLS) * TILE_ROWS) * 4 <=
                   VSH_PRODUCT_SCRATCH_LEAST,
               "a panel, a strip and a tile fit in the scratch");

/* One tile's operands: a(i,k) = a[i a_row + k a_step], one of the two steps being 1. */
typedef struct {
    int64_t k;
    const float *a;
    int64_t a_row, a_step;
    const float *b;
    int64_t ldb;
    float *c;
    int64_t ldc;
    bool add;
    float alpha;
    const float *next; /* two lines from here are wanted soon, next_step further at each k */
    int64_t next_step;
} gemm_tile;

GEMM_INLINE void tile_of(const int rows, const int vectors, const gemm_tile *t, int64_t a_row,
                         int64_t a_step)
{
    vf sum[TILE_ROWS][TILE_VECTORS];
    const float *a = t->a, *b = t->b, *next = t->next;

    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) sum[i][v] =
        vf_all(0);
    for (int64_t k = 0; k < t->k; k++, a += a_step, b += t->ldb, next += t->next_step) {
        vf right[TILE_VECTORS];
        __builtin_prefetch(next, 0, 2);
        __builtin_prefetch(next + 16, 0, 2);
        UNROLL for (int v = 0; v < vectors; v++) right[v] = vf_load(b + v * LANES);
        UNROLL for (int i = 0; i < rows; i++)
        {
            vf left = vf_all(a[i * a_row]);
            UNROLL for (int v = 0; v < vectors; v++) sum[i][v] += left * right[v];
        }
    }
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++)
    {
        float *c = t->c + i * t->ldc + v * LANES;
        vf value = sum[i][v] * vf_all(t->alpha);
        vf_store(c, t->add ? vf_load(c) + value : value);
    }
}

#define TILE_FUNCTION(rows, vectors)                                                               \
    static void tile_##rows##_##vectors(const gemm_tile *t)                                        \
    {                                                                                              \
        if (t->a_step == 1)                                                                        \
            tile_of(rows, vectors, t, t->a_row, 1);                                                \
        else                                                                                       \
            tile_of(rows, vectors, t, 1, t->a_step);                                               \
    }
#define TILE_FUNCTIONS(rows)                                                                       \
    TILE_FUNCTION(rows, 1)                                                                         \
    TILE_FUNCTION(rows, 2)                                                                         \
    TILE_FUNCTION(rows, 3)
#define TILE_NAMES(rows)                                                                           \
    {                                                                                              \
        tile_##rows##_1, tile_##rows##_2, tile_##rows##_3                                          \
    }

TILE_FUNCTIONS(1)
TILE_FUNCTIONS(2)
TILE_FUNCTIONS(3)
TILE_FUNCTIONS(4)
#if LANES == 16
TILE_FUNCTIONS(5)
TILE_FUNCTIONS(6)
TILE_FUNCTIONS(7)
TILE_FUNCTIONS(8)
#endif

static void (*const tile_functions[TILE_ROWS][TILE_VECTORS])(const gemm_tile *) = {
    TILE_NAMES(1), TILE_NAMES(2), TILE_NAMES(3), TILE_NAMES(4),
#if LANES == 16
    TILE_NAMES(5), TILE_NAMES(6), TILE_NAMES(7), TILE_NAMES(8),
#endif
};

/* Columns that are not whole vectors: a tile of whole ones beside, then its part into c. */
static void edge_tile(gemm_tile t, int64_t rows, int64_t cols, float *room)
{
    float *c = t.c;
    int64_t ldc = t.ldc;
    bool add = t.add;

    t.c = room;
    t.ldc = TILE_COLS;
    t.add = false;
    tile_functions[rows - 1][(cols + LANES - 1) / LANES - 1](&t);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t n = 0; n < cols; n++)
            c[i * ldc + n] = (add ? c[i * ldc + n] : 0.0F) + room[i * TILE_COLS + n];
}

/* panel (k, TILE_COLS) = the transpose of cols rows of b; the rest of the last vector is zero. */
static void transposed_panel(const float *b, int64_t ldb, int64_t cols, int64_t depth, float *panel)
{
    for (int64_t n = 0; n < cols; n += LANES)
        for (int64_t k = 0; k < depth; k += LANES) {
            int64_t steps = depth - k < LANES ? depth - k : LANES;
            vf row[LANES];
            if (steps == LANES && cols - n >= LANES)
                UNROLL for (int i = 0; i < LANES; i++) row[i] = vf_load(b + (n + i) * ldb + k);
            else
                for (int i = 0; i < LANES; i++)
                    row[i] =
                        n + i < cols ? vf_load_part(b + (n + i) * ldb + k, steps, 0) : vf_all(0);
            turn(row);
            for (int64_t i = 0; i < steps; i++)
                vf_store(panel + (k + i) * TILE_COLS + n, row[i]);
        }
}

/* panel (k, TILE_COLS) = cols columns of b; the rest of the last vector is zero. */
static void copied_panel(const float *b, int64_t ldb, int64_t cols, int64_t depth, float *panel)
{
    for (int64_t k = 0; k < depth; k++)
        for (int64_t n = 0; n < cols; n += LANES)
            vf_store(panel + k * TILE_COLS + n, cols - n >= LANES
                                                    ? vf_load(b + k * ldb + n)
                                                    : vf_load_part(b + k * ldb + n, cols - n, 0));
}

/* strip (k, TILE_ROWS) = rows columns of a of TN, which lie far apart: side by side. */
static void copied_strip(const float *a, int64_t lda, int64_t rows, int64_t depth, float *strip)
{
    if (rows == TILE_ROWS)
        for (int64_t k = 0; k < depth; k++) {
            __builtin_prefetch(a + (k + 16) * lda);
            memcpy(strip + k * TILE_ROWS, a + k * lda, TILE_ROWS * sizeof *strip);
        }
    else
        for (int64_t k = 0; k < depth; k++)
            for (int64_t i = 0; i < rows; i++)
                strip[k * TILE_ROWS + i] = a[k * lda + i];
}

/* How a product is walked: high rows of c at a time, then deep steps of k, then a panel. A packed
 * panel is put in order in the scratch, as are the strips of TN, before it is read. */
typedef struct {
    const vsh_product *p;
    float *panel, *edge, *strips; /* in the scratch */
    bool packed;
    int64_t high, deep;
    int64_t m, rows, k, depth, n, cols; /* where it is */
} tile_walk;

/* Few rows do not repay packing of NN. TN of few tokens writes more than it reads, so its rows of c
 * are written whole. */
static tile_walk plan_walk(const vsh_product *p, float *scratch, int64_t scratch_bytes)
{
    tile_walk w = {.p = p, .panel = scratch, .edge = scratch + DEEP_NT * TILE_COLS};
    int64_t room = scratch_bytes / 4 - (DEEP_NT + TILE_ROWS) * TILE_COLS;
    bool tn = p->form == VSH_GEMM_TN;

    w.strips = w.edge + TILE_ROWS * TILE_COLS;
    w.packed = p->form == VSH_GEMM_NT || (tn ? p->k : p->m) > FEW;
    w.deep = DEEP;
    if (p->form == VSH_GEMM_NT && p->m <= FEW)
        w.deep = DEEP_NT;
    if (p->form == VSH_GEMM_NN && !w.packed)
        w.deep = DEEP_NN;
    if (tn && w.packed)
        w.deep = DEEP_TN;
    w.high = !tn ? p->m : w.packed ? room / (DEEP_TN * TILE_ROWS) * TILE_ROWS : TILE_ROWS;
    return w;
}

static const float *panel_start(const vsh_product *p, int64_t n, int64_t k)
{
    return p->form == VSH_GEMM_NT ? p->b + n * p->ldb + k : p->b + k * p->ldb + n;
}

static void pack_strips(const tile_walk *w)
{
    const vsh_product *p = w->p;

    for (int64_t m = 0; m < w->rows; m += TILE_ROWS)
        copied_strip(p->a + w->m + m + w->k * p->lda, p->lda,
                     w->rows - m < TILE_ROWS ? w->rows - m : TILE_ROWS, w->depth,
                     w->strips + m * DEEP_TN);
}

/* The panel after this one, a share of it for each of the first two rows of tiles. */
static void ask_for_next(const tile_walk *w, int64_t m, gemm_tile *t)
{
    const vsh_product *p = w->p;
    int64_t share = m / TILE_ROWS * 32, n = w->n + TILE_COLS;

    t->next = t->a;
    t->next_step = 0;
    if (p->form == VSH_GEMM_TN || share > 32 || n >= p->n)
        return;
    t->next = panel_start(p, n, w->k) + (p->form == VSH_GEMM_NT ? share / 2 * p->ldb : share);
    t->next_step = p->form == VSH_GEMM_NT ? 32 : p->ldb;
}

/* The tile below. */
static void ask_for_sums(const float *c, int64_t ldc)
{
    for (int64_t i = TILE_ROWS; i < 2 * TILE_ROWS; i++)
        for (int v = 0; v < TILE_COLS; v += 16)
            __builtin_prefetch(c + i * ldc + v, 1, 2);
}

/* Columns [n, n + cols) of all rows of the walk; columns that are not whole vectors are packed in
 * any case. */
static void multiply_panel(const tile_walk *w, int64_t n, int64_t cols)
{
    const vsh_product *p = w->p;
    const float *b = panel_start(p, n, w->k);
    bool edge = cols % LANES != 0, beside = w->packed || edge, tn = p->form == VSH_GEMM_TN;
    gemm_tile t = {.k = w->depth,
                   .a_row = tn ? 1 : p->lda,
                   .a_step = !tn         ? 1
                             : w->packed ? TILE_ROWS
                                         : p->lda,
                   .b = beside ? w->panel : b,
                   .ldb = beside ? TILE_COLS : p->ldb,
                   .ldc = p->ldc,
                   .add = p->add || w->k > 0,
                   .alpha = p->alpha};

    if (beside)
        (p->form == VSH_GEMM_NT ? transposed_panel : copied_panel)(b, p->ldb, cols, w->depth,
                                                                   w->panel);
    for (int64_t m = 0; m < w->rows; m += TILE_ROWS) {
        int64_t rows = w->rows - m < TILE_ROWS ? w->rows - m : TILE_ROWS;
        t.a = tn && w->packed ? w->strips + m * DEEP_TN
                              : p->a + (w->m + m) * t.a_row + w->k * (tn ? p->lda : 1);
        t.c = p->c + (w->m + m) * p->ldc + n;
        ask_for_next(w, m, &t);
        if (tn && w->packed)
            ask_for_sums(t.c, p->ldc);
        if (edge)
            edge_tile(t, rows, cols, w->edge);
        else
            tile_functions[rows - 1][cols / LANES - 1](&t);
    }
}

static void multiply_tiles(const vsh_product *p, float *scratch, int64_t scratch_bytes)
{
    tile_walk w = plan_walk(p, scratch, scratch_bytes);

    for (w.m = 0; w.m < p->m; w.m += w.high)
        for (w.k = 0; w.k < p->k || w.k == 0; w.k += w.deep) {
            w.rows = p->m - w.m < w.high ? p->m - w.m : w.high;
            w.depth = p->k - w.k < w.deep ? p->k - w.k : w.deep;
            if (p->form == VSH_GEMM_TN && w.packed)
                pack_strips(&w);
            for (w.n = 0; w.n < p->n; w.n += TILE_COLS)
                multiply_panel(&w, w.n, p->n - w.n < TILE_COLS ? p->n - w.n : TILE_COLS);
        }
}

/* ---- dot products: vectors along k of both (NT) --------------------------------------------- */

/* DOT_ROWS x DOT_COLS sums, each a vector of partial sums: as many sums as lanes, so that folding
 * them leaves one vector. Nothing is transposed, which few rows of a would not repay: up to 32 rows
 * this is the faster way. DOT_BLOCK rows of b stay in the first-level cache meanwhile. */
enum {
    DOT_ROWS = LANES == 4 ? 2 : 4,
    DOT_COLS = LANES / DOT_ROWS,
    DOT_BLOCK = 4 * DOT_COLS,
    DOT_ROWS_MOST = 32,
    DOT_DEPTH_LEAST = 128
};

/* Lane i of the result is the sum over sum[i]: at each step the halves of two vectors are added,
 * what comes of the first landing in the lower lanes. */
#define FOLD_CROSS(i, h) ((i) & (h) ? LANES + (i) - (h) : (i) + (h))
#define FOLD_STAY(i, h) ((i) & (h) ? LANES + (i) : (i))
#define FOLD_STEP(h)                                                                               \
    UNROLL for (int i = 0; i < (h); i++)                                                           \
    {                                                                                              \
        vf low = sum[i], high = sum[i + (h)];                                                      \
        sum[i] = __builtin_shuffle(low, high, (vi){EACH_LANE(FOLD_CROSS, h)}) +                    \
                 __builtin_shuffle(low, high, (vi){EACH_LANE(FOLD_STAY, h)});                      \
    }

GEMM_INLINE vf fold(vf sum[LANES])
{
#if LANES > 8
    FOLD_STEP(8)
#endif
#if LANES > 4
    FOLD_STEP(4)
#endif
    FOLD_STEP(2)
    FOLD_STEP(1)
    return sum[0];
}

/* rows x DOT_COLS of c into room; the row at next is wanted soon. */
GEMM_INLINE void dot_of(const int rows, const vsh_product *p, int64_t m, int64_t n,
                        const float *next, float *room)
{
    const float *a = p->a + m * p->lda, *b = p->b + n * p->ldb;
    int64_t lda = p->lda, ldb = p->ldb, k = 0;
    vf sum[LANES], right[DOT_COLS];

    UNROLL for (int i = 0; i < LANES; i++) sum[i] = vf_all(0);
    for (; k + LANES <= p->k; k += LANES) {
        __builtin_prefetch(next + k, 0, 2);
        UNROLL for (int j = 0; j < DOT_COLS; j++) right[j] = vf_load(b + j * ldb + k);
        UNROLL for (int i = 0; i < rows; i++)
        {
            vf left = vf_load(a + i * lda + k);
            UNROLL for (int j = 0; j < DOT_COLS; j++) sum[i * DOT_COLS + j] += left * right[j];
        }
    }
    if (k < p->k) {
        UNROLL for (int j = 0; j < DOT_COLS; j++) right[j] =
            vf_load_part(b + j * ldb + k, p->k - k, 0);
        UNROLL for (int i = 0; i < rows; i++)
        {
            vf left = vf_load_part(a + i * lda + k, p->k - k, 0);
            UNROLL for (int j = 0; j < DOT_COLS; j++) sum[i * DOT_COLS + j] += left * right[j];
        }
    }
    vf_store(room, fold(sum) * vf_all(p->alpha));
}

static void dot_rows(const vsh_product *p, int64_t m, int64_t n, const float *next, float *room)
{
    dot_of(DOT_ROWS, p, m, n, next, room);
}

static void dot_row(const vsh_product *p, int64_t m, int64_t n, const float *next, float *room)
{
    dot_of(1, p, m, n, next, room);
}

/* Rows m.. of c in the columns [n, end): the last tile may lie over columns that are done. */
static void dot_columns(const vsh_product *p, int64_t m, int64_t rows, int64_t n, int64_t end)
{
    for (int64_t j = n; j < end; j += DOT_COLS) {
        int64_t at = j + DOT_COLS <= p->n ? j : p->n - DOT_COLS, done = j - at;
        int64_t share = m / DOT_ROWS * DOT_COLS + (j - n) / DOT_COLS;
        int64_t ahead = n + DOT_BLOCK + share % DOT_BLOCK;
        float room[LANES], *c = p->c + m * p->ldc + at;
        (rows == 1 ? dot_row : dot_rows)(p, m, at, p->b + (ahead < p->n ? ahead : at) * p->ldb,
                                         room);
        for (int64_t i = 0; i < rows; i++)
            for (int64_t q = done; q < DOT_COLS; q++)
                c[i * p->ldc + q] = (p->add ? c[i * p->ldc + q] : 0.0F) + room[i * DOT_COLS + q];
    }
}

static void multiply_dots(const vsh_product *p)
{
    for (int64_t n = 0; n < p->n; n += DOT_BLOCK) {
        int64_t end = n + DOT_BLOCK < p->n ? n + DOT_BLOCK : p->n, rows;
        for (int64_t m = 0; m < p->m; m += rows) {
            rows = p->m - m < DOT_ROWS ? 1 : DOT_ROWS;
            dot_columns(p, m, rows, n, end);
        }
    }
}

static void gemm_multiply(const vsh_product *p, void *scratch, int64_t scratch_bytes)
{
    if (p->form == VSH_GEMM_NT && p->m <= DOT_ROWS_MOST && p->n >= DOT_COLS &&
        p->k >= DOT_DEPTH_LEAST)
        multiply_dots(p);
    else
        multiply_tiles(p, scratch, scratch_bytes);
}

#include "trainer/nn/gemm_narrow_body.h"
