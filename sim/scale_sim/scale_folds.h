/* How SCALE-Sim cuts a layer into folds, and when in a fold an operand is asked for.
 *
 *        s_rows   s_cols   t            column folds outermost, row folds within
 *   os     m        n      k            every fold takes as long as a full one
 *   ws     k        n      m
 *   is     k        m      n
 */
#ifndef VSH_SCALE_FOLDS_H
#define VSH_SCALE_FOLDS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/scale_sim/scale_config.h"
#include "sim/scale_sim/scale_topology.h"

typedef struct {
    sim_dataflow dataflow;
    int64_t rows, cols; /* of the array */
    int64_t s_rows, s_cols, t;
    int64_t row_folds, col_folds, count;
    int64_t cycles; /* of one fold */
    int64_t last;   /* index of the last cycle of all: what the tool reports as their number */
    int64_t macs;   /* m n k */
    int64_t requests[SIM_OPERANDS]; /* words the array reads (ifmap, filter) or writes (ofmap) */
} sim_scale_folds;

/* VSH_EINPUT at line:path where a count does not fit 63 bits. */
vsh_status sim_scale_folds_of(const sim_scale_config *config, const sim_scale_layer *layer,
                              const char *path, sim_scale_folds *folds, vsh_error *err);

/* The words of one operand in one fold. Skewed: word (step, lane) is due at lead + step + lane;
 * otherwise all lanes of a step together. They are asked for by cycle and then by lane. */
typedef struct {
    bool skewed;
    int64_t lead, steps, lanes;
} sim_scale_tile;

sim_scale_tile sim_scale_tile_of(const sim_scale_folds *folds, sim_operand operand,
                                 int64_t row_fold, int64_t col_fold);
/* The cycle in the fold of the word at this place of the order. */
int64_t sim_scale_tile_cycle(const sim_scale_tile *tile, int64_t place);
/* Words due before that cycle of the fold. */
int64_t sim_scale_tile_before(const sim_scale_tile *tile, int64_t cycle);

/* The stationary operand is asked for once, tile by tile, and not skewed. */
bool sim_scale_is_stationary(sim_dataflow dataflow, sim_operand operand);
/* Its tile depends on the column fold alone (os: the filter), not on the row fold. */
bool sim_scale_goes_by_columns(sim_dataflow dataflow, sim_operand operand);

#endif
