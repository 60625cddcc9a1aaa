/* The techniques behind one table: what the seed documents claim of each, what it rests on, and the
 * function that says what it saves in a plan. */
#ifndef VSH_TECHNIQUE_H
#define VSH_TECHNIQUE_H

#include "planner/plan.h"

/* How sure a figure is: read in the paper itself, in another's account of it, recalled and not
 * checked, or worked out here. */
typedef enum {
    VSH_EVIDENCE_PRIMARY,
    VSH_EVIDENCE_SECONDARY,
    VSH_EVIDENCE_MEMORY,
    VSH_EVIDENCE_DERIVED,
    VSH_EVIDENCE_COUNT
} vsh_evidence;

extern const char *const vsh_evidence_names[VSH_EVIDENCE_COUNT];

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
