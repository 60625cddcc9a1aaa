/* A task of multiple choice, read from a JSONL file: docs/eval.md has its format. */
#ifndef VSH_CHOICE_TASK_H
#define VSH_CHOICE_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"

enum { VSH_CHOICES_MAX = 16, VSH_CHOICE_ITEMS_MAX = 1 << 20 };

/* The model says prompt and choice; the likeliest choice is its answer. */
typedef struct {
    const char *id;
    const char *prompt; /* may be empty */
    int32_t choices, answer;
    const char *const *choice;
    /* Say how likely a choice is anyhow: the same choices behind another prompt, or other choices.
     * NULL: nothing does. */
    const char *neutral_prompt;
    const char *const *neutral_choice;
    /* Of entailment, where the answer's place is the label; else NULL. */
    const char *premise, *hypothesis;
    bool begins; /* of another group than the one before: groups are not independent within */
} vsh_choice_item;

typedef struct {
    const char *path;
    const vsh_choice_item *item;
    int64_t items;
    double chance; /* expected of one who draws lots */
} vsh_choice_task;

/* VSH_EINPUT with "FILE:LINE: what" for a line that is no item, and for a file without one. */
vsh_status vsh_choice_task_read(vsh_arena *arena, const char *path, vsh_choice_task *task,
                                vsh_error *err);

#endif
