/* Inner loops of the optimizers: update_kernels.h says what they compute. A loop's body handles n
 * elements from i on; n is LANES except at the end of a run. It is written once for both types of
 * gradient: the type is a constant where it is called from. */
#include "trainer/nn/update_kernels.h"

#define UPDATE_INLINE static inline __attribute__((always_inline))

UPDATE_INLINE vf update_load(const float *from, int64_t n)
{
    return n == LANES ? vf_load(from) : vf_load_part(from, n, 0);
}
UPDATE_INLINE void update_store(float *to, vf value, int64_t n)
{
    if (n == LANES)
        vf_store(to, value);
    else
        vf_store_part(to, value, n);
}

UPDATE_INLINE vf update_gradient(const void *gradient, vsh_element element, int64_t i, int64_t n)
{
    const vsh_bf16 *narrow = gradient;

    if (element == VSH_F32)
        return update_load((const float *)gradient + i, n);
    return n == LANES ? vf_load_bf16(narrow + i) : vf_load_bf16_part(narrow + i, n, 0);
}

UPDATE_INLINE void update_weight(const vsh_update_run *run, vsh_element element, int64_t i,
                                 int64_t n, vf weight)
{
    update_store(run->weight + i, weight, n);
    if (element == VSH_F32)
        return;
    if (n == LANES)
        vf_store_bf16(run->rounded + i, weight);
    else
        vf_store_bf16_part(run->rounded + i, weight, n);
}

/* The compiler makes one instruction of it. */
static inline vf update_sqrt(vf x)
{
    vf root;

    for (int i = 0; i < LANES; i++)
        root[i] = __builtin_sqrtf(x[i]);
    return root;
}

/* A function for each type of gradient, of the arguments that follow the type; give is "return" or
 * nothing. */
#define UPDATE_BOTH(result, give, name, parameters, ...)                                           \
    static result name##_f32 parameters { give name(VSH_F32, __VA_ARGS__); }                       \
    static result name##_b16 parameters { give name(VSH_B16, __VA_ARGS__); }

/* ---- AdamW --------------------------------------------------------------------------------- */

UPDATE_INLINE void update_adamw_lanes(vsh_element element, const vsh_adamw_factors *f,
                                      const vsh_update_run *run, int64_t i, int64_t n)
{
    vf g = update_gradient(run->gradient, element, i, n) * f->scale;
    vf m = update_load(run->moment1 + i, n), v = update_load(run->moment2 + i, n);
    vf w = update_load(run->weight + i, n);

    m += f->new1 * (g - m);
    v += f->new2 * (g * g - v);
    w = f->keep * w - f->step * m / (f->root * update_sqrt(v) + f->epsilon);
    update_store(run->moment1 + i, m, n);
    update_store(run->moment2 + i, v, n);
    update_weight(run, element, i, n, w);
}

UPDATE_INLINE void update_adamw(vsh_element element, const vsh_adamw_factors *factors,
                                const vsh_update_run *given)
{
    const vsh_adamw_factors f = *factors; /* copies: the stores could change what is pointed to */
    const vsh_update_run run = *given;
    int64_t i = 0;

    for (; i + LANES <= run.count; i += LANES)
        update_adamw_lanes(element, &f, &run, i, LANES);
    if (i < run.count)
        update_adamw_lanes(element, &f, &run, i, run.count - i);
}
UPDATE_BOTH(void, , update_adamw, (const vsh_adamw_factors *factors, const vsh_update_run *run),
            factors, run)

/* ---- SGD ----------------------------------------------------------------------------------- */

UPDATE_INLINE void update_sgd_lanes(vsh_element element, const vsh_sgd_factors *f,
                                    const vsh_update_run *run, int64_t i, int64_t n)
{
    vf g = update_gradient(run->gradient, element, i, n);
    vf m = f->momentum * update_load(run->moment1 + i, n) + f->scale * g;
    vf w = f->keep * update_load(run->weight + i, n) - f->rate * m;

    update_store(run->moment1 + i, m, n);
    update_weight(run, element, i, n, w);
}

UPDATE_INLINE void update_sgd(vsh_element element, const vsh_sgd_factors *factors,
                              const vsh_update_run *given)
{
    const vsh_sgd_factors f = *factors;
    const vsh_update_run run = *given;
    int64_t i = 0;

    for (; i + LANES <= run.count; i += LANES)
        update_sgd_lanes(element, &f, &run, i, LANES);
    if (i < run.count)
        update_sgd_lanes(element, &f, &run, i, run.count - i);
}
UPDATE_BOTH(void, , update_sgd, (const vsh_sgd_factors *factors, const vsh_update_run *run),
            factors, run)

/* ---- the norm ------------------------------------------------------------------------------ */

/* Sixteen sums whatever the vectors, and squares that are exact in double: the same bits for every
 * instruction set. */
enum { UPDATE_SUMS = 16 };

UPDATE_INLINE double update_squares(vsh_element element, const void *gradient, int64_t count)
{
    double sums[UPDATE_SUMS] = {0};
    int64_t i = 0;

    for (; i + UPDATE_SUMS <= count; i += UPDATE_SUMS)
        for (int j = 0; j < UPDATE_SUMS; j++) {
            float g = element == VSH_F32 ? ((const float *)gradient)[i + j]
                                         : vsh_float_of_bf16(((const vsh_bf16 *)gradient)[i + j]);
            sums[j] += (double)g * (double)g;
        }
    for (; i < count; i++) {
        float g = element == VSH_F32 ? ((const float *)gradient)[i]
                                     : vsh_float_of_bf16(((const vsh_bf16 *)gradient)[i]);
        sums[i % UPDATE_SUMS] += (double)g * (double)g;
    }
    for (int half = UPDATE_SUMS / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            sums[j] += sums[j + half];
    return sums[0];
}
UPDATE_BOTH(double, return, update_squares, (const void *gradient, int64_t count), gradient, count)

/* ---- Adafactor ----------------------------------------------------------------------------- */

UPDATE_INLINE vf update_square_lanes(vsh_element element, const void *gradient, float *col,
                                     int64_t i, int64_t n)
{
    vf g = update_gradient(gradient, element, i, n);

    update_store(col, update_load(col, n) + g * g, n);
    return g * g;
}

UPDATE_INLINE void update_tile_squares(vsh_element element, const vsh_update_tile *tile,
                                       double *row, double *col)
{
    float sums[VSH_UPDATE_TILE_COLS] = {0};

    for (int64_t r = 0; r < tile->rows; r++) {
        const void *gradient = vsh_at_const(tile->gradient, element, r * tile->stride);
        vf sum = vf_all(0);
        int64_t c = 0;
        for (; c + LANES <= tile->cols; c += LANES)
            sum += update_square_lanes(element, gradient, sums + c, c, LANES);
        if (c < tile->cols)
            sum += update_square_lanes(element, gradient, sums + c, c, tile->cols - c);
        row[r] += (double)vf_sum(sum);
    }
    for (int64_t c = 0; c < tile->cols; c++)
        col[c] = (double)sums[c];
}
UPDATE_BOTH(void, , update_tile_squares, (const vsh_update_tile *tile, double *row, double *col),
            tile, row, col)

UPDATE_INLINE double update_tile_update(vsh_element element, const vsh_update_tile *tile,
                                        const float *row, const float *col)
{
    double total = 0;

    for (int64_t r = 0; r < tile->rows; r++) {
        const void *gradient = vsh_at_const(tile->gradient, element, r * tile->stride);
        vf sum = vf_all(0), factor = vf_all(row[r]);
        int64_t c = 0;
        for (; c + LANES <= tile->cols; c += LANES) {
            vf u = update_gradient(gradient, element, c, LANES) * factor * vf_load(col + c);
            sum += u * u;
        }
        if (c < tile->cols) {
            int64_t n = tile->cols - c;
            vf u = update_gradient(gradient, element, c, n) * factor * update_load(col + c, n);
            sum += u * u;
        }
        total += (double)vf_sum(sum);
    }
    return total;
}
UPDATE_BOTH(double, return, update_tile_update,
            (const vsh_update_tile *tile, const float *row, const float *col), tile, row, col)

UPDATE_INLINE void update_scaled_lanes(vsh_element element, float keep, float step,
                                       const vsh_update_run *run, int64_t i, int64_t n)
{
    vf g = update_gradient(run->gradient, element, i, n);
    vf w = update_load(run->weight + i, n);

    update_weight(run, element, i, n, keep * w - step * g * update_load(run->moment1 + i, n));
}

UPDATE_INLINE void update_scaled(vsh_element element, float keep, float step,
                                 const vsh_update_run *given)
{
    const vsh_update_run run = *given;
    int64_t i = 0;

    for (; i + LANES <= run.count; i += LANES)
        update_scaled_lanes(element, keep, step, &run, i, LANES);
    if (i < run.count)
        update_scaled_lanes(element, keep, step, &run, i, run.count - i);
}
UPDATE_BOTH(void, , update_scaled, (float keep, float step, const vsh_update_run *run), keep, step,
            run)

/* ---- codes of 8 bits ----------------------------------------------------------------------- */

typedef uint8_t update_bytes __attribute__((vector_size(LANES)));

/* By way of 16 bits: in one step gcc 12 goes element by element. */
UPDATE_INLINE vi update_load_bytes(const uint8_t *from)
{
    update_bytes bytes;

    memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(__builtin_convertvector(bytes, vh), vi);
}
UPDATE_INLINE void update_store_bytes(uint8_t *to, vi value)
{
    update_bytes bytes = __builtin_convertvector(__builtin_convertvector(value, vh), update_bytes);

    memcpy(to, &bytes, sizeof bytes);
}

UPDATE_INLINE vi update_choose(vi mask, vi a, vi b) { return (a & mask) | (b & ~mask); }

/* 10^power for powers from 0 to 7. */
UPDATE_INLINE vf update_ten(vi power)
{
    vf one = vf_all(1), ten = vf_choose((power & 1) != 0, vf_all(10), one);

    ten *= vf_choose((power & 2) != 0, vf_all(100), one);
    return ten * vf_choose((power & 4) != 0, vf_all(10000), one);
}

/* The exponent of the code as a float is the place of its leading bit, its mantissa the fraction
 * of the decade. first is the leading bit's place in the lowest decade. */
UPDATE_INLINE vf update_decode_magnitude(vi code, int first)
{
    vi bits = (vi) __builtin_convertvector(code, vf), exponent = bits >> 23;
    vf fraction = (vf)((bits & 0x7fffff) | 0x3f800000) - vf_all(1);
    vf half = (vf)((vi_all(253) - exponent) << 23); /* of a piece: 2^-(leading bit) / 2 */
    vf decade = update_ten(exponent - vi_all(127 + first)) * vf_all(1e-6F);

    return decade * (vf_all(0.1F) + vf_all(0.9F) * (fraction + half));
}

UPDATE_INLINE void update_decode(int first, const uint8_t *codes, float scale, int64_t count,
                                 float *values)
{
    for (int64_t i = 0; i < count; i += LANES) {
        vi code = update_load_bytes(codes + i);
        vi sign = first == 0 ? (code & 0x80) << 24 : vi_all(0);
        vi size = first == 0 ? code & 0x7f : code;
        vi one = first == 0 ? code == 0x80 : code == 1;
        vf value = vf_choose(size == 0, vf_all(0), update_decode_magnitude(size, first));
        value = (vf)((vi)value | sign);
        vf_store(values + i, vf_choose(one, vf_all(1), value) * scale);
    }
}
static void update_decode_signed(const uint8_t *codes, float scale, int64_t count, float *values)
{
    update_decode(0, codes, scale, count, values);
}
static void update_decode_unsigned(const uint8_t *codes, float scale, int64_t count, float *values)
{
    update_decode(1, codes, scale, count, values);
}

/* Lifts x by 10^power where it is below 1 / 10^power. */
UPDATE_INLINE vf update_lift(vf x, float below, float factor, int power, vi *lifted)
{
    vi mask = x < below;

    *lifted |= mask & power;
    return vf_choose(mask, x * factor, x);
}

/* The code of the piece that x, in [0, 1], lies in: the pieces of its decade and those below. */
UPDATE_INLINE vi update_encode_magnitude(vf x, int first)
{
    vi lifted = vi_all(0);
    vf at = update_lift(x, 1e-4F, 1e4F, 4, &lifted);

    at = update_lift(at, 1e-2F, 1e2F, 2, &lifted);
    at = update_lift(at, 1e-1F, 1e1F, 1, &lifted);
    vf pieces = (vf)((vi_all(127 + 6 + first) - lifted) << 23);
    at = (at - vf_all(0.1F)) * vf_all(1 / 0.9F) * pieces;
    at = vf_max(vf_min(at, pieces - vf_all(1)), vf_all(0));
    return __builtin_convertvector(pieces + at, vi) & (x >= 1e-7F);
}

/* The largest value has a code of its own, so that it comes back whole. An unsigned value that is
 * not 0 does not become 0 either: it is what an update is divided by. */
UPDATE_INLINE float update_encode(int first, const float *values, int64_t count, uint8_t *codes)
{
    const vf one = vf_all(0.9999998F); /* what rounding leaves of 1 */
    const vf none = vf_all(0);
    vf most = none;
    float scale, inverse;

    for (int64_t i = 0; i < count; i += LANES)
        most = vf_max(most, vf_max(vf_load(values + i), -vf_load(values + i)));
    scale = vf_max_of(most);
    inverse = scale > 0 ? 1 / scale : 0;
    for (int64_t i = 0; i < count; i += LANES) {
        vf value = vf_load(values + i), x = vf_max(value, -value) * inverse;
        vi code = update_encode_magnitude(x, first);
        if (first == 0) {
            code |= (value < none) & 0x80 & (code != 0);
            code = update_choose(value * inverse > one, vi_all(0x80), code);
        } else {
            code |= (value > none) & 2 & (code == 0);
            code = update_choose(x > one, vi_all(1), code);
        }
        update_store_bytes(codes + i, code);
    }
    return scale;
}
static float update_encode_signed(const float *values, int64_t count, uint8_t *codes)
{
    return update_encode(0, values, count, codes);
}
static float update_encode_unsigned(const float *values, int64_t count, uint8_t *codes)
{
    return update_encode(1, values, count, codes);
}
