/* The reference engine's array: R x C processing elements with their registers, stepped every
 * cycle, and the lines that feed them and take their results.
 *
 * Where the machine's times are those of a mesh (load R, mac_latency R + C - 2, latency R + C - 1
 * for ws and 2R + C - 2 for os, at most a row a cycle) the values move one element a cycle:
 *   ws  activations right and partial sums down, row r one cycle after row r - 1. Weights come down
 *       each column. serial: straight into the weight register, each row of them with a tag that
 *       says where it stops; double: the same into a shadow register; shift: the shadow registers
 *       of a column move down together. What swaps shadow and weight goes with the first row.
 *   os  lhs right, rhs down. Results of a tile leave down each column. serial and shift: by one
 *       register an element, which a column moves only after its last element has finished; double:
 *       held beside it until then.
 * A register that is overwritten while its value is wanted is a fault of the rules, and asserted or
 * seen in the product. With other times (a chip's), or more than a row a cycle, the elements work
 * without skew: a row meets the whole tile in the cycle in which it enters, its result comes out of
 * a line of `latency` cycles, its multiplies count as ended when it has been `mac_latency` cycles
 * in the line, and a stationary tile is there when its load ends.
 *
 * A row enters in the last of the cycles that its pace gives it. */
#ifndef VSH_REFERENCE_ARRAY_H
#define VSH_REFERENCE_ARRAY_H

#include "core/arena.h"
#include "sim/machine.h"

/* A fold while it runs. */
typedef struct {
    bool loaded, macs_ended;
    bool coming, out;  /* its first results come out in this cycle or did; all are out */
    bool worked, done; /* the vector unit has ended its work; both */
    int64_t left;      /* results that have not come out */
    int64_t *values;   /* those that have: rows x C, or R x C */
} sim_fold_state;

/* What enters in one cycle: rows of lhs (ws), or one k of lhs and rhs (os). */
typedef struct {
    int64_t begins;      /* the fold whose stream begins, or -1 */
    int64_t fold;        /* -1: nothing enters */
    bool ends;           /* with this */
    int64_t row, count;  /* of the fold */
    int32_t *left, *top; /* count x R, count x C */
} sim_wave;

typedef struct {
    int64_t row; /* of the tile, -1: none */
    int32_t *values;
} sim_weights;

typedef struct {
    const sim_machine *machine;
    sim_fold_state *folds;
    bool skewed;
    int64_t rows, cols;
    int64_t row_room; /* rows that may enter in one cycle */
    /* R x C each */
    int32_t *act;            /* lhs in each element */
    int32_t *weight;         /* ws: stationary; os: rhs in each element */
    int32_t *shadow;         /* ws */
    int32_t *coming, *tag;   /* ws: weights on their way down, and the row they are for */
    int64_t *sum;            /* partial sums (ws), accumulators (os) */
    int64_t *held, *leaving; /* os: results finished, results on their way down */
    int64_t *drain_left;     /* os, C: results that a column has yet to show */
    int64_t *drain_fold;     /* os, C */
    int64_t *enabled;        /* os, C: the column moves down */
    int64_t *zeros;          /* C */
    /* Lines: what entered d cycles ago. */
    int64_t depth, head, weights_depth, weights_head;
    sim_wave *waves;
    sim_weights *weights;
    int64_t busy; /* cycles until the lines are empty */
} sim_array;

/* False when memory is exhausted. */
bool sim_array_init(sim_array *array, vsh_arena *arena, const sim_machine *machine,
                    sim_fold_state *folds);

/* The stream of a fold begins with the coming cycle. */
void sim_array_begin(sim_array *array, int64_t fold);
/* In the coming cycle the first results of a fold come out, if any do. */
void sim_array_look(sim_array *array);
/* What enters in the coming cycle, to be filled: left and top are zeros. */
sim_wave *sim_array_wave(sim_array *array, int64_t fold);
/* A row of C weights through the port in the coming cycle, to be filled. Without skew the tile is
 * there when its load ends, and any number of rows may be given at once. */
int32_t *sim_array_weights(sim_array *array, int64_t row);

/* One cycle; true when an element multiplied. */
bool sim_array_cycle(sim_array *array);

#endif
