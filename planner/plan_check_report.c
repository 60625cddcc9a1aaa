#include <math.h>
#include <stdio.h>

#include "core/page.h"
#include "planner/plan_report.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define INTEGER(value) vsh_show_integer((int64_t)(value)).text
#define AMOUNT(value) vsh_show_amount(value).text

enum { WIDTH = 78, INDENT = 12 };

/* What the simulation does not contain. Chips share the update of the weights; the simulated one
 * does all of it. */
static const char *scope_of(const plan *p)
{
    return p->request.chips == 1
               ? "One chip by itself was simulated: the host and the input pipeline are not in it."
               : "One chip by itself was simulated: communication between chips, the host and the "
                 "input pipeline are not in it. It updates all weights: the losses have all of "
                 "that, the throughput only a chip's share.";
}

static double share_of_peak(const plan *p, vsh_flop_rate rate)
{
    return vsh_flop_rate_ratio(rate, p->request.peak);
}

/* "memory bound 21 %, vector bound 2.4 %, overhead 2 %" */
static void list_losses(const plan_simulated *s, vsh_text *out)
{
    for (int i = 0; i < s->loss_count; i++)
        vsh_text_add(out, "%s%s %.2g %%", i > 0 ? ", " : "", s->loss[i].cause,
                     100 * s->loss[i].share);
}

/* ---- terminal ----------------------------------------------------------------------------------
 */

static void tell_rates(const plan *p, vsh_text *line)
{
    const plan_check *c = &p->check;

    vsh_text_add(line, "assumed %sFLOP/s a chip (MFU %.0f %%, %.60s); ",
                 vsh_show_si(c->assumed.v).text, 100 * share_of_peak(p, c->assumed),
                 c->assumed_scenario);
    vsh_text_add(line, "vishwa-sim: %sFLOP/s (MFU %.0f %%", vsh_show_si(c->simulated.v).text,
                 100 * share_of_peak(p, c->simulated));
    if (c->recomputed > 1.001)
        vsh_text_add(line, ", %.0f %% with its recomputation",
                     100 * share_of_peak(p, c->simulated) / c->recomputed);
    vsh_text_add(line, ")");
}

static void tell_bound(const plan_simulated *s, vsh_text *line)
{
    vsh_text_add(line, "most of the step is %s bound; lost: ", vsh_bound_names[s->bound]);
    if (s->loss_count == 0)
        vsh_text_add(line, "nothing");
    list_losses(s, line);
}

static void tell_change(const plan_check *c, vsh_text *line)
{
    const plan_outcome *b = &c->before, *a = &c->after;

    if (!a->known) {
        vsh_text_add(line, "at that throughput there is no run to recommend");
        return;
    }
    vsh_text_add(line, "%s -> %s parameters, ", COUNT(b->params), COUNT(a->params));
    vsh_text_add(line, "%s -> %s tokens, ", COUNT(b->tokens), COUNT(a->tokens));
    vsh_text_add(line, "%s -> %s steps, ", INTEGER(b->steps), INTEGER(a->steps));
    vsh_text_add(line, "loss %.2f -> %.2f, %s -> %s h", b->loss, a->loss, AMOUNT(b->hours),
                 AMOUNT(a->hours));
}

static void print_line(vsh_text *line, const char *before, vsh_text *out)
{
    vsh_text_add(out, "%s", before);
    vsh_text_wrap(out, vsh_text_string(line), INDENT, WIDTH + 2);
    line->length = 0;
}

void plan_check_print(const plan *p, vsh_term term, vsh_text *out)
{
    static const char blank[] = "            ";
    vsh_text line = {.arena = out->arena};

    vsh_text_add(out, "\n  %sChecked%s   ", vsh_term_bold(term), vsh_term_plain(term));
    tell_rates(p, &line);
    print_line(&line, "", out);
    tell_bound(&p->check.simulation, &line);
    print_line(&line, blank, out);
    tell_change(&p->check, &line);
    print_line(&line, blank, out);
    vsh_text_add(&line, "%s", scope_of(p));
    print_line(&line, blank, out);
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

static void write_outcome(const char *key, const plan_outcome *o, vsh_json *json)
{
    if (!o->known) {
        vsh_json_null(json, key);
        return;
    }
    vsh_json_object(json, key);
    vsh_json_real(json, "params", o->params);
    vsh_json_real(json, "params_active", o->params_active);
    vsh_json_real(json, "tokens", o->tokens);
    vsh_json_real(json, "batch_tokens", o->batch_tokens);
    vsh_json_real(json, "steps", o->steps);
    vsh_json_real(json, "step_time_s", o->step_time_s);
    vsh_json_real(json, "loss", o->loss);
    vsh_json_real(json, "hours", o->hours);
    vsh_json_end(json);
}

static void write_rates(const plan *p, vsh_json *json)
{
    const plan_check *c = &p->check;
    double spread = exp(1.959964 * p->request.throughput_log_sd); /* 95 % */

    vsh_json_real(json, "assumed_flops_per_s", c->assumed.v);
    vsh_json_real(json, "assumed_mfu", share_of_peak(p, c->assumed));
    vsh_json_string(json, "assumed_scenario", c->assumed_scenario);
    vsh_json_real(json, "simulated_flops_per_s", c->simulated.v);
    vsh_json_real(json, "simulated_flops_per_s_low", c->simulated.v / spread);
    vsh_json_real(json, "simulated_flops_per_s_high", c->simulated.v * spread);
    vsh_json_real(json, "simulated_mfu", share_of_peak(p, c->simulated));
    vsh_json_real(json, "simulated_step_mfu", share_of_peak(p, c->simulated) / c->recomputed);
    vsh_json_real(json, "simulated_step_time_s", c->simulation.time.v);
}

void plan_check_write_json(const plan *p, vsh_json *json)
{
    const plan_check *c = &p->check;

    if (!c->answered) {
        vsh_json_null(json, "throughput_check");
        return;
    }
    vsh_json_object(json, "throughput_check");
    write_rates(p, json);
    vsh_json_string(json, "bound", vsh_bound_names[c->simulation.bound]);
    vsh_json_string(json, "caveat", c->simulation.caveat);
    vsh_json_integer(json, "rounds", c->rounds);
    vsh_json_bool(json, "settled", c->settled);
    vsh_json_array(json, "waterfall");
    for (int i = 0; i < c->simulation.loss_count; i++) {
        vsh_json_object(json, NULL);
        vsh_json_string(json, "cause", c->simulation.loss[i].cause);
        vsh_json_real(json, "share", c->simulation.loss[i].share);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    write_outcome("before", &c->before, json);
    write_outcome("after", &c->after, json);
    vsh_json_string(json, "scope", scope_of(p));
    vsh_json_end(json);
}

/* ---- the page ----------------------------------------------------------------------------------
 */

static void write_row(const char *name, const plan *p, vsh_flop_rate rate, const plan_outcome *o,
                      vsh_table *table)
{
    vsh_table_row(table, NULL);
    vsh_table_cell(table, "%s", name);
    vsh_table_cell(table, "%sFLOP/s", vsh_show_si(rate.v).text);
    vsh_table_cell(table, "%.1f %%", 100 * share_of_peak(p, rate));
    vsh_table_cell(table, "%s", o->known ? COUNT(o->params) : "-");
    vsh_table_cell(table, "%s", o->known ? COUNT(o->tokens) : "-");
    vsh_table_cell(table, "%s", o->known ? INTEGER(o->steps) : "-");
    if (o->known)
        vsh_table_cell(table, "%.2f", o->loss);
    else
        vsh_table_cell(table, "-");
    vsh_table_cell(table, "%s", o->known ? AMOUNT(o->hours) : "-");
}

void plan_check_write_page(const plan *p, vsh_text *page)
{
    static const char *const heads[] = {"Throughput", "#a chip", "#MFU",  "#parameters",
                                        "#tokens",    "#steps",  "#loss", "#hours"};
    const plan_check *c = &p->check;
    vsh_text line = {.arena = page->arena};
    vsh_table table;
    char name[80];

    vsh_page_put(page, "h2", NULL, "Does the throughput hold?");
    vsh_text_add(page, "<section class=\"card\">\n");
    table = vsh_table_open(page, heads, 8);
    snprintf(name, sizeof name, "assumed (%.60s)", c->assumed_scenario);
    write_row(name, p, c->assumed, &c->before, &table);
    write_row("simulated by vishwa-sim (this plan)", p, c->simulated, &c->after, &table);
    vsh_table_close(&table);
    tell_bound(&c->simulation, &line);
    vsh_page_put(page, "p", "small",
                 "In the simulation %s. %s Throughputs are of model FLOPs without recomputation.",
                 vsh_text_string(&line), scope_of(p));
    vsh_text_add(page, "</section>\n");
}

/* ---- --explain ---------------------------------------------------------------------------------
 */

int plan_check_explain(const plan *p, vsh_explained lines[PLAN_CHECK_EXPLAINED])
{
    static const char *const names[PLAN_LOSSES] = {"largest loss", "second loss", "third loss"};
    const plan_check *c = &p->check;
    const plan_simulated *s = &c->simulation;
    int count = 0;

    lines[count++] =
        (vsh_explained){"assumed throughput", c->assumed.v / 1e12, "TFLOP/s a chip",
                        c->assumed_scenario,  c->assumed_source,   vsh_tag_names[c->assumed_tag]};
    lines[count++] = (vsh_explained){"simulated step",
                                     s->time.v,
                                     "s",
                                     "one chip's share of the batch, operation by operation",
                                     "vishwa-sim",
                                     vsh_tag_names[p->request.throughput_tag]};
    lines[count++] =
        (vsh_explained){"simulated throughput",
                        c->simulated.v / 1e12,
                        "TFLOP/s a chip",
                        "model FLOPs x recomputation / (simulated step - the optimizer "
                        "time of other chips' shares)",
                        "vishwa-sim; arithmetic",
                        vsh_tag_names[p->request.throughput_tag]};
    for (int i = 0; i < s->loss_count; i++)
        lines[count++] = (vsh_explained){
            names[i],         s->loss[i].share,  "of the chip",
            s->loss[i].cause, "vishwa-sim step", vsh_tag_names[p->request.throughput_tag]};
    return count;
}
