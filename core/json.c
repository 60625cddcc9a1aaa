#include "core/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void quote(const vsh_json *json, const char *value);

/* Comma, line, indent and key before a value. */
static void begin(vsh_json *json, const char *key)
{
    if (json->depth == 0)
        return;
    if (json->filled[json->depth])
        vsh_text_add(json->out, json->one_line ? ", " : ",");
    if (!json->one_line)
        vsh_text_add(json->out, "\n%*s", 2 * json->depth, "");
    json->filled[json->depth] = true;
    if (key) {
        quote(json, key);
        vsh_text_add(json->out, ": ");
    }
}

static void open_level(vsh_json *json, const char *key, bool array)
{
    assert(json->depth + 1 < VSH_JSON_DEPTH);
    begin(json, key);
    vsh_text_put(json->out, array ? "[" : "{", 1);
    json->depth++;
    json->filled[json->depth] = false;
    json->array[json->depth] = array;
}

void vsh_json_object(vsh_json *json, const char *key) { open_level(json, key, false); }
void vsh_json_array(vsh_json *json, const char *key) { open_level(json, key, true); }

void vsh_json_end(vsh_json *json)
{
    bool array, filled;

    assert(json->depth > 0);
    array = json->array[json->depth];
    filled = json->filled[json->depth];
    json->depth--;
    if (filled && !json->one_line)
        vsh_text_add(json->out, "\n%*s", 2 * json->depth, "");
    vsh_text_put(json->out, array ? "]" : "}", 1);
    if (json->depth == 0)
        vsh_text_put(json->out, "\n", 1);
}

void vsh_json_real(vsh_json *json, const char *key, double value)
{
    char digits[40];

    if (!isfinite(value)) {
        json->refused = true;
        vsh_json_null(json, key);
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    begin(json, key);
    vsh_text_add(json->out, "%s", digits);
}

void vsh_json_known(vsh_json *json, const char *key, double value)
{
    if (isfinite(value))
        vsh_json_real(json, key, value);
    else
        vsh_json_null(json, key);
}

void vsh_json_integer(vsh_json *json, const char *key, int64_t value)
{
    begin(json, key);
    vsh_text_add(json->out, "%" PRId64, value);
}

void vsh_json_bool(vsh_json *json, const char *key, bool value)
{
    begin(json, key);
    vsh_text_add(json->out, value ? "true" : "false");
}

void vsh_json_null(vsh_json *json, const char *key)
{
    begin(json, key);
    vsh_text_add(json->out, "null");
}

void vsh_json_string(vsh_json *json, const char *key, const char *value)
{
    if (!value) {
        vsh_json_null(json, key);
        return;
    }
    begin(json, key);
    quote(json, value);
}

static void quote(const vsh_json *json, const char *value)
{
    vsh_text *out = json->out;
    const unsigned char *c = (const unsigned char *)value;

    vsh_text_put(out, "\"", 1);
    while (*c) {
        int length = vsh_utf8_length((const char *)c);
        if (length == 0 || (json->plain && vsh_is_control((const char *)c))) {
            vsh_text_add(out, "\\ufffd");
            length = length ? length : 1;
        } else if (*c == '"' || *c == '\\') {
            vsh_text_add(out, "\\%c", *c);
        } else if (*c < 0x20 || *c == 0x7f) {
            vsh_text_add(out, "\\u%04x", *c);
        } else {
            vsh_text_put(out, (const char *)c, (size_t)length);
        }
        c += length;
    }
    vsh_text_put(out, "\"", 1);
}
