/* A map of a document read into a plain struct by a table: the table is the schema, the ranges,
 * and the words a message suggests. */
#ifndef VSH_FIELD_H
#define VSH_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/doc.h"
#include "core/text.h"

typedef enum {
    VSH_TAG_UNKNOWN,
    VSH_TAG_SPECIFICATION,
    VSH_TAG_MEASURED,
    VSH_TAG_CALIBRATED,
    VSH_TAG_ASSUMED,
    VSH_TAG_COUNT
} vsh_tag;

extern const char *const vsh_tag_names[VSH_TAG_COUNT];

/* A number about the world, in base units, with where it comes from. */
typedef struct {
    bool known;
    double value;
    double low, high; /* plausible range; equal to value when none was given */
    const char *source, *date;
    vsh_tag tag;
} vsh_figure;

static inline double vsh_figure_or(const vsh_figure *figure, double otherwise)
{
    return figure->known ? figure->value : otherwise;
}

typedef enum {
    VSH_FIELD_TEXT,    /* const char * */
    VSH_FIELD_INTEGER, /* int64_t in [min, max] */
    VSH_FIELD_REAL,    /* double in [min, max] */
    VSH_FIELD_BOOL,    /* bool */
    VSH_FIELD_WORD,    /* int, the index into words */
    VSH_FIELD_FIGURE,  /* vsh_figure: VALUE or {value:, source:, date:, tag:, low:, high:} */
    VSH_FIELD_NODE     /* const vsh_node *: the caller reads what is inside */
} vsh_field_type;

typedef struct {
    const char *key;
    vsh_field_type type;
    size_t offset;
    bool required;
    double min, max;          /* of integers, reals and figures (base units) */
    vsh_dimension dimension;  /* of a figure */
    const char *const *words; /* NULL-terminated, for VSH_FIELD_WORD */
} vsh_field;

/* Reads map into *out by the table (closed by a NULL key). Keys that are absent or null leave
 * their place alone. strict: a key the table lacks is an error with the nearest known one. */
vsh_status vsh_fields_read(const vsh_doc *doc, const vsh_node *map, const vsh_field *fields,
                           bool strict, void *out, vsh_error *err);

/* One value, for lists and maps with free keys; field->key and offset are not used. */
vsh_status vsh_field_read_value(const vsh_doc *doc, const vsh_node *node, const vsh_field *field,
                                void *place, vsh_error *err);

#endif
