#include "planner/fit/runs.h"

#include <stdlib.h>
#include <string.h>

#include "core/csv.h"

/* A table of a million runs is about 100 MB. */
#define BYTES_MAX ((size_t)256 << 20)

enum { PARAMS, TOKENS, LOSS, UNIQUE, EXPERTS, GRANULARITY, GROUP, COLUMNS };

static const char *const usual[COLUMNS] = {"params",  "tokens",      "loss", "unique_tokens",
                                           "experts", "granularity", NULL};

typedef struct {
    vsh_arena *arena;
    vsh_csv csv;
    const char *column[COLUMNS]; /* names in the file */
    int index[COLUMNS];          /* of their fields; -1: not there */
    const char **group;          /* the text of each run's, in the file */
    vsh_runs *runs;
    int64_t capacity;
} reader;

static vsh_status out_of_memory(const reader *r, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", r->csv.lines.path);
}

/* ---- header ---------------------------------------------------------------------------------- */

static vsh_status read_header(reader *r, const vsh_run_columns *columns, vsh_error *err)
{
    const char *const given[COLUMNS] = {columns->params, columns->tokens,  columns->loss,
                                        columns->unique, columns->experts, columns->granularity,
                                        columns->group};

    VSH_TRY(vsh_csv_begin(&r->csv, err));
    for (int i = 0; i < COLUMNS; i++) {
        bool needed = given[i] || i == PARAMS || i == LOSS || (i == TOKENS && !columns->no_tokens);
        r->column[i] = given[i] ? given[i] : usual[i];
        r->index[i] = -1;
        if (r->column[i])
            VSH_TRY(vsh_csv_find(&r->csv, r->column[i], &r->index[i], err));
        if (needed && r->index[i] < 0)
            return vsh_csv_missing(&r->csv, r->column[i], err);
    }
    return vsh_csv_where(&r->csv, columns->where, columns->where_count, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static vsh_status number(const reader *r, int column, bool optional, double fallback, double *value,
                         vsh_error *err)
{
    return vsh_csv_number(&r->csv, r->index[column], r->column[column], optional, fallback, value,
                          err);
}

static vsh_status make_room(reader *r, vsh_error *err)
{
    int64_t room = r->capacity;
    vsh_run *run = vsh_grow(r->arena, r->runs->run, r->runs->count, &room, sizeof *run);
    const char **group = vsh_grow(r->arena, r->group, r->runs->count, &r->capacity, sizeof *group);

    if (!run || !group)
        return out_of_memory(r, err);
    r->runs->run = run;
    r->group = group;
    return VSH_OK;
}

static vsh_status read_row(reader *r, vsh_error *err)
{
    vsh_run run = {.line = (int)r->csv.lines.line};

    VSH_TRY(make_room(r, err));
    VSH_TRY(number(r, PARAMS, false, 0, &run.at.params, err));
    VSH_TRY(number(r, TOKENS, false, 0, &run.at.tokens, err));
    VSH_TRY(number(r, LOSS, false, 0, &run.loss, err));
    VSH_TRY(number(r, UNIQUE, true, 0, &run.at.unique, err));
    VSH_TRY(number(r, EXPERTS, true, 1, &run.at.experts, err));
    VSH_TRY(number(r, GRANULARITY, true, 0, &run.at.granularity, err));
    if (r->index[GROUP] >= 0)
        r->group[r->runs->count] = r->csv.field[r->index[GROUP]];
    r->runs->run[r->runs->count++] = run;
    return VSH_OK;
}

typedef struct {
    const char *text;
    int run;
} member;

static int by_text(const void *a, const void *b)
{
    const member *x = a, *y = b;
    int order = strcmp(x->text, y->text);

    return order ? order : x->run - y->run;
}

/* Runs with one text get one number. */
static vsh_status number_groups(reader *r, vsh_error *err)
{
    size_t n = (size_t)r->runs->count;
    member *sorted = vsh_alloc(r->arena, n, sizeof *sorted);

    if (!sorted)
        return out_of_memory(r, err);
    for (size_t i = 0; i < n; i++)
        sorted[i] = (member){r->group[i], (int)i};
    qsort(sorted, n, sizeof *sorted, by_text);
    for (size_t i = 0; i < n; i++) {
        r->runs->group_count += i == 0 || strcmp(sorted[i].text, sorted[i - 1].text) != 0;
        r->runs->run[sorted[i].run].group = r->runs->group_count - 1;
    }
    return VSH_OK;
}

/* What is in r->csv.lines. */
static vsh_status read_table(reader *r, const vsh_run_columns *columns, vsh_error *err)
{
    vsh_runs *runs = r->runs;
    bool there;

    VSH_TRY(read_header(r, columns, err));
    for (;;) {
        VSH_TRY(vsh_csv_next(&r->csv, &there, err));
        if (!there)
            break;
        VSH_TRY(read_row(r, err));
    }
    runs->left_out = r->csv.left_out;
    runs->has_tokens = r->index[TOKENS] >= 0;
    runs->has_unique = r->index[UNIQUE] >= 0;
    runs->has_experts = r->index[EXPERTS] >= 0;
    runs->has_granularity = r->index[GRANULARITY] >= 0;
    if (runs->count == 0)
        return vsh_fail(err, VSH_EINPUT,
                        runs->left_out ? "%s: expected runs, but --where leaves none of %d rows"
                                       : "%s: expected runs below the header, found none",
                        runs->path, runs->left_out);
    return r->index[GROUP] >= 0 ? number_groups(r, err) : VSH_OK;
}

static vsh_status start(vsh_arena *arena, const char *path, vsh_runs *runs, reader **r,
                        vsh_error *err)
{
    *runs = (vsh_runs){.path = path};
    *r = vsh_alloc(arena, 1, sizeof **r);
    if (!*r)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    **r = (reader){.arena = arena, .runs = runs};
    return VSH_OK;
}

vsh_status vsh_runs_read(vsh_arena *arena, const char *path, const vsh_run_columns *columns,
                         vsh_runs *runs, vsh_error *err)
{
    reader *r;

    VSH_TRY(start(arena, path, runs, &r, err));
    VSH_TRY(vsh_lines_read(arena, path, BYTES_MAX, &r->csv.lines, err));
    return read_table(r, columns, err);
}

vsh_status vsh_runs_of(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                       const vsh_run_columns *columns, vsh_runs *runs, vsh_error *err)
{
    reader *r;

    VSH_TRY(start(arena, path, runs, &r, err));
    VSH_TRY(vsh_lines_of(arena, path, bytes, length, &r->csv.lines, err));
    return read_table(r, columns, err);
}
