#include "planner/layout/extent.h"

#include <string.h>

enum { TP, PP, CP, EP, EXPERTS, SHARED, FP32, SIXTEEN, FP8, INT8, WORDS };

/* zero=3: or 2, whose gradients travel alike. bf16 and fp16 take the same time. */
static const char *const words[WORDS] = {"tp",     "pp",   "cp",     "ep",  "experts",
                                         "zero=3", "fp32", "16-bit", "fp8", "int8"};

const char vsh_extent_pure[] = "tp pp zero=3 16-bit";

static const vsh_figure pure_spread = {
    .known = true,
    .value = 0.2,
    .low = 0.2,
    .high = 0.2,
    .source = "90th percentile of pure errors, the largest of any data set: docs/steptime.md",
    .tag = VSH_TAG_MEASURED};
static const vsh_figure unmeasured_spread = {
    .known = true,
    .value = 0.4,
    .low = 0.4,
    .high = 0.4,
    .source = "twice what was measured elsewhere: no published step is like this run",
    .tag = VSH_TAG_ASSUMED};

vsh_extent vsh_extent_of(const vsh_step_run *run)
{
    static const int of[] = {[VSH_FP32] = FP32,
                             [VSH_BF16] = SIXTEEN,
                             [VSH_FP16] = SIXTEEN,
                             [VSH_FP8] = FP8,
                             [VSH_INT8] = INT8};
    const vsh_split *s = &run->layout.split;
    bool shared = s->zero >= 2 && vsh_split_replicas(s) > 1;

    return (unsigned)(s->tensor > 1) << TP | (unsigned)(run->layout.pp > 1) << PP |
           (unsigned)(s->context > 1) << CP | (unsigned)(s->expert > 1) << EP |
           (unsigned)(run->laid.model->experts.count > 0) << EXPERTS | (unsigned)shared << SHARED |
           1U << of[run->precision];
}

vsh_extent vsh_extent_read(const char *text)
{
    vsh_extent extent = 0;

    for (const char *at = text ? text : ""; *at;) {
        size_t length = strcspn(at, " ");
        for (int i = 0; i < WORDS; i++)
            if (strlen(words[i]) == length && strncmp(words[i], at, length) == 0)
                extent |= 1U << i;
        at += length;
        at += strspn(at, " ");
    }
    return extent;
}

void vsh_extent_show(vsh_extent extent, const char *between, vsh_text *out)
{
    const char *before = "";

    for (int i = 0; i < WORDS; i++)
        if (extent >> i & 1) {
            vsh_text_add(out, "%s%s", before, words[i]);
            before = between;
        }
}

vsh_figure vsh_extent_spread(const vsh_step_run *run, const vsh_stack_figures *stack,
                             vsh_extent *outside)
{
    vsh_extent is = vsh_extent_of(run), pure = vsh_extent_read(vsh_extent_pure);
    vsh_figure wide = is & ~pure ? unmeasured_spread : pure_spread;

    *outside = is & ~(stack ? vsh_extent_read(stack->measured) : pure);
    if (!stack || !stack->spread.known || (*outside && wide.value > stack->spread.value))
        return wide;
    return stack->spread;
}
