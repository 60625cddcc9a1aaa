/* Batch, learning rate and the rest of a training recipe from the published laws; they disagree, so
 * a centre and a range. */
#ifndef VSH_HYPERPARAMETERS_H
#define VSH_HYPERPARAMETERS_H

#include <stdbool.h>

#include "planner/tuning/tuning_law.h"

/* Kaplan et al. 2020 (arXiv:2001.08361) equation 1.4: the batch beyond which steps stop saving. */
double vsh_kaplan_critical_batch(double loss);
/* Zhang et al. 2024 (arXiv:2410.21676): the batch at which 20 % more steps are needed than halving
 * them would leave. Published of N at 20 tokens a parameter, which it follows through the tokens.
 */
double vsh_zhang_critical_batch(double tokens);
/* Kaplan again, equation 4.4: unique tokens that keep N non-embedding parameters from overfitting.
 */
double vsh_kaplan_overfit_tokens(double params);

/* What the laws make of a run: the geometric mean of those fitted where it lies. Where none was, of
 * all that may be followed, each held to VSH_RATE_MAX, extrapolated is set, and the range is a
 * factor of VSH_EXTRAPOLATED_RANGE at least. */
typedef struct {
    double rate, rate_low, rate_high;
    double batch_tokens, batch_low, batch_high; /* before rounding to sequences */
    bool rate_extrapolated, batch_extrapolated;
    bool used[VSH_TUNING_LAWS]; /* its rate stands in the centre */
} vsh_hyperparameters;

vsh_hyperparameters vsh_hyperparameters_of(const vsh_tuned *run);

/* A power of two of units (a sequence on every chip), near what is wanted, with steps enough. */
double vsh_batch_near(double wanted, double unit, double tokens);

/* The rest of the recipe, for a batch that was chosen. */
typedef struct {
    double warmup_steps, warmup_low, warmup_high;
    double cooldown_share; /* of the steps, at the end of a constant rate */
    double beta1, beta2;
    double weight_decay, weight_decay_low, weight_decay_high;
    double clip; /* norm of the gradient */
} vsh_schedule_advice;

vsh_schedule_advice vsh_schedule_advice_of(const vsh_tuned *run, double batch_tokens,
                                           double epochs);

/* One setting with where it comes from. */
typedef struct {
    const char *key; /* as in --json */
    const char *title;
    double value, low, high; /* low == high: no range is known */
    const char *source;
    vsh_evidence evidence;
} vsh_setting;

enum { VSH_SETTINGS = 7 };
void vsh_settings_of(const vsh_schedule_advice *advice, vsh_setting settings[VSH_SETTINGS]);

/* Fewer optimizer steps than this waste the data (docs/model.md). */
#define VSH_STEPS_MIN 2000.0
/* Above this the laws are extrapolated to small models and overshoot. */
#define VSH_RATE_MAX 3e-3
/* The narrowest range, high over low, where no law was fitted: assumed. */
#define VSH_EXTRAPOLATED_RANGE 2.0

#endif
