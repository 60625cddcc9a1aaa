#include "sim/figures/step_label.h"

#include <math.h>

enum { HEIGHT = 18, RINGS = 20, TURNS = 32 };
#define PI 3.14159265358979

void sim_labels_open(sim_labels *labels, const vsh_panel *panel)
{
    labels->panel = panel;
    labels->count = 0;
}

void sim_labels_block(sim_labels *labels, double x, double y, double width, double height,
                      double weight)
{
    if (labels->count < SIM_LABEL_BLOCKS)
        labels->block[labels->count++] = (sim_label_box){x, y, width, height, weight};
}

/* A common sans-serif has 0.55 of its size a character on average. */
double sim_label_width(const char *text) { return 0.55 * VSH_CHART_FONT * vsh_columns(text); }

static double overlap(double a, double a_length, double b, double b_length)
{
    return fmax(0, fmin(a + a_length, b + b_length) - fmax(a, b));
}

/* Square points that a box covers of what is there, and much for what leaves the panel. */
static double covered(const sim_labels *labels, sim_label_box box)
{
    const vsh_panel *p = labels->panel;
    double right = VSH_CHART_WIDTH - VSH_CHART_RIGHT, area = 0;
    double inside = overlap(box.x, box.width, p->left + 3, right - p->left - 3) *
                    overlap(box.y, box.height, p->top, p->bottom - p->top);

    for (int i = 0; i < labels->count; i++) {
        const sim_label_box *b = &labels->block[i];
        area +=
            overlap(box.x, box.width, b->x, b->width) * overlap(box.y, box.height, b->y, b->height);
    }
    return area + 10 * (box.width * box.height - inside);
}

/* How much lies under a line, but for its beginning on its own point. */
static double crossed(const sim_labels *labels, double x, double y, double to_x, double to_y)
{
    double length = hypot(to_x - x, to_y - y), sum = 0;

    for (double at = 9; at < length; at += 3)
        for (int i = 0; i < labels->count; i++) {
            const sim_label_box *b = &labels->block[i];
            double at_x = x + (to_x - x) * at / length, at_y = y + (to_y - y) * at / length;
            if (at_x > b->x && at_x < b->x + b->width && at_y > b->y && at_y < b->y + b->height)
                sum += b->weight;
        }
    return sum;
}

/* Where the line from the point meets the label. */
static void edge_of(sim_label_box box, double x, double y, double *to_x, double *to_y)
{
    *to_x = fmax(box.x, fmin(box.x + box.width, x));
    *to_y = fmax(box.y, fmin(box.y + box.height, y));
}

/* Where the text of a label stands: beside the point, or over or under it. */
typedef enum { LEFT, MIDDLE, RIGHT } side;

static side side_of(double angle)
{
    return cos(angle) < -0.3 ? LEFT : cos(angle) > 0.3 ? RIGHT : MIDDLE;
}

/* Nearer is better; covering something or leading across it is worse than any distance. */
static sim_label_box best_place(const sim_labels *labels, double x, double y, double width,
                                side *where)
{
    sim_label_box best = {0};
    double least = INFINITY;

    for (int ring = 0; ring < RINGS; ring++)
        for (int turn = 0; turn < TURNS; turn++) {
            double radius = 12 + 9 * ring, angle = turn * 2 * PI / TURNS, cost, to_x, to_y;
            double at_x = x + radius * cos(angle), at_y = y + radius * sin(angle);
            static const double back[] = {[LEFT] = 1, [MIDDLE] = 0.5, [RIGHT] = 0};
            sim_label_box box = {at_x - width * back[side_of(angle)], at_y - HEIGHT / 2.0, width,
                                 HEIGHT};
            edge_of(box, x, y, &to_x, &to_y);
            cost = 8 * covered(labels, box) + 6 * crossed(labels, x, y, to_x, to_y) + radius;
            if (cost < least) {
                least = cost;
                best = box;
                *where = side_of(angle);
            }
        }
    return best;
}

void sim_labels_place(sim_labels *labels, double x, double y, const char *text, vsh_text *script)
{
    static const char *const aligned[] = {[LEFT] = "right", [MIDDLE] = "center", [RIGHT] = "left"};
    static const double share[] = {[LEFT] = 1, [MIDDLE] = 0.5, [RIGHT] = 0};
    side where = RIGHT;
    sim_label_box box = best_place(labels, x, y, sim_label_width(text), &where);
    double height = labels->panel->height, to_x, to_y;

    edge_of(box, x, y, &to_x, &to_y);
    if (hypot(to_x - x, to_y - y) > 20)
        vsh_chart_line(script, "linewidth 0.8 " VSH_COLOUR(VSH_GREY),
                       "from screen %.4f,%.4f to screen %.4f,%.4f", x / VSH_CHART_WIDTH,
                       1 - y / height, to_x / VSH_CHART_WIDTH, 1 - to_y / height);
    vsh_chart_label(script, text, "at screen %.4f,%.4f %s",
                    (box.x + box.width * share[where]) / VSH_CHART_WIDTH,
                    1 - (box.y + HEIGHT / 2.0) / height, aligned[where]);
    sim_labels_block(labels, box.x, box.y, box.width, box.height, SIM_LABEL_TEXT);
    for (int step = 2; step < 32; step++)
        sim_labels_block(labels, x + (to_x - x) * step / 32 - 2, y + (to_y - y) * step / 32 - 2, 4,
                         4, SIM_LABEL_TEXT / 2);
}
