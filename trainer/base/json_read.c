#include "trainer/base/json_read.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/file.h"

/* The room that a text can need: values begin the text or stand behind [ { or a comma, and a
 * decoded string with its NUL is never longer than it was with its quotes. */
typedef struct {
    vsh_value *values;
    size_t values_left;
    char *texts;
    size_t texts_left;
} room;

/* Before the library spends memory on it: at most so many values, and the depth. */
static size_t count_values(const char *bytes, size_t length, int *depth_max)
{
    size_t values = 1;
    int depth = 0;
    bool quoted = false;

    *depth_max = 0;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '"')
            quoted = !quoted;
        else if (quoted)
            i += c == '\\';
        else if (c == '[' || c == '{')
            *depth_max = ++depth > *depth_max ? depth : *depth_max;
        else if (c == ']' || c == '}')
            depth--;
        values += !quoted && (c == '[' || c == '{' || c == ',');
    }
    return values;
}

static const char *keep_text(room *r, const char *text, size_t length)
{
    char *copy = r->texts;

    assert(length < r->texts_left);
    memcpy(copy, text, length);
    copy[length] = '\0';
    r->texts += length + 1;
    r->texts_left -= length + 1;
    return copy;
}

static void keep(room *r, json_t *from, vsh_value *to);

static vsh_value *take_values(room *r, size_t count)
{
    vsh_value *first = r->values;

    assert(count <= r->values_left);
    r->values += count;
    r->values_left -= count;
    return first;
}

static void keep_list(room *r, json_t *from, vsh_value *to)
{
    size_t count = json_array_size(from);
    vsh_value *item = take_values(r, count);

    to->count = (int64_t)count;
    to->item = item;
    for (size_t i = 0; i < count; i++)
        keep(r, json_array_get(from, i), &item[i]);
}

static void keep_object(room *r, json_t *from, vsh_value *to)
{
    size_t count = json_object_size(from);
    vsh_value *item = take_values(r, count);

    to->count = (int64_t)count;
    to->item = item;
    for (void *at = json_object_iter(from); at; at = json_object_iter_next(from, at), item++) {
        const char *key = json_object_iter_key(at);
        item->key = keep_text(r, key, strlen(key));
        keep(r, json_object_iter_value(at), item);
    }
}

static void keep(room *r, json_t *from, vsh_value *to)
{
    switch (json_typeof(from)) {
    case JSON_OBJECT:
        to->kind = VSH_VALUE_OBJECT;
        keep_object(r, from, to);
        return;
    case JSON_ARRAY:
        to->kind = VSH_VALUE_LIST;
        keep_list(r, from, to);
        return;
    case JSON_STRING:
        to->kind = VSH_VALUE_TEXT;
        to->text = keep_text(r, json_string_value(from), json_string_length(from));
        return;
    case JSON_INTEGER:
        to->kind = VSH_VALUE_INTEGER;
        to->integer = json_integer_value(from);
        return;
    case JSON_REAL:
        to->kind = VSH_VALUE_REAL;
        to->real = json_real_value(from);
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        to->kind = VSH_VALUE_BOOL;
        to->integer = json_is_true(from);
        return;
    case JSON_NULL:
        to->kind = VSH_VALUE_NULL;
    }
}

vsh_status vsh_json_read(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                         vsh_value *root, vsh_error *err)
{
    json_error_t error;
    json_t *tree;
    room r;
    int depth;

    assert(arena && path && root);
    r.values_left = count_values(bytes, length, &depth);
    r.texts_left = length;
    if (r.values_left > VSH_VALUES_MAX || depth > VSH_VALUES_DEPTH)
        return vsh_fail(err, VSH_EINPUT, "%s: more than %d values or %d levels", path,
                        (int)VSH_VALUES_MAX, (int)VSH_VALUES_DEPTH);
    r.values = vsh_alloc(arena, r.values_left, sizeof *r.values);
    r.texts = vsh_alloc(arena, length, 1);
    if (!r.values || !r.texts)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    tree = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
    if (!tree && json_error_code(&error) == json_error_out_of_memory)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    if (!tree)
        return vsh_fail(err, VSH_EINPUT, "%s:%d:%d: %s", path, error.line, error.column,
                        error.text);
    *root = (vsh_value){.kind = VSH_VALUE_NULL};
    keep(&r, tree, root);
    json_decref(tree);
    return VSH_OK;
}

vsh_status vsh_json_read_file(vsh_arena *arena, const char *path, vsh_value *root, vsh_error *err)
{
    vsh_text text = {.arena = arena};

    VSH_TRY(vsh_file_read(path, &text, err));
    return vsh_json_read(arena, path, vsh_text_string(&text), text.length, root, err);
}

const vsh_value *vsh_value_get(const vsh_value *value, const char *key)
{
    if (value && value->kind == VSH_VALUE_OBJECT)
        for (int64_t i = 0; i < value->count; i++)
            if (strcmp(value->item[i].key, key) == 0)
                return &value->item[i];
    return NULL;
}

const vsh_value *vsh_value_get_kind(const vsh_value *value, const char *key, vsh_value_kind kind)
{
    const vsh_value *member = vsh_value_get(value, key);

    return member && member->kind == kind ? member : NULL;
}

double vsh_value_number(const vsh_value *value)
{
    return !value                             ? (double)NAN
           : value->kind == VSH_VALUE_INTEGER ? (double)value->integer
           : value->kind == VSH_VALUE_REAL    ? value->real
                                              : (double)NAN;
}

double vsh_value_get_number(const vsh_value *value, const char *key)
{
    return vsh_value_number(vsh_value_get(value, key));
}
