/* Words in a panel of a fit's figures, placed so that they lie neither on each other nor on what is
 * drawn. All places are shares of the panel. */
#ifndef VSH_FIT_LABEL_H
#define VSH_FIT_LABEL_H

#include "planner/figures/fit_figure.h"

enum { VSH_FIT_LABELS = 24, VSH_FIT_MARKS = 4000 };
typedef struct {
    float x, y;
} vsh_fit_mark;

typedef struct {
    double left, right, low, high;
} vsh_fit_box;

typedef struct {
    vsh_fit_mark mark[VSH_FIT_MARKS]; /* of what is drawn */
    vsh_fit_box taken[VSH_FIT_LABELS];
    int mark_count, taken_count;
    double line; /* the height of a line of words */
} vsh_fit_labels;

/* NULL when memory ends; labels are then left out. height: of the panel, in points. */
vsh_fit_labels *vsh_fit_labels_of(vsh_arena *arena, int height);
/* Words keep off the place; returns it. */
vsh_fit_mark vsh_fit_mark_at(vsh_fit_labels *labels, double x, double y);
/* Words beside a place, where there is most room, rather to the right (side 1) or to the left (-1);
 * nothing when they would lie on other words, or on much that is drawn, everywhere. */
bool vsh_fit_label(vsh_fit_labels *labels, vsh_text *s, const char *words, int side, double x,
                   double y);

/* Names runs that are far off by their lines, those that stand together in one; place: of each
 * shown run in the panel. Beyond edge percent the place does not tell how far off, so the name
 * does. */
void vsh_fit_label_odd(const vsh_fit_view *v, vsh_fit_labels *labels, const vsh_fit_mark *place,
                       double edge, vsh_text *s);

#endif
