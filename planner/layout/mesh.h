/* A layout's axes laid over a fabric, and the times of its collectives. Ranks are numbered as
 * Megatron-LM does (tp-cp-ep-dp-pp): tensor neighbours first, pipeline stages farthest apart. */
#ifndef VSH_MESH_H
#define VSH_MESH_H

#include "core/split.h"
#include "planner/layout/collective.h"

typedef struct {
    vsh_route axis[VSH_MESH_COUNT]; /* pipeline: to the next stage */
    vsh_route expert_data;          /* chips that hold the same routed experts */
    vsh_route ends;                 /* first and last stage: a tied table's two copies */
    int64_t replicas;               /* ranks of axis[VSH_MESH_DATA] */
} vsh_mesh;

/* tensor x context x data x stages chips of the fabric; expert divides data x context. */
vsh_mesh vsh_mesh_of(const vsh_fabric *fabric, const vsh_split *split, int64_t stages);

/* All executions of a collective of the list, one after another. */
vsh_seconds vsh_mesh_time(const vsh_mesh *mesh, const vsh_op *op);

#endif
