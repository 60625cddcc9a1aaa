/* The network that trains, started on a case of models.h. */
#ifndef VSH_TEST_FAST_H
#define VSH_TEST_FAST_H

#include "core/footprint.h"
#include "core/workspace.h"
#include "tests/grad/models.h"
#include "tests/harness.h"
#include "trainer/nn/network.h"

enum { STEP = 3 };

/* A network ready to run, and what it wrote. */
typedef struct {
    vsh_pool *pool;
    vsh_gemm_engine *engine;
    vsh_network *net;
    vsh_element element;
    void *weights, *gradients;
    vsh_network_memory memory;
    vsh_work work;
    vsh_network_report report;
} running;

/* How it runs. */
typedef struct {
    vsh_precision precision;
    vsh_recompute_mode recompute;
    int threads;
    const char *isa; /* NULL: the best */
} manner;

static inline void *room(int64_t bytes)
{
    void *place = vsh_alloc(vsh_test_arena(), (size_t)bytes + 1, 1);

    REQUIRE(place != NULL);
    return place;
}

static inline void store_weights(const ready_case *c, running *r)
{
    r->weights = room(c->list.elements * 4);
    r->gradients = room(c->list.elements * 4);
    for (int64_t i = 0; i < c->list.elements; i++)
        if (r->element == VSH_F32)
            ((float *)r->weights)[i] = (float)c->weights[i];
        else
            ((vsh_bf16 *)r->weights)[i] = vsh_bf16_of_float((float)c->weights[i]);
}

static inline running start(const ready_case *c, const manner *how)
{
    running r = {.element = how->precision == VSH_FP32 ? VSH_F32 : VSH_B16};
    vsh_network_options options = {.balance = c->options.balance,
                                   .z = c->options.z,
                                   .jitter = c->options.jitter,
                                   .exit_scale = c->options.exit_scale,
                                   .seed = c->options.jitter_seed};
    vsh_gemm_options blas = {0};
    vsh_nn nn = {.kernels = how->isa ? vsh_kernels_named(how->isa) : vsh_kernels_find()};
    vsh_workspace need;
    vsh_footprint footprint;
    vsh_error err;
    vsh_lean_runtime runtime = {
        .gradient_buffers = 1, .threads = how->threads, .jitter = options.jitter > 0};

    r.work = vsh_work_lean(c->sequences, c->seq, how->precision, how->recompute);
    REQUIRE_OK(vsh_pool_start(vsh_test_arena(), how->threads,
                              room((int64_t)how->threads * VSH_SCRATCH_BYTES), VSH_SCRATCH_BYTES,
                              &r.pool, &err),
               &err);
    REQUIRE_OK(vsh_gemm_open(vsh_test_arena(), r.pool, nn.kernels, &blas, &r.engine, &err), &err);
    nn.pool = r.pool;
    nn.gemm = r.engine;
    REQUIRE_OK(vsh_network_open(vsh_test_arena(), c->model, &r.work, &options, &nn, &c->list,
                                &c->offsets, &r.net, &err),
               &err);
    store_weights(c, &r);
    need = vsh_workspace_of(c->model, &r.work, options.jitter > 0);
    REQUIRE_OK(vsh_footprint_lean(c->model, &r.work, &runtime, &footprint, &err), &err);
    r.memory = (vsh_network_memory){.weights = r.weights,
                                    .activation_bytes = (int64_t)footprint.activations.v,
                                    .workspace_bytes = need.logits + need.transient};
    r.memory.activations = room(r.memory.activation_bytes);
    r.memory.workspace = room(r.memory.workspace_bytes);
    vsh_network_use(r.net, &r.memory);
    return r;
}

static inline void train(const ready_case *c, running *r, bool add)
{
    vsh_targets targets = {.ids = c->ids};

    r->report = vsh_network_train(r->net, c->inputs, &targets, r->gradients, add, STEP, NULL);
}

static inline void stop(running *r)
{
    vsh_gemm_close(r->engine);
    vsh_pool_stop(r->pool);
}

static inline double gradient_at(const running *r, int64_t i)
{
    return r->element == VSH_F32 ? (double)((const float *)r->gradients)[i]
                                 : (double)vsh_float_of_bf16(((const vsh_bf16 *)r->gradients)[i]);
}

/* A case whose jitter the naive twin shakes as the network does in step STEP. */
static inline ready_case *judged_case(const network_case *made_from)
{
    ready_case *c = case_ready(made_from);

    c->options.jitter_stream = (uint64_t)STEP * VSH_LAYERS_MAX;
    return c;
}

#endif
