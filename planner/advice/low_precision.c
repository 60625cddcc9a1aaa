#include "planner/advice/low_precision.h"

#include <math.h>
#include <stdio.h>

#include "core/text.h"
#include "planner/advice/combination.h"

/* Table 2 of appendix K: gamma and n of weights, activations, and keys and values; gamma_D of
 * quantizing after training. The paper's text writes equation 3 without n and says that it "is
 * really computed with offset"; with +n the optimum lies at 7.0 bits, as the paper has it. */
static const struct {
    double gamma, offset;
} kumar[] = {{2.6745, 0.3037}, {2.2102, 1.4072}, {0.9578, 2.4185}};
#define KUMAR_GAMMA_D 0.5068

double vsh_kumar_factor(double bits, double gamma, double offset)
{
    return 1 - exp(-bits / gamma + offset);
}

double vsh_kumar_effective_share(double weights, double activations, double cache)
{
    const double bits[] = {weights, activations, cache};
    double share = 1;

    for (int i = 0; i < 3; i++)
        if (bits[i] > 0)
            share *= vsh_kumar_factor(bits[i], kumar[i].gamma, kumar[i].offset);
    return share;
}

double vsh_kumar_after_training_ratio(double times) { return pow(times, KUMAR_GAMMA_D); }

double vsh_quantized_bytes(double bits, double group) { return (bits + 16 / group) / 8; }

static bool is_half(vsh_precision precision)
{
    return precision == VSH_BF16 || precision == VSH_FP16;
}

/* Bytes of a chip in 16 bits and in fp32, AdamW in both, at the plan's micro-batch. */
static vsh_status bytes_in(const plan_run *run, vsh_precision precision, double *bytes,
                           vsh_error *err)
{
    vsh_work work = run->work;
    vsh_footprint footprint;

    work.precision = precision;
    work.recipe = vsh_recipe_for(precision, VSH_ADAMW);
    VSH_TRY(vsh_footprint_of(&run->model, &work, VSH_LOGIT_CHUNK, &footprint, err));
    *bytes = footprint.total.v;
    return VSH_OK;
}

vsh_status vsh_advise_bf16(const plan *p, plan_advice *a, vsh_error *err)
{
    const plan_request *r = &p->request;
    vsh_precision half = r->hardware->peak[VSH_BF16].known ? VSH_BF16 : VSH_FP16;
    const vsh_figure *fast = &r->hardware->peak[half], *full = &r->hardware->peak[VSH_FP32];
    double before, after;

    if ((!is_half(r->precision) && r->precision != VSH_FP32) || !fast->known) {
        snprintf(a->why, sizeof a->why, "The plan is in %s%s.", vsh_precision_words[r->precision],
                 fast->known ? "" : ", and this profile has no 16-bit peak");
        return VSH_OK;
    }
    VSH_TRY(bytes_in(&p->recommended, VSH_FP32, &before, err));
    VSH_TRY(bytes_in(&p->recommended, half, &after, err));
    a->applies = true;
    a->in_plan = is_half(r->precision);
    a->compute = a->loss = 0;
    a->memory_bytes = before - after;
    a->memory_of = "activations";
    if (full->known && full->value < fast->value)
        a->time = 1 - full->value / fast->value;
    if (is_half(r->precision)) /* the plan's hours are those of 16 bits already */
        a->usd = p->recommended.bill.price_known ? p->recommended.bill.usd * a->time / (1 - a->time)
                                                 : (double)NAN;
    snprintf(a->why, sizeof a->why,
             "%s; figures are against fp32. State stays at 16 bytes a parameter with AdamW: what "
             "weights and gradients save pays for the fp32 master copy. %s",
             is_half(r->precision) ? "In the plan already" : "The plan is in fp32",
             full->known ? "Time: ratio of the peaks, where matrix products bind."
                         : "Time: this profile has no fp32 peak to compare with.");
    return VSH_OK;
}

/* The penalty of 8-bit weights alone is the milder end of the range. */
vsh_status vsh_advise_int8(const plan *p, plan_advice *a, vsh_error *err)
{
    double speed = vsh_int8_speed(&p->request), share = vsh_kumar_effective_share(8, 8, 8);
    const vsh_change int8 = {.int8 = true};
    vsh_point point = p->recommended.point;
    plan_changed changed;

    VSH_TRY(vsh_change_apply(p, p->recommended.loss_law, &int8, &changed, NULL, err));
    point.params *= share;
    if (vsh_law_speaks(p))
        a->loss = vsh_law_loss(p->recommended.loss_law, &point) -
                  vsh_law_loss(p->recommended.loss_law, &p->recommended.point);
    a->compute = changed.compute;
    if (changed.reaches) {
        a->compute_low = fmin(changed.compute, 1 - 1 / share);
        a->compute_high = 1 - 1 / vsh_kumar_effective_share(8, 0, 0);
    }
    a->time = changed.time;
    a->memory_bytes = 0;
    a->memory_of = "training state";
    a->applies = changed.time > 0;
    snprintf(a->why, sizeof a->why,
             "N counts as %.3f N (weights alone %.3f). %s Master weights, moments and the backward "
             "pass stay as they are.",
             share, vsh_kumar_effective_share(8, 0, 0),
             speed > 1 ? "The forward third runs at the int8 peak, at best."
             : p->request.precision == VSH_FP8 || p->request.precision == VSH_INT8
                 ? "The plan's products are of 8 bits already: this is the price in loss that its "
                   "own loss leaves out."
                 : "The profile has no int8 peak above the plan's: nothing runs faster.");
    return VSH_OK;
}

/* Groups of 64 weights share a scale (assumed: what libraries use). */
vsh_status vsh_advise_int8_serving(const plan *p, plan_advice *a, vsh_error *err)
{
    double params = (double)p->recommended.parameters.total;
    double bytes = vsh_quantized_bytes(8, 64);

    (void)err;
    a->applies = p->request.serve_tokens > 0;
    a->compute = 0;
    a->time = 0;
    a->memory_bytes = params * ((double)vsh_operand_bytes(VSH_BF16) - bytes);
    a->memory_of = "the model served";
    a->inference = 1 - bytes / (double)vsh_operand_bytes(VSH_BF16);
    snprintf(a->why, sizeof a->why,
             "%s of weights instead of %s; one stream of tokens is bound by reading them, so the "
             "share is of its time. The penalty grows as tokens^%.2f: ten times the tokens, %.1f "
             "times the penalty; its size here no published figure says.",
             vsh_show_bytes(params * bytes).text, vsh_show_bytes(2 * params).text, KUMAR_GAMMA_D,
             vsh_kumar_after_training_ratio(10));
    return VSH_OK;
}
