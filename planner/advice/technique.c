#include "planner/advice/technique.h"

#include <math.h>

#include "planner/advice/cross_layer.h"
#include "planner/advice/distillation.h"
#include "planner/advice/early_exit.h"
#include "planner/advice/expert_layers.h"
#include "planner/advice/fine_tuning.h"
#include "planner/advice/low_precision.h"
#include "planner/advice/memory_layers.h"
#include "planner/advice/over_training.h"
#include "planner/advice/pruning.h"
#include "planner/advice/synthetic_data.h"
#include "planner/advice/training_memory.h"

#define PAPER "founding paper: "
#define EXPERTS_CLAIM                                                                              \
    PAPER "experts, dynamic inference and mixed precision cut training compute by 20 to 30 % "     \
          "with less than 1 % of accuracy lost"
#define EXPERTS_SOURCE "Ludziejewski 2025, arXiv:2502.05172 equation 6; MFU ratio of MaxText"
#define EXPERTS_CONDITION                                                                          \
    "enough unique tokens, memory for all experts; a pre-training loss, not a downstream accuracy"

/* In the order in which they are shown: what changes the loss for the compute, what gives memory
 * back, what serves cheaper, what is done instead. */
const vsh_technique vsh_techniques[VSH_TECHNIQUE_COUNT] = {
    {"experts-4", "Mixture of 4 experts, top-1", EXPERTS_CLAIM, VSH_EVIDENCE_PRIMARY,
     EXPERTS_SOURCE, EXPERTS_CONDITION, vsh_advise_experts_4},
    {"experts-8", "Mixture of 8 experts, top-1", EXPERTS_CLAIM, VSH_EVIDENCE_PRIMARY,
     EXPERTS_SOURCE, EXPERTS_CONDITION, vsh_advise_experts_8},
    {"bf16", "16-bit training with fp32 master weights",
     "Training Efficiency and Scalability: mixed precision lowers compute and memory without "
     "substantially impacting accuracy",
     VSH_EVIDENCE_MEMORY, "Micikevicius 2018, arXiv:1710.03740; bytes and peaks derived",
     "master weights and reductions stay in fp32", vsh_advise_bf16},
    {"int8", "Int8 products while training",
     PAPER "bfloat16 and int8 reduce compute; course notes: quantization, potentially better "
           "performance",
     VSH_EVIDENCE_DERIVED,
     "Kumar 2024, arXiv:2411.04330 table 2 (primary), its N_eff carried into this plan's law",
     "software that reaches the int8 peak; the law is of 30 M - 220 M parameters, quantized in the "
     "forward pass only",
     vsh_advise_int8},
    {"early-exit", "Three exit heads",
     PAPER "adaptive early exit, counted among what reduces training compute", VSH_EVIDENCE_DERIVED,
     "exact FLOPs of this model's operations; accuracies of LayerSkip 2024, arXiv:2404.16710 "
     "tables "
     "1 and 2 (primary)",
     "a vocabulary small beside the layers, or a cheap gate; a saving of inference alone, training "
     "always costs more",
     vsh_advise_early_exit},
    {"pruning", "Half of the weights removed",
     "Training Compute-Optimal LLM: pruning reduces model size and computational requirements",
     VSH_EVIDENCE_SECONDARY,
     "Frantar 2023, arXiv:2309.08520 equation 1, T5 coefficients by a survey, checked on the "
     "authors' runs",
     "storage is what is short: unstructured zeros save no time on dense matrix units, and what is "
     "pruned was trained dense",
     vsh_advise_pruning},
    {"distillation", "A student of a teacher three times its size",
     "Training Compute-Optimal LLM: trains compact models with lower computational costs",
     VSH_EVIDENCE_MEMORY,
     "Busbridge 2025, arXiv:2502.08606 equations 8 and 9 (secondary); table 6 recalled, and met by "
     "an independent evaluation of it in 12 of 12 values to .001 nats",
     "the teacher exists already or serves many students; where it would be trained for one "
     "student, train the student alone",
     vsh_advise_distillation},
    {"synthetic-data", "Text from a weaker generator",
     "Optimizing LLM Training: models trained on data of weaker, cheaper generators consistently "
     "outperform",
     VSH_EVIDENCE_SECONDARY, "Bansal 2024, arXiv:2408.16737; 2 P FLOPs a token sampled",
     "shown for fine-tuning on reasoning with an answer checker; no gain in pre-training loss is "
     "claimed",
     vsh_advise_synthetic_data},
    {"memory-layers", "A neural long-term memory in place of attention",
     "Optimizing LLM Training: Titans, a path to more efficient processing of long sequences",
     VSH_EVIDENCE_MEMORY, "Behrouz 2025, arXiv:2501.00663; FLOPs derived",
     "long contexts; no law says what it does to the loss", vsh_advise_memory_layers},
    {"cross-layer", "Keys and values shared by two layers",
     PAPER "multi-layer attention enhances contextual representations", VSH_EVIDENCE_DERIVED,
     "Brandon 2024, arXiv:2405.12981; bytes and FLOPs of this model",
     "the cache of keys and values is what is short; its price in loss is not known here",
     vsh_advise_cross_layer},
    {"accumulation", "Gradient accumulation",
     "Training Efficiency and Scalability: trains larger models within the same memory",
     VSH_EVIDENCE_DERIVED, "core/footprint of this plan",
     "activations are what does not fit: state and the largest model stay the same",
     vsh_advise_accumulation},
    {"recompute", "Activations computed again", NULL, VSH_EVIDENCE_DERIVED,
     "core/footprint and executed FLOPs of this plan; 8 N D instead of 6 N D (jax-ml/scaling-book)",
     "the plan does not fit without", vsh_advise_recompute},
    {"adamw8bit", "8-bit optimizer state",
     "course notes: optimizer states are part of 12 to 20 bytes a parameter",
     VSH_EVIDENCE_SECONDARY,
     "Dettmers 2022, arXiv:2110.02861 (perplexity 9.0 of 1.5 B parameters either way); bytes "
     "derived",
     "block-wise quantization, embeddings in 32-bit state", vsh_advise_adamw8bit},
    {"more-chips", "Four times the chips",
     "Training Efficiency and Scalability: distributed computing reduces computational overhead",
     VSH_EVIDENCE_DERIVED, "division; critical batch of Kaplan 2020, arXiv:2001.08361",
     "the batch stays below the critical one; saves time only", vsh_advise_more_chips},
    {"over-training", "Half of the optimum's parameters, trained for longer", NULL,
     VSH_EVIDENCE_SECONDARY,
     "this plan's law solved for tokens; Gadre 2024, arXiv:2403.08540, for where it was tested",
     "much will be served, and enough unique tokens are there", vsh_advise_over_training},
    {"serving", "Sized for training and serving together", NULL, VSH_EVIDENCE_SECONDARY,
     "Sardana 2023, arXiv:2401.00448 equation 3, through this plan's law",
     "the served tokens must be known, and much text at hand", vsh_advise_serving},
    {"int8-serving", "Weights quantized after training",
     "course notes: quantization strongly reduces memory with a limited loss", VSH_EVIDENCE_DERIVED,
     "bytes; Kumar 2024, arXiv:2411.04330 equation 9 for the trend",
     "a model that is served; the more tokens it was trained on, the dearer in loss",
     vsh_advise_int8_serving},
    {"fine-tuning", "Fine-tune a model that exists",
     "course notes: use a pre-trained model; Optimizing LLM Training: Sky-T1 for less than $450",
     VSH_EVIDENCE_PRIMARY,
     "Sky-T1 README: 152 H100-hours, $450; adapters' FLOPs Schulman 2025 (LoRA without regret); "
     "its "
     "base took about 3.5e24 FLOP (from memory)",
     "the task is near what the model knows: fine-tuning and pre-training are two budgets",
     vsh_advise_fine_tuning},
};

bool vsh_law_speaks(const plan *p)
{
    return p->recommended.loss < log((double)p->recommended.model.vocab);
}

static plan_advice empty_row(const vsh_technique *technique)
{
    return (plan_advice){.technique = technique,
                         .compute = NAN,
                         .compute_low = NAN,
                         .compute_high = NAN,
                         .loss = NAN,
                         .memory_bytes = NAN,
                         .time = NAN,
                         .time_low = NAN,
                         .usd = NAN,
                         .usd_low = NAN,
                         .inference = NAN,
                         .inference_low = NAN,
                         .inference_high = NAN};
}

vsh_status plan_advise(plan *p, vsh_error *err)
{
    p->advice_count = 0;
    for (int i = 0; p->recommends && i < VSH_TECHNIQUE_COUNT; i++) {
        plan_advice *a = &p->advice[p->advice_count++];
        *a = empty_row(&vsh_techniques[i]);
        VSH_TRY(vsh_techniques[i].fill(p, a, err));
        if (isnan(a->usd) && p->recommended.bill.price_known)
            a->usd = a->time * p->recommended.bill.usd;
    }
    return VSH_OK;
}
