/* What is known of a framework from its code, not fitted: what it fuses, what it makes again. */
#ifndef VSH_SOFTWARE_H
#define VSH_SOFTWARE_H

#include <stdbool.h>

typedef struct {
    const char *name;
    bool
        fused_loss; /* cross entropy in one kernel, in place; else a pass over fp32 logits a step */
    bool early_stop;       /* recomputation of a layer stops at the last tensor that is needed */
    bool first_flash;      /* FlashAttention of the first kind */
    bool dropout;          /* of models with learned positions, unless told otherwise */
    double optimizer;      /* bytes of the update over those of the list */
    const char *framework; /* whose memory: vsh_framework_words */
} vsh_software;

/* By the name of a stack; for NULL and names it does not know a framework that fuses nothing. */
const vsh_software *vsh_software_of(const char *name);

#endif
