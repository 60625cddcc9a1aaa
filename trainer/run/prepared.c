#include "trainer/run/prepared.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "trainer/base/folder.h"
#include "trainer/run/run_dataset.h"

static vsh_status no_memory(vsh_error *err) { return vsh_fail(err, VSH_EMACHINE, "out of memory"); }

static void say(const vsh_prepare_options *o, const char *what)
{
    if (o->say)
        o->say(o->context, what);
}

/* ---- opening a dataset --------------------------------------------------------------------- */

static vsh_status check_fits(const char *what, int64_t vocab, const vsh_prepare_options *o,
                             vsh_error *err)
{
    return vocab <= o->vocab ? VSH_OK
                             : vsh_fail(err, VSH_EINPUT,
                                        "%s: expected at most the model's vocabulary of %" PRId64
                                        ", got %" PRId64,
                                        what, o->vocab, vocab);
}

static vsh_status open_tokenizer(vsh_arena *arena, const char *folder, vsh_prepared *p,
                                 vsh_error *err)
{
    const vsh_dataset *d = &p->dataset;
    const char *path = d->model ? vsh_path_join(arena, folder, d->model) : NULL;

    if (d->model && !path)
        return no_memory(err);
    VSH_TRY(vsh_tokenizer_open(arena, path, &p->tokenizer, err));
    if (vsh_tokenizer_hash(p->tokenizer) != d->tokenizer_hash ||
        vsh_tokenizer_vocab(p->tokenizer) != d->vocab || vsh_tokenizer_end(p->tokenizer) != d->end)
        return vsh_fail(err, VSH_EINPUT, "%s: not the tokenizer that the manifest tells of",
                        path ? path : folder);
    return VSH_OK;
}

/* Manifest and tokenizer. */
static vsh_status open_head(vsh_arena *arena, const vsh_prepare_options *o, const char *folder,
                            vsh_prepared *p, vsh_error *err)
{
    VSH_TRY(vsh_dataset_read(arena, folder, &p->dataset, err));
    VSH_TRY(check_fits(folder, p->dataset.vocab, o, err));
    return open_tokenizer(arena, folder, p, err);
}

static vsh_status open_tokens(vsh_arena *arena, vsh_prepared *p, vsh_error *err)
{
    VSH_TRY(vsh_token_data_open(arena, &p->dataset, &p->dataset.train, &p->train, err));
    VSH_TRY(vsh_token_data_open(arena, &p->dataset, &p->dataset.validation, &p->held_out, err));
    p->description = p->dataset.description;
    p->hash = p->train.hash;
    return VSH_OK;
}

static vsh_status open_dataset(vsh_arena *arena, const vsh_prepare_options *o, const char *folder,
                               vsh_prepared *p, vsh_error *err)
{
    vsh_status status = open_head(arena, o, folder, p, err);

    if (status == VSH_OK)
        status = open_tokens(arena, p, err);
    if (status != VSH_OK)
        vsh_prepared_close(p);
    return status;
}

/* Whether a model file is the tokenizer of the dataset. */
static vsh_status is_model_of(const vsh_prepared *p, const char *path, bool *same, vsh_error *err)
{
    vsh_arena room = {0};
    vsh_tokenizer *tokenizer;
    vsh_status status = vsh_tokenizer_open(&room, path, &tokenizer, err);

    if (status == VSH_OK) {
        *same = vsh_tokenizer_hash(tokenizer) == vsh_tokenizer_hash(p->tokenizer);
        vsh_tokenizer_close(tokenizer);
    }
    vsh_arena_free(&room);
    return status;
}

static vsh_status check_tokenizer(const vsh_prepare_options *o, const vsh_prepared *p,
                                  vsh_error *err)
{
    const char *word = o->tokenizer ? vsh_tokenizer_word(o->tokenizer) : p->dataset.tokenizer;
    bool same = word && strcmp(word, p->dataset.tokenizer) == 0;

    if (!word)
        VSH_TRY(is_model_of(p, o->tokenizer, &same, err));
    if (!same)
        return vsh_fail(err, VSH_EINPUT,
                        "tokenizer: %.200s, but the dataset in %s was made with %s%s: leave it out",
                        o->tokenizer, o->folder, word ? "" : "another: ", p->dataset.tokenizer);
    if (o->model)
        VSH_TRY(is_model_of(p, o->model, &same, err));
    return same ? VSH_OK
                : vsh_fail(err, VSH_EINPUT, "%s: the dataset is not of the model's tokenizer",
                           o->folder);
}

/* What the user has built is taken as it is. */
static vsh_status judge_given(vsh_arena *arena, const vsh_prepare_options *o, vsh_prepared *p,
                              vsh_error *err)
{
    if (o->text)
        return vsh_fail(err, VSH_EINPUT,
                        "text: %.200s, but %s has a dataset already: expected either a text or a "
                        "dataset",
                        o->text, o->folder);
    VSH_TRY(open_head(arena, o, o->folder, p, err));
    return check_tokenizer(o, p, err);
}

static vsh_status open_given(vsh_arena *arena, const vsh_prepare_options *o, vsh_prepared *p,
                             vsh_error *err)
{
    VSH_TRY(judge_given(arena, o, p, err));
    return open_tokens(arena, p, err);
}

/* ---- building one -------------------------------------------------------------------------- */

static vsh_status build_and_open(vsh_arena *arena, vsh_run_dataset *d, vsh_prepared *p,
                                 vsh_error *err)
{
    const vsh_prepare_options *o = d->options;
    vsh_error why = {""};
    vsh_status status;

    VSH_TRY(vsh_run_dataset_build(d, false, err));
    status = open_dataset(arena, o, d->folder, p, &why);
    if (status == VSH_OK)
        return VSH_OK;
    if (status != VSH_EINPUT || !d->stood)
        return vsh_fail(err, status, "%s", why.text);
    say(o, why.text);
    say(o, "building that again");
    VSH_TRY(vsh_run_dataset_build(d, true, err));
    return open_dataset(arena, o, d->folder, p, err);
}

/* The dataset that the run has made, while it holds and is of the model's tokenizer; else one with
 * that. */
static vsh_status name_dataset(vsh_arena *arena, const vsh_prepare_options *o, vsh_run_dataset *d,
                               vsh_error *err)
{
    const char *tokenizer = o->tokenizer ? o->tokenizer : "unigram";

    if (!o->model)
        return vsh_run_dataset_name(arena, o, tokenizer, d, err);
    if (vsh_run_dataset_name(arena, o, tokenizer, d, NULL) == VSH_OK && vsh_run_dataset_holds(d))
        return VSH_OK;
    return vsh_run_dataset_name(arena, o, o->model, d, err);
}

/* Somebody's own folder is not made for a corpus that nobody asked for. */
static vsh_status judge_made(vsh_arena *arena, const vsh_prepare_options *o, vsh_run_dataset *d,
                             vsh_error *err)
{
    if (o->named && !o->text && access(o->folder, F_OK) != 0)
        return vsh_fail(err, VSH_EINPUT,
                        "data: %.300s: no such folder: expected a dataset (vishwa-train data "
                        "build), or a text beside it to make one of",
                        o->folder);
    return name_dataset(arena, o, d, err);
}

static vsh_status make_in_folder(vsh_arena *arena, vsh_run_dataset *d, vsh_prepared *p,
                                 vsh_error *err)
{
    const vsh_prepare_options *o = d->options;
    bool same = true;

    VSH_TRY(build_and_open(arena, d, p, err));
    if (o->model)
        VSH_TRY(is_model_of(p, o->model, &same, err));
    if (same)
        return VSH_OK;
    vsh_prepared_close(p);
    VSH_TRY(vsh_run_dataset_name(arena, o, o->model, d, err));
    return build_and_open(arena, d, p, err);
}

static vsh_status make_given(vsh_arena *arena, const vsh_prepare_options *o, vsh_prepared *p,
                             vsh_error *err)
{
    vsh_run_dataset dataset;
    vsh_status status;
    int lock;

    VSH_TRY(judge_made(arena, o, &dataset, err));
    VSH_TRY(vsh_folder_make(o->folder, err));
    /* two runs may share a folder: what it lacks is built by one while the other waits */
    lock = vsh_folder_lock(o->folder, true);
    status = make_in_folder(arena, &dataset, p, err);
    if (status != VSH_OK)
        rmdir(o->folder); /* goes only when nothing is in it */
    if (lock >= 0)
        close(lock);
    return status;
}

/* ---- both ---------------------------------------------------------------------------------- */

static vsh_status check_length(const vsh_prepare_options *o, const vsh_prepared *p, vsh_error *err)
{
    int64_t tokens = p->dataset.train.tokens;

    return !o->sequence || tokens > o->sequence
               ? VSH_OK
               : vsh_fail(err, VSH_EINPUT,
                          "%s: expected text for at least one sequence of %" PRId64
                          " tokens, got %" PRId64 " tokens",
                          o->text ? o->text : o->folder, o->sequence, tokens);
}

vsh_status vsh_prepare(vsh_arena *arena, const vsh_prepare_options *o, vsh_prepared *p,
                       vsh_error *err)
{
    vsh_status status;

    *p = (vsh_prepared){0};
    status =
        vsh_dataset_stands(o->folder) ? open_given(arena, o, p, err) : make_given(arena, o, p, err);
    if (status == VSH_OK)
        status = check_length(o, p, err);
    if (status != VSH_OK)
        vsh_prepared_close(p);
    return status;
}

vsh_status vsh_prepare_check(const vsh_prepare_options *o, vsh_error *err)
{
    vsh_arena memory = {0};
    vsh_prepared p = {0};
    vsh_run_dataset made;
    vsh_status status;

    if (vsh_dataset_stands(o->folder)) {
        status = judge_given(&memory, o, &p, err);
        if (status == VSH_OK)
            status = check_length(o, &p, err);
    } else {
        status = judge_made(&memory, o, &made, err);
    }
    vsh_prepared_close(&p);
    vsh_arena_free(&memory);
    return status;
}

void vsh_prepared_close(vsh_prepared *p)
{
    if (p->tokenizer)
        vsh_tokenizer_close(p->tokenizer);
    vsh_token_data_close(&p->train);
    vsh_token_data_close(&p->held_out);
    *p = (vsh_prepared){0};
}
