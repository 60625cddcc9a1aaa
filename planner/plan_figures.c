#include "planner/plan_figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/chart.h"
#include "core/lower.h"
#include "planner/laws/muennighoff2023.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define BYTES(value) vsh_show_bytes(value).text
#define REAL(value) vsh_show_real(value).text
#define SI(value) vsh_show_si(value).text
#define POWER(value) vsh_show_power(value).text

/* The one look of a thing in all figures; colour is never alone, shape or dashes say the same. */
#define PLAN_POINT "pointtype 13 pointsize 1.3 linecolor rgb '" VSH_VERMILLION "'"
#define OPTIMUM_POINT "pointtype 6 pointsize 1.9 linewidth 2 linecolor rgb '" VSH_BLUE "'"
#define ANCHOR_POINT "pointtype 4 pointsize 0.75 linewidth 1 linecolor rgb '" VSH_INK "'"
#define NEAREST_POINT "pointtype 5 pointsize 1 linecolor rgb '" VSH_INK "'"
#define RULE_POINT "pointtype 3 pointsize 1.4 linewidth 2.2 linecolor rgb '" VSH_PURPLE "'"
#define BEST_LINE "linewidth 3 linecolor rgb '" VSH_BLUE "'"
#define BAND "fillcolor rgb '" VSH_BLUE "' fillstyle transparent solid 0.22 noborder"

/* A figure that there is not. */
#define NONE ((double)NAN)

enum { SAMPLES = 41 };

/* The i-th of count points from low to high, evenly spaced in the logarithm. */
static double spaced(double low, double high, int i, int count)
{
    return low * pow(high / low, (double)i / (count - 1));
}

/* The law whose losses are drawn: the plan's, or the default where that one only sizes. */
static const vsh_law *drawn_law(const plan *p)
{
    return isfinite(p->optimum.loss) ? p->request.law : vsh_law_default();
}

static bool has_run(const plan *p) { return p->recommended.model.layers > 0; }

/* Compute as the laws count it, so that a run stands where its parameters and tokens put it. */
static double flops_of(const vsh_anchor *a) { return 6 * a->params * a->tokens; }

/* What is left of a law's loss when parameters and tokens are beyond measure. */
static double irreducible(const vsh_law *law)
{
    return law->loss(&(vsh_point){1e60, 1e60, 0, 1});
}

/* The top of an axis of losses: none is shown above that of guessing among 50257 tokens, unless the
 * law itself stands there. */
static double top_loss(double wanted, double least)
{
    return least < 10 ? fmin(wanted, 10.82) : wanted;
}

/* Measured runs whose losses compare with those of a law: an index into vsh_anchor_corpora, or -1. */
static int corpus_of(const vsh_law *law)
{
    return law->same_corpus ? 0 : law == &vsh_muennighoff2023 ? 1 : -1;
}

/* ---- 1: loss against compute ----------------------------------------------------------------- */

#define EXTRAPOLATED_LINE "linewidth 1.6 dashtype (6,4) linecolor rgb '" VSH_BLUE "'"
#define FLOOR_LINE "linewidth 2 dashtype (2,3) linecolor rgb '" VSH_GREEN "'"
#define LESS_LINE "linewidth 2 dashtype (2,3) linecolor rgb '" VSH_GREEN "'"
#define MORE_LINE "linewidth 2 dashtype (8,4) linecolor rgb '" VSH_INK "'"

enum { LOSS_HEIGHT = 892 };

/* Columns: compute, loss, low, high, loss where the law was fitted. */
static vsh_status write_frontier(const plan *p, double low, double high, double *highest,
                                 vsh_text *s, vsh_error *err)
{
    const vsh_law *law = drawn_law(p);
    vsh_draw_options draws = {.residual_sd = vsh_besiroglu2024.residual_sd, .seed = p->request.seed};
    vsh_interval params, tokens, loss;
    char reason[160];

    vsh_chart_data(s, "frontier");
    for (int i = 0; i < SAMPLES; i++) {
        vsh_optimum best = law->optimum(draws.flops = spaced(low, high, i, SAMPLES), 1);
        bool fitted = vsh_law_valid(law, &(vsh_point){best.params, best.tokens, 0, 1}, reason,
                                    sizeof reason);
        VSH_TRY(vsh_uncertain_optimum(law, &draws, &params, &tokens, &loss, err));
        VSH_CHART_ROW(s, draws.flops, best.loss, loss.low, loss.high, fitted ? best.loss : NONE);
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
    VSH_CHART_ROW(s, NONE, NONE, NONE); /* a block must not be empty */
    for (int i = 0; i < count; i++) {
        const vsh_anchor *a = &anchors[i];
        if (a->corpus != corpus_of(law) || a->unique < a->tokens || flops_of(a) < low ||
            flops_of(a) > high)
            continue;
        VSH_CHART_ROW(s, flops_of(a), a->loss, a->params);
        *highest = fmax(*highest, a->loss);
        written++;
    }
    vsh_chart_data_end(s);
    return written;
}

static void write_point(vsh_text *s, const char *name, double x, double y)
{
    vsh_chart_data(s, name);
    VSH_CHART_ROW(s, x, y);
    vsh_chart_data_end(s);
}

static double plan_loss(const plan *p) { return has_run(p) ? p->recommended.loss : NONE; }

static double plan_params(const plan *p)
{
    return has_run(p) ? p->recommended.point.params : NONE;
}

static double plan_flops(const plan *p)
{
    const plan_run *run = &p->recommended;

    return has_run(p) ? run->tokens * run->flops_per_token : NONE;
}

static void key_frontier(const plan *p, int top, vsh_text *s)
{
    vsh_key key = {s, LOSS_HEIGHT, top, 3, 0};

    vsh_key_add(&key, "best run", BEST_LINE, NULL, NULL);
    vsh_key_add(&key, "extrapolated", EXTRAPOLATED_LINE, NULL, NULL);
    vsh_key_add(&key, "95 % of new runs", NULL, NULL, BAND);
    vsh_key_add(&key, "measured run", NULL, ANCHOR_POINT, NULL);
    vsh_key_add(&key, "optimum", NULL, OPTIMUM_POINT, NULL);
    vsh_key_add(&key, has_run(p) && p->recommended.loss_law != drawn_law(p) ? "recommended (C4)" : "recommended", NULL,
                PLAN_POINT, NULL);
}

static vsh_status draw_frontier(const plan *p, vsh_text *s, vsh_error *err)
{
    static const vsh_panel panel = {LOSS_HEIGHT, 46, 74, 334};
    const vsh_law *law = drawn_law(p);
    double low = fmin(p->flops / 10, 5e17), high = fmax(p->flops * 10, 3e22), highest = 0;
    double E = irreducible(law);
    bool right; /* of the panel is free at the floor */

    VSH_TRY(write_frontier(p, low, high, &highest, s, err));
    write_anchors(law, low, high, &highest, "measured", s);
    write_point(s, "optimum", p->flops, law->optimum(p->flops, 1).loss);
    write_point(s, "plan", plan_flops(p), plan_loss(p));
    vsh_chart_panel(s, &panel, "loss, nats a token", "training compute, FLOP");
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_POWER, 1);
    highest = top_loss(fmax(highest, has_run(p) ? plan_loss(p) : 0) + 0.15, law->optimum(p->flops, 1).loss);
    vsh_chart_axis(s, "y", E - 0.11 * (highest - E), highest);
    right = log(p->flops / low) < 0.5 * log(high / low);
    vsh_chart_label(s, "irreducible loss E", "at graph %g,graph 0.05 %s", right ? 0.99 : 0.01, right ? "right" : "left");
    vsh_chart_label(s, "this budget", "at first %.6g,graph 0.05 left offset 0.6,0", p->flops);
    vsh_text_add(s, "set arrow from first %.6g,graph 0 to first %.6g,graph 1 nohead linewidth 1.2 dashtype (2,3) "
                    "linecolor rgb '" VSH_INK "' back\n", p->flops, p->flops);
    key_frontier(p, panel.bottom + 74, s);
    vsh_text_add(s, "plot $frontier using 1:3:4 with filledcurves " BAND ", \\\n"
                    "  $frontier using 1:2 with lines " EXTRAPOLATED_LINE ", \\\n"
                    "  $frontier using 1:5 with lines " BEST_LINE ", \\\n"
                    "  %.6g with lines " FLOOR_LINE ", \\\n", E);
    vsh_text_add(s, "  $measured using 1:2 with points " ANCHOR_POINT ", \\\n"
                    "  $optimum using 1:2 with points " OPTIMUM_POINT ", \\\n"
                    "  $plan using 1:2 with points " PLAN_POINT "\n");
    return VSH_OK;
}

/* Loss against size when compute is fixed: columns are size and the loss at each budget. */
static void write_isoflops(const vsh_law *law, double flops, double low, double high, vsh_text *s)
{
    static const double shares[] = {0.1, 1, 10};

    vsh_chart_data(s, "isoflop");
    for (int i = 0; i < 2 * SAMPLES; i++) {
        double row[4] = {spaced(low, high, i, 2 * SAMPLES)};
        for (int j = 0; j < 3; j++)
            row[j + 1] = law->loss(&(vsh_point){row[0], shares[j] * flops / 6 / row[0], 0, 1});
        vsh_chart_row(s, row, 4);
    }
    vsh_chart_data_end(s);
}

static void key_isoflops(bool nearest, int top, vsh_text *s)
{
    vsh_key key = {s, LOSS_HEIGHT, top, 3, 0};

    vsh_key_add(&key, "this budget", BEST_LINE, NULL, NULL);
    vsh_key_add(&key, "a tenth of it", LESS_LINE, NULL, NULL);
    vsh_key_add(&key, "ten times it", MORE_LINE, NULL, NULL);
    vsh_key_add(&key, "measured, 0.5 - 2x", NULL, ANCHOR_POINT, NULL);
    vsh_key_add(&key, "6NTE rule, by law", NULL, RULE_POINT, NULL);
    if (nearest)
        vsh_key_add(&key, "measured near it", NULL, NEAREST_POINT, NULL);
}

static void plot_isoflops(vsh_text *s)
{
    vsh_text_add(s, "plot $isoflop using 1:2 with lines " LESS_LINE ", \\\n"
                    "  $isoflop using 1:3 with lines " BEST_LINE ", \\\n"
                    "  $isoflop using 1:4 with lines " MORE_LINE ", \\\n"
                    "  $near using 3:2 with points " ANCHOR_POINT ", \\\n");
    vsh_text_add(s, "  $nearest using 1:2 with points " NEAREST_POINT ", \\\n"
                    "  $best using 1:2 with points " OPTIMUM_POINT ", \\\n"
                    "  $run using 1:2 with points " PLAN_POINT ", \\\n"
                    "  $rule using 1:2 with points " RULE_POINT "\n");
}

static void draw_isoflops(const plan *p, vsh_text *s)
{
    static const vsh_panel panel = {LOSS_HEIGHT, 46, 510, 770};
    const vsh_law *law = drawn_law(p);
    const vsh_anchor *near = p->rule.nearest;
    vsh_optimum here = law->optimum(p->flops, 1), more = law->optimum(p->flops * 10, 1);
    double reach = here.loss - irreducible(law), low = law->optimum(p->flops / 10, 1).params / 14;
    double high = fmax(more.params * 14, fmin(1.7 * p->rule.params, 1000 * here.params));
    double rule = law->loss(&(vsh_point){p->rule.params, p->flops / 6 / p->rule.params, 0, 1});
    double highest = here.loss + 1.3 * reach;
    bool nearest = near->corpus == corpus_of(law) && near->params > low && near->params < high &&
                   p->rule.vetoed_by_data;

    write_isoflops(law, p->flops, low, high, s);
    write_anchors(law, p->flops / 2, p->flops * 2, &highest, "near", s);
    write_point(s, "best", here.params, here.loss);
    write_point(s, "run", plan_params(p), plan_loss(p));
    write_point(s, "rule", p->rule.params, rule);
    write_point(s, "nearest", nearest ? near->params : NONE, near->loss);
    highest = fmax(highest, fmax(nearest ? near->loss : 0, p->rule.params < high ? rule : 0));
    highest = fmax(fmin(highest, here.loss + 4 * reach), has_run(p) ? plan_loss(p) : 0);
    vsh_chart_panel(s, &panel, "loss, nats a token, at a fixed compute", "parameters");
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_COUNT, 1);
    vsh_chart_axis(s, "y", more.loss - 0.2 * reach, top_loss(highest + 0.15 * reach, here.loss));
    key_isoflops(nearest, panel.bottom + 74, s);
    plot_isoflops(s);
}

static void tell_loss(const plan *p, vsh_text *caption)
{
    const vsh_law *law = drawn_law(p);
    vsh_optimum best = law->optimum(p->flops, 1);
    double E = irreducible(law), gain = best.loss - law->optimum(1.1 * p->flops, 1).loss;

    vsh_text_add(caption, "Above: %s FLOP buy a loss of %.2f at best (%s); %.2f of it no compute removes, and ten "
                          "percent more compute gain %.3f nats. ",
                 POWER(p->flops), best.loss, law->title, E, gain);
    if (has_run(p))
        vsh_text_add(caption, "The recommended run should reach %.2f (%.2f - %.2f)%s. ", p->recommended.loss,
                     p->recommended.loss_range.low, p->recommended.loss_range.high,
                     p->recommended.loss_law == law ? "" : ", by the law of repeated data and on its own corpus, C4");
    vsh_text_add(caption, "Below: the optimum, %s parameters, is flat: half or twice the size costs %.2f and %.2f "
                          "nats; the rule's %s parameters cost %.2f by the law",
                 COUNT(best.params), law->loss(&(vsh_point){best.params / 2, 2 * best.tokens, 0, 1}) - best.loss,
                 law->loss(&(vsh_point){best.params * 2, best.tokens / 2, 0, 1}) - best.loss,
                 COUNT(p->rule.params),
                 law->loss(&(vsh_point){p->rule.params, p->flops / 6 / p->rule.params, 0, 1}) - best.loss);
    if (p->rule.nearest && corpus_of(law) == p->rule.nearest->corpus)
        vsh_text_add(caption, ", and the measured run nearest to them (%s on %s tokens) reached %.2f",
                     COUNT(p->rule.nearest->params), COUNT(p->rule.nearest->tokens), p->rule.nearest->loss);
    vsh_text_add(caption, ". Squares: %s.", corpus_of(law) >= 0 ? vsh_anchor_corpora[corpus_of(law)]
                                                              : "no measured run of this law's corpus is at hand");
}

static vsh_status make_loss(const plan *p, plan_figure *f, vsh_error *err)
{
    f->name = "loss-compute";
    f->title = "Loss against compute";
    vsh_chart_begin(&f->script, f->name, LOSS_HEIGHT, f->title);
    VSH_TRY(draw_frontier(p, &f->script, err));
    draw_isoflops(p, &f->script);
    vsh_chart_end(&f->script);
    tell_loss(p, &f->caption);
    return VSH_OK;
}

/* ---- 2: size against hours ------------------------------------------------------------------- */

#define RULE_LINE "linewidth 3 dashtype (10,3,3,3) linecolor rgb '" VSH_PURPLE "'"
#define WALL_FILL "fillcolor rgb '" VSH_GREY "' fillstyle transparent solid 0.2 noborder"

enum { SIZE_HEIGHT = 494 };

/* Columns: hours, the rule's size, then the optimum of each law. */
static void write_sizes(const plan *p, double low, double high, double *least, double *most, vsh_text *s)
{
    vsh_chart_data(s, "sizes");
    for (int i = 0; i < 9; i++) {
        double row[2 + VSH_LAW_COUNT] = {spaced(low, high, i, 9)};
        double flops = p->flops * row[0] / p->request.hours;
        row[1] = flops / (6 * p->rule.tokens * p->rule.epochs);
        *most = fmax(*most, row[1]);
        for (int j = 0; j < VSH_LAW_COUNT; j++) {
            row[2 + j] = vsh_laws[j]->optimum(flops, 1).params;
            *least = fmin(*least, row[2 + j]);
            *most = fmax(*most, row[2 + j]);
        }
        vsh_chart_row(s, row, 2 + VSH_LAW_COUNT);
    }
    vsh_chart_data_end(s);
}

static const struct {
    const char *line, *point;
} law_looks[VSH_LAW_COUNT] = {
    {"dashtype solid linecolor rgb '" VSH_BLUE "'", "pointtype 6 pointsize 0.9 linecolor rgb '" VSH_BLUE "'"},
    {"dashtype (8,4) linecolor rgb '" VSH_GREEN "'", "pointtype 4 pointsize 0.9 linecolor rgb '" VSH_GREEN "'"},
    {"dashtype (2,3) linecolor rgb '" VSH_INK "'", "pointtype 8 pointsize 0.9 linecolor rgb '" VSH_INK "'"},
    {"dashtype (8,3,2,3) linecolor rgb '" VSH_ORANGE "'", "pointtype 10 pointsize 0.9 linecolor rgb '" VSH_ORANGE "'"},
    {"dashtype (4,2) linecolor rgb '" VSH_GREY "'", "pointtype 2 pointsize 0.9 linecolor rgb '" VSH_GREY "'"}};

static void plot_sizes(const plan *p, int top, vsh_text *s)
{
    vsh_key key = {s, SIZE_HEIGHT, top, 3, 0};
    char line[96];

    vsh_key_add(&key, "6NTE rule", RULE_LINE, NULL, NULL);
    for (int i = 0; i < VSH_LAW_COUNT; i++) {
        snprintf(line, sizeof line, "%s linewidth %s", law_looks[i].line, vsh_laws[i] == p->request.law ? "3" : "1.6");
        vsh_key_add(&key, vsh_laws[i]->title, line, law_looks[i].point, NULL);
    }
    vsh_key_add(&key, "recommended", NULL, PLAN_POINT, NULL);
    vsh_key_add(&key, "does not fit", NULL, NULL, WALL_FILL);
    vsh_text_add(s, "plot $sizes using 1:2 with lines " RULE_LINE);
    for (int i = 0; i < VSH_LAW_COUNT; i++)
        vsh_text_add(s, ", \\\n  $sizes using 1:%d with lines %s linewidth %s"
                        ", \\\n  $sizes using 1:%d every 2 with points %s",
                     3 + i, law_looks[i].line, vsh_laws[i] == p->request.law ? "3" : "1.6", 3 + i, law_looks[i].point);
    vsh_text_add(s, ", \\\n  $rule using 1:2 with points " RULE_POINT
                    ", \\\n  $plan using 1:2 with points " PLAN_POINT "\n");
}

static void draw_wall(double wall, vsh_text *s)
{
    char text[80];

    vsh_text_add(s, "set object rectangle from graph 0,first %.6g to graph 1,graph 1 back " WALL_FILL "\n", wall);
    vsh_text_add(s, "set arrow from graph 0,first %.6g to graph 1,first %.6g nohead linewidth 3 linecolor rgb '"
                    VSH_INK "' back\n", wall, wall);
    snprintf(text, sizeof text, "more than %s: does not fit", COUNT(wall));
    vsh_chart_label(s, text, "at graph 0.015,graph 0.95 left");
}

static void draw_sizes(const plan *p, vsh_text *s)
{
    static const vsh_panel panel = {SIZE_HEIGHT, 66, 74, 354};
    const plan_request *r = &p->request;
    double low = r->hours / 16, high = r->hours * 16, wall = p->largest_params;
    double least = INFINITY, most = fmax(wall, 1);
    char text[120];

    write_sizes(p, low, high, &least, &most, s);
    write_point(s, "plan", p->recommended.hours, plan_params(p));
    if (has_run(p))
        least = fmin(least, plan_params(p));
    snprintf(text, sizeof text, "hours on %g x %.80s", r->chips, r->hardware->name);
    vsh_chart_panel(s, &panel, "parameters", text);
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_PLAIN, 1);
    vsh_chart_log_axis(s, "y", least / 2, most * 4, VSH_TICK_COUNT, 1);
    if (wall > least / 2)
        draw_wall(wall, s);
    write_point(s, "rule", r->hours, p->rule.params);
    if (p->rule.params > 4 * wall) /* elsewhere the laws' lines are in the way */
        vsh_chart_label(s, COUNT(p->rule.params), "at first %.6g,%.6g right offset -0.8,0.7", r->hours, p->rule.params);
    plot_sizes(p, panel.bottom + 74, s);
}

static void tell_sizes(const plan *p, vsh_text *caption)
{
    double least = INFINITY, most = 0;

    for (int i = 0; i < VSH_LAW_COUNT; i++) {
        least = fmin(least, p->by_law[i].params);
        most = fmax(most, p->by_law[i].params);
    }
    vsh_text_add(caption, "For %s h the laws ask for %s to %s parameters (each counts N its own way), growing about as the "
                          "square root of the hours. ",
                 REAL(p->request.hours), COUNT(least), COUNT(most));
    vsh_text_add(caption, "The rule grows with the hours themselves and allows %s. ", COUNT(p->rule.params));
    vsh_text_add(caption, "The wall: %s chip%s of %s hold%s the training state of %s parameters, at %g bytes each (%s).",
                 vsh_show_integer((int64_t)p->request.chips).text, p->request.chips == 1 ? "" : "s",
                 BYTES(p->request.hardware->memory_bytes.value), p->request.chips == 1 ? "s" : "",
                 COUNT(p->largest_params), vsh_recipe_bytes(p->request.recipe), p->request.recipe->name);
}

static vsh_status make_sizes(const plan *p, plan_figure *f, vsh_error *err)
{
    (void)err;
    f->name = "size-hours";
    f->title = "Model size against hours on this hardware";
    vsh_chart_begin(&f->script, f->name, SIZE_HEIGHT, f->title);
    draw_sizes(p, &f->script);
    vsh_chart_end(&f->script);
    tell_sizes(p, &f->caption);
    return VSH_OK;
}

/* ---- 3: memory ------------------------------------------------------------------------------- */

enum { PARTS = 6, BARS_MAX = PLAN_ALTERNATIVES + 2 };

typedef struct {
    char label[64];
    double part[PARTS], total; /* bytes on a chip */
} bar;

static const char *const part_names[PARTS] = {"weights", "gradients", "optimizer",
                                              "activations", "logits", "workspace"};
/* Solid and hatched fills take turns, so that neighbours differ without colour. */
#define EDGE " border linecolor rgb '" VSH_INK "' linewidth 0.6"
static const char *const part_fills[PARTS] = {
    "fillcolor rgb '" VSH_BLUE "' fillstyle solid 1" EDGE,
    "fillcolor rgb '" VSH_BLUE "' fillstyle pattern 4" EDGE,
    "fillcolor rgb '" VSH_GREEN "' fillstyle solid 1" EDGE,
    "fillcolor rgb '" VSH_ORANGE "' fillstyle solid 1" EDGE,
    "fillcolor rgb '" VSH_VERMILLION "' fillstyle pattern 5" EDGE,
    "fillcolor rgb '" VSH_GREY "' fillstyle solid 0.6" EDGE};
#define CHIP_LINE "linewidth 3.5 linecolor rgb '" VSH_INK "'"

static bar bar_of_run(const char *name, const plan_run *run)
{
    const vsh_footprint *f = &run->footprint;
    bar b = {.part = {f->weights.v, f->gradients.v, f->optimizer.v, f->activations.v, f->logits.v,
                      f->workspace.v},
             .total = f->total.v};

    snprintf(b.label, sizeof b.label, "%.16s, %s", name, COUNT((double)run->parameters.total));
    return b;
}

static bar bar_of_rule(const plan *p)
{
    const vsh_recipe *recipe = p->request.recipe;
    double params = p->rule.params / p->request.chips;
    bar b = {.part = {params * recipe->weights, params * recipe->gradients,
                      params * (recipe->master + recipe->moments)},
             .total = params * vsh_recipe_bytes(recipe)};

    snprintf(b.label, sizeof b.label, "6NTE rule, %s", COUNT(p->rule.params));
    return b;
}

/* The recommended run, then its alternatives. */
static int collect_bars(const plan *p, bar bars[BARS_MAX])
{
    int count = 0;

    if (has_run(p))
        bars[count++] = bar_of_run("this plan", &p->recommended);
    for (int i = 0; i < p->alternative_count; i++)
        if (strcmp(p->alternative[i].name, "dense") != 0)
            bars[count++] = bar_of_run(p->alternative[i].name, &p->alternative[i]);
    return count;
}

/* A datablock for each part, a row for each bar: x from, to, y from, to; the first bar on top. */
static void write_bars(const bar *bars, int count, double cut, const char *prefix, vsh_text *s)
{
    char name[16];

    for (int part = 0; part < PARTS; part++) {
        snprintf(name, sizeof name, "%s%d", prefix, part);
        vsh_chart_data(s, name);
        VSH_CHART_ROW(s, NONE, NONE, NONE, NONE);
        for (int i = 0; i < count; i++) {
            double from = 0, y = count - i;
            for (int before = 0; before < part; before++)
                from += bars[i].part[before];
            if (from < cut && bars[i].part[part] > 0)
                VSH_CHART_ROW(s, from / 1e9, fmin(cut, from + bars[i].part[part]) / 1e9, y - 0.34, y + 0.34);
        }
        vsh_chart_data_end(s);
    }
}

/* Names to the left, totals in a column at the right edge; an arrow where the bar leaves the panel. */
static void label_bars(const bar *bars, int count, double cut, vsh_text *s)
{
    char text[64];

    vsh_text_add(s, "set yrange [0.4:%g]\nset ytics scale 0 (", count + 0.6);
    for (int i = 0; i < count; i++) {
        vsh_text_add(s, i ? ", " : "");
        vsh_chart_quote(s, bars[i].label, 21);
        vsh_text_add(s, " %d", count - i);
    }
    vsh_text_add(s, ")\n");
    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof text, bars[i].total > cut ? "\u25b6 %s" : "%s", BYTES(bars[i].total));
        vsh_chart_label(s, text, "at graph 1,first %d right", count - i);
    }
}

static void plot_bars(const char *prefix, vsh_text *s)
{
    vsh_text_add(s, "plot ");
    for (int part = 0; part < PARTS; part++)
        vsh_text_add(s, "%s$%s%d using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror %s", part ? ", \\\n  " : "",
                     prefix, part, part_fills[part]);
    vsh_text_add(s, "\n");
}

static void draw_capacity(const plan *p, vsh_text *s)
{
    double capacity = p->request.hardware->memory_bytes.value / 1e9;

    vsh_text_add(s, "set arrow from first %.6g,graph 0 to first %.6g,graph 1 nohead " CHIP_LINE " front\n", capacity,
                 capacity);
}

static void key_memory(const plan *p, int height, vsh_text *s)
{
    vsh_key key = {s, height, height - 62, 3, 0};
    char text[48];

    for (int part = 0; part < PARTS; part++)
        vsh_key_add(&key, part_names[part], NULL, NULL, part_fills[part]);
    snprintf(text, sizeof text, "the chip: %s", BYTES(p->request.hardware->memory_bytes.value));
    vsh_key_add(&key, text, CHIP_LINE, NULL, NULL);
}

static int memory_height(int bars) { return 320 + 30 * (bars ? bars : 1); }

/* Above, everything on one scale; below, the same runs on the scale of the chip. */
static void draw_memory(const plan *p, vsh_text *s)
{
    bar bars[BARS_MAX], pair[2];
    int count = collect_bars(p, bars), pair_count = 0, height = memory_height(count);
    double capacity = p->request.hardware->memory_bytes.value, cut = 1.06 * capacity, most;
    vsh_panel all = {height, 164, 78, 138}, chip = {height, 164, 206, height - 124};

    pair[pair_count++] = bar_of_rule(p);
    if (count)
        pair[pair_count++] = bars[0];
    most = fmax(capacity, fmax(pair[0].total, count ? bars[0].total : 0));
    write_bars(pair, pair_count, INFINITY, "all", s);
    vsh_chart_panel(s, &all, "on one scale, GB on a chip", NULL);
    vsh_chart_axis(s, "x", 0, 1.3 * most / 1e9);
    label_bars(pair, pair_count, INFINITY, s);
    draw_capacity(p, s);
    plot_bars("all", s);
    write_bars(bars, count, cut, "chip", s);
    vsh_chart_panel(s, &chip, "on the scale of the chip, GB", NULL);
    vsh_chart_axis(s, "x", 0, 1.3 * capacity / 1e9);
    label_bars(bars, count, cut, s);
    draw_capacity(p, s);
    key_memory(p, height, s);
    plot_bars("chip", s);
}

static void tell_memory(const plan *p, vsh_text *caption)
{
    double capacity = p->request.hardware->memory_bytes.value;
    const plan_run *run = &p->recommended;
    bar rule = bar_of_rule(p);

    if (has_run(p))
        vsh_text_add(caption, "The recommended run takes %s of the chip's %s (%.0f %%; a plan may fill %.0f %%): %s of "
                              "state and %s of activations. ",
                     BYTES(run->footprint.total.v), BYTES(capacity), 100 * run->footprint.total.v / capacity,
                     100 * PLAN_MEMORY_SHARE,
                     BYTES(run->footprint.weights.v + run->footprint.gradients.v + run->footprint.optimizer.v),
                     BYTES(run->footprint.activations.v));
    vsh_text_add(caption, "The rule's %s parameters would take %s a chip before a single activation, %.3g times the chip. ",
                 COUNT(p->rule.params), BYTES(rule.total), rule.total / capacity);
    vsh_text_add(caption, "Both panels are linear from zero: the upper one shows the rule and this plan on one scale, the lower "
                          "one this plan and its alternatives on the scale of the chip (a bar that leaves it ends in an arrow). "
                          "The heavy line is the chip.");
}

static vsh_status make_memory(const plan *p, plan_figure *f, vsh_error *err)
{
    bar bars[BARS_MAX];

    (void)err;
    f->name = "memory";
    f->title = "Memory of one chip";
    vsh_chart_begin(&f->script, f->name, memory_height(collect_bars(p, bars)), f->title);
    draw_memory(p, &f->script);
    vsh_chart_end(&f->script);
    tell_memory(p, &f->caption);
    return VSH_OK;
}

/* ---- 4: roofline ----------------------------------------------------------------------------- */

enum { ROOF_HEIGHT = 552, ROOF_LABELS = 6 };

/* The operations of one name, over the phases. */
typedef struct {
    const char *name;
    double intensity, rate, time;
    bool matrix;
} op_group;

typedef struct {
    vsh_op_list ops;
    double time, model_flops;
    op_group group[VSH_OPS_MAX];
    int group_count;
    double vector, peak, bandwidth; /* vector 0: not known */
} roofline;

static double op_flops(const vsh_op *op)
{
    return op->executed_macs > 0 ? 2 * (double)op->executed_macs : op->vector_flops.v;
}

static double attainable(const roofline *r, const vsh_op *op)
{
    double roof = op->executed_macs > 0 || r->vector <= 0 ? r->peak : r->vector;

    return fmin(roof, r->bandwidth * op_flops(op) / op->bytes.v);
}

static bool is_drawn(const vsh_op *op) { return op_flops(op) > 0 && op->bytes.v > 0; }

static void add_to_group(roofline *r, const vsh_op *op, double time)
{
    int i = 0;

    while (i < r->group_count && strcmp(r->group[i].name, op->name) != 0)
        i++;
    if (i == r->group_count)
        r->group[r->group_count++] = (op_group){.name = op->name,
                                                .intensity = op_flops(op) / op->bytes.v,
                                                .rate = attainable(r, op),
                                                .matrix = op->executed_macs > 0};
    r->group[i].time += time;
}

static vsh_status measure_roofline(const plan *p, roofline *r, vsh_error *err)
{
    const plan_request *q = &p->request;

    r->peak = q->peak.v;
    r->bandwidth = q->hardware->memory_rate.value;
    r->vector = q->hardware->vector.known ? q->hardware->vector.value : 0;
    if (!has_run(p))
        return VSH_OK;
    VSH_TRY(vsh_lower(&p->recommended.model, &p->recommended.work, &r->ops, err));
    r->model_flops = vsh_ops_step_model_flops(&r->ops).v;
    for (int i = 0; i < r->ops.count; i++) {
        double time = vsh_cost_op(&r->ops.item[i], q->hardware, q->precision).time.v;
        r->time += time;
        if (is_drawn(&r->ops.item[i]))
            add_to_group(r, &r->ops.item[i], time);
    }
    return VSH_OK;
}

/* The groups that take most of the time, largest first. */
static int largest_groups(const roofline *r, const op_group *largest[ROOF_LABELS])
{
    int count = 0;

    for (int i = 0; i < r->group_count; i++) {
        int place = count < ROOF_LABELS ? count++ : ROOF_LABELS;
        for (; place > 0 && largest[place - 1]->time < r->group[i].time; place--)
            if (place < ROOF_LABELS)
                largest[place] = largest[place - 1];
        if (place < ROOF_LABELS)
            largest[place] = &r->group[i];
    }
    return count;
}

static void write_operations(const roofline *r, vsh_text *s)
{
    for (vsh_phase phase = VSH_FORWARD; phase <= VSH_OPTIMIZER; phase++) {
        vsh_chart_data(s, vsh_phase_names[phase]);
        VSH_CHART_ROW(s, NONE, NONE);
        for (int i = 0; i < r->ops.count; i++) {
            const vsh_op *op = &r->ops.item[i];
            if (op->phase == phase && is_drawn(op))
                VSH_CHART_ROW(s, op_flops(op) / op->bytes.v, attainable(r, op));
        }
        vsh_chart_data_end(s);
    }
}

/* The plane of the figure: its ranges, and what a point of it measures. */
typedef struct {
    double x_low, x_high, y_low, y_high;
    double points_x, points_y; /* points of the picture in a decade */
    double row;                /* factor in y of one line of text */
} roof_plane;

#define ROOF_LINE "linewidth 3 linecolor rgb '" VSH_INK "'"
static const vsh_panel roof_panel = {ROOF_HEIGHT, 66, 74, 434};

static roof_plane measure_plane(const roofline *r, int rows)
{
    double ridge = r->peak / r->bandwidth, x_low = ridge / 30, x_high = ridge * 10;
    double height = roof_panel.bottom - roof_panel.top, width = VSH_CHART_WIDTH - VSH_CHART_RIGHT - roof_panel.left;
    roof_plane plane;
    double decades, share = (19.0 * rows + 26) / height;

    for (int i = 0; i < r->group_count; i++) {
        x_low = fmin(x_low, r->group[i].intensity / 2);
        x_high = fmax(x_high, r->group[i].intensity * 6);
    }
    plane = (roof_plane){.x_low = x_low, .x_high = x_high, .y_low = r->bandwidth * x_low};
    decades = log10(r->peak / plane.y_low) / (1 - share);
    plane.y_high = plane.y_low * pow(10, decades);
    plane.points_x = width / log10(x_high / x_low);
    plane.points_y = height / decades;
    plane.row = pow(10, 19 / plane.points_y);
    return plane;
}

static void label_group(const roofline *r, const op_group *g, const char *place, vsh_text *s)
{
    const char *name = strncmp(g->name, "layer.", 6) == 0 ? g->name + 6 : g->name;
    char text[80];

    snprintf(text, sizeof text, "%.30s %.0f %%", name, 100 * g->time / r->time);
    vsh_chart_label(s, text, "%s", place);
}

/* Labels of operations under the matrix roof stand above it to the left of their points, the
 * rightmost highest: no leader crosses a label. */
static void label_matrix(const roofline *r, const roof_plane *plane, const op_group *const *largest,
                         int count, vsh_text *s)
{
    double below = 0;
    char place[96];

    for (int row = 1;; row++) {
        const op_group *next = NULL;
        double height = r->peak * pow(plane->row, row + 0.1);
        for (int i = 0; i < count; i++)
            if (largest[i]->matrix && largest[i]->rate >= 0.999 * r->peak && largest[i]->intensity > below &&
                (!next || largest[i]->intensity < next->intensity))
                next = largest[i];
        if (!next)
            return;
        below = next->intensity;
        snprintf(place, sizeof place, "at first %.6g,%.6g right offset -0.4,0", next->intensity, height);
        label_group(r, next, place, s);
        vsh_text_add(s, "set arrow from first %.6g,%.6g to first %.6g,%.6g nohead linewidth 0.8 linecolor rgb '"
                        VSH_GREY "'\n", next->intensity, r->peak, next->intensity, height);
    }
}

/* Labels of operations on the slope stand to its right, the larger first, where there is room. */
static void label_slope(const roofline *r, const roof_plane *plane, const op_group *const *largest,
                        int count, vsh_text *s)
{
    double taken[ROOF_LABELS];
    int taken_count = 0;
    char place[96];

    for (int i = 0; i < count; i++) {
        const op_group *g = largest[i];
        bool room = g->rate < 0.999 * r->peak;
        for (int j = 0; j < taken_count; j++)
            room = room && fabs(log10(g->rate / taken[j])) * plane->points_y > 18;
        if (!room)
            continue;
        taken[taken_count++] = g->rate;
        snprintf(place, sizeof place, "at first %.6g,%.6g left offset 1.6,-0.45", g->intensity, g->rate);
        label_group(r, g, place, s);
    }
}

/* A horizontal line from the slope to the right edge, its label under it, or above it when another
 * line lies close under it. */
static void draw_roof(const roofline *r, const roof_plane *plane, double rate, double other, const char *look,
                      const char *text, vsh_text *s)
{
    bool above = other < rate && log10(rate / fmax(other, 1)) * plane->points_y < 28;

    vsh_text_add(s, "set arrow from first %.6g,%.6g to first %.6g,%.6g nohead %s back\n", rate / r->bandwidth, rate,
                 plane->x_high, rate, look);
    if (text)
        vsh_chart_label(s, text, "at graph 0.99,first %.6g right offset 0,%s", rate, above ? "0.7" : "-0.75");
}

/* The slope and, along its upper part but clear of the peak's label, its bandwidth. */
static void draw_slope(const roofline *r, const roof_plane *plane, vsh_text *s)
{
    double ridge = r->peak / r->bandwidth, middle = ridge * pow(10, -80 / plane->points_y);
    double angle = atan2(plane->points_y, plane->points_x), half = 75 * cos(angle) / plane->points_x, away = 15;
    char text[64];

    for (int i = 0; i < r->group_count; i++)
        if (fabs(log10(r->group[i].intensity / middle)) < half)
            away = 22; /* over the points that lie there */
    vsh_text_add(s, "set arrow from first %.6g,%.6g to first %.6g,%.6g nohead " ROOF_LINE " back\n", plane->x_low,
                 r->bandwidth * plane->x_low, ridge, r->peak);
    snprintf(text, sizeof text, "memory %s/s", BYTES(r->bandwidth));
    vsh_chart_label(s, text, "at first %.6g,%.6g center rotate by %.1f",
                    middle * pow(10, -away * sin(angle) / plane->points_x),
                    r->bandwidth * middle * pow(10, away * cos(angle) / plane->points_y), angle * 57.29578);
}

static void draw_roofs(const plan *p, const roofline *r, const roof_plane *plane, vsh_text *s)
{
    double effective = p->request.effective.v;
    char text[120];

    draw_slope(r, plane, s);
    draw_roof(r, plane, r->peak, 0, ROOF_LINE, NULL, s);
    snprintf(text, sizeof text, "%s peak %sFLOP/s", vsh_precision_words[p->request.peak_of], SI(r->peak));
    vsh_chart_label(s, text, "at first %.6g,%.6g right offset -0.6,0.2", r->peak / r->bandwidth, r->peak);
    snprintf(text, sizeof text, "this plan %sFLOP/s", SI(effective));
    draw_roof(r, plane, effective, r->vector, "linewidth 2.4 dashtype (8,4) linecolor rgb '" VSH_VERMILLION "'", text, s);
    if (r->vector <= 0)
        return;
    snprintf(text, sizeof text, "vector units %sFLOP/s", SI(r->vector));
    draw_roof(r, plane, r->vector, effective, "linewidth 2 dashtype (2,3) linecolor rgb '" VSH_INK "'", text, s);
}

static void plot_operations(const roofline *r, int top, vsh_text *s)
{
    static const struct {
        vsh_phase phase;
        const char *look;
    } looks[] = {{VSH_FORWARD, "pointtype 6 pointsize 1.6 linewidth 1.8 linecolor rgb '" VSH_BLUE "'"},
                 {VSH_DGRAD, "pointtype 8 pointsize 1.3 linewidth 1.8 linecolor rgb '" VSH_VERMILLION "'"},
                 {VSH_WGRAD, "pointtype 4 pointsize 0.8 linewidth 1.8 linecolor rgb '" VSH_GREEN "'"},
                 {VSH_RECOMPUTE, "pointtype 2 pointsize 0.9 linewidth 1.8 linecolor rgb '" VSH_INK "'"},
                 {VSH_OPTIMIZER, "pointtype 13 pointsize 1.2 linecolor rgb '" VSH_PURPLE "'"}};
    bool present[VSH_PHASE_COUNT] = {false};
    vsh_key key = {s, ROOF_HEIGHT, top, 3, 0};

    for (int i = 0; i < r->ops.count; i++)
        present[r->ops.item[i].phase] = true;
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        if (present[looks[i].phase])
            vsh_key_add(&key, vsh_phase_names[looks[i].phase], NULL, looks[i].look, NULL);
    vsh_text_add(s, "plot NaN");
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        vsh_text_add(s, ", \\\n  $%s using 1:2 with points %s", vsh_phase_names[looks[i].phase], looks[i].look);
    vsh_text_add(s, "\n");
}

static void draw_roofline(const plan *p, const roofline *r, vsh_text *s)
{
    const op_group *largest[ROOF_LABELS];
    int count = largest_groups(r, largest), rows = 1;
    roof_plane plane;

    for (int i = 0; i < count; i++)
        rows += largest[i]->matrix && largest[i]->rate >= 0.999 * r->peak;
    plane = measure_plane(r, rows);
    write_operations(r, s);
    vsh_chart_panel(s, &roof_panel, "FLOP/s of one chip under its roofs", "FLOPs a byte to and from memory");
    vsh_chart_log_axis(s, "x", plane.x_low, plane.x_high, VSH_TICK_PLAIN, 1);
    vsh_chart_log_axis(s, "y", plane.y_low, plane.y_high, VSH_TICK_SI, 1);
    draw_roofs(p, r, &plane, s);
    label_matrix(r, &plane, largest, count, s);
    label_slope(r, &plane, largest, count, s);
    plot_operations(r, roof_panel.bottom + 74, s);
}

static void tell_roofline(const plan *p, const roofline *r, vsh_text *caption)
{
    double ridge = r->peak / r->bandwidth, under = 0;

    vsh_text_add(caption, "An operation needs %.0f FLOPs a byte to be bound by the %s peak and not by the memory. ",
                 ridge, vsh_precision_words[p->request.peak_of]);
    if (r->time > 0) {
        for (int i = 0; i < r->group_count; i++)
            if (r->group[i].rate >= 0.999 * r->peak)
                under += r->group[i].time;
        vsh_text_add(caption, "At their roofs the recommended run's operations spend %.0f %% of the time at the peak and would "
                              "reach an MFU of %.0f %%; this plan counts on %.0f %% (%s). Percentages at points are shares of that "
                              "time over all phases; a product's forward and backward passes have the same shape and fall on "
                              "one spot. ",
                     100 * under / r->time, 100 * r->model_flops / (r->time * r->peak), 100 * p->recommended.mfu,
                     p->request.scenario);
    }
    vsh_text_add(caption, "%s", r->vector > 0 ? "Element-wise operations have the vector units' roof."
                                              : "The profile gives no rate of the vector units, so they have no roof here.");
}

static vsh_status make_roofline(const plan *p, vsh_arena *arena, plan_figure *f, vsh_error *err)
{
    roofline *r = vsh_alloc(arena, 1, sizeof *r);

    f->name = "roofline";
    f->title = "Roofline of one chip";
    if (!r)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(measure_roofline(p, r, err));
    vsh_chart_begin(&f->script, f->name, ROOF_HEIGHT, f->title);
    draw_roofline(p, r, &f->script);
    vsh_chart_end(&f->script);
    tell_roofline(p, r, &f->caption);
    return VSH_OK;
}

/* ---- 5: cost and energy against loss --------------------------------------------------------- */

#define DOUBLING_POINT "pointtype 7 pointsize 0.8 linecolor rgb '" VSH_BLUE "'"

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
    vsh_bill hour = vsh_bill_of(r->hardware, r->chips, 1, r->region, r->price_usd);
    bool money = hour.price_known && hour.usd > 0, energy = hour.power_known && hour.kwh > 0;

    if (money)
        return (cost_axis){hour.usd, energy ? hour.kwh : 0, "cost, US dollars", "energy, kWh", VSH_TICK_USD};
    if (energy)
        return (cost_axis){hour.kwh, 1, "energy, kWh (no price is known)", "hours", VSH_TICK_PLAIN};
    return (cost_axis){1, 0, "hours (neither price nor power is known)", NULL, VSH_TICK_PLAIN};
}

/* The law the money is judged by: with few tokens at hand, the one that knows repetition. */
static const vsh_law *cost_law(const plan *p)
{
    return p->data_limited ? &vsh_muennighoff2023 : drawn_law(p);
}

/* The best point a budget buys on these chips: the optimum, or the largest model that fits. */
static vsh_point best_within(const plan *p, double flops, double unique)
{
    const vsh_law *law = cost_law(p);
    vsh_optimum best = unique > 0 ? vsh_muennighoff_optimum(flops, unique) : law->optimum(flops, 1);
    double params = p->largest_params > 0 ? fmin(best.params, p->largest_params) : best.params;
    double tokens = flops / 6 / params;

    return (vsh_point){params, tokens, unique > 0 && unique < tokens ? unique : 0, 1};
}

/* Columns: cost, loss on the tokens at hand, low, high, loss on unlimited tokens. */
static vsh_status write_costs(const plan *p, const cost_axis *axis, double *least, double *most,
                              vsh_text *s, vsh_error *err)
{
    const plan_request *r = &p->request;
    const vsh_law *law = cost_law(p);
    vsh_draw_options draws = {.throughput_log_sd = r->throughput_log_sd,
                              .residual_sd = vsh_besiroglu2024.residual_sd, .seed = r->seed};

    vsh_chart_data(s, "costs");
    for (int i = 0; i < 4 * (COST_STEPS - 1) + 1; i++) {
        double hours = spaced(r->hours / 8, r->hours * 8, i, 4 * (COST_STEPS - 1) + 1);
        double flops = p->flops * hours / r->hours;
        vsh_point here = best_within(p, flops, p->data_limited ? r->unique_tokens : 0);
        vsh_point unlimited = best_within(p, flops, 0);
        vsh_interval range;
        VSH_TRY(vsh_uncertain_loss(law, &here, &draws, &range, err));
        VSH_CHART_ROW(s, hours * axis->unit, law->loss(&here), range.low, range.high, law->loss(&unlimited));
        *least = fmin(*least, fmin(range.low, law->loss(&unlimited)));
        *most = fmax(*most, range.high);
    }
    vsh_chart_data_end(s);
    return VSH_OK;
}

/* A mark at each doubling, labelled with its hours. */
static void mark_hours(const plan *p, const cost_axis *axis, vsh_text *s)
{
    const plan_request *r = &p->request;
    double loss[COST_STEPS], hours[COST_STEPS];
    char text[40];

    vsh_chart_data(s, "doublings");
    for (int i = 0; i < COST_STEPS; i++) {
        hours[i] = r->hours / 8 * (1 << i);
        vsh_point here = best_within(p, p->flops * hours[i] / r->hours, p->data_limited ? r->unique_tokens : 0);
        loss[i] = cost_law(p)->loss(&here);
        VSH_CHART_ROW(s, hours[i] * axis->unit, loss[i]);
    }
    vsh_chart_data_end(s);
    for (int i = 0; i < COST_STEPS; i++) {
        snprintf(text, sizeof text, hours[i] < 240 ? "%.3g h" : "%.3g d", hours[i] < 240 ? hours[i] : hours[i] / 24);
        vsh_chart_label(s, text, "at first %.6g,%.6g left offset 0.5,0.75", hours[i] * axis->unit, loss[i]);
    }
}

static void plot_cost(const plan *p, int top, vsh_text *s)
{
    static const char unlimited[] = "linewidth 2 dashtype (8,4) linecolor rgb '" VSH_GREEN "'";
    vsh_key key = {s, COST_HEIGHT, top, 2, 0};

    vsh_key_add(&key, p->data_limited ? "best run on these tokens" : "best run for the hours", BEST_LINE, DOUBLING_POINT,
                NULL);
    vsh_key_add(&key, "95 %, spread of throughput", NULL, NULL, BAND);
    vsh_key_add(&key, "recommended", NULL, PLAN_POINT, NULL);
    if (p->data_limited)
        vsh_key_add(&key, "on unlimited tokens", unlimited, NULL, NULL);
    vsh_text_add(s, "plot $costs using 1:3:4 with filledcurves " BAND ", \\\n"
                    "  $costs using 1:2 with lines " BEST_LINE ", \\\n  $doublings using 1:2 with points " DOUBLING_POINT);
    if (p->data_limited)
        vsh_text_add(s, ", \\\n  $costs using 1:5 with lines %s", unlimited);
    vsh_text_add(s, ", \\\n  $plan using 1:2 with points " PLAN_POINT "\n");
}

static vsh_status draw_cost(const plan *p, vsh_text *s, vsh_error *err)
{
    const plan_request *r = &p->request;
    cost_axis axis = choose_cost_axis(p);
    vsh_panel panel = {COST_HEIGHT, 46, axis.second > 0 ? 136 : 78, 384};
    double low = r->hours / 10 * axis.unit, high = r->hours * 14 * axis.unit, least = INFINITY, most = 0;

    VSH_TRY(write_costs(p, &axis, &least, &most, s, err));
    write_point(s, "plan", has_run(p) ? p->recommended.hours * axis.unit : NONE, plan_loss(p));
    vsh_chart_panel(s, &panel, NULL, axis.words);
    vsh_chart_log_axis(s, "x", low, high, axis.tick, 1);
    vsh_chart_label(s, "loss, nats a token", "at screen %.4f,%.4f left", 12.0 / VSH_CHART_WIDTH, 1 - 58.0 / COST_HEIGHT);
    if (axis.second > 0) {
        vsh_chart_log_axis(s, "x2", low, high, VSH_TICK_PLAIN, axis.unit / axis.second);
        vsh_chart_label(s, axis.second_words, "at graph 0.5,screen %.4f center", 1 - 84.0 / COST_HEIGHT);
        vsh_text_add(s, "set border 7\n");
    }
    most = fmax(most, has_run(p) ? plan_loss(p) : 0);
    vsh_chart_axis(s, "y", least - 0.06 * (most - least), most + 0.1 * (most - least));
    mark_hours(p, &axis, s);
    plot_cost(p, panel.bottom + 74, s);
    vsh_text_add(s, "set border 3\n");
    return VSH_OK;
}

static void tell_cost(const plan *p, vsh_text *caption)
{
    const plan_request *r = &p->request;
    const vsh_law *law = cost_law(p);
    double unique = p->data_limited ? r->unique_tokens : 0;
    vsh_point here = best_within(p, p->flops, unique), twice = best_within(p, 2 * p->flops, unique);
    vsh_bill bill = has_run(p) ? p->recommended.bill : vsh_bill_of(r->hardware, r->chips, r->hours, r->region, r->price_usd);

    if (bill.price_known)
        vsh_text_add(caption, "The plan costs $%s", REAL(bill.usd));
    else
        vsh_text_add(caption, "The plan costs what an hour costs (--price)");
    if (bill.power_known)
        vsh_text_add(caption, ", takes %s kWh (%s - %s) and emits %s kg CO2e at the %s g/kWh of %s (%s), besides %s kg "
                              "of its share in making the hardware (assumed)",
                     REAL(bill.kwh), REAL(bill.kwh_low), REAL(bill.kwh_high), REAL(bill.co2_kg), REAL(r->region->g_per_kwh),
                     r->region->code, r->region->place, REAL(bill.embodied_kg));
    vsh_text_add(caption, ". Twice the hours, money and energy buy %.3f nats (%s)", law->loss(&here) - law->loss(&twice),
                 law->title);
    vsh_text_add(caption, "%s.", p->data_limited ? ": what is missing is text, not compute" : "");
    if (r->hours > 0 && law->optimum(8 * p->flops, 1).params > p->largest_params && p->largest_params > 0)
        vsh_text_add(caption, " To the right the optimum no longer fits the memory; the curve takes the largest model that does.");
}

static vsh_status make_cost(const plan *p, plan_figure *f, vsh_error *err)
{
    f->name = "cost";
    f->title = "What a lower loss costs";
    vsh_chart_begin(&f->script, f->name, COST_HEIGHT, f->title);
    VSH_TRY(draw_cost(p, &f->script, err));
    vsh_chart_end(&f->script);
    tell_cost(p, &f->caption);
    return VSH_OK;
}

/* ---- 6: epochs ------------------------------------------------------------------------------- */

enum { EPOCH_HEIGHT = 510, EPOCH_CURVES = 4 };

typedef struct {
    double unique[EPOCH_CURVES];
    int count, given; /* given: the one the user asked about, -1 for none */
} epoch_curves;

static void add_curve(epoch_curves *c, double unique)
{
    if (c->count == EPOCH_CURVES)
        return;
    for (int i = 0; i < c->count; i++)
        if (fabs(log(c->unique[i] / unique)) < log(1.8))
            return;
    c->unique[c->count++] = unique;
}

/* The tokens at hand, then those that were measured, then fractions of what the budget could use. */
static epoch_curves choose_curves(const plan *p)
{
    static const double measured[] = {1e8, 4e8, 1.5e9, 4e9, 1.2e10, 3.5e10};
    double wanted = vsh_muennighoff_optimum(p->flops, 0).tokens;
    epoch_curves c = {.given = -1};

    if (p->request.unique_tokens > 0) {
        c.given = 0;
        add_curve(&c, p->request.unique_tokens);
    }
    for (int i = (int)(sizeof measured / sizeof measured[0]) - 1; i >= 0; i--)
        if (wanted / measured[i] > 1.5 && wanted / measured[i] < 150)
            add_curve(&c, measured[i]);
    for (int i = 1; i <= 3; i++)
        add_curve(&c, wanted / pow(4, i));
    return c;
}

static double epoch_loss(const plan *p, double unique, double epochs)
{
    double tokens = unique * epochs;

    return vsh_muennighoff2023.loss(&(vsh_point){p->flops / 6 / tokens, tokens, epochs > 1 ? unique : 0, 1});
}

/* Columns: epochs, loss, loss where R_N and R_D are within what was validated. */
static void write_epochs(const plan *p, const epoch_curves *c, double most_epochs, double *least, vsh_text *s)
{
    char name[16];

    for (int i = 0; i < c->count; i++) {
        snprintf(name, sizeof name, "tokens%d", i);
        vsh_chart_data(s, name);
        for (int j = 0; j < 2 * SAMPLES; j++) {
            double epochs = spaced(1, most_epochs, j, 2 * SAMPLES), loss = epoch_loss(p, c->unique[i], epochs);
            double tokens = c->unique[i] * epochs;
            vsh_repeats repeats = vsh_muennighoff_repeats(
                &(vsh_point){p->flops / 6 / tokens, tokens, epochs > 1 ? c->unique[i] : 0, 1});
            bool valid = repeats.params <= VSH_REPEATS_MAX && repeats.tokens <= VSH_REPEATS_MAX;
            VSH_CHART_ROW(s, epochs, loss, valid ? loss : NONE);
            *least = fmin(*least, loss);
        }
        vsh_chart_data_end(s);
    }
}

/* Measured runs on repeated tokens, near this budget and near a curve's unique tokens. */
static int write_repeated(const plan *p, const epoch_curves *c, double most_epochs, double *most, vsh_text *s)
{
    int count, written = 0;
    const vsh_anchor *anchors = vsh_anchors(&count);
    char name[16];

    for (int i = 0; i < c->count; i++) {
        snprintf(name, sizeof name, "measured%d", i);
        vsh_chart_data(s, name);
        VSH_CHART_ROW(s, NONE, NONE);
        for (int j = 0; j < count; j++) {
            const vsh_anchor *a = &anchors[j];
            double epochs = a->tokens / a->unique;
            if (a->corpus != 1 || fabs(log(a->unique / c->unique[i])) > log(1.35) || epochs > most_epochs ||
                fabs(log(flops_of(a) / p->flops)) > log(4))
                continue;
            VSH_CHART_ROW(s, epochs, a->loss);
            *most = fmax(*most, a->loss);
            written++;
        }
        vsh_chart_data_end(s);
    }
    return written;
}

static const struct {
    const char *line, *point;
} curve_looks[EPOCH_CURVES] = {
    {"dashtype solid linecolor rgb '" VSH_BLUE "'", "pointtype 7 pointsize 1 linecolor rgb '" VSH_BLUE "'"},
    {"dashtype (8,4) linecolor rgb '" VSH_GREEN "'", "pointtype 5 pointsize 1 linecolor rgb '" VSH_GREEN "'"},
    {"dashtype (2,3) linecolor rgb '" VSH_INK "'", "pointtype 9 pointsize 1 linecolor rgb '" VSH_INK "'"},
    {"dashtype (8,3,2,3) linecolor rgb '" VSH_PURPLE "'", "pointtype 11 pointsize 1 linecolor rgb '" VSH_PURPLE "'"}};

static void key_epochs(const plan *p, const epoch_curves *c, int top, vsh_text *s)
{
    vsh_key key = {s, EPOCH_HEIGHT, top, 2, 0};
    char text[64], line[96];

    for (int i = 0; i < c->count; i++) {
        snprintf(line, sizeof line, "%s linewidth %s", curve_looks[i].line, i == c->given ? "5" : "3");
        snprintf(text, sizeof text, "%s unique tokens%s", COUNT(c->unique[i]), i == c->given ? ", yours" : "");
        vsh_key_add(&key, text, line, curve_looks[i].point, NULL);
    }
    if (p->data_limited)
        vsh_key_add(&key, "recommended", NULL, PLAN_POINT, NULL);
}

static void plot_epochs(const plan *p, const epoch_curves *c, vsh_text *s)
{
    vsh_text_add(s, "plot NaN");
    for (int i = 0; i < c->count; i++) {
        vsh_text_add(s, ", \\\n  $tokens%d using 1:2 with lines %s linewidth %s", i, curve_looks[i].line,
                     i == c->given ? "2.2" : "1.2");
        vsh_text_add(s, ", \\\n  $tokens%d using 1:3 with lines %s linewidth %s", i, curve_looks[i].line,
                     i == c->given ? "5" : "3");
        vsh_text_add(s, ", \\\n  $measured%d using 1:2 with points %s", i, curve_looks[i].point);
    }
    vsh_text_add(s, "%s\n", p->data_limited ? ", \\\n  $plan using 1:2 with points " PLAN_POINT : "");
}

/* The number of measured runs in the figure. */
static int draw_epochs(const plan *p, const epoch_curves *c, vsh_text *s)
{
    static const vsh_panel panel = {EPOCH_HEIGHT, 46, 74, 374};
    double fewest = INFINITY, least = INFINITY, worst, most = 0, most_epochs, limit = VSH_REPEATS_MAX + 1;
    int measured;

    for (int i = 0; i < c->count; i++)
        fewest = fmin(fewest, c->unique[i]);
    most_epochs = fmax(60, fmin(400, 4 * vsh_muennighoff_optimum(p->flops, fewest).tokens / fewest));
    write_epochs(p, c, most_epochs, &least, s);
    measured = write_repeated(p, c, most_epochs, &most, s);
    write_point(s, "plan", p->recommended.epochs, plan_loss(p));
    worst = vsh_muennighoff_optimum(p->flops, fewest).loss;
    most = fmax(most, worst + 0.6 * (worst - least));
    vsh_chart_panel(s, &panel, "loss at this budget, nats a token", "epochs over the unique tokens");
    vsh_chart_log_axis(s, "x", 1, most_epochs, VSH_TICK_PLAIN, 1);
    vsh_chart_axis(s, "y", least - 0.15 * (worst - least),
                   top_loss(fmin(most + 0.1, least + 3.5 * (worst - least)), worst));
    vsh_text_add(s, "set object rectangle from %g,graph 0 to graph 1,graph 1 back " WALL_FILL "\n", limit);
    vsh_text_add(s, "set arrow from first %g,graph 0 to first %g,graph 1 nohead linewidth 2 linecolor rgb '" VSH_INK
                    "' back\n", limit, limit);
    vsh_chart_label(s, "R_D > 20: not validated", "at first %g,graph 0.04 left offset 0.5,0", limit);
    key_epochs(p, c, panel.bottom + 74, s);
    plot_epochs(p, c, s);
    return measured;
}

static void tell_epochs(const plan *p, const epoch_curves *c, int measured, vsh_text *caption)
{
    const plan_run *run = &p->recommended;
    double shown = c->unique[0];
    vsh_optimum best = vsh_muennighoff_optimum(p->flops, shown), free = vsh_muennighoff_optimum(p->flops, 0);

    vsh_text_add(caption, "Every point spends %s FLOP: more epochs mean a smaller model. With %s unique tokens the best use is "
                          "%s parameters for %s epochs, loss %.2f; with unlimited tokens it would be %.2f (on %s). ",
                 POWER(p->flops), COUNT(shown), COUNT(best.params), REAL(best.tokens / shown), best.loss, free.loss, COUNT(free.tokens));
    if (p->data_limited)
        vsh_text_add(caption, "The recommended run stops after %s epochs, when more compute stops to pay. ", REAL(run->epochs));
    vsh_text_add(caption, "Heavy where the law (Muennighoff 2023) was validated, thin where it is not: beyond 20 repeats of the "
                          "tokens (shaded) or where the model is more than 20 times what they can fill, where real losses are "
                          "higher%s",
                 measured ? ". Symbols: measured runs of about the same compute on as many unique tokens, whose tokenizer and "
                            "recipe alone put them some 0.2 above the law."
                          : ". No measured run lies near this budget.");
}

static vsh_status make_epochs(const plan *p, plan_figure *f, vsh_error *err)
{
    epoch_curves c = choose_curves(p);

    (void)err;
    f->name = "epochs";
    f->title = "Loss against epochs of repeated data";
    vsh_chart_begin(&f->script, f->name, EPOCH_HEIGHT, f->title);
    int measured = draw_epochs(p, &c, &f->script);
    vsh_chart_end(&f->script);
    tell_epochs(p, &c, measured, &f->caption);
    return VSH_OK;
}

vsh_status plan_make_figures(const plan *p, vsh_arena *arena, plan_figure figures[PLAN_FIGURES],
                             vsh_error *err)
{
    for (int i = 0; i < PLAN_FIGURES; i++)
        figures[i] = (plan_figure){.script = {.arena = arena}, .caption = {.arena = arena}};
    VSH_TRY(make_loss(p, &figures[0], err));
    VSH_TRY(make_sizes(p, &figures[1], err));
    VSH_TRY(make_memory(p, &figures[2], err));
    VSH_TRY(make_roofline(p, arena, &figures[3], err));
    VSH_TRY(make_cost(p, &figures[4], err));
    return make_epochs(p, &figures[5], err);
}
