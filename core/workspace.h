/* What vishwa-train needs beside what it keeps: the memory that operations use while they run, to
 * the byte. The trainer reserves this and checks that its use peaks here. */
#ifndef VSH_WORKSPACE_H
#define VSH_WORKSPACE_H

#include "core/lower.h"

/* Rows that pass through the output head together: enough for a good product, few enough that
 * their logits stay small beside the model; at most all tokens. */
int64_t vsh_logit_chunk(int64_t vocab, int64_t tokens);

typedef struct {
    int64_t logits;    /* fp32 logits of one chunk; in 16 bits, their gradient once more */
    int64_t transient; /* everything else */
} vsh_workspace;

/* Of one micro-batch of lean work. jitter: the router's input is shaken. */
vsh_workspace vsh_workspace_of(const vsh_model *model, const vsh_work *work, bool jitter);

#endif
