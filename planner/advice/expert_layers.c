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

/* RMSE of the published law on runs held out, arXiv:2502.05172: nats. */
#define HELD_OUT_NATS 0.0039

/* The same saving were the law wrong by so much, through the slope of loss in ln C. */
static double saving_off_by(const plan *p, double saving, double nats)
{
    vsh_chinchilla dense = vsh_joint_form(plan_joint_law(&p->request), 1);

    return 1 - (1 - saving) * exp(nats / vsh_chinchilla_slope(&dense, p->dense_of_joint_law.loss));
}

vsh_expert_verdict vsh_judge_expert_run(const plan_run *run)
{
    const plan_changed *c = &run->changed;

    if (run->crossing.side == VSH_CROSSOVER_BELOW || c->loss_priced > VSH_EXPERTS_NOISE_NATS)
        return VSH_EXPERTS_LOSE;
    if (run->crossing.side == VSH_CROSSOVER_UNDECIDED)
        return VSH_EXPERTS_UNDECIDED;
    if (isnan(c->loss_flops) || !run->valid ||
        (run->loss_law == &vsh_ludziejewski2025 &&
         run->tokens / run->point.params >= VSH_EXPERTS_RATIO_MAX))
        return VSH_EXPERTS_OUTSIDE;
    if (c->loss_flops > -VSH_EXPERTS_NOISE_NATS)
        return VSH_EXPERTS_NOISE;
    return c->loss_high < -VSH_EXPERTS_NOISE_NATS ? VSH_EXPERTS_WIN : VSH_EXPERTS_FLOPS_ONLY;
}

/* What happens in the same hours, and at the same loss. */
static void tell(const plan *p, const plan_run *run, plan_advice *a)
{
    const plan_changed *c = &run->changed;
    vsh_expert_crossing at = plan_experts_crossing(p, run->point.experts);
    size_t room = sizeof a->why;
    int used = snprintf(a->why, room,
                        "%s parameters, %s active, on %s tokens in these hours. At the %s active "
                        "parameters of the plan worse than dense below %s tokens. By %s: %s.",
                        vsh_show_count((double)run->parameters.total).text,
                        vsh_show_count(run->crossing.params_active).text,
                        vsh_show_count(run->tokens).text, vsh_show_count(at.params_active).text,
                        vsh_show_count(at.crossover).text, plan_joint_law(&p->request)->title,
                        vsh_expert_verdicts[vsh_judge_expert_run(run)]);

    if (!isnan(c->loss))
        used += snprintf(a->why + used, room - (size_t)used, " Loss in these hours %+.3f to %+.3f.",
                         c->loss, c->loss_high);
    if (c->reaches)
        snprintf(a->why + used, room - (size_t)used,
                 " Its dense run (%s) is matched by %s on %s tokens; time %.0f to %.0f %% with an "
                 "MFU of " VSH_EXPERTS_MFU_WORDS " of dense.",
                 vsh_show_count(c->dense_params).text, vsh_show_count(c->params_total).text,
                 vsh_show_count(c->tokens).text, 100 * c->time_low, 100 * c->time);
    else
        snprintf(a->why + used, room - (size_t)used, " Nothing is promised at equal loss.");
}

/* As the plan's own alternative has it: one comparison for every command. */
static vsh_status advise(const plan *p, plan_advice *a, int64_t experts)
{
    const plan_run *run = find_alternative(p, experts);

    if (!run || p->request.model) {
        snprintf(a->why, sizeof a->why, "%s",
                 p->request.model ? "The model was given; experts make another one of it."
                                  : "No model with so many experts fits.");
        return VSH_OK;
    }
    a->memory_bytes = run->changed.memory_bytes;
    a->memory_of = "training, beside the joint law's dense run";
    a->compute = run->changed.compute;
    a->compute_low = saving_off_by(p, a->compute, HELD_OUT_NATS);
    a->compute_high = saving_off_by(p, a->compute, -HELD_OUT_NATS);
    a->time = run->changed.time;
    a->time_low = run->changed.time_low;
    a->usd = run->changed.usd;
    a->usd_low = run->changed.usd_low;
    a->loss = run->changed.loss_flops;
    a->applies = vsh_judge_expert_run(run) == VSH_EXPERTS_WIN; /* in hours, beyond the noise */
    tell(p, run, a);
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
