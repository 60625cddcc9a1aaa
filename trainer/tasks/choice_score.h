/* What a model answers to a task: every choice behind its prompt, as many side by side as the
 * generator takes, the likeliest is the answer. */
#ifndef VSH_CHOICE_SCORE_H
#define VSH_CHOICE_SCORE_H

#include "trainer/data/tokenizer.h"
#include "trainer/nn/generate.h"
#include "trainer/tasks/choice_task.h"
#include "trainer/tasks/proportion.h"

/* A prompt and a choice as ids, an end of text before them: ids[begin .. begin + length). */
typedef struct {
    int64_t begin;
    int32_t length, scored; /* the last so many ids are the choice */
} vsh_choice_row;

/* A task in a model's ids. What is asked several times has one row. */
typedef struct {
    const vsh_choice_task *task;
    const int32_t *id;
    const vsh_choice_row *row; /* by length */
    int64_t rows, cut;         /* cut: choices of which the beginning is not read */
    int64_t longest;           /* inputs of a row */
    const int32_t *asked;      /* rows: choices of item 0, of item 1, ..., then the neutral ones */
    int64_t choices;           /* of all items */
    bool neutral;
} vsh_choice_ids;

/* Prompts are cut at their beginning to the last length_max inputs, choices too if they must.
 * Prompt and choice are encoded each by itself. */
vsh_status vsh_choice_encode(vsh_arena *arena, const vsh_choice_task *task,
                             const vsh_tokenizer *tokenizer, int64_t length_max,
                             vsh_choice_ids *ids, vsh_error *err);

/* A generator's shape that suits: rows side by side until the products are large enough. */
vsh_generator_shape vsh_choice_shape(const vsh_choice_ids *ids);

/* Shares of items whose right choice is the likeliest: by log-likelihood, by that per byte of the
 * choice, and by how much likelier than its neutral one each is (NaN when there is none). */
typedef struct {
    vsh_proportion accuracy, normalized, calibrated;
    int64_t tokens; /* fed */
    double layers;  /* of a scored token */
    vsh_flops executed, full;
    const double *log_likelihood; /* by row */
} vsh_choice_scores;

/* How it runs: a generator of this shape, a rule for its exits or NULL. goes_on is told the share
 * that is done and may say no; NULL: nobody asks. */
typedef struct {
    vsh_generator *generator;
    vsh_generator_shape shape;
    const vsh_exit_rule *rule;
    bool (*goes_on)(void *context, double share);
    void *context;
} vsh_choice_run;

/* VSH_ENO when a likelihood is not finite; VSH_ESTOPPED. */
vsh_status vsh_choice_score(vsh_arena *arena, const vsh_choice_ids *ids, const vsh_choice_run *run,
                            vsh_choice_scores *scores, vsh_error *err);

#endif
