/* One small run three times over: as the planner's arithmetic foresees it, as vishwa-sim runs it,
 * and as the trainer made it. Each of the three fills the same figures; a check is a line across
 * them. */
#ifndef VSH_VALIDATE_H
#define VSH_VALIDATE_H

#include <signal.h>

#include "core/hardware.h"
#include "core/op.h"
#include "trainer/nn/gemm.h"
#include "trainer/nn/meter.h"
#include "trainer/run/run_plan.h"
#include "trainer/study/machine_probe.h"
#include "trainer/study/step_model.h"
#include "trainer/study/validate_cases.h"

/* What one of the three says of a run; NaN: nothing. */
typedef struct {
    double parameters, tensors;
    double checkpoint_bytes;            /* payload: weights and the optimizer's state */
    double products;                    /* different operations that multiply matrices */
    double model_flops, executed_flops; /* of a step */
    double arena_bytes, resident_bytes; /* reserved; above the idle process */
    double step_time_s, tokens_per_s;
    double energy_j; /* of a step */
} vsh_validate_figures;

extern const vsh_validate_figures vsh_validate_unknown;

/* ---- predicted (validate_predict.c) -----------------------------------------------------------
 */

/* The list that is priced: one micro-batch and its optimizer. */
vsh_status vsh_validate_lower(const vsh_run_config *config, const vsh_run_plan *plan,
                              vsh_op_list *ops, vsh_error *err);
vsh_step_work vsh_validate_step_work(const vsh_run_config *config, const vsh_run_plan *plan,
                                     const vsh_op_list *ops);
/* From the description, the list, the profile and what was learnt of the machine before (NULL:
 * nothing); nothing of the trainer is asked. */
vsh_status vsh_validate_predict(const vsh_run_config *config, const vsh_run_plan *plan,
                                const vsh_op_list *ops, const vsh_hardware *profile,
                                const vsh_step_constants *constants, vsh_validate_figures *figures,
                                vsh_step_parts *parts, vsh_error *err);

/* ---- measured (validate_measure.c) ------------------------------------------------------------
 */

enum { VSH_VALIDATE_STEPS_MAX = 64 };

typedef struct {
    int64_t steps; /* timed ones; one more comes first, untimed */
    const vsh_gemm_options *gemm;
    const char *folder; /* for the checkpoint, which is removed again */
    const volatile sig_atomic_t *stop;
} vsh_validate_settings;

/* A step's time where it went; seconds of the fastest step. */
typedef struct {
    vsh_step_parts parts;           /* operations by their own clocks */
    vsh_meter_row row[VSH_OPS_MAX]; /* each of them, in the order of the list without optimizer */
    double gradient_s;              /* forward, backward and the norm of the gradient */
    double update_s;                /* of weights and moments */
    double waited_s;                /* threads were ready and others had the processors */
    double median_s;
} vsh_validate_clocks;

typedef struct {
    vsh_validate_figures figures;
    vsh_validate_clocks clocks;
    vsh_machine_probe before, after;
    double spread; /* of the probes */
    bool energy_measured;
    char products[160]; /* what multiplied */
} vsh_validate_measured;

/* Trains for some steps, writes a checkpoint and reads it back. VSH_ESTOPPED. */
vsh_status vsh_validate_measure(const vsh_run_config *config, const vsh_run_plan *plan,
                                const vsh_validate_settings *settings,
                                vsh_validate_measured *measured, vsh_error *err);
/* Others used the machine while it was measured: its times say nothing of it. */
bool vsh_validate_disturbed(const vsh_validate_measured *measured);

/* A measurement that others disturbed is made again, so often in all. Where the machine is always
 * busy that would be three times the whole, so all runs together are made again for no more than
 * this: --quick promises two minutes and needs one at most where nobody disturbs it; a full call
 * takes some minutes and may take ten more (both assumed). */
enum { VSH_VALIDATE_TRIES = 3 };
#define VSH_RETRY_QUICK_S 60.0
#define VSH_RETRY_FULL_S 600.0

/* After so many tries of this run and so many seconds of trying any again. */
bool vsh_validate_again(const vsh_validate_measured *measured, int tries, double retried_s,
                        bool quick);

/* ---- the other programs (validate_ask.c) ------------------------------------------------------
 */

/* Where they stand; NULL: not there, and nothing is asked of that one. */
typedef struct {
    const char *plan, *sim;
    const char *profile; /* file of this machine's profile for vishwa-sim */
    const char *folder;  /* for the model's description */
    const volatile sig_atomic_t *stop;
} vsh_validate_programs;

/* parameters and model_flops as `vishwa-plan count` answers. */
vsh_status vsh_validate_ask_plan(vsh_arena *arena, const vsh_validate_programs *programs,
                                 const vsh_run_config *config, vsh_validate_figures *figures,
                                 vsh_error *err);
/* model_flops, step time and tokens per second as `vishwa-sim step` answers. VSH_EINPUT when it
 * cannot run this model. */
vsh_status vsh_validate_ask_sim(vsh_arena *arena, const vsh_validate_programs *programs,
                                const vsh_run_config *config, vsh_validate_figures *figures,
                                vsh_error *err);

/* ---- checks (validate.c) ----------------------------------------------------------------------
 */

typedef enum { VSH_CHECK_FAILED, VSH_CHECK_PASSED, VSH_CHECK_UNDECIDED } vsh_verdict;

/* One run, everything known of it. */
typedef struct {
    const vsh_validate_case *which;
    bool added; /* nobody asked for it: times of others rest on it */
    vsh_run_config config;
    vsh_run_plan plan;
    vsh_op_list *ops;
    vsh_validate_figures predicted, planner, simulated;
    vsh_step_parts priced; /* predicted time by kind and phase */
    double roofline_s;     /* of a step */
    bool uncalibrated;     /* nothing was learnt that its time could be predicted with */
    vsh_validate_measured measured;
    double modelled_j;       /* energy where it cannot be measured: watts x measured time */
    bool watts_measured;     /* the profile's watts are not assumed */
    const char *sim_refusal; /* why nothing is simulated, or NULL */
} vsh_validated;

/* rel_error = predicted / measured - 1, also where both are 0 or unknown (NaN). */
typedef struct {
    const vsh_validate_case *which; /* NULL: over all */
    const char *quantity, *unit;
    double predicted, simulated, measured, modelled;
    double rel_error, simulated_error, tolerance;
    vsh_verdict verdict;
    const char *why; /* it is undecided; NULL otherwise */
} vsh_validate_check;

enum { VSH_VALIDATE_QUANTITIES = 13 };
/* A probe spread beyond this leaves times undecided, and so does a fastest step that waited for a
 * processor for this share of its time. The tolerance of a step's time, of the median
 * over all that judge, and of resident memory. */
#define VSH_PROBE_SPREAD_MAX 0.1
#define VSH_WAITED_MAX 0.05
#define VSH_STEP_TIME_WORST 0.2
#define VSH_STEP_TIME_MEDIAN 0.1
#define VSH_RESIDENT_TOLERANCE 0.05
/* Of the profile's rates: on a machine that others share memory gave up to 19 % less than at other
 * times (measured); a profile that is wrong by half or by two is far outside. */
#define VSH_RATE_TOLERANCE 0.3

/* The lines of one run, always VSH_VALIDATE_QUANTITIES. */
void vsh_validate_checks(const vsh_validated *run,
                         vsh_validate_check checks[VSH_VALIDATE_QUANTITIES]);
/* What the profile says of the machine beside what it gave when it was asked again, before all runs
 * and after them: fp32 in registers and the triad, the better of the two. */
enum { VSH_VALIDATE_RATES = 2 };
void vsh_validate_rates(const vsh_hardware *profile, const vsh_hardware seen[2],
                        vsh_validate_check checks[VSH_VALIDATE_RATES]);
/* Step times among the lines: of the runs that judge, and of those the decided. */
typedef struct {
    int decided, judging;
} vsh_validate_times;

vsh_validate_times vsh_validate_count_times(const vsh_validate_check *checks, int count);

/* So many times must be decided before their median is: more than half of the 17 that judge with
 * --quick, or a busy machine would choose which. */
enum { VSH_VALIDATE_TIMES_MIN = 12 };

/* The line over all of them: the median error of step time among the decided, itself undecided
 * where they are fewer than least. */
vsh_status vsh_validate_over_all(vsh_arena *arena, const vsh_validate_check *checks, int count,
                                 int least, vsh_validate_check *median, vsh_error *err);

#endif
