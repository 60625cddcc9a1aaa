#include "planner/layout/mesh.h"

#include <assert.h>

vsh_mesh vsh_mesh_of(const vsh_fabric *f, const vsh_split *split, int64_t stages)
{
    int64_t tensor = vsh_ways(split->tensor), context = vsh_ways(split->context);
    int64_t expert = vsh_ways(split->expert), replicas = vsh_split_replicas(split);
    int64_t stage = tensor * replicas; /* chips of one */

    assert(f && stages > 0 && stage * stages <= f->chips);
    return (vsh_mesh){.axis = {[VSH_MESH_TENSOR] = vsh_route_of(f, (vsh_ranks){tensor, 1}),
                               [VSH_MESH_CONTEXT] = vsh_route_of(f, (vsh_ranks){context, tensor}),
                               [VSH_MESH_EXPERT] = vsh_route_of(f, (vsh_ranks){expert, tensor}),
                               [VSH_MESH_DATA] = vsh_route_of(f, (vsh_ranks){replicas, tensor}),
                               [VSH_MESH_PIPELINE] = vsh_route_of(f, (vsh_ranks){stages, stage})},
                      .expert_data =
                          vsh_route_of(f, (vsh_ranks){replicas / expert, tensor * expert}),
                      .ends = stages > 1 ? vsh_route_of(f, (vsh_ranks){2, stage * (stages - 1)})
                                         : (vsh_route){{{{0}}}},
                      .replicas = replicas};
}

static const vsh_route *route_of(const vsh_mesh *mesh, const vsh_op *op)
{
    if (op->axis == VSH_MESH_DATA && op->ranks != mesh->replicas)
        return &mesh->expert_data;
    if (op->axis == VSH_MESH_PIPELINE && op->collective != VSH_SEND)
        return &mesh->ends;
    return &mesh->axis[op->axis];
}

vsh_seconds vsh_mesh_time(const vsh_mesh *mesh, const vsh_op *op)
{
    double count = (double)op->count;

    assert(mesh && op && op->kind == VSH_OP_COLLECTIVE && op->count > 0);
    return vsh_seconds_times(
        vsh_route_time(route_of(mesh, op), op->collective, (vsh_bytes){op->bytes.v / count}),
        count);
}
