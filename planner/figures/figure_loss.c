#include "planner/figures/figure.h"

#include <math.h>
#include <stdio.h>

#include "planner/figures/figure_common.h"
#include "planner/laws/muennighoff2023.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define POWER(value) vsh_show_power(value).text

enum { LOSS_HEIGHT = 892 };

/* What is left of a law's loss when parameters and tokens are beyond measure. */
static double irreducible(const vsh_law *law)
{
    return vsh_law_loss(law, &(vsh_point){1e60, 1e60, 0, 1});
}

/* The corpus of measured runs whose losses compare with those of a law: an index into
 * vsh_anchor_corpora, or -1. */
static int corpus_of(const vsh_law *law)
{
    return law->same_corpus ? 0 : law == &vsh_muennighoff2023 ? 1 : -1;
}

/* Columns: compute, loss, low, high, loss where the law was fitted. */
static vsh_status write_frontier(const plan *p, double low, double high, double *highest,
                                 vsh_text *s, vsh_error *err)
{
    const vsh_law *law = plan_drawn_law(p);
    vsh_draw_options draws = {.residual_sd = vsh_law_residual(law), .seed = p->request.seed};
    vsh_interval params, tokens, loss;
    char reason[160];

    vsh_chart_data(s, "frontier");
    for (int i = 0; i < PLAN_SAMPLES; i++) {
        vsh_optimum best =
            vsh_law_optimum(law, draws.flops = plan_spaced(low, high, i, PLAN_SAMPLES), NULL);
        bool fitted =
            vsh_law_valid(law, &(vsh_point){best.params, best.tokens, 0, 1}, reason, sizeof reason);
        VSH_TRY(vsh_uncertain_optimum(law, &draws, &params, &tokens, &loss, err));
        VSH_CHART_ROW(s, draws.flops, best.loss, loss.low, loss.high, fitted ? best.loss : VSH_GAP);
        *highest = fmax(*highest, best.loss);
    }
    vsh_chart_data_end(s);
    return VSH_OK;
}

/* Measured runs of the law's corpus on unique tokens, with compute from low to high. */
static int write_anchors(const vsh_law *law, double low, double high, double *highest,
                         const char *name, vsh_text *s)
{
    int count, written = 0;
    const vsh_anchor *anchors = vsh_anchors(&count);

    vsh_chart_data(s, name);
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP, VSH_GAP); /* a block must not be empty */
    for (int i = 0; i < count; i++) {
        const vsh_anchor *a = &anchors[i];
        if (a->corpus != corpus_of(law) || a->unique < a->tokens || vsh_anchor_flops(a) < low ||
            vsh_anchor_flops(a) > high)
            continue;
        VSH_CHART_ROW(s, vsh_anchor_flops(a), a->loss, a->params);
        *highest = fmax(*highest, a->loss);
        written++;
    }
    vsh_chart_data_end(s);
    return written;
}

static double run_flops(const plan *p)
{
    return p->recommended.tokens * p->recommended.flops_per_token;
}

static void plot_frontier(const plan *p, double E, const vsh_panel *panel, vsh_text *s)
{
    char floor_line[24];
    const vsh_series series[] = {
        {VSH_DRAW_LINE, "$frontier using 1:5", PLAN_BEST_LOOK, "best run"},
        {VSH_DRAW_LINE, "$frontier using 1:2", "linewidth 1.6 dashtype (6,4) " VSH_COLOUR(VSH_BLUE),
         "extrapolated"},
        {VSH_DRAW_BAND, "$frontier using 1:3:4", PLAN_BAND_LOOK, "95 % of new runs"},
        {VSH_DRAW_LINE, floor_line, PLAN_FLOOR_LOOK, NULL},
        {VSH_DRAW_POINT, "$measured using 1:2", PLAN_ANCHOR_LOOK, "measured run"},
        {VSH_DRAW_POINT, "$optimum using 1:2", PLAN_OPTIMUM_LOOK, "optimum"},
        plan_run_series(plan_comparable(p)),
    };

    snprintf(floor_line, sizeof floor_line, "%.6g", E);
    vsh_chart_plot(s, panel, series, PLAN_COUNT_OF(series));
}

/* Words at the foot of the panel: the floor's on the side that the budget leaves free. */
static void label_floor(double flops, double low, double high, vsh_text *s)
{
    bool right = log(flops / low) < 0.5 * log(high / low);

    vsh_chart_label(s, "irreducible loss E", "at graph %g,graph 0.05 %s", right ? 0.99 : 0.01,
                    right ? "right" : "left");
    vsh_chart_label(s, "this budget", "at first %.6g,graph 0.05 %s", flops,
                    right ? "left offset 0.6,0" : "right offset -0.6,0");
    vsh_chart_line(s, "linewidth 1.2 dashtype (2,3) " VSH_COLOUR(VSH_INK),
                   "from first %.6g,graph 0 to first %.6g,graph 1 back", flops, flops);
}

static vsh_status draw_frontier(const plan *p, vsh_text *s, vsh_error *err)
{
    static const vsh_panel panel = {LOSS_HEIGHT, 46, 74, 334, 408, 3};
    const vsh_law *law = plan_drawn_law(p);
    double low = fmin(p->flops / 10, 5e17), high = fmax(p->flops * 10, 3e22), most = 0;
    double E = irreducible(law);

    VSH_TRY(write_frontier(p, low, high, &most, s, err));
    write_anchors(law, low, high, &most, "measured", s);
    plan_write_point(s, "optimum", p->flops, vsh_law_optimum(law, p->flops, NULL).loss);
    plan_write_run(p, run_flops(p), s);
    most = plan_top_loss(fmax(most, plan_comparable_loss(p)) + 0.15,
                         vsh_law_optimum(law, p->flops, NULL).loss);
    vsh_chart_panel(s, &panel, "loss, nats a token", "training compute, FLOP");
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_POWER, 1);
    vsh_chart_axis(s, "y", E - 0.11 * (most - E), most);
    label_floor(p->flops, low, high, s);
    plot_frontier(p, E, &panel, s);
    return VSH_OK;
}

/* Loss against size when compute is fixed: columns are size and the loss at each budget. */
static void write_isoflops(const vsh_law *law, double flops, double low, double high, vsh_text *s)
{
    static const double shares[] = {0.1, 1, 10};

    vsh_chart_data(s, "isoflop");
    for (int i = 0; i < 2 * PLAN_SAMPLES; i++) {
        double row[4] = {plan_spaced(low, high, i, 2 * PLAN_SAMPLES)};
        for (int j = 0; j < 3; j++)
            row[j + 1] =
                vsh_law_loss(law, &(vsh_point){row[0], shares[j] * flops / 6 / row[0], 0, 1});
        vsh_chart_row(s, row, 4);
    }
    vsh_chart_data_end(s);
}

static void plot_isoflops(bool nearest, const vsh_panel *panel, vsh_text *s)
{
    const vsh_series series[] = {
        {VSH_DRAW_LINE, "$isoflop using 1:3", PLAN_BEST_LOOK, "this budget"},
        {VSH_DRAW_LINE, "$isoflop using 1:2", PLAN_FLOOR_LOOK, "a tenth of it"},
        {VSH_DRAW_LINE, "$isoflop using 1:4", PLAN_MORE_LOOK, "ten times it"},
        {VSH_DRAW_POINT, "$near using 3:2", PLAN_ANCHOR_LOOK, "measured, 0.5 - 2x"},
        {VSH_DRAW_POINT, "$best using 1:2", PLAN_OPTIMUM_LOOK, NULL},
        {VSH_DRAW_POINT, "$plan using 1:2", PLAN_RUN_LOOK, NULL},
        {VSH_DRAW_POINT, "$rule using 1:2", PLAN_RULE_LOOK, "6NTE rule, by law"},
        {VSH_DRAW_POINT, "$nearest using 1:2", PLAN_NEAREST_LOOK,
         nearest ? "measured near it" : NULL},
    };

    vsh_chart_plot(s, panel, series, PLAN_COUNT_OF(series));
}

/* The law's loss where the rule would put the whole budget. */
static double rule_loss(const plan *p)
{
    double params = p->rule.params;

    return vsh_law_loss(plan_drawn_law(p), &(vsh_point){params, p->flops / 6 / params, 0, 1});
}

static void draw_isoflops(const plan *p, vsh_text *s)
{
    static const vsh_panel panel = {LOSS_HEIGHT, 46, 510, 770, 844, 3};
    const vsh_law *law = plan_drawn_law(p);
    const vsh_anchor *near = p->rule.nearest;
    vsh_optimum here = vsh_law_optimum(law, p->flops, NULL),
                more = vsh_law_optimum(law, p->flops * 10, NULL);
    double reach = here.loss - irreducible(law), most = here.loss + 1.3 * reach;
    double low = vsh_law_optimum(law, p->flops / 10, NULL).params / 14;
    double high = fmax(more.params * 14, fmin(1.7 * p->rule.params, 1000 * here.params));
    bool nearest = near->corpus == corpus_of(law) && near->params > low && near->params < high &&
                   near->loss < here.loss + 4 * reach && p->rule.vetoed_by_data;

    write_isoflops(law, p->flops, low, high, s);
    write_anchors(law, p->flops / 2, p->flops * 2, &most, "near", s);
    plan_write_point(s, "best", here.params, here.loss);
    plan_write_run(p, p->recommended.point.params, s);
    plan_write_point(s, "rule", p->rule.params, rule_loss(p));
    plan_write_point(s, "nearest", nearest ? near->params : VSH_GAP, near->loss);
    most = fmax(most, fmax(nearest ? near->loss : 0, p->rule.params < high ? rule_loss(p) : 0));
    most = fmax(fmin(most, here.loss + 4 * reach), plan_comparable_loss(p));
    vsh_chart_panel(s, &panel, "loss, nats a token, at a fixed compute", "parameters");
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_COUNT, 1);
    vsh_chart_axis(s, "y", more.loss - 0.2 * reach, plan_top_loss(most + 0.3 * reach, here.loss));
    plot_isoflops(nearest, &panel, s);
}

static void tell_plan_loss(const plan *p, vsh_text *caption)
{
    const plan_run *run = &p->recommended;

    if (!plan_has_run(p))
        return;
    vsh_text_add(caption, "The recommended run should reach %.2f (%.2f - %.2f)", run->loss,
                 run->loss_range.low, run->loss_range.high);
    if (run->repetition_nats > 0.0005)
        vsh_text_add(caption, ", %.2f of it for repeating its tokens", run->repetition_nats);
    if (!plan_comparable(p))
        vsh_text_add(caption, " by %s, on another corpus and therefore not drawn",
                     run->loss_law->title);
    vsh_text_add(caption, ". ");
}

static void tell_loss(const plan *p, vsh_text *caption)
{
    const vsh_law *law = plan_drawn_law(p);
    const vsh_anchor *near = p->rule.nearest;
    vsh_optimum best = vsh_law_optimum(law, p->flops, NULL);
    vsh_point half = {best.params / 2, best.tokens * 2, 0, 1};
    vsh_point twice = {best.params * 2, best.tokens / 2, 0, 1};

    vsh_text_add(caption,
                 "Above: %s FLOP buy a loss of %.2f at best (%s), %.2f of it irreducible; "
                 "ten percent more compute gain %.3f. ",
                 POWER(p->flops), best.loss, law->title, irreducible(law),
                 best.loss - vsh_law_optimum(law, 1.1 * p->flops, NULL).loss);
    tell_plan_loss(p, caption);
    vsh_text_add(caption,
                 "Below: half or twice the optimal %s parameters cost %.2f and %.2f; the "
                 "rule's %s cost %.2f by the law",
                 COUNT(best.params), vsh_law_loss(law, &half) - best.loss,
                 vsh_law_loss(law, &twice) - best.loss, COUNT(p->rule.params),
                 rule_loss(p) - best.loss);
    if (near->corpus == corpus_of(law) && p->rule.vetoed_by_data)
        vsh_text_add(caption,
                     ", and the measured run nearest to them (%s on %s tokens) reached "
                     "%.2f",
                     COUNT(near->params), COUNT(near->tokens), near->loss);
    vsh_text_add(caption, ". %s%s.", corpus_of(law) < 0 ? "No measured run" : "Squares: ",
                 corpus_of(law) < 0 ? " of this law's corpus is at hand"
                                    : vsh_anchor_corpora[corpus_of(law)]);
}

vsh_status plan_draw_loss(const plan *p, vsh_report_figure *f, vsh_error *err)
{
    vsh_chart_begin(&f->script, f->name, LOSS_HEIGHT, f->title);
    VSH_TRY(draw_frontier(p, &f->script, err));
    draw_isoflops(p, &f->script);
    vsh_chart_end(&f->script);
    tell_loss(p, &f->caption);
    return VSH_OK;
}
