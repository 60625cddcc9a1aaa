/* Kinds of layers of a model: with experts or without, own keys or not, a window or not. */
#ifndef VSH_LAYER_KINDS_H
#define VSH_LAYER_KINDS_H

#include "core/lower.h"

enum { VSH_KINDS_MAX = 8 };

/* Returns how many there are. kind: of every layer, numbered in the order of their first; first:
 * layer of each kind. */
int vsh_layer_kinds(const vsh_model *model, unsigned char kind[VSH_LAYERS_MAX],
                    int64_t first[VSH_KINDS_MAX]);

#endif
