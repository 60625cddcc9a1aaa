#include "trainer/study/validate_cases.h"

#define DENSE "layers: 3, hidden: 256, heads: 8, ffn: 1024, vocab: 2048, context: 256, tied: true"
#define DEEP "layers: 6, hidden: 192, heads: 6, ffn: 512, vocab: 2048, context: 256, tied: true"
#define CLASSIC                                                                                    \
    "layers: 3, hidden: 256, heads: 4, ffn: 1024, vocab: 2048, context: 256, mlp: gelu, norm: "    \
    "layer, position: learned, bias: all"
#define MIXTURE                                                                                    \
    "layers: 3, hidden: 256, heads: 8, vocab: 2048, context: 256, tied: true, "                    \
    "experts: {count: 8, top_k: 2, hidden: 256}"
#define MIXTURE_WITH(more)                                                                         \
    "layers: 3, hidden: 256, heads: 8, ffn: 512, vocab: 2048, context: 256, tied: true, "          \
    "experts: {count: 8, top_k: 2, hidden: 256, " more "}"

enum { FP32 = VSH_FP32, BF16 = VSH_BF16, INT8 = VSH_INT8 };
enum { NONE = VSH_RECOMPUTE_NONE, SELECTIVE = VSH_RECOMPUTE_SELECTIVE, FULL = VSH_RECOMPUTE_FULL };
enum { CALIBRATION = 1, SLOW = 1 };

/* clang-format off */
const vsh_validate_case vsh_validate_cases[] = {
    /* a model of step time may be fitted to these: each kind of operation in each precision */
    {"dense", DENSE, FP32, VSH_ADAMW, NONE, 256, 4, 1, CALIBRATION},
    {"dense-narrow", DEEP, FP32, VSH_ADAMW, NONE, 128, 8, 1, CALIBRATION},
    {"classic", CLASSIC, FP32, VSH_ADAMW, NONE, 256, 4, 1, CALIBRATION},
    {"dense-bf16", DENSE, BF16, VSH_ADAMW, NONE, 256, 4, 1, CALIBRATION},
    {"dense-int8", DENSE, INT8, VSH_ADAMW, NONE, 256, 4, 1, CALIBRATION},
    {"experts", MIXTURE, FP32, VSH_ADAMW, NONE, 256, 4, 1, CALIBRATION},
    {"experts-bf16", MIXTURE, BF16, VSH_ADAMW, NONE, 256, 4, 1, CALIBRATION},
    {"experts-adamw8bit", MIXTURE, INT8, VSH_ADAMW8BIT, NONE, 256, 4, 1, CALIBRATION},
    {"dense-adafactor", DEEP, FP32, VSH_ADAFACTOR, NONE, 256, 4, 1, CALIBRATION},
    {"dense-large", "layers: 6, hidden: 512, heads: 8, ffn: 1536, vocab: 8192, context: 512, tied: true",
     FP32, VSH_ADAMW, NONE, 512, 4, 1, CALIBRATION, SLOW},
    {"experts-large", "layers: 4, hidden: 384, heads: 6, vocab: 8192, context: 256, tied: true, "
     "experts: {count: 16, top_k: 2, hidden: 768}", FP32, VSH_ADAMW, NONE, 256, 8, 1, CALIBRATION, SLOW},
    /* these only judge */
    {"exits", DENSE ", exits: [1, 2]", FP32, VSH_ADAMW, NONE, 256, 4, 1},
    {"cross-layer", DEEP ", cross_layer: 2", FP32, VSH_ADAMW, NONE, 256, 4, 1},
    {"grouped-queries", DENSE ", kv_heads: 2", FP32, VSH_ADAMW, NONE, 256, 4, 1},
    {"window", DEEP ", window: 48, full_every: 3", FP32, VSH_ADAMW, NONE, 256, 4, 1},
    {"recompute-full", DENSE, FP32, VSH_ADAMW, FULL, 256, 4, 1},
    {"recompute-selective", DENSE, FP32, VSH_ADAMW, SELECTIVE, 256, 4, 1},
    {"accumulate", DENSE, FP32, VSH_ADAMW, NONE, 128, 2, 4},
    {"adamw8bit", DENSE, FP32, VSH_ADAMW8BIT, NONE, 256, 4, 1},
    {"adafactor", DENSE, FP32, VSH_ADAFACTOR, NONE, 256, 4, 1},
    {"bf16-exits", DEEP ", exits: [2, 4]", BF16, VSH_ADAMW, NONE, 256, 4, 1},
    {"bf16-accumulate", CLASSIC, BF16, VSH_ADAMW, NONE, 128, 2, 4},
    {"int8-cross-layer", DEEP ", cross_layer: 2", INT8, VSH_ADAMW, NONE, 256, 4, 1},
    {"experts-shared", MIXTURE_WITH("shared: 1"), FP32, VSH_ADAMW, NONE, 256, 4, 1},
    {"experts-capacity", MIXTURE_WITH("capacity: 1.25"), FP32, VSH_ADAMW, NONE, 256, 4, 1},
    {"experts-some", MIXTURE_WITH("every: 2, correction_bias: true"), FP32, VSH_ADAMW, NONE, 256, 4, 1},
    {"experts-all", MIXTURE_WITH("shared: 1, every: 2") ", kv_heads: 2, exits: [1], cross_layer: 3",
     BF16, VSH_ADAMW8BIT, FULL, 128, 4, 2},
    {"experts-int8", MIXTURE, INT8, VSH_ADAFACTOR, SELECTIVE, 256, 4, 1},
    /* larger ones */
    {"dense-long", "layers: 4, hidden: 384, heads: 6, ffn: 1024, vocab: 4096, context: 2048, tied: true",
     FP32, VSH_ADAMW, NONE, 2048, 1, 1, 0, SLOW},
    {"dense-deep", "layers: 16, hidden: 256, heads: 4, ffn: 768, vocab: 4096, context: 256, tied: true",
     FP32, VSH_ADAMW, NONE, 256, 8, 2, 0, SLOW},
    {"dense-vocabulary", "layers: 2, hidden: 256, heads: 4, ffn: 768, vocab: 32768, context: 256",
     BF16, VSH_ADAMW, NONE, 256, 8, 1, 0, SLOW},
    {"experts-fine", "layers: 4, hidden: 384, heads: 6, vocab: 8192, context: 256, tied: true, "
     "experts: {count: 64, top_k: 8, hidden: 192, shared: 1}", BF16, VSH_ADAMW, NONE, 256, 8, 1, 0, SLOW},
    {NULL}};
/* clang-format on */

bool vsh_validate_teaches(const vsh_validate_case *calibration, const vsh_validate_case *which)
{
    return calibration->calibration && !which->calibration && (!calibration->slow || which->slow) &&
           (calibration->precision == which->precision ||
            calibration->optimizer == which->optimizer);
}

vsh_status vsh_validate_configure(vsh_arena *arena, const vsh_validate_case *which, uint64_t seed,
                                  vsh_run_config *config, vsh_error *err)
{
    vsh_text yaml = {.arena = arena};
    vsh_batch_config *b = &config->batch;
    vsh_doc doc;

    *config = (vsh_run_config){.path = which->name,
                               .optimizer = {which->optimizer, 0.9, 0.95, 1e-8, 0.1, 1},
                               .network = {.balance = 0.01, .z = 0.001, .exit_scale = 0.2},
                               .schedule = {.kind = VSH_SCHEDULE_WSD, .peak = 1e-3, .steps = 100},
                               .steps = 100,
                               .precision = which->precision,
                               .recompute = which->recompute,
                               .seed = seed};
    vsh_text_add(&yaml, "{name: %s, %s}", which->name, which->model);
    if (yaml.failed)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_doc_parse(arena, which->name, yaml.data, yaml.length, &doc, err));
    VSH_TRY(vsh_model_from_doc(&doc, &config->model, err));
    VSH_TRY(vsh_trainable(&config->model, err));
    config->network.seed = seed;
    config->bias_rate = config->model.experts.correction_bias ? 1e-3 : 0;
    b->sequence = which->sequence;
    b->micro = which->micro;
    b->accumulate = which->accumulate;
    b->tokens = b->sequence * b->micro * b->accumulate;
    return VSH_OK;
}
