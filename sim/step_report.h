/* A simulated training step: the question, the result, and how both are shown. */
#ifndef VSH_STEP_REPORT_H
#define VSH_STEP_REPORT_H

#include "core/footprint.h"
#include "core/json.h"
#include "core/term.h"
#include "sim/expert_tiles.h"
#include "sim/step_schedule.h"

typedef struct {
    sim_chip chip;
    sim_step step;
    const sim_engine *engine;
    sim_step_time *result;
    sim_tile_advice *advice; /* for grouped products; NULL: there are none */
    int advice_count;
    vsh_footprint footprint; /* of a micro-batch on one chip */
    bool fits;
} sim_step_answer;

/* For people, at most 80 columns: the heaviest operations, or all; as one JSON object. */
void sim_step_print(const sim_step_answer *answer, bool every_operation, vsh_term term,
                    vsh_text *out);
void sim_step_write_json(const sim_step_answer *answer, bool explain, vsh_json *json);
/* Every number with its formula, every constant of the chip with its source. */
void sim_step_explain(const sim_step_answer *answer, vsh_text *out);

#endif
