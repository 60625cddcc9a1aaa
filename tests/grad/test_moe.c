#include "trainer/nn/moe.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "moe";

/* ---- what the tests stand on --------------------------------------------------------------- */

static const char *const sets[] = {"plain", "avx2", "avx512"};
enum { SETS = sizeof sets / sizeof sets[0] };

static void *room(int64_t count, size_t size)
{
    void *data = vsh_alloc(vsh_test_arena(), count > 0 ? (size_t)count : 1, size);

    REQUIRE(data != NULL);
    return data;
}

static float *floats(int64_t count) { return room(count, sizeof(float)); }

/* false when this processor has not the set. */
static bool start(const char *set, int threads, vsh_nn *nn)
{
    vsh_error err;

    *nn = (vsh_nn){.kernels = vsh_kernels_named(set)};
    if (!nn->kernels)
        return false;
    REQUIRE_OK(vsh_pool_start(vsh_test_arena(), threads, room(threads, VSH_SCRATCH_BYTES),
                              VSH_SCRATCH_BYTES, &nn->pool, &err),
               &err);
    return true;
}

/* Calls a check once for every instruction set of this processor. */
static void on_every_set(void (*check)(const vsh_nn *nn))
{
    for (int i = 0; i < SETS; i++) {
        vsh_nn nn;
        if (!start(sets[i], 2, &nn))
            continue;
        check(&nn);
        vsh_pool_stop(nn.pool);
    }
}

/* (T,E) uniform in (-spread, spread). */
static float *random_floats(int64_t count, float spread, uint64_t stream)
{
    float *x = floats(count);

    for (int64_t i = 0; i < count; i++)
        x[i] = spread * (float)(2 * vsh_random_uniform(42, stream, (uint64_t)i) - 1);
    return x;
}

static double *doubles_of(const float *x, int64_t count)
{
    double *out = room(count, sizeof *out);

    for (int64_t i = 0; x && i < count; i++)
        out[i] = (double)x[i];
    return x ? out : NULL;
}

static vsh_route new_route(const vsh_route_shape *s)
{
    return (vsh_route){floats(s->tokens * s->experts), room(s->tokens * s->top_k, 4),
                       floats(s->tokens * s->top_k), room(s->tokens * s->top_k, 4),
                       room(s->experts + 1, 4)};
}

/* What the twin says of the same logits. */
typedef struct {
    double *logits, *probability, *weight;
    int32_t *choice, *slot, *first;
    double balance, z;
} twin;

static twin twin_of(const vsh_route_shape *s, const float *logits, const float *bias)
{
    int64_t k = s->tokens * s->top_k;
    twin t = {.logits = doubles_of(logits, s->tokens * s->experts),
              .probability = room(s->tokens * s->experts, 8),
              .weight = room(k, 8),
              .choice = room(k, 4),
              .slot = room(k, 4),
              .first = room(s->experts + 1, 4)};

    vsh_route_forward_ref(s, t.logits, doubles_of(bias, s->experts), t.probability, t.choice,
                          t.weight, t.slot, t.first, &t.balance, &t.z);
    return t;
}

static bool same_integers(const int32_t *a, const int32_t *b, int64_t count)
{
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

/* Largest difference, relative to the largest value, or to most where that is larger. */
static double worst_beside(double most, const float *got, const double *want, int64_t count)
{
    double off = 0;

    for (int64_t i = 0; i < count; i++) {
        double d = fabs((double)got[i] - want[i]);
        off = d > off || isnan(d) ? d : off;
        most = fmax(most, fabs(want[i]));
    }
    return most > 0 ? off / most : off;
}

static double worst(const float *got, const double *want, int64_t count)
{
    return worst_beside(0, got, want, count);
}

/* Every kind of gate in sizes that do and do not fill a vector, a tile or a block. */
static const vsh_route_shape shapes[] = {
    {1, 1, 1, 0, VSH_GATE_SOFTMAX, false, 0.01F, 1e-3F},
    {1, 1, 1, 0, VSH_GATE_SOFTMAX, true, 0.01F, 1e-3F},
    {5, 2, 1, 0, VSH_GATE_SIGMOID, true, 0.01F, 1e-3F},
    {64, 8, 2, 0, VSH_GATE_SOFTMAX, true, 0.01F, 0},
    {65, 8, 2, 20, VSH_GATE_SOFTMAX, false, 0.01F, 1e-3F},
    {200, 7, 3, 0, VSH_GATE_SIGMOID, false, 0.02F, 1e-3F},
    {131, 16, 16, 0, VSH_GATE_SOFTMAX, false, 0.01F, 1e-3F},
    {131, 16, 16, 0, VSH_GATE_SIGMOID, true, 0, 0},
    {333, 17, 4, 90, VSH_GATE_SIGMOID, true, 0.01F, 1e-3F},
    {300, 64, 8, 0, VSH_GATE_SOFTMAX, true, 1, 1},
    {97, 256, 8, 3, VSH_GATE_SIGMOID, true, 1e-4F, 1e-3F},
    {1000, 33, 1, 0, VSH_GATE_SOFTMAX, false, 0.01F, 1e-3F},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* ---- the router and its twin --------------------------------------------------------------- */

static void check_forward(const vsh_nn *nn, const vsh_route_shape *s, const float *logits,
                          const float *bias)
{
    vsh_route r = new_route(s);
    vsh_route_report report;
    twin want = twin_of(s, logits, bias);
    int64_t *load = room(s->experts, sizeof *load), chosen = s->tokens * s->top_k, dropped = 0;

    vsh_route_forward(nn, s, logits, bias, &r, load, &report);
    CHECK(worst(r.probability, want.probability, s->tokens * s->experts) < 1e-6);
    CHECK(same_integers(r.choice, want.choice, chosen));
    CHECK(same_integers(r.slot, want.slot, chosen));
    CHECK(same_integers(r.first, want.first, s->experts + 1));
    CHECK(worst(r.weight, want.weight, chosen) < 1e-6);
    CHECK_NEAR(report.balance, want.balance, 1e-6, 0);
    CHECK_NEAR(report.z, want.z, 2e-6, 0);
    for (int64_t i = 0; i < chosen; i++) {
        dropped += want.slot[i] < 0;
        load[want.choice[i]]--;
    }
    CHECK_INT(report.dropped, dropped);
    for (int64_t e = 0; e < s->experts; e++)
        CHECK_INT(load[e], 0);
}

static void forward_on_set(const vsh_nn *nn)
{
    for (int i = 0; i < SHAPES; i++) {
        const vsh_route_shape *s = &shapes[i];
        const float *logits = random_floats(s->tokens * s->experts, 3, (uint64_t)i);
        check_forward(nn, s, logits, NULL);
        check_forward(nn, s, logits, random_floats(s->experts, 0.3F, 99));
    }
}

static void routing_agrees_with_its_twin(void) { on_every_set(forward_on_set); }

static void backward_on_set(const vsh_nn *nn)
{
    for (int i = 0; i < SHAPES; i++) {
        const vsh_route_shape *s = &shapes[i];
        int64_t all = s->tokens * s->experts;
        const float *logits = random_floats(all, 3, (uint64_t)i);
        float *dweight = random_floats(s->tokens * s->top_k, 1, 77), *got = floats(all);
        double *want = room(all, 8);
        vsh_route r = new_route(s);
        twin t = twin_of(s, logits, NULL);
        vsh_route_forward(nn, s, logits, NULL, &r, NULL, NULL);
        for (int64_t c = 0; c < s->tokens * s->top_k; c++)
            dweight[c] = r.slot[c] < 0 ? 0 : dweight[c];
        vsh_route_backward(nn, s, logits, &r, dweight, 0.25F, got);
        vsh_route_backward_ref(s, t.logits, t.probability, t.choice, t.weight,
                               doubles_of(dweight, s->tokens * s->top_k), 0.25, want);
        /* of one expert all but the losses cancels, and its rounding stays */
        CHECK(worst_beside(0.01, got, want, all) < 3e-6);
        /* the losses alone */
        memset(dweight, 0, (size_t)(s->tokens * s->top_k) * sizeof *dweight);
        vsh_route_backward(nn, s, logits, &r, dweight, 2, got);
        vsh_route_backward_ref(s, t.logits, t.probability, t.choice, t.weight,
                               doubles_of(dweight, s->tokens * s->top_k), 2, want);
        CHECK(worst(got, want, all) < 3e-6);
    }
}

static void routing_backward_agrees_with_its_twin(void) { on_every_set(backward_on_set); }

/* The twin itself against differences, with the choice and f_e held fixed: the loss is smooth. */
static double smooth_loss(const vsh_route_shape *s, const double *logits, const double *dweight,
                          const twin *fixed)
{
    double loss = 0, mean[16] = {0}, share[16] = {0};

    for (int64_t t = 0; t < s->tokens; t++) {
        double p[16], all = 0, exps = 0, chosen = 0;
        for (int64_t e = 0; e < s->experts; e++)
            exps += exp(logits[t * s->experts + e]);
        for (int64_t e = 0; e < s->experts; e++) {
            double l = logits[t * s->experts + e];
            p[e] = s->gate == VSH_GATE_SOFTMAX ? exp(l) / exps : 1 / (1 + exp(-l));
            all += p[e];
        }
        for (int64_t e = 0; e < s->experts; e++)
            mean[e] += p[e] / all / (double)s->tokens;
        for (int64_t i = t * s->top_k; i < (t + 1) * s->top_k; i++)
            chosen += p[fixed->choice[i]];
        for (int64_t i = t * s->top_k; i < (t + 1) * s->top_k; i++) {
            loss += dweight[i] * p[fixed->choice[i]] / (s->normalize ? chosen : 1);
            share[fixed->choice[i]] += 1.0 / (double)(s->tokens * s->top_k);
        }
        loss += (double)s->z * log(exps) * log(exps) / (double)s->tokens;
    }
    for (int64_t e = 0; e < s->experts; e++)
        loss += (double)s->balance * (double)s->experts * share[e] * mean[e];
    return loss;
}

static void the_gradient_of_the_logits_is_that_of_differences(void)
{
    static const vsh_route_shape small[] = {{6, 5, 2, 0, VSH_GATE_SOFTMAX, true, 0.5F, 0.25F},
                                            {6, 5, 2, 0, VSH_GATE_SOFTMAX, false, 0.5F, 0.25F},
                                            {6, 5, 2, 0, VSH_GATE_SIGMOID, true, 0.5F, 0.25F},
                                            {6, 5, 2, 0, VSH_GATE_SIGMOID, false, 0.5F, 0.25F}};
    vsh_nn nn;

    REQUIRE(start("plain", 1, &nn));
    for (int i = 0; i < 4; i++) {
        const vsh_route_shape *s = &small[i];
        const float *logits = random_floats(30, 2, (uint64_t)i), *dw = random_floats(12, 1, 5);
        float *got = floats(30);
        twin t = twin_of(s, logits, NULL);
        vsh_route r = new_route(s);
        const double *dweight = doubles_of(dw, 12);
        vsh_route_forward(&nn, s, logits, NULL, &r, NULL, NULL);
        vsh_route_backward(&nn, s, logits, &r, dw, 1, got);
        for (int64_t at = 0; at < 30; at++) {
            double h = 1e-5, up, down, here = t.logits[at];
            t.logits[at] = here + h;
            up = smooth_loss(s, t.logits, dweight, &t);
            t.logits[at] = here - h;
            down = smooth_loss(s, t.logits, dweight, &t);
            t.logits[at] = here;
            CHECK_NEAR((double)got[at], (up - down) / (2 * h), 1e-5, 1e-6);
        }
    }
}

/* ---- what the router learns from ------------------------------------------------------------- */

/* Were the weight of one expert that is chosen alone always 1, its router would never learn. */
static void learns_on_set(const vsh_nn *nn)
{
    for (int64_t k = 1; k <= 3; k++)
        for (int bias = 0; bias < 2; bias++) {
            const vsh_experts experts = {.count = 6, .top_k = k, .correction_bias = bias};
            vsh_route_shape s = vsh_route_shape_of(&experts);
            float *logits = random_floats(40 * 6, 1, 1), *dlogits = floats(40 * 6);
            float *dweight = random_floats(40 * k, 2, 1);
            double moved = 0;
            vsh_route r;
            s.tokens = 40;
            r = new_route(&s);
            vsh_route_forward(nn, &s, logits, NULL, &r, NULL, NULL);
            vsh_route_backward(nn, &s, logits, &r, dweight, 1, dlogits);
            for (int i = 0; i < 40 * 6; i++)
                moved = fmax(moved, fabs((double)dlogits[i]));
            CHECK(moved > 0.01);
        }
}

static void a_router_learns_from_the_loss_however_many_it_chooses(void)
{
    on_every_set(learns_on_set);
}

/* ---- choosing ------------------------------------------------------------------------------ */

static void ties_on_set(const vsh_nn *nn)
{
    static const vsh_gate gates[] = {VSH_GATE_SOFTMAX, VSH_GATE_SIGMOID};

    for (int g = 0; g < 2; g++)
        for (int biased = 0; biased < 2; biased++) {
            vsh_route_shape s = {70, 9, 4, 0, gates[g], true, 0, 0};
            float *logits = floats(70 * 9), *bias = biased ? floats(9) : NULL;
            vsh_route r = new_route(&s);
            for (int64_t t = 0; t < 70; t++) {
                logits[t * 9 + 7] = 1;             /* the best */
                logits[t * 9] = t % 2 ? 0 : -0.0F; /* equal to the others */
            }
            vsh_route_forward(nn, &s, logits, bias, &r, NULL, NULL);
            for (int64_t t = 0; t < 70; t++) {
                static const int32_t want[4] = {7, 0, 1, 2};
                CHECK(same_integers(r.choice + 4 * t, want, 4));
            }
        }
}

static void ties_go_to_the_lower_expert(void) { on_every_set(ties_on_set); }

static void bias_on_set(const vsh_nn *nn)
{
    vsh_route_shape s = {50, 12, 2, 0, VSH_GATE_SIGMOID, true, 0, 0};
    float *logits = random_floats(50 * 12, 1, 1), *bias = floats(12);
    vsh_route r = new_route(&s);

    bias[4] = 10;
    bias[11] = -10;
    vsh_route_forward(nn, &s, logits, bias, &r, NULL, NULL);
    for (int64_t t = 0; t < 50; t++) {
        const float *p = r.probability + 12 * t;
        int32_t other = r.choice[2 * t + 1];
        CHECK_INT(r.choice[2 * t], 4);
        CHECK(other != 4 && other != 11);
        CHECK_NEAR((double)r.weight[2 * t], (double)(p[4] / (p[4] + p[other])), 1e-6, 0);
    }
}

static void the_bias_moves_the_choice_and_not_the_weight(void) { on_every_set(bias_on_set); }

/* A spike must be seen as one, not crash: the choice stays k different experts, the sums are NaN.
 */
static void not_finite_on_set(const vsh_nn *nn)
{
    float bad[] = {NAN, INFINITY, -INFINITY, 0}; /* the last: the lowest of integers */

    memset(&bad[3], 0xff, sizeof bad[3]);
    for (int b = 0; b < 4; b++)
        for (int gate = 0; gate < 2; gate++) {
            vsh_route_shape s = {40, 6, 6, 0, (vsh_gate)gate, true, 0.1F, 0.1F};
            float *logits = random_floats(240, 1, 3);
            vsh_route r = new_route(&s);
            vsh_route_report report;
            for (int64_t e = 0; e < 6; e++)
                logits[21 * 6 + e] = e == 2 || b == 2 ? bad[b] : logits[21 * 6 + e];
            vsh_route_forward(nn, &s, logits, NULL, &r, NULL, &report);
            CHECK(isnan(report.balance) || gate == VSH_GATE_SIGMOID);
            CHECK(!isfinite(report.z));
            for (int64_t t = 0; t < 40; t++) {
                unsigned seen = 0;
                for (int64_t i = 0; i < 6; i++)
                    seen |= 1U << r.choice[t * 6 + i];
                CHECK_INT(seen, 63);
            }
        }
}

static void logits_that_are_not_finite_are_seen_and_choose_different_experts(void)
{
    on_every_set(not_finite_on_set);
}

/* Gates of nothing weigh nothing and give no NaN. */
static void empty_on_set(const vsh_nn *nn)
{
    vsh_route_shape s = {20, 4, 2, 0, VSH_GATE_SIGMOID, true, 0.1F, 0};
    float *logits = floats(80), *dlogits = floats(80), *dweight = random_floats(40, 1, 2);
    vsh_route r = new_route(&s);
    vsh_route_report report;

    for (int i = 0; i < 80; i++)
        logits[i] = -200;
    vsh_route_forward(nn, &s, logits, NULL, &r, NULL, &report);
    vsh_route_backward(nn, &s, logits, &r, dweight, 1, dlogits);
    CHECK(isfinite(report.balance));
    for (int i = 0; i < 40; i++)
        CHECK(r.weight[i] == 0);
    for (int i = 0; i < 80; i++)
        CHECK(dlogits[i] == 0);
}

static void a_gate_of_nothing_gives_no_nan(void) { on_every_set(empty_on_set); }

/* ---- places -------------------------------------------------------------------------------- */

static void crowd_on_set(const vsh_nn *nn)
{
    vsh_route_shape s = {150, 8, 1, 40, VSH_GATE_SOFTMAX, false, 1, 0};
    float *logits = floats(150 * 8);
    vsh_route r = new_route(&s);
    vsh_route_report report;
    int64_t load[8] = {0};

    for (int64_t t = 0; t < 150; t++)
        logits[t * 8 + 3] = 50;
    vsh_route_forward(nn, &s, logits, NULL, &r, load, &report);
    for (int64_t t = 0; t < 150; t++)
        CHECK_INT(r.slot[t], t < 40 ? 3 * 40 + t : -1);
    CHECK_INT(report.dropped, 110);
    CHECK_INT(load[3], 150);
    CHECK_NEAR(report.load_max, 8, 1e-12, 0);
    CHECK_NEAR(report.entropy, 0, 0, 1e-12);
    CHECK_NEAR(report.balance, 8, 1e-6, 0); /* f_3 = P_3 = 1: E times the coefficient */
    s.capacity = 0;
    vsh_route_forward(nn, &s, logits, NULL, &r, load, &report);
    for (int64_t t = 0; t < 150; t++)
        CHECK_INT(r.slot[t], t);
    CHECK_INT(report.dropped, 0);
}

static void a_crowd_at_one_expert_is_dropped_in_order_of_token(void) { on_every_set(crowd_on_set); }

static void perfect_on_set(const vsh_nn *nn)
{
    vsh_route_shape s = {256, 8, 2, 64, VSH_GATE_SOFTMAX, true, 0.01F, 0};
    float *logits = floats(256 * 8);
    vsh_route r = new_route(&s);
    vsh_route_report report;

    for (int gate = 0; gate < 2; gate++) {
        s.gate = (vsh_gate)gate;
        for (int64_t t = 0; t < 256; t++)
            for (int64_t e = 0; e < 8; e++)
                logits[t * 8 + e] = e / 2 == t % 4 ? 1 : -1;
        vsh_route_forward(nn, &s, logits, NULL, &r, NULL, &report);
        CHECK_NEAR(report.balance, (double)s.balance, 1e-6, 0);
        CHECK_NEAR(report.load_max, 1, 1e-12, 0);
        CHECK_NEAR(report.entropy, 1, 1e-12, 0);
        CHECK_INT(report.dropped, 0);
    }
}

static void the_balance_loss_is_its_coefficient_at_perfect_balance(void)
{
    on_every_set(perfect_on_set);
}

/* ---- rows there and back ------------------------------------------------------------------- */

static void *stored(vsh_element element, const float *x, int64_t count)
{
    void *out = room(count, vsh_element_bytes(element));

    for (int64_t i = 0; i < count; i++)
        if (element == VSH_F32)
            ((float *)out)[i] = x[i];
        else
            ((vsh_bf16 *)out)[i] = vsh_bf16_of_float(x[i]);
    return out;
}

static float loaded(vsh_element element, const void *x, int64_t i)
{
    return element == VSH_F32 ? ((const float *)x)[i] : vsh_float_of_bf16(((const vsh_bf16 *)x)[i]);
}

static void dispatch_on_set(const vsh_nn *nn)
{
    static const vsh_route_shape s = {131, 6, 2, 50, VSH_GATE_SOFTMAX, true, 0, 0};
    enum { WIDTH = 37 };
    const float *logits = random_floats(131 * 6, 2, 8), *x = random_floats(131 * WIDTH, 1, 9);
    vsh_route r = new_route(&s);

    vsh_route_forward(nn, &s, logits, NULL, &r, NULL, NULL);
    for (int element = 0; element < VSH_ELEMENT_COUNT; element++) {
        vsh_element e = (vsh_element)element;
        size_t row_bytes = WIDTH * vsh_element_bytes(e);
        const char *in = stored(e, x, 131 * WIDTH);
        char *rows = room(300, row_bytes), *zeros = room(1, row_bytes);
        int32_t owner[300];
        memset(rows, 0x5a, 300 * row_bytes);
        vsh_dispatch(nn, &s, e, WIDTH, &r, in, rows);
        for (int row = 0; row < 300; row++)
            owner[row] = -1;
        for (int32_t i = 0; i < 262; i++)
            if (r.slot[i] >= 0)
                owner[r.slot[i]] = i / 2;
        for (int row = 0; row < 300; row++)
            CHECK(memcmp(rows + (size_t)row * row_bytes,
                         owner[row] < 0 ? zeros : in + (size_t)owner[row] * row_bytes,
                         row_bytes) == 0);
    }
}

static void rows_are_their_tokens_and_free_rows_are_zero(void) { on_every_set(dispatch_on_set); }

/* Weights a power of two: the way there and back is exact. */
static void round_trip_on_set(const vsh_nn *nn)
{
    static const vsh_route_shape s = {100, 8, 4, 0, VSH_GATE_SOFTMAX, true, 0, 0};
    static const int64_t widths[] = {1, 15, 64, 200};

    for (int w = 0; w < 4; w++)
        for (int element = 0; element < VSH_ELEMENT_COUNT; element++) {
            vsh_element e = (vsh_element)element;
            int64_t count = 100 * widths[w];
            size_t bytes = (size_t)count * vsh_element_bytes(e);
            const void *x = stored(e, random_floats(count, 1, 6), count);
            void *rows = room(4 * count, vsh_element_bytes(e)), *out = room(1, bytes);
            vsh_route r = new_route(&s);
            vsh_route_forward(nn, &s, random_floats(800, 2, 4), NULL, &r, NULL, NULL);
            for (int i = 0; i < 400; i++)
                r.weight[i] = 0.25F;
            vsh_dispatch(nn, &s, e, widths[w], &r, x, rows);
            vsh_combine(nn, &s, e, widths[w], &r, true, false, rows, out);
            CHECK(memcmp(out, x, bytes) == 0);
            /* unweighted and added: 1 + 4 of each */
            vsh_combine(nn, &s, e, widths[w], &r, false, true, rows, out);
            for (int64_t i = 0; i < count; i++)
                CHECK_NEAR((double)loaded(e, out, i), 5 * (double)loaded(e, x, i),
                           e == VSH_F32 ? 3e-7 : 4e-3, 0);
        }
}

static void there_and_back_with_weights_that_sum_to_one_is_the_identity(void)
{
    on_every_set(round_trip_on_set);
}

static void combine_on_set(const vsh_nn *nn)
{
    static const vsh_route_shape s = {90, 5, 3, 60, VSH_GATE_SIGMOID, true, 0, 0};
    enum { WIDTH = 83 };
    const float *y = random_floats(300 * WIDTH, 1, 2), *before = random_floats(90 * WIDTH, 1, 3);
    vsh_route r = new_route(&s);
    int dropped = 0;

    vsh_route_forward(nn, &s, random_floats(450, 2, 4), NULL, &r, NULL, NULL);
    for (int element = 0; element < VSH_ELEMENT_COUNT; element++) {
        vsh_element e = (vsh_element)element;
        const void *rows = stored(e, y, 300 * WIDTH), *old = stored(e, before, 90 * WIDTH);
        void *out = stored(e, before, 90 * WIDTH);
        vsh_combine(nn, &s, e, WIDTH, &r, true, true, rows, out);
        for (int64_t t = 0; t < 90; t++)
            for (int64_t c = 0; c < WIDTH; c++) {
                double sum = (double)loaded(e, old, t * WIDTH + c);
                for (int64_t i = 3 * t; i < 3 * t + 3; i++) {
                    dropped += r.slot[i] < 0;
                    if (r.slot[i] >= 0)
                        sum += (double)r.weight[i] * (double)loaded(e, rows, r.slot[i] * WIDTH + c);
                }
                CHECK_NEAR((double)loaded(e, out, t * WIDTH + c), sum, e == VSH_F32 ? 0 : 4e-3,
                           5e-7);
            }
    }
    CHECK(dropped > 0);
}

static void combine_weighs_what_was_not_dropped_and_adds(void) { on_every_set(combine_on_set); }

static void weights_go_to_rows_and_back(void)
{
    vsh_route_shape s = {90, 5, 3, 60, VSH_GATE_SOFTMAX, true, 0, 0};
    vsh_route r = new_route(&s);
    float *by_row = random_floats(300, 1, 1), *back = floats(270);
    int64_t filled = 0, kept = 0;
    vsh_nn nn;

    REQUIRE(start("plain", 1, &nn));
    vsh_route_forward(&nn, &s, random_floats(450, 2, 4), NULL, &r, NULL, NULL);
    vsh_weights_to_rows(&s, &r, r.weight, by_row);
    vsh_rows_to_weights(&s, &r, by_row, back);
    for (int i = 0; i < 300; i++)
        filled += by_row[i] != 0;
    for (int i = 0; i < 270; i++) {
        kept += r.slot[i] >= 0;
        CHECK(back[i] == (r.slot[i] >= 0 ? r.weight[i] : 0));
    }
    CHECK(kept < 270);
    CHECK_INT(filled, kept);
}

/* ---- the same bits ------------------------------------------------------------------------- */

typedef struct {
    vsh_route route;
    vsh_route_report report;
    float *dlogits, *out;
} outcome;

static outcome run_all(const vsh_nn *nn, const vsh_route_shape *s)
{
    enum { WIDTH = 70 };
    const float *logits = random_floats(s->tokens * s->experts, 2, 3);
    const float *x = random_floats(s->tokens * WIDTH, 1, 4);
    float *rows = floats(vsh_route_rows(s) * WIDTH);
    outcome o = {.route = new_route(s),
                 .dlogits = floats(s->tokens * s->experts),
                 .out = floats(s->tokens * WIDTH)};

    vsh_route_forward(nn, s, logits, NULL, &o.route, NULL, &o.report);
    vsh_route_backward(nn, s, logits, &o.route, o.route.weight, 1, o.dlogits);
    vsh_jitter(nn, VSH_F32, s->tokens * WIDTH, 0.1F, 5, 6, x, o.out);
    vsh_dispatch(nn, s, VSH_F32, WIDTH, &o.route, o.out, rows);
    vsh_combine(nn, s, VSH_F32, WIDTH, &o.route, true, true, rows, o.out);
    return o;
}

static void one_and_two_threads_give_the_same_bits(void)
{
    static const vsh_route_shape both[] = {{3001, 24, 3, 0, VSH_GATE_SOFTMAX, true, 0.1F, 0.1F},
                                           {3001, 24, 3, 300, VSH_GATE_SIGMOID, true, 0.1F, 0.1F}};

    for (int i = 0; i < SETS; i++)
        for (int j = 0; j < 2; j++) {
            const vsh_route_shape *s = &both[j];
            size_t chosen = (size_t)(s->tokens * s->top_k) * 4;
            vsh_nn one, two;
            outcome a, b;
            if (!start(sets[i], 1, &one) || !start(sets[i], 2, &two))
                continue;
            a = run_all(&one, s);
            b = run_all(&two, s);
            CHECK(memcmp(a.route.slot, b.route.slot, chosen) == 0);
            CHECK(memcmp(a.route.weight, b.route.weight, chosen) == 0);
            CHECK(memcmp(&a.report.balance, &b.report.balance, 8) == 0);
            CHECK(memcmp(&a.report.z, &b.report.z, 8) == 0);
            CHECK(memcmp(a.dlogits, b.dlogits, (size_t)(s->tokens * s->experts) * 4) == 0);
            CHECK(memcmp(a.out, b.out, (size_t)s->tokens * 70 * 4) == 0);
            vsh_pool_stop(two.pool);
        }
}

/* So many experts that a part is more than one block of tokens. The twin would take minutes. */
static void sums_of_many_tokens_and_experts_are_those_of_the_choices(void)
{
    static const vsh_route_shape s = {6000, 1000, 2, 0, VSH_GATE_SOFTMAX, true, 1, 0};
    const float *logits = random_floats(s.tokens * s.experts, 3, 1);
    vsh_route r = new_route(&s);
    int32_t *next = room(s.experts, sizeof *next);
    double *mean = room(s.experts, sizeof *mean), balance = 0;
    vsh_route_report report;
    vsh_nn nn;

    REQUIRE(start(vsh_kernels_find()->name, 2, &nn));
    vsh_route_forward(&nn, &s, logits, NULL, &r, NULL, &report);
    vsh_pool_stop(nn.pool);
    CHECK_INT(r.first[0], 0);
    CHECK_INT(r.first[1000], 12000);
    for (int64_t i = 0; i < 12000; i++) /* stable: each expert's rows fill in order */
        CHECK_INT(r.slot[i], r.first[r.choice[i]] + next[r.choice[i]]++);
    for (int64_t i = 0; i < s.tokens * s.experts; i++)
        mean[i % s.experts] += (double)r.probability[i] / 6000;
    for (int64_t e = 0; e < s.experts; e++) {
        CHECK_INT(next[e], r.first[e + 1] - r.first[e]);
        balance += 1000 * mean[e] * (double)next[e] / 12000;
    }
    CHECK_NEAR(report.balance, balance, 1e-9, 0);
}

/* ---- jitter and balancing ------------------------------------------------------------------ */

static void jitter_on_set(const vsh_nn *nn)
{
    enum { COUNT = 40007 };
    const float amount = 0.125F;
    float *ones = floats(COUNT), *out = floats(COUNT);
    double sum = 0;

    for (int i = 0; i < COUNT; i++)
        ones[i] = 1;
    vsh_jitter(nn, VSH_F32, COUNT, amount, 0x123456789abcU, 0xfedcba987654321U, ones, out);
    for (int i = 0; i < COUNT; i++) {
        double u = vsh_random_uniform(0x123456789abcU, 0xfedcba987654321U, (uint64_t)i);
        CHECK_NEAR((double)out[i], 1 - 0.125 + 0.25 * u, 0, 1.5e-7);
        CHECK(out[i] >= 1 - amount && out[i] <= 1 + amount);
        sum += (double)out[i];
    }
    CHECK_NEAR(sum / COUNT, 1, 0, 5 * 0.25 / sqrt(12.0 * COUNT));
    /* in place, stored small */
    {
        vsh_bf16 *x = stored(VSH_B16, random_floats(1003, 1, 1), 1003), *y = room(1003, sizeof *y);
        vsh_jitter(nn, VSH_B16, 1003, 0.01F, 1, 2, x, y);
        for (int i = 0; i < 1003; i++)
            CHECK_NEAR((double)vsh_float_of_bf16(y[i]),
                       (double)vsh_float_of_bf16(x[i]) *
                           (0.99 + 0.02 * vsh_random_uniform(1, 2, (uint64_t)i)),
                       0.004, 0);
        vsh_jitter(nn, VSH_B16, 1003, 0.01F, 1, 2, x, x);
        CHECK(memcmp(x, y, 1003 * sizeof *x) == 0);
    }
}

static void jitter_is_a_function_of_seed_stream_and_element(void) { on_every_set(jitter_on_set); }

/* Element numbers carry into their upper half. */
static void jitter_far_on_set(const vsh_nn *nn)
{
    enum { COUNT = 50 };
    float x[COUNT], out[COUNT];
    uint64_t first = ((uint64_t)7 << 32) - 21;

    for (int i = 0; i < COUNT; i++)
        x[i] = 1;
    nn->kernels->moe[VSH_F32].jitter(COUNT, 0.5F, 3, 4, first, x, out);
    for (int i = 0; i < COUNT; i++)
        CHECK_NEAR((double)out[i], 0.5 + vsh_random_uniform(3, 4, first + (uint64_t)i), 0, 3e-7);
}

static void jitter_counts_elements_in_64_bits(void) { on_every_set(jitter_far_on_set); }

static void the_balancing_bias_moves_towards_the_mean(void)
{
    int64_t load[4] = {10, 0, 5, 5};
    float bias[4] = {0, 0, 1, -1};

    vsh_balance_bias(4, load, 0.25, bias);
    CHECK_NEAR((double)bias[0], -0.25, 0, 0);
    CHECK_NEAR((double)bias[1], 0.25, 0, 0);
    CHECK_NEAR((double)bias[2], 1, 0, 0);
    CHECK_NEAR((double)bias[3], -1, 0, 0);
}

/* The loop that it is for: a router that prefers one expert comes to use all. */
static void the_balancing_bias_evens_a_lopsided_router(void)
{
    vsh_route_shape s = {512, 8, 2, 0, VSH_GATE_SIGMOID, true, 0, 0};
    float *logits = random_floats(512 * 8, 1, 1), *bias = floats(8);
    vsh_route r = new_route(&s);
    vsh_route_report before, after;
    vsh_nn nn;

    REQUIRE(start("plain", 1, &nn));
    for (int64_t t = 0; t < 512; t++)
        logits[t * 8] += 2;
    vsh_route_forward(&nn, &s, logits, NULL, &r, NULL, &before);
    for (int step = 0; step < 300; step++) {
        int64_t load[8] = {0};
        vsh_route_forward(&nn, &s, logits, bias, &r, load, &after);
        vsh_balance_bias(8, load, 1e-3, bias);
    }
    CHECK(before.load_max > 3);
    CHECK(after.load_max < 1.1);
}

const vsh_test vsh_tests[] = {
    {"routing_agrees_with_its_twin", routing_agrees_with_its_twin},
    {"routing_backward_agrees_with_its_twin", routing_backward_agrees_with_its_twin},
    {"the_gradient_of_the_logits_is_that_of_differences",
     the_gradient_of_the_logits_is_that_of_differences},
    {"a_router_learns_from_the_loss_however_many_it_chooses",
     a_router_learns_from_the_loss_however_many_it_chooses},
    {"ties_go_to_the_lower_expert", ties_go_to_the_lower_expert},
    {"the_bias_moves_the_choice_and_not_the_weight", the_bias_moves_the_choice_and_not_the_weight},
    {"logits_that_are_not_finite_are_seen_and_choose_different_experts",
     logits_that_are_not_finite_are_seen_and_choose_different_experts},
    {"a_gate_of_nothing_gives_no_nan", a_gate_of_nothing_gives_no_nan},
    {"a_crowd_at_one_expert_is_dropped_in_order_of_token",
     a_crowd_at_one_expert_is_dropped_in_order_of_token},
    {"the_balance_loss_is_its_coefficient_at_perfect_balance",
     the_balance_loss_is_its_coefficient_at_perfect_balance},
    {"rows_are_their_tokens_and_free_rows_are_zero", rows_are_their_tokens_and_free_rows_are_zero},
    {"there_and_back_with_weights_that_sum_to_one_is_the_identity",
     there_and_back_with_weights_that_sum_to_one_is_the_identity},
    {"combine_weighs_what_was_not_dropped_and_adds", combine_weighs_what_was_not_dropped_and_adds},
    {"weights_go_to_rows_and_back", weights_go_to_rows_and_back},
    {"one_and_two_threads_give_the_same_bits", one_and_two_threads_give_the_same_bits},
    {"sums_of_many_tokens_and_experts_are_those_of_the_choices",
     sums_of_many_tokens_and_experts_are_those_of_the_choices},
    {"jitter_is_a_function_of_seed_stream_and_element",
     jitter_is_a_function_of_seed_stream_and_element},
    {"jitter_counts_elements_in_64_bits", jitter_counts_elements_in_64_bits},
    {"the_balancing_bias_moves_towards_the_mean", the_balancing_bias_moves_towards_the_mean},
    {"the_balancing_bias_evens_a_lopsided_router", the_balancing_bias_evens_a_lopsided_router},
    {NULL, NULL}};
