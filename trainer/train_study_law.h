/* The law of a study, and what it says of a larger model. */
#ifndef VSH_TRAIN_STUDY_LAW_H
#define VSH_TRAIN_STUDY_LAW_H

#include "trainer/train_study.h"

enum { STUDY_LAW_FORMS = 2, STUDY_OPINIONS = 3, STUDY_LAW_COEFFICIENTS = 5 };

/* The first STUDY_LAW_FORMS are tried in this order until one is identified: the published form,
 * and the one that knows that no loss is above that of a uniform guess (the runs of the smallest
 * budgets are not far below it). The others are asked for their opinion alone, and have no
 * coefficients here: forms that fit the runs as well part ways beyond them, and how far is of the
 * interval too. */
typedef struct {
    const char *form;
    const char *coefficient[STUDY_LAW_COEFFICIENTS]; /* E, of parameters, tokens; their powers */
    const char *formula;
    const char *vocab; /* whose uniform guess bounds the loss; NULL: nothing does */
} study_law_form;
extern const study_law_form study_law_forms[STUDY_OPINIONS];

/* What prediction.json says. */
typedef struct {
    const char *name, *reason; /* why nothing was predicted */
    double loss, low, high;    /* NaN: nothing was */
} study_prediction;

/* runs.csv, what the law is fitted to: the curves' records. */
vsh_status train_study_write_runs(study_work *work, vsh_error *err);
vsh_status train_study_read_prediction(const study_work *work, study_prediction *said,
                                       vsh_error *err);

#endif
