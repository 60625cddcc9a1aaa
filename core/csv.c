#include "core/csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

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
static vsh_status cut(const vsh_csv *csv, char *line, char *field[VSH_CSV_FIELDS], int *count,
                      vsh_error *err)
{
    char *next = line;

    for (*count = 0; next; (*count)++) {
        char *start = skip_blanks(next), *end;
        if (*count == VSH_CSV_FIELDS)
            return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected at most %d fields, found more",
                            csv->lines.path, (long long)csv->lines.line, VSH_CSV_FIELDS);
        if (*start == '"') {
            field[*count] = start + 1;
            end = unquote(start + 1);
            if (!end)
                return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected a closing quote, found none",
                                csv->lines.path, (long long)csv->lines.line);
            end = skip_blanks(end);
            if (*end && *end != ',')
                return vsh_fail(err, VSH_EINPUT,
                                "%s:%lld: expected a comma after a quoted field, found \"%.20s\"",
                                csv->lines.path, (long long)csv->lines.line, end);
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
static char *next_line(vsh_csv *csv)
{
    char *line;

    do
        line = vsh_lines_next(&csv->lines);
    while (line && (!*line || *line == '#'));
    return line;
}

/* ---- header ---------------------------------------------------------------------------------- */

vsh_status vsh_csv_begin(vsh_csv *csv, vsh_error *err)
{
    char *line = next_line(csv);

    if (!line)
        return vsh_fail(err, VSH_EINPUT, "%s: expected a header line and runs, found nothing",
                        csv->lines.path);
    return cut(csv, line, csv->header, &csv->header_count, err);
}

vsh_status vsh_csv_find(const vsh_csv *csv, const char *name, int *column, vsh_error *err)
{
    *column = -1;
    for (int i = 0; i < csv->header_count; i++)
        if (strcmp(csv->header[i], name) == 0) {
            if (*column >= 0)
                return vsh_fail(err, VSH_EINPUT, "%s:%lld: two columns are named \"%.60s\"",
                                csv->lines.path, (long long)csv->lines.line, name);
            *column = i;
        }
    return VSH_OK;
}

/* Says what was wanted and what the header has. */
vsh_status vsh_csv_missing(const vsh_csv *csv, const char *name, vsh_error *err)
{
    char found[240] = "", nearest[120];
    size_t used = 0;

    for (int i = 0; i < csv->header_count && used < sizeof found; i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%.40s", i ? ", " : "",
                                 csv->header[i]);
    vsh_suggest(nearest, sizeof nearest, name, (const char *const *)csv->header,
                (size_t)csv->header_count);
    return vsh_fail(err, VSH_EINPUT,
                    "%s:%lld: expected a column \"%.60s\", found %s%s (--columns names others)",
                    csv->lines.path, (long long)csv->lines.line, name, found, nearest);
}

vsh_status vsh_csv_where(vsh_csv *csv, const char *const *where, int count, vsh_error *err)
{
    for (int i = 0; i < count; i++) {
        const char *text = where[i], *equals = strchr(text, '=');
        char name[128];
        size_t length = equals ? (size_t)(equals - text) : 0;
        csv->where[i].none = length > 0 && equals[-1] == '!';
        length -= csv->where[i].none;
        if (length == 0 || length >= sizeof name)
            return vsh_fail(err, VSH_EINPUT, "--where: expected COLUMN=VALUE, got \"%.60s\"", text);
        snprintf(name, sizeof name, "%.*s", (int)length, text);
        VSH_TRY(vsh_csv_find(csv, name, &csv->where[i].column, err));
        if (csv->where[i].column < 0)
            return vsh_csv_missing(csv, name, err);
        csv->where[i].values = equals + 1;
    }
    csv->where_count = count;
    return VSH_OK;
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

static bool wanted(const vsh_csv *csv)
{
    for (int i = 0; i < csv->where_count; i++)
        if (among(csv->where[i].values, csv->field[csv->where[i].column]) == csv->where[i].none)
            return false;
    return true;
}

vsh_status vsh_csv_next(vsh_csv *csv, bool *there, vsh_error *err)
{
    char *line;
    int count;

    for (*there = false; (line = next_line(csv)); csv->left_out++) {
        VSH_TRY(cut(csv, line, csv->field, &count, err));
        if (count != csv->header_count)
            return vsh_fail(err, VSH_EINPUT,
                            "%s:%lld: expected %d fields as in the header, found %d",
                            csv->lines.path, (long long)csv->lines.line, csv->header_count, count);
        if (wanted(csv)) {
            *there = true;
            return VSH_OK;
        }
    }
    return VSH_OK;
}

vsh_status vsh_csv_number(const vsh_csv *csv, int column, const char *name, bool optional,
                          double fallback, double *value, vsh_error *err)
{
    const char *text;

    *value = fallback;
    if (column < 0)
        return VSH_OK;
    text = csv->field[column];
    if (optional && !*text)
        return VSH_OK;
    if (!vsh_parse_real(text, value) || !(*value > 0) || !isfinite(*value))
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: %.60s: expected a positive number, found \"%.40s\"%s",
                        csv->lines.path, (long long)csv->lines.line, name, text,
                        strlen(text) > 40 ? "..." : "");
    return VSH_OK;
}

/* ---- pairs of an option ---------------------------------------------------------------------- */

enum { KEYS_MAX = 64 };

/* Keys of one place are one, under the name that comes first. */
static size_t names_of(const vsh_csv_key *keys, const char *names[KEYS_MAX])
{
    size_t count = 0;

    for (int i = 0; keys[i].key && count < KEYS_MAX; i++) {
        bool again = false;
        for (int j = 0; j < i; j++)
            again = again || keys[j].text == keys[i].text;
        if (!again)
            names[count++] = keys[i].key;
    }
    return count;
}

static vsh_status unknown_key(const char *option, const char *key, const vsh_csv_key *keys,
                              vsh_error *err)
{
    const char *names[KEYS_MAX];
    char all[400] = "", nearest[120];
    size_t count = names_of(keys, names), used = 0;

    for (size_t i = 0; i < count && used < sizeof all; i++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s",
                                 i == 0           ? ""
                                 : i + 1 == count ? " or "
                                                  : ", ",
                                 names[i]);
    vsh_suggest(nearest, sizeof nearest, key, names, count);
    return vsh_fail(err, VSH_EINPUT, "%s: expected %s, got \"%.60s\"%s", option, all, key, nearest);
}

static vsh_status take_pair(const char *option, const char *key, const char *text,
                            const vsh_csv_key *keys, vsh_error *err)
{
    for (int i = 0; keys[i].key; i++)
        if (strcmp(keys[i].key, key) == 0) {
            *keys[i].text = text;
            return VSH_OK;
        }
    return unknown_key(option, key, keys, err);
}

/* Cut in a copy. */
vsh_status vsh_csv_pairs(vsh_arena *arena, const char *option, const char *pairs,
                         const vsh_csv_key *keys, const char *example, vsh_error *err)
{
    char *copy = vsh_copy_text(arena, pairs, strlen(pairs));

    if (!copy)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", option);
    while (copy) {
        char *pair = copy, *equals, *comma = strchr(copy, ',');
        if (comma)
            *comma = '\0';
        copy = comma ? comma + 1 : NULL;
        equals = strchr(pair, '=');
        if (!equals || !equals[1])
            return vsh_fail(err, VSH_EINPUT, "%s: expected pairs such as %s, got \"%.60s\"", option,
                            example, pair);
        *equals = '\0';
        VSH_TRY(take_pair(option, pair, equals + 1, keys, err));
    }
    return VSH_OK;
}
