/* A model in training: its memory, reserved once, and one step. Knows nothing of files or of
 * terminals. */
#ifndef VSH_TRAINER_H
#define VSH_TRAINER_H

#include "trainer/base/block.h"
#include "trainer/nn/network.h"
#include "trainer/run/optimizer.h"
#include "trainer/run/run_config.h"
#include "trainer/run/run_plan.h"
#include "trainer/run/teacher.h"

/* Where sequences come from: inputs and targets (sequences, seq) from token `first` of a stream. */
typedef struct {
    void (*fill)(void *context, int64_t first, int64_t sequences, int64_t seq, int32_t *inputs,
                 int32_t *targets);
    void *context;
} vsh_batch_source;

enum { VSH_GRADIENT_BUFFERS = 16 };

typedef struct {
    vsh_arena *arena;
    const vsh_run_config *config;
    const vsh_run_plan *plan;
    vsh_parameter_list list;
    vsh_offsets offsets;
    vsh_pool *pool;
    vsh_nn nn;
    vsh_network *net;
    vsh_block weights, gradients, optimizer, activations, workspace;
    vsh_optimizer_arrays arrays;
    vsh_optimizer_arrays update; /* what the optimizer works on: in 16 bits with fp32 sums of
                                  * gradients, the master copy */
    void *micro_gradient;        /* of one micro-batch, where sums are fp32; else NULL */
    void *gradient[VSH_GRADIENT_BUFFERS];
    int32_t *inputs, *targets;
    double *sums;
    vsh_teacher *teacher; /* opened with this one's threads, set by who opened it; or NULL */
    int64_t *load;        /* (L, E) rows of the step, or NULL */
    int64_t arena_bytes;  /* reserved, all blocks */
} vsh_trainer;

/* What one step gave before its update. */
typedef struct {
    vsh_network_report report; /* means over the micro-batches */
    double gradient_norm;
    bool finite;           /* loss and gradient */
    int64_t executed_macs; /* counted from the calls; equal to the list's */
    int64_t teacher_macs;  /* the same of the teacher's forward pass, 0 without one */
    vsh_flops model_flops; /* of a step of this shape */
} vsh_step;

/* Reserves everything; gemm_table as in vsh_gemm_options. VSH_EMACHINE for memory and threads. */
vsh_status vsh_trainer_open(vsh_arena *arena, const vsh_run_config *config,
                            const vsh_run_plan *plan, const vsh_gemm_options *gemm,
                            vsh_trainer *trainer, vsh_error *err);
void vsh_trainer_close(vsh_trainer *trainer);

/* Initial weights of the configuration's seed; moments zero. */
void vsh_trainer_start(vsh_trainer *trainer);

/* Forward and backward over the sequences of one step (from 1), which begin at token first. */
vsh_status vsh_trainer_gradient(vsh_trainer *trainer, const vsh_batch_source *source, int64_t step,
                                int64_t first, vsh_step *result, vsh_error *err);
/* The update that follows: clips, and moves the weights and the balancing biases. */
void vsh_trainer_update(vsh_trainer *trainer, int64_t step, double rate, const vsh_step *result);

/* Weights rounded anew from the master copy (after a checkpoint was read). */
void vsh_trainer_round(vsh_trainer *trainer);
/* Weights, master copy and the optimizer's figures. */
bool vsh_trainer_finite(const vsh_trainer *trainer);

/* Mean loss over the first windows of held-out text, at most tokens of them. window as
 * vsh_evaluation_window. */
typedef struct {
    bool (*window)(const void *context, int64_t window, int64_t seq, int32_t *inputs,
                   int32_t *targets);
    const void *context;
} vsh_window_source;

typedef struct {
    double loss;    /* natural log a token */
    int64_t tokens; /* that counted */
    double exit_loss[VSH_EXITS_MAX];
    int exits;
} vsh_evaluation;

vsh_status vsh_trainer_evaluate(vsh_trainer *trainer, const vsh_window_source *source,
                                int64_t tokens, vsh_evaluation *evaluation, vsh_error *err);
/* The same of its teacher. */
vsh_status vsh_trainer_evaluate_teacher(vsh_trainer *trainer, const vsh_window_source *source,
                                        int64_t tokens, vsh_evaluation *evaluation, vsh_error *err);

#endif
