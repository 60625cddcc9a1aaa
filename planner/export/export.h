/* A planned run as the configuration of the system that will do it: what the plan determines, under
 * keys that were checked in that system's sources, and nothing else. What a system cannot be told
 * is refused by name. */
#ifndef VSH_EXPORT_H
#define VSH_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/hardware.h"
#include "core/lower.h"
#include "core/model.h"
#include "planner/tuning/hyperparameters.h"
#include "planner/layout/layout.h"

typedef struct vsh_export_target vsh_export_target;

typedef struct {
    const vsh_model *model;
    const vsh_hardware *hardware;
    vsh_layout layout;
    int64_t chips, seq;
    int64_t batch, micro; /* sequences of a step; of a micro-batch of a replica */
    vsh_precision precision;
    vsh_optimizer optimizer;
    double gradient_bytes; /* a parameter, as they are summed and exchanged; 0: not kept */
    vsh_recompute_mode recompute;
    bool flash; /* tiled attention */
    int64_t seed;
    bool tuned; /* the rest is known */
    int64_t steps;
    double rate;
    vsh_schedule_advice schedule;
    double hours_most;               /* of the run, with its spread; 0: not known */
    const vsh_export_target *launch; /* of slurm: what it starts; NULL: what suits the hardware */
    const char *data;                /* the folder of the prepared text; NULL: not known */
    int64_t data_vocab;              /* of its tokenizer */
    const char *command;             /* the line that asked */
} vsh_export_run;

enum { VSH_EXPORT_FILES = 4 };

/* The first is what the system is started with. */
typedef struct {
    vsh_arena *arena;
    struct {
        const char *name;
        vsh_text text;
    } item[VSH_EXPORT_FILES];
    int count;
} vsh_export_files;

struct vsh_export_target {
    const char *name;    /* as --to takes it */
    const char *system;  /* as people call it */
    const char *version; /* that its keys were checked against */
    uint64_t can;        /* the features (export_feature.h) that it can be told */
    bool runs_on[3];     /* by vsh_hardware_kind */
    vsh_status (*write)(const vsh_export_run *run, vsh_export_files *files, vsh_error *err);
};

enum { VSH_EXPORT_TARGETS = 5 };

extern const vsh_export_target vsh_export_maxtext, vsh_export_megatron, vsh_export_torchtitan,
    vsh_export_slurm, vsh_export_vishwa_train;

/* In the order of vsh_export_words, which is closed by NULL. */
extern const vsh_export_target *const vsh_export_targets[VSH_EXPORT_TARGETS];
extern const char *const vsh_export_words[];

/* files->arena is the caller's; the texts live there. VSH_EINPUT, naming it, for what the target
 * cannot be told. */
vsh_status vsh_export_write(const vsh_export_target *target, const vsh_export_run *run,
                            vsh_export_files *files, vsh_error *err);

/* Chips of a node: those of the profile's fast domain, or all when they are fewer. */
int64_t vsh_export_node_chips(const vsh_export_run *run);

/* A new file, empty. */
vsh_text *vsh_export_file(vsh_export_files *files, const char *name);

#endif
