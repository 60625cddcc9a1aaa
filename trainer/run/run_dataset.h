/* The dataset that a run's text is built into, below its data folder: one a tokenizer and
 * vocabulary. */
#ifndef VSH_RUN_DATASET_H
#define VSH_RUN_DATASET_H

#include "trainer/run/prepared.h"

typedef struct {
    const vsh_prepare_options *options;
    const char *tokenizer; /* as a build takes it */
    int64_t vocab;
    const char *folder; /* its own: unigram-8192, bytes, file-0123abcd */
    const char *stamp;  /* path of what tells the text that it is of */
    char text[20];      /* what that says of the text as it is now */
    bool stood;         /* before it was built */
    const char *stage;  /* of a build, that was told of last */
} vsh_run_dataset;

/* tokenizer: as a configuration names it. VSH_EINPUT: a model file that is none, a vocabulary
 * larger than the model's, a text that is not there. Nothing is made. */
vsh_status vsh_run_dataset_name(vsh_arena *arena, const vsh_prepare_options *options,
                                const char *tokenizer, vsh_run_dataset *dataset, vsh_error *err);
/* It is there, and of the text as it is now. The default corpus never changes: to see whether it
 * has it would have to be extracted. */
bool vsh_run_dataset_holds(const vsh_run_dataset *dataset);
/* Builds it unless it holds; anew: in any case. A text that cannot be built leaves nothing behind.
 */
vsh_status vsh_run_dataset_build(vsh_run_dataset *dataset, bool anew, vsh_error *err);

/* What a configuration calls a tokenizer ("sentencepiece" is unigram); NULL for a model file. */
const char *vsh_tokenizer_word(const char *tokenizer);
/* The folder has a manifest. */
bool vsh_dataset_stands(const char *folder);

#endif
