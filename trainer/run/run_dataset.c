#include "trainer/run/run_dataset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "trainer/base/folder.h"
#include "trainer/base/hash64.h"
#include "trainer/build/build.h"

static vsh_status no_memory(vsh_error *err) { return vsh_fail(err, VSH_EMACHINE, "out of memory"); }

static void say(const vsh_prepare_options *o, const char *what)
{
    if (o->say)
        o->say(o->context, what);
}

/* ---- its name ------------------------------------------------------------------------------ */

const char *vsh_tokenizer_word(const char *tokenizer)
{
    if (strcmp(tokenizer, "sentencepiece") == 0)
        return "unigram";
    return vsh_tokenizer_is_word(tokenizer) ? tokenizer : NULL;
}

bool vsh_dataset_stands(const char *folder)
{
    vsh_arena memory = {0};
    const char *path = vsh_path_join(&memory, folder, "manifest.json");
    bool stands = path && access(path, F_OK) == 0;

    vsh_arena_free(&memory);
    return stands;
}

/* The vocabulary of what is there already, bytes (path NULL) or a model file, and the name that
 * tells its datasets from others. */
static vsh_status judge(const char *path, int64_t *vocab, char *name, size_t room, vsh_error *err)
{
    vsh_arena memory = {0};
    vsh_tokenizer *tokenizer;
    vsh_status status = vsh_tokenizer_open(&memory, path, &tokenizer, err);

    if (status == VSH_OK) {
        *vocab = vsh_tokenizer_vocab(tokenizer);
        snprintf(name, room, "file-%08" PRIx32, (uint32_t)vsh_tokenizer_hash(tokenizer));
        if (!path)
            snprintf(name, room, "bytes");
        vsh_tokenizer_close(tokenizer);
    }
    vsh_arena_free(&memory);
    return status;
}

/* Paths, sizes and dates of the text's files. */
static vsh_status hash_text(const vsh_prepare_options *o, uint64_t *hash, vsh_error *err)
{
    vsh_arena memory = {0};
    vsh_sources sources = {0};
    vsh_status status = VSH_OK;

    if (o->text)
        status = vsh_sources_find(&memory, &o->text, 1, VSH_DOCUMENTS_AUTO, o->stop, &sources, err);
    *hash = vsh_sources_hash(&sources, true);
    vsh_arena_free(&memory);
    return status;
}

vsh_status vsh_run_dataset_name(vsh_arena *arena, const vsh_prepare_options *o,
                                const char *tokenizer, vsh_run_dataset *d, vsh_error *err)
{
    const char *word = vsh_tokenizer_word(tokenizer);
    char name[48], stamp[64];
    uint64_t hash;

    *d = (vsh_run_dataset){.options = o, .tokenizer = word ? word : tokenizer, .vocab = o->vocab};
    if (!word || strcmp(word, "bytes") == 0)
        VSH_TRY(judge(word ? NULL : tokenizer, &d->vocab, name, sizeof name, err));
    else
        snprintf(name, sizeof name, "%s-%" PRId64, word, d->vocab);
    if (d->vocab > o->vocab)
        return vsh_fail(err, VSH_EINPUT,
                        "tokenizer %s: expected at most the model's vocabulary of %" PRId64
                        ", got %" PRId64,
                        tokenizer, o->vocab, d->vocab);
    snprintf(stamp, sizeof stamp, "%s.text", name);
    d->folder = vsh_path_join(arena, o->folder, name);
    d->stamp = vsh_path_join(arena, o->folder, stamp);
    if (!d->folder || !d->stamp)
        return no_memory(err);
    VSH_TRY(hash_text(o, &hash, err));
    snprintf(d->text, sizeof d->text, "%016" PRIx64 "\n", hash);
    return VSH_OK;
}

/* ---- whose text it is ---------------------------------------------------------------------- */

static bool is_of_text(const vsh_run_dataset *d)
{
    vsh_arena memory = {0};
    vsh_text text = {.arena = &memory};
    bool same = vsh_file_read_bounded(d->stamp, sizeof d->text, &text) == VSH_READ_DONE &&
                strcmp(vsh_text_string(&text), d->text) == 0;

    vsh_arena_free(&memory);
    return same;
}

bool vsh_run_dataset_holds(const vsh_run_dataset *d)
{
    return vsh_dataset_stands(d->folder) && is_of_text(d);
}

static vsh_status write_stamp(const vsh_run_dataset *d, vsh_error *err)
{
    vsh_arena memory = {0};
    vsh_text text = {.arena = &memory};
    vsh_status status;

    vsh_text_add(&text, "%s", d->text);
    status = text.failed ? no_memory(err) : vsh_file_write(d->stamp, &text, err);
    vsh_arena_free(&memory);
    return status;
}

/* ---- building it --------------------------------------------------------------------------- */

static void tell(void *context, const char *stage, double share, double rate, double left)
{
    vsh_run_dataset *d = context;

    (void)share, (void)rate, (void)left;
    if (!d->stage || strcmp(d->stage, stage) != 0)
        say(d->options, stage);
    d->stage = stage;
}

/* over: whatever stands there. */
static vsh_status build(vsh_run_dataset *d, bool over, vsh_error *err)
{
    const vsh_prepare_options *o = d->options;
    vsh_arena memory = {0};
    vsh_build_report *report = vsh_alloc(&memory, 1, sizeof *report);
    vsh_build_options b;
    vsh_status status;

    vsh_build_default(&b);
    b.in = &o->text;
    b.in_count = o->text != NULL;
    b.packages = o->packages;
    b.out = d->folder;
    b.filter = b.dedup = b.tasks = !o->text;
    b.tokenizer = d->tokenizer;
    b.vocab = d->vocab;
    b.vocab_at_most = true;
    b.threads = o->threads > 0 ? o->threads : 1;
    b.force = over;
    b.stop = o->stop;
    b.progress = tell;
    b.context = d;
    status = report ? vsh_build(&memory, &b, report, err) : no_memory(err);
    vsh_arena_free(&memory);
    return status;
}

/* What was killed goes on, unless it was of another text or of other options. */
static vsh_status build_or_go_on(vsh_run_dataset *d, vsh_error *err)
{
    bool there = access(d->folder, F_OK) == 0;
    vsh_status status = build(d, d->stood, err);

    if (status == VSH_EINPUT && there && !d->stood)
        status = build(d, true, err);
    if ((status == VSH_EINPUT || status == VSH_ENO) && !there)
        vsh_folder_remove(d->folder, NULL);
    if (status == VSH_ENO)
        return vsh_fail(err, VSH_EINPUT, "%s: no text in it",
                        d->options->text ? d->options->text : "the default corpus");
    return status;
}

/* The stamp comes last: a dataset without is built again. */
vsh_status vsh_run_dataset_build(vsh_run_dataset *d, bool anew, vsh_error *err)
{
    bool same = is_of_text(d);

    d->stood = vsh_dataset_stands(d->folder);
    if (d->stood && same && !anew)
        return VSH_OK;
    if (d->stood && !same)
        say(d->options, "the text is another than the dataset's: building that again");
    unlink(d->stamp);
    VSH_TRY(build_or_go_on(d, err));
    return write_stamp(d, err);
}
