/* What a run of a study gave: a line of records.jsonl, written when it is done and never changed.
 */
#ifndef VSH_STUDY_RECORD_H
#define VSH_STUDY_RECORD_H

#include "trainer/base/json_read.h"
#include "trainer/study/study_design.h"

typedef struct {
    const char *name;   /* of the curve and the point: unique in a study */
    const char *role;   /* vsh_study_role_words */
    const char *family; /* of model */
    int64_t experts, top_k;
    int64_t layers, hidden;
    int64_t params_total, params_active, params_embedding;
    int64_t budget, steps, batch_tokens;
    int64_t tokens, unique_tokens; /* seen; 0: all of the text */
    int64_t seed;
    double lr;
    double flops;     /* of training, trunk and branch: counted by the calls that ran */
    double seconds;   /* of their steps, had each taken as long as the median one: others on the
                       * machine now and then do not move it */
    double loss;      /* nats a token of held-out text */
    double byte_loss; /* nats a byte of it */
    double dropped;   /* share of routed tokens, mean over the steps */
    double load_max;  /* of the fullest expert over the mean, mean over the steps */
    int64_t skipped;  /* steps whose update was skipped */
    const char *commit, *machine, *date;
} vsh_study_record;

typedef struct {
    vsh_study_record *item;
    int64_t count;
    int64_t bytes; /* of the file, up to a line that was never finished */
} vsh_study_records;

/* One line, ended. */
void vsh_study_record_write(const vsh_study_record *record, vsh_text *out);
/* All whole lines of a file; a line that was never finished is passed over. A file that is not
 * there has none. VSH_EINPUT for a line that is no record, and for a name that is there twice. */
vsh_status vsh_study_records_read(vsh_arena *arena, const char *path, vsh_study_records *records,
                                  vsh_error *err);
/* A number of what a study has kept: NaN where null stands. VSH_EINPUT for everything else that is
 * no number; where: the file, and the line if it is known. */
vsh_status vsh_study_number(const vsh_value *object, const char *where, const char *key,
                            double *value, vsh_error *err);
/* NULL when it is not among them. */
const vsh_study_record *vsh_study_records_find(const vsh_study_records *records, const char *name);

/* The steps of a run's log from after one to another, added up; the loss and step of its last
 * evaluation. */
typedef struct {
    int64_t steps, skipped;
    double flops, seconds;
    double median_s, steady_s; /* of the steps added last; the sum of steps x median_s */
    double dropped, load_max;  /* sums over the steps that tell */
    int64_t routed_steps;
    double loss;
    int64_t loss_step;
} vsh_study_log;

vsh_status vsh_study_log_add(const char *path, int64_t after, int64_t last, vsh_study_log *log,
                             vsh_error *err);

#endif
