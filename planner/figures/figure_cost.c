#include "planner/figures/figure.h"

#include <math.h>
#include <stdio.h>

#include "planner/figures/figure_common.h"
#include "planner/laws/repetition.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define REAL(value) vsh_show_real(value).text
#define AMOUNT(value) vsh_show_amount(value).text

enum { COST_HEIGHT = 502, COST_STEPS = 7 };

/* What the lower axis counts: money, else energy, else hours. */
typedef struct {
    double unit, second; /* axis units in an hour; of the upper axis, 0: there is none */
    const char *words, *second_words;
    vsh_tick tick;
} cost_axis;

static cost_axis choose_cost_axis(const plan *p)
{
    const plan_request *r = &p->request;
    vsh_bill hour = vsh_bill_of(r->hardware, r->chips, vsh_for_hours(1), r->region, r->price_usd);
    bool money = hour.price_known && hour.usd > 0, energy = hour.power_known && hour.kwh > 0;

    if (money)
        return (cost_axis){hour.usd, energy ? hour.kwh : 0, "cost, US dollars", "energy, kWh",
                           VSH_TICK_USD};
    if (energy)
        return (cost_axis){hour.kwh, 1, "energy, kWh (no price is known)", "hours", VSH_TICK_PLAIN};
    return (cost_axis){1, 0, "hours (neither price nor power is known)", NULL, VSH_TICK_PLAIN};
}

/* The drawn law's loss, and the price of repeating unique tokens. */
static double priced_loss(const plan *p, const vsh_point *point)
{
    vsh_point fresh = {point->params, point->tokens, 0, 1};
    const vsh_law *law = plan_drawn_law(p);

    return vsh_law_loss(law, &fresh) + vsh_law_repetition_price(law, point, point->params);
}

/* The best point a budget buys among the models that these chips hold. */
static vsh_point best_within(const plan *p, double flops, double unique)
{
    double wanted = vsh_law_optimum(plan_drawn_law(p), flops, NULL).params;
    double most = p->largest_params > 0 ? fmin(wanted, p->largest_params) : wanted;
    vsh_point best = {most, flops / 6 / most, 0, 1};

    if (unique <= 0)
        return best;
    for (int i = 0; i < 2 * PLAN_SAMPLES; i++) {
        double params = plan_spaced(most / 100, most, i, 2 * PLAN_SAMPLES),
               tokens = flops / 6 / params;
        vsh_point next = {params, tokens, unique < tokens ? unique : 0, 1};
        if (i == 0 || priced_loss(p, &next) < priced_loss(p, &best))
            best = next;
    }
    return best;
}

/* The same for hours, on the tokens at hand. */
static vsh_point best_in(const plan *p, double hours)
{
    return best_within(p, p->flops * hours / p->request.hours,
                       p->data_limited ? p->request.unique_tokens : 0);
}

/* Columns: cost, loss on the tokens at hand, low, high, loss on unlimited tokens. */
static vsh_status write_costs(const plan *p, const cost_axis *axis, double *least, double *most,
                              vsh_text *s, vsh_error *err)
{
    const plan_request *r = &p->request;
    const vsh_law *law = plan_drawn_law(p);
    vsh_draw_options draws = {.throughput_log_sd = r->throughput_log_sd,
                              .residual_sd = vsh_law_residual(law),
                              .seed = r->seed};

    vsh_chart_data(s, "costs");
    for (int i = 0; i < 4 * (COST_STEPS - 1) + 1; i++) {
        double hours = plan_spaced(r->hours / 8, r->hours * 8, i, 4 * (COST_STEPS - 1) + 1);
        vsh_point here = best_in(p, hours), fresh = {here.params, here.tokens, 0, 1};
        vsh_point unlimited = best_within(p, p->flops * hours / r->hours, 0);
        double price = priced_loss(p, &here) - vsh_law_loss(law, &fresh);
        vsh_interval range;
        draws.added_nats = price;
        draws.added_sd = vsh_law_repetition_sd(law, price);
        VSH_TRY(vsh_uncertain_loss(law, &fresh, &draws, &range, err));
        VSH_CHART_ROW(s, hours * axis->unit, priced_loss(p, &here), range.low, range.high,
                      vsh_law_loss(law, &unlimited));
        *least = fmin(*least, fmin(range.low, vsh_law_loss(law, &unlimited)));
        *most = fmax(*most, range.high);
    }
    vsh_chart_data_end(s);
    return VSH_OK;
}

/* Hours as they are said: in days from ten on, then in years. */
static vsh_figure_text show_hours(double hours)
{
    const double year = 8760;
    vsh_figure_text shown;

    if (hours < 240)
        snprintf(shown.text, sizeof shown.text, "%.3g h", hours);
    else
        snprintf(shown.text, sizeof shown.text, hours < year ? "%.3g d" : "%.3g y",
                 hours / (hours < year ? 24 : year));
    return shown;
}

/* A mark at each doubling, labelled with its hours. */
static void mark_hours(const plan *p, const cost_axis *axis, vsh_text *s)
{
    double hours = p->request.hours / 8;

    vsh_chart_data(s, "doublings");
    for (int i = 0; i < COST_STEPS; i++) {
        vsh_point here = best_in(p, hours * (1 << i));
        VSH_CHART_ROW(s, hours * (1 << i) * axis->unit, priced_loss(p, &here));
    }
    vsh_chart_data_end(s);
    for (int i = 0; i < COST_STEPS; i++) {
        vsh_point here = best_in(p, hours * (1 << i));
        vsh_chart_label(s, show_hours(hours * (1 << i)).text,
                        "at first %.6g,%.6g left offset 0.5,0.75", hours * (1 << i) * axis->unit,
                        priced_loss(p, &here));
    }
}

static void plot_cost(const plan *p, const vsh_panel *panel, vsh_text *s)
{
    const char *words = p->data_limited ? "best run on these tokens" : "best run for the hours";
    const vsh_series series[] = {
        {VSH_DRAW_BAND, "$costs using 1:3:4", PLAN_BAND_LOOK, "95 %, spread of throughput"},
        {VSH_DRAW_LINE, "$costs using 1:2", PLAN_BEST_LOOK, words},
        {VSH_DRAW_POINT, "$doublings using 1:2", "pointtype 7 pointsize 0.8 " VSH_COLOUR(VSH_BLUE),
         words},
        plan_run_series(plan_comparable(p)),
        {VSH_DRAW_LINE, "$costs using 1:5", "linewidth 2 dashtype (8,4) " VSH_COLOUR(VSH_GREEN),
         "on unlimited tokens"},
    };

    vsh_chart_plot(s, panel, series, PLAN_COUNT_OF(series) - !p->data_limited);
}

/* The lower axis and, where two quantities are known, the upper one. */
static void draw_cost_axes(const cost_axis *axis, double hours, vsh_text *s)
{
    double low = hours / 10 * axis->unit, high = hours * 14 * axis->unit;

    vsh_chart_log_axis(s, "x", low, high, axis->tick, 1);
    vsh_chart_label(s, "loss, nats a token", "at screen %.4f,%.4f left", 12.0 / VSH_CHART_WIDTH,
                    1 - 58.0 / COST_HEIGHT);
    if (axis->second <= 0)
        return;
    vsh_chart_log_axis(s, "x2", low, high, VSH_TICK_PLAIN, axis->unit / axis->second);
    vsh_chart_label(s, axis->second_words, "at graph 0.5,screen %.4f center",
                    1 - 84.0 / COST_HEIGHT);
    vsh_text_add(s, "set border 7\n");
}

static vsh_status draw_cost(const plan *p, vsh_text *s, vsh_error *err)
{
    cost_axis axis = choose_cost_axis(p);
    vsh_panel panel = {COST_HEIGHT, 46, axis.second > 0 ? 136 : 78, 384, 458, 2};
    double least = INFINITY, most = plan_comparable_loss(p);

    VSH_TRY(write_costs(p, &axis, &least, &most, s, err));
    plan_write_run(p, p->recommended.hours * axis.unit, s);
    vsh_chart_panel(s, &panel, NULL, axis.words);
    draw_cost_axes(&axis, p->request.hours, s);
    vsh_chart_axis(s, "y", least - 0.06 * (most - least), most + 0.1 * (most - least));
    mark_hours(p, &axis, s);
    plot_cost(p, &panel, s);
    return VSH_OK;
}

static void tell_bill(const plan *p, const vsh_bill *bill, vsh_text *caption)
{
    const vsh_region *region = p->request.region;

    if (bill->price_known)
        vsh_text_add(caption, "The plan costs %s", vsh_show_usd(bill->usd).text);
    else
        vsh_text_add(caption, "No price is known (--price); the plan");
    if (bill->power_known)
        vsh_text_add(caption,
                     "%s takes %s kWh (%s - %s) and emits %s kg CO2e at the %s g/kWh of %s "
                     "(%s), besides %s kg for its share in making the hardware (assumed)",
                     bill->price_known ? "," : "", AMOUNT(bill->kwh), AMOUNT(bill->kwh_low),
                     AMOUNT(bill->kwh_high), AMOUNT(bill->co2_kg), REAL(region->g_per_kwh),
                     region->code, region->place, AMOUNT(bill->embodied_kg));
    else
        vsh_text_add(caption, "%s takes %s h; its power is not known", bill->price_known ? "," : "",
                     AMOUNT(p->recommended.hours));
}

static void tell_cost(const plan *p, vsh_text *caption)
{
    const plan_request *r = &p->request;
    vsh_point here = best_in(p, r->hours), twice = best_in(p, 2 * r->hours);
    vsh_bill bill =
        vsh_bill_of(r->hardware, r->chips, vsh_for_hours(r->hours), r->region, r->price_usd);

    tell_bill(p, plan_has_run(p) ? &p->recommended.bill : &bill, caption);
    vsh_text_add(caption, ". Twice the hours would buy %.3f nats%s.",
                 priced_loss(p, &here) - priced_loss(p, &twice),
                 p->data_limited ? ": what is missing is text, not compute" : "");
    if (p->largest_params > 0 &&
        vsh_law_optimum(plan_drawn_law(p), 8 * p->flops, NULL).params > p->largest_params)
        vsh_text_add(caption, " Where the optimum no longer fits the memory, to the right, the "
                              "curve takes the largest model that does.");
}

vsh_status plan_draw_cost(const plan *p, vsh_report_figure *f, vsh_error *err)
{
    vsh_chart_begin(&f->script, f->name, COST_HEIGHT, f->title);
    VSH_TRY(draw_cost(p, &f->script, err));
    vsh_chart_end(&f->script);
    tell_cost(p, &f->caption);
    return VSH_OK;
}
