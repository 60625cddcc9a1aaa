/* The network a job runs on, as plain numbers: fast domains (a node's switch, a slice of a torus)
 * joined by slower links, and where the members of a group of chips stand on it. */
#ifndef VSH_FABRIC_H
#define VSH_FABRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/hardware.h"
#include "planner/layout/stack_constants.h"

enum { VSH_AXES_MAX = 3 };

typedef struct {
    int axes;                     /* 0: chips of a domain hang on a switch; else a torus */
    int64_t chips;                /* of the job */
    int64_t domain;               /* chips of a fast domain */
    int64_t extent[VSH_AXES_MAX]; /* of a slice; chips are numbered along the longest axis first */
    bool wraps[VSH_AXES_MAX];
    double fast; /* B/s one way: of a chip on a switch, of one link of a torus; as reached */
    double slow; /* B/s one way of a chip to other domains, as reached */
    double launch, hop, slow_hop; /* s: before the first byte; a step inside; a step across */
} vsh_fabric;

/* slice: chips of a fast domain, 0: the profile's group, or all chips where they are fewer.
 * VSH_EINPUT without a network for several chips, and for chips that fill no whole domains. */
vsh_status vsh_fabric_of(const vsh_hardware *hardware, const vsh_stack *stack, int64_t chips,
                         int64_t slice, vsh_fabric *fabric, vsh_error *err);

/* A group: chips r, r + stride, ... r + (n-1) stride of a job numbered domain by domain. */
typedef struct {
    int64_t n, stride;
} vsh_ranks;

/* Where the members of a group stand; every group of these ranks alike. */
typedef struct {
    int64_t n;
    int64_t inside;                /* members in one domain, at least 1 */
    int64_t domains;               /* that hold members */
    int64_t members[VSH_AXES_MAX]; /* along each axis of a torus */
    int64_t step[VSH_AXES_MAX];    /* links from one to the next */
    bool ring[VSH_AXES_MAX];       /* they close around the torus */
} vsh_placement;

vsh_placement vsh_place(const vsh_fabric *fabric, vsh_ranks ranks);

#endif
