/* Two models compared field by field: padding does not count, and a message says which field. */
#ifndef VSH_SAME_MODEL_H
#define VSH_SAME_MODEL_H

#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

static inline bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline void check_same_experts(const vsh_experts *a, const vsh_experts *b)
{
    CHECK_INT(a->count, b->count);
    CHECK_INT(a->top_k, b->top_k);
    CHECK_INT(a->hidden, b->hidden);
    CHECK_INT(a->shared, b->shared);
    CHECK_INT(a->shared_hidden, b->shared_hidden);
    CHECK_INT(a->every, b->every);
    CHECK_INT(a->first_dense, b->first_dense);
    CHECK_INT(a->granularity, b->granularity);
    CHECK_INT(a->shared_gate, b->shared_gate);
    CHECK_INT(a->router_bias, b->router_bias);
    CHECK_INT(a->correction_bias, b->correction_bias);
    CHECK_INT(a->expert_bias, b->expert_bias);
    CHECK_NEAR(a->capacity, b->capacity, 0, 0);
}

static inline void check_same_sizes(const vsh_model *a, const vsh_model *b)
{
    CHECK_INT(a->published_parameters, b->published_parameters);
    CHECK_INT(a->layers, b->layers);
    CHECK_INT(a->hidden, b->hidden);
    CHECK_INT(a->heads, b->heads);
    CHECK_INT(a->kv_heads, b->kv_heads);
    CHECK_INT(a->head_dim, b->head_dim);
    CHECK_INT(a->ffn, b->ffn);
    CHECK_INT(a->vocab, b->vocab);
    CHECK_INT(a->context, b->context);
    CHECK_INT(a->position_offset, b->position_offset);
    CHECK_INT(a->embedding_dim, b->embedding_dim);
    CHECK_INT(a->norms_per_layer, b->norms_per_layer);
    CHECK_INT(a->window, b->window);
    CHECK_INT(a->full_every, b->full_every);
    CHECK_INT(a->cross_layer, b->cross_layer);
    CHECK_INT(a->latent.q_rank, b->latent.q_rank);
    CHECK_INT(a->latent.kv_rank, b->latent.kv_rank);
    CHECK_INT(a->latent.nope_dim, b->latent.nope_dim);
    CHECK_INT(a->latent.rope_dim, b->latent.rope_dim);
    CHECK_INT(a->latent.v_dim, b->latent.v_dim);
}

static inline void check_same_layers(const vsh_model *a, const vsh_model *b)
{
    for (int64_t l = 0; l < a->layers; l++) {
        const vsh_layer *x = &a->layer[l], *y = &b->layer[l];
        char what[300];
        snprintf(what, sizeof what, "%.200s: layer %lld is the same", a->name, (long long)l);
        vsh_check(x->experts == y->experts && x->own_kv == y->own_kv && x->exit == y->exit &&
                      x->window == y->window,
                  __FILE__, __LINE__, what, false);
    }
}

static inline void check_same_model(const vsh_model *a, const vsh_model *b)
{
    CHECK_TEXT(a->name, b->name);
    CHECK(same_text(a->source, b->source));
    check_same_sizes(a, b);
    CHECK_INT(a->mlp, b->mlp);
    CHECK_INT(a->norm, b->norm);
    CHECK_INT(a->position, b->position);
    CHECK_INT(a->qk_norm, b->qk_norm);
    CHECK_INT(a->bias, b->bias);
    CHECK_INT(a->tied, b->tied);
    CHECK_INT(a->embedding_norm, b->embedding_norm);
    CHECK_INT(a->sinks, b->sinks);
    CHECK_INT(a->final_norm, b->final_norm);
    check_same_experts(&a->experts, &b->experts);
    check_same_layers(a, b);
}

#endif
