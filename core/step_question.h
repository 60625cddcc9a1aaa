/* What the other programs ask vishwa-sim: one step of a model, by its command line. */
#ifndef VSH_STEP_QUESTION_H
#define VSH_STEP_QUESTION_H

#include "core/lower.h"

typedef struct {
    const char *program;       /* path of vishwa-sim */
    const char *engine;        /* NULL: the one that it takes by itself */
    const char *hardware;      /* a profile, by name or path */
    const char *model;         /* path of the description */
    int64_t seq, batch, micro; /* sequences of a step and of a micro-batch, seq tokens each */
    vsh_precision precision;
    vsh_recompute_mode recompute;
    vsh_optimizer optimizer;
    bool experts; /* the model has some; their load is asked for as even */
} vsh_step_question;

enum { VSH_STEP_WORDS = 25 };

/* The words, closed by NULL; the answer is JSON. Numbers are the arena's. VSH_EMACHINE. */
vsh_status vsh_step_words(vsh_arena *arena, const vsh_step_question *question,
                          const char *argv[VSH_STEP_WORDS], vsh_error *err);

#endif
