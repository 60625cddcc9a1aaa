/* Steps until the end, a signal or a failure: update, log, evaluation, checkpoint. */
#ifndef VSH_RUN_LOOP_H
#define VSH_RUN_LOOP_H

#include <signal.h>
#include <stdio.h>

#include "core/term.h"
#include "trainer/run/prepared.h"
#include "trainer/run/checkpoint.h"
#include "trainer/run/energy.h"
#include "trainer/run/run_log.h"
#include "trainer/run/trainer.h"

/* Steps that a roll-back found bad: their updates are skipped when the run comes by again. */
enum { VSH_BAD_STEPS = 1024 };

/* What was foreseen, and in the end measured; NaN where nobody knows. */
typedef struct {
    int64_t params;
    double flops_per_step; /* executed */
    double memory_bytes;   /* reserved */
    double step_time_s;
    double energy_j;
} vsh_run_figures;

typedef struct {
    vsh_arena *arena;
    vsh_trainer *trainer;
    const vsh_run_config *config;
    const vsh_prepared *data;
    vsh_stream *stream;
    const char *out;         /* the run directory */
    const char *checkpoints; /* out/checkpoints */
    const char *config_yaml; /* effective */
    vsh_run_log log;
    vsh_checkpoint_state state;
    const volatile sig_atomic_t *stop; /* a signal asked for the end */
    int64_t last_step;                 /* of the run */
    double seconds_max;                /* of this call; 0: no limit */
    double peak_flops;                 /* of this machine, NaN when not measured */
    bool energy_measured;
    vsh_energy_meter energy;
    double watts; /* modelled, when energy is not measured */
    FILE *talk;   /* progress, NULL: none */
    bool talk_is_terminal;
    int64_t bad[VSH_BAD_STEPS];
    int bad_count, in_a_row;
    vsh_run_figures measured; /* filled at the end; its energy is that of all steps in the log */
    vsh_evaluation last_evaluation;
    vsh_evaluation teacher_evaluation; /* of the same text, at the end; tokens 0: none */
} vsh_run;

/* Hash of everything in a configuration that decides the weights. */
uint64_t vsh_run_config_hash(vsh_arena *arena, const vsh_run_config *config);

/* Writes a checkpoint of the state as it is. */
vsh_status vsh_run_save(vsh_run *run, vsh_error *err);
/* Reads path into trainer and state. VSH_EINPUT when it is of another run. */
vsh_status vsh_run_load(vsh_run *run, const char *path, vsh_error *err);
/* The same of another run of the same text and seed: weights, moments, step and place in the data
 * are taken over, whatever its schedule was. VSH_EINPUT when it is of other tensors or text, or at
 * no earlier step than the end of this one. */
vsh_status vsh_run_branch(vsh_run *run, const char *path, vsh_error *err);

/* VSH_OK: all steps done. VSH_ESTOPPED: a signal or a limit; a checkpoint was written. VSH_ENO: the
 * loss is not finite, or a spike, too often in a row. */
vsh_status vsh_run_steps(vsh_run *run, vsh_error *err);

#endif
