#include "planner/layout/software.h"

#include <string.h>

/* From their code, from memory:
 *   fsdp      llm-foundry and its kind: the loss of flash-attn (fused_crossentropy, the default);
 *             torch's checkpoint without reentry stops early (torch.utils.checkpoint, early_stop)
 *   megatron  vocab_parallel_cross_entropy, in passes; checkpoints run the whole layer again
 *   compiled  XLA drops what nothing needs (maxtext) */
static const vsh_software known[] = {
    {"megatron-lm", false, false, false}, {"megatron-deepspeed", false, false, false},
    {"fsdp", true, true, false},          {"pytorch", true, true, false},
    {"maxtext", true, true, false},       {"vishwa", true, true, false}};
static const vsh_software unknown = {"", false, false, false};

const vsh_software *vsh_software_of(const char *name)
{
    for (size_t i = 0; name && i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return &unknown;
}
