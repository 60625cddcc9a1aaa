#include "sim/step_bars.h"

#include <stdio.h>
#include <string.h>

#include "sim/bar.h"

enum { HEAVIEST = 16, OP_BAR = 11, CAUSE_BAR = 40 };

/* Below this share a line says nothing that its figure "0.0 %" does not. */
static const double shown_share = 0.0005;

int sim_step_heaviest(const sim_step_time *result, int order[VSH_OPS_MAX])
{
    int count = 0;

    for (int i = 0; i < result->ops.count; i++) {
        int place = count;
        if (result->op[i].cycles <= 0)
            continue;
        for (; place > 0 && result->op[order[place - 1]].cycles < result->op[i].cycles; place--)
            order[place] = order[place - 1];
        order[place] = i;
        count++;
    }
    return count;
}

const char *sim_step_short_name(const vsh_op *op)
{
    return strncmp(op->name, "layer.", 6) == 0 ? op->name + 6 : op->name;
}

static void print_op(const sim_step_time *r, const sim_op_time *t, double longest, vsh_text *out)
{
    char utilization[16] = "-";

    if (t->op->executed_macs > 0)
        snprintf(utilization, sizeof utilization, "%.0f %%", 100 * t->utilization);
    vsh_text_add(out, "    %-22.22s %-9.9s %5.1f %% %8s %6s %-6s  ", sim_step_short_name(t->op),
                 vsh_phase_names[t->op->phase], 100 * t->cycles / r->cycles,
                 vsh_show_time(t->cycles / r->cycles * r->time.v).text, utilization,
                 vsh_bound_names[t->bound]);
    sim_bar(t->cycles / longest, OP_BAR, out);
    vsh_text_put(out, "\n", 1);
}

static void print_ops(const sim_step_time *r, vsh_term term, vsh_text *out)
{
    int order[VSH_OPS_MAX], count = sim_step_heaviest(r, order);
    double rest = 0;

    vsh_text_add(out, "\n  %sWhere the time goes%s\n    %-22s %-9s %7s %8s %6s %s\n",
                 vsh_term_bold(term), vsh_term_plain(term), "operation", "phase", "share", "time",
                 "util.", "bound");
    for (int i = 0; i < count && i < HEAVIEST; i++)
        print_op(r, &r->op[order[i]], r->op[order[0]].cycles, out);
    for (int i = HEAVIEST; i < count; i++)
        rest += r->op[order[i]].cycles;
    if (count > HEAVIEST)
        vsh_text_add(out, "    %-22s %-9s %5.1f %% %8s\n", "all others", "", 100 * rest / r->cycles,
                     vsh_show_time(rest / r->cycles * r->time.v).text);
}

static void print_causes(const sim_step_time *r, vsh_term term, vsh_text *out)
{
    double shares[SIM_CAUSES], least = 0;

    sim_waterfall_shares(&r->waterfall, shares);
    vsh_text_add(out,
                 "\n  %sWhere the multiply-adds went%s, of all that the chip could have done\n",
                 vsh_term_bold(term), vsh_term_plain(term));
    for (int i = 0; i < SIM_CAUSES; i++) {
        if (shares[i] < shown_share) {
            least += shares[i];
            continue;
        }
        vsh_text_add(out, "    %-17s %5.1f %%  ", sim_cause_words[i], 100 * shares[i]);
        sim_bar(shares[i], CAUSE_BAR, out);
        vsh_text_put(out, "\n", 1);
    }
    if (least > 0)
        vsh_text_add(out, "    %-17s %5.1f %%\n", "all others", 100 * least);
}

void sim_step_print_bars(const sim_step_time *r, vsh_term term, vsh_text *out)
{
    print_ops(r, term, out);
    print_causes(r, term, out);
}
