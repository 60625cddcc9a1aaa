#include "core/workspace.h"

#include "core/footprint.h"
#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "workspace";

static vsh_error err;
static vsh_model model;

/* Every part of a model that asks for room of its own. */
static const char *const kinds[] = {
    "ffn: 192\n",
    "ffn: 192\nmlp: gelu\nnorm: layer\nposition: learned\nbias: all\ntied: true\n",
    "ffn: 192\nkv_heads: 1\nbias: attention\nwindow: 5\nfull_every: 2\n",
    "ffn: 96\ncross_layer: 2\nposition: none\nexits: [1]\n",
    "experts: {count: 8, top_k: 2, hidden: 48}\n",
    "ffn: 64\nexperts: {count: 8, top_k: 3, hidden: 48, first_dense: 1, shared: 2, "
    "correction_bias: "
    "true}\n",
    "mlp: relu\nexperts: {count: 6, top_k: 1, hidden: 80, capacity: 1.25}\n",
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void make_kind(int kind)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text, "layers: 4\nhidden: 64\nheads: 4\nvocab: 5000\ncontext: 512\n%s",
                 kinds[kind]);
    model = vsh_test_model(vsh_text_string(&text));
}

static vsh_workspace of(int64_t sequences, int64_t seq, vsh_precision precision,
                        vsh_recompute_mode recompute, bool jitter)
{
    vsh_work work = vsh_work_lean(sequences, seq, precision, recompute);

    return vsh_workspace_of(&model, &work, jitter);
}

static vsh_workspace plain(int64_t sequences, int64_t seq)
{
    return of(sequences, seq, VSH_FP32, VSH_RECOMPUTE_NONE, false);
}

/* ---- the rule of chunks -------------------------------------------------------------------- */

static void a_chunk_has_four_million_logits_in_whole_blocks_of_rows(void)
{
    CHECK_INT(vsh_logit_chunk(8192, 1 << 20), 512);
    CHECK_INT(vsh_logit_chunk(4096, 1 << 20), 1024);
    CHECK_INT(vsh_logit_chunk(5000, 1 << 20), 832); /* 838.8 rounded to 13 x 64 */
    for (int64_t vocab = 2100; vocab < 16000; vocab += 97) {
        int64_t chunk = vsh_logit_chunk(vocab, 1 << 20);
        CHECK(chunk % 64 == 0 && chunk * vocab <= 1 << 22 && (chunk + 64) * vocab > 1 << 22);
    }
}

static void a_chunk_is_neither_too_thin_for_a_product_nor_too_thick(void)
{
    CHECK_INT(vsh_logit_chunk(1, 1 << 20), 2048);
    CHECK_INT(vsh_logit_chunk(2048, 1 << 20), 2048);
    CHECK_INT(vsh_logit_chunk(16384, 1 << 20), 256);
    CHECK_INT(vsh_logit_chunk(128256, 1 << 20), 256);
    CHECK_INT(vsh_logit_chunk(16777216, 1 << 20), 256);
}

static void a_chunk_is_at_most_all_tokens(void)
{
    CHECK_INT(vsh_logit_chunk(8192, 511), 511);
    CHECK_INT(vsh_logit_chunk(8192, 512), 512);
    CHECK_INT(vsh_logit_chunk(8192, 513), 512);
    CHECK_INT(vsh_logit_chunk(128256, 1), 1);
}

/* ---- worked by hand ------------------------------------------------------------------------ */

#define SMALL "layers: 2\nhidden: 8\nheads: 2\nvocab: 100\ncontext: 16\n"
#define SMALL_DENSE SMALL "ffn: 12\n"

/* T = 2 x 6 tokens in 4 bytes: a stream of 8 takes 384, keys, queries and values 1152, the result
 * of attention 384 with its row sums 96 -> 128; sums of a norm 64; the hidden layer 576. Attention
 * is the largest: 1152 + 512. Beside it the gradient of the stream, 384, and angles, 96 -> 128. */
static void a_small_dense_model_needs_what_a_hand_counts(void)
{
    vsh_workspace need;

    model = vsh_test_model(SMALL_DENSE);
    need = plain(2, 6);
    CHECK_INT(need.logits, 4 * 12 * 100);
    CHECK_INT(need.transient, 1152 + 384 + 128 + 384 + 128);
}

/* Sums of the gradient of the output's bias, 8 x 4 -> 64, beside its product. */
static void biases_need_the_sums_of_their_gradient(void)
{
    model = vsh_test_model(SMALL_DENSE "bias: attention\n");
    CHECK_INT(plain(2, 6).transient, 1152 + 384 + 128 + 64 + 384 + 128);
}

/* Half of all but row sums, sums of norms and angles; logits stay fp32, their gradient is not. */
static void a_small_model_in_16_bits_needs_what_a_hand_counts(void)
{
    vsh_workspace need;

    model = vsh_test_model(SMALL_DENSE);
    need = of(2, 6, VSH_BF16, VSH_RECOMPUTE_NONE, false);
    CHECK_INT(need.logits, 4 * 12 * 100 + 2432);
    CHECK_INT(need.transient, 576 + 192 + 128 + 192 + 128);
}

/* 24 rows for the experts: 768 in the model's width, 576 in theirs, two sums a row 128 each, one a
 * choice 128. Backward: 128 + 768 + 2 streams + the router's 192; attention needs less. */
static void a_small_mixture_needs_what_a_hand_counts(void)
{
    vsh_workspace need;

    model = vsh_test_model(SMALL "experts: {count: 4, top_k: 2, hidden: 6}\n");
    need = plain(2, 6);
    CHECK_INT(need.transient, 128 + 768 + 2 * 384 + 192 + 384 + 128);
    /* the shaken input of the router once more */
    need = of(2, 6, VSH_FP32, VSH_RECOMPUTE_NONE, true);
    CHECK_INT(need.transient, 128 + 768 + 2 * 384 + 192 + 384 + 384 + 128);
}

/* Keys and values that two layers share: their gradient waits, 12 x 16 x 4 bytes, and the layer
 * without its own has only queries, but the one with them is the larger. */
static void shared_keys_keep_their_gradient(void)
{
    int64_t alone, sharing;

    model = vsh_test_model(SMALL_DENSE);
    alone = plain(2, 6).transient;
    model = vsh_test_model(SMALL_DENSE "cross_layer: 2\n");
    sharing = plain(2, 6).transient;
    CHECK_INT(sharing - alone, 768);
}

static void positions_that_are_not_rotary_need_no_angles(void)
{
    int64_t rotary;

    model = vsh_test_model(SMALL_DENSE);
    rotary = plain(2, 6).transient;
    model = vsh_test_model(SMALL_DENSE "position: none\n");
    CHECK_INT(plain(2, 6).transient, rotary - 128);
}

/* ---- laws ---------------------------------------------------------------------------------- */

static void more_tokens_never_need_less(void)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int recompute = 0; recompute < 3; recompute++) {
            vsh_workspace before = {0};
            make_kind(kind);
            for (int64_t tokens = 1; tokens < 1500; tokens += 1 + tokens / 16) {
                vsh_workspace need = of(tokens, 1, VSH_BF16, (vsh_recompute_mode)recompute, false);
                CHECK(need.logits >= before.logits && need.transient >= before.transient);
                before = need;
            }
        }
}

/* What a network of full length reserves is enough for a shorter one of as many tokens, and for one
 * of fewer. */
static void shorter_sequences_of_as_many_tokens_need_no_more(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        make_kind(kind);
        for (int64_t seq = 512; seq > 1; seq /= 2) {
            vsh_workspace whole = plain(1024 / seq, seq), halved = plain(2048 / seq, seq / 2);
            CHECK(halved.transient <= whole.transient);
            CHECK_INT(halved.logits, whole.logits);
        }
    }
}

static void sixteen_bits_need_less_but_for_the_gradient_of_logits(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        vsh_workspace wide, narrow, eight;
        make_kind(kind);
        wide = plain(2, 64);
        narrow = of(2, 64, VSH_BF16, VSH_RECOMPUTE_NONE, false);
        eight = of(2, 64, VSH_INT8, VSH_RECOMPUTE_NONE, false);
        CHECK(narrow.transient < wide.transient && 2 * narrow.transient >= wide.transient);
        CHECK_INT(2 * narrow.logits, 3 * wide.logits); /* 128 x 5000: whole units of 64 */
        CHECK_INT(eight.transient, narrow.transient);
        CHECK_INT(eight.logits, narrow.logits);
    }
}

static void attention_made_again_needs_room_for_its_result(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        int64_t none, selective, full;
        make_kind(kind);
        none = plain(2, 64).transient;
        selective = of(2, 64, VSH_FP32, VSH_RECOMPUTE_SELECTIVE, false).transient;
        full = of(2, 64, VSH_FP32, VSH_RECOMPUTE_FULL, false).transient;
        CHECK(selective >= none);
        CHECK_INT(full, none);
    }
}

static void only_the_routers_of_experts_are_shaken(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        int64_t still, shaken;
        make_kind(kind);
        still = plain(2, 64).transient;
        shaken = of(2, 64, VSH_FP32, VSH_RECOMPUTE_NONE, true).transient;
        CHECK(model.experts.count ? shaken >= still : shaken == still);
    }
}

/* ---- the whole of a run -------------------------------------------------------------------- */

static vsh_footprint lean(const vsh_work *work, vsh_optimizer optimizer, int64_t buffers,
                          int64_t threads)
{
    vsh_lean_runtime runtime = {
        .optimizer = optimizer, .gradient_buffers = buffers, .threads = threads};
    vsh_footprint f;

    REQUIRE_OK(vsh_footprint_lean(&model, work, &runtime, &f, &err), &err);
    return f;
}

static double sum_of(const vsh_footprint *f)
{
    return f->weights.v + f->gradients.v + f->optimizer.v + f->activations.v + f->logits.v +
           f->workspace.v;
}

/* Parameters: two tables of 800, two layers of 16 + 256 + 288, a norm of 8: 2728, in 4 bytes 10912
 * -> 10944. Kept of a layer: two streams 768, qkv 1152, row sums 128, attention 384, gate and up
 * 1152; of the head 384. Sums of Adafactor's largest matrix, 100 x 8: two blocks of 1 + 8. */
static void a_small_run_reserves_what_a_hand_counts(void)
{
    vsh_work work = vsh_work_lean(2, 6, VSH_FP32, VSH_RECOMPUTE_NONE);
    vsh_footprint f;

    model = vsh_test_model(SMALL_DENSE);
    f = lean(&work, VSH_ADAMW, 3, 2);
    CHECK_NEAR(f.weights.v, 10944, 0, 0);
    CHECK_NEAR(f.gradients.v, 3 * 10944, 0, 0);
    CHECK_NEAR(f.optimizer.v, 2 * 10944, 0, 0);
    CHECK_NEAR(f.activations.v, 2 * (768 + 1152 + 128 + 384 + 1152) + 384, 0, 0);
    CHECK_NEAR(f.logits.v, 4800, 0, 0);
    CHECK_NEAR(f.workspace.v, 2176 + 2 * 2097152 + 2 * 64 + 192, 0, 0);
    CHECK_NEAR(f.total.v, sum_of(&f), 0, 0);
}

/* Rows of its matrices: 2 x 100 and two layers of 4 x 8 + 2 x 12 + 8; columns: 2 x 8 and two layers
 * of 4 x 8 + 2 x 8 + 12; vectors: five norms of 8. */
static void moments_of_a_small_run_are_what_a_hand_counts(void)
{
    vsh_work work = vsh_work_lean(2, 6, VSH_FP32, VSH_RECOMPUTE_NONE);

    model = vsh_test_model(SMALL_DENSE);
    CHECK_NEAR(lean(&work, VSH_SGD, 1, 1).optimizer.v, 10944, 0, 0);
    CHECK_NEAR(lean(&work, VSH_ADAMW8BIT, 1, 1).optimizer.v, 2 * (2752 + 64), 0, 0);
    CHECK_NEAR(lean(&work, VSH_ADAFACTOR, 1, 1).optimizer.v, 1344 + 576 + 192, 0, 0);
}

static void sixteen_bits_halve_weights_and_add_a_master_copy(void)
{
    static const vsh_optimizer optimizers[] = {VSH_ADAMW, VSH_ADAMW8BIT, VSH_ADAFACTOR, VSH_SGD};
    vsh_work wide = vsh_work_lean(2, 64, VSH_FP32, VSH_RECOMPUTE_NONE);
    vsh_work narrow = vsh_work_lean(2, 64, VSH_BF16, VSH_RECOMPUTE_NONE);

    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 0; i < 4; i++) {
            vsh_footprint a, b;
            make_kind(kind);
            a = lean(&wide, optimizers[i], 2, 1);
            b = lean(&narrow, optimizers[i], 2, 1);
            CHECK_NEAR(b.weights.v, a.weights.v / 2, 0, 64);
            CHECK_NEAR(b.gradients.v, a.gradients.v / 2, 0, 128);
            CHECK_NEAR(b.optimizer.v - a.optimizer.v, a.weights.v, 0, 0);
            CHECK(b.activations.v < a.activations.v);
            CHECK_NEAR(a.total.v, sum_of(&a), 0, 0);
            CHECK_NEAR(b.total.v, sum_of(&b), 0, 0);
        }
}

static void threads_and_buffers_cost_what_they_take(void)
{
    vsh_work work = vsh_work_lean(2, 64, VSH_FP32, VSH_RECOMPUTE_NONE);
    vsh_footprint one, more;

    make_kind(4);
    one = lean(&work, VSH_ADAMW, 1, 1);
    more = lean(&work, VSH_ADAMW, 1, 5);
    CHECK_NEAR(more.total.v - one.total.v, 4 * VSH_THREAD_SCRATCH_BYTES, 0, 0);
    more = lean(&work, VSH_ADAMW, 4, 1);
    CHECK_NEAR(more.total.v - one.total.v, 3 * one.weights.v, 0, 0);
}

static void a_run_of_more_tokens_never_reserves_less(void)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int recompute = 0; recompute < 3; recompute++) {
            double before = 0;
            make_kind(kind);
            for (int64_t sequences = 1; sequences <= 64; sequences *= 2) {
                vsh_work work =
                    vsh_work_lean(sequences, 33, VSH_FP32, (vsh_recompute_mode)recompute);
                double total = lean(&work, VSH_ADAMW, 1, 1).total.v;
                CHECK(total > before);
                before = total;
            }
        }
}

static void recomputing_more_reserves_less(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        double bytes[3];
        make_kind(kind);
        for (int mode = 0; mode < 3; mode++) {
            vsh_work work = vsh_work_lean(8, 128, VSH_FP32, (vsh_recompute_mode)mode);
            bytes[mode] = lean(&work, VSH_ADAMW, 1, 1).activations.v;
        }
        CHECK(bytes[1] < bytes[0]);
        CHECK(bytes[2] < bytes[1]);
    }
}

const vsh_test vsh_tests[] = {
    {"a_chunk_has_four_million_logits_in_whole_blocks_of_rows",
     a_chunk_has_four_million_logits_in_whole_blocks_of_rows},
    {"a_chunk_is_neither_too_thin_for_a_product_nor_too_thick",
     a_chunk_is_neither_too_thin_for_a_product_nor_too_thick},
    {"a_chunk_is_at_most_all_tokens", a_chunk_is_at_most_all_tokens},
    {"a_small_dense_model_needs_what_a_hand_counts", a_small_dense_model_needs_what_a_hand_counts},
    {"biases_need_the_sums_of_their_gradient", biases_need_the_sums_of_their_gradient},
    {"a_small_model_in_16_bits_needs_what_a_hand_counts",
     a_small_model_in_16_bits_needs_what_a_hand_counts},
    {"a_small_mixture_needs_what_a_hand_counts", a_small_mixture_needs_what_a_hand_counts},
    {"shared_keys_keep_their_gradient", shared_keys_keep_their_gradient},
    {"positions_that_are_not_rotary_need_no_angles", positions_that_are_not_rotary_need_no_angles},
    {"more_tokens_never_need_less", more_tokens_never_need_less},
    {"shorter_sequences_of_as_many_tokens_need_no_more",
     shorter_sequences_of_as_many_tokens_need_no_more},
    {"sixteen_bits_need_less_but_for_the_gradient_of_logits",
     sixteen_bits_need_less_but_for_the_gradient_of_logits},
    {"attention_made_again_needs_room_for_its_result",
     attention_made_again_needs_room_for_its_result},
    {"only_the_routers_of_experts_are_shaken", only_the_routers_of_experts_are_shaken},
    {"a_small_run_reserves_what_a_hand_counts", a_small_run_reserves_what_a_hand_counts},
    {"moments_of_a_small_run_are_what_a_hand_counts",
     moments_of_a_small_run_are_what_a_hand_counts},
    {"sixteen_bits_halve_weights_and_add_a_master_copy",
     sixteen_bits_halve_weights_and_add_a_master_copy},
    {"threads_and_buffers_cost_what_they_take", threads_and_buffers_cost_what_they_take},
    {"a_run_of_more_tokens_never_reserves_less", a_run_of_more_tokens_never_reserves_less},
    {"recomputing_more_reserves_less", recomputing_more_reserves_less},
    {NULL, NULL}};
