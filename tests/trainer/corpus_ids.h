/* Ids of the default corpus, ours beside those of spm_encode: for the test and the benchmark. */
#ifndef VSH_TEST_CORPUS_IDS_H
#define VSH_TEST_CORPUS_IDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/child.h"
#include "core/file.h"
#include "tests/trainer/english.h"
#include "trainer/data/tokenizer.h"

/* Documents first, first + every, ...: each ended by a newline. */
static inline bool write_documents(const vsh_documents *documents, int64_t first, int64_t every,
                                   const char *path)
{
    FILE *file = fopen(path, "wb");
    bool written = file != NULL;

    for (int64_t d = first; written && d < documents->count; d += every) {
        size_t bytes = (size_t)english_document(documents, d, 1).bytes;
        written = fwrite(documents->text.data + documents->start[d], 1, bytes, file) == bytes &&
                  putc('\n', file) == '\n';
    }
    return file && fclose(file) == 0 && written;
}

/* What spm_encode makes of a file: a line of ids for each line. */
static inline vsh_status spm_encode(const char *model, const char *text_path, vsh_text *ids,
                                    vsh_error *err)
{
    char option[400];
    const char *const argv[] = {"spm_encode", option, "--output_format=id", NULL};
    const vsh_child child = {argv, text_path, {600}, (size_t)1 << 30};

    snprintf(option, sizeof option, "--model=%s", model);
    return vsh_child_run(&child, ids, err);
}

/* What the comparison of documents first, first + every, ... has found. */
typedef struct {
    int64_t documents, bytes, tokens;
    int64_t different;     /* documents with other ids than spm_encode's lines */
    int64_t not_come_back; /* documents that decoding does not give back */
} ids_compared;

/* The ids in *at of as many lines as text has; a line's end is the id of a newline. *same stays
 * when they are ours. */
static inline void compare_document(const char *text, const char *end, const vsh_ids *ours,
                                    int32_t newline, const char **at, bool *same)
{
    int64_t i = 0;

    for (const char *line = text; line <= end; line++) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        while (**at && **at != '\n') {
            char *behind;
            long id = strtol(*at, &behind, 10);
            *same &= behind > *at && i < ours->count && ours->id[i] == id;
            i++;
            *at = *behind == ' ' ? behind + 1 : behind > *at ? behind : *at + 1;
        }
        *at += **at == '\n';
        line = line_end ? line_end : end;
        if (line_end) {
            *same &= i < ours->count && ours->id[i] == newline;
            i++;
        }
    }
    *same &= i == ours->count;
}

/* theirs: of write_documents' file. */
static inline vsh_status compare_ids(const vsh_tokenizer *tokenizer, const vsh_documents *documents,
                                     int64_t first, int64_t every, const char *theirs,
                                     ids_compared *all, vsh_error *err)
{
    vsh_arena arena = {0};
    vsh_ids ids = {.arena = &arena};
    vsh_text back = {.arena = &arena};
    vsh_status status = vsh_tokenizer_encode(tokenizer, "\n", 1, &ids, err);
    int32_t newline = status == VSH_OK && ids.count == 1 ? ids.id[0] : -1;

    *all = (ids_compared){0};
    for (int64_t d = first; status == VSH_OK && d < documents->count; d += every) {
        const char *text = documents->text.data + documents->start[d];
        size_t bytes = (size_t)english_document(documents, d, 1).bytes;
        bool same = true;
        ids.count = 0;
        back.length = 0;
        status = vsh_tokenizer_encode(tokenizer, text, bytes, &ids, err);
        if (status == VSH_OK)
            status = vsh_tokenizer_decode(tokenizer, ids.id, ids.count, &back, err);
        compare_document(text, text + bytes, &ids, newline, &theirs, &same);
        all->documents++;
        all->bytes += (int64_t)bytes;
        all->tokens += ids.count;
        all->different += !same;
        all->not_come_back += back.length != bytes || memcmp(back.data, text, bytes) != 0;
    }
    all->different += *theirs != '\0'; /* lines that we have not */
    vsh_arena_free(&arena);
    return status;
}

#endif
