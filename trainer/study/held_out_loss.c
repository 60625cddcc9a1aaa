#include "trainer/study/held_out_loss.h"

#include <math.h>

/* Sequences after which the way is told. */
enum { PIECE = 4 * VSH_HELD_OUT_SIDE_BY_SIDE };

vsh_status vsh_held_out_open(vsh_arena *arena, const vsh_loaded *model,
                             const vsh_prepare_options *given, vsh_prepared *data, vsh_error *err)
{
    const vsh_run_config *c = &model->config;
    const char *own = vsh_tokenizer_path(model->tokenizer);
    vsh_prepare_options options = *given;

    options.folder = c->data;
    options.text = c->text;
    options.tokenizer = own ? c->tokenizer : "bytes";
    options.model = own;
    options.vocab = c->model.vocab;
    return vsh_prepare(arena, &options, data, err);
}

vsh_status vsh_held_out_take(vsh_arena *arena, const vsh_loaded *model, const vsh_prepared *data,
                             int64_t tokens, vsh_held_out *w, vsh_error *err)
{
    int64_t wanted = tokens ? tokens : INT64_MAX, windows;
    const vsh_token_data *held = &data->held_out;
    const vsh_run_config *c = &model->config;

    if (held->count < 2)
        return vsh_fail(err, VSH_EINPUT, "%s: no held-out text to evaluate on",
                        c->text ? c->text : c->data);
    *w = (vsh_held_out){.seq = c->batch.sequence}; /* longer ones were never trained on */
    windows = (held->count + w->seq - 1) / w->seq;
    if (wanted < INT64_MAX - w->seq && (wanted + w->seq - 1) / w->seq < windows)
        windows = (wanted + w->seq - 1) / w->seq;
    w->inputs = vsh_alloc(arena, (size_t)(windows * w->seq), sizeof *w->inputs);
    w->targets = vsh_alloc(arena, (size_t)(windows * w->seq), sizeof *w->targets);
    if (!w->inputs || !w->targets)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    while (w->sequences < windows &&
           vsh_evaluation_window(held, w->sequences, w->seq, w->inputs + w->sequences * w->seq,
                                 w->targets + w->sequences * w->seq))
        w->sequences++;
    return VSH_OK;
}

/* Whether the tokens up to and with i stand earlier in the window as well. */
static bool repeats(const int32_t *inputs, int64_t i)
{
    for (int64_t earlier = VSH_REPEAT_TOKENS - 1; earlier < i; earlier++) {
        int same = 0;
        while (same < VSH_REPEAT_TOKENS && inputs[earlier - same] == inputs[i - same])
            same++;
        if (same == VSH_REPEAT_TOKENS)
            return true;
    }
    return false;
}

void vsh_held_out_keep_repeats(vsh_held_out *w)
{
    for (int64_t s = 0; s < w->sequences; s++)
        for (int64_t i = 0; i < w->seq; i++)
            if (!repeats(w->inputs + s * w->seq, i))
                w->targets[s * w->seq + i] = -1;
}

/* Means are over tokens. */
static void add_report(vsh_exit_report *sum, const vsh_exit_report *part)
{
    double before = (double)sum->tokens, more = (double)part->tokens, all = before + more;

    if (part->tokens == 0)
        return;
    sum->loss = (sum->loss * before + part->loss * more) / all;
    sum->accuracy = (sum->accuracy * before + part->accuracy * more) / all;
    sum->layers = (sum->layers * before + part->layers * more) / all;
    sum->tokens += part->tokens;
    sum->executed = vsh_flops_add(sum->executed, part->executed);
    sum->full = vsh_flops_add(sum->full, part->full);
}

vsh_status vsh_held_out_run(const vsh_held_out *w, const vsh_held_out_pass *pass, const char *path,
                            vsh_exit_report *report, vsh_error *err)
{
    *report = (vsh_exit_report){0};
    for (int64_t at = 0; at < w->sequences; at += PIECE) {
        int64_t count = w->sequences - at < PIECE ? w->sequences - at : PIECE;
        vsh_exit_report part =
            vsh_exit_evaluation(pass->generator, pass->rule, count, w->seq, w->inputs + at * w->seq,
                                w->targets + at * w->seq, NULL);
        add_report(report, &part);
        if (!pass->goes_on(pass->context, (double)(at + count) / (double)w->sequences))
            return vsh_fail(err, VSH_ESTOPPED, "stopped");
    }
    if (!isfinite(report->loss))
        return vsh_fail(err, VSH_ENO, "%s: the loss is not finite", path);
    return VSH_OK;
}
