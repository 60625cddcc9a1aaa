/* The one pool of threads. Work is cut into parts by shape alone, never by the number of threads,
 * so the same bits come out for any number of them. */
#ifndef VSH_POOL_H
#define VSH_POOL_H

#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"

typedef struct vsh_pool vsh_pool;

enum { VSH_POOL_THREADS_MAX = 1024 };

/* Called once for every part, on any thread; parts must not depend on each other. */
typedef void vsh_pool_work(void *context, int64_t part, int thread);

/* Starts threads - 1 threads; the caller of vsh_pool_run is number 0. All of them flush denormals
 * to zero. scratch is threads x scratch_bytes (a multiple of 64), or NULL where the work needs
 * none. VSH_EMACHINE when a thread does not start. */
vsh_status vsh_pool_start(vsh_arena *arena, int threads, void *scratch, int64_t scratch_bytes,
                          vsh_pool **pool, vsh_error *err);
void vsh_pool_stop(vsh_pool *pool);

int vsh_pool_threads(const vsh_pool *pool);
/* What a thread has for itself. */
void *vsh_pool_scratch(const vsh_pool *pool, int thread);

/* Returns when every part in [0, parts) is done. Never called from inside a part. */
void vsh_pool_run(vsh_pool *pool, vsh_pool_work *work, void *context, int64_t parts);

#endif
