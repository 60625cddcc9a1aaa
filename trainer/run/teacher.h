/* The trained model that a run learns from beside its text: a checkpoint of the same vocabulary,
 * whose logits for each micro-batch are made while the student trains on it (nn/lesson.h). Only its
 * forward pass runs; nothing of it is trained. Its memory is its own, beside the trainer's. */
#ifndef VSH_TEACHER_H
#define VSH_TEACHER_H

#include "trainer/nn/lesson.h"
#include "trainer/nn/network.h"
#include "trainer/run/loaded.h"
#include "trainer/run/run_plan.h"

typedef struct {
    vsh_loaded model; /* without threads */
    uint64_t hash;    /* of the weights */
    vsh_work work;
    int64_t activation_bytes, workspace_bytes;
    vsh_flops forward; /* executed for one micro-batch at full length */
    vsh_lesson lesson;
    vsh_network_options options;
    vsh_network *net;
    vsh_block activations, workspace;
} vsh_teacher;

/* Reads the checkpoint that config->distill names. VSH_EINPUT also when its vocabulary is not the
 * student's, or its context too short. */
vsh_status vsh_teacher_read(vsh_arena *arena, const vsh_library *library,
                            const vsh_run_config *config, vsh_teacher *teacher,
                            const char **warning, vsh_error *err);
/* What it will need and do beside a student of this plan. available: bytes that are free now that
 * its weights are read. VSH_ENO when both do not fit. */
vsh_status vsh_teacher_plan(const vsh_run_config *config, const vsh_run_plan *plan,
                            int64_t available, vsh_teacher *teacher, vsh_error *err);
/* At least so long a forward pass of a micro-batch takes, by the roofline of each operation. */
vsh_seconds vsh_teacher_time(const vsh_teacher *teacher, const vsh_hardware *hardware);
/* Weights, activations and workspace. */
int64_t vsh_teacher_bytes(const vsh_teacher *teacher);
/* VSH_EINPUT unless the tokenizer of the student's text is the teacher's own. */
vsh_status vsh_teacher_speaks(const vsh_teacher *teacher, const vsh_tokenizer *tokenizer,
                              vsh_error *err);

/* Reserves what was planned, to run with the student's threads. */
vsh_status vsh_teacher_open(vsh_arena *arena, const vsh_nn *nn, vsh_teacher *teacher,
                            vsh_error *err);
/* Also of a zeroed one. */
void vsh_teacher_close(vsh_teacher *teacher);

/* The shape of micro-batches from now on; counts what runs anew. */
vsh_status vsh_teacher_shape(vsh_teacher *teacher, int64_t sequences, int64_t seq, vsh_error *err);
/* Its forward pass over a micro-batch; what the student's head is to be given. */
const vsh_lesson *vsh_teacher_teach(vsh_teacher *teacher, const int32_t *inputs);
/* Multiply-adds since the last shape: counted from the calls, equal to the list's. */
int64_t vsh_teacher_macs(const vsh_teacher *teacher, int64_t micro_batches);

#endif
