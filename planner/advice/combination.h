/* Techniques that change the run itself, applied to a plan together: savings are never added, the
 * run is made again through the law and the throughput model. */
#ifndef VSH_COMBINATION_H
#define VSH_COMBINATION_H

#include "planner/plan.h"

/* Fields at zero change nothing. */
typedef struct {
    int64_t experts;
    int64_t exits; /* heads, the last included */
    bool int8;     /* weights, activations, keys and values, in the forward pass */
    bool recompute;
    const vsh_recipe *recipe;
} vsh_change;

enum { VSH_CHANGES_MAX = 8 };

/* The changes of "experts-8,int8,early-exit-3,adamw8bit,recompute", each alone, at most one of a
 * kind. VSH_EINPUT names the word that is none. name: as written, in the arena. */
typedef struct {
    int count;
    const char *name[VSH_CHANGES_MAX];
    vsh_change change[VSH_CHANGES_MAX];
} vsh_change_list;
vsh_status vsh_changes_read(vsh_arena *arena, const char *text, vsh_precision precision,
                            vsh_change_list *list, vsh_error *err);
/* All of them as one. */
vsh_change vsh_changes_join(const vsh_change_list *list);

/* law: decides, and must know the experts of the change. Where the tokens at hand end the run no
 * law knows the change, and what touches the loss does not reach; of experts the difference in the
 * same hours is then the dense-priced one (experts.h). No saving is said below the crossover, or
 * where a run is capped. in_hours, unless NULL: the run with new experts in the same hours; without
 * layers when there are none. */
vsh_status vsh_change_apply(const plan *p, const vsh_law *law, const vsh_change *change,
                            plan_changed *changed, plan_run *in_hours, vsh_error *err);

/* Speed of int8 matrix products, those of the plan being 1; 1 where the chip has none. */
double vsh_int8_speed(const plan_request *request);

#endif
