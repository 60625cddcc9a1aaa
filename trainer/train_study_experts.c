#include "trainer/train_study.h"
vsh_status train_study_exits(study_work *work, const vsh_study_curve *curve, vsh_error *err)
{
    (void)work;
    (void)curve;
    (void)err;
    return VSH_OK;
}
vsh_status train_study_experts_summary(study_work *work, vsh_error *err)
{
    (void)work;
    (void)err;
    return VSH_OK;
}
