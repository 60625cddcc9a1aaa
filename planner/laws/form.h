/* A form is the kind of function of a run that a law is; a law is a form with coefficients, and
 * fitting (planner/fit) finds the coefficients of a form from runs. */
#ifndef VSH_FORM_H
#define VSH_FORM_H

#include <stdbool.h>

/* What a law is asked about. */
typedef struct {
    double params;      /* N as the law counts it */
    double tokens;      /* D, tokens seen */
    double unique;      /* U, unique tokens among them; 0 = all */
    double experts;     /* E; 0 or 1 = dense */
    double granularity; /* G, width of the MLP over that of an expert; 0 = dense */
} vsh_point;

/* Whether tokens are seen again, and how many of those seen are unique. */
static inline bool vsh_point_repeats(const vsh_point *point)
{
    return point->unique > 0 && point->unique < point->tokens;
}

static inline double vsh_point_unique(const vsh_point *point)
{
    return vsh_point_repeats(point) ? point->unique : point->tokens;
}

/* The best use of a compute budget; loss is NaN for a form that only sizes. */
typedef struct {
    double params, tokens, loss;
} vsh_optimum;

enum { VSH_COEFFICIENTS = 12 };

typedef struct {
    const char *name; /* in law files and of fit --law */
    const char *formula;
    const char *coefficient[VSH_COEFFICIENTS + 1]; /* their names in order, closed by NULL */
    unsigned positive; /* bit i: coefficient i is positive; fitted and drawn as its logarithm */
    bool repeats;      /* knows repeated from unique tokens */
    bool experts;      /* knows experts */
    bool no_tokens;    /* ignores tokens */
    /* c: the coefficients in that order. NULL when the form only sizes. */
    double (*loss)(const double *c, const vsh_point *point);
    /* The best N and D = flops / 6 / N. given: unique, experts and granularity of the run. NULL:
     * searched, golden section in log N; a form without tokens has none. */
    vsh_optimum (*optimum)(const double *c, double flops, const vsh_point *given);
} vsh_form;

extern const vsh_form vsh_form_chinchilla, vsh_form_kaplan, vsh_form_repeated,
    vsh_form_joint_experts, vsh_form_routed, vsh_form_fine_grained, vsh_form_power,
    vsh_form_bounded, vsh_form_tied;

enum { VSH_FORM_COUNT = 9 };
extern const vsh_form *const vsh_forms[VSH_FORM_COUNT];
/* Their names, closed by NULL. */
extern const char *const vsh_form_words[];

/* NULL when there is none of this name. */
const vsh_form *vsh_form_find(const char *name);

int vsh_form_count(const vsh_form *form); /* coefficients */

double vsh_form_loss(const vsh_form *form, const double *c, const vsh_point *point);
/* NaN throughout for a form without tokens. */
vsh_optimum vsh_form_optimum(const vsh_form *form, const double *c, double flops,
                             const vsh_point *given);

#endif
