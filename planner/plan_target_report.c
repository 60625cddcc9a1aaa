#include <math.h>
#include <stdio.h>

#include "core/page.h"
#include "planner/plan_target.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define AMOUNT(value) vsh_show_amount(value).text
#define REAL(value) vsh_show_real(value).text

/* ---- a screen ------------------------------------------------------------------------------ */

/* "7.5 B - 9.9 B", the end "no limit" where more than one draw in forty never gets there. */
static vsh_figure_text show_end(double value, vsh_figure_text (*show)(double))
{
    return isfinite(value) ? show(value) : (vsh_figure_text){"no limit"};
}

/* What grows with the hours has no high end when they have none. */
static double high_end(const plan_target *t, double value)
{
    return isfinite(t->hours.high) ? value : (double)INFINITY;
}

static void print_bill(const plan_target *t, vsh_text *out)
{
    const vsh_bill *b = &t->bill;

    vsh_text_add(out, "    cost        ");
    if (b->price_known)
        vsh_text_add(out, "%s (%s - %s)", vsh_show_usd(b->usd).text, vsh_show_usd(b->usd_low).text,
                     show_end(high_end(t, b->usd_high), vsh_show_usd).text);
    else
        vsh_text_add(out, "$? (--price)");
    if (b->power_known)
        vsh_text_add(out, "\n    energy      %s kWh (%s - %s)", AMOUNT(b->kwh), AMOUNT(b->kwh_low),
                     show_end(high_end(t, b->kwh_high), vsh_show_amount).text);
    vsh_text_put(out, "\n", 1);
}

/* A real run takes more than the law's best where its size is not the best one, or it runs its
 * layers again. */
static void print_run(const plan_target *t, vsh_text *out)
{
    const plan_run *run = &t->run;
    double flops = run->tokens * run->flops_per_token * run->slowdown;
    bool again = run->recomputed > 1.01, held = run->point.params < 0.9 * t->need.params;
    char line[300], epochs[80] = "", size[80] = "";

    if (t->repetition_nats > 0)
        snprintf(epochs, sizeof epochs, ", %s epochs: %.2f nats of it", REAL(run->epochs),
                 t->repetition_nats);
    if (held)
        snprintf(size, sizeof size, "; memory holds it below %s", COUNT(t->need.params));
    snprintf(line, sizeof line, "%s parameters on %s tokens%s; %s FLOP%s%s",
             COUNT((double)run->parameters.total), COUNT(run->tokens), epochs,
             vsh_show_exponent(flops).text, again ? ", with activations recomputed" : "", size);
    vsh_text_add(out, "    a run       ");
    vsh_text_wrap(out, line, 16, 80);
}

static void print_need(const plan_target *t, vsh_text *out)
{
    const vsh_uncertain_need *range = &t->range;

    vsh_text_add(out, "    compute     %s FLOP at least (%s - %s)\n",
                 vsh_show_exponent(t->need.flops).text, vsh_show_exponent(range->flops.low).text,
                 show_end(range->flops.high, vsh_show_exponent).text);
    vsh_text_add(out, "    parameters  %s (%s - %s)\n", COUNT(t->need.params),
                 COUNT(range->params.low), show_end(range->params.high, vsh_show_count).text);
    vsh_text_add(out, "    tokens      %s (%s - %s)\n", COUNT(t->need.tokens),
                 COUNT(range->tokens.low), show_end(range->tokens.high, vsh_show_count).text);
    if (t->run.model.layers == 0)
        return;
    print_run(t, out);
    vsh_text_add(out, "    hours       %s (%s - %s)\n", AMOUNT(t->run.hours), AMOUNT(t->hours.low),
                 show_end(t->hours.high, vsh_show_amount).text);
    print_bill(t, out);
    if (!t->run.valid) {
        vsh_text_add(out, "    outside     ");
        vsh_text_wrap(out, t->run.invalid_reason, 16, 80);
    }
}

void plan_print_target(const plan *p, const plan_target *t, vsh_term term, vsh_text *out)
{
    vsh_text_add(out, "\n  %sTo reach%s  loss %g by %s\n            ", vsh_term_bold(term),
                 vsh_term_plain(term), t->loss, t->law->title);
    vsh_text_wrap(out, t->verdict, 12, 80);
    if (isfinite(t->need.flops))
        print_need(t, out);
    if (t->run.fits)
        vsh_text_add(out, "    odds        %.0f %% of the draws get there in %s h\n",
                     100 * t->range.share, AMOUNT(p->request.hours));
}

/* ---- a page -------------------------------------------------------------------------------- */

/* A line of the page's table: a figure and the ends of its range. */
static void page_line(const char *name, double value, vsh_interval range,
                      vsh_figure_text (*show)(double), vsh_table *table)
{
    vsh_table_row(table, NULL);
    vsh_table_cell(table, "%s", name);
    vsh_table_cell(table, "%s", show(value).text);
    vsh_table_cell(table, "%s", show(range.low).text);
    vsh_table_cell(table, "%s", show_end(range.high, show).text);
}

void plan_page_target(const plan_target *t, vsh_text *page)
{
    static const char *const heads[] = {"What it needs", "#figure", "#from", "#to"};
    const vsh_bill *b = &t->bill;
    vsh_table table;

    vsh_page_put(page, "h2", NULL, "What loss %g needs", t->loss);
    vsh_text_add(page, "<section class=\"card%s\">\n", t->reached ? "" : " warn");
    vsh_page_put(page, "p", "lead", "By %s, %s.", t->law->title, t->verdict);
    if (isfinite(t->need.flops)) {
        table = vsh_table_open(page, heads, 4);
        page_line("FLOP at least", t->need.flops, t->range.flops, vsh_show_power, &table);
        page_line("parameters", t->need.params, t->range.params, vsh_show_count, &table);
        page_line("tokens", t->need.tokens, t->range.tokens, vsh_show_count, &table);
        if (t->run.model.layers > 0)
            page_line("hours", t->run.hours, t->hours, vsh_show_amount, &table);
        if (t->run.model.layers > 0 && b->price_known)
            page_line("cost", b->usd, (vsh_interval){b->usd_low, high_end(t, b->usd_high)},
                      vsh_show_usd, &table);
        if (t->run.model.layers > 0 && b->power_known)
            page_line("energy, kWh", b->kwh, (vsh_interval){b->kwh_low, high_end(t, b->kwh_high)},
                      vsh_show_amount, &table);
        vsh_table_close(&table);
    }
    vsh_text_add(page, "</section>\n");
}

/* ---- JSON ---------------------------------------------------------------------------------- */

/* key, key_low, key_high; the unit, if any, comes last. Nothing here is zero when it is known. */
static void write_range(vsh_json *json, const char *key, const char *unit, double value,
                        vsh_interval range)
{
    static const char *const ends[] = {"", "_low", "_high"};
    double values[] = {value, range.low, range.high};
    char name[40];

    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s%s", key, ends[i], unit);
        vsh_json_known(json, name, values[i] > 0 ? values[i] : (double)NAN);
    }
}

static void write_run(const plan_target *t, vsh_json *json)
{
    const plan_run *run = &t->run;
    const vsh_bill *b = &t->bill;

    write_range(json, "hours", "", run->hours, t->hours);
    write_range(json, "energy", "_kwh", b->power_known ? b->kwh : 0,
                (vsh_interval){b->power_known ? b->kwh_low : 0,
                               b->power_known ? high_end(t, b->kwh_high) : 0});
    write_range(json, "co2", "_kg", b->power_known ? b->co2_kg : 0,
                (vsh_interval){b->power_known ? b->co2_low_kg : 0,
                               b->power_known ? high_end(t, b->co2_high_kg) : 0});
    write_range(json, "cost", "_usd", b->price_known ? b->usd : 0,
                (vsh_interval){b->price_known ? b->usd_low : 0,
                               b->price_known ? high_end(t, b->usd_high) : 0});
    vsh_json_bool(json, "fits", run->fits);
    vsh_json_bool(json, "valid", run->valid);
    if (run->model.layers == 0) {
        vsh_json_null(json, "run");
        return;
    }
    plan_run_write_json(run, "run", json);
}

void plan_write_target(const plan_target *t, vsh_json *json)
{
    bool known = isfinite(t->need.flops);

    vsh_json_object(json, "target");
    vsh_json_real(json, "loss", t->loss);
    vsh_json_string(json, "law", t->law->name);
    vsh_json_string(json, "n_counts", vsh_n_counts_names[t->law->n_counts]);
    vsh_json_real(json, "irreducible_loss", t->floor);
    vsh_json_bool(json, "reached", t->reached);
    vsh_json_string(json, "verdict", t->verdict);
    vsh_json_real(json, "loss_repetition_nats", t->repetition_nats);
    vsh_json_known(json, "share_of_draws_reached", known ? t->range.share : (double)NAN);
    write_range(json, "flops", "", t->need.flops, t->range.flops);
    write_range(json, "params", "", t->need.params, t->range.params);
    write_range(json, "tokens", "", t->need.tokens, t->range.tokens);
    write_run(t, json);
    vsh_json_end(json);
}
