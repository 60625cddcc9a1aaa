/* The loss of a trained model on held-out text, window by window: what eval shows, and what
 * compress compares. */
#ifndef VSH_HELD_OUT_LOSS_H
#define VSH_HELD_OUT_LOSS_H

#include "trainer/nn/generate.h"
#include "trainer/run/loaded.h"
#include "trainer/run/prepared.h"

/* Sequences that run side by side. */
enum { VSH_HELD_OUT_SIDE_BY_SIDE = 8 };

/* The dataset that the model was trained on, by its own tokenizer; only the folder of the unpacked
 * packages, threads and stop of the options are read. */
vsh_status vsh_held_out_open(vsh_arena *arena, const vsh_loaded *model,
                             const vsh_prepare_options *options, vsh_prepared *data,
                             vsh_error *err);

/* inputs and targets (sequences, seq). */
typedef struct {
    int64_t sequences, seq;
    int32_t *inputs, *targets;
} vsh_held_out;

/* The first windows of the dataset's held-out text, for tokens of them (0: all), each as long as
 * the model was trained on. VSH_EINPUT when there is no such text. */
vsh_status vsh_held_out_take(vsh_arena *arena, const vsh_loaded *model, const vsh_prepared *data,
                             int64_t tokens, vsh_held_out *windows, vsh_error *err);

/* Tokens whose last so many stand in the same order earlier in their window: there a model can look
 * up what followed. Targets of all others become -1, which does not count. */
enum { VSH_REPEAT_TOKENS = 3 };
void vsh_held_out_keep_repeats(vsh_held_out *windows);

/* One pass of the model; goes_on is told how far it is and may end it. */
typedef struct {
    vsh_generator *generator;
    const vsh_exit_rule *rule; /* NULL: full depth */
    bool (*goes_on)(void *context, double share);
    void *context;
} vsh_held_out_pass;

/* *report: means over the tokens that count; which layers they left after is not asked. VSH_ENO
 * when the loss is not finite, VSH_ESTOPPED. */
vsh_status vsh_held_out_run(const vsh_held_out *windows, const vsh_held_out_pass *pass,
                            const char *path, vsh_exit_report *report, vsh_error *err);

#endif
