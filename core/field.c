#include "core/field.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const vsh_tag_names[VSH_TAG_COUNT] = {"unknown", "specification", "measured",
                                                  "calibrated", "assumed"};

enum { KEYS_MAX = 64 };

static vsh_status unknown_key(const vsh_doc *doc, const vsh_node *node, const vsh_field *fields,
                              vsh_error *err)
{
    const char *keys[KEYS_MAX];
    size_t key_count = 0;
    char suggestion[160];

    for (; fields[key_count].key && key_count < KEYS_MAX; key_count++)
        keys[key_count] = fields[key_count].key;
    vsh_suggest(suggestion, sizeof suggestion, node->key, keys, key_count);
    return vsh_fail(err, VSH_EINPUT, "%s:%d:%d: unknown key \"%.60s\"%s", doc->path, node->key_line,
                    node->key_column, node->key, suggestion);
}

/* "a number in [0, 1]" in the units a person would write. */
static void show_range(const vsh_field *field, char *room, size_t bytes)
{
    if (field->max >= 1e300)
        snprintf(room, bytes, "at least %.10g", field->min);
    else
        snprintf(room, bytes, "from %.10g to %.10g", field->min, field->max);
}

static vsh_status read_integer(const vsh_doc *doc, const vsh_node *node, const vsh_field *field,
                               int64_t *place, vsh_error *err)
{
    int64_t value;
    char range[80];

    show_range(field, range, sizeof range);
    if (node->kind != VSH_NODE_SCALAR || node->quoted || !vsh_parse_integer(node->text, &value))
        return vsh_doc_expected(doc, node, err, "a whole number %s", range);
    if ((double)value < field->min || (double)value > field->max)
        return vsh_doc_expected(doc, node, err, "a whole number %s", range);
    *place = value;
    return VSH_OK;
}

static vsh_status read_real(const vsh_doc *doc, const vsh_node *node, const vsh_field *field,
                            double *place, vsh_error *err)
{
    double value;
    char range[80];

    show_range(field, range, sizeof range);
    if (node->kind != VSH_NODE_SCALAR || node->quoted || !vsh_parse_real(node->text, &value) ||
        value < field->min || value > field->max)
        return vsh_doc_expected(doc, node, err, "a number %s", range);
    *place = value;
    return VSH_OK;
}

static vsh_status read_bool(const vsh_doc *doc, const vsh_node *node, bool *place, vsh_error *err)
{
    if (node->kind == VSH_NODE_SCALAR && !node->quoted) {
        if (strcmp(node->text, "true") == 0) {
            *place = true;
            return VSH_OK;
        }
        if (strcmp(node->text, "false") == 0) {
            *place = false;
            return VSH_OK;
        }
    }
    return vsh_doc_expected(doc, node, err, "true or false");
}

static vsh_status read_word(const vsh_doc *doc, const vsh_node *node, const vsh_field *field,
                            int *place, vsh_error *err)
{
    char list[160] = "", suggestion[160] = "", found[80];
    size_t count = 0, used = 0;

    for (; field->words[count]; count++) {
        if (node->kind == VSH_NODE_SCALAR && strcmp(node->text, field->words[count]) == 0) {
            *place = (int)count;
            return VSH_OK;
        }
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", count ? ", " : "",
                                     field->words[count]);
    }
    if (node->kind == VSH_NODE_SCALAR)
        vsh_suggest(suggestion, sizeof suggestion, node->text, field->words, count);
    return vsh_doc_wrong(doc, node, err, "expected one of %s, got %s%s", list,
                         vsh_node_show(node, found, sizeof found), suggestion);
}

static vsh_status read_text(const vsh_doc *doc, const vsh_node *node, const char **place,
                            vsh_error *err)
{
    if (node->kind != VSH_NODE_SCALAR)
        return vsh_doc_expected(doc, node, err, "a text");
    *place = node->text;
    return VSH_OK;
}

static vsh_status read_quantity(const vsh_doc *doc, const vsh_node *node, const vsh_field *field,
                                double *place, vsh_error *err)
{
    double value;

    if (node->kind == VSH_NODE_SCALAR && node->quoted)
        return vsh_doc_expected(doc, node, err, "%s without the quotes",
                                vsh_dimension_example(field->dimension));
    if (node->kind != VSH_NODE_SCALAR || !vsh_parse_quantity(node->text, field->dimension, &value))
        return vsh_doc_expected(doc, node, err, "%s", vsh_dimension_example(field->dimension));
    if (value < field->min || value > field->max) {
        char range[80];
        show_range(field, range, sizeof range);
        return vsh_doc_expected(doc, node, err, "%s, %s in base units",
                                vsh_dimension_example(field->dimension), range);
    }
    *place = value;
    return VSH_OK;
}

typedef struct {
    const vsh_node *value, *low, *high;
    const char *source, *date;
    int tag;
} figure_nodes;

static vsh_status read_figure(const vsh_doc *doc, const vsh_node *node, const vsh_field *field,
                              vsh_figure *place, vsh_error *err)
{
    static const char *const tags[] = {"unknown",    "specification", "measured",
                                       "calibrated", "assumed",       NULL};
    static const vsh_field parts[] = {
        {"value", VSH_FIELD_NODE, offsetof(figure_nodes, value), .required = true},
        {"source", VSH_FIELD_TEXT, offsetof(figure_nodes, source)},
        {"date", VSH_FIELD_TEXT, offsetof(figure_nodes, date)},
        {"tag", VSH_FIELD_WORD, offsetof(figure_nodes, tag), .words = tags},
        {"low", VSH_FIELD_NODE, offsetof(figure_nodes, low)},
        {"high", VSH_FIELD_NODE, offsetof(figure_nodes, high)},
        {NULL}};
    figure_nodes nodes = {.value = node};
    vsh_figure figure = {.known = true};

    if (node->kind == VSH_NODE_MAP) {
        nodes.value = NULL;
        VSH_TRY(vsh_fields_read(doc, node, parts, true, &nodes, err));
    }
    VSH_TRY(read_quantity(doc, nodes.value, field, &figure.value, err));
    figure.low = figure.high = figure.value;
    if (nodes.low)
        VSH_TRY(read_quantity(doc, nodes.low, field, &figure.low, err));
    if (nodes.high)
        VSH_TRY(read_quantity(doc, nodes.high, field, &figure.high, err));
    if (figure.low > figure.value || figure.high < figure.value)
        return vsh_doc_wrong(doc, node, err, "expected low <= value <= high");
    figure.source = nodes.source;
    figure.date = nodes.date;
    figure.tag = (vsh_tag)nodes.tag;
    *place = figure;
    return VSH_OK;
}

vsh_status vsh_field_read_value(const vsh_doc *doc, const vsh_node *node, const vsh_field *field,
                                void *place, vsh_error *err)
{
    switch (field->type) {
    case VSH_FIELD_TEXT:
        return read_text(doc, node, place, err);
    case VSH_FIELD_INTEGER:
        return read_integer(doc, node, field, place, err);
    case VSH_FIELD_REAL:
        return read_real(doc, node, field, place, err);
    case VSH_FIELD_BOOL:
        return read_bool(doc, node, place, err);
    case VSH_FIELD_WORD:
        return read_word(doc, node, field, place, err);
    case VSH_FIELD_FIGURE:
        return read_figure(doc, node, field, place, err);
    case VSH_FIELD_NODE:
        *(const vsh_node **)place = node;
        return VSH_OK;
    }
    assert(!"a field type the table cannot hold");
    return VSH_EINPUT;
}

vsh_status vsh_fields_read(const vsh_doc *doc, const vsh_node *map, const vsh_field *fields,
                           bool strict, void *out, vsh_error *err)
{
    if (map->kind != VSH_NODE_MAP)
        return vsh_doc_expected(doc, map, err, "a map of keys");
    for (const vsh_node *child = map->first; child; child = child->next) {
        const vsh_field *field = fields;
        while (field->key && strcmp(field->key, child->key) != 0)
            field++;
        if (field->key && !vsh_node_is_null(child))
            VSH_TRY(vsh_field_read_value(doc, child, field, (char *)out + field->offset, err));
        if (!field->key && strict)
            return unknown_key(doc, child, fields, err);
    }
    for (const vsh_field *field = fields; field->key; field++) {
        const vsh_node *given = field->required ? vsh_node_get(map, field->key) : map;
        if (!given || (field->required && vsh_node_is_null(given)))
            return vsh_doc_wrong(doc, map, err, "the key \"%s\" is missing", field->key);
    }
    return VSH_OK;
}
