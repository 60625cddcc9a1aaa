#define _DEFAULT_SOURCE
/* Speed of what is asked about every document of a build, each part alone on one thread: MB/s of
 * its own time, the best of several rounds, on the default corpus as it is (documents of about 180
 * bytes) and run together into documents of 20 kB. No test reads the figures.
 *
 *   bench_text [FOLDER]     FOLDER: where gcide.dict.dz is (data)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/rng.h"
#include "trainer/text/corpus_sources.h"
#include "trainer/text/language.h"
#include "trainer/text/overlap.h"
#include "trainer/text/quality.h"

enum { ROUNDS = 5, LONG_BYTES = 20000, TEXTS = 50000, TEXT_WORDS = 40, GRAM = 13 };

typedef struct {
    vsh_document *document;
    int64_t documents, bytes;
    vsh_words words;
    vsh_quality *quality;
    vsh_overlap *overlap;
} bench;

static void stop_at(vsh_status status, const vsh_error *err)
{
    if (status == VSH_OK)
        return;
    fprintf(stderr, "bench_text: %s\n", err->text);
    exit(4);
}

static void *room(vsh_arena *arena, int64_t count, size_t size)
{
    void *at = vsh_alloc(arena, (size_t)count, size);

    if (at)
        return at;
    fprintf(stderr, "bench_text: no memory\n");
    exit(4);
}

/* folder: that of the unpacked packages. */
static void read_corpus(const char *folder, vsh_documents *corpus, vsh_error *err)
{
    char path[300];

    snprintf(path, sizeof path, "%s/gcide.dict.dz", folder);
    stop_at(vsh_gcide_read(path, corpus, err), err);
    stop_at(vsh_wordnet_read("/usr/share/wordnet", corpus, err), err);
    stop_at(vsh_bible_read("/usr/bin/bible", corpus, err), err);
    if (corpus->count == 0)
        stop_at(vsh_fail(err, VSH_EINPUT, "no default corpus here; run: make deps"), err);
}

/* Documents of the corpus, as many together as make least bytes. */
static void cut(const vsh_documents *corpus, int64_t least, bench *b)
{
    b->documents = 0;
    b->bytes = corpus->open;
    for (int64_t d = 0, begin = 0; d < corpus->count; d++) {
        int64_t end = d + 1 < corpus->count ? corpus->start[d + 1] : corpus->open;
        if (end - begin < least && d + 1 < corpus->count)
            continue;
        b->document[b->documents++] =
            (vsh_document){.text = corpus->text.data + begin, .bytes = end - begin};
        begin = end;
    }
}

/* Words from anywhere: grams that the corpus has not. */
static void add_texts(const vsh_documents *corpus, bench *b, vsh_error *err)
{
    for (uint64_t t = 0; t < TEXTS; t++) {
        char text[TEXT_WORDS * 16];
        int64_t length = 0;
        for (uint64_t w = 0; w < TEXT_WORDS; w++) {
            int64_t at = (int64_t)(vsh_random_uniform(1, t, w) * (double)(corpus->open - 64));
            while (corpus->text.data[at] != ' ' && at < corpus->open - 16)
                at++;
            for (int i = 1; i < 12 && corpus->text.data[at + i] > ' '; i++)
                text[length++] = corpus->text.data[at + i];
            text[length++] = ' ';
        }
        stop_at(vsh_overlap_add(b->overlap, text, length, err), err);
    }
}

/* ---- the parts --------------------------------------------------------------------------- */

typedef int64_t part(bench *b, const vsh_document *document);

static int64_t by_words(bench *b, const vsh_document *document)
{
    vsh_words_find(document, &b->words);
    return b->words.hashes;
}

static int64_t by_exact(bench *b, const vsh_document *document)
{
    return (int64_t)(vsh_words_hash(&b->words, document) & 1);
}

static int64_t by_quality(bench *b, const vsh_document *document)
{
    double figure;

    return vsh_quality_judge(b->quality, document, &b->words, &figure) < 0;
}

static int64_t by_language(bench *b, const vsh_document *document)
{
    (void)b;
    return vsh_language_of(document) == 0;
}

static int64_t by_overlap(bench *b, const vsh_document *document)
{
    (void)document;
    return vsh_overlap_meets(b->overlap, &b->words) < 0;
}

/* All of them find words first, whose time is taken off. */
static const struct {
    const char *name;
    part *run;
} parts[] = {{"words", NULL},
             {"hash of words", by_exact},
             {"quality", by_quality},
             {"language", by_language},
             {"overlap", by_overlap}};

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static double time_of(bench *b, part *run, int64_t *yes)
{
    double least = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        double start = now(), took;
        *yes = 0;
        for (int64_t d = 0; d < b->documents; d++) {
            by_words(b, &b->document[d]);
            *yes += run ? run(b, &b->document[d]) : 1;
        }
        took = now() - start;
        least = took < least ? took : least;
    }
    return least;
}

static void table(bench *b)
{
    double words = 0, all = 0;

    printf("%lld documents of %lld bytes\n", (long long)b->documents,
           (long long)(b->bytes / b->documents));
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        int64_t yes;
        double took = time_of(b, parts[p].run, &yes);
        words = p == 0 ? took : words;
        took -= p == 0 ? 0 : words;
        all += took;
        printf("  %-14s %7.1f MB/s   %6.2f %% yes\n", parts[p].name, (double)b->bytes / took / 1e6,
               100.0 * (double)yes / (double)b->documents);
    }
    printf("  %-14s %7.1f MB/s\n", "together", (double)b->bytes / all / 1e6);
}

int main(int argc, char **argv)
{
    vsh_arena arena = {0};
    vsh_quality_limits limits;
    vsh_documents corpus = vsh_documents_in(&arena);
    vsh_error err;
    bench b = {0};

    read_corpus(argc > 1 ? argv[1] : "data", &corpus, &err);
    b.document = room(&arena, corpus.count, sizeof *b.document);
    vsh_quality_default(&limits);
    stop_at(vsh_words_open(&arena, &b.words, &err), &err);
    stop_at(vsh_quality_open(&arena, &limits, &b.quality, &err), &err);
    stop_at(vsh_overlap_open(&arena, GRAM, &b.overlap, &err), &err);
    add_texts(&corpus, &b, &err);
    cut(&corpus, 1, &b);
    table(&b);
    cut(&corpus, LONG_BYTES, &b);
    table(&b);
    vsh_arena_free(&arena);
    return 0;
}
