/* Intervals of a law: coefficients drawn together, never one by one (corr(ln A, alpha) = .9992),
 * from the rows of a bootstrap or from its covariance, widened by what a new run and the throughput
 * add. */
#ifndef VSH_UNCERTAINTY_H
#define VSH_UNCERTAINTY_H

#include <stdint.h>

#include "core/status.h"
#include "planner/laws/inverse.h"
#include "planner/laws/law.h"

typedef struct {
    double low, high; /* 2.5 % and 97.5 % quantiles */
} vsh_interval;

typedef struct {
    double flops;                /* the budget at the centre */
    double throughput_log_sd;    /* of a log-normal factor on it; 0 when only the fit is asked */
    double residual_sd;          /* relative, of a new run; 0 when only the fit is asked. A law with
                                  * quantiles of its residuals draws from those, scaled to it. */
    double added_nats, added_sd; /* on a loss: what the law leaves out, such as repetition */
    uint64_t seed;
} vsh_draw_options;

enum { VSH_DRAWS = 2000 };

/* Of values, which are sorted; NaN when one of them is. */
vsh_interval vsh_interval_of(double *values, int count);

/* 95 % intervals of the optimum of a budget. A law without draws and covariance keeps its published
 * coefficients in every draw. No loss is above that of guessing, unless the law itself is. */
vsh_status vsh_uncertain_optimum(const vsh_law *law, const vsh_draw_options *options,
                                 vsh_interval *params, vsh_interval *tokens, vsh_interval *loss,
                                 vsh_error *err);

/* 95 % interval of the loss of one run: point is what is trained; a throughput factor scales its
 * tokens. */
vsh_status vsh_uncertain_loss(const vsh_law *law, const vsh_point *point,
                              const vsh_draw_options *options, vsh_interval *loss, vsh_error *err);

/* The same of the law alone: no residual, no bound, NaN when one draw has no finite loss. */
vsh_status vsh_uncertain_law(const vsh_law *law, const vsh_point *point, vsh_interval *loss,
                             vsh_error *err);

/* 95 % intervals of what a loss needs; high is infinite when more than one draw in forty cannot
 * reach it at all. */
typedef struct {
    vsh_interval params, tokens, flops;
    vsh_interval time; /* over that of the centre's compute at the centre's throughput */
    double share;      /* of the draws that reach the loss within options->flops */
} vsh_uncertain_need;

/* given as in vsh_form_need: its experts, and its params when the size is settled. */
vsh_status vsh_uncertain_target(const vsh_law *law, const vsh_point *given, double loss,
                                const vsh_draw_options *options, vsh_uncertain_need *need,
                                vsh_error *err);

#endif
