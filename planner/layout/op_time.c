#include "planner/layout/op_time.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Tiled attention below its best rate: a score's softmax costs as much as this many columns of its
 * two products, and a row of queries begins and ends for as much as this many keys. Both fit the
 * forward and backward TFLOP/s of FlashAttention-2 (arXiv:2307.08691, figure 4, A100, heads of 64
 * and 128, 512 to 16384 tokens, causal and not) within 4 %; figures from memory. Calibrated. */
static const double softmax_columns = 24, edge_keys = 170, full_head = 128;

/* The same paper, section 4.1: 73 % of an A100's peak forward, 63 % backward. Of the backward's
 * five products the first, the scores again, is taken at the forward's rate: 1/0.73 + 4/x = 5/0.63.
 */
static const double backward_share = 0.609 / 0.73;

/* What a kernel of elementwise work pays of a product's overhead: 2.6 us on an A100. The short
 * kernels of microsoft/vidur@7d47513363 want 2.5 to 6.5 us, those of an H100 0 to 6.5. Calibrated.
 */
static const double stream_overhead = 0.5;

/* Of kernels by the last word of an operation's name; a word that is not here is 1 and 1.
 *   share  what a kernel reaches of a plain stream (stack.memory). Calibrated on microsoft/vidur@
 *          7d47513363 data/profiling/compute (fp16; A100 and H100 within 0.06 of each other, once
 *          0.1) and LLMCompass (PrincetonUniversity/LLMCompass@2e015fd2ee, A100). XLA fuses these
 *          into its products: on a TPU every share is 1
 *   calls  host time over that of a product (stack.dispatch): LLMCompass's smallest operations take
 *          53 us (LayerNorm), 48 (GELU), 13 (softmax), its products 23.3. Measured */
static const struct {
    const char *word;
    double share, calls;
} words[] = {{"norm", 0.65, 2.3}, /* RMSNorm 0.44 (vidur), LayerNorm 0.95 (LLMCompass): between */
             {"qk_norm", 0.65, 2.3}, /* taken alike */
             {"act", 0.8, 2.1},      /* gated 0.66 (vidur), GELU 0.95 (LLMCompass): between */
             {"rotary", 0.7, 2.1},   /* 0.68, 0.78 (vidur); its calls as GELU's */
             {"softmax", 0.65, 0.6}, /* 0.61 to 0.71 (LLMCompass) */
             {"embed", 0.22, 1},     /* 0.20, 0.24 (vidur: of one shard, with its mask) */
             {"loss", 0.35, 2.1},    /* casts to fp32 and several passes; assumed */
             {"dispatch", 0.6, 1},   /* gathers of rows; assumed */
             {"combine", 0.6, 1}};
enum { WORDS = sizeof words / sizeof words[0] };

static double least(double a, double b) { return a < b ? a : b; }

/* ---- attention ----------------------------------------------------------------------------- */

/* Products of heads in one kernel with the softmax: width is the side that is no sequence. */
static double tiled_attention(const vsh_chip_rate *c, const vsh_op *op)
{
    double width = least((double)op->n, least((double)op->m, (double)op->k));
    double rows = op->m > op->k ? (double)op->m : (double)op->k; /* dgrad's right: m is a head */
    double keys = (double)op->executed_macs / ((double)op->count * rows * width);
    double rate = c->attention * width / (width + softmax_columns) * (full_head + softmax_columns) /
                  full_head;

    if (op->phase == VSH_DGRAD)
        rate *= backward_share;
    return 2 * (double)op->executed_macs / rate * (1 + edge_keys / keys);
}

/* The forward kernel is counted with its scores (sequence by sequence), the backward with the
 * scores that come again; the rest is inside. */
static double attention_launches(const vsh_op *op, int64_t kernels)
{
    return op->phase != VSH_DGRAD && op->n == op->m ? (double)kernels : 0;
}

/* ---- streams ------------------------------------------------------------------------------- */

static int word_of(const char *name)
{
    const char *dot = strrchr(name, '.'), *word = dot ? dot + 1 : name;
    int i = 0;

    while (i < WORDS && strcmp(word, words[i].word) != 0)
        i++;
    return i;
}

static vsh_op_price stream(const vsh_chip_rate *c, const vsh_op *op, int64_t kernels)
{
    int word = word_of(op->name);
    double share = word < WORDS && c->kind == VSH_GPU ? words[word].share : 1;
    double calls = word < WORDS ? words[word].calls : 1;
    double memory = op->bytes.v / (c->memory * share), vector = op->vector_flops.v / c->vector;
    double overhead = (double)kernels * stream_overhead * c->overhead / c->clock;

    return (vsh_op_price){{fmax(memory, vector) + overhead},
                          calls * (double)kernels,
                          overhead > fmax(memory, vector) ? VSH_BOUND_LATENCY
                          : memory >= vector              ? VSH_BOUND_MEMORY
                                                          : VSH_BOUND_VECTOR};
}

/* ---- products ------------------------------------------------------------------------------ */

static vsh_op_price product(const vsh_chip_rate *c, const vsh_op *op, int64_t kernels)
{
    int64_t times = op->count / kernels;
    vsh_op_cost one = vsh_matrix_time(c, (vsh_product){op->m, op->n, op->k, times ? times : 1});

    return (vsh_op_price){{one.time.v * (double)kernels}, (double)kernels, one.bound};
}

int64_t vsh_op_kernels(const vsh_op *op, int64_t layers)
{
    bool side_by_side = op->kind == VSH_OP_MATRIX || op->kind == VSH_OP_ATTENTION;

    return side_by_side && layers < op->count ? layers : op->count;
}

vsh_op_price vsh_op_time(const vsh_chip_rate *rate, const vsh_op *op, int64_t kernels)
{
    assert(rate && op && kernels > 0 && op->phase != VSH_COMMUNICATION);
    if (rate->flash && op->kind == VSH_OP_ATTENTION)
        return (vsh_op_price){
            {tiled_attention(rate, op)}, attention_launches(op, kernels), VSH_BOUND_MATRIX};
    if (op->bytes.v <= 0 && op->kind == VSH_OP_VECTOR) /* inside of another's kernel */
        return (vsh_op_price){{0}, 0, VSH_BOUND_VECTOR};
    if (op->kind == VSH_OP_MATRIX || op->kind == VSH_OP_ATTENTION)
        return product(rate, op, kernels);
    return stream(rate, op, kernels);
}

vsh_seconds vsh_queue_time(const vsh_chip_rate *rate, const vsh_queue *queue)
{
    double chip = queue->chip.v, host = queue->launches * rate->dispatch, power;
    double longer = fmax(chip, host), shorter = fmin(chip, host);

    if (rate->blend <= 0 || shorter <= 0)
        return (vsh_seconds){longer};
    power = 1 / rate->blend;
    return (vsh_seconds){longer * pow(1 + pow(shorter / longer, power), rate->blend)};
}
