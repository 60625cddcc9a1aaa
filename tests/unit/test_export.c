#include "planner/export/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "planner/export/export_feature.h"
#include "planner/export/export_rows.h"
#include "tests/harness.h"

const char vsh_suite[] = "export";

static vsh_error err;
static vsh_export_files files;
static vsh_model model;
static vsh_hardware tpu, gpu, cpu;

#define LLAMA                                                                                      \
    "name: small\nlayers: 8\nhidden: 512\nheads: 8\nkv_heads: 2\nffn: 1536\nmlp: swiglu\n"         \
    "norm: rms\nposition: rotary\nvocab: 4096\ncontext: 1024\ntied: false\n"

static vsh_export_run run_of(const char *text, const vsh_hardware *hardware, int64_t chips,
                             const char *layout)
{
    vsh_export_run run = {.model = &model,
                          .hardware = hardware,
                          .chips = chips,
                          .seq = 1024,
                          .batch = 256,
                          .micro = 2,
                          .precision = VSH_BF16,
                          .flash = true,
                          .seed = 7,
                          .tuned = true,
                          .steps = 5000,
                          .rate = 3 * 1e-4,
                          .schedule = {.warmup_steps = 100,
                                       .cooldown_share = 0.2,
                                       .beta1 = 0.9,
                                       .beta2 = 0.95,
                                       .weight_decay = 0.1,
                                       .clip = 1},
                          .command = "vishwa-plan export"};

    model = vsh_test_model_at(text, __FILE__, __LINE__);
    REQUIRE_OK(vsh_layout_parse(layout, chips, &run.layout, &err), &err);
    tpu = (vsh_hardware){.name = "a TPU", .kind = VSH_TPU, .group = {.known = true, .value = 256}};
    gpu = (vsh_hardware){.name = "a GPU", .kind = VSH_GPU, .group = {.known = true, .value = 8}};
    cpu = (vsh_hardware){.name = "a CPU", .kind = VSH_CPU};
    return run;
}

/* The text of the file i. */
static const char *written(const vsh_export_target *target, const vsh_export_run *run, int i)
{
    files = (vsh_export_files){.arena = vsh_test_arena()};
    REQUIRE_OK(vsh_export_write(target, run, &files, &err), &err);
    REQUIRE(i < files.count);
    return vsh_text_string(&files.item[i].text);
}

static void check_refused(const vsh_export_target *target, const vsh_export_run *run,
                          const char *part)
{
    files = (vsh_export_files){.arena = vsh_test_arena()};
    CHECK_FAILS(vsh_export_write(target, run, &files, &err), &err, VSH_EINPUT, part);
}

static vsh_doc parsed(const char *text)
{
    vsh_doc doc;

    REQUIRE_OK(vsh_doc_parse(vsh_test_arena(), "out", text, strlen(text), &doc, &err), &err);
    return doc;
}
static const char *at(const vsh_doc *doc, const char *key)
{
    const vsh_node *node = vsh_node_get(doc->root, key);

    REQUIRE(node && node->text);
    return node->text;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static void maxtext_says_the_plan_in_yaml(void)
{
    vsh_export_run run = run_of(LLAMA, &tpu, 64, "tp=2,sp=1,cp=2,zero=3");
    vsh_doc doc = parsed(written(&vsh_export_maxtext, &run, 0));

    CHECK_TEXT(at(&doc, "base_num_decoder_layers"), "8");
    CHECK_TEXT(at(&doc, "base_emb_dim"), "512");
    CHECK_TEXT(at(&doc, "base_num_kv_heads"), "2");
    CHECK_TEXT(at(&doc, "base_mlp_dim"), "1536");
    CHECK_TEXT(at(&doc, "vocab_size"), "4096");
    CHECK_TEXT(at(&doc, "logits_via_embedding"), "false");
    CHECK_TEXT(at(&doc, "learning_rate"), "0.0003");
    CHECK_TEXT(at(&doc, "warmup_steps_fraction"), "0.02");
    CHECK_TEXT(at(&doc, "steps"), "5000");
    CHECK_TEXT(at(&doc, "ici_tensor_sequence_parallelism"), "2");
    CHECK_TEXT(at(&doc, "ici_tensor_parallelism"), "1");
    CHECK_TEXT(at(&doc, "ici_context_parallelism"), "2");
    CHECK_TEXT(at(&doc, "ici_fsdp_parallelism"), "16");
}

/* Whatever the layout, the axes multiply to the chips and the batch is the plan's. */
static void axes_of_maxtext_multiply_to_the_chips(void)
{
    static const char *const layouts[] = {"zero=3", "tp=4,zero=1", "pp=4,zero=3", "ep=8,zero=3",
                                          "tp=2,sp=1,cp=2,pp=2"};
    static const char *const axes[] = {"dcn_data_parallelism",
                                       "dcn_fsdp_parallelism",
                                       "ici_data_parallelism",
                                       "ici_fsdp_parallelism",
                                       "ici_tensor_parallelism",
                                       "ici_context_parallelism",
                                       "ici_tensor_sequence_parallelism",
                                       "ici_expert_parallelism",
                                       "ici_pipeline_parallelism"};

    for (size_t l = 0; l < sizeof layouts / sizeof layouts[0]; l++) {
        vsh_export_run run =
            run_of(LLAMA "experts: {count: 8, top_k: 2, hidden: 768}\n", &tpu, 512, layouts[l]);
        vsh_doc doc;
        double chips = 1;

        run.batch = 2048;
        doc = parsed(written(&vsh_export_maxtext, &run, 0));
        for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++)
            chips *= atof(at(&doc, axes[i]));
        CHECK_NEAR(chips, 512, 0, 0);
        CHECK_NEAR(512 * atof(at(&doc, "per_device_batch_size")) *
                       atof(at(&doc, "gradient_accumulation_steps")),
                   2048, 1e-12, 0);
    }
}

static void megatron_says_the_plan_in_flags(void)
{
    vsh_export_run run = run_of(LLAMA, &gpu, 64, "tp=2,sp=1,pp=2,interleave=2,zero=1");
    const char *text = written(&vsh_export_megatron, &run, 0);

    CHECK_HAS(text, "    --num-layers 8 \\\n");
    CHECK_HAS(text, "    --num-query-groups 2 \\\n");
    CHECK_HAS(text, "    --lr 0.0003 \\\n");
    CHECK_HAS(text, "    --lr-wsd-decay-iters 1000 \\\n");
    CHECK_HAS(text, "    --global-batch-size 256 \\\n    --train-iters 5000 \\\n");
    CHECK_HAS(text, "    --tensor-model-parallel-size 2 \\\n    --sequence-parallel \\\n");
    CHECK_HAS(text, "    --num-virtual-stages-per-pipeline-rank 2 \\\n");
    CHECK_HAS(text, "    --use-distributed-optimizer \\\n");
    CHECK_HAS(text, "CUDA_DEVICE_MAX_CONNECTIONS=1");
    CHECK(!strstr(text, "--num-experts"));
    run = run_of(LLAMA, &gpu, 64, "zero=3");
    text = written(&vsh_export_megatron, &run, 0);
    CHECK_HAS(text, "--data-parallel-sharding-strategy 'optim_grads_params'");
    CHECK_HAS(text, "--ckpt-format 'fsdp_dtensor'");
    CHECK(!strstr(text, "CUDA_DEVICE_MAX_CONNECTIONS=1"));
}

/* What the plan counted is what the run will hold. */
static void megatron_keeps_gradients_as_wide_as_the_recipe(void)
{
    vsh_export_run run = run_of(LLAMA, &gpu, 64, "zero=1");

    run.gradient_bytes = vsh_recipe_for(VSH_BF16, VSH_ADAMW)->gradients;
    CHECK_HAS(written(&vsh_export_megatron, &run, 0), "    --grad-reduce-in-bf16 \\\n");
    run.precision = VSH_FP16;
    CHECK(!strstr(written(&vsh_export_megatron, &run, 0), "--grad-reduce-in-bf16"));
    run.precision = VSH_BF16;
    run.gradient_bytes = 4;
    CHECK(!strstr(written(&vsh_export_megatron, &run, 0), "--grad-reduce-in-bf16"));
}

static void layers_that_differ_are_a_pattern(void)
{
    vsh_export_run run =
        run_of(LLAMA "experts: {count: 8, top_k: 2, hidden: 768, first_dense: 3}\n", &gpu, 8,
               "ep=8,zero=1");
    const char *text = written(&vsh_export_megatron, &run, 0);

    CHECK_HAS(text, "--moe-layer-freq '[0]*3+[1]*5'");
    CHECK_HAS(text, "--moe-token-dispatcher-type 'alltoall'");
    run = run_of(LLAMA "window: 128\nfull_every: 4\n", &gpu, 8, "zero=1");
    text = written(&vsh_export_megatron, &run, 0);
    CHECK_HAS(text, "--window-size '127,0'");
    CHECK_HAS(text, "--window-attn-skip-freq '");
}

/* torchtitan's own rule for the width of llama3's MLP, models/llama3/model/model.py. */
static int64_t llama_width(int64_t hidden, int64_t multiple, double multiplier)
{
    int64_t width = 2 * (4 * hidden) / 3;

    if (multiplier > 0)
        width = (int64_t)(multiplier * (double)width);
    return multiple * ((width + multiple - 1) / multiple);
}

static void torchtitan_builds_the_width_of_the_plan(void)
{
    static const int64_t widths[] = {64, 512, 1024, 1365, 1366, 1408, 4096};

    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        char text[400];
        const char *out, *factor;
        vsh_export_run run;

        snprintf(text, sizeof text, "%.*s%lld%s", (int)(strstr(LLAMA, "1536") - LLAMA), LLAMA,
                 (long long)widths[i], strstr(LLAMA, "1536") + 4);
        run = run_of(text, &gpu, 8, "zero=3");
        out = written(&vsh_export_torchtitan, &run, 1);
        CHECK_HAS(out, "llama3_args[\"vishwa\"] = TransformerModelArgs(");
        factor = strstr(out, "ffn_dim_multiplier=");
        CHECK_INT(llama_width(512, widths[i], factor ? atof(strchr(factor, '=') + 1) : 0),
                  widths[i]);
    }
}

static void torchtitan_takes_tied_heads_and_experts_to_qwen(void)
{
    vsh_export_run run =
        run_of(LLAMA "experts: {count: 8, top_k: 2, hidden: 768}\n", &gpu, 8, "ep=4,zero=3");
    const char *text = written(&vsh_export_torchtitan, &run, 1);

    CHECK_HAS(text, "qwen3_args[\"vishwa\"] = Qwen3ModelArgs(");
    CHECK_HAS(text, "    moe_inter_dim=768,\n");
    CHECK_HAS(text, "MoEArgs(num_experts=8, num_shared_experts=0, top_k=2");
    CHECK_HAS(vsh_text_string(&files.item[0].text), "expert_parallel_degree = 4\n");
}

static void slurm_counts_nodes_and_minutes(void)
{
    vsh_export_run run = run_of(LLAMA, &gpu, 32, "zero=1");
    const char *text;

    run.hours_most = 30; /* 33 hours with the margin */
    text = written(&vsh_export_slurm, &run, 0);
    CHECK_HAS(text, "#SBATCH --nodes=4\n#SBATCH --ntasks-per-node=8\n#SBATCH --gpus-per-node=8\n"
                    "#SBATCH --time=1-09:00:00\n");
    CHECK_INT(files.count, 2);
    CHECK_TEXT(files.item[1].name, "megatron.sh");
    run.launch = &vsh_export_torchtitan;
    run.layout.split.zero = 3;
    run.hours_most = 0;
    text = written(&vsh_export_slurm, &run, 0);
    CHECK_HAS(text, "-m torchtitan.train");
    CHECK_HAS(text, "--time\n"); /* to be filled in */
    run = run_of(LLAMA, &gpu, 12, "zero=1");
    run.batch = 24;
    check_refused(&vsh_export_slurm, &run, "whole nodes of 8 chips, got 12");
}

static void what_is_not_decided_is_left_out(void)
{
    vsh_export_run run = run_of(LLAMA, &gpu, 8, "zero=3");
    const char *text;

    run.tuned = false;
    text = written(&vsh_export_megatron, &run, 0);
    CHECK(!strstr(text, "--lr"));
    CHECK(!strstr(text, "--train-iters"));
    CHECK(!strstr(text, "--weight-decay"));
    text = written(&vsh_export_torchtitan, &run, 0);
    CHECK(!strstr(text, "lr_scheduler"));
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void what_a_system_cannot_be_told_is_refused_by_name(void)
{
    static const struct {
        const char *line, *part;
    } extra[] = {{"cross_layer: 2\n", "cross-layer attention"},
                 {"exits: [4]\n", "early exits"},
                 {"window: 64\n", "sliding-window attention"},
                 {"qk_norm: full\n", "over all heads"}};

    for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        char text[500];
        vsh_export_run run;

        snprintf(text, sizeof text, "%s%s", LLAMA, extra[i].line);
        run = run_of(text, &tpu, 8, "zero=3");
        check_refused(&vsh_export_maxtext, &run, extra[i].part);
        run.hardware = &gpu;
        check_refused(&vsh_export_torchtitan, &run, extra[i].part);
    }
}

static void layouts_that_a_system_lacks_are_refused(void)
{
    vsh_export_run run = run_of(LLAMA, &gpu, 8, "zero=1");

    check_refused(&vsh_export_torchtitan, &run, "ZeRO stage 1");
    run = run_of(LLAMA, &gpu, 8, "tp=2,zero=3");
    check_refused(&vsh_export_torchtitan, &run, "sp=0");
    run = run_of(LLAMA, &gpu, 8, "tp=2,sp=1,zero=0");
    check_refused(&vsh_export_torchtitan, &run, "zero: expected 2 or 3");
    run = run_of(LLAMA, &tpu, 8, "zero=2");
    check_refused(&vsh_export_maxtext, &run, "ZeRO stage 2");
    run = run_of(LLAMA, &gpu, 24, "pp=3");
    check_refused(&vsh_export_megatron, &run, "divisor of 8 layers, got 3");
    run = run_of(LLAMA, &tpu, 8, "zero=3");
    check_refused(&vsh_export_megatron, &run, "a TPU is a tpu");
    check_refused(&vsh_export_slurm, &run, "a TPU is a tpu");
    run = run_of(LLAMA, &gpu, 8, "zero=3");
    check_refused(&vsh_export_maxtext, &run, "a GPU is a gpu");
    run.launch = &vsh_export_maxtext;
    check_refused(&vsh_export_slurm, &run, "--for: expected megatron");
}

/* ---- text from elsewhere ------------------------------------------------------------------- */

static const char hostile[] =
    "x'\"$(touch pwned)`touch pwned`\\\n--lr 9\r\t\xe2\x80\xa8steps: 9\xc2\x85"
    "seed: 9\n#SBATCH --partition=evil";

static void a_name_stays_in_its_comment(void)
{
    for (int t = 0; t < VSH_EXPORT_TARGETS; t++) {
        const vsh_export_target *target = vsh_export_targets[t];
        vsh_export_run run = run_of(LLAMA, &gpu, 8, "zero=3");

        /* what a file may call a model has no control characters (core/doc.c), and vishwa-train's
         * configuration has the name as a text, not in a comment alone */
        model.name = target == &vsh_export_vishwa_train ? "x'$(touch pwned)" : hostile;
        run.command = hostile;
        run.hardware = target == &vsh_export_maxtext ? &tpu : &gpu;
        tpu.name = gpu.name = hostile;
        for (int f = 0; written(target, &run, 0) && f < files.count; f++) {
            const char *text = vsh_text_string(&files.item[f].text);
            CHECK(!strstr(text, "\n--lr 9"));
            CHECK(!strstr(text, "\n#SBATCH --partition=evil"));
            CHECK(!strstr(text, "\xe2\x80\xa8steps"));
        }
    }
}

static void a_hostile_name_changes_nothing_that_yaml_reads(void)
{
    vsh_export_run run = run_of(LLAMA, &tpu, 8, "zero=3");
    vsh_doc doc;

    model.name = run.command = tpu.name = hostile;
    doc = parsed(written(&vsh_export_maxtext, &run, 0));
    CHECK_TEXT(at(&doc, "steps"), "5000");
    CHECK_TEXT(at(&doc, "learning_rate"), "0.0003");
}

static void words_are_quoted_for_each_language(void)
{
    vsh_text out = {.arena = vsh_test_arena()};

    vsh_quote_shell("a'b$(c)", &out);
    CHECK_TEXT(vsh_text_string(&out), "'a'\\''b$(c)'");
    out = (vsh_text){.arena = vsh_test_arena()};
    vsh_quote_double("a\"b\\c\n", &out);
    CHECK_TEXT(vsh_text_string(&out), "\"a\\\"b\\\\c\\u000a\"");
}

static void reals_have_a_point_and_no_noise(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{3 * 1e-4, "0.0003"}, {1e-5, "1.0e-05"}, {1, "1.0"},           {0, "0.0"},
                 {0.02, "0.02"},       {1e20, "1.0e+20"}, {1.25e-7, "1.25e-07"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vsh_text out = {.arena = vsh_test_arena()};
        vsh_say_real(&out, cases[i].value);
        CHECK_TEXT(vsh_text_string(&out), cases[i].text);
    }
}

/* ---- the list of keys ---------------------------------------------------------------------- */

/* Each of `word` of a line stands in the documentation's table as `word`. */
static void check_documented(const char *docs, const char *word, size_t length)
{
    char quoted[100];

    snprintf(quoted, sizeof quoted, "`%.*s`", (int)length, word);
    CHECK_TEXT(strstr(docs, quoted) ? quoted : "not in docs/export.md", quoted);
}

/* Lines of a file that begin with a key, after these blanks and up to one of these characters. */
static void check_keys(const char *docs, const char *text, const char *before, const char *ends)
{
    size_t skip = strlen(before);

    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t length = strncmp(line, before, skip) ? 0 : strcspn(line + skip, ends);
        if (length && !strchr("#\n[ ", line[skip]))
            check_documented(docs, line + skip, length);
    }
}

static void every_key_is_in_the_documentation(void)
{
    vsh_text docs = {.arena = vsh_test_arena()};
    vsh_export_run run;
    const char *all;
    char *flags;

    REQUIRE_OK(vsh_file_read("docs/export.md", &docs, &err), &err);
    all = vsh_text_string(&docs);
    run = run_of(LLAMA "experts: {count: 8, top_k: 2, hidden: 768, capacity: 1.25}\n", &tpu, 64,
                 "tp=2,pp=2,zero=1");
    run.precision = VSH_INT8;
    check_keys(all, written(&vsh_export_maxtext, &run, 0), "", ":");
    run = run_of(
        LLAMA "experts: {count: 8, top_k: 2, hidden: 768, first_dense: 1, shared: 1}\nbias: qkv\n",
        &gpu, 64, "tp=2,sp=1,pp=2,interleave=2,ep=8,zero=3");
    run.recompute = VSH_RECOMPUTE_FULL;
    written(&vsh_export_megatron, &run, 0);
    flags = strstr(files.item[0].text.data, "set --");
    REQUIRE(flags && strstr(flags, "    \"$@\""));
    *strstr(flags, "    \"$@\"") = '\0';
    check_keys(all, flags, "    ", " ");
    run = run_of(LLAMA, &gpu, 64, "tp=2,sp=1,pp=2,zero=3");
    check_keys(all, written(&vsh_export_torchtitan, &run, 0), "", " =");
    check_keys(all, vsh_text_string(&files.item[1].text), "    ", "=");
}

const vsh_test vsh_tests[] = {
    {"maxtext_says_the_plan_in_yaml", maxtext_says_the_plan_in_yaml},
    {"axes_of_maxtext_multiply_to_the_chips", axes_of_maxtext_multiply_to_the_chips},
    {"megatron_says_the_plan_in_flags", megatron_says_the_plan_in_flags},
    {"megatron_keeps_gradients_as_wide_as_the_recipe",
     megatron_keeps_gradients_as_wide_as_the_recipe},
    {"layers_that_differ_are_a_pattern", layers_that_differ_are_a_pattern},
    {"torchtitan_builds_the_width_of_the_plan", torchtitan_builds_the_width_of_the_plan},
    {"torchtitan_takes_tied_heads_and_experts_to_qwen",
     torchtitan_takes_tied_heads_and_experts_to_qwen},
    {"slurm_counts_nodes_and_minutes", slurm_counts_nodes_and_minutes},
    {"what_is_not_decided_is_left_out", what_is_not_decided_is_left_out},
    {"what_a_system_cannot_be_told_is_refused_by_name",
     what_a_system_cannot_be_told_is_refused_by_name},
    {"layouts_that_a_system_lacks_are_refused", layouts_that_a_system_lacks_are_refused},
    {"a_name_stays_in_its_comment", a_name_stays_in_its_comment},
    {"a_hostile_name_changes_nothing_that_yaml_reads",
     a_hostile_name_changes_nothing_that_yaml_reads},
    {"words_are_quoted_for_each_language", words_are_quoted_for_each_language},
    {"reals_have_a_point_and_no_noise", reals_have_a_point_and_no_noise},
    {"every_key_is_in_the_documentation", every_key_is_in_the_documentation},
    {NULL, NULL}};
