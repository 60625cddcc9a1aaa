/* Seconds of matrix products as kernels run them: waves of tiles on a GPU, stationary tiles on a
 * systolic array. The formulas are those of sim/ (docs/simulator.md), closed, for ideal order. */
#ifndef VSH_MATRIX_TIME_H
#define VSH_MATRIX_TIME_H

#include <stdint.h>

#include "core/cost.h"
#include "planner/layout/chip_rate.h"

/* times products (m,n) = (m,k) (k,n) side by side in one kernel, operands of their own each. */
typedef struct {
    int64_t m, n, k, times;
} vsh_product;

/* One kernel's time on the chip, and what bounds it. */
vsh_op_cost vsh_matrix_time(const vsh_chip_rate *rate, vsh_product product);

#endif
