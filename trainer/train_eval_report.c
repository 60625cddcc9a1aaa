#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/json.h"
#include "trainer/train_eval.h"

/* What runs otherwise here than it did while training; "" for nothing. */
static const char *evaluated_as(const vsh_run_config *c)
{
    bool dropless = c->model.experts.capacity > 0, wide = c->precision == VSH_INT8;

    return dropless && wide ? "experts without a capacity, products in bf16"
           : dropless       ? "experts without a capacity"
           : wide           ? "products in bf16"
                            : "";
}

/* Nats a byte; its exponential is the perplexity of a byte, in which tokenizers compare. */
static double nats_a_byte(const evaluation *e, int pass)
{
    return e->report[pass].loss * (double)e->report[pass].tokens / e->bytes;
}

static double bits_a_byte(const evaluation *e, int pass) { return nats_a_byte(e, pass) / log(2); }

/* NaN: no context repeats. */
static double loss_repeated(const evaluation *e)
{
    return e->repeated.tokens ? e->repeated.loss : (double)NAN;
}

/* Loss of all other tokens. */
static double loss_elsewhere(const evaluation *e)
{
    const vsh_exit_report *all = &e->report[0], *part = &e->repeated;
    double tokens = (double)all->tokens, repeated = (double)part->tokens;

    return (all->loss * tokens - part->loss * repeated) / (tokens - repeated);
}

/* ---- the terminal ------------------------------------------------------------------------- */

/* A line of the table, being filled: a cell for each pass. */
typedef struct {
    const char *label, *unit;
    vsh_figure_text cell[EVAL_PASSES];
} row;

static void put_row(const evaluation *e, const row *r)
{
    vsh_text *out = &e->session->out;

    vsh_text_add(out, "  %-17s", r->label);
    for (int pass = 0; pass < e->passes; pass++)
        vsh_text_add(out, "%20s", r->cell[pass].text);
    vsh_text_add(out, "  %s\n", r->unit);
}

static vsh_figure_text fixed(int digits, double value)
{
    vsh_figure_text cell;

    if (isfinite(value))
        snprintf(cell.text, sizeof cell.text, "%.*f", digits, value);
    else
        snprintf(cell.text, sizeof cell.text, "-");
    return cell;
}

/* In percent, with its interval. */
static vsh_figure_text share(vsh_proportion p)
{
    vsh_figure_text cell;

    snprintf(cell.text, sizeof cell.text, "%.1f [%.1f, %.1f]", 100 * p.value, 100 * p.low,
             100 * p.high);
    return cell;
}

static void put_columns(const evaluation *e)
{
    row r = {.label = "", .unit = ""};

    if (e->passes == 1)
        return;
    snprintf(r.cell[0].text, sizeof r.cell[0].text, "exits at %s",
             vsh_show_real(e->rule.threshold).text);
    snprintf(r.cell[1].text, sizeof r.cell[1].text, "full depth");
    put_row(e, &r);
}

/* Layers and work of each pass; work is per token. */
static void put_depth(const evaluation *e, const double *layers, const double *work)
{
    row depth = {.label = "Layers"}, flops = {"Work", "FLOP a token"};
    vsh_text unit = {.arena = e->session->arena};

    vsh_text_add(&unit, "of %" PRId64, e->model.config.model.layers);
    depth.unit = vsh_text_string(&unit);
    for (int pass = 0; pass < e->passes; pass++) {
        depth.cell[pass] = fixed(2, layers[pass]);
        flops.cell[pass] = vsh_show_si(work[pass]);
    }
    put_row(e, &depth);
    put_row(e, &flops);
}

static void put_energy(const evaluation *e, const eval_cost *cost, int64_t tokens)
{
    row r = {e->energy_measured ? "Energy, measured" : "Energy, modelled", "mJ a token"};

    if (!isfinite(cost[0].energy.v))
        return;
    for (int pass = 0; pass < e->passes; pass++)
        r.cell[pass] = vsh_show_real(1e3 * cost[pass].energy.v / (double)tokens);
    put_row(e, &r);
}

static void put_repeats(const evaluation *e)
{
    row seen = {"Loss, repeats", "nats a token"}, elsewhere = {"elsewhere", "nats a token"};
    vsh_text unit = {.arena = e->session->arena};

    if (!e->asked->repeats)
        return;
    vsh_text_add(&unit, "nats a token, %.1f %% of them",
                 100 * (double)e->repeated.tokens / (double)e->report[0].tokens);
    seen.unit = vsh_text_string(&unit);
    seen.cell[0] = fixed(4, loss_repeated(e));
    elsewhere.cell[0] = fixed(4, loss_elsewhere(e));
    put_row(e, &seen);
    put_row(e, &elsewhere);
}

static void show_text(const evaluation *e)
{
    row loss = {"Loss", "nats a token"}, token = {"Perplexity", "a token"};
    row byte = {"Perplexity", "a byte"}, bits = {"Bits", "a byte"},
        next = {"Next token", "% right"};
    double layers[EVAL_PASSES], work[EVAL_PASSES];
    int64_t tokens = e->report[0].tokens;

    for (int pass = 0; pass < e->passes; pass++) {
        const vsh_exit_report *r = &e->report[pass];
        loss.cell[pass] = fixed(4, r->loss);
        token.cell[pass] = fixed(2, exp(r->loss));
        byte.cell[pass] = fixed(3, exp(nats_a_byte(e, pass)));
        bits.cell[pass] = fixed(4, bits_a_byte(e, pass));
        next.cell[pass] = fixed(1, 100 * r->accuracy);
        layers[pass] = r->layers;
        work[pass] = r->executed.v / (double)tokens;
    }
    vsh_text_add(&e->session->out, "\n  lm: %s held-out tokens\n", vsh_show_integer(tokens).text);
    put_row(e, &loss);
    put_row(e, &token);
    put_row(e, &byte);
    put_row(e, &bits);
    put_row(e, &next);
    put_repeats(e);
    put_depth(e, layers, work);
    put_energy(e, e->cost, tokens);
}

static void show_choice(const evaluation *e, const eval_choice *c)
{
    row plain = {"Likeliest", "% right"}, bytes = {"per byte", "% right"};
    row calibrated = {"calibrated", "% right"};
    double layers[EVAL_PASSES], work[EVAL_PASSES];
    vsh_text *out = &e->session->out;

    for (int pass = 0; pass < e->passes; pass++) {
        const vsh_choice_scores *s = &c->scores[pass];
        plain.cell[pass] = share(s->accuracy);
        bytes.cell[pass] = share(s->normalized);
        calibrated.cell[pass] = share(s->calibrated);
        layers[pass] = s->layers;
        work[pass] = s->executed.v / (double)s->tokens;
    }
    vsh_text_add(out, "\n  %s: %s questions, %.1f %% right by chance\n", c->name,
                 vsh_show_integer(c->task.items).text, 100 * c->task.chance);
    put_row(e, &plain);
    put_row(e, &bytes);
    if (c->ids.neutral)
        put_row(e, &calibrated);
    put_depth(e, layers, work);
    put_energy(e, c->cost, c->scores[0].tokens);
    vsh_text_add(out, "  Without a model   %s %%: %s\n", share(c->floor.words).text, c->floor.rule);
    vsh_text_add(out, "  One side alone    %.1f %% at most; always one place %.1f %%\n",
                 100 * c->floor.one_side, 100 * c->floor.majority);
    if (c->ids.cut)
        vsh_text_add(out, "  Cut               %s choices, to the %" PRId64 " tokens it reads\n",
                     vsh_show_integer(c->ids.cut).text, e->model.config.batch.sequence);
}

static void show_terminal(const evaluation *e)
{
    vsh_text *out = &e->session->out;

    vsh_text_add(out, "\n  %s, step %s\n", e->model.path, vsh_show_integer(e->model.step).text);
    if (*evaluated_as(&e->model.config))
        vsh_text_add(out, "  As: %s\n", evaluated_as(&e->model.config));
    put_columns(e);
    if (e->lm)
        show_text(e);
    for (int i = 0; i < e->choices; i++)
        show_choice(e, &e->choice[i]);
    vsh_text_put(out, "\n", 1);
}

/* ---- JSON --------------------------------------------------------------------------------- */

/* What reading so many tokens took. */
static void json_work(int64_t tokens, double layers, vsh_flops executed, vsh_flops full,
                      const eval_cost *cost, vsh_json *json)
{
    vsh_json_integer(json, "tokens", tokens);
    vsh_json_real(json, "layers_per_token", layers);
    vsh_json_real(json, "flops_per_token", executed.v / (double)tokens);
    vsh_json_real(json, "full_flops_per_token", full.v / (double)tokens);
    vsh_json_real(json, "tokens_per_s", (double)tokens / cost->time.v);
    vsh_json_known(json, "energy_j", cost->energy.v);
}

static void json_text(const evaluation *e, int pass, vsh_json *json)
{
    const vsh_exit_report *r = &e->report[pass];

    vsh_json_real(json, "loss", r->loss);
    vsh_json_real(json, "perplexity", exp(r->loss));
    vsh_json_real(json, "perplexity_per_byte", exp(nats_a_byte(e, pass)));
    vsh_json_real(json, "bits_per_byte", bits_a_byte(e, pass));
    vsh_json_real(json, "accuracy", r->accuracy);
    json_work(r->tokens, r->layers, r->executed, r->full, &e->cost[pass], json);
}

/* KEY, KEY_low, KEY_high. */
static void json_share(vsh_json *json, const char *key, vsh_proportion p)
{
    char name[64];

    vsh_json_known(json, key, p.value);
    snprintf(name, sizeof name, "%s_low", key);
    vsh_json_known(json, name, p.low);
    snprintf(name, sizeof name, "%s_high", key);
    vsh_json_known(json, name, p.high);
}

static void json_scores(const eval_choice *c, int pass, vsh_json *json)
{
    const vsh_choice_scores *s = &c->scores[pass];

    json_share(json, "accuracy", s->accuracy);
    json_share(json, "accuracy_normalized", s->normalized);
    json_share(json, "accuracy_calibrated", s->calibrated);
    json_work(s->tokens, s->layers, s->executed, s->full, &c->cost[pass], json);
}

static void json_choice(const evaluation *e, const eval_choice *c, vsh_json *json)
{
    vsh_json_object(json, c->name);
    vsh_json_string(json, "file", c->task.path);
    vsh_json_integer(json, "items", c->task.items);
    vsh_json_real(json, "chance", c->task.chance);
    json_scores(c, 0, json);
    json_share(json, "baseline", c->floor.words);
    vsh_json_string(json, "baseline_rule", c->floor.rule);
    vsh_json_real(json, "one_side_at_most", c->floor.one_side);
    vsh_json_real(json, "majority", c->floor.majority);
    vsh_json_integer(json, "choices_cut", c->ids.cut);
    if (e->passes > 1) {
        vsh_json_object(json, "full_depth");
        json_scores(c, 1, json);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static void show_json(const evaluation *e)
{
    vsh_json json = {.out = &e->session->out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "checkpoint", e->model.path);
    vsh_json_integer(&json, "step", e->model.step);
    vsh_json_string(&json, "evaluated_as", evaluated_as(&e->model.config));
    vsh_json_string(&json, "energy", e->energy_measured ? "measured" : "modelled");
    vsh_json_known(&json, "exit_threshold", e->rule.threshold);
    if (e->lm)
        json_text(e, 0, &json);
    if (e->lm && e->passes > 1) {
        vsh_json_object(&json, "full_depth");
        json_text(e, 1, &json);
        vsh_json_end(&json);
    }
    if (e->lm && e->asked->repeats) {
        vsh_json_object(&json, "repeats");
        vsh_json_integer(&json, "tokens", e->repeated.tokens);
        vsh_json_known(&json, "loss", loss_repeated(e));
        vsh_json_known(&json, "loss_elsewhere", loss_elsewhere(e));
        vsh_json_end(&json);
    }
    vsh_json_object(&json, "tasks");
    for (int i = 0; i < e->choices; i++)
        json_choice(e, &e->choice[i], &json);
    vsh_json_end(&json);
    vsh_json_end(&json);
}

void train_show_eval(const evaluation *e)
{
    if (e->session->common->json)
        show_json(e);
    else
        show_terminal(e);
}
