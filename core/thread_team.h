/* A team of threads that repeats one piece of work, all starting together, and times it. */
#ifndef VSH_THREAD_TEAM_H
#define VSH_THREAD_TEAM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"
#include "core/units.h"

typedef struct vsh_team vsh_team;

/* Called on every thread with its number, from 0. */
typedef struct {
    bool (*prepare)(void *context, int64_t thread); /* once, may be NULL; false: it cannot work */
    void (*work)(void *context, int64_t thread);
    void *context;
    vsh_seconds lasting; /* repeated for this long, at least once */
} vsh_team_job;

/* Of repetitions, from the first thread's start to the last one's end. */
enum { VSH_TEAM_TIMES_MAX = 512 };
typedef struct {
    int count;
    vsh_seconds each[VSH_TEAM_TIMES_MAX];
} vsh_team_times;

/* CPUs the affinity mask allows; 0 when it cannot be read. */
int64_t vsh_team_cpus(void);

/* A team of at most size_max, the arena's. VSH_EMACHINE for memory. */
vsh_status vsh_team_form(vsh_arena *arena, int64_t size_max, vsh_team **team, vsh_error *err);

/* Does the job on size threads, the caller being number 0, and adds to *times until they are full.
 * They stay as they were when a thread could not prepare. VSH_EMACHINE when one does not start:
 * then none works. */
vsh_status vsh_team_run(vsh_team *team, const vsh_team_job *job, int64_t size,
                        vsh_team_times *times, vsh_error *err);

#endif
