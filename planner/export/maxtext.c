#include <assert.h>
#include <inttypes.h>

#include "planner/export/export_feature.h"
#include "planner/export/export_rows.h"

/* AI-Hypercomputer/maxtext, src/maxtext/configs/base.yml. Its mesh is
 *   devices of a slice = data x fsdp x context x tensor x expert x stage
 * where a device of the expert axis has sequences of its own: ep takes its ways from dp. */

/* Slices that a network of data centres joins. */
static int64_t slices(const vsh_export_run *r)
{
    double group = r->hardware->group.known ? r->hardware->group.value : (double)r->chips;

    return (double)r->chips > group ? (int64_t)((double)r->chips / group) : 1;
}

static bool sharded(const vsh_export_run *r) { return r->layout.split.zero == 3; }
/* Of the data or fsdp axis inside a slice. */
static int64_t replicas(const vsh_export_run *r)
{
    return r->layout.split.data / r->layout.split.expert / slices(r);
}
static int64_t micro_batches(const vsh_export_run *r)
{
    return r->batch / (r->layout.split.data * r->micro);
}
/* The pipeline takes the whole step at once, else a step is accumulated. */
static double device_batch(const vsh_export_run *r)
{
    int64_t step = r->layout.pp > 1 ? r->batch : r->micro * r->layout.split.data;

    return (double)step / (double)r->chips;
}
static int64_t tensor(const vsh_export_run *r, bool sequence)
{
    return r->layout.split.sequence == sequence ? r->layout.split.tensor : 1;
}

static bool routed(const vsh_export_run *r) { return vsh_export_has(r, VSH_HAS_EXPERTS); }
static bool qk_norm(const vsh_export_run *r) { return vsh_export_has(r, VSH_HAS_QK_NORM_HEAD); }

/* The blocks of these models, configs/models: one of each kind. */
static bool decoder(const vsh_export_run *r, vsh_text *out)
{
    static const char *const block[2][2] = {{"llama2", "qwen3"}, {"mixtral", "qwen3_moe"}};

    return vsh_say_word(out, block[routed(r)][qk_norm(r)]);
}
VSH_ROW(norm, qk_norm(r) && vsh_say_word(out, "true"))
VSH_ROW(norm_top_k, qk_norm(r) && routed(r) && vsh_say_word(out, "true"))
/* Of a model whose every layer has experts the two widths have to be one. */
VSH_ROW(mlp_dim, routed(r) ? vsh_row_expert_hidden(r, out) : vsh_row_ffn(r, out))
VSH_ROW(activations, vsh_say_word(out, "[\"silu\", \"linear\"]"))
VSH_ROW(tied, vsh_say_word(out, r->model->tied ? "true" : "false"))
VSH_ROW(unscaled, r->model->tied &&vsh_say_word(out, "false"))
VSH_ROW(dense_experts, vsh_export_has(r, VSH_HAS_CAPACITY) && vsh_say_word(out, "false"))
VSH_ROW(attention, vsh_say_word(out, r->flash ? "flash" : "dot_product"))
VSH_ROW(dtype, vsh_say_word(out, r->precision == VSH_FP32 ? "float32" : "bfloat16"))
VSH_ROW(weights, vsh_say_word(out, "float32"))
VSH_ROW(quantization, r->precision == VSH_INT8 && vsh_say_word(out, "int8"))
VSH_ROW(per_device, vsh_say_real(out, device_batch(r)))
VSH_ROW(accumulate, vsh_say_whole(out, r->layout.pp > 1 ? 1 : micro_batches(r)))
VSH_ROW(schedule, r->tuned &&vsh_say_word(out, "wsd"))
VSH_ROW(warmup, r->tuned &&vsh_say_real(out, r->schedule.warmup_steps / (double)r->steps))
VSH_ROW(final, r->tuned &&vsh_say_real(out, 0))
VSH_ROW(linear, r->tuned &&vsh_say_word(out, "linear"))
VSH_ROW(optimizer, vsh_say_word(out, vsh_optimizer_words[r->optimizer]))
VSH_ROW(adam_decay, r->optimizer == VSH_ADAMW && vsh_row_decay(r, out))
VSH_ROW(muon_decay, r->optimizer == VSH_MUON && vsh_row_decay(r, out))
VSH_ROW(dcn_data, vsh_say_whole(out, sharded(r) ? 1 : slices(r)))
VSH_ROW(dcn_fsdp, vsh_say_whole(out, sharded(r) ? slices(r) : 1))
VSH_ROW(ici_data, vsh_say_whole(out, sharded(r) ? 1 : replicas(r)))
VSH_ROW(ici_fsdp, vsh_say_whole(out, sharded(r) ? replicas(r) : 1))
VSH_ROW(ici_tensor, vsh_say_whole(out, tensor(r, false)))
VSH_ROW(ici_tensor_sequence, vsh_say_whole(out, tensor(r, true)))
VSH_ROW(zero_1, r->layout.split.zero == 1 && vsh_say_word(out, "true"))
VSH_ROW(stage_layers, r->layout.pp > 1 && vsh_say_whole(out, r->model->layers / r->layout.pp /
                                                                 r->layout.interleave))
VSH_ROW(stage_batches, r->layout.pp > 1 && vsh_say_whole(out, micro_batches(r)))

/* The nearest: "minimal" keeps every product but not what attention makes of them. */
static bool remat(const vsh_export_run *r, vsh_text *out)
{
    static const char *const policy[] = {[VSH_RECOMPUTE_NONE] = "minimal_with_context",
                                         [VSH_RECOMPUTE_SELECTIVE] = "minimal",
                                         [VSH_RECOMPUTE_FULL] = "full"};
    return vsh_say_word(out, policy[r->recompute]);
}

#define LAYOUT "layout: between slices (dcn), inside one (ici)"

static const vsh_export_row rows[] = {
    {"model", "decoder_block", VSH_ROW_TEXT, decoder},
    {"model", "base_num_decoder_layers", VSH_ROW_NUMBER, vsh_row_layers},
    {"model", "base_emb_dim", VSH_ROW_NUMBER, vsh_row_hidden},
    {"model", "base_num_query_heads", VSH_ROW_NUMBER, vsh_row_heads},
    {"model", "base_num_kv_heads", VSH_ROW_NUMBER, vsh_row_kv_heads},
    {"model", "head_dim", VSH_ROW_NUMBER, vsh_row_head_dim},
    {"model", "base_mlp_dim", VSH_ROW_NUMBER, mlp_dim},
    {"model", "mlp_activations", VSH_ROW_NUMBER, activations},
    {"model", "vocab_size", VSH_ROW_NUMBER, vsh_row_vocab},
    {"model", "logits_via_embedding", VSH_ROW_NUMBER, tied},
    {"model", "normalize_embedding_logits", VSH_ROW_NUMBER, unscaled},
    {"model", "use_qk_norm", VSH_ROW_NUMBER, norm},
    {"model", "num_experts", VSH_ROW_NUMBER, vsh_row_experts},
    {"model", "num_experts_per_tok", VSH_ROW_NUMBER, vsh_row_top_k},
    {"model", "base_moe_mlp_dim", VSH_ROW_NUMBER, vsh_row_expert_hidden},
    {"model", "norm_topk_prob", VSH_ROW_NUMBER, norm_top_k},
    {"model", "capacity_factor", VSH_ROW_NUMBER, vsh_row_capacity},
    {"model", "sparse_matmul", VSH_ROW_NUMBER, dense_experts},
    {"model", "megablox", VSH_ROW_NUMBER, dense_experts},
    {"how it runs", "attention", VSH_ROW_TEXT, attention},
    {"how it runs", "dtype", VSH_ROW_TEXT, dtype},
    {"how it runs", "weight_dtype", VSH_ROW_TEXT, weights},
    {"how it runs", "quantization", VSH_ROW_TEXT, quantization},
    {"how it runs", "remat_policy", VSH_ROW_TEXT, remat},
    {"batch", "max_target_length", VSH_ROW_NUMBER, vsh_row_seq},
    {"batch", "per_device_batch_size", VSH_ROW_NUMBER, per_device},
    {"batch", "gradient_accumulation_steps", VSH_ROW_NUMBER, accumulate},
    {"optimizer", "steps", VSH_ROW_NUMBER, vsh_row_steps},
    {"optimizer", "opt_type", VSH_ROW_TEXT, optimizer},
    {"optimizer", "learning_rate", VSH_ROW_NUMBER, vsh_row_rate},
    {"optimizer", "lr_schedule_type", VSH_ROW_TEXT, schedule},
    {"optimizer", "warmup_steps_fraction", VSH_ROW_NUMBER, warmup},
    {"optimizer", "wsd_decay_steps_fraction", VSH_ROW_NUMBER, vsh_row_cooldown},
    {"optimizer", "wsd_decay_style", VSH_ROW_TEXT, linear},
    {"optimizer", "learning_rate_final_fraction", VSH_ROW_NUMBER, final},
    {"optimizer", "adam_b1", VSH_ROW_NUMBER, vsh_row_beta1},
    {"optimizer", "adam_b2", VSH_ROW_NUMBER, vsh_row_beta2},
    {"optimizer", "adam_weight_decay", VSH_ROW_NUMBER, adam_decay},
    {"optimizer", "muon_weight_decay", VSH_ROW_NUMBER, muon_decay},
    {"optimizer", "gradient_clipping_threshold", VSH_ROW_NUMBER, vsh_row_clip},
    {"optimizer", "data_shuffle_seed", VSH_ROW_NUMBER, vsh_row_seed},
    {"optimizer", "init_weights_seed", VSH_ROW_NUMBER, vsh_row_seed},
    {LAYOUT, "dcn_data_parallelism", VSH_ROW_NUMBER, dcn_data},
    {LAYOUT, "dcn_fsdp_parallelism", VSH_ROW_NUMBER, dcn_fsdp},
    {LAYOUT, "ici_data_parallelism", VSH_ROW_NUMBER, ici_data},
    {LAYOUT, "ici_fsdp_parallelism", VSH_ROW_NUMBER, ici_fsdp},
    {LAYOUT, "ici_tensor_parallelism", VSH_ROW_NUMBER, ici_tensor},
    {LAYOUT, "ici_tensor_sequence_parallelism", VSH_ROW_NUMBER, ici_tensor_sequence},
    {LAYOUT, "ici_context_parallelism", VSH_ROW_NUMBER, vsh_row_context},
    {LAYOUT, "ici_expert_parallelism", VSH_ROW_NUMBER, vsh_row_expert_ways},
    {LAYOUT, "ici_pipeline_parallelism", VSH_ROW_NUMBER, vsh_row_pipeline},
    {LAYOUT, "shard_optimizer_over_data", VSH_ROW_NUMBER, zero_1},
    {LAYOUT, "num_layers_per_pipeline_stage", VSH_ROW_NUMBER, stage_layers},
    {LAYOUT, "num_pipeline_microbatches", VSH_ROW_NUMBER, stage_batches},
    {0}};

static vsh_status check(const vsh_export_run *r, vsh_error *err)
{
    const vsh_split *s = &r->layout.split;

    VSH_TRY(vsh_export_even_stages(&vsh_export_maxtext, r, err));
    if (s->data % s->expert)
        return vsh_fail(err, VSH_EINPUT,
                        "--to maxtext: ep: expected a divisor of dp = %" PRId64 ", got %" PRId64,
                        s->data, s->expert);
    if (r->chips % slices(r) || s->data / s->expert % slices(r))
        return vsh_fail(err, VSH_EINPUT,
                        "--to maxtext: dp: expected a multiple of ep x %" PRId64
                        " slices of %.0f chips, got %" PRId64,
                        slices(r), r->hardware->group.value, s->data);
    if (r->layout.pp > 1 && micro_batches(r) % r->layout.pp)
        return vsh_fail(err, VSH_EINPUT,
                        "--to maxtext: pp: expected a divisor of %" PRId64
                        " micro-batches, got %" PRId64,
                        micro_batches(r), r->layout.pp);
    return VSH_OK;
}

static vsh_status write(const vsh_export_run *r, vsh_export_files *files, vsh_error *err)
{
    vsh_text *out;

    VSH_TRY(check(r, err));
    out = vsh_export_file(files, "maxtext.yml");
    vsh_export_heading(&vsh_export_maxtext, r, out);
    vsh_text_add(out, "# start: python3 -m maxtext.trainers.pre_train.train maxtext.yml\n\n"
                      "base_config: \"base.yml\"\n\n# FILL IN\n"
                      "run_name: \"FILL_IN\"\nbase_output_directory: \"FILL_IN\"\n"
                      "dataset_type: \"FILL_IN\"  # hf, grain or tfds, and the keys of its files\n"
                      "dataset_path: \"FILL_IN\"\n");
    vsh_text_add(out, "tokenizer_path: \"FILL_IN\"  # of %" PRId64 " tokens\n", r->model->vocab);
    vsh_rows_yaml(r, rows, out);
    return VSH_OK;
}

const vsh_export_target vsh_export_maxtext = {
    .name = "maxtext",
    .system = "MaxText",
    .version = "AI-Hypercomputer/maxtext@000b810bb1 src/maxtext/configs/base.yml",
    .can = VSH_CAN(HEAD_DIM) | VSH_CAN(TIED) | VSH_CAN(QK_NORM_HEAD) | VSH_CAN(EXPERTS) |
           VSH_CAN(CAPACITY) | VSH_CAN(TENSOR) | VSH_CAN(TENSOR_ALONE) | VSH_CAN(PIPELINE) |
           VSH_CAN(CONTEXT) | VSH_CAN(EXPERT_WAYS) | VSH_CAN(ZERO_0) | VSH_CAN(ZERO_1) |
           VSH_CAN(ZERO_3) | VSH_CAN(FP32) | VSH_CAN(INT8) | VSH_CAN(MUON) | VSH_CAN(SGD) |
           VSH_CAN(SELECTIVE) | VSH_CAN(SCORES),
    .runs_on = {[VSH_TPU] = true},
    .write = write};
