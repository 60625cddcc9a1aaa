#include "trainer/text/default_corpus.h"

#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "trainer/text/corpus_sources.h"

/* ---- parts -------------------------------------------------------------------------------- */

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

/* Licences: /usr/share/doc/PACKAGE/copyright of Debian 12. */
static const struct {
    const char *name, *licence, *file;
    vsh_status (*read)(const vsh_corpus_places *, vsh_documents *, vsh_error *);
} parts[VSH_DEFAULT_PARTS] = {
    {"GCIDE 0.48", "GPL-2+", "gcide.jsonl", read_gcide},
    {"WordNet 3.0", "WordNet licence", "wordnet.jsonl", read_wordnet},
    {"King James Bible", "public domain", "bible.jsonl", read_bible},
};

/* ---- files -------------------------------------------------------------------------------- */

static vsh_status write_lines(vsh_arena *room, const vsh_documents *documents, const char *path,
                              vsh_error *err)
{
    vsh_text lines = {.arena = room}, one = {.arena = room};

    for (int64_t i = 0; i < documents->count; i++) {
        int64_t end = i + 1 < documents->count ? documents->start[i + 1] : documents->open;
        vsh_json json = {.out = &lines, .one_line = true};
        one.length = 0;
        vsh_text_put(&one, documents->text.data + documents->start[i],
                     (size_t)(end - documents->start[i]));
        vsh_json_object(&json, NULL);
        vsh_json_string(&json, "text", vsh_text_string(&one));
        vsh_json_end(&json);
    }
    if (lines.failed || one.failed || documents->text.failed)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    return vsh_file_write(path, &lines, err);
}

/* Of one part: *bytes of text, 0 where it is not on this machine. */
static vsh_status extract(vsh_arena *room, int part, const vsh_corpus_places *places,
                          const char *path, int64_t *bytes, vsh_error *err)
{
    vsh_documents documents = vsh_documents_in(room);

    VSH_TRY(parts[part].read(places, &documents, err));
    *bytes = documents.open;
    return documents.count ? write_lines(room, &documents, path, err) : VSH_OK;
}

/* Names of the parts that are not there, NULL when all are. */
static const char *name_missing(vsh_arena *arena, const int64_t bytes[VSH_DEFAULT_PARTS])
{
    vsh_text text = {.arena = arena};

    for (int i = 0; i < VSH_DEFAULT_PARTS; i++)
        if (bytes[i] == 0)
            vsh_text_add(&text, "%s%s", text.length ? ", " : "", parts[i].name);
    return text.length ? text.data : NULL;
}

static const char *describe(vsh_arena *arena, const int64_t bytes[VSH_DEFAULT_PARTS],
                            const char *missing)
{
    vsh_text text = {.arena = arena};

    for (int i = 0; i < VSH_DEFAULT_PARTS; i++)
        if (bytes[i] > 0)
            vsh_text_add(&text, "%s%s (%s) %s", text.length ? ", " : "", parts[i].name,
                         parts[i].licence, vsh_show_bytes((double)bytes[i]).text);
    if (missing)
        vsh_text_add(&text, "; without %s (make deps)", missing);
    return text.failed ? NULL : vsh_text_string(&text);
}

vsh_status vsh_default_corpus_extract(vsh_arena *arena, const vsh_corpus_places *places,
                                      const char *folder, vsh_default_corpus *corpus,
                                      vsh_error *err)
{
    int64_t bytes[VSH_DEFAULT_PARTS] = {0};

    *corpus = (vsh_default_corpus){0};
    for (int i = 0; i < VSH_DEFAULT_PARTS; i++) {
        const char *path = vsh_path_join(arena, folder, parts[i].file);
        vsh_arena room = {0};
        vsh_status status = path ? extract(&room, i, places, path, &bytes[i], err)
                                 : vsh_fail(err, VSH_EMACHINE, "%s: out of memory", folder);
        vsh_arena_free(&room);
        VSH_TRY(status);
        if (bytes[i] > 0)
            corpus->path[corpus->paths++] = path;
    }
    if (corpus->paths == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "default corpus: none of GCIDE, WordNet and the Bible is on this machine; "
                        "run: make deps");
    corpus->missing = name_missing(arena, bytes);
    corpus->description = describe(arena, bytes, corpus->missing);
    return corpus->description ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "%s: out of memory", folder);
}

vsh_status vsh_default_corpus_write(vsh_arena *arena, const char *packages, const char *folder,
                                    vsh_default_corpus *corpus, vsh_error *err)
{
    vsh_corpus_places places = {.gcide = {NULL, "/usr/share/dictd/gcide.dict.dz"},
                                .wordnet = "/usr/share/wordnet",
                                .bible = "/usr/bin/bible"};

    if (packages) {
        places.gcide[0] = vsh_path_join(arena, packages, "gcide.dict.dz");
        if (!places.gcide[0])
            return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", folder);
    }
    return vsh_default_corpus_extract(arena, &places, folder, corpus, err);
}
