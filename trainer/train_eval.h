/* What eval finds out; train_eval.c finds it, train_eval_report.c shows it. */
#ifndef VSH_TRAIN_EVAL_H
#define VSH_TRAIN_EVAL_H

#include "core/progress.h"
#include "trainer/run/energy.h"
#include "trainer/study/held_out_loss.h"
#include "trainer/tasks/choice_baseline.h"
#include "trainer/tasks/choice_score.h"
#include "trainer/train_commands.h"

/* Tasks of multiple choice; lm is not one. */
enum { EVAL_CHOICES = 2, EVAL_PASSES = 2 };

/* What a pass took. */
typedef struct {
    vsh_seconds time;
    vsh_joules energy;
} eval_cost;

/* The name is also that of the file: NAME.jsonl. */
typedef struct {
    const char *name;
    vsh_choice_task task;
    vsh_choice_ids ids;
    vsh_choice_floor floor;
    vsh_choice_scores scores[EVAL_PASSES];
    eval_cost cost[EVAL_PASSES];
} eval_choice;

/* Pass 0 is what was asked for; with exits, pass 1 is the same at full depth. */
typedef struct {
    vsh_session *session;
    train_config *asked; /* what the command line said */
    vsh_loaded model;
    vsh_prepared data;
    vsh_exit_rule rule;
    int passes;
    bool energy_measured;
    /* of the pass that runs */
    vsh_progress progress;
    const char *stage;
    double stage_start;
    vsh_energy_meter meter;
    /* text */
    bool lm;
    vsh_held_out windows;
    vsh_exit_report report[EVAL_PASSES];
    eval_cost cost[EVAL_PASSES];
    double bytes;             /* of the text that counts */
    vsh_exit_report repeated; /* of --repeats: what pass 0 gives where the context repeats */
    eval_choice choice[EVAL_CHOICES];
    int choices;
} evaluation;

void train_show_eval(const evaluation *evaluation);

#endif
