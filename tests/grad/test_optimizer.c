#include "trainer/run/optimizer.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "optimizer";

static vsh_error err;

/* ---- a machine, a list of tensors, and their arrays ------------------------------------------ */

static const char *const isas[] = {"plain", "avx2", "avx512"};
enum { ISAS = 3 };

static vsh_nn start(const char *isa, int threads)
{
    vsh_nn nn = {.kernels = vsh_kernels_named(isa)};
    void *scratch = vsh_alloc(vsh_test_arena(), (size_t)threads, VSH_SCRATCH_BYTES);

    REQUIRE(scratch != NULL);
    REQUIRE_OK(
        vsh_pool_start(vsh_test_arena(), threads, scratch, VSH_SCRATCH_BYTES, &nn.pool, &err),
        &err);
    return nn;
}

/* Vectors and matrices, one wider than a tile and longer than a part, one that is not trained, one
 * that does not fill a vector of any instruction set, and no nice offset. */
static vsh_parameter_list some_tensors(void)
{
    static const struct {
        int64_t rows, cols;
        bool decay, trained;
    } shapes[] = {{3, 1, false, true},   {130, 67, true, true},  {5, 1, false, false},
                  {1, 33, true, true},   {21, 4501, true, true}, {1000, 1, false, true},
                  {17, 16, false, true}, {9, 1, false, false}};
    enum { COUNT = sizeof shapes / sizeof shapes[0] };
    vsh_parameter_list list = {.item = vsh_alloc(vsh_test_arena(), COUNT, sizeof *list.item)};

    for (list.count = 0; list.count < COUNT; list.count++) {
        vsh_parameter *p = &list.item[list.count];
        p->rows = shapes[list.count].rows;
        p->cols = shapes[list.count].cols;
        p->decay = shapes[list.count].decay;
        p->trained = shapes[list.count].trained;
        p->offset = list.elements;
        list.elements += p->rows * p->cols;
    }
    return list;
}

static vsh_parameter_list one_vector(int64_t elements)
{
    vsh_parameter_list list = {.item = vsh_alloc(vsh_test_arena(), 1, sizeof *list.item),
                               .count = 1,
                               .elements = elements};

    list.item[0] = (vsh_parameter){.rows = elements, .cols = 1, .trained = true};
    return list;
}

/* In (-1, 1), a pure function of its arguments. */
static double draw(uint64_t stream, int64_t i)
{
    return 2 * vsh_random_uniform(4, stream, (uint64_t)i) - 1;
}

static void *room_of(int64_t count, size_t size)
{
    void *room = vsh_alloc(vsh_test_arena(), (size_t)count, size);

    REQUIRE(room != NULL);
    return room;
}

typedef struct {
    vsh_parameter_list list;
    vsh_optimizer_options options;
    vsh_optimizer_arrays arrays;
    void *gradients; /* arrays.gradients, to write */
    int64_t state_bytes;
    double *room;
} setup;

static setup prepare(vsh_parameter_list list, int kind, vsh_element element)
{
    setup s = {.list = list,
               .options = {.kind = kind,
                           .beta1 = 0.9,
                           .beta2 = 0.95,
                           .epsilon = 1e-8,
                           .weight_decay = 0.1},
               .state_bytes = vsh_optimizer_state_bytes(&list, kind)};
    int64_t n = list.elements;

    s.room = room_of(vsh_optimizer_room(&list), sizeof *s.room);
    s.gradients = room_of(n, vsh_element_bytes(element));
    s.arrays =
        (vsh_optimizer_arrays){.element = element,
                               .weights = room_of(n, vsh_element_bytes(element)),
                               .master = element == VSH_B16 ? room_of(n, sizeof(float)) : NULL,
                               .gradients = s.gradients,
                               .state = room_of(s.state_bytes, 1)};
    return s;
}

static float *weights_of(const setup *s)
{
    return s->arrays.element == VSH_B16 ? s->arrays.master : s->arrays.weights;
}

static double gradient_at(const setup *s, int64_t i)
{
    return s->arrays.element == VSH_F32
               ? (double)((const float *)s->gradients)[i]
               : (double)vsh_float_of_bf16(((const vsh_bf16 *)s->gradients)[i]);
}

static void set_gradient(const setup *s, int64_t i, double value)
{
    if (s->arrays.element == VSH_F32)
        ((float *)s->gradients)[i] = (float)value;
    else
        ((vsh_bf16 *)s->gradients)[i] = vsh_bf16_of_float((float)value);
}

static void draw_weights(const setup *s)
{
    for (int64_t i = 0; i < s->list.elements; i++)
        weights_of(s)[i] = (float)draw(100, i);
}

/* Of sizes that differ between tensors, as they do. */
static void draw_gradients(const setup *s, int64_t step)
{
    for (int64_t p = 0; p < s->list.count; p++) {
        const vsh_parameter *t = &s->list.item[p];
        for (int64_t i = t->offset; i < t->offset + t->rows * t->cols; i++)
            set_gradient(s, i, draw((uint64_t)step, i) * pow(10, (double)(-p)));
    }
}

static const double rate = 0.01, scale = 0.25;

static void run_steps(const vsh_nn *nn, const setup *s, int64_t steps)
{
    draw_weights(s);
    for (int64_t step = 1; step <= steps; step++) {
        draw_gradients(s, step);
        vsh_optimizer_step(nn, &s->list, &s->options, &s->arrays, step, rate, scale, s->room);
    }
}

/* ---- twins ----------------------------------------------------------------------------------- */

enum { STEPS = 4 };

/* The same steps of one tensor by the naive twin; untrained ones stay. */
static void twin(const setup *s, const vsh_parameter *p, double *weight)
{
    int64_t count = p->rows * p->cols;
    double *gradient = room_of(count, sizeof *gradient);
    double *state = room_of(2 * count + p->rows + p->cols, sizeof *state);

    for (int64_t i = 0; i < count; i++)
        weight[i] = (double)(float)draw(100, p->offset + i);
    for (int64_t step = 1; p->trained && step <= STEPS; step++) {
        draw_gradients(s, step);
        for (int64_t i = 0; i < count; i++)
            gradient[i] = scale * gradient_at(s, p->offset + i);
        vsh_optimizer_step_ref(&s->options, p->decay, p->rows, p->cols, step, rate, gradient,
                               weight, state);
    }
}

/* The largest distance between kernel and twin, in units of a step. */
static double distance(const setup *s, const vsh_parameter *p, const double *want)
{
    double most = 0;

    for (int64_t i = 0; i < p->rows * p->cols; i++)
        most = fmax(most, fabs((double)weights_of(s)[p->offset + i] - want[i]) / rate);
    return most;
}

static bool rounded_are_the_masters(const setup *s)
{
    const vsh_bf16 *rounded = s->arrays.weights;
    bool same = true;

    for (int64_t p = 0; p < s->list.count; p++) {
        const vsh_parameter *t = &s->list.item[p];
        for (int64_t i = t->offset; t->trained && i < t->offset + t->rows * t->cols; i++)
            same &= rounded[i] == vsh_bf16_of_float(s->arrays.master[i]);
    }
    return same;
}

static void check_against_twin(int kind, vsh_element element)
{
    setup s = prepare(some_tensors(), kind, element);
    double **want = room_of(s.list.count, sizeof *want);

    for (int64_t p = 0; p < s.list.count; p++) {
        const vsh_parameter *t = &s.list.item[p];
        want[p] = room_of(t->rows * t->cols, sizeof **want);
        twin(&s, t, want[p]);
    }
    for (int i = 0; i < ISAS; i++) {
        vsh_nn nn;
        if (!vsh_kernels_named(isas[i]))
            continue;
        nn = start(isas[i], 1);
        memset(s.arrays.state, 0, (size_t)s.state_bytes);
        run_steps(&nn, &s, STEPS);
        /* weights up to 1 lose half an ulp, 3e-8, a step, and moments as much of themselves */
        for (int64_t p = 0; p < s.list.count; p++)
            CHECK_NEAR(distance(&s, &s.list.item[p], want[p]), 0, 0,
                       s.list.item[p].trained ? 1e-4 : 0);
        CHECK(element == VSH_F32 || rounded_are_the_masters(&s));
        vsh_pool_stop(nn.pool);
    }
}

static void adamw_agrees_with_its_twin(void)
{
    check_against_twin(VSH_ADAMW, VSH_F32);
    check_against_twin(VSH_ADAMW, VSH_B16);
}

static void sgd_agrees_with_its_twin(void)
{
    check_against_twin(VSH_SGD, VSH_F32);
    check_against_twin(VSH_SGD, VSH_B16);
}

static void adafactor_agrees_with_its_twin(void)
{
    check_against_twin(VSH_ADAFACTOR, VSH_F32);
    check_against_twin(VSH_ADAFACTOR, VSH_B16);
}

/* ---- laws of every kind ---------------------------------------------------------------------- */

static const int kinds[] = {VSH_ADAMW, VSH_ADAMW8BIT, VSH_ADAFACTOR, VSH_SGD};
enum { KINDS = 4 };

static void threads_do_not_change_a_bit(void)
{
    for (int k = 0; k < KINDS; k++)
        for (int e = 0; e < VSH_ELEMENT_COUNT; e++) {
            setup s[2];
            for (int t = 0; t < 2; t++) {
                vsh_nn nn = start(vsh_kernels_find()->name, t + 1);
                s[t] = prepare(some_tensors(), kinds[k], (vsh_element)e);
                run_steps(&nn, &s[t], 3);
                vsh_pool_stop(nn.pool);
            }
            CHECK(memcmp(weights_of(&s[0]), weights_of(&s[1]),
                         (size_t)s[0].list.elements * sizeof(float)) == 0);
            CHECK(memcmp(s[0].arrays.weights, s[1].arrays.weights,
                         (size_t)s[0].list.elements * vsh_element_bytes((vsh_element)e)) == 0);
            CHECK(memcmp(s[0].arrays.state, s[1].arrays.state, (size_t)s[0].state_bytes) == 0);
        }
}

/* The same array as one tensor and as several: nothing but decay and training is a tensor's, except
 * for Adafactor, whose moments are. */
static void where_tensors_end_does_not_change_a_bit(void)
{
    static const int flat[] = {VSH_ADAMW, VSH_ADAMW8BIT, VSH_SGD};

    for (int k = 0; k < 3; k++)
        for (int i = 0; i < ISAS; i++) {
            setup s[2];
            for (int t = 0; t < 2 && vsh_kernels_named(isas[i]); t++) {
                vsh_nn nn = start(isas[i], 1);
                vsh_parameter_list list = some_tensors();
                for (int64_t p = 0; p < list.count; p++)
                    list.item[p].trained = !(list.item[p].decay = false);
                s[t] = prepare(t == 0 ? list : one_vector(list.elements), flat[k], VSH_F32);
                draw_weights(&s[t]);
                for (int64_t step = 1; step <= 3; step++) {
                    for (int64_t g = 0; g < list.elements; g++)
                        set_gradient(&s[t], g, draw((uint64_t)step, g));
                    vsh_optimizer_step(&nn, &s[t].list, &s[t].options, &s[t].arrays, step, rate,
                                       scale, s[t].room);
                }
                vsh_pool_stop(nn.pool);
            }
            if (!vsh_kernels_named(isas[i]))
                continue;
            CHECK(memcmp(weights_of(&s[0]), weights_of(&s[1]),
                         (size_t)s[0].list.elements * sizeof(float)) == 0);
            CHECK_INT(s[0].state_bytes, s[1].state_bytes);
            CHECK(memcmp(s[0].arrays.state, s[1].arrays.state, (size_t)s[0].state_bytes) == 0);
        }
}

static void what_is_not_trained_and_gradients_stay_as_they_are(void)
{
    vsh_nn nn = start(vsh_kernels_find()->name, 1);

    for (int k = 0; k < KINDS; k++) {
        setup s = prepare(some_tensors(), kinds[k], VSH_F32);
        float *before = room_of(s.list.elements, sizeof *before);
        draw_weights(&s);
        draw_gradients(&s, 1);
        memcpy(before, s.gradients, (size_t)s.list.elements * sizeof *before);
        vsh_optimizer_step(&nn, &s.list, &s.options, &s.arrays, 1, rate, 1, s.room);
        CHECK(memcmp(before, s.gradients, (size_t)s.list.elements * sizeof *before) == 0);
        for (int64_t p = 0; p < s.list.count; p++) {
            const vsh_parameter *t = &s.list.item[p];
            int64_t moved = 0;
            for (int64_t i = t->offset; i < t->offset + t->rows * t->cols; i++)
                moved += weights_of(&s)[i] < (float)draw(100, i) ||
                         weights_of(&s)[i] > (float)draw(100, i);
            CHECK(t->trained ? moved > 0 : moved == 0);
        }
    }
    vsh_pool_stop(nn.pool);
}

/* A gradient that is nowhere: only decay moves weights, and only where the list says so. */
static void decay_is_decoupled_and_only_where_the_list_says(void)
{
    vsh_nn nn = start(vsh_kernels_find()->name, 1);

    for (int k = 0; k < KINDS; k++) {
        setup s = prepare(some_tensors(), kinds[k], VSH_F32);
        draw_weights(&s);
        vsh_optimizer_step(&nn, &s.list, &s.options, &s.arrays, 1, rate, 1, s.room);
        for (int64_t p = 0; p < s.list.count; p++) {
            const vsh_parameter *t = &s.list.item[p];
            double off = 0, keep = t->decay ? 1 - rate * s.options.weight_decay : 1;
            for (int64_t i = t->offset; i < t->offset + t->rows * t->cols; i++)
                off =
                    fmax(off, fabs((double)weights_of(&s)[i] - keep * (double)(float)draw(100, i)));
            CHECK_NEAR(off, 0, 0, t->decay ? 3e-7 : 0);
        }
    }
    vsh_pool_stop(nn.pool);
}

static int64_t dtype_bytes(const char *dtype) { return strcmp(dtype, "F32") == 0 ? 4 : 1; }

static void pieces_tile_the_state(void)
{
    vsh_parameter_list list = some_tensors();

    for (int k = 0; k < KINDS; k++) {
        vsh_optimizer_piece pieces[VSH_OPTIMIZER_PIECES];
        int count = vsh_optimizer_pieces(&list, kinds[k], pieces);
        int64_t at = 0;
        CHECK(count >= 1 && count <= VSH_OPTIMIZER_PIECES);
        for (int i = 0; i < count; i++) {
            CHECK_INT(pieces[i].offset_bytes, at);
            at += (pieces[i].elements * dtype_bytes(pieces[i].dtype) + 63) / 64 * 64;
            for (int other = 0; other < i; other++)
                CHECK(strcmp(pieces[i].name, pieces[other].name) != 0);
        }
        CHECK_INT(vsh_optimizer_state_bytes(&list, kinds[k]), at);
    }
}

static void the_state_takes_the_bytes_of_its_recipe(void)
{
    vsh_parameter_list list = one_vector(1 << 20), matrix = one_vector(1 << 20);

    matrix.item[0].rows = matrix.item[0].cols = 1 << 10;
    CHECK_INT(vsh_optimizer_state_bytes(&list, VSH_ADAMW), 8 << 20);
    CHECK_INT(vsh_optimizer_state_bytes(&list, VSH_SGD), 4 << 20);
    CHECK_INT(vsh_optimizer_state_bytes(&list, VSH_ADAMW8BIT),
              (2 << 20) + 2 * 4 * ((1 << 20) / VSH_MOMENT_BLOCK));
    CHECK_INT(vsh_optimizer_state_bytes(&list, VSH_ADAFACTOR), 4 << 20);
    CHECK_INT(vsh_optimizer_state_bytes(&matrix, VSH_ADAFACTOR), 2 * 4 << 10);
}

/* ---- the norm -------------------------------------------------------------------------------- */

static double naive_norm(const setup *s)
{
    double sum = 0;

    for (int64_t p = 0; p < s->list.count; p++) {
        const vsh_parameter *t = &s->list.item[p];
        for (int64_t i = t->offset; t->trained && i < t->offset + t->rows * t->cols; i++)
            sum += gradient_at(s, i) * gradient_at(s, i);
    }
    return sqrt(sum);
}

static double norm_by(const char *isa, int threads, const setup *s)
{
    vsh_nn nn = start(isa, threads);
    double norm = vsh_gradient_norm(&nn, &s->list, &s->arrays, scale, s->room);

    vsh_pool_stop(nn.pool);
    return norm;
}

static void the_norm_is_that_of_trained_gradients_whatever_computes_it(void)
{
    for (int e = 0; e < VSH_ELEMENT_COUNT; e++) {
        setup s = prepare(some_tensors(), VSH_ADAMW, (vsh_element)e);
        double first;
        draw_gradients(&s, 1);
        first = norm_by("plain", 1, &s);
        CHECK_NEAR(first, scale * naive_norm(&s), 1e-12, 0);
        for (int i = 0; i < ISAS; i++)
            for (int threads = 1; threads <= 2 && vsh_kernels_named(isas[i]); threads++)
                CHECK_NEAR(norm_by(isas[i], threads, &s), first, 0, 0);
    }
}

static void one_gradient_that_is_not_finite_shows_in_the_norm(void)
{
    static const int64_t places[] = {0, 4095, 70000, 100000};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        for (int e = 0; e < VSH_ELEMENT_COUNT; e++) {
            setup s = prepare(some_tensors(), VSH_ADAMW, (vsh_element)e);
            const char *isa = vsh_kernels_find()->name;
            draw_gradients(&s, 1);
            CHECK(isfinite(norm_by(isa, 1, &s)));
            set_gradient(&s, places[i], (double)INFINITY);
            CHECK(!isfinite(norm_by(isa, 1, &s)));
            set_gradient(&s, places[i], (double)NAN);
            CHECK(!isfinite(norm_by(isa, 1, &s)));
            set_gradient(&s, places[i], -3e38); /* large, and finite */
            CHECK(isfinite(norm_by(isa, 1, &s)));
        }
}

/* ---- codes of 8 bits ------------------------------------------------------------------------- */

enum { SIGNED, UNSIGNED, CODES = 256 };

/* Every value of the code of Dettmers et al., from its definition: decade by decade the middles of
 * equal pieces of [0.1, 1], each decade with twice the pieces of the one below; 0 and 1. */
static void naive_codes(int sign, double values[CODES])
{
    int count = 0;

    for (int decade = 0; decade < 7; decade++) {
        int pieces = 1 << (decade + (sign == UNSIGNED));
        for (int i = 0; i < pieces; i++) {
            double middle = pow(10, decade - 6) * (0.1 + 0.9 * (i + 0.5) / pieces);
            values[count++] = middle;
            if (sign == SIGNED)
                values[count++] = -middle;
        }
    }
    values[count++] = 0;
    values[count++] = 1;
    CHECK_INT(count, CODES);
}

static void sort(double values[CODES])
{
    for (int i = 1; i < CODES; i++)
        for (int j = i; j > 0 && values[j] < values[j - 1]; j--) {
            double larger = values[j - 1];
            values[j - 1] = values[j];
            values[j] = larger;
        }
}

static void codes_are_those_of_the_paper(void)
{
    uint8_t codes[CODES];

    for (int i = 0; i < CODES; i++)
        codes[i] = (uint8_t)i;
    for (int i = 0; i < ISAS; i++) {
        const vsh_kernels *kernels = vsh_kernels_named(isas[i]);
        for (int sign = SIGNED; kernels && sign <= UNSIGNED; sign++) {
            float decoded[CODES];
            double got[CODES], want[CODES];
            kernels->update.decode[sign](codes, 3, CODES, decoded);
            for (int c = 0; c < CODES; c++)
                got[c] = (double)decoded[c];
            naive_codes(sign, want);
            sort(got);
            sort(want);
            for (int c = 0; c < CODES; c++)
                CHECK_NEAR(got[c], 3 * want[c], 1e-6, 0);
        }
    }
}

/* Half a piece of the decade that x lies in, or rounds to. What lies below all of them becomes 0,
 * or, unsigned, the least value. */
static double bound_of(int sign, double x)
{
    double decade = 6;

    if (x * 1.000001 < 1e-7)
        return sign == UNSIGNED && x > 0 ? 3.25e-7 : 1e-7;
    while (decade > 0 && x * 1.000001 < pow(10, decade - 7))
        decade--;
    return 0.5 * 0.9 * pow(10, decade - 6) / pow(2, decade + (sign == UNSIGNED));
}

enum { CODED = 990, CODED_ROOM = 992 };

/* 8.5 decades; the ends of all of them and their neighbours; 0, and the largest. */
static void draw_coded(int sign, float values[CODED_ROOM])
{
    memset(values, 0, CODED_ROOM * sizeof *values);
    for (int i = 0; i < CODED; i++) {
        double size = pow(10, -8.5 * vsh_random_uniform(1, 2, (uint64_t)i));
        values[i] = (float)(size * (sign == SIGNED && i % 3 == 0 ? -1 : 1));
    }
    for (int decade = 0; decade <= 7; decade++) {
        float end = (float)pow(10, -decade);
        values[3 * decade] = nextafterf(end, 0);
        values[3 * decade + 1] = end;
        values[3 * decade + 2] = nextafterf(end, decade == 0 ? 1 : 2);
    }
    values[CODED - 1] = 0;
}

static void check_coding(const vsh_kernels *kernels, int sign, float largest)
{
    float values[CODED_ROOM], back[CODED_ROOM], again[CODED_ROOM], coded;
    uint8_t codes[CODED_ROOM];
    int64_t wrong = 0;

    draw_coded(sign, values);
    for (int i = 0; i < CODED_ROOM; i++)
        values[i] *= largest;
    coded = kernels->update.encode[sign](values, CODED, codes);
    CHECK_NEAR((double)coded, (double)largest, 0, 0);
    kernels->update.decode[sign](codes, coded, CODED, back);
    for (int i = 0; i < CODED; i++) {
        double x = fabs((double)values[i]) / (double)largest;
        double off = fabs((double)back[i] - (double)values[i]) / (double)largest;
        wrong += off > bound_of(sign, x) * 1.00001 + 1e-12;
        wrong += sign == UNSIGNED && (back[i] > 0) != (values[i] > 0);
    }
    CHECK_INT(wrong, 0);
    CHECK_NEAR((double)back[1], (double)largest, 0, 0);
    for (int i = CODED - 1; i < CODED_ROOM; i++) /* what is behind the end stays nothing */
        CHECK_NEAR((double)back[i], 0, 0, 0);
    kernels->update.encode[sign](back, CODED, codes);
    kernels->update.decode[sign](codes, coded, CODED, again);
    CHECK(memcmp(back, again, sizeof back) == 0);
}

static void a_coded_value_is_off_by_half_a_piece_at_most(void)
{
    for (int i = 0; i < ISAS; i++) {
        const vsh_kernels *kernels = vsh_kernels_named(isas[i]);
        for (int sign = SIGNED; kernels && sign <= UNSIGNED; sign++)
            for (int power = -30; power <= 30; power += 10) {
                check_coding(kernels, sign, (float)pow(2, power));
                check_coding(kernels, sign, (float)pow(7, power));
            }
    }
}

/* ---- AdamW of 8 bits ------------------------------------------------------------------------- */

/* Gradients of a block that spread over decades and are 0 at times, as those of an embedding are.
 * AdamW's own steps are below 3 times the rate here. */
static void steps_of_8_bits_stay_within_a_few_rates(void)
{
    enum { COUNT = VSH_MOMENT_BLOCK };
    setup s = prepare(one_vector(COUNT), VSH_ADAMW8BIT, VSH_F32);
    vsh_nn nn = start(vsh_kernels_find()->name, 1);
    double most = 0;

    for (int64_t step = 1; step <= 60; step++) {
        float before[COUNT];
        memcpy(before, weights_of(&s), sizeof before);
        for (int64_t i = 0; i < COUNT; i++)
            set_gradient(&s, i,
                         i % 5 == 0 && i % 7 != step % 7
                             ? 0
                             : (0.3 + draw((uint64_t)step, i)) * pow(10, 4 * draw(99, i)));
        vsh_optimizer_step(&nn, &s.list, &s.options, &s.arrays, step, rate, scale, s.room);
        for (int64_t i = 0; i < COUNT; i++)
            most = fmax(most, fabs((double)weights_of(&s)[i] - (double)before[i]) / rate);
    }
    CHECK(most > 0.9);
    CHECK(most < 3);
    vsh_pool_stop(nn.pool);
}

/* sum of a_i (w_i - t_i)^2 / 2 with a from 0.1 to 10, from gradients with noise. */
static double train_quadratic(int kind, int64_t steps)
{
    enum { COUNT = 5000 };
    setup s = prepare(one_vector(COUNT), kind, VSH_F32);
    vsh_nn nn = start(vsh_kernels_find()->name, 1);
    double loss = 0;

    for (int64_t step = 1; step <= steps; step++) {
        double now = 0.03 * (1 - (double)(step - 1) / (double)steps);
        for (int64_t i = 0; i < COUNT; i++)
            set_gradient(&s, i,
                         pow(10, draw(98, i)) * ((double)weights_of(&s)[i] - draw(97, i) +
                                                 0.3 * draw((uint64_t)step, i)));
        vsh_optimizer_step(&nn, &s.list, &s.options, &s.arrays, step, now, 1, s.room);
    }
    for (int64_t i = 0; i < COUNT; i++)
        loss +=
            0.5 * pow(10, draw(98, i)) * pow((double)weights_of(&s)[i] - draw(97, i), 2) / COUNT;
    vsh_pool_stop(nn.pool);
    return loss;
}

static void eight_bits_train_to_nearly_the_same_place(void)
{
    double before = train_quadratic(VSH_ADAMW, 0), exact = train_quadratic(VSH_ADAMW, 200);
    double coded = train_quadratic(VSH_ADAMW8BIT, 200);

    CHECK(exact < before / 100);
    CHECK_NEAR(coded, exact, 0.1, 0);
}

/* The moments of AdamW, and those that 8 bits stand for. */
static const float *moment_of(const setup *s, const vsh_nn *nn, int which)
{
    vsh_optimizer_piece pieces[VSH_OPTIMIZER_PIECES];
    const char *state = s->arrays.state;
    int64_t n = s->list.elements, blocks = (n + VSH_MOMENT_BLOCK - 1) / VSH_MOMENT_BLOCK;
    float *values;

    vsh_optimizer_pieces(&s->list, s->options.kind, pieces);
    if (s->options.kind == VSH_ADAMW)
        return (const float *)(const void *)(state + pieces[which].offset_bytes);
    values = room_of(blocks * VSH_MOMENT_BLOCK, sizeof *values);
    for (int64_t b = 0; b < blocks; b++) {
        const uint8_t *codes = (const uint8_t *)state + pieces[2 * which].offset_bytes;
        const float *scales = (const void *)(state + pieces[2 * which + 1].offset_bytes);
        int64_t at = b * VSH_MOMENT_BLOCK, count = n - at;
        nn->kernels->update.decode[which](codes + at, scales[b],
                                          count < VSH_MOMENT_BLOCK ? count : VSH_MOMENT_BLOCK,
                                          values + at);
    }
    return values;
}

static float largest_of(const float *values, int64_t count)
{
    float most = 0;

    for (int64_t i = 0; i < count; i++)
        most = fmaxf(most, fabsf(values[i]));
    return most;
}

/* After one step the moments of 8 bits are those of AdamW, coded once: off by half a piece. */
static void moments_of_8_bits_are_those_of_adamw_to_half_a_piece(void)
{
    setup exact = prepare(some_tensors(), VSH_ADAMW, VSH_F32);
    setup coded = prepare(some_tensors(), VSH_ADAMW8BIT, VSH_F32);
    vsh_nn nn = start(vsh_kernels_find()->name, 1);

    run_steps(&nn, &exact, 1);
    run_steps(&nn, &coded, 1);
    for (int which = 0; which < 2; which++) {
        const float *want = moment_of(&exact, &nn, which), *got = moment_of(&coded, &nn, which);
        int64_t n = exact.list.elements, wrong = 0;
        for (int64_t at = 0; at < n; at += VSH_MOMENT_BLOCK) {
            int64_t count = n - at < VSH_MOMENT_BLOCK ? n - at : VSH_MOMENT_BLOCK;
            double most = (double)largest_of(want + at, count);
            for (int64_t i = at; i < at + count; i++) {
                double off = fabs((double)got[i] - (double)want[i]);
                double x = most > 0 ? fabs((double)want[i]) / most : 0;
                wrong += off > (1.00001 * bound_of(which, x) + 2e-7 * x) * most;
            }
        }
        CHECK_INT(wrong, 0);
    }
    vsh_pool_stop(nn.pool);
}

static void adafactor_and_sgd_train_too(void)
{
    double before = train_quadratic(VSH_SGD, 0);

    CHECK(train_quadratic(VSH_SGD, 200) < before / 100);
    CHECK(train_quadratic(VSH_ADAFACTOR, 200) < before / 100);
}

const vsh_test vsh_tests[] = {
    {"adamw_agrees_with_its_twin", adamw_agrees_with_its_twin},
    {"sgd_agrees_with_its_twin", sgd_agrees_with_its_twin},
    {"adafactor_agrees_with_its_twin", adafactor_agrees_with_its_twin},
    {"threads_do_not_change_a_bit", threads_do_not_change_a_bit},
    {"where_tensors_end_does_not_change_a_bit", where_tensors_end_does_not_change_a_bit},
    {"what_is_not_trained_and_gradients_stay_as_they_are",
     what_is_not_trained_and_gradients_stay_as_they_are},
    {"decay_is_decoupled_and_only_where_the_list_says",
     decay_is_decoupled_and_only_where_the_list_says},
    {"pieces_tile_the_state", pieces_tile_the_state},
    {"the_state_takes_the_bytes_of_its_recipe", the_state_takes_the_bytes_of_its_recipe},
    {"the_norm_is_that_of_trained_gradients_whatever_computes_it",
     the_norm_is_that_of_trained_gradients_whatever_computes_it},
    {"one_gradient_that_is_not_finite_shows_in_the_norm",
     one_gradient_that_is_not_finite_shows_in_the_norm},
    {"codes_are_those_of_the_paper", codes_are_those_of_the_paper},
    {"a_coded_value_is_off_by_half_a_piece_at_most", a_coded_value_is_off_by_half_a_piece_at_most},
    {"steps_of_8_bits_stay_within_a_few_rates", steps_of_8_bits_stay_within_a_few_rates},
    {"eight_bits_train_to_nearly_the_same_place", eight_bits_train_to_nearly_the_same_place},
    {"moments_of_8_bits_are_those_of_adamw_to_half_a_piece",
     moments_of_8_bits_are_those_of_adamw_to_half_a_piece},
    {"adafactor_and_sgd_train_too", adafactor_and_sgd_train_too},
    {NULL, NULL}};
