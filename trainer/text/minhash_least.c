#include "trainer/text/minhash_least.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline uint32_t lesser(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Four shingles at a time, so that the constants and the least so far are loaded once for them. */
static inline __attribute__((always_inline)) void body(uint32_t *restrict least,
                                                       const uint32_t *restrict flip,
                                                       const uint32_t *restrict factor, int hashes,
                                                       const uint32_t *restrict shingle,
                                                       int shingles)
{
    assert(hashes % VSH_LEAST_LANES == 0 && shingles % VSH_LEAST_TOGETHER == 0);
    for (int i = 0; i < shingles; i += VSH_LEAST_TOGETHER) {
        const uint32_t a = shingle[i], b = shingle[i + 1], c = shingle[i + 2], d = shingle[i + 3];
        for (int block = 0; block < hashes; block += VSH_LEAST_LANES)
            for (int k = block; k < block + VSH_LEAST_LANES; k++) {
                uint32_t ab = lesser((a ^ flip[k]) * factor[k], (b ^ flip[k]) * factor[k]);
                uint32_t cd = lesser((c ^ flip[k]) * factor[k], (d ^ flip[k]) * factor[k]);
                least[k] = lesser(least[k], lesser(ab, cd));
            }
    }
}

static void least_plain(uint32_t *least, const uint32_t *flip, const uint32_t *factor, int hashes,
                        const uint32_t *shingle, int shingles)
{
    body(least, flip, factor, hashes, shingle, shingles);
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void least_avx512(uint32_t *least, const uint32_t *flip,
                                                            const uint32_t *factor, int hashes,
                                                            const uint32_t *shingle, int shingles)
{
    body(least, flip, factor, hashes, shingle, shingles);
}

__attribute__((target("avx2"))) static void least_avx2(uint32_t *least, const uint32_t *flip,
                                                       const uint32_t *factor, int hashes,
                                                       const uint32_t *shingle, int shingles)
{
    body(least, flip, factor, hashes, shingle, shingles);
}
#endif

/* Best first. */
static const struct {
    const char *name;
    vsh_least *least;
} all[] = {
#if defined(__x86_64__)
    {"avx512", least_avx512},
    {"avx2", least_avx2},
#endif
    {"plain", least_plain}};

static bool runs_here(const char *name)
{
#if defined(__x86_64__)
    if (strcmp(name, "avx512") == 0)
        return __builtin_cpu_supports("avx512f");
    if (strcmp(name, "avx2") == 0)
        return __builtin_cpu_supports("avx2");
#endif
    return strcmp(name, "plain") == 0;
}

vsh_least *vsh_least_find(void)
{
    size_t i = 0;

    while (!runs_here(all[i].name))
        i++;
    return all[i].least;
}

vsh_least *vsh_least_named(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].name, name) == 0 && runs_here(name))
            return all[i].least;
    return NULL;
}
