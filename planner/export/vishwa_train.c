#include <inttypes.h>

#include "core/model_write.h"
#include "planner/export/export_feature.h"
#include "planner/export/export_rows.h"

/* This project's trainer: docs/formats.md. It trains on processors, in data-parallel processes that
 * hold whole models, so of a layout it takes the batch alone. */

/* What its configuration takes for the tokens of a step (trainer/run/run_config.c). */
#define STEP_TOKENS_MAX 1e9

VSH_ROW(precision, vsh_say_word(out, vsh_precision_words[r->precision]))
VSH_ROW(recompute, vsh_say_word(out, vsh_recompute_words[r->recompute]))

static bool batch(const vsh_export_run *r, vsh_text *out)
{
    vsh_text_add(out, "{tokens: %" PRId64 ", sequence: %" PRId64 ", micro: %" PRId64 "}",
                 r->batch * r->seq, r->seq, r->micro);
    return true;
}

/* "name: " and a real. */
static void key(vsh_text *out, const char *name, double value)
{
    vsh_text_add(out, "%s", name);
    vsh_say_real(out, value);
}

static bool optimizer(const vsh_export_run *r, vsh_text *out)
{
    const vsh_schedule_advice *s = &r->schedule;

    vsh_text_add(out, "{name: %s", vsh_optimizer_words[r->optimizer]);
    if (r->tuned) {
        key(out, ", lr: ", r->rate);
        key(out, ", betas: [", s->beta1);
        key(out, ", ", s->beta2);
        key(out, "], weight_decay: ", s->weight_decay);
        key(out, ", clip: ", s->clip);
    }
    vsh_text_add(out, "}");
    return true;
}

static bool schedule(const vsh_export_run *r, vsh_text *out)
{
    if (!r->tuned)
        return false;
    vsh_text_add(out, "{name: wsd, warmup: %.0f", r->schedule.warmup_steps);
    key(out, ", cooldown: ", r->schedule.cooldown_share);
    vsh_text_add(out, "}");
    return true;
}

static const vsh_export_row rows[] = {{"run", "batch", VSH_ROW_NUMBER, batch},
                                      {"run", "optimizer", VSH_ROW_NUMBER, optimizer},
                                      {"run", "schedule", VSH_ROW_NUMBER, schedule},
                                      {"run", "steps", VSH_ROW_NUMBER, vsh_row_steps},
                                      {"run", "precision", VSH_ROW_NUMBER, precision},
                                      {"run", "recompute", VSH_ROW_NUMBER, recompute},
                                      {"run", "seed", VSH_ROW_NUMBER, vsh_row_seed},
                                      {0}};

static vsh_status check(const vsh_export_run *r, vsh_error *err)
{
    if (r->seq > r->model->context)
        return vsh_fail(err, VSH_EINPUT,
                        "--to vishwa-train: --seq: expected at most the model's context %" PRId64
                        ", got %" PRId64,
                        r->model->context, r->seq);
    if (vsh_export_has(r, VSH_HAS_EXPERTS) && vsh_export_has(r, VSH_HAS_ALL_BIAS))
        return vsh_fail(err, VSH_EINPUT,
                        "--to vishwa-train: it builds no experts with biases everywhere");
    if (r->data && r->data_vocab > r->model->vocab)
        return vsh_fail(err, VSH_EINPUT,
                        "--to vishwa-train: --data: expected at most the model's vocabulary of "
                        "%" PRId64 ", got a dataset of %" PRId64 " pieces",
                        r->model->vocab, r->data_vocab);
    if ((double)r->batch * (double)r->seq > STEP_TOKENS_MAX)
        return vsh_fail(err, VSH_EINPUT,
                        "--to vishwa-train: expected at most %g tokens in a step, got %.4g",
                        STEP_TOKENS_MAX, (double)r->batch * (double)r->seq);
    return VSH_OK;
}

static void say_what_differs(const vsh_export_run *r, vsh_text *out)
{
    if (r->hardware->kind == VSH_CPU && r->chips == 1)
        return;
    vsh_text_add(out, "# differs: vishwa-train computes on processors, so not in the plan's time; "
                      "each of\n# its processes holds the whole model: the layout above is not "
                      "followed, and a\n# micro-batch is one replica's of the plan.\n");
}

static void say_data(const vsh_export_run *r, vsh_text *out)
{
    if (!r->data)
        vsh_text_add(out, "# FILL IN: the folder of the prepared text (vishwa-train data build)\n");
    vsh_text_add(out, "data: ");
    vsh_quote_double(r->data ? r->data : "runs/default-corpus", out);
    vsh_text_add(out, "\n");
}

static vsh_status write(const vsh_export_run *r, vsh_export_files *files, vsh_error *err)
{
    vsh_text *out;

    VSH_TRY(check(r, err));
    out = vsh_export_file(files, "config.yaml");
    vsh_export_heading(&vsh_export_vishwa_train, r, out);
    say_what_differs(r, out);
    vsh_text_add(out, "# start: vishwa-train run config.yaml --out RUN\n\n");
    say_data(r, out);
    vsh_text_add(out, "\nmodel:\n");
    vsh_model_write(r->model, "  ", out);
    vsh_rows_yaml(r, rows, out);
    return VSH_OK;
}

const vsh_export_target vsh_export_vishwa_train = {
    .name = "vishwa-train",
    .system = "vishwa-train",
    .version = "this version (docs/formats.md)",
    .can = ~(VSH_CAN(LATENT) | VSH_CAN(ALIBI) | VSH_CAN(QK_NORM_HEAD) | VSH_CAN(QK_NORM_FULL) |
             VSH_CAN(SINKS) | VSH_CAN(EMBEDDING_DIM) | VSH_CAN(EMBEDDING_NORM) | VSH_CAN(NORMS) |
             VSH_CAN(NO_FINAL_NORM) | VSH_CAN(POSITION_OFFSET) | VSH_CAN(SHARED_GATE) |
             VSH_CAN(ROUTER_BIAS) | VSH_CAN(EXPERT_BIAS) | VSH_CAN(FP16) | VSH_CAN(FP8) |
             VSH_CAN(LION) | VSH_CAN(MUON) | VSH_CAN(SCORES)),
    .runs_on = {[VSH_TPU] = true, [VSH_GPU] = true, [VSH_CPU] = true},
    .write = write};
