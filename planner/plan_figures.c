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

/* The one look of a thing in all figures. */
#define PLAN_POINT "with points pointtype 13 pointsize 1.9 linecolor rgb '" VSH_VERMILLION "'"
#define OPTIMUM_POINT "with points pointtype 6 pointsize 2.2 linewidth 2 linecolor rgb '" VSH_BLUE "'"
#define ANCHOR_POINT "with points pointtype 4 pointsize 0.75 linewidth 1 linecolor rgb '" VSH_INK "'"
#define RULE_POINT "with points pointtype 3 pointsize 1.5 linewidth 2.2 linecolor rgb '" VSH_PURPLE "'"

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

/* Measured runs whose losses compare with those of a law: an index into vsh_anchor_corpora, or -1. */
static int corpus_of(const vsh_law *law)
{
    return law->same_corpus ? 0 : law == &vsh_muennighoff2023 ? 1 : -1;
}

/* ---- 1: loss against compute ----------------------------------------------------------------- */

enum { LOSS_HEIGHT = 830 };

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
        VSH_CHART_ROW(s, draws.flops, best.loss, loss.low, loss.high, fitted ? best.loss : NAN);
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
    VSH_CHART_ROW(s, NAN, NAN, NAN); /* a block must not be empty */
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

static double plan_loss(const plan *p) { return has_run(p) ? p->recommended.loss : NAN; }

static double plan_params(const plan *p)
{
    return has_run(p) ? p->recommended.point.params : NAN;
}

static double plan_flops(const plan *p)
{
    const plan_run *run = &p->recommended;

    return has_run(p) ? run->tokens * run->flops_per_token : NAN;
}

static vsh_status draw_frontier(const plan *p, vsh_text *s, vsh_error *err)
{
    const vsh_law *law = drawn_law(p);
    double low = fmin(p->flops / 10, 5e17), high = fmax(p->flops * 10, 3e22), highest = 0;
    double E = irreducible(law);

    VSH_TRY(write_frontier(p, low, high, &highest, s, err));
    write_anchors(law, low, high, &highest, "measured", s);
    write_point(s, "optimum", p->flops, law->optimum(p->flops, 1).loss);
    write_point(s, "plan", plan_flops(p), plan_loss(p));
    vsh_chart_panel(s, LOSS_HEIGHT, 46, 92, 372);
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_POWER, 1);
    vsh_chart_axis(s, "y", 1.5, fmax(highest, plan_loss(p) > highest ? plan_loss(p) : 0) * 1.03);
    vsh_chart_label(s, "loss, nats a token", "at graph 0,1.045 left");
    vsh_chart_label(s, "irreducible loss E", "at graph 0.99,first %.6g right offset 0,-0.65", E);
    vsh_text_add(s, "set xlabel 'training compute, FLOP (6 x parameters x tokens)' offset 0,0.4\n"
                    "set key top right Left reverse\n"
                    "set arrow from first %.6g,graph 0 to first %.6g,graph 1 nohead linewidth 1 dashtype (2,3) "
                    "linecolor rgb '" VSH_GREY "' back\n", p->flops, p->flops);
    vsh_text_add(s, "plot $frontier using 1:3:4 with filledcurves linecolor rgb '" VSH_BLUE "' fillstyle "
                    "transparent solid 0.22 noborder title '95 %% of a new run', \\\n"
                    "  $frontier using 1:2 with lines linewidth 1.6 dashtype (6,4) linecolor rgb '" VSH_BLUE "' "
                    "title 'the law, extrapolated', \\\n"
                    "  $frontier using 1:5 with lines linewidth 3 linecolor rgb '" VSH_BLUE "' title "
                    "'best run for the compute', \\\n"
                    "  %.6g with lines linewidth 2 dashtype (2,3) linecolor rgb '" VSH_GREEN "', \\\n", E);
    vsh_text_add(s, "  $measured using 1:2 " ANCHOR_POINT " title 'measured runs', \\\n"
                    "  $optimum using 1:2 " OPTIMUM_POINT " title 'optimum of this budget', \\\n"
                    "  $plan using 1:2 " PLAN_POINT " title 'recommended run'\n");
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

static void draw_isoflops(const plan *p, vsh_text *s)
{
    const vsh_law *law = drawn_law(p);
    vsh_optimum less = law->optimum(p->flops / 10, 1), here = law->optimum(p->flops, 1),
                more = law->optimum(p->flops * 10, 1);
    double E = irreducible(law), low = less.params / 14;
    double high = fmax(more.params * 14, fmin(1.7 * p->rule.params, 1000 * here.params));
    double highest = E + 2.3 * (here.loss - E);
    vsh_point rule = {p->rule.params, p->rule.tokens * p->rule.epochs, 0, 1};

    write_isoflops(law, p->flops, low, high, s);
    write_anchors(law, p->flops / 2, p->flops * 2, &highest, "near", s);
    write_point(s, "best", here.params, here.loss);
    write_point(s, "run", plan_params(p), plan_loss(p));
    write_point(s, "rule", rule.params, law->loss(&rule));
    if (rule.params < high)
        highest = fmax(highest, fmin(law->loss(&rule), E + 5 * (here.loss - E)));
    vsh_chart_panel(s, LOSS_HEIGHT, 46, 470, 750);
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_COUNT, 1);
    vsh_chart_axis(s, "y", more.loss - 0.25 * (here.loss - E), highest + 0.2 * (here.loss - E));
    vsh_chart_label(s, "loss, nats a token, when the compute is fixed", "at graph 0,1.045 left");
    vsh_text_add(s, "set xlabel 'parameters' offset 0,0.4\nset key top center Left reverse\n");
    vsh_text_add(s, "plot $isoflop using 1:2 with lines linewidth 2 dashtype (2,3) linecolor rgb '" VSH_GREEN
                    "' title 'a tenth of this budget', \\\n"
                    "  $isoflop using 1:3 with lines linewidth 3 linecolor rgb '" VSH_BLUE "' title 'this budget', \\\n"
                    "  $isoflop using 1:4 with lines linewidth 2 dashtype (8,4) linecolor rgb '" VSH_INK
                    "' title 'ten times this budget', \\\n");
    vsh_text_add(s, "  $near using 3:2 " ANCHOR_POINT " title 'measured, 0.5 - 2 x this budget', \\\n"
                    "  $best using 1:2 " OPTIMUM_POINT " notitle, \\\n"
                    "  $run using 1:2 " PLAN_POINT " notitle, \\\n"
                    "  $rule using 1:2 " RULE_POINT " title 'the 6NTE rule, by the law'\n");
}


static void tell_loss(const plan *p, vsh_text *caption)
{
    const vsh_law *law = drawn_law(p);
    vsh_optimum best = law->optimum(p->flops, 1);
    double E = irreducible(law), gain = best.loss - law->optimum(1.1 * p->flops, 1).loss;

    vsh_text_add(caption, "Above: %.3g FLOP buy a loss of %.2f at best (%s); %.2f of it no compute removes, and ten "
                          "percent more compute gain %.3f nats. ",
                 p->flops, best.loss, law->title, E, gain);
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
    vsh_chart_begin(&f->script, f->name, LOSS_HEIGHT, f->title, NULL);
    VSH_TRY(draw_frontier(p, &f->script, err));
    draw_isoflops(p, &f->script);
    vsh_chart_end(&f->script);
    tell_loss(p, &f->caption);
    return VSH_OK;
}

/* ---- 2: size against hours ------------------------------------------------------------------- */

enum { SIZE_HEIGHT = 500 };

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

static void plot_laws(const plan *p, vsh_text *s)
{
    static const struct {
        const char *line, *colour;
        int point;
    } looks[VSH_LAW_COUNT] = {{"dashtype solid", VSH_BLUE, 6}, {"dashtype (8,4)", VSH_GREEN, 4},
                              {"dashtype (2,3)", VSH_INK, 8}, {"dashtype (8,3,2,3)", VSH_ORANGE, 10},
                              {"dashtype (4,2)", VSH_GREY, 2}};

    for (int i = 0; i < VSH_LAW_COUNT; i++) {
        vsh_text_add(s, "  $sizes using 1:%d with linespoints linewidth %s %s pointtype %d pointsize 0.9 "
                        "pointinterval 2 linecolor rgb '%s' title ",
                     3 + i, vsh_laws[i] == p->request.law ? "3" : "1.6", looks[i].line, looks[i].point,
                     looks[i].colour);
        vsh_chart_quote(s, vsh_laws[i]->title, 24);
        vsh_text_add(s, ", \\\n");
    }
}

static void draw_wall(double wall, double most, vsh_text *s)
{
    vsh_text_add(s, "set object rectangle from graph 0,first %.6g to graph 1,graph 1 back fillcolor rgb '"
                    VSH_GREY "' fillstyle transparent solid 0.18 noborder\n", wall);
    vsh_text_add(s, "set arrow from graph 0,first %.6g to graph 1,first %.6g nohead linewidth 3 linecolor rgb '"
                    VSH_INK "' back\n", wall, wall);
    (void)most;
}

static void draw_sizes(const plan *p, vsh_text *s)
{
    const plan_request *r = &p->request;
    double low = r->hours / 16, high = r->hours * 16, wall = p->largest_params;
    double least = INFINITY, most = fmax(wall, 1);
    char text[120];

    write_sizes(p, low, high, &least, &most, s);
    write_point(s, "plan", r->hours, plan_params(p));
    least = fmin(least, isfinite(plan_params(p)) ? plan_params(p) : least) / 1.6;
    most *= 4;
    vsh_chart_panel(s, SIZE_HEIGHT, 66, 88, 360);
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_PLAIN, 1);
    vsh_chart_log_axis(s, "y", least, most, VSH_TICK_COUNT, 1);
    vsh_chart_label(s, "parameters", "at graph 0,1.045 left");
    if (wall > least) {
        draw_wall(wall, most, s);
        snprintf(text, sizeof text, "over %s: does not fit", COUNT(wall));
        vsh_chart_label(s, text, "at graph 0.015,first %.6g left offset 0,0.7", wall);
    }
    snprintf(text, sizeof text, "hours on %g x %.40s", r->chips, r->hardware->name);
    vsh_text_add(s, "set xlabel ");
    vsh_chart_quote(s, text, 48);
    vsh_text_add(s, " offset 0,0.4\nset key at screen 0.5,0.015 center bottom horizontal Left reverse maxcols 3 width 1\n"
                    "plot $sizes using 1:2 with lines linewidth 3 dashtype (10,3,3,3) linecolor rgb '" VSH_PURPLE
                    "' title 'the 6NTE rule', \\\n");
    plot_laws(p, s);
    vsh_text_add(s, "  $plan using 1:2 " PLAN_POINT " title 'recommended'\n");
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
    vsh_chart_begin(&f->script, f->name, SIZE_HEIGHT, f->title, NULL);
    draw_sizes(p, &f->script);
    vsh_chart_end(&f->script);
    tell_sizes(p, &f->caption);
    return VSH_OK;
}

/* ---- 3: memory ------------------------------------------------------------------------------- */

enum { PARTS = 6, BARS_MAX = PLAN_ALTERNATIVES + 2 };

typedef struct {
    char label[48];
    double part[PARTS], total; /* bytes on a chip */
} bar;

static const char *const part_names[PARTS] = {"weights", "gradients", "optimizer",
                                              "activations", "logits", "workspace"};
/* Solid and hatched fills take turns, so that neighbours differ without colour. */
static const char *const part_fills[PARTS] = {
    "fillcolor rgb '" VSH_BLUE "' fillstyle solid 1",      "fillcolor rgb '" VSH_BLUE "' fillstyle pattern 4",
    "fillcolor rgb '" VSH_SKY "' fillstyle solid 1",       "fillcolor rgb '" VSH_ORANGE "' fillstyle solid 1",
    "fillcolor rgb '" VSH_VERMILLION "' fillstyle pattern 5", "fillcolor rgb '" VSH_GREY "' fillstyle solid 0.6"};

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
        VSH_CHART_ROW(s, NAN, NAN, NAN, NAN);
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

static void label_bars(const bar *bars, int count, double cut, vsh_text *s)
{
    char text[64];

    vsh_text_add(s, "set ytics (");
    for (int i = 0; i < count; i++) {
        vsh_text_add(s, i ? ", " : "");
        vsh_chart_quote(s, bars[i].label, 22);
        vsh_text_add(s, " %d", count - i);
    }
    vsh_text_add(s, ") scale 0\n");
    for (int i = 0; i < count; i++) {
        bool over = bars[i].total > cut;
        snprintf(text, sizeof text, over ? "%s \u25b6" : "%s", BYTES(bars[i].total));
        vsh_chart_label(s, text, "at first %.6g,%d %s", fmin(cut, bars[i].total) / 1e9, count - i,
                        over ? "right offset -0.6,0" : "left offset 0.4,0");
    }
}

static void plot_bars(const char *prefix, bool key, vsh_text *s)
{
    vsh_text_add(s, "plot ");
    for (int part = 0; part < PARTS; part++)
        vsh_text_add(s, "%s$%s%d using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror %s border linecolor rgb '"
                        VSH_INK "' linewidth 0.6 %s%s%s", part ? ", \\\n  " : "", prefix, part, part_fills[part],
                     key ? "title '" : "notitle", key ? part_names[part] : "", key ? "'" : "");
    vsh_text_add(s, "\n");
}

static void draw_capacity(const plan *p, const char *text, vsh_text *s)
{
    double capacity = p->request.hardware->memory_bytes.value / 1e9;

    vsh_text_add(s, "set arrow from first %.6g,graph 0 to first %.6g,graph 1 nohead linewidth 3 linecolor rgb '"
                    VSH_INK "' front\n", capacity, capacity);
    if (text)
        vsh_chart_label(s, text, "at first %.6g,graph 1.02 center offset 0,0.5", capacity);
}

static int memory_height(int bars) { return 300 + 30 * bars; }

/* Above, everything on one scale; below, the same runs on the scale of the chip. */
static void draw_memory(const plan *p, vsh_text *s)
{
    bar bars[BARS_MAX], pair[2];
    int count = collect_bars(p, bars), pair_count = 0, height = memory_height(count);
    double capacity = p->request.hardware->memory_bytes.value, cut = 1.22 * capacity, most;
    char text[80];

    pair[pair_count++] = bar_of_rule(p);
    if (count)
        pair[pair_count++] = bars[0];
    most = fmax(capacity, fmax(pair[0].total, count ? bars[0].total : 0));
    write_bars(pair, pair_count, INFINITY, "all", s);
    vsh_chart_panel(s, height, 158, 74, 134);
    vsh_chart_axis(s, "x", 0, 1.22 * most / 1e9);
    vsh_text_add(s, "set yrange [0.4:%g]\n", pair_count + 0.6);
    label_bars(pair, pair_count, INFINITY, s);
    draw_capacity(p, NULL, s);
    plot_bars("all", false, s);
    write_bars(bars, count, cut, "chip", s);
    vsh_chart_panel(s, height, 158, 190, 190 + 30 * (count ? count : 1));
    vsh_chart_axis(s, "x", 0, cut / 1e9);
    vsh_text_add(s, "set yrange [0.4:%g]\nset xlabel 'GB on a chip (10^9 bytes)' offset 0,0.4\n"
                    "set key at screen 0.5,0.015 center bottom horizontal Left reverse maxcols 3 width 1\n",
                 (count ? count : 1) + 0.6);
    label_bars(bars, count, cut, s);
    snprintf(text, sizeof text, "the chip: %s", BYTES(capacity));
    draw_capacity(p, text, s);
    plot_bars("chip", true, s);
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
    vsh_chart_begin(&f->script, f->name, memory_height(collect_bars(p, bars)), f->title, NULL);
    draw_memory(p, &f->script);
    vsh_chart_end(&f->script);
    tell_memory(p, &f->caption);
    return VSH_OK;
}

/* ---- 4: roofline ----------------------------------------------------------------------------- */

enum { ROOF_HEIGHT = 560, ROOF_LABELS = 6 };

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
        VSH_CHART_ROW(s, NAN, NAN);
        for (int i = 0; i < r->ops.count; i++) {
            const vsh_op *op = &r->ops.item[i];
            if (op->phase == phase && is_drawn(op))
                VSH_CHART_ROW(s, op_flops(op) / op->bytes.v, attainable(r, op));
        }
        vsh_chart_data_end(s);
    }
}
