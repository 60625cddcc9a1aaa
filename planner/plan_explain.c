#include <math.h>

#include "planner/laws/repetition.h"
#include "planner/plan_report.h"

/* Of the profile's figures the first ones are shown. */
enum {
    FIGURES_MAX = 32,
    EXPLAINED_MAX = 80 + PLAN_CHECK_EXPLAINED + PLAN_BILL_EXPLAINED + PLAN_DATA_EXPLAINED
};

static const char derived[] = "derived"; /* follows from the lines above it */

static int list_inputs(const plan *p, vsh_explained *lines)
{
    const plan_request *r = &p->request;
    vsh_hardware_row rows[VSH_HARDWARE_ROWS];
    int row_count = vsh_hardware_rows(r->hardware, rows), count = 0;

    for (int i = 0; i < row_count && count < FIGURES_MAX; i++)
        lines[count++] = (vsh_explained){
            rows[i].name,           rows[i].figure->value / rows[i].scale, rows[i].unit, "profile",
            rows[i].figure->source, vsh_tag_names[rows[i].figure->tag]};
    lines[count++] = (vsh_explained){"effective throughput", r->effective.v / 1e12,
                                     "TFLOP/s a chip",       r->scenario,
                                     r->throughput_source,   vsh_tag_names[r->throughput_tag]};
    return count;
}

/* Leaves out what is nothing here. */
static int keep(const vsh_explained *all, size_t all_count, vsh_explained *lines)
{
    int count = 0;

    for (size_t i = 0; i < all_count; i++)
        if (isfinite(all[i].value) && all[i].value != 0)
            lines[count++] = all[i];
    return count;
}

static int list_budget(const plan *p, vsh_explained *lines)
{
    const plan_run *run = &p->recommended;
    const vsh_explained all[] = {
        {"budget", p->flops, "FLOP", "chips x effective throughput x hours x 3600", "arithmetic",
         derived},
        {"rule parameters", p->rule.params, "", "C / (6 T E)", "Vishwamai founding paper", derived},
        {"bytes a parameter", vsh_recipe_bytes(p->request.recipe), "B",
         "weights + gradients + master + moments", p->request.recipe->source, "specification"},
        {"largest model by memory", p->largest_params, "",
         "(0.9 memory - 2 GB) / bytes a parameter", "docs/model.md, memory", derived},
        {"optimum parameters", p->optimum.params, "", p->request.law->form->formula,
         p->request.law->source, "calibrated"},
        {"optimum tokens", p->optimum.tokens, "", "C / (6 N)", p->request.law->source, derived},
        {"FLOPs a token", run->flops_per_token, "FLOP", "3 x forward, exact causal attention",
         "core/lower.c", derived},
        {"tokens", run->tokens, "", "steps x batch, within C / FLOPs a token", "arithmetic",
         derived},
    };

    return keep(all, sizeof all / sizeof all[0], lines);
}

static int list_loss(const plan *p, vsh_explained *lines)
{
    const plan_run *run = &p->recommended;
    const vsh_law *said = run->loss_law ? run->loss_law : p->request.law;
    const vsh_explained all[] = {
        {"loss", run->loss, "nats a token", said->form->formula, said->source, "calibrated"},
        {"loss, low end", run->loss_range.low, "nats a token",
         "2.5 % of 2,000 joint draws of coefficients, throughput and residual",
         "docs/model.md, intervals", derived},
        {"loss, high end", run->loss_range.high, "nats a token", "97.5 % of the same draws",
         "docs/model.md, intervals", derived},
        {"price of repetition", run->repetition_nats, "nats a token",
         "the law that knows repetition: on repeated less on fresh tokens",
         vsh_law_of_repetition(said)->source, "calibrated"},
        {"residual of a new run", vsh_law_residual(said), "relative sd", "of runs about the law",
         said->residual_sd > 0 ? said->source : "not published: one percent",
         said->residual_sd > 0 ? "measured" : "assumed"},
    };

    return keep(all, sizeof all / sizeof all[0], lines);
}

static int list_tuning(const plan *p, vsh_explained *lines)
{
    const plan_run *run = &p->recommended;
    const vsh_explained all[] = {
        {"steps", run->steps, "", "tokens / batch", "arithmetic", derived},
        {"batch", run->batch_tokens, "tokens", "power of two near the mean of those laws",
         "arXiv:2503.04715, 2401.02954, 2406.19146", "calibrated"},
        {"learning rate", run->tuning.rate, "",
         "geometric mean of the laws fitted where the run lies",
         "arXiv:2503.04715, 2401.02954, 2502.05172, 2406.19146", "calibrated"},
        {"warmup", run->tuning.schedule.warmup_steps, "steps",
         "2 % of the steps, within 1 % and N tokens, 100 and 2,000 steps",
         "arXiv:2402.07871, 2406.19146", "assumed"},
        {"cooldown", run->tuning.schedule.cooldown_share, "of the steps", "constant rate before it",
         "arXiv:2405.18392", "assumed"},
        {"beta2", run->tuning.schedule.beta2, "", ".99 up to 262,144 tokens a step, else .95",
         "arXiv:2406.19146", "assumed"},
        {"weight decay", run->tuning.schedule.weight_decay, "",
         "usual 0.1, ten times that from two epochs on", "arXiv:2605.01640", "assumed"},
        {"critical batch", run->tuning.critical_loss, "tokens", "2e8 / L^(1/0.21)",
         "Kaplan 2020, equation 1.4", "calibrated"},
        {"critical batch by tokens", run->tuning.critical_data, "tokens",
         "512 x 93.2 (D / 20e6)^0.47", "arXiv:2410.21676", "calibrated"},
    };

    return keep(all, sizeof all / sizeof all[0], lines);
}

static int list_time(const plan *p, vsh_explained *lines)
{
    const plan_run *run = &p->recommended;
    const vsh_explained all[] = {
        {"MFU", run->mfu, "", "model FLOPs / (peak x time)", "arithmetic", derived},
        {"roofline of a step", run->roofline_s, "s",
         "max of FLOPs / peak and bytes / bandwidth, by operation", "core/cost.c", derived},
        {"step time", run->step_time_s, "s",
         "batch x FLOPs a token / (chips x effective throughput)", "arithmetic", derived},
        {"hours, low end", run->hours_range.low, "h",
         "of these tokens at the high end of the throughput, no less than the roofline",
         "docs/model.md, intervals", derived},
        {"hours, high end", run->hours_range.high, "h", "at its low end",
         "docs/model.md, intervals", derived},
        {"memory", run->footprint.total.v / 1e9, "GB",
         "state + saved bytes of the op list + logits + 5 %", "core/footprint.c", derived},
        {"spread of throughput", p->request.throughput_log_sd, "log sd", "of a log-normal factor",
         "docs/model.md, intervals", "assumed"},
    };

    return keep(all, sizeof all / sizeof all[0], lines);
}

static int list_all(const plan *p, vsh_explained lines[EXPLAINED_MAX])
{
    int count = list_inputs(p, lines);

    count += plan_data_explain(p, lines + count);
    if (p->check.answered)
        count += plan_check_explain(p, lines + count);
    count += list_budget(p, lines + count);
    count += list_loss(p, lines + count);
    count += list_tuning(p, lines + count);
    count += list_time(p, lines + count);
    return count + plan_bill_explain(p, lines + count);
}

void plan_explain(const plan *p, vsh_text *out)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_explain_print(lines, list_all(p, lines), out);
}

void plan_explain_json(const plan *p, vsh_json *json)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_explain_write(lines, list_all(p, lines), json);
}
