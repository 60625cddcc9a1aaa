/* Draws the held-out predictions of docs/laws.md from published runs, into a folder, as SVG files
 * beside their gnuplot scripts. */
#include "core/chart.h"
#include "core/file.h"
#include "tests/laws/held_out.h"

#define LAW_LOOK "pointtype 7 pointsize 0.7 " VSH_COLOUR(VSH_BLUE)
#define BASELINE_LOOK "pointtype 4 pointsize 0.8 linewidth 1.5 " VSH_COLOUR(VSH_VERMILLION)
#define RANGE_LOOK "linewidth 1 " VSH_COLOUR(VSH_BLUE)
#define EVEN_LOOK "linewidth 1 " VSH_COLOUR(VSH_INK)

/* ---- predicted against measured ------------------------------------------------------------ */

/* $law and $baseline: measured, predicted; $range: the interval of each run, with gaps between. */
static void write_points(vsh_text *s, const held_table *const *tables, int count, int baseline)
{
    static const char *const names[] = {"law", "baseline"};
    const int predictors[] = {0, baseline};

    for (int which = 0; which < 2; which++) {
        vsh_chart_data(s, names[which]);
        for (int i = 0; i < count; i++)
            for (int j = 0; j < tables[i]->count; j++) {
                const held_point *p = &tables[i]->point[j];
                VSH_CHART_ROW(s, p->run.loss, p->predicted[predictors[which]]);
            }
        vsh_chart_data_end(s);
    }
    vsh_chart_data(s, "range");
    for (int i = 0; i < count; i++)
        for (int j = 0; j < tables[i]->count; j++) {
            const held_point *p = &tables[i]->point[j];
            VSH_CHART_ROW(s, p->run.loss, p->range.low);
            VSH_CHART_ROW(s, p->run.loss, p->range.high);
            VSH_CHART_ROW(s, p->run.loss, VSH_GAP);
        }
    vsh_chart_data_end(s);
}

static void plot_points(vsh_text *s, const vsh_panel *panel, double low, double high,
                        const char *law, const char *baseline)
{
    const vsh_series series[] = {
        {VSH_DRAW_POINT, NULL, LAW_LOOK, law},
        {VSH_DRAW_LINE, "$range using 1:2", RANGE_LOOK, law ? "its 95 % interval" : NULL},
        {VSH_DRAW_POINT, "$baseline using 1:2", BASELINE_LOOK, baseline},
        {VSH_DRAW_POINT, "$law using 1:2", LAW_LOOK, NULL}};

    vsh_chart_axis(s, "x", low, high);
    vsh_chart_axis(s, "y", low, high);
    vsh_chart_line(s, EVEN_LOOK, "from first %g,first %g to first %g,first %g back", low, low, high,
                   high);
    vsh_chart_plot(s, panel, series, 4);
}

/* ---- experts ------------------------------------------------------------------------------- */

enum { EXPERTS_HEIGHT = 830, CURVE_POINTS = 60, ROUTERS = 3 };

#define FLAT "linewidth 1.5 dashtype (6,4) "
#define FULL "linewidth 2.5 "

/* A shape and a colour for each way to route: where its data are, and how they look. */
#define ROUTER(name, shape, colour, words)                                                         \
    {                                                                                              \
        {name, "$" name " using 1:2", shape VSH_COLOUR(colour)},                                   \
            {name "_law", "$" name "_law using 1:2", FULL VSH_COLOUR(colour)},                     \
            {name "_flat", "$" name "_flat using 1:2", FLAT VSH_COLOUR(colour)}, words             \
    }
typedef struct {
    const char *name, *data, *look;
} drawn;
static const struct {
    drawn measured, law, flat;
    const char *words;
} routers[ROUTERS] = {ROUTER("sbase", "pointtype 7 pointsize 0.8 ", VSH_BLUE, "S-BASE"),
                      ROUTER("hash", "pointtype 5 pointsize 0.8 ", VSH_VERMILLION, "hash"),
                      ROUTER("rlr", "pointtype 9 pointsize 0.9 ", VSH_GREEN, "RL-R")};

/* Loss of the largest size: measured, by the law, and without experts. */
static void write_router(vsh_text *s, const held_table *t, int router)
{
    vsh_point at = t->point[0].run.at;

    vsh_chart_data(s, routers[router].measured.name);
    for (int i = 0; i < t->count; i++)
        VSH_CHART_ROW(s, t->point[i].run.at.experts, t->point[i].run.loss);
    vsh_chart_data_end(s);
    vsh_chart_data(s, routers[router].law.name);
    for (int i = 0; i < CURVE_POINTS; i++) {
        at.experts = pow(512, (double)i / (CURVE_POINTS - 1));
        VSH_CHART_ROW(s, at.experts, vsh_form_loss(&vsh_form_routed, t->c[0], &at));
    }
    vsh_chart_data_end(s);
    vsh_chart_data(s, routers[router].flat.name);
    VSH_CHART_ROW(s, 1, t->point[0].predicted[1]);
    VSH_CHART_ROW(s, 512, t->point[0].predicted[1]);
    vsh_chart_data_end(s);
}

static void plot_routers(vsh_text *s, const vsh_panel *panel)
{
    vsh_series series[3 * ROUTERS + 3];
    int count = 0;

    for (int i = 0; i < ROUTERS; i++)
        series[count++] =
            (vsh_series){VSH_DRAW_LINE, routers[i].flat.data, routers[i].flat.look, NULL};
    for (int i = 0; i < ROUTERS; i++) {
        series[count++] =
            (vsh_series){VSH_DRAW_LINE, routers[i].law.data, routers[i].law.look, routers[i].words};
        series[count++] = (vsh_series){VSH_DRAW_POINT, routers[i].measured.data,
                                       routers[i].measured.look, routers[i].words};
    }
    series[count++] = (vsh_series){VSH_DRAW_POINT, NULL,
                                   "pointtype 7 pointsize 0.8 " VSH_COLOUR(VSH_INK), "measured"};
    series[count++] = (vsh_series){VSH_DRAW_LINE, NULL, FULL VSH_COLOUR(VSH_INK), "law"};
    series[count++] = (vsh_series){VSH_DRAW_LINE, NULL, FLAT VSH_COLOUR(VSH_INK), "size alone"};
    vsh_chart_log_axis(s, "x", 0.9, 560, VSH_TICK_PLAIN, 1);
    vsh_chart_axis(s, "y", 1.9, 2.3);
    vsh_chart_plot(s, panel, series, count);
}

static vsh_status draw_experts(vsh_arena *arena, vsh_text *s, vsh_error *err)
{
    static const vsh_panel top = {EXPERTS_HEIGHT, 52, 74, 340, 414, 3};
    static const vsh_panel bottom = {EXPERTS_HEIGHT, 52, 474, 720, 794, 3};
    static held_table table[ROUTERS];
    const held_table *const all[] = {&table[0], &table[1], &table[2]};

    vsh_chart_begin(s, "held-out-experts", EXPERTS_HEIGHT,
                    "Experts: models of 1.3 B predicted from up to 370 M");
    for (int i = 0; i < ROUTERS; i++) {
        VSH_TRY(held_run(arena, (held_id)(HELD_SBASE + i), HELD_DRAWS, &table[i], err));
        write_router(s, &table[i], i);
    }
    write_points(s, all, ROUTERS, 1);
    vsh_chart_panel(s, &top, "predicted loss, nats a token", "measured loss");
    plot_points(s, &top, 1.85, 2.3, "law with experts", "size alone");
    vsh_chart_panel(s, &bottom, "loss, nats a token", "experts");
    plot_routers(s, &bottom);
    vsh_chart_end(s);
    return VSH_OK;
}

/* ---- over-training ------------------------------------------------------------------------- */

enum { OVERTRAINED_HEIGHT = 830 };

/* Predicted over measured less one, in percent, against the measured loss. */
static void write_errors(vsh_text *s, const char *name, const held_table *t, int predictor)
{
    vsh_chart_data(s, name);
    for (int i = 0; i < t->count; i++)
        VSH_CHART_ROW(s, t->point[i].run.loss,
                      100 * (t->point[i].predicted[predictor] / t->point[i].run.loss - 1));
    vsh_chart_data_end(s);
}

static void plot_errors(vsh_text *s, const vsh_panel *panel, const held_table *t)
{
    static const vsh_series series[] = {
        {VSH_DRAW_POINT, NULL, LAW_LOOK, "law of N and D"},
        {VSH_DRAW_LINE, NULL, RANGE_LOOK, "95 % interval (top)"},
        {VSH_DRAW_POINT, "$off_baseline using 1:2", BASELINE_LOOK, "compute alone"},
        {VSH_DRAW_POINT, "$off_law using 1:2", LAW_LOOK, NULL}};

    write_errors(s, "off_law", t, 0);
    write_errors(s, "off_baseline", t, 2);
    vsh_chart_axis(s, "x", 1, 6.5);
    vsh_chart_axis(s, "y", -30, 40);
    vsh_chart_line(s, EVEN_LOOK, "from graph 0,first 0 to graph 1,first 0 back");
    vsh_chart_plot(s, panel, series, 4);
}

static vsh_status draw_overtrained(vsh_arena *arena, vsh_text *s, vsh_error *err)
{
    static const vsh_panel top = {OVERTRAINED_HEIGHT, 52, 74, 384, 0, 0};
    static const vsh_panel bottom = {OVERTRAINED_HEIGHT, 52, 496, 742, 814, 3};
    static held_table table;
    const held_table *const one[] = {&table};

    vsh_chart_begin(s, "held-out-over-training", OVERTRAINED_HEIGHT,
                    "Over-training: larger models, longer runs");
    VSH_TRY(held_run(arena, HELD_LARGER, HELD_DRAWS, &table, err));
    write_points(s, one, 1, 2);
    vsh_chart_panel(s, &top, "predicted loss: 1.4 and 6.9 B from up to 412 M",
                    "measured loss, nats a token");
    plot_points(s, &top, 1, 4.5, NULL, NULL);
    VSH_TRY(held_run(arena, HELD_LONGER, 0, &table, err));
    vsh_chart_panel(s, &bottom, "error, %: 320 tokens a parameter from up to 80",
                    "measured loss, nats a token");
    plot_errors(s, &bottom, &table);
    vsh_chart_end(s);
    return VSH_OK;
}

/* ---- Chinchilla's runs --------------------------------------------------------------------- */

enum { RESIDUALS_HEIGHT = 690 };

static void plot_residuals(vsh_text *s, const vsh_panel *panel, const char *data, double low,
                           double high, vsh_tick tick)
{
    const vsh_series series[] = {{VSH_DRAW_POINT, data,
                                  "pointtype 6 pointsize 0.55 linewidth 1.2 " VSH_COLOUR(VSH_BLUE),
                                  NULL}};

    vsh_chart_log_axis(s, "x", low, high, tick, 1);
    vsh_chart_axis(s, "y", -4, 4);
    vsh_chart_line(s, EVEN_LOOK, "from graph 0,first 0 to graph 1,first 0 back");
    vsh_chart_plot(s, panel, series, 1);
}

static vsh_status draw_residuals(vsh_arena *arena, vsh_text *s, vsh_error *err)
{
    static const vsh_panel top = {RESIDUALS_HEIGHT, 52, 74, 300, 0, 0};
    static const vsh_panel bottom = {RESIDUALS_HEIGHT, 52, 400, 626, 0, 0};
    vsh_runs runs;
    vsh_fit fit;

    VSH_TRY(held_refit(arena, 0, &runs, &fit, err));
    vsh_chart_begin(s, "chinchilla-residuals", RESIDUALS_HEIGHT,
                    "Chinchilla's 240 runs refitted: what is left over");
    vsh_chart_data(s, "left");
    for (int i = 0; i < runs.count; i++)
        VSH_CHART_ROW(s, held_flops(&runs.run[i]), held_ratio(&runs.run[i]),
                      100 * (exp(fit.residual[i]) - 1));
    vsh_chart_data_end(s);
    vsh_chart_panel(s, &top, "measured over fitted less one, %", "training compute, FLOP");
    plot_residuals(s, &top, "$left using 1:3", 1e18, 2e22, VSH_TICK_POWER);
    vsh_chart_panel(s, &bottom, "measured over fitted less one, %", "tokens a parameter");
    plot_residuals(s, &bottom, "$left using 2:3", 0.3, 600, VSH_TICK_PLAIN);
    vsh_chart_end(s);
    return VSH_OK;
}

/* ---- files --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    vsh_status (*draw)(vsh_arena *arena, vsh_text *s, vsh_error *err);
} figures[] = {{"held-out-experts", draw_experts},
               {"held-out-over-training", draw_overtrained},
               {"chinchilla-residuals", draw_residuals}};

static vsh_status draw_all(vsh_arena *arena, const char *folder, vsh_error *err)
{
    char path[256];

    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        vsh_text script = {.arena = arena};
        bool is_drawn;
        VSH_TRY(figures[i].draw(arena, &script, err));
        snprintf(path, sizeof path, "%s/%s.gp", folder, figures[i].name);
        VSH_TRY(vsh_file_write(path, &script, err));
        vsh_charts_draw(folder, &figures[i].name, 1, 30, &is_drawn);
        if (!is_drawn)
            return vsh_fail(err, VSH_EMACHINE, "%s: gnuplot did not draw it", path);
    }
    return VSH_OK;
}

int main(int argc, char **argv)
{
    vsh_arena arena = {0};
    vsh_error err;
    vsh_status status = draw_all(&arena, argc > 1 ? argv[1] : ".", &err);

    if (status != VSH_OK)
        fprintf(stderr, "%s\n", err.text);
    vsh_arena_free(&arena);
    return (int)status;
}
