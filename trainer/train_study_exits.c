#include <math.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "trainer/train_study.h"

/* Confidences from which a token leaves; 1 is never reached, and is the whole model. */
static const double thresholds[] = {0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99};
enum { THRESHOLDS = sizeof thresholds / sizeof *thresholds };

/* What `eval` answers at a threshold, in an arena of the caller's. */
static vsh_status ask_eval(study_work *w, const char *checkpoint, double threshold,
                           vsh_arena *memory, vsh_value *root, vsh_error *err)
{
    vsh_session inner = *w->session;
    train_config asked = *w->asked;

    inner.arena = memory;
    inner.config = &asked;
    inner.common = &asked.common;
    inner.operand_count = 0;
    inner.out = inner.talk = (vsh_text){.arena = memory};
    asked.checkpoint = checkpoint;
    asked.tasks = NULL;
    asked.tokens = 0; /* all of the held-out text, as the losses of the runs are */
    asked.exit_threshold = threshold;
    asked.common.json = asked.common.quiet = true;
    VSH_TRY(train_run_eval(&inner, err));
    return vsh_json_read(memory, "eval", vsh_text_string(&inner.out), inner.out.length, root, err);
}

static void write_exit(const vsh_value *root, double threshold, vsh_json *json)
{
    const vsh_value *full = vsh_value_get_kind(root, "full_depth", VSH_VALUE_OBJECT);

    vsh_json_object(json, NULL);
    vsh_json_real(json, "threshold", threshold);
    vsh_json_known(json, "loss", vsh_value_get_number(root, "loss"));
    vsh_json_known(json, "accuracy", vsh_value_get_number(root, "accuracy"));
    vsh_json_known(json, "layers_per_token", vsh_value_get_number(root, "layers_per_token"));
    vsh_json_known(json, "flops_per_token", vsh_value_get_number(root, "flops_per_token"));
    vsh_json_known(json, "full_loss", vsh_value_get_number(full, "loss"));
    vsh_json_known(json, "full_accuracy", vsh_value_get_number(full, "accuracy"));
    vsh_json_known(json, "full_flops_per_token", vsh_value_get_number(full, "flops_per_token"));
    vsh_json_end(json);
}

/* A model that diverged has no exits; the study goes on without. */
vsh_status train_study_exits(study_work *w, const vsh_study_curve *c, vsh_error *err)
{
    const vsh_study_record *trained =
        vsh_study_records_find(&w->records, vsh_study_point_name(c, 0).text);
    int count = trained && isfinite(trained->loss) ? THRESHOLDS : 0;
    vsh_text out = {.arena = w->session->arena}, path = {.arena = w->session->arena};
    vsh_json json = {.out = &out};
    vsh_status status = VSH_OK;

    if (access(w->path.exits, F_OK) == 0)
        return VSH_OK;
    vsh_text_add(&path, "%s/%s/budget-%d", w->path.runs, c->name, c->point[0].budget);
    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "name", c->name);
    vsh_json_array(&json, "exits");
    for (int i = 0; i < count && status == VSH_OK; i++) {
        vsh_arena memory = {0};
        vsh_value root;
        status = ask_eval(w, vsh_text_string(&path), thresholds[i], &memory, &root, err);
        if (status == VSH_OK)
            write_exit(&root, thresholds[i], &json);
        vsh_arena_free(&memory);
    }
    vsh_json_end(&json);
    vsh_json_end(&json);
    return status == VSH_OK ? vsh_file_write(w->path.exits, &out, err) : status;
}
