/* One chip's list under a split: over the chips it is the whole, and between them go the bytes the
 * papers count. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/library.h"
#include "core/lower.h"
#include "core/tensor.h"
#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "lower_split";

static vsh_error err;
static vsh_model model; /* large: one of each for all tests */
static vsh_op_list whole, one;

static void read_model(const char *path)
{
    REQUIRE_OK(vsh_model_read(vsh_test_arena(), path, &model, &err), &err);
}

static void lower(const vsh_work *work, vsh_op_list *ops)
{
    REQUIRE_OK(vsh_lower(&model, work, ops, &err), &err);
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

static const vsh_op *find(const vsh_op_list *ops, const char *name, vsh_phase phase)
{
    for (int i = 0; i < ops->count; i++)
        if (ops->item[i].phase == phase && strcmp(ops->item[i].name, name) == 0)
            return &ops->item[i];
    return NULL;
}

static const vsh_op *network(const char *name)
{
    const vsh_op *op = find(&one, name, VSH_COMMUNICATION);

    if (!op)
        fprintf(stderr, "no collective %s\n", name);
    REQUIRE(op != NULL);
    return op;
}

static int collectives(const vsh_op_list *ops)
{
    int count = 0;

    for (int i = 0; i < ops->count; i++)
        count += ops->item[i].kind == VSH_OP_COLLECTIVE;
    return count;
}

/* Executions, or bytes, of a kind of collective along an axis, in the layers. */
static int64_t times(vsh_collective collective, vsh_mesh_axis axis)
{
    int64_t sum = 0;

    for (int i = 0; i < one.count; i++)
        if (one.item[i].kind == VSH_OP_COLLECTIVE && one.item[i].collective == collective &&
            one.item[i].axis == axis && strncmp(one.item[i].name, "layer.", 6) == 0)
            sum += one.item[i].count;
    return sum;
}

static vsh_work training(int64_t seq)
{
    vsh_work work = vsh_work_default(seq);

    work.sequences = 2;
    work.recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    return work;
}

/* ---- the parts make the whole ---------------------------------------------------------------- */

static const vsh_split splits[] = {
    {.tensor = 2},
    {.tensor = 2, .sequence = true},
    {.tensor = 4, .sequence = true, .context = 2},
    {.tensor = 8, .sequence = true, .data = 4, .zero = 1},
    {.context = 4},
    {.expert = 4, .data = 4},
    {.tensor = 2, .sequence = true, .context = 2, .expert = 8, .data = 8, .zero = 3},
    {.tensor = 4, .sequence = true, .whole_vocab = true, .data = 2, .zero = 3},
    {.tensor = 8, .sequence = true, .data = 4, .zero = 3, .resident = true},
    {.tensor = 16, .context = 2}};
enum { SPLIT_COUNT = sizeof splits / sizeof splits[0] };

/* Every operation of one chip, times the chips of a replica, against the whole. */
static void check_sum(const vsh_split *split)
{
    int64_t chips = vsh_ways(split->tensor) * vsh_ways(split->context);

    for (int i = 0; i < whole.count; i++) {
        const vsh_op *op = &whole.item[i], *part = find(&one, op->name, op->phase);
        if (!part)
            fprintf(stderr, "%s: %s is gone\n", model.name, op->name);
        REQUIRE(part != NULL);
        CHECK_INT(part->model_macs * chips, op->model_macs);
        CHECK(part->executed_macs * chips >= op->model_macs || op->phase == VSH_RECOMPUTE);
    }
}

static void check_every_split(void)
{
    vsh_work work = training(4096);

    work.recompute = VSH_RECOMPUTE_FULL;
    lower(&work, &whole);
    for (int i = 0; i < SPLIT_COUNT; i++) {
        vsh_work split = work;
        split.split = splits[i];
        if (vsh_lower(&model, &split, &one, &err) != VSH_OK)
            continue;
        check_sum(&splits[i]);
        CHECK_INT(one.count - collectives(&one), whole.count);
    }
}

static void the_macs_of_all_chips_add_up_to_those_of_the_model(void)
{
    for_each_model(check_every_split);
}

static void check_unique_names(void)
{
    vsh_work work = training(4096);

    work.recompute = VSH_RECOMPUTE_FULL;
    for (int i = 0; i < SPLIT_COUNT; i++) {
        work.split = splits[i];
        if (vsh_lower(&model, &work, &one, &err) != VSH_OK)
            continue;
        for (int j = 0; j < one.count; j++)
            CHECK(find(&one, one.item[j].name, one.item[j].phase) == &one.item[j]);
    }
}

static void name_and_phase_tell_every_operation_apart(void) { for_each_model(check_unique_names); }

static void check_no_split(void)
{
    vsh_work work = training(512);

    lower(&work, &whole);
    work.split =
        (vsh_split){.tensor = 1, .sequence = true, .context = 1, .expert = 1, .data = 1, .zero = 3};
    work.stage = (vsh_stage){0, model.layers, true, true};
    lower(&work, &one);
    CHECK_INT(collectives(&one), 0);
    CHECK_INT(one.count, whole.count);
    CHECK(memcmp(one.item, whole.item, (size_t)one.count * sizeof one.item[0]) == 0);
}

static void ones_and_the_whole_stage_change_nothing(void) { for_each_model(check_no_split); }

/* The layers in three unequal stages. */
static void check_stages(void)
{
    int64_t cut[] = {0, model.layers / 3, model.layers / 3 + model.layers / 2, model.layers};
    double macs = 0, saved = 0, all_saved = 0;
    int64_t updated = 0, want;
    vsh_work work = training(512);

    lower(&work, &whole);
    want = find(&whole, "optimizer", VSH_OPTIMIZER)->n;
    for (int i = 0; i < 3; i++) {
        work.stage = (vsh_stage){cut[i], cut[i + 1] - cut[i], i == 0, i == 2};
        if (cut[i + 1] == cut[i] || vsh_lower(&model, &work, &one, &err) != VSH_OK)
            return; /* exits and shared keys may not be cut */
        macs += vsh_ops_step_model_flops(&one).v;
        updated += find(&one, "optimizer", VSH_OPTIMIZER)->n;
        for (int j = 0; j < one.count; j++)
            saved += one.item[j].saved.v;
        CHECK_INT(find(&one, "stage.in.back", VSH_COMMUNICATION) != NULL, i != 0);
        CHECK_INT(find(&one, "stage.out", VSH_COMMUNICATION) != NULL, i != 2);
        CHECK_INT(find(&one, "embed.tied", VSH_COMMUNICATION) != NULL, model.tied && i != 1);
    }
    for (int j = 0; j < whole.count; j++)
        all_saved += whole.item[j].saved.v;
    CHECK_NEAR(macs, vsh_ops_step_model_flops(&whole).v, 1e-15, 0);
    CHECK_NEAR(saved, all_saved, 1e-15, 0);
    CHECK_INT(updated, want + (model.tied ? model.vocab * model.embedding_dim : 0));
}

static void the_stages_of_a_pipeline_add_up_to_the_model(void) { for_each_model(check_stages); }

static void a_stage_of_dense_layers_has_no_experts(void)
{
    vsh_work work = training(512);

    read_model("models/deepseek-v3.yaml");
    work.stage = (vsh_stage){0, 3, true, false};
    lower(&work, &one);
    CHECK(find(&one, "dense.mlp.up", VSH_FORWARD) != NULL);
    CHECK(find(&one, "moe.expert.up", VSH_FORWARD) == NULL);
    work.stage.layers = 5;
    lower(&work, &one);
    CHECK_INT(find(&one, "dense.mlp.up", VSH_FORWARD)->count, 3);
    CHECK_INT(find(&one, "moe.router", VSH_FORWARD)->count, 2);
}

/* ---- the shapes of a chip -------------------------------------------------------------------- */

static void tensor_parallelism_divides_one_side_of_every_matrix(void)
{
    vsh_work work = training(1024);
    const vsh_op *op;

    read_model("models/llama3-8b.yaml");
    work.split.tensor = 8;
    lower(&work, &one);
    op = find(&one, "layer.attn.qkv", VSH_FORWARD);
    CHECK_INT(op->n, (32 + 2 * 8) * 128 / 8);
    CHECK_INT(op->k, 4096);
    CHECK_INT(op->m, 2048);
    op = find(&one, "layer.attn.out", VSH_FORWARD);
    CHECK_INT(op->n, 4096);
    CHECK_INT(op->k, 512);
    op = find(&one, "layer.mlp.down", VSH_FORWARD);
    CHECK_INT(op->k, 14336 / 8);
    CHECK_INT(find(&one, "layer.attn.scores", VSH_FORWARD)->count, 32 * 2 * 32 / 8);
    CHECK_INT(find(&one, "head.logits", VSH_FORWARD)->n, 129024 / 8); /* 126 x 1024 */
}

static void keys_that_more_chips_than_heads_share_are_made_twice(void)
{
    vsh_work work = training(1024);
    const vsh_op *op;

    read_model("models/llama3-8b.yaml");
    work.split.tensor = 16;
    lower(&work, &one);
    op = find(&one, "layer.attn.qkv", VSH_FORWARD);
    CHECK_INT(op->n, (2 + 2 * 1) * 128);
    CHECK_INT(op->executed_macs, 32LL * 2048 * 4096 * 4 * 128);
    CHECK_INT(op->model_macs, 32LL * 2048 * 4096 * 3 * 128);
}

static void a_chip_of_the_context_axis_has_its_part_of_every_sequence(void)
{
    vsh_work work = training(4096);
    const vsh_op *op;

    read_model("models/llama3-8b.yaml");
    work.split.context = 4;
    lower(&work, &one);
    op = find(&one, "layer.attn.scores", VSH_FORWARD);
    CHECK_INT(op->m, 1024);
    CHECK_INT(op->n, 4096);
    CHECK_INT(op->model_macs, 32LL * 2 * 32 * 128 * (4096LL * 4097 / 2 / 4));
    CHECK_INT(find(&one, "layer.mlp.up", VSH_FORWARD)->m, 2 * 1024);
    /* K and V of whole sequences, once forward; once more, and their gradients, backward */
    CHECK_NEAR(network("layer.attn.kv.ring")->bytes.v, 32.0 * 2 * 4096 * 2 * 8 * 128 * 2, 0, 0);
    CHECK_INT(network("layer.attn.kv.ring.more")->collective, VSH_ALL_GATHER);
    CHECK_INT(network("layer.attn.kv.ring.back")->collective, VSH_REDUCE_SCATTER);
}

static void experts_take_as_many_rows_as_are_sent_away(void)
{
    vsh_work work = training(1024);
    const vsh_op *op;

    read_model("models/mixtral-8x7b.yaml");
    lower(&work, &whole);
    work.split = (vsh_split){.expert = 8, .data = 8};
    lower(&work, &one);
    op = find(&one, "layer.expert.up", VSH_FORWARD);
    CHECK_INT(op->count, 32);
    CHECK_INT(op->m, 2048 * 2);
    CHECK_INT(op->model_macs, find(&whole, "layer.expert.up", VSH_FORWARD)->model_macs);
    CHECK_NEAR(network("layer.dispatch.net")->bytes.v, 32.0 * 2048 * 2 * 4096 * 2, 0, 0);
    CHECK_INT(times(VSH_ALL_TO_ALL, VSH_MESH_EXPERT), 4 * 32);
    /* all of the replicas have the router, one has an expert */
    CHECK(find(&one, "expert.gradients", VSH_COMMUNICATION) == NULL);
    CHECK_INT(network("gradients")->ranks, 8);
    work.split.data = 16;
    lower(&work, &one);
    CHECK_INT(network("expert.gradients")->ranks, 2);
    CHECK_INT(network("gradients")->ranks, 16);
}

/* ---- what goes between chips ----------------------------------------------------------------- */

/* Shoeybi et al. 2019: two all-reduces of b s h forward and two backward, a layer. */
static void a_layer_has_four_all_reduces(void)
{
    vsh_work work = training(1024);

    read_model("models/gpt3-175b.yaml");
    work.split.tensor = 8;
    lower(&work, &one);
    CHECK_INT(times(VSH_ALL_REDUCE, VSH_MESH_TENSOR), 4 * 96);
    CHECK_INT(times(VSH_ALL_GATHER, VSH_MESH_TENSOR), 0);
    CHECK_NEAR(network("layer.attn.sum")->bytes.v, 96.0 * 2048 * 12288 * 2, 0, 0);
    CHECK_INT(network("layer.mlp.in.back")->during, VSH_DGRAD);
    work.recompute = VSH_RECOMPUTE_FULL;
    lower(&work, &one);
    CHECK_INT(times(VSH_ALL_REDUCE, VSH_MESH_TENSOR), 6 * 96);
    work.recompute = VSH_RECOMPUTE_SELECTIVE;
    lower(&work, &one);
    CHECK_INT(times(VSH_ALL_REDUCE, VSH_MESH_TENSOR), 4 * 96);
}

/* Korthikanti et al. 2022: four of each; two more gathers that hide behind the backward pass. */
static void sequence_parallelism_gathers_and_scatters_in_their_place(void)
{
    vsh_work work = training(1024);

    read_model("models/gpt3-175b.yaml");
    work.split = (vsh_split){.tensor = 8, .sequence = true};
    lower(&work, &one);
    CHECK_INT(times(VSH_ALL_REDUCE, VSH_MESH_TENSOR), 0);
    CHECK_INT(times(VSH_ALL_GATHER, VSH_MESH_TENSOR), 6 * 96);
    CHECK_INT(times(VSH_REDUCE_SCATTER, VSH_MESH_TENSOR), 4 * 96);
    CHECK(network("layer.mlp.in.more")->roles & VSH_ROLE_AHEAD);
    CHECK_INT(find(&one, "layer.norm", VSH_FORWARD)->m, 256);
    CHECK_INT(find(&one, "layer.residual", VSH_FORWARD)->m, 256);
}

static double data_bytes(unsigned roles)
{
    double sum = 0;

    for (int i = 0; i < one.count; i++)
        if (one.item[i].kind == VSH_OP_COLLECTIVE && one.item[i].axis == VSH_MESH_DATA &&
            (one.item[i].roles & VSH_ROLE_ONCE) == roles)
            sum += one.item[i].bytes.v;
    return sum;
}

/* Rajbhandari et al. 2020 section 7: an all-reduce is two passes over the gradients; stages 1 and 2
 * replace it by a reduction and a gather, stage 3 gathers twice and reduces once. */
static void zero_moves_the_bytes_of_its_paper(void)
{
    vsh_work work = training(1024);
    vsh_parameters parameters;
    double bytes;

    read_model("models/llama3-8b.yaml");
    REQUIRE_OK(vsh_count_parameters(&model, &parameters, &err), &err);
    bytes = 2 * (double)parameters.total;
    for (int stage = 0; stage <= 3; stage++) {
        static const double passes[][2] = {{1, 0}, {2, 0}, {1, 1}, {0, 3}};
        work.split = (vsh_split){.data = 8, .zero = stage};
        lower(&work, &one);
        CHECK_NEAR(data_bytes(VSH_ROLE_ONCE), passes[stage][0] * bytes, 1e-15, 0);
        CHECK_NEAR(data_bytes(0), passes[stage][1] * bytes, 1e-15, 0);
        CHECK_INT(find(&one, "optimizer", VSH_OPTIMIZER)->n,
                  stage ? (parameters.total + 7) / 8 : parameters.total);
    }
    work.split.resident = true;
    lower(&work, &one);
    CHECK_NEAR(data_bytes(VSH_ROLE_ONCE), 2 * bytes, 1e-15, 0);
    CHECK_NEAR(data_bytes(0), 0, 0, 0);
    work.recipe = NULL;
    lower(&work, &one);
    CHECK_INT(collectives(&one), 0);
}

static void stages_send_the_activations_of_their_border(void)
{
    vsh_work work = training(1024);

    read_model("models/gpt3-175b.yaml");
    work.stage = (vsh_stage){24, 24, false, false};
    work.split = (vsh_split){.tensor = 8, .sequence = true};
    lower(&work, &one);
    CHECK_NEAR(network("stage.out")->bytes.v, 2.0 * 256 * 12288, 0, 0);
    CHECK_NEAR(network("stage.in.back")->bytes.v, 2.0 * 256 * 12288, 0, 0);
    CHECK(find(&one, "stage.in", VSH_COMMUNICATION) == NULL);
}

/* ---- the parameters of a chip ---------------------------------------------------------------- */

static void check_shares(void)
{
    vsh_parameters parameters;
    vsh_stage all = {0};
    vsh_share alone = vsh_share_stage(&model, &(vsh_split){0}, &all), share;
    vsh_split split = {.tensor = 2, .expert = 2};

    REQUIRE_OK(vsh_count_parameters(&model, &parameters, &err), &err);
    CHECK_INT(alone.sharded + alone.replicated + alone.experts, parameters.total);
    if (vsh_split_check(&model, &split, &all, 512, &err) != VSH_OK || model.experts.expert_bias)
        return;
    share = vsh_share_stage(&model, &split, &all);
    CHECK_INT(share.replicated, alone.replicated);
    CHECK_INT(4 * share.experts, alone.experts);
    if (model.vocab % 256 == 0)
        CHECK_INT(2 * share.sharded, alone.sharded);
}

static void a_chip_holds_its_part_of_the_parameters(void) { for_each_model(check_shares); }

/* ---- what does not divide -------------------------------------------------------------------- */

static void refuse(vsh_split split, vsh_stage stage, const char *why)
{
    vsh_work work = training(1024);

    work.split = split;
    work.stage = stage;
    CHECK_FAILS(vsh_lower(&model, &work, &one, &err), &err, VSH_EINPUT, why);
}

static void what_does_not_divide_is_refused_by_its_number(void)
{
    vsh_stage all = {0};

    read_model("models/llama3-8b.yaml");
    refuse((vsh_split){.tensor = 3}, all, "heads 32, got 3");
    refuse((vsh_split){.tensor = 64}, all, "heads 32, got 64");
    refuse((vsh_split){.context = 3}, all, "tokens 1024, got 6");
    refuse((vsh_split){.expert = 2}, all, "dense");
    refuse((vsh_split){.tensor = 2, .whole_vocab = true}, all, "ZeRO stage 3");
    refuse((vsh_split){0}, (vsh_stage){30, 3, false, true}, "layers 1 to 32, got 3 from 31");
    model.ffn = 14338;
    refuse((vsh_split){.tensor = 4}, all, "ffn 14338, got 4");
    model.ffn = 14336;
    model.heads = 48;
    model.kv_heads = 6;
    refuse((vsh_split){.tensor = 4}, all, "kv_heads 6, got 4");
    read_model("models/mixtral-8x7b.yaml");
    refuse((vsh_split){.expert = 3}, all, "experts 8, got 3");
    refuse((vsh_split){.expert = 8, .data = 4}, all, "data x context 4, got 8");
    refuse((vsh_split){.tensor = 32, .sequence = true, .context = 64}, all, "tokens 16, got 32");
}

const vsh_test vsh_tests[] = {
    {"the_macs_of_all_chips_add_up_to_those_of_the_model",
     the_macs_of_all_chips_add_up_to_those_of_the_model},
    {"name_and_phase_tell_every_operation_apart", name_and_phase_tell_every_operation_apart},
    {"ones_and_the_whole_stage_change_nothing", ones_and_the_whole_stage_change_nothing},
    {"the_stages_of_a_pipeline_add_up_to_the_model", the_stages_of_a_pipeline_add_up_to_the_model},
    {"a_stage_of_dense_layers_has_no_experts", a_stage_of_dense_layers_has_no_experts},
    {"tensor_parallelism_divides_one_side_of_every_matrix",
     tensor_parallelism_divides_one_side_of_every_matrix},
    {"keys_that_more_chips_than_heads_share_are_made_twice",
     keys_that_more_chips_than_heads_share_are_made_twice},
    {"a_chip_of_the_context_axis_has_its_part_of_every_sequence",
     a_chip_of_the_context_axis_has_its_part_of_every_sequence},
    {"experts_take_as_many_rows_as_are_sent_away", experts_take_as_many_rows_as_are_sent_away},
    {"a_layer_has_four_all_reduces", a_layer_has_four_all_reduces},
    {"sequence_parallelism_gathers_and_scatters_in_their_place",
     sequence_parallelism_gathers_and_scatters_in_their_place},
    {"zero_moves_the_bytes_of_its_paper", zero_moves_the_bytes_of_its_paper},
    {"stages_send_the_activations_of_their_border", stages_send_the_activations_of_their_border},
    {"a_chip_holds_its_part_of_the_parameters", a_chip_holds_its_part_of_the_parameters},
    {"what_does_not_divide_is_refused_by_its_number",
     what_does_not_divide_is_refused_by_its_number},
    {NULL, NULL}};
