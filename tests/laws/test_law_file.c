/* Laws in files: what is written reads back the same, and what is not a law is refused by place. */
#include "planner/laws/law_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "planner/laws/covariance.h"
#include "planner/laws/uncertainty.h"
#include "tests/harness.h"

const char vsh_suite[] = "law_file";

static const char small[] = "name: mine\n"
                            "form: chinchilla\n"
                            "coefficients: {E: 1.8, A: 480, B: 2100, alpha: 0.35, beta: 0.37}\n"
                            "n_counts: total\n"
                            "corpus: my text, bytes\n"
                            "fitted: {params: [1e5, 1e7], tokens: [1e6, 1e9]}\n";

static vsh_status parse(const char *text, vsh_law *law, vsh_error *err)
{
    vsh_doc doc;

    VSH_TRY(vsh_doc_parse(vsh_test_arena(), "law.yaml", text, strlen(text), &doc, err));
    return vsh_law_from_doc(vsh_test_arena(), &doc, law, err);
}

/* The small file with one part replaced. */
static const char *with(const char *part, const char *other)
{
    const char *at = strstr(small, part);
    vsh_text text = {.arena = vsh_test_arena()};

    REQUIRE(at != NULL);
    vsh_text_put(&text, small, (size_t)(at - small));
    vsh_text_add(&text, "%s%s", other, at + strlen(part));
    return vsh_text_string(&text);
}

static void same_numbers(const double *a, const double *b, int count)
{
    for (int i = 0; i < count; i++)
        CHECK(a[i] == b[i]);
}

/* ---- writing and reading -----------------------------------------------------------------------
 */

static void every_law_reads_back_as_it_was_written(void)
{
    for (int i = 0; i < VSH_LAW_COUNT; i++) {
        const vsh_law *law = vsh_laws[i];
        vsh_text text = {.arena = vsh_test_arena()};
        vsh_law back;
        vsh_error err;
        int count = vsh_form_count(law->form);
        vsh_law_write(law, &text);
        REQUIRE_OK(parse(vsh_text_string(&text), &back, &err), &err);
        CHECK_TEXT(back.name, law->name);
        CHECK(back.form == law->form);
        same_numbers(back.coefficient, law->coefficient, VSH_COEFFICIENTS);
        same_numbers(back.stderr_, law->stderr_, VSH_COEFFICIENTS);
        CHECK(!back.covariance == !law->covariance);
        if (law->covariance)
            same_numbers(back.covariance, law->covariance, count * count);
        CHECK_INT(back.n_counts, law->n_counts);
        CHECK_TEXT(back.corpus, law->corpus);
        CHECK_TEXT(back.source, law->source);
        CHECK(back.params_low == law->params_low && back.params_high == law->params_high);
        CHECK(back.tokens_low == law->tokens_low && back.tokens_high == law->tokens_high);
        CHECK(back.experts_high == law->experts_high && back.residual_sd == law->residual_sd);
        CHECK(back.ratio_high == law->ratio_high && back.flops_low == law->flops_low);
        CHECK(back.flops_high == law->flops_high);
        CHECK(back.ratio_low == law->ratio_low && back.repeats_max == law->repeats_max);
        CHECK_INT(back.runs, law->runs);
        CHECK_INT(back.anchor_corpus, law->anchor_corpus);
        CHECK(back.same_corpus == law->same_corpus);
    }
}

static void awkward_numbers_and_names_read_back_the_same(void)
{
    vsh_law law = vsh_besiroglu2024, back;
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_error err;

    law.name = "it's: {a} #1 law";
    law.corpus = "'quoted' - text: with, [marks]";
    law.coefficient[0] = 1 + 0x1p-52;
    law.coefficient[1] = 1.0 / 3e10;
    law.params_low = nextafter(57e6, 0);
    vsh_law_write(&law, &text);
    REQUIRE_OK(parse(vsh_text_string(&text), &back, &err), &err);
    CHECK_TEXT(back.name, law.name);
    CHECK_TEXT(back.corpus, law.corpus);
    same_numbers(back.coefficient, law.coefficient, 5);
    CHECK(back.params_low == law.params_low);
}

static void a_short_file_is_a_law(void)
{
    vsh_law law;
    vsh_error err;
    char reason[160];

    REQUIRE_OK(parse(small, &law, &err), &err);
    CHECK_NEAR(vsh_law_loss(&law, &(vsh_point){1e6, 1e8, 0, 1, 0}),
               1.8 + 480 / pow(1e6, 0.35) + 2100 / pow(1e8, 0.37), 1e-12, 0);
    CHECK_TEXT(law.range, "100 k - 10.0 M parameters, 1.00 M - 1.00 B tokens");
    CHECK(vsh_law_valid(&law, &(vsh_point){1e6, 1e8, 0, 1, 0}, reason, sizeof reason));
    CHECK(!vsh_law_valid(&law, &(vsh_point){1e6, 1e8, 0, 8, 0}, reason, sizeof reason));
    CHECK(!vsh_law_valid(&law, &(vsh_point){1e8, 1e8, 0, 1, 0}, reason, sizeof reason));
    CHECK(!law.same_corpus && law.anchor_corpus == VSH_ANY_CORPUS);
}

static void a_file_says_how_far_repetition_and_ratios_go(void)
{
    vsh_law law;
    vsh_error err;
    char reason[160];
    vsh_point point = {1e6, 1e8, 2e6, 1, 0}; /* 49 epochs beyond the first */

    REQUIRE_OK(parse("name: tiny\nform: bounded\nn_counts: total\ncorpus: text, bytes\n"
                     "coefficients: {E: 0.9, L0: 5.545, a: 30, b: 200, c: 0.001, alpha: 0.4,\n"
                     "  beta: 0.4, gamma: 0.5, delta: 0.5}\n"
                     "fitted: {params: [3e4, 5e6], tokens: [1e6, 1e8], ratio_min: 50,\n"
                     "  repeats_max: 60}\n",
                     &law, &err),
               &err);
    CHECK(vsh_law_valid(&law, &point, reason, sizeof reason));
    point.unique = 1e6;
    CHECK(!vsh_law_valid(&law, &point, reason, sizeof reason));
    CHECK_HAS(reason, "R_D = 99.0 repetitions, validated up to 60");
    point = (vsh_point){4e6, 1e8, 0, 1, 0};
    CHECK(!vsh_law_valid(&law, &point, reason, sizeof reason));
    CHECK_HAS(reason, "25.0 tokens a parameter, fitted on at least 50");
}

/* ---- what is refused ---------------------------------------------------------------------------
 */

static void a_file_that_is_not_a_law_is_refused_where_it_is_wrong(void)
{
    static const struct {
        const char *part, *other, *said;
    } cases[] = {
        {"form: chinchilla", "form: chinchila", "law.yaml:2:7: form: expected one of"},
        {"form: chinchilla", "form: chinchila", "did you mean chinchilla?"},
        {"form: chinchilla\n", "", "the key \"form\" is missing"},
        {"corpus:", "corpsu:", "unknown key \"corpsu\"; did you mean corpus?"},
        {"E: 1.8, ", "", "the key \"E\" is missing"},
        {"beta: 0.37", "betta: 0.37", "law.yaml:3:54: unknown key \"betta\"; did you mean beta?"},
        {"A: 480", "A: -1", "law.yaml:3:27: A: expected a number from 0 to 1e+30, got \"-1\""},
        {"A: 480", "A: nan", "A: expected a number"},
        {"alpha: 0.35", "alpha: 350", "alpha: expected a number from -100 to 100"},
        {"alpha: 0.35", "alpha: -0.35", "no best size for a budget"},
        {"E: 1.8", "E: 0, alpha: 99", "given twice"},
        {"n_counts: total", "n_counts: all", "n_counts: expected one of total"},
        {"[1e5, 1e7]", "[1e7, 1e5]", "the least first"},
        {"[1e5, 1e7]", "[1e5]", "params: expected [least, most], got a list"},
        {"[1e5, 1e7]", "1e5", "params: expected [least, most], got \"1e5\""},
        {"[1e5, 1e7]", "[0, 1e7]", "expected a number from 1 to 1e+18"},
        {"name: mine", "name: ''", "a text of 1 to 60 bytes"},
        {"name: mine", "name: m\xc3\xbcnchen", "name: expected a name in plain ASCII"},
        {"name: mine\n", "name: mine\nresidual_sd: 2\n", "residual_sd: expected a number from 0"},
        {"name: mine\n", "name: mine\nruns: 0\n", "runs: expected a whole number"},
        {"name: mine\n", "name: mine\nstderr: {gamma: 1}\n", "unknown key \"gamma\""},
        {"name: mine\n", "name: mine\ncovariance: [[1]]\n", "expected 5 rows of 5 numbers"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vsh_law law;
        vsh_error err;
        CHECK_FAILS(parse(with(cases[i].part, cases[i].other), &law, &err), &err, VSH_EINPUT,
                    cases[i].said);
    }
}

static vsh_status parse_covariance(const double matrix[25], vsh_law *law, vsh_error *err)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text, "%scovariance:\n", small);
    for (int i = 0; i < 5; i++)
        vsh_text_add(&text, "  - [%.17g, %.17g, %.17g, %.17g, %.17g]\n", matrix[5 * i],
                     matrix[5 * i + 1], matrix[5 * i + 2], matrix[5 * i + 3], matrix[5 * i + 4]);
    return parse(vsh_text_string(&text), law, err);
}

static void a_covariance_is_symmetric_and_positive_semidefinite(void)
{
    double matrix[25] = {0};
    vsh_law law;
    vsh_error err;

    CHECK_OK(parse_covariance(matrix, &law, &err), &err); /* no width at all */
    for (int i = 0; i < 5; i++)
        matrix[6 * i] = 1e-4;
    CHECK_OK(parse_covariance(matrix, &law, &err), &err);
    matrix[1] = 1e-5;
    CHECK_FAILS(parse_covariance(matrix, &law, &err), &err, VSH_EINPUT,
                "not symmetric: row 1 column 2 is 1e-05, row 2 column 1 is 0");
    matrix[5] = 1e-5;
    CHECK_OK(parse_covariance(matrix, &law, &err), &err);
    matrix[1] = matrix[5] = 2e-4; /* a correlation of two */
    CHECK_FAILS(parse_covariance(matrix, &law, &err), &err, VSH_EINPUT,
                "not positive semidefinite");
    matrix[1] = matrix[5] = 1e-4; /* of one: two coefficients that move together */
    CHECK_OK(parse_covariance(matrix, &law, &err), &err);
    matrix[6] = -1e-4;
    CHECK_FAILS(parse_covariance(matrix, &law, &err), &err, VSH_EINPUT,
                "not positive semidefinite");
}

/* ---- draws, open coefficients, residuals ----------------------------------------------------- */

/* The small law with draws that move A, and then more lines. */
static vsh_status parse_drawn(int rows, const char *row, const char *more, vsh_law *law,
                              vsh_error *err)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text, "%sdraws:\n", small);
    for (int i = 0; i < rows - 1; i++)
        vsh_text_add(&text, "  - [1.8, %d, 2100, 0.35, 0.37]\n", 470 + i);
    vsh_text_add(&text, "  - %s\n%s", row, more);
    return parse(vsh_text_string(&text), law, err);
}

static void draws_read_back_as_they_were_written(void)
{
    static const char row[] = "[0, 480, 2100, 0.35, 0.37]"; /* an E of 0 is a draw */
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_law law, back;
    vsh_error err;

    REQUIRE_OK(parse_drawn(20, row, "open: [E, alpha]\n", &law, &err), &err);
    CHECK_INT(law.draw_count, 20);
    CHECK_INT(law.open, 1 | 1 << 3);
    vsh_law_write(&law, &text);
    REQUIRE_OK(parse(vsh_text_string(&text), &back, &err), &err);
    CHECK_INT(back.draw_count, 20);
    same_numbers(back.draws, law.draws, 100);
    CHECK_INT(back.open, law.open);
}

static void draws_that_are_none_are_refused_where_they_stand(void)
{
    static const char good[] = "[1.8, 480, 2100, 0.35, 0.37]";
    vsh_law law;
    vsh_error err;

    CHECK_FAILS(parse_drawn(19, good, "", &law, &err), &err, VSH_EINPUT,
                "20 to 1000 rows of coefficients");
    CHECK_FAILS(parse_drawn(20, "[1.8, 480]", "", &law, &err), &err, VSH_EINPUT,
                "law.yaml:27:5: expected 5 numbers");
    CHECK_FAILS(parse_drawn(20, "[-1, 480, 2100, 0.35, 0.37]", "", &law, &err), &err, VSH_EINPUT,
                "law.yaml:27:5: E is below 0");
    CHECK_FAILS(parse_drawn(20, "[1.8, 480, 2100, -200, 0.37]", "", &law, &err), &err, VSH_EINPUT,
                "some draws have no finite positive loss");
    CHECK_FAILS(parse_drawn(20, "[1.8, 1, 2100, -0.001, 0.37]", "", &law, &err), &err, VSH_EINPUT,
                "no best size");
    CHECK_FAILS(parse_drawn(20, good, "open: [gamma]\n", &law, &err), &err, VSH_EINPUT,
                "a coefficient of the form chinchilla");
    CHECK_FAILS(parse_drawn(20, good, "residual_sd: 0.1\nresiduals: [0, 1]\n", &law, &err), &err,
                VSH_EINPUT, "201 quantiles");
}

/* A variance of ln E of 758 came of draws near 0, one of alpha of 1e5 of a slip of the pen: both
 * printed losses of 1e23 and nan. */
static void a_covariance_that_leaves_the_loss_open_is_refused(void)
{
    static const struct {
        int entry;
        double variance;
    } cases[] = {{0, 758}, {18, 1e5}, {18, 0.1}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double matrix[25] = {0};
        vsh_law law;
        vsh_error err;
        matrix[cases[i].entry] = cases[i].variance;
        CHECK_FAILS(parse_covariance(matrix, &law, &err), &err, VSH_EINPUT,
                    "law.yaml:8:3: covariance:");
    }
}

static void every_form_is_found_by_its_word(void)
{
    for (int i = 0; i < VSH_FORM_COUNT; i++)
        CHECK_TEXT(vsh_form_words[i], vsh_forms[i]->name);
    CHECK(vsh_form_words[VSH_FORM_COUNT] == NULL);
}

/* A bootstrap whose coefficient stuck to its bound, or two that moved as one, still draws. */
static void a_covariance_without_full_rank_gives_intervals(void)
{
    double matrix[25] = {0};
    vsh_law law;
    vsh_error err;
    vsh_interval range;
    vsh_draw_options draws = {.seed = 1};

    matrix[6] = 0.04;
    matrix[6 + 2] = matrix[16] = 0.004; /* A and alpha, correlation of one */
    matrix[18] = 0.0004;
    REQUIRE_OK(parse_covariance(matrix, &law, &err), &err);
    REQUIRE_OK(vsh_uncertain_loss(&law, &(vsh_point){1e6, 1e8, 0, 1, 0}, &draws, &range, &err),
               &err);
    CHECK(range.low < range.high);
}

static void the_factor_times_itself_is_the_covariance(void)
{
    double lower[VSH_COEFFICIENTS][VSH_COEFFICIENTS];
    const double *matrix = vsh_besiroglu2024.covariance;

    REQUIRE(vsh_covariance_factor(matrix, 5, lower));
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            double sum = 0;
            for (int k = 0; k < 5; k++)
                sum += lower[i][k] * lower[j][k];
            CHECK_NEAR(sum, matrix[5 * i + j], 1e-9, 1e-15);
        }
}

const vsh_test vsh_tests[] = {
    {"draws_read_back_as_they_were_written", draws_read_back_as_they_were_written},
    {"draws_that_are_none_are_refused_where_they_stand",
     draws_that_are_none_are_refused_where_they_stand},
    {"a_covariance_that_leaves_the_loss_open_is_refused",
     a_covariance_that_leaves_the_loss_open_is_refused},
    {"every_form_is_found_by_its_word", every_form_is_found_by_its_word},
    {"every_law_reads_back_as_it_was_written", every_law_reads_back_as_it_was_written},
    {"awkward_numbers_and_names_read_back_the_same", awkward_numbers_and_names_read_back_the_same},
    {"a_short_file_is_a_law", a_short_file_is_a_law},
    {"a_file_says_how_far_repetition_and_ratios_go", a_file_says_how_far_repetition_and_ratios_go},
    {"a_file_that_is_not_a_law_is_refused_where_it_is_wrong",
     a_file_that_is_not_a_law_is_refused_where_it_is_wrong},
    {"a_covariance_is_symmetric_and_positive_semidefinite",
     a_covariance_is_symmetric_and_positive_semidefinite},
    {"a_covariance_without_full_rank_gives_intervals",
     a_covariance_without_full_rank_gives_intervals},
    {"the_factor_times_itself_is_the_covariance", the_factor_times_itself_is_the_covariance},
    {NULL, NULL}};
