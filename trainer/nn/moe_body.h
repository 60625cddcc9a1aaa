/* Router: LANES tokens at a time, transposed, so that a lane is a token and a step an expert. Then
 * every sum, maximum and search runs down the experts without looking across lanes, and any number
 * of experts fills the vectors. */
#ifndef VSH_MOE_BODY_ONCE /* the router is fp32 whatever is stored */
#define VSH_MOE_BODY_ONCE

#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* {a0 b0 a1 b1 ...} of the lower halves, or of the upper. */
static inline vf gate_weave(vf a, vf b, int from)
{
    vi order;

    for (int i = 0; i < LANES; i++)
        order[i] = from + i / 2 + (i & 1) * LANES;
    return __builtin_shuffle(a, b, order);
}

/* Each stage turns the bits of (row, column) by one; log2(LANES) of them transpose. */
static inline void gate_transpose(vf v[LANES])
{
    for (int stage = 1; stage < LANES; stage *= 2) {
        vf next[LANES];
        for (int i = 0; i < LANES / 2; i++) {
            next[2 * i] = gate_weave(v[i], v[i + LANES / 2], 0);
            next[2 * i + 1] = gate_weave(v[i], v[i + LANES / 2], LANES / 2);
        }
        memcpy(v, next, sizeof next);
    }
}

/* tile (count,LANES) from rows (LANES,count); lanes beyond the last row repeat it. */
static void gate_tile_in(int64_t count, int64_t lanes, const float *rows, float *tile)
{
    int64_t c = 0;

    for (; c + LANES <= count; c += LANES) {
        vf v[LANES];
        for (int64_t i = 0; i < LANES; i++)
            v[i] = vf_load(rows + (i < lanes ? i : lanes - 1) * count + c);
        gate_transpose(v);
        for (int64_t i = 0; i < LANES; i++)
            vf_store(tile + (c + i) * LANES, v[i]);
    }
    for (; c < count; c++)
        for (int64_t i = 0; i < LANES; i++)
            tile[c * LANES + i] = rows[(i < lanes ? i : lanes - 1) * count + c];
}

/* rows (lanes,count) from tile (count,LANES); bits are moved, which may be those of integers. */
static void gate_tile_out(int64_t count, int64_t lanes, const float *tile, float *rows)
{
    int64_t c = 0;

    for (; c + LANES <= count; c += LANES) {
        vf v[LANES];
        for (int64_t i = 0; i < LANES; i++)
            v[i] = vf_load(tile + (c + i) * LANES);
        gate_transpose(v);
        for (int64_t i = 0; i < lanes; i++)
            vf_store(rows + i * count + c, v[i]);
    }
    for (; c < count; c++)
        for (int64_t i = 0; i < lanes; i++)
            memcpy(rows + i * count + c, tile + c * LANES + i, sizeof *rows);
}

/* log x of normal x > 0, or NaN: the mantissa moved into [sqrt 1/2, sqrt 2), where the series of
 * 2 artanh((m - 1) / (m + 1)) to the ninth power is good to 1e-9. */
static inline vf gate_log(vf x)
{
    vi bits = (vi)x, exponent = (bits - vi_all(0x3f3504f3)) >> 23;
    vf m = vf_bits(bits - (exponent << 23)), f = m - vf_all(1.0F);
    vf s = f / (f + vf_all(2.0F)), s2 = s * s;
    vf p = s2 * vf_all(0.22222222F) + vf_all(0.28571429F);
    vf whole = __builtin_convertvector(exponent, vf);

    p = p * s2 + vf_all(0.4F);
    p = p * s2 + vf_all(0.66666667F);
    return vf_choose(x != x, x, whole * vf_all(0.69314718F) + (s * s2 * p + (s + s)));
}

/* Of each lane's logits: the largest, and the sum of exponentials beside it. */
static inline void gate_exponentials(int64_t experts, const float *logits, float *exponentials,
                                     vf *most, vf *sum)
{
    *most = vf_load(logits);
    *sum = vf_all(0.0F);
    for (int64_t e = 1; e < experts; e++)
        *most = vf_max(*most, vf_load(logits + e * LANES));
    for (int64_t e = 0; e < experts; e++) {
        vf value = vf_exp(vf_load(logits + e * LANES) - *most);
        vf_store(exponentials + e * LANES, value);
        *sum += value;
    }
}

static inline void gate_scale(int64_t experts, float *tile, vf scale)
{
    for (int64_t e = 0; e < experts; e++)
        vf_store(tile + e * LANES, vf_load(tile + e * LANES) * scale);
}

/* Writes p (E,LANES), log sum exp of the logits, and what makes a lane's p sum to 1. A sum that is
 * nothing stays nothing instead of becoming a NaN. */
static inline void gate_probabilities(const vsh_gate_rows *g, const float *logits, float *p,
                                      vf *lse, vf *to_share)
{
    vf most, sum, whole = vf_all(0.0F);

    if (!g->sigmoid || g->square) {
        gate_exponentials(g->experts, logits, p, &most, &sum);
        *lse = most + gate_log(sum);
    }
    if (!g->sigmoid) {
        gate_scale(g->experts, p, vf_all(1.0F) / sum);
        *to_share = vf_all(1.0F);
        return;
    }
    for (int64_t e = 0; e < g->experts; e++) {
        vf value = vf_all(1.0F) / (vf_all(1.0F) + vf_exp(-vf_load(logits + e * LANES)));
        vf_store(p + e * LANES, value);
        whole += value;
    }
    *to_share = vf_all(1.0F) / vf_max(whole, vf_all(1.17549435e-38F));
}

/* Integers in the order of the floats, so that NaN and what is taken have a place below all:
 * a choice is always top_k different experts. Adding 0 makes -0 equal to 0. */
enum { GATE_TAKEN = INT32_MIN, GATE_NAN };

static inline void gate_keys(int64_t experts, const float *scores, const float *bias, float *keys)
{
    for (int64_t e = 0; e < experts; e++) {
        vf score = vf_load(scores + e * LANES) + vf_all(bias ? bias[e] : 0.0F);
        vi bits = (vi)score, key = bits ^ ((bits >> 31) & vi_all(INT32_MAX));
        key = (vi)vf_choose(score != score, (vf)vi_all(GATE_NAN), (vf)key);
        vf_store(keys + e * LANES, (vf)key);
    }
}

/* choice and weight (k,LANES): the k largest keys, the lower expert of equals. */
static inline void gate_choose(int64_t experts, int64_t k, float *keys, const float *p,
                               float *choice, float *weight)
{
    vi last = vi_all(-1);

    for (int64_t j = 0; j < k; j++) {
        vi best = vi_all(GATE_TAKEN), at = vi_all(0);
        vf value = vf_all(0.0F);
        for (int64_t e = 0; e < experts; e++) {
            vi expert = vi_all((int32_t)e), better, key = (vi)vf_load(keys + e * LANES);
            key = (vi)vf_choose(last == expert, (vf)vi_all(GATE_TAKEN), (vf)key);
            vf_store(keys + e * LANES, (vf)key);
            better = key > best;
            best = (vi)vf_choose(better, (vf)key, (vf)best);
            at = (vi)vf_choose(better, (vf)expert, (vf)at);
            value = vf_choose(better, vf_load(p + e * LANES), value);
        }
        vf_store(choice + j * LANES, (vf)at);
        vf_store(weight + j * LANES, value);
        last = at;
    }
}

static inline void gate_normalize(int64_t k, float *weight)
{
    vf sum = vf_all(0.0F);

    for (int64_t j = 0; j < k; j++)
        sum += vf_load(weight + j * LANES);
    gate_scale(k, weight, vf_all(1.0F) / vf_max(sum, vf_all(1.17549435e-38F)));
}

/* Tokens [row, row + lanes). */
static void gate_tile(const vsh_gate_rows *g, int64_t row, int64_t lanes)
{
    enum { COLUMN = VSH_EXPERTS_MAX * LANES };
    float *keys = g->room, *p = keys + COLUMN, *choice = p + COLUMN, *weight = choice + COLUMN;
    float *out = g->probability + row * g->experts;
    vf lse = vf_all(0.0F), to_share;

    gate_tile_in(g->experts, lanes, g->logits + row * g->experts, keys);
    gate_probabilities(g, keys, p, &lse, &to_share);
    /* without a bias the logits decide: their order is that of p before rounding */
    gate_keys(g->experts, g->bias ? p : keys, g->bias, keys);
    gate_choose(g->experts, g->top_k, keys, p, choice, weight);
    if (g->normalize)
        gate_normalize(g->top_k, weight);
    gate_tile_out(g->experts, lanes, p, out);
    gate_tile_out(g->top_k, lanes, weight, g->weight + row * g->top_k);
    gate_tile_out(g->top_k, lanes, choice, (float *)(void *)g->choice + row * g->top_k);
    for (int64_t i = 0; g->share && i < lanes; i++)
        for (int64_t e = 0; e < g->experts; e++)
            g->share[e] += (double)(out[i * g->experts + e] * to_share[i]);
    for (int64_t i = 0; g->square && i < lanes; i++)
        *g->square += (double)lse[i] * (double)lse[i];
}

static void gate_rows(const vsh_gate_rows *g)
{
    for (int64_t row = 0; row < g->rows; row += LANES)
        gate_tile(g, row, g->rows - row < LANES ? g->rows - row : LANES);
}

/* Both losses and, of a softmax that is not normalized over the chosen, what its chosen take from
 * all: d (E,LANES) from p (E,LANES) and taken, the sum of weight dweight of a lane. */
static inline void gate_back_softmax(const vsh_gate_back_rows *g, const float *p, vf taken, vf lse,
                                     float *d)
{
    vf base = g->normalize ? vf_all(0.0F) : taken;

    for (int64_t e = 0; e < g->experts; e++)
        base += vf_all(g->pull[e]) * vf_load(p + e * LANES);
    base -= vf_all(g->z) * lse;
    for (int64_t e = 0; e < g->experts; e++)
        vf_store(d + e * LANES, vf_load(p + e * LANES) * (vf_all(g->pull[e]) - base));
}

/* d (E,LANES) holds the softmax of the logits, or zeros when there is no z-loss. */
static inline void gate_back_sigmoid(const vsh_gate_back_rows *g, const float *p, vf lse, float *d)
{
    vf whole = vf_all(0.0F), base = vf_all(0.0F), to_share;

    for (int64_t e = 0; e < g->experts; e++) {
        whole += vf_load(p + e * LANES);
        base += vf_all(g->pull[e]) * vf_load(p + e * LANES);
    }
    to_share = vf_all(1.0F) / vf_max(whole, vf_all(1.17549435e-38F));
    base *= to_share;
    for (int64_t e = 0; e < g->experts; e++) {
        vf score = vf_load(p + e * LANES), q = score * to_share;
        vf_store(d + e * LANES, (vf_all(g->pull[e]) - base) * q * (vf_all(1.0F) - score) +
                                    vf_all(g->z) * lse * vf_load(d + e * LANES));
    }
}

/* The sum of weight dweight of a row: what normalizing, or the softmax, takes from every one. */
static inline float gate_taken(const vsh_gate_back_rows *g, int64_t row)
{
    float taken = 0;

    for (int64_t j = row * g->top_k; j < (row + 1) * g->top_k; j++)
        taken += g->weight[j] * g->dweight[j];
    return taken;
}

/* The chosen of one row. Weights over their sum make the sum cancel. */
static inline void gate_back_chosen(const vsh_gate_back_rows *g, int64_t row, float taken)
{
    for (int64_t j = row * g->top_k; j < (row + 1) * g->top_k; j++) {
        int64_t at = row * g->experts + g->choice[j];
        float d = g->weight[j] * (g->dweight[j] - (g->normalize ? taken : 0.0F));
        g->dlogits[at] += g->sigmoid ? d * (1.0F - g->probability[at]) : d;
    }
}

static void gate_back_tile(const vsh_gate_back_rows *g, int64_t row, int64_t lanes)
{
    enum { COLUMN = VSH_EXPERTS_MAX * LANES };
    float *p = g->room, *logits = p + COLUMN, *d = logits + COLUMN;
    vf most, sum, lse = vf_all(0.0F), taken = vf_all(0.0F);

    for (int64_t i = 0; i < lanes; i++)
        taken[i] = gate_taken(g, row + i);
    memset(d, 0, (size_t)(g->experts * LANES) * sizeof *d);
    gate_tile_in(g->experts, lanes, g->probability + row * g->experts, p);
    if (g->z != 0.0F) {
        gate_tile_in(g->experts, lanes, g->logits + row * g->experts, logits);
        gate_exponentials(g->experts, logits, d, &most, &sum);
        gate_scale(g->experts, d, vf_all(1.0F) / sum);
        lse = most + gate_log(sum);
    }
    if (g->sigmoid)
        gate_back_sigmoid(g, p, lse, d);
    else
        gate_back_softmax(g, p, taken, lse, d);
    gate_tile_out(g->experts, lanes, d, g->dlogits + row * g->experts);
    for (int64_t i = 0; i < lanes; i++)
        gate_back_chosen(g, row + i, taken[i]);
}

static void gate_back_rows(const vsh_gate_back_rows *g)
{
    for (int64_t row = 0; row < g->rows; row += LANES)
        gate_back_tile(g, row, g->rows - row < LANES ? g->rows - row : LANES);
}

/* ---- random numbers ------------------------------------------------------------------------ */

typedef uint64_t gate_vl __attribute__((vector_size(4 * LANES)));

/* The even lanes' products, 64 bits each. gcc does not find the instruction by itself. */
static inline gate_vl gate_multiply_even(gate_vl a, uint32_t by)
{
#if defined(__AVX512F__)
    return (gate_vl)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(by));
#elif defined(__AVX2__)
    return (gate_vl)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(by));
#elif defined(__SSE2__)
    return (gate_vl)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(by));
#else
    return (a & 0xffffffffU) * by;
#endif
}

/* 32 x 32 -> 64 bits, even and odd lanes apart; lanes count from the low end of a word. */
static inline void gate_multiply(vu a, uint32_t by, vu *high, vu *low)
{
    const gate_vl mask = (gate_vl){0} + 0xffffffffU;
    gate_vl even = gate_multiply_even((gate_vl)a, by);
    gate_vl odd = gate_multiply_even((gate_vl)a >> 32, by);

    *high = (vu)((even >> 32) | (odd & ~mask));
    *low = (vu)((even & mask) | (odd << 32));
}

/* The first word of vsh_philox({counter, stream}, seed) for counters first, first + 1, ... */
static inline vu gate_philox(uint64_t seed, uint64_t stream, uint64_t first)
{
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    vu w0 = (vu){0} + (uint32_t)first, w1 = (vu){0} + (uint32_t)(first >> 32);
    vu w2 = (vu){0} + (uint32_t)stream, w3 = (vu){0} + (uint32_t)(stream >> 32);

    for (int i = 0; i < LANES; i++)
        w0[i] += (uint32_t)i;
    w1 -= (vu)(w0 < (uint32_t)first); /* a true lane is -1: the carry */
    for (int round = 0; round < 10; round++) {
        vu high0, low0, high2, low2;
        gate_multiply(w0, 0xD2511F53U, &high0, &low0);
        gate_multiply(w2, 0xCD9E8D57U, &high2, &low2);
        w0 = high2 ^ w1 ^ key0;
        w1 = low2;
        w2 = high0 ^ w3 ^ key1;
        w3 = low0;
        key0 += 0x9E3779B9U;
        key1 += 0xBB67AE85U;
    }
    return w0;
}

/* 1 - amount + 2 amount u, u in (0,1) with 23 bits and a half. */
static inline vf gate_jitter(float amount, uint64_t seed, uint64_t stream, uint64_t first)
{
    vi word = (vi)(gate_philox(seed, stream, first) >> 9);
    vf u = (__builtin_convertvector(word, vf) + vf_all(0.5F)) * vf_all(0x1p-23F);

    return vf_all(1.0F - amount) + vf_all(2.0F * amount) * u;
}

#endif

static void OF(jitter_row)(int64_t count, float amount, uint64_t seed, uint64_t stream,
                           uint64_t first, const void *x, void *out)
{
    const E *from = x;
    E *to = out;
    int64_t i = 0;

    for (; i + LANES <= count; i += LANES)
        STORE(to + i, LOAD(from + i) * gate_jitter(amount, seed, stream, first + (uint64_t)i));
    if (i < count)
        STORE_PART(to + i,
                   LOAD_PART(from + i, count - i, 0.0F) *
                       gate_jitter(amount, seed, stream, first + (uint64_t)i),
                   count - i);
}

/* Four vectors at a time: enough sums in flight to hide the additions. */
static void OF(combine_row)(int64_t width, int64_t k, const int32_t *slot, const float *weight,
                            bool add, const void *rows, void *out)
{
    const E *from = rows;
    E *to = out;
    int64_t c = 0;

    for (; c + 4 * LANES <= width; c += 4 * LANES) {
        vf sum[4] = {{0}};
        for (int v = 0; add && v < 4; v++)
            sum[v] = LOAD(to + c + v * LANES);
        for (int64_t j = 0; j < k; j++) {
            vf w = vf_all(weight ? weight[j] : 1.0F);
            for (int v = 0; slot[j] >= 0 && v < 4; v++)
                sum[v] += w * LOAD(from + slot[j] * width + c + v * LANES);
        }
        for (int v = 0; v < 4; v++)
            STORE(to + c + v * LANES, sum[v]);
    }
    for (; c < width; c += LANES) {
        int64_t left = width - c < LANES ? width - c : LANES;
        vf sum = add ? LOAD_PART(to + c, left, 0.0F) : vf_all(0.0F);
        for (int64_t j = 0; j < k; j++)
            if (slot[j] >= 0)
                sum += vf_all(weight ? weight[j] : 1.0F) *
                       LOAD_PART(from + slot[j] * width + c, left, 0.0F);
        STORE_PART(to + c, sum, left);
    }
}
