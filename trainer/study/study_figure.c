#include "trainer/study/study_figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/chart.h"
#include "trainer/study/study_frontier.h"

enum { HEIGHT = 470, SAMPLES = 25 };

static const vsh_panel panel = {HEIGHT, 56, 74, 330, 404, 2};

static bool is_curve(const vsh_study_record *r)
{
    return strcmp(r->role, vsh_study_role_words[VSH_STUDY_CURVE]) == 0 && isfinite(r->loss);
}

/* Of each budget the best run, falling: a law has one family, one seed and all of the text. */
static int64_t best_of_budgets(const vsh_study_records *all, vsh_study_pair best[VSH_STUDY_BUDGETS])
{
    int64_t count = 0;

    for (int64_t b = 0; b < VSH_STUDY_BUDGETS; b++) {
        best[count].loss = INFINITY;
        for (int64_t i = 0; i < all->count; i++) {
            const vsh_study_record *r = &all->item[i];
            if (is_curve(r) && r->budget == b && r->loss < best[count].loss)
                best[count] = (vsh_study_pair){r->flops, r->loss};
        }
        count += isfinite(best[count].loss);
    }
    return vsh_study_frontier(best, count);
}

/* What an axis must hold. */
typedef struct {
    double flops_low, flops_high, loss_low, loss_high;
} extent;

static void stretch(extent *e, double flops, double loss)
{
    if (!isfinite(loss) || !(flops > 0))
        return;
    e->flops_low = fmin(e->flops_low, flops);
    e->flops_high = fmax(e->flops_high, flops);
    e->loss_low = fmin(e->loss_low, loss);
    e->loss_high = fmax(e->loss_high, loss);
}

static void begin_axes(const extent *e, vsh_text *s)
{
    double room = 0.05 * (e->loss_high - e->loss_low) + 0.01;

    vsh_chart_log_axis(s, "x", e->flops_low / 1.5, e->flops_high * 1.5, VSH_TICK_SI, 1);
    vsh_chart_axis(s, "y", e->loss_low - room, e->loss_high + room);
}

/* ---- the law ------------------------------------------------------------------------------- */

static double law_loss(const vsh_study_law *l, double N, double D)
{
    double h = l->A / pow(N, l->alpha) + l->B / pow(D, l->beta);

    return l->bound > 0 ? l->E + (l->bound - l->E) * h / (1 + h) : l->E + h;
}

/* The law's loss of a record's model over its own range of lengths. */
static void write_law_of(const vsh_study_records *all, const vsh_study_record *r,
                         const vsh_study_law *law, vsh_text *s)
{
    double low = INFINITY, high = 0, each = r->flops / (double)r->tokens;

    for (int64_t i = 0; i < all->count; i++)
        if (all->item[i].params_total == r->params_total && isfinite(all->item[i].loss)) {
            low = fmin(low, (double)all->item[i].tokens);
            high = fmax(high, (double)all->item[i].tokens);
        }
    for (int i = 0; i < SAMPLES; i++) {
        double tokens = low / 1.3 * pow(1.69 * high / low, (double)i / (SAMPLES - 1));
        VSH_CHART_ROW(s, each * tokens, law_loss(law, (double)r->params_total, tokens));
    }
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
}

static bool seen_before(const vsh_study_records *all, int64_t i)
{
    for (int64_t j = 0; j < i; j++)
        if (is_curve(&all->item[j]) && all->item[j].params_total == all->item[i].params_total)
            return true;
    return false;
}

static void write_law_data(const vsh_study_records *all, const vsh_study_law *law,
                           const vsh_study_held_out *held, extent *e, vsh_text *s)
{
    vsh_study_pair best[VSH_STUDY_BUDGETS];
    int64_t count = best_of_budgets(all, best);

    vsh_chart_data(s, "law");
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    for (int64_t i = 0; i < all->count; i++)
        if (is_curve(&all->item[i]) && !seen_before(all, i))
            write_law_of(all, &all->item[i], law, s);
    vsh_chart_data_end(s);
    vsh_chart_data(s, "runs");
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    for (int64_t i = 0; i < all->count; i++) {
        const vsh_study_record *r = &all->item[i];
        if (!is_curve(r))
            continue;
        VSH_CHART_ROW(s, r->flops, r->loss);
        stretch(e, r->flops, r->loss);
    }
    vsh_chart_data_end(s);
    vsh_chart_data(s, "best");
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    for (int64_t i = 0; i < count; i++)
        VSH_CHART_ROW(s, best[i].cost, best[i].loss);
    vsh_chart_data_end(s);
    vsh_chart_data(s, "held");
    VSH_CHART_ROW(s, held->record->flops, held->record->loss, held->predicted);
    vsh_chart_data_end(s);
    stretch(e, held->record->flops, held->record->loss);
    stretch(e, held->record->flops, held->low);
    stretch(e, held->record->flops, held->high);
}

void vsh_study_law_figure(const vsh_study_records *all, const vsh_study_law *law,
                          const vsh_study_held_out *held, const char *card,
                          vsh_report_figure *figure)
{
    static const vsh_series series[] = {
        {VSH_DRAW_LINE, "$law using 1:2", "linewidth 1.2 " VSH_COLOUR(VSH_SKY),
         "the law, of a size"},
        {VSH_DRAW_LINE, "$best using 1:2", "linewidth 2 " VSH_COLOUR(VSH_BLUE), "best of a budget"},
        {VSH_DRAW_POINT, "$runs using 1:2", "pointtype 7 pointsize 0.5 " VSH_COLOUR(VSH_BLUE),
         "run"},
        {VSH_DRAW_POINT, "$held using 1:3", "pointtype 6 pointsize 1.1 " VSH_COLOUR(VSH_VERMILLION),
         "predicted, with 95 %"},
        {VSH_DRAW_POINT, "$held using 1:2", "pointtype 7 pointsize 0.8 " VSH_COLOUR(VSH_VERMILLION),
         "held out, measured"},
    };
    vsh_text *s = &figure->script;
    extent e = {INFINITY, 0, INFINITY, 0};

    vsh_chart_begin(s, figure->name, HEIGHT, figure->title);
    write_law_data(all, law, held, &e, s);
    vsh_chart_panel(s, &panel, "held-out loss, nats a byte-level token", "training FLOP, counted");
    begin_axes(&e, s);
    if (isfinite(held->low) && isfinite(held->high))
        vsh_chart_line(s, "linewidth 1.6 " VSH_COLOUR(VSH_VERMILLION),
                       "from first %.8g,first %.8g to first %.8g,first %.8g", held->record->flops,
                       held->low, held->record->flops, held->high);
    vsh_chart_plot(s, &panel, series, sizeof series / sizeof *series);
    vsh_chart_end(s);
    vsh_text_add(&figure->caption, "Each run is a cooldown branch of a trunk at constant rate. ");
    if (isfinite(held->predicted))
        vsh_text_add(&figure->caption,
                     "The held-out model was predicted at %.4f (%.4f to %.4f) before it was "
                     "trained. ",
                     held->predicted, held->low, held->high);
    vsh_text_add(&figure->caption, "It has %s parameters, saw %s tokens and ",
                 vsh_show_count((double)held->record->params_total).text,
                 vsh_show_count((double)held->record->tokens).text);
    if (isfinite(held->record->loss))
        vsh_text_add(&figure->caption, "reached %.4f. ", held->record->loss);
    else
        vsh_text_add(&figure->caption, "diverged. ");
    vsh_text_add(&figure->caption, "%s, program %s.", card, held->record->commit);
}

/* ---- experts ------------------------------------------------------------------------------- */

static void write_points(const char *name, const vsh_study_comparison *of, bool dense, extent *e,
                         vsh_text *s)
{
    vsh_chart_data(s, name);
    VSH_CHART_ROW(s, VSH_GAP, VSH_GAP);
    for (int i = 0; i < of->budgets; i++) {
        const vsh_study_pair *p = dense ? &of->at[i].dense : &of->at[i].family;
        VSH_CHART_ROW(s, p->cost, p->loss);
        stretch(e, p->cost, p->loss);
    }
    vsh_chart_data_end(s);
}

/* Which of the comparisons on the same text: its colour. */
static int place_of(const vsh_study_comparison *all, int i)
{
    int place = 0;

    for (int j = 0; j < i; j++)
        place += all[j].unique_tokens == all[i].unique_tokens;
    return place;
}

/* Solid on all of the text, then by where a text first stands. */
static const char *dash_of(const vsh_study_comparison *all, int i)
{
    static const char *const dashes[] = {"", " dashtype (5,4)", " dashtype (1,2)"};
    int text = 0;

    for (int j = 1; j <= i; j++)
        text += all[j].unique_tokens != all[j - 1].unique_tokens;
    return dashes[text % (int)(sizeof dashes / sizeof *dashes)];
}

static bool same_dense(const vsh_study_comparison *a, const vsh_study_comparison *b)
{
    bool same = a->budgets == b->budgets;

    for (int i = 0; same && i < a->budgets; i++)
        same = a->at[i].dense.cost == b->at[i].dense.cost &&
               a->at[i].dense.loss == b->at[i].dense.loss;
    return same;
}

/* Dense lines differ where families share other sizes or seeds with it; mostly they do not. */
static bool dense_is_drawn(const vsh_study_comparison *all, int i)
{
    for (int j = 0; j < i; j++)
        if (same_dense(&all[i], &all[j]))
            return true;
    return false;
}

static const char *const looks[] = {
    "linewidth 1.6 " VSH_COLOUR(VSH_BLUE), "linewidth 1.6 " VSH_COLOUR(VSH_VERMILLION),
    "linewidth 1.6 " VSH_COLOUR(VSH_GREEN), "linewidth 1.6 " VSH_COLOUR(VSH_PURPLE)};
static const char dense_look[] = "linewidth 2.4 " VSH_COLOUR(VSH_INK);

/* A line of the picture and the text that its series points to. */
typedef struct {
    char name[24], data[48], look[96];
} line;

static vsh_series line_of(line *l, const char *who, int i, const char *look, const char *dash,
                          const char *words)
{
    snprintf(l->name, sizeof l->name, "%s%d", who, i);
    snprintf(l->data, sizeof l->data, "$%s%d using 1:2", who, i);
    snprintf(l->look, sizeof l->look, "%s%s", look, dash);
    return (vsh_series){VSH_DRAW_LINE, l->data, l->look, words};
}

void vsh_study_experts_figure(const vsh_study_comparison *all, int count, const char *card,
                              vsh_report_figure *figure)
{
    enum { LOOKS = sizeof looks / sizeof *looks, LINES = 6 * LOOKS };
    vsh_series series[LINES];
    line lines[LINES];
    vsh_text *s = &figure->script;
    extent e = {INFINITY, 0, INFINITY, 0};
    int drawn = 0;

    vsh_chart_begin(s, figure->name, HEIGHT, figure->title);
    for (int i = 0; i < count && drawn + 2 <= LINES; i++) {
        const char *look = looks[place_of(all, i) % LOOKS];
        if (!dense_is_drawn(all, i)) {
            series[drawn] =
                line_of(&lines[drawn], "dense", i, dense_look, dash_of(all, i), i ? NULL : "dense");
            write_points(lines[drawn++].name, &all[i], true, &e, s);
        }
        series[drawn] = line_of(&lines[drawn], "family", i, look, dash_of(all, i),
                                all[i].unique_tokens ? NULL : all[i].family->name);
        write_points(lines[drawn++].name, &all[i], false, &e, s);
    }
    vsh_chart_panel(s, &panel, "held-out loss, nats a byte-level token", "training FLOP, counted");
    begin_axes(&e, s);
    vsh_chart_plot(s, &panel, series, drawn);
    vsh_chart_end(s);
    vsh_text_add(&figure->caption,
                 "Of each budget the best size among those that a kind and dense both have, the "
                 "mean over the seeds that both have: what the savings in FLOP come from; dashed "
                 "and dotted: on little text, again and again, and on less. FLOP with "
                 "the router and what is padded. %s.",
                 card);
}
