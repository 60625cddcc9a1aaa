/* A simulated training step: the question, the result, and how both are shown. */
#ifndef VSH_STEP_REPORT_H
#define VSH_STEP_REPORT_H

#include "core/json.h"
#include "core/term.h"
#include "sim/step_schedule.h"

typedef struct {
    sim_chip chip;
    sim_step step;
    const sim_engine *engine;
    sim_step_time *result;
} sim_step_answer;

/* For people, at most 80 columns; as one JSON object. */
void sim_step_print(const sim_step_answer *answer, vsh_term term, vsh_text *out);
void sim_step_write_json(const sim_step_answer *answer, vsh_json *json);

#endif
