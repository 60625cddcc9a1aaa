/* One operation of a training step, and the list of them: what the planner prices, the simulator
 * runs and the trainer executes. */
#ifndef VSH_OP_H
#define VSH_OP_H

#include <stdint.h>

#include "core/units.h"

typedef enum {
    VSH_FORWARD,
    VSH_RECOMPUTE,
    VSH_DGRAD,
    VSH_WGRAD,
    VSH_OPTIMIZER,
    VSH_COMMUNICATION,
    VSH_PHASE_COUNT
} vsh_phase;

typedef enum {
    VSH_OP_MATRIX,    /* Y (m,n) = X (m,k) W^T with weights W (n,k) */
    VSH_OP_ATTENTION, /* out (m,n) = A (m,k) B (k,n), both activations of one head */
    VSH_OP_VECTOR,    /* n elements in each of m rows, on the vector units */
    VSH_OP_MOVE       /* only moves bytes: gathers, dispatch, combine */
} vsh_op_kind;

/* What else is true of an operation of the forward list. */
enum {
    VSH_ROLE_LAYER = 1, /* inside a layer: full recomputation runs it again */
    VSH_ROLE_CORE = 2,  /* scores, softmax, values: selective recomputation runs it again */
    VSH_ROLE_TILES = 4, /* made again, tile by tile, by the backward pass of tiled attention */
    VSH_ROLE_CHEAP = 8  /* a lean runtime makes its result again rather than keep it */
};

extern const char *const vsh_phase_names[VSH_PHASE_COUNT];

enum { VSH_OP_NAME = 40 };

/* m, n, k are of one execution; everything below count is over all count executions. */
typedef struct {
    char name[VSH_OP_NAME]; /* with phase, the key that joins prediction, simulation, measurement */
    vsh_phase phase;
    vsh_op_kind kind;
    unsigned roles;
    int64_t m, n, k;
    int64_t count;
    int64_t model_macs;     /* exact causal attention, no padding, no recompute */
    int64_t executed_macs;  /* tiles, capacity, recompute */
    vsh_flops vector_flops; /* on the vector units */
    vsh_bytes bytes;        /* to and from memory, each operand once */
    vsh_bytes saved;        /* kept from the forward pass for the backward pass */
} vsh_op;

enum { VSH_OPS_MAX = 512 };

typedef struct {
    vsh_op item[VSH_OPS_MAX];
    int count;
} vsh_op_list;

/* Model FLOPs (2 a MAC) of the operations of a phase; executed counts padding and recompute. */
vsh_flops vsh_ops_model_flops(const vsh_op_list *ops, vsh_phase phase);
vsh_flops vsh_ops_executed_flops(const vsh_op_list *ops, vsh_phase phase);
/* Over forward, recompute, dgrad and wgrad. */
vsh_flops vsh_ops_step_model_flops(const vsh_op_list *ops);
vsh_flops vsh_ops_step_executed_flops(const vsh_op_list *ops);

#endif
