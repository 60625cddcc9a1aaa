/* A memory that is trained while it reads, Behrouz et al. 2025 (Titans, arXiv:2501.00663): FLOPs of
 * it against those of attention. No law says what it does to the loss. */
#ifndef VSH_MEMORY_LAYERS_H
#define VSH_MEMORY_LAYERS_H

#include "planner/advice/technique.h"

/* A token reads and updates the memory: forward and backward, 6 P_mem, in training as in serving.
 */
double vsh_memory_flops(double memory_params);
/* Forward FLOPs of attention over the keys a token sees: 4 H h keys a layer. */
double vsh_attention_flops(double layers, double heads, double head_dim, double keys);
/* Keys a token must see for attention to cost as much. */
double vsh_memory_break_even(double memory_params, double layers, double heads, double head_dim);

vsh_technique_fill vsh_advise_memory_layers;

#endif
