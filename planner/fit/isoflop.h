/* Where loss is least at a fixed compute, read off the runs alone: approach 2 of Hoffmann et al.
 * 2022 (arXiv:2203.15556, section 3.2). Runs of one budget C = 6 N D, a parabola of their loss in
 * ln N, its vertex; then ln N of the vertices against ln C. No law is asked, so a law can be
 * compared with it. */
#ifndef VSH_ISOFLOP_H
#define VSH_ISOFLOP_H

#include "core/arena.h"
#include "core/status.h"
#include "planner/fit/runs.h"
#include "planner/laws/uncertainty.h"

/* What the parabola of a budget is worth. */
typedef enum {
    VSH_VALLEY,    /* the vertex is a minimum between its runs */
    VSH_FEW_SIZES, /* fewer than VSH_ISOFLOP_SIZES about the best run */
    VSH_NO_CURVE,  /* the curvature is not positive, or no more than its noise */
    VSH_ONE_SIDED  /* the vertex lies outside its runs: all are too small, or all too large */
} vsh_valley;
extern const char *const vsh_valley_words[]; /* closed by NULL */

enum { VSH_ISOFLOP_SIZES = 4, VSH_ISOFLOP_BUDGETS = 24 };

/* Runs within this factor of the size of the best one make the parabola: by the law of Besiroglu et
 * al. 2024 a parabola over a factor of four on both sides misses the optimum by half a percent,
 * over ten by 1.3; and a run that went wrong does so at the edge. (derived;
 * tests/laws/test_isoflop.c) */
#define VSH_ISOFLOP_REACH 4.0

typedef struct {
    double flops; /* geometric mean of the runs of the parabola */
    int *run;     /* into the table, from the smallest model to the largest */
    int count;    /* runs of this compute */
    int from, to; /* run[from] .. run[to - 1] make the parabola */
    int sizes;    /* different models among those */

    /* loss = c[0] + c[1] u + c[2] u^2 with u = ln(N / centre); 0 with too few sizes */
    double centre, c[3];
    double residual_sd; /* nats; NaN without a run to spare */
    vsh_valley verdict;
    vsh_optimum best;    /* the vertex; set for a valley, as is */
    vsh_interval params; /* its 95 % interval, by the delta method; NaN when no run is to spare */
} vsh_budget;

/* Arrays are the arena's. */
typedef struct {
    vsh_point kind; /* experts and granularity of the runs that are looked at: the most frequent */
    int looked_at;  /* runs of that kind that repeat nothing */
    double tolerance;                       /* runs of one budget differ by at most this in ln C */
    vsh_budget budget[VSH_ISOFLOP_BUDGETS]; /* from the least compute */
    int count, valleys;
    double residual_sd; /* nats, of all parabolas: one of four runs says little of its own noise */
    int spare;          /* runs beyond three a parabola; 0: no intervals */

    /* ln N* = ln params + exponent (ln C - ln flops), least squares over the valleys; NaN with
     * fewer than two. */
    double exponent, params, flops;
    vsh_interval exponent_range;      /* 95 %; NaN with fewer than three */
    double line_sd, line_sum, line_t; /* of ln N*; squares of ln C about its mean; of Student */
} vsh_isoflop;

/* VSH_EMACHINE when memory ends; runs without budgets are an answer: count is 0. */
vsh_status vsh_isoflop_find(vsh_arena *arena, const vsh_runs *runs, vsh_isoflop *found,
                            vsh_error *err);

/* The parabola at so many parameters. */
double vsh_budget_loss(const vsh_budget *budget, double params);
/* The line through the vertices and its 95 % interval; NaN where it is not known. */
double vsh_isoflop_params(const vsh_isoflop *found, double flops);
vsh_interval vsh_isoflop_params_range(const vsh_isoflop *found, double flops);

/* d ln N* / d ln C of a law between two budgets: beta / (alpha + beta) for Chinchilla's form. */
double vsh_form_exponent(const vsh_form *form, const double *c, double low, double high,
                         const vsh_point *given);

#endif
