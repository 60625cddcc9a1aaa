/* The question and the answer of `search`: the layouts of a run that fit, as plain structs. */
#ifndef VSH_PLAN_SEARCH_H
#define VSH_PLAN_SEARCH_H

#include "planner/layout/search.h"
#include "planner/plan_estimate.h"

/* One layout as `estimate` sees it. */
typedef struct {
    vsh_found found;
    double low_s, high_s, mfu;
    double usd; /* of a step; NaN without a price */
    vsh_bound bound;
} plan_search_row;

enum { PLAN_FRONT_ROWS = 6 };

typedef struct {
    plan_estimate *base; /* the run, before it is laid out */
    plan_estimate *best; /* answered, when something fits */
    vsh_stack stack;
    vsh_search question;
    vsh_search_answer answer;
    double price_usd; /* of a chip for an hour; NaN: not known */
    plan_search_row *row;
    int rows;
    plan_search_row front[PLAN_FRONT_ROWS]; /* some of the front, from fastest to smallest */
    int front_rows;
    const char *next; /* the command that looks at the best; NULL when nothing fits */
} plan_search;

/* plan_search_report.c */
void plan_search_print(const plan_search *p, vsh_term term, vsh_text *out);
void plan_search_write(const plan_search *p, bool explain, vsh_json *json);

#endif
