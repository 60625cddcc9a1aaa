#include "planner/laws/inverse.h"

#include <math.h>
#include <stddef.h>

#include "planner/laws/law.h"
#include "tests/harness.h"

const char vsh_suite[] = "inverse";

static const vsh_point dense = {.experts = 1};

static vsh_need need_of(const vsh_law *law, const vsh_point *given, double loss)
{
    return vsh_form_need(law->form, law->coefficient, given, loss);
}

static void what_a_loss_needs_reaches_that_loss(void)
{
    int asked = 0;

    for (int i = 0; i < VSH_SIZING_LAWS; i++) {
        const vsh_law *law = vsh_laws[i];
        double loss = vsh_law_optimum(law, 1.8e19, &dense).loss;
        vsh_need need;
        if (!isfinite(loss))
            continue;
        asked++;
        need = need_of(law, &dense, loss);
        CHECK_NEAR(need.flops, 1.8e19, 1e-6, 0);
        CHECK_NEAR(6 * need.params * need.tokens, need.flops, 1e-6, 0);
        CHECK_NEAR(
            vsh_law_loss(law,
                         &(vsh_point){.params = need.params, .tokens = need.tokens, .experts = 1}),
            loss, 1e-6, 0);
    }
    CHECK(asked >= 5);
}

/* L - E = K C^-g along the optimum: the compute follows from two points of it. */
static void a_chinchilla_law_inverts_as_its_closed_form_does(void)
{
    const vsh_law *law = vsh_law_default();
    const double *c = law->coefficient;
    double g = c[3] * c[4] / (c[3] + c[4]), at = vsh_law_optimum(law, 1e20, &dense).loss;

    CHECK_NEAR(need_of(law, &dense, 2.3).flops, 1e20 * pow((at - c[0]) / (2.3 - c[0]), 1 / g), 1e-6,
               0);
}

static void a_lower_loss_needs_more_of_everything(void)
{
    vsh_need before = need_of(vsh_law_default(), &dense, 4);

    for (double loss = 3.5; loss > 1.9; loss -= 0.25) {
        vsh_need need = need_of(vsh_law_default(), &dense, loss);
        CHECK(need.flops > before.flops && need.params > before.params &&
              need.tokens > before.tokens);
        before = need;
    }
}

static void nothing_reaches_the_irreducible_loss(void)
{
    const vsh_law *law = vsh_law_default();

    CHECK_NEAR(vsh_form_floor(law->form, law->coefficient, &dense), 1.8172, 1e-9, 0);
    CHECK(isinf(need_of(law, &dense, 1.8172).flops));
    CHECK(isinf(need_of(law, &dense, 1.5).flops));
    CHECK(isfinite(need_of(law, &dense, 1.83).flops));
}

static void a_settled_size_needs_more_tokens_than_the_best_one_does_compute(void)
{
    const vsh_law *law = vsh_law_default();
    vsh_need best = need_of(law, &dense, 2.8);

    for (double factor = 0.5; factor < 3; factor *= 2) {
        vsh_point given = {.params = factor * best.params, .experts = 1};
        vsh_need need = need_of(law, &given, 2.8);
        vsh_point there = {.params = given.params, .tokens = need.tokens};
        CHECK_NEAR(vsh_law_loss(law, &there), 2.8, 1e-9, 0);
        CHECK(need.flops >= best.flops * (1 - 1e-6));
    }
}

static void a_model_too_small_reaches_it_on_no_tokens(void)
{
    const vsh_law *law = vsh_law_default();
    vsh_point tiny = {.params = 1e6, .experts = 1};

    CHECK(isinf(vsh_form_tokens_for(law->form, law->coefficient, &tiny, 3)));
    CHECK(isinf(need_of(law, &tiny, 3).flops));
}

static void a_law_that_only_sizes_knows_no_need(void)
{
    CHECK(isinf(need_of(&vsh_porian2024, &dense, 3).flops));
}

const vsh_test vsh_tests[] = {
    {"what_a_loss_needs_reaches_that_loss", what_a_loss_needs_reaches_that_loss},
    {"a_chinchilla_law_inverts_as_its_closed_form_does",
     a_chinchilla_law_inverts_as_its_closed_form_does},
    {"a_lower_loss_needs_more_of_everything", a_lower_loss_needs_more_of_everything},
    {"nothing_reaches_the_irreducible_loss", nothing_reaches_the_irreducible_loss},
    {"a_settled_size_needs_more_tokens_than_the_best_one_does_compute",
     a_settled_size_needs_more_tokens_than_the_best_one_does_compute},
    {"a_model_too_small_reaches_it_on_no_tokens", a_model_too_small_reaches_it_on_no_tokens},
    {"a_law_that_only_sizes_knows_no_need", a_law_that_only_sizes_knows_no_need},
    {NULL, NULL}};
