/* The law of fine-grained experts. */
#ifndef VSH_KRAJEWSKI_H
#define VSH_KRAJEWSKI_H

#include "planner/laws/law.h"

/* The law was fitted at this many experts. */
#define VSH_KRAJEWSKI_EXPERTS 64.0

/* Total over active parameters, both without embeddings, at 64 experts: (8 E + 4) / 12, attention
 * being 4 d^2 of 12 d^2. */
double vsh_krajewski_total_per_active(void);

#endif
