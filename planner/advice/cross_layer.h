/* Layers that share keys and values, Brandon et al. 2024 (arXiv:2405.12981): a smaller cache, a
 * little less to compute. */
#ifndef VSH_CROSS_LAYER_H
#define VSH_CROSS_LAYER_H

#include "planner/advice/technique.h"

/* 16-bit keys and values of one sequence, over the layers that have their own; latent attention
 * keeps its compressed vector. */
double vsh_cache_bytes(const vsh_model *model, double seq);
/* Layers in groups of so many attend to the keys and values of the first of the group. */
void vsh_share_keys(vsh_model *model, int64_t layers_alike);

vsh_technique_fill vsh_advise_cross_layer;

#endif
