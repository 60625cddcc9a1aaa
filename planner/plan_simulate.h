/* One step of a run as vishwa-sim runs it: a process beside this one, asked and answering in JSON.
 */
#ifndef VSH_PLAN_SIMULATE_H
#define VSH_PLAN_SIMULATE_H

#include "core/step_question.h"
#include "core/text.h"
#include "planner/plan.h"

/* What is asked: the command line, and the description that the simulator finds at its input. */
typedef struct {
    const char *argv[VSH_STEP_WORDS]; /* closed by NULL */
    vsh_text model;
} plan_question;

/* One chip's share of a step of this run. program: the path of vishwa-sim. *exact is false when the
 * simulator knows no such recipe and takes the nearest optimizer. */
vsh_status plan_question_of(vsh_arena *arena, const char *program, const plan_request *request,
                            const plan_run *run, plan_question *question, bool *exact,
                            vsh_error *err);
bool plan_question_same(const plan_question *a, const plan_question *b);

/* Asks it. VSH_EINPUT when the simulator refuses (what the profile lacks), VSH_EMACHINE when it
 * fails, takes longer than limit, or says nothing of use. */
vsh_status plan_simulate(vsh_arena *arena, const plan_question *question, vsh_seconds limit,
                         plan_simulated *simulated, vsh_error *err);

/* The answer as it was written. VSH_EMACHINE. */
vsh_status plan_simulated_read(vsh_arena *arena, const char *bytes, size_t length,
                               plan_simulated *simulated, vsh_error *err);

#endif
