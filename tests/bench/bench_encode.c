/* Encoding the default corpus in process beside spm_encode, same text and model, in turns: CPU
 * seconds, the least of several. Then all of its ids against spm_encode's, and what decoding gives
 * back. Ends with 1 when an id differs or a text does not come back. */
#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "tests/trainer/corpus_ids.h"

enum { ROUNDS = 3, LEARNED_EVERY = 15, VOCAB = 8192, THREADS = 2 };

static double cpu_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double cpu_of_children(void)
{
    struct rusage used;

    getrusage(RUSAGE_CHILDREN, &used);
    return (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
           1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

typedef struct {
    const vsh_tokenizer *tokenizer;
    const vsh_documents *documents;
    int64_t first, every;
    int64_t tokens;
    double seconds; /* of CPU */
} work;

/* Documents first, first + every, ... one by one. */
static void *encode(void *context)
{
    work *w = context;
    vsh_arena arena = {0};
    vsh_ids ids = {.arena = &arena};
    vsh_error err;
    double begin = cpu_of(CLOCK_THREAD_CPUTIME_ID);

    for (int64_t d = w->first; d < w->documents->count; d += w->every) {
        vsh_document document = english_document(w->documents, d, 1);
        if (vsh_tokenizer_encode(w->tokenizer, document.text, (size_t)document.bytes, &ids, &err) !=
            VSH_OK)
            break;
    }
    w->seconds = cpu_of(CLOCK_THREAD_CPUTIME_ID) - begin;
    w->tokens = ids.count;
    vsh_arena_free(&arena);
    return NULL;
}

/* CPU seconds a thread when several do the same at once. */
static double encode_together(const work *w)
{
    pthread_t thread[THREADS];
    work own[THREADS];
    double seconds = 0;

    for (int i = 0; i < THREADS; i++) {
        own[i] = *w;
        pthread_create(&thread[i], NULL, encode, &own[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        seconds += own[i].seconds / THREADS;
    }
    return seconds;
}

typedef struct {
    char folder[64], text[96], model[96];
} places;

static void least(double *seconds, double now)
{
    if (*seconds <= 0 || now < *seconds)
        *seconds = now;
}

/* Held-out documents, encoded by turns. */
static vsh_status race(const places *at, const char *algorithm, work w, vsh_error *err)
{
    double ours = 0, together = 0, theirs = 0, bytes = 0;

    if (!write_documents(w.documents, w.first, w.every, at->text))
        return vsh_fail(err, VSH_EMACHINE, "%s: cannot be written", at->text);
    for (int64_t d = w.first; d < w.documents->count; d += w.every)
        bytes += (double)english_document(w.documents, d, 1).bytes;
    for (int round = 0; round < ROUNDS; round++) {
        vsh_arena arena = {0};
        vsh_text ids = {.arena = &arena};
        double begin = cpu_of_children();
        vsh_status status = spm_encode(at->model, at->text, &ids, err);
        least(&theirs, cpu_of_children() - begin);
        vsh_arena_free(&arena);
        VSH_TRY(status);
        encode(&w);
        least(&ours, w.seconds);
        least(&together, encode_together(&w));
    }
    printf("  %-10s %9.2f %9.2f %9.2f %9.2f x %12.2f\n", algorithm, bytes / 1e6 / ours,
           bytes / 1e6 / together, bytes / 1e6 / theirs, theirs / ours, bytes / (double)w.tokens);
    return fflush(stdout) == 0 ? VSH_OK : VSH_EMACHINE;
}

static vsh_status compare_all(const places *at, const work *w, ids_compared *all, vsh_error *err)
{
    vsh_arena arena = {0};
    vsh_text ids = {.arena = &arena};
    vsh_status status = VSH_OK;

    if (!write_documents(w->documents, 0, 1, at->text))
        status = vsh_fail(err, VSH_EMACHINE, "%s: cannot be written", at->text);
    if (status == VSH_OK)
        status = spm_encode(at->model, at->text, &ids, err);
    if (status == VSH_OK)
        status = compare_ids(w->tokenizer, w->documents, 0, 1, ids.data, all, err);
    vsh_arena_free(&arena);
    return status;
}

static vsh_status bench(const places *at, const char *algorithm, const vsh_documents *documents,
                        ids_compared *all, vsh_error *err)
{
    const vsh_tokenizer_options options = {.algorithm = algorithm, .vocab = VOCAB};
    vsh_arena arena = {0};
    vsh_tokenizer *tokenizer = NULL;
    vsh_status status = VSH_OK;

    if (!write_documents(documents, 1, LEARNED_EVERY, at->text))
        status = vsh_fail(err, VSH_EMACHINE, "%s: cannot be written", at->text);
    if (status == VSH_OK)
        status = vsh_tokenizer_train(&arena, at->text, at->model, &options, err);
    if (status == VSH_OK)
        status = vsh_tokenizer_open(&arena, at->model, &tokenizer, err);
    if (status == VSH_OK) {
        work w = {
            .tokenizer = tokenizer, .documents = documents, .first = 0, .every = LEARNED_EVERY};
        status = race(at, algorithm, w, err);
        if (status == VSH_OK)
            status = compare_all(at, &w, all, err);
    }
    vsh_tokenizer_close(tokenizer);
    vsh_arena_free(&arena);
    return status;
}

int main(void)
{
    static const char *const algorithms[] = {"unigram", "bpe"};
    places at = {"/tmp/vsh-bench-encode-XXXXXX", "", ""};
    vsh_arena arena = {0};
    vsh_documents documents;
    vsh_error err = {""};
    vsh_status status = VSH_OK;
    ids_compared all[2] = {{0}};

    if (!read_english(&arena, &documents) || !mkdtemp(at.folder)) {
        printf("  encoding: a part of the default corpus is not installed (make deps)\n");
        return 0;
    }
    snprintf(at.text, sizeof at.text, "%s/text", at.folder);
    snprintf(at.model, sizeof at.model, "%s/model", at.folder);
    printf("  %-10s %9s %9s %9s %11s %12s\n", "encoding", "ours", "2 threads", "spm_encode",
           "faster", "bytes/token");
    for (int i = 0; i < 2 && status == VSH_OK; i++)
        status = bench(&at, algorithms[i], &documents, &all[i], &err);
    for (int i = 0; i < 2 && status == VSH_OK; i++) {
        printf("  %-10s %lld of %lld documents (%lld tokens) differ, %lld do not come back\n",
               algorithms[i], (long long)all[i].different, (long long)all[i].documents,
               (long long)all[i].tokens, (long long)all[i].not_come_back);
        if (all[i].different || all[i].not_come_back)
            status = VSH_ENO;
    }
    if (*err.text)
        fprintf(stderr, "bench_encode: %s\n", err.text);
    unlink(at.text);
    unlink(at.model);
    rmdir(at.folder);
    vsh_arena_free(&arena);
    return (int)status;
}
