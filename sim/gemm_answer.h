/* One product on one machine: the question, what an engine counted, and what that means. */
#ifndef VSH_GEMM_ANSWER_H
#define VSH_GEMM_ANSWER_H

#include "core/cost.h"
#include "core/json.h"
#include "core/term.h"
#include "sim/engine.h"

/* The first part is filled by who asks. */
typedef struct {
    const char *title;            /* of the machine, for people */
    const vsh_hardware *hardware; /* the profile; NULL: a bare array */
    int64_t m, n, k;              /* the product asked for */
    sim_machine machine;          /* as asked: SIM_IS is still SIM_IS */
    sim_product product;          /* of the busiest core: with one core, the whole */
    int64_t cores;                /* that share the product */
    int64_t busy_cores;           /* of them, with that part; 0: all */
    sim_product rest;             /* one other core's part, if any; all else does nothing */
    sim_product runner_up;        /* the next best block, and its cycles; 0: none was sought */
    int64_t runner_up_cycles;
    bool kernel;         /* of a GPU's or a CPU's library */
    double macs_a_cycle; /* of all units and cores at the peak */
    double dispatch;     /* s that a call from the host adds; NaN: unknown */
    const sim_engine *engine;
    int64_t count;     /* executions, one after another */
    double hertz;      /* of the matrix units; NaN: unknown */
    const char *clock; /* where hertz is from; NULL: unknown */

    sim_counts counts;                       /* of all executions, of one core */
    int64_t macs, bytes_read, bytes_written; /* of all cores */
    int64_t stall_cycles;                    /* more than with unlimited bandwidth */
    double matrix_busy, memory_busy, vector_busy, transpose_busy; /* cycles of each alone */
    vsh_bound bound;
    double utilization; /* multiply-adds done of those the units could do */
} sim_gemm_answer;

/* A product of a GPU or a CPU: machine, product, counts of one execution and its seconds are there;
 * compute_cycles: what it would take with memory that never waits. */
typedef struct {
    double seconds, compute_cycles, matrix_cycles, memory_cycles;
    sim_idle around; /* why units stand idle before and after the tiles */
} sim_kernel_time;

vsh_status sim_gemm_conclude_kernel(sim_gemm_answer *answer, const sim_kernel_time *time,
                                    vsh_error *err);

/* Runs the engine. VSH_EINPUT for what sim_check refuses and for counts beyond 63 bits. */
vsh_status sim_gemm_solve(vsh_arena *arena, sim_gemm_answer *answer, vsh_error *err);

/* Seconds of all executions; NaN where the clock is unknown. */
double sim_gemm_seconds(const sim_gemm_answer *answer);

/* gemm_report.c: for people, at most 80 columns; as one JSON object; every number's formula. */
void sim_gemm_print(const sim_gemm_answer *answer, vsh_term term, vsh_text *out);
void sim_gemm_explain(const sim_gemm_answer *answer, vsh_text *out);
void sim_gemm_write_json(const sim_gemm_answer *answer, bool explain, vsh_json *json);

#endif
