/* The instruction loops that show what this processor multiplies and moves at its best. */
#ifndef VSH_KERNEL_LOOP_H
#define VSH_KERNEL_LOOP_H

#include <stdint.h>

#include "core/precision.h"
#include "core/units.h"

/* Where a loop starts and ends, 64 bytes each, twelve chains and their operands:
 *
 *   [r0][r1] ... [r11][x][y]
 */
enum { VSH_LOOP_CHAINS = 12, VSH_REGISTER_BYTES = 64 };
typedef struct {
    _Alignas(64) unsigned char bytes[(VSH_LOOP_CHAINS + 2) * VSH_REGISTER_BYTES];
} vsh_loop_registers;

/* How this processor multiplies in one precision. */
typedef struct {
    void (*run)(vsh_loop_registers *registers, int64_t iterations); /* NULL: not in hardware */
    vsh_flops work; /* of one iteration; a multiply-add is two */
    const char *name;
} vsh_kernel_loop;

/* a[i] = b[i] + 0.5 c[i].   a, b, c (count), a multiple of 16, aligned to 64 bytes */
typedef void vsh_triad(float *a, const float *b, const float *c, int64_t count);

typedef struct {
    vsh_kernel_loop loop[VSH_PRECISION_COUNT];
    vsh_triad *triad;
} vsh_kernel_loops;

/* The fastest that the processor says it has. */
vsh_kernel_loops vsh_kernel_loops_find(void);

/* Values that no iteration of any loop makes slow. */
void vsh_loop_registers_fill(vsh_loop_registers *registers);

#endif
