/* JSON that programs wrote, as a tree in an arena: headers of SafeTensors files and manifests.
 * (What people write goes through core/doc.h, which knows lines but holds far fewer nodes.)
 * Refused: duplicate names, NUL in texts, what is not UTF-8, numbers that overflow, more values or
 * levels than below. */
#ifndef VSH_JSON_READ_H
#define VSH_JSON_READ_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/status.h"

enum { VSH_VALUES_MAX = 1 << 21, VSH_VALUES_DEPTH = 32 };

typedef enum {
    VSH_VALUE_NULL,
    VSH_VALUE_BOOL, /* integer is 0 or 1 */
    VSH_VALUE_INTEGER,
    VSH_VALUE_REAL,
    VSH_VALUE_TEXT,
    VSH_VALUE_LIST,
    VSH_VALUE_OBJECT
} vsh_value_kind;

typedef struct vsh_value vsh_value;
struct vsh_value {
    vsh_value_kind kind;
    const char *key; /* inside an object, else NULL */
    int64_t count;   /* of a list or an object */
    union {
        int64_t integer;
        double real;
        const char *text;
        const vsh_value *item; /* [count], in the order of the text */
    };
};

/* VSH_EINPUT with "path:line:column: what"; VSH_EMACHINE for memory. The root is a list or an
 * object. */
vsh_status vsh_json_read(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                         vsh_value *root, vsh_error *err);

/* The same of a whole file that fits into memory. VSH_EMACHINE also where it cannot be read. */
vsh_status vsh_json_read_file(vsh_arena *arena, const char *path, vsh_value *root, vsh_error *err);

/* The member of an object with this key; NULL when there is none or value is no object. */
const vsh_value *vsh_value_get(const vsh_value *value, const char *key);
/* The same, NULL also when it is of another kind. */
const vsh_value *vsh_value_get_kind(const vsh_value *value, const char *key, vsh_value_kind kind);
/* A number of either kind; NaN for what is none, or NULL. And the one that stands at a key. */
double vsh_value_number(const vsh_value *value);
double vsh_value_get_number(const vsh_value *value, const char *key);

#endif
