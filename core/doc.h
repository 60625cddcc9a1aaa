/* A document a person wrote: YAML or JSON as a tree whose every node knows its line and column.
 * Hostile input is refused early: size and depth are bounded; aliases, duplicate keys, second
 * documents, NUL bytes, control characters and other encodings than UTF-8 are errors. */
#ifndef VSH_DOC_H
#define VSH_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/status.h"

enum {
    VSH_DOC_BYTES_MAX = 1 << 20,
    VSH_DOC_DEPTH_MAX = 64,
    VSH_DOC_NODES_MAX = 100000,
    VSH_DOC_KEYS_MAX = 1024 /* of one map */
};

typedef enum { VSH_NODE_SCALAR, VSH_NODE_LIST, VSH_NODE_MAP } vsh_node_kind;

typedef struct vsh_node vsh_node;
struct vsh_node {
    vsh_node_kind kind;
    const char *key;  /* inside a map, else NULL */
    const char *text; /* of a scalar, else NULL */
    bool quoted;      /* a scalar in quotes: text, whatever it looks like */
    int line, column; /* of the value, from 1 */
    int key_line, key_column;
    int depth;
    int child_count;
    vsh_node *first, *last, *next;
};

typedef struct {
    const char *path; /* as the user wrote it, for messages */
    const vsh_node *root;
} vsh_doc;

/* Reads a file ("-" is not special). VSH_EINPUT for what it says, VSH_EMACHINE for memory. */
vsh_status vsh_doc_read(vsh_arena *arena, const char *path, vsh_doc *doc, vsh_error *err);
/* The same from memory; path is only for messages. */
vsh_status vsh_doc_parse(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                         vsh_doc *doc, vsh_error *err);

/* The child of a map with this key, or NULL. */
const vsh_node *vsh_node_get(const vsh_node *map, const char *key);

/* A scalar without quotes that reads null, ~ or nothing. */
bool vsh_node_is_null(const vsh_node *node);
/* What was found, for the end of a message: the scalar in quotes, "a list" or "a map". */
const char *vsh_node_show(const vsh_node *node, char *room, size_t room_bytes);

/* "path:line:column: key: expected WHAT, got FOUND"; returns VSH_EINPUT. */
vsh_status vsh_doc_expected(const vsh_doc *doc, const vsh_node *node, vsh_error *err,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));
/* "path:line:column: key: MESSAGE"; returns VSH_EINPUT. */
vsh_status vsh_doc_wrong(const vsh_doc *doc, const vsh_node *node, vsh_error *err,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
