/* The tree of a document as YAML again: what it said, without its comments. */
#ifndef VSH_DOC_WRITE_H
#define VSH_DOC_WRITE_H

#include "core/doc.h"
#include "core/text.h"

/* "key: value" on a line, or a block of them below the key; depth: of the key. */
void vsh_node_write(const vsh_node *node, int depth, vsh_text *out);
/* A scalar as YAML reads it back: in quotes where it must, or where it is text for certain. */
void vsh_scalar_write(const char *text, bool quoted, vsh_text *out);

#endif
