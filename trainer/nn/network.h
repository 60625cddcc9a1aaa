/* The model, executed: one micro-batch forward and backward, operation by operation of the list
 * that core/lower.c makes. Nothing is allocated while it runs. */
#ifndef VSH_NETWORK_H
#define VSH_NETWORK_H

#include "core/lower.h"
#include "trainer/nn/lesson.h"
#include "trainer/nn/meter.h"
#include "trainer/nn/moe.h"
#include "trainer/nn/nn.h"
#include "trainer/nn/parameters.h"

enum { VSH_EXITS_MAX = 64 };

/* What the loss is made of besides cross-entropy. */
typedef struct {
    double balance;    /* of the load-balancing loss */
    double z;          /* of the router's z-loss */
    double jitter;     /* of the router's input while training; 0: none */
    double exit_scale; /* weight of an exit after layer l is exit_scale (l + 1), of the last L */
    uint64_t seed;     /* of the jitter */
} vsh_network_options;

/* Memory of the caller: see core/footprint.h. All aligned to 64 bytes. */
typedef struct {
    void *weights;     /* elements of the list */
    void *activations; /* vsh_network_activation_bytes */
    void *workspace;   /* vsh_network_workspace_bytes */
    int64_t activation_bytes, workspace_bytes;
} vsh_network_memory;

/* What one micro-batch gave; losses are natural logs a token. */
typedef struct {
    double loss; /* of the last head on its text, also where it learns from a teacher */
    double exit_loss[VSH_EXITS_MAX];
    int exits;
    double joint;      /* what is learnt, a lesson too: weighted over exits and the last head */
    double balance, z; /* summed over layers, coefficients included */
    int64_t dropped, routed;
    double load_max; /* of the fullest expert over the mean, the worst layer */
    double entropy;  /* of the load over log E, mean over layers */
    int64_t tokens;  /* that counted */
} vsh_network_report;

typedef struct vsh_network vsh_network;

/* work is lean, with the largest shape that will run. The lists and offsets must outlive the
 * network. VSH_EINPUT for what cannot be built. */
vsh_status vsh_network_open(vsh_arena *arena, const vsh_model *model, const vsh_work *work,
                            const vsh_network_options *options, const vsh_nn *nn,
                            const vsh_parameter_list *list, const vsh_offsets *offsets,
                            vsh_network **network, vsh_error *err);
/* What the network keeps between forward and backward, for the largest shape. */
int64_t vsh_network_activation_bytes(vsh_network *network);
/* Carves the caller's memory; before the first run. */
void vsh_network_use(vsh_network *network, const vsh_network_memory *memory);
/* Another shape of micro-batch, of no more tokens than the first. */
vsh_status vsh_network_shape(vsh_network *network, int64_t sequences, int64_t seq, vsh_error *err);

/* What follows each token; -1: it does not count. lesson: while training, the last head learns from
 * a teacher beside them, or NULL. */
typedef struct {
    const int32_t *ids;
    const vsh_lesson *lesson;
} vsh_targets;

/* Forward and backward. gradients (elements of the list) are written, or with add, added to; they
 * are of the mean loss over the micro-batch. step and micro choose the jitter. load (layers, E)
 * counts rows by expert, or NULL. */
vsh_network_report vsh_network_train(vsh_network *network, const int32_t *inputs,
                                     const vsh_targets *targets, void *gradients, bool add,
                                     uint64_t step, int64_t *load);
/* Forward only. losses (tokens) receives each token's loss of the last head, or NULL. */
vsh_network_report vsh_network_evaluate(vsh_network *network, const int32_t *inputs,
                                        const vsh_targets *targets, double *losses);

/* Forward only, up to the last head, exits left out; then logits (rows, V) of tokens [row, row +
 * rows), in the workspace until the next call. rows is at most vsh_logit_chunk of core. */
void vsh_network_body(vsh_network *network, const int32_t *inputs);
float *vsh_network_logits(vsh_network *network, int64_t row, int64_t rows);

/* What was executed since the meter was cleared; its list is of one micro-batch. */
vsh_meter *vsh_network_meter(vsh_network *network);
/* Most bytes of the workspace that were in use at once. */
int64_t vsh_network_workspace_peak(const vsh_network *network);

#endif
