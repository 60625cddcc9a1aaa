#define _DEFAULT_SOURCE /* flock */
#include "trainer/data/prepared.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/file.h"

/* Bytes that a tokenizer learns from: more makes its pieces no better at a vocabulary of
 * thousands, and takes longer. */
enum { SAMPLE_BYTES = 5000000 };

static void say(const vsh_prepare_options *o, const char *what)
{
    if (o->say)
        o->say(o->context, what);
}

static vsh_status train_tokenizer(vsh_arena *arena, const vsh_prepare_options *o,
                                  const vsh_corpus *corpus, int64_t one_in, const char *model,
                                  vsh_error *err)
{
    const char *sample_path = vsh_path_join(arena, o->folder, "tokenizer.sample.txt");
    const vsh_tokenizer_options options = {.algorithm = "unigram", .vocab = (int32_t)o->vocab};
    vsh_text sample = {.arena = arena};
    vsh_status status;

    say(o, "training a tokenizer");
    if (!sample_path || !vsh_corpus_sample(corpus, one_in, SAMPLE_BYTES, &sample))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_file_write(sample_path, &sample, err));
    status = vsh_tokenizer_train(arena, sample_path, model, &options, err);
    unlink(sample_path);
    return status;
}

static vsh_status open_tokenizer(vsh_arena *arena, const vsh_prepare_options *o,
                                 const vsh_corpus *corpus, int64_t one_in,
                                 vsh_tokenizer **tokenizer, vsh_error *err)
{
    const char *model = o->tokenizer;
    char name[48];

    if (strcmp(o->tokenizer, "bytes") == 0) {
        VSH_TRY(vsh_tokenizer_open(arena, NULL, tokenizer, err));
    } else {
        if (strcmp(o->tokenizer, "sentencepiece") == 0) {
            snprintf(name, sizeof name, "tokenizer-%" PRId64 ".model", o->vocab);
            model = vsh_path_join(arena, o->folder, name);
            if (!model)
                return vsh_fail(err, VSH_EMACHINE, "out of memory");
            if (access(model, F_OK) != 0)
                VSH_TRY(train_tokenizer(arena, o, corpus, one_in, model, err));
        }
        VSH_TRY(vsh_tokenizer_open(arena, model, tokenizer, err));
    }
    if (vsh_tokenizer_vocab(*tokenizer) > o->vocab)
        return vsh_fail(err, VSH_EINPUT,
                        "tokenizer %s: expected at most the model's vocabulary of %" PRId64
                        ", got %d",
                        o->tokenizer, o->vocab, (int)vsh_tokenizer_vocab(*tokenizer));
    return VSH_OK;
}

static int64_t held_out_documents(const vsh_corpus *corpus)
{
    int64_t count = 0;

    for (int64_t i = 0; i < corpus->documents; i++)
        count += vsh_corpus_held_out(corpus, i, VSH_HELD_OUT);
    return count;
}

/* Tokenizer and ids. A text of few documents may have none that is held out, or no other: all of it
 * is trained on. */
static vsh_status prepare_in_folder(vsh_arena *arena, const vsh_prepare_options *o,
                                    const vsh_corpus *corpus, vsh_prepared *p, vsh_error *err)
{
    int64_t held_out = held_out_documents(corpus);
    bool parted = held_out > 0 && held_out < corpus->documents;
    int64_t one_in = parted ? VSH_HELD_OUT : 0;
    const char *cache;
    char name[32];

    VSH_TRY(open_tokenizer(arena, o, corpus, one_in, &p->tokenizer, err));
    /* each tokenizer has its own ids */
    snprintf(name, sizeof name, "tokens-%08" PRIx32, (uint32_t)vsh_tokenizer_hash(p->tokenizer));
    cache = vsh_path_join(arena, o->folder, name);
    if (!cache)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    say(o, parted ? "tokenizing" : "tokenizing (too few documents to hold one out)");
    VSH_TRY(vsh_token_data_make(arena, corpus, p->tokenizer, false, one_in, cache, &p->train, err));
    if (parted)
        VSH_TRY(vsh_token_data_make(arena, corpus, p->tokenizer, true, one_in, cache, &p->held_out,
                                    err));
    p->hash = p->train.hash;
    return VSH_OK;
}

/* Two runs may share a folder: what it lacks is made by one while the other waits. */
static int lock_folder(const char *folder)
{
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    while (descriptor >= 0 && flock(descriptor, LOCK_EX) != 0 && errno == EINTR)
        ;
    return descriptor;
}

/* corpus lives in an arena of its own: ids are what training needs. */
static vsh_status prepare(vsh_arena *arena, vsh_arena *text, const vsh_prepare_options *o,
                          vsh_prepared *p, vsh_error *err)
{
    vsh_corpus corpus;
    vsh_status status;
    int lock;

    say(o, "reading the text");
    if (o->text)
        VSH_TRY(vsh_corpus_read(text, o->text, &corpus, err));
    else
        VSH_TRY(vsh_corpus_default(text, o->packages, &corpus, err));
    p->description = vsh_copy_text(arena, corpus.description, strlen(corpus.description));
    if (!p->description)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_folder_make(o->folder, err));
    lock = lock_folder(o->folder);
    status = prepare_in_folder(arena, o, &corpus, p, err);
    if (status != VSH_OK)
        rmdir(o->folder); /* goes only when nothing is in it */
    if (lock >= 0)
        close(lock);
    return status;
}

vsh_status vsh_prepare(vsh_arena *arena, const vsh_prepare_options *o, vsh_prepared *p,
                       vsh_error *err)
{
    vsh_arena text = {0};
    vsh_status status;

    *p = (vsh_prepared){0};
    status = prepare(arena, &text, o, p, err);
    vsh_arena_free(&text);
    return status;
}

void vsh_prepared_close(vsh_prepared *p)
{
    if (p->tokenizer)
        vsh_tokenizer_close(p->tokenizer);
    p->tokenizer = NULL;
}
