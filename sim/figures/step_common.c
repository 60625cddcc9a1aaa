#include "sim/figures/step_common.h"

#include <stdio.h>
#include <string.h>

#include "sim/step_bars.h"

const char *const sim_class_looks[SIM_CLASSES] = {
    [SIM_CLASS_USEFUL] = VSH_FILL(VSH_BLUE) " fillstyle solid 1 noborder",
    [SIM_CLASS_PADDING] =
        VSH_FILL(VSH_BLUE) " fillstyle pattern 4 border linecolor rgb '" VSH_BLUE "'",
    [SIM_CLASS_ARRAY] = VSH_FILL(VSH_GREY) " fillstyle solid 1 noborder",
    [SIM_CLASS_MEMORY] = VSH_FILL(VSH_VERMILLION) " fillstyle solid 1 noborder",
    [SIM_CLASS_VECTOR] =
        VSH_FILL(VSH_GREEN) " fillstyle pattern 5 border linecolor rgb '" VSH_GREEN "'"};

const char *const sim_class_words[SIM_CLASSES] = {[SIM_CLASS_USEFUL] = "multiply-adds",
                                                  [SIM_CLASS_PADDING] = "padding, masked",
                                                  [SIM_CLASS_ARRAY] = "tiles and fill",
                                                  [SIM_CLASS_MEMORY] = "memory",
                                                  [SIM_CLASS_VECTOR] = "vector unit"};

sim_class sim_class_of(sim_cause cause)
{
    static const sim_class classes[SIM_CAUSES] = {
        [SIM_USEFUL] = SIM_CLASS_USEFUL,     [SIM_RECOMPUTE] = SIM_CLASS_USEFUL,
        [SIM_MASKED] = SIM_CLASS_PADDING,    [SIM_EXPERTS] = SIM_CLASS_PADDING,
        [SIM_PADDING_M] = SIM_CLASS_PADDING, [SIM_PADDING_N] = SIM_CLASS_PADDING,
        [SIM_PADDING_K] = SIM_CLASS_PADDING, [SIM_WEIGHTS] = SIM_CLASS_ARRAY,
        [SIM_FILL] = SIM_CLASS_ARRAY,        [SIM_UNITS] = SIM_CLASS_ARRAY,
        [SIM_OVERHEAD] = SIM_CLASS_ARRAY,    [SIM_DMA_HEAD] = SIM_CLASS_MEMORY,
        [SIM_DMA_TAIL] = SIM_CLASS_MEMORY,   [SIM_MEMORY] = SIM_CLASS_MEMORY,
        [SIM_VECTOR] = SIM_CLASS_VECTOR,     [SIM_SUSTAINED] = SIM_CLASS_ARRAY};

    return classes[cause];
}

void sim_box_row(vsh_text *script, double left, double right, double low, double high)
{
    VSH_CHART_ROW(script, (left + right) / 2, (low + high) / 2, left, right, low, high);
}

void sim_row_panel(vsh_text *script, const vsh_panel *panel, const char *above, const char *below)
{
    vsh_chart_panel(script, panel, above, below);
    vsh_text_add(script, "unset ytics\nset yrange [%d:0]\n", panel->bottom - panel->top);
}

void sim_row_name(vsh_text *script, const char *name, double y)
{
    vsh_chart_label(script, name, "at graph 0,first %.6g right offset -0.6,0 " SIM_ROW_TEXT, y);
}

void sim_op_label(const vsh_op *op, char room[SIM_OP_LABEL])
{
    static const char *const after[VSH_PHASE_COUNT] = {
        [VSH_RECOMPUTE] = " again", [VSH_DGRAD] = " dX", [VSH_WGRAD] = " dW"};

    snprintf(room, SIM_OP_LABEL, "%.24s%s", sim_step_short_name(op),
             after[op->phase] ? after[op->phase] : "");
}

double sim_op_repeats(const sim_report_input *in, const sim_op_time *t)
{
    return t->op->phase == VSH_OPTIMIZER ? 1 : (double)in->answer->step.micro_batches;
}

double sim_op_flops(const vsh_op *op)
{
    return op->executed_macs > 0 ? 2 * (double)op->executed_macs : op->vector_flops.v;
}
