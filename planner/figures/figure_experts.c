#include "planner/figures/figure.h"

#include <math.h>
#include <stdio.h>

#include "planner/figures/figure_common.h"
#include "planner/laws/ludziejewski2025.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text

enum { EXPERTS_HEIGHT = 510, EXPERT_CURVES = 5 };

/* Percent; below the least the curves leave the picture. */
#define SHARE_LEAST -60.0
#define SHARE_MOST 80.0

/* The size that is held fixed, the run that stands on it, and the axis. */
typedef struct {
    double params, run_tokens, worth, crossover;
    double low, high;
} expert_axis;

static expert_axis choose_axis(const plan *p)
{
    vsh_optimum best = vsh_law_optimum(&vsh_ludziejewski2025, p->flops, NULL);
    expert_axis axis = {.params = best.params, .run_tokens = VSH_GAP, .worth = VSH_GAP};

    if (plan_has_run(p)) {
        axis.params = p->crossing.params_active;
        axis.run_tokens = p->crossing.fresh;
        axis.worth = p->crossing.worth;
    }
    axis.crossover = vsh_ludziejewski_crossover(axis.params, 8);
    axis.low = axis.crossover / 8;
    axis.high = axis.crossover * 60;
    if (plan_has_run(p)) {
        axis.low = fmax(fmin(axis.low, axis.run_tokens / 2), axis.crossover / 100);
        axis.high = fmin(fmax(axis.high, axis.run_tokens * 4), axis.crossover * 2000);
    }
    return axis;
}

static double experts_of(int curve) { return exp2(curve + 1); }

static bool in_data(const expert_axis *axis, double tokens)
{
    const vsh_law *law = &vsh_ludziejewski2025;

    return axis->params >= law->params_low && axis->params <= law->params_high &&
           tokens >= law->tokens_low && tokens <= law->tokens_high &&
           tokens < VSH_EXPERTS_RATIO_MAX * axis->params;
}

/* Columns: tokens, percent of the compute, the same where the law was fitted. */
static void write_curves(const expert_axis *axis, vsh_text *s)
{
    char name[32];

    for (int i = 0; i < EXPERT_CURVES; i++) {
        snprintf(name, sizeof name, "experts%.0f", experts_of(i));
        vsh_chart_data(s, name);
        for (int j = 0; j < 2 * PLAN_SAMPLES; j++) {
            double tokens = plan_spaced(axis->low, axis->high, j, 2 * PLAN_SAMPLES);
            double share = 100 * vsh_experts_compute_share(&vsh_ludziejewski2025, experts_of(i),
                                                           axis->params, tokens);
            VSH_CHART_ROW(s, tokens, share, in_data(axis, tokens) ? share : VSH_GAP);
        }
        vsh_chart_data_end(s);
    }
}

/* The run on the curve of eight; the line from its unique tokens to what they are worth. */
static void write_run(const expert_axis *axis, double experts, vsh_text *s)
{
    double at = axis->run_tokens, worth = fmin(axis->worth, axis->high);

    plan_write_point(s, "plan", at,
                     fmax(SHARE_LEAST, 100 * vsh_experts_compute_share(&vsh_ludziejewski2025,
                                                                       experts, axis->params, at)));
    vsh_chart_data(s, "repeats");
    for (int j = 0; j < PLAN_SAMPLES; j++) {
        double tokens = plan_spaced(at, worth, j, PLAN_SAMPLES);
        VSH_CHART_ROW(
            s, tokens,
            worth > 1.001 * at
                ? fmax(SHARE_LEAST, 100 * vsh_experts_compute_share(&vsh_ludziejewski2025, experts,
                                                                    axis->params, tokens))
                : VSH_GAP);
    }
    vsh_chart_data_end(s);
}

static const char *const expert_looks[EXPERT_CURVES] = {
    "dashtype (2,3) " VSH_COLOUR(VSH_INK), "dashtype (8,4) " VSH_COLOUR(VSH_GREEN),
    "dashtype solid " VSH_COLOUR(VSH_BLUE), "dashtype (8,3,2,3) " VSH_COLOUR(VSH_PURPLE),
    "dashtype (12,3) " VSH_COLOUR(VSH_INK)};

/* A curve is thin where the law was not fitted. */
static void plot_curves(const plan *p, const expert_axis *axis, const vsh_panel *panel, vsh_text *s)
{
    char data[EXPERT_CURVES][2][40], looks[EXPERT_CURVES][2][96], words[EXPERT_CURVES][32];
    vsh_series series[2 * EXPERT_CURVES + 2];
    bool repeats = axis->worth > 1.001 * axis->run_tokens;
    int count = 0;

    for (int i = EXPERT_CURVES - 1; i >= 0; i--) {
        double experts = experts_of(i);
        snprintf(data[i][0], sizeof data[i][0], "$experts%.0f using 1:2", experts);
        snprintf(data[i][1], sizeof data[i][1], "$experts%.0f using 1:3", experts);
        snprintf(looks[i][0], sizeof looks[i][0], "%s linewidth 1.2", expert_looks[i]);
        snprintf(looks[i][1], sizeof looks[i][1], "%s linewidth %s", expert_looks[i],
                 experts == 8 ? "4.5" : "2.5");
        snprintf(words[i], sizeof words[i], "%.0f experts", experts);
        series[count++] = (vsh_series){VSH_DRAW_LINE, data[i][0], looks[i][0], NULL};
        series[count++] = (vsh_series){VSH_DRAW_LINE, data[i][1], looks[i][1], words[i]};
    }
    series[count++] =
        (vsh_series){VSH_DRAW_LINE, "$repeats using 1:2", "linewidth 7 " VSH_COLOUR(VSH_ORANGE),
                     repeats ? "if repeats help" : NULL};
    series[count++] = plan_run_series(plan_has_run(p));
    vsh_chart_plot(s, panel, series, count);
}

static void draw_experts(const plan *p, const expert_axis *axis, vsh_text *s)
{
    static const vsh_panel panel = {EXPERTS_HEIGHT, 52, 74, 374, 448, 3};
    char even[64];

    write_curves(axis, s);
    write_run(axis, plan_has_run(p) ? p->crossing.experts : 8, s);
    vsh_chart_panel(s, &panel, "share of the dense compute that experts are worth, %",
                    "unique tokens, seen once");
    vsh_chart_log_axis(s, "x", axis->low, axis->high, VSH_TICK_COUNT, 1);
    vsh_chart_axis(s, "y", SHARE_LEAST, SHARE_MOST);
    vsh_chart_box(s, "fillcolor rgb '" VSH_VERMILLION "' fillstyle transparent solid 0.13 noborder",
                  "from graph 0,graph 0 to graph 1,first 0 back");
    vsh_chart_box(s, PLAN_SHADE_LOOK, "from graph 0,first 0 to graph 1,first %g back",
                  100 * (1 - VSH_EXPERTS_MFU_LOW));
    vsh_chart_line(s, "linewidth 2 " VSH_COLOUR(VSH_INK),
                   "from graph 0,first 0 to graph 1,first 0 back");
    vsh_chart_line(s, "linewidth 1.5 dashtype (2,3) " VSH_COLOUR(VSH_INK),
                   "from first %g,graph 0 to first %g,first 0 back", axis->crossover,
                   axis->crossover);
    vsh_chart_label(s, "save hours", "at graph 0.02,first 34 left");
    vsh_chart_label(s, "save FLOPs, not hours", "at graph 0.02,first 10 left");
    vsh_chart_label(s, "lose", "at graph 0.98,first -10 right");
    snprintf(even, sizeof even, "break even: %s", COUNT(axis->crossover));
    vsh_chart_label(s, even, "at first %g,graph 0.05 left offset 0.7,0", axis->crossover);
    plot_curves(p, axis, &panel, s);
}

static void tell_experts(const plan *p, const expert_axis *axis, vsh_text *caption)
{
    vsh_text_add(
        caption,
        "Every point compares experts with a dense model of the same %s active parameters "
        "and tokens (so of the same FLOPs) and turns the difference in loss into dense "
        "compute, by the joint law (Ludziejewski 2025). 8 experts break even at %s tokens. ",
        COUNT(axis->params), COUNT(axis->crossover));
    if (plan_has_run(p))
        vsh_text_add(caption, "The recommended run has %s%s. ", COUNT(axis->run_tokens),
                     axis->worth > 1.001 * axis->run_tokens ? " unique ones" : "");
    vsh_text_add(
        caption,
        "Thin lines: outside the runs that the law was fitted on. FLOPs are not hours: "
        "experts reach 0.75 - 0.80 of a dense model's throughput, so what is worth less "
        "than 20 - 25 %% (grey) saves no time. The table above lets each side choose its best "
        "size.");
}

vsh_status plan_draw_experts(const plan *p, vsh_report_figure *f, vsh_error *err)
{
    expert_axis axis = choose_axis(p);

    (void)err;
    vsh_chart_begin(&f->script, f->name, EXPERTS_HEIGHT, f->title);
    draw_experts(p, &axis, &f->script);
    vsh_chart_end(&f->script);
    tell_experts(p, &axis, &f->caption);
    return VSH_OK;
}
