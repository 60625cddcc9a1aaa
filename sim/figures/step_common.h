/* What the figures of a step share: rows under each other with names before them, and five classes
 * of causes, each with one look in all figures. */
#ifndef VSH_STEP_COMMON_H
#define VSH_STEP_COMMON_H

#include "core/chart.h"
#include "sim/step_html.h"

/* Looks are patterns as well as colours. */
typedef enum {
    SIM_CLASS_USEFUL,  /* the model's multiply-adds, recomputed ones too */
    SIM_CLASS_PADDING, /* masked, padded, of experts that wait */
    SIM_CLASS_ARRAY, /* changing tiles, fill and drain, units without a tile, kernels that begin */
    SIM_CLASS_MEMORY,
    SIM_CLASS_VECTOR,
    SIM_CLASSES
} sim_class;

extern const char *const sim_class_looks[SIM_CLASSES], *const sim_class_words[SIM_CLASSES];

sim_class sim_class_of(sim_cause cause);

/* Points of text in rows, and of a row's height. */
enum { SIM_ROW_FONT = 13, SIM_ROW_LEFT = 176, SIM_ROW_RIGHT = VSH_CHART_WIDTH - VSH_CHART_RIGHT };
#define SIM_ROW_TEXT "font 'sans-serif,13'"

/* A row of a datablock that is drawn as "using 1:2:3:4:5:6" by VSH_DRAW_BOX. */
void sim_box_row(vsh_text *script, double left, double right, double low, double high);

/* A panel whose vertical axis counts points down from its top and has no ticks. */
void sim_row_panel(vsh_text *script, const vsh_panel *panel, const char *above, const char *below);
/* The name before the row at y. */
void sim_row_name(vsh_text *script, const char *name, double y);

/* "mlp.up dW" into room: short for the gradients' phases. */
enum { SIM_OP_LABEL = 64 };
void sim_op_label(const vsh_op *op, char room[SIM_OP_LABEL]);

/* One execution of all an operation's repetitions in a step. */
double sim_op_repeats(const sim_report_input *in, const sim_op_time *t);
double sim_op_flops(const vsh_op *op);

#endif
