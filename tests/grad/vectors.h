/* What the tests of the vector kernels share: arrays of a stored type beside their exact values,
 * and checks that run for every instruction set of this processor, both stored types and edges of
 * shapes, with one thread and with two, which must give the same bits. */
#ifndef VSH_TESTS_VECTORS_H
#define VSH_TESTS_VECTORS_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"
#include "trainer/nn/nn.h"

/* data: count elements, then a guard; exact: the same values. */
typedef struct {
    vsh_element element;
    int64_t count;
    void *data;
    double *exact;
} array;

enum { GUARD = 64, GUARD_BYTE = 0xa5 };

static vsh_arena vectors_room;  /* memory of one check */
static uint64_t vectors_digest; /* of all that a check produced (FNV-1a) */
static char vectors_where[64];  /* which check, for messages */

static inline void *room_for(int64_t count, size_t size)
{
    void *room = vsh_alloc(&vectors_room, (size_t)(count ? count : 1), size);

    REQUIRE(room != NULL);
    return room;
}

static inline double array_get(const array *a, int64_t i)
{
    return a->element == VSH_F32 ? (double)((const float *)a->data)[i]
                                 : (double)vsh_float_of_bf16(((const vsh_bf16 *)a->data)[i]);
}

/* value is rounded to the stored type; exact is what it became. */
static inline void array_set(array *a, int64_t i, double value)
{
    if (a->element == VSH_F32)
        ((float *)a->data)[i] = (float)value;
    else
        ((vsh_bf16 *)a->data)[i] = vsh_bf16_of_float((float)value);
    a->exact[i] = array_get(a, i);
}

/* Uniform in [least, most); stream tells arrays of one check apart. */
static inline array array_of(vsh_element element, int64_t count, double least, double most,
                             uint64_t stream)
{
    array a = {element, count, room_for(count + GUARD, 4), room_for(count, sizeof(double))};

    memset(vsh_at(a.data, element, count), GUARD_BYTE, GUARD * vsh_element_bytes(element));
    for (int64_t i = 0; i < count; i++)
        array_set(&a, i, least + (most - least) * vsh_random_uniform(1, stream, (uint64_t)i));
    return a;
}

static inline double *doubles(int64_t count, const double *from)
{
    double *copy = room_for(count, sizeof *copy);

    if (from)
        memcpy(copy, from, (size_t)count * sizeof *copy);
    return copy;
}

static inline void digest(const void *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        vectors_digest = (vectors_digest ^ ((const unsigned char *)data)[i]) * 0x100000001b3u;
}

/* One rounding to the stored type, and a few to fp32 on the way. */
static inline double tolerance(vsh_element element) { return element == VSH_F32 ? 1e-5 : 1e-2; }

/* No element is further from want than tolerance of the greatest of its row, or of floor; nothing
 * was written behind the last. */
static inline void check_array(const char *what, const array *a, int64_t width, const double *want,
                               double floor, double bound)
{
    const unsigned char *guard = vsh_at_const(a->data, a->element, a->count);
    double worst = 0;
    bool intact = true;

    for (int64_t first = 0; first < a->count; first += width) {
        double scale = floor;
        for (int64_t i = first; i < first + width; i++)
            scale = fmax(scale, fabs(want[i]));
        for (int64_t i = first; i < first + width; i++) {
            double off = fabs(array_get(a, i) - want[i]) / scale;
            worst = off <= worst ? worst : off;
        }
    }
    for (size_t i = 0; i < GUARD * vsh_element_bytes(a->element); i++)
        intact = intact && guard[i] == GUARD_BYTE;
    if (!(worst <= bound) || !intact)
        fprintf(stderr, "%s: %s\n", vectors_where, what);
    CHECK_NEAR(worst, 0, 0, bound);
    CHECK(intact);
    digest(a->data, (size_t)a->count * vsh_element_bytes(a->element));
}

typedef void vectors_check(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width);

static const char *const vectors_sets[] = {"plain", "avx2", "avx512"};
enum { SETS = sizeof vectors_sets / sizeof vectors_sets[0] };

static inline vsh_pool *pool_of(int threads)
{
    vsh_arena *arena = vsh_test_arena();
    vsh_pool *pool = NULL;
    vsh_error err;
    void *scratch = vsh_alloc(arena, (size_t)threads, VSH_SCRATCH_BYTES);

    REQUIRE(scratch != NULL);
    REQUIRE_OK(vsh_pool_start(arena, threads, scratch, VSH_SCRATCH_BYTES, &pool, &err), &err);
    return pool;
}

static inline uint64_t digest_of(vectors_check *check, const vsh_nn *nn, vsh_element element,
                                 int64_t rows, int64_t width)
{
    snprintf(vectors_where, sizeof vectors_where, "%s %s, %ld rows of %ld", nn->kernels->name,
             element == VSH_F32 ? "fp32" : "bf16", (long)rows, (long)width);
    vectors_digest = 0xcbf29ce484222325u;
    check(nn, element, rows, width);
    vsh_arena_free(&vectors_room);
    return vectors_digest;
}

/* The check for every set of instructions, both types, one shape; 1 and 2 threads agree. */
static inline void with_shape(vectors_check *check, int64_t rows, int64_t width)
{
    vsh_pool *one = pool_of(1), *two = pool_of(2);

    for (int i = 0; i < SETS; i++)
        for (vsh_element element = 0; element < VSH_ELEMENT_COUNT; element++) {
            vsh_nn nn = {one, vsh_kernels_named(vectors_sets[i]), NULL};
            uint64_t first;
            if (!nn.kernels)
                continue;
            first = digest_of(check, &nn, element, rows, width);
            nn.pool = two;
            CHECK(digest_of(check, &nn, element, rows, width) == first);
        }
    vsh_pool_stop(one);
    vsh_pool_stop(two);
}

/* At the edges: widths around those of the vectors, rows around those of a block. */
static inline void everywhere(vectors_check *check)
{
    static const int64_t widths[] = {1, 3, 17, 64, 100, 513}, rows[] = {1, 65, 130};

    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
            with_shape(check, rows[r], widths[w]);
}

#endif
