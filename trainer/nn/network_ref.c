#include "trainer/nn/network_ref.h"

#include <assert.h>
#include <string.h>

#include "trainer/nn/layer_ref.h"
#include "trainer/nn/loss.h"

/* ---- embedding ----------------------------------------------------------------------------- */

static void embed_forward(const vsh_pass_ref *pass, const int32_t *inputs, double *x)
{
    const vsh_offsets *at = pass->offsets;
    int64_t hidden = pass->model->hidden;

    for (int64_t t = 0; t < pass->tokens; t++)
        for (int64_t c = 0; c < hidden; c++) {
            x[t * hidden + c] = pass->weights[at->embed + inputs[t] * hidden + c];
            if (at->position >= 0)
                x[t * hidden + c] += pass->weights[at->position + t % pass->seq * hidden + c];
        }
}

static void embed_backward(const vsh_pass_ref *pass, const int32_t *inputs, const double *dx)
{
    const vsh_offsets *at = pass->offsets;
    int64_t hidden = pass->model->hidden;

    for (int64_t t = 0; t < pass->tokens; t++)
        for (int64_t c = 0; c < hidden; c++) {
            pass->gradients[at->embed + inputs[t] * hidden + c] += dx[t * hidden + c];
            if (at->position >= 0)
                pass->gradients[at->position + t % pass->seq * hidden + c] += dx[t * hidden + c];
        }
}

/* ---- heads --------------------------------------------------------------------------------- */

/* Share of the joint loss of the head after layer l; 0: there is none. */
static double head_share(const vsh_pass_ref *pass, int64_t l)
{
    const vsh_model *m = pass->model;
    double sum = (double)m->layers, scale = pass->options->exit_scale;

    for (int64_t i = 0; i < m->layers - 1; i++)
        sum += m->layer[i].exit ? scale * (double)(i + 1) : 0;
    if (l == m->layers - 1)
        return (double)m->layers / sum;
    return m->layer[l].exit ? scale * (double)(l + 1) / sum : 0;
}

static int64_t counted(const vsh_pass_ref *pass, const int32_t *targets)
{
    int64_t count = 0;

    for (int64_t t = 0; t < pass->tokens; t++)
        count += targets[t] >= 0;
    return count > 0 ? count : 1;
}

/* Mean cross-entropy of the shared norm and head over stream x. logits (T,V) are written; dx,
 * unless NULL, += the gradient of share times the mean. */
static double head(vsh_pass_ref *pass, const int32_t *targets, double share, const double *x,
                   double *logits, double *dx)
{
    const vsh_offsets *at = pass->offsets;
    int64_t tokens = pass->tokens, hidden = pass->model->hidden, vocab = pass->model->vocab;
    double *n = vsh_doubles_ref(pass, tokens * hidden),
           *dn = vsh_doubles_ref(pass, tokens * hidden);
    double *dlogits = vsh_doubles_ref(pass, tokens * vocab);
    double count = (double)counted(pass, targets), loss;

    vsh_pass_norm_ref(pass, at->final_norm, at->final_norm_bias, x, n);
    vsh_linear_forward_ref(pass, tokens, vocab, hidden, n, at->head, -1, logits);
    loss = vsh_loss_rows_ref(tokens, vocab, targets, share / count, logits, dlogits);
    if (dx) {
        vsh_linear_backward_ref(pass, tokens, vocab, hidden, n, at->head, -1, dlogits, dn);
        vsh_pass_norm_backward_ref(pass, at->final_norm, at->final_norm_bias, x, dn, dx);
    }
    return loss / count;
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* stream[l] (T,C): into layer l; the last is what the final head reads. */
static double **forward(vsh_pass_ref *pass, const int32_t *inputs)
{
    int64_t layers = pass->model->layers, count = pass->tokens * pass->model->hidden;
    double **stream = vsh_alloc(&pass->arena, (size_t)layers + 1, sizeof *stream);

    pass->layer = vsh_alloc(&pass->arena, (size_t)layers, sizeof *pass->layer);
    assert(stream && pass->layer);
    stream[0] = vsh_doubles_ref(pass, count);
    embed_forward(pass, inputs, stream[0]);
    for (int64_t l = 0; l < layers; l++) {
        stream[l + 1] = vsh_doubles_ref(pass, count);
        vsh_layer_forward_ref(pass, l, stream[l], stream[l + 1]);
    }
    return stream;
}

static void sum_routers(const vsh_pass_ref *pass, vsh_network_ref_report *report)
{
    for (int64_t l = 0; l < pass->model->layers; l++) {
        const vsh_layer_ref *keep = &pass->layer[l];
        if (!pass->model->layer[l].experts)
            continue;
        report->balance += keep->balance;
        report->z += keep->z;
        for (int64_t i = 0; i < pass->tokens * pass->model->experts.top_k; i++)
            report->dropped += keep->slot[i] < 0;
    }
}

/* Heads from the last to the first and, with gradients, the layers below each of them. */
static void heads_and_back(vsh_pass_ref *pass, double **stream, const int32_t *inputs,
                           const int32_t *targets, vsh_network_ref_report *report)
{
    const vsh_model *m = pass->model;
    double *logits = vsh_doubles_ref(pass, pass->tokens * m->vocab);
    double *dx = pass->gradients ? vsh_doubles_ref(pass, pass->tokens * m->hidden) : NULL;

    for (int64_t l = m->layers - 1; l >= 0; l--) {
        double share = head_share(pass, l), loss = 0;
        if (share > 0)
            loss = head(pass, targets, share, stream[l + 1], logits, dx);
        report->joint += share * loss;
        if (l == m->layers - 1) {
            report->last = loss;
            if (report->logits)
                memcpy(report->logits, logits, (size_t)(pass->tokens * m->vocab) * sizeof *logits);
        }
        if (dx)
            vsh_layer_backward_ref(pass, l, dx);
    }
    if (dx)
        embed_backward(pass, inputs, dx);
}

double vsh_network_ref(const vsh_model *model, const vsh_network_ref_options *options,
                       const vsh_parameter_list *list, const vsh_offsets *offsets,
                       const double *weights, int64_t sequences, int64_t seq, const int32_t *inputs,
                       const int32_t *targets, double *gradients, vsh_network_ref_report *report)
{
    vsh_network_ref_report out = {.logits = report ? report->logits : NULL};
    vsh_pass_ref pass = {.model = model,
                         .options = options,
                         .offsets = offsets,
                         .weights = weights,
                         .gradients = gradients,
                         .sequences = sequences,
                         .seq = seq,
                         .tokens = sequences * seq};
    double **stream;

    assert(model->position != VSH_POSITION_LEARNED || seq <= model->context);
    if (gradients)
        memset(gradients, 0, (size_t)list->elements * sizeof *gradients);
    stream = forward(&pass, inputs);
    sum_routers(&pass, &out);
    heads_and_back(&pass, stream, inputs, targets, &out);
    vsh_arena_free(&pass.arena);
    if (report)
        *report = out;
    return out.joint + out.balance + out.z;
}
