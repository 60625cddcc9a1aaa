#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "planner/laws/anchors.h"
#include "planner/laws/muennighoff2023.h"
#include "planner/laws/uncertainty.h"
#include "planner/plan_commands.h"

/* The largest vocabulary of the laws' tokenizers. */
#define GUESSES 50257.0

typedef struct {
    const vsh_law *law;
    vsh_point point;
    double loss;
    vsh_interval range; /* of the fit and of a new run's residual */
    bool valid;
    char reason[160];
    const vsh_anchor *nearest;
} prediction;

vsh_status plan_find_law(const char *name, const vsh_law **law, vsh_error *err)
{
    char suggestion[160];

    *law = name ? vsh_law_find(name) : vsh_law_default();
    if (*law)
        return VSH_OK;
    vsh_suggest(suggestion, sizeof suggestion, name, vsh_law_words, VSH_LAW_COUNT);
    return vsh_fail(err, VSH_EINPUT, "--law: no law \"%.60s\"%s", name, suggestion);
}

static vsh_status predict(const plan_config *c, prediction *p, vsh_error *err)
{
    /* one percent stands in where a law's authors state no residual (assumed) */
    vsh_draw_options draws = {.seed = (uint64_t)c->common.seed,
                              .residual_sd = p->law->residual_sd > 0 ? p->law->residual_sd : 0.01};

    if (isnan(c->params) || isnan(c->tokens))
        return vsh_fail(err, VSH_EINPUT, "--%s: expected a number such as %s, got nothing",
                        isnan(c->params) ? "params" : "tokens", isnan(c->params) ? "350M" : "8B");
    if (c->unique > c->tokens)
        return vsh_fail(err, VSH_EINPUT, "--unique: expected at most --tokens %.4g, got %.4g",
                        c->tokens, c->unique);
    p->point = (vsh_point){c->params, c->tokens, isnan(c->unique) ? 0 : c->unique,
                           isnan(c->experts) ? 1 : c->experts};
    p->loss = vsh_law_loss(p->law, &p->point);
    p->valid = vsh_law_valid(p->law, &p->point, p->reason, sizeof p->reason);
    p->nearest =
        p->point.unique > 0 && p->point.unique < p->point.tokens
            ? vsh_anchor_nearest_repeated(p->point.params, p->point.tokens, p->point.unique)
            : NULL;
    if (!p->nearest)
        p->nearest =
            vsh_anchor_nearest_fresh(p->point.params, p->point.tokens, p->law->anchor_corpus);
    if (p->loss > log(GUESSES)) {
        p->valid = false;
        snprintf(p->reason, sizeof p->reason,
                 "%.4g nats are above ln %.0f = %.1f, which guessing reaches", p->loss, GUESSES,
                 log(GUESSES));
    }
    VSH_TRY(vsh_uncertain_loss(p->law, &p->point, &draws, &p->range, err));
    if (!isfinite(p->loss) || !isfinite(p->range.high))
        return vsh_fail(err, VSH_EINPUT, "%s: no finite loss at this point", p->law->name);
    return VSH_OK;
}

static void write_json(const prediction *p, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "law", p->law->name);
    vsh_json_string(json, "n_counts", vsh_n_counts_names[p->law->n_counts]);
    vsh_json_real(json, "params", p->point.params);
    vsh_json_real(json, "tokens", p->point.tokens);
    vsh_json_real(json, "loss", p->loss);
    vsh_json_real(json, "loss_low", p->range.low);
    vsh_json_real(json, "loss_high", p->range.high);
    vsh_json_bool(json, "valid", p->valid);
    vsh_json_string(json, "reason", p->valid ? NULL : p->reason);
    vsh_json_string(json, "corpus", p->law->corpus);
    vsh_json_object(json, "nearest_measured");
    vsh_json_real(json, "params", p->nearest->params);
    vsh_json_real(json, "tokens", p->nearest->tokens);
    vsh_json_real(json, "unique_tokens", p->nearest->unique);
    vsh_json_real(json, "loss", p->nearest->loss);
    vsh_json_string(json, "corpus", vsh_anchor_corpora[p->nearest->corpus]);
    vsh_json_end(json);
    vsh_json_end(json);
}

static void print(const prediction *p, vsh_text *out)
{
    const vsh_anchor *near = p->nearest;

    vsh_text_add(out, "\n  loss %.3f (%.3f - %.3f) nats a token by %s\n", p->loss, p->range.low,
                 p->range.high, p->law->title);
    vsh_text_add(out, "  N counts    %s parameters; corpus %s\n",
                 vsh_n_counts_names[p->law->n_counts], p->law->corpus);
    if (!p->valid) {
        vsh_text_add(out, "  outside validated region: ");
        vsh_text_wrap(out, p->reason, 28, 80);
    }
    vsh_text_add(out,
                 "  measured    %.3f by the nearest run: %s parameters,\n              %s tokens",
                 near->loss, vsh_show_count(near->params).text, vsh_show_count(near->tokens).text);
    if (near->unique < near->tokens)
        vsh_text_add(out, " (%s unique)", vsh_show_count(near->unique).text);
    vsh_text_add(out, " on %s\n\n", vsh_anchor_corpora[near->corpus]);
}

vsh_status plan_run_loss(vsh_session *s, vsh_error *err)
{
    const plan_config *config = s->config;
    prediction p = {0};

    VSH_TRY(plan_find_law(config->law, &p.law, err));
    VSH_TRY(predict(config, &p, err));
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        write_json(&p, &json);
    } else {
        print(&p, &s->out);
    }
    return VSH_OK;
}

static void write_laws(vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_array(json, "laws");
    for (int i = 0; i < VSH_LAW_COUNT; i++) {
        const vsh_law *law = vsh_laws[i];
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", law->name);
        vsh_json_string(json, "formula", law->form->formula);
        vsh_json_string(json, "n_counts", vsh_n_counts_names[law->n_counts]);
        vsh_json_string(json, "corpus", law->corpus);
        vsh_json_string(json, "range", law->range);
        vsh_json_string(json, "source", law->source);
        vsh_json_object(json, "coefficients");
        for (int c = 0; law->form->coefficient[c]; c++)
            vsh_json_real(json, law->form->coefficient[c], law->coefficient[c]);
        vsh_json_end(json);
        vsh_json_object(json, "stderr");
        for (int c = 0; law->form->coefficient[c]; c++)
            if (law->stderr_[c] > 0)
                vsh_json_real(json, law->form->coefficient[c], law->stderr_[c]);
        vsh_json_end(json);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    vsh_json_end(json);
}

static void print_law(const vsh_law *law, vsh_term term, vsh_text *out)
{
    vsh_text_add(out, "\n  %s%s%s%s\n", vsh_term_bold(term), law->name, vsh_term_plain(term),
                 law == vsh_law_default() ? "   (default)" : "");
    vsh_text_add(out, "    ");
    vsh_text_wrap(out, law->form->formula, 4, 80);
    vsh_text_add(out, "    ");
    for (int c = 0; law->form->coefficient[c]; c++) {
        vsh_text_add(out, "%s%s %.6g",
                     c == 0  ? ""
                     : c % 3 ? "   "
                             : "\n    ",
                     law->form->coefficient[c], law->coefficient[c]);
        if (law->stderr_[c] > 0)
            vsh_text_add(out, " +- %.3g", law->stderr_[c]);
    }
    vsh_text_add(out, "\n    N counts   %s parameters\n    corpus     %s\n    fitted on  ",
                 vsh_n_counts_names[law->n_counts], law->corpus);
    vsh_text_wrap(out, law->range, 15, 80);
    vsh_text_add(out, "    source     ");
    vsh_text_wrap(out, law->source, 15, 80);
}

vsh_status plan_run_laws(vsh_session *s, vsh_error *err)
{
    (void)err;
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        write_laws(&json);
        return VSH_OK;
    }
    for (int i = 0; i < VSH_LAW_COUNT; i++)
        print_law(vsh_laws[i], s->term, &s->out);
    vsh_text_add(&s->out, "\n");
    return VSH_OK;
}
