/* What can be answered without a model, from the words of the training text: how often they stand
 * near one another, or at all. docs/eval.md has the rules. Memory grows with the task alone. */
#ifndef VSH_CHOICE_BASELINE_H
#define VSH_CHOICE_BASELINE_H

#include "trainer/tasks/choice_task.h"
#include "trainer/tasks/proportion.h"

typedef struct vsh_choice_baseline vsh_choice_baseline;

/* VSH_EMACHINE. */
vsh_status vsh_choice_baseline_open(vsh_arena *arena, const vsh_choice_task *task,
                                    vsh_choice_baseline **baseline, vsh_error *err);
/* One document of training text. */
void vsh_choice_baseline_add(vsh_choice_baseline *baseline, const char *text, int64_t bytes);

typedef struct {
    const char *rule;     /* of words */
    vsh_proportion words; /* answers by it; of equals each counts in part */
    double majority;      /* the place that is right most often, always taken */
    double one_side;      /* the most that can be had without the prompt (the premise) */
} vsh_choice_floor;

vsh_status vsh_choice_baseline_answer(vsh_arena *arena, const vsh_choice_baseline *baseline,
                                      vsh_choice_floor *floor, vsh_error *err);

#endif
