/* Machines whose memory is in several places. libnuma is loaded when it is asked for; a machine
 * without it is treated as one place. */
#ifndef VSH_NUMA_H
#define VSH_NUMA_H

#include <stdbool.h>
#include <stddef.h>

/* Spreads the pages, none touched yet, over all nodes in turn. false: one node, or no libnuma. */
bool vsh_numa_interleave(void *pages, size_t bytes);

/* "1 NUMA node", or "2 NUMA nodes, parameters interleaved". */
const char *vsh_numa_describe(void);

#endif
