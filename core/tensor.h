/* The tensors of a model: one table says the parameter count, the bytes of a checkpoint and what
 * the optimizer walks. */
#ifndef VSH_TENSOR_H
#define VSH_TENSOR_H

#include <stdint.h>

#include "core/model.h"

typedef enum {
    VSH_GROUP_EMBEDDING, /* the token table */
    VSH_GROUP_POSITION,  /* a learned position table */
    VSH_GROUP_HEAD,      /* an untied output matrix */
    VSH_GROUP_ATTENTION,
    VSH_GROUP_MLP,
    VSH_GROUP_ROUTER,
    VSH_GROUP_EXPERT,
    VSH_GROUP_SHARED, /* shared experts and their gate */
    VSH_GROUP_NORM,
    VSH_GROUP_COUNT
} vsh_group;

extern const char *const vsh_group_names[VSH_GROUP_COUNT];

/* rows x cols elements (cols 1 for a vector), in copies of which one token uses active. */
typedef struct {
    const char *name;
    vsh_group group;
    int64_t rows, cols;
    int64_t copies, active;
} vsh_tensor;

enum { VSH_TENSORS_MAX = 64 };

typedef struct {
    vsh_tensor item[VSH_TENSORS_MAX];
    int count;
} vsh_tensor_list;

/* Exact counts; embedding is token table, position table and untied head. */
typedef struct {
    int64_t total, active;
    int64_t embedding, non_embedding;
    int64_t group[VSH_GROUP_COUNT];
} vsh_parameters;

/* The tensors of one layer (from 0), one copy of each. */
void vsh_layer_tensors(const vsh_model *model, int64_t layer, vsh_tensor_list *list);
/* All tensors; those of equal name in different layers are one entry with more copies. */
void vsh_model_tensors(const vsh_model *model, vsh_tensor_list *list);

/* VSH_EINPUT when a count passes 63 bits. */
vsh_status vsh_count_parameters(const vsh_model *model, vsh_parameters *parameters, vsh_error *err);

#endif
