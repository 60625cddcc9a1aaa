/* Whether experts pay: the command, what the main job says of it, and the section of its page. */
#ifndef VSH_PLAN_EXPERTS_H
#define VSH_PLAN_EXPERTS_H

#include "core/json.h"
#include "core/term.h"
#include "planner/laws/fine_experts.h"
#include "planner/plan.h"

/* The answer of the command. */
typedef struct {
    vsh_expert_table table;
    vsh_fine_row fine[VSH_FINE_ROWS];
    char verdict[400];
} plan_experts;

/* For the budget and the limits of a plan. */
void plan_experts_of(const plan *p, plan_experts *answer);

/* Where so many experts are worse than dense, at the active parameters and on the tokens of the
 * recommended run. */
vsh_expert_crossing plan_experts_crossing(const plan *p, double experts);

/* Where the recommended run stands to the crossover, with a warning when it is near it or below. */
void plan_experts_cross(plan *p);
/* That, as the key experts_crossover; null without a run. */
void plan_experts_write_crossing(const plan *p, vsh_json *json);

/* Of an alternative with experts: what it saves beside the dense run of the joint law, as a range
 * over the ratio of MFUs, and its crossover. */
void plan_experts_write_changed(const plan_run *run, vsh_json *json);

/* plan_experts_report.c */
/* verbose: with what each comparison and law is. */
void plan_experts_print(const plan *p, const plan_experts *answer, bool verbose, vsh_term term,
                        vsh_text *out);
void plan_experts_explain(const plan *p, const plan_experts *answer, vsh_text *out);
void plan_experts_write_json(const plan *p, const plan_experts *answer, bool explain,
                             vsh_json *json);
void plan_experts_write_page(const plan *p, vsh_text *page);

#endif
