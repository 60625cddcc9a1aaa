#include "planner/advice/expert_layers.h"

#include <math.h>
#include <stdio.h>

#include "core/text.h"
#include "planner/laws/experts.h"
#include "planner/laws/ludziejewski2025.h"

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

static void tell(const plan_run *run, const vsh_expert_row *row, plan_advice *a)
{
    snprintf(a->why, sizeof a->why,
             "%s parameters, %s active, on %s tokens in these hours; worse than dense below %s. "
             "By the joint law: %s. Time with an MFU of 0.75 - 0.80 of the dense model's: %.0f to "
             "%.0f %% saved.",
             vsh_show_count((double)run->parameters.total).text,
             vsh_show_count((double)run->parameters.active).text, vsh_show_count(run->tokens).text,
             vsh_show_count(row->crossover).text, vsh_expert_verdicts[row->verdict],
             100 * row->time_low, 100 * row->time_high);
    if (isnan(row->time_low))
        snprintf(a->why, sizeof a->why,
                 "%s parameters, %s active, on %s tokens; worse than dense below %s. By the joint "
                 "law: %s. Nothing is promised at equal loss.",
                 vsh_show_count((double)run->parameters.total).text,
                 vsh_show_count((double)run->parameters.active).text,
                 vsh_show_count(run->tokens).text, vsh_show_count(row->crossover).text,
                 vsh_expert_verdicts[row->verdict]);
}

static vsh_status advise(const plan *p, plan_advice *a, int64_t experts)
{
    const plan_run *run = find_alternative(p, experts);
    vsh_expert_limits limits = {.total_max = p->largest_params,
                                .unique = p->data_limited ? p->request.unique_tokens : 0};
    vsh_expert_row row;

    if (!run || p->request.model) {
        snprintf(a->why, sizeof a->why, "%s",
                 p->request.model ? "The model was given; experts make another one of it."
                                  : "No model with so many experts fits.");
        return VSH_OK;
    }
    row = vsh_experts_row(p->flops, (double)experts, limits);
    a->memory_bytes = state_bytes(&p->recommended) - state_bytes(run);
    a->memory_of = "training state";
    a->compute = row.saving;
    a->compute_low = saving_off_by(row.saving, row.best.loss - row.difference, HELD_OUT_NATS);
    a->compute_high = saving_off_by(row.saving, row.best.loss - row.difference, -HELD_OUT_NATS);
    a->time = isnan(row.saving) ? (double)NAN : run->saving_time;
    a->loss = row.difference;
    a->applies = row.verdict == VSH_EXPERTS_WIN; /* in hours, beyond the noise of a run */
    tell(run, &row, a);
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
