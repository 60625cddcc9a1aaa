/* The price of one micro-batch on one chip of a layout, by parts of the model: a layer of each
 * kind, the embedding, the head. Pipelines, replicas and interleaving only add parts up
 * (step_time.h), so a search prices a list once for all of them. */
#ifndef VSH_STEP_PRICE_H
#define VSH_STEP_PRICE_H

#include "core/footprint.h"
#include "core/lower.h"
#include "planner/layout/eager.h"
#include "planner/layout/layer_kinds.h"
#include "planner/layout/layout.h"
#include "planner/layout/mesh.h"
#include "planner/layout/op_time.h"
#include "planner/layout/software.h"

/* Machine, network and software as plain numbers. */
typedef struct {
    vsh_stack stack;
    vsh_chip_rate rate;
    vsh_fabric fabric;
    int64_t node; /* chips of a whole fast domain, used or not */
} vsh_platform;

vsh_status vsh_platform_of(const vsh_hardware *hardware, const vsh_stack *stack,
                           vsh_precision precision, bool flash, int64_t chips, int64_t slice,
                           vsh_platform *platform, vsh_error *err);

/* A run and how it is laid out. */
typedef struct {
    vsh_laid_run laid;
    vsh_layout layout;
    vsh_precision precision;
    vsh_recompute_mode recompute;
    const vsh_recipe *recipe;
    bool flash;   /* attention tiled in one kernel, else scores are stored */
    bool dropout; /* masks are kept beside what they drop */
    vsh_software software;
    const vsh_framework *framework;   /* whose memory, and what its selective recomputation keeps;
                                       * NULL: the core of attention is made again */
    double imbalance;                 /* rows of the fullest chip's experts over the mean; 0: 1 */
    const vsh_eager_numbers *numbers; /* NULL: the usual */
} vsh_step_run;

/* One direction through a part. */
typedef struct {
    double chip;     /* s busy with computation */
    double launches; /* that the host begins */
    double late;     /* s that hosts wait for the last of them before collectives */
    double waits;    /* s of collectives that nothing hides */
    double hides;    /* s of collectives that other work may hide */
} vsh_span;

typedef struct {
    vsh_span forward, backward; /* backward: with what is made again */
} vsh_part_price;

typedef struct {
    vsh_part_price layer[VSH_KINDS_MAX], embedding, head;
    vsh_share layer_share[VSH_KINDS_MAX], embedding_share;
    vsh_share head_share[2]; /* beside the embedding: [1] */
    int kinds;
    unsigned char kind[VSH_LAYERS_MAX]; /* of every layer */
    double border_bytes;                /* activations between two stages */
    double model_flops, executed_flops; /* of a micro-batch of one replica, over its chips */
} vsh_list_price;

/* The work of one micro-batch of one replica. */
vsh_work vsh_step_work(const vsh_step_run *run);

/* Prices the list of the whole model under the layout's split. */
vsh_status vsh_list_price_of(const vsh_step_run *run, const vsh_platform *platform,
                             const vsh_mesh *mesh, vsh_list_price *price, vsh_error *err);

/* One operation of a list of this run: its seconds on the chip, or in the network, over its
 * executions; layers: that were lowered together, 1 outside of layers. */
vsh_op_price vsh_step_op_price(const vsh_step_run *run, const vsh_platform *platform,
                               const vsh_mesh *mesh, const vsh_op *op, int64_t layers);

#endif
