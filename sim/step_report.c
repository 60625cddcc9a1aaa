#include "sim/step_report.h"

#include <string.h>

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

static void print_totals(const sim_step_time *r, vsh_text *out)
{
    vsh_text_add(out, "  step time    %10s   %s cycles\n", vsh_show_time(r->time.v).text,
                 vsh_show_si(r->cycles).text);
    vsh_text_add(out, "  tokens/s     %10s\n", vsh_show_amount(r->tokens_per_s).text);
    vsh_text_add(out,
                 "  utilization  %8.1f %%   executed multiply-adds of what the units could do\n",
                 100 * r->utilization);
    vsh_text_add(out, "  MFU          %8.1f %%   the model's own FLOPs of the peak\n",
                 100 * r->mfu);
    vsh_text_add(out, "  bound        %10s   most of the time\n\n", vsh_bound_names[r->bound]);
}

static void print_ops(const sim_step_time *r, vsh_text *out)
{
    vsh_text_add(out, "  %-24s %-9s %9s %6s %6s  %s\n", "operation", "phase", "time", "share",
                 "util", "bound");
    for (int i = 0; i < r->op_count; i++) {
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

static void print_waterfall(const sim_step_time *r, vsh_text *out)
{
    double shares[SIM_CAUSES];

    sim_waterfall_shares(&r->waterfall, shares);
    vsh_text_add(out, "\n  Where the chip's multiply-adds went\n");
    for (int i = 0; i < SIM_CAUSES; i++)
        if (shares[i] >= 0.0005)
            vsh_text_add(out, "    %-20s %5.1f %%\n", sim_cause_words[i], 100 * shares[i]);
    vsh_text_put(out, "\n", 1);
}

void sim_step_print(const sim_step_answer *a, vsh_term term, vsh_text *out)
{
    print_question(a, term, out);
    print_totals(a->result, out);
    print_ops(a->result, out);
    print_waterfall(a->result, out);
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

void sim_step_write_json(const sim_step_answer *a, vsh_json *json)
{
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
    vsh_json_array(json, "ops");
    for (int i = 0; i < r->op_count; i++)
        write_op(&r->op[i], r, json);
    vsh_json_end(json);
    write_waterfall(r, json);
    vsh_json_end(json);
}
