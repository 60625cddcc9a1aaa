/* The precisions a run can use, and the recipes: what a parameter costs in memory while training.
 */
#ifndef VSH_PRECISION_H
#define VSH_PRECISION_H

#include <stdint.h>

typedef enum { VSH_FP32, VSH_BF16, VSH_FP16, VSH_FP8, VSH_INT8, VSH_PRECISION_COUNT } vsh_precision;

typedef enum {
    VSH_ADAMW,
    VSH_ADAMW8BIT,
    VSH_ADAFACTOR,
    VSH_LION,
    VSH_MUON,
    VSH_SGD,
    VSH_OPTIMIZER_COUNT
} vsh_optimizer;

extern const char *const vsh_precision_words[]; /* closed by NULL, like the next two */
extern const char *const vsh_optimizer_words[];
extern const char *const vsh_recipe_words[];

/* Bytes an element takes: read by a matrix product, and stored between operations. */
int64_t vsh_operand_bytes(vsh_precision precision);
int64_t vsh_activation_bytes(vsh_precision precision);

/* Persistent bytes a parameter. */
typedef struct {
    const char *name;
    double weights, gradients, master, moments;
    const char *source;
} vsh_recipe;

/* The recipe of a precision and an optimizer (docs/model.md lists them all). */
const vsh_recipe *vsh_recipe_for(vsh_precision precision, vsh_optimizer optimizer);
/* By index into vsh_recipe_words. */
const vsh_recipe *vsh_recipe_at(int index);

static inline double vsh_recipe_bytes(const vsh_recipe *recipe)
{
    return recipe->weights + recipe->gradients + recipe->master + recipe->moments;
}

#endif
