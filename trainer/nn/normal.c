#include "trainer/nn/normal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/rng.h"

/* Indices are made in groups: one block of Philox for four numbers. A function each for a pass over
 * a group, all loops of one length: the compiler makes vectors of them (Makefile: normal.o), and no
 * product is fused with a sum, so any vector gives the same bits. */
enum { GROUP = 256, QUARTER = GROUP / 4 };

static void draw(uint64_t seed, uint64_t stream, uint64_t block, uint32_t words[4][QUARTER])
{
    for (uint64_t i = 0; i < QUARTER; i++) {
        uint64_t at = block + i;
        vsh_random_block drawn = {
            {(uint32_t)at, (uint32_t)(at >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
        drawn = vsh_philox(drawn, (uint32_t)seed, (uint32_t)(seed >> 32));
        for (int w = 0; w < 4; w++)
            words[w][i] = drawn.word[w];
    }
}

/* ln x for x in (0, 1]: x = 2^e m with m near 1, ln m = 2 artanh((m - 1) / (m + 1)) as a series.
 * Relative error below 1e-6. */
static inline float log_of(float x)
{
    const int32_t half = 0x3f3504f3; /* sqrt(1/2) */
    int32_t bits, exponent;
    float m, s, t;

    memcpy(&bits, &x, sizeof bits);
    exponent = (bits - half) >> 23;
    bits -= exponent * (1 << 23);
    memcpy(&m, &bits, sizeof m);
    s = (m - 1.0F) / (m + 1.0F);
    t = s * s;
    t = s * (2.0F + t * (0.6666667F + t * (0.4F + t * (0.28571429F + t * 0.22222222F))));
    return (float)exponent * 0.69314718F + t;
}

static inline float with_sign(float x, uint32_t sign)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    bits ^= sign;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Box and Muller 1958: two numbers from a distance and an angle, which is a multiple of pi/2 and
 * the rest in [-pi/4, pi/4). */
static void pair(const uint32_t *distance, const uint32_t *angle, float *restrict a,
                 float *restrict b)
{
    for (int i = 0; i < QUARTER; i++) {
        float u = ((float)(int32_t)(distance[i] >> 1) + 0.5F) * 0x1p-31F;
        float squared = -2.0F * log_of(u);
        float r = sqrtf(squared > 0 ? squared : 0); /* rounding can leave ln 1 above 0 */
        float x = (float)(int32_t)(angle[i] << 2) * (0x1p-32F * 1.5707963F);
        float y = x * x;
        float sine = x * (1 + y * (-0.16666667F + y * (8.3333333e-3F - y * 1.9841270e-4F)));
        float cosine = 1 + y * (-0.5F + y * (4.1666667e-2F + y * (-1.3888889e-3F + y * 2.48e-5F)));
        uint32_t quadrant = angle[i] + 0x20000000U; /* to the nearest, in two bits */
        uint32_t turned = quadrant >> 30 & 1, back = quadrant >> 31;
        a[i] = r * with_sign(turned ? sine : cosine, (back ^ turned) << 31);
        b[i] = r * with_sign(turned ? cosine : sine, back << 31);
    }
}

static void make_group(uint64_t seed, uint64_t stream, int64_t group, float values[GROUP])
{
    uint32_t words[4][QUARTER];

    draw(seed, stream, (uint64_t)group * QUARTER, words);
    pair(words[0], words[1], values, values + QUARTER);
    pair(words[2], words[3], values + 2 * QUARTER, values + 3 * QUARTER);
}

void vsh_normal_fill(uint64_t seed, uint64_t stream, int64_t first, int64_t count, float deviation,
                     float *values)
{
    assert(first >= 0 && count >= 0);
    while (count > 0) {
        float made[GROUP];
        int64_t skip = first % GROUP, take = GROUP - skip < count ? GROUP - skip : count;
        make_group(seed, stream, first / GROUP, made);
        for (int64_t i = 0; i < take; i++)
            values[i] = deviation * made[skip + i];
        values += take;
        first += take;
        count -= take;
    }
}
