#include <inttypes.h>
#include <math.h>

#include "core/json.h"
#include "trainer/train_compress.h"

static double work_of(const vsh_exit_report *r) { return r->executed.v / (double)r->tokens; }

/* Of the loss; what four digits show as nothing has no sign. */
static double change(const compression *c)
{
    double by = c->after.loss - c->before.loss;

    return fabs(by) < 5e-5 ? 0 : by;
}

/* ---- the terminal ------------------------------------------------------------------------- */

static void show_pruned(const compression *c)
{
    const vsh_compressed *r = &c->result;
    vsh_text *out = &c->session->out;

    vsh_text_add(out, "  Not zero   %s of %s parameters, before %s\n",
                 vsh_show_integer(r->nonzero).text, vsh_show_integer(c->model.list.elements).text,
                 vsh_show_integer(r->nonzero_before).text);
    vsh_text_add(out, "  Pruned     the smallest %s of each of %s matrices, %s weights\n",
                 vsh_show_real(c->asked->prune).text, vsh_show_integer(r->matrices).text,
                 vsh_show_integer(r->weights).text);
    vsh_text_add(out, "  Bytes      %s as stored, zeros included\n",
                 vsh_show_bytes((double)r->stored_bytes).text);
    vsh_text_add(out, "             %s with a bit a weight, %s in sparse rows (counted)\n",
                 vsh_show_bytes((double)r->bitmap_bytes).text,
                 vsh_show_bytes((double)r->rows_bytes).text);
    vsh_text_add(out, "  Time       none saved: %sFLOP a token before, %sFLOP after\n",
                 vsh_show_si(work_of(&c->before)).text, vsh_show_si(work_of(&c->after)).text);
}

static void show_narrow(const compression *c)
{
    const vsh_compressed *r = &c->result;
    vsh_text *out = &c->session->out;

    vsh_text_add(out, "  8 bits     %s matrices, %s of %s parameters\n",
                 vsh_show_integer(r->matrices).text, vsh_show_integer(r->weights).text,
                 vsh_show_integer(c->model.list.elements).text);
    vsh_text_add(out, "  Bytes      %s, before %s: %.2f times smaller\n",
                 vsh_show_bytes((double)r->stored_bytes).text,
                 vsh_show_bytes((double)r->dense_bytes).text,
                 (double)r->dense_bytes / (double)r->stored_bytes);
    vsh_text_add(out,
                 "  Error      %.3f %% of its row's largest weight at most, %.3f %% in all (rms)\n",
                 100 * r->error_largest, 100 * r->error_rms);
    vsh_text_add(out, "  Time       none saved here: weights are made wide again when read\n");
}

static void show_terminal(const compression *c)
{
    vsh_text *out = &c->session->out;
    const char *next[] = {"vishwa-train", "eval", "--checkpoint", c->asked->out};

    vsh_text_add(out, "\n  %s, step %s\n", c->model.path, vsh_show_integer(c->model.step).text);
    vsh_text_add(out, "  Loss       %.4f, before %.4f: %+.4f nats a token on %s tokens\n",
                 c->after.loss, c->before.loss, change(c), vsh_show_integer(c->after.tokens).text);
    if (c->prunes)
        show_pruned(c);
    else
        show_narrow(c);
    vsh_text_add(out, "\n  Next   %s\n\n",
                 vsh_show_command(c->session->arena, 4, (char *const *)next));
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void show_json(const compression *c)
{
    const vsh_compressed *r = &c->result;
    vsh_json json = {.out = &c->session->out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "method", c->prunes ? "prune" : "int8");
    vsh_json_string(&json, "checkpoint", c->model.path);
    vsh_json_string(&json, "out", c->asked->out);
    vsh_json_integer(&json, "step", c->model.step);
    vsh_json_integer(&json, "held_out_tokens", c->after.tokens);
    vsh_json_real(&json, "loss_before", c->before.loss);
    vsh_json_real(&json, "loss", c->after.loss);
    vsh_json_real(&json, "flops_per_token_before", work_of(&c->before));
    vsh_json_real(&json, "flops_per_token", work_of(&c->after));
    vsh_json_integer(&json, "params_total", c->model.list.elements);
    vsh_json_integer(&json, "params_nonzero_before", r->nonzero_before);
    vsh_json_integer(&json, "params_nonzero", r->nonzero);
    vsh_json_integer(&json, "matrices", r->matrices);
    vsh_json_integer(&json, "matrix_params", r->weights);
    vsh_json_integer(&json, "stored_bytes_before", r->dense_bytes);
    vsh_json_integer(&json, "stored_bytes", r->stored_bytes);
    if (c->prunes) {
        vsh_json_real(&json, "share", c->asked->prune);
        vsh_json_integer(&json, "bitmap_counted_bytes", r->bitmap_bytes);
        vsh_json_integer(&json, "sparse_rows_counted_bytes", r->rows_bytes);
    } else {
        vsh_json_real(&json, "error_largest", r->error_largest);
        vsh_json_real(&json, "error_rms", r->error_rms);
    }
    vsh_json_end(&json);
}

void train_show_compression(const compression *c)
{
    if (c->session->common->json)
        show_json(c);
    else
        show_terminal(c);
}
