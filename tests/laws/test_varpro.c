/* Least squares without negative factors, and the grid on top of it. */
#include "planner/fit/varpro.h"

#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "planner/fit/nonnegative.h"
#include "tests/harness.h"

const char vsh_suite[] = "varpro";

enum { N = VSH_NONNEGATIVE_MAX, ROWS = 12 };

typedef struct {
    double gram[N][N], right[N];
} system_of;

static double uniform(uint64_t stream, uint64_t counter)
{
    return 2 * vsh_random_uniform(11, stream, counter) - 1;
}

/* Columns and a target at random; those of even trials nearly follow each other, as powers do. */
static system_of random_system(int trial)
{
    double cell[ROWS][N], target[ROWS];
    system_of s = {0};

    for (int i = 0; i < ROWS; i++) {
        double common = trial % 2 ? 0 : 5 * uniform((uint64_t)trial, (uint64_t)(900 + i));
        target[i] = uniform((uint64_t)trial, (uint64_t)(500 + i));
        for (int j = 0; j < N; j++)
            cell[i][j] = common + uniform((uint64_t)trial, (uint64_t)(i * N + j));
    }
    for (int j = 0; j < N; j++)
        for (int i = 0; i < ROWS; i++) {
            s.right[j] += cell[i][j] * target[i];
            for (int k = 0; k < N; k++)
                s.gram[j][k] += cell[i][j] * cell[i][k];
        }
    return s;
}

static double pull(const system_of *s, const double *x, int j)
{
    double sum = s->right[j];

    for (int k = 0; k < N; k++)
        sum -= s->gram[j][k] * x[k];
    return sum;
}

/* Karush, Kuhn and Tucker: a factor above zero is pulled nowhere, one at zero not upwards. */
static void no_factor_would_rather_be_elsewhere(void)
{
    int at_zero = 0;

    for (int trial = 0; trial < 400; trial++) {
        unsigned any_sign = trial % 3 == 0 ? 2 : 0;
        system_of s = random_system(trial);
        double x[N];
        REQUIRE(vsh_nonnegative_solve(N, (const double(*)[N])s.gram, s.right, any_sign, x));
        for (int j = 0; j < N; j++) {
            double still = 1e-8 * s.gram[j][j];
            CHECK(x[j] >= 0 || any_sign & 1U << j);
            CHECK(pull(&s, x, j) <= still);
            if (x[j] != 0)
                CHECK(pull(&s, x, j) >= -still);
            at_zero += x[j] == 0;
        }
    }
    CHECK(at_zero > 400);
}

static void what_is_singular_is_said(void)
{
    const double gram[2][N] = {{1, 1}, {1, 1}}, right[2] = {1, 1};
    double x[2];

    CHECK(!vsh_nonnegative_solve(2, gram, right, 3, x));
    CHECK(vsh_nonnegative_solve(2, gram, right, 0, x)); /* one of them will do */
    CHECK_NEAR(x[0] + x[1], 1, 1e-12, 0);
}

/* On runs without scatter the grid alone, refined, is already within a percent. */
static void the_grid_finds_the_law_before_any_descent(void)
{
    const double laws[][5] = {
        {1.8, 480, 2100, 0.35, 0.37}, {0.4, 12, 4e4, 0.12, 0.6}, {2.5, 9e4, 300, 0.7, 0.25}};
    const vsh_fit_options options = {.form = &vsh_form_chinchilla, .delta = 1e-3};

    for (int l = 0; l < 3; l++) {
        vsh_run run[60];
        vsh_problem problem;
        vsh_varpro found;
        int count = 0;
        for (double params = 3e7; count < 60; params *= 2.5)
            for (double tokens = 1e9; tokens < 5e11 && count < 60; tokens *= 2.5, count++) {
                vsh_point at = {params, tokens, 0, 1, 0};
                run[count] = (vsh_run){at, vsh_form_loss(&vsh_form_chinchilla, laws[l], &at)};
            }
        vsh_problem_make(&vsh_fit_chinchilla, &options, run, count, false, &problem);
        vsh_varpro_search(&problem, false, &found);
        CHECK_INT(found.count, VSH_VARPRO_STARTS);
        for (int i = 0; i < 5; i++)
            CHECK_NEAR(found.c[0][i], laws[l][i], 0.01, 0);
        for (int i = 1; i < found.count; i++)
            CHECK(found.squares[i] >= found.squares[i - 1]);
    }
}

const vsh_test vsh_tests[] = {
    {"no_factor_would_rather_be_elsewhere", no_factor_would_rather_be_elsewhere},
    {"what_is_singular_is_said", what_is_singular_is_said},
    {"the_grid_finds_the_law_before_any_descent", the_grid_finds_the_law_before_any_descent},
    {NULL, NULL}};
