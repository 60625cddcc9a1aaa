#include "planner/laws/repetition.h"

#include <math.h>

#include "planner/laws/uncertainty.h"
#include "tests/harness.h"

const char vsh_suite[] = "repetition";

/* A law in a file, as `fit --law bounded` writes one. */
static vsh_law bounded(void)
{
    vsh_law law = {.name = "own",
                   .title = "own",
                   .form = &vsh_form_bounded,
                   .coefficient = {1.8, 9.5, 60, 220, 0.012, 0.35, 0.37, 0.5, 0.5}};

    return law;
}

static void a_law_that_knows_repetition_prices_it_itself(void)
{
    vsh_law own = bounded();
    vsh_point repeated = {1.2e8, 6.8e9, 1e8, 1, 0}, fresh = {1.2e8, 6.8e9, 0, 1, 0};
    double price = vsh_law_repetition_price(&own, &repeated, 9e99);

    CHECK(vsh_law_of_repetition(&own) == &own);
    CHECK(price > 0);
    CHECK_NEAR(vsh_law_loss(&own, &fresh) + price, vsh_law_loss(&own, &repeated), 1e-12, 0);
    CHECK(fabs(price - vsh_law_repetition_price(&vsh_besiroglu2024, &repeated, 1.2e8)) > 0.05);
    CHECK(vsh_law_repetition_sd(&own, price) == 0);
}

static void other_laws_borrow_the_price(void)
{
    vsh_point repeated = {1e8, 5e9, 1e8, 8, 0}, fresh = {1e8, 5e9, 0, 1, 0};
    vsh_point of_total = {3e8, 5e9, 1e8, 1, 0}, fresh_of_total = {3e8, 5e9, 0, 1, 0};

    CHECK(vsh_law_of_repetition(&vsh_besiroglu2024) == &vsh_muennighoff2023);
    CHECK(vsh_law_of_repetition(&vsh_muennighoff2023) == &vsh_muennighoff2023);
    CHECK(vsh_law_repetition_price(&vsh_besiroglu2024, &fresh, 1e8) == 0);
    /* of the parameters as that law counts them, and without experts */
    CHECK_NEAR(vsh_law_repetition_price(&vsh_ludziejewski2025, &repeated, 3e8),
               vsh_law_loss(&vsh_muennighoff2023, &of_total) -
                   vsh_law_loss(&vsh_muennighoff2023, &fresh_of_total),
               1e-12, 0);
}

static void a_borrowed_price_has_the_spread_of_what_was_measured(void)
{
    CHECK_NEAR(vsh_law_repetition_sd(&vsh_besiroglu2024, 0.77), (0.373 - 0.178) / 2.563, 1e-3, 0);
    CHECK_NEAR(vsh_law_repetition_sd(&vsh_besiroglu2024, 0.02), 0.01, 1e-12, 0);
    CHECK(vsh_law_repetition_sd(&vsh_besiroglu2024, 0) == 0);
}

static double width(const vsh_draw_options *draws)
{
    vsh_point point = {1.17e8, 6.8e9, 0, 1, 0};
    vsh_interval loss;
    vsh_error err;

    REQUIRE_OK(vsh_uncertain_loss(&vsh_ludziejewski2025, &point, draws, &loss, &err), &err);
    return loss.high - loss.low;
}

static void the_error_of_a_price_adds_in_quadrature(void)
{
    vsh_draw_options draws = {.residual_sd = 0.02, .seed = 1};
    double residual = width(&draws);

    draws.added_nats = 0.8;
    CHECK_NEAR(width(&draws), residual, 1e-9, 0);
    draws.added_sd = 0.1;
    CHECK_NEAR(width(&draws), hypot(residual, 2 * 1.96 * 0.1), 0.08, 0);
}

static void tiny_texts_name_no_size(void)
{
    vsh_optimum tiny = vsh_law_optimum_on(vsh_law_default(), 1.8e19, 1e3);
    vsh_optimum usual = vsh_law_optimum_on(vsh_law_default(), 1.8e19, 1e8);

    CHECK(isnan(tiny.params) && isnan(tiny.tokens) && isnan(tiny.loss));
    CHECK(usual.params > 1e8 && usual.params < 5e8);
    CHECK(isnan(vsh_law_optimum_on(vsh_law_default(), 1.8e17, 1e5).params));
}

const vsh_test vsh_tests[] = {
    {"a_law_that_knows_repetition_prices_it_itself", a_law_that_knows_repetition_prices_it_itself},
    {"other_laws_borrow_the_price", other_laws_borrow_the_price},
    {"a_borrowed_price_has_the_spread_of_what_was_measured",
     a_borrowed_price_has_the_spread_of_what_was_measured},
    {"the_error_of_a_price_adds_in_quadrature", the_error_of_a_price_adds_in_quadrature},
    {"tiny_texts_name_no_size", tiny_texts_name_no_size},
    {NULL, NULL}};
