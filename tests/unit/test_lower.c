#include "core/lower.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/library.h"
#include "core/tensor.h"
#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "lower";

static vsh_error err;
static vsh_model model; /* large: one of each for all tests */
static vsh_op_list ops;

static const vsh_recompute_mode modes[] = {VSH_RECOMPUTE_NONE, VSH_RECOMPUTE_SELECTIVE,
                                           VSH_RECOMPUTE_FULL};

static void lower(const vsh_work *work) { REQUIRE_OK(vsh_lower(&model, work, &ops, &err), &err); }

static void read_model(const char *path)
{
    REQUIRE_OK(vsh_model_read(vsh_test_arena(), path, &model, &err), &err);
}

/* Calls check on every model file of the shelf, read into model. */
static void for_each_model(void (*check)(void))
{
    const char *names[VSH_LIBRARY_NAMES];
    vsh_library library = {{"."}};
    size_t count = 0;

    REQUIRE_OK(vsh_library_list(vsh_test_arena(), &library, "models", names, &count, &err), &err);
    REQUIRE(count >= 30);
    for (size_t i = 0; i < count; i++) {
        char path[200];
        snprintf(path, sizeof path, "models/%s.yaml", names[i]);
        read_model(path);
        check();
    }
}

static int64_t model_macs(vsh_phase phase)
{
    int64_t sum = 0;

    for (int i = 0; i < ops.count; i++)
        if (ops.item[i].phase == phase)
            sum += ops.item[i].model_macs;
    return sum;
}

static int64_t executed_macs(vsh_phase phase)
{
    int64_t sum = 0;

    for (int i = 0; i < ops.count; i++)
        if (ops.item[i].phase == phase)
            sum += ops.item[i].executed_macs;
    return sum;
}

static const vsh_op *find(const char *name, vsh_phase phase)
{
    for (int i = 0; i < ops.count; i++)
        if (ops.item[i].phase == phase && strcmp(ops.item[i].name, name) == 0)
            return &ops.item[i];
    fprintf(stderr, "no operation %s in phase %s\n", name, vsh_phase_names[phase]);
    REQUIRE(false);
    return NULL;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool in_block(const vsh_op *op)
{
    return !starts_with(op->name, "embed") && !starts_with(op->name, "head.") &&
           !starts_with(op->name, "exit.") && op->phase != VSH_OPTIMIZER;
}

/* ---- work that is counted twice -------------------------------------------------------------- */

/* Weights that multiply the activations of one token, from the table of tensors alone. */
static int64_t active_matmul_weights(void)
{
    static vsh_tensor_list list;
    int64_t sum = 0, exits = 0, head = model.vocab * model.embedding_dim;

    vsh_model_tensors(&model, &list);
    for (int i = 0; i < list.count; i++) {
        const vsh_tensor *t = &list.item[i];
        bool table = strcmp(t->name, "embed") == 0 || t->group == VSH_GROUP_POSITION;
        if (t->cols > 1 && !table && t->group != VSH_GROUP_NORM)
            sum += t->rows * t->cols * t->active;
    }
    for (int64_t l = 0; l < model.layers; l++)
        exits += model.layer[l].exit;
    if (model.embedding_dim != model.hidden)
        head += model.hidden * model.embedding_dim;
    return sum + (model.tied ? model.vocab * model.embedding_dim : 0) + exits * head;
}

/* Position t sees the t keys up to itself, at most window of them. */
static int64_t pairs_by_counting(int64_t seq, int64_t window)
{
    int64_t sum = 0;

    for (int64_t t = 1; t <= seq; t++)
        sum += window && t > window ? window : t;
    return sum;
}

static int64_t attention_macs(const vsh_work *work)
{
    int64_t width = model.heads * (vsh_model_qk_dim(&model) + vsh_model_v_dim(&model)), sum = 0;

    for (int64_t l = 0; l < model.layers; l++)
        sum += work->sequences * width * pairs_by_counting(work->seq, model.layer[l].window);
    return sum;
}

static void check_forward_work(void)
{
    static const int64_t seqs[] = {1, 7, 128, 1024};

    for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++)
        for (int64_t sequences = 1; sequences <= 3; sequences += 2) {
            vsh_work work = vsh_work_default(seqs[i]);
            int64_t want;
            work.sequences = sequences;
            lower(&work);
            want = active_matmul_weights() * sequences * seqs[i] + attention_macs(&work);
            if (model_macs(VSH_FORWARD) != want)
                fprintf(stderr, "%s:\n", model.name);
            CHECK_INT(model_macs(VSH_FORWARD), want);
            CHECK_NEAR(vsh_ops_model_flops(&ops, VSH_FORWARD).v, 2 * (double)want, 1e-14, 0);
        }
}

static void forward_work_is_the_active_weights_and_the_attention(void)
{
    for_each_model(check_forward_work);
}

static void a_long_window_model_counts_its_windows(void)
{
    vsh_work work = vsh_work_default(6000); /* beyond the 4096 of Gemma 2 */

    read_model("models/gemma2-2b.yaml");
    lower(&work);
    CHECK_INT(model_macs(VSH_FORWARD), active_matmul_weights() * 6000 + attention_macs(&work));
    CHECK(attention_macs(&work) < 26 * 8 * 512 * pairs_by_counting(6000, 0));
}

static void check_backward_work(void)
{
    for (size_t mode = 0; mode < 3; mode++) {
        vsh_work work = vsh_work_default(300);
        work.recompute = modes[mode];
        work.store_scores = mode == 1;
        lower(&work);
        CHECK_INT(model_macs(VSH_DGRAD) + model_macs(VSH_WGRAD), 2 * model_macs(VSH_FORWARD));
        CHECK_INT(model_macs(VSH_RECOMPUTE), 0);
        CHECK_NEAR(vsh_ops_step_model_flops(&ops).v, 6 * (double)model_macs(VSH_FORWARD), 1e-14, 0);
    }
}

static void backward_model_work_is_exactly_twice_forward(void)
{
    for_each_model(check_backward_work);
}

static void check_executed_work(void)
{
    for (size_t mode = 0; mode < 3; mode++)
        for (int store = 0; store < 2; store++) {
            vsh_work work = vsh_work_default(300);
            work.recompute = modes[mode];
            work.store_scores = store;
            lower(&work);
            for (int i = 0; i < ops.count; i++)
                CHECK(ops.item[i].executed_macs >= ops.item[i].model_macs &&
                      ops.item[i].model_macs >= 0);
        }
}

static void executed_work_is_never_below_model_work(void) { for_each_model(check_executed_work); }

/* m, n, k are of one execution: times count they are what runs, or the next whole expert above. */
static void check_dimensions(void)
{
    vsh_work work = vsh_work_default(300);

    work.store_scores = true;
    lower(&work);
    for (int i = 0; i < ops.count; i++) {
        const vsh_op *op = &ops.item[i];
        int64_t all = op->m * op->n * op->k * op->count;
        if (op->kind == VSH_OP_ATTENTION ||
            (op->kind == VSH_OP_MATRIX && !strstr(op->name, "expert.")))
            CHECK_INT(all, op->executed_macs);
        else if (op->kind == VSH_OP_MATRIX)
            CHECK(all >= op->executed_macs);
        else
            CHECK(op->executed_macs == 0 && op->model_macs == 0);
    }
}

static void dimensions_times_count_are_the_macs_that_run(void) { for_each_model(check_dimensions); }

static void gradients_have_the_dimensions_of_their_product(void)
{
    vsh_work work = vsh_work_default(128);
    const vsh_op *forward, *dgrad, *wgrad;

    read_model("models/gpt2-124m.yaml");
    lower(&work);
    forward = find("layer.mlp.up", VSH_FORWARD);
    dgrad = find("layer.mlp.up", VSH_DGRAD);
    wgrad = find("layer.mlp.up", VSH_WGRAD);
    CHECK_INT(forward->m, 128); /* Y (T,4C) = X (T,C) W^T */
    CHECK_INT(forward->n, 3072);
    CHECK_INT(forward->k, 768);
    CHECK_INT(dgrad->m, 128); /* dX (T,C) = dY (T,4C) W */
    CHECK_INT(dgrad->n, 768);
    CHECK_INT(dgrad->k, 3072);
    CHECK_INT(wgrad->m, 3072); /* dW (4C,C) = dY^T X */
    CHECK_INT(wgrad->n, 768);
    CHECK_INT(wgrad->k, 128);
    CHECK_INT(forward->count, 12);
}

static void a_product_moves_each_operand_once(void)
{
    vsh_work work = vsh_work_default(128);
    const double T = 128, n = 3072, k = 768, layers = 12;

    read_model("models/gpt2-124m.yaml");
    lower(&work);
    CHECK_NEAR(find("layer.mlp.up", VSH_FORWARD)->bytes.v, layers * 2 * (T * k + n * k + T * n), 0,
               0);
    CHECK_NEAR(find("layer.mlp.up", VSH_DGRAD)->bytes.v, layers * 2 * (T * k + n * k + T * n), 0, 0);
    work.precision = VSH_INT8; /* operands of one byte, results of two */
    lower(&work);
    CHECK_NEAR(find("layer.mlp.up", VSH_FORWARD)->bytes.v,
               layers * (T * k + n * k + 2 * (T * n)), 0, 0);
    work.precision = VSH_FP32;
    lower(&work);
    CHECK_NEAR(find("layer.mlp.up", VSH_FORWARD)->bytes.v, layers * 4 * (T * k + n * k + T * n), 0,
               0);
}

static void experts_read_all_their_weights(void)
{
    vsh_work work = vsh_work_default(256);

    read_model("models/tiny-moe.yaml");
    lower(&work); /* 512 rows over 8 experts of 384 x 1536, gate and up in one */
    CHECK_NEAR(find("layer.expert.up", VSH_FORWARD)->bytes.v,
               6 * 2.0 * (512 * 384 + 8.0 * 3072 * 384 + 512 * 3072), 0, 0);
}

/* The gradient of an element costs two operations for one and one operand more. */
static void vector_gradients_cost_twice_the_work_and_half_more_bytes(void)
{
    vsh_work work = vsh_work_default(256);
    int seen = 0;

    read_model("models/tiny-moe.yaml");
    lower(&work);
    for (int i = 0; i < ops.count; i++) {
        const vsh_op *forward = &ops.item[i], *backward;
        if (forward->phase != VSH_FORWARD || forward->kind != VSH_OP_VECTOR)
            continue;
        backward = find(forward->name, VSH_DGRAD);
        CHECK_NEAR(backward->vector_flops.v, 2 * forward->vector_flops.v, 1e-15, 0);
        CHECK_NEAR(backward->bytes.v, 1.5 * forward->bytes.v, 1e-15, 0);
        CHECK(forward->vector_flops.v > 0);
        seen++;
    }
    CHECK(seen > 5);
}

/* ---- published and worked counts ------------------------------------------------------------- */

/* 12 layers of 768 at T = 1024: 24 d^2 a layer and token, 4 d (T + 1)/2 attention, 2 d V logits. */
static void gpt2_small_takes_265956864_flops_a_token_forward(void)
{
    vsh_work work = vsh_work_default(1024);

    read_model("models/gpt2-124m.yaml");
    lower(&work);
    CHECK_INT(2 * model_macs(VSH_FORWARD), 265956864LL * 1024);
    CHECK_NEAR(vsh_ops_step_model_flops(&ops).v / 1024, 797870592, 0, 0);
}

static void a_llama_of_303_m_takes_2121940992_flops_a_trained_token(void)
{
    vsh_work work = vsh_work_default(2048);

    model = vsh_test_model("layers: 24\nhidden: 1024\nheads: 16\nkv_heads: 4\nffn: 2816\n"
                           "vocab: 32000\ncontext: 2048\ntied: true\n");
    lower(&work);
    CHECK_NEAR(vsh_ops_step_model_flops(&ops).v / 2048, 2121940992, 0, 0);
}

static void eight_experts_top_two_take_1053923328_flops_a_trained_token(void)
{
    vsh_work work = vsh_work_default(1024);

    model = vsh_test_model("layers: 12\nhidden: 768\nheads: 12\nvocab: 32000\ncontext: 1024\n"
                           "tied: true\nexperts: {count: 8, top_k: 2, hidden: 2048}\n");
    lower(&work);
    CHECK_NEAR(vsh_ops_step_model_flops(&ops).v / 1024, 1053923328, 0, 0);
    CHECK(6 * 505965312.0 > 2.8 * vsh_ops_step_model_flops(&ops).v / 1024); /* 6 N_total misleads */
}

/* ---- experts --------------------------------------------------------------------------------- */

#define MOE "layers: 2\nhidden: 64\nheads: 4\nvocab: 100\ncontext: 64\n"

static void a_capacity_factor_pads_what_runs_and_not_the_model(void)
{
    vsh_work work = vsh_work_default(64);
    int64_t dropless;
    const vsh_op *up;

    model = vsh_test_model(MOE "experts: {count: 8, top_k: 2, hidden: 32}\n");
    lower(&work);
    dropless = find("layer.expert.up", VSH_FORWARD)->executed_macs;
    CHECK_INT(dropless, find("layer.expert.up", VSH_FORWARD)->model_macs);
    model = vsh_test_model(MOE "experts: {count: 8, top_k: 2, hidden: 32, capacity: 1.25}\n");
    lower(&work);
    up = find("layer.expert.up", VSH_FORWARD);
    CHECK_INT(up->model_macs, dropless);
    CHECK_INT(4 * up->executed_macs, 5 * dropless); /* 1.25 exactly: 20 slots for 16 rows */
    CHECK_INT(up->m, 20);
    CHECK_INT(up->count, 2 * 8);
    CHECK_INT(find("layer.expert.down", VSH_WGRAD)->k, 20);
}

static void slots_of_an_expert_are_rounded_up(void)
{
    vsh_work work = vsh_work_default(61);

    model = vsh_test_model(MOE "experts: {count: 8, top_k: 2, hidden: 32, capacity: 1.1}\n");
    lower(&work); /* 1.1 x 122 / 8 = 16.775 */
    CHECK_INT(find("layer.expert.up", VSH_FORWARD)->m, 17);
    CHECK_INT(find("layer.expert.up", VSH_FORWARD)->executed_macs, 2 * 8 * 17 * 64 * 64);
    CHECK_INT(find("layer.expert.up", VSH_FORWARD)->model_macs, 2 * 122 * 64 * 64);
}

static void all_experts_active_are_a_dense_layer_and_a_router(void)
{
    vsh_work work = vsh_work_default(64);
    int64_t dense, dense_executed, router = 2 * 64 * 64 * 4;

    work.sequences = 3;
    model = vsh_test_model(MOE "ffn: 256\n");
    lower(&work);
    dense = model_macs(VSH_FORWARD);
    dense_executed = executed_macs(VSH_FORWARD);
    model = vsh_test_model(MOE "experts: {count: 4, top_k: 4, hidden: 64}\n");
    lower(&work);
    CHECK_INT(model_macs(VSH_FORWARD), dense + 3 * router);
    CHECK_INT(executed_macs(VSH_FORWARD), dense_executed + 3 * router);
    model = vsh_test_model(MOE "experts: {count: 1, top_k: 1, hidden: 256}\n");
    lower(&work);
    CHECK_INT(model_macs(VSH_FORWARD), dense + 3 * router / 4);
}

static void granularity_changes_only_the_router(void)
{
    vsh_work work = vsh_work_default(64);
    int64_t whole;

    model = vsh_test_model(MOE "experts: {count: 8, top_k: 2, hidden: 128}\n");
    lower(&work);
    whole = model_macs(VSH_FORWARD) - find("layer.router", VSH_FORWARD)->model_macs;
    model = vsh_test_model(MOE "experts: {count: 8, top_k: 2, hidden: 128, granularity: 4}\n");
    lower(&work);
    CHECK_INT(model_macs(VSH_FORWARD) - find("layer.router", VSH_FORWARD)->model_macs, whole);
}

/* ---- attention ------------------------------------------------------------------------------- */

static void causal_pairs_are_those_one_can_count(void)
{
    for (int64_t seq = 1; seq <= 60; seq++)
        for (int64_t window = 0; window <= seq + 3; window++)
            CHECK_INT(vsh_causal_pairs(seq, window), pairs_by_counting(seq, window));
    CHECK_INT(vsh_causal_pairs(131072, 0), 131072LL * 131073 / 2);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Blocks of tile x tile with at least one pair that is needed, each run whole as far as the
 * sequence goes. */
static int64_t tiled_by_counting(int64_t seq, int64_t window, int64_t tile)
{
    int64_t tiles = (seq + tile - 1) / tile, needed = 0;

    for (int64_t i = 0; i < tiles; i++)
        for (int64_t j = 0; j <= i; j++) {
            bool any = false;
            for (int64_t q = i * tile; q < seq && q < (i + 1) * tile && !any; q++)
                for (int64_t k = j * tile; k <= q && k < (j + 1) * tile && !any; k++)
                    any = !window || q - k < window;
            needed += any * least(tile, seq - i * tile) * least(tile, seq - j * tile);
        }
    return needed;
}

static void tiles_that_run_are_those_one_can_count(void)
{
    model = vsh_test_model("layers: 1\nhidden: 8\nheads: 2\nffn: 8\nvocab: 9\ncontext: 64\n");
    for (int64_t seq = 1; seq <= 26; seq++)
        for (int64_t window = 0; window <= seq + 2; window++)
            for (int64_t tile = 1; tile <= 9; tile++) {
                vsh_work work = vsh_work_default(seq);
                const vsh_op *scores;
                work.attention_tile = tile;
                model.layer[0].window = window;
                lower(&work);
                scores = find("layer.attn.scores", VSH_FORWARD);
                CHECK_INT(scores->executed_macs, 2 * 4 * tiled_by_counting(seq, window, tile));
                CHECK_INT(scores->model_macs, 2 * 4 * pairs_by_counting(seq, window));
                CHECK(scores->executed_macs >= scores->model_macs);
                if (tile == 1)
                    CHECK_INT(scores->executed_macs, scores->model_macs);
            }
}

static void stored_scores_run_the_whole_square(void)
{
    vsh_work work = vsh_work_default(100);

    work.sequences = 2;
    work.store_scores = true;
    read_model("models/tiny-dense.yaml");
    lower(&work);
    CHECK_INT(find("layer.attn.scores", VSH_FORWARD)->executed_macs, 6LL * 2 * 384 * 100 * 100);
    CHECK_INT(find("layer.attn.values", VSH_FORWARD)->executed_macs, 6LL * 2 * 384 * 100 * 100);
}

static void grouped_keys_change_projections_and_not_scores(void)
{
    vsh_work work = vsh_work_default(64);
    int64_t scores, qkv;

    model = vsh_test_model(MOE "ffn: 256\n");
    lower(&work);
    scores = find("layer.attn.scores", VSH_FORWARD)->model_macs;
    qkv = find("layer.attn.qkv", VSH_FORWARD)->model_macs;
    model = vsh_test_model(MOE "ffn: 256\nkv_heads: 1\n");
    lower(&work);
    CHECK_INT(find("layer.attn.scores", VSH_FORWARD)->model_macs, scores);
    CHECK_INT(qkv - find("layer.attn.qkv", VSH_FORWARD)->model_macs, 2 * 64 * 2 * 48 * 64);
}

static void sharing_layers_make_no_keys_and_values(void)
{
    vsh_work work = vsh_work_default(64);
    int64_t alone;

    model = vsh_test_model("layers: 4\nhidden: 64\nheads: 4\nvocab: 100\ncontext: 64\nffn: 256\n");
    lower(&work);
    alone = model_macs(VSH_FORWARD);
    model = vsh_test_model("layers: 4\nhidden: 64\nheads: 4\nvocab: 100\ncontext: 64\nffn: 256\n"
                           "cross_layer: 2\n");
    lower(&work);
    CHECK_INT(alone - model_macs(VSH_FORWARD), 2 * (64 * 2 * 64 * 64));
    CHECK_INT(find("shared.attn.q", VSH_FORWARD)->count, 2);
    CHECK_INT(find("own.attn.qkv", VSH_FORWARD)->count, 2);
}

/* ---- recomputation --------------------------------------------------------------------------- */

/* Hardware over model FLOPs of the blocks: 6ND becomes 8ND, attention without padding included. */
static void full_recomputation_runs_four_thirds_of_the_blocks(void)
{
    vsh_work work = vsh_work_default(256);
    int64_t model_work = 0, executed = 0;

    work.recompute = VSH_RECOMPUTE_FULL;
    read_model("models/tiny-dense.yaml");
    lower(&work);
    for (int i = 0; i < ops.count; i++)
        if (in_block(&ops.item[i]) && ops.item[i].kind == VSH_OP_MATRIX) {
            model_work += ops.item[i].model_macs;
            executed += ops.item[i].executed_macs;
        }
    CHECK(model_work > 0);
    CHECK_INT(3 * executed, 4 * model_work);
}

static void full_recomputation_repeats_each_operation_of_a_block_once(void)
{
    vsh_work work = vsh_work_default(256);
    int64_t forward = 0;

    work.recompute = VSH_RECOMPUTE_FULL;
    work.store_scores = true;
    read_model("models/tiny-moe.yaml");
    lower(&work);
    for (int i = 0; i < ops.count; i++)
        if (in_block(&ops.item[i]) && ops.item[i].phase == VSH_FORWARD) {
            const vsh_op *again = find(ops.item[i].name, VSH_RECOMPUTE);
            CHECK_INT(again->executed_macs, ops.item[i].executed_macs);
            CHECK_NEAR(again->bytes.v, ops.item[i].bytes.v, 0, 0);
            forward += ops.item[i].executed_macs;
        }
    CHECK_INT(executed_macs(VSH_RECOMPUTE), forward);
}

static void selective_recomputation_repeats_the_attention_core_only(void)
{
    vsh_work work = vsh_work_default(256);

    work.recompute = VSH_RECOMPUTE_SELECTIVE;
    work.store_scores = true;
    read_model("models/tiny-dense.yaml");
    lower(&work);
    CHECK_INT(executed_macs(VSH_RECOMPUTE),
              find("layer.attn.scores", VSH_FORWARD)->executed_macs +
                  find("layer.attn.values", VSH_FORWARD)->executed_macs);
    for (int i = 0; i < ops.count; i++)
        if (ops.item[i].phase == VSH_RECOMPUTE)
            CHECK_HAS(ops.item[i].name, "attn.");
}

static void tiled_attention_makes_its_scores_again_and_stored_does_not(void)
{
    vsh_work work = vsh_work_default(256);

    read_model("models/tiny-dense.yaml");
    lower(&work);
    CHECK_INT(executed_macs(VSH_RECOMPUTE), find("layer.attn.scores", VSH_FORWARD)->executed_macs);
    work.store_scores = true;
    lower(&work);
    CHECK_INT(executed_macs(VSH_RECOMPUTE), 0);
}

static double saved_bytes(void)
{
    double sum = 0;

    for (int i = 0; i < ops.count; i++)
        sum += ops.item[i].saved.v;
    return sum;
}

static void only_forward_operations_keep_anything(void)
{
    vsh_work work = vsh_work_default(256);

    read_model("models/tiny-moe.yaml");
    for (size_t mode = 0; mode < 3; mode++) {
        work.recompute = modes[mode];
        lower(&work);
        for (int i = 0; i < ops.count; i++)
            CHECK(ops.item[i].saved.v >= 0 &&
                  (ops.item[i].phase == VSH_FORWARD || ops.item[i].saved.v == 0));
    }
}

static void recomputation_keeps_less_and_full_keeps_the_inputs_of_the_layers(void)
{
    vsh_work work = vsh_work_default(256);
    double kept[3], blocks = 0;

    work.store_scores = true;
    read_model("models/tiny-dense.yaml");
    for (size_t mode = 0; mode < 3; mode++) {
        work.recompute = modes[mode];
        lower(&work);
        kept[mode] = saved_bytes();
    }
    CHECK(kept[0] > kept[1] && kept[1] > kept[2]);
    for (int i = 0; i < ops.count; i++)
        if (in_block(&ops.item[i]))
            blocks += ops.item[i].saved.v;
    CHECK_NEAR(blocks, 6 * 2.0 * 256 * 384, 0, 0); /* 2 s b h a layer */
}

/* What one layer of a recomputed model holds while it runs is what it would have kept. */
static void the_live_layer_is_the_fullest_layer_without_recomputation(void)
{
    static const char *const files[] = {"models/tiny-dense.yaml", "models/gpt2-124m.yaml",
                                        "models/tiny-moe.yaml"};

    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        vsh_work work = vsh_work_default(256);
        double blocks = 0;
        vsh_bytes live;
        read_model(files[f]);
        lower(&work);
        for (int i = 0; i < ops.count; i++)
            if (in_block(&ops.item[i]))
                blocks += ops.item[i].saved.v;
        work.recompute = VSH_RECOMPUTE_FULL;
        REQUIRE_OK(vsh_lower_live_layer(&model, &work, &live, &err), &err);
        CHECK_NEAR(live.v, blocks / (double)model.layers, 1e-14, 0);
    }
    /* a first dense layer narrower than the others does not hide them */
    read_model("models/deepseek-v3.yaml");
    {
        vsh_work work = vsh_work_default(256);
        vsh_bytes live;
        double moe = 0, dense = 0;
        lower(&work);
        for (int i = 0; i < ops.count; i++) {
            moe += starts_with(ops.item[i].name, "moe.") ? ops.item[i].saved.v / 58 : 0;
            dense += starts_with(ops.item[i].name, "dense.") ? ops.item[i].saved.v / 3 : 0;
        }
        REQUIRE_OK(vsh_lower_live_layer(&model, &work, &live, &err), &err);
        CHECK_NEAR(live.v, fmax(moe, dense), 1e-14, 0);
    }
}

/* ---- exits, optimizer ------------------------------------------------------------------------ */

static void exit_heads_make_training_dearer_and_never_cheaper(void)
{
    vsh_work work = vsh_work_default(1024);
    double body = 188762112.0, head = 77194752.0, plain;

    read_model("models/gpt2-124m.yaml");
    lower(&work);
    plain = vsh_ops_step_model_flops(&ops).v;
    model.layer[3].exit = model.layer[7].exit = true;
    lower(&work);
    CHECK_NEAR(vsh_ops_step_model_flops(&ops).v / plain, (body + 3 * head) / (body + head), 1e-14, 0);
}

static void the_optimizer_walks_every_parameter_once(void)
{
    vsh_recipe recipe = {"test", 2, 4, 4, 8, "none"};
    vsh_work work = vsh_work_default(256);
    vsh_parameters parameters;
    const vsh_op *op;

    read_model("models/tiny-moe.yaml");
    REQUIRE_OK(vsh_count_parameters(&model, &parameters, &err), &err);
    lower(&work);
    for (int i = 0; i < ops.count; i++)
        CHECK(ops.item[i].phase != VSH_OPTIMIZER);
    work.recipe = &recipe;
    lower(&work);
    op = find("optimizer", VSH_OPTIMIZER);
    CHECK_INT(op->m * op->n * op->count, parameters.total);
    /* reads the gradient, reads and writes all the rest */
    CHECK_NEAR(op->bytes.v, (double)parameters.total * (4 + 2 * (2 + 4 + 8)), 1e-15, 0);
    CHECK(op->vector_flops.v > 0);
    CHECK_INT(op->model_macs, 0);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void check_names(void)
{
    for (size_t mode = 0; mode < 3; mode++)
        for (int store = 0; store < 2; store++) {
            vsh_work work = vsh_work_default(64);
            work.recompute = modes[mode];
            work.store_scores = store;
            lower(&work);
            for (int i = 0; i < ops.count; i++)
                for (int other = 0; other < i; other++)
                    if (ops.item[i].phase == ops.item[other].phase &&
                        strcmp(ops.item[i].name, ops.item[other].name) == 0)
                        CHECK_TEXT(ops.item[i].name, "unique in its phase");
        }
    CHECK(ops.count > 0);
}

/* Every feature at once: eight kinds of layer. */
static void mix_everything(void)
{
    model = vsh_test_model(
        "layers: 16\nhidden: 64\nheads: 4\nkv_heads: 2\nffn: 128\nvocab: 100\ncontext: 64\n"
        "position: rotary\nqk_norm: head\nembedding_norm: true\nembedding_dim: 32\nwindow: 16\n"
        "exits: [4, 8]\nexperts: {count: 4, top_k: 2, hidden: 32, shared: 1, shared_gate: true}\n");
    for (int64_t l = 0; l < 16; l++) {
        model.layer[l].experts = l & 1;
        model.layer[l].own_kv = l < 2 || (l & 2);
        model.layer[l].window = l & 4 ? 16 : 0;
    }
}

static void name_and_phase_are_a_key_in_every_list(void)
{
    for_each_model(check_names);
    mix_everything();
    check_names();
}

/* The name joins prediction, simulation and measurement across phases. */
static void check_backward_names(void)
{
    static const char *const endings[] = {"", ".left", ".right", ".tiles"};

    for (int i = 0; i < ops.count; i++) {
        bool found = ops.item[i].phase == VSH_FORWARD;
        for (int f = 0; f < ops.count && !found; f++)
            for (size_t e = 0; e < 4 && !found && ops.item[f].phase == VSH_FORWARD; e++) {
                char name[VSH_OP_NAME + 8];
                snprintf(name, sizeof name, "%s%s", ops.item[f].name, endings[e]);
                found = strcmp(name, ops.item[i].name) == 0;
            }
        if (!found)
            CHECK_TEXT(ops.item[i].name, "the name of a forward operation");
    }
    CHECK(ops.count > 0);
}

static void backward_operations_keep_the_name_of_their_forward_operation(void)
{
    vsh_work work = vsh_work_default(64);

    work.recompute = VSH_RECOMPUTE_FULL;
    read_model("models/gpt-oss-20b.yaml");
    lower(&work);
    check_backward_names();
    mix_everything();
    lower(&work);
    check_backward_names();
}

static void a_model_of_every_kind_of_layer_fits_the_list(void)
{
    vsh_work work = vsh_work_default(64);
    vsh_recipe recipe = {"test", 2, 2, 4, 8, "none"};

    work.recompute = VSH_RECOMPUTE_FULL;
    work.recipe = &recipe;
    mix_everything();
    CHECK_OK(vsh_lower(&model, &work, &ops, &err), &err);
    CHECK(ops.count <= VSH_OPS_MAX);
    CHECK_INT(model_macs(VSH_DGRAD) + model_macs(VSH_WGRAD), 2 * model_macs(VSH_FORWARD));
}

static void a_layer_alone_in_its_kind_is_named_by_what_tells_it_apart(void)
{
    vsh_work work = vsh_work_default(64);

    read_model("models/deepseek-v2-lite.yaml");
    lower(&work);
    CHECK_INT(find("dense.mlp.up", VSH_FORWARD)->count, 1);
    CHECK_INT(find("moe.router", VSH_FORWARD)->count, 26);
    read_model("models/gemma2-2b.yaml");
    lower(&work);
    CHECK_INT(find("window.mlp.up", VSH_FORWARD)->count, 13);
    CHECK_INT(find("full.mlp.up", VSH_FORWARD)->count, 13);
    read_model("models/tiny-dense.yaml");
    lower(&work);
    CHECK_INT(find("layer.mlp.up", VSH_FORWARD)->count, 6);
}

/* ---- overflow -------------------------------------------------------------------------------- */

/* Whether a claim about work holds, asked in a child process: a count that wraps under the
 * sanitizer ends the child and not the tests. */
static bool holds_in_a_child(bool (*claim)(const vsh_work *work), const vsh_work *work)
{
    pid_t child = fork();
    int state = 0;

    if (child == 0)
        _exit(claim(work) ? 0 : 1);
    REQUIRE(child > 0 && waitpid(child, &state, 0) == child);
    return WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

static bool is_refused(const vsh_work *work)
{
    return vsh_lower(&model, work, &ops, &err) == VSH_EINPUT;
}

static void counts_beyond_63_bits_are_refused_and_never_wrapped(void)
{
    static const struct {
        int64_t sequences, seq, tile;
    } works[] = {{INT64_MAX, 1, 1},
                 {1, INT64_MAX, 1},
                 {1, INT64_MAX, 128},
                 {1, INT64_MAX - 127, 128},
                 {INT64_MAX, INT64_MAX, 128},
                 {1, (int64_t)1 << 62, 128},
                 {(int64_t)1 << 40, (int64_t)1 << 30, 128},
                 {1, (int64_t)4 << 30, 128},
                 {(int64_t)1 << 50, 1024, 128},
                 {(int64_t)1 << 55, 1, INT64_MAX},
                 {1, 1, INT64_MAX},
                 {1000000000, 1000000000, 128}};
    static const char *const lines[] = {"ffn: 256\n",
                                        "experts: {count: 8, top_k: 2, hidden: 32}\n",
                                        "experts: {count: 1, top_k: 1, hidden: 32, capacity: 1000}\n",
                                        "experts: {count: 65536, top_k: 65536, hidden: 1, "
                                        "capacity: 1000}\n",
                                        "ffn: 256\nwindow: 1\n"};

    for (size_t m = 0; m < sizeof lines / sizeof lines[0]; m++) {
        vsh_text text = {.arena = vsh_test_arena()};
        vsh_text_add(&text, MOE "%s", lines[m]);
        model = vsh_test_model(vsh_text_string(&text));
        for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
            vsh_work work = vsh_work_default(works[i].seq);
            bool refused;
            work.sequences = works[i].sequences;
            work.attention_tile = works[i].tile;
            refused = holds_in_a_child(is_refused, &work);
            if (!refused)
                fprintf(stderr, "%" PRId64 " sequences of %" PRId64 ", tile %" PRId64 ", %s",
                        work.sequences, work.seq, work.attention_tile, lines[m]);
            CHECK(refused);
        }
    }
}

/* Refused, or nothing in the list is negative or infinite. */
static bool is_refused_or_sane(const vsh_work *work)
{
    if (vsh_lower(&model, work, &ops, &err) != VSH_OK)
        return true;
    for (int i = 0; i < ops.count; i++) {
        const vsh_op *op = &ops.item[i];
        if (op->m <= 0 || op->n <= 0 || op->count <= 0 || op->model_macs < 0 ||
            op->executed_macs < op->model_macs || op->bytes.v < 0 || !isfinite(op->bytes.v) ||
            op->saved.v < 0 || !isfinite(op->saved.v))
            return false;
    }
    return true;
}

static bool all_sizes_are_refused_or_sane(const vsh_work *unused)
{
    (void)unused;
    for (int log_seq = 0; log_seq < 63; log_seq++)
        for (int log_sequences = 0; log_sequences < 63; log_sequences += 2) {
            vsh_work work = vsh_work_default((int64_t)1 << log_seq);
            work.sequences = (int64_t)1 << log_sequences;
            if (!is_refused_or_sane(&work))
                return false;
        }
    return true;
}

static void counts_that_are_accepted_are_sane(void)
{
    static const char *const lines[] = {"ffn: 256\nwindow: 16\n",
                                        "experts: {count: 8, top_k: 2, hidden: 32}\n",
                                        "experts: {count: 8, top_k: 2, hidden: 32, capacity: 1000}\n"};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        vsh_text text = {.arena = vsh_test_arena()};
        vsh_text_add(&text, MOE "%s", lines[i]);
        model = vsh_test_model(vsh_text_string(&text));
        CHECK(holds_in_a_child(all_sizes_are_refused_or_sane, NULL));
    }
}

static bool live_layer_is_refused(const vsh_work *work)
{
    vsh_bytes live;

    return vsh_lower_live_layer(&model, work, &live, &err) == VSH_EINPUT;
}

static void the_live_layer_refuses_what_the_list_refuses(void)
{
    vsh_work work = vsh_work_default((int64_t)1 << 40);

    work.sequences = (int64_t)1 << 40;
    read_model("models/tiny-dense.yaml");
    CHECK(holds_in_a_child(live_layer_is_refused, &work));
    work = vsh_work_default((int64_t)1 << 32);
    work.sequences = (int64_t)1 << 32;
    CHECK(holds_in_a_child(live_layer_is_refused, &work));
}

static void the_default_work_is_one_sequence_in_bf16_with_tiles_of_128(void)
{
    vsh_work work = vsh_work_default(77);

    CHECK_INT(work.sequences, 1);
    CHECK_INT(work.seq, 77);
    CHECK_INT(work.precision, VSH_BF16);
    CHECK_INT(work.attention_tile, 128);
    CHECK_INT(work.recompute, VSH_RECOMPUTE_NONE);
    CHECK(!work.store_scores && !work.dropout && !work.recipe);
}

const vsh_test vsh_tests[] = {
    {"forward_work_is_the_active_weights_and_the_attention",
     forward_work_is_the_active_weights_and_the_attention},
    {"a_long_window_model_counts_its_windows", a_long_window_model_counts_its_windows},
    {"backward_model_work_is_exactly_twice_forward", backward_model_work_is_exactly_twice_forward},
    {"executed_work_is_never_below_model_work", executed_work_is_never_below_model_work},
    {"dimensions_times_count_are_the_macs_that_run", dimensions_times_count_are_the_macs_that_run},
    {"gradients_have_the_dimensions_of_their_product",
     gradients_have_the_dimensions_of_their_product},
    {"a_product_moves_each_operand_once", a_product_moves_each_operand_once},
    {"experts_read_all_their_weights", experts_read_all_their_weights},
    {"vector_gradients_cost_twice_the_work_and_half_more_bytes",
     vector_gradients_cost_twice_the_work_and_half_more_bytes},
    {"gpt2_small_takes_265956864_flops_a_token_forward",
     gpt2_small_takes_265956864_flops_a_token_forward},
    {"a_llama_of_303_m_takes_2121940992_flops_a_trained_token",
     a_llama_of_303_m_takes_2121940992_flops_a_trained_token},
    {"eight_experts_top_two_take_1053923328_flops_a_trained_token",
     eight_experts_top_two_take_1053923328_flops_a_trained_token},
    {"a_capacity_factor_pads_what_runs_and_not_the_model",
     a_capacity_factor_pads_what_runs_and_not_the_model},
    {"slots_of_an_expert_are_rounded_up", slots_of_an_expert_are_rounded_up},
    {"all_experts_active_are_a_dense_layer_and_a_router",
     all_experts_active_are_a_dense_layer_and_a_router},
    {"granularity_changes_only_the_router", granularity_changes_only_the_router},
    {"causal_pairs_are_those_one_can_count", causal_pairs_are_those_one_can_count},
    {"tiles_that_run_are_those_one_can_count", tiles_that_run_are_those_one_can_count},
    {"stored_scores_run_the_whole_square", stored_scores_run_the_whole_square},
    {"grouped_keys_change_projections_and_not_scores",
     grouped_keys_change_projections_and_not_scores},
    {"sharing_layers_make_no_keys_and_values", sharing_layers_make_no_keys_and_values},
    {"full_recomputation_runs_four_thirds_of_the_blocks",
     full_recomputation_runs_four_thirds_of_the_blocks},
    {"full_recomputation_repeats_each_operation_of_a_block_once",
     full_recomputation_repeats_each_operation_of_a_block_once},
    {"selective_recomputation_repeats_the_attention_core_only",
     selective_recomputation_repeats_the_attention_core_only},
    {"tiled_attention_makes_its_scores_again_and_stored_does_not",
     tiled_attention_makes_its_scores_again_and_stored_does_not},
    {"only_forward_operations_keep_anything", only_forward_operations_keep_anything},
    {"recomputation_keeps_less_and_full_keeps_the_inputs_of_the_layers",
     recomputation_keeps_less_and_full_keeps_the_inputs_of_the_layers},
    {"the_live_layer_is_the_fullest_layer_without_recomputation",
     the_live_layer_is_the_fullest_layer_without_recomputation},
    {"exit_heads_make_training_dearer_and_never_cheaper",
     exit_heads_make_training_dearer_and_never_cheaper},
    {"the_optimizer_walks_every_parameter_once", the_optimizer_walks_every_parameter_once},
    {"name_and_phase_are_a_key_in_every_list", name_and_phase_are_a_key_in_every_list},
    {"backward_operations_keep_the_name_of_their_forward_operation",
     backward_operations_keep_the_name_of_their_forward_operation},
    {"a_model_of_every_kind_of_layer_fits_the_list", a_model_of_every_kind_of_layer_fits_the_list},
    {"a_layer_alone_in_its_kind_is_named_by_what_tells_it_apart",
     a_layer_alone_in_its_kind_is_named_by_what_tells_it_apart},
    {"counts_beyond_63_bits_are_refused_and_never_wrapped",
     counts_beyond_63_bits_are_refused_and_never_wrapped},
    {"counts_that_are_accepted_are_sane", counts_that_are_accepted_are_sane},
    {"the_live_layer_refuses_what_the_list_refuses", the_live_layer_refuses_what_the_list_refuses},
    {"the_default_work_is_one_sequence_in_bf16_with_tiles_of_128",
     the_default_work_is_one_sequence_in_bf16_with_tiles_of_128},
    {NULL, NULL}};
