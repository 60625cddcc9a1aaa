/* The loss laws behind one table: what each says of a run, what its N counts, where it was fitted.
 * A loss is in nats a token of that law's corpus and tokenizer: losses of two laws on different
 * corpora do not compare. */
#ifndef VSH_LAW_H
#define VSH_LAW_H

#include <stdbool.h>

#include "core/model.h"
#include "core/tensor.h"
#include "planner/laws/anchors.h"

/* What a law's N counts. */
typedef enum {
    VSH_N_TOTAL,
    VSH_N_NON_EMBEDDING,
    VSH_N_ACTIVE /* active, with input and output embedding both counted */
} vsh_n_counts;

extern const char *const vsh_n_counts_names[];

/* What a law is asked about. */
typedef struct {
    double params;  /* N as this law counts it */
    double tokens;  /* D, tokens seen */
    double unique;  /* U, unique tokens among them; 0 = all */
    double experts; /* E; 0 or 1 = dense */
} vsh_point;

/* The best use of a compute budget; loss is NaN for a law that only sizes. */
typedef struct {
    double params, tokens, loss;
} vsh_optimum;

typedef struct {
    const char *name;
    double value, stderr_;
} vsh_coefficient;

enum { VSH_COEFFICIENTS = 12 };

typedef struct vsh_law vsh_law;
struct vsh_law {
    const char *name, *title;
    const char *formula;
    const char *source; /* paper and equation */
    const char *corpus; /* and tokenizer */
    const char *range;  /* fitted range in words */
    vsh_n_counts n_counts;
    double params_low, params_high, tokens_low, tokens_high; /* the fitted range */
    double ratio_low; /* tokens a parameter; runs below it lie 0.1 to 1.6 nats above the law */
    double experts_high;
    bool repeats;       /* knows about repeated data */
    bool same_corpus;   /* its losses compare with those of the default law */
    int anchor_corpus;  /* of measured runs that its losses compare with */
    double residual_sd; /* relative, of a new run; 0 when not published */
    vsh_coefficient coefficient[VSH_COEFFICIENTS];
    double (*loss)(const vsh_point *point);
    vsh_optimum (*optimum)(double flops, double experts);
};

extern const vsh_law vsh_kaplan2020, vsh_hoffmann2022, vsh_besiroglu2024, vsh_muennighoff2023,
    vsh_ludziejewski2025;

enum { VSH_LAW_COUNT = 5 };
extern const vsh_law *const vsh_laws[VSH_LAW_COUNT];
/* Names, closed by NULL, and those of the contract that are not built yet. */
extern const char *const vsh_law_words[];
extern const char *const vsh_law_later_words[];

const vsh_law *vsh_law_default(void);
/* NULL when there is none of this name. */
const vsh_law *vsh_law_find(const char *name);

/* N of an architecture as this law counts it. */
double vsh_law_params(const vsh_law *law, const vsh_model *model, const vsh_parameters *parameters);

/* Whether the point lies where the law was fitted; if not, reason says why in a few words. */
bool vsh_law_valid(const vsh_law *law, const vsh_point *point, char *reason, int reason_bytes);

#endif
