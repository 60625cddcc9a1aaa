/* A model that exists already, trained on: what that costs, and what its makers have spent. */
#ifndef VSH_FINE_TUNING_H
#define VSH_FINE_TUNING_H

#include "planner/advice/technique.h"

typedef struct {
    const char *name;
    double params, tokens; /* of its pre-training */
} vsh_base_model;

/* 6 N D: forward, and the gradients of activations and of weights. */
double vsh_fine_tuning_flops(double params, double tokens);
/* 4 N D: with low-rank adapters the frozen weights need no
 * gradients of their own; the adapters themselves are small beside that
 * (Schulman and Thinking Machines 2025, LoRA without regret: 2 N^2 + 6 N R of 3 N^2; primary). */
double vsh_adapter_flops(double params, double tokens);
/* The largest of the known ones whose 16-bit weights leave room for activations; NULL: none. */
const vsh_base_model *vsh_base_model_for(double memory_bytes);

vsh_technique_fill vsh_advise_fine_tuning;

#endif
