#include <assert.h>
#include <inttypes.h>

#include "planner/export/export_feature.h"
#include "planner/export/export_rows.h"

/* NVIDIA/Megatron-LM, megatron/training/arguments.py: the flags, and the checks of validate_args
 * that decide which of them go together. */

#define FLAG(name, condition)                                                                      \
    static bool name(const vsh_export_run *r, vsh_text *out)                                       \
    {                                                                                              \
        (void)out;                                                                                 \
        return condition;                                                                          \
    }

static bool shards_weights(const vsh_export_run *r)
{
    return vsh_export_has(r, VSH_HAS_ZERO_2) || vsh_export_has(r, VSH_HAS_ZERO_3);
}

/* Layers that have something, as Python: "[1]*3+[0]*1". */
typedef bool of_layer(const vsh_layer *layer);

static bool has_experts(const vsh_layer *layer) { return layer->experts; }
static bool has_window(const vsh_layer *layer) { return layer->window > 0; }

static bool pattern(const vsh_model *m, of_layer *has, vsh_text *out)
{
    int64_t run = 1;

    for (int64_t l = 0; l < m->layers; l += run) {
        bool one = has(&m->layer[l]);
        for (run = 1; l + run < m->layers && has(&m->layer[l + run]) == one; run++)
            ;
        vsh_text_add(out, "%s[%d]*%" PRId64, l ? "+" : "", one, run);
    }
    return true;
}

static int64_t window_of(const vsh_model *m)
{
    for (int64_t l = 0; l < m->layers; l++)
        if (m->layer[l].window)
            return m->layer[l].window;
    return 0;
}
static bool all_windows(const vsh_model *m)
{
    for (int64_t l = 0; l < m->layers; l++)
        if (!m->layer[l].window)
            return false;
    return true;
}

/* To the left of a position and to the right of it. */
static bool window(const vsh_export_run *r, vsh_text *out)
{
    int64_t keys = window_of(r->model);

    if (!keys)
        return false;
    vsh_text_add(out, "%" PRId64 ",0", keys - 1);
    return true;
}

static bool position(const vsh_export_run *r, vsh_text *out)
{
    static const char *const words[] = {[VSH_POSITION_LEARNED] = "learned_absolute",
                                        [VSH_POSITION_ROTARY] = "rope",
                                        [VSH_POSITION_ALIBI] = NULL,
                                        [VSH_POSITION_NONE] = "none"};
    assert(words[r->model->position]);
    return vsh_say_word(out, words[r->model->position]);
}

static bool optimizer(const vsh_export_run *r, vsh_text *out)
{
    return vsh_say_word(out, r->optimizer == VSH_SGD    ? "sgd"
                             : r->optimizer == VSH_MUON ? "muon"
                                                        : "adam");
}

VSH_ROW(normalization, vsh_say_word(out, r->model->norm == VSH_NORM_RMS ? "RMSNorm" : "LayerNorm"))
VSH_ROW(zero, vsh_say_word(out, "0.0"))
VSH_ROW(positions, vsh_say_whole(out, r->model->context))
VSH_ROW(head_dim, !r->model->latent.kv_rank && vsh_row_head_dim(r, out))
FLAG(grouped, !r->model->latent.kv_rank && r->model->kv_heads != r->model->heads)
VSH_ROW(groups, grouped(r, out) && vsh_row_kv_heads(r, out))
FLAG(swiglu, r->model->mlp == VSH_MLP_SWIGLU)
FLAG(untied, !r->model->tied)
FLAG(no_bias, r->model->bias != VSH_BIAS_ALL)
FLAG(qkv_bias, r->model->bias == VSH_BIAS_QKV)
FLAG(qk_norm, r->model->qk_norm == VSH_QK_NORM_HEAD)
VSH_ROW(softmax, r->model->sinks &&vsh_say_word(out, "learnable"))
VSH_ROW(window_layers,
        window_of(r->model) && !all_windows(r->model) && pattern(r->model, has_window, out))
FLAG(latent, r->model->latent.kv_rank > 0)
VSH_ROW(q_rank, r->model->latent.q_rank &&vsh_say_whole(out, r->model->latent.q_rank))
VSH_ROW(kv_rank, latent(r, out) && vsh_say_whole(out, r->model->latent.kv_rank))
VSH_ROW(nope_dim, latent(r, out) && vsh_say_whole(out, r->model->latent.nope_dim))
VSH_ROW(rope_dim, latent(r, out) && vsh_say_whole(out, r->model->latent.rope_dim))
VSH_ROW(v_dim, latent(r, out) && vsh_say_whole(out, r->model->latent.v_dim))
VSH_ROW(expert_layers,
        vsh_export_has(r, VSH_HAS_SOME_EXPERTS) && pattern(r->model, has_experts, out))
VSH_ROW(shared, vsh_export_has(r, VSH_HAS_SHARED) &&
                    vsh_say_whole(out, r->model->experts.shared * r->model->experts.shared_hidden))
FLAG(correction, vsh_export_has(r, VSH_HAS_CORRECTION_BIAS))
VSH_ROW(score, correction(r, out) && vsh_say_word(out, "sigmoid"))
VSH_ROW(dispatcher, r->layout.split.expert > 1 && vsh_say_word(out, "alltoall"))
FLAG(bf16, r->precision == VSH_BF16 || r->precision == VSH_FP8)
FLAG(fp16, r->precision == VSH_FP16)
/* Under --bf16 gradients are summed and exchanged in fp32 unless this says otherwise
 * (validate_args, "bfloat16 requires gradient accumulation and all-reduce to be done in fp32"). */
FLAG(bf16_gradients, bf16(r, out) && r->gradient_bytes > 0 && r->gradient_bytes <= 2)
VSH_ROW(fp8, r->precision == VSH_FP8 && vsh_say_word(out, "hybrid"))
VSH_ROW(backend, vsh_say_word(out, r->flash ? "flash" : "unfused"))
VSH_ROW(granularity,
        r->recompute != VSH_RECOMPUTE_NONE && vsh_say_word(out, vsh_recompute_words[r->recompute]))
VSH_ROW(method, r->recompute == VSH_RECOMPUTE_FULL && vsh_say_word(out, "uniform"))
VSH_ROW(unit, r->recompute == VSH_RECOMPUTE_FULL && vsh_say_whole(out, 1))
VSH_ROW(style, r->tuned &&vsh_say_word(out, "WSD"))
VSH_ROW(linear, r->tuned &&vsh_say_word(out, "linear"))
VSH_ROW(least_rate, r->tuned &&vsh_say_real(out, 0))
VSH_ROW(decay_steps,
        r->tuned &&vsh_say_whole(out,
                                 (int64_t)(r->schedule.cooldown_share *(double)r->steps + 0.5)))
FLAG(sequence, r->layout.split.tensor > 1 && r->layout.split.sequence)
VSH_ROW(interleave, r->layout.interleave > 1 && vsh_say_whole(out, r->layout.interleave))
FLAG(zero_1, vsh_export_has(r, VSH_HAS_ZERO_1))
FLAG(fsdp, shards_weights(r))
VSH_ROW(sharding,
        fsdp(r, out) &&
            vsh_say_word(out, r->layout.split.zero == 2 ? "optim_grads" : "optim_grads_params"))
/* Megatron FSDP and Muon each take one format of checkpoints. */
VSH_ROW(checkpoints, (shards_weights(r) || r->optimizer == VSH_MUON) &&
                         vsh_say_word(out, shards_weights(r) ? "fsdp_dtensor" : "torch"))

static const vsh_export_row rows[] = {
    {"model", "--num-layers", VSH_ROW_NUMBER, vsh_row_layers},
    {"model", "--hidden-size", VSH_ROW_NUMBER, vsh_row_hidden},
    {"model", "--ffn-hidden-size", VSH_ROW_NUMBER, vsh_row_ffn},
    {"model", "--num-attention-heads", VSH_ROW_NUMBER, vsh_row_heads},
    {"model", "--kv-channels", VSH_ROW_NUMBER, head_dim},
    {"model", "--group-query-attention", VSH_ROW_FLAG, grouped},
    {"model", "--num-query-groups", VSH_ROW_NUMBER, groups},
    {"model", "--vocab-size", VSH_ROW_NUMBER, vsh_row_vocab},
    {"model", "--max-position-embeddings", VSH_ROW_NUMBER, positions},
    {"model", "--position-embedding-type", VSH_ROW_TEXT, position},
    {"model", "--normalization", VSH_ROW_TEXT, normalization},
    {"model", "--swiglu", VSH_ROW_FLAG, swiglu},
    {"model", "--untie-embeddings-and-output-weights", VSH_ROW_FLAG, untied},
    {"model", "--disable-bias-linear", VSH_ROW_FLAG, no_bias},
    {"model", "--add-qkv-bias", VSH_ROW_FLAG, qkv_bias},
    {"model", "--qk-layernorm", VSH_ROW_FLAG, qk_norm},
    {"model", "--softmax-type", VSH_ROW_TEXT, softmax},
    {"model", "--window-size", VSH_ROW_TEXT, window},
    {"model", "--window-attn-skip-freq", VSH_ROW_TEXT, window_layers},
    {"model", "--multi-latent-attention", VSH_ROW_FLAG, latent},
    {"model", "--q-lora-rank", VSH_ROW_NUMBER, q_rank},
    {"model", "--kv-lora-rank", VSH_ROW_NUMBER, kv_rank},
    {"model", "--qk-head-dim", VSH_ROW_NUMBER, nope_dim},
    {"model", "--qk-pos-emb-head-dim", VSH_ROW_NUMBER, rope_dim},
    {"model", "--v-head-dim", VSH_ROW_NUMBER, v_dim},
    {"model", "--num-experts", VSH_ROW_NUMBER, vsh_row_experts},
    {"model", "--moe-router-topk", VSH_ROW_NUMBER, vsh_row_top_k},
    {"model", "--moe-ffn-hidden-size", VSH_ROW_NUMBER, vsh_row_expert_hidden},
    {"model", "--moe-layer-freq", VSH_ROW_TEXT, expert_layers},
    {"model", "--moe-shared-expert-intermediate-size", VSH_ROW_NUMBER, shared},
    {"model", "--moe-expert-capacity-factor", VSH_ROW_NUMBER, vsh_row_capacity},
    {"model", "--moe-router-enable-expert-bias", VSH_ROW_FLAG, correction},
    {"model", "--moe-router-score-function", VSH_ROW_TEXT, score},
    {"model", "--moe-token-dispatcher-type", VSH_ROW_TEXT, dispatcher},
    {"run", "--attention-dropout", VSH_ROW_NUMBER, zero},
    {"run", "--hidden-dropout", VSH_ROW_NUMBER, zero},
    {"run", "--attention-backend", VSH_ROW_TEXT, backend},
    {"run", "--bf16", VSH_ROW_FLAG, bf16},
    {"run", "--fp16", VSH_ROW_FLAG, fp16},
    {"run", "--grad-reduce-in-bf16", VSH_ROW_FLAG, bf16_gradients},
    {"run", "--fp8-format", VSH_ROW_TEXT, fp8},
    {"run", "--recompute-granularity", VSH_ROW_TEXT, granularity},
    {"run", "--recompute-method", VSH_ROW_TEXT, method},
    {"run", "--recompute-num-layers", VSH_ROW_NUMBER, unit},
    {"batch", "--seq-length", VSH_ROW_NUMBER, vsh_row_seq},
    {"batch", "--micro-batch-size", VSH_ROW_NUMBER, vsh_row_micro},
    {"batch", "--global-batch-size", VSH_ROW_NUMBER, vsh_row_batch},
    {"optimizer", "--train-iters", VSH_ROW_NUMBER, vsh_row_steps},
    {"optimizer", "--optimizer", VSH_ROW_TEXT, optimizer},
    {"optimizer", "--lr", VSH_ROW_NUMBER, vsh_row_rate},
    {"optimizer", "--min-lr", VSH_ROW_NUMBER, least_rate},
    {"optimizer", "--lr-decay-style", VSH_ROW_TEXT, style},
    {"optimizer", "--lr-wsd-decay-style", VSH_ROW_TEXT, linear},
    {"optimizer", "--lr-wsd-decay-iters", VSH_ROW_NUMBER, decay_steps},
    {"optimizer", "--lr-warmup-iters", VSH_ROW_NUMBER, vsh_row_warmup},
    {"optimizer", "--weight-decay", VSH_ROW_NUMBER, vsh_row_decay},
    {"optimizer", "--adam-beta1", VSH_ROW_NUMBER, vsh_row_beta1},
    {"optimizer", "--adam-beta2", VSH_ROW_NUMBER, vsh_row_beta2},
    {"optimizer", "--clip-grad", VSH_ROW_NUMBER, vsh_row_clip},
    {"optimizer", "--seed", VSH_ROW_NUMBER, vsh_row_seed},
    {"layout", "--tensor-model-parallel-size", VSH_ROW_NUMBER, vsh_row_tensor},
    {"layout", "--sequence-parallel", VSH_ROW_FLAG, sequence},
    {"layout", "--pipeline-model-parallel-size", VSH_ROW_NUMBER, vsh_row_pipeline},
    {"layout", "--num-virtual-stages-per-pipeline-rank", VSH_ROW_NUMBER, interleave},
    {"layout", "--context-parallel-size", VSH_ROW_NUMBER, vsh_row_context},
    {"layout", "--expert-model-parallel-size", VSH_ROW_NUMBER, vsh_row_expert_ways},
    {"layout", "--use-distributed-optimizer", VSH_ROW_FLAG, zero_1},
    {"layout", "--use-megatron-fsdp", VSH_ROW_FLAG, fsdp},
    {"layout", "--data-parallel-sharding-strategy", VSH_ROW_TEXT, sharding},
    {"layout", "--ckpt-format", VSH_ROW_TEXT, checkpoints},
    {0}};

static vsh_status check(const vsh_export_run *r, vsh_error *err)
{
    VSH_TRY(vsh_export_even_stages(&vsh_export_megatron, r, err));
    if (r->seq > r->model->context)
        return vsh_fail(err, VSH_EINPUT,
                        "--to megatron: --seq: expected at most the model's context %" PRId64
                        ", got %" PRId64,
                        r->model->context, r->seq);
    if (r->optimizer == VSH_MUON && vsh_split_replicas(&r->layout.split) > 1 &&
        r->layout.split.zero)
        return vsh_fail(err, VSH_EINPUT,
                        "--to megatron: zero: expected 0 with muon, which no sharded optimizer of "
                        "Megatron-LM takes, got %d",
                        r->layout.split.zero);
    if (r->flash && r->precision == VSH_FP32)
        return vsh_fail(err, VSH_EINPUT,
                        "--to megatron: --attention: expected full in fp32, which its tiled "
                        "kernels do not take, got flash");
    /* its MoELayer raises ValueError; from memory */
    if (vsh_export_has(r, VSH_HAS_EXPERTS) && vsh_export_has(r, VSH_HAS_TENSOR_ALONE))
        return vsh_fail(err, VSH_EINPUT,
                        "--to megatron: sp: expected 1 with experts and tp, got 0");
    if (r->layout.split.expert > 1 && r->precision == VSH_FP16)
        return vsh_fail(err, VSH_EINPUT, "--to megatron: ep: expected 1 in fp16, got %" PRId64,
                        r->layout.split.expert);
    return VSH_OK;
}

/* Processes of one node, as torchrun starts them; a scheduler's own processes come with RANK. */
static void write_launch(const vsh_export_run *r, vsh_text *out)
{
    vsh_text_add(out, "\nif [ -n \"${RANK:-}\" ]; then\n"
                      "    exec python3 \"$MEGATRON_PATH/pretrain_gpt.py\" \"$@\"\nfi\n");
    vsh_text_add(out,
                 "chips=%" PRId64 " here=${GPUS_PER_NODE:-%" PRId64 "}\n"
                 "exec torchrun --nproc-per-node \"$here\" --nnodes \"$((chips / here))\" \\\n"
                 "    --node-rank \"${NODE_RANK:-0}\" --master-addr \"${MASTER_ADDR:-localhost}\" "
                 "\\\n    --master-port \"${MASTER_PORT:-29500}\" "
                 "\"$MEGATRON_PATH/pretrain_gpt.py\" \"$@\"\n",
                 r->chips, vsh_export_node_chips(r));
}

static vsh_status write(const vsh_export_run *r, vsh_export_files *files, vsh_error *err)
{
    vsh_text *out;

    VSH_TRY(check(r, err));
    out = vsh_export_file(files, "megatron.sh");
    vsh_text_add(out, "#!/bin/sh\n");
    vsh_export_heading(&vsh_export_megatron, r, out);
    vsh_text_add(out,
                 "# start: sh megatron.sh [more flags]\n\n"
                 "# FILL IN, here or in the environment\n"
                 ": \"${MEGATRON_PATH:?fill in: the folder of Megatron-LM}\"\n"
                 ": \"${DATA_PATH:?fill in: prefix of the preprocessed data}\"\n"
                 ": \"${TOKENIZER_TYPE:?fill in: such as HuggingFaceTokenizer}\"\n"
                 ": \"${TOKENIZER_MODEL:?fill in: a tokenizer of %" PRId64 " tokens}\"\n\n",
                 r->model->vocab);
    if ((r->layout.split.tensor > 1 || r->layout.split.context > 1) && !shards_weights(r))
        vsh_text_add(out, "# before Blackwell tensor and context parallelism insist on it\n"
                          "export CUDA_DEVICE_MAX_CONNECTIONS=1\n\n");
    vsh_text_add(out, "set -- \\\n");
    vsh_rows_shell(r, rows, out);
    vsh_text_add(out, "    --data-path \"$DATA_PATH\" \\\n"
                      "    --tokenizer-type \"$TOKENIZER_TYPE\" \\\n"
                      "    --tokenizer-model \"$TOKENIZER_MODEL\" \\\n    \"$@\"\n");
    write_launch(r, out);
    return VSH_OK;
}

const vsh_export_target vsh_export_megatron = {
    .name = "megatron",
    .system = "Megatron-LM",
    .version = "NVIDIA/Megatron-LM@000c4ac24f megatron/training/arguments.py",
    .can = VSH_CAN(WINDOW) | VSH_CAN(LATENT) | VSH_CAN(LEARNED) | VSH_CAN(NO_POSITION) |
           VSH_CAN(GELU) | VSH_CAN(LAYER_NORM) | VSH_CAN(QK_NORM_HEAD) | VSH_CAN(QKV_BIAS) |
           VSH_CAN(ALL_BIAS) | VSH_CAN(SINKS) | VSH_CAN(HEAD_DIM) | VSH_CAN(TIED) |
           VSH_CAN(EXPERTS) | VSH_CAN(SOME_EXPERTS) | VSH_CAN(CAPACITY) | VSH_CAN(SHARED) |
           VSH_CAN(CORRECTION_BIAS) | VSH_CAN(TENSOR) | VSH_CAN(TENSOR_ALONE) | VSH_CAN(PIPELINE) |
           VSH_CAN(CONTEXT) | VSH_CAN(EXPERT_WAYS) | VSH_CAN(ZERO_0) | VSH_CAN(ZERO_1) |
           VSH_CAN(ZERO_2) | VSH_CAN(ZERO_3) | VSH_CAN(FP32) | VSH_CAN(FP16) | VSH_CAN(FP8) |
           VSH_CAN(MUON) | VSH_CAN(SGD) | VSH_CAN(SELECTIVE) | VSH_CAN(SCORES),
    .runs_on = {[VSH_GPU] = true},
    .write = write};
