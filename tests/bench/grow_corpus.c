/* A large corpus out of the default one, for the speed and the memory of `data build`: its
 * documents again and again; from the second round on half of them are changed in a few words, so
 * that a part are exact duplicates, a part near ones, and a part new.
 *
 *   grow_corpus FOLDER BYTES > BIG    blank lines part documents; FOLDER: for what is unpacked
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "trainer/text/default_corpus.h"
#include "trainer/text/document_reader.h"
#include "trainer/text/documents.h"

enum { WORDS = 1 << 16, PLACES = 8 };

/* Words of the text to change others to. */
typedef struct {
    const char *text[WORDS];
    int length[WORDS];
    int count;
} vocabulary;

static void collect(const vsh_text *text, vocabulary *words)
{
    for (size_t i = 0; i < text->length && words->count < WORDS;) {
        size_t begin = i;
        while (i < text->length && text->data[i] != ' ' && text->data[i] != '\n')
            i++;
        if (i - begin > 3) {
            words->text[words->count] = text->data + begin;
            words->length[words->count++] = (int)(i - begin);
        }
        i += 7; /* words of all over the text */
    }
}

/* One word in `one_in` becomes another. */
static void put_changed(const char *text, size_t length, const vocabulary *words, uint64_t round,
                        uint64_t document, double one_in)
{
    for (size_t i = 0, place = 0; i < length; place++) {
        size_t begin = i;
        while (i < length && text[i] != ' ' && text[i] != '\n')
            i++;
        if (vsh_random_uniform(round, document, 2 * place) * one_in < 1) {
            int other = (int)(vsh_random_uniform(round, document, 2 * place + 1) * words->count);
            fwrite(words->text[other], 1, (size_t)words->length[other], stdout);
        } else {
            fwrite(text + begin, 1, i - begin, stdout);
        }
        for (; i < length && (text[i] == ' ' || text[i] == '\n'); i++)
            putchar(text[i]);
    }
}

static void put_document(const char *text, size_t length, const vocabulary *words, uint64_t round,
                         uint64_t document)
{
    static const double one_in[PLACES] = {0, 0, 0, 0, 40, 12, 6, 3}; /* 0: as it is */
    double pick = one_in[(int)(vsh_random_uniform(round, document, ~(uint64_t)0) * PLACES)];

    if (round == 0 || pick <= 0)
        fwrite(text, 1, length, stdout);
    else
        put_changed(text, length, words, round, document, pick);
    fwrite("\n\n", 1, 2, stdout);
}

static vsh_status read_span(vsh_arena *arena, const vsh_sources *sources, int64_t span,
                            vsh_documents *documents, vsh_error *err)
{
    vsh_document_reader *reader;
    vsh_document document;
    vsh_status status;

    VSH_TRY(vsh_document_reader_open(arena, sources, span, &reader, err));
    while ((status = vsh_document_reader_next(reader, &document, err)) == VSH_OK && document.text) {
        vsh_text_put(&documents->text, document.text, (size_t)document.bytes);
        vsh_documents_end(documents);
    }
    vsh_document_reader_close(reader);
    return status;
}

static vsh_status read_default(vsh_arena *arena, const char *folder, vsh_documents *documents,
                               vsh_error *err)
{
    vsh_default_corpus corpus;
    vsh_sources sources;

    VSH_TRY(vsh_default_corpus_write(arena, "data", folder, &corpus, err));
    VSH_TRY(vsh_sources_find(arena, corpus.path, corpus.paths, VSH_DOCUMENTS_LINE, NULL, &sources,
                             err));
    for (int64_t span = 0; span < sources.spans; span++)
        VSH_TRY(read_span(arena, &sources, span, documents, err));
    return VSH_OK;
}

static void write_rounds(const vsh_documents *d, double wanted)
{
    static vocabulary words;
    double written = 0;

    collect(&d->text, &words);
    for (uint64_t round = 0; written < wanted; round++) {
        for (int64_t i = 0; i < d->count && written < wanted; i++) {
            int64_t end = i + 1 < d->count ? d->start[i + 1] : d->open;
            size_t length = (size_t)(end - d->start[i]);
            put_document(d->text.data + d->start[i], length, &words, round, (uint64_t)i);
            written += (double)length + 2;
        }
    }
}

int main(int argc, char **argv)
{
    vsh_arena arena = {0};
    vsh_documents documents = vsh_documents_in(&arena);
    double wanted = argc == 3 ? strtod(argv[2], NULL) : 0;
    vsh_error err;
    vsh_status status;

    if (wanted < 1) {
        fprintf(stderr, "usage: grow_corpus FOLDER BYTES > BIG\n");
        return 2;
    }
    status = read_default(&arena, argv[1], &documents, &err);
    if (status == VSH_OK)
        write_rounds(&documents, wanted);
    else
        fprintf(stderr, "grow_corpus: %s\n", err.text);
    vsh_arena_free(&arena);
    return fflush(stdout) == 0 ? (int)status : 4;
}
