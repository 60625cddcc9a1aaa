#include "trainer/nn/attention.h"

#include <math.h>
#include <string.h>

#include "core/lower.h"
#include "tests/grad/differences.h"

const char vsh_suite[] = "attention";

static const char *const isas[] = {"plain", "avx2", "avx512"};
enum { ISAS = 3 };

/* Tiles and vectors cut in every way: one token, a tile less one, whole tiles, several panels of
 * the backward pass (a head of 256 over 390 keys); windows within a tile, at its edges and over
 * several; heads of any width. */
static const struct {
    int64_t sequences, seq, heads, kv_heads, head_dim, window;
} shapes[] = {
    {1, 1, 1, 1, 8, 0},      {2, 1, 2, 1, 64, 3},     {2, 5, 2, 2, 16, 0},
    {1, 63, 4, 2, 32, 0},    {2, 64, 2, 2, 64, 0},    {1, 65, 4, 1, 64, 0},
    {1, 150, 2, 2, 64, 0},   {1, 128, 2, 2, 128, 0},  {2, 130, 2, 1, 128, 64},
    {1, 200, 2, 1, 20, 65},  {1, 200, 2, 2, 33, 1},   {1, 137, 3, 1, 1, 2},
    {1, 193, 2, 2, 80, 66},  {1, 260, 1, 1, 96, 63},  {1, 300, 2, 1, 7, 128},
    {1, 129, 2, 2, 48, 129}, {1, 129, 2, 2, 48, 128}, {1, 90, 2, 2, 112, 500},
    {1, 390, 2, 1, 256, 5},  {1, 390, 1, 1, 250, 9},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* ---- what computes ----------------------------------------------------------------------------
 */

static vsh_nn new_nn(const char *isa, int threads)
{
    vsh_nn nn = {.kernels = vsh_kernels_named(isa)};
    char *scratch = vsh_alloc(vsh_test_arena(), (size_t)threads, VSH_SCRATCH_BYTES);
    vsh_error err = {0};

    REQUIRE(scratch != NULL);
    if (nn.kernels)
        REQUIRE_OK(
            vsh_pool_start(vsh_test_arena(), threads, scratch, VSH_SCRATCH_BYTES, &nn.pool, &err),
            &err);
    return nn;
}

/* ---- tensors ----------------------------------------------------------------------------------
 */

/* Rows of width numbers in a stored type, stride apart; what lies between is a marker that nobody
 * may touch. exact holds what is stored, packed. */
typedef struct {
    vsh_element element;
    int64_t rows, width, stride;
    void *data;
    double *exact;
} tensor;

enum { GAP = 3 };
static const float marker = -77;

static void put(const tensor *t, int64_t at, double value)
{
    if (t->element == VSH_F32)
        ((float *)t->data)[at] = (float)value;
    else
        ((vsh_bf16 *)t->data)[at] = vsh_bf16_of_float((float)value);
}

static double stored(const tensor *t, int64_t at)
{
    return t->element == VSH_F32 ? (double)((float *)t->data)[at]
                                 : (double)vsh_float_of_bf16(((vsh_bf16 *)t->data)[at]);
}

static double number(const tensor *t, int64_t row, int64_t column)
{
    return stored(t, row * t->stride + column);
}

/* stream 0: all markers. */
static tensor new_tensor(vsh_element element, int64_t rows, int64_t width, uint64_t stream,
                         double size)
{
    tensor t = {element, rows, width, width + GAP, NULL, new_doubles(rows * width)};

    t.data = vsh_alloc(vsh_test_arena(), (size_t)(rows * t.stride), vsh_element_bytes(element));
    REQUIRE(t.data != NULL);
    for (int64_t i = 0; i < rows * t.stride; i++)
        put(&t, i, (double)marker);
    if (stream)
        fill_uniform(t.exact, rows * width, stream, size);
    for (int64_t i = 0; stream && i < rows * width; i++) {
        put(&t, i / width * t.stride + i % width, t.exact[i]);
        t.exact[i] = number(&t, i / width, i % width);
    }
    return t;
}

/* Greatest distance from want (packed), relative to its greatest size; or to 1, about the size of
 * what cancels out where a gradient is zero. */
static double distance(const tensor *got, const double *want)
{
    double most = 0, size = 1;

    for (int64_t i = 0; i < got->rows * got->width; i++) {
        double off = fabs(number(got, i / got->width, i % got->width) - want[i]);
        most = off > most || isnan(off) ? off : most;
        size = fmax(size, fabs(want[i]));
    }
    return most / size;
}

static bool gaps_are_untouched(const tensor *t)
{
    for (int64_t row = 0; row < t->rows; row++)
        for (int64_t column = t->width; column < t->stride; column++)
            if (number(t, row, column) != (double)marker)
                return false;
    return true;
}

static bool same_bits(const tensor *a, const tensor *b)
{
    return memcmp(a->data, b->data,
                  (size_t)(a->rows * a->stride) * vsh_element_bytes(a->element)) == 0;
}

/* ---- one case ---------------------------------------------------------------------------------
 */

typedef struct {
    vsh_attention_shape shape;
    tensor q, k, v, dout, out, dq, dk, dv;
    float *lse, *delta;
} test_case;

static test_case new_case(int which, vsh_element element, double size)
{
    int64_t rows = shapes[which].sequences * shapes[which].seq, dim = shapes[which].head_dim;
    int64_t heads = shapes[which].heads, kv_heads = shapes[which].kv_heads;
    size_t sums = (size_t)(rows * heads);
    test_case c = {.q = new_tensor(element, rows, heads * dim, 1, size),
                   .k = new_tensor(element, rows, kv_heads * dim, 2, size),
                   .v = new_tensor(element, rows, kv_heads * dim, 3, 1),
                   .dout = new_tensor(element, rows, heads * dim, 4, 1),
                   .out = new_tensor(element, rows, heads * dim, 0, 0),
                   .dq = new_tensor(element, rows, heads * dim, 0, 0),
                   .dk = new_tensor(element, rows, kv_heads * dim, 5, 1),
                   .dv = new_tensor(element, rows, kv_heads * dim, 6, 1),
                   .lse = vsh_alloc(vsh_test_arena(), sums, sizeof(float)),
                   .delta = vsh_alloc(vsh_test_arena(), sums, sizeof(float))};

    c.shape = (vsh_attention_shape){.element = element,
                                    .sequences = shapes[which].sequences,
                                    .seq = shapes[which].seq,
                                    .heads = heads,
                                    .kv_heads = kv_heads,
                                    .head_dim = dim,
                                    .window = shapes[which].window,
                                    .q_stride = c.q.stride,
                                    .kv_stride = c.k.stride,
                                    .out_stride = c.out.stride};
    return c;
}

static void forward(const vsh_nn *nn, test_case *c)
{
    vsh_attention_forward(nn, &c->shape, c->q.data, c->k.data, c->v.data, c->out.data, c->lse);
}

static void backward(const vsh_nn *nn, test_case *c, bool add)
{
    vsh_attention_backward(nn, &c->shape, c->q.data, c->k.data, c->v.data, c->out.data, c->lse,
                           c->dout.data, c->dq.data, c->dk.data, c->dv.data, c->dq.stride,
                           c->dk.stride, add, c->delta);
}

/* What the twins say: the output, and gradients added to zeros, or to what dk and dv hold. */
typedef struct {
    double *out, *dq, *dk, *dv;
} answers;

static answers right_answers(const test_case *c, bool add)
{
    const vsh_attention_shape *s = &c->shape;
    int64_t queries = c->q.rows * c->q.width, keys = c->k.rows * c->k.width;
    answers a = {new_doubles(queries), new_doubles(queries), new_doubles(keys), new_doubles(keys)};

    if (add) {
        memcpy(a.dk, c->dk.exact, (size_t)keys * sizeof *a.dk);
        memcpy(a.dv, c->dv.exact, (size_t)keys * sizeof *a.dv);
    }
    vsh_attention_forward_ref(s->sequences, s->seq, s->heads, s->kv_heads, s->head_dim, s->window,
                              c->q.exact, c->k.exact, c->v.exact, a.out);
    vsh_attention_backward_ref(s->sequences, s->seq, s->heads, s->kv_heads, s->head_dim, s->window,
                               c->q.exact, c->k.exact, c->v.exact, c->dout.exact, a.dq, a.dk, a.dv);
    return a;
}

static const double tolerance[VSH_ELEMENT_COUNT] = {2e-6, 1e-2};

static void check_against_twins(const char *isa, int which, vsh_element element, bool add,
                                const answers *right)
{
    vsh_nn nn = new_nn(isa, 1);
    test_case c = new_case(which, element, 2);

    if (!nn.kernels)
        return;
    forward(&nn, &c);
    backward(&nn, &c, add);
    CHECK_NEAR(distance(&c.out, right->out), 0, 0, tolerance[element]);
    CHECK_NEAR(distance(&c.dq, right->dq), 0, 0, tolerance[element]);
    CHECK_NEAR(distance(&c.dk, right->dk), 0, 0, tolerance[element]);
    CHECK_NEAR(distance(&c.dv, right->dv), 0, 0, tolerance[element]);
    CHECK(gaps_are_untouched(&c.out) && gaps_are_untouched(&c.dq));
    CHECK(gaps_are_untouched(&c.dk) && gaps_are_untouched(&c.dv));
    vsh_pool_stop(nn.pool);
}

/* Added to what is there on every second shape. */
static void check_shapes(vsh_element element)
{
    for (int which = 0; which < SHAPES; which++) {
        bool add = (which + (int)element) % 2 == 1;
        test_case c = new_case(which, element, 2);
        answers right = right_answers(&c, add);
        for (int isa = 0; isa < ISAS; isa++)
            check_against_twins(isas[isa], which, element, add, &right);
    }
}

static void floats_agree_with_the_twins(void) { check_shapes(VSH_F32); }
static void bfloats_agree_with_the_twins(void) { check_shapes(VSH_B16); }

/* ---- lse --------------------------------------------------------------------------------------
 */

/* With equal keys a query's scores are all alike: lse is the score plus the log of their number. */
static void lse_of_equal_scores_is_the_log_of_their_number(void)
{
    enum { SEQ = 150, DIM = 16, WINDOW = 100 };
    static float q[SEQ * DIM], k[SEQ * DIM], v[SEQ * DIM], out[SEQ * DIM], lse[SEQ];
    vsh_attention_shape shape = {VSH_F32, 1, SEQ, 1, 1, DIM, WINDOW, DIM, DIM, DIM};

    for (int i = 0; i < SEQ * DIM; i++) {
        q[i] = 0.5F;
        k[i] = 1;
        v[i] = (float)(i % DIM);
    }
    for (int isa = 0; isa < ISAS; isa++) {
        vsh_nn nn = new_nn(isas[isa], 1);
        if (!nn.kernels)
            continue;
        vsh_attention_forward(&nn, &shape, q, k, v, out, lse);
        for (int t = 0; t < SEQ; t++)
            CHECK_NEAR((double)lse[t], 2 + log(t < WINDOW ? t + 1 : WINDOW), 3e-7, 0);
        for (int i = 0; i < SEQ * DIM; i++)
            CHECK_NEAR((double)out[i], i % DIM, 1e-6, 0);
        vsh_pool_stop(nn.pool);
    }
}

/* ---- extremes ---------------------------------------------------------------------------------
 */

enum { PLAIN_SHAPE = 6 };

/* Scores near 1e5, whose exponentials no float holds: each query attends to one key. The gradient
 * of the scores is then all but zero, so only the values' is judged. */
static void huge_scores_neither_overflow_nor_lose_the_row(void)
{
    test_case twin = new_case(PLAIN_SHAPE, VSH_F32, 300);
    answers right = right_answers(&twin, false);

    for (int isa = 0; isa < ISAS; isa++) {
        vsh_nn nn = new_nn(isas[isa], 1);
        test_case c = new_case(PLAIN_SHAPE, VSH_F32, 300);
        if (!nn.kernels)
            continue;
        forward(&nn, &c);
        backward(&nn, &c, false);
        CHECK(distance(&c.out, right.out) < 2e-2);
        CHECK(distance(&c.dv, right.dv) < 2e-2);
        for (int64_t i = 0; i < c.dq.rows; i++)
            CHECK(isfinite(number(&c.dq, i, 0)) && isfinite(number(&c.dk, i, 0)));
        vsh_pool_stop(nn.pool);
    }
}

/* A future key as large as a float holds does not change a bit of what comes before it. */
static void the_future_changes_no_bit_of_the_past(void)
{
    for (int isa = 0; isa < ISAS; isa++) {
        vsh_nn nn = new_nn(isas[isa], 1);
        test_case a = new_case(PLAIN_SHAPE, VSH_F32, 2), b = new_case(PLAIN_SHAPE, VSH_F32, 2);
        int64_t cut = 100;
        if (!nn.kernels)
            continue;
        for (int64_t i = cut * b.k.stride; i < b.k.rows * b.k.stride; i++) {
            put(&b.k, i, i % 2 ? 1e30 : -1e30);
            put(&b.v, i, 1e37);
        }
        forward(&nn, &a);
        forward(&nn, &b);
        CHECK(memcmp(a.out.data, b.out.data, (size_t)(cut * a.out.stride) * sizeof(float)) == 0);
        CHECK(!same_bits(&a.out, &b.out));
        CHECK(memcmp(a.lse, b.lse, (size_t)cut * sizeof(float)) == 0);
        vsh_pool_stop(nn.pool);
    }
}

/* A loss that is not finite is noticed only when nothing on the way swallows it. */
static void not_a_number_stays_one(void)
{
    for (int isa = 0; isa < ISAS; isa++) {
        vsh_nn nn = new_nn(isas[isa], 1);
        test_case c = new_case(PLAIN_SHAPE, VSH_F32, 2);
        if (!nn.kernels)
            continue;
        put(&c.q, 70 * c.q.stride, (double)NAN);
        forward(&nn, &c);
        backward(&nn, &c, false);
        CHECK(isfinite(number(&c.out, 69, 0)));
        CHECK(isnan(number(&c.out, 70, 0)));
        CHECK(isnan(number(&c.dq, 70, 0)));
        CHECK(isnan(number(&c.dv, 3, 0)));
        vsh_pool_stop(nn.pool);
    }
}

/* ---- threads ----------------------------------------------------------------------------------
 */

static void check_threads(const char *isa, int which, vsh_element element)
{
    test_case one = new_case(which, element, 2), many = new_case(which, element, 2);
    int64_t sums = one.shape.sequences * one.shape.heads * one.shape.seq;

    for (int threads = 1; threads <= 3; threads++) {
        vsh_nn nn = new_nn(isa, threads);
        test_case *c = threads == 1 ? &one : &many;
        if (!nn.kernels)
            return;
        forward(&nn, c);
        backward(&nn, c, false);
        vsh_pool_stop(nn.pool);
        if (threads == 1)
            continue;
        CHECK(same_bits(&one.out, &many.out) && same_bits(&one.dq, &many.dq));
        CHECK(same_bits(&one.dk, &many.dk) && same_bits(&one.dv, &many.dv));
        CHECK(memcmp(one.lse, many.lse, (size_t)sums * sizeof(float)) == 0);
    }
}

static void bits_do_not_depend_on_the_number_of_threads(void)
{
    for (int isa = 0; isa < ISAS; isa++)
        for (int which = 3; which < SHAPES; which += 3)
            for (int element = 0; element < VSH_ELEMENT_COUNT; element++)
                check_threads(isas[isa], which, (vsh_element)element);
}

/* ---- counts -----------------------------------------------------------------------------------
 */

/* Tiles marked by looking at every pair that the mask lets through. */
static int64_t pairs_by_looking(int64_t seq, int64_t window)
{
    enum { T = VSH_ATTENTION_TILE, MOST = 8 };
    bool needed[MOST][MOST] = {{false}};
    int64_t pairs = 0;

    for (int64_t t = 0; t < seq; t++)
        for (int64_t key = 0; key <= t; key++)
            if (!window || key > t - window)
                needed[t / T][key / T] = true;
    for (int64_t t = 0; t < seq; t++)
        for (int64_t key = 0; key < seq; key++)
            pairs += needed[t / T][key / T];
    return pairs;
}

static void tiled_pairs_are_those_of_tiles_with_a_needed_pair(void)
{
    static const int64_t seqs[] = {1, 5, 63, 64, 65, 128, 129, 300, 448, 512};
    static const int64_t windows[] = {0,   1,   2,   63,  64,  65,  66,  127,
                                      128, 129, 130, 192, 193, 300, 511, 1000};

    for (size_t i = 0; i < sizeof seqs / sizeof *seqs; i++)
        for (size_t j = 0; j < sizeof windows / sizeof *windows; j++)
            CHECK_INT(vsh_attention_tiled_pairs(seqs[i], windows[j]),
                      pairs_by_looking(seqs[i], windows[j]));
}

static void a_tile_holds_every_pair_that_the_model_needs(void)
{
    for (int64_t seq = 1; seq < 1000; seq += 37)
        for (int64_t window = 0; window < 300; window += 41)
            CHECK(vsh_attention_tiled_pairs(seq, window) >= vsh_causal_pairs(seq, window));
}

const vsh_test vsh_tests[] = {
    {"floats_agree_with_the_twins", floats_agree_with_the_twins},
    {"bfloats_agree_with_the_twins", bfloats_agree_with_the_twins},
    {"lse_of_equal_scores_is_the_log_of_their_number",
     lse_of_equal_scores_is_the_log_of_their_number},
    {"huge_scores_neither_overflow_nor_lose_the_row",
     huge_scores_neither_overflow_nor_lose_the_row},
    {"the_future_changes_no_bit_of_the_past", the_future_changes_no_bit_of_the_past},
    {"not_a_number_stays_one", not_a_number_stays_one},
    {"bits_do_not_depend_on_the_number_of_threads", bits_do_not_depend_on_the_number_of_threads},
    {"tiled_pairs_are_those_of_tiles_with_a_needed_pair",
     tiled_pairs_are_those_of_tiles_with_a_needed_pair},
    {"a_tile_holds_every_pair_that_the_model_needs", a_tile_holds_every_pair_that_the_model_needs},
    {NULL, NULL}};
