#include "planner/layout/admits.h"

#include <stddef.h>
#include <string.h>

static const vsh_admits known[] = {
    /* Stages 2 and 3 would be its FSDP, with layouts that nobody here has checked. */
    {.software = "megatron-lm",
     .zero = {true, true},
     .zero_piped = 1,
     .source = "megatron/training/arguments.py@000c4ac24f: --use-distributed-optimizer; secondary"},
    {.software = "megatron-deepspeed",
     .zero = {true, true, true, true},
     .zero_piped = 1,
     .chunks_most = 1,
     .source = "deepspeed/runtime/pipe/engine.py: no ZeRO 2 and 3 beside pipelines; from memory"},
    {.software = "fsdp",
     .zero = {true, false, true, true},
     .ways_most = {1, 1, 1, 1},
     .chunks_most = 1,
     .source = "mosaicml/llm-foundry: FSDP or DDP, no axis beside; from memory"},
    {.software = "pytorch",
     .zero = {true, false, true, true},
     .zero_piped = 3,
     .source = "torchtitan: fully_shard or replicate, with the other axes; from memory"},
    {.software = "maxtext",
     .zero = {true, true, false, true},
     .zero_piped = 3,
     .source = "src/maxtext/configs/base.yml@000b810bb1: shard_optimizer_over_data; secondary"}};

const vsh_admits *vsh_admits_of(const char *software)
{
    for (size_t i = 0; software && i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].software, software) == 0)
            return &known[i];
    return NULL;
}

const char *vsh_admits_not(const vsh_admits *a, const vsh_layout *layout)
{
    static const char *const keys[] = {"tp", "pp", "cp", "ep"};
    const vsh_split *s = &layout->split;
    const int64_t ways[] = {s->tensor, layout->pp, s->context, s->expert};

    if (!a)
        return NULL;
    for (int i = 0; i < 4; i++)
        if (a->ways_most[i] && ways[i] > a->ways_most[i])
            return keys[i];
    if (!a->zero[s->zero] || (layout->pp > 1 && s->zero > a->zero_piped))
        return "zero";
    return a->chunks_most && layout->interleave > a->chunks_most ? "interleave" : NULL;
}
