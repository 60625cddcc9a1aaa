/* Memory that is given back in the opposite order it was taken: what one operation needs while it
 * runs. Its size is known beforehand (core/workspace.h). */
#ifndef VSH_STACK_H
#define VSH_STACK_H

#include <assert.h>
#include <stdint.h>

typedef struct {
    char *base; /* aligned to 64 */
    int64_t capacity, used, peak;
} vsh_stack;

static inline void *vsh_push(vsh_stack *stack, int64_t bytes)
{
    char *place = stack->base + stack->used;

    stack->used += (bytes + 63) & ~(int64_t)63;
    assert(stack->used <= stack->capacity);
    if (stack->used > stack->peak)
        stack->peak = stack->used;
    return place;
}

/* What was taken after mark = stack->used is given back. */
static inline void vsh_pop(vsh_stack *stack, int64_t mark)
{
    assert(mark <= stack->used);
    stack->used = mark;
}

#endif
