/* Large blocks of memory: whole pages from the system, huge pages asked for, placed over the NUMA
 * nodes of the machine. */
#ifndef VSH_BLOCK_H
#define VSH_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

typedef enum { VSH_PLACE_LOCAL, VSH_PLACE_INTERLEAVED } vsh_place;

typedef struct {
    void *data;    /* aligned to a page, zeroed */
    int64_t bytes; /* as asked for: what the planner predicts */
} vsh_block;

/* VSH_EMACHINE with "needs 3.2 GB, the machine has 1.1 GB free" when the system refuses. */
vsh_status vsh_block_reserve(const char *what, int64_t bytes, vsh_place place, vsh_block *block,
                             vsh_error *err);
void vsh_block_release(vsh_block *block);

/* Bytes a new process may still take: MemAvailable and the limit of the control group, the less. */
int64_t vsh_memory_available(void);
/* Resident bytes of this process now and at most so far; 0 when the system does not say. */
int64_t vsh_memory_resident(void);
int64_t vsh_memory_resident_peak(void);
/* "1 NUMA node", or "2 NUMA nodes, parameters interleaved". */
const char *vsh_numa_describe(void);

#endif
