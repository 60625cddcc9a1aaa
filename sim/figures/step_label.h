/* Labels beside points of a panel, each where it covers least. */
#ifndef VSH_STEP_LABEL_H
#define VSH_STEP_LABEL_H

#include "core/chart.h"

enum { SIM_LABEL_BLOCKS = 2048 };

/* Rectangles that labels keep clear of, in points from the picture's top left. */
typedef struct {
    double x, y, width, height;
    double weight; /* how much a line that leads to a label avoids it: 1 is a line of the panel */
} sim_label_box;

/* Weights of marks and of labels and the lines to them. */
enum { SIM_LABEL_LINE = 1, SIM_LABEL_MARK = 2, SIM_LABEL_TEXT = 12 };

typedef struct {
    const vsh_panel *panel;
    sim_label_box block[SIM_LABEL_BLOCKS];
    int count;
} sim_labels;

void sim_labels_open(sim_labels *labels, const vsh_panel *panel);
/* Beyond the room for them, blocks are not kept clear of. */
void sim_labels_block(sim_labels *labels, double x, double y, double width, double height,
                      double weight);
/* About how many points a text is wide. */
double sim_label_width(const char *text);
/* Writes a label for the point at (x, y), with a line to it when it stands apart. */
void sim_labels_place(sim_labels *labels, double x, double y, const char *text, vsh_text *script);

#endif
