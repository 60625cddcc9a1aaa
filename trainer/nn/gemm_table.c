/* Which library computes which shapes: measured once, kept in a file. */
#define _DEFAULT_SOURCE /* MADV_HUGEPAGE is not in POSIX */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/field.h"
#include "core/file.h"
#include "core/text.h"
#include "trainer/nn/gemm_engine.h"

static const char *const forms[VSH_GEMM_FORMS] = {"NT", "NN", "TN"};
static const char *const sizes[VSH_GEMM_SIZE_CLASSES] = {"small", "large"};

/* ---- classes --------------------------------------------------------------------------------- */

vsh_blas vsh_gemm_choice(const vsh_gemm_table *table, vsh_gemm_form form, int64_t m, int64_t n,
                         int64_t k)
{
    int64_t rows = form == VSH_GEMM_TN ? k : m, elements = form == VSH_GEMM_TN ? m * n : n * k;
    int class = 0;

    while (class < VSH_GEMM_ROW_CLASSES - 1 && rows > vsh_gemm_class_rows[class])
        class ++;
    return (vsh_blas)table->choice[form][elements >= VSH_GEMM_CLASS_SIZE][class];
}

void vsh_gemm_table_force(vsh_gemm_table *table, vsh_blas blas)
{
    for (int form = 0; form < VSH_GEMM_FORMS; form++)
        for (int size = 0; size < VSH_GEMM_SIZE_CLASSES; size++)
            for (int class = 0; class < VSH_GEMM_ROW_CLASSES; class ++)
                table->choice[form][size][class] = blas;
}

/* Up to 96 rows the own kernels are ahead of OpenBLAS in all forms. */
void vsh_gemm_table_plain(vsh_gemm_table *table)
{
    vsh_gemm_table_force(table, VSH_BLAS_OPENBLAS);
    for (int form = 0; form < VSH_GEMM_FORMS; form++)
        for (int size = 0; size < VSH_GEMM_SIZE_CLASSES; size++)
            for (int class = 0; class < 3; class ++)
                table->choice[form][size][class] = VSH_BLAS_OWN;
}

/* ---- measuring ------------------------------------------------------------------------------- */

/* Rows that stand for a class, and a square-ish weight matrix (out, in) for a size. Weights come
 * from beyond the caches, as a model's do: calls go round through WEIGHT_ELEMENTS of them. */
static const int64_t class_rows[VSH_GEMM_ROW_CLASSES] = {16, 32, 64, 128, 256, 1024};
static const int64_t class_out[VSH_GEMM_SIZE_CLASSES] = {384, 1536};
static const int64_t class_in[VSH_GEMM_SIZE_CLASSES] = {384, 768};
enum { WEIGHT_ELEMENTS = 16 << 20, TOKEN_ELEMENTS = 2 << 20, ROUNDS = 4 };
static const double round_seconds = 2e-3;

typedef struct {
    vsh_gemm_engine *engine;
    float *weights, *x, *y;
} bench;

static vsh_gemm_call call_of_class(const bench *b, vsh_gemm_form form, int size, int class,
                                   int64_t turn)
{
    int64_t rows = class_rows[class], out = class_out[size], in = class_in[size];
    float *weight = b->weights + turn % (WEIGHT_ELEMENTS / (out * in)) * out * in;
    vsh_gemm_call call = {.form = form, .element = VSH_F32};

    call.m = form == VSH_GEMM_TN ? out : rows;
    call.n = form == VSH_GEMM_NT ? out : in;
    call.k = form == VSH_GEMM_NT ? in : form == VSH_GEMM_NN ? out : rows;
    call.a = form == VSH_GEMM_NT ? b->x : b->y;
    call.b = form == VSH_GEMM_TN ? b->x : weight;
    call.c = form == VSH_GEMM_NT ? b->y : form == VSH_GEMM_NN ? b->x : weight;
    call.lda = form == VSH_GEMM_NT ? in : out;
    call.ldb = in;
    call.ldc = form == VSH_GEMM_NT ? out : in;
    return call;
}

/* Of this thread, however many others the processor serves. */
static double thread_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double seconds_of(const bench *b, vsh_gemm_form form, int size, int class, vsh_blas blas)
{
    double start = thread_seconds(), elapsed = 0;
    int64_t turn = 0;

    for (; elapsed < round_seconds || turn == 0; turn++) {
        vsh_gemm_call call = call_of_class(b, form, size, class, turn);
        vsh_gemm_serial(b->engine, &call, blas);
        elapsed = thread_seconds() - start;
    }
    return elapsed / (double)turn;
}

static bool is_here(const bench *b, int blas)
{
    return blas != VSH_BLAS_ONEDNN || b->engine->onednn.library;
}

static int least_of(const double seconds[VSH_BLAS_COUNT])
{
    int best = 0;

    for (int blas = 1; blas < VSH_BLAS_COUNT; blas++)
        if (seconds[blas] < seconds[best])
            best = blas;
    return best;
}

/* The least time of each in turns, so that a slow moment of the machine strikes all of them. Who is
 * far behind once is not asked again. */
static int fastest(const bench *b, vsh_gemm_form form, int size, int class)
{
    double least[VSH_BLAS_COUNT] = {INFINITY, INFINITY, INFINITY};

    for (int round = 0; round < ROUNDS; round++) {
        double behind = 1.5 * least[least_of(least)];
        for (int blas = 0; blas < VSH_BLAS_COUNT; blas++)
            if (is_here(b, blas) && (round == 0 || least[blas] < behind))
                least[blas] = fmin(least[blas], seconds_of(b, form, size, class, (vsh_blas)blas));
    }
    return least_of(least);
}

/* FLOP/s of a product of the largest class, the best of some. */
static double rate_of(const bench *b, vsh_element element, bool serial)
{
    vsh_gemm_call call =
        call_of_class(b, VSH_GEMM_NT, VSH_GEMM_SIZE_CLASSES - 1, VSH_GEMM_ROW_CLASSES - 1, 0);
    double work = 2.0 * (double)call.m * (double)call.n * (double)call.k, least = 0;

    call.element = element;
    for (int round = 0; round < 2 * ROUNDS; round++) {
        double start = serial ? thread_seconds() : vsh_clock_now().v, took;
        if (serial)
            vsh_gemm_serial(b->engine, &call,
                            vsh_gemm_choice(&b->engine->table, call.form, call.m, call.n, call.k));
        else
            vsh_gemm(b->engine, &call);
        took = (serial ? thread_seconds() : vsh_clock_now().v) - start;
        least = round == 0 || took < least ? took : least;
    }
    return work / least;
}

static void measure(const bench *b, vsh_gemm_table *table)
{
    for (int form = 0; form < VSH_GEMM_FORMS; form++)
        for (int size = 0; size < VSH_GEMM_SIZE_CLASSES; size++)
            for (int class = 0; class < VSH_GEMM_ROW_CLASSES; class ++)
                table->choice[form][size][class] = fastest(b, (vsh_gemm_form)form, size, class);
    table->threads = vsh_pool_threads(b->engine->pool);
    table->fp32_rate_one = rate_of(b, VSH_F32, true);
    table->fp32_rate_all = rate_of(b, VSH_F32, false);
    table->bf16_rate_one = rate_of(b, VSH_B16, true);
    table->bf16_rate_all = rate_of(b, VSH_B16, false);
}

/* Memory that nobody wrote is one page of zeros, which never leaves the cache; and a model lies in
 * huge pages, where they are given. The bits are small numbers in bf16 too. */
static void fill(float *values, int64_t count)
{
#if defined(MADV_HUGEPAGE)
    uintptr_t huge = 2 << 20, start = ((uintptr_t)values + huge - 1) / huge * huge;

    madvise((void *)start, (size_t)count * sizeof *values - huge, MADV_HUGEPAGE);
#endif
    for (int64_t i = 0; i < count; i++)
        values[i] = i % 2 ? 0.25F : -0.5F;
}

static vsh_status measure_table(vsh_gemm_engine *engine, vsh_error *err)
{
    vsh_arena arena = {0};
    bench b = {.engine = engine};

    b.weights = vsh_alloc(&arena, WEIGHT_ELEMENTS, sizeof *b.weights);
    b.x = vsh_alloc(&arena, TOKEN_ELEMENTS, sizeof *b.x);
    b.y = vsh_alloc(&arena, TOKEN_ELEMENTS, sizeof *b.y);
    if (!b.weights || !b.x || !b.y) {
        vsh_arena_free(&arena);
        return vsh_fail(err, VSH_EMACHINE, "out of memory for measuring matrix products");
    }
    fill(b.weights, WEIGHT_ELEMENTS);
    fill(b.x, TOKEN_ELEMENTS);
    fill(b.y, TOKEN_ELEMENTS);
    measure(&b, &engine->table);
    vsh_arena_free(&arena);
    return VSH_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

enum { VERSION = 1 };

typedef struct {
    int64_t version, threads;
    const char *libraries;
    double fp32_rate_one, fp32_rate_all, bf16_rate_one, bf16_rate_all;
    const vsh_node *choice;
} table_file;

#define REAL(key)                                                                                  \
    {                                                                                              \
#key, VSH_FIELD_REAL, offsetof(table_file, key), true, 1, 1e18, VSH_DIM_NUMBER, NULL       \
    }
static const vsh_field fields[] = {
    {"version", VSH_FIELD_INTEGER, offsetof(table_file, version), true, VERSION, VERSION},
    {"libraries", VSH_FIELD_TEXT, offsetof(table_file, libraries), true},
    {"threads", VSH_FIELD_INTEGER, offsetof(table_file, threads), true, 1, VSH_POOL_THREADS_MAX},
    REAL(fp32_rate_one),
    REAL(fp32_rate_all),
    REAL(bf16_rate_one),
    REAL(bf16_rate_all),
    {"choice", VSH_FIELD_NODE, offsetof(table_file, choice), true},
    {NULL}};

static vsh_status write_table(vsh_arena *arena, const vsh_gemm_engine *engine, const char *path,
                              vsh_error *err)
{
    const vsh_gemm_table *t = &engine->table;
    vsh_text text = {.arena = arena};

    vsh_text_add(&text, "# Matrix products measured on this machine: rates in FLOP/s, and who is\n"
                        "# fastest for 16, 32, 64, 128, 256 and 1024 rows of tokens.\n");
    vsh_text_add(&text, "version: %d\nlibraries: \"%s\"\nthreads: %" PRId64 "\n", VERSION,
                 engine->libraries, t->threads);
    vsh_text_add(&text, "fp32_rate_one: %.4g\nfp32_rate_all: %.4g\n", t->fp32_rate_one,
                 t->fp32_rate_all);
    vsh_text_add(&text, "bf16_rate_one: %.4g\nbf16_rate_all: %.4g\nchoice:\n", t->bf16_rate_one,
                 t->bf16_rate_all);
    for (int form = 0; form < VSH_GEMM_FORMS; form++)
        for (int size = 0; size < VSH_GEMM_SIZE_CLASSES; size++) {
            vsh_text_add(&text, "  %s-%s: [", forms[form], sizes[size]);
            for (int class = 0; class < VSH_GEMM_ROW_CLASSES; class ++)
                vsh_text_add(&text, "%s%s", class ? ", " : "",
                             vsh_blas_words[t->choice[form][size][class]]);
            vsh_text_add(&text, "]\n");
        }
    if (text.failed)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", path);
    return vsh_file_write(path, &text, err);
}

/* One list of the file: as many words as there are classes. */
static bool read_choices(const vsh_doc *doc, const vsh_node *list, int choice[VSH_GEMM_ROW_CLASSES])
{
    static const vsh_field word = {"", VSH_FIELD_WORD, 0, true, .words = vsh_blas_words};
    int class = 0;

    if (!list || list->kind != VSH_NODE_LIST || list->child_count != VSH_GEMM_ROW_CLASSES)
        return false;
    for (const vsh_node *node = list->first; node; node = node->next)
        if (vsh_field_read_value(doc, node, &word, &choice[class ++], NULL) != VSH_OK)
            return false;
    return true;
}

static bool read_all_choices(const vsh_doc *doc, const vsh_node *map, vsh_gemm_table *table)
{
    char key[32];

    if (map->kind != VSH_NODE_MAP || map->child_count != VSH_GEMM_FORMS * VSH_GEMM_SIZE_CLASSES)
        return false;
    for (int form = 0; form < VSH_GEMM_FORMS; form++)
        for (int size = 0; size < VSH_GEMM_SIZE_CLASSES; size++) {
            snprintf(key, sizeof key, "%s-%s", forms[form], sizes[size]);
            if (!read_choices(doc, vsh_node_get(map, key), table->choice[form][size]))
                return false;
        }
    return true;
}

static bool names_onednn(const vsh_gemm_table *table)
{
    const int *choice = &table->choice[0][0][0];

    for (size_t i = 0; i < sizeof table->choice / sizeof *choice; i++)
        if (choice[i] == VSH_BLAS_ONEDNN)
            return true;
    return false;
}

/* false: absent, damaged, or of other libraries. */
static bool read_table(vsh_arena *arena, vsh_gemm_engine *engine, const char *path)
{
    table_file file = {0};
    vsh_gemm_table table = {0};
    vsh_doc doc;

    if (access(path, R_OK) != 0 || vsh_doc_read(arena, path, &doc, NULL) != VSH_OK ||
        vsh_fields_read(&doc, doc.root, fields, true, &file, NULL) != VSH_OK ||
        strcmp(file.libraries, engine->libraries) != 0 ||
        !read_all_choices(&doc, file.choice, &table) ||
        (names_onednn(&table) && !engine->onednn.library))
        return false;
    table.threads = file.threads;
    table.fp32_rate_one = file.fp32_rate_one;
    table.fp32_rate_all = file.fp32_rate_all;
    table.bf16_rate_one = file.bf16_rate_one;
    table.bf16_rate_all = file.bf16_rate_all;
    engine->table = table;
    return true;
}

vsh_status vsh_gemm_table_find(vsh_gemm_engine *engine, const char *path, vsh_error *err)
{
    vsh_arena arena = {0};
    vsh_status status = VSH_OK;

    if (!read_table(&arena, engine, path)) {
        status = measure_table(engine, err);
        if (status == VSH_OK)
            status = write_table(&arena, engine, path, err);
    }
    vsh_arena_free(&arena);
    return status;
}

/* The choices as a number, so that who resumes a run sees that they are the same: FNV-1a. */
static uint32_t fingerprint(const vsh_gemm_table *table)
{
    const int *choice = &table->choice[0][0][0];
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < sizeof table->choice / sizeof *choice; i++)
        hash = (hash ^ (uint32_t)choice[i]) * 16777619U;
    return hash;
}

vsh_status vsh_gemm_table_describe(vsh_arena *arena, vsh_gemm_engine *engine, vsh_error *err)
{
    vsh_text text = {.arena = arena};

    vsh_text_add(&text, "%s, choice %08" PRIx32, engine->libraries, fingerprint(&engine->table));
    if (text.failed)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    engine->description = vsh_text_string(&text);
    return VSH_OK;
}
