/* What gives a chip's memory back while training: more micro-batches, recomputation, a smaller
 * optimizer; and more chips. Bytes and times are those of core/footprint and of the plan's own run.
 */
#ifndef VSH_TRAINING_MEMORY_H
#define VSH_TRAINING_MEMORY_H

#include "planner/advice/technique.h"

vsh_technique_fill vsh_advise_accumulation, vsh_advise_recompute, vsh_advise_adamw8bit,
    vsh_advise_more_chips;

#endif
