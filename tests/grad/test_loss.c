#include "trainer/nn/loss.h"

#include "tests/grad/vectors.h"

const char vsh_suite[] = "loss";

static const float scale = 0.25F;

/* Every third row rises, so that the maximum changes all the way; every seventh does not count. */
static array logits_of(vsh_element element, int64_t rows, int64_t vocab, double size)
{
    array x = array_of(element, rows * vocab, -size, size, 1);

    for (int64_t i = 0; i < x.count; i++)
        if (i / vocab % 3 == 0)
            array_set(&x, i, x.exact[i] + size * 0.01 * (double)(i % vocab));
    return x;
}

static int32_t *ids_of(int64_t rows, int64_t vocab)
{
    int32_t *ids = room_for(rows, sizeof *ids);

    for (int64_t r = 0; r < rows; r++)
        ids[r] = r % 7 == 3 ? -1 : (int32_t)(vsh_random_uniform(4, 1, (uint64_t)r) * (double)vocab);
    return ids;
}

/* Losses are known as the sum of exponentials is, to 1e-6; a gradient to 1e-5 of itself, down to
 * where it counts for nothing, but that of the right token, a difference from 1, to 1e-5 of 1. */
static void check_rows(const array *x, int64_t vocab, const int32_t *ids, const double *losses,
                       const double *want, const double *want_losses)
{
    int64_t rows = x->count / vocab;
    array others = *x;
    double *want_others = doubles(x->count, want);

    for (int64_t r = 0; r < rows; r++) {
        CHECK_NEAR(losses[r], want_losses[r], 1e-6, 1e-6);
        if (ids[r] < 0)
            continue;
        CHECK_NEAR(array_get(x, r * vocab + ids[r]), want[r * vocab + ids[r]],
                   tolerance(x->element), 1e-6 * (double)scale);
        want_others[r * vocab + ids[r]] = array_get(x, r * vocab + ids[r]);
    }
    check_array("gradients", &others, 1, want_others, 1e-9, tolerance(x->element));
    digest(losses, (size_t)rows * sizeof *losses);
}

static void check_loss(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t vocab,
                       double size)
{
    array x = logits_of(element, rows, vocab, size);
    int32_t *ids = ids_of(rows, vocab);
    double *losses = doubles(rows, NULL), *want_losses = doubles(rows, NULL);
    double *want = doubles(x.count, NULL);

    for (int64_t r = 0; r < rows; r++)
        want_losses[r] = vsh_loss_rows_ref(1, vocab, ids + r, (double)scale, x.exact + r * vocab,
                                           want + r * vocab);
    vsh_loss_rows(nn, element, rows, vocab, ids, scale, x.data, losses);
    check_rows(&x, vocab, ids, losses, want, want_losses);
}

static void ordinary(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    check_loss(nn, element, rows, width, 4);
}
static void extreme(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    check_loss(nn, element, rows, width, 1e4);
}

static void losses_and_gradients_agree_with_their_twin(void)
{
    everywhere(ordinary);
    with_shape(ordinary, 20, 5003); /* several chunks a row, several parts */
}
static void logits_of_ten_thousand_do_no_harm(void)
{
    everywhere(extreme);
    with_shape(extreme, 9, 5003);
}

/* Softmax of a row that is sure is 1 - 2e-3: in bf16 it is 1, and 1 - 1 would be no gradient. */
static void a_sure_row(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    array x = array_of(element, rows * width, 0, 0, 1);
    const int32_t ids[1] = {2};
    double loss, others = (double)(width - 1);

    array_set(&x, 2, 10);
    vsh_loss_rows(nn, element, 1, width, ids, 1, x.data, &loss);
    CHECK_NEAR(array_get(&x, 2), -others / (exp(10) + others), tolerance(element), 1e-7);
    CHECK_NEAR(loss, log1p(others * exp(-10)), 0, 1e-6);
}

static void a_sure_row_keeps_its_gradient(void) { with_shape(a_sure_row, 1, 40); }

static void no_scale(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    array x = logits_of(element, rows, width, 4);
    double *losses = doubles(rows, NULL);

    for (int64_t r = 0; r < rows; r++)
        losses[r] = -1;
    vsh_loss_rows(nn, element, rows, width, ids_of(rows, width), 0, x.data, losses);
    check_array("logits", &x, width, x.exact, 1, 0);
    for (int64_t r = 0; r < rows; r++)
        CHECK(losses[r] >= 0);
}

static void without_a_scale_logits_are_left_alone(void) { with_shape(no_scale, 12, 333); }

static void bad_logit(const vsh_nn *nn, vsh_element element, int64_t rows, int64_t width)
{
    static const double bad[] = {NAN, INFINITY};
    const int32_t ids[] = {0, 0};

    for (int64_t at = 0; at<width; at += width> 100 ? 61 : 1)
        for (int i = 0; i < 2; i++) {
            array x = logits_of(element, rows, width, 4);
            double losses[2];
            array_set(&x, at, bad[i]);
            vsh_loss_rows(nn, element, rows, width, ids, scale, x.data, losses);
            CHECK(!isfinite(losses[0]));
            CHECK(isfinite(losses[1]));
        }
}

static void a_nan_or_infinity_shows_in_the_loss_of_its_row(void)
{
    with_shape(bad_logit, 2, 1);
    with_shape(bad_logit, 2, 70);
    with_shape(bad_logit, 2, 4100);
}

const vsh_test vsh_tests[] = {
    {"losses_and_gradients_agree_with_their_twin", losses_and_gradients_agree_with_their_twin},
    {"logits_of_ten_thousand_do_no_harm", logits_of_ten_thousand_do_no_harm},
    {"a_sure_row_keeps_its_gradient", a_sure_row_keeps_its_gradient},
    {"without_a_scale_logits_are_left_alone", without_a_scale_logits_are_left_alone},
    {"a_nan_or_infinity_shows_in_the_loss_of_its_row",
     a_nan_or_infinity_shows_in_the_loss_of_its_row},
    {NULL, NULL}};
