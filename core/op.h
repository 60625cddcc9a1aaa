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
    VSH_OP_MOVE,      /* only moves bytes: gathers, dispatch, combine */
    VSH_OP_COLLECTIVE /* between chips, always in the phase VSH_COMMUNICATION */
} vsh_op_kind;

/* What a collective does, and the bytes a chip brings to it, as NCCL's tests count sizes:
 *   all-reduce      the buffer, as long before as after
 *   all-gather      what every chip holds afterwards
 *   reduce-scatter  what every chip holds before
 *   all-to-all      what one chip holds before: ranks - 1 of ranks parts leave it
 *   send            the message */
typedef enum {
    VSH_COLLECTIVE_NONE,
    VSH_ALL_REDUCE,
    VSH_ALL_GATHER,
    VSH_REDUCE_SCATTER,
    VSH_ALL_TO_ALL,
    VSH_SEND,
    VSH_COLLECTIVE_COUNT
} vsh_collective;

extern const char *const vsh_collective_names[VSH_COLLECTIVE_COUNT];

/* Along which axis of the layout: VSH_MESH_DATA is data x context, for routed experts the part of
 * it that holds the same ones; the op's ranks say how many chips. */
typedef enum {
    VSH_MESH_TENSOR,
    VSH_MESH_CONTEXT,
    VSH_MESH_EXPERT,
    VSH_MESH_DATA,
    VSH_MESH_PIPELINE,
    VSH_MESH_COUNT
} vsh_mesh_axis;

extern const char *const vsh_mesh_names[VSH_MESH_COUNT];

/* What else is true of an operation of the forward list. */
enum {
    VSH_ROLE_LAYER = 1, /* inside a layer: full recomputation runs it again */
    VSH_ROLE_CORE = 2,  /* scores, softmax, values: selective recomputation runs it again */
    VSH_ROLE_TILES = 4, /* made again, tile by tile, by the backward pass of tiled attention */
    VSH_ROLE_CHEAP = 8, /* a lean runtime makes its result again rather than keep it */
    VSH_ROLE_ONCE = 16, /* a collective once a step; the others come with every micro-batch */
    VSH_ROLE_AHEAD = 32 /* a collective that other work may hide: what waits for it comes later */
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
    vsh_bytes bytes;        /* to and from memory, each operand once; a collective's size */
    vsh_bytes saved;        /* kept from the forward pass for the backward pass */
    vsh_collective collective;
    vsh_mesh_axis axis;
    int64_t ranks;    /* chips of the collective */
    vsh_phase during; /* the phase whose work it stands in */
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
