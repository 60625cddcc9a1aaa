#include "trainer/nn/rotary.h"

#include "tests/grad/vectors.h"

const char vsh_suite[] = "rotary";

enum { SEQ = 48, START = 5, EXTRA = 3 };

/* width is that of a head here; rows are longer than their heads, the rest stays as it is. */
static void rotated(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    float *table = room_for((START + SEQ) * width, sizeof *table);

    vsh_rotary_table(START + SEQ, width, table);
    for (int i = 0; i < 4; i++) {
        bool back = i % 2;
        int64_t heads = i < 2 ? 1 : 3, stride = heads * width + EXTRA;
        array x = array_of(element, rows * stride, -1, 1, 1);
        double *want = doubles(x.count, x.exact);
        vsh_rotary(nn, element, rows, SEQ, START, heads, width, stride, table, back, x.data);
        vsh_rotary_ref(rows, SEQ, START, heads, width, stride, back, want);
        check_array("x", &x, stride, want, 1, tolerance(element));
        for (int64_t k = 0; k < x.count; k++)
            if (k % stride >= heads * width)
                CHECK(array_get(&x, k) == x.exact[k]);
    }
}

static void heads_turn_as_their_twin_does(void)
{
    static const int64_t dims[] = {2, 6, 34, 64, 128};

    for (int i = 0; i < 5; i++) {
        with_shape(rotated, 1, dims[i]);
        with_shape(rotated, 130, dims[i]);
    }
}

static void there_and_back(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    array x = array_of(element, rows * width, -1, 1, 1);
    float *table = room_for(SEQ * width, sizeof *table);

    vsh_rotary_table(SEQ, width, table);
    for (int i = 0; i < 2; i++)
        vsh_rotary(nn, element, rows, SEQ, 0, 1, width, width, table, i == 1, x.data);
    check_array("x", &x, width, x.exact, 1, tolerance(element));
}

static void turning_back_undoes_it(void) { with_shape(there_and_back, 65, 64); }

static void the_table_is_right_to_the_last_bit(void)
{
    enum { D = 8, POSITIONS = 5000 };
    static float table[POSITIONS * D];

    vsh_rotary_table(POSITIONS, D, table);
    for (int p = 0; p < POSITIONS; p += 7)
        for (int i = 0; i < D / 2; i++) {
            double angle = p * pow(10000, -2.0 * i / D);
            CHECK_NEAR((double)table[p * D + i], (double)(float)cos(angle), 0, 0);
            CHECK_NEAR((double)table[p * D + D / 2 + i], (double)(float)sin(angle), 0, 0);
        }
}

const vsh_test vsh_tests[] = {
    {"heads_turn_as_their_twin_does", heads_turn_as_their_twin_does},
    {"turning_back_undoes_it", turning_back_undoes_it},
    {"the_table_is_right_to_the_last_bit", the_table_is_right_to_the_last_bit},
    {NULL, NULL}};
