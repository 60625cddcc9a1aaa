/* The commands of vishwa-train: what each takes, and what it does with it. */
#ifndef VSH_TRAIN_COMMANDS_H
#define VSH_TRAIN_COMMANDS_H

#include <signal.h>

#include "core/cli.h"
#include "core/hardware.h"
#include "core/library.h"
#include "core/term.h"
#include "core/text.h"
#include "trainer/run/run_config.h"
#include "trainer/run/run_plan.h"

/* What the command line said; numbers that were not given are NaN, or 0 for counts. */
typedef struct {
    vsh_common common;
    const char *out, *checkpoint, *prompt, *model, *tasks;
    vsh_opt_list set;
    int64_t steps, tokens, batch, seq, top_k;
    double hours, temperature, top_p, exit_threshold;
    int precision, recompute, optimizer;
    bool resume, dry_run, refresh;
} train_config;

void train_config_default(train_config *config);

typedef struct train_command train_command;

/* One call of the program: filled by main, used by the command. */
typedef struct {
    vsh_arena *arena;
    train_config config;
    const train_command *command;
    const char *operands[VSH_OPERANDS_MAX];
    int operand_count;
    vsh_library library;
    const char *cache_folder;
    const char *data_folder;           /* with the unpacked files of the default corpus */
    const char *line;                  /* the command line, to be shown */
    const volatile sig_atomic_t *stop; /* a signal asked for the end */
    bool talk_is_terminal;
    vsh_term term;
    vsh_text out;  /* results: written whole at the end, or not at all */
    bool answered; /* out is complete although the command failed afterwards */
} train_session;

struct train_command {
    vsh_command cli;
    vsh_status (*run)(train_session *session, vsh_error *err); /* NULL: not built yet */
};

/* Closed by a NULL name. */
extern const train_command train_commands[];

vsh_status train_run_run(train_session *session, vsh_error *err);    /* train_run.c */
vsh_status train_run_bench(train_session *session, vsh_error *err);  /* train_bench.c */
vsh_status train_run_eval(train_session *session, vsh_error *err);   /* train_eval.c */
vsh_status train_run_sample(train_session *session, vsh_error *err); /* train_sample.c */

/* --seed, or 1. run has it over the file's. */
uint64_t train_seed(const train_session *session);
/* Threads of a call: --threads, or all this process may use; at most VSH_POOL_THREADS_MAX. */
int64_t train_threads(const train_session *session);
/* Where the measured table of products is kept; NULL: nothing is kept. --refresh forgets it. */
const char *train_gemm_table(train_session *session);
/* This machine's profile, measured once; *known false when it cannot be measured. */
void train_machine(train_session *session, vsh_hardware *hardware, bool *known);

/* FLOP/s of its peak in a precision, and watts it is taken to draw, chip and host; NaN: unknown. */
double train_peak(const vsh_hardware *hardware, bool known, int precision);
double train_watts(const vsh_hardware *hardware, bool known);

#endif
