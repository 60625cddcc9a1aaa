/* One matrix product on a chip: shared by its cores, cut into blocks, run by an engine. */
#ifndef VSH_PRODUCT_H
#define VSH_PRODUCT_H

#include "sim/gemm_answer.h"
#include "sim/tiling.h"

/* (m,n) = (m,k) (k,n). Zero bytes: those of the chip's precision. */
typedef struct {
    int64_t m, n, k;
    int64_t block[3];     /* block sides m, n, k of a hand-blocked kernel; 0: searched */
    sim_tile_terms terms; /* of the search; rows at a time that the kernel is held to */
    int64_t out_bytes;    /* of an element of the result */
    int64_t result_work;  /* operations of the vector unit on each result; 0: as 1 */
    bool transposed;      /* lhs lies as k by m */
    bool resident[SIM_OPERANDS];
    bool passing; /* block by block: attention's scores */
} sim_gemm;

/* The product as its busiest core runs it, with its block; ready for an engine. */
vsh_status sim_gemm_tile(const sim_chip *chip, const sim_gemm *gemm, sim_tilings *found,
                         vsh_error *err);

/* The product answered: question, engine, count and what the answer says of the chip (hertz,
 * macs_a_cycle) are filled by who asks; m, n, k and the machine here. */
vsh_status sim_gemm_answer_on_tpu(vsh_arena *arena, const sim_chip *chip, const sim_gemm *gemm,
                                  sim_gemm_answer *answer, vsh_error *err);

#endif
