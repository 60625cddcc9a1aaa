/* A table in comma-separated values, read row by row: a header line, quotes as in RFC 4180 within
 * one line, blank lines and those that begin with # passed over. */
#ifndef VSH_CSV_H
#define VSH_CSV_H

#include <stdbool.h>

#include "core/lines.h"

enum { VSH_CSV_FIELDS = 256, VSH_CSV_WHERE = 8 };

/* A condition on the rows: one of the values stands in the column, or none of them. */
typedef struct {
    int column;
    const char *values; /* with commas between */
    bool none;
} vsh_csv_condition;

typedef struct {
    vsh_lines lines;
    int header_count;
    char *header[VSH_CSV_FIELDS], *field[VSH_CSV_FIELDS]; /* field: of this row */
    vsh_csv_condition where[VSH_CSV_WHERE];
    int where_count;
    int left_out; /* rows, by where */
} vsh_csv;

/* The header of what csv->lines holds. VSH_EINPUT when nothing is there. */
vsh_status vsh_csv_begin(vsh_csv *csv, vsh_error *err);
/* The place of a column, -1 when there is none. VSH_EINPUT for two of one name. */
vsh_status vsh_csv_find(const vsh_csv *csv, const char *name, int *column, vsh_error *err);
/* VSH_EINPUT: says what column was wanted and what the header has. */
vsh_status vsh_csv_missing(const vsh_csv *csv, const char *name, vsh_error *err);
/* Rows for which every "COLUMN=VALUE,VALUE..." or "COLUMN!=VALUE,VALUE..." holds. */
vsh_status vsh_csv_where(vsh_csv *csv, const char *const *where, int count, vsh_error *err);
/* Cuts the next row that is wanted into csv->field; *there is false after the last. */
vsh_status vsh_csv_next(vsh_csv *csv, bool *there, vsh_error *err);
/* The positive number in a column; name: for the message. The fallback where the column is not
 * there
 * (-1), or optional and empty. */
vsh_status vsh_csv_number(const vsh_csv *csv, int column, const char *name, bool optional,
                          double fallback, double *value, vsh_error *err);

/* A key of an option such as --columns, and where its text goes. */
typedef struct {
    const char *key;
    const char **text;
} vsh_csv_key;

/* "KEY=TEXT,KEY=TEXT" read by a table closed by a NULL key; option and example are for messages. */
vsh_status vsh_csv_pairs(vsh_arena *arena, const char *option, const char *pairs,
                         const vsh_csv_key *keys, const char *example, vsh_error *err);

#endif
