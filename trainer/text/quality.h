/* Whether a document is worth training on: the rules of Gopher (Rae et al. 2021, arXiv:2112.11446,
 * section A.1.1 and table A1) and a few about characters, each with its threshold. Documents below
 * VSH_QUALITY_WORDS words are judged by their characters alone: the published thresholds are for
 * pages of at least so many. */
#ifndef VSH_QUALITY_H
#define VSH_QUALITY_H

#include <stdbool.h>

#include "trainer/text/words.h"

enum { VSH_QUALITY_WORDS = 50, VSH_QUALITY_RULES = 32 };

/* One rule of the table. A document fails it when its figure lies beyond the limit: above, or below
 * where least is set. */
typedef struct {
    const char *name; /* "duplicate-line-share": the word of --limit NAME=X and of the report */
    const char *what; /* "share of lines that stood before" */
    bool least;
    double published;   /* NaN: no publication has it */
    double limit;       /* the default; NaN: not asked */
    const char *source; /* "Rae et al. 2021, table A1" */
} vsh_quality_rule;

extern const vsh_quality_rule vsh_quality_rules[];
extern const int vsh_quality_rule_count;

/* By the table's order; NaN: the rule is off. */
typedef struct {
    double limit[VSH_QUALITY_RULES];
} vsh_quality_limits;

void vsh_quality_default(vsh_quality_limits *limits);
/* "duplicate-line-share=0.3", "min-words=off" over limits. VSH_EINPUT, with the nearest name. */
vsh_status vsh_quality_set(const char *assignment, vsh_quality_limits *limits, vsh_error *err);

/* Scratch of one thread. */
typedef struct vsh_quality vsh_quality;
vsh_status vsh_quality_open(vsh_arena *arena, const vsh_quality_limits *limits,
                            vsh_quality **quality, vsh_error *err);
/* The first rule that the document fails and its figure, or -1. */
int vsh_quality_judge(vsh_quality *quality, const vsh_document *document, const vsh_words *words,
                      double *figure);

#endif
