/* The commands of vishwa-plan: what each takes, and what it does with it. */
#ifndef VSH_PLAN_COMMANDS_H
#define VSH_PLAN_COMMANDS_H

#include "core/program.h"
#include "planner/laws/law.h"
#include "planner/plan.h"

/* What the command line said; numbers that were not given are NaN (or 0 for counts). */
typedef struct {
    vsh_common common;
    const char *hw, *model, *law, *region, *report, *with, *data;
    double hours, days, tokens, epochs, serve_tokens, params, unique;
    double effective_tflops, mfu, price_usd, experts, granularity, target_loss;
    int64_t chips, seq;
    int precision; /* -1: bf16 where the chip has it, else fp16, else fp32 */
    int optimizer; /* -1: adamw, unless a recipe is given */
    int recipe;    /* -1: from precision and optimizer */
    bool refresh, check_throughput;
    /* of fit */
    const char *columns, *corpus, *out;
    const char *set; /* of calibrate */
    vsh_opt_list where;
    int objective, resample, n_counts;
    int64_t bootstraps; /* -1: as many as it takes by default */
    double delta, vocab, flops, hold_out;
    /* of estimate and export */
    const char *layout, *stack;
    int64_t batch, micro_batch;                               /* sequences; 0: not given */
    int to, launch, recompute, attention, dropout, framework; /* -1: not given */
    bool inference;
    double imbalance; /* NaN: not given */
    /* of search */
    int64_t top;
    int rank; /* vsh_rank */
    /* of validate */
    bool quick;
    vsh_opt_list only;
    int64_t steps; /* 0: not given */
} plan_config;

/* fit --objective */
enum { PLAN_HUBER, PLAN_LEAST_SQUARES };

void plan_config_default(plan_config *config);

/* The main job first, then the others. */
extern const vsh_program_command plan_commands[];

vsh_command_run plan_run_main_job;        /* plan_main_job.c */
vsh_command_run plan_run_advice;          /* plan_advice.c */
vsh_command_run plan_run_count;           /* plan_count.c */
vsh_command_run plan_run_loss;            /* plan_loss.c */
vsh_command_run plan_run_laws;            /* plan_laws.c */
vsh_command_run plan_run_hyperparameters; /* plan_hyperparameters.c */
vsh_command_run plan_run_hw;              /* plan_hw.c */
vsh_command_run plan_run_fit;             /* plan_fit.c */
vsh_command_run plan_run_experts;         /* plan_experts.c */
vsh_command_run plan_run_estimate;        /* plan_estimate.c */
vsh_command_run plan_run_export;          /* plan_export.c */
vsh_command_run plan_run_search;          /* plan_search.c */
vsh_command_run plan_run_calibrate;       /* plan_calibrate.c */
vsh_command_run plan_run_validate;        /* plan_validate.c */

/* plan_main_job.c: the question of the main job, from its options. hardware and model are the
 * caller's and are filled; model only when one was named. */
vsh_status plan_resolve(vsh_session *s, vsh_hardware *hardware, vsh_model *model, plan_request *r,
                        vsh_error *err);

/* plan_data.c: unique tokens by --tokens or --data, or none. */
vsh_status plan_read_data(vsh_session *s, plan_request *r, vsh_error *err);
/* --law: the law of this name, the default one for NULL, or the law in a file; it lives as long as
 * the arena. */
vsh_status plan_find_law(vsh_arena *arena, const char *name, const vsh_law **law, vsh_error *err);
/* plan_main_job.c: the plan that the command line asks for, whole; it lives in the session's arena.
 */
vsh_status plan_make(vsh_session *s, plan **p, vsh_error *err);

#endif
