#include <math.h>

#include "planner/plan_simulate.h"

/* The largest model of the presets takes a fifth of a second on one core. */
#define LIMIT_S 20.0
/* A round asks about what the last one recommended; two or three do, unless two architectures take
 * turns. */
#define ROUNDS_MAX 6
/* Two architectures may each be the better one at the other's throughput; after this many rounds
 * the one recommended last is kept. */
#define ROUNDS_FREE 3
/* Whole steps that llm-foundry measured on 8 and 16 GPUs reach 0.66 to 1.0 of their simulation
 * (median 0.91 on A100, 0.77 on H100: docs/simulator.md); what a step has besides (host, input) is
 * not in it. Taken as the log sd of its throughput (docs/model.md, intervals). */
#define SIMULATED_LOG_SD 0.20
/* Where a profile lacks the figures of real kernels: the best product measured on an MI300X is 0.51
 * of its peak (the profile's note), the plain machine reaches 0.8 and more (assumed for others). */
#define PLAIN_LOG_SD 0.30
/* Model FLOPs are counts of the same operation list in both programs. */
#define FLOPS_TOLERANCE 1e-6

static plan_outcome outcome_of(const plan *p)
{
    const plan_run *run = &p->recommended;

    if (!plan_has_run(p))
        return (plan_outcome){.known = false};
    return (plan_outcome){.known = true,
                          .params = (double)run->parameters.total,
                          .params_active = (double)run->parameters.active,
                          .tokens = run->tokens,
                          .batch_tokens = run->batch_tokens,
                          .steps = run->steps,
                          .step_time_s = run->step_time_s,
                          .loss = run->loss,
                          .hours = run->hours};
}

/* The rate at which the plan's own formula gives the simulated time of a step. A chip updates its
 * share of the weights; the simulated one updated all. */
static vsh_status rate_of(const plan_request *r, const plan_run *run, const plan_simulated *s,
                          vsh_flop_rate *rate, vsh_error *err)
{
    double flops = run->batch_tokens / r->chips * run->flops_per_token;
    double time = s->time.v - s->optimizer.v * (1 - 1 / r->chips);

    if (fabs(s->model.v / flops - 1) > FLOPS_TOLERANCE)
        return vsh_fail(err, VSH_EMACHINE,
                        "vishwa-sim's answer: model_flops: expected %.9g as planned, got %.9g; are "
                        "the programs of one version?",
                        flops, s->model.v);
    rate->v = flops * run->recomputed / time;
    if (rate->v / run->recomputed > r->peak.v)
        return vsh_fail(err, VSH_EMACHINE,
                        "vishwa-sim's answer: %.4g TFLOP/s is above the chip's peak of %.4g",
                        rate->v / run->recomputed / 1e12, r->peak.v / 1e12);
    return VSH_OK;
}

static vsh_status plan_again(plan *p, const plan_check *check, vsh_error *err)
{
    const bool plain = check->simulation.caveat != NULL;
    plan_request request = p->request;

    request.effective = check->simulated;
    request.scenario = "simulated";
    request.throughput_source = "simulated by vishwa-sim";
    request.throughput_tag = plain ? VSH_TAG_ASSUMED : VSH_TAG_CALIBRATED; /* as its constants */
    request.throughput_log_sd = plain ? PLAIN_LOG_SD : SIMULATED_LOG_SD;
    if (check->kept)
        request.model = check->kept;
    VSH_TRY(plan_budget(&request, p, err));
    return plan_recommend(p, err);
}

static void warn_of_check(plan *p, const plan_check *check, bool exact)
{
    if (!check->answered)
        plan_warn(p, "throughput_unchecked",
                  "there is no run that vishwa-sim could be asked about: the throughput is the "
                  "assumed one");
    if (check->answered && !check->settled)
        plan_warn(
            p, "throughput_unsettled",
            "after %d rounds the simulated throughput still changes what it is simulated for: "
            "it is of another architecture than the recommended one",
            check->rounds);
    if (check->kept)
        plan_warn(p, "architecture_kept",
                  "architectures took turns at each other's throughput; after %d rounds the last "
                  "was kept",
                  ROUNDS_FREE);
    if (check->simulation.caveat)
        plan_warn(p, "simulated_at_best", "vishwa-sim: %.300s", check->simulation.caveat);
    if (!exact)
        plan_warn(p, "recipe_not_simulated",
                  "vishwa-sim knows no %s: the nearest optimizer was simulated",
                  p->request.recipe->name);
}

/* One round: what the plan recommends is simulated, and the budget priced with that. */
static vsh_status ask(vsh_arena *arena, const plan_question *question, plan *p, plan_check *check,
                      vsh_error *err)
{
    check->rounds++;
    VSH_TRY(plan_simulate(arena, question, (vsh_seconds){LIMIT_S}, &check->simulation, err));
    VSH_TRY(rate_of(&p->request, &p->recommended, &check->simulation, &check->simulated, err));
    check->recomputed = p->recommended.recomputed;
    check->answered = true;
    return plan_again(p, check, err);
}

static vsh_status keep_architecture(vsh_arena *arena, const plan *p, plan_check *check,
                                    vsh_error *err)
{
    vsh_model *kept = vsh_alloc(arena, 1, sizeof *kept);

    if (!kept)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    *kept = p->recommended.model;
    check->kept = kept;
    return VSH_OK;
}

vsh_status plan_check_throughput(vsh_arena *arena, const char *program, plan *p, vsh_error *err)
{
    const plan_request *r = &p->request;
    plan_check check = {.asked = true,
                        .assumed = r->effective,
                        .assumed_scenario = r->scenario,
                        .assumed_source = r->throughput_source,
                        .assumed_tag = r->throughput_tag,
                        .before = outcome_of(p)};
    plan_question question = {0}, next = {0};
    bool exact = true;

    if (plan_has_run(p))
        VSH_TRY(plan_question_of(arena, program, r, &p->recommended, &question, &exact, err));
    while (plan_has_run(p) && !check.settled && check.rounds < ROUNDS_MAX) {
        if (check.rounds == ROUNDS_FREE && !r->model)
            VSH_TRY(keep_architecture(arena, p, &check, err));
        VSH_TRY(ask(arena, &question, p, &check, err));
        if (plan_has_run(p))
            VSH_TRY(plan_question_of(arena, program, r, &p->recommended, &next, &exact, err));
        check.settled = !plan_has_run(p) || plan_question_same(&question, &next);
        question = next;
    }
    check.after = outcome_of(p);
    p->check = check;
    warn_of_check(p, &check, exact);
    return VSH_OK;
}
