/* The figures of a study. */
#ifndef VSH_STUDY_FIGURE_H
#define VSH_STUDY_FIGURE_H

#include "core/report.h"
#include "trainer/study/study_frontier.h"

/* L = E + A/N^alpha + B/D^beta; or with h for the two terms and a bound, E + (bound - E) h/(1 + h).
 * NaN: nothing was fitted. */
typedef struct {
    double E, A, B, alpha, beta;
    double bound; /* 0: none */
} vsh_study_law;

typedef struct {
    const vsh_study_record *record;
    double predicted, low, high;
} vsh_study_held_out;

/* Loss against training compute: each size's runs with the law through them, the best of each
 * budget, and the held-out model beside what was predicted of it. */
void vsh_study_law_figure(const vsh_study_records *records, const vsh_study_law *law,
                          const vsh_study_held_out *held, const char *card,
                          vsh_report_figure *figure);

/* What is asked of a family: at equal loss its cost in FLOPs, in seconds, and in FLOPs beside a
 * dense model of as many total parameters. */
enum { VSH_STUDY_QUESTIONS = 3 };
extern const char *const vsh_study_question_words[]; /* closed by NULL */

typedef struct {
    const vsh_study_family *family;
    int64_t unique_tokens; /* of the text that both saw again and again; 0: all of it */
    vsh_study_saving saving[VSH_STUDY_QUESTIONS];
    vsh_study_at_budget at[VSH_STUDY_BUDGETS];
    int budgets;
} vsh_study_comparison;

/* "all", or how many tokens. */
vsh_figure_text vsh_study_text_words(int64_t unique_tokens);

/* Loss against training compute, budget by budget; dashed and dotted on less and less text. */
void vsh_study_experts_figure(const vsh_study_comparison *comparisons, int count, const char *card,
                              vsh_report_figure *figure);

/* Every saving with its interval, beside what the founding paper announces. */
void vsh_study_savings_figure(const vsh_study_comparison *comparisons, int count, const char *card,
                              vsh_report_figure *figure);
#define VSH_STUDY_CLAIM_LOW 0.2 /* of the compute at equal loss, as it says */
#define VSH_STUDY_CLAIM_HIGH 0.3

/* A threshold of early exit: executed FLOPs a token over those of the whole depth, and what loss
 * and accuracy change. */
typedef struct {
    double threshold, flops, loss, accuracy;
} vsh_study_exit;

void vsh_study_exits_figure(const vsh_study_exit *exits, int count, const char *card,
                            vsh_report_figure *figure);

#endif
