#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "trainer/base/json_read.h"
#include "trainer/run/run_lock.h"
#include "trainer/train_study.h"

vsh_status train_study_summary(study_work *w, vsh_error *err)
{
    return w->setup.kind->held_out ? train_study_law_summary(w, err)
                                   : train_study_experts_summary(w, err);
}

/* ---- --summary: the records alone ---------------------------------------------------------- */

static vsh_status check_curve(const study_work *w, const vsh_value *curve, vsh_error *err)
{
    const vsh_value *name = vsh_value_get_kind(curve, "name", VSH_VALUE_TEXT);
    const vsh_value *points = vsh_value_get_kind(curve, "points", VSH_VALUE_LIST);

    if (!name || !points)
        return vsh_fail(err, VSH_EINPUT, "%s: expected curves, each with its name and points",
                        w->path.plan);
    for (int64_t i = 0; i < points->count; i++) {
        const vsh_value *budget = vsh_value_get_kind(&points->item[i], "budget", VSH_VALUE_INTEGER);
        vsh_text point = {.arena = w->session->arena};
        vsh_text_add(&point, "%s-b%" PRId64, name->text, budget ? budget->integer : -1);
        if (!vsh_study_records_find(&w->records, vsh_text_string(&point)))
            return vsh_fail(err, VSH_EINPUT,
                            "%s: no record of %s, which the plan lists; without --summary the "
                            "study goes on",
                            w->path.records, vsh_text_string(&point));
    }
    return VSH_OK;
}

/* What was planned then, not what this version would plan: an older study is told again too. */
static vsh_status check_plan(study_work *w, vsh_error *err)
{
    const vsh_value *curves;

    VSH_TRY(train_study_planned(w, &curves, err));
    for (int64_t i = 0; i < curves->count; i++)
        VSH_TRY(check_curve(w, &curves->item[i], err));
    return VSH_OK;
}

/* Files that a summary reads beside the records; what a run would make is not made here. */
static vsh_status check_files(const study_work *w, vsh_error *err)
{
    const char *const files[] = {w->path.settings, w->path.plan,
                                 w->setup.kind->held_out ? w->path.prediction : w->path.exits};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (access(files[i], F_OK) != 0)
            return vsh_fail(err, VSH_EINPUT,
                            "%s: not there: no study that has come to its end is in this folder",
                            files[i]);
    return VSH_OK;
}

vsh_status train_study_tell(study_work *w, vsh_error *err)
{
    vsh_status status;
    bool settled;
    int lock;

    VSH_TRY(train_study_settled(w, &settled, err));
    VSH_TRY(check_files(w, err));
    VSH_TRY(train_study_records(w, err));
    VSH_TRY(check_plan(w, err));
    VSH_TRY(vsh_run_lock(w->path.out, &lock, err));
    status = train_study_summary(w, err);
    vsh_run_unlock(lock);
    return status;
}
