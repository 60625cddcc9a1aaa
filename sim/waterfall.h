/* Where the multiply-adds that a chip could have done went: what the model needs, what was done
 * beside, and what was lost, by cause; together exactly all. */
#ifndef VSH_WATERFALL_H
#define VSH_WATERFALL_H

#include "core/cost.h"
#include "sim/machine.h"

typedef enum {
    SIM_USEFUL,    /* the model's own multiply-adds */
    SIM_RECOMPUTE, /* done again for the backward pass */
    SIM_MASKED,    /* attention beyond the causal mask, in tiles */
    SIM_EXPERTS,   /* rows that experts pad: capacity, groups of rows, uneven loads */
    SIM_PADDING_M, /* rows rounded up to what enters together; cores with fewer rows */
    SIM_PADDING_N, /* partial tiles along n */
    SIM_PADDING_K, /* partial tiles along k */
    SIM_WEIGHTS,   /* changing the stationary tile */
    SIM_FILL,      /* filling and draining the array */
    SIM_UNITS,     /* units without a tile while others still have one */
    SIM_DMA_HEAD,  /* before the first operands of a product are there */
    SIM_DMA_TAIL,  /* after the last result, until it is written back */
    SIM_MEMORY,    /* memory bound */
    SIM_VECTOR,    /* vector unit bound */
    SIM_OVERHEAD,  /* beginning grid steps and kernels */
    SIM_SUSTAINED, /* the rate that large products hold, below the peak */
    SIM_CAUSES
} sim_cause;

extern const char *const sim_cause_words[SIM_CAUSES];

/* Multiply-adds that could have been done, by cause. */
typedef struct {
    double slots[SIM_CAUSES];
} sim_waterfall;

/* What one kind of operation did, over all its executions. */
typedef struct {
    double model_macs, executed_macs; /* as the operation list counts them */
    double run_macs;                  /* of the products given to the engine, at least executed */
    double padded_n, padded_k;        /* run_macs with n, and then k too, rounded up to tiles */
    bool recompute, attention, experts;
} sim_op_macs;

/* Multiply-adds a cycle of one unit: at the peak, and the rate that large products hold. */
typedef struct {
    double peak, held;
} sim_unit_rate;

/* Adds an operation on a machine, its cores alike: what counts say, times times, and macs, which
 * are of all of it. A pace slower than the unit's held rate is the memory's. */
void sim_waterfall_add(sim_waterfall *w, const sim_machine *machine, sim_unit_rate rate,
                       int64_t cores, const sim_counts *counts, double times,
                       const sim_op_macs *macs);

/* The resource that is busy longest of so many cycles; fill when it is under half of them. */
vsh_bound sim_bound_of(double cycles, double matrix, double memory, double vector);

/* Shares in the order of the causes; their sum, in any order, is exactly 1. */
void sim_waterfall_shares(const sim_waterfall *w, double shares[SIM_CAUSES]);

#endif
