#include "planner/layout/matrix_time.h"

#include <assert.h>
#include <math.h>

static int64_t parts(int64_t whole, int64_t part) { return (whole + part - 1) / part; }
static double least_side(int64_t a, int64_t b) { return (double)(a < b ? a : b); }

/* ---- GPU ----------------------------------------------------------------------------------- */

/* The thread block tiles that cuBLAS has for tensor cores (NVIDIA, "Matrix Multiplication
 * Background", section 2.3), largest first. */
static const struct {
    int64_t rows, cols;
} tiles[] = {{256, 128}, {128, 256}, {128, 128}, {256, 64},
             {64, 256},  {128, 64},  {64, 128},  {64, 64}};
enum { TILES = sizeof tiles / sizeof tiles[0] };

/* Into how many parts k is split when tiles do not fill two waves; a part has 256 of k at least. A
 * slice is CUTLASS's usual 64. Partial sums are fp32. */
static const int64_t splits[] = {1, 2, 3, 4, 6, 8, 12, 16};
enum {
    SPLITS = sizeof splits / sizeof splits[0],
    SPLIT_WAVES = 2,
    SPLIT_K = 256,
    SLICE = 64,
    PARTIAL_BYTES = 4
};

/* DRAM traffic of one product: when one operand stays in half of the cache each is read once, else
 * a wave reads the rows and columns of the part of out it covers, as near a square as can be. */
static double product_bytes(const vsh_chip_rate *c, const vsh_product *p, double wave_area)
{
    double m = (double)p->m, n = (double)p->n, k = (double)p->k;
    double width = (double)c->operand_bytes, lhs = m * k * width, rhs = n * k * width;
    double out = m * n * (double)c->result_bytes, side, rows, cols;

    if (fmin(lhs, rhs) <= c->cache / 2)
        return lhs + rhs + out;
    side = sqrt(wave_area);
    rows = m < side ? m : fmin(m, wave_area / fmin(n, side));
    cols = fmin(n, wave_area / rows);
    return lhs * (n / cols) + rhs * (m / rows) + out;
}

typedef struct {
    double cycles, matrix, memory; /* in all; of multiply-adds; of the other paths */
} kernel_cycles;

/* A slice of k takes the longest of its multiply-adds, its operands' way from the cache, and its
 * share of DRAM traffic; every wave pays what begins and ends a thread block. */
static kernel_cycles tiled(const vsh_chip_rate *c, const vsh_product *p, int tile, int64_t split)
{
    int64_t rows = tiles[tile].rows, cols = tiles[tile].cols, units = c->units;
    int64_t blocks = p->times * parts(p->m, rows) * parts(p->n, cols) * split;
    double waves = (double)parts(blocks, units);
    double k = (double)(parts(parts(p->k, split), SLICE) * SLICE);
    double macs = c->matrix / (2 * c->clock * (double)units);
    double bytes = (double)p->times * product_bytes(c, p, (double)(rows * cols * units));
    double matrix = (double)(rows * cols) / macs;
    double cache =
        (least_side(rows, p->m) + least_side(cols, p->n)) * (double)c->operand_bytes / c->operands;
    double memory = bytes / (c->memory / c->clock) / (waves * k);
    double merge = split == 1 ? 0
                              : 2.0 * PARTIAL_BYTES * (double)(split * p->times) * (double)p->m *
                                        (double)p->n / (c->operands * (double)units) +
                                    c->overhead;

    return (kernel_cycles){waves * (k * fmax(matrix, fmax(cache, memory)) + c->overhead) + merge,
                           waves * k * matrix, waves * k * fmax(cache, memory)};
}

/* Not where the profile does not say what adding the parts would cost. */
static bool worth_splitting(const vsh_chip_rate *c, const vsh_product *p, int tile, int64_t split)
{
    int64_t blocks = p->times * parts(p->m, tiles[tile].rows) * parts(p->n, tiles[tile].cols);

    return split == 1 || (isfinite(c->operands) && blocks * split <= SPLIT_WAVES * c->units &&
                          p->k / split >= SPLIT_K);
}

static vsh_bound bound_of(const kernel_cycles *kernel)
{
    if (fmax(kernel->matrix, kernel->memory) < kernel->cycles / 2)
        return VSH_BOUND_FILL;
    return kernel->matrix >= kernel->memory ? VSH_BOUND_MATRIX : VSH_BOUND_MEMORY;
}

/* The fastest of a library's tiles. A product of very many tiles is not tried on small ones: they
 * stream more and fill no better. */
static kernel_cycles on_gpu(const vsh_chip_rate *c, const vsh_product *p)
{
    enum { MANY_WAVES = 24 };
    kernel_cycles best = {.cycles = INFINITY};
    int64_t largest = p->times * parts(p->m, tiles[0].rows) * parts(p->n, tiles[0].cols);
    int tried = largest > MANY_WAVES * c->units ? 3 : TILES;

    for (int t = 0; t < tried; t++)
        for (int s = 0; s < SPLITS && worth_splitting(c, p, t, splits[s]); s++) {
            kernel_cycles kernel = tiled(c, p, t, splits[s]);
            if (kernel.cycles < best.cycles)
                best = kernel;
        }
    return best;
}

/* ---- TPU ----------------------------------------------------------------------------------- */

/* Tiles of rows x cols of one operand stand while the other streams past, a block of rows at a
 * time; a change of tile costs a bubble, and no less than the next one's load. Whichever operand
 * suits better stands. */
static kernel_cycles standing(const vsh_chip_rate *c, int64_t m, int64_t n, int64_t k)
{
    double streams = ceil((double)m / c->stream);
    double once = (double)parts(m, 8) * 8; /* rows enter in groups of 8 */
    double tile = fmax(once + streams * c->bubble, streams * c->load);
    double on_unit = (double)parts(parts(k, c->rows) * parts(n, c->cols), c->units);
    double peak_cycle = c->peak / c->clock;
    double array = 2.0 * (double)(c->rows * c->cols * c->units) / peak_cycle;

    return (kernel_cycles){.cycles = on_unit * tile * array + c->latency,
                           .matrix = on_unit * once * array};
}

static kernel_cycles on_tpu(const vsh_chip_rate *c, const vsh_product *p)
{
    kernel_cycles by_rows = standing(c, p->m, p->n, p->k), by_cols = standing(c, p->n, p->m, p->k);
    kernel_cycles best = by_rows.cycles <= by_cols.cycles ? by_rows : by_cols;
    double times = (double)p->times, efficiency = c->matrix / c->peak;
    double bytes = times * product_bytes(c, p, INFINITY);

    best.matrix *= times / efficiency;
    best.memory = bytes / (c->memory / c->clock);
    best.cycles = fmax(best.cycles * times / efficiency, best.memory) + c->overhead;
    return best;
}

/* ---- any ----------------------------------------------------------------------------------- */

static kernel_cycles on_cpu(const vsh_chip_rate *c, const vsh_product *p)
{
    double macs = (double)p->times * (double)p->m * (double)p->n * (double)p->k;
    kernel_cycles kernel = {.matrix = 2 * macs / c->matrix * c->clock,
                            .memory = (double)p->times * product_bytes(c, p, INFINITY) /
                                      (c->memory / c->clock)};

    kernel.cycles = fmax(kernel.matrix, kernel.memory) + c->overhead;
    return kernel;
}

vsh_op_cost vsh_matrix_time(const vsh_chip_rate *rate, vsh_product p)
{
    kernel_cycles kernel;

    assert(p.m > 0 && p.n > 0 && p.k > 0 && p.times > 0);
    kernel = rate->kind == VSH_GPU   ? on_gpu(rate, &p)
             : rate->kind == VSH_TPU ? on_tpu(rate, &p)
                                     : on_cpu(rate, &p);
    return (vsh_op_cost){{kernel.cycles / rate->clock}, bound_of(&kernel)};
}
