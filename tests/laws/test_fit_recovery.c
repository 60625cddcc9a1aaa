/* Every form that can be fitted gives back the coefficients that made noiseless runs. */
#include <math.h>
#include <string.h>

#include "planner/fit/fit.h"
#include "tests/harness.h"

const char vsh_suite[] = "fit_recovery";

static vsh_error err;

static const double experts_dense[] = {1, 0}, experts_many[] = {1, 2, 4, 8, 16, 32, 64, 128, 0};
static const double epochs_one[] = {1, 0}, epochs_many[] = {1, 2, 5, 12, 40, 0};

/* A factorial design: sizes by tokens by epochs by experts. */
static vsh_runs design(const vsh_form *form, const double *c, const double *epochs,
                       const double *experts)
{
    vsh_runs runs = {.path = "made.csv", .has_tokens = true};
    vsh_run *run = vsh_alloc(vsh_test_arena(), 4096, sizeof *run);

    REQUIRE(run != NULL);
    for (double params = 2e7; params < 1e10; params *= 2.7)
        for (double tokens = 1e9; tokens < 4e11; tokens *= 3.3)
            for (const double *r = epochs; *r; r++)
                for (const double *e = experts; *e; e++) {
                    vsh_point at = {params, tokens, tokens / *r, *e, 0};
                    run[runs.count] = (vsh_run){at, vsh_form_loss(form, c, &at), runs.count + 2, 0};
                    runs.count++;
                }
    runs.run = run;
    runs.has_unique = epochs[1] != 0;
    runs.has_experts = experts[1] != 0;
    return runs;
}

static vsh_fit fit_of(const vsh_form *form, const vsh_runs *runs, double vocab)
{
    vsh_fit_options options = {.form = form, .delta = 1e-3, .vocab = vocab, .seed = 1};
    vsh_fit fit;

    REQUIRE_OK(vsh_fit_run(vsh_test_arena(), runs, &options, &fit, &err), &err);
    CHECK_TEXT(fit.reason, "");
    CHECK(fit.identified);
    return fit;
}

static void recovers(const vsh_form *form, const double *c, const double *epochs,
                     const double *experts, double vocab)
{
    vsh_runs runs = design(form, c, epochs, experts);
    vsh_fit fit = fit_of(form, &runs, vocab);

    for (int i = 0; form->coefficient[i]; i++)
        CHECK_NEAR(fit.law.coefficient[i], c[i], 1e-6, 0);
    CHECK(fit.objective < 1e-18);
}

static void chinchilla_is_recovered(void)
{
    const double c[] = {1.8, 480, 2100, 0.35, 0.37}, odd[] = {0.4, 12, 40, 0.12, 0.6};

    recovers(&vsh_form_chinchilla, c, epochs_one, experts_dense, 0);
    recovers(&vsh_form_chinchilla, odd, epochs_one, experts_dense, 0);
}

static void tied_is_recovered(void)
{
    const double c[] = {1.9, 520, 1488, 0.353};

    recovers(&vsh_form_tied, c, epochs_one, experts_dense, 0);
}

static void repeated_is_recovered(void)
{
    const double c[] = {1.87, 521, 1488, 0.3527, 5.31, 15.4};

    recovers(&vsh_form_repeated, c, epochs_many, experts_dense, 0);
}

static void bounded_is_recovered(void)
{
    const double c[] = {1.2, 10.8, 60, 300, 0, 0.35, 0.37, 0, 0};
    const double over[] = {1.2, log(50257), 60, 300, 0.002, 0.35, 0.37, 0.8, 0.6};

    recovers(&vsh_form_bounded, c, epochs_one, experts_dense, 0);
    recovers(&vsh_form_bounded, over, epochs_many, experts_dense, 50257);
    recovers(&vsh_form_bounded, over, epochs_many, experts_dense, 0);
}

static void routed_is_recovered(void)
{
    const double c[] = {-0.082, -0.108, 0.009, 1.104, 1.847, 314.478};

    recovers(&vsh_form_routed, c, epochs_one, experts_many, 0);
}

static void kaplan_is_recovered(void)
{
    double r = 0.076 / 0.103;
    const double c[] = {6.4e13,
                        0.076,
                        1.8e13,
                        0.103,
                        pow(r * pow(6.4e13, r) / (6 * 1.8e13) * 8.64e19, 1 / (1 + r)),
                        1 / (1 + r)};

    recovers(&vsh_form_kaplan, c, epochs_one, experts_dense, 0);
}

static void joint_experts_are_recovered(void)
{
    const double c[] = {35.91,  -0.1889, -0.2285, 0.0098, 35.98,   -0.1775,
                        0.5529, -0.0259, 1.3637,  2.0732, 290.4521};

    recovers(&vsh_form_joint_experts, c, epochs_one, experts_many, 0);
}

const vsh_test vsh_tests[] = {{"chinchilla_is_recovered", chinchilla_is_recovered},
                              {"tied_is_recovered", tied_is_recovered},
                              {"repeated_is_recovered", repeated_is_recovered},
                              {"bounded_is_recovered", bounded_is_recovered},
                              {"routed_is_recovered", routed_is_recovered},
                              {"kaplan_is_recovered", kaplan_is_recovered},
                              {"joint_experts_are_recovered", joint_experts_are_recovered},
                              {NULL, NULL}};
