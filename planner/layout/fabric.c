#include "planner/layout/fabric.h"

#include <assert.h>

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static int axes_of(int topology)
{
    static const int axes[] = {[VSH_TOPOLOGY_RING] = 1,
                               [VSH_TOPOLOGY_TORUS2D] = 2,
                               [VSH_TOPOLOGY_TORUS3D] = 3,
                               [VSH_TOPOLOGY_SWITCH] = 0};

    return axes[topology];
}

/* The shape of a slice is as near to a square or cube as its factors let it be, the way TPU slices
 * are cut (8 x 16 of v5e, 16 x 20 x 28 of v5p): every prime, the largest first, to the side that is
 * shortest by then. Longest side first. */
static void shape_slice(vsh_fabric *f)
{
    int64_t rest = f->domain, prime[64];
    int count = 0;

    for (int64_t p = 2; p * p <= rest; p++)
        for (; rest % p == 0; rest /= p)
            prime[count++] = p;
    if (rest > 1)
        prime[count++] = rest;
    for (int a = 0; a < VSH_AXES_MAX; a++)
        f->extent[a] = 1;
    while (count-- > 0) {
        int shortest = f->axes - 1;
        f->extent[shortest] *= prime[count];
        for (int a = shortest; a > 0 && f->extent[a] > f->extent[a - 1]; a--) {
            int64_t longer = f->extent[a];
            f->extent[a] = f->extent[a - 1];
            f->extent[a - 1] = longer;
        }
    }
}

/* Two axes: each that is long enough closes by itself (v5e's of 16). Three: optical switches close
 * the axes of slices made of whole cubes, and of no others. */
static void close_axes(vsh_fabric *f, double wrap_at)
{
    int64_t side = (int64_t)wrap_at;
    bool cubes = true;

    for (int a = 0; a < f->axes; a++)
        cubes &= f->extent[a] % side == 0;
    for (int a = 0; a < f->axes; a++)
        f->wraps[a] = f->extent[a] > 2 && (f->axes == 3 ? cubes : f->extent[a] >= side);
}

static vsh_status cut_domains(const vsh_hardware *h, int64_t slice, vsh_fabric *f, vsh_error *err)
{
    int64_t group = h->group.known ? (int64_t)h->group.value : f->chips;

    f->domain = slice ? slice : least(group, f->chips);
    if (f->domain > group)
        return vsh_fail(err, VSH_EINPUT, "%s: a slice of %lld chips; %lld are joined at most",
                        h->name, (long long)f->domain, (long long)group);
    if (f->chips % f->domain != 0)
        return vsh_fail(err, VSH_EINPUT, "%s: %lld chips are no whole number of domains of %lld",
                        h->name, (long long)f->chips, (long long)f->domain);
    if (f->chips > f->domain && !h->inter_rate.known)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: %lld chips are more than a domain of %lld, and the profile has no "
                        "network.inter_bandwidth",
                        h->name, (long long)f->chips, (long long)f->domain);
    return VSH_OK;
}

vsh_status vsh_fabric_of(const vsh_hardware *h, const vsh_stack *stack, int64_t chips,
                         int64_t slice, vsh_fabric *f, vsh_error *err)
{
    assert(h && stack && f && chips > 0 && slice >= 0);
    *f = (vsh_fabric){.chips = chips, .domain = 1};
    if (chips == 1)
        return VSH_OK;
    if (h->topology == VSH_TOPOLOGY_NONE || !h->link_rate.known)
        return vsh_fail(err, VSH_EINPUT, "%s: no network in this profile joins %lld chips", h->name,
                        (long long)chips);
    VSH_TRY(cut_domains(h, slice, f, err));
    f->axes = axes_of(h->topology);
    if (f->axes) {
        shape_slice(f);
        close_axes(f, vsh_figure_or(&h->wrap_at, 3));
    }
    f->fast = h->link_rate.value * stack->link_fast;
    f->slow = vsh_figure_or(&h->inter_rate, 0) * stack->link_slow;
    f->launch = vsh_figure_or(&h->collective_launch, 0);
    f->hop = h->link_latency.value;
    f->slow_hop = vsh_figure_or(&h->inter_latency, h->link_latency.value);
    return VSH_OK;
}

/* Along an axis whose neighbours are `unit` ranks apart. */
static void place_on_axis(const vsh_fabric *f, vsh_ranks ranks, int axis, int64_t unit,
                          vsh_standing *p)
{
    int64_t extent = f->extent[axis], span = least(ranks.n * ranks.stride, f->domain);
    int64_t from = least(most(ranks.stride / unit, 1), extent);
    int64_t to = least(most((span + unit - 1) / unit, 1), extent);

    p->members[axis] = (to + from - 1) / from;
    p->step[axis] = from;
    p->ring[axis] = f->wraps[axis] && p->members[axis] > 2 && p->members[axis] * from == extent;
}

vsh_standing vsh_place(const vsh_fabric *f, vsh_ranks ranks)
{
    vsh_standing p = {.n = ranks.n, .inside = 1, .domains = 1};

    assert(ranks.n > 0 && ranks.stride > 0);
    if (f->domain == f->chips)
        p.inside = ranks.n;
    else if (ranks.stride < f->domain)
        p.inside = least(ranks.n, f->domain / ranks.stride);
    p.domains = (ranks.n + p.inside - 1) / p.inside;
    for (int64_t axis = 0, unit = 1; axis < f->axes; unit *= f->extent[axis], axis++)
        place_on_axis(f, ranks, (int)axis, unit, &p);
    return p;
}
