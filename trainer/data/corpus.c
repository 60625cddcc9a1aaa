#include "trainer/data/corpus.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/rng.h"
#include "core/text.h"
#include "trainer/text/corpus_sources.h"
#include "trainer/data/whole_file.h"
#include "trainer/run/hash64.h"

static const int64_t file_bytes_max = (int64_t)8 << 30;

/* ---- a file of the user's ----------------------------------------------------------------- */

/* Bytes that a text should not have. */
typedef struct {
    int64_t nul, malformed;
} oddities;

static oddities count_oddities(const char *text, int64_t length)
{
    oddities found = {0};

    /* the byte behind the text is a NUL, so no character is read beyond it */
    for (int64_t i = 0; i < length;) {
        int bytes = (unsigned char)text[i] < 0x80 ? 1 : vsh_utf8_length(text + i);
        found.nul += text[i] == '\0';
        found.malformed += bytes == 0;
        i += bytes ? bytes : 1;
    }
    return found;
}

/* The end of the line break at i: "\n" or "\r\n"; i when there is none. */
static int64_t after_break(const char *text, int64_t i)
{
    if (text[i] == '\n')
        return i + 1;
    return text[i] == '\r' && text[i + 1] == '\n' ? i + 2 : i;
}

/* Calls for each document its begin and end: found at blank lines, without the breaks around. With
 * start NULL only counts; otherwise moves documents together and notes where they begin. */
static int64_t split_documents(char *text, int64_t length, int64_t *start, int64_t *bytes)
{
    int64_t count = 0, kept = 0, i = 0, begin, end;

    while (i < length) {
        while (i < length && after_break(text, i) > i)
            i = after_break(text, i);
        for (begin = end = i; i < length; end = ++i) {
            int64_t once = after_break(text, i);
            if (once > i && (once >= length || after_break(text, once) > once))
                break;
        }
        if (end == begin)
            continue;
        if (start) {
            start[count] = kept;
            memmove(text + kept, text + begin, (size_t)(end - begin));
        }
        kept += end - begin;
        count++;
    }
    *bytes = kept;
    return count;
}

static const char *describe_file(vsh_arena *arena, const char *path, const vsh_corpus *corpus)
{
    oddities found = count_oddities(corpus->text, corpus->bytes);
    vsh_text text = {.arena = arena};

    vsh_text_add(&text, "%s: %s, %s documents", path, vsh_show_bytes((double)corpus->bytes).text,
                 vsh_show_integer(corpus->documents).text);
    if (found.nul)
        vsh_text_add(&text, ", %s NUL bytes", vsh_show_integer(found.nul).text);
    if (found.malformed)
        vsh_text_add(&text, ", %s bytes that are not UTF-8",
                     vsh_show_integer(found.malformed).text);
    return vsh_text_string(&text);
}

vsh_status vsh_corpus_read(vsh_arena *arena, const char *path, vsh_corpus *corpus, vsh_error *err)
{
    int64_t length;

    *corpus = (vsh_corpus){0};
    VSH_TRY(vsh_whole_file_read(arena, path, file_bytes_max, &corpus->text, &length, err));
    corpus->documents = split_documents(corpus->text, length, NULL, &corpus->bytes);
    if (corpus->documents == 0)
        return vsh_fail(err, VSH_EINPUT, "%s: no text in it", path);
    corpus->start = vsh_alloc(arena, (size_t)corpus->documents + 1, sizeof *corpus->start);
    if (!corpus->start)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    split_documents(corpus->text, length, corpus->start, &corpus->bytes);
    corpus->start[corpus->documents] = corpus->bytes;
    corpus->text[corpus->bytes] = '\0';
    corpus->description = describe_file(arena, path, corpus);
    return VSH_OK;
}

/* ---- the default corpus ------------------------------------------------------------------- */

static const char *first_there(const char *const paths[2])
{
    for (int i = 0; i < 2; i++)
        if (paths[i] && access(paths[i], F_OK) == 0)
            return paths[i];
    return NULL;
}

static vsh_status read_gcide(const vsh_corpus_places *places, vsh_documents *documents,
                             vsh_error *err)
{
    const char *path = first_there(places->gcide);

    return path ? vsh_gcide_read(path, documents, err) : VSH_OK;
}

static vsh_status read_wordnet(const vsh_corpus_places *places, vsh_documents *documents,
                               vsh_error *err)
{
    return vsh_wordnet_read(places->wordnet, documents, err);
}

static vsh_status read_bible(const vsh_corpus_places *places, vsh_documents *documents,
                             vsh_error *err)
{
    return vsh_bible_read(places->bible, documents, err);
}

static const struct {
    const char *name, *licence;
    vsh_status (*read)(const vsh_corpus_places *, vsh_documents *, vsh_error *);
} sources[] = {
    {"GCIDE 0.48", "GPL-2+", read_gcide},
    {"WordNet 3.0", "WordNet licence", read_wordnet},
    {"King James Bible", "public domain", read_bible},
};

enum { SOURCES = sizeof sources / sizeof *sources };

static const char *describe_parts(vsh_arena *arena, const int64_t bytes[SOURCES],
                                  const vsh_documents *documents)
{
    vsh_text text = {.arena = arena};

    for (int i = 0; i < SOURCES; i++)
        if (bytes[i] > 0)
            vsh_text_add(&text, "%s%s (%s) %s", text.length ? ", " : "", sources[i].name,
                         sources[i].licence, vsh_show_bytes((double)bytes[i]).text);
    vsh_text_add(&text, ": %s, %s documents", vsh_show_bytes((double)documents->open).text,
                 vsh_show_integer(documents->count).text);
    for (int i = 0; i < SOURCES; i++)
        if (bytes[i] == 0)
            vsh_text_add(&text, "; without %s (make deps)", sources[i].name);
    return vsh_text_string(&text);
}

/* Out of the growing list into memory of the right size. */
static vsh_status keep(vsh_arena *arena, const vsh_documents *documents, vsh_corpus *corpus,
                       vsh_error *err)
{
    const size_t starts = (size_t)documents->count * sizeof *corpus->start;

    corpus->bytes = documents->open;
    corpus->documents = documents->count;
    corpus->text = documents->text.failed
                       ? NULL
                       : vsh_copy_text(arena, documents->text.data, (size_t)corpus->bytes);
    corpus->start = vsh_alloc(arena, (size_t)documents->count + 1, sizeof *corpus->start);
    if (!corpus->text || !corpus->start)
        return vsh_fail(err, VSH_EMACHINE, "default corpus: out of memory");
    memcpy(corpus->start, documents->start, starts);
    corpus->start[corpus->documents] = corpus->bytes;
    return VSH_OK;
}

static vsh_status collect(vsh_arena *arena, vsh_arena *room, const vsh_corpus_places *places,
                          vsh_corpus *corpus, vsh_error *err)
{
    vsh_documents documents = vsh_documents_in(room);
    int64_t bytes[SOURCES];

    for (int i = 0; i < SOURCES; i++) {
        int64_t before = documents.open;
        VSH_TRY(sources[i].read(places, &documents, err));
        bytes[i] = documents.open - before;
    }
    if (documents.count == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "default corpus: none of GCIDE, WordNet and the Bible is on this machine; "
                        "run: make deps");
    VSH_TRY(keep(arena, &documents, corpus, err));
    corpus->description = describe_parts(arena, bytes, &documents);
    return VSH_OK;
}

vsh_status vsh_corpus_collect(vsh_arena *arena, const vsh_corpus_places *places, vsh_corpus *corpus,
                              vsh_error *err)
{
    vsh_arena room = {0};
    vsh_status status;

    *corpus = (vsh_corpus){0};
    status = collect(arena, &room, places, corpus, err);
    vsh_arena_free(&room);
    return status;
}

vsh_status vsh_corpus_default(vsh_arena *arena, const char *data_folder, vsh_corpus *corpus,
                              vsh_error *err)
{
    vsh_text own = {.arena = arena};
    vsh_corpus_places places = {.gcide = {NULL, "/usr/share/dictd/gcide.dict.dz"},
                                .wordnet = "/usr/share/wordnet",
                                .bible = "/usr/bin/bible"};

    if (data_folder) {
        vsh_text_add(&own, "%s/gcide.dict.dz", data_folder);
        places.gcide[0] = vsh_text_string(&own);
    }
    return vsh_corpus_collect(arena, &places, corpus, err);
}

/* ---- choosing documents ------------------------------------------------------------------- */

/* Of the first line of a document. */
static uint64_t hash_document(const vsh_corpus *corpus, int64_t document)
{
    const char *begin = corpus->text + corpus->start[document];
    size_t length = (size_t)(corpus->start[document + 1] - corpus->start[document]);
    const char *newline = memchr(begin, '\n', length);

    return vsh_hash64(begin, newline ? (size_t)(newline - begin) : length);
}

bool vsh_corpus_held_out(const vsh_corpus *corpus, int64_t document, int64_t one_in)
{
    assert(document >= 0 && document < corpus->documents);
    return one_in > 0 && hash_document(corpus, document) % (uint64_t)one_in == 0;
}

/* Another draw than the one of the held-out documents. */
static bool in_sample(const vsh_corpus *corpus, int64_t document, double share)
{
    return vsh_random_uniform(hash_document(corpus, document), 0, 0) < share;
}

bool vsh_corpus_sample(const vsh_corpus *corpus, int64_t one_in, int64_t bytes, vsh_text *text)
{
    const double share = (double)bytes / (double)corpus->bytes;

    for (int64_t i = 0; i < corpus->documents && !text->failed; i++) {
        if (vsh_corpus_held_out(corpus, i, one_in) || !in_sample(corpus, i, share))
            continue;
        vsh_text_put(text, corpus->text + corpus->start[i],
                     (size_t)(corpus->start[i + 1] - corpus->start[i]));
        vsh_text_put(text, "\n\n", 2);
    }
    return !text->failed;
}
