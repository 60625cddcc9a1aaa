/* What validate finds out; train_validate.c finds it, train_validate_report.c shows it. */
#ifndef VSH_TRAIN_VALIDATE_H
#define VSH_TRAIN_VALIDATE_H

#include "core/report.h"
#include "trainer/study/validate.h"
#include "trainer/train_commands.h"

typedef struct {
    vsh_session *session;
    train_config *asked;
    const char *folder; /* scratch, removed in the end */
    vsh_gemm_options gemm;
    int64_t threads, steps;
    double retried_s;              /* of measuring again what others disturbed */
    vsh_hardware machine, seen[2]; /* its profile; what it gave before all runs, and after */
    vsh_validate_programs programs;
    vsh_step_constants constants; /* of the undisturbed runs for calibration, which come first */
    vsh_validated *run;
    int runs;
    vsh_validate_check *check;    /* of each run its lines, then those over all */
    vsh_validate_measured before; /* of the run that is measured again */
    int checks, passed, failed;
    vsh_validate_times times;
} validation;

/* What its time is predicted with: the bare roofline (NULL) where it is a run for calibration. */
static inline const vsh_step_constants *train_validate_constants(const validation *v,
                                                                 const vsh_validated *run)
{
    return run->which->calibration ? NULL : &v->constants;
}

void train_show_validation(const validation *v);
/* The folder of --report: index.html and its plots. VSH_EMACHINE also when no plot could be drawn.
 */
vsh_status train_report_validation(const validation *v, vsh_error *err);

/* table.md in it: the errors of each quantity over all configurations. */
vsh_status train_write_validation_table(const validation *v, const char *folder, vsh_error *err);

#endif
