/* A matrix product on a CPU, as a library runs it: operands packed into the order the kernel reads
 * them in, then one register tile of out after another, dealt over the cores.
 *
 * As a sim_machine: a unit is a core, rows x cols its register tile, the dataflow os. A slice of k
 * takes a tile's multiply-adds at the rate of the profile's best measured product (`products`), or
 * of the peak where none was measured; so what a library loses inside a large product is in that
 * rate. Packing and out go through memory at its bandwidth, before and after: with few rows they
 * are most of the time. A product may also be run straight, unpacked, and then reads rhs once for
 * every tile of rows. The faster way is taken.
 *
 * matrix.units are the cores, matrix.rows x cols the register tile; a profile without them is one
 * core of the chip's whole rate with a tile of 6 x 16. */
#ifndef VSH_CPU_H
#define VSH_CPU_H

#include "core/cost.h"
#include "core/hardware.h"
#include "sim/engine.h"

typedef struct {
    bool packed;
    double other_seconds; /* the other way of the two */
    sim_machine machine;
    sim_product product;
    sim_counts counts;     /* of the engine; bytes are those through memory */
    double memory_seconds; /* packing and out, or the operands' streaming */
    double matrix_cycles;  /* streaming tiles, averaged over the cores */
    double memory_cycles;  /* memory_seconds in them */
    double seconds;
} sim_cpu_result;

/* (m,n) = (m,k) (k,n) in this precision. VSH_EINPUT for what sim_check refuses. */
vsh_status sim_cpu_product(vsh_arena *arena, const vsh_hardware *hardware, vsh_precision precision,
                           int64_t m, int64_t n, int64_t k, const sim_engine *engine,
                           sim_cpu_result *result, vsh_error *err);

#endif
