/* One matrix product on a chip: shared by its cores, cut into blocks, run by an engine. */
#ifndef VSH_PRODUCT_H
#define VSH_PRODUCT_H

#include "core/cost.h"
#include "sim/tiling.h"

/* (m,n) = (m,k) (k,n). Zero bytes: those of the chip's precision. */
typedef struct {
    int64_t m, n, k;
    int64_t block[3];    /* block sides m, n, k of a hand-blocked kernel; 0: searched */
    int64_t tile_m;      /* rows at a time that the kernel is held to; 0: searched too */
    int64_t out_bytes;   /* of an element of the result */
    int64_t result_work; /* operations of the vector unit on each result; 0: as 1 */
    bool transposed;     /* lhs lies as k by m */
    bool resident[SIM_OPERANDS];
} sim_gemm;

/* Counts and cycles are of the busiest core; bytes and MACs of all. */
typedef struct {
    sim_tilings tilings; /* best: what was run */
    sim_counts counts;
    int64_t ideal_cycles; /* with unlimited bandwidth */
    int64_t macs, bytes_read, bytes_written;
    vsh_seconds time;
} sim_gemm_result;

/* The product as its busiest core runs it, with its block; ready for an engine. */
vsh_status sim_gemm_tile(const sim_chip *chip, const sim_gemm *gemm, sim_tilings *found,
                         vsh_error *err);

vsh_status sim_gemm_run(vsh_arena *arena, const sim_chip *chip, const sim_gemm *gemm,
                        const sim_engine *engine, sim_gemm_result *result, vsh_error *err);

/* What takes most of the time; fill when nothing is busy for half of it. */
vsh_bound sim_counts_bound(const sim_machine *machine, const sim_counts *counts);

#endif
