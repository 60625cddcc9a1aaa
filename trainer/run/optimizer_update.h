/* What the files of the optimizer share: one step of one kind. */
#ifndef VSH_OPTIMIZER_UPDATE_H
#define VSH_OPTIMIZER_UPDATE_H

#include "trainer/run/optimizer.h"

typedef struct {
    const vsh_nn *nn;
    const vsh_parameter_list *list;
    const vsh_optimizer_options *options;
    const vsh_optimizer_arrays *arrays;
    int64_t step;
    double rate, scale;
    double *room;
} vsh_update;

/* Elements of the flat array that a thread takes together: whole blocks of the norm and of the
 * 8-bit codes. */
enum { VSH_UPDATE_PART = 1 << 16 };

static inline int64_t vsh_update_parts(int64_t elements, int64_t part)
{
    return (elements + part - 1) / part;
}

/* The piece of the state that is called so. */
void *vsh_update_state(const vsh_update *update, const char *name);

/* What decoupled decay leaves of a weight. */
static inline float vsh_update_keep(const vsh_update *u, const vsh_parameter *p)
{
    return (float)(p->decay ? 1 - u->rate * u->options->weight_decay : 1);
}

/* Weights and gradients from an element on; moments are the caller's. */
static inline vsh_update_run vsh_update_at(const vsh_update *u, int64_t first, int64_t count)
{
    const vsh_optimizer_arrays *a = u->arrays;
    bool narrow = a->element == VSH_B16;

    return (vsh_update_run){
        .weight = (narrow ? a->master : (float *)a->weights) + first,
        .rounded = narrow ? (vsh_bf16 *)a->weights + first : NULL,
        .gradient = vsh_at_const(a->gradients, a->element, first),
        .count = count,
    };
}

vsh_adamw_factors vsh_update_adamw_factors(const vsh_update *update);

/* One kind each, behind the table in optimizer.c. */
void vsh_update_adamw8bit(vsh_update *update);
void vsh_update_adafactor(vsh_update *update);
int64_t vsh_adafactor_room(const vsh_parameter_list *list);
/* Elements of the three parts of its state. */
void vsh_adafactor_sizes(const vsh_parameter_list *list, int64_t *rows, int64_t *cols,
                         int64_t *whole);

#endif
