/* Files of a test in a folder of their own, and what is read from them. */
#ifndef VSH_TEXT_FILES_H
#define VSH_TEXT_FILES_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "tests/harness.h"
#include "trainer/text/document_reader.h"

/* Without a slash at the end. The folder of the last test is removed first. */
static char test_folder[64];

static inline void remove_below(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        char below[4096];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (lstat(below, &info) == 0 && S_ISDIR(info.st_mode))
            remove_below(below);
        else
            unlink(below);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

static inline void end_files(void)
{
    if (*test_folder)
        remove_below(test_folder);
    *test_folder = '\0';
}

static inline void begin_files(void)
{
    end_files();
    strcpy(test_folder, "/tmp/vsh-text-XXXXXX");
    REQUIRE(mkdtemp(test_folder) != NULL);
}

/* A name in the folder of the test. */
static inline const char *at_path(const char *name)
{
    vsh_text path = {.arena = vsh_test_arena()};

    vsh_text_add(&path, "%s/%s", test_folder, name);
    return vsh_text_string(&path);
}

static inline const char *write_file(const char *name, const void *bytes, size_t length)
{
    const char *path = at_path(name);
    FILE *file = fopen(path, "wb");

    REQUIRE(file != NULL);
    REQUIRE(fwrite(bytes, 1, length, file) == length);
    REQUIRE(fclose(file) == 0);
    return path;
}

static inline const char *write_text(const char *name, const char *text)
{
    return write_file(name, text, strlen(text));
}

static inline const char *make_folder(const char *name)
{
    const char *path = at_path(name);

    REQUIRE(mkdir(path, 0700) == 0);
    return path;
}

static inline vsh_sources find_one(const char *path, vsh_documents_by by)
{
    vsh_sources sources;
    vsh_error err;

    REQUIRE_OK(vsh_sources_find(vsh_test_arena(), &path, 1, by, NULL, &sources, &err), &err);
    return sources;
}

/* Documents in brackets, one after the other, and the figures of all spans together. */
typedef struct {
    vsh_text text;
    vsh_reading sum;
} reading;

static inline void add_reading(const vsh_reading *one, vsh_reading *sum)
{
    for (int64_t i = 0; i < one->troubles && i < VSH_TROUBLES_KEPT; i++)
        if (sum->troubles + i < VSH_TROUBLES_KEPT)
            sum->trouble[sum->troubles + i] = one->trouble[i];
    sum->disk_bytes += one->disk_bytes;
    sum->bytes += one->bytes;
    sum->documents += one->documents;
    sum->cut += one->cut;
    sum->empty += one->empty;
    sum->malformed += one->malformed;
    sum->nul += one->nul;
    sum->bad_lines += one->bad_lines;
    sum->damaged += one->damaged;
    sum->troubles += one->troubles;
}

static inline void read_span(const vsh_sources *sources, int64_t span, reading *all)
{
    vsh_document_reader *reader;
    vsh_document document;
    vsh_error err;

    REQUIRE_OK(vsh_document_reader_open(vsh_test_arena(), sources, span, &reader, &err), &err);
    for (;;) {
        REQUIRE_OK(vsh_document_reader_next(reader, &document, &err), &err);
        if (!document.text)
            break;
        CHECK(document.bytes > 0 && document.bytes <= VSH_DOCUMENT_BYTES_MAX);
        vsh_text_put(&all->text, "[", 1);
        vsh_text_put(&all->text, document.text, (size_t)document.bytes);
        vsh_text_put(&all->text, "]", 1);
    }
    add_reading(vsh_document_reader_so_far(reader), &all->sum);
    vsh_document_reader_close(reader);
}

static inline reading read_sources(const vsh_sources *sources)
{
    reading all = {.text = {.arena = vsh_test_arena()}};

    for (int64_t i = 0; i < sources->spans; i++)
        read_span(sources, i, &all);
    return all;
}

static inline reading read_path(const char *path, vsh_documents_by by)
{
    vsh_sources sources = find_one(path, by);

    return read_sources(&sources);
}

#endif
