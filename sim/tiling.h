/* The search for the blocks of a product that fit the scratchpad and take the least time. */
#ifndef VSH_TILING_H
#define VSH_TILING_H

#include "sim/chip.h"
#include "sim/engine.h"

typedef struct {
    sim_machine machine; /* of one core; a small product may run on its nearer units alone */
    sim_product product;
    int64_t cycles;
} sim_tiling;

typedef struct {
    sim_tiling best, second; /* second.cycles 0: no other fits */
    int64_t considered, fitting;
} sim_tilings;

/* Bytes the blocks of a product take in the scratchpad, all buffers and partial sums counted. */
int64_t sim_blocks_bytes(const sim_machine *machine, const sim_product *product);

/* What a search is held to. */
typedef struct {
    int64_t tile_m;   /* rows of a block and of a stream; 0: searched */
    bool near;        /* may choose the nearer half of the units, where the product is one tile */
    bool split_given; /* else the split is searched */
    sim_split split;
} sim_tile_terms;

/* Whole describes the product of one core with its bytes and what is resident; its blocks are
 * chosen here: all that fit are ranked by formulas, and those that by their least may be the best
 * are run by the event engine. VSH_EINPUT when nothing fits. */
vsh_status sim_tile(const sim_chip *chip, const sim_product *whole, const sim_tile_terms *terms,
                    sim_tilings *found, vsh_error *err);

#endif
