#include "sim/figures/step_label.h"

#include <math.h>

enum { HEIGHT = 18 };

void sim_labels_open(sim_labels *labels, const vsh_panel *panel)
{
    labels->panel = panel;
    labels->count = 0;
}

void sim_labels_block(sim_labels *labels, double x, double y, double width, double height)
{
    if (labels->count < SIM_LABEL_BLOCKS)
        labels->block[labels->count++] = (sim_label_box){x, y, width, height};
}

/* The widest common sans-serif has 0.6 of its size a character on average. */
double sim_label_width(const char *text) { return 0.6 * VSH_CHART_FONT * vsh_columns(text); }

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

/* Points along a line that lie on something. */
static double crossed(const sim_labels *labels, double x, double y, double to_x, double to_y)
{
    double crossings = 0;

    for (int step = 4; step < 16; step++)
        crossings += covered(
            labels, (sim_label_box){x + (to_x - x) * step / 16, y + (to_y - y) * step / 16, 1, 1});
    return crossings;
}

/* Where the line from the point meets the label. */
static void edge_of(sim_label_box box, double x, double y, double *to_x, double *to_y)
{
    *to_x = fmax(box.x, fmin(box.x + box.width, x));
    *to_y = fmax(box.y + 3, fmin(box.y + box.height - 3, y));
}

static sim_label_box best_place(const sim_labels *labels, double x, double y, double width)
{
    sim_label_box best = {0};
    double least = INFINITY;

    for (int ring = 0; ring < 9; ring++)
        for (int turn = 0; turn < 16; turn++) {
            double radius = 12 + 16 * ring, angle = turn * 3.14159265 / 8;
            double at_x = x + radius * cos(angle), at_y = y + radius * sin(angle), cost, to_x, to_y;
            sim_label_box box = {cos(angle) < -0.3  ? at_x - width
                                 : cos(angle) > 0.3 ? at_x
                                                    : at_x - width / 2,
                                 at_y - HEIGHT / 2.0, width, HEIGHT};
            edge_of(box, x, y, &to_x, &to_y);
            cost = covered(labels, box) + 30 * crossed(labels, x, y, to_x, to_y) + 2 * radius;
            if (cost < least) {
                least = cost;
                best = box;
            }
        }
    return best;
}

void sim_labels_place(sim_labels *labels, double x, double y, const char *text, vsh_text *script)
{
    sim_label_box box = best_place(labels, x, y, sim_label_width(text));
    double height = labels->panel->height, to_x, to_y;

    edge_of(box, x, y, &to_x, &to_y);
    if (hypot(to_x - x, to_y - y) > 20)
        vsh_chart_line(script, "linewidth 0.8 " VSH_COLOUR(VSH_GREY),
                       "from screen %.4f,%.4f to screen %.4f,%.4f", x / VSH_CHART_WIDTH,
                       1 - y / height, to_x / VSH_CHART_WIDTH, 1 - to_y / height);
    vsh_chart_label(script, text, "at screen %.4f,%.4f center",
                    (box.x + box.width / 2) / VSH_CHART_WIDTH, 1 - (box.y + HEIGHT / 2.0) / height);
    sim_labels_block(labels, box.x, box.y, box.width, box.height);
    for (int step = 1; step < 8; step++)
        sim_labels_block(labels, x + (to_x - x) * step / 8 - 2, y + (to_y - y) * step / 8 - 2, 4,
                         4);
}
