/* A large corpus out of a small one, for the speed and the memory of `data build`: the documents of
 * a text, whole, again and again; from the second round on half of them are changed in a few words,
 * so that a part are exact duplicates, a part near ones, and a part new.
 *
 *   grow_corpus TEXT BYTES > BIG      blank lines part documents; the same bytes on every machine
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/rng.h"

enum { WORDS = 1 << 16, PLACES = 8 };

/* Words of the text to change others to. */
typedef struct {
    const char *text[WORDS];
    int length[WORDS];
    int count;
} vocabulary;

static void collect(const char *text, size_t length, vocabulary *words)
{
    for (size_t i = 0; i < length && words->count < WORDS;) {
        size_t begin = i;
        while (i < length && text[i] != ' ' && text[i] != '\n')
            i++;
        if (i - begin > 3) {
            words->text[words->count] = text + begin;
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

int main(int argc, char **argv)
{
    static vocabulary words;
    vsh_arena arena = {0};
    vsh_text text = {.arena = &arena};
    vsh_error err;
    double wanted = argc == 3 ? strtod(argv[2], NULL) : 0, written = 0;

    if (wanted < 1 || vsh_file_read(argv[1], &text, &err) != VSH_OK || text.length == 0) {
        fprintf(stderr, "usage: grow_corpus TEXT BYTES > BIG\n");
        return 2;
    }
    collect(text.data, text.length, &words);
    for (uint64_t round = 0; written < wanted; round++) {
        const char *at = text.data, *end = text.data + text.length;
        for (uint64_t document = 0; at < end && written < wanted; document++) {
            const char *blank = strstr(at, "\n\n");
            size_t length = (size_t)((blank ? blank : end) - at);
            put_document(at, length, &words, round, document);
            written += (double)length + 2;
            at = blank ? blank + 2 : end;
        }
    }
    vsh_arena_free(&arena);
    return fflush(stdout) == 0 ? 0 : 4;
}
