/* The loss laws behind one table: what each says of a run, what its N counts, where it was fitted.
 * A loss is in nats a token of that law's corpus and tokenizer: losses of two laws on different
 * corpora do not compare. */
#ifndef VSH_LAW_H
#define VSH_LAW_H

#include <stdbool.h>

#include "core/model.h"
#include "core/tensor.h"
#include "planner/laws/anchors.h"
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

typedef struct {
    const char *name, *title;
    const vsh_form *form;
    double coefficient[VSH_COEFFICIENTS]; /* in the form's order */
    double stderr_[VSH_COEFFICIENTS];     /* 0 where not published */
    /* Of the coefficients, the form's positive ones as logarithms; square, row by row; NULL when
     * not known. */
    const double *covariance;
    const char *source; /* paper and equation */
    const char *corpus; /* and tokenizer */
    const char *range;  /* fitted range in words */
    vsh_n_counts n_counts;
    double params_low, params_high, tokens_low, tokens_high; /* the fitted range */
    double ratio_low; /* tokens a parameter; runs below it lie 0.1 to 1.6 nats above the law */
    double experts_high;
    bool same_corpus;   /* its losses compare with those of the default law */
    int anchor_corpus;  /* of measured runs that its losses compare with */
    double residual_sd; /* relative, of a new run; 0 when not published */
    int runs;           /* it was fitted to; 0 when not published */
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

/* Whether the point lies where the law was fitted; if not, reason says why in a few words. */
bool vsh_law_valid(const vsh_law *law, const vsh_point *point, char *reason, int reason_bytes);

#endif
