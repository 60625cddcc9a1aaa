#define _DEFAULT_SOURCE
/* Speed of matrix products, as ratios: the engine beside plain calls of OpenBLAS on one thread, the
 * two in turns, the least time of several. No test reads the figures.
 *
 *   bench_gemm [THREADS_MAX [TABLE]]     TABLE: where the measured table is; without, fixed rules
 */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "core/clock.h"
#include "trainer/nn/gemm.h"

enum { ROUNDS = 7, BLOCK_BYTES = 320 << 20 };
static const double seconds_a_round = 8e-3;
static const char *const forms[] = {"NT", "NN", "TN"};

typedef struct {
    vsh_gemm_engine *engine;
    int threads;
    float *a, *b, *c; /* read as bf16 too: any bits that are numbers do */
} bench;

typedef struct {
    vsh_gemm_form form;
    int64_t groups, rows, out, in; /* weights (out, in) */
} shape;

static void *pages(size_t bytes)
{
    char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED) {
        fprintf(stderr, "bench_gemm: no memory\n");
        exit(4);
    }
    madvise(at, bytes, MADV_HUGEPAGE);
    return at;
}

static vsh_gemm_call call_of(const bench *b, const shape *s, vsh_element element, bool int8)
{
    bool tn = s->form == VSH_GEMM_TN, nt = s->form == VSH_GEMM_NT;
    vsh_gemm_call call = {.form = s->form, .element = element, .int8 = int8};

    call.m = tn ? s->out : s->rows;
    call.n = nt ? s->out : s->in;
    call.k = nt ? s->in : tn ? s->rows : s->out;
    call.a = b->a;
    call.b = b->b;
    call.c = b->c;
    call.lda = nt ? s->in : s->out;
    call.ldb = s->in;
    call.ldc = call.n;
    return call;
}

static void by_openblas(const bench *b, const shape *s)
{
    vsh_gemm_call call = call_of(b, s, VSH_F32, false);
    bool tn = s->form == VSH_GEMM_TN;
    int64_t a_step = s->rows * call.lda, weight = s->out * s->in;

    for (int64_t g = 0; g < s->groups; g++)
        cblas_sgemm(CblasRowMajor, tn ? CblasTrans : CblasNoTrans,
                    s->form == VSH_GEMM_NT ? CblasTrans : CblasNoTrans, (int)call.m, (int)call.n,
                    (int)call.k, 1, b->a + g * a_step, (int)call.lda,
                    b->b + g * (tn ? s->rows * s->in : weight), (int)call.ldb, 0,
                    b->c + g * (tn ? weight : s->rows * call.n), (int)call.ldc);
}

static void by_engine(const bench *b, const shape *s, vsh_element element, bool int8)
{
    vsh_gemm_call call = call_of(b, s, element, int8);
    int32_t first[129];

    if (s->groups == 1) {
        vsh_gemm(b->engine, &call);
        return;
    }
    for (int32_t g = 0; g <= s->groups; g++)
        first[g] = g * (int32_t)s->rows;
    vsh_gemm_grouped(b->engine, &call, s->groups, first, s->out * s->in);
}

enum { OPENBLAS, FP32, BF16, INT8, WAYS };

/* One thread: its own time, whatever else runs here; more: the clock on the wall. */
static double now(const bench *b)
{
    struct timespec at;

    if (b->threads > 1)
        return vsh_clock_now().v;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static double time_of(const bench *b, const shape *s, int way)
{
    double start = now(b), elapsed = 0;
    int times = 0;

    for (; elapsed < seconds_a_round || times == 0; times++) {
        if (way == OPENBLAS)
            by_openblas(b, s);
        else
            by_engine(b, s, way == BF16 ? VSH_B16 : VSH_F32, way == INT8);
        elapsed = now(b) - start;
    }
    return elapsed / times;
}

static void line(const bench *b, const shape *s)
{
    double work = 2.0 * (double)(s->groups * s->rows * s->out) * (double)s->in, least[WAYS];

    for (int round = 0; round < ROUNDS; round++)
        for (int way = 0; way < WAYS; way++) {
            double took;
            if (way == INT8 && s->form != VSH_GEMM_NT)
                continue;
            took = time_of(b, s, way);
            least[way] = round == 0 || took < least[way] ? took : least[way];
        }
    printf("  %3d x %5d rows %6d x %4d %s  %8.1f %8.1f  %5.2fx   %8.1f  %5.2fx", (int)s->groups,
           (int)s->rows, (int)s->out, (int)s->in, forms[s->form], work / least[OPENBLAS] / 1e9,
           work / least[FP32] / 1e9, least[OPENBLAS] / least[FP32], work / least[BF16] / 1e9,
           least[FP32] / least[BF16]);
    if (s->form == VSH_GEMM_NT)
        printf("   %8.1f  %5.2fx", work / least[INT8] / 1e9, least[FP32] / least[INT8]);
    printf("\n");
}

static const int64_t dense[][3] = {{2048, 1536, 384}, {256, 768, 768}, {256, 50257, 768}};
static const int64_t grouped[][4] = {{8, 16, 1536, 384},  {64, 16, 1536, 384}, {8, 32, 1536, 384},
                                     {8, 64, 1536, 384},  {64, 64, 512, 256},  {64, 32, 192, 384},
                                     {16, 128, 3072, 768}};

static void all_lines(const bench *b)
{
    printf("  GFLOP/s                            OpenBLAS     fp32   ratio       bf16   ratio "
           "      int8   ratio\n");
    for (int form = 0; form < VSH_GEMM_FORMS; form++) {
        for (size_t i = 0; i < sizeof dense / sizeof dense[0]; i++)
            line(b, &(shape){(vsh_gemm_form)form, 1, dense[i][0], dense[i][1], dense[i][2]});
        for (size_t i = 0; i < sizeof grouped / sizeof grouped[0]; i++)
            line(b, &(shape){(vsh_gemm_form)form, grouped[i][0], grouped[i][1], grouped[i][2],
                             grouped[i][3]});
    }
}

int main(int argc, char **argv)
{
    int threads_max = argc > 1 ? atoi(argv[1]) : 2;
    vsh_gemm_options options = {.table_path = argc > 2 ? argv[2] : NULL};
    bench b = {.a = pages(BLOCK_BYTES), .b = pages(BLOCK_BYTES), .c = pages(BLOCK_BYTES)};

    for (int64_t i = 0; i < BLOCK_BYTES / 4; i++) {
        b.a[i] = (float)(i % 7) - 3;
        b.b[i] = (float)(i % 11) - 5;
        b.c[i] = 0;
    }
    for (int threads = 1; threads <= threads_max; threads++) {
        vsh_arena arena = {0};
        vsh_pool *pool;
        vsh_error err;
        void *scratch = vsh_alloc(&arena, (size_t)threads, VSH_SCRATCH_BYTES);
        if (!scratch ||
            vsh_pool_start(&arena, threads, scratch, VSH_SCRATCH_BYTES, &pool, &err) != VSH_OK ||
            vsh_gemm_open(&arena, pool, vsh_kernels_find(), &options, &b.engine, &err) != VSH_OK) {
            fprintf(stderr, "bench_gemm: %s\n", err.text);
            return 4;
        }
        b.threads = threads;
        printf("%d threads: %s\n", threads, vsh_gemm_describe(b.engine));
        all_lines(&b);
        vsh_gemm_close(b.engine);
        vsh_pool_stop(pool);
        vsh_arena_free(&arena);
    }
    return 0;
}
