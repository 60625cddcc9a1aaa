#include "sim/expert_tiles.h"

#include "sim/timeline.h"
#include "sim/whole.h"

enum { TILE_LEAST = 64 };

/* All experts one after another, their rows in whole tiles. */
static vsh_status grouped_cycles(vsh_arena *arena, const sim_chip *chip, const sim_planned_op *plan,
                                 int64_t tile, double *cycles, vsh_error *err)
{
    bool rows_are_k = plan->op->phase == VSH_WGRAD;
    sim_timeline *timeline;

    VSH_TRY(sim_timeline_open(arena, &chip->machine, NULL, false, &timeline, err));
    for (int i = 0, next; i < plan->gemm_count; i = next) {
        sim_gemm g = plan->gemm[i].gemm;
        int64_t *rows = rows_are_k ? &g.k : &g.m, times = 0;
        sim_tilings tilings;
        *rows = sim_round_up(*rows, tile);
        for (next = i; next < plan->gemm_count; next++) { /* as many tiles: the same product */
            const sim_gemm *other = &plan->gemm[next].gemm;
            if (sim_round_up(rows_are_k ? other->k : other->m, tile) != *rows)
                break;
            times += plan->gemm[next].times;
        }
        if (!rows_are_k)
            g.terms.tile_m = tile;
        VSH_TRY(sim_gemm_tile(chip, &g, &tilings, err));
        sim_timeline_product(timeline, &tilings.best.product, times);
    }
    *cycles = (double)sim_timeline_close(timeline).cycles;
    return VSH_OK;
}

vsh_status sim_advise_tiles(vsh_arena *arena, const sim_chip *chip, const sim_planned_op *plan,
                            sim_tile_advice *a, vsh_error *err)
{
    bool rows_are_k = plan->op->phase == VSH_WGRAD;

    *a = (sim_tile_advice){.op = plan->op, .rows_least = INT64_MAX};
    for (int i = 0; i < plan->gemm_count; i++) {
        int64_t rows = rows_are_k ? plan->gemm[i].gemm.k : plan->gemm[i].gemm.m;
        a->rows_least = rows < a->rows_least ? rows : a->rows_least;
        a->rows_most = rows > a->rows_most ? rows : a->rows_most;
    }
    for (int i = 0; i < SIM_ROW_TILES; i++) {
        a->tile[i] = TILE_LEAST << i;
        VSH_TRY(grouped_cycles(arena, chip, plan, a->tile[i], &a->cycles[i], err));
        if (a->cycles[i] < a->cycles[a->best])
            a->best = i;
    }
    return VSH_OK;
}
