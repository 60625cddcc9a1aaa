/* Attention against a cache: runs of queries, long and short, against the naive twin. */
#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"
#include "trainer/nn/attention.h"

const char vsh_suite[] = "attention_cached";

static const char *const isas[] = {"plain", "avx2", "avx512"};
enum { ISAS = 3, SEQUENCES = 2, FREE = 9 };

static const struct {
    int64_t seq, heads, kv_heads, head_dim, window;
} shapes[] = {{1, 1, 1, 8, 0},     {70, 2, 2, 64, 0},   {140, 4, 1, 64, 0}, {130, 6, 2, 33, 65},
              {200, 2, 1, 20, 64}, {90, 70, 1, 6, 50},  {90, 3, 3, 1, 1},   {66, 2, 2, 256, 0},
              {150, 4, 2, 96, 63}, {190, 2, 1, 16, 128}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static vsh_error err;

/* Numbers as stored, and the same in double; rows of stride, the first width of each. */
typedef struct {
    vsh_element element;
    int64_t rows, width, stride;
    void *data;
    double *exact;
} tensor;

static tensor new_tensor(vsh_element element, int64_t rows, int64_t width, int64_t stride,
                         uint64_t stream)
{
    tensor t = {element, rows, width, stride, NULL, NULL};

    t.data = vsh_alloc(vsh_test_arena(), (size_t)(rows * stride), 4);
    t.exact = vsh_alloc(vsh_test_arena(), (size_t)(rows * width), sizeof(double));
    REQUIRE(t.data && t.exact);
    for (int64_t i = 0; i < rows * width; i++) {
        int64_t at = i / width * stride + i % width;
        float value = (float)(4 * vsh_random_uniform(2, stream, (uint64_t)i) - 2);
        vsh_bf16 stored = vsh_bf16_of_float(value);
        if (element == VSH_F32)
            ((float *)t.data)[at] = value;
        else
            ((vsh_bf16 *)t.data)[at] = stored;
        t.exact[i] = (double)(element == VSH_F32 ? value : vsh_float_of_bf16(stored));
    }
    return t;
}

/* The sequence in runs of a random number of positions up to most, every other one left out. */
static int64_t cut(int64_t seq, int64_t most, bool gaps, vsh_attention_run *runs)
{
    int64_t count = 0;

    for (int64_t s = 0; s < SEQUENCES; s++)
        for (int64_t at = 0, rows; at < seq; at += rows) {
            int64_t tile = VSH_ATTENTION_TILE - at % VSH_ATTENTION_TILE;
            rows = 1 + (int64_t)((double)most * vsh_random_uniform(6, (uint64_t)s, (uint64_t)at));
            rows = rows < tile ? rows : tile;
            rows = rows < seq - at ? rows : seq - at;
            if (!gaps || count % 2 == 0 || at % 3)
                runs[count++] = (vsh_attention_run){s, at, s * seq + at, rows};
        }
    return count;
}

/* Keys and values of a sequence lie together, K then V, with room after the last. */
typedef struct {
    vsh_attention_shape shape;
    tensor q, out;
    void *cache;
    double *want;
} test_case;

static test_case new_case(int which, vsh_element element)
{
    int64_t seq = shapes[which].seq, heads = shapes[which].heads, dim = shapes[which].head_dim;
    int64_t kv = shapes[which].kv_heads * dim, capacity = seq + FREE;
    tensor k = new_tensor(element, SEQUENCES * seq, kv, kv, 1),
           v = new_tensor(element, SEQUENCES * seq, kv, kv, 2);
    test_case c = {.q = new_tensor(element, SEQUENCES * seq, heads * dim, heads * dim + 5, 3),
                   .out = new_tensor(element, SEQUENCES * seq, heads * dim, heads * dim + 2, 4)};
    size_t size = vsh_element_bytes(element);

    c.shape = (vsh_attention_shape){element,
                                    SEQUENCES,
                                    capacity,
                                    heads,
                                    shapes[which].kv_heads,
                                    dim,
                                    shapes[which].window,
                                    c.q.stride,
                                    2 * kv,
                                    c.out.stride};
    c.cache = vsh_alloc(vsh_test_arena(), (size_t)(SEQUENCES * capacity * 2 * kv), size);
    c.want = vsh_alloc(vsh_test_arena(), (size_t)(SEQUENCES * seq * heads * dim), sizeof(double));
    REQUIRE(c.cache && c.want);
    for (int64_t i = 0; i < SEQUENCES * capacity * 2 * kv; i++) { /* free places hold NaN */
        int64_t row = i / (2 * kv), column = i % (2 * kv), at = row % capacity;
        int64_t from = (row / capacity * seq + at) * kv + column % kv;
        const void *source = vsh_at_const(column < kv ? k.data : v.data, element, from);
        memset(vsh_at(c.cache, element, i), 0xff, size);
        if (at < seq)
            memcpy(vsh_at(c.cache, element, i), source, size);
    }
    vsh_attention_forward_ref(SEQUENCES, seq, heads, shapes[which].kv_heads, dim,
                              shapes[which].window, c.q.exact, k.exact, v.exact, c.want);
    return c;
}

static double worst_error(const test_case *c, const vsh_attention_run *run)
{
    double worst = 0;

    for (int64_t i = run->row * c->out.width; i < (run->row + run->rows) * c->out.width; i++) {
        int64_t at = i / c->out.width * c->out.stride + i % c->out.width;
        double got = c->shape.element == VSH_F32
                         ? (double)((float *)c->out.data)[at]
                         : (double)vsh_float_of_bf16(((vsh_bf16 *)c->out.data)[at]);
        double error = fabs(got - c->want[i]);
        worst = error <= worst ? worst : error; /* a NaN stays */
    }
    return worst;
}

static void check_runs(const vsh_nn *nn, test_case *c, int64_t kv, int64_t most, bool gaps)
{
    static vsh_attention_run runs[SEQUENCES * 256];
    vsh_element element = c->shape.element;
    int64_t count = cut(c->shape.seq - FREE, most, gaps, runs);

    memset(c->out.data, 0xff, (size_t)(c->out.rows * c->out.stride) * vsh_element_bytes(element));
    vsh_attention_cached(nn, &c->shape, runs, count, c->q.data, c->cache,
                         vsh_at_const(c->cache, element, kv), c->out.data);
    for (int64_t i = 0; i < count; i++)
        CHECK_NEAR(worst_error(c, &runs[i]), 0, 0, element == VSH_F32 ? 1e-5 : 2e-2);
}

static void check_shape(int which, vsh_element element)
{
    test_case c = new_case(which, element);
    int64_t kv = shapes[which].kv_heads * shapes[which].head_dim;

    for (int isa = 0; isa < ISAS; isa++) {
        vsh_nn nn = {.kernels = vsh_kernels_named(isas[isa])};
        void *scratch = vsh_alloc(vsh_test_arena(), 2, VSH_SCRATCH_BYTES);
        if (!nn.kernels)
            continue;
        REQUIRE_OK(vsh_pool_start(vsh_test_arena(), 2, scratch, VSH_SCRATCH_BYTES, &nn.pool, &err),
                   &err);
        check_runs(&nn, &c, kv, 1, false);
        check_runs(&nn, &c, kv, 5, true);
        check_runs(&nn, &c, kv, 64, false);
        vsh_pool_stop(nn.pool);
    }
}

static void every_run_agrees_with_the_twin(void)
{
    for (int which = 0; which < SHAPES; which++)
        for (int element = 0; element < VSH_ELEMENT_COUNT; element++)
            check_shape(which, (vsh_element)element);
}

/* Whole tiles are those of the forward pass; heads at one position see their keys and no more. */
static void pairs_are_those_that_run(void)
{
    vsh_attention_shape shape = {.heads = 4, .kv_heads = 2, .head_dim = 8};

    for (int64_t window = 0; window < 200; window += 40) {
        int64_t sum = 0;
        shape.window = window;
        shape.seq = 150;
        for (int64_t at = 0; at < 150; at += 64) {
            vsh_attention_run run = {0, at, at, at + 64 < 150 ? 64 : 150 - at};
            sum += vsh_attention_run_pairs(&shape, &run);
        }
        CHECK_INT(sum, vsh_attention_tiled_pairs(150, window));
        for (int64_t at = 0; at < 150; at++) {
            vsh_attention_run one = {0, at, 0, 1};
            CHECK_INT(vsh_attention_run_pairs(&shape, &one),
                      window && window <= at ? window : at + 1);
        }
    }
}

const vsh_test vsh_tests[] = {{"every_run_agrees_with_the_twin", every_run_agrees_with_the_twin},
                              {"pairs_are_those_that_run", pairs_are_those_that_run},
                              {NULL, NULL}};
