#include "core/doc_write.h"

#include <ctype.h>
#include <string.h>

/* Numbers, quantities and words stand plain; whatever else YAML might take for something. */
static bool is_plain(const char *text)
{
    if (!isalnum((unsigned char)*text) &&
        !(strchr("+-.", *text) && *text && isdigit((unsigned char)text[1])))
        return false;
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr(" ._/+%-", *c))
            return false;
    return text[strlen(text) - 1] != ' ';
}

void vsh_scalar_write(const char *text, bool quoted, vsh_text *out)
{
    if (!quoted && is_plain(text)) {
        vsh_text_add(out, "%s", text);
        return;
    }
    vsh_text_add(out, "\"");
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            vsh_text_put(out, "\\", 1);
        vsh_text_put(out, c, 1);
    }
    vsh_text_add(out, "\"");
}

/* On one line. */
static void write_flow(const vsh_node *node, vsh_text *out)
{
    bool map = node->kind == VSH_NODE_MAP;

    if (vsh_node_is_null(node)) {
        vsh_text_add(out, "null");
    } else if (node->kind == VSH_NODE_SCALAR) {
        vsh_scalar_write(node->text, node->quoted, out);
    } else {
        vsh_text_add(out, map ? "{" : "[");
        for (const vsh_node *child = node->first; child; child = child->next) {
            vsh_text_add(out, child == node->first ? "" : ", ");
            if (map) {
                vsh_scalar_write(child->key, false, out);
                vsh_text_add(out, ": ");
            }
            write_flow(child, out);
        }
        vsh_text_add(out, map ? "}" : "]");
    }
}

static bool holds_maps(const vsh_node *node)
{
    for (const vsh_node *child = node->first; child; child = child->next)
        if (child->kind == VSH_NODE_MAP)
            return node->kind == VSH_NODE_MAP;
    return false;
}

void vsh_node_write(const vsh_node *node, int depth, vsh_text *out)
{
    vsh_text_add(out, "%*s", 2 * depth, "");
    vsh_scalar_write(node->key, false, out);
    if (!holds_maps(node)) {
        vsh_text_add(out, ": ");
        write_flow(node, out);
        vsh_text_add(out, "\n");
        return;
    }
    vsh_text_add(out, ":\n");
    for (const vsh_node *child = node->first; child; child = child->next)
        vsh_node_write(child, depth + 1, out);
}
