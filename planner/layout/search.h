/* Every layout of a run on so many chips: which fit, and the best of them. Exhaustive: a layout is
 * left out only when it does not divide, or when its weights, gradients and optimizer alone are
 * more than a chip holds. */
#ifndef VSH_SEARCH_H
#define VSH_SEARCH_H

#include "core/thread_team.h"
#include "planner/layout/admits.h"
#include "planner/layout/memory_parts.h"
#include "planner/layout/step_time.h"

typedef enum { VSH_RANK_TIME, VSH_RANK_MONEY, VSH_RANK_MEMORY, VSH_RANK_COUNT } vsh_rank;
extern const char *const vsh_rank_words[]; /* closed by NULL */

/* Why a layout is not there, in the order in which it is asked. */
typedef enum {
    VSH_REFUSED_DIVIDE,   /* layers, heads, experts or tokens do not divide */
    VSH_REFUSED_BATCH,    /* nor the sequences of a step */
    VSH_REFUSED_ROUNDS,   /* interleaved micro-batches are no multiple of the stages */
    VSH_REFUSED_SOFTWARE, /* the stack does not run them */
    VSH_REFUSED_MEMORY,
    VSH_REFUSED_COUNT
} vsh_refusal;
extern const char *const vsh_refusal_words[VSH_REFUSED_COUNT];

typedef struct {
    int64_t chips;
    vsh_layout layout;
    int64_t micro;
    vsh_recompute_mode recompute;
    double step_s, memory_bytes;
    double chip_seconds; /* chips x step: what money is in proportion to */
} vsh_found;

/* The question. */
typedef struct {
    vsh_step_run run; /* all but layout, micro-batch and recomputation */
    const vsh_hardware *hardware;
    const vsh_stack *stack;
    const vsh_admits *admits; /* NULL: any layout */
    double capacity;          /* bytes of a chip */
    int64_t chips;
    bool fewer; /* also on those divisors of them that the network joins */
    vsh_rank rank;
    int keep; /* best ones wanted */
    int64_t threads;
    void (*progress)(void *context, double share, double seconds); /* NULL: none */
    void *context;
} vsh_search;

enum { VSH_FRONT_MAX = 512 };

/* The answer, whatever the number of threads; arrays are the arena's. */
typedef struct {
    int64_t considered; /* layouts of the space */
    int64_t refused[VSH_REFUSED_COUNT];
    int64_t evaluated; /* that divide: their memory is decided */
    int64_t fitting;   /* of them: their time is known */
    int64_t across;    /* of the fitting: tensor parallelism leaves a fast domain */
    vsh_found *best;   /* by rank; alike ones in the order of their layouts */
    int count;
    vsh_found *front; /* fitting ones that none other beats in time, memory and money */
    int front_count;
    double seconds;
} vsh_search_answer;

/* Which stands first by this rank; 0 only for the same layout. */
int vsh_found_order(vsh_rank rank, const vsh_found *a, const vsh_found *b);

vsh_status vsh_search_all(const vsh_search *search, vsh_arena *arena, vsh_search_answer *answer,
                          vsh_error *err);

#endif
