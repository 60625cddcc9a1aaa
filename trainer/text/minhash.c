#include "trainer/text/minhash.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "trainer/text/minhash_least.h"

const vsh_minhash_shape vsh_minhash_default = {.bands = 14, .rows = 8, .shingle = 5, .seed = 1};

/* Shingles that are hashed together, a multiple of VSH_LEAST_TOGETHER. */
enum { CHUNK = 256, HASHES_ROOM = VSH_MINHASH_HASHES_MAX + VSH_LEAST_LANES };

struct vsh_minhash {
    vsh_minhash_shape shape;
    int hashes; /* bands x rows, and up to a multiple of VSH_LEAST_LANES */
    vsh_least *least_of;
    _Alignas(64) uint32_t flip[HASHES_ROOM];
    _Alignas(64) uint32_t factor[HASHES_ROOM];
    _Alignas(64) uint32_t least[HASHES_ROOM];
    _Alignas(64) uint32_t chunk[CHUNK];
};

vsh_status vsh_minhash_open(vsh_arena *arena, const vsh_minhash_shape *shape, vsh_minhash **minhash,
                            vsh_error *err)
{
    vsh_minhash *m;

    if (shape->bands < 1 || shape->bands > VSH_MINHASH_BANDS_MAX || shape->rows < 1 ||
        shape->rows > VSH_MINHASH_HASHES_MAX / shape->bands)
        return vsh_fail(err, VSH_EINPUT,
                        "MinHash: expected 1 to %d bands and 1 to %d hashes, got %d bands of %d",
                        VSH_MINHASH_BANDS_MAX, VSH_MINHASH_HASHES_MAX, shape->bands, shape->rows);
    if (shape->shingle < 1)
        return vsh_fail(err, VSH_EINPUT, "MinHash: expected shingles of 1 word or more, got %d",
                        shape->shingle);
    if (!(m = vsh_alloc(arena, 1, sizeof *m)))
        return vsh_fail(err, VSH_EMACHINE, "MinHash: out of memory");
    m->shape = *shape;
    m->hashes =
        (shape->bands * shape->rows + VSH_LEAST_LANES - 1) / VSH_LEAST_LANES * VSH_LEAST_LANES;
    m->least_of = vsh_least_find();
    for (int k = 0; k < m->hashes; k++) {
        vsh_random_block drawn = vsh_philox((vsh_random_block){{(uint32_t)k}},
                                            (uint32_t)shape->seed, (uint32_t)(shape->seed >> 32));
        m->flip[k] = drawn.word[0];
        m->factor[k] = drawn.word[1] | 1;
    }
    *minhash = m;
    return VSH_OK;
}

/* ---- shingles -------------------------------------------------------------------------------- */

/* A window of words that moves on by one: the sum of hash x FACTOR^(words behind it). */
static const uint64_t FACTOR = 0x9E3779B97F4A7C15u; /* odd; 2^64 over the golden ratio */

typedef struct {
    const uint64_t *hash;
    int64_t at, end; /* the window's last word, and that of the last window */
    int64_t length;
    uint64_t sum, leaving; /* FACTOR^length */
} window;

/* Before the first shingle; at == end when there is none. */
static window window_before(const vsh_minhash_shape *shape, const vsh_words *words)
{
    const int64_t length = words->hashes < shape->shingle ? words->hashes : shape->shingle;
    window w = {words->hash, length - 2, words->hashes - 1, length, 0, 1};

    for (int64_t i = 0; i < length; i++) {
        w.leaving *= FACTOR;
        if (i < length - 1)
            w.sum = w.sum * FACTOR + words->hash[i];
    }
    if (length == 0)
        w.at = w.end;
    return w;
}

/* The next shingle, mixed so that each bit of it depends on all words (the finalizer of
 * MurmurHash3, Austin Appleby, public domain). */
static inline uint64_t window_next(window *w)
{
    uint64_t bits;

    w->at++;
    w->sum = w->sum * FACTOR + w->hash[w->at];
    if (w->at >= w->length)
        w->sum -= w->hash[w->at - w->length] * w->leaving;
    bits = (w->sum ^ w->sum >> 33) * 0xFF51AFD7ED558CCDu;
    bits = (bits ^ bits >> 33) * 0xC4CEB9FE1A85EC53u;
    return bits ^ bits >> 33;
}

/* ---- bands ----------------------------------------------------------------------------------- */

/* Rows of a band in one number; each step can be undone when the row is known. */
static uint64_t fold(const uint32_t *row, int rows)
{
    uint64_t bits = (uint64_t)rows;

    for (int r = 0; r < rows; r++) {
        bits = (bits ^ row[r]) * FACTOR;
        bits ^= bits >> 32;
    }
    return bits;
}

/* A document without words has bands of its own: of the hash of its bytes. */
static void bands_of_bytes(const vsh_minhash *m, uint64_t exact, uint64_t *band)
{
    for (int b = 0; b < m->shape.bands; b++)
        band[b] = fold((uint32_t[]){(uint32_t)exact, (uint32_t)(exact >> 32), (uint32_t)b}, 3);
}

void vsh_minhash_bands(vsh_minhash *m, const vsh_words *words, uint64_t exact, uint64_t *band)
{
    window w = window_before(&m->shape, words);

    if (words->hashes == 0) {
        bands_of_bytes(m, exact, band);
        return;
    }
    memset(m->least, 0xFF, (size_t)m->hashes * sizeof *m->least);
    while (w.at < w.end) {
        int count = 0;
        while (w.at < w.end && count < CHUNK)
            m->chunk[count++] = (uint32_t)(window_next(&w) >> 32);
        for (; count % VSH_LEAST_TOGETHER; count++) /* once more changes no least */
            m->chunk[count] = m->chunk[count - 1];
        m->least_of(m->least, m->flip, m->factor, m->hashes, m->chunk, count);
    }
    for (int b = 0; b < m->shape.bands; b++)
        band[b] = fold(m->least + (size_t)b * (size_t)m->shape.rows, m->shape.rows);
}

/* ---- what to expect -------------------------------------------------------------------------- */

double vsh_minhash_recall(const vsh_minhash_shape *shape, double similarity)
{
    return 1 - pow(1 - pow(similarity, shape->rows), shape->bands);
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Its shingles sorted, each once; NULL when there is no memory. */
static uint64_t *shingle_set(vsh_arena *arena, const vsh_minhash_shape *shape,
                             const vsh_words *words, int64_t *count)
{
    uint64_t *set = vsh_alloc(arena, (size_t)words->hashes + 1, sizeof *set);
    window w = window_before(shape, words);
    int64_t found = 0;

    *count = 0;
    if (!set)
        return NULL;
    while (w.at < w.end)
        set[found++] = window_next(&w);
    qsort(set, (size_t)found, sizeof *set, by_value);
    for (int64_t i = 0; i < found; i++)
        if (*count == 0 || set[i] != set[*count - 1])
            set[(*count)++] = set[i];
    return set;
}

vsh_status vsh_minhash_similarity(vsh_arena *arena, const vsh_minhash_shape *shape,
                                  const vsh_words *a, const vsh_words *b, double *similarity,
                                  vsh_error *err)
{
    int64_t in_a, in_b, both = 0;
    const uint64_t *of_a = shingle_set(arena, shape, a, &in_a);
    const uint64_t *of_b = shingle_set(arena, shape, b, &in_b);

    if (!of_a || !of_b)
        return vsh_fail(err, VSH_EMACHINE, "MinHash: out of memory");
    for (int64_t i = 0, j = 0; i < in_a && j < in_b;) {
        both += of_a[i] == of_b[j];
        if (of_a[i] < of_b[j])
            i++;
        else if (of_a[i] > of_b[j])
            j++;
        else
            i++, j++;
    }
    *similarity = in_a + in_b > 0 ? (double)both / (double)(in_a + in_b - both) : 0;
    return VSH_OK;
}
