/* Text made ready for training, in a folder: tokenizer, token ids, what is held out. */
#ifndef VSH_PREPARED_H
#define VSH_PREPARED_H

#include "trainer/data/batches.h"
#include "trainer/data/corpus.h"
#include "trainer/data/tokenizer.h"

/* One document in so many is held out for evaluation, by its hash; of a text so small that this
 * leaves none on either side, nothing is (held_out.count 0). */
enum { VSH_HELD_OUT = 50 };

typedef struct {
    const char *folder;    /* where what is made is kept: tokenizer.model, tokens-*.ids */
    const char *text;      /* a text file; NULL: the default corpus */
    const char *packages;  /* folder with the unpacked files of the default corpus */
    const char *tokenizer; /* "bytes", "sentencepiece", or a model file */
    int64_t vocab;         /* of the model that is to be trained */
    void (*say)(void *context, const char *what); /* what takes a while, or NULL */
    void *context;
} vsh_prepare_options;

typedef struct {
    vsh_tokenizer *tokenizer;
    vsh_token_data train, held_out;
    const char *description; /* of the text */
    uint64_t hash;           /* of the training ids */
} vsh_prepared;

/* Makes what the folder lacks. VSH_EINPUT: the text, or a vocabulary that does not fit. */
vsh_status vsh_prepare(vsh_arena *arena, const vsh_prepare_options *options, vsh_prepared *prepared,
                       vsh_error *err);
void vsh_prepared_close(vsh_prepared *prepared);

#endif
