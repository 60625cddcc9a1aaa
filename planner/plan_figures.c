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
#define AMOUNT(value) plan_show_amount(value).text

/* The one look of a thing in all figures; colour is never alone, shape or dashes say the same. */
#define COLOUR(c) "linecolor rgb '" c "'"
#define PLAN_LOOK "pointtype 13 pointsize 1.3 " COLOUR(VSH_VERMILLION)
#define OPTIMUM_LOOK "pointtype 6 pointsize 1.9 linewidth 2 " COLOUR(VSH_BLUE)
#define ANCHOR_LOOK "pointtype 4 pointsize 0.75 linewidth 1 " COLOUR(VSH_INK)
#define NEAREST_LOOK "pointtype 5 pointsize 1 " COLOUR(VSH_INK)
#define RULE_LOOK "pointtype 3 pointsize 1.4 linewidth 2.2 " COLOUR(VSH_PURPLE)
#define BEST_LOOK "linewidth 3 " COLOUR(VSH_BLUE)
#define FLOOR_LOOK "linewidth 2 dashtype (2,3) " COLOUR(VSH_GREEN)
#define MORE_LOOK "linewidth 2 dashtype (8,4) " COLOUR(VSH_INK)
#define BAND_LOOK "fillcolor rgb '" VSH_BLUE "' fillstyle transparent solid 0.22 noborder"
#define SHADE_LOOK "fillcolor rgb '" VSH_GREY "' fillstyle transparent solid 0.2 noborder"
#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* A figure that there is not. */
#define NONE ((double)NAN)

enum { SAMPLES = 41 };

/* The i-th of count points from low to high, evenly spaced in the logarithm. */
static double spaced(double low, double high, int i, int count)
{
    return low * pow(high / low, (double)i / (count - 1));
}

vsh_figure_text plan_show_amount(double value)
{
    return value < 1000  ? vsh_show_real(value)
           : value < 1e9 ? vsh_show_integer((int64_t)value)
                         : vsh_show_si(value);
}

/* The law whose losses are drawn: the plan's, or the default where that one only sizes. */
static const vsh_law *drawn_law(const plan *p)
{
    return isfinite(p->optimum.loss) ? p->request.law : vsh_law_default();
}

static bool has_run(const plan *p) { return p->recommended.model.layers > 0; }

/* Whether the recommended run's loss may stand on an axis of the drawn law: losses of two corpora
 * do not compare. */
static bool comparable(const plan *p)
{
    const vsh_law *law = p->recommended.loss_law;

    return has_run(p) && (law == drawn_law(p) || (law->same_corpus && drawn_law(p)->same_corpus));
}

/* The recommended run's point; it is not in the legend when it is not in the figure. */
static vsh_series plan_series(bool drawn)
{
    return (vsh_series){VSH_DRAW_POINT, "$plan using 1:2", PLAN_LOOK, drawn ? "recommended" : NULL};
}

/* Compute as the laws count it, so that a run stands where its parameters and tokens put it. */
static double flops_of(const vsh_anchor *a) { return 6 * a->params * a->tokens; }

/* What is left of a law's loss when parameters and tokens are beyond measure. */
static double irreducible(const vsh_law *law) { return law->loss(&(vsh_point){1e60, 1e60, 0, 1}); }

/* The top of an axis of losses: none is shown above that of guessing among 50257 tokens, unless the
 * law itself stands there. */
static double top_loss(double wanted, double least)
{
    return least < 10 ? fmin(wanted, 10.82) : wanted;
}

/* The corpus of measured runs whose losses compare with those of a law: an index into
 * vsh_anchor_corpora, or -1. */
static int corpus_of(const vsh_law *law)
{
    return law->same_corpus ? 0 : law == &vsh_muennighoff2023 ? 1 : -1;
}

/* ---- 1: loss against compute ----------------------------------------------------------------- */

enum { LOSS_HEIGHT = 892 };

/* Columns: compute, loss, low, high, loss where the law was fitted. */
static vsh_status write_frontier(const plan *p, double low, double high, double *highest,
                                 vsh_text *s, vsh_error *err)
{
    const vsh_law *law = drawn_law(p);
    vsh_draw_options draws = {.residual_sd = vsh_besiroglu2024.residual_sd,
                              .seed = p->request.seed};
    vsh_interval params, tokens, loss;
    char reason[160];

    vsh_chart_data(s, "frontier");
    for (int i = 0; i < SAMPLES; i++) {
        vsh_optimum best = law->optimum(draws.flops = spaced(low, high, i, SAMPLES), 1);
        bool fitted =
            vsh_law_valid(law, &(vsh_point){best.params, best.tokens, 0, 1}, reason, sizeof reason);
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

/* The recommended run on an axis of the drawn law's losses; a gap when it cannot stand there. */
static void write_plan(const plan *p, double x, vsh_text *s)
{
    write_point(s, "plan", comparable(p) ? x : NONE, comparable(p) ? p->recommended.loss : NONE);
}

static double plan_loss(const plan *p) { return comparable(p) ? p->recommended.loss : 0; }

static double plan_flops(const plan *p)
{
    return p->recommended.tokens * p->recommended.flops_per_token;
}

static void plot_frontier(const plan *p, double E, const vsh_panel *panel, vsh_text *s)
{
    char floor_line[24];
    const vsh_series series[] = {
        {VSH_DRAW_LINE, "$frontier using 1:5", BEST_LOOK, "best run"},
        {VSH_DRAW_LINE, "$frontier using 1:2", "linewidth 1.6 dashtype (6,4) " COLOUR(VSH_BLUE),
         "extrapolated"},
        {VSH_DRAW_BAND, "$frontier using 1:3:4", BAND_LOOK, "95 % of new runs"},
        {VSH_DRAW_LINE, floor_line, FLOOR_LOOK, NULL},
        {VSH_DRAW_POINT, "$measured using 1:2", ANCHOR_LOOK, "measured run"},
        {VSH_DRAW_POINT, "$optimum using 1:2", OPTIMUM_LOOK, "optimum"},
        plan_series(comparable(p)),
    };

    snprintf(floor_line, sizeof floor_line, "%.6g", E);
    vsh_chart_plot(s, panel, series, COUNT_OF(series));
}

/* Words at the foot of the panel: the floor's on the side that the budget leaves free. */
static void label_floor(double flops, double low, double high, vsh_text *s)
{
    bool right = log(flops / low) < 0.5 * log(high / low);

    vsh_chart_label(s, "irreducible loss E", "at graph %g,graph 0.05 %s", right ? 0.99 : 0.01,
                    right ? "right" : "left");
    vsh_chart_label(s, "this budget", "at first %.6g,graph 0.05 %s", flops,
                    right ? "left offset 0.6,0" : "right offset -0.6,0");
    vsh_chart_line(s, "linewidth 1.2 dashtype (2,3) " COLOUR(VSH_INK),
                   "from first %.6g,graph 0 to first %.6g,graph 1 back", flops, flops);
}

static vsh_status draw_frontier(const plan *p, vsh_text *s, vsh_error *err)
{
    static const vsh_panel panel = {LOSS_HEIGHT, 46, 74, 334, 408, 3};
    const vsh_law *law = drawn_law(p);
    double low = fmin(p->flops / 10, 5e17), high = fmax(p->flops * 10, 3e22), most = 0;
    double E = irreducible(law);

    VSH_TRY(write_frontier(p, low, high, &most, s, err));
    write_anchors(law, low, high, &most, "measured", s);
    write_point(s, "optimum", p->flops, law->optimum(p->flops, 1).loss);
    write_plan(p, plan_flops(p), s);
    most = top_loss(fmax(most, plan_loss(p)) + 0.15, law->optimum(p->flops, 1).loss);
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
    for (int i = 0; i < 2 * SAMPLES; i++) {
        double row[4] = {spaced(low, high, i, 2 * SAMPLES)};
        for (int j = 0; j < 3; j++)
            row[j + 1] = law->loss(&(vsh_point){row[0], shares[j] * flops / 6 / row[0], 0, 1});
        vsh_chart_row(s, row, 4);
    }
    vsh_chart_data_end(s);
}

static void plot_isoflops(bool nearest, const vsh_panel *panel, vsh_text *s)
{
    const vsh_series series[] = {
        {VSH_DRAW_LINE, "$isoflop using 1:3", BEST_LOOK, "this budget"},
        {VSH_DRAW_LINE, "$isoflop using 1:2", FLOOR_LOOK, "a tenth of it"},
        {VSH_DRAW_LINE, "$isoflop using 1:4", MORE_LOOK, "ten times it"},
        {VSH_DRAW_POINT, "$near using 3:2", ANCHOR_LOOK, "measured, 0.5 - 2x"},
        {VSH_DRAW_POINT, "$best using 1:2", OPTIMUM_LOOK, NULL},
        {VSH_DRAW_POINT, "$plan using 1:2", PLAN_LOOK, NULL},
        {VSH_DRAW_POINT, "$rule using 1:2", RULE_LOOK, "6NTE rule, by law"},
        {VSH_DRAW_POINT, "$nearest using 1:2", NEAREST_LOOK, nearest ? "measured near it" : NULL},
    };

    vsh_chart_plot(s, panel, series, COUNT_OF(series));
}

/* The law's loss where the rule would put the whole budget. */
static double rule_loss(const plan *p)
{
    double params = p->rule.params;

    return drawn_law(p)->loss(&(vsh_point){params, p->flops / 6 / params, 0, 1});
}

static void draw_isoflops(const plan *p, vsh_text *s)
{
    static const vsh_panel panel = {LOSS_HEIGHT, 46, 510, 770, 844, 3};
    const vsh_law *law = drawn_law(p);
    const vsh_anchor *near = p->rule.nearest;
    vsh_optimum here = law->optimum(p->flops, 1), more = law->optimum(p->flops * 10, 1);
    double reach = here.loss - irreducible(law), most = here.loss + 1.3 * reach;
    double low = law->optimum(p->flops / 10, 1).params / 14;
    double high = fmax(more.params * 14, fmin(1.7 * p->rule.params, 1000 * here.params));
    bool nearest = near->corpus == corpus_of(law) && near->params > low && near->params < high &&
                   near->loss < here.loss + 4 * reach && p->rule.vetoed_by_data;

    write_isoflops(law, p->flops, low, high, s);
    write_anchors(law, p->flops / 2, p->flops * 2, &most, "near", s);
    write_point(s, "best", here.params, here.loss);
    write_plan(p, p->recommended.point.params, s);
    write_point(s, "rule", p->rule.params, rule_loss(p));
    write_point(s, "nearest", nearest ? near->params : NONE, near->loss);
    most = fmax(most, fmax(nearest ? near->loss : 0, p->rule.params < high ? rule_loss(p) : 0));
    most = fmax(fmin(most, here.loss + 4 * reach), plan_loss(p));
    vsh_chart_panel(s, &panel, "loss, nats a token, at a fixed compute", "parameters");
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_COUNT, 1);
    vsh_chart_axis(s, "y", more.loss - 0.2 * reach, top_loss(most + 0.3 * reach, here.loss));
    plot_isoflops(nearest, &panel, s);
}

static void tell_plan_loss(const plan *p, vsh_text *caption)
{
    const plan_run *run = &p->recommended;

    if (!has_run(p))
        return;
    vsh_text_add(caption, "The recommended run should reach %.2f (%.2f - %.2f)", run->loss,
                 run->loss_range.low, run->loss_range.high);
    if (run->repetition_nats > 0.0005)
        vsh_text_add(caption, ", %.2f of it for repeating its tokens", run->repetition_nats);
    if (!comparable(p))
        vsh_text_add(caption, " by %s, on another corpus and therefore not drawn",
                     run->loss_law->title);
    vsh_text_add(caption, ". ");
}

static void tell_loss(const plan *p, vsh_text *caption)
{
    const vsh_law *law = drawn_law(p);
    const vsh_anchor *near = p->rule.nearest;
    vsh_optimum best = law->optimum(p->flops, 1);
    vsh_point half = {best.params / 2, best.tokens * 2, 0, 1};
    vsh_point twice = {best.params * 2, best.tokens / 2, 0, 1};

    vsh_text_add(caption,
                 "Above: %s FLOP buy a loss of %.2f at best (%s), %.2f of it irreducible; "
                 "ten percent more compute gain %.3f. ",
                 POWER(p->flops), best.loss, law->title, irreducible(law),
                 best.loss - law->optimum(1.1 * p->flops, 1).loss);
    tell_plan_loss(p, caption);
    vsh_text_add(caption,
                 "Below: half or twice the optimal %s parameters cost %.2f and %.2f; the "
                 "rule's %s cost %.2f by the law",
                 COUNT(best.params), law->loss(&half) - best.loss, law->loss(&twice) - best.loss,
                 COUNT(p->rule.params), rule_loss(p) - best.loss);
    if (near->corpus == corpus_of(law) && p->rule.vetoed_by_data)
        vsh_text_add(caption,
                     ", and the measured run nearest to them (%s on %s tokens) reached "
                     "%.2f",
                     COUNT(near->params), COUNT(near->tokens), near->loss);
    vsh_text_add(caption, ". %s%s.", corpus_of(law) < 0 ? "No measured run" : "Squares: ",
                 corpus_of(law) < 0 ? " of this law's corpus is at hand"
                                    : vsh_anchor_corpora[corpus_of(law)]);
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

#define RULE_LINE "linewidth 3 dashtype (10,3,3,3) " COLOUR(VSH_PURPLE)

enum { SIZE_HEIGHT = 494 };

/* Columns: hours, the rule's size, then the optimum of each law. */
static void write_sizes(const plan *p, double low, double high, double *least, double *most,
                        vsh_text *s)
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
    {"dashtype solid " COLOUR(VSH_BLUE), "pointtype 6 pointsize 0.9 " COLOUR(VSH_BLUE)},
    {"dashtype (8,4) " COLOUR(VSH_GREEN), "pointtype 4 pointsize 0.9 " COLOUR(VSH_GREEN)},
    {"dashtype (2,3) " COLOUR(VSH_INK), "pointtype 8 pointsize 0.9 " COLOUR(VSH_INK)},
    {"dashtype (8,3,2,3) " COLOUR(VSH_ORANGE), "pointtype 10 pointsize 0.9 " COLOUR(VSH_ORANGE)},
    {"dashtype (4,2) " COLOUR(VSH_GREY), "pointtype 2 pointsize 0.9 " COLOUR(VSH_GREY)}};

static void plot_sizes(const plan *p, const vsh_panel *panel, vsh_text *s)
{
    char lines[VSH_LAW_COUNT][96], data[VSH_LAW_COUNT][2][40];
    vsh_series series[2 * VSH_LAW_COUNT + 4];
    int count = 0;

    series[count++] = (vsh_series){VSH_DRAW_LINE, "$sizes using 1:2", RULE_LINE, "6NTE rule"};
    for (int i = 0; i < VSH_LAW_COUNT; i++) {
        const char *words = vsh_laws[i]->title;
        snprintf(lines[i], sizeof lines[i], "%s linewidth %s", law_looks[i].line,
                 vsh_laws[i] == p->request.law ? "3" : "1.6");
        snprintf(data[i][0], sizeof data[i][0], "$sizes using 1:%d", 3 + i);
        snprintf(data[i][1], sizeof data[i][1], "$sizes using 1:%d every 2", 3 + i);
        series[count++] = (vsh_series){VSH_DRAW_LINE, data[i][0], lines[i], words};
        series[count++] = (vsh_series){VSH_DRAW_POINT, data[i][1], law_looks[i].point, words};
    }
    series[count++] = (vsh_series){VSH_DRAW_POINT, "$rule using 1:2", RULE_LOOK, NULL};
    series[count++] = plan_series(has_run(p));
    series[count++] = (vsh_series){VSH_DRAW_BOX, NULL, SHADE_LOOK, "does not fit"};
    vsh_chart_plot(s, panel, series, count);
}

static void draw_wall(double wall, vsh_text *s)
{
    char text[80];

    vsh_chart_box(s, SHADE_LOOK, "from graph 0,first %.6g to graph 1,graph 1 back", wall);
    vsh_chart_line(s, "linewidth 3 " COLOUR(VSH_INK),
                   "from graph 0,first %.6g to graph 1,first %.6g back", wall, wall);
    snprintf(text, sizeof text, "more than %s: does not fit", COUNT(wall));
    vsh_chart_label(s, text, "at graph 0.015,graph 0.95 left");
}

static void draw_sizes(const plan *p, vsh_text *s)
{
    static const vsh_panel panel = {SIZE_HEIGHT, 66, 74, 354, 428, 3};
    const plan_request *r = &p->request;
    double low = r->hours / 16, high = r->hours * 16, wall = p->largest_params;
    double least = INFINITY, most = fmax(wall, 1);
    char text[120];

    write_sizes(p, low, high, &least, &most, s);
    write_point(s, "plan", p->recommended.hours, has_run(p) ? p->recommended.point.params : NONE);
    if (has_run(p))
        least = fmin(least, p->recommended.point.params);
    write_point(s, "rule", r->hours, p->rule.params);
    snprintf(text, sizeof text, "hours on %g x %.80s", r->chips, r->hardware->name);
    vsh_chart_panel(s, &panel, "parameters", text);
    vsh_chart_log_axis(s, "x", low, high, VSH_TICK_PLAIN, 1);
    vsh_chart_log_axis(s, "y", least / 2, most * 4, VSH_TICK_COUNT, 1);
    if (wall > least / 2)
        draw_wall(wall, s);
    if (p->rule.params > 4 * wall) /* elsewhere the laws' lines are in the way */
        vsh_chart_label(s, COUNT(p->rule.params), "at first %.6g,%.6g right offset -0.8,0.7",
                        r->hours, p->rule.params);
    plot_sizes(p, &panel, s);
}

static void tell_sizes(const plan *p, vsh_text *caption)
{
    double least = INFINITY, most = 0;

    for (int i = 0; i < VSH_LAW_COUNT; i++) {
        least = fmin(least, p->by_law[i].params);
        most = fmax(most, p->by_law[i].params);
    }
    vsh_text_add(caption,
                 "For %s h the laws ask for %s to %s parameters (each counts N its own way), "
                 "growing about as the "
                 "square root of the hours. ",
                 AMOUNT(p->request.hours), COUNT(least), COUNT(most));
    vsh_text_add(caption, "The rule grows with the hours themselves and allows %s. ",
                 COUNT(p->rule.params));
    vsh_text_add(caption,
                 "The wall: %s chip%s of %s hold%s the training state of %s parameters, at %g "
                 "bytes each (%s).",
                 vsh_show_integer((int64_t)p->request.chips).text, p->request.chips == 1 ? "" : "s",
                 BYTES(p->request.hardware->memory_bytes.value), p->request.chips == 1 ? "s" : "",
                 COUNT(p->largest_params), vsh_recipe_bytes(p->request.recipe),
                 p->request.recipe->name);
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
    char label[96];
    double part[PARTS], total; /* bytes on a chip */
} bar;

static const char *const part_names[PARTS] = {"weights",     "gradients", "optimizer",
                                              "activations", "logits",    "workspace"};
/* Solid and hatched fills take turns, so that neighbours differ without colour. */
#define EDGE " border " COLOUR(VSH_INK) " linewidth 0.6"
static const char *const part_fills[PARTS] = {
    "fillcolor rgb '" VSH_BLUE "' fillstyle solid 1" EDGE,
    "fillcolor rgb '" VSH_BLUE "' fillstyle pattern 4" EDGE,
    "fillcolor rgb '" VSH_GREEN "' fillstyle solid 1" EDGE,
    "fillcolor rgb '" VSH_ORANGE "' fillstyle solid 1" EDGE,
    "fillcolor rgb '" VSH_VERMILLION "' fillstyle pattern 5" EDGE,
    "fillcolor rgb '" VSH_GREY "' fillstyle solid 0.6" EDGE};
#define CHIP_LINE "linewidth 3.5 " COLOUR(VSH_INK)

/* A name, whole characters of it, and a size. */
static void name_bar(bar *b, const char *name, const char *size)
{
    int bytes = 0;

    for (int column = 0; column < 12 && name[bytes]; column++)
        bytes += vsh_utf8_length(name + bytes) > 1 ? vsh_utf8_length(name + bytes) : 1;
    snprintf(b->label, sizeof b->label, "%.*s, %s", bytes, name, size);
}

static bar bar_of_run(const char *name, const plan_run *run)
{
    const vsh_footprint *f = &run->footprint;
    bar b = {.part = {f->weights.v, f->gradients.v, f->optimizer.v, f->activations.v, f->logits.v,
                      f->workspace.v},
             .total = f->total.v};

    name_bar(&b, name, COUNT((double)run->parameters.total));
    return b;
}

static bar bar_of_rule(const plan *p)
{
    const vsh_recipe *recipe = p->request.recipe;
    double params = p->rule.params / p->request.chips;
    bar b = {.part = {params * recipe->weights, params * recipe->gradients,
                      params * (recipe->master + recipe->moments)},
             .total = params * vsh_recipe_bytes(recipe)};

    name_bar(&b, "6NTE rule", COUNT(p->rule.params));
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
    char name[32];

    for (int part = 0; part < PARTS; part++) {
        snprintf(name, sizeof name, "%s%d", prefix, part);
        vsh_chart_data(s, name);
        VSH_CHART_ROW(s, NONE, NONE, NONE, NONE);
        for (int i = 0; i < count; i++) {
            double from = 0, y = count - i;
            for (int before = 0; before < part; before++)
                from += bars[i].part[before];
            if (from < cut && bars[i].part[part] > 0)
                VSH_CHART_ROW(s, from / 1e9, fmin(cut, from + bars[i].part[part]) / 1e9, y - 0.34,
                              y + 0.34);
        }
        vsh_chart_data_end(s);
    }
}

/* Names to the left, totals at the right edge with an arrow where the bar leaves the panel. */
static void label_bars(const bar *bars, int count, double cut, vsh_text *s)
{
    char text[64];

    vsh_text_add(s, "set yrange [0.4:%g]\nset ytics scale 0 (", (count ? count : 1) + 0.6);
    for (int i = 0; i < count; i++) {
        vsh_text_add(s, i ? ", " : "");
        vsh_chart_quote(s, bars[i].label, 21);
        vsh_text_add(s, " %d", count - i);
    }
    vsh_text_add(s, "%s)\n", count ? "" : "'nothing fits' 1");
    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof text, bars[i].total > cut ? "\u25b6 %s" : "%s", BYTES(bars[i].total));
        vsh_chart_label(s, text, "at graph 1,first %d right", count - i);
    }
}

static void plot_bars(const plan *p, const char *prefix, const vsh_panel *panel, vsh_text *s)
{
    char data[PARTS][64], chip[48];
    vsh_series series[PARTS + 1];

    for (int part = 0; part < PARTS; part++) {
        snprintf(data[part], sizeof data[part], "$%.8s%d using (($1+$2)/2):(($3+$4)/2):1:2:3:4",
                 prefix, part);
        series[part] = (vsh_series){VSH_DRAW_BOX, data[part], part_fills[part], part_names[part]};
    }
    snprintf(chip, sizeof chip, "the chip: %s", BYTES(p->request.hardware->memory_bytes.value));
    series[PARTS] = (vsh_series){VSH_DRAW_LINE, NULL, CHIP_LINE, chip};
    vsh_chart_plot(s, panel, series, PARTS + 1);
}

static void draw_capacity(const plan *p, vsh_text *s)
{
    double capacity = p->request.hardware->memory_bytes.value / 1e9;

    vsh_chart_line(s, CHIP_LINE, "from first %.6g,graph 0 to first %.6g,graph 1 front", capacity,
                   capacity);
}

static int memory_height(int bars) { return 320 + 30 * (bars ? bars : 1); }

/* Above, everything on one scale; below, the same runs on the scale of the chip. */
static void draw_memory(const plan *p, vsh_text *s)
{
    bar bars[BARS_MAX], pair[2];
    int count = collect_bars(p, bars), pair_count = 0, height = memory_height(count);
    double capacity = p->request.hardware->memory_bytes.value, cut = 1.06 * capacity, most;
    vsh_panel all = {height, 164, 78, 138, 0, 0};
    vsh_panel chip = {height, 164, 206, height - 124, height - 62, 3};

    pair[pair_count++] = bar_of_rule(p);
    if (count)
        pair[pair_count++] = bars[0];
    most = fmax(capacity, fmax(pair[0].total, count ? bars[0].total : 0));
    write_bars(pair, pair_count, INFINITY, "all", s);
    vsh_chart_panel(s, &all, "on one scale, GB on a chip", NULL);
    vsh_chart_axis(s, "x", 0, 1.3 * most / 1e9);
    label_bars(pair, pair_count, INFINITY, s);
    draw_capacity(p, s);
    plot_bars(p, "all", &all, s);
    write_bars(bars, count, cut, "chip", s);
    vsh_chart_panel(s, &chip, "on the scale of the chip, GB", NULL);
    vsh_chart_axis(s, "x", 0, 1.3 * capacity / 1e9);
    label_bars(bars, count, cut, s);
    draw_capacity(p, s);
    plot_bars(p, "chip", &chip, s);
}

static void tell_memory(const plan *p, vsh_text *caption)
{
    double capacity = p->request.hardware->memory_bytes.value;
    const vsh_footprint *f = &p->recommended.footprint;
    bar rule = bar_of_rule(p);

    if (has_run(p))
        vsh_text_add(caption,
                     "The recommended run takes %s of the chip's %s (%.0f %%; a plan may "
                     "fill %.0f %%): %s of state and %s of activations. ",
                     BYTES(f->total.v), BYTES(capacity), 100 * f->total.v / capacity,
                     100 * PLAN_MEMORY_SHARE, BYTES(f->weights.v + f->gradients.v + f->optimizer.v),
                     BYTES(f->activations.v));
    vsh_text_add(caption,
                 "The rule's %s parameters would take %s a chip before a single "
                 "activation, %.3g times the chip. ",
                 COUNT(p->rule.params), BYTES(rule.total), rule.total / capacity);
    vsh_text_add(caption, "Both panels are linear from zero: above, the rule and this plan on one "
                          "scale; below, this plan and its alternatives on the chip's (a bar that "
                          "leaves it ends in an arrow).");
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
    double time, mfu; /* of a step, every operation at its roof */
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

/* Time of an operation in one step: each micro-batch runs all of them but the optimizer, which runs
 * once over the chip's share. */
static double step_time(const plan *p, const vsh_op *op)
{
    const plan_request *q = &p->request;
    double once = vsh_cost_op(op, q->hardware, q->precision).time.v;

    return op->phase == VSH_OPTIMIZER ? once / q->chips : once * p->recommended.accumulate;
}

static vsh_status measure_roofline(const plan *p, roofline *r, vsh_error *err)
{
    const plan_request *q = &p->request;
    const plan_run *run = &p->recommended;

    r->peak = q->peak.v;
    r->bandwidth = q->hardware->memory_rate.value;
    r->vector = q->hardware->vector.known ? q->hardware->vector.value : 0;
    if (!has_run(p))
        return VSH_OK;
    VSH_TRY(vsh_lower(&run->model, &run->work, &r->ops, err));
    for (int i = 0; i < r->ops.count; i++) {
        double time = step_time(p, &r->ops.item[i]);
        r->time += time;
        if (is_drawn(&r->ops.item[i]))
            add_to_group(r, &r->ops.item[i], time);
    }
    r->mfu = run->batch_tokens * run->flops_per_token / q->chips / (r->time * r->peak);
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

#define ROOF_LINE "linewidth 3 " COLOUR(VSH_INK)
static const vsh_panel roof_panel = {ROOF_HEIGHT, 66, 74, 434, 508, 3};

static roof_plane measure_plane(const roofline *r, int rows)
{
    double ridge = r->peak / r->bandwidth, x_low = ridge / 30, x_high = ridge * 10;
    double height = roof_panel.bottom - roof_panel.top,
           width = VSH_CHART_WIDTH - VSH_CHART_RIGHT - roof_panel.left;
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
            if (largest[i]->matrix && largest[i]->rate >= 0.999 * r->peak &&
                largest[i]->intensity > below && (!next || largest[i]->intensity < next->intensity))
                next = largest[i];
        if (!next)
            return;
        below = next->intensity;
        snprintf(place, sizeof place, "at first %.6g,%.6g right offset -0.4,0", next->intensity,
                 height);
        label_group(r, next, place, s);
        vsh_chart_line(s, "linewidth 0.8 " COLOUR(VSH_GREY),
                       "from first %.6g,%.6g to first %.6g,%.6g", next->intensity, r->peak,
                       next->intensity, height);
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
        snprintf(place, sizeof place, "at first %.6g,%.6g left offset 1.6,-0.45", g->intensity,
                 g->rate);
        label_group(r, g, place, s);
    }
}

/* A horizontal line from the slope to the right edge, its label under it, or above it when another
 * line lies close under it. */
static void draw_roof(const roofline *r, const roof_plane *plane, double rate, double other,
                      const char *look, const char *text, vsh_text *s)
{
    bool above = other < rate && log10(rate / fmax(other, 1)) * plane->points_y < 28;

    vsh_chart_line(s, look, "from first %.6g,%.6g to first %.6g,%.6g back", rate / r->bandwidth,
                   rate, plane->x_high, rate);
    if (text)
        vsh_chart_label(s, text, "at graph 0.99,first %.6g right offset 0,%s", rate,
                        above ? "0.7" : "-0.75");
}

/* The slope and, along its upper part but clear of the peak's label, its bandwidth. */
static void draw_slope(const roofline *r, const roof_plane *plane, vsh_text *s)
{
    double ridge = r->peak / r->bandwidth, middle = ridge * pow(10, -80 / plane->points_y);
    double angle = atan2(plane->points_y, plane->points_x),
           half = 75 * cos(angle) / plane->points_x, away = 15;
    char text[64];

    for (int i = 0; i < r->group_count; i++)
        if (fabs(log10(r->group[i].intensity / middle)) < half)
            away = 22; /* over the points that lie there */
    vsh_chart_line(s, ROOF_LINE, "from first %.6g,%.6g to first %.6g,%.6g back", plane->x_low,
                   r->bandwidth * plane->x_low, ridge, r->peak);
    snprintf(text, sizeof text, "memory %s/s", BYTES(r->bandwidth));
    vsh_chart_label(s, text, "at first %.6g,%.6g center rotate by %.1f",
                    middle * pow(10, -away * sin(angle) / plane->points_x),
                    r->bandwidth * middle * pow(10, away * cos(angle) / plane->points_y),
                    angle * 57.29578);
}

static void draw_roofs(const plan *p, const roofline *r, const roof_plane *plane, vsh_text *s)
{
    double effective = has_run(p) ? p->recommended.mfu * r->peak : p->request.effective.v;
    char text[120];

    draw_slope(r, plane, s);
    draw_roof(r, plane, r->peak, 0, ROOF_LINE, NULL, s);
    snprintf(text, sizeof text, "%s peak %sFLOP/s", vsh_precision_words[p->request.peak_of],
             SI(r->peak));
    vsh_chart_label(s, text, "at first %.6g,%.6g right offset -0.6,0.2", r->peak / r->bandwidth,
                    r->peak);
    snprintf(text, sizeof text, "this plan %sFLOP/s", SI(effective));
    draw_roof(r, plane, effective, r->vector,
              "linewidth 2.4 dashtype (8,4) " COLOUR(VSH_VERMILLION), text, s);
    if (r->vector <= 0)
        return;
    snprintf(text, sizeof text, "vector units %sFLOP/s", SI(r->vector));
    draw_roof(r, plane, r->vector, effective, "linewidth 2 dashtype (2,3) " COLOUR(VSH_INK), text,
              s);
}

static void plot_operations(const roofline *r, vsh_text *s)
{
    static const struct {
        vsh_phase phase;
        const char *data, *look;
    } looks[] = {
        {VSH_FORWARD, "$forward", "pointtype 6 pointsize 1.6 linewidth 1.8 " COLOUR(VSH_BLUE)},
        {VSH_DGRAD, "$dgrad", "pointtype 8 pointsize 1.3 linewidth 1.8 " COLOUR(VSH_VERMILLION)},
        {VSH_WGRAD, "$wgrad", "pointtype 4 pointsize 0.8 linewidth 1.8 " COLOUR(VSH_GREEN)},
        {VSH_RECOMPUTE, "$recompute", "pointtype 2 pointsize 0.9 linewidth 1.8 " COLOUR(VSH_INK)},
        {VSH_OPTIMIZER, "$optimizer", "pointtype 13 pointsize 1.2 " COLOUR(VSH_PURPLE)}};
    bool present[VSH_PHASE_COUNT] = {false};
    vsh_series series[COUNT_OF(looks)];

    for (int i = 0; i < r->ops.count; i++)
        present[r->ops.item[i].phase] = true;
    for (int i = 0; i < COUNT_OF(looks); i++)
        series[i] = (vsh_series){VSH_DRAW_POINT, looks[i].data, looks[i].look,
                                 present[looks[i].phase] ? vsh_phase_names[looks[i].phase] : NULL};
    vsh_chart_plot(s, &roof_panel, series, COUNT_OF(series));
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
    vsh_chart_panel(s, &roof_panel, "FLOP/s of one chip under its roofs",
                    "FLOPs a byte to and from memory");
    vsh_chart_log_axis(s, "x", plane.x_low, plane.x_high, VSH_TICK_PLAIN, 1);
    vsh_chart_log_axis(s, "y", plane.y_low, plane.y_high, VSH_TICK_SI, 1);
    draw_roofs(p, r, &plane, s);
    label_matrix(r, &plane, largest, count, s);
    label_slope(r, &plane, largest, count, s);
    plot_operations(r, s);
}

static void tell_roofline(const plan *p, const roofline *r, vsh_text *caption)
{
    double under = 0;

    vsh_text_add(caption,
                 "An operation needs %.0f FLOPs a byte to be bound by the %s peak and not "
                 "by the memory. ",
                 r->peak / r->bandwidth, vsh_precision_words[p->request.peak_of]);
    for (int i = 0; i < r->group_count; i++)
        if (r->group[i].rate >= 0.999 * r->peak)
            under += r->group[i].time;
    if (r->time > 0)
        vsh_text_add(caption,
                     "With every operation at its roof, the recommended run spends %.0f %% "
                     "of a step at the peak and reaches an MFU of %.0f %%; the plan counts "
                     "on %.0f %% (%s). Percentages are shares of that step, all phases "
                     "together; the passes of one product fall on one spot. ",
                     100 * under / r->time, 100 * r->mfu, 100 * p->recommended.mfu,
                     p->request.scenario);
    if (r->vector <= 0)
        vsh_text_add(caption, "The profile gives the vector units no rate, so they have no roof.");
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
        return (cost_axis){hour.usd, energy ? hour.kwh : 0, "cost, US dollars", "energy, kWh",
                           VSH_TICK_USD};
    if (energy)
        return (cost_axis){hour.kwh, 1, "energy, kWh (no price is known)", "hours", VSH_TICK_PLAIN};
    return (cost_axis){1, 0, "hours (neither price nor power is known)", NULL, VSH_TICK_PLAIN};
}

/* The drawn law's loss, and the price of repeating unique tokens by the law that knows it. */
static double priced_loss(const plan *p, const vsh_point *point)
{
    vsh_point fresh = {point->params, point->tokens, 0, 1};
    double loss = drawn_law(p)->loss(&fresh);

    if (point->unique > 0)
        loss += vsh_muennighoff2023.loss(point) - vsh_muennighoff2023.loss(&fresh);
    return loss;
}

/* The best point a budget buys among the models that these chips hold. */
static vsh_point best_within(const plan *p, double flops, double unique)
{
    double wanted = drawn_law(p)->optimum(flops, 1).params;
    double most = p->largest_params > 0 ? fmin(wanted, p->largest_params) : wanted;
    vsh_point best = {most, flops / 6 / most, 0, 1};

    if (unique <= 0)
        return best;
    for (int i = 0; i < 2 * SAMPLES; i++) {
        double params = spaced(most / 100, most, i, 2 * SAMPLES), tokens = flops / 6 / params;
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
    const vsh_law *law = drawn_law(p);
    vsh_draw_options draws = {.throughput_log_sd = r->throughput_log_sd,
                              .residual_sd = vsh_besiroglu2024.residual_sd,
                              .seed = r->seed};

    vsh_chart_data(s, "costs");
    for (int i = 0; i < 4 * (COST_STEPS - 1) + 1; i++) {
        double hours = spaced(r->hours / 8, r->hours * 8, i, 4 * (COST_STEPS - 1) + 1);
        vsh_point here = best_in(p, hours), fresh = {here.params, here.tokens, 0, 1};
        vsh_point unlimited = best_within(p, p->flops * hours / r->hours, 0);
        double price = priced_loss(p, &here) - law->loss(&fresh);
        vsh_interval range;
        VSH_TRY(vsh_uncertain_loss(law, &fresh, &draws, &range, err));
        VSH_CHART_ROW(s, hours * axis->unit, priced_loss(p, &here), range.low + price,
                      range.high + price, law->loss(&unlimited));
        *least = fmin(*least, fmin(range.low + price, law->loss(&unlimited)));
        *most = fmax(*most, range.high + price);
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
        {VSH_DRAW_BAND, "$costs using 1:3:4", BAND_LOOK, "95 %, spread of throughput"},
        {VSH_DRAW_LINE, "$costs using 1:2", BEST_LOOK, words},
        {VSH_DRAW_POINT, "$doublings using 1:2", "pointtype 7 pointsize 0.8 " COLOUR(VSH_BLUE),
         words},
        plan_series(comparable(p)),
        {VSH_DRAW_LINE, "$costs using 1:5", "linewidth 2 dashtype (8,4) " COLOUR(VSH_GREEN),
         "on unlimited tokens"},
    };

    vsh_chart_plot(s, panel, series, COUNT_OF(series) - !p->data_limited);
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
    double least = INFINITY, most = plan_loss(p);

    VSH_TRY(write_costs(p, &axis, &least, &most, s, err));
    write_plan(p, p->recommended.hours * axis.unit, s);
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
        vsh_text_add(caption, "The plan costs $%s", AMOUNT(bill->usd));
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
    vsh_bill bill = vsh_bill_of(r->hardware, r->chips, r->hours, r->region, r->price_usd);

    tell_bill(p, has_run(p) ? &p->recommended.bill : &bill, caption);
    vsh_text_add(caption, ". Twice the hours would buy %.3f nats%s.",
                 priced_loss(p, &here) - priced_loss(p, &twice),
                 p->data_limited ? ": what is missing is text, not compute" : "");
    if (p->largest_params > 0 && drawn_law(p)->optimum(8 * p->flops, 1).params > p->largest_params)
        vsh_text_add(caption, " Where the optimum no longer fits the memory, to the right, the "
                              "curve takes the largest model that does.");
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

/* The tokens at hand, those that were measured, then fractions of what the budget could use. */
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

/* The whole budget on unique tokens seen so many times. */
static vsh_point epoch_point(const plan *p, double unique, double epochs)
{
    double tokens = unique * epochs;

    return (vsh_point){p->flops / 6 / tokens, tokens, epochs > 1 ? unique : 0, 1};
}

/* Columns: epochs, loss, loss where R_N and R_D are within what was validated. */
static void write_epochs(const plan *p, const epoch_curves *c, double most_epochs, double *least,
                         vsh_text *s)
{
    char name[32];

    for (int i = 0; i < c->count; i++) {
        snprintf(name, sizeof name, "tokens%d", i);
        vsh_chart_data(s, name);
        for (int j = 0; j < 2 * SAMPLES; j++) {
            double epochs = spaced(1, most_epochs, j, 2 * SAMPLES), loss;
            vsh_point point = epoch_point(p, c->unique[i], epochs);
            vsh_repeats repeats = vsh_muennighoff_repeats(&point);
            bool valid = repeats.params <= VSH_REPEATS_MAX && repeats.tokens <= VSH_REPEATS_MAX;
            loss = vsh_muennighoff2023.loss(&point);
            VSH_CHART_ROW(s, epochs, loss, valid ? loss : NONE);
            *least = fmin(*least, loss);
        }
        vsh_chart_data_end(s);
    }
}

/* Measured runs on repeated tokens, near this budget and near a curve's unique tokens. */
static int write_repeated(const plan *p, const epoch_curves *c, double most_epochs, double *most,
                          vsh_text *s)
{
    int count, written = 0;
    const vsh_anchor *anchors = vsh_anchors(&count);
    char name[32];

    for (int i = 0; i < c->count; i++) {
        snprintf(name, sizeof name, "measured%d", i);
        vsh_chart_data(s, name);
        VSH_CHART_ROW(s, NONE, NONE);
        for (int j = 0; j < count; j++) {
            const vsh_anchor *a = &anchors[j];
            double epochs = a->tokens / a->unique;
            if (a->corpus != 1 || fabs(log(a->unique / c->unique[i])) > log(1.35) ||
                epochs > most_epochs || fabs(log(flops_of(a) / p->flops)) > log(4))
                continue;
            VSH_CHART_ROW(s, epochs, a->loss);
            *most = fmax(*most, a->loss);
            written++;
        }
        vsh_chart_data_end(s);
    }
    return written;
}

/* What the law of this figure says of the recommended run. */
static double repeated_loss(const plan *p)
{
    const plan_run *run = &p->recommended;

    if (!has_run(p))
        return NONE;
    return vsh_muennighoff2023.loss(
        &(vsh_point){(double)run->parameters.total, run->tokens, run->unique_tokens, 1});
}

static const struct {
    const char *line, *point;
} curve_looks[EPOCH_CURVES] = {
    {"dashtype solid " COLOUR(VSH_BLUE), "pointtype 7 pointsize 1 " COLOUR(VSH_BLUE)},
    {"dashtype (8,4) " COLOUR(VSH_GREEN), "pointtype 5 pointsize 1 " COLOUR(VSH_GREEN)},
    {"dashtype (2,3) " COLOUR(VSH_INK), "pointtype 9 pointsize 1 " COLOUR(VSH_INK)},
    {"dashtype (8,3,2,3) " COLOUR(VSH_PURPLE), "pointtype 11 pointsize 1 " COLOUR(VSH_PURPLE)}};

/* A curve is thin where the law is not validated, heavy where it is, with its measured runs. */
static void plot_epochs(const plan *p, const epoch_curves *c, const vsh_panel *panel, vsh_text *s)
{
    char data[EPOCH_CURVES][3][40], looks[EPOCH_CURVES][2][96], words[EPOCH_CURVES][64];
    vsh_series series[3 * EPOCH_CURVES + 1];
    int count = 0;

    for (int i = 0; i < c->count; i++) {
        bool given = i == c->given;
        snprintf(data[i][0], sizeof data[i][0], "$tokens%d using 1:2", i);
        snprintf(data[i][1], sizeof data[i][1], "$tokens%d using 1:3", i);
        snprintf(data[i][2], sizeof data[i][2], "$measured%d using 1:2", i);
        snprintf(looks[i][0], sizeof looks[i][0], "%s linewidth %s", curve_looks[i].line,
                 given ? "2.2" : "1.2");
        snprintf(looks[i][1], sizeof looks[i][1], "%s linewidth %s", curve_looks[i].line,
                 given ? "5" : "3");
        snprintf(words[i], sizeof words[i], "%s unique tokens%s", COUNT(c->unique[i]),
                 given ? ", yours" : "");
        series[count++] = (vsh_series){VSH_DRAW_LINE, data[i][0], looks[i][0], NULL};
        series[count++] = (vsh_series){VSH_DRAW_LINE, data[i][1], looks[i][1], words[i]};
        series[count++] = (vsh_series){VSH_DRAW_POINT, data[i][2], curve_looks[i].point, words[i]};
    }
    series[count++] = plan_series(p->data_limited && has_run(p));
    vsh_chart_plot(s, panel, series, count);
}

/* The number of measured runs in the figure. */
static int draw_epochs(const plan *p, const epoch_curves *c, vsh_text *s)
{
    static const vsh_panel panel = {EPOCH_HEIGHT, 46, 74, 374, 448, 2};
    double fewest = INFINITY, least = INFINITY, worst, most = 0, most_epochs,
           limit = VSH_REPEATS_MAX + 1;
    int measured;

    for (int i = 0; i < c->count; i++)
        fewest = fmin(fewest, c->unique[i]);
    most_epochs =
        fmax(60, fmin(400, 4 * vsh_muennighoff_optimum(p->flops, fewest).tokens / fewest));
    write_epochs(p, c, most_epochs, &least, s);
    measured = write_repeated(p, c, most_epochs, &most, s);
    write_point(s, "plan", p->data_limited ? p->recommended.epochs : NONE, repeated_loss(p));
    worst = vsh_muennighoff_optimum(p->flops, fewest).loss;
    worst = top_loss(worst, least);
    most = fmax(most, worst + 0.6 * (worst - least));
    vsh_chart_panel(s, &panel, "loss at this budget, nats a token",
                    "epochs over the unique tokens");
    vsh_chart_log_axis(s, "x", 1, most_epochs, VSH_TICK_PLAIN, 1);
    vsh_chart_axis(s, "y", least - 0.15 * (worst - least),
                   top_loss(fmin(most + 0.1, least + 3.5 * (worst - least)), least));
    vsh_chart_box(s, SHADE_LOOK, "from first %g,graph 0 to graph 1,graph 1 back", limit);
    vsh_chart_line(s, "linewidth 2 " COLOUR(VSH_INK),
                   "from first %g,graph 0 to first %g,graph 1 back", limit, limit);
    vsh_chart_label(s, "R_D > 20: not validated", "at first %g,graph 0.04 left offset 0.5,0",
                    limit);
    plot_epochs(p, c, &panel, s);
    return measured;
}

static void tell_epochs(const plan *p, const epoch_curves *c, int measured, vsh_text *caption)
{
    double shown = c->unique[0];
    vsh_optimum best = vsh_muennighoff_optimum(p->flops, shown);
    vsh_optimum unlimited = vsh_muennighoff_optimum(p->flops, 0);

    vsh_text_add(caption,
                 "Every point spends %s FLOP, so more epochs mean a smaller model. With %s "
                 "unique tokens the best is %s parameters for %s epochs, loss %.2f; "
                 "unlimited tokens (%s of them) would give %.2f (Muennighoff 2023, on C4). ",
                 POWER(p->flops), COUNT(shown), COUNT(best.params), REAL(best.tokens / shown),
                 best.loss, COUNT(unlimited.tokens), unlimited.loss);
    if (p->data_limited && has_run(p))
        vsh_text_add(caption, "The recommended run makes %s epochs in %s h. ",
                     REAL(p->recommended.epochs), AMOUNT(p->recommended.hours));
    vsh_text_add(caption,
                 "Thin lines: the law is not validated, over 20 repeats of the tokens "
                 "(shaded) or of the parameters they fill; real losses are higher there. ");
    vsh_text_add(caption, "%s",
                 measured ? "Symbols: measured runs near this compute on about as "
                            "many unique tokens; their recipe alone puts them some "
                            "0.2 above the law."
                          : "No measured run lies near this budget.");
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
