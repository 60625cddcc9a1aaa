#include "trainer/study/study_record.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "core/sort.h"

/* ---- a record ------------------------------------------------------------------------------ */

typedef enum { TEXT, WHOLE, REAL } kind;

#define AT(field) offsetof(vsh_study_record, field)

/* In the order they are written. */
static const struct {
    const char *key;
    kind kind;
    size_t offset;
} fields[] = {
    {"name", TEXT, AT(name)},
    {"role", TEXT, AT(role)},
    {"family", TEXT, AT(family)},
    {"experts", WHOLE, AT(experts)},
    {"top_k", WHOLE, AT(top_k)},
    {"layers", WHOLE, AT(layers)},
    {"hidden", WHOLE, AT(hidden)},
    {"params_total", WHOLE, AT(params_total)},
    {"params_active", WHOLE, AT(params_active)},
    {"params_embedding", WHOLE, AT(params_embedding)},
    {"budget", WHOLE, AT(budget)},
    {"steps", WHOLE, AT(steps)},
    {"batch_tokens", WHOLE, AT(batch_tokens)},
    {"tokens", WHOLE, AT(tokens)},
    {"unique_tokens", WHOLE, AT(unique_tokens)},
    {"seed", WHOLE, AT(seed)},
    {"lr", REAL, AT(lr)},
    {"flops", REAL, AT(flops)},
    {"loss", REAL, AT(loss)},
    {"loss_per_byte", REAL, AT(byte_loss)},
    {"dropped_share", REAL, AT(dropped)},
    {"load_max", REAL, AT(load_max)},
    {"skipped_steps", WHOLE, AT(skipped)},
    {"seconds_s", REAL, AT(seconds)},
    {"commit", TEXT, AT(commit)},
    {"machine", TEXT, AT(machine)},
    {"date", TEXT, AT(date)},
};
enum { FIELDS = sizeof fields / sizeof *fields };

void vsh_study_record_write(const vsh_study_record *r, vsh_text *out)
{
    vsh_json json = {.out = out, .one_line = true};

    vsh_json_object(&json, NULL);
    for (int i = 0; i < FIELDS; i++) {
        const void *at = (const char *)r + fields[i].offset;
        if (fields[i].kind == TEXT)
            vsh_json_string(&json, fields[i].key, *(const char *const *)at);
        else if (fields[i].kind == WHOLE)
            vsh_json_integer(&json, fields[i].key, *(const int64_t *)at);
        else
            vsh_json_known(&json, fields[i].key, *(const double *)at);
    }
    vsh_json_end(&json);
}

vsh_status vsh_study_number(const vsh_value *object, const char *where, const char *key,
                            double *value, vsh_error *err)
{
    const vsh_value *found = vsh_value_get(object, key);

    *value = vsh_value_get_number(object, key);
    if (found && (found->kind == VSH_VALUE_NULL || isfinite(*value)))
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT, "%s: %s: expected a number, %s", where, key,
                    found ? "found something else" : "found none");
}

static vsh_status take(const vsh_value *object, const char *where, int i, vsh_study_record *r,
                       vsh_error *err)
{
    static const char *const words[] = {[TEXT] = "a text", [WHOLE] = "a whole number"};
    const vsh_value *value = vsh_value_get(object, fields[i].key);
    void *at = (char *)r + fields[i].offset;

    if (!value)
        return vsh_fail(err, VSH_EINPUT, "%s: expected a record with \"%s\"", where, fields[i].key);
    if (fields[i].kind == REAL)
        return vsh_study_number(object, where, fields[i].key, at, err);
    if (fields[i].kind == WHOLE && value->kind == VSH_VALUE_INTEGER)
        *(int64_t *)at = value->integer;
    else if (fields[i].kind == TEXT && value->kind == VSH_VALUE_TEXT)
        *(const char **)at = value->text;
    else
        return vsh_fail(err, VSH_EINPUT, "%s: %s: expected %s", where, fields[i].key,
                        words[fields[i].kind]);
    return VSH_OK;
}

/* ---- lines --------------------------------------------------------------------------------- */

typedef vsh_status take_line(void *context, vsh_arena *arena, const vsh_value *object, int64_t line,
                             vsh_error *err);

/* Each whole line of a file as an object; *kept: bytes of them. */
static vsh_status each_line(vsh_arena *arena, const char *path, take_line *take_one, void *context,
                            int64_t *kept, vsh_error *err)
{
    vsh_text text = {.arena = arena};
    const char *at, *end;
    int64_t line = 0;

    *kept = 0;
    if (access(path, F_OK) != 0)
        return VSH_OK;
    VSH_TRY(vsh_file_read(path, &text, err));
    at = vsh_text_string(&text);
    while ((end = memchr(at, '\n', text.length - (size_t)*kept)) != NULL) {
        vsh_value object;
        line++;
        VSH_TRY(vsh_json_read(arena, path, at, (size_t)(end - at), &object, err));
        VSH_TRY(take_one(context, arena, &object, line, err));
        *kept += end + 1 - at;
        at = end + 1;
    }
    return VSH_OK;
}

typedef struct {
    vsh_study_records *records;
    const char *path;
    int64_t room;
} reading;

static vsh_status take_record(void *context, vsh_arena *arena, const vsh_value *object,
                              int64_t line, vsh_error *err)
{
    reading *r = context;
    vsh_study_records *all = r->records;
    vsh_study_record one;
    char where[400];

    all->item = vsh_grow(arena, all->item, all->count, &r->room, sizeof *all->item);
    if (!all->item)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    snprintf(where, sizeof where, "%.300s:%" PRId64, r->path, line);
    for (int i = 0; i < FIELDS; i++)
        VSH_TRY(take(object, where, i, &one, err));
    if (vsh_study_records_find(all, one.name))
        return vsh_fail(err, VSH_EINPUT, "%s: a second record of %.80s; remove one of the two",
                        where, one.name);
    all->item[all->count++] = one;
    return VSH_OK;
}

vsh_status vsh_study_records_read(vsh_arena *arena, const char *path, vsh_study_records *records,
                                  vsh_error *err)
{
    reading r = {records, path, 0};

    *records = (vsh_study_records){NULL, 0, 0};
    return each_line(arena, path, take_record, &r, &records->bytes, err);
}

const vsh_study_record *vsh_study_records_find(const vsh_study_records *all, const char *name)
{
    for (int64_t i = 0; i < all->count; i++)
        if (strcmp(all->item[i].name, name) == 0)
            return &all->item[i];
    return NULL;
}

/* ---- a run's log --------------------------------------------------------------------------- */

typedef struct {
    vsh_study_log *log;
    int64_t after, last;
    double *seconds; /* of the steps, for their median */
    int64_t room;
} adding;

static vsh_status keep_seconds(adding *a, vsh_arena *arena, double seconds, vsh_error *err)
{
    a->seconds = vsh_grow(arena, a->seconds, a->log->steps, &a->room, sizeof *a->seconds);
    if (!a->seconds)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    a->seconds[a->log->steps++] = seconds;
    return VSH_OK;
}

static vsh_status take_step(void *context, vsh_arena *arena, const vsh_value *object, int64_t line,
                            vsh_error *err)
{
    adding *a = context;
    vsh_study_log *log = a->log;
    const vsh_value *step = vsh_value_get_kind(object, "step", VSH_VALUE_INTEGER);
    const vsh_value *event = vsh_value_get_kind(object, "event", VSH_VALUE_TEXT);
    double seconds = vsh_value_get_number(object, "step_time_s");

    (void)line;
    if (event && strcmp(event->text, "evaluate") == 0 && step) {
        log->loss = vsh_value_get_number(object, "loss");
        log->loss_step = step->integer;
    }
    if (event || !step || step->integer <= a->after || step->integer > a->last)
        return VSH_OK;
    log->seconds += seconds;
    log->flops += vsh_value_get_number(object, "flops");
    log->skipped += vsh_value_get(object, "update") != NULL;
    if (vsh_value_get(object, "dropped_share")) {
        log->dropped += vsh_value_get_number(object, "dropped_share");
        log->load_max += vsh_value_get_number(object, "load_max");
        log->routed_steps++;
    }
    return keep_seconds(a, arena, seconds, err);
}

vsh_status vsh_study_log_add(const char *path, int64_t after, int64_t last, vsh_study_log *log,
                             vsh_error *err)
{
    vsh_study_log part = {.loss_step = -1};
    adding a = {&part, after, last, NULL, 0};
    vsh_arena scratch = {0};
    int64_t kept;
    vsh_status status = each_line(&scratch, path, take_step, &a, &kept, err);

    if (status == VSH_OK && part.steps) {
        vsh_sort_reals(a.seconds, part.steps);
        part.median_s = a.seconds[part.steps / 2];
    }
    vsh_arena_free(&scratch);
    part.steady_s = log->steady_s + (double)part.steps * part.median_s;
    part.steps += log->steps;
    part.skipped += log->skipped;
    part.flops += log->flops;
    part.seconds += log->seconds;
    part.dropped += log->dropped;
    part.load_max += log->load_max;
    part.routed_steps += log->routed_steps;
    if (part.loss_step < 0) {
        part.loss = log->loss;
        part.loss_step = log->loss_step;
    }
    *log = part;
    return status;
}
