/* Advice for grouped products: how many rows a kernel should take at a time when every expert's
 * rows are rounded up to whole tiles of rows (as grouped-product kernels such as Megablox do). */
#ifndef VSH_EXPERT_TILES_H
#define VSH_EXPERT_TILES_H

#include "sim/step_plan.h"

enum { SIM_ROW_TILES = 5 };

typedef struct {
    const vsh_op *op;
    int64_t rows_least, rows_most; /* of an expert */
    int64_t tile[SIM_ROW_TILES];   /* rows at a time */
    double cycles[SIM_ROW_TILES];  /* of one repetition of the layer */
    int best;
} sim_tile_advice;

/* For a planned expert operation on a TPU. */
vsh_status sim_advise_tiles(vsh_arena *arena, const sim_chip *chip, const sim_planned_op *plan,
                            sim_tile_advice *advice, vsh_error *err);

#endif
