/* The loss laws behind one table: what each says of a run, what its N counts, where it was fitted.
 * A loss is in nats a token of that law's corpus and tokenizer: losses of two laws on different
 * corpora do not compare. */
#ifndef VSH_LAW_H
#define VSH_LAW_H

#include <stdbool.h>

#include "core/model.h"
#include "core/tensor.h"
#include "planner/laws/anchors.h"
#include "planner/laws/evidence.h"
#include "planner/laws/form.h"

/* What a law's N counts. */
typedef enum {
    VSH_N_TOTAL,
    VSH_N_NON_EMBEDDING, /* of all experts */
    VSH_N_ACTIVE,        /* active, with input and output embedding both counted */
    VSH_N_DENSE,         /* of the dense model that the experts are added to */
    VSH_N_NO_INPUT       /* active, without the input embedding: each multiplies every token */
} vsh_n_counts;

enum { VSH_N_COUNTS = 5 };
extern const char *const vsh_n_counts_names[]; /* closed by NULL */

/* Quantiles half a percent apart; as many as VSH_RESIDUAL_EDGE from either end, 95 % lie between.
 */
enum { VSH_RESIDUALS = 201, VSH_RESIDUAL_EDGE = 5 };

/* What guessing reaches: ln of the largest vocabulary of the laws' tokenizers, GPT-2's. */
#define VSH_GUESSES 50257.0

typedef struct {
    const char *name, *title;
    const vsh_form *form;
    double coefficient[VSH_COEFFICIENTS]; /* in the form's order */
    double stderr_[VSH_COEFFICIENTS];     /* 0 where not published */
    /* Of the coefficients, the form's positive ones as logarithms; square, row by row; NULL when
     * not known. */
    const double *covariance;
    /* Rows of coefficients as they are, each as likely as the next: what a bootstrap drew, in place
     * of the covariance when there are any. Draws with long tails are of no normal distribution. */
    const double *draws;
    int draw_count;
    unsigned open; /* bit i: its runs do not tell coefficient i; only inside its range it predicts
                    */
    const char *source;    /* paper and equation */
    vsh_evidence evidence; /* of the coefficients */
    const char *corpus;    /* and tokenizer */
    const char *range;     /* fitted range in words */
    vsh_n_counts n_counts;
    double params_low, params_high, tokens_low, tokens_high; /* the fitted range */
    double flops_low, flops_high;                            /* of 6 N D; 0 where not published */
    /* Tokens a parameter; runs below the lower lie 0.1 to 1.6 nats above the default law. 0: free.
     */
    double ratio_low, ratio_high;
    double repeats_max; /* of a form that knows repeats: epochs beyond the first; 0: as
                         * VSH_REPEATS_MAX */
    double experts_low, experts_high;         /* of models with experts */
    double granularity_low, granularity_high; /* of their experts; 0: not known to the law */
    double dense_low, dense_high; /* parameters of its dense runs, where others had more; else 0 */
    bool same_corpus;             /* its losses compare with those of the default law */
    int anchor_corpus;            /* of measured runs that its losses compare with */
    double residual_sd;           /* relative, of a new run; 0 when not published */
    /* VSH_RESIDUALS quantiles of a new run's, relative, from the least to the most at equal shares;
     * NULL: normal. Outliers make a standard deviation several times what most runs scatter by. */
    const double *residuals;
    int runs; /* it was fitted to, as the paper rounds them; 0 when not published */
    /* Measured loss minus the law where it is valid (median, and 10 and 90 % of the runs): another
     * tokenizer and recipe than the coefficients are of. All 0 when nobody compared. */
    double offset, offset_low, offset_high;
    int offset_runs;
} vsh_law;

extern const vsh_law vsh_kaplan2020, vsh_hoffmann2022, vsh_besiroglu2024, vsh_muennighoff2023,
    vsh_ludziejewski2025, vsh_sardana2023, vsh_krajewski2024, vsh_porian2024, vsh_clark2022;

/* The first VSH_SIZING_LAWS of them say how to spend a budget. */
enum { VSH_LAW_COUNT = 9, VSH_SIZING_LAWS = 8 };
extern const vsh_law *const vsh_laws[VSH_LAW_COUNT];
extern const char *const vsh_law_words[]; /* names, closed by NULL */

const vsh_law *vsh_law_default(void);
/* NULL when there is none of this name. */
const vsh_law *vsh_law_find(const char *name);

/* NaN for a law that only sizes. */
double vsh_law_loss(const vsh_law *law, const vsh_point *point);
/* given: unique, experts and granularity of the run; NULL: dense, on unlimited tokens. */
vsh_optimum vsh_law_optimum(const vsh_law *law, double flops, const vsh_point *given);

/* N of an architecture as this law counts it. */
double vsh_law_params(const vsh_law *law, const vsh_model *model, const vsh_parameters *parameters);

/* Experts as the laws count them, of top-1: as many as share a token's work. 0: the model is dense.
 */
double vsh_law_experts(const vsh_model *model);

/* What a law's D counts, in words. */
const char *vsh_law_counted_tokens(const vsh_law *law);

/* Relative residual of a new run: the law's own, or one percent where none is known (assumed). */
double vsh_law_residual(const vsh_law *law);

/* Whether the point lies where the law was fitted; if not, reason says why in a few words. */
bool vsh_law_valid(const vsh_law *law, const vsh_point *point, char *reason, int reason_bytes);

#endif
