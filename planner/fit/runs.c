#include "planner/fit/runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lines.h"
#include "core/text.h"

/* A table of a million runs is about 100 MB. */
#define BYTES_MAX ((size_t)256 << 20)

enum { FIELDS_MAX = 256 };

enum { PARAMS, TOKENS, LOSS, UNIQUE, EXPERTS, GRANULARITY, GROUP, COLUMNS };

static const char *const usual[COLUMNS] = {"params",  "tokens",      "loss", "unique_tokens",
                                           "experts", "granularity", NULL};

/* A condition on the rows: one of the values stands in the column, or none of them. */
typedef struct {
    int column;
    const char *values; /* with commas between */
    bool none;
} condition;

typedef struct {
    vsh_arena *arena;
    vsh_lines lines;
    const char *column[COLUMNS]; /* names in the file */
    int index[COLUMNS];          /* of their fields; -1: not there */
    condition where[VSH_RUN_WHERE];
    int where_count;
    int header_count, count; /* fields of the header, of this line */
    char *header[FIELDS_MAX], *field[FIELDS_MAX];
    const char **group; /* the text of each run's, in the file */
    vsh_runs *runs;
    int capacity;
} reader;

static vsh_status out_of_memory(const reader *r, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", r->lines.path);
}

/* ---- fields of a line ------------------------------------------------------------------------ */

/* The text between quotes, with "" made "; returns what follows, NULL when no quote ends it. */
static char *unquote(char *text)
{
    char *to = text;

    for (char *from = text; *from; from++) {
        if (*from != '"') {
            *to++ = *from;
        } else if (from[1] == '"') {
            *to++ = '"';
            from++;
        } else {
            *to = '\0';
            return from + 1;
        }
    }
    return NULL;
}

static char *skip_blanks(char *text) { return text + strspn(text, " \t"); }

/* Cuts the line into fields in place. */
static vsh_status cut(const reader *r, char *line, char *field[FIELDS_MAX], int *count,
                      vsh_error *err)
{
    char *next = line;

    for (*count = 0; next; (*count)++) {
        char *start = skip_blanks(next), *end;
        if (*count == FIELDS_MAX)
            return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected at most %d fields, found more",
                            r->lines.path, (long long)r->lines.line, FIELDS_MAX);
        if (*start == '"') {
            field[*count] = start + 1;
            end = unquote(start + 1);
            if (!end)
                return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected a closing quote, found none",
                                r->lines.path, (long long)r->lines.line);
            end = skip_blanks(end);
            if (*end && *end != ',')
                return vsh_fail(err, VSH_EINPUT,
                                "%s:%lld: expected a comma after a quoted field, found \"%.20s\"",
                                r->lines.path, (long long)r->lines.line, end);
            next = *end ? end + 1 : NULL;
        } else {
            end = strchr(next, ',');
            if (end)
                *end = '\0';
            field[*count] = vsh_trim(start);
            next = end ? end + 1 : NULL;
        }
    }
    return VSH_OK;
}

/* The next line that says something; NULL after the last. */
static char *next_line(reader *r)
{
    char *line;

    do
        line = vsh_lines_next(&r->lines);
    while (line && (!*line || *line == '#'));
    return line;
}

/* ---- header ---------------------------------------------------------------------------------- */

static vsh_status find_column(const reader *r, const char *name, int *index, vsh_error *err)
{
    *index = -1;
    for (int i = 0; i < r->header_count; i++)
        if (strcmp(r->header[i], name) == 0) {
            if (*index >= 0)
                return vsh_fail(err, VSH_EINPUT, "%s:%lld: two columns are named \"%.60s\"",
                                r->lines.path, (long long)r->lines.line, name);
            *index = i;
        }
    return VSH_OK;
}

/* Says what was wanted and what the header has. */
static vsh_status missing(const reader *r, const char *name, vsh_error *err)
{
    char found[240] = "", nearest[120];
    size_t used = 0;

    for (int i = 0; i < r->header_count && used < sizeof found; i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%.40s", i ? ", " : "",
                                 r->header[i]);
    vsh_suggest(nearest, sizeof nearest, name, (const char *const *)r->header,
                (size_t)r->header_count);
    return vsh_fail(err, VSH_EINPUT,
                    "%s:%lld: expected a column \"%.60s\", found %s%s (--columns names others)",
                    r->lines.path, (long long)r->lines.line, name, found, nearest);
}

static vsh_status read_where(reader *r, const vsh_run_columns *columns, vsh_error *err)
{
    for (int i = 0; i < columns->where_count; i++) {
        const char *text = columns->where[i], *equals = strchr(text, '=');
        char name[128];
        size_t length = equals ? (size_t)(equals - text) : 0;
        r->where[i].none = length > 0 && equals[-1] == '!';
        length -= r->where[i].none;
        if (length == 0 || length >= sizeof name)
            return vsh_fail(err, VSH_EINPUT, "--where: expected COLUMN=VALUE, got \"%.60s\"", text);
        snprintf(name, sizeof name, "%.*s", (int)length, text);
        VSH_TRY(find_column(r, name, &r->where[i].column, err));
        if (r->where[i].column < 0)
            return missing(r, name, err);
        r->where[i].values = equals + 1;
    }
    r->where_count = columns->where_count;
    return VSH_OK;
}

static vsh_status read_header(reader *r, const vsh_run_columns *columns, vsh_error *err)
{
    const char *const given[COLUMNS] = {columns->params, columns->tokens,  columns->loss,
                                        columns->unique, columns->experts, columns->granularity,
                                        columns->group};
    char *line = next_line(r);

    if (!line)
        return vsh_fail(err, VSH_EINPUT, "%s: expected a header line and runs, found nothing",
                        r->lines.path);
    VSH_TRY(cut(r, line, r->header, &r->header_count, err));
    for (int i = 0; i < COLUMNS; i++) {
        bool needed = given[i] || i == PARAMS || i == LOSS || (i == TOKENS && !columns->no_tokens);
        r->column[i] = given[i] ? given[i] : usual[i];
        r->index[i] = -1;
        if (r->column[i])
            VSH_TRY(find_column(r, r->column[i], &r->index[i], err));
        if (needed && r->index[i] < 0)
            return missing(r, r->column[i], err);
    }
    return read_where(r, columns, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool among(const char *values, const char *value)
{
    size_t length = strlen(value);

    for (const char *at = values;; at++) {
        const char *end = at + strcspn(at, ",");
        if ((size_t)(end - at) == length && strncmp(at, value, length) == 0)
            return true;
        if (!*end)
            return false;
        at = end;
    }
}

static bool wanted(const reader *r)
{
    for (int i = 0; i < r->where_count; i++)
        if (among(r->where[i].values, r->field[r->where[i].column]) == r->where[i].none)
            return false;
    return true;
}

/* The number in a column; the fallback where it is not there, or optional and empty. */
static vsh_status number(const reader *r, int column, bool optional, double fallback, double *value,
                         vsh_error *err)
{
    const char *text;

    *value = fallback;
    if (r->index[column] < 0)
        return VSH_OK;
    text = r->field[r->index[column]];
    if (optional && !*text)
        return VSH_OK;
    if (!vsh_parse_real(text, value) || !(*value > 0) || !isfinite(*value))
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: %.60s: expected a positive number, found \"%.40s\"%s",
                        r->lines.path, (long long)r->lines.line, r->column[column], text,
                        strlen(text) > 40 ? "..." : "");
    return VSH_OK;
}

static vsh_status make_room(reader *r, vsh_error *err)
{
    int capacity = r->capacity ? 2 * r->capacity : 1024;
    vsh_run *run;
    const char **group;

    if (r->runs->count < r->capacity)
        return VSH_OK;
    run = vsh_alloc(r->arena, (size_t)capacity, sizeof *run);
    group = vsh_alloc(r->arena, (size_t)capacity, sizeof *group);
    if (!run || !group)
        return out_of_memory(r, err);
    if (r->capacity) {
        memcpy(run, r->runs->run, (size_t)r->capacity * sizeof *run);
        memcpy(group, r->group, (size_t)r->capacity * sizeof *group);
    }
    r->runs->run = run;
    r->group = group;
    r->capacity = capacity;
    return VSH_OK;
}

static vsh_status read_row(reader *r, char *line, vsh_error *err)
{
    vsh_run run = {.line = (int)r->lines.line};

    VSH_TRY(cut(r, line, r->field, &r->count, err));
    if (r->count != r->header_count)
        return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected %d fields as in the header, found %d",
                        r->lines.path, (long long)r->lines.line, r->header_count, r->count);
    if (!wanted(r)) {
        r->runs->left_out++;
        return VSH_OK;
    }
    VSH_TRY(make_room(r, err));
    VSH_TRY(number(r, PARAMS, false, 0, &run.at.params, err));
    VSH_TRY(number(r, TOKENS, false, 0, &run.at.tokens, err));
    VSH_TRY(number(r, LOSS, false, 0, &run.loss, err));
    VSH_TRY(number(r, UNIQUE, true, 0, &run.at.unique, err));
    VSH_TRY(number(r, EXPERTS, true, 1, &run.at.experts, err));
    VSH_TRY(number(r, GRANULARITY, true, 0, &run.at.granularity, err));
    if (r->index[GROUP] >= 0)
        r->group[r->runs->count] = r->field[r->index[GROUP]];
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

/* What is in r->lines. */
static vsh_status read_table(reader *r, const vsh_run_columns *columns, vsh_error *err)
{
    vsh_runs *runs = r->runs;
    char *line;

    VSH_TRY(read_header(r, columns, err));
    while ((line = next_line(r)))
        VSH_TRY(read_row(r, line, err));
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
    VSH_TRY(vsh_lines_read(arena, path, BYTES_MAX, &r->lines, err));
    return read_table(r, columns, err);
}

vsh_status vsh_runs_of(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                       const vsh_run_columns *columns, vsh_runs *runs, vsh_error *err)
{
    reader *r;

    VSH_TRY(start(arena, path, runs, &r, err));
    VSH_TRY(vsh_lines_of(arena, path, bytes, length, &r->lines, err));
    return read_table(r, columns, err);
}
