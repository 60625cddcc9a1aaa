#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/explain.h"
#include "planner/fit/identify.h"
#include "planner/laws/covariance.h"
#include "planner/plan_fit.h"

enum { WORST_SHOWN = 4, WORST_IN_JSON = 10 };

/* A quantile of a new run's. */
static double residual_at(const vsh_fit *fit, int quantile)
{
    return fit->law.residuals ? fit->law.residuals[quantile] : 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void write_coefficients(const vsh_fit *fit, vsh_json *json)
{
    int n = vsh_form_count(fit->form);

    for (int i = 0; i < n; i++)
        vsh_json_real(json, fit->form->coefficient[i], fit->law.coefficient[i]);
    vsh_json_object(json, "stderr");
    for (int i = 0; i < n && vsh_fit_is_drawn(fit); i++)
        if (!(fit->law.open & 1U << i))
            vsh_json_real(json, fit->form->coefficient[i], fit->law.stderr_[i]);
    vsh_json_end(json);
    vsh_json_object(json, "interval");
    for (int i = 0; i < n && vsh_fit_is_drawn(fit); i++) {
        vsh_json_array(json, fit->form->coefficient[i]);
        vsh_json_real(json, NULL, fit->coefficient_range[i].low);
        vsh_json_real(json, NULL, fit->coefficient_range[i].high);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    vsh_covariance_json(fit->form, fit->law.covariance, json);
}

static void write_optimum(const vsh_fit *fit, vsh_json *json)
{
    if (!isfinite(fit->optimum.params)) {
        vsh_json_null(json, "optimum");
        return;
    }
    vsh_json_object(json, "optimum");
    vsh_json_real(json, "flops", fit->flops);
    vsh_json_known(json, "params", fit->optimum.params);
    vsh_json_known(json, "params_low", fit->optimum_params.low);
    vsh_json_known(json, "params_high", fit->optimum_params.high);
    vsh_json_known(json, "tokens", fit->optimum.tokens);
    vsh_json_known(json, "tokens_low", fit->optimum_tokens.low);
    vsh_json_known(json, "tokens_high", fit->optimum_tokens.high);
    vsh_json_known(json, "loss", fit->optimum.loss);
    vsh_json_known(json, "loss_low", fit->optimum_loss.low);
    vsh_json_known(json, "loss_high", fit->optimum_loss.high);
    vsh_json_end(json);
}

static void write_worst(const vsh_fit *fit, vsh_json *json)
{
    vsh_json_array(json, "worst");
    for (int i = 0; i < WORST_IN_JSON && i < fit->runs->count; i++) {
        const vsh_run *run = &fit->runs->run[fit->worst[i]];
        vsh_json_object(json, NULL);
        vsh_json_integer(json, "line", run->line);
        vsh_json_real(json, "params", run->at.params);
        vsh_json_real(json, "tokens", run->at.tokens);
        vsh_json_real(json, "loss", run->loss);
        vsh_json_real(json, "fitted", fit->fitted[fit->worst[i]]);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static void write_errors(const char *key, const vsh_fit_errors *errors, const char *reason,
                         vsh_json *json)
{
    vsh_json_object(json, key);
    vsh_json_known(json, "median", errors->median);
    vsh_json_known(json, "mean", errors->mean);
    vsh_json_known(json, "max", errors->max);
    vsh_json_known(json, "median_nats", errors->median_nats);
    vsh_json_known(json, "mean_nats", errors->mean_nats);
    vsh_json_known(json, "max_nats", errors->max_nats);
    vsh_json_string(json, "reason", *reason ? reason : NULL);
    vsh_json_end(json);
}

static void write_hold_out(const vsh_hold_out *h, vsh_json *json)
{
    if (h->held == 0) {
        vsh_json_null(json, "hold_out");
        return;
    }
    vsh_json_object(json, "hold_out");
    vsh_json_integer(json, "trained", h->trained);
    vsh_json_integer(json, "held", h->held);
    vsh_json_real(json, "params_from", h->params_from);
    write_errors("errors", &h->errors, h->reason, json);
    vsh_json_string(json, "baseline", h->baseline);
    vsh_json_string(json, "baseline_ignores", h->ignores);
    write_errors("baseline_errors", &h->baseline_errors, h->baseline_reason, json);
    vsh_json_end(json);
}

static void write_names(const vsh_form *form, const char *key, unsigned which, vsh_json *json)
{
    vsh_json_array(json, key);
    for (int i = 0; form->coefficient[i]; i++)
        if (which & 1U << i)
            vsh_json_string(json, NULL, form->coefficient[i]);
    vsh_json_end(json);
}

static void write_unidentified(const vsh_fit *fit, vsh_json *json)
{
    vsh_json_bool(json, "identified", fit->identified);
    write_names(fit->form, "unidentified", fit->unidentified, json);
    write_names(fit->form, "open", fit->law.open, json);
    vsh_json_string(json, "reason", fit->identified ? NULL : fit->reason);
}

enum { EXPLAINED_MAX = VSH_COEFFICIENTS + 8 };

static int list_numbers(const vsh_fit *fit, vsh_explained lines[EXPLAINED_MAX])
{
    const char *solver =
        fit->least_squares ? "least squares of log loss" : "Huber's loss of log loss";
    const vsh_explained all[] = {
        {"objective", fit->objective, "", solver, fit->runs->path, "calibrated"},
        {"residual", fit->residual_sd, "relative sd", "of the runs about the fit", fit->runs->path,
         "measured"},
        {"budget", fit->flops, "FLOP", "--flops, or the largest of the runs", fit->runs->path,
         "derived"},
        {"optimum parameters", fit->optimum.params, "", "least loss at 6 N D = C", "the fitted law",
         "derived"},
        {"optimum tokens", fit->optimum.tokens, "", "C / (6 N)", "the fitted law", "derived"},
        {"optimum loss", fit->optimum.loss, "nats a token", fit->form->formula, "the fitted law",
         "derived"}};
    int count = 0;

    for (int c = 0; fit->form->coefficient[c]; c++)
        lines[count++] = (vsh_explained){fit->form->coefficient[c],
                                         fit->law.coefficient[c],
                                         "",
                                         fit->form->formula,
                                         fit->runs->path,
                                         fit->fixed & 1U << c ? "assumed" : "calibrated"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (isfinite(all[i].value))
            lines[count++] = all[i];
    return count;
}

void plan_fit_explain(const vsh_fit *fit, vsh_text *out)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_explain_print(lines, list_numbers(fit, lines), out);
}

void plan_fit_write_json(const vsh_fit *fit, bool explain, vsh_json *json)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "law", fit->form->name);
    vsh_json_string(json, "formula", fit->form->formula);
    vsh_json_integer(json, "runs", fit->runs->count);
    write_unidentified(fit, json);
    if (fit->identified) {
        write_coefficients(fit, json);
        vsh_json_real(json, "objective", fit->objective);
        vsh_json_real(json, "residual_sd", fit->residual_sd);
        vsh_json_real(json, "residual_median", fit->residual_median);
        vsh_json_real(json, "residual_low", residual_at(fit, VSH_RESIDUAL_EDGE));
        vsh_json_real(json, "residual_high",
                      residual_at(fit, VSH_RESIDUALS - 1 - VSH_RESIDUAL_EDGE));
        vsh_json_integer(json, "bootstraps", fit->draw_count);
        vsh_json_integer(json, "bootstraps_failed", fit->draw_failed);
        write_optimum(fit, json);
        write_worst(fit, json);
        write_hold_out(&fit->hold_out, json);
        if (explain)
            vsh_explain_write(lines, list_numbers(fit, lines), json);
    }
    vsh_json_end(json);
}

/* ---- terminal -------------------------------------------------------------------------------- */

static void print_coefficients(const vsh_fit *fit, vsh_text *out)
{
    bool sure = vsh_fit_is_drawn(fit);

    vsh_text_add(out, "  coefficient%s\n",
                 sure ? "    fitted      +-        95 % interval" : "    fitted");
    for (int i = 0; fit->form->coefficient[i]; i++) {
        vsh_text_add(out, "    %-9s %10.5g", fit->form->coefficient[i], fit->law.coefficient[i]);
        if (fit->fixed & 1U << i)
            vsh_text_add(out, "    not fitted\n");
        else if (fit->law.open & 1U << i)
            vsh_text_add(out, "  open      %.4g - %.4g\n", fit->coefficient_range[i].low,
                         fit->coefficient_range[i].high);
        else if (sure)
            vsh_text_add(out, "  %-8.3g  %.4g - %.4g\n", fit->law.stderr_[i],
                         fit->coefficient_range[i].low, fit->coefficient_range[i].high);
        else
            vsh_text_add(out, "\n");
    }
}

/* What may be done with the law all the same. */
static void print_open(const vsh_fit *fit, vsh_text *out)
{
    char names[160], words[400];

    if (!fit->law.open)
        return;
    vsh_coefficient_names(fit->form, fit->law.open, names, sizeof names);
    snprintf(words, sizeof words,
             "%s: not identified by these runs, over more than a decade or to the end of what was "
             "tried. Together they predict inside these runs, and nothing outside",
             names);
    vsh_text_add(out, "  open        ");
    vsh_text_wrap(out, words, 14, 80);
}

/* The pair that most move together: quoted apart, their errors mislead. */
static void print_correlation(const vsh_fit *fit, vsh_text *out)
{
    const double *covariance = fit->law.covariance;
    int n = vsh_form_count(fit->form), a = 0, b = 0;
    double most = 0;

    for (int i = 0; i < n && covariance; i++)
        for (int j = 0; j < i; j++) {
            double both = covariance[i * n + i] * covariance[j * n + j];
            double correlation = both > 0 ? covariance[i * n + j] / sqrt(both) : 0;
            if (fabs(correlation) > fabs(most)) {
                most = correlation;
                a = j;
                b = i;
            }
        }
    if (fabs(most) > 0.9) {
        char one[40], other[40];
        vsh_covariance_name(fit->form, a, one, sizeof one);
        vsh_covariance_name(fit->form, b, other, sizeof other);
        vsh_text_add(out, "  together    %s and %s move as one (correlation %.4f)\n", one, other,
                     most);
    }
}

static void print_worst(const vsh_fit *fit, vsh_text *out)
{
    int count = fit->runs->count < WORST_SHOWN ? fit->runs->count : WORST_SHOWN;

    vsh_text_add(out, "  worst runs  line      params     tokens  measured  fitted\n");
    for (int i = 0; i < count; i++) {
        int run = fit->worst[i];
        const vsh_run *r = &fit->runs->run[run];
        vsh_text_add(out, "           %7d  %10s %10s  %8.4f  %.4f  %+.2f %%\n", r->line,
                     vsh_show_count(r->at.params).text,
                     fit->runs->has_tokens ? vsh_show_count(r->at.tokens).text : "-", r->loss,
                     fit->fitted[run], 100 * expm1(fit->residual[run]));
    }
}

static void print_optimum(const vsh_fit *fit, vsh_text *out)
{
    bool sure = vsh_fit_is_drawn(fit);

    if (!isfinite(fit->optimum.params))
        return;
    vsh_text_add(out, "  optimum     at %s FLOP: %s parameters", vsh_show_exponent(fit->flops).text,
                 vsh_show_count(fit->optimum.params).text);
    if (sure)
        vsh_text_add(out, " (%s - %s)", vsh_show_count(fit->optimum_params.low).text,
                     vsh_show_count(fit->optimum_params.high).text);
    vsh_text_add(out, ",\n              %s tokens", vsh_show_count(fit->optimum.tokens).text);
    if (sure)
        vsh_text_add(out, " (%s - %s)", vsh_show_count(fit->optimum_tokens.low).text,
                     vsh_show_count(fit->optimum_tokens.high).text);
    vsh_text_add(out, ", loss %.3f", fit->optimum.loss);
    if (sure)
        vsh_text_add(out, " (%.3f - %.3f)", fit->optimum_loss.low, fit->optimum_loss.high);
    vsh_text_add(out, "\n");
}

static void print_errors(const char *who, const vsh_fit_errors *e, const char *reason,
                         vsh_text *out)
{
    vsh_text_add(out, "    %-9s", who);
    if (*reason) {
        vsh_text_add(out, " not identified: ");
        vsh_text_wrap(out, reason, 30, 80);
        return;
    }
    vsh_text_add(out, "%9.2f %% %8.2f %% %8.2f %%   (%.3f, %.3f, %.3f nats)\n", 100 * e->median,
                 100 * e->mean, 100 * e->max, e->median_nats, e->mean_nats, e->max_nats);
}

static void print_hold_out(const vsh_fit *fit, vsh_text *out)
{
    const vsh_hold_out *h = &fit->hold_out;
    char words[200];

    if (h->held == 0)
        return;
    snprintf(words, sizeof words, "%s runs of %s parameters and more, predicted from %s smaller",
             vsh_show_integer(h->held).text, vsh_show_count(h->params_from).text,
             vsh_show_integer(h->trained).text);
    vsh_text_add(out, "  held out    ");
    vsh_text_wrap(out, words, 14, 80);
    vsh_text_add(out, "                median       mean    largest error\n");
    print_errors("this law", &h->errors, h->reason, out);
    print_errors("baseline", &h->baseline_errors, h->baseline_reason, out);
    vsh_text_add(out, "    baseline is %s and ignores\n    ", h->baseline);
    vsh_text_wrap(out, h->ignores, 4, 80);
}

void plan_fit_print(const vsh_fit *fit, const char *law_file, vsh_text *out)
{
    char title[320];

    snprintf(title, sizeof title, "%s fitted to %s runs of %.200s", fit->form->name,
             vsh_show_integer(fit->runs->count).text, fit->runs->path);
    vsh_text_add(out, "\n  ");
    vsh_text_wrap(out, title, 2, 80);
    vsh_text_add(out, "  ");
    vsh_text_wrap(out, fit->form->formula, 2, 80);
    print_coefficients(fit, out);
    print_open(fit, out);
    print_correlation(fit, out);
    vsh_text_add(out,
                 "  residuals   %.2f %% (one standard deviation), half below %.2f %%,\n"
                 "              95 %% within %+.2f to %+.2f %%\n"
                 "  objective   %.7g, %s\n",
                 100 * fit->residual_sd, 100 * fit->residual_median,
                 100 * residual_at(fit, VSH_RESIDUAL_EDGE),
                 100 * residual_at(fit, VSH_RESIDUALS - 1 - VSH_RESIDUAL_EDGE), fit->objective,
                 fit->least_squares ? "half the squares of log loss"
                                    : "Huber's of log loss, summed over runs");
    print_worst(fit, out);
    print_optimum(fit, out);
    print_hold_out(fit, out);
    if (law_file)
        vsh_text_add(out, "  next        vishwa-plan loss --law %s --params 350M --tokens 8B\n\n",
                     law_file);
    else
        vsh_text_add(out,
                     "  next        the same with --out my-law.yaml, then --law my-law.yaml\n\n");
}
