/* Files of a test in a folder of their own, and what is read from them. */
#ifndef VSH_TEXT_FILES_H
#define VSH_TEXT_FILES_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/trainer/test_folder.h"
#include "trainer/text/document_reader.h"

static inline void end_files(void) { remove_test_folder(); }

/* The folder of the last test is removed first. */
static inline void begin_files(void)
{
    end_files();
    folder_of_test();
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
