/* A law fitted to runs: its coefficients, how sure they are, and what each run says of it. */
#ifndef VSH_FIT_H
#define VSH_FIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/arena.h"
#include "core/status.h"
#include "planner/fit/runs.h"
#include "planner/laws/law.h"
#include "planner/laws/uncertainty.h"

/* What one bootstrap draws: runs from all runs, runs from those of the same compute (within a
 * quarter of a decade), or whole groups of runs, such as the points of one curve. */
typedef enum { VSH_RESAMPLE_RUNS, VSH_RESAMPLE_BUDGETS, VSH_RESAMPLE_GROUPS } vsh_resample;
extern const char *const vsh_resample_words[]; /* closed by NULL */

typedef struct {
    const vsh_form *form;
    bool least_squares; /* of log loss, in place of Huber's */
    double delta;       /* of Huber's, in log loss; published: 1e-3 */
    double vocab;       /* tokens: the bounded form's L0 is its logarithm; 0: L0 is fitted */
    int bootstraps;     /* 0: none */
    vsh_resample resample;
    uint64_t seed;
    int64_t threads; /* 0: one for each CPU */
    double flops;    /* of the optimum; 0: the largest budget among the runs */
    double hold_out; /* of the largest models: below 1 a share of the runs, else how many sizes;
                        0: none */
    const char *corpus;
    vsh_n_counts n_counts;
    FILE *talk; /* progress of long work; NULL: none */
    bool talk_is_terminal;
} vsh_fit_options;

/* Predicted against measured, of several runs; all are sizes, without a sign. */
typedef struct {
    double median, mean, max;                /* of predicted / measured - 1 */
    double median_nats, mean_nats, max_nats; /* of predicted - measured */
} vsh_fit_errors;

/* The form fitted to the smaller models, asked about the largest. */
typedef struct {
    int trained, held;     /* runs; held is 0 when nothing was held out */
    double params_from;    /* the smallest model held out */
    vsh_fit_errors errors; /* of the form */
    vsh_fit_errors baseline_errors;
    const char *baseline; /* a form that ignores what this one adds: its formula */
    const char *ignores;  /* that, in words */
    /* Why there are no errors (they are NaN): what the smaller models do not tell; else "". */
    char reason[200], baseline_reason[200];
} vsh_hold_out;

/* Everything found. Arrays are the arena's. When identified is false, unidentified and reason say
 * what the runs do not tell, and all that follows is not set. */
typedef struct {
    const vsh_runs *runs;
    const vsh_form *form;
    bool identified;
    unsigned unidentified; /* bit i: coefficient i of the form */
    char reason[400];      /* why, one sentence */

    /* name is the form's; the domain is the range of the runs. stderr_ are those of the bootstrap
     * (of the coefficients themselves), 0 without one and for an open coefficient; covariance NULL
     * without one, and with an open coefficient: its draws are of no normal distribution. draws are
     * at most VSH_LAW_DRAWS of the bootstrap's. */
    vsh_law law;
    bool least_squares; /* as asked */
    unsigned fixed;     /* bit i: coefficient i was given or unused, not fitted */
    double objective;   /* summed over the runs; Huber's, or half the squares of log loss */
    double *fitted;     /* losses, in the order of the runs */
    double *residual;   /* log measured - log fitted */
    double residual_sd; /* of them, relative to the loss, with the degrees of freedom taken off */
    double residual_median; /* of their sizes: what outliers do not move */
    int *worst;             /* runs in the order of the size of their residuals, the worst first */
    int repeated_rows;      /* rows that say again what another row says */

    int draw_count; /* of bootstraps that could be fitted */
    int draw_failed;
    double (*draw)[VSH_COEFFICIENTS];                 /* coefficients, not logarithms */
    vsh_interval coefficient_range[VSH_COEFFICIENTS]; /* 95 %, of the draws */

    /* C = 6 N D; NaN for a form that knows no tokens. Intervals are of the draws, and NaN without
     * them. */
    double flops;
    vsh_optimum optimum;
    vsh_interval optimum_params, optimum_tokens, optimum_loss;

    vsh_hold_out hold_out;
} vsh_fit;

/* A bootstrap of fewer draws says nothing of 95 %, and with several coefficients not even how they
 * move together: no errors, ranges, covariance and draws come of it. */
enum { VSH_FIT_DRAWS_LEAST = 20, VSH_LAW_DRAWS = 200 };

/* Draws enough for errors and ranges. */
static inline bool vsh_fit_is_drawn(const vsh_fit *fit)
{
    return fit->draw_count >= VSH_FIT_DRAWS_LEAST;
}

/* Variable projection for the start, then the objective to its minimum, then the bootstrap. VSH_OK
 * also when the runs do not identify the law. VSH_EINPUT for a form that is not fitted, or that
 * needs a column which is not there. VSH_EMACHINE for memory and threads. */
vsh_status vsh_fit_run(vsh_arena *arena, const vsh_runs *runs, const vsh_fit_options *options,
                       vsh_fit *fit, vsh_error *err);

/* Names of the forms that can be fitted, closed by NULL. */
extern const char *const vsh_fit_words[];

#endif
