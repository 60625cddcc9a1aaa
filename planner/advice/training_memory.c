#include "planner/advice/training_memory.h"

#include <math.h>
#include <stdio.h>

#include "core/text.h"
#include "planner/advice/combination.h"
#include "planner/tuning/hyperparameters.h"

static vsh_status footprint_with(const plan_run *run, int64_t sequences, vsh_recompute_mode mode,
                                 vsh_footprint *footprint, vsh_error *err)
{
    vsh_work work = run->work;

    work.sequences = sequences;
    work.recompute = mode;
    return vsh_footprint_of(&run->model, &work, VSH_LOGIT_CHUNK, footprint, err);
}

vsh_status vsh_advise_accumulation(const plan *p, plan_advice *a, vsh_error *err)
{
    const plan_run *run = &p->recommended;
    double share = run->batch_tokens / (double)run->seq / p->request.chips;
    vsh_footprint whole;

    VSH_TRY(footprint_with(run, (int64_t)fmax(1, share), run->work.recompute, &whole, err));
    a->compute = a->loss = a->time = 0;
    a->applies = a->in_plan = run->accumulate > 1;
    a->memory_of = "activations";
    if (whole.total.v <= p->request.hardware->memory_bytes.value) /* else nobody would go without */
        a->memory_bytes = whole.total.v - run->footprint.total.v;
    snprintf(a->why, sizeof a->why,
             "%s The chip's share of the batch is %s sequences, %s at once against %s in steps of "
             "%s. Weights are updated once a batch either way: the products stay the same.",
             a->applies ? "In the plan already." : "Not needed: the whole share fits.",
             vsh_show_amount(share).text, vsh_show_bytes(whole.total.v).text,
             vsh_show_bytes(run->footprint.total.v).text,
             vsh_show_integer(run->work.sequences).text);
    return VSH_OK;
}

vsh_status vsh_advise_recompute(const plan *p, plan_advice *a, vsh_error *err)
{
    const plan_run *run = &p->recommended;
    const vsh_change full = {.recompute = true};
    vsh_footprint none, selective, all;
    plan_changed changed;
    bool used = run->work.recompute != VSH_RECOMPUTE_NONE;

    VSH_TRY(footprint_with(run, run->work.sequences, VSH_RECOMPUTE_NONE, &none, err));
    VSH_TRY(footprint_with(run, run->work.sequences, VSH_RECOMPUTE_SELECTIVE, &selective, err));
    VSH_TRY(footprint_with(run, run->work.sequences, VSH_RECOMPUTE_FULL, &all, err));
    a->compute = a->loss = 0;
    a->memory_bytes = none.total.v - all.total.v;
    a->memory_of = "activations";
    a->applies = a->in_plan = used;
    VSH_TRY(vsh_change_apply(p, run->loss_law, &full, &changed, NULL, err));
    a->time = used ? 1 - run->recomputed : changed.time;
    snprintf(a->why, sizeof a->why,
             "%s All layers again: %s instead of %s. Selective (attention's core): %s; tiled "
             "attention does that already. Model FLOPs stay, executed ones and time grow.",
             used ? "In the plan already, which does not fit without; figures are against none."
                  : "Not needed: the plan fits without.",
             vsh_show_bytes(all.total.v).text, vsh_show_bytes(none.total.v).text,
             vsh_show_bytes(selective.total.v).text);
    return VSH_OK;
}

vsh_status plan_recipe_frees(const plan_run *run, const vsh_recipe *recipe, double *bytes,
                             vsh_error *err)
{
    vsh_work work = run->work;
    vsh_footprint footprint;

    work.recipe = recipe;
    VSH_TRY(vsh_footprint_of(&run->model, &work, VSH_LOGIT_CHUNK, &footprint, err));
    *bytes = run->footprint.total.v - footprint.total.v;
    return VSH_OK;
}

vsh_status vsh_advise_adamw8bit(const plan *p, plan_advice *a, vsh_error *err)
{
    const plan_request *r = &p->request;
    const vsh_change eight_bit = {.recipe = vsh_recipe_for(r->precision, VSH_ADAMW8BIT)};
    double ratio = vsh_recipe_bytes(r->recipe) / vsh_recipe_bytes(eight_bit.recipe);
    plan_changed changed;

    if (ratio <= 1) {
        snprintf(a->why, sizeof a->why, "%s holds no more than that already.", r->recipe->name);
        return VSH_OK;
    }
    VSH_TRY(vsh_change_apply(p, p->recommended.loss_law, &eight_bit, &changed, NULL, err));
    /* where memory is enough it only frees some */
    a->applies = changed.compute > 0.01 || changed.time > 0.01;
    a->loss = 0;
    a->compute = changed.compute;
    a->time = changed.time;
    VSH_TRY(plan_recipe_frees(&p->recommended, eight_bit.recipe, &a->memory_bytes, err));
    a->memory_of = "optimizer state";
    snprintf(a->why, sizeof a->why,
             "%g bytes a parameter instead of %g: the largest model by memory alone is %s instead "
             "of %s. It saves compute only where memory keeps the plan below the law's size.",
             vsh_recipe_bytes(eight_bit.recipe), vsh_recipe_bytes(r->recipe),
             vsh_show_count(p->largest_params * ratio).text,
             vsh_show_count(p->largest_params).text);
    return VSH_OK;
}

enum { TIMES = 4 };

vsh_status vsh_advise_more_chips(const plan *p, plan_advice *a, vsh_error *err)
{
    const plan_run *run = &p->recommended;
    const vsh_footprint *f = &run->footprint;
    double critical = vsh_kaplan_critical_batch(run->loss);
    double most = critical / (double)run->seq;

    (void)err;
    a->compute = a->loss = 0;
    a->time = 1 - 1.0 / TIMES;
    a->usd = 0;
    a->memory_bytes = (f->weights.v + f->gradients.v + f->optimizer.v) * a->time;
    a->memory_of = "sharded state";
    a->applies = false; /* the same money and energy: hours are the reader's to weigh */
    snprintf(a->why, sizeof a->why,
             "%g chips for %g: the hours are divided, FLOPs, money and energy are not, and that is "
             "before communication. Batches help up to about %s tokens at this loss (Kaplan 2020): "
             "%s chips with a sequence each.",
             TIMES * p->request.chips, p->request.chips, vsh_show_count(critical).text,
             vsh_show_count(most).text);
    return VSH_OK;
}
