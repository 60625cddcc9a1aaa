#include "core/workspace.h"
#include "trainer/nn/linear.h"
#include "trainer/nn/loss.h"
#include "trainer/nn/network_inside.h"

/* What one chunk of rows needs: the normed rows, their logits and, in 16 bits, the logits'
 * gradient once more. */
typedef struct {
    vsh_network *net;
    const vsh_sites *sites;
    vsh_weight_product product; /* rows: of a chunk */
    void *n, *stored;
    float *logits;
} head;

static head head_open(vsh_network *net, const vsh_sites *sites, int64_t chunk)
{
    int64_t vocab = net->model->vocab;
    head h = {.net = net,
              .sites = sites,
              .product = {chunk, vocab, net->model->hidden, net->offsets->head},
              .n = vsh_push_elements(net, chunk * net->model->hidden),
              .logits = net->logits};
    int64_t logit_bytes = (4 * chunk * vocab + 63) / 64 * 64;

    h.stored = net->element == VSH_F32 ? net->logits : (char *)net->logits + logit_bytes;
    return h;
}

/* Gradients of rows [row, row + product.rows): add says whether the output matrix has some already.
 */
static void chunk_backward(head *h, const void *x, void *dx, bool add)
{
    vsh_network *net = h->net;
    int64_t rows = h->product.rows, vocab = net->model->vocab;

    if (net->element != VSH_F32)
        vsh_round(&net->nn, rows * vocab, h->logits, h->stored);
    vsh_product_wgrad(net, h->sites->at[VSH_SITE_LOGITS][VSH_WGRAD], &h->product, h->stored, vocab,
                      h->n, add);
    vsh_product_dgrad(net, h->sites->at[VSH_SITE_LOGITS][VSH_DGRAD], &h->product, h->stored, vocab,
                      h->n, false);
    VSH_TIMED(net, h->sites->at[VSH_SITE_NORM][VSH_DGRAD],
              vsh_network_norm_backward(net, NULL, 0, rows, x, h->n, dx));
}

/* Losses of a chunk that begins at row; logits become their gradient. */
static void chunk_loss(head *h, const vsh_targets *targets, int64_t row, float scale,
                       double *losses)
{
    vsh_network *net = h->net;
    int64_t rows = h->product.rows, vocab = net->model->vocab;
    const int32_t *ids = targets->ids + row;

    if (targets->lesson && scale != 0.0F) {
        vsh_lesson lesson = *targets->lesson;
        lesson.text_losses += row;
        vsh_lesson_rows(&net->nn, VSH_F32, rows, vocab, ids, &lesson, scale,
                        lesson.logits(lesson.context, row, rows), h->logits, losses);
    } else
        vsh_loss_rows(&net->nn, VSH_F32, rows, vocab, ids, scale, h->logits, losses);
    if (net->training && scale == 0) /* the logits were left alone, and nothing counts */
        vsh_zero(&net->nn, VSH_F32, rows * vocab, h->logits);
}

/* Targets that count. */
static int64_t count_targets(const vsh_targets *targets, int64_t tokens)
{
    int64_t count = 0;

    for (int64_t i = 0; i < tokens; i++)
        count += targets->ids[i] >= 0;
    return count;
}

/* In order of rows, so that the sum has one value. */
static double sum_losses(const double *losses, int64_t tokens)
{
    double sum = 0;

    for (int64_t i = 0; i < tokens; i++)
        sum += losses[i];
    return sum;
}

double vsh_head_part(vsh_network *net, const vsh_sites *sites, double weight,
                     const vsh_targets *targets, const void *x, void *dx, double *losses,
                     bool first_head)
{
    int64_t mark = net->stack.used, tokens = net->tokens, vocab = net->model->vocab;
    int64_t chunk = vsh_logit_chunk(vocab, tokens), counted = count_targets(targets, tokens);
    float scale = net->training && counted ? (float)(weight / (double)counted) : 0;
    head h;

    if (!losses)
        losses = vsh_push(&net->stack, 8 * tokens);
    h = head_open(net, sites, chunk);
    for (int64_t row = 0; row < tokens; row += chunk) {
        const void *rows = vsh_at_const(x, net->element, row * net->model->hidden);
        h.product.rows = tokens - row < chunk ? tokens - row : chunk;
        VSH_TIMED(net, sites->at[VSH_SITE_NORM][VSH_FORWARD],
                  vsh_network_norm(net, NULL, 0, h.product.rows, rows, h.n));
        vsh_product_forward_wide(net, sites->at[VSH_SITE_LOGITS][VSH_FORWARD], &h.product, h.n,
                                 h.logits);
        VSH_TIMED(net, sites->at[VSH_SITE_LOSS][VSH_FORWARD],
                  chunk_loss(&h, targets, row, scale, losses + row));
        if (net->training)
            chunk_backward(&h, rows, vsh_at(dx, net->element, row * net->model->hidden),
                           net->add || !first_head || row > 0);
    }
    net->report->tokens = counted;
    vsh_pop(&net->stack, mark);
    return counted ? sum_losses(losses, tokens) / (double)counted : 0;
}

float *vsh_head_logits(vsh_network *net, int64_t rows, const void *x)
{
    int64_t mark = net->stack.used;
    head h = head_open(net, &net->head_sites, rows);

    VSH_TIMED(net, net->head_sites.at[VSH_SITE_NORM][VSH_FORWARD],
              vsh_network_norm(net, NULL, 0, rows, x, h.n));
    vsh_product_forward_wide(net, net->head_sites.at[VSH_SITE_LOGITS][VSH_FORWARD], &h.product, h.n,
                             h.logits);
    vsh_pop(&net->stack, mark);
    return h.logits;
}
