#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "trainer/base/json_read.h"
#include "trainer/train_study.h"

/* By turns: what disturbs one round does not disturb all. The fastest round counts. */
enum { ROUNDS = 3, STEPS = 24, MODELS = 128 };

typedef struct {
    vsh_study_curve curve[MODELS]; /* one of each family and size */
    double step_s[MODELS];
    int count;
} models;

static void collect(const vsh_study *study, models *m)
{
    for (int i = 0; i < study->curves; i++) {
        const vsh_study_curve *c = &study->curve[i];
        int j = 0;
        while (j < m->count && (m->curve[j].family != c->family || m->curve[j].size != c->size))
            j++;
        if (c->role != VSH_STUDY_CURVE || j < m->count || m->count == MODELS)
            continue;
        m->curve[j] = *c;
        m->curve[j].unique_tokens = 0;
        m->curve[j].points = 1;
        m->curve[j].point[0].steps = STEPS;
        m->step_s[m->count++] = INFINITY;
    }
}

static vsh_status measure(study_work *w, models *m, vsh_error *err)
{
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < m->count; i++) {
            vsh_study_log times;
            double elapsed;
            vsh_progress_show(&w->progress, "times of steps",
                              (double)(round * m->count + i) / (ROUNDS * m->count), (double)NAN,
                              (double)NAN);
            VSH_TRY(train_study_short(w, &m->curve[i], &times, &elapsed, err));
            m->step_s[i] = fmin(m->step_s[i], times.median_s);
        }
    return VSH_OK;
}

static void write_times(const study_work *w, const models *m, vsh_text *out)
{
    vsh_json json = {.out = out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "machine", w->card);
    vsh_json_array(&json, "models");
    for (int i = 0; i < m->count; i++) {
        const vsh_study_curve *c = &m->curve[i];
        vsh_json_object(&json, NULL);
        vsh_json_string(&json, "family", c->family->name);
        vsh_json_integer(&json, "layers", c->size->layers);
        vsh_json_integer(&json, "hidden", c->size->hidden);
        vsh_json_real(&json, "step_time_s", m->step_s[i]);
        vsh_json_end(&json);
    }
    vsh_json_end(&json);
    vsh_json_end(&json);
}

vsh_status train_study_times(study_work *w, vsh_error *err)
{
    vsh_arena *arena = w->session->arena;
    vsh_text out = {.arena = arena};
    models *m = vsh_alloc(arena, 1, sizeof *m);

    if (access(w->path.times, F_OK) == 0)
        return VSH_OK;
    if (!m)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    collect(&w->study, m);
    VSH_TRY(measure(w, m, err));
    vsh_progress_clear(&w->progress);
    write_times(w, m, &out);
    return vsh_file_write(w->path.times, &out, err);
}

/* ---- and what they make of the records ----------------------------------------------------- */

static bool is_of(const vsh_value *model, const vsh_study_record *r)
{
    const vsh_value *family = vsh_value_get_kind(model, "family", VSH_VALUE_TEXT);

    return family && strcmp(family->text, r->family) == 0 &&
           vsh_value_get_number(model, "layers") == (double)r->layers &&
           vsh_value_get_number(model, "hidden") == (double)r->hidden;
}

vsh_status train_study_apply_times(study_work *w, bool *timed, vsh_error *err)
{
    const vsh_value *all;
    vsh_value root;

    *timed = access(w->path.times, F_OK) == 0;
    if (!*timed)
        return VSH_OK;
    VSH_TRY(vsh_json_read_file(w->session->arena, w->path.times, &root, err));
    all = vsh_value_get_kind(&root, "models", VSH_VALUE_LIST);
    if (!all)
        return vsh_fail(err, VSH_EINPUT, "%s: expected a list of models", w->path.times);
    for (int64_t i = 0; i < w->records.count; i++) {
        vsh_study_record *r = &w->records.item[i];
        for (int64_t j = 0; j < all->count; j++) {
            double step_s;
            if (!is_of(&all->item[j], r))
                continue;
            VSH_TRY(vsh_study_number(&all->item[j], w->path.times, "step_time_s", &step_s, err));
            r->seconds = (double)r->steps * step_s;
        }
    }
    return VSH_OK;
}
