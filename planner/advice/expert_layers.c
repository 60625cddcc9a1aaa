#include "planner/advice/expert_layers.h"

#include <math.h>
#include <stdio.h>

#include "core/text.h"
#include "planner/laws/experts.h"
#include "planner/laws/ludziejewski2025.h"
#include "planner/plan_experts.h"

static const plan_run *find_alternative(const plan *p, int64_t experts)
{
    for (int i = 0; i < p->alternative_count; i++)
        if (p->alternative[i].model.experts.count == experts && p->alternative[i].fits)
            return &p->alternative[i];
    return NULL;
}

static double state_bytes(const plan_run *run)
{
    const vsh_footprint *f = &run->footprint;

    return f->weights.v + f->gradients.v + f->optimizer.v;
}

/* RMSE of the law on runs held out, arXiv:2502.05172: nats. */
#define HELD_OUT_NATS 0.0039

/* The same saving were the law wrong by so much, through the slope of loss in ln C. */
static double saving_off_by(double saving, double dense_loss, double nats)
{
    vsh_chinchilla dense = vsh_ludziejewski_form(1);

    return 1 - (1 - saving) * exp(nats / vsh_chinchilla_slope(&dense, dense_loss));
}

static void tell(const plan *p, const plan_run *run, const vsh_expert_row *row, plan_advice *a)
{
    vsh_expert_crossing c = plan_experts_crossing(p, row->experts);
    char time[200] = "Nothing is promised at equal loss.";

    if (!isnan(row->saving))
        snprintf(time, sizeof time,
                 "Time with an MFU of " VSH_EXPERTS_MFU_WORDS " of the dense model's: %.0f to %.0f "
                 "%% saved, or %+.3f to %+.3f nats in the same hours.",
                 100 * run->saving_time_low + 0.0, 100 * run->saving_time + 0.0, row->hours_low,
                 row->hours_high);
    snprintf(a->why, sizeof a->why,
             "%s parameters, %s active, on %s tokens in these hours. At the %s active parameters "
             "of the plan worse than dense below %s tokens. By the joint law: %s. %s",
             vsh_show_count((double)run->parameters.total).text,
             vsh_show_count((double)run->parameters.active).text, vsh_show_count(run->tokens).text,
             vsh_show_count(c.params_active).text, vsh_show_count(c.crossover).text,
             vsh_expert_verdicts[row->verdict], time);
}

static vsh_status advise(const plan *p, plan_advice *a, int64_t experts)
{
    const plan_run *run = find_alternative(p, experts);
    vsh_expert_row row;

    if (!run || p->request.model) {
        snprintf(a->why, sizeof a->why, "%s",
                 p->request.model ? "The model was given; experts make another one of it."
                                  : "No model with so many experts fits.");
        return VSH_OK;
    }
    row = plan_experts_row(p, (double)experts);
    a->memory_bytes = state_bytes(&p->recommended) - state_bytes(run);
    a->memory_of = "training state";
    a->compute = row.saving;
    a->compute_low = saving_off_by(row.saving, row.best.loss - row.difference, HELD_OUT_NATS);
    a->compute_high = saving_off_by(row.saving, row.best.loss - row.difference, -HELD_OUT_NATS);
    a->time = run->saving_time;
    a->time_low = run->saving_time_low;
    a->loss = row.difference;
    a->applies = row.verdict == VSH_EXPERTS_WIN; /* in hours, beyond the noise of a run */
    tell(p, run, &row, a);
    return VSH_OK;
}

vsh_status vsh_advise_experts_4(const plan *p, plan_advice *a, vsh_error *err)
{
    (void)err;
    return advise(p, a, 4);
}

vsh_status vsh_advise_experts_8(const plan *p, plan_advice *a, vsh_error *err)
{
    (void)err;
    return advise(p, a, 8);
}
