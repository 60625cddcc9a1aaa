/* A training step of a small model, simulated and watched: what traces, figures and reports show.
 */
#ifndef VSH_WATCHED_STEP_H
#define VSH_WATCHED_STEP_H

#include "core/precision.h"
#include "sim/expert_rows.h"
#include "sim/sim_trace.h"
#include "sim/step_html.h"
#include "tests/harness.h"

typedef struct {
    const char *profile, *model; /* a file, a text */
    int64_t seq, sequences, micro_batches;
    int64_t spans_max;
} watched_question;

/* All of it in the test's arena. */
typedef struct {
    vsh_hardware hardware;
    vsh_model model;
    sim_expert_load load;
    sim_step_answer answer;
    sim_trace *trace;
    sim_report_input in;
} watched_step;

/* In bf16 with AdamW on one timeline; experts are loaded by Zipf's law. */
static inline watched_step *watch_step(const watched_question *q)
{
    vsh_arena *arena = vsh_test_arena();
    watched_step *s = vsh_alloc(arena, 1, sizeof *s);
    sim_step_answer *a = &s->answer;
    vsh_error err;

    REQUIRE(s);
    REQUIRE_OK(vsh_hardware_read(arena, q->profile, &s->hardware, &err), &err);
    REQUIRE_OK(sim_chip_from(&s->hardware, VSH_BF16, &a->chip, &err), &err);
    s->model = vsh_test_model(q->model);
    REQUIRE_OK(sim_expert_load_read(arena, s->model.experts.count ? "zipf" : "even", &s->model,
                                    &s->load, &err),
               &err);
    s->trace = sim_trace_open(arena, &a->chip, q->spans_max);
    REQUIRE(s->trace);
    a->engine = &sim_engines[SIM_EVENT];
    a->step = (sim_step){.model = &s->model,
                         .work = vsh_work_default(q->seq),
                         .micro_batches = q->micro_batches,
                         .load = &s->load};
    a->step.work.sequences = q->sequences;
    a->step.work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    REQUIRE_OK(
        sim_schedule(arena, &a->chip, &a->step, a->engine, &s->trace->watcher, &a->result, &err),
        &err);
    s->in = (sim_report_input){.answer = a,
                               .trace = s->trace,
                               .command = "vishwa-sim step --model 'a<b'",
                               .version = "vishwa-sim 0"};
    return s;
}

#endif
