#include "planner/advice/expert_layers.h"

#include <math.h>
#include <stdio.h>

#include "core/text.h"
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
static double saving_off_by(const plan *p, double saving, double nats)
{
    vsh_chinchilla dense = vsh_ludziejewski_form(1);
    double loss = vsh_ludziejewski_capped(p->flops, 1, p->largest_params).loss;

    return 1 - (1 - saving) * exp(nats / vsh_chinchilla_slope(&dense, loss));
}

static vsh_status advise(const plan *p, plan_advice *a, int64_t experts)
{
    const plan_run *run = find_alternative(p, experts);
    double E = (double)experts, limit = p->largest_params, crossover;

    if (!run || p->request.model) {
        snprintf(a->why, sizeof a->why, "%s",
                 p->request.model ? "The model was given; experts make another one of it."
                                  : "No model with so many experts fits.");
        return VSH_OK;
    }
    crossover = vsh_ludziejewski_crossover(run->point.params, E);
    a->memory_bytes = state_bytes(&p->recommended) - state_bytes(run);
    a->memory_of = "training state";
    if (p->data_limited) {
        a->loss = run->loss - p->recommended.loss;
    } else {
        a->compute = run->saving_flops;
        a->compute_low = saving_off_by(p, a->compute, HELD_OUT_NATS);
        a->compute_high = saving_off_by(p, a->compute, -HELD_OUT_NATS);
        a->time = run->saving_time;
        a->loss = vsh_ludziejewski_capped(p->flops, E, limit).loss -
                  vsh_ludziejewski_capped(p->flops, 1, limit).loss;
    }
    a->applies = a->loss < 0 && !(a->time < 0);
    snprintf(a->why, sizeof a->why,
             "%s of parameters for %s active; %s tokens in these hours, worse than dense below %s. "
             "MFU taken as %.2g of the dense model's%s.",
             vsh_show_count((double)run->parameters.total).text,
             vsh_show_count((double)run->parameters.active).text, vsh_show_count(run->tokens).text,
             vsh_show_count(crossover).text, PLAN_MOE_MFU_RATIO,
             p->data_limited ? "; tokens are short, so the loss is the change in equal time and "
                               "nothing is said at equal loss"
                             : "");
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
