/* Published runs: what was measured near a point that a law is asked about. */
#ifndef VSH_ANCHORS_H
#define VSH_ANCHORS_H

enum { VSH_MASSIVETEXT, VSH_C4, VSH_ANY_CORPUS };

typedef struct {
    double params, tokens, unique; /* total parameters; tokens seen; unique tokens among them */
    double loss;                   /* nats a token, of that corpus and tokenizer */
    int corpus;                    /* vsh_anchor_corpora */
} vsh_anchor;

extern const char *const vsh_anchor_corpora[]; /* NULL of VSH_ANY_CORPUS */

const vsh_anchor *vsh_anchors(int *count);

/* Compute as the laws count it, so that a run stands where its parameters and tokens put it. */
static inline double vsh_anchor_flops(const vsh_anchor *anchor)
{
    return 6 * anchor->params * anchor->tokens;
}

/* Nearest in log parameters and log tokens among all; never NULL. */
const vsh_anchor *vsh_anchor_nearest(double params, double tokens);
/* Nearest in unique tokens too (0: all are), among runs of one corpus (VSH_ANY_CORPUS: any); never
 * NULL. */
const vsh_anchor *vsh_anchor_nearest_point(double params, double tokens, double unique, int corpus);
/* Nearest among runs of one corpus (VSH_ANY_CORPUS: any) that repeat nothing; never NULL. */
const vsh_anchor *vsh_anchor_nearest_fresh(double params, double tokens, int corpus);
/* The same among runs that repeat, on as many unique tokens within ten percent; NULL when none. */
const vsh_anchor *vsh_anchor_nearest_repeated(double params, double tokens, double unique);
/* The lowest loss anybody reached by repeating as many unique tokens within ten percent; NULL when
 * nobody tried. */
const vsh_anchor *vsh_anchor_best(double unique);

#endif
