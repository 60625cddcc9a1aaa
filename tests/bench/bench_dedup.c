/* Speed of deduplication: signatures of short and long documents, and the search for earlier ones,
 * in CPU time, the least of several rounds. Nothing runs it by itself.
 *
 *   bench_dedup [documents of the search]       11 M unless given */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "trainer/text/earlier.h"
#include "trainer/text/minhash.h"
#include "trainer/text/minhash_least.h"

enum { ROUNDS = 5, WORD_BYTES = 6 /* with its blank */, SOME_DOCUMENTS = 11000000 };

static double cpu_seconds(void) { return (double)clock() / CLOCKS_PER_SEC; }

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static void time_bands(vsh_arena *arena, int64_t document_bytes)
{
    const int64_t words = document_bytes / WORD_BYTES, documents = (64 << 20) / document_bytes;
    uint64_t *hash = vsh_alloc(arena, 1 << 16, sizeof *hash), band[VSH_MINHASH_BANDS_MAX], sum = 0;
    vsh_minhash *minhash;
    double least = 1e9;

    if (!hash || vsh_minhash_open(arena, &vsh_minhash_default, &minhash, NULL) != VSH_OK)
        return;
    for (int64_t i = 0; i < 1 << 16; i++)
        hash[i] = mix((uint64_t)i);
    for (int round = 0; round < ROUNDS; round++) {
        double begin = cpu_seconds(), took;
        for (int64_t d = 0; d < documents; d++) {
            const vsh_words found = {.hash = hash + d * 37 % (1 << 15), .hashes = words};
            vsh_minhash_bands(minhash, &found, 0, band);
            sum += band[0];
        }
        took = cpu_seconds() - begin;
        least = took < least ? took : least;
    }
    printf("minhash  documents of %5lld bytes  %6.0f MB/s a core   (%llx)\n",
           (long long)document_bytes, (double)(documents * document_bytes) / least / 1e6,
           (unsigned long long)(sum & 0xff));
}

/* The inner loop alone, with each instruction set: short documents, 28 shingles of 112 hashes. */
static void time_loops(void)
{
    static const char *const names[] = {"plain", "avx2", "avx512"};
    enum { HASHES = 112, SHINGLES = 28, TIMES = 200000 };
    _Alignas(64) uint32_t flip[HASHES], factor[HASHES], least[HASHES], shingle[SHINGLES];

    for (int i = 0; i < HASHES; i++) {
        flip[i] = (uint32_t)mix((uint64_t)i);
        factor[i] = (uint32_t)mix((uint64_t)i + HASHES) | 1;
        shingle[i % SHINGLES] = (uint32_t)mix((uint64_t)i + 1000);
    }
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        vsh_least *loop = vsh_least_named(names[n]);
        double seconds = 1e9;
        for (int round = 0; round < ROUNDS && loop; round++) {
            double begin = cpu_seconds(), took;
            for (int i = 0; i < TIMES; i++) {
                memset(least, 0xff, sizeof least);
                shingle[0] = (uint32_t)i;
                loop(least, flip, factor, HASHES, shingle, SHINGLES);
            }
            took = cpu_seconds() - begin;
            seconds = took < seconds ? took : seconds;
        }
        if (loop)
            printf("minhash  inner loop, %-8s         %6.0f MB/s a core\n", names[n],
                   (double)TIMES * SHINGLES * WORD_BYTES / seconds / 1e6);
    }
}

/* One document in eleven resembles an earlier one in a column. */
static vsh_status read_keys(void *context, int column, int64_t first, int64_t count, uint64_t *key,
                            vsh_error *err)
{
    const uint64_t kinds = *(const uint64_t *)context * 5;

    (void)err;
    for (int64_t i = 0; i < count; i++)
        key[i] = mix(mix((uint64_t)(first + i) * 64 + (uint64_t)column) % kinds + 1);
    return VSH_OK;
}

static void time_search(vsh_arena *arena, int64_t documents, int threads)
{
    const vsh_earlier_question question = {.documents = documents,
                                           .columns = 2,
                                           .read = read_keys,
                                           .context = &documents,
                                           .memory_bytes = (int64_t)192 << 20};
    vsh_pool *pool;
    vsh_earlier earlier;
    double begin = cpu_seconds(), begun, took;

    if (vsh_pool_start(arena, threads, NULL, 0, &pool, NULL) != VSH_OK)
        return;
    begun = vsh_clock_now().v;
    if (vsh_earlier_find(arena, pool, &question, &earlier, NULL) != VSH_OK)
        return;
    took = vsh_clock_now().v - begun;
    vsh_pool_stop(pool);
    printf("earlier  %d threads, %.1f M keys: CPU %.2f s a column, %.2f s until done, %lld found\n",
           threads, (double)documents / 1e6, (cpu_seconds() - begin) / question.columns, took,
           (long long)earlier.count);
}

int main(int argc, char **argv)
{
    const int64_t documents = argc > 1 ? atoll(argv[1]) : SOME_DOCUMENTS;
    vsh_arena arena = {0};

    time_loops();
    time_bands(&arena, 180);
    time_bands(&arena, 5000);
    time_search(&arena, documents, 1);
    time_search(&arena, documents, 2);
    vsh_arena_free(&arena);
    return 0;
}
