#include "planner/layout/collective.h"

#include <assert.h>
#include <math.h>

/* A ring of few members on a switch moves this much of a chunk more than (n-1)/n counts: fitted
 * with latency, launch and efficiency to VIA-Research/vTrain@f8dda8473a trace/a100 (NCCL all-reduce
 * on 2 to 8 A100, 1 MiB to 1 GiB). Calibrated; planner tests hold the errors. */
static const double ring_extra = 0.25;

/* Trees reach this share of a ring's bandwidth: NVIDIA/nccl@01afd20a src/graph/tuning.cc. */
static const double tree_share = 0.9;

static vsh_line twice(vsh_line one, double launch)
{
    return (vsh_line){2 * one.latency - launch, 2 * one.per_byte};
}

static void both(vsh_route *r, vsh_collective c, vsh_line line)
{
    r->way[c][0] = r->way[c][1] = line;
}

/* ---- nodes of switches --------------------------------------------------------------------- */

/* Every chip drives its own share of the node's way out, so a group with several members in a node
 * crosses with all of their shares; inner and outer links stream at the same time, and the slower
 * sets the pace. An all-to-all's sends are all posted at once: a step's latency, not n (assumed).
 */
static vsh_route switch_route(const vsh_fabric *f, const vsh_placement *p)
{
    double n = (double)p->n, inside = (double)p->inside, domains = (double)p->domains;
    double fast = p->inside > 1 ? (n - 1 + ring_extra) / n / f->fast : 0;
    double slow = p->domains > 1 ? (n - 1) / n / (inside * f->slow) : 0;
    double step = p->domains > 1 ? f->slow_hop : f->hop;
    vsh_line gather = {f->launch + (n - domains) * f->hop + (domains - 1) * f->slow_hop,
                       fmax(fast, slow)};
    vsh_line tree = {f->launch + 2 * (inside - 1) * f->hop + 2 * ceil(log2(domains)) * f->slow_hop,
                     2 * gather.per_byte / tree_share};
    vsh_route r = {0};

    both(&r, VSH_ALL_GATHER, gather);
    both(&r, VSH_REDUCE_SCATTER, gather);
    r.way[VSH_ALL_REDUCE][0] = twice(gather, f->launch);
    r.way[VSH_ALL_REDUCE][1] = p->domains > 1 ? tree : r.way[VSH_ALL_REDUCE][0];
    both(&r, VSH_ALL_TO_ALL,
         (vsh_line){f->launch + step, fmax((inside - 1) / n / f->fast,
                                           p->domains > 1 ? (n - inside) / n / f->slow : 0)});
    both(&r, VSH_SEND, (vsh_line){f->launch + step, 1 / (p->domains > 1 ? f->slow : f->fast)});
    return r;
}

/* ---- slices of a torus --------------------------------------------------------------------- */

/* Of the members in one slice. Both ways of a closed axis carry a gather at once; a line's last
 * chip has one. Groups that interleave share the links between their members. All axes work at
 * once. */
typedef struct {
    double inward;  /* B/s into a chip */
    double hops;    /* from a chip to the farthest */
    double crossed; /* all-to-all: bytes over the busiest link for each byte of a chip */
    double step;    /* links shared by neighbours' sends */
} torus_part;

static torus_part inside_slice(const vsh_fabric *f, const vsh_placement *p)
{
    torus_part t = {.step = 1};

    for (int a = 0; a < f->axes; a++) {
        double members = (double)p->members[a], step = (double)p->step[a];
        if (p->members[a] == 1)
            continue;
        t.inward += (p->ring[a] ? 2 : 1) * f->fast / step;
        t.hops += step * (p->ring[a] ? floor(members / 2) : members - 1);
        /* half of a line's bytes pass its middle, n/2 n/2 S/n; a ring has two middles, two ways */
        t.crossed = fmax(t.crossed, step * members / (p->ring[a] ? 8 : 4));
        t.step = fmax(t.step, step);
    }
    return t;
}

/* Slices exchange over the data centre what one slice has gathered or summed, in a tree's steps
 * (assumed). */
static vsh_route torus_route(const vsh_fabric *f, const vsh_placement *p)
{
    torus_part t = inside_slice(f, p);
    double n = (double)p->n, inside = (double)p->inside, domains = (double)p->domains;
    double wire = p->inside > 1 ? (inside - 1) / inside / t.inward : 0;
    double across = p->domains > 1 ? (domains - 1) / domains / inside / f->slow : 0;
    double latency = f->launch + t.hops * f->hop + ceil(log2(domains)) * f->slow_hop;
    vsh_line gather = {latency, wire + across};
    vsh_route r = {0};

    both(&r, VSH_ALL_GATHER, gather);
    both(&r, VSH_REDUCE_SCATTER, gather);
    both(&r, VSH_ALL_REDUCE, twice(gather, f->launch));
    both(&r, VSH_ALL_TO_ALL,
         (vsh_line){latency,
                    fmax(t.crossed / f->fast, p->domains > 1 ? (n - inside) / n / f->slow : 0)});
    both(&r, VSH_SEND,
         (vsh_line){f->launch + (p->domains > 1 ? f->slow_hop : t.step * f->hop),
                    p->domains > 1 ? 1 / f->slow : t.step / f->fast});
    return r;
}

vsh_route vsh_route_of(const vsh_fabric *f, vsh_ranks ranks)
{
    vsh_placement p = vsh_place(f, ranks);

    assert((ranks.n - 1) * ranks.stride < f->chips);
    if (ranks.n == 1)
        return (vsh_route){0};
    return f->axes ? torus_route(f, &p) : switch_route(f, &p);
}

vsh_seconds vsh_collective_time(const vsh_fabric *fabric, vsh_ranks ranks,
                                vsh_collective collective, vsh_bytes bytes)
{
    vsh_route route = vsh_route_of(fabric, ranks);

    return vsh_route_time(&route, collective, bytes);
}
