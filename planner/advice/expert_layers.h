/* What experts save beside the recommended dense run: the joint law's figures and the plan's own
 * alternatives experts-4 and experts-8. */
#ifndef VSH_EXPERT_LAYERS_H
#define VSH_EXPERT_LAYERS_H

#include "planner/advice/technique.h"

vsh_technique_fill vsh_advise_experts_4, vsh_advise_experts_8;

#endif
