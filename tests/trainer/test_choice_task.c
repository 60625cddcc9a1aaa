/* Multiple choice: reading, scoring against one token at a time, intervals, answers without a
 * model. */
#include "trainer/tasks/choice_score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/rng.h"
#include "tests/trainer/started.h"
#include "trainer/tasks/choice_baseline.h"

const char vsh_suite[] = "choice_task";

static vsh_error err;

/* ---- reading ------------------------------------------------------------------------------ */

static vsh_status read_bytes(const char *bytes, size_t length, vsh_choice_task *task)
{
    char folder[] = "/tmp/vsh-choice-XXXXXX", path[64];
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_status status;

    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/t.jsonl", folder);
    vsh_text_put(&text, bytes, length);
    REQUIRE_OK(vsh_file_write(path, &text, &err), &err);
    status = vsh_choice_task_read(vsh_test_arena(), path, task, &err);
    unlink(path);
    rmdir(folder);
    return status;
}

static vsh_choice_task task_of(const char *lines)
{
    vsh_choice_task task;

    REQUIRE_OK(read_bytes(lines, strlen(lines), &task), &err);
    return task;
}

static void items_are_read(void)
{
    vsh_choice_task task = task_of(
        "{\"id\": \"a\", \"text\": \"t\", \"prompt\": \"p:\", \"choices\": [\" x\", \" y\"], "
        "\"answer\": 1, \"neutral_prompt\": \"n:\", \"more\": {}}\n\n"
        "{\"id\": \"b\", \"prompt\": \"\", \"choices\": [\"x\", \"y\", \"z\", \"u\"], \"answer\": "
        "0, "
        "\"neutral_prompt\": \"\"}");

    CHECK_INT(task.items, 2);
    CHECK_NEAR(task.chance, (0.5 + 0.25) / 2, 1e-12, 0);
    CHECK_TEXT(task.item[0].prompt, "p:");
    CHECK_TEXT(task.item[0].choice[1], " y");
    CHECK_TEXT(task.item[0].neutral_prompt, "n:");
    CHECK_INT(task.item[0].answer, 1);
    CHECK_INT(task.item[1].choices, 4);
    CHECK(task.item[1].premise == NULL && task.item[1].neutral_choice == NULL);
}

#define ITEM "{\"id\": \"a\", \"prompt\": \"p\", \"choices\": [\"x\", \"y\"], \"answer\": 0}"

static void bad_lines_are_refused_by_number(void)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "got none"},
        {"\n \n", "got none"},
        {ITEM "\n[]\n", "t.jsonl:2: expected an object"},
        {ITEM "\n{\"id\": \"a\"\n", "t.jsonl:2:"},
        {"{\"id\": 3, \"prompt\": \"p\", \"choices\": [\"x\", \"y\"], \"answer\": 0}", "\"id\""},
        {"{\"id\": \"a\", \"choices\": [\"x\", \"y\"], \"answer\": 0}", "\"prompt\""},
        {"{\"id\": \"a\", \"prompt\": \"p\", \"choices\": [\"x\"], \"answer\": 0}", "\"choices\""},
        {"{\"id\": \"a\", \"prompt\": \"p\", \"choices\": \"xy\", \"answer\": 0}", "\"choices\""},
        {"{\"id\": \"a\", \"prompt\": \"p\", \"choices\": [\"x\", \"\"], \"answer\": 0}",
         "not empty"},
        {"{\"id\": \"a\", \"prompt\": \"p\", \"choices\": [\"x\", 3], \"answer\": 0}", "texts"},
        {"{\"id\": \"a\", \"prompt\": \"p\", \"choices\": [\"x\", \"y\"], \"answer\": 2}",
         "\"answer\""},
        {"{\"id\": \"a\", \"prompt\": \"p\", \"choices\": [\"x\", \"y\"], \"answer\": -1}",
         "\"answer\""},
        {"{\"id\": \"a\", \"prompt\": \"p\", \"choices\": [\"x\", \"y\"], \"answer\": 0.0}",
         "\"answer\""},
        {"{\"id\": \"a\", \"prompt\": \"p\", \"choices\": [\"x\", \"y\"], \"answer\": 0, "
         "\"neutral_choices\": [\"x\"]}",
         "neutral"},
        {"{\"id\": \"a\", \"prompt\": \"p\", \"choices\": [\"x\", \"y\"], \"answer\": 0, "
         "\"premise\": \"x\"}",
         "\"hypothesis\""},
        {ITEM "\n{\"id\": \"a\", \"prompt\": \"p\", \"choices\": [\"x\", \"y\"], \"answer\": 0, "
              "\"neutral_prompt\": \"n\"}",
         "t.jsonl:2: expected the same keys"},
        {"{\"id\": \"\xff\", \"prompt\": \"p\", \"choices\": [\"x\", \"y\"], \"answer\": 0}",
         "t.jsonl:1:"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vsh_choice_task task;
        CHECK_FAILS(read_bytes(cases[i].text, strlen(cases[i].text), &task), &err, VSH_EINPUT,
                    cases[i].part);
    }
}

static void nul_bytes_are_refused(void)
{
    vsh_choice_task task;

    CHECK_FAILS(read_bytes(ITEM "\n\0\n", sizeof ITEM + 2, &task), &err, VSH_EINPUT, "NUL");
}

/* ---- intervals ---------------------------------------------------------------------------- */

/* Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3. */
static void intervals_are_wilsons(void)
{
    static const struct {
        int right, count;
        double low, high;
    } published[] = {{81, 263, 0.2553, 0.3662},
                     {15, 148, 0.0624, 0.1605},
                     {0, 20, 0, 0.1611},
                     {1, 29, 0.0061, 0.1718}};

    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        vsh_proportion p = vsh_wilson(published[i].right, published[i].count);
        CHECK_NEAR(p.low, published[i].low, 0, 5e-5);
        CHECK_NEAR(p.high, published[i].high, 0, 5e-5);
        p = vsh_wilson(published[i].count - published[i].right, published[i].count);
        CHECK_NEAR(1 - p.high, published[i].low, 0, 5e-5);
    }
}

/* How often of so many samples of groups the interval has the true share. Each group is, with the
 * probability alike, right or wrong as one. of_answers: Wilson's, as if all were independent. */
static double coverage(int groups, int of_group, double share, double alike, bool of_answers)
{
    enum { SAMPLES = 4000 };
    uint64_t draw = 0;
    int holds = 0;

    for (uint64_t sample = 0; sample < SAMPLES; sample++) {
        vsh_tally tally = {0};
        vsh_proportion p;
        double right = 0;
        for (int g = 0; g < groups; g++) {
            bool together = vsh_random_uniform(11, (uint64_t)groups, draw++) < alike;
            bool all = vsh_random_uniform(11, (uint64_t)groups, draw++) < share;
            for (int i = 0; i < of_group; i++) {
                bool is = together ? all : vsh_random_uniform(11, (uint64_t)groups, draw++) < share;
                vsh_tally_add(&tally, i == 0, (double)is);
                right += (double)is;
            }
        }
        p = of_answers ? vsh_wilson(right, groups * of_group) : vsh_tally_interval(tally);
        holds += p.low <= share && share <= p.high;
    }
    return (double)holds / SAMPLES;
}

/* 4,000 samples tell 95 % from 94 and 96 (three standard deviations of 0.34 %). */
static void intervals_over_groups_hold_the_share_as_often_as_they_say(void)
{
    static const struct {
        int groups, of_group;
        double share, alike, tolerance;
    } cases[] = {{200, 4, 0.25, 0.5, 0.011},
                 {200, 4, 0.25, 0, 0.011},
                 {150, 3, 0.9, 1, 0.015},
                 {30, 4, 0.4, 0.7, 0.015},
                 {10, 4, 0.5, 0.8, 0.03}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_NEAR(
            coverage(cases[i].groups, cases[i].of_group, cases[i].share, cases[i].alike, false),
            0.95, 0, cases[i].tolerance);
    CHECK(coverage(200, 4, 0.25, 1, true) < 0.75);
}

static void check_equal(vsh_proportion a, vsh_proportion b)
{
    CHECK_NEAR(a.value, b.value, 0, 1e-12);
    CHECK_NEAR(a.low, b.low, 0, 1e-12);
    CHECK_NEAR(a.high, b.high, 0, 1e-12);
}

static vsh_proportion interval_of(int groups, int of_group, int right_of_group, int wrong_groups)
{
    vsh_tally tally = {0};

    for (int g = 0; g < groups; g++)
        for (int i = 0; i < of_group; i++)
            vsh_tally_add(&tally, i == 0, g >= wrong_groups && i < right_of_group);
    return vsh_tally_interval(tally);
}

static void groups_count_as_many_answers_as_they_are_worth(void)
{
    vsh_proportion grouped;

    /* groups of one; one right in each of four tells nothing less than independent answers */
    check_equal(interval_of(100, 1, 1, 30), vsh_wilson(70, 100));
    check_equal(interval_of(100, 4, 1, 0), vsh_wilson(100, 400));
    /* all the same: one answer a group */
    check_equal(interval_of(100, 4, 4, 0), vsh_wilson(100, 100));
    check_equal(interval_of(100, 4, 0, 0), vsh_wilson(0, 100));
    grouped = interval_of(100, 4, 4, 30);
    CHECK(grouped.low < vsh_wilson(70, 100).low && grouped.low > vsh_wilson(64, 95).low);
}

static void groups_stand_together(void)
{
    vsh_choice_task task =
        task_of("{\"id\": \"a\", \"group\": \"g\", \"prompt\": \"\", \"choices\": [\"x\", \"y\"], "
                "\"answer\": 0}\n"
                "{\"id\": \"b\", \"group\": \"g\", \"prompt\": \"\", \"choices\": [\"x\", \"y\"], "
                "\"answer\": 0}\n"
                "{\"id\": \"c\", \"group\": \"h\", \"prompt\": \"\", \"choices\": [\"x\", \"y\"], "
                "\"answer\": 0}\n"
                "{\"id\": \"d\", \"prompt\": \"\", \"choices\": [\"x\", \"y\"], \"answer\": 0}\n"
                "{\"id\": \"e\", \"prompt\": \"\", \"choices\": [\"x\", \"y\"], \"answer\": 0}\n");

    CHECK(task.item[0].begins && !task.item[1].begins && task.item[2].begins);
    CHECK(task.item[3].begins && task.item[4].begins);
}

/* ---- scoring ------------------------------------------------------------------------------ */

static const char model_yaml[] =
    "name: small\nlayers: 3\nhidden: 16\nheads: 2\nkv_heads: 2\nffn: 24\nmlp: swiglu\nnorm: rms\n"
    "position: rotary\nvocab: 257\ncontext: 64\ntied: true\nexits: [1]\n";

static const char some_items[] =
    "{\"id\": \"a\", \"prompt\": \"beet:\", \"choices\": [\" red\", \" a long orange root\", \" "
    "x\"], "
    "\"answer\": 0, \"neutral_prompt\": \"it:\"}\n"
    "{\"id\": \"b\", \"prompt\": \"\", \"choices\": [\"red\", \"green\"], \"answer\": 1, "
    "\"neutral_prompt\": \"it:\"}\n"
    "{\"id\": \"c\", \"prompt\": \"beet:\", \"choices\": [\" red\", \" x\"], \"answer\": 1, "
    "\"neutral_prompt\": \"it:\"}\n";

/* Weights large enough that tokens differ. */
static started *some_model(void)
{
    static const setting s = {.model = model_yaml, .sequence = 48};
    started *r = start_of(&s);
    float *w = r->t.arrays.weights;

    for (int64_t i = 0; i < r->t.list.elements; i++)
        w[i] *= 6;
    return r;
}

static vsh_generator *generator_of(const started *r, const vsh_generator_shape *shape)
{
    const vsh_model *m = &r->config.model;
    int64_t bytes = vsh_generator_bytes(m, VSH_F32, shape);
    void *memory = vsh_alloc(vsh_test_arena(), (size_t)bytes, 1);
    vsh_generator *generator;

    REQUIRE(memory != NULL);
    REQUIRE_OK(vsh_generator_open(vsh_test_arena(), m, VSH_F32, shape, &r->t.nn, &r->t.offsets,
                                  r->t.arrays.weights, memory, &generator, &err),
               &err);
    return generator;
}

static vsh_tokenizer *bytes_tokenizer(void)
{
    vsh_tokenizer *tokenizer;

    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), NULL, &tokenizer, &err), &err);
    return tokenizer;
}

/* log p(choice | prompt) one byte at a time, in double. */
static double naive(const started *r, const char *prompt, const char *choice,
                    const vsh_exit_rule *rule)
{
    const vsh_generator_shape shape = {1, 64, 1};
    vsh_generator *g = generator_of(r, &shape);
    int32_t id = 256; /* ends a document */
    size_t before = strlen(prompt), all = before + strlen(choice);
    double sum = 0;

    vsh_generator_restart(g, 1);
    for (size_t i = 0; i < all; i++) {
        const float *logits = vsh_generator_feed(g, &id, 1, rule, NULL).logits;
        double total = 0;
        for (int v = 0; v < 257; v++)
            total += exp((double)logits[v]);
        id = (unsigned char)(i < before ? prompt[i] : choice[i - before]);
        if (i >= before)
            sum += (double)logits[id] - log(total);
    }
    return sum;
}

static vsh_choice_run run_of(const started *r, const vsh_choice_ids *ids, int64_t sequences)
{
    vsh_choice_run run = {.shape = vsh_choice_shape(ids)};

    run.shape.sequences = sequences ? sequences : run.shape.sequences;
    run.generator = generator_of(r, &run.shape);
    return run;
}

static vsh_choice_scores scores_of(const started *r, const vsh_choice_ids *ids,
                                   const vsh_exit_rule *rule, int64_t sequences)
{
    vsh_choice_run run = run_of(r, ids, sequences);
    vsh_choice_scores scores;

    run.rule = rule;
    REQUIRE_OK(vsh_choice_score(vsh_test_arena(), ids, &run, &scores, &err), &err);
    return scores;
}

/* Of every choice, and of every neutral one. */
static void agree(const vsh_exit_rule *rule, int64_t sequences)
{
    vsh_choice_task task = task_of(some_items);
    vsh_tokenizer *tokenizer = bytes_tokenizer();
    started *r = some_model();
    vsh_choice_ids ids;
    vsh_choice_scores scores;
    int64_t at = 0;

    REQUIRE_OK(vsh_choice_encode(vsh_test_arena(), &task, tokenizer, 48, &ids, &err), &err);
    scores = scores_of(r, &ids, rule, sequences);
    CHECK_INT(ids.cut, 0);
    for (int64_t i = 0; i < task.items; i++)
        for (int32_t c = 0; c < task.item[i].choices; c++, at++) {
            const vsh_choice_item *item = &task.item[i];
            CHECK_NEAR(scores.log_likelihood[ids.asked[at]],
                       naive(r, item->prompt, item->choice[c], rule), 1e-5, 1e-5);
            CHECK_NEAR(scores.log_likelihood[ids.asked[ids.choices + at]],
                       naive(r, item->neutral_prompt, item->choice[c], rule), 1e-5, 1e-5);
        }
    vsh_tokenizer_close(tokenizer);
    stop(r);
}

static void likelihoods_are_those_of_one_token_at_a_time(void) { agree(NULL, 0); }

static void likelihoods_do_not_depend_on_what_runs_beside(void) { agree(NULL, 1); }

static void likelihoods_with_exits_are_those_of_the_exits(void)
{
    static const vsh_exit_rule always = {.threshold = 0}, some = {.threshold = 0.05};

    agree(&always, 0);
    agree(&some, 0);
}

/* What is asked twice is computed once: " red" and " x" behind "beet:", and all that is neutral. */
static void equal_questions_have_one_row(void)
{
    vsh_choice_task task = task_of(some_items);
    vsh_tokenizer *tokenizer = bytes_tokenizer();
    vsh_choice_ids ids;

    REQUIRE_OK(vsh_choice_encode(vsh_test_arena(), &task, tokenizer, 48, &ids, &err), &err);
    CHECK_INT(ids.choices, 7);
    CHECK_INT(ids.rows, 3 + 2 + 3 + 2);
    CHECK_INT(ids.asked[0], ids.asked[5]);
    CHECK_INT(ids.longest, (int64_t)strlen("beet: a long orange root"));
    vsh_tokenizer_close(tokenizer);
}

/* Prompts go first, then the beginning of the choice. */
static void long_choices_are_cut_at_their_beginning(void)
{
    vsh_choice_task task = task_of(some_items);
    vsh_tokenizer *tokenizer = bytes_tokenizer();
    vsh_choice_ids ids;
    const vsh_choice_row *row;

    REQUIRE_OK(vsh_choice_encode(vsh_test_arena(), &task, tokenizer, 6, &ids, &err), &err);
    row = &ids.row[ids.asked[1]];
    CHECK_INT(row->length, 7);
    CHECK_INT(row->scored, 6);
    CHECK_INT(ids.id[row->begin + 6], 't');
    row = &ids.row[ids.asked[0]]; /* "beet: red": the prompt alone is cut */
    CHECK_INT(row->scored, 4);
    CHECK_INT(ids.cut, 1); /* " a long orange root", which stands behind the neutral prompt, too */
    CHECK_INT(ids.longest, 6);
    vsh_tokenizer_close(tokenizer);
}

/* By hand from the likelihoods. */
static void answers_are_counted(void)
{
    vsh_choice_task task = task_of(some_items);
    vsh_tokenizer *tokenizer = bytes_tokenizer();
    started *r = some_model();
    vsh_choice_ids ids;
    vsh_choice_scores s;
    double plain = 0, normalized = 0, calibrated = 0;
    int64_t at = 0;

    REQUIRE_OK(vsh_choice_encode(vsh_test_arena(), &task, tokenizer, 48, &ids, &err), &err);
    s = scores_of(r, &ids, NULL, 0);
    for (int64_t i = 0; i < task.items; i++) {
        const vsh_choice_item *item = &task.item[i];
        double right = s.log_likelihood[ids.asked[at + item->answer]];
        double right_bytes = (double)strlen(item->choice[item->answer]);
        double right_neutral = s.log_likelihood[ids.asked[ids.choices + at + item->answer]];
        bool best = true, best_a_byte = true, best_over = true;
        for (int32_t c = 0; c < item->choices; c++, at++) {
            double other = s.log_likelihood[ids.asked[at]];
            double neutral = s.log_likelihood[ids.asked[ids.choices + at]];
            best &= other <= right;
            best_a_byte &= other / (double)strlen(item->choice[c]) <= right / right_bytes;
            best_over &= other - neutral <= right - right_neutral;
        }
        plain += best;
        normalized += best_a_byte;
        calibrated += best_over;
    }
    CHECK_NEAR(s.accuracy.value, plain / 3, 1e-12, 0);
    CHECK_NEAR(s.normalized.value, normalized / 3, 1e-12, 0);
    CHECK_NEAR(s.calibrated.value, calibrated / 3, 1e-12, 0);
    CHECK_NEAR(s.layers, 3, 1e-12, 0);
    CHECK_NEAR(s.executed.v, s.full.v, 0, 0);
    CHECK(isfinite(vsh_wilson(plain, 3).low));
    vsh_tokenizer_close(tokenizer);
    stop(r);
}

static void weights_that_are_not_numbers_are_the_answer_no(void)
{
    vsh_choice_task task = task_of(ITEM);
    vsh_tokenizer *tokenizer = bytes_tokenizer();
    started *r = some_model();
    vsh_choice_ids ids;
    vsh_choice_run run;
    vsh_choice_scores scores;

    ((float *)r->t.arrays.weights)[r->t.list.elements / 2] = NAN;
    REQUIRE_OK(vsh_choice_encode(vsh_test_arena(), &task, tokenizer, 48, &ids, &err), &err);
    CHECK(!ids.neutral);
    run = run_of(r, &ids, 0);
    CHECK_FAILS(vsh_choice_score(vsh_test_arena(), &ids, &run, &scores, &err), &err, VSH_ENO,
                "not finite");
    vsh_tokenizer_close(tokenizer);
    stop(r);
}

/* Until half is done. */
static bool until_half(void *context, double share)
{
    double *told = context;

    CHECK(share > *told && share <= 1);
    *told = share;
    return share < 0.5;
}

static void who_watches_may_stop_it(void)
{
    vsh_choice_task task = task_of(some_items);
    vsh_tokenizer *tokenizer = bytes_tokenizer();
    started *r = some_model();
    double told = 0;
    vsh_choice_ids ids;
    vsh_choice_run run;
    vsh_choice_scores scores;

    REQUIRE_OK(vsh_choice_encode(vsh_test_arena(), &task, tokenizer, 48, &ids, &err), &err);
    run = run_of(r, &ids, 1);
    run.goes_on = until_half;
    run.context = &told;
    CHECK_FAILS(vsh_choice_score(vsh_test_arena(), &ids, &run, &scores, &err), &err, VSH_ESTOPPED,
                "stopped");
    CHECK(told >= 0.5 && told < 1);
    vsh_tokenizer_close(tokenizer);
    stop(r);
}

/* ---- without a model ---------------------------------------------------------------------- */

static vsh_choice_floor floor_of(const vsh_choice_task *task, const char *const *documents)
{
    vsh_choice_baseline *baseline;
    vsh_choice_floor answer;

    REQUIRE_OK(vsh_choice_baseline_open(vsh_test_arena(), task, &baseline, &err), &err);
    for (; *documents; documents++)
        vsh_choice_baseline_add(baseline, *documents, (int64_t)strlen(*documents));
    REQUIRE_OK(vsh_choice_baseline_answer(vsh_test_arena(), baseline, &answer, &err), &err);
    return answer;
}

static const char two_words[] =
    "{\"id\": \"a\", \"prompt\": \"Beet:\", \"choices\": [\" a red thing\", \" a green thing\"], "
    "\"answer\": 0}\n"
    "{\"id\": \"b\", \"prompt\": \"leek:\", \"choices\": [\" a red thing\", \" a green thing\"], "
    "\"answer\": 1}\n";

static void words_that_meet_answer(void)
{
    static const char *const documents[] = {"A BEET is red.", "leek (green)",  "a thing",
                                            "a red thing",    "a green thing", NULL};
    static const char *const reversed[] = {"a leek is red", "beet, green", "a thing", NULL};
    vsh_choice_task task = task_of(two_words);

    CHECK_NEAR(floor_of(&task, documents).words.value, 1, 1e-12, 0);
    CHECK_NEAR(floor_of(&task, reversed).words.value, 0, 0, 1e-12);
}

/* Nothing is known: all choices are equal, and each counts in part. */
static void equals_share(void)
{
    static const char *const documents[] = {"nothing of it", NULL};
    vsh_choice_task task = task_of(two_words);
    vsh_choice_floor floor = floor_of(&task, documents);

    CHECK_NEAR(floor.words.value, 0.5, 1e-12, 0);
    CHECK_NEAR(floor.majority, 0.5, 1e-12, 0);
    CHECK_NEAR(floor.one_side, 0.5, 1e-12, 0); /* the same choices, each right once */
}

/* A document in which so many words stand between a question's and its answer's. */
static double answers_over(int words_between)
{
    vsh_choice_task task = task_of(two_words);
    vsh_text text = {.arena = vsh_test_arena()};
    const char *documents[] = {NULL, "others", NULL};

    vsh_text_add(&text, "beet ");
    for (int i = 0; i < words_between; i++)
        vsh_text_add(&text, "filler ");
    vsh_text_add(&text, "red");
    documents[0] = vsh_text_string(&text);
    return floor_of(&task, documents).words.value;
}

/* In one stretch of 64 words they meet: the first question is answered, the second by lot. */
static void words_far_apart_do_not_meet(void)
{
    CHECK_NEAR(answers_over(62), 0.75, 1e-12, 0);
    CHECK_NEAR(answers_over(63), 0.5, 1e-12, 0);
}

#define NLI(premise, hypothesis, answer)                                                           \
    "{\"id\": \"x\", \"prompt\": \"\", \"premise\": \"" premise                                    \
    "\", \"hypothesis\": \"" hypothesis                                                            \
    "\", \"choices\": [\"1\", \"2\", \"3\"], \"answer\": " answer "}\n"

static void the_word_met_more_often_is_the_wider_one(void)
{
    static const char *const documents[] = {"vegetable", "vegetable beet", "vegetable carrot",
                                            "beet",      "sugar",          NULL};
    vsh_choice_task task = task_of(NLI("beet", "vegetable", "0") NLI("vegetable", "beet", "1")
                                       NLI("sugar beet", "beet", "0") NLI("carrot", "beet", "2"));
    vsh_choice_floor floor = floor_of(&task, documents);

    CHECK_NEAR(floor.words.value, 0.75, 1e-12, 0);
    CHECK_NEAR(floor.majority, 0.5, 1e-12, 0);
    CHECK_NEAR(floor.one_side, 0.5, 1e-12, 0); /* vegetable 1 of 1, beet 1 of 3 */
}

const vsh_test vsh_tests[] = {
    {"items_are_read", items_are_read},
    {"bad_lines_are_refused_by_number", bad_lines_are_refused_by_number},
    {"nul_bytes_are_refused", nul_bytes_are_refused},
    {"intervals_are_wilsons", intervals_are_wilsons},
    {"likelihoods_are_those_of_one_token_at_a_time", likelihoods_are_those_of_one_token_at_a_time},
    {"likelihoods_do_not_depend_on_what_runs_beside",
     likelihoods_do_not_depend_on_what_runs_beside},
    {"likelihoods_with_exits_are_those_of_the_exits",
     likelihoods_with_exits_are_those_of_the_exits},
    {"equal_questions_have_one_row", equal_questions_have_one_row},
    {"intervals_over_groups_hold_the_share_as_often_as_they_say",
     intervals_over_groups_hold_the_share_as_often_as_they_say},
    {"groups_count_as_many_answers_as_they_are_worth",
     groups_count_as_many_answers_as_they_are_worth},
    {"groups_stand_together", groups_stand_together},
    {"long_choices_are_cut_at_their_beginning", long_choices_are_cut_at_their_beginning},
    {"answers_are_counted", answers_are_counted},
    {"weights_that_are_not_numbers_are_the_answer_no",
     weights_that_are_not_numbers_are_the_answer_no},
    {"who_watches_may_stop_it", who_watches_may_stop_it},
    {"words_that_meet_answer", words_that_meet_answer},
    {"equals_share", equals_share},
    {"words_far_apart_do_not_meet", words_far_apart_do_not_meet},
    {"the_word_met_more_often_is_the_wider_one", the_word_met_more_often_is_the_wider_one},
    {NULL, NULL}};
