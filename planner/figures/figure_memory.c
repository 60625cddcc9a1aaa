#include "planner/figures/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "planner/figures/figure_common.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define COUNT(value) vsh_show_count(value).text
#define BYTES(value) vsh_show_bytes(value).text

enum { PARTS = 6, BARS_MAX = PLAN_ALTERNATIVES + 2 };

typedef struct {
    char label[96];
    double part[PARTS], total; /* bytes on a chip */
} bar;

static const char *const part_names[PARTS] = {"weights",     "gradients", "optimizer",
                                              "activations", "logits",    "workspace"};
/* Solid and hatched fills take turns, so that neighbours differ without colour. */
#define EDGE " border " VSH_COLOUR(VSH_INK) " linewidth 0.6"
static const char *const part_fills[PARTS] = {
    "fillcolor rgb '" VSH_BLUE "' fillstyle solid 1" EDGE,
    "fillcolor rgb '" VSH_BLUE "' fillstyle pattern 4" EDGE,
    "fillcolor rgb '" VSH_GREEN "' fillstyle solid 1" EDGE,
    "fillcolor rgb '" VSH_ORANGE "' fillstyle solid 1" EDGE,
    "fillcolor rgb '" VSH_VERMILLION "' fillstyle pattern 5" EDGE,
    "fillcolor rgb '" VSH_GREY "' fillstyle solid 0.6" EDGE};
#define CHIP_LINE "linewidth 3.5 " VSH_COLOUR(VSH_INK)

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

    if (plan_has_run(p))
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
        VSH_CHART_ROW(s, VSH_GAP, VSH_GAP, VSH_GAP, VSH_GAP);
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

    if (plan_has_run(p))
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

vsh_status plan_draw_memory(const plan *p, vsh_report_figure *f, vsh_error *err)
{
    bar bars[BARS_MAX];

    (void)err;
    vsh_chart_begin(&f->script, f->name, memory_height(collect_bars(p, bars)), f->title);
    draw_memory(p, &f->script);
    vsh_chart_end(&f->script);
    tell_memory(p, &f->caption);
    return VSH_OK;
}
