/* The figures of a study, and the page they stand on. */
#ifndef VSH_STUDY_FIGURE_H
#define VSH_STUDY_FIGURE_H

#include "core/report.h"
#include "trainer/study/study_record.h"

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

/* Loss against training compute of each family's frontier, much text above and little below. */
void vsh_study_experts_figure(const vsh_study_records *records, const vsh_study_kind *kind,
                              const char *card, vsh_report_figure *figure);

/* Writes index.html, the scripts and the pictures; *drawn false when gnuplot could not. */
vsh_status vsh_study_draw(const char *folder, const vsh_report_figure *figures, int count,
                          bool force, bool *drawn, vsh_error *err);

#endif
