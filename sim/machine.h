/* clang-format off */
/* The machine that every engine runs, the product it runs, and what is counted. This page is the
 * specification: sim/timeline.c keeps it by integer recurrences, sim/reference.c by stepping every
 * processing element every cycle, sim/closed.c by formulas.
 *
 *        DRAM --channel--> scratchpad: lhs, rhs, out in `buffers` blocks each
 *                             |  rhs tile (weight port)
 *                             v
 *             lhs rows --> [ R x C processing elements ] x units --> vector unit --> out
 *
 * A product (m,n) = (m,k) (k,n) is cut into blocks; a grid step multiplies one lhs block by one rhs
 * block. Within a step a FOLD is one stationary tile and what is streamed past it:
 *   ws  stationary: a tile of rhs, R of k by C of n; a row of lhs enters every `pace` cycles
 *   os  stationary: a tile of out, R of m by C of n; one k of lhs and rhs enters every `pace` cycles
 * (is, input stationary, is ws of the transposed product; sim_product_oriented makes it so.)
 *
 * Time is in cycles from 0; intervals are half open. Rules:
 *
 *  1 Grid. Steps run over (i,j,l): i over blocks of m outermost, then j over n, l over k innermost;
 *    with n_outer, j outermost, then i. Edge blocks are smaller.
 *  2 Buffers. A step whose lhs (rhs) block is not the previous step's fetches it into the next of
 *    `buffers` buffers of that operand. A buffer is released when every unit has ended streaming the
 *    folds of the last step that used its block. Resident operands are never fetched or written.
 *    Unlimited bandwidth (bytes_num 0) is ideal memory: operands are there from the start, no buffer
 *    is waited for and a write-back has arrived when it is requested, so rules 2 to 4 never wait; bytes
 *    are counted as ever.
 *  3 Channel. It serves one transfer at a time, in program order: the fetches of step s (rhs, then
 *    lhs) come after the write-back of step s - buffers, if that step had one, and before that of step
 *    s - buffers + 1. A transfer of b bytes starts when the channel is free and it may be requested (a
 *    fetch: its buffer released; a write-back: its block complete), occupies the channel for
 *    ceil(b bytes_den / bytes_num) cycles, and has arrived `memory_latency` cycles later.
 *    With transposed lhs, an lhs block that arrived then passes the transpose unit, one block after
 *    another, in ceil(block's m / R) ceil(block's k / R) transpose cycles; only then it has arrived.
 *  4 Out buffers. A block of out takes the next of `buffers` buffers; its first step waits until the
 *    write-back that last used that buffer has left the channel.
 *  5 Ready. A step is ready at the latest of: its lhs and rhs arrived; its out buffer free; the previous
 *    step ready; and, where step_overhead > 0, every unit having ended the streams of earlier steps,
 *    plus step_overhead (step_overhead itself for the first).
 *  6 Folds of a step run in the order: chunks of stream_rows of the block's m (0: one chunk; ws only),
 *    tiles over n, tiles over k; os: tiles over m, tiles over n. Fold number f of the step (from 0) goes
 *    to unit f % units; with SIM_SPLIT_ROWS every fold goes to all units, each streaming its part of
 *    the rows: unit u those of [u q, min((u+1) q, rows)) with q = ceil(rows / units); a unit without
 *    rows has no fold (ws only). A unit runs its folds in order.
 *  7 A fold of ws streams its rows rounded up to row_group; of os its k. It takes
 *    ceil(streamed pace_num / pace_den) cycles of streaming. On its unit:
 *      ws load   begins at max(end of the unit's last load, step ready, S), where S is, of the unit's
 *                last fold: serial: its last MAC's end; shift: its stream's start + load - 1;
 *                double: its stream's start; lasts `load` cycles
 *      stream    begins at max(load's end (ws), last stream's end + bubble, step ready, result buffer
 *                free, D (os)), where D is: serial: the last fold's results out; shift: last stream's
 *                end + 2R - 1 - own streaming; double: last stream's end + R - own streaming
 *      last MAC  ends mac_latency after the end of the stream
 *      results   are out `latency` after the end of the stream
 *  8 Vector unit. With vector_rate > 0 it takes the results of folds one after another, in program
 *    order (with split rows: by unit), each for ceil(elements result_work / vector_rate) cycles, elements
 *    being streamed rows x C (ws) or R x C (os), from when the first of them are out: `latency` after the
 *    begin (ws) or the end (os) of the fold's stream. With accumulators only the folds of the last
 *    tile of k of the product have such work. A fold is done when its results are out and its work, if
 *    any, has ended. A fold with work starts streaming only when the unit's fold with work
 *    `result_buffers` before is done.
 *  9 A block of out is complete when all folds so far are done.
 * 10 The product ends when all folds are done and all write-backs have arrived.
 */
/* clang-format on */
#ifndef VSH_MACHINE_H
#define VSH_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

typedef enum { SIM_WS, SIM_OS, SIM_IS } sim_dataflow;
typedef enum { SIM_SERIAL, SIM_SHIFT, SIM_DOUBLE } sim_policy; /* of the stationary registers */
typedef enum { SIM_SPLIT_TILES, SIM_SPLIT_ROWS } sim_split;

extern const char *const sim_dataflow_words[], *const sim_policy_words[], *const sim_split_words[];

/* Cycles are of the matrix units' clock. */
typedef struct {
    int64_t rows, cols; /* R x C processing elements of a unit */
    int64_t units;
    sim_dataflow dataflow; /* SIM_WS or SIM_OS */
    sim_policy policy;
    int64_t load;               /* to load a stationary tile; a mesh: R */
    int64_t pace_num, pace_den; /* cycles a streamed row takes; a mesh: 1/1 */
    int64_t bubble;             /* between the streams of two tiles */
    int64_t mac_latency;        /* stream's end to last MAC's end; a mesh: R + C - 2 */
    int64_t latency;     /* stream's end to results out; a mesh: R + C - 1 (ws), 2R + C - 2 (os) */
    int64_t row_group;   /* rows are streamed in groups of this many */
    int64_t vector_rate; /* results a cycle; 0: they cost nothing */
    int64_t result_buffers;       /* at least 1 */
    bool accumulators;            /* partial sums over k stay in the unit */
    int64_t bytes_num, bytes_den; /* bytes a cycle to and from DRAM; bytes_num 0: unlimited */
    int64_t memory_latency;
    int64_t buffers;   /* at least 1; 2 is double buffering */
    int64_t transpose; /* cycles of the transpose unit for R x R elements */
    int64_t step_overhead;
} sim_machine;

typedef enum { SIM_LHS, SIM_RHS, SIM_OUT, SIM_OPERANDS } sim_operand;

/* Blocks are at most the product's sides. */
typedef struct {
    int64_t m, n, k;
    int64_t block_m, block_n, block_k;
    int64_t stream_rows;
    int64_t result_work; /* operations of the vector unit on each result; 1: takes or adds it */
    bool n_outer;
    sim_split split;
    int64_t element_bytes[SIM_OPERANDS]; /* read (lhs, rhs) and written (out) */
    bool transposed;                     /* lhs lies in memory as k by m */
    bool resident[SIM_OPERANDS];         /* in the scratchpad from the start, or left there */
    bool passing; /* what is resident is made and used block by block, and needs room for those */
} sim_product;

/* Why a unit was not streaming. A cycle between two folds of a unit (or before its first) has the
 * first of these causes that still holds then: BUBBLE until last stream's end + bubble; HEAD
 * (before the unit's first fold) or MEMORY until the step's operands have arrived and its out
 * buffer is free and the previous steps are ready; OVERHEAD until the step is ready; VECTOR until
 * the result buffer is free; FILL (before the first fold) or WEIGHTS until the stream begins. After
 * a unit's last fold (or from 0 without any): UNITS until the last unit has ended streaming, FILL
 * until all folds are done, TAIL until the product ends. "The previous steps are ready" counts as
 * their own causes do: a step's operand time is the latest of rule 5's first three over all steps
 * so far. */
typedef enum {
    SIM_IDLE_BUBBLE,
    SIM_IDLE_HEAD,
    SIM_IDLE_MEMORY,
    SIM_IDLE_OVERHEAD,
    SIM_IDLE_VECTOR,
    SIM_IDLE_WEIGHTS,
    SIM_IDLE_FILL,
    SIM_IDLE_UNITS,
    SIM_IDLE_TAIL,
    SIM_IDLE_CAUSES
} sim_idle;

extern const char *const sim_idle_words[SIM_IDLE_CAUSES];

/* units x cycles = streaming + the sum of idle. */
typedef struct {
    int64_t cycles;       /* first operand to last result outside, and written back */
    int64_t last_mac;     /* end of the last MAC */
    int64_t steps, folds; /* folds: streams over all units */
    int64_t macs;         /* m n k */
    int64_t streaming;    /* unit-cycles in which rows enter */
    int64_t loading;      /* unit-cycles of the weight ports */
    int64_t vector;       /* cycles of the vector unit */
    int64_t read, write;  /* cycles of the channel */
    int64_t transposing;  /* cycles of the transpose unit */
    int64_t bytes_read, bytes_written;
    int64_t idle[SIM_IDLE_CAUSES];
} sim_counts;

/* A bare mesh with ideal memory. */
sim_machine sim_mesh(int64_t rows, int64_t cols, sim_dataflow dataflow, sim_policy policy);

/* Multiply-adds that all units can do in a cycle. */
double sim_macs_a_cycle(const sim_machine *machine);

/* One block, bytes of fp32. */
sim_product sim_whole_product(int64_t m, int64_t n, int64_t k);
/* The product as the machine's engines run it: for SIM_IS transposed, and *machine set to SIM_WS.
 */
sim_product sim_product_oriented(const sim_product *product, sim_machine *machine);

/* VSH_EINPUT for a side below 1, an array side above 65,536, counts beyond 63 bits ... */
vsh_status sim_check(const sim_machine *machine, const sim_product *product, vsh_error *err);

#endif
