#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/explain.h"
#include "core/json.h"
#include "core/named.h"
#include "planner/laws/anchors.h"
#include "planner/laws/krajewski2024.h"
#include "planner/laws/muennighoff2023.h"
#include "planner/laws/uncertainty.h"
#include "planner/plan_commands.h"

enum { MEASURED_MAX = 3, WIDTH = 80, INDENT = 14 };

/* A run that was measured, and why it is quoted. */
typedef struct {
    const char *why;
    const vsh_anchor *run;
} quote;

typedef struct {
    const vsh_law *law;
    vsh_point point;
    double loss;        /* NaN of a law that only sizes */
    vsh_interval range; /* of the fit and of a new run's residual */
    bool valid;
    bool lower_bound; /* what a law of repeated tokens says beyond its data is no more */
    char reason[160];
    quote measured[MEASURED_MAX]; /* the nearest first */
    int measured_count;
} prediction;

/* ---- the point asked ---------------------------------------------------------------------------
 */

static vsh_status count_model(vsh_session *s, prediction *p, vsh_error *err)
{
    const plan_config *c = s->config;
    vsh_model *model = vsh_alloc(s->arena, 1, sizeof *model);
    vsh_parameters parameters;

    if (!model)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_named_model(s, c->model, model, err));
    VSH_TRY(vsh_count_parameters(model, &parameters, err));
    p->point.params = vsh_law_params(p->law, model, &parameters);
    if (!model->experts.count)
        return VSH_OK;
    if (isnan(c->experts))
        p->point.experts = vsh_law_experts(model);
    if (isnan(c->granularity) && model->experts.granularity > 1)
        p->point.granularity = (double)model->experts.granularity;
    return VSH_OK;
}

static vsh_status check_options(const plan_config *c, vsh_error *err)
{
    bool sized = !isnan(c->params) || c->model;

    if (!isnan(c->flops) && (sized || !isnan(c->tokens)))
        return vsh_fail(err, VSH_EINPUT,
                        "--flops: expected either a budget or a size and its tokens, got both");
    if (!isnan(c->params) && c->model)
        return vsh_fail(err, VSH_EINPUT, "--model: expected either a model or --params, got both");
    if (isnan(c->flops) && (!sized || isnan(c->tokens)))
        return vsh_fail(err, VSH_EINPUT, "--%s: expected a number such as %s, got nothing",
                        sized ? "tokens" : "params", sized ? "8B" : "350M");
    if (c->unique > c->tokens)
        return vsh_fail(err, VSH_EINPUT, "--unique: expected at most --tokens %.4g, got %.4g",
                        c->tokens, c->unique);
    return VSH_OK;
}

/* The size and tokens that the law would give the budget. */
static vsh_status spend(double flops, prediction *p, vsh_error *err)
{
    vsh_optimum best = vsh_law_optimum(p->law, flops, &p->point);

    if (!(isfinite(best.params) && isfinite(best.tokens)))
        return vsh_fail(err, VSH_EINPUT,
                        "--flops: %s cannot say how to spend a budget; give --params and --tokens",
                        p->law->name);
    p->point.params = best.params;
    p->point.tokens = best.tokens;
    return VSH_OK;
}

static vsh_status ask(vsh_session *s, prediction *p, vsh_error *err)
{
    const plan_config *c = s->config;
    bool fine_grained = p->law->granularity_high > 0;

    VSH_TRY(check_options(c, err));
    p->point =
        (vsh_point){c->params, c->tokens, isnan(c->unique) ? 0 : c->unique,
                    isnan(c->experts) ? 1 : c->experts, isnan(c->granularity) ? 0 : c->granularity};
    if (c->model)
        VSH_TRY(count_model(s, p, err));
    if (fine_grained && p->point.granularity == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "--granularity: %s needs it: the width of the MLP over that of an expert, "
                        "%g to %g",
                        p->law->name, p->law->granularity_low, p->law->granularity_high);
    if (fine_grained && isnan(c->experts) && !c->model)
        p->point.experts = p->law->experts_high; /* the only number it was fitted at */
    return isnan(c->flops) ? VSH_OK : spend(c->flops, p, err);
}

/* ---- what the law says, and what was measured --------------------------------------------------
 */

static void add_quote(prediction *p, const char *why, const vsh_anchor *run)
{
    for (int i = 0; i < p->measured_count; i++)
        if (p->measured[i].run == run)
            return;
    if (run)
        p->measured[p->measured_count++] = (quote){why, run};
}

static void find_measured(prediction *p)
{
    const vsh_point *at = &p->point;

    add_quote(p, "nearest",
              vsh_anchor_nearest_point(at->params, at->tokens, at->unique, p->law->anchor_corpus));
    if (vsh_point_repeats(at)) {
        add_quote(p, "nearest on as many unique tokens",
                  vsh_anchor_nearest_repeated(at->params, at->tokens, at->unique));
        add_quote(p, "best known on as many unique tokens", vsh_anchor_best(at->unique));
    }
}

static void judge(prediction *p)
{
    p->valid = vsh_law_valid(p->law, &p->point, p->reason, sizeof p->reason);
    p->lower_bound = !p->valid && p->law->form->repeats;
    if (p->loss > log(VSH_GUESSES)) {
        p->valid = p->lower_bound = false;
        snprintf(p->reason, sizeof p->reason,
                 "%.4g nats are above ln %.0f = %.1f, which guessing reaches", p->loss, VSH_GUESSES,
                 log(VSH_GUESSES));
    }
}

static vsh_status predict(const plan_config *c, prediction *p, vsh_error *err)
{
    vsh_draw_options draws = {.seed = (uint64_t)c->common.seed,
                              .residual_sd = vsh_law_residual(p->law)};

    p->loss = vsh_law_loss(p->law, &p->point);
    p->range = (vsh_interval){NAN, NAN};
    judge(p);
    find_measured(p);
    if (!p->law->form->loss)
        return VSH_OK;
    VSH_TRY(vsh_uncertain_loss(p->law, &p->point, &draws, &p->range, err));
    if (!isfinite(p->loss) || !isfinite(p->range.high))
        return vsh_fail(err, VSH_EINPUT, "%s: no finite loss at this point", p->law->name);
    return VSH_OK;
}

/* ---- as an explanation -------------------------------------------------------------------------
 */

enum { EXPLAINED_MAX = VSH_COEFFICIENTS + 12 };

/* Numbers without which there is no answer are left out: a law may only size. */
static int list_numbers(const prediction *p, vsh_explained lines[EXPLAINED_MAX])
{
    const vsh_law *law = p->law;
    const char *formula = law->form->formula;
    bool own = law->residual_sd > 0;
    const vsh_explained all[] = {
        {"loss", p->loss, "nats a token", formula, law->source, "calibrated"},
        {"loss, low end", p->range.low, "nats a token",
         law->covariance ? "2.5 % of 2,000 joint draws of coefficients and residual"
                         : "2.5 % of 2,000 draws of the residual; the covariance is not published",
         "docs/model.md, intervals", "derived"},
        {"loss, high end", p->range.high, "nats a token", "97.5 % of the same draws",
         "docs/model.md, intervals", "derived"},
        {"N", p->point.params, vsh_n_counts_names[law->n_counts], "as this law counts it",
         "the command line", "assumed"},
        {"D", p->point.tokens, "tokens", vsh_law_counted_tokens(law), "the command line",
         "assumed"},
        {"residual of a new run", vsh_law_residual(law), "relative sd", "of runs about the law",
         own ? law->source : "not published: one percent", own ? "measured" : "assumed"},
        {"offset", law->offset_runs ? law->offset : (double)NAN, "nats",
         "median of measured runs less the law, not added", vsh_anchor_corpora[law->anchor_corpus],
         "calibrated"}};
    int count = 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (isfinite(all[i].value))
            lines[count++] = all[i];
    for (int c = 0; law->form->coefficient[c]; c++)
        lines[count++] =
            (vsh_explained){law->form->coefficient[c],   law->coefficient[c], "",
                            "a coefficient of that law", law->source,         "calibrated"};
    return count;
}

/* ---- as JSON -----------------------------------------------------------------------------------
 */

/* Losses of two corpora do not compare. */
static bool is_of_corpus(const vsh_law *law, const vsh_anchor *run)
{
    return run->corpus == law->anchor_corpus;
}

static void write_run(vsh_json *json, const char *key, const vsh_law *law, const quote *q)
{
    vsh_json_object(json, key);
    vsh_json_string(json, "why", q->why);
    vsh_json_real(json, "params", q->run->params);
    vsh_json_real(json, "tokens", q->run->tokens);
    vsh_json_real(json, "unique_tokens", q->run->unique);
    vsh_json_real(json, "loss", q->run->loss);
    vsh_json_string(json, "corpus", vsh_anchor_corpora[q->run->corpus]);
    vsh_json_bool(json, "same_corpus", is_of_corpus(law, q->run));
    vsh_json_end(json);
}

static void write_point(const vsh_point *point, vsh_json *json)
{
    vsh_json_real(json, "params", point->params);
    vsh_json_real(json, "tokens", point->tokens);
    vsh_json_real(json, "unique_tokens", point->unique > 0 ? point->unique : point->tokens);
    vsh_json_real(json, "experts", point->experts);
    vsh_json_known(json, "granularity", point->granularity > 0 ? point->granularity : (double)NAN);
}

static void write_json(const prediction *p, bool explain, vsh_json *json)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "law", p->law->name);
    vsh_json_string(json, "n_counts", vsh_n_counts_names[p->law->n_counts]);
    write_point(&p->point, json);
    vsh_json_known(json, "loss", p->loss);
    vsh_json_known(json, "loss_low", p->range.low);
    vsh_json_known(json, "loss_high", p->range.high);
    vsh_json_bool(json, "valid", p->valid);
    vsh_json_string(json, "reason", p->valid ? NULL : p->reason);
    vsh_json_bool(json, "lower_bound", p->lower_bound);
    vsh_json_known(json, "offset_nats", p->law->offset_runs ? p->law->offset : (double)NAN);
    vsh_json_string(json, "corpus", p->law->corpus);
    write_run(json, "nearest_measured", p->law, &p->measured[0]);
    vsh_json_array(json, "measured");
    for (int i = 0; i < p->measured_count; i++)
        write_run(json, NULL, p->law, &p->measured[i]);
    vsh_json_end(json);
    if (explain)
        vsh_explain_write(lines, list_numbers(p, lines), json);
    vsh_json_end(json);
}

/* ---- on a terminal -----------------------------------------------------------------------------
 */

static void print_words(const char *label, const char *words, vsh_text *out)
{
    vsh_text_add(out, "  %-12s", label);
    vsh_text_wrap(out, words, INDENT, WIDTH);
}

static void print_head(const prediction *p, vsh_text *out)
{
    if (isnan(p->loss))
        vsh_text_add(out, "\n  no loss: %s says how to spend a budget, not what it reaches\n",
                     p->law->title);
    else if (p->loss > log(VSH_GUESSES))
        vsh_text_add(out, "\n  loss below %.2f, ln %.0f: %s does not reach models so small\n",
                     log(VSH_GUESSES), VSH_GUESSES, p->law->title);
    else if (p->lower_bound)
        vsh_text_add(out, "\n  loss above %.3f nats a token by %s: a lower bound only\n", p->loss,
                     p->law->title);
    else
        vsh_text_add(out, "\n  loss %.3f (%.3f - %.3f) nats a token by %s\n", p->loss, p->range.low,
                     p->range.high, p->law->title);
}

static void print_point(const prediction *p, vsh_text *out)
{
    const vsh_point *at = &p->point;
    char words[200], more[60] = "", fine[40] = "";

    if (vsh_point_repeats(at))
        snprintf(more, sizeof more, " (%s unique)", vsh_show_count(at->unique).text);
    else if (at->experts > 1)
        snprintf(more, sizeof more, ", %g experts", at->experts);
    if (at->granularity > 0)
        snprintf(fine, sizeof fine, ", granularity %g", at->granularity);
    snprintf(words, sizeof words, "%s parameters, %s tokens%s%s", vsh_show_count(at->params).text,
             vsh_show_count(at->tokens).text, more, fine);
    print_words("of", words, out);
    snprintf(words, sizeof words, "%s parameters; corpus %s", vsh_n_counts_names[p->law->n_counts],
             p->law->corpus);
    print_words("N counts", words, out);
}

static void print_offset(const vsh_law *law, vsh_text *out)
{
    char words[200];

    if (law->offset_runs == 0)
        return;
    snprintf(words, sizeof words,
             "measured runs on %s lie %.2f above this law (%.2f to %.2f, %d runs, calibrated)",
             vsh_anchor_corpora[law->anchor_corpus], law->offset, law->offset_low, law->offset_high,
             law->offset_runs);
    print_words("offset", words, out);
}

static void print_measured(const prediction *p, vsh_text *out)
{
    for (int i = 0; i < p->measured_count; i++) {
        const vsh_anchor *run = p->measured[i].run;
        char words[300], unique[60] = "";
        if (run->unique < run->tokens)
            snprintf(unique, sizeof unique, " (%s unique)", vsh_show_count(run->unique).text);
        snprintf(words, sizeof words, "%.3f, %s: %s parameters, %s tokens%s on %s%s", run->loss,
                 p->measured[i].why, vsh_show_count(run->params).text,
                 vsh_show_count(run->tokens).text, unique, vsh_anchor_corpora[run->corpus],
                 is_of_corpus(p->law, run) ? "" : ", another corpus");
        print_words(i ? "" : "measured", words, out);
    }
}

static void print(const prediction *p, bool explain, vsh_text *out)
{
    vsh_explained lines[EXPLAINED_MAX];

    print_head(p, out);
    if (!p->valid) {
        vsh_text_add(out, "  outside validated region: ");
        vsh_text_wrap(out, p->reason, 28, WIDTH);
    }
    print_point(p, out);
    print_offset(p->law, out);
    print_measured(p, out);
    vsh_text_add(out, "\n");
    if (explain)
        vsh_explain_print(lines, list_numbers(p, lines), out);
}

vsh_status plan_run_loss(vsh_session *s, vsh_error *err)
{
    const plan_config *config = s->config;
    prediction p = {0};

    VSH_TRY(plan_find_law(s->arena, config->law, &p.law, err));
    VSH_TRY(ask(s, &p, err));
    VSH_TRY(predict(config, &p, err));
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        write_json(&p, s->common->explain, &json);
    } else {
        print(&p, s->common->explain, &s->out);
    }
    return VSH_OK;
}
