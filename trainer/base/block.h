/* Large blocks of memory: whole pages from the system, huge pages asked for, placed over the NUMA
 * nodes of the machine. */
#ifndef VSH_BLOCK_H
#define VSH_BLOCK_H

#include <stdint.h>

#include "core/status.h"
#include "trainer/base/memory.h"
#include "trainer/base/numa.h"

/* Local: on the node of the thread that first writes a page. */
typedef enum { VSH_PLACE_LOCAL, VSH_PLACE_INTERLEAVED } vsh_place;

typedef struct {
    void *data;    /* aligned to a page, to a huge page from 2 MiB on; zeroed */
    int64_t bytes; /* as asked for: what the planner predicts */
} vsh_block;

/* VSH_EMACHINE with "needs 3.2 GB, the machine has 1.1 GB free" when the system refuses, or would
 * end the process later: pages are taken when they are first written, so several blocks must be
 * counted together by who reserves them. */
vsh_status vsh_block_reserve(const char *what, int64_t bytes, vsh_place place, vsh_block *block,
                             vsh_error *err);
void vsh_block_release(vsh_block *block);

#endif
