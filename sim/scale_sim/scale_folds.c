#include "sim/scale_sim/scale_folds.h"

#include <assert.h>

#include "sim/whole.h"

bool sim_scale_is_stationary(sim_dataflow dataflow, sim_operand operand)
{
    return (dataflow == SIM_WS && operand == SIM_RHS) || (dataflow == SIM_IS && operand == SIM_LHS);
}

bool sim_scale_goes_by_columns(sim_dataflow dataflow, sim_operand operand)
{
    return dataflow == SIM_OS && operand == SIM_RHS;
}

/* a b c d into *product; false beyond 63 bits. */
static bool multiply(int64_t a, int64_t b, int64_t c, int64_t d, int64_t *product)
{
    return !__builtin_mul_overflow(a, b, product) &&
           !__builtin_mul_overflow(*product, c, product) &&
           !__builtin_mul_overflow(*product, d, product);
}

/* The ofmap of os is over-counted by R + C a fold: the tool adds the shape of each tile to its
 * words (SCALE-Sim issue #166). In ws and is the partial sums of every fold over k are written and
 * never read back (issue #18 of version 1). */
static bool count_requests(sim_scale_folds *f)
{
    int64_t *lhs = &f->requests[SIM_LHS], *rhs = &f->requests[SIM_RHS];
    int64_t *out = &f->requests[SIM_OUT], shapes;
    int64_t *streamed = f->dataflow == SIM_WS ? lhs : rhs;
    int64_t *stationary = f->dataflow == SIM_WS ? rhs : lhs;

    if (f->dataflow == SIM_OS)
        return multiply(f->t, f->s_rows, f->col_folds, 1, lhs) &&
               multiply(f->t, f->s_cols, f->row_folds, 1, rhs) &&
               multiply(f->s_rows, f->s_cols, 1, 1, out) &&
               multiply(f->count, f->rows + f->cols, 1, 1, &shapes) &&
               !__builtin_add_overflow(*out, shapes, out);
    return multiply(f->t, f->s_rows, f->col_folds, 1, streamed) &&
           multiply(f->s_rows, f->s_cols, 1, 1, stationary) &&
           multiply(f->t, f->s_cols, f->row_folds, 1, out);
}

vsh_status sim_scale_folds_of(const sim_scale_config *config, const sim_scale_layer *layer,
                              const char *path, sim_scale_folds *folds, vsh_error *err)
{
    int64_t R = config->rows, C = config->cols, cycles, scaled;
    bool os = config->dataflow == SIM_OS;
    sim_scale_folds f = {.dataflow = config->dataflow, .rows = R, .cols = C};

    f.s_rows = os ? layer->m : layer->k;
    f.s_cols = config->dataflow == SIM_IS ? layer->m : layer->n;
    f.t = os ? layer->k : config->dataflow == SIM_WS ? layer->m : layer->n;
    f.row_folds = sim_ceil_div(f.s_rows, R);
    f.col_folds = sim_ceil_div(f.s_cols, C);
    /* words of whole tiles must fit as well, and drains, that close lines short */
    if (__builtin_add_overflow(f.t, (os ? R : 2 * R) + C - 2, &f.cycles) ||
        !multiply(f.row_folds, f.col_folds, 1, 1, &f.count) ||
        !multiply(f.count, f.cycles, 1, 1, &cycles) || !multiply(cycles, 4, 1, 1, &scaled) ||
        !multiply(layer->m, layer->n, layer->k, 1, &f.macs) ||
        !multiply(f.row_folds, R, f.t, 1, &scaled) || !multiply(f.col_folds, C, f.t, 1, &scaled) ||
        !multiply(f.row_folds, R, f.col_folds, C, &scaled) ||
        !multiply(layer->height, layer->width, layer->channels, 1, &scaled) ||
        !count_requests(&f) || !multiply(f.requests[SIM_OUT], 2, 1, 1, &scaled))
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: expected a layer whose counts fit 63 bits, found a larger one",
                        path, (long long)layer->line);
    /* The tool reports the index of the last cycle, one short of their number (issues #125, #60).
     */
    f.last = cycles - 1;
    if (f.last == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: expected a layer of more than one cycle, found one (the tool "
                        "counts none and divides by it)",
                        path, (long long)layer->line);
    *folds = f;
    return VSH_OK;
}

sim_scale_tile sim_scale_tile_of(const sim_scale_folds *f, sim_operand operand, int64_t row_fold,
                                 int64_t col_fold)
{
    int64_t R = f->rows, r = sim_min(R, f->s_rows - row_fold * R);
    int64_t c = sim_min(f->cols, f->s_cols - col_fold * f->cols);
    bool os = f->dataflow == SIM_OS;

    if (operand == SIM_OUT) /* os: the rows come out last first, those of an edge tile late */
        return os ? (sim_scale_tile){true, f->t - 1 + R - r, r, c}
                  : (sim_scale_tile){true, 2 * R - 1, f->t, c};
    if (sim_scale_is_stationary(f->dataflow, operand)) /* the last row first, for the same reason */
        return (sim_scale_tile){false, R - r, r, c};
    if (sim_scale_goes_by_columns(f->dataflow, operand))
        return (sim_scale_tile){true, 0, f->t, c};
    return (sim_scale_tile){true, os ? 0 : R, f->t, r};
}

/* Words (step, lane) with step + lane < diagonal. */
static int64_t under_diagonal(int64_t steps, int64_t lanes, int64_t diagonal)
{
    int64_t a = sim_min(steps, lanes), b = steps + lanes - a;
    int64_t rest = a + b - 1 - diagonal;

    if (diagonal <= 0)
        return 0;
    if (diagonal <= a)
        return diagonal * (diagonal + 1) / 2;
    if (diagonal <= b)
        return a * (a + 1) / 2 + (diagonal - a) * a;
    return rest <= 0 ? a * b : a * b - rest * (rest + 1) / 2;
}

int64_t sim_scale_tile_before(const sim_scale_tile *tile, int64_t cycle)
{
    int64_t done = cycle - tile->lead;

    if (tile->skewed)
        return under_diagonal(tile->steps, tile->lanes, done);
    return done <= 0 ? 0 : sim_min(done, tile->steps) * tile->lanes;
}

int64_t sim_scale_tile_cycle(const sim_scale_tile *tile, int64_t place)
{
    int64_t low = 0, high = tile->steps + tile->lanes - 2;

    assert(place >= 0 && place < tile->steps * tile->lanes);
    if (!tile->skewed)
        return tile->lead + place / tile->lanes;
    while (low < high) { /* the first diagonal that ends beyond the place */
        int64_t middle = low + (high - low) / 2;
        if (under_diagonal(tile->steps, tile->lanes, middle + 1) > place)
            high = middle;
        else
            low = middle + 1;
    }
    return tile->lead + low;
}
