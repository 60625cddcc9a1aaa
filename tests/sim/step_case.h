/* A training step to simulate: a profile, a model and what is asked, with the answer. */
#ifndef VSH_STEP_CASE_H
#define VSH_STEP_CASE_H

#include <stdio.h>
#include <string.h>

#include "core/precision.h"
#include "sim/expert_rows.h"
#include "sim/step_schedule.h"
#include "tests/harness.h"

typedef struct {
    vsh_arena arena; /* of all below */
    vsh_hardware hardware;
    vsh_model model;
    sim_chip chip;
    sim_expert_load load;
    sim_step step;
    sim_step_time *result;
} step_case;

static const char *const step_chips[] = {"tpu-v4", "tpu-v5e", "tpu-v6e"};
enum { STEP_CHIPS = sizeof step_chips / sizeof step_chips[0] };

/* One sequence of seq tokens in bf16 with AdamW, experts loaded evenly. model: NULL, or the path of
 * a preset; without one the caller fills in c->model. */
static inline void step_prepare(step_case *c, const char *profile, const char *model, int64_t seq)
{
    vsh_error err;
    char path[64];

    snprintf(path, sizeof path, "hwprofiles/%s.yaml", profile);
    REQUIRE_OK(vsh_hardware_read(&c->arena, path, &c->hardware, &err), &err);
    REQUIRE_OK(sim_chip_from(&c->hardware, VSH_BF16, &c->chip, &err), &err);
    if (model)
        REQUIRE_OK(vsh_model_read(&c->arena, model, &c->model, &err), &err);
    c->load = (sim_expert_load){"even", NULL, c->model.experts.count};
    c->step = (sim_step){
        .model = &c->model, .work = vsh_work_default(seq), .micro_batches = 1, .load = &c->load};
    c->step.work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
}

/* Operations one after another, nothing overlapping: the event engine under another address. */
static inline vsh_status step_alone_run(vsh_arena *arena, const sim_machine *machine,
                                        const sim_product *product, sim_counts *counts,
                                        vsh_error *err)
{
    return sim_event_run(arena, machine, product, counts, err);
}

static inline void step_run(step_case *c)
{
    vsh_error err;

    REQUIRE_OK(sim_schedule(&c->arena, &c->chip, &c->step, &sim_engines[SIM_EVENT], NULL,
                            &c->result, &err),
               &err);
}

static inline void step_run_alone(step_case *c)
{
    static const sim_engine alone = {"event", "one by one", step_alone_run};
    vsh_error err;

    REQUIRE_OK(sim_schedule(&c->arena, &c->chip, &c->step, &alone, NULL, &c->result, &err), &err);
}

/* Calls check on the step of a preset on every chip. */
static inline void step_each_chip(const char *model, int64_t seq, void (*check)(const step_case *c))
{
    for (int chip = 0; chip < STEP_CHIPS; chip++) {
        static step_case c;
        c = (step_case){0};
        step_prepare(&c, step_chips[chip], model, seq);
        step_run(&c);
        check(&c);
        vsh_arena_free(&c.arena);
    }
}

static inline const sim_op_time *step_op(const step_case *c, const char *name, vsh_phase phase)
{
    for (int i = 0; i < c->result->ops.count; i++)
        if (strcmp(c->result->op[i].op->name, name) == 0 && c->result->op[i].op->phase == phase)
            return &c->result->op[i];
    fprintf(stderr, "no operation %s %s\n", name, vsh_phase_names[phase]);
    REQUIRE(false);
    return NULL;
}

#endif
