#include <assert.h>
#include <inttypes.h>

#include "planner/export/export_feature.h"
#include "planner/export/export_rows.h"

/* pytorch/torchtitan, while its configuration was TOML (to v0.2): torchtitan/config/job_config.py
 * for the run; the model's figures stand in Python, torchtitan/models/NAME/model/args.py, so a
 * second file adds them as a flavor by way of experimental.custom_import. Every key here was there
 * at both commits of .version. */

/* llama3 knows pipelines; qwen3 knows experts, tied heads, norms of queries, any head width. */
static bool is_llama(const vsh_export_run *r)
{
    const vsh_model *m = r->model;

    return !m->tied && m->qk_norm == VSH_QK_NORM_NONE && m->heads * m->head_dim == m->hidden &&
           !vsh_export_has(r, VSH_HAS_EXPERTS);
}
static const char *model_name(const vsh_export_run *r) { return is_llama(r) ? "llama3" : "qwen3"; }

/* ---- the run ----------------------------------------------------------------------------------
 */

static bool sharded(const vsh_export_run *r)
{
    return vsh_export_has(r, VSH_HAS_ZERO_2) || vsh_export_has(r, VSH_HAS_ZERO_3);
}
static bool piped(const vsh_export_run *r) { return r->layout.pp > 1; }
static int64_t replica_batch(const vsh_export_run *r)
{
    return piped(r) ? r->batch / r->layout.split.data : r->micro;
}

VSH_ROW(name, vsh_say_word(out, model_name(r)))
VSH_ROW(flavor, vsh_say_word(out, "vishwa"))
VSH_ROW(custom, vsh_say_word(out, "vishwa_model"))
VSH_ROW(optimizer, vsh_say_word(out, "AdamW"))
VSH_ROW(linear, r->tuned &&vsh_say_word(out, "linear"))
VSH_ROW(least, r->tuned &&vsh_say_real(out, 0))
VSH_ROW(local_batch, vsh_say_whole(out, replica_batch(r)))
VSH_ROW(param, vsh_say_word(out, r->precision == VSH_FP32 ? "float32" : "bfloat16"))
VSH_ROW(replicate, vsh_say_whole(out, sharded(r) ? 1 : r->layout.split.data))
VSH_ROW(shard, vsh_say_whole(out, sharded(r) ? r->layout.split.data : 1))
VSH_ROW(reshard, sharded(r) && vsh_say_word(out, r->layout.split.zero == 2 ? "never" : "always"))
VSH_ROW(schedule,
        piped(r) && vsh_say_word(out, r->layout.interleave > 1 ? "Interleaved1F1B" : "1F1B"))
VSH_ROW(stage_layers,
        piped(r) && vsh_say_whole(out, r->model->layers / r->layout.pp / r->layout.interleave))
VSH_ROW(less_layers, piped(r) && vsh_say_whole(out, 0))
VSH_ROW(stage_micro, piped(r) && vsh_row_micro(r, out))
/* "selective" keeps the products' results, the nearest to recomputing attention's core alone. */
VSH_ROW(mode, vsh_say_word(out, vsh_recompute_words[r->recompute]))
VSH_ROW(option, r->recompute == VSH_RECOMPUTE_SELECTIVE && vsh_say_word(out, "op"))

static const vsh_export_row rows[] = {
    {"model", "name", VSH_ROW_TEXT, name},
    {"model", "flavor", VSH_ROW_TEXT, flavor},
    {"experimental", "custom_import", VSH_ROW_TEXT, custom},
    {"optimizer", "name", VSH_ROW_TEXT, optimizer},
    {"optimizer", "lr", VSH_ROW_NUMBER, vsh_row_rate},
    {"optimizer", "beta1", VSH_ROW_NUMBER, vsh_row_beta1},
    {"optimizer", "beta2", VSH_ROW_NUMBER, vsh_row_beta2},
    {"optimizer", "weight_decay", VSH_ROW_NUMBER, vsh_row_decay},
    {"lr_scheduler", "warmup_steps", VSH_ROW_NUMBER, vsh_row_warmup},
    {"lr_scheduler", "decay_ratio", VSH_ROW_NUMBER, vsh_row_cooldown},
    {"lr_scheduler", "decay_type", VSH_ROW_TEXT, linear},
    {"lr_scheduler", "min_lr_factor", VSH_ROW_NUMBER, least},
    {"training", "seq_len", VSH_ROW_NUMBER, vsh_row_seq},
    {"training", "local_batch_size", VSH_ROW_NUMBER, local_batch},
    {"training", "global_batch_size", VSH_ROW_NUMBER, vsh_row_batch},
    {"training", "max_norm", VSH_ROW_NUMBER, vsh_row_clip},
    {"training", "steps", VSH_ROW_NUMBER, vsh_row_steps},
    {"training", "mixed_precision_param", VSH_ROW_TEXT, param},
    {"parallelism", "data_parallel_replicate_degree", VSH_ROW_NUMBER, replicate},
    {"parallelism", "data_parallel_shard_degree", VSH_ROW_NUMBER, shard},
    {"parallelism", "fsdp_reshard_after_forward", VSH_ROW_TEXT, reshard},
    {"parallelism", "tensor_parallel_degree", VSH_ROW_NUMBER, vsh_row_tensor},
    {"parallelism", "context_parallel_degree", VSH_ROW_NUMBER, vsh_row_context},
    {"parallelism", "expert_parallel_degree", VSH_ROW_NUMBER, vsh_row_expert_ways},
    {"parallelism", "pipeline_parallel_degree", VSH_ROW_NUMBER, vsh_row_pipeline},
    {"parallelism", "pipeline_parallel_schedule", VSH_ROW_TEXT, schedule},
    {"parallelism", "pipeline_parallel_layers_per_stage", VSH_ROW_NUMBER, stage_layers},
    {"parallelism", "pipeline_parallel_first_stage_less_layers", VSH_ROW_NUMBER, less_layers},
    {"parallelism", "pipeline_parallel_last_stage_less_layers", VSH_ROW_NUMBER, less_layers},
    {"parallelism", "pipeline_parallel_microbatch_size", VSH_ROW_NUMBER, stage_micro},
    {"activation_checkpoint", "mode", VSH_ROW_TEXT, mode},
    {"activation_checkpoint", "selective_ac_option", VSH_ROW_TEXT, option},
    {0}};

/* ---- the model --------------------------------------------------------------------------------
 */

/* llama3 makes its MLP's width of the model's: m * ceil(int(f * int(8 dim / 3)) / m), with f the
 * multiplier. With m the width wanted, and f such that the product is not above it, that is it. */
static bool multiplier(const vsh_export_run *r, vsh_text *out)
{
    int64_t usual = 8 * r->model->hidden / 3;

    return r->model->ffn < usual && vsh_say_real(out, 0.5 * (double)r->model->ffn / (double)usual);
}

VSH_ROW(yes_no_norm, vsh_say_word(out, r->model->qk_norm == VSH_QK_NORM_HEAD ? "True" : "False"))
VSH_ROW(tied, vsh_say_word(out, r->model->tied ? "True" : "False"))
VSH_ROW(routed, vsh_export_has(r, VSH_HAS_EXPERTS) && vsh_say_word(out, "True"))

static bool experts(const vsh_export_run *r, vsh_text *out)
{
    if (!vsh_export_has(r, VSH_HAS_EXPERTS))
        return false;
    vsh_text_add(out,
                 "MoEArgs(num_experts=%" PRId64 ", num_shared_experts=0, top_k=%" PRId64
                 ", score_func=\"softmax\", route_norm=True, score_before_experts=False)",
                 r->model->experts.count, r->model->experts.top_k);
    return true;
}

static const vsh_export_row llama[] = {{"", "dim", VSH_ROW_NUMBER, vsh_row_hidden},
                                       {"", "n_layers", VSH_ROW_NUMBER, vsh_row_layers},
                                       {"", "n_heads", VSH_ROW_NUMBER, vsh_row_heads},
                                       {"", "n_kv_heads", VSH_ROW_NUMBER, vsh_row_kv_heads},
                                       {"", "vocab_size", VSH_ROW_NUMBER, vsh_row_vocab},
                                       {"", "multiple_of", VSH_ROW_NUMBER, vsh_row_ffn},
                                       {"", "ffn_dim_multiplier", VSH_ROW_NUMBER, multiplier},
                                       {"", "max_seq_len", VSH_ROW_NUMBER, vsh_row_seq},
                                       {0}};
static const vsh_export_row qwen[] = {{"", "dim", VSH_ROW_NUMBER, vsh_row_hidden},
                                      {"", "n_layers", VSH_ROW_NUMBER, vsh_row_layers},
                                      {"", "n_heads", VSH_ROW_NUMBER, vsh_row_heads},
                                      {"", "n_kv_heads", VSH_ROW_NUMBER, vsh_row_kv_heads},
                                      {"", "head_dim", VSH_ROW_NUMBER, vsh_row_head_dim},
                                      {"", "hidden_dim", VSH_ROW_NUMBER, vsh_row_ffn},
                                      {"", "vocab_size", VSH_ROW_NUMBER, vsh_row_vocab},
                                      {"", "max_seq_len", VSH_ROW_NUMBER, vsh_row_seq},
                                      {"", "qk_norm", VSH_ROW_NUMBER, yes_no_norm},
                                      {"", "enable_weight_tying", VSH_ROW_NUMBER, tied},
                                      {"", "moe_enabled", VSH_ROW_NUMBER, routed},
                                      {"", "moe_inter_dim", VSH_ROW_NUMBER, vsh_row_expert_hidden},
                                      {"", "moe_args", VSH_ROW_NUMBER, experts},
                                      {0}};

static void write_model(const vsh_export_run *r, vsh_text *out)
{
    const char *type = is_llama(r) ? "TransformerModelArgs" : "Qwen3ModelArgs";

    vsh_export_heading(&vsh_export_torchtitan, r, out);
    vsh_text_add(out, "# the model as flavor \"vishwa\" of %s; imported by config.toml\n",
                 model_name(r));
    if (!is_llama(r))
        vsh_text_add(out, "from torchtitan.models.moe import MoEArgs  # noqa: F401\n");
    vsh_text_add(out, "from torchtitan.models.%s import %s, %s_args\n\n", model_name(r), type,
                 model_name(r));
    vsh_text_add(out, "%s_args[\"vishwa\"] = %s(\n", model_name(r), type);
    vsh_rows_python(r, is_llama(r) ? llama : qwen, out);
    vsh_text_add(out, ")\n");
}

/* ---- both -------------------------------------------------------------------------------------
 */

static vsh_status cannot(vsh_error *err, const char *what)
{
    return vsh_fail(err, VSH_EINPUT, "--to torchtitan: %s", what);
}

static vsh_status check(const vsh_export_run *r, vsh_error *err)
{
    const vsh_split *s = &r->layout.split;

    VSH_TRY(vsh_export_even_stages(&vsh_export_torchtitan, r, err));
    if (!is_llama(r) && piped(r))
        return cannot(err, "pp: expected 1: its qwen3, the one with tied heads, experts and norms "
                           "of queries, has no pipeline");
    if (!is_llama(r) && s->tensor > 1 && r->model->qk_norm != VSH_QK_NORM_HEAD)
        return cannot(err, "tp: expected 1: its qwen3 has tensor parallelism with qk_norm only");
    if (vsh_export_has(r, VSH_HAS_ZERO_0) && s->data > 1 && r->chips > s->data)
        return cannot(err, "zero: expected 2 or 3: it replicates weights only when dp is the "
                           "whole layout");
    if (s->expert > 1 && !sharded(r))
        return cannot(err, "zero: expected 2 or 3 with ep");
    if (s->expert > 1 && s->expert < s->context)
        return cannot(err, "ep: expected at least cp");
    return VSH_OK;
}

static vsh_status write(const vsh_export_run *r, vsh_export_files *files, vsh_error *err)
{
    vsh_text *out;

    VSH_TRY(check(r, err));
    out = vsh_export_file(files, "config.toml");
    vsh_export_heading(&vsh_export_torchtitan, r, out);
    vsh_text_add(out,
                 "# start, in the folder of both files: PYTHONPATH=. torchrun --nproc-per-node "
                 "%" PRId64 "\n#   -m torchtitan.train --job.config_file config.toml\n"
                 "# FILL IN, on that line\n"
                 "#   --model.hf_assets_path TOKENIZER_FOLDER  (of %" PRId64 " tokens)\n"
                 "#   --training.dataset NAME --training.dataset_path DATA\n",
                 vsh_export_node_chips(r), r->model->vocab);
    vsh_rows_toml(r, rows, out);
    write_model(r, vsh_export_file(files, "vishwa_model.py"));
    return VSH_OK;
}

const vsh_export_target vsh_export_torchtitan = {
    .name = "torchtitan",
    .system = "torchtitan",
    .version =
        "pytorch/torchtitan@6404b93242 config/job_config.py, @aa5daa7c26 qwen3/model/args.py",
    .can = VSH_CAN(HEAD_DIM) | VSH_CAN(TIED) | VSH_CAN(QK_NORM_HEAD) | VSH_CAN(EXPERTS) |
           VSH_CAN(TENSOR) | VSH_CAN(PIPELINE) | VSH_CAN(CONTEXT) | VSH_CAN(EXPERT_WAYS) |
           VSH_CAN(ZERO_0) | VSH_CAN(ZERO_2) | VSH_CAN(ZERO_3) | VSH_CAN(FP32) | VSH_CAN(SELECTIVE),
    .runs_on = {[VSH_GPU] = true},
    .write = write};
