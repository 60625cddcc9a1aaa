#include "sim/step_report.h"

#include <stdio.h>
#include <string.h>

#include "sim/chip_explain.h"
#include "sim/step_bars.h"

static void print_question(const sim_step_answer *a, vsh_term term, vsh_text *out)
{
    const sim_step *s = &a->step;
    const sim_machine *m = &a->chip.machine;

    vsh_text_add(out, "\n  %s%s on %s%s, one training step\n", vsh_term_bold(term), s->model->name,
                 a->chip.hardware->name, vsh_term_plain(term));
    vsh_text_add(out, "  Batch     %s sequences of %s tokens",
                 vsh_show_integer(s->work.sequences * s->micro_batches).text,
                 vsh_show_integer(s->work.seq).text);
    if (s->micro_batches > 1)
        vsh_text_add(out, ", %s at a time", vsh_show_integer(s->work.sequences).text);
    vsh_text_add(out, "; %s, %s", vsh_precision_words[s->work.precision], s->work.recipe->name);
    if (s->work.recompute)
        vsh_text_add(out, ", recompute %s", vsh_recompute_words[s->work.recompute]);
    if (s->model->experts.count)
        vsh_text_add(out, "\n  Experts   %s load", s->load->name);
    vsh_text_put(out, "\n", 1);
    if (a->chip.hardware->kind == VSH_TPU)
        vsh_text_add(out, "  Machine   %lld core%s of %lld units, %lld x %lld each, %s\n",
                     (long long)a->chip.cores, a->chip.cores == 1 ? "" : "s", (long long)m->units,
                     (long long)m->rows, (long long)m->cols, vsh_precision_words[a->chip.computed]);
    vsh_text_add(out, "  Engine    %s\n\n", a->engine->name);
}

static void print_totals(const sim_step_answer *a, vsh_text *out)
{
    const sim_step_time *r = a->result;

    vsh_text_add(out, "  step time    %10s   %s cycles\n", vsh_show_time(r->time.v).text,
                 vsh_show_si(r->cycles).text);
    vsh_text_add(out, "  tokens/s     %10s\n", vsh_show_amount(r->tokens_per_s).text);
    vsh_text_add(out,
                 "  utilization  %8.1f %%   executed multiply-adds of what the units could do\n",
                 100 * r->utilization);
    vsh_text_add(out, "  MFU          %8.1f %%   the model's own FLOPs of the peak\n",
                 100 * r->mfu);
    vsh_text_add(out, "  bound        %10s   most of the time\n", vsh_bound_names[r->bound]);
    vsh_text_add(out, "  memory       %10s   of %s%s\n", vsh_show_bytes(a->footprint.total.v).text,
                 vsh_show_bytes(a->chip.hardware->memory_bytes.value).text,
                 a->fits ? "" : ": does not fit");
}

static void print_ops(const sim_step_time *r, vsh_text *out)
{
    vsh_text_add(out, "  %-24s %-9s %9s %6s %6s  %s\n", "operation", "phase", "time", "share",
                 "util", "bound");
    for (int i = 0; i < r->ops.count; i++) {
        const sim_op_time *t = &r->op[i];
        if (t->fused) {
            vsh_text_add(out, "  %-24.24s %-9s %9s\n", t->op->name, vsh_phase_names[t->op->phase],
                         "fused");
            continue;
        }
        vsh_text_add(out, "  %-24.24s %-9s %9s %5.1f%% %5.1f%%  %s\n", t->op->name,
                     vsh_phase_names[t->op->phase],
                     vsh_show_time(r->time.v * t->cycles / r->cycles).text,
                     100 * t->cycles / r->cycles, 100 * t->utilization, vsh_bound_names[t->bound]);
    }
}

/* Rows at a time that a grouped-product kernel should take, and what others cost. */
static void print_advice(const sim_step_answer *a, vsh_text *out)
{
    if (!a->advice_count)
        return;
    vsh_text_add(out, "  Rows at a time for the experts' products, time against the best\n");
    vsh_text_add(out, "  %-24s %-9s %13s", "operation", "phase", "rows/expert");
    for (int i = 0; i < SIM_ROW_TILES; i++)
        vsh_text_add(out, " %5lld", (long long)a->advice[0].tile[i]);
    for (int i = 0; i < a->advice_count; i++) {
        const sim_tile_advice *t = &a->advice[i];
        char rows[32];
        snprintf(rows, sizeof rows, "%lld-%lld", (long long)t->rows_least, (long long)t->rows_most);
        vsh_text_add(out, "\n  %-24.24s %-9s %13s", t->op->name, vsh_phase_names[t->op->phase],
                     t->rows_least == t->rows_most ? rows + strcspn(rows, "-") + 1 : rows);
        for (int j = 0; j < SIM_ROW_TILES; j++)
            vsh_text_add(out, j == t->best ? "  best" : " %5.2f",
                         t->cycles[j] / t->cycles[t->best]);
    }
    vsh_text_add(out, "\n\n");
}

void sim_step_print(const sim_step_answer *a, bool every_operation, vsh_term term, vsh_text *out)
{
    print_question(a, term, out);
    print_totals(a, out);
    if (every_operation) {
        vsh_text_put(out, "\n", 1);
        print_ops(a->result, out);
    }
    sim_step_print_bars(a->result, term, out);
    vsh_text_put(out, "\n", 1);
    print_advice(a, out);
}

static void write_block(const char *key, const sim_tiling *t, vsh_json *json)
{
    if (!t->cycles)
        return;
    vsh_json_array(json, key);
    vsh_json_integer(json, NULL, t->product.block_m);
    vsh_json_integer(json, NULL, t->product.block_n);
    vsh_json_integer(json, NULL, t->product.block_k);
    vsh_json_end(json);
}

static void write_op(const sim_op_time *t, const sim_step_time *r, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_string(json, "name", t->op->name);
    vsh_json_string(json, "phase", vsh_phase_names[t->op->phase]);
    vsh_json_integer(json, "m", t->op->m);
    vsh_json_integer(json, "n", t->op->n);
    vsh_json_integer(json, "k", t->op->k);
    vsh_json_integer(json, "count", t->op->count);
    vsh_json_integer(json, "executed_macs", t->op->executed_macs);
    vsh_json_real(json, "cycles", t->cycles);
    vsh_json_real(json, "time_s", r->time.v * t->cycles / r->cycles);
    vsh_json_real(json, "utilization", t->utilization);
    vsh_json_string(json, "bound", vsh_bound_names[t->bound]);
    vsh_json_real(json, "matrix_cycles", t->matrix);
    vsh_json_real(json, "vector_cycles", t->vector);
    vsh_json_real(json, "memory_cycles", t->memory);
    vsh_json_bool(json, "fused", t->fused);
    write_block("block", &t->tilings.best, json);
    write_block("runner_up_block", &t->tilings.second, json);
    vsh_json_end(json);
}

static void write_waterfall(const sim_step_time *r, vsh_json *json)
{
    double shares[SIM_CAUSES];

    sim_waterfall_shares(&r->waterfall, shares);
    vsh_json_array(json, "waterfall");
    for (int i = 0; i < SIM_CAUSES; i++) {
        vsh_json_object(json, NULL);
        vsh_json_string(json, "cause", sim_cause_words[i]);
        vsh_json_real(json, "share", shares[i]);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static void write_advice(const sim_step_answer *a, vsh_json *json)
{
    vsh_json_array(json, "tile_advice");
    for (int i = 0; i < a->advice_count; i++) {
        const sim_tile_advice *t = &a->advice[i];
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", t->op->name);
        vsh_json_string(json, "phase", vsh_phase_names[t->op->phase]);
        vsh_json_integer(json, "rows_least", t->rows_least);
        vsh_json_integer(json, "rows_most", t->rows_most);
        vsh_json_integer(json, "best_tile", t->tile[t->best]);
        vsh_json_array(json, "tiles");
        for (int j = 0; j < SIM_ROW_TILES; j++) {
            vsh_json_object(json, NULL);
            vsh_json_integer(json, "tile", t->tile[j]);
            vsh_json_real(json, "cycles", t->cycles[j]);
            vsh_json_end(json);
        }
        vsh_json_end(json);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static double by_bound(const sim_step_time *r, vsh_bound bound)
{
    double cycles = 0;

    for (int i = 0; i < r->ops.count; i++)
        cycles += r->op[i].bound == bound ? r->op[i].cycles : 0;
    return cycles;
}

enum { EXPLAINED_MAX = 16 + VSH_HARDWARE_ROWS };

static int list_numbers(const sim_step_answer *a, vsh_explained *lines)
{
    static const char schedule[] = "sim/step_schedule.c", lower[] = "core/lower.c",
                      derived[] = "derived";
    const sim_step_time *r = a->result;
    const vsh_explained all[] = {
        {"cycles", r->cycles, "",
         "sum over operations, from the end of the one before to its own, and the last write-back; "
         "micro-batches alike",
         schedule, derived},
        {"time_s", r->time.v, "s", "cycles / clock", schedule, derived},
        {"flops", r->executed.v, "",
         "2 x executed multiply-adds of forward, recompute, dgrad, wgrad", lower, derived},
        {"model_flops", r->model.v, "", "2 x the model's own multiply-adds", lower, derived},
        {"utilization", r->utilization, "",
         "executed multiply-adds / (cycles x those the units can do)", schedule, derived},
        {"mfu", r->mfu, "", "model FLOPs / (time x peak)", schedule, derived},
        {"tokens_per_s", r->tokens_per_s, "1/s", "batch x sequence / time", schedule, derived},
        {"bound", by_bound(r, r->bound) / r->cycles, vsh_bound_names[r->bound],
         "share of the cycles of operations bound so", schedule, derived}};
    int count = (int)(sizeof all / sizeof all[0]);

    memcpy(lines, all, sizeof all);
    return count + sim_chip_explain(a->chip.hardware, lines + count);
}

void sim_step_explain(const sim_step_answer *a, vsh_text *out)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_explain_print(lines, list_numbers(a, lines), out);
}

void sim_step_write_json(const sim_step_answer *a, bool explain, vsh_json *json)
{
    vsh_explained lines[EXPLAINED_MAX];

    const sim_step_time *r = a->result;

    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "engine", a->engine->name);
    vsh_json_string(json, "hardware", a->chip.hardware->name);
    vsh_json_string(json, "model", a->step.model->name);
    vsh_json_string(json, "precision", vsh_precision_words[a->step.work.precision]);
    vsh_json_string(json, "recompute", vsh_recompute_words[a->step.work.recompute]);
    vsh_json_string(json, "experts_load", a->step.load->name);
    vsh_json_integer(json, "seq", a->step.work.seq);
    vsh_json_integer(json, "batch", a->step.work.sequences * a->step.micro_batches);
    vsh_json_integer(json, "micro_batch", a->step.work.sequences);
    vsh_json_real(json, "cycles", r->cycles);
    vsh_json_real(json, "time_s", r->time.v);
    vsh_json_real(json, "flops", r->executed.v);
    vsh_json_real(json, "model_flops", r->model.v);
    vsh_json_real(json, "utilization", r->utilization);
    vsh_json_real(json, "mfu", r->mfu);
    vsh_json_real(json, "tokens_per_s", r->tokens_per_s);
    vsh_json_string(json, "bound", vsh_bound_names[r->bound]);
    vsh_json_string(json, "caveat", sim_chip_caveat(a->chip.hardware));
    vsh_json_bool(json, "fits", a->fits);
    vsh_footprint_write(&a->footprint, json);
    vsh_json_array(json, "ops");
    for (int i = 0; i < r->ops.count; i++)
        write_op(&r->op[i], r, json);
    vsh_json_end(json);
    write_waterfall(r, json);
    write_advice(a, json);
    if (explain)
        vsh_explain_write(lines, list_numbers(a, lines), json);
    vsh_json_end(json);
}
