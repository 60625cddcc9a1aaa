#include "core/step_question.h"

#include <assert.h>

#include "core/text.h"

vsh_status vsh_step_words(vsh_arena *arena, const vsh_step_question *q,
                          const char *argv[VSH_STEP_WORDS], vsh_error *err)
{
    const char *seq = vsh_integer_text(arena, q->seq);
    const char *batch = vsh_integer_text(arena, q->batch);
    const char *micro = vsh_integer_text(arena, q->micro);
    const char *const verb[] = {q->program, "step", "--json", "--quiet"};
    const struct {
        const char *option, *value; /* value NULL: not asked */
    } options[] = {{"--hw", q->hardware},
                   {"--model", q->model},
                   {"--seq", seq},
                   {"--batch", batch},
                   {"--micro-batch", micro},
                   {"--precision", vsh_precision_words[q->precision]},
                   {"--recompute", vsh_recompute_words[q->recompute]},
                   {"--optimizer", vsh_optimizer_words[q->optimizer]},
                   {"--engine", q->engine},
                   {"--experts-load", q->experts ? "even" : NULL}};
    enum { VERB = sizeof verb / sizeof *verb, OPTIONS = sizeof options / sizeof *options };
    int count = 0;

    static_assert(VERB + 2 * OPTIONS + 1 == VSH_STEP_WORDS, "room for all, and for the NULL");
    if (!seq || !batch || !micro)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    while (count < VERB) {
        argv[count] = verb[count];
        count++;
    }
    for (int i = 0; i < OPTIONS; i++) {
        if (!options[i].value)
            continue;
        argv[count++] = options[i].option;
        argv[count++] = options[i].value;
    }
    argv[count] = NULL;
    return VSH_OK;
}
