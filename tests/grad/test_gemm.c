#include "trainer/nn/gemm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "gemm";

static vsh_error err;
static uint64_t drawn;

/* ---- engines --------------------------------------------------------------------------------- */

typedef struct {
    vsh_pool *pool;
    vsh_gemm_engine *engine;
} machine;

static machine start_with(int threads, const vsh_kernels *kernels, const vsh_gemm_options *options)
{
    machine m = {NULL};
    void *scratch = vsh_alloc(vsh_test_arena(), (size_t)threads, VSH_SCRATCH_BYTES);

    REQUIRE(scratch != NULL);
    REQUIRE_OK(vsh_pool_start(vsh_test_arena(), threads, scratch, VSH_SCRATCH_BYTES, &m.pool, &err),
               &err);
    REQUIRE_OK(vsh_gemm_open(vsh_test_arena(), m.pool, kernels, options, &m.engine, &err), &err);
    return m;
}

static void stop(machine *m)
{
    vsh_gemm_close(m->engine);
    vsh_pool_stop(m->pool);
}

/* Every way a product can be computed here. */
static const char *const isas[] = {"plain", "avx2", "avx512"};
static const char *const libraries[] = {NULL, "openblas", "onednn", "own"};
static const char *const unit_words[] = {NULL, "avx512", "none"};

/* ---- operands -------------------------------------------------------------------------------- */

/* A call with its operands, strides wider than the rows, and the double twin of its result. */
typedef struct {
    vsh_gemm_call call;
    double *want, *size; /* the exact result, and the sum of magnitudes behind it */
    int64_t c_rows;
} problem;

static float value_of(void) { return (float)(vsh_random_uniform(7, 0, drawn++) * 2 - 1); }

/* Values that the element stores exactly; beyond the matrix NaN, which nobody may read. */
static void *matrix(vsh_element element, int64_t rows, int64_t cols, int64_t stride)
{
    void *data =
        vsh_alloc(vsh_test_arena(), (size_t)(rows * stride + 1), vsh_element_bytes(element));

    REQUIRE(data != NULL);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < stride; j++) {
            float value = j < cols ? value_of() : NAN;
            if (element == VSH_F32)
                ((float *)data)[i * stride + j] = value;
            else
                ((vsh_bf16 *)data)[i * stride + j] = vsh_bf16_of_float(value);
        }
    return data;
}

static double element_at(vsh_element element, const void *data, int64_t i)
{
    return (double)(element == VSH_F32 ? ((const float *)data)[i]
                                       : vsh_float_of_bf16(((const vsh_bf16 *)data)[i]));
}

static vsh_element stored(const vsh_gemm_call *c) { return c->wide ? VSH_F32 : c->element; }

static double a_at(const vsh_gemm_call *c, int64_t i, int64_t k)
{
    return element_at(c->element, c->a, c->form == VSH_GEMM_TN ? k * c->lda + i : i * c->lda + k);
}

static double b_at(const vsh_gemm_call *c, int64_t k, int64_t j)
{
    return element_at(c->element, c->b, c->form == VSH_GEMM_NT ? j * c->ldb + k : k * c->ldb + j);
}

static void twin_of(const vsh_gemm_call *c, double *want, double *size)
{
    for (int64_t i = 0; i < c->m; i++)
        for (int64_t j = 0; j < c->n; j++) {
            double sum = c->add ? element_at(stored(c), c->c, i * c->ldc + j) : 0, all = fabs(sum);
            for (int64_t k = 0; k < c->k; k++) {
                double product = a_at(c, i, k) * b_at(c, k, j);
                sum += product;
                all += fabs(product);
            }
            want[i * c->ldc + j] = sum;
            size[i * c->ldc + j] = all;
        }
}

static problem make(vsh_gemm_form form, vsh_element element, bool add, int64_t m, int64_t n,
                    int64_t k)
{
    problem p = {.call = {.form = form, .element = element, .add = add, .m = m, .n = n, .k = k}};
    int64_t a_rows = form == VSH_GEMM_TN ? k : m, a_cols = form == VSH_GEMM_TN ? m : k;
    int64_t b_rows = form == VSH_GEMM_NT ? n : k, b_cols = form == VSH_GEMM_NT ? k : n;
    int64_t wider = (int64_t)(vsh_random_uniform(7, 0, drawn++) * 3) * 5;

    p.call.lda = a_cols + wider;
    p.call.ldb = b_cols + wider;
    p.call.ldc = n + wider;
    p.call.a = matrix(element, a_rows, a_cols, p.call.lda);
    p.call.b = matrix(element, b_rows, b_cols, p.call.ldb);
    p.call.c = matrix(element, m, n, p.call.ldc);
    p.want = vsh_alloc(vsh_test_arena(), (size_t)(m * p.call.ldc + 1), sizeof *p.want);
    p.size = vsh_alloc(vsh_test_arena(), (size_t)(m * p.call.ldc + 1), sizeof *p.size);
    REQUIRE(p.want && p.size);
    twin_of(&p.call, p.want, p.size);
    return p;
}

/* The same with fp32 sums. */
static problem make_wide(vsh_gemm_form form, bool add, int64_t m, int64_t n, int64_t k)
{
    problem p = make(form, VSH_B16, add, m, n, k);

    p.call.wide = true;
    p.call.c = matrix(VSH_F32, m, n, p.call.ldc);
    twin_of(&p.call, p.want, p.size);
    return p;
}

/* Any order of fp32 sums is within k half-ulps of the magnitudes, and bf16 rounds once more (8
 * bits); beyond the columns of c stands NaN still. */
static bool holds(const problem *p)
{
    const vsh_gemm_call *c = &p->call;

    for (int64_t i = 0; i < c->m; i++)
        for (int64_t j = 0; j < c->ldc; j++) {
            double got = element_at(stored(c), c->c, i * c->ldc + j),
                   want = p->want[i * c->ldc + j];
            double bound = p->size[i * c->ldc + j] * (double)(c->k + 2) * 0x1p-23 + 1e-30;
            if (stored(c) == VSH_B16)
                bound += fabs(want) * 0x1p-8 + 1e-30;
            if (j >= c->n ? !isnan(got) : !(fabs(got - want) <= bound)) {
                fprintf(stderr, "  %d %s%s m %d n %d k %d: c(%d,%d) is %g, wanted %g within %g\n",
                        (int)c->form, c->element == VSH_F32 ? "f32" : "b16", c->add ? " add" : "",
                        (int)c->m, (int)c->n, (int)c->k, (int)i, (int)j, got, want, bound);
                return false;
            }
        }
    return true;
}

/* Edges of one, below and above every vector, tile, strip, panel, chunk and block. */
static const int64_t shapes[][3] = {
    {1, 1, 1},       {1, 7, 3},     {2, 3, 130},    {5, 17, 31},   {8, 48, 64},   {9, 49, 65},
    {16, 16, 32},    {16, 96, 128}, {17, 50, 513},  {31, 33, 200}, {32, 64, 512}, {33, 65, 129},
    {47, 100, 1025}, {64, 64, 64},  {64, 200, 100}, {65, 257, 33}, {100, 20, 47}, {130, 300, 40},
    {513, 40, 17},   {40, 769, 66}, {600, 270, 5},  {20, 530, 40}, {3, 5, 0},     {0, 4, 4}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void check_everything(const machine *m, vsh_element element)
{
    for (int form = 0; form < VSH_GEMM_FORMS; form++)
        for (int i = 0; i < SHAPES; i++)
            for (int add = 0; add < 2; add++) {
                problem p = make((vsh_gemm_form)form, element, add != 0, shapes[i][0], shapes[i][1],
                                 shapes[i][2]);
                vsh_gemm(m->engine, &p.call);
                CHECK(holds(&p));
            }
}

static void fp32_products_agree_with_their_twin(void)
{
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++)
        for (size_t j = 0; j < sizeof libraries / sizeof libraries[0]; j++) {
            const vsh_kernels *kernels = vsh_kernels_named(isas[i]);
            machine m = {NULL};
            vsh_gemm_options options = {.blas = libraries[j]};
            vsh_gemm_engine *probe;
            if (!kernels || (libraries[j] && strcmp(libraries[j], "own") != 0 && i > 0))
                continue; /* the libraries are the same ones */
            m = start_with(1, kernels, NULL);
            if (vsh_gemm_open(vsh_test_arena(), m.pool, kernels, &options, &probe, NULL) ==
                VSH_OK) {
                vsh_gemm_close(m.engine);
                m.engine = probe;
                check_everything(&m, VSH_F32);
            }
            stop(&m);
        }
}

static void bf16_products_agree_with_their_twin(void)
{
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++)
        for (size_t j = 0; j < sizeof unit_words / sizeof unit_words[0]; j++) {
            const vsh_kernels *kernels = vsh_kernels_named(isas[i]);
            vsh_gemm_options options = {.units = unit_words[j]};
            machine m;
            if (!kernels || (j > 0 && strcmp(isas[i], "avx512") != 0))
                continue;
            m = start_with(1, kernels, &options);
            check_everything(&m, VSH_B16);
            stop(&m);
        }
}

static void sums_of_bf16_may_stay_in_fp32(void)
{
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
        const vsh_kernels *kernels = vsh_kernels_named(isas[i]);
        machine m;
        if (!kernels)
            continue;
        m = start_with(1, kernels, NULL);
        for (int form = 0; form < VSH_GEMM_FORMS; form++)
            for (int s = 0; s < SHAPES; s++) {
                problem p = make_wide((vsh_gemm_form)form, s % 2 != 0, shapes[s][0], shapes[s][1],
                                      shapes[s][2]);
                vsh_gemm(m.engine, &p.call);
                CHECK(holds(&p));
            }
        stop(&m);
    }
}

/* ---- eight bits ------------------------------------------------------------------------------ */

static float largest_of_row(const vsh_gemm_call *c, const void *data, int64_t ld, int64_t row)
{
    float most = 0;

    for (int64_t k = 0; k < c->k; k++)
        most = fmaxf(most, (float)fabs(element_at(c->element, data, row * ld + k)));
    return most;
}

static int quantized(const vsh_gemm_call *c, const void *data, int64_t at, float factor)
{
    return (int)rintf((float)element_at(c->element, data, at) * factor);
}

/* The integer twin: the same rounding, exact sums, one fp32 product at the end. */
static float int8_twin(const vsh_gemm_call *c, int64_t i, int64_t j, float a_most, float b_most)
{
    float a_factor = a_most > 0 ? 127.0F / a_most : 0, b_factor = b_most > 0 ? 127.0F / b_most : 0;
    int64_t sum = 0;

    for (int64_t k = 0; k < c->k; k++)
        sum += quantized(c, c->a, i * c->lda + k, a_factor) *
               quantized(c, c->b, j * c->ldb + k, b_factor);
    return (float)sum * (a_most / 127.0F * (b_most / 127.0F));
}

static bool int8_holds(const problem *p, const void *before)
{
    const vsh_gemm_call *c = &p->call;

    for (int64_t j = 0; j < c->n; j++) {
        float b_most = largest_of_row(c, c->b, c->ldb, j);
        for (int64_t i = 0; i < c->m; i++) {
            int64_t at = i * c->ldc + j;
            float a_most = largest_of_row(c, c->a, c->lda, i);
            double product = (double)int8_twin(c, i, j, a_most, b_most);
            double got = element_at(stored(c), c->c, at);
            double want = product + (c->add ? element_at(stored(c), before, at) : 0);
            double ulp = stored(c) == VSH_F32 ? (c->add ? 0x1p-23 : 0.0) : 0x1p-8;
            if (!(fabs(got - want) <= ulp * (fabs(want) + (c->add ? fabs(product) : 0)))) {
                fprintf(stderr, "  m %d n %d k %d: c(%d,%d) is %.9g, wanted %.9g\n", (int)c->m,
                        (int)c->n, (int)c->k, (int)i, (int)j, got, want);
                return false;
            }
        }
    }
    return true;
}

static void check_int8(const machine *m)
{
    for (int element = 0; element < VSH_ELEMENT_COUNT; element++)
        for (int i = 0; i < SHAPES; i++)
            for (int add = 0; add < 2; add++) {
                problem p = make(VSH_GEMM_NT, (vsh_element)element, add != 0, shapes[i][0],
                                 shapes[i][1], shapes[i][2]);
                size_t bytes = (size_t)(p.call.m * p.call.ldc) * vsh_element_bytes(p.call.element);
                void *before = vsh_alloc(vsh_test_arena(), bytes + 1, 1);
                REQUIRE(before != NULL);
                memcpy(before, p.call.c, bytes);
                p.call.int8 = true;
                vsh_gemm(m->engine, &p.call);
                CHECK(int8_holds(&p, before));
            }
}

static void int8_sums_are_those_of_the_integer_twin(void)
{
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++)
        for (size_t j = 0; j < sizeof unit_words / sizeof unit_words[0]; j++) {
            const vsh_kernels *kernels = vsh_kernels_named(isas[i]);
            vsh_gemm_options options = {.units = unit_words[j]};
            machine m;
            if (!kernels || (j > 0 && strcmp(isas[i], "avx512") != 0))
                continue;
            m = start_with(1, kernels, &options);
            check_int8(&m);
            stop(&m);
        }
}

static void int8_of_a_row_of_zeros_is_zero_and_a_nan_stays_one(void)
{
    machine m = start_with(1, vsh_kernels_find(), NULL);
    problem p = make(VSH_GEMM_NT, VSH_F32, false, 3, 40, 70);
    float *a = (float *)(size_t)p.call.a, *c = p.call.c;

    p.call.int8 = true;
    memset(a, 0, (size_t)p.call.k * sizeof *a);
    a[p.call.lda + 5] = NAN;
    vsh_gemm(m.engine, &p.call);
    for (int64_t j = 0; j < 40; j++) {
        CHECK(c[j] == 0.0F);
        CHECK(isnan(c[p.call.ldc + j]));
        CHECK(isfinite(c[2 * p.call.ldc + j]));
    }
    stop(&m);
}

/* ---- groups ---------------------------------------------------------------------------------- */

enum { GROUPS = 7 };
static const int32_t first[GROUPS + 1] = {0, 16, 16, 17, 81, 90, 390, 390};

/* The same product group by group through vsh_gemm's twin. */
static void check_grouped(const machine *m, vsh_gemm_form form, vsh_element element, bool int8,
                          bool add)
{
    const int64_t n = 83, k = 150, rows = first[GROUPS];
    bool tn = form == VSH_GEMM_TN;
    problem all = make(form, element, add, tn ? 70 : rows, n, tn ? rows : k);
    int64_t stride = tn ? 70 * all.call.ldc + 3 : (form == VSH_GEMM_NT ? n : k) * all.call.ldb + 3;
    problem one[GROUPS];

    if (tn)
        all.call.c = matrix(element, 1, GROUPS * stride, GROUPS * stride);
    else
        all.call.b = matrix(element, 1, GROUPS * stride, GROUPS * stride);
    all.call.int8 = int8;
    for (int g = 0; g < GROUPS; g++) {
        vsh_gemm_call c = all.call;
        c.a = vsh_at_const(c.a, element, first[g] * c.lda);
        c.m = tn ? c.m : first[g + 1] - first[g];
        c.k = tn ? first[g + 1] - first[g] : c.k;
        c.b = vsh_at_const(c.b, element, tn ? first[g] * c.ldb : g * stride);
        c.c = vsh_at(c.c, element, tn ? g * stride : first[g] * c.ldc);
        one[g] = (problem){.call = c};
        one[g].want = vsh_alloc(vsh_test_arena(), (size_t)(c.m * c.ldc + 1), sizeof(double));
        one[g].size = vsh_alloc(vsh_test_arena(), (size_t)(c.m * c.ldc + 1), sizeof(double));
        REQUIRE(one[g].want && one[g].size);
        twin_of(&c, one[g].want, one[g].size);
    }
    vsh_gemm_grouped(m->engine, &all.call, GROUPS, first, stride);
    for (int g = 0; g < GROUPS; g++) {
        one[g].call.ldc = all.call.ldc;
        if (int8)
            CHECK(add || int8_holds(&one[g], NULL));
        else
            for (int64_t i = 0; i < one[g].call.m; i++) {
                problem row = one[g]; /* a row at a time: what follows it is another's */
                row.call.m = 1;
                row.call.c = vsh_at(row.call.c, element, i * row.call.ldc);
                row.want += i * row.call.ldc;
                row.size += i * row.call.ldc;
                row.call.ldc = n;
                CHECK(holds(&row));
            }
    }
}

static void grouped_products_are_those_of_each_group(void)
{
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
        const vsh_kernels *kernels = vsh_kernels_named(isas[i]);
        machine m;
        if (!kernels)
            continue;
        m = start_with(2, kernels, NULL);
        for (int form = 0; form < VSH_GEMM_FORMS; form++)
            for (int element = 0; element < VSH_ELEMENT_COUNT; element++)
                for (int add = 0; add < 2; add++)
                    check_grouped(&m, (vsh_gemm_form)form, (vsh_element)element, false, add != 0);
        check_grouped(&m, VSH_GEMM_NT, VSH_F32, true, false);
        check_grouped(&m, VSH_GEMM_NT, VSH_B16, true, false);
        stop(&m);
    }
}

static void no_group_has_rows_and_nothing_is_written_but_zeros(void)
{
    static const int32_t empty[] = {0, 0, 0};
    machine m = start_with(2, vsh_kernels_find(), NULL);
    float a[4] = {1, 1, 1, 1}, c[18];
    vsh_gemm_call call = {.form = VSH_GEMM_TN, .m = 3, .n = 3, .a = a, .b = a, .c = c};

    call.lda = call.ldb = call.ldc = 3;
    for (int i = 0; i < 18; i++)
        c[i] = 5;
    call.add = true;
    vsh_gemm_grouped(m.engine, &call, 2, empty, 9);
    CHECK(c[0] == 5.0F && c[17] == 5.0F);
    call.add = false;
    vsh_gemm_grouped(m.engine, &call, 2, empty, 9);
    CHECK(c[0] == 0.0F && c[17] == 0.0F);
    c[0] = 5;
    call.form = VSH_GEMM_NT;
    vsh_gemm_grouped(m.engine, &call, 2, empty, 9);
    CHECK(c[0] == 5.0F);
    stop(&m);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *result_of(int threads, const vsh_gemm_call *call, const char *blas, size_t bytes)
{
    vsh_gemm_options options = {.blas = blas};
    machine m = start_with(threads, vsh_kernels_find(), &options);
    vsh_gemm_call own = *call;

    own.c = vsh_alloc(vsh_test_arena(), bytes, 1);
    REQUIRE(own.c != NULL);
    vsh_gemm(m.engine, &own);
    stop(&m);
    return own.c;
}

static void any_number_of_threads_gives_the_same_bits(void)
{
    static const int64_t sizes[][3] = {{300, 500, 130}, {16, 1000, 384}, {1100, 200, 70}};
    static const char *const words[] = {"openblas", "own", NULL};

    for (int form = 0; form < VSH_GEMM_FORMS; form++)
        for (int element = 0; element < VSH_ELEMENT_COUNT; element++)
            for (int i = 0; i < 3; i++)
                for (int word = 0; word < 3; word++) {
                    problem p = make((vsh_gemm_form)form, (vsh_element)element, false, sizes[i][0],
                                     sizes[i][1], sizes[i][2]);
                    size_t bytes =
                        (size_t)(p.call.m * p.call.ldc) * vsh_element_bytes(p.call.element);
                    void *one = result_of(1, &p.call, words[word], bytes);
                    CHECK(memcmp(one, result_of(2, &p.call, words[word], bytes), bytes) == 0);
                    CHECK(memcmp(one, result_of(3, &p.call, words[word], bytes), bytes) == 0);
                }
}

/* Blocks are rounded to whole vectors, so there may be fewer than the rows seem to need. */
static void groups_of_every_size_are_cut_whole(void)
{
    enum { MOST = 700, N = 200, K = 2 };
    machine m = start_with(2, vsh_kernels_find(), NULL);
    float *a = vsh_alloc(vsh_test_arena(), (MOST + 5) * K, sizeof *a);
    float *b = vsh_alloc(vsh_test_arena(), 2 * N * K, sizeof *b);
    float *c = vsh_alloc(vsh_test_arena(), (MOST + 6) * N, sizeof *c);

    REQUIRE(a && b && c);
    for (int64_t i = 0; i < (MOST + 5) * K; i++)
        a[i] = 1;
    for (int64_t i = 0; i < 2 * N * K; i++)
        b[i] = i < N * K ? 1 : 2;
    for (int32_t rows = 1; rows <= MOST; rows++) {
        const int32_t sizes[] = {0, rows, rows + 5};
        vsh_gemm_call call = {.form = VSH_GEMM_NT,
                              .element = VSH_F32,
                              .n = N,
                              .k = K,
                              .a = a,
                              .b = b,
                              .c = c,
                              .lda = K,
                              .ldb = K,
                              .ldc = N};
        bool whole = true;
        for (int64_t i = 0; i < (rows + 6) * N; i++)
            c[i] = -1;
        vsh_gemm_grouped(m.engine, &call, 2, sizes, N * K);
        for (int64_t i = 0; i < (rows + 6) * N; i++)
            whole &= c[i] == (i < rows * N ? 2.0F : i < (rows + 5) * N ? 4.0F : -1.0F);
        CHECK(whole);
    }
    stop(&m);
}

static void grouped_bits_do_not_depend_on_threads_either(void)
{
    problem p = make(VSH_GEMM_NT, VSH_F32, false, first[GROUPS], 96, 200);
    size_t bytes = (size_t)(p.call.m * p.call.ldc) * sizeof(float);
    void *got[3];

    p.call.b = matrix(VSH_F32, GROUPS * 96, 200, 200);
    p.call.ldb = 200;
    for (int threads = 1; threads <= 3; threads++) {
        machine m = start_with(threads, vsh_kernels_find(), NULL);
        p.call.c = got[threads - 1] = vsh_alloc(vsh_test_arena(), bytes, 1);
        REQUIRE(p.call.c != NULL);
        vsh_gemm_grouped(m.engine, &p.call, GROUPS, first, 96 * 200);
        stop(&m);
    }
    CHECK(memcmp(got[0], got[1], bytes) == 0);
    CHECK(memcmp(got[0], got[2], bytes) == 0);
}

/* ---- tiles ----------------------------------------------------------------------------------- */

static void tiles_scale_and_add(void)
{
    static const float betas[] = {0, 1, 0.5F};

    for (size_t isa = 0; isa < sizeof isas / sizeof isas[0]; isa++) {
        const vsh_kernels *kernels = vsh_kernels_named(isas[isa]);
        machine m;
        if (!kernels)
            continue;
        m = start_with(1, kernels, NULL);
        for (int form = 0; form < VSH_GEMM_FORMS; form++)
            for (int i = 0; i < SHAPES; i++)
                for (int b = 0; b < 3; b++) {
                    problem p = make((vsh_gemm_form)form, VSH_F32, false, shapes[i][0],
                                     shapes[i][1], shapes[i][2]);
                    vsh_gemm_call *c = &p.call;
                    for (int64_t r = 0; r < c->m; r++)
                        for (int64_t q = 0; q < c->n; q++) {
                            int64_t at = r * c->ldc + q;
                            double old = (double)((float *)c->c)[at] * (double)betas[b];
                            p.want[at] = 0.25 * p.want[at] + old;
                            p.size[at] += fabs(old);
                        }
                    vsh_gemm_tile(m.engine, c->form, c->m, c->n, c->k, 0.25F, c->a, c->lda, c->b,
                                  c->ldb, betas[b], c->c, c->ldc);
                    CHECK(holds(&p));
                }
        stop(&m);
    }
}

/* ---- options and the table ------------------------------------------------------------------- */

static void an_unknown_library_is_refused_by_name(void)
{
    machine m = start_with(1, vsh_kernels_find(), NULL);
    vsh_gemm_options options = {.blas = "mkl"};
    vsh_gemm_engine *engine;

    CHECK_FAILS(
        vsh_gemm_open(vsh_test_arena(), m.pool, vsh_kernels_find(), &options, &engine, &err), &err,
        VSH_EINPUT, "\"mkl\"");
    CHECK_HAS(vsh_gemm_describe(m.engine), vsh_kernels_find()->name);
    stop(&m);
}

static char table_path[128];

static const char *file_text(void)
{
    static char text[4096];
    FILE *file = fopen(table_path, "r");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;

    if (file)
        fclose(file);
    text[length] = '\0';
    return text;
}

static const char *describe_with_table(void)
{
    vsh_gemm_options options = {.table_path = table_path};
    machine m = start_with(1, vsh_kernels_find(), &options);
    const char *description = vsh_gemm_describe(m.engine);

    stop(&m);
    return description;
}

static void write_file(const char *bytes)
{
    FILE *file = fopen(table_path, "w");

    REQUIRE(file != NULL);
    fputs(bytes, file);
    fclose(file);
}

/* One list is turned into another choice, which must be obeyed: that is how a reading shows. */
static void the_table_is_written_read_back_and_measured_again_when_damaged(void)
{
    char folder[] = "/tmp/vsh-gemm-XXXXXX", edited[4096], *list;
    const char *measured;

    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(table_path, sizeof table_path, "%s/table.yaml", folder);
    measured = describe_with_table();
    CHECK_HAS(file_text(), "NT-small: [");
    CHECK_HAS(file_text(), "fp32_rate_one: ");
    CHECK_TEXT(describe_with_table(), measured);

    snprintf(edited, sizeof edited, "%s", file_text());
    list = strstr(edited, "  NT-small: [");
    REQUIRE(list != NULL);
    snprintf(list, sizeof edited - (size_t)(list - edited), "%s",
             "  NT-small: [own, openblas, own, openblas, own, own]\n"
             "  NT-large: [own, own, own, own, own, own]\n"
             "  NN-small: [own, own, own, own, own, own]\n"
             "  NN-large: [own, own, own, own, own, own]\n"
             "  TN-small: [own, own, own, own, own, own]\n"
             "  TN-large: [own, own, own, own, own, own]\n");
    write_file(edited);
    CHECK(strcmp(describe_with_table(), measured) != 0);
    CHECK_TEXT(file_text(), edited);

    edited[strlen(edited) - 3] = '\0'; /* the last list has no end */
    write_file(edited);
    describe_with_table();
    CHECK(strcmp(file_text(), edited) != 0);
    CHECK_HAS(file_text(), "TN-large: [");
    unlink(table_path);
    rmdir(folder);
}

static void a_table_that_cannot_be_written_is_the_machines_fault(void)
{
    machine m = start_with(1, vsh_kernels_find(), NULL);
    vsh_gemm_options options = {.table_path = "/proc/vishwa/table.yaml"};
    vsh_gemm_engine *engine;

    CHECK_FAILS(
        vsh_gemm_open(vsh_test_arena(), m.pool, vsh_kernels_find(), &options, &engine, &err), &err,
        VSH_EMACHINE, "/proc/vishwa/table.yaml");
    stop(&m);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
const vsh_test vsh_tests[] = {TEST(fp32_products_agree_with_their_twin),
                              TEST(bf16_products_agree_with_their_twin),
                              TEST(sums_of_bf16_may_stay_in_fp32),
                              TEST(int8_sums_are_those_of_the_integer_twin),
                              TEST(int8_of_a_row_of_zeros_is_zero_and_a_nan_stays_one),
                              TEST(grouped_products_are_those_of_each_group),
                              TEST(no_group_has_rows_and_nothing_is_written_but_zeros),
                              TEST(any_number_of_threads_gives_the_same_bits),
                              TEST(groups_of_every_size_are_cut_whole),
                              TEST(grouped_bits_do_not_depend_on_threads_either),
                              TEST(tiles_scale_and_add),
                              TEST(an_unknown_library_is_refused_by_name),
                              TEST(the_table_is_written_read_back_and_measured_again_when_damaged),
                              TEST(a_table_that_cannot_be_written_is_the_machines_fault),
                              {NULL, NULL}};
