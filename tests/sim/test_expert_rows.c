#include "sim/expert_rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/harness.h"

const char vsh_suite[] = "sim/expert_rows";

static vsh_error err;

/* A model of so many experts, 1,000 tokens, each to two of them. */
static vsh_model model_of(int64_t experts, const char *capacity)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(
        &text,
        "name: test\nlayers: 1\nhidden: 64\nheads: 1\nffn: 64\nvocab: 100\ncontext: 1000\n"
        "experts: {count: %lld, top_k: 2, every: 1, shared: 0, hidden: 64, capacity: %s}\n",
        (long long)experts, capacity);
    return vsh_test_model(vsh_text_string(&text));
}

static sim_step step_of(const vsh_model *model, const sim_expert_load *load)
{
    return (sim_step){
        .model = model, .work = vsh_work_default(1000), .micro_batches = 1, .load = load};
}

static int64_t *rows_under(const vsh_model *model, const sim_expert_load *load)
{
    sim_step step = step_of(model, load);
    int64_t *rows;

    REQUIRE_OK(sim_expert_rows(vsh_test_arena(), &step, model->experts.count, &rows, &err), &err);
    return rows;
}

static int64_t sum(const int64_t *rows, int64_t count)
{
    int64_t all = 0;

    for (int64_t i = 0; i < count; i++)
        all += rows[i];
    return all;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void every_routed_row_has_an_expert_the_largest_first(void)
{
    double share[64];

    for (int64_t experts = 1; experts <= 64; experts++) {
        vsh_model model = model_of(experts < 2 ? 2 : experts, "dropless");
        int64_t count = model.experts.count, *rows;
        sim_expert_load load = {"odd", share, count};
        for (int64_t i = 0; i < count; i++)
            share[i] = (double)((i * 7919 + 13) % 31) + (i == 0);
        rows = rows_under(&model, &load);
        CHECK_INT(sum(rows, count), 2000);
        for (int64_t i = 1; i < count; i++)
            CHECK(rows[i - 1] >= rows[i] && rows[i] >= 0);
    }
}

/* Each within a row of its share, whatever the order and the scale of the shares. */
static void rows_are_the_shares_to_a_whole_row(void)
{
    static const double share[] = {5, 0, 1, 3.5, 0.5}, scaled[] = {3.5e9, 5e8, 5e9, 1e9, 0};
    vsh_model model = model_of(5, "dropless");
    int64_t *a = rows_under(&model, &(sim_expert_load){"a", share, 5});
    int64_t *b = rows_under(&model, &(sim_expert_load){"b", scaled, 5});
    static const int64_t want[] = {1000, 700, 200, 100, 0};

    for (int i = 0; i < 5; i++) {
        CHECK_INT(a[i], want[i]);
        CHECK_INT(b[i], want[i]);
    }
}

static void equal_shares_differ_by_a_row_at_most(void)
{
    double share[7] = {3, 3, 3, 3, 3, 3, 3};
    vsh_model model = model_of(7, "dropless");
    int64_t *rows = rows_under(&model, &(sim_expert_load){"equal", share, 7});

    CHECK_INT(sum(rows, 7), 2000);
    CHECK(rows[0] - rows[6] <= 1);
}

/* A capacity factor gives every expert its slots, empty or not: 1.25 x 2,000 / 4. */
static void with_a_capacity_every_expert_runs_its_slots(void)
{
    static const double share[] = {100, 1, 1, 1};
    vsh_model model = model_of(4, "1.25");
    int64_t *rows = rows_under(&model, &(sim_expert_load){"skewed", share, 4});

    for (int i = 0; i < 4; i++)
        CHECK_INT(rows[i], 625);
}

static void shares_of_another_number_of_experts_are_refused(void)
{
    static const double share[] = {1, 1, 1};
    vsh_model model = model_of(4, "dropless");
    sim_expert_load load = {"three", share, 3};
    sim_step step = step_of(&model, &load);
    int64_t *rows;

    CHECK_FAILS(sim_expert_rows(vsh_test_arena(), &step, 4, &rows, &err), &err, VSH_EINPUT,
                "three: shares of 3 experts, and the model has 4");
}

/* ---- words and files ----------------------------------------------------------------------- */

static vsh_status read_word(const char *word, const vsh_model *model, sim_expert_load *load)
{
    return sim_expert_load_read(vsh_test_arena(), word, model, load, &err);
}

static void the_word_even_is_no_shares_and_zipf_one_over_the_rank(void)
{
    vsh_model model = model_of(8, "dropless");
    sim_expert_load load;

    REQUIRE_OK(read_word("even", &model, &load), &err);
    CHECK(load.share == NULL);
    REQUIRE_OK(read_word(NULL, &model, &load), &err);
    CHECK(load.share == NULL);
    CHECK_TEXT(load.name, "even");
    REQUIRE_OK(read_word("zipf", &model, &load), &err);
    CHECK_INT(load.count, 8);
    for (int i = 0; i < 8; i++)
        CHECK_NEAR(load.share[i], load.share[0] / (i + 1), 1e-15, 0);
}

static void a_dense_model_has_no_load_to_choose(void)
{
    vsh_model model = vsh_test_model("name: plain\nlayers: 1\nhidden: 64\nheads: 1\nffn: 64\n"
                                     "vocab: 100\ncontext: 64\n");
    sim_expert_load load;

    CHECK_OK(read_word("even", &model, &load), &err);
    CHECK_FAILS(read_word("zipf", &model, &load), &err, VSH_EINPUT, "plain has no experts");
    CHECK_FAILS(read_word("no-such-file", &model, &load), &err, VSH_EINPUT, "plain has no experts");
}

/* The text as a file of shares of four experts. */
static vsh_status read_shares(const char *text, size_t length, sim_expert_load *load)
{
    vsh_model *model = vsh_alloc(vsh_test_arena(), 1, sizeof *model);
    vsh_text file = {.arena = vsh_test_arena()};
    static char path[64];
    vsh_status status;

    REQUIRE(model != NULL);
    *model = model_of(4, "dropless");
    snprintf(path, sizeof path, "build/expert_rows_%ld.txt", (long)getpid());
    vsh_text_put(&file, text, length);
    REQUIRE_OK(vsh_file_write(path, &file, &err), &err);
    status = read_word(path, model, load);
    CHECK_INT(unlink(path), 0);
    return status;
}

static void a_file_has_a_share_a_line_with_comments_and_blanks(void)
{
    static const char text[] = "# measured\n 1\n\n2.5 # the second\n\t0\r\n4e1";
    static const double want[] = {1, 2.5, 0, 40};
    sim_expert_load load;

    REQUIRE_OK(read_shares(text, strlen(text), &load), &err);
    CHECK_INT(load.count, 4);
    for (int i = 0; i < 4; i++)
        CHECK(load.share[i] == want[i]);
}

static void what_is_no_file_of_shares_is_refused_with_its_line(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {{"1\n2\n3\n", "a share for each of 4 experts, found 3"},
                 {"1\n2\n3\n4\n\n5\n", ":6: more shares than the model's 4 experts"},
                 {"1\ntwo\n3\n4\n", ":2: expected a share of the rows, at least 0, got \"two\""},
                 {"1\n2\n-3\n4\n", ":3: expected a share of the rows"},
                 {"1\n2\nnan\n4\n", ":3: expected a share of the rows"},
                 {"1\n2\ninf\n4\n", ":3: expected a share of the rows"},
                 {"1\n2\n1e400\n4\n", ":3: expected a share of the rows"},
                 {"1\n2\n1e16\n4\n", ":3: expected a share of the rows"},
                 {"1 2 3 4\n", ":1: expected a share of the rows"},
                 {"1,2,3,4\n", ":1: expected a share of the rows"},
                 {"0\n0\n0\n0\n", "all shares are zero"},
                 {"\n# nothing\n", "found 0"},
                 {"", "empty"}};
    sim_expert_load load;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_FAILS(read_shares(cases[i].text, strlen(cases[i].text), &load), &err, VSH_EINPUT,
                    cases[i].message);
    CHECK_FAILS(read_shares("1\n2\n\0003\n4\n", 8, &load), &err, VSH_EINPUT, "not a text file");
}

static void a_word_that_is_no_file_says_what_was_expected(void)
{
    vsh_model model = model_of(4, "dropless");
    sim_expert_load load;

    CHECK_FAILS(read_word("no-such-file", &model, &load), &err, VSH_EINPUT,
                "expected even, zipf or a file of shares of at most 1 MiB, and \"no-such-file\" "
                "cannot be read");
    CHECK_FAILS(read_word("models", &model, &load), &err, VSH_EINPUT, "cannot be read");
}

/* A token goes to different experts: 1,000 tokens give none of them more than 1,000 rows. */
static void no_expert_gets_more_rows_than_there_are_tokens(void)
{
    static const double shares[][4] = {
        {1, 0.5, 1.0 / 3, 0.25}, {1, 0, 0, 0}, {8, 1, 1, 1}, {5, 5, 0, 1e-9}};

    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        vsh_model model = model_of(4, "dropless");
        sim_expert_load load = {"given", shares[i], 4};
        const int64_t *rows = rows_under(&model, &load);
        CHECK_INT(sum(rows, 4), 2000);
        CHECK(rows[0] <= 1000 && rows[0] >= rows[3] && rows[3] >= 0);
    }
}

static void a_file_that_never_ends_is_refused(void)
{
    vsh_model model = model_of(4, "dropless");
    sim_expert_load load;

    CHECK_FAILS(sim_expert_load_read(vsh_test_arena(), "/dev/zero", &model, &load, &err), &err,
                VSH_EINPUT, "cannot be read");
}

const vsh_test vsh_tests[] = {
    {"no_expert_gets_more_rows_than_there_are_tokens",
     no_expert_gets_more_rows_than_there_are_tokens},
    {"a_file_that_never_ends_is_refused", a_file_that_never_ends_is_refused},

    {"every_routed_row_has_an_expert_the_largest_first",
     every_routed_row_has_an_expert_the_largest_first},
    {"rows_are_the_shares_to_a_whole_row", rows_are_the_shares_to_a_whole_row},
    {"equal_shares_differ_by_a_row_at_most", equal_shares_differ_by_a_row_at_most},
    {"with_a_capacity_every_expert_runs_its_slots", with_a_capacity_every_expert_runs_its_slots},
    {"shares_of_another_number_of_experts_are_refused",
     shares_of_another_number_of_experts_are_refused},
    {"the_word_even_is_no_shares_and_zipf_one_over_the_rank",
     the_word_even_is_no_shares_and_zipf_one_over_the_rank},
    {"a_dense_model_has_no_load_to_choose", a_dense_model_has_no_load_to_choose},
    {"a_file_has_a_share_a_line_with_comments_and_blanks",
     a_file_has_a_share_a_line_with_comments_and_blanks},
    {"what_is_no_file_of_shares_is_refused_with_its_line",
     what_is_no_file_of_shares_is_refused_with_its_line},
    {"a_word_that_is_no_file_says_what_was_expected",
     a_word_that_is_no_file_says_what_was_expected},
    {NULL, NULL}};
