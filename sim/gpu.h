/* A matrix product on a GPU, as a library's kernel runs it: thread blocks, each with a tile of out,
 * are dealt over the streaming multiprocessors (SMs) wave after wave.
 *
 * As a sim_machine: a unit is an SM, rows x cols its tile of out, the dataflow os, the policy
 * serial. A slice of k takes the longest of three (`pace`): its multiply-adds, the operands' way
 * from the cache into the SM, and its share of the DRAM traffic. `latency` is what each wave pays
 * besides: first operands in, last results out. Few tiles may split k, and then add their parts.
 * So a wave less full than the others costs as much, and the best tile depends on the shape.
 *
 * A mechanism whose figure the profile lacks is off; matrix.units and matrix.clock are needed. */
#ifndef VSH_GPU_H
#define VSH_GPU_H

#include "core/cost.h"
#include "core/hardware.h"
#include "sim/engine.h"

/* One way to run a product. */
typedef struct {
    int64_t rows, cols; /* of a tile of out */
    int64_t splits;     /* parts of k, each with its own tiles */
    double seconds;     /* on the chip */
} sim_gpu_tiling;

/* What a slice of k takes of an SM, in cycles: the largest is the pace. */
typedef struct {
    double matrix, cache, memory;
} sim_gpu_pace;

typedef struct {
    sim_gpu_tiling tiling, runner_up; /* the next best of another tile or split */
    sim_machine machine;
    sim_product product; /* with k split: the parts below each other, padded to whole tiles */
    sim_counts counts;   /* of the engine; multiply-adds and bytes are the product's own */
    int64_t waves;
    sim_gpu_pace pace;
    double dram_bytes;
    double seconds;          /* from the kernel's start to its end, as a profiler sees it */
    double launched_seconds; /* the same called and awaited by the host */
    vsh_bound bound;         /* matrix, memory (the cache included), latency, or fill */
} sim_gpu_result;

/* (m,n) = (m,k) (k,n) in this precision. The tiling is chosen by the closed engine and run by
 * `engine`. VSH_EINPUT for a profile without matrix units, and what sim_check refuses. */
vsh_status sim_gpu_product(vsh_arena *arena, const vsh_hardware *hardware, vsh_precision precision,
                           int64_t m, int64_t n, int64_t k, const sim_engine *engine,
                           sim_gpu_result *result, vsh_error *err);

/* Seconds of an elementwise kernel on the chip: its bytes through DRAM and what a kernel pays. */
double sim_gpu_stream_seconds(const vsh_hardware *hardware, double bytes);

#endif
