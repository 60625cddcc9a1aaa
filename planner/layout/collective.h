/* Times of collective operations: a route is all that a size needs to become a time. Sizes are
 * those of core/op.h. */
#ifndef VSH_COLLECTIVE_H
#define VSH_COLLECTIVE_H

#include "core/op.h"
#include "core/units.h"
#include "planner/layout/fabric.h"

/* Seconds of S bytes: latency + per_byte S. */
typedef struct {
    double latency, per_byte;
} vsh_line;

/* One group's prices. A collective takes the shorter of two ways: ring and tree, or the same. */
typedef struct {
    vsh_line way[VSH_COLLECTIVE_COUNT][2];
} vsh_route;

vsh_route vsh_route_of(const vsh_fabric *fabric, vsh_ranks ranks);

static inline vsh_seconds vsh_route_time(const vsh_route *route, vsh_collective collective,
                                         vsh_bytes bytes)
{
    const vsh_line *way = route->way[collective];
    double ring = way[0].latency + way[0].per_byte * bytes.v;
    double tree = way[1].latency + way[1].per_byte * bytes.v;

    return (vsh_seconds){bytes.v > 0 ? (ring < tree ? ring : tree) : 0};
}

/* The same for one question. */
vsh_seconds vsh_collective_time(const vsh_fabric *fabric, vsh_ranks ranks,
                                vsh_collective collective, vsh_bytes bytes);

#endif
