#include "core/step_question.h"

#include <assert.h>

#include "core/text.h"

vsh_status vsh_step_words(vsh_arena *arena, const vsh_step_question *q,
                          const char *argv[VSH_STEP_WORDS], vsh_error *err)
{
    const struct {
        const char *option, *value; /* value NULL: not asked */
    } options[] = {{"--hw", q->hardware},
                   {"--model", q->model},
                   {"--seq", vsh_integer_text(arena, q->seq)},
                   {"--batch", vsh_integer_text(arena, q->batch)},
                   {"--micro-batch", vsh_integer_text(arena, q->micro)},
                   {"--precision", vsh_precision_words[q->precision]},
                   {"--recompute", vsh_recompute_words[q->recompute]},
                   {"--optimizer", vsh_optimizer_words[q->optimizer]},
                   {"--engine", q->engine},
                   {"--experts-load", q->experts ? "even" : NULL}};
    int count = 0;

    argv[count++] = q->program;
    argv[count++] = "step";
    argv[count++] = "--json";
    argv[count++] = "--quiet";
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (!options[i].value)
            continue;
        argv[count++] = options[i].option;
        argv[count++] = options[i].value;
    }
    argv[count] = NULL;
    assert(count < VSH_STEP_WORDS);
    if (!options[2].value || !options[3].value || !options[4].value)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    return VSH_OK;
}
