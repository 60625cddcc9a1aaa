#include <assert.h>
#include <math.h>
#include <string.h>

#include "trainer/nn/generate_inside.h"
#include "trainer/nn/loss.h"
#include "trainer/nn/pick.h"

double vsh_exit_threshold(const vsh_exit_rule *rule, int64_t position)
{
    double t = (double)(position - rule->start), lambda = rule->threshold;

    if (rule->decay <= 0 || lambda > 1)
        return lambda;
    lambda = 0.9 * lambda + 0.1 * exp(-4 * t / (double)rule->decay);
    return lambda < 0 ? 0 : lambda > 1 ? 1 : lambda;
}

/* ---- heads --------------------------------------------------------------------------------- */

static void judge_part(void *context, int64_t part, int thread)
{
    vsh_generator *g = context;

    (void)thread;
    g->best[part] = vsh_most_likely(g->nn.kernels, g->model->vocab,
                                    g->scores + part * g->model->vocab, &g->confidence[part]);
}

/* Logits, confidences, and losses of at most g->pieces rows. */
static void score(vsh_generator *g, const int32_t *asked, int64_t count)
{
    int64_t hidden = g->model->hidden;
    vsh_generator_product p = {.rows = count,
                               .n = g->model->vocab,
                               .k = hidden,
                               .weight = g->offsets->head,
                               .x = g->n,
                               .y = g->scores,
                               .wide = true};

    for (int64_t i = 0; i < count; i++)
        memcpy(vsh_at(g->n, g->element, i * hidden),
               vsh_at_const(g->x, g->element, asked[i] * hidden),
               (size_t)hidden * vsh_element_bytes(g->element));
    vsh_generator_norm(g, g->offsets->final_norm, g->offsets->final_norm_bias, count, g->n, g->n);
    vsh_generator_multiply(g, &p);
    vsh_pool_run(g->nn.pool, judge_part, g, count);
    for (int64_t i = 0; g->targets && i < count; i++)
        g->right[i] = g->targets[g->row[asked[i]].index];
    if (g->targets)
        vsh_loss_rows(&g->nn, VSH_F32, count, g->model->vocab, g->right, 0, g->scores, g->loss);
}

/* A row leaves with what its head said: row i of the piece. */
static void leave(vsh_generator *g, int64_t row, int64_t i, int64_t layers)
{
    const vsh_token_row *at = &g->row[row];
    int64_t vocab = g->model->vocab;

    g->leaves[row] = true;
    g->end[at->index] = (vsh_token_end){.layers = (int32_t)layers};
    if (g->targets) {
        g->end[at->index].loss = g->loss[i];
        g->end[at->index].right = g->best[i] == g->right[i];
    }
    if (at->index % g->count == g->count - 1)
        memcpy(g->logits + at->sequence * vocab, g->scores + i * vocab,
               (size_t)vocab * sizeof *g->logits);
}

/* Asks the head about rows; those who are sure, or without a rule all, leave. */
static void ask(vsh_generator *g, int64_t count, const vsh_exit_rule *rule, int64_t layers)
{
    for (int64_t at = 0; at < count; at += g->pieces) {
        int64_t piece = count - at < g->pieces ? count - at : g->pieces;
        score(g, g->asked + at, piece);
        for (int64_t i = 0; i < piece; i++) {
            int64_t row = g->asked[at + i];
            if (!rule || g->confidence[i] >= vsh_exit_threshold(rule, g->row[row].position))
                leave(g, row, i, layers);
        }
    }
}

/* ---- leaving ------------------------------------------------------------------------------- */

/* Moves row to place to of the other buffers. */
static void move(vsh_generator *g, int64_t row, int64_t to)
{
    int64_t hidden = g->model->hidden;

    g->row_other[to] = g->row[row];
    memcpy(vsh_at(g->x_other, g->element, to * hidden),
           vsh_at_const(g->x, g->element, row * hidden),
           (size_t)hidden * vsh_element_bytes(g->element));
}

/* Those who left go behind those who climb; the order within both stays. */
static void part_ways(vsh_generator *g)
{
    int64_t climbing = 0, behind;

    for (int64_t r = 0; r < g->climbing; r++)
        climbing += !g->leaves[r];
    behind = climbing;
    if (climbing > 0 && climbing < g->climbing) {
        for (int64_t r = 0, up = 0; r < g->climbing; r++)
            move(g, r, g->leaves[r] ? behind++ : up++);
        memcpy(g->row, g->row_other, (size_t)g->climbing * sizeof *g->row);
        memcpy(g->x, g->x_other,
               (size_t)(g->climbing * g->model->hidden) * vsh_element_bytes(g->element));
    }
    g->climbing = climbing;
    vsh_generator_find_runs(g);
}

void vsh_generator_exit(vsh_generator *g, int64_t layers)
{
    memset(g->leaves, 0, (size_t)g->climbing * sizeof *g->leaves);
    for (int64_t r = 0; r < g->climbing; r++)
        g->asked[r] = (int32_t)r;
    ask(g, g->climbing, g->rule, layers);
    part_ways(g);
}

void vsh_generator_finish(vsh_generator *g, bool last_chunk)
{
    int64_t count = 0;

    for (int64_t r = 0; r < g->climbing; r++) {
        bool last = last_chunk && g->row[r].index % g->count == g->count - 1;
        g->end[g->row[r].index] = (vsh_token_end){.layers = (int32_t)g->model->layers};
        if (g->targets || last)
            g->asked[count++] = (int32_t)r;
    }
    ask(g, count, NULL, g->model->layers);
}

/* ---- evaluation ---------------------------------------------------------------------------- */

/* Adds the chunk that passed; losses are of its sequences, or NULL. */
static void add_ends(const vsh_generator *g, vsh_exit_report *report, double *losses)
{
    for (int64_t i = 0; i < g->rows; i++) {
        const vsh_token_end *end = &g->end[i];
        if (g->targets[i] < 0)
            continue;
        report->tokens++;
        report->loss += end->loss;
        report->accuracy += end->right;
        report->layers += end->layers;
        report->left[end->layers]++;
        if (losses)
            losses[i / g->count] += end->loss;
    }
}

vsh_exit_report vsh_exit_evaluation(vsh_generator *g, const vsh_exit_rule *rule, int64_t sequences,
                                    int64_t seq, const int32_t *inputs, const int32_t *targets,
                                    double *losses)
{
    vsh_exit_report report = {0};
    double tokens;

    assert(seq >= 1 && seq <= g->most.capacity);
    g->macs = g->full_macs = 0;
    for (int64_t s = 0; losses && s < sequences; s++)
        losses[s] = 0;
    for (int64_t s = 0; s < sequences; s += g->sequences) {
        int64_t left = sequences - s;
        vsh_generator_restart(g, left < g->most.sequences ? left : g->most.sequences);
        for (int64_t at = 0; at < seq; at += g->most.chunk) {
            int64_t count = seq - at < g->most.chunk ? seq - at : g->most.chunk;
            vsh_generator_pass(g, inputs + s * seq + at, targets + s * seq + at, seq, count, rule,
                               false);
            add_ends(g, &report, losses ? losses + s : NULL);
        }
    }
    tokens = report.tokens ? (double)report.tokens : 1;
    report.loss /= tokens;
    report.accuracy /= tokens;
    report.layers /= tokens;
    report.executed = (vsh_flops){2.0 * (double)g->macs};
    report.full = (vsh_flops){2.0 * (double)g->full_macs};
    return report;
}
