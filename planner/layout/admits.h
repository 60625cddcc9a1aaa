/* Which layouts a software runs: a search leaves the others out, an estimate says so. */
#ifndef VSH_ADMITS_H
#define VSH_ADMITS_H

#include "planner/layout/layout.h"

typedef struct {
    const char *software;
    bool zero[4];         /* stages of ZeRO that it has */
    int zero_piped;       /* the highest of them beside a pipeline */
    int64_t ways_most[4]; /* of tp, pp, cp and ep; 0: any */
    int64_t chunks_most;  /* interleave; 0: any */
    const char *source;   /* and how sure */
} vsh_admits;

/* By the name of a stack; NULL, also for NULL, where nothing is known: anything goes. */
const vsh_admits *vsh_admits_of(const char *software);

/* NULL when it runs the layout, else the key of --layout that it does not; admits may be NULL. */
const char *vsh_admits_not(const vsh_admits *admits, const vsh_layout *layout);

#endif
