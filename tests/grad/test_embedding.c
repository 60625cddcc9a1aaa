#include "trainer/nn/embedding.h"

#include "tests/grad/vectors.h"

const char vsh_suite[] = "embedding";

enum { VOCAB = 700, SEQ = 48, START = 4 };

/* Half of the rows share five tokens. */
static int32_t *tokens_of(int64_t rows)
{
    int32_t *tokens = room_for(rows, sizeof *tokens);

    for (int64_t r = 0; r < rows; r++)
        tokens[r] = (int32_t)(vsh_random_uniform(3, 1, (uint64_t)r) * (r % 2 ? 5 : VOCAB));
    return tokens;
}

static void forward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    array table = array_of(element, VOCAB * width, -1, 1, 1);
    array position = array_of(element, (START + SEQ) * width, -1, 1, 2);
    int32_t *tokens = tokens_of(rows);

    for (int positioned = 0; positioned < 2; positioned++) {
        array out = array_of(element, rows * width, 7, 8, 3);
        array want = array_of(element, rows * width, 7, 8, 3);
        for (int64_t i = 0; i < want.count; i++) {
            int64_t r = i / width, c = i % width;
            double at = position.exact[(START + r % SEQ) * width + c];
            array_set(&want, i, table.exact[tokens[r] * width + c] + (positioned ? at : 0));
        }
        vsh_embedding_forward(nn, element, rows, SEQ, START, width, tokens, table.data,
                              positioned ? position.data : NULL, out.data);
        check_array("out", &out, width, want.exact, 1, 0);
    }
}

static void rows_are_token_plus_position_exactly(void) { everywhere(forward); }

static void backward(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    array dout = array_of(element, rows * width, -1, 1, 1);
    array dtable = array_of(element, VOCAB * width, -1, 1, 2);
    array dposition = array_of(element, SEQ * width, -1, 1, 3);
    double *table = doubles(dtable.count, dtable.exact);
    double *position = doubles(dposition.count, dposition.exact);
    int32_t *tokens = tokens_of(rows);

    for (int64_t i = 0; i < dout.count; i++) {
        int64_t r = i / width, c = i % width;
        table[tokens[r] * width + c] += dout.exact[i];
        position[r % SEQ * width + c] += dout.exact[i];
    }
    vsh_embedding_backward(nn, element, rows, SEQ, width, tokens, dout.data, dtable.data,
                           dposition.data);
    check_array("dtable", &dtable, width, table, 1, tolerance(element));
    check_array("dposition", &dposition, width, position, 1, tolerance(element));
    vsh_embedding_backward(nn, element, rows, SEQ, width, tokens, dout.data, dtable.data, NULL);
    check_array("dposition", &dposition, width, position, 1, tolerance(element));
}

static void gradients_of_equal_tokens_and_positions_are_summed(void) { everywhere(backward); }

/* In bf16, 1 + 1/1024 is 1: added one by one they would be lost. Two tokens take turns, of the same
 * last digit where they are sorted. */
static void small_steps(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    array dout = array_of(element, rows * width, 0, 0, 1);
    array dtable = array_of(element, VOCAB * width, 0, 0, 2);
    array dposition = array_of(element, width, 0, 0, 3);
    int32_t *tokens = room_for(rows, sizeof *tokens);
    double each = 1.0 / 1024, half = (double)(rows / 2) * each;

    for (int64_t i = 0; i < dout.count; i++)
        array_set(&dout, i, each);
    for (int64_t r = 0; r < rows; r++)
        tokens[r] = r % 2 ? 3 : 3 + 256;
    for (int64_t i = 0; i < dtable.count; i++)
        array_set(&dtable, i, 1);
    vsh_embedding_backward(nn, element, rows, 1, width, tokens, dout.data, dtable.data,
                           dposition.data);
    for (int64_t i = 0; i < dtable.count; i++)
        CHECK_NEAR(array_get(&dtable, i), i / width == 3 || i / width == 3 + 256 ? 1 + half : 1, 0,
                   0);
    for (int64_t i = 0; i < width; i++)
        CHECK_NEAR(array_get(&dposition, i), 2 * half, 0, 0);
}

static void many_small_gradients_of_one_token_are_not_lost(void)
{
    with_shape(small_steps, 512, 20);
}

/* More rows than are sorted at once; powers of two, so that the sums are exact. */
static void many_rows(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    array dout = array_of(VSH_F32, rows * width, 0, 0, 1);
    array dtable = array_of(VSH_F32, 300 * 256 * width, 0, 0, 2);
    double *want = doubles(dtable.count, NULL);
    int32_t *tokens = room_for(rows, sizeof *tokens);

    (void)element;
    for (int64_t r = 0; r < rows; r++) {
        tokens[r] = (int32_t)(r * 7919 % 300 * 256 + r % 3);
        array_set(&dout, r, (double)(r % 5));
        want[tokens[r]] += dout.exact[r];
    }
    vsh_embedding_backward(nn, VSH_F32, rows, 100, width, tokens, dout.data, dtable.data, NULL);
    check_array("dtable", &dtable, dtable.count, want, 1, 0);
}

static void rows_beyond_one_sort_are_not_forgotten(void) { with_shape(many_rows, 140000, 1); }

const vsh_test vsh_tests[] = {
    {"rows_are_token_plus_position_exactly", rows_are_token_plus_position_exactly},
    {"gradients_of_equal_tokens_and_positions_are_summed",
     gradients_of_equal_tokens_and_positions_are_summed},
    {"many_small_gradients_of_one_token_are_not_lost",
     many_small_gradients_of_one_token_are_not_lost},
    {"rows_beyond_one_sort_are_not_forgotten", rows_beyond_one_sort_are_not_forgotten},
    {NULL, NULL}};
