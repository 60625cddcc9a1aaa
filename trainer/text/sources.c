#include "trainer/text/sources.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/text.h"
#include "trainer/base/hash64.h"
#include "trainer/text/byte_stream.h"
#include "trainer/text/folder_set.h"
#include "trainer/text/text_kind.h"

const char *const vsh_documents_words[] = {"auto", "file", "paragraph", "line", NULL};

/* Text compresses to about a quarter of its bytes (assumed). */
static const int64_t unpacked_per_packed = 4;

/* A segment's keys or ids stay in memory while it is read, so that there is a most. About so many
 * segments are enough work for any machine; a corpus of more than 64 MiB for each has more of them,
 * up to the shards that a dataset may have (core/dataset.h; docs/data.md says how much text that
 * is). */
static const int64_t segment_bytes_least = 16 << 20, segment_bytes_most = 64 << 20;
static const int64_t segments_about = 1000;

enum { FOLDERS_DEEP = 128 };

typedef struct {
    vsh_arena *arena;
    vsh_documents_by by;
    const volatile sig_atomic_t *stop;
    vsh_folder_set folders;
    char *first; /* (VSH_KIND_BYTES) of the file that is looked at */
    vsh_source *source;
    int64_t sources, sources_room;
    vsh_passed_over *passed_over;
    int64_t passed_over_count, passed_over_room;
} finder;

static vsh_status no_memory(vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "out of memory for the list of files");
}

static vsh_status pass_over(finder *f, const char *path, const char *why, vsh_error *err)
{
    f->passed_over = vsh_grow(f->arena, f->passed_over, f->passed_over_count, &f->passed_over_room,
                              sizeof *f->passed_over);
    path = vsh_copy_text(f->arena, path, strlen(path));
    why = vsh_copy_text(f->arena, why, strlen(why));
    if (!f->passed_over || !path || !why)
        return no_memory(err);
    f->passed_over[f->passed_over_count++] = (vsh_passed_over){path, why};
    return VSH_OK;
}

/* ---- a file -------------------------------------------------------------------------------- */

/* Whether length bytes of a name end in one of the words. */
static size_t ending(const char *name, size_t length, const char *const *words)
{
    for (; *words; words++) {
        size_t word = strlen(*words);
        if (length > word && strncasecmp(name + length - word, *words, word) == 0)
            return word;
    }
    return 0;
}

static bool is_jsonl(const char *path)
{
    static const char *const packed[] = {".gz", ".gzip", ".zst", ".zstd", NULL};
    static const char *const lines[] = {".jsonl", ".ndjson", ".json", NULL};
    const size_t length = strlen(path);

    return ending(path, length - ending(path, length, packed), lines) > 0;
}

/* The first bytes of a file. */
static vsh_status look(finder *f, const vsh_source *source, int64_t *got, vsh_error *err)
{
    vsh_byte_stream *stream;
    vsh_status status;

    VSH_TRY(vsh_byte_stream_open(source->path, source->packing, 0, source->bytes, &stream, err));
    status = vsh_byte_stream_read(stream, f->first, VSH_KIND_BYTES, got, err);
    vsh_byte_stream_close(stream);
    return status;
}

static vsh_status add_source(finder *f, vsh_source source, vsh_error *err)
{
    f->source = vsh_grow(f->arena, f->source, f->sources, &f->sources_room, sizeof *f->source);
    source.path = vsh_copy_text(f->arena, source.path, strlen(source.path));
    if (!f->source || !source.path)
        return no_memory(err);
    f->source[f->sources++] = source;
    return VSH_OK;
}

static vsh_documents_by documents_of(const finder *f, bool jsonl, bool named)
{
    if (jsonl)
        return VSH_DOCUMENTS_LINE;
    if (f->by != VSH_DOCUMENTS_AUTO)
        return f->by;
    return named ? VSH_DOCUMENTS_PARAGRAPH : VSH_DOCUMENTS_FILE;
}

static vsh_status find_file(finder *f, const char *path, const struct stat *info, bool named,
                            vsh_error *err)
{
    vsh_source source = {.path = path,
                         .bytes = info->st_size,
                         .written_s = info->st_mtim.tv_sec,
                         .written_ns = info->st_mtim.tv_nsec,
                         .jsonl = is_jsonl(path)};
    const char *why;
    int64_t got;

    if (info->st_size == 0)
        return pass_over(f, path, "empty", err);
    if (access(path, R_OK) != 0) {
        if (named)
            return vsh_fail(err, VSH_EINPUT, "%s: %s", path, strerror(errno));
        return pass_over(f, path, strerror(errno), err);
    }
    source.by = documents_of(f, source.jsonl, named);
    VSH_TRY(look(f, &source, &got, err));
    source.packing = vsh_packing_of(f->first, got);
    if (source.packing != VSH_UNPACKED)
        VSH_TRY(look(f, &source, &got, err));
    why = vsh_not_text(f->first, got);
    return why ? pass_over(f, path, why, err) : add_source(f, source, err);
}

/* ---- folders ------------------------------------------------------------------------------- */

static vsh_status find_at(finder *f, const char *path, int deep, vsh_error *err);

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder in their order. */
static vsh_status list_folder(vsh_arena *room, DIR *folder, const char *path, char ***name,
                              int64_t *count, vsh_error *err)
{
    const struct dirent *entry;
    int64_t names_room = 0;

    *name = NULL;
    *count = 0;
    while (errno = 0, (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        *name = vsh_grow(room, *name, *count, &names_room, sizeof **name);
        if (!*name ||
            !((*name)[*count] = vsh_copy_text(room, entry->d_name, strlen(entry->d_name))))
            return no_memory(err);
        ++*count;
    }
    if (errno)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    if (*count > 0)
        qsort(*name, (size_t)*count, sizeof **name, compare_names);
    return VSH_OK;
}

static vsh_status find_names(finder *f, vsh_arena *room, DIR *folder, const char *path, int deep,
                             vsh_error *err)
{
    const size_t length = strlen(path);
    const char *slash = length > 0 && path[length - 1] == '/' ? "" : "/";
    char **name;
    int64_t count;

    VSH_TRY(list_folder(room, folder, path, &name, &count, err));
    for (int64_t i = 0; i < count; i++) {
        vsh_text below = {.arena = room};
        vsh_text_add(&below, "%s%s%s", path, slash, name[i]);
        if (below.failed)
            return no_memory(err);
        if (*name[i] == '.') /* .git and the like */
            VSH_TRY(pass_over(f, below.data, "hidden", err));
        else
            VSH_TRY(find_at(f, below.data, deep + 1, err));
    }
    return VSH_OK;
}

/* What an earlier build has made of text is no text. */
static bool is_dataset(vsh_arena *room, const char *folder)
{
    const char *manifest = vsh_path_join(room, folder, "manifest.json");

    return manifest &&
           vsh_file_owner_of(manifest, "\"format\": \"vishwa-dataset\"") == VSH_FILE_MARKED;
}

static vsh_status find_below(finder *f, const char *path, const struct stat *info, int deep,
                             vsh_error *err)
{
    vsh_arena room = {0};
    DIR *folder;
    bool seen;
    vsh_status status;

    if (!vsh_folder_set_add(&f->folders, info->st_dev, info->st_ino, &seen))
        return no_memory(err);
    if (seen)
        return pass_over(f, path, "folder that was read already", err);
    if (deep > FOLDERS_DEEP)
        return pass_over(f, path, "too many folders in each other", err);
    folder = opendir(path);
    if (!folder && deep == 0)
        return vsh_fail(err, VSH_EINPUT, "%s: %s", path, strerror(errno));
    if (!folder && errno != EACCES && errno != ENOENT && errno != ENOTDIR)
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", path, strerror(errno));
    if (!folder)
        return pass_over(f, path, strerror(errno), err);
    status = is_dataset(&room, path) ? pass_over(f, path, "a dataset", err)
                                     : find_names(f, &room, folder, path, deep, err);
    closedir(folder);
    vsh_arena_free(&room);
    return status;
}

/* deep: how many folders it lies below one that was named; 0: itself was. */
static vsh_status find_at(finder *f, const char *path, int deep, vsh_error *err)
{
    struct stat info;

    if (f->stop && *f->stop)
        return vsh_fail(err, VSH_ESTOPPED, "stopped");
    if (stat(path, &info) != 0) {
        if (deep == 0)
            return vsh_fail(err, VSH_EINPUT, "%s: %s", path, strerror(errno));
        return pass_over(f, path, strerror(errno), err);
    }
    if (S_ISDIR(info.st_mode))
        return find_below(f, path, &info, deep, err);
    if (!S_ISREG(info.st_mode))
        return pass_over(f, path, "not a regular file", err);
    return find_file(f, path, &info, deep == 0, err);
}

/* ---- spans --------------------------------------------------------------------------------- */

static int64_t text_bytes(const vsh_source *source)
{
    return source->packing == VSH_UNPACKED ? source->bytes : source->bytes * unpacked_per_packed;
}

typedef struct {
    vsh_arena *arena;
    vsh_sources *sources;
    vsh_span *span;
    int64_t room;
    vsh_span open; /* sources that are read together, if any */
    int64_t open_bytes;
} cutter;

static vsh_status add_span(cutter *c, vsh_span span, vsh_error *err)
{
    c->span = vsh_grow(c->arena, c->span, c->sources->spans, &c->room, sizeof *c->span);
    if (!c->span)
        return no_memory(err);
    c->span[c->sources->spans++] = span;
    return VSH_OK;
}

static vsh_status close_open(cutter *c, vsh_error *err)
{
    if (c->open.count > 0)
        VSH_TRY(add_span(c, c->open, err));
    c->open.count = 0;
    c->open_bytes = 0;
    return VSH_OK;
}

static vsh_status cut_source(cutter *c, int64_t i, int64_t segment_bytes, vsh_error *err)
{
    const vsh_source *source = &c->sources->source[i];
    const int64_t bytes = text_bytes(source);

    if (c->open_bytes + bytes > segment_bytes)
        VSH_TRY(close_open(c, err));
    if (bytes > segment_bytes && source->packing == VSH_UNPACKED) {
        for (int64_t begin = 0; begin < bytes; begin += segment_bytes) {
            int64_t end = bytes - begin > segment_bytes ? begin + segment_bytes : INT64_MAX;
            VSH_TRY(add_span(c, (vsh_span){i, 1, begin, end}, err));
        }
        return VSH_OK;
    }
    if (c->open.count == 0)
        c->open = (vsh_span){.first = i, .begin = 0, .end = INT64_MAX};
    c->open.count++;
    c->open_bytes += bytes;
    return VSH_OK;
}

vsh_status vsh_sources_cut(vsh_arena *arena, int64_t segment_bytes, vsh_sources *sources,
                           vsh_error *err)
{
    cutter c = {.arena = arena, .sources = sources};

    assert(segment_bytes >= 2);
    sources->segment_bytes = segment_bytes;
    sources->spans = 0;
    for (int64_t i = 0; i < sources->sources; i++)
        VSH_TRY(cut_source(&c, i, segment_bytes, err));
    VSH_TRY(close_open(&c, err));
    sources->span = c.span;
    return VSH_OK;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static vsh_status nothing_left(const finder *f, const char *path, vsh_error *err)
{
    const vsh_passed_over *first = f->passed_over;

    if (f->passed_over_count == 0)
        return vsh_fail(err, VSH_EINPUT, "%s: no file in it", path);
    if (f->passed_over_count == 1)
        return vsh_fail(err, VSH_EINPUT, "%s: %s", first->path, first->why);
    return vsh_fail(err, VSH_EINPUT, "%s: %s; %s other files have no text to read either",
                    first->path, first->why, vsh_show_integer(f->passed_over_count - 1).text);
}

int64_t vsh_sources_segment_bytes(const vsh_sources *sources)
{
    int64_t bytes = 0;

    for (int64_t i = 0; i < sources->sources; i++)
        bytes += text_bytes(&sources->source[i]);
    bytes /= segments_about;
    if (bytes < segment_bytes_least)
        return segment_bytes_least;
    return bytes < segment_bytes_most ? bytes : segment_bytes_most;
}

vsh_status vsh_sources_find(vsh_arena *arena, const char *const *paths, int count,
                            vsh_documents_by by, const volatile sig_atomic_t *stop,
                            vsh_sources *sources, vsh_error *err)
{
    finder f = {.arena = arena, .by = by, .stop = stop, .folders = {.arena = arena}};

    assert(count > 0);
    *sources = (vsh_sources){0};
    f.first = vsh_alloc(arena, VSH_KIND_BYTES, 1);
    if (!f.first)
        return no_memory(err);
    for (int i = 0; i < count; i++)
        VSH_TRY(find_at(&f, paths[i], 0, err));
    if (f.sources == 0)
        return nothing_left(&f, paths[0], err);
    *sources = (vsh_sources){.source = f.source,
                             .sources = f.sources,
                             .passed_over = f.passed_over,
                             .passed_over_count = f.passed_over_count};
    for (int64_t i = 0; i < f.sources; i++)
        sources->bytes += f.source[i].bytes;
    return vsh_sources_cut(arena, vsh_sources_segment_bytes(sources), sources, err);
}

uint64_t vsh_sources_hash(const vsh_sources *sources, bool dates)
{
    uint64_t hash = 0;

    for (int64_t i = 0; i < sources->sources; i++) {
        const vsh_source *s = &sources->source[i];
        const uint64_t facts[] = {hash, vsh_hash64(s->path, strlen(s->path)), (uint64_t)s->bytes,
                                  dates ? (uint64_t)s->written_s : 0,
                                  dates ? (uint64_t)s->written_ns : 0};
        hash = vsh_hash64(facts, sizeof facts);
    }
    return hash;
}
