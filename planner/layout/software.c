#include "planner/layout/software.h"

#include <string.h>

/* From their code, from memory:
 *
 * fsdp: llm-foundry of 2023 has Triton's FlashAttention and the loss of flash-attn
 * (fused_crossentropy, its default); torch's checkpoint without reentry stops early
 * (torch.utils.checkpoint); an AdamW of some ten kernels moves 90 bytes a parameter where the list
 * has 28.
 *
 * megatron: vocab_parallel_cross_entropy works in passes; checkpoints run the whole layer again;
 * dropout is 0.1 unless told otherwise; Adam is one kernel, and copies, unscaling, norm and
 * clipping of fp32 gradients beside it make 54 bytes of the list's 30; DeepSpeed's kernel unscales,
 * and gradients are read twice more.
 *
 * maxtext: XLA drops what nothing needs. */
static const vsh_software known[] = {
    {"megatron-lm", false, false, false, true, 1.8, "megatron"},
    {"megatron-deepspeed", false, false, false, true, 1.1, "megatron"},
    {"fsdp", true, true, true, false, 3.2, "torchtitan"},
    {"pytorch", true, true, false, false, 3.2, "torchtitan"},
    {"maxtext", true, true, false, false, 1, "xla"},
    {"vishwa", true, true, false, false, 1, "vishwa"}};
static const vsh_software unknown = {"", false, false, false, false, 1, NULL};

const vsh_software *vsh_software_of(const char *name)
{
    for (size_t i = 0; name && i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return &unknown;
}
