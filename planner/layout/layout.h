/* How a run is laid out over chips: chips = tp x pp x cp x dp. Expert parallelism divides dp x cp
 * and adds no chips. */
#ifndef VSH_LAYOUT_H
#define VSH_LAYOUT_H

#include "core/json.h"
#include "core/split.h"
#include "core/status.h"
#include "core/text.h"

typedef struct {
    vsh_split split;    /* tp, sp, cp, ep, dp and zero; every number of ways at least 1 */
    int64_t pp;         /* stages of the pipeline */
    int64_t interleave; /* virtual stages of a chip */
} vsh_layout;

/* tp=8,pp=8,dp=16,ep=1,cp=1,sp=0,zero=1,interleave=1 in any order; a key left out is 1 (sp and
 * zero: 0), dp takes the remaining chips. NULL or "": all chips to dp. VSH_EINPUT, naming the key,
 * for an unknown or repeated one, a number out of range, and a product that is not chips. */
vsh_status vsh_layout_parse(const char *text, int64_t chips, vsh_layout *layout, vsh_error *err);

/* The run that is laid out: batch sequences of seq tokens, micro of them at a time a replica. */
typedef struct {
    const vsh_model *model;
    int64_t seq, batch, micro;
} vsh_laid_run;

/* Micro-batches that one replica runs in a step. */
static inline int64_t vsh_micro_batches(const vsh_layout *layout, const vsh_laid_run *run)
{
    return run->batch / (layout->split.data * run->micro);
}

/* VSH_EINPUT, naming both numbers, when layers, heads, experts, sequence or batch do not divide, or
 * interleaved micro-batches come in no whole rounds of pp. */
vsh_status vsh_layout_check(const vsh_layout *layout, const vsh_laid_run *run, vsh_error *err);

/* As --layout takes it, every key: "tp=8,pp=8,dp=16,ep=1,cp=1,sp=0,zero=1,interleave=1". */
void vsh_layout_show(const vsh_layout *layout, vsh_text *out);
/* The same as the object "layout". */
void vsh_layout_write(const vsh_layout *layout, vsh_json *json);

#endif
