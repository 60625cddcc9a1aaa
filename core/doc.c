#include "core/doc.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "core/file.h"
#include "core/text.h"

/* The nodes under construction, from the root to where the parser stands. */
typedef struct {
    vsh_arena *arena;
    const char *path;
    vsh_error *err;
    const char *bytes; /* the text, for places that the parser does not mark */
    size_t length;
    vsh_node *open[VSH_DOC_DEPTH_MAX];
    int depth;
    int node_count;
    vsh_node *root;
    yaml_event_t *key; /* a scalar waiting for its value */
    yaml_event_t key_event;
} builder;

static vsh_status fail_at(const builder *build, yaml_mark_t mark, const char *message)
{
    return vsh_fail(build->err, VSH_EINPUT, "%s:%zu:%zu: %s", build->path, mark.line + 1,
                    mark.column + 1, message);
}

static vsh_status no_memory(const builder *build)
{
    return vsh_fail(build->err, VSH_EMACHINE, "%s: out of memory", build->path);
}

static vsh_status drop_key(builder *build)
{
    if (build->key)
        yaml_event_delete(build->key);
    build->key = NULL;
    return VSH_OK;
}

/* A copy of a scalar in which line breaks and tabs are blanks. */
static vsh_status copy_scalar(builder *build, const yaml_event_t *event, const char **copy)
{
    const unsigned char *value = event->data.scalar.value;
    char *text;

    if (strlen((const char *)value) != event->data.scalar.length)
        return fail_at(build, event->start_mark, "a NUL in a text");
    for (const unsigned char *c = value; *c; c++)
        if (vsh_is_control((const char *)c))
            return fail_at(build, event->start_mark, "a control character in a text");
    text = vsh_copy_text(build->arena, (const char *)value, event->data.scalar.length);
    if (!text)
        return no_memory(build);
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
    *copy = text;
    return VSH_OK;
}

/* Hangs a node below the one that is open. */
static vsh_status add_node(builder *build, vsh_node_kind kind, yaml_mark_t mark, vsh_node **added)
{
    vsh_node *parent = build->depth ? build->open[build->depth - 1] : NULL;
    vsh_node *node;

    if (++build->node_count > VSH_DOC_NODES_MAX)
        return fail_at(build, mark, "more than 100,000 values");
    node = vsh_alloc(build->arena, 1, sizeof *node);
    if (!node)
        return no_memory(build);
    node->kind = kind;
    node->line = (int)mark.line + 1;
    node->column = (int)mark.column + 1;
    node->depth = build->depth;
    if (build->key) {
        const yaml_event_t *key = build->key;
        VSH_TRY(copy_scalar(build, key, &node->key));
        node->key_line = (int)key->start_mark.line + 1;
        node->key_column = (int)key->start_mark.column + 1;
        drop_key(build);
    }
    if (!parent) {
        build->root = node;
    } else {
        if (parent->last)
            parent->last->next = node;
        else
            parent->first = node;
        parent->last = node;
        parent->child_count++;
    }
    *added = node;
    return VSH_OK;
}

static vsh_status take_key(builder *build, yaml_event_t *event)
{
    const vsh_node *map = build->open[build->depth - 1];
    const char *key = (const char *)event->data.scalar.value;
    char message[160];

    if (map->child_count == VSH_DOC_KEYS_MAX)
        return fail_at(build, event->start_mark, "more than 1,024 keys in one map");
    for (const vsh_node *child = map->first; child; child = child->next)
        if (strcmp(child->key, key) == 0) {
            snprintf(message, sizeof message, "%.60s: given twice, first on line %d", key,
                     child->key_line);
            return fail_at(build, event->start_mark, message);
        }
    build->key_event = *event;
    build->key = &build->key_event;
    memset(event, 0, sizeof *event); /* the builder owns it now */
    return VSH_OK;
}

static bool wants_key(const builder *build)
{
    return build->depth && build->open[build->depth - 1]->kind == VSH_NODE_MAP && !build->key;
}

static vsh_status add_scalar(builder *build, yaml_event_t *event)
{
    vsh_node *node;

    if (event->data.scalar.anchor)
        return fail_at(build, event->start_mark, "anchors (&name) are not accepted here");
    if (wants_key(build))
        return take_key(build, event);
    VSH_TRY(add_node(build, VSH_NODE_SCALAR, event->start_mark, &node));
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return copy_scalar(build, event, &node->text);
}

static vsh_status open_node(builder *build, const yaml_event_t *event, vsh_node_kind kind,
                            const yaml_char_t *anchor)
{
    vsh_node *node;

    if (anchor)
        return fail_at(build, event->start_mark, "anchors (&name) are not accepted here");
    if (wants_key(build))
        return fail_at(build, event->start_mark, "expected a key, got a list or a map");
    if (build->depth == VSH_DOC_DEPTH_MAX)
        return fail_at(build, event->start_mark, "nested more than 64 deep");
    VSH_TRY(add_node(build, kind, event->start_mark, &node));
    build->open[build->depth++] = node;
    return VSH_OK;
}

static vsh_status take_event(builder *build, yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return add_scalar(build, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(build, event, VSH_NODE_LIST, event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return open_node(build, event, VSH_NODE_MAP, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        build->depth--;
        return VSH_OK;
    case YAML_ALIAS_EVENT:
        return fail_at(build, event->start_mark, "aliases (*name) are not accepted here");
    case YAML_DOCUMENT_START_EVENT:
        if (build->root)
            return fail_at(build, event->start_mark, "a second document; one was expected");
        return VSH_OK;
    default:
        return VSH_OK;
    }
}

/* The mark of byte offset in the text; libyaml gives its reader's errors no mark. */
static yaml_mark_t mark_of(const builder *build, size_t offset)
{
    yaml_mark_t mark = {0};

    for (size_t i = 0; i < offset && i < build->length; i++) {
        mark.column += ((unsigned char)build->bytes[i] & 0xc0) != 0x80;
        if (build->bytes[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static vsh_status fail_parser(const builder *build, const yaml_parser_t *parser)
{
    char message[200];

    if (parser->error == YAML_MEMORY_ERROR)
        return no_memory(build);
    snprintf(message, sizeof message, "expected YAML or JSON: %s",
             parser->problem ? parser->problem : "stopped here");
    if (parser->error == YAML_READER_ERROR)
        return fail_at(build, mark_of(build, parser->problem_offset), message);
    return fail_at(build, parser->problem_mark, message);
}

static vsh_status run_parser(builder *build, yaml_parser_t *parser)
{
    for (bool done = false; !done;) {
        yaml_event_t event;
        vsh_status status;

        if (!yaml_parser_parse(parser, &event))
            return fail_parser(build, parser);
        done = event.type == YAML_STREAM_END_EVENT;
        status = take_event(build, &event);
        yaml_event_delete(&event);
        if (status != VSH_OK)
            return status;
    }
    return VSH_OK;
}

vsh_status vsh_doc_parse(vsh_arena *arena, const char *path, const char *bytes, size_t length,
                         vsh_doc *doc, vsh_error *err)
{
    static const char bom[] = "\xef\xbb\xbf";
    builder build = {.arena = arena, .path = path, .err = err};
    yaml_parser_t parser;
    vsh_status status;

    assert(arena && path && doc);
    if (length > VSH_DOC_BYTES_MAX)
        return vsh_fail(err, VSH_EINPUT,
                        "%s: larger than 1 MiB; expected a short YAML or JSON text", path);
    if (memchr(bytes, '\0', length))
        return vsh_fail(err, VSH_EINPUT, "%s: a binary file; expected UTF-8 text", path);
    if (length >= 3 && memcmp(bytes, bom, 3) == 0) {
        bytes += 3; /* the parser takes it for content before a block */
        length -= 3;
    }
    build.bytes = bytes;
    build.length = length;
    if (!yaml_parser_initialize(&parser))
        return no_memory(&build);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
    status = run_parser(&build, &parser);
    drop_key(&build);
    yaml_parser_delete(&parser);
    if (status != VSH_OK)
        return status;
    if (!build.root)
        return vsh_fail(err, VSH_EINPUT, "%s:1:1: an empty file; expected a map of keys", path);
    *doc = (vsh_doc){path, build.root};
    return VSH_OK;
}

vsh_status vsh_doc_read(vsh_arena *arena, const char *path, vsh_doc *doc, vsh_error *err)
{
    vsh_text text = {.arena = arena};

    switch (vsh_file_read_bounded(path, VSH_DOC_BYTES_MAX, &text)) {
    case VSH_READ_DONE:
        break;
    case VSH_READ_UNOPENED:
        return vsh_fail(err, VSH_EINPUT, "%s: %s", path, strerror(errno));
    case VSH_READ_FOLDER:
        return vsh_fail(err, VSH_EINPUT, "%s: expected a text file, found a folder", path);
    case VSH_READ_SPECIAL:
        return vsh_fail(err, VSH_EINPUT, "%s: not a regular file; expected a text file", path);
    case VSH_READ_BROKEN:
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    }
    if (text.failed)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    return vsh_doc_parse(arena, path, vsh_text_string(&text), text.length, doc, err);
}

const vsh_node *vsh_node_get(const vsh_node *map, const char *key)
{
    assert(map && map->kind == VSH_NODE_MAP);
    for (const vsh_node *child = map->first; child; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

bool vsh_node_is_null(const vsh_node *node)
{
    return node->kind == VSH_NODE_SCALAR && !node->quoted &&
           (!*node->text || strcmp(node->text, "null") == 0 || strcmp(node->text, "~") == 0);
}

const char *vsh_node_show(const vsh_node *node, char *room, size_t room_bytes)
{
    if (node->kind == VSH_NODE_SCALAR)
        snprintf(room, room_bytes, "\"%.60s\"%s", node->text, strlen(node->text) > 60 ? "..." : "");
    else
        snprintf(room, room_bytes, node->kind == VSH_NODE_LIST ? "a list" : "a map");
    return room;
}

/* "path:line:column: key: " into room. */
static void show_place(const vsh_doc *doc, const vsh_node *node, char *room, size_t room_bytes)
{
    if (node->key)
        snprintf(room, room_bytes, "%.300s:%d:%d: %.60s: ", doc->path, node->line, node->column,
                 node->key);
    else
        snprintf(room, room_bytes, "%.300s:%d:%d: ", doc->path, node->line, node->column);
}

vsh_status vsh_doc_wrong(const vsh_doc *doc, const vsh_node *node, vsh_error *err,
                         const char *format, ...)
{
    char place[400], message[300];
    va_list args;

    show_place(doc, node, place, sizeof place);
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return vsh_fail(err, VSH_EINPUT, "%s%s", place, message);
}

vsh_status vsh_doc_expected(const vsh_doc *doc, const vsh_node *node, vsh_error *err,
                            const char *format, ...)
{
    char expected[200], found[80];
    va_list args;

    va_start(args, format);
    vsnprintf(expected, sizeof expected, format, args);
    va_end(args);
    return vsh_doc_wrong(doc, node, err, "expected %s, got %s", expected,
                         vsh_node_show(node, found, sizeof found));
}
