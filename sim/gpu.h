/* A matrix product on a GPU, as a library's kernel runs it: thread blocks, each with a tile of out,
 * are dealt over the streaming multiprocessors (SMs) wave after wave.
 *
 * As a sim_machine: a unit is an SM, rows x cols its tile of out, the dataflow os, the policy
 * serial. A slice of k takes the longest of three (`pace`): its multiply-adds, the operands' way
 * from the cache into the SM, and its share of the DRAM traffic. `latency` is what each wave pays
 * besides: first operands in, last results out. Few tiles may split k, and then add their parts.
 * So a wave less full than the others costs as much, and the best tile depends on the shape.
 *
 * A batched or grouped kernel runs many products with operands of their own side by side: the rows
 * of each are rounded up to whole tiles, the tiles of all fill the waves together, and every
 * operand passes DRAM. Where they differ in k the tiles are taken to stream the mean, which keeps
 * their work: dealt out as SMs come free, long and short ones even out, but for the longest, which
 * an SM streams to its end.
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
    double matrix_cycles; /* multiply-adds of whole tiles, averaged over the SMs */
    double memory_cycles; /* DRAM's, or the operands' way from the cache where that takes longer */
    double seconds;       /* from the kernel's start to its end, as a profiler sees it */
    double launched_seconds; /* the same called and awaited by the host */
} sim_gpu_result;

/* So many products (m,n) = (m,k) (k,n), each with operands of its own. */
typedef struct {
    int64_t m, k, times;
} sim_gpu_group;

/* What one kernel runs: groups that share n. */
typedef struct {
    const sim_gpu_group *group;
    int64_t groups;
    int64_t n;
    int64_t out_bytes;     /* of an element of the result; 0: as an activation's */
    double least_bytes;    /* through DRAM, whatever stays in the cache; 0: none known */
    bool lhs_in_registers; /* made and used there: only least_bytes pass DRAM */
} sim_gpu_kernel;

/* VSH_EINPUT as sim_gpu_product says, and without any product. */
vsh_status sim_gpu_run(vsh_arena *arena, const vsh_hardware *hardware, vsh_precision precision,
                       const sim_gpu_kernel *kernel, const sim_engine *engine,
                       sim_gpu_result *result, vsh_error *err);

/* (m,n) = (m,k) (k,n) in this precision. The tiling is chosen by the closed engine and run by
 * `engine`. VSH_EINPUT for a profile without matrix units, and what sim_check refuses. */
vsh_status sim_gpu_product(vsh_arena *arena, const vsh_hardware *hardware, vsh_precision precision,
                           int64_t m, int64_t n, int64_t k, const sim_engine *engine,
                           sim_gpu_result *result, vsh_error *err);

/* Seconds of an elementwise kernel on the chip: its bytes through DRAM and what a kernel pays. */
double sim_gpu_stream_seconds(const vsh_hardware *hardware, double bytes);

#endif
