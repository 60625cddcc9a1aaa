/* The command study: what its parts share. */
#ifndef VSH_TRAIN_STUDY_H
#define VSH_TRAIN_STUDY_H

#include "core/json.h"
#include "core/progress.h"
#include "core/report.h"
#include "trainer/study/study_design.h"
#include "trainer/study/study_record.h"
#include "trainer/train_commands.h"

/* Everything in the study's folder. */
typedef struct {
    const char *out, *settings, *plan, *records, *runs, *csv, *law, *fit, *report, *prediction,
        *summary, *exits, *times;
} study_paths;

typedef struct {
    vsh_session *session;
    train_config *asked;
    study_paths path;
    vsh_study_setup setup;
    vsh_study study;
    double hours, largest_flops; /* as settled; 0: not yet */
    vsh_hardware machine;
    bool machine_known;
    const char *card;                           /* of this machine, one line */
    const char *settled_card, *settled_program; /* where and by which version the study was begun */
    int64_t settled_threads;                    /* 0: settings.json does not say */
    /* of the data */
    double tokens_per_byte; /* of the held-out text */
    int64_t train_tokens;
    const char *data_hash;
    vsh_study_records records;
    vsh_arena records_memory;
    vsh_progress progress;
    double began, predicted_done; /* clock, s: of this call */
    int runs_done;
} study_work;

/* The curves that plan.json lists; VSH_EINPUT when it lists none. */
vsh_status train_study_planned(const study_work *work, const vsh_value **curves, vsh_error *err);

/* train_study_settle.c: what a study's runs depend on, measured and written once. */
vsh_status train_study_settle(study_work *work, vsh_error *err);
/* Of the time that may be spent, what is planned with. */
double train_study_seconds(const study_work *work);
/* What was settled, of a folder that has been; *settled false when it is not. */
vsh_status train_study_settled(study_work *work, bool *settled, vsh_error *err);

/* A short run of a curve: the times of its steps but the first, and how long all of it took. */
vsh_status train_study_short(study_work *work, const vsh_study_curve *curve, vsh_study_log *times,
                             double *elapsed_s, vsh_error *err);

/* train_study_times.c: a step of every model of the study once more, by turns, when nothing else of
 * it runs; written once. Other jobs that came and went while the study ran are not in them. */
vsh_status train_study_times(study_work *work, vsh_error *err);
/* Gives every record its steps times that; *timed false where it was never measured, and seconds
 * are what the study's own logs say. */
vsh_status train_study_apply_times(study_work *work, bool *timed, vsh_error *err);

/* train_study_run.c: what has a record, read anew. */
vsh_status train_study_records(study_work *work, vsh_error *err);
/* One run of this program inside itself, in the folder out; sets over its configuration. */
vsh_status train_study_call(study_work *work, const char *config_path, const char *out,
                            int64_t steps, const char *const *sets, int set_count, vsh_error *err);
/* All points of a curve that have no record yet. */
vsh_status train_study_curve(study_work *work, const vsh_study_curve *curve, vsh_error *err);

/* train_study_rates.c: what the grids of a family gave, by size; how many did. */
int train_study_tuned(const study_work *work, const vsh_study_family *family,
                      vsh_study_tuned tuned[VSH_STUDY_TUNINGS]);
/* The list tuned_lr of a summary, and a line for each rate that is an end of its grid. */
void train_study_write_tuned(const study_work *work, const vsh_study_family *families, int count,
                             vsh_json *json);
void train_study_show_tuned(const study_work *work, const vsh_study_family *families, int count,
                            vsh_text *out);

/* train_study_summary.c: the end of a study, from its records; and --summary, which is that alone:
 * VSH_EINPUT where plan.json lists a run that has no record. */
vsh_status train_study_summary(study_work *work, vsh_error *err);
vsh_status train_study_tell(study_work *work, vsh_error *err);

/* train_study_page.c: the page of a study's folder. What stands between open and close is the
 * summary's. *drawn false when gnuplot could not. */
void train_study_page_open(const char *title, const char *lead, vsh_text *page);
vsh_status train_study_page_close(const study_work *work, const vsh_report_figure *figures,
                                  int count, vsh_text *page, bool *drawn, vsh_error *err);

/* train_study_predict.c: fits the records, and says what the held-out model will reach. Done once:
 * what stands is checked. */
vsh_status train_study_predict(study_work *work, const vsh_study_curve *held_out, vsh_error *err);
/* train_study_law.c */
vsh_status train_study_law_summary(study_work *work, vsh_error *err);

/* train_study_exits.c: what early exit costs and saves at inference, into exits.json. */
vsh_status train_study_exits(study_work *work, const vsh_study_curve *curve, vsh_error *err);
/* train_study_experts.c */
vsh_status train_study_experts_summary(study_work *work, vsh_error *err);

#endif
