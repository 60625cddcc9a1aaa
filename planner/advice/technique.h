/* The techniques behind one table: what the seed documents claim of each, what it rests on, and the
 * function that says what it saves in a plan. */
#ifndef VSH_TECHNIQUE_H
#define VSH_TECHNIQUE_H

#include "planner/plan.h"

/* Fills a row that comes with NaN in every figure. Money follows from time unless it is filled. */
typedef vsh_status vsh_technique_fill(const plan *p, plan_advice *advice, vsh_error *err);

typedef struct vsh_technique {
    const char *name, *title;
    const char *claim; /* of the seed documents; NULL: they do not name it */
    vsh_evidence evidence;
    const char *source, *condition;
    vsh_technique_fill *fill;
} vsh_technique;

/* Whether the law's loss of the recommended run is one: below what guessing reaches. */
bool vsh_law_speaks(const plan *p);

enum { VSH_TECHNIQUE_COUNT = 18 };
extern const vsh_technique vsh_techniques[VSH_TECHNIQUE_COUNT];

#endif
