/* The commands of vishwa-train: what each takes, and what it does with it. */
#ifndef VSH_TRAIN_COMMANDS_H
#define VSH_TRAIN_COMMANDS_H

#include <signal.h>

#include "core/hardware.h"
#include "core/program.h"
#include "trainer/run/run_config.h"
#include "trainer/run/run_plan.h"

/* What the command line said; numbers that were not given are NaN, or 0 for counts. */
typedef struct {
    vsh_common common;
    const char *out, *checkpoint, *prompt, *model, *tasks, *task_files;
    vsh_opt_list set;
    int64_t steps, tokens, batch, seq, top_k;
    double hours, temperature, top_p, exit_threshold;
    int precision, recompute, optimizer;
    bool resume, dry_run, refresh;
    bool repeats; /* of eval */
    /* of compress; run takes its checkpoint as the teacher */
    double prune;
    int quantize; /* a word; -1: not asked for */
    const char *distill_into;
    bool summary; /* of study */
    /* of validate */
    bool quick;
    const char *report;
    vsh_opt_list only;
    /* of data build */
    vsh_opt_list in, limit;
    const char *language, *against, *tokenizer;
    int64_t vocab, overlap_words, bands, rows, shingle, held_out, shard_bytes;
    double augment_share;
    int documents, filter, dedup, make_tasks, augment; /* words; off and on are 0 and 1 */
    const volatile sig_atomic_t *stop;                 /* a signal asked for the end; the main's */
} train_config;

void train_config_default(train_config *config);

extern const vsh_program_command train_commands[];

vsh_command_run train_run_run;      /* train_run.c */
vsh_command_run train_run_bench;    /* train_bench.c */
vsh_command_run train_run_compress; /* train_compress.c */
vsh_command_run train_run_data;     /* train_data.c */
vsh_command_run train_run_eval;     /* train_eval.c */
vsh_command_run train_run_sample;   /* train_sample.c */
vsh_command_run train_run_study;    /* train_study.c */
vsh_command_run train_run_validate; /* train_validate.c */

/* --seed, or 1. run has it over the file's. */
uint64_t train_seed(const vsh_session *session);
/* Threads of a call: --threads, or all this process may use; at most VSH_POOL_THREADS_MAX. */
int64_t train_threads(const vsh_session *session);
/* With the unpacked files of the default corpus: data/ of the environment's folder, of the tree
 * that the program stands in, or of the current folder. */
const char *train_data_folder(const vsh_session *session);
/* Where the measured table of products is kept; NULL: nothing is kept. --refresh forgets it. */
const char *train_gemm_table(vsh_session *session);
/* This machine's profile, measured once; *known false when it cannot be measured. */
void train_machine(vsh_session *session, vsh_hardware *hardware, bool *known);

/* FLOP/s of its peak in a precision, and watts it is taken to draw, chip and host; NaN: unknown. */
double train_peak(const vsh_hardware *hardware, bool known, int precision);
double train_watts(const vsh_hardware *hardware, bool known);

#endif
