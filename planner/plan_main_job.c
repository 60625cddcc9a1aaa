#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/named.h"
#include "planner/plan_commands.h"
#include "planner/plan_report.h"
#include "planner/plan_target.h"

/* One constant misses measured step times by 7 % (TPU v5e) to 17.5 % (A100 clusters) on average
 * (docs/model.md, intervals): a log sd of 0.12 where a scenario states no range. */
#define THROUGHPUT_LOG_SD 0.12
/* Sequences of a plan for a given model, unless --seq says otherwise. */
#define SEQ_DEFAULT_MAX 4096

static vsh_status read_hours(const plan_config *c, double *hours, vsh_error *err)
{
    if (isnan(c->hours) == isnan(c->days))
        return vsh_fail(err, VSH_EINPUT,
                        isnan(c->hours) ? "--hours: expected a number such as 100, got nothing"
                                        : "--days: expected either hours or days, got both");
    *hours = isnan(c->hours) ? 24 * c->days : c->hours;
    return VSH_OK;
}

static double spread_of(const vsh_figure *figure)
{
    /* a stated range is taken as a 95 % interval */
    return figure->low < figure->high ? log(figure->high / figure->low) / (2 * PLAN_Z95)
                                      : THROUGHPUT_LOG_SD;
}

static vsh_status from_scenario(const vsh_hardware *h, plan_request *r, vsh_error *err)
{
    const vsh_scenario *scenario = &h->scenario[h->default_scenario];
    const vsh_figure *figure = vsh_scenario_figure(scenario);

    if (h->scenario_count == 0)
        return vsh_fail(
            err, VSH_EINPUT,
            "%s: no scenario says what training reaches; give --mfu or --effective-tflops",
            h->path);
    r->effective = vsh_scenario_rate(h, scenario, r->precision);
    r->scenario = scenario->name;
    r->throughput_source = figure->source ? figure->source : h->path;
    r->throughput_tag = figure->tag;
    r->throughput_log_sd = spread_of(figure);
    return VSH_OK;
}

/* The option's throughput, else that of the profile's default scenario. */
static vsh_status choose_throughput(const plan_config *c, const vsh_hardware *h, plan_request *r,
                                    vsh_error *err)
{
    if (!isnan(c->effective_tflops) && !isnan(c->mfu))
        return vsh_fail(err, VSH_EINPUT, "--mfu: expected either a share or TFLOP/s, got both");
    if (isnan(c->effective_tflops) && isnan(c->mfu)) {
        VSH_TRY(from_scenario(h, r, err));
    } else {
        bool share = !isnan(c->mfu);
        r->effective.v = share ? c->mfu * r->peak.v : 1e12 * c->effective_tflops;
        r->scenario = share ? "--mfu" : "--effective-tflops";
        r->throughput_source = "the command line";
        r->throughput_tag = VSH_TAG_ASSUMED;
        r->throughput_log_sd = THROUGHPUT_LOG_SD;
    }
    if (r->effective.v > r->peak.v)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: %.4g TFLOP/s is above the chip's %s peak of %.4g TFLOP/s", r->scenario,
                        r->effective.v / 1e12, vsh_precision_words[r->peak_of], r->peak.v / 1e12);
    return VSH_OK;
}

static vsh_status read_model(vsh_session *s, vsh_model *model, plan_request *r, vsh_error *err)
{
    const plan_config *config = s->config;

    if (!config->model)
        return VSH_OK;
    VSH_TRY(vsh_named_model(s, config->model, model, err));
    r->model = model;
    if (!r->seq) /* long contexts are trained last and briefly */
        r->seq = model->context < SEQ_DEFAULT_MAX ? model->context : SEQ_DEFAULT_MAX;
    return VSH_OK;
}

static vsh_precision choose_precision(const plan_config *c, const vsh_hardware *h)
{
    if (c->precision >= 0)
        return (vsh_precision)c->precision;
    return h->peak[VSH_BF16].known ? VSH_BF16 : h->peak[VSH_FP16].known ? VSH_FP16 : VSH_FP32;
}

static vsh_status find_sizing_law(vsh_session *s, const vsh_law **law, vsh_error *err)
{
    const plan_config *c = s->config;

    VSH_TRY(plan_find_law(s->arena, c->law, law, err));
    if ((*law)->form->no_tokens)
        return vsh_fail(err, VSH_EINPUT,
                        "--law: %s ignores tokens, so it cannot say how to spend a budget",
                        (*law)->name);
    return VSH_OK;
}

vsh_status plan_resolve(vsh_session *s, vsh_hardware *hardware, vsh_model *model, plan_request *r,
                        vsh_error *err)
{
    const plan_config *c = s->config;
    const vsh_figure *peak;

    *r = (plan_request){.hardware = hardware,
                        .chips = (double)c->chips,
                        .epochs = isnan(c->epochs) ? 3 : c->epochs, /* the paper's */
                        .serve_tokens = isnan(c->serve_tokens) ? 0 : c->serve_tokens,
                        .price_usd = isnan(c->price_usd) ? -1 : c->price_usd,
                        .seq = c->seq,
                        .seed = (uint64_t)c->common.seed};
    VSH_TRY(read_hours(c, &r->hours, err));
    VSH_TRY(plan_read_data(s, r, err));
    VSH_TRY(vsh_named_hardware(s, c->hw, c->refresh, hardware, err));
    r->precision = choose_precision(c, hardware);
    peak = vsh_hardware_peak(hardware, r->precision, &r->peak_of);
    r->peak.v = peak->value;
    if (c->recipe >= 0 && c->optimizer >= 0)
        return vsh_fail(err, VSH_EINPUT,
                        "--recipe: expected either a recipe or an optimizer, got both");
    r->recipe = c->recipe >= 0
                    ? vsh_recipe_at(c->recipe)
                    : vsh_recipe_for(r->precision,
                                     c->optimizer >= 0 ? (vsh_optimizer)c->optimizer : VSH_ADAMW);
    VSH_TRY(find_sizing_law(s, &r->law, err));
    VSH_TRY(vsh_region_find(c->region ? c->region : "us-central1", &r->region, err));
    VSH_TRY(choose_throughput(c, hardware, r, err));
    return read_model(s, model, r, err);
}

static vsh_status check_throughput(vsh_session *s, plan *p, vsh_error *err)
{
    const char *simulator;

    VSH_TRY(vsh_library_program(s->arena, "vishwa-sim", &simulator, err));
    return plan_check_throughput(s->arena, simulator, p, err);
}

static vsh_status aim(vsh_session *s, plan *p, vsh_error *err)
{
    const plan_config *config = s->config;
    plan_target *target = vsh_alloc(s->arena, 1, sizeof *target);

    if (!target)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    p->target = target;
    return plan_aim(p, config->target_loss, target, err);
}

static void talk_of_warnings(const plan *p, vsh_text *talk)
{
    for (int i = 0; i < p->warning_count; i++)
        vsh_text_add(talk, "vishwa-plan: %s: %s\n", p->warning[i].code, p->warning[i].message);
}

/* The answer stands when figures could not be drawn, and not when nothing could be written. */
static vsh_status write_report(vsh_session *s, const plan *p, vsh_error *err)
{
    const plan_config *config = s->config;
    bool drawn;

    VSH_TRY(plan_write_report(p, s->line, config->report, s->common->force, &drawn, err));
    vsh_text_add(&s->talk, "vishwa-plan: report in %s/index.html\n", config->report);
    if (drawn)
        return VSH_OK;
    s->answered = true;
    return vsh_fail(err, VSH_EMACHINE,
                    "--report: gnuplot could not draw; data and scripts are in %s (make deps)",
                    config->report);
}

vsh_status plan_make(vsh_session *s, plan **made, vsh_error *err)
{
    const plan_config *config = s->config;
    vsh_hardware *hardware = vsh_alloc(s->arena, 1, sizeof *hardware);
    vsh_model *model = vsh_alloc(s->arena, 1, sizeof *model);
    plan *p = vsh_alloc(s->arena, 1, sizeof *p);
    plan_request request;

    if (!hardware || !model || !p)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(plan_resolve(s, hardware, model, &request, err));
    VSH_TRY(plan_budget(&request, p, err));
    VSH_TRY(plan_recommend(p, err));
    if (config->check_throughput)
        VSH_TRY(check_throughput(s, p, err));
    VSH_TRY(plan_alternatives(p, err));
    if (!isnan(config->target_loss))
        VSH_TRY(aim(s, p, err));
    *made = p;
    return VSH_OK;
}

vsh_status plan_run_main_job(vsh_session *s, vsh_error *err)
{
    const plan_config *config = s->config;
    plan *p;

    VSH_TRY(plan_make(s, &p, err));
    if (s->common->json || config->report) /* the terminal shows none of it */
        VSH_TRY(plan_advise(p, err));
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        plan_write_json(p, s->common->explain, &json);
        if (json.refused)
            return vsh_fail(err, VSH_EINPUT, "a figure of the answer is out of range");
    } else {
        plan_print(p, s->term, s->line, s->common->verbose, &s->out);
        if (s->common->explain)
            plan_explain(p, &s->out);
    }
    if (s->common->json || s->common->verbose)
        talk_of_warnings(p, &s->talk);
    if (config->report)
        VSH_TRY(write_report(s, p, err));
    return p->recommends && (!p->target || p->target->reached) ? VSH_OK : VSH_ENO;
}
