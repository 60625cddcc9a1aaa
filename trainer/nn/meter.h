/* What ran: for every operation of the list, the multiply-adds of the products that were called,
 * and the time they took. */
#ifndef VSH_METER_H
#define VSH_METER_H

#include <stdbool.h>

#include "core/model.h"
#include "core/op.h"

typedef struct {
    int64_t macs;   /* counted from the calls */
    double seconds; /* of the calling thread, waiting for the others included; of operations that
                     * multiply nothing when the meter is clocked */
} vsh_meter_row;

/* row[i] belongs to ops.item[i]. */
typedef struct {
    vsh_op_list ops;
    vsh_meter_row row[VSH_OPS_MAX];
    bool clocked; /* off at first: also operations that multiply nothing are timed */
} vsh_meter;

/* Where the network's operations stand in the list. */
#define VSH_SITE_LIST(SITE)                                                                        \
    SITE(NORM, "norm")                                                                             \
    SITE(QKV, "attn.qkv")                                                                          \
    SITE(Q, "attn.q")                                                                              \
    SITE(ROTARY, "attn.rotary")                                                                    \
    SITE(SCORES, "attn.scores")                                                                    \
    SITE(SCORES_TILES, "attn.scores.tiles")                                                        \
    SITE(SCORES_LEFT, "attn.scores.left")                                                          \
    SITE(SCORES_RIGHT, "attn.scores.right")                                                        \
    SITE(SOFTMAX, "attn.softmax")                                                                  \
    SITE(VALUES, "attn.values")                                                                    \
    SITE(VALUES_LEFT, "attn.values.left")                                                          \
    SITE(VALUES_RIGHT, "attn.values.right")                                                        \
    SITE(OUT, "attn.out")                                                                          \
    SITE(UP, "mlp.up")                                                                             \
    SITE(ACT, "mlp.act")                                                                           \
    SITE(DOWN, "mlp.down")                                                                         \
    SITE(ROUTER, "router")                                                                         \
    SITE(ROUTE, "route")                                                                           \
    SITE(DISPATCH, "dispatch")                                                                     \
    SITE(EXPERT_UP, "expert.up")                                                                   \
    SITE(EXPERT_ACT, "expert.act")                                                                 \
    SITE(EXPERT_DOWN, "expert.down")                                                               \
    SITE(COMBINE, "combine")                                                                       \
    SITE(SHARED_UP, "shared.up")                                                                   \
    SITE(SHARED_ACT, "shared.act")                                                                 \
    SITE(SHARED_DOWN, "shared.down")                                                               \
    SITE(RESIDUAL, "residual")                                                                     \
    SITE(LOGITS, "logits")                                                                         \
    SITE(LOSS, "loss")                                                                             \
    SITE(EMBED, "embed")

#define VSH_SITE_ENUM(word, name) VSH_SITE_##word,
typedef enum { VSH_SITE_LIST(VSH_SITE_ENUM) VSH_SITE_COUNT } vsh_site;

/* Index into the list, or -1: there is no such operation. */
typedef struct {
    int at[VSH_SITE_COUNT][VSH_PHASE_COUNT];
} vsh_sites;

/* The operations whose names are prefix followed by a site's name. */
void vsh_sites_find(const vsh_op_list *ops, const char *prefix, vsh_sites *sites);

/* Clears the counts; the list and what is clocked stay. */
void vsh_meter_clear(vsh_meter *meter);

/* Adds to the operation at index; -1 is not counted. */
static inline void vsh_meter_add(vsh_meter *meter, int index, int64_t macs, double seconds)
{
    if (index < 0)
        return;
    meter->row[index].macs += macs;
    meter->row[index].seconds += seconds;
}

/* Multiply-adds counted and, of the list, to be executed, over all products. */
int64_t vsh_meter_counted(const vsh_meter *meter);
int64_t vsh_meter_expected(const vsh_meter *meter);

#endif
