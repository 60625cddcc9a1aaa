#include "planner/figures/fit_label.h"

#include <math.h>

vsh_fit_labels *vsh_fit_labels_of(vsh_arena *arena, int height)
{
    vsh_fit_labels *labels = vsh_alloc(arena, 1, sizeof *labels);

    if (labels)
        labels->line = 1.1 * VSH_CHART_FONT / height;
    return labels;
}

vsh_fit_mark vsh_fit_mark_at(vsh_fit_labels *labels, double x, double y)
{
    vsh_fit_mark mark = {(float)x, (float)y};

    if (labels && labels->mark_count < VSH_FIT_MARKS && isfinite(x) && isfinite(y))
        labels->mark[labels->mark_count++] = mark;
    return mark;
}

/* Words may lie on so many. */
#define MARKS_UNDER 3.0

/* Marks in the box; INFINITY when it lies on other words or leaves the panel. */
static double cost_of(const vsh_fit_labels *labels, const vsh_fit_box *b)
{
    double marks = 0;

    if (b->left < 0 || b->right > 1 || b->low < 0 || b->high > 1)
        return INFINITY;
    for (int i = 0; i < labels->taken_count; i++)
        if (b->left < labels->taken[i].right && b->right > labels->taken[i].left &&
            b->low < labels->taken[i].high && b->high > labels->taken[i].low)
            return INFINITY;
    for (int i = 0; i < labels->mark_count; i++) {
        const vsh_fit_mark *m = &labels->mark[i];
        marks += (double)m->x > b->left && (double)m->x < b->right && (double)m->y > b->low &&
                 (double)m->y < b->high;
    }
    return marks;
}

bool vsh_fit_label(vsh_fit_labels *labels, vsh_text *s, const char *words, int side, double x,
                   double y)
{
    /* The wanted side or the other, or over and under it, and lines up; the nearest first. */
    static const struct {
        double side, up;
    } places[] = {{1, 0},     {-1, 0},    {0, 1},    {0, -1},   {1, 0.6},   {-1, 0.6}, {1, -0.6},
                  {-1, -0.6}, {1, 1.1},   {-1, 1.1}, {1, -1.1}, {-1, -1.1}, {1, 1.7},  {-1, 1.7},
                  {0, -1.8},  {-1, -1.8}, {1, -1.8}, {0, -2.6}, {0, 2.6}};
    /* a letter of 15 points takes about a sixtieth of a panel's width */
    double width = 0.0165 * vsh_columns(words), gap = 0.022, least = INFINITY;
    vsh_fit_box best = {0};

    if (!labels || labels->taken_count == VSH_FIT_LABELS || !(x >= 0 && x <= 1 && y >= 0 && y <= 1))
        return false;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        double to_side = places[i].side * side;
        double from = to_side > 0   ? x + gap
                      : to_side < 0 ? x - gap - width
                                    : fmax(0, fmin(0.995 - width, x - width / 2));
        double middle = y + places[i].up * labels->line;
        vsh_fit_box b = {from, from + width, middle - labels->line / 2, middle + labels->line / 2};
        double cost = cost_of(labels, &b) + 0.05 * (double)i;
        if (cost < least) {
            least = cost;
            best = b;
        }
    }
    if (least > MARKS_UNDER)
        return false;
    vsh_chart_label(s, words, "at graph %.4f,graph %.4f left", best.left,
                    (best.low + best.high) / 2);
    labels->taken[labels->taken_count++] = best;
    return true;
}

enum { NAMED_LINES = 4, NAMED_GROUPS = 6 };

/* Runs far off that stand together. */
typedef struct {
    int line[NAMED_LINES], count;
    double least, most; /* percent off */
} group;

static void join(const vsh_fit_view *v, int run, group *g)
{
    double percent = vsh_fit_percent(v->fit->residual[run]);

    if (g->count < NAMED_LINES)
        g->line[g->count] = v->fit->runs->run[run].line;
    g->least = g->count ? fmin(g->least, percent) : percent;
    g->most = g->count ? fmax(g->most, percent) : percent;
    g->count++;
}

static void name_group(const group *g, double edge, vsh_text *words)
{
    vsh_text_add(words, g->count > 1 ? "lines %d" : "line %d", g->line[0]);
    for (int i = 1; i < g->count && i < NAMED_LINES; i++)
        vsh_text_add(words, ", %d", g->line[i]);
    if (g->count > NAMED_LINES)
        vsh_text_add(words, " and %d more", g->count - NAMED_LINES);
    if (fmax(fabs(g->least), fabs(g->most)) <= edge)
        return;
    vsh_text_add(words, ": %+.2g", g->least);
    if (g->count > 1)
        vsh_text_add(words, " to %+.2g", g->most);
    vsh_text_add(words, " %%");
}

void vsh_fit_label_odd(const vsh_fit_view *v, vsh_fit_labels *labels, const vsh_fit_mark *place,
                       double edge, vsh_text *s)
{
    bool *named = vsh_alloc(v->arena, (size_t)v->shown_count + 1, sizeof *named);

    for (int i = 0; i < 3 * v->shown_count; i++) /* no words on what stands out */
        if (vsh_fit_odd(v, v->shown[i / 3]))
            vsh_fit_mark_at(labels, (double)place[i / 3].x, (double)place[i / 3].y);
    for (int i = 0, placed = 0; named && i < v->shown_count && placed < NAMED_GROUPS; i++) {
        vsh_text words = {.arena = v->arena};
        group g = {.count = 0};
        if (named[i] || !vsh_fit_odd(v, v->shown[i]))
            continue;
        for (int j = i; j < v->shown_count; j++)
            if (!named[j] && vsh_fit_odd(v, v->shown[j]) && fabsf(place[j].x - place[i].x) < 0.1F &&
                fabsf(place[j].y - place[i].y) < 0.1F) {
                named[j] = true;
                join(v, v->shown[j], &g);
            }
        name_group(&g, edge, &words);
        placed += vsh_fit_label(labels, s, vsh_text_string(&words), 1, (double)place[i].x,
                                (double)place[i].y);
    }
}
