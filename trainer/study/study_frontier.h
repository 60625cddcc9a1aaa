/* Which family of models is the better buy: the saving at equal loss, from records alone. A pure
 * function of them: nothing is measured here. */
#ifndef VSH_STUDY_FRONTIER_H
#define VSH_STUDY_FRONTIER_H

#include "trainer/study/study_record.h"

/* What a model is paid in. */
typedef enum { VSH_COST_FLOPS, VSH_COST_SECONDS, VSH_COST_WORDS } vsh_study_cost;
extern const char *const vsh_study_cost_words[]; /* flops, seconds */

/* What is compared. */
typedef struct {
    const char *family;    /* against "dense" */
    int64_t unique_tokens; /* the records on so many; 0: on all of the text */
    vsh_study_cost cost;
    bool equal_total; /* a dense model of as many total parameters, in place of the best one */
    int bootstraps;   /* draws of seeds and of sizes; 0: no interval */
    uint64_t seed;
} vsh_study_question;

/* A point of loss over cost. */
typedef struct {
    double cost, loss;
} vsh_study_pair;

enum { VSH_STUDY_BUDGETS = 16 };

/* 1 - cost of the family / cost of dense, at equal loss: the geometric mean over the losses that
 * both reach. NaN where there is none. */
typedef struct {
    double saving, low, high;   /* 95 % of the draws */
    double loss_low, loss_high; /* where it was asked */
    int draws;                  /* that had an answer */
    int sizes;                  /* of the family that count: that have a dense peer */
    int diverged;               /* runs of the two without a loss */
    bool resolved;              /* the interval is there and does not hold 0 */
    const char *reason;         /* when it is not resolved */
} vsh_study_saving;

/* The two at one budget, which both were trained for: mean over seeds, of the sizes that both have
 * there the best. A frontier keeps of these what no cheaper one is as good as. */
typedef struct {
    int budget; /* its index; one that the two have no size in common at is left out */
    vsh_study_pair dense, family;
    double difference, low, high; /* loss of the family / of dense - 1; 95 % of the draws */
    bool resolved;                /* three seeds and two sizes, and the interval does not hold 0 */
} vsh_study_at_budget;

/* Takes runs of role "curve" whose loss is finite, of seeds that both have. Where one of the two
 * diverged, the other's run of that size, budget and seed is left out too: else whoever diverges is
 * judged by its luckier seeds. VSH_EMACHINE for memory. */
vsh_status vsh_study_saving_of(const vsh_study_records *records, const vsh_study_question *question,
                               vsh_study_saving *saving, vsh_error *err);

/* Budget by budget, from the cheapest; how many goes to count. equal_total is not looked at. */
vsh_status vsh_study_at_budgets(const vsh_study_records *records,
                                const vsh_study_question *question,
                                vsh_study_at_budget at[VSH_STUDY_BUDGETS], int *count,
                                vsh_error *err);

/* Sorts points by cost and keeps those that no cheaper one is as good as; returns how many. */
int64_t vsh_study_frontier(vsh_study_pair *points, int64_t count);
/* Cost at which a frontier reaches a loss, by a line in the logarithm of cost; NaN beyond its ends.
 */
double vsh_study_cost_at(const vsh_study_pair *frontier, int64_t count, double loss);
/* The other way. */
double vsh_study_loss_at(const vsh_study_pair *frontier, int64_t count, double cost);

#endif
