/* Text made ready for training: a dataset that `data build` left, or a text that is built into one
 * when a run first wants it. */
#ifndef VSH_PREPARED_H
#define VSH_PREPARED_H

#include <signal.h>

#include "trainer/data/batches.h"
#include "trainer/data/tokenizer.h"

typedef struct {
    /* A dataset's own; or where datasets are made, one a tokenizer and vocabulary (unigram-8192),
     * of the text: filter and deduplication are on for the default corpus and off for a text. */
    const char *folder;
    const char *text;      /* a file or folder of text; NULL: the default corpus */
    const char *packages;  /* folder with the unpacked files of the default corpus */
    const char *tokenizer; /* "unigram" (or "sentencepiece"), "bpe", "bytes", a model file; NULL: of
                              a dataset its own, of a text unigram */
    const char *model;     /* the tokenizer must be that of this model file; NULL: any */
    int64_t vocab;         /* of the model that is to be trained */
    int64_t sequence;      /* the training text has more tokens than this; 0: any will do */
    bool named;            /* somebody gave the folder: without a text it must be there */
    int threads;           /* of a build; 0: 1 */
    const volatile sig_atomic_t *stop;            /* of a build; NULL: nobody asks */
    void (*say)(void *context, const char *what); /* what takes a while, or NULL */
    void *context;
} vsh_prepare_options;

typedef struct {
    vsh_dataset dataset;
    vsh_tokenizer *tokenizer;
    vsh_token_data train, held_out; /* held_out.count 0: the text was too small to part */
    const char *description;        /* of the text */
    uint64_t hash;                  /* of the training ids */
} vsh_prepared;

/* Opens, and builds what is missing, damaged, or of another text than there is now. Two runs that
 * begin together share what one of them builds. VSH_EINPUT: the text, a dataset of the user's that
 * is damaged or contradicts the options, or a vocabulary that does not fit; VSH_ESTOPPED. */
vsh_status vsh_prepare(vsh_arena *arena, const vsh_prepare_options *options, vsh_prepared *prepared,
                       vsh_error *err);
/* What of that can be known at once: nothing is built, mapped or written. It refuses with the words
 * of vsh_prepare, which may still find more. */
vsh_status vsh_prepare_check(const vsh_prepare_options *options, vsh_error *err);
/* Also of a zeroed one, and again. */
void vsh_prepared_close(vsh_prepared *prepared);

#endif
