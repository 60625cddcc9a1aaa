#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "trainer/base/whole_file.h"
#include "trainer/text/corpus_sources.h"

enum { DATA_BYTES_MAX = 256 << 20 };

/* The field at *at, of *length bytes; *at goes behind the blank that ends it. NULL at the end. */
static const char *next_field(const char **at, const char *end, size_t *length)
{
    const char *begin = *at, *blank = memchr(begin, ' ', (size_t)(end - begin));

    if (begin == end || !blank)
        return NULL;
    *length = (size_t)(blank - begin);
    *at = blank + 1;
    return begin;
}

/* "physical_entity", and "galore(ip)" with the place that an adjective may stand at. */
static void put_lemma(const char *lemma, size_t length, vsh_text *text)
{
    const char *marker = memchr(lemma, '(', length);

    if (marker)
        length = (size_t)(marker - lemma);
    for (size_t i = 0; i < length; i++)
        vsh_text_put(text, lemma[i] == '_' ? " " : lemma + i, 1);
}

/* wndb(5WN): offset lex_filenum ss_type w_cnt word lex_id [word lex_id...] p_cnt ... | gloss */
static void clean_synset(const char *line, const char *end, vsh_documents *documents)
{
    const char *bar = memchr(line, '|', (size_t)(end - line)), *at = line, *field = line;
    size_t length = 0;
    long words = 0;

    if (!bar || *line < '0' || *line > '9') /* the licence stands in lines that begin with blanks */
        return;
    for (int i = 0; i < 4 && field; i++)
        field = next_field(&at, bar, &length);
    if (!field || length != 2)
        return;
    words = strtol(field, NULL, 16); /* stops at the blank */
    for (long i = 0; i < words; i++) {
        field = next_field(&at, bar, &length);
        if (!field)
            break;
        if (i > 0)
            vsh_text_put(&documents->text, ", ", 2);
        put_lemma(field, length, &documents->text);
        next_field(&at, bar, &length);
    }
    vsh_text_put(&documents->text, ": ", 2);
    for (bar++; bar < end && *bar == ' ';)
        bar++;
    vsh_text_put(&documents->text, bar, (size_t)(end - bar));
    vsh_documents_end(documents);
}

void vsh_wordnet_clean(const char *text, size_t length, vsh_documents *documents)
{
    const char *end = text + length;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        clean_synset(text, line_end, documents);
        text = newline ? newline + 1 : end;
    }
}

vsh_status vsh_wordnet_read(const char *folder, vsh_documents *documents, vsh_error *err)
{
    static const char *const parts[] = {"noun", "verb", "adj", "adv"};
    vsh_status status = VSH_OK;

    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == VSH_OK; i++) {
        vsh_arena arena = {0};
        vsh_text path = {.arena = &arena};
        int64_t length;
        char *text;

        vsh_text_add(&path, "%s/data.%s", folder, parts[i]);
        if (access(vsh_text_string(&path), F_OK) == 0) {
            status = vsh_whole_file_read(&arena, vsh_text_string(&path), DATA_BYTES_MAX, &text,
                                         &length, err);
            if (status == VSH_OK)
                vsh_wordnet_clean(text, (size_t)length, documents);
        }
        vsh_arena_free(&arena);
    }
    return status;
}
