/* The reference engine with the values at both ends. */
#ifndef VSH_REFERENCE_H
#define VSH_REFERENCE_H

#include "sim/engine.h"

/* lhs (m,k), or (k,m) as it lies when the product is transposed; rhs (k,n); out (m,n) is written by
 * the machine. The product passed sim_check and is oriented, and |lhs|, |rhs| are small enough that
 * k products fit in 63 bits. That out is the product is asserted: the machine itself is at fault
 * when it is not. */
vsh_status sim_reference_product(vsh_arena *arena, const sim_machine *machine,
                                 const sim_product *product, const int32_t *lhs, const int32_t *rhs,
                                 int64_t *out, sim_counts *counts, vsh_error *err);

#endif
