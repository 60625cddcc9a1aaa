/* A small model in training: opened, started and run on a text that can be learnt. */
#ifndef VSH_TEST_STARTED_H
#define VSH_TEST_STARTED_H

#include <stdio.h>
#include <string.h>

#include "tests/harness.h"
#include "trainer/run/trainer.h"

/* What is trained, and how; figures that are 0 are small ones that do. */
typedef struct {
    const char *model; /* YAML, or the name of a shipped one */
    int64_t layers;    /* of a shipped one that is too deep for a test; 0: its own */
    int64_t sequence, micro, accumulate, shards, threads;
    int64_t sequence_start, sequence_warmup;
    int precision, optimizer, recompute;
    double jitter, bias_rate, clip;
    uint64_t seed;
} setting;

typedef struct {
    vsh_run_config config;
    vsh_run_plan plan;
    vsh_trainer t;
} started;

static inline vsh_model model_of(const setting *s)
{
    char path[100];
    vsh_model model;
    vsh_error err;

    if (strchr(s->model, '\n'))
        return vsh_test_model(s->model);
    snprintf(path, sizeof path, "models/%s.yaml", s->model);
    REQUIRE_OK(vsh_model_read(vsh_test_arena(), path, &model, &err), &err);
    model.layers = s->layers ? s->layers : model.layers;
    return model;
}

static inline int64_t or_else(int64_t given, int64_t other) { return given ? given : other; }

static inline void configure(const setting *s, started *r)
{
    vsh_batch_config *b = &r->config.batch;

    r->config = (vsh_run_config){
        .path = "run.yaml",
        .model = model_of(s),
        .optimizer = {s->optimizer, 0.9, 0.95, 1e-8, 0.1, s->clip},
        .network = {.balance = 0.01, .z = 0.001, .jitter = s->jitter, .exit_scale = 0.2},
        .schedule = {.peak = 1e-3, .steps = 100},
        .bias_rate = s->bias_rate,
        .steps = 100,
        .precision = s->precision,
        .recompute = s->recompute,
        .seed = s->seed ? s->seed : 7};
    r->config.network.seed = r->config.seed;
    b->sequence = or_else(s->sequence, 24);
    b->micro = or_else(s->micro, 2);
    b->accumulate = or_else(s->accumulate, 1);
    b->shards = s->shards;
    b->sequence_start = s->sequence_start;
    b->sequence_warmup = s->sequence_warmup;
    b->tokens = b->sequence * b->micro * b->accumulate;
}

/* Opened, not yet started. */
static inline started *open_of(const setting *s)
{
    started *r = vsh_alloc(vsh_test_arena(), 1, sizeof *r);
    vsh_gemm_options gemm = {0};
    vsh_error err;

    REQUIRE(r != NULL);
    configure(s, r);
    REQUIRE_OK(
        vsh_run_plan_make(&r->config, or_else(s->threads, 1), (int64_t)1 << 40, &r->plan, &err),
        &err);
    REQUIRE_OK(vsh_trainer_open(vsh_test_arena(), &r->config, &r->plan, &gemm, &r->t, &err), &err);
    return r;
}

static inline started *start_of(const setting *s)
{
    started *r = open_of(s);

    vsh_trainer_start(&r->t);
    return r;
}

static inline void stop(started *r) { vsh_trainer_close(&r->t); }

/* A text that can be learnt: it says nearly the same again and again. */
static inline int32_t token_at(int64_t vocab, int64_t position)
{
    int64_t word = position % 8 ? position * 5 % 23 : 23 + position / 8 % 7;

    return (int32_t)(word % vocab);
}

static inline void fill_text(void *context, int64_t first, int64_t sequences, int64_t seq,
                             int32_t *inputs, int32_t *targets)
{
    const started *r = context;

    for (int64_t i = 0; i < sequences * seq; i++) {
        inputs[i] = token_at(r->config.model.vocab, first + i);
        targets[i] = token_at(r->config.model.vocab, first + i + 1);
    }
}

static inline vsh_step gradient_at(started *r, int64_t step, int64_t first)
{
    vsh_batch_source source = {fill_text, r};
    vsh_step result;
    vsh_error err;

    REQUIRE_OK(vsh_trainer_gradient(&r->t, &source, step, first, &result, &err), &err);
    return result;
}

/* Steps over the same batch; the loss before the last update. */
static inline double train(started *r, int64_t steps, double rate)
{
    double loss = 0;

    for (int64_t step = 1; step <= steps; step++) {
        vsh_step result = gradient_at(r, step, 0);
        CHECK(result.finite);
        loss = result.report.loss;
        vsh_trainer_update(&r->t, step, rate, &result);
    }
    return loss;
}

static inline size_t stored_bytes(const started *r)
{
    return (size_t)r->t.list.elements * vsh_element_bytes(r->t.arrays.element);
}

static inline bool same_weights(const started *a, const started *b)
{
    return memcmp(a->t.arrays.weights, b->t.arrays.weights, stored_bytes(a)) == 0;
}

static inline bool same_gradients(const started *a, const started *b)
{
    return memcmp(a->t.gradient[0], b->t.gradient[0], stored_bytes(a)) == 0;
}

/* Moments and master copy. */
static inline bool same_state(const started *a, const started *b)
{
    return a->t.optimizer.bytes == b->t.optimizer.bytes &&
           memcmp(a->t.optimizer.data, b->t.optimizer.data, (size_t)a->t.optimizer.bytes) == 0;
}

#endif
