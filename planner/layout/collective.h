/* Times of collective operations: a route is all that a size needs to become a time. */
#ifndef VSH_COLLECTIVE_H
#define VSH_COLLECTIVE_H

#include "core/units.h"
#include "planner/layout/fabric.h"

/* What is moved of the S bytes:
 *   all-reduce      every chip has S and ends with the sum
 *   all-gather      every chip ends with S, and had S / n
 *   reduce-scatter  every chip has S, and ends with S / n of the sum
 *   all-to-all      every chip has S, and sends S / n to each
 *   send            every chip sends S to the next of its group */
typedef enum {
    VSH_ALL_REDUCE,
    VSH_ALL_GATHER,
    VSH_REDUCE_SCATTER,
    VSH_ALL_TO_ALL,
    VSH_SEND,
    VSH_COLLECTIVE_COUNT
} vsh_collective;

extern const char *const vsh_collective_names[VSH_COLLECTIVE_COUNT];

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
