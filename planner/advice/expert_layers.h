/* What experts save beside the recommended dense run: the joint law's figures and the plan's own
 * alternatives experts-4 and experts-8. */
#ifndef VSH_EXPERT_LAYERS_H
#define VSH_EXPERT_LAYERS_H

#include "planner/advice/technique.h"

/* Of an alternative with experts, beside the dense run of the joint law. */
vsh_expert_verdict vsh_judge_expert_run(const plan_run *run);

vsh_technique_fill vsh_advise_experts_4, vsh_advise_experts_8;

#endif
