#include "sim/scale_sim/scale_layer.h"

#include "sim/scale_sim/scale_map.h"
#include "sim/scale_sim/scale_user.h"

/* Above it the mean over folds is taken by groups of equal folds; below it one by one, in the
 * tool's order, so that the last bit is the tool's too. */
static const int64_t summed_folds_max = (int64_t)1 << 26;

/* The nearest double to a/b, as Python divides whole numbers, as long as both fit 53 bits; beyond,
 * the 64 bits of long double leave at most the last bit open. */
static double ratio(int64_t a, int64_t b) { return (double)((long double)a / (long double)b); }

static double ratio_of_products(int64_t a, int64_t a_times, int64_t b, int64_t b_times)
{
    int64_t over, under;

    if (!__builtin_mul_overflow(a, a_times, &over) && !__builtin_mul_overflow(b, b_times, &under) &&
        over <= (int64_t)1 << 53 && under <= (int64_t)1 << 53)
        return (double)over / (double)under;
    return (double)((long double)a * (long double)a_times /
                    ((long double)b * (long double)b_times));
}

/* A fold's share of working elements, and of working element-cycles. The cycles of a fold of ws and
 * is are taken as p + C - 1 here, while it lasts p: the tool skews a block once more that is not.
 */
static void fold_shares(const sim_scale_folds *f, int64_t r, int64_t c, double *mapping,
                        double *compute)
{
    int64_t busy = r * c, elements = f->rows * f->cols;
    int64_t cycles = f->dataflow == SIM_OS ? f->cycles : f->cycles + f->cols - 1;

    *mapping = ratio(busy, elements);
    *compute = ratio_of_products(busy, f->t, elements, cycles);
}

/* Means over folds of the four kinds: full or at the lower edge, full or at the right edge. */
static void mean_shares(const sim_scale_folds *f, sim_scale_figures *figures)
{
    int64_t edge[2] = {f->s_rows - (f->row_folds - 1) * f->rows,
                       f->s_cols - (f->col_folds - 1) * f->cols};
    double mapping[2][2], compute[2][2], mapping_sum = 0, compute_sum = 0;

    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            fold_shares(f, i ? edge[0] : f->rows, j ? edge[1] : f->cols, &mapping[i][j],
                        &compute[i][j]);
    if (f->count > summed_folds_max) {
        double rows = (double)(f->row_folds - 1), cols = (double)(f->col_folds - 1);
        double folds[2][2] = {{rows * cols, rows}, {cols, 1}};
        for (int i = 0; i < 4; i++) {
            mapping_sum += folds[i / 2][i % 2] * mapping[i / 2][i % 2];
            compute_sum += folds[i / 2][i % 2] * compute[i / 2][i % 2];
        }
    } else
        for (int64_t c = 0; c < f->col_folds; c++)
            for (int64_t r = 0; r < f->row_folds; r++) {
                mapping_sum += mapping[r == f->row_folds - 1][c == f->col_folds - 1];
                compute_sum += compute[r == f->row_folds - 1][c == f->col_folds - 1];
            }
    figures->mapping_percent = mapping_sum / (double)f->count * 100;
    figures->compute_percent = compute_sum / (double)f->count * 100;
}

/* First and last cycle of the array's requests. A read is noted a cycle after it is asked for, its
 * latency; a write at once. */
static vsh_status sram_accesses(const sim_scale_layer *layer, const sim_scale_folds *f,
                                const char *path, sim_scale_figures *figures, vsh_error *err)
{
    for (int i = SIM_LHS; i < SIM_OPERANDS; i++) {
        sim_scale_tile first = sim_scale_tile_of(f, (sim_operand)i, 0, 0);
        sim_scale_tile last =
            sim_scale_tile_of(f, (sim_operand)i, f->row_folds - 1, f->col_folds - 1);
        int64_t latency = i == SIM_OUT ? 0 : 1;
        int64_t stop = f->last + 1 - f->cycles + last.lead + last.steps - 1 +
                       (last.skewed ? last.lanes - 1 : 0);
        if (i == SIM_LHS && sim_scale_map_hangs(layer))
            stop = sim_scale_map_last(layer, f);
        if (stop < 0)
            return vsh_fail(err, VSH_EINPUT,
                            "%s:%lld: expected windows that lie on the map, found too many beyond "
                            "its edge",
                            path, (long long)layer->line);
        figures->sram[i] =
            (sim_scale_access){first.lead + latency, stop + latency, f->requests[i], true};
    }
    return VSH_OK;
}

static void rates(const sim_scale_folds *f, sim_scale_figures *figures)
{
    for (int i = SIM_LHS; i < SIM_OPERANDS; i++) {
        const sim_scale_access *dram = &figures->dram[i];
        figures->sram_rate[i] = ratio(f->requests[i], figures->total_cycles);
        figures->dram_rate[i] = ratio(dram->words, dram->stop - dram->start + 1);
    }
}

/* USER, and something waits. */
static void count_waits(const sim_scale_config *config, const sim_scale_layer *layer,
                        const sim_scale_folds *f, sim_scale_figures *figures)
{
    sim_scale_waits waits;

    figures->exact = sim_scale_user_follow(config, layer, f, &waits);
    if (!figures->exact)
        return;
    figures->total_cycles = waits.total_cycles;
    figures->stall_cycles = waits.stall_cycles;
    for (int i = SIM_LHS; i < SIM_OPERANDS; i++) {
        figures->sram[i] = waits.sram[i];
        figures->dram[i] = waits.dram[i];
    }
}

vsh_status sim_scale_run_layer(const sim_scale_config *config, const sim_scale_layer *layer,
                               const char *path, sim_scale_figures *figures, vsh_error *err)
{
    sim_scale_access *dram = figures->dram;
    int64_t first;
    sim_scale_folds f;

    *figures = (sim_scale_figures){0};
    VSH_TRY(sim_scale_folds_of(config, layer, path, &f, err));
    figures->total_cycles = f.last;
    mean_shares(&f, figures);
    VSH_TRY(sram_accesses(layer, &f, path, figures, err));
    for (int i = SIM_LHS; i <= SIM_RHS; i++)
        VSH_TRY(sim_scale_dram_read(config, layer, &f, (sim_operand)i, path, &dram[i], err));
    VSH_TRY(sim_scale_dram_write(config, layer, &f, path, &dram[SIM_OUT], err));
    figures->exact = dram[SIM_LHS].exact && dram[SIM_RHS].exact && dram[SIM_OUT].exact;
    if (!figures->exact)
        count_waits(config, layer, &f, figures);
    rates(&f, figures);
    figures->overall_percent =
        ratio_of_products(f.macs, 100, figures->total_cycles, f.rows * f.cols);
    first = dram[SIM_LHS].start < dram[SIM_RHS].start ? dram[SIM_LHS].start : dram[SIM_RHS].start;
    figures->cycles_with_prefetch = dram[SIM_OUT].stop - first;
    return VSH_OK;
}
