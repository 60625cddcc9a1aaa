#include "planner/plan_simulate.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/harness.h"

const char vsh_suite[] = "plan_simulate";

static vsh_error err;

/* ---- reading an answer ------------------------------------------------------------------------
 */

static const char good[] =
    "{\"schema_version\": 1, \"time_s\": 2.5, \"model_flops\": 4e14, \"mfu\": 0.5,\n"
    " \"bound\": \"memory\", \"later\": [1, {\"a\": 2}],\n"
    " \"ops\": [{\"name\": \"head\", \"phase\": \"forward\", \"time_s\": 2},\n"
    "  {\"name\": \"w\", \"phase\": \"optimizer\", \"time_s\": 0.25},\n"
    "  {\"name\": \"v\", \"phase\": \"optimizer\", \"time_s\": 0.125}],\n"
    " \"waterfall\": [{\"cause\": \"useful\", \"share\": 0.5}, {\"cause\": \"a\", \"share\": "
    "0.0625},\n"
    "  {\"cause\": \"b\", \"share\": 0.25}, {\"cause\": \"c\", \"share\": 0.0625},\n"
    "  {\"cause\": \"d\", \"share\": 0.125}, {\"cause\": \"e\", \"share\": 0}]}\n";

static vsh_status read_text(const char *text, plan_simulated *s)
{
    return plan_simulated_read(vsh_test_arena(), text, strlen(text), s, &err);
}

/* The good answer with the first old replaced by new. */
static const char *altered(const char *old, const char *new)
{
    vsh_text text = {.arena = vsh_test_arena()};
    const char *at = strstr(good, old);

    REQUIRE(at != NULL);
    vsh_text_put(&text, good, (size_t)(at - good));
    vsh_text_add(&text, "%s%s", new, at + strlen(old));
    return vsh_text_string(&text);
}

static void times_flops_and_bound_are_read(void)
{
    plan_simulated s;

    REQUIRE_OK(read_text(good, &s), &err);
    CHECK(s.time.v == 2.5);
    CHECK(s.model.v == 4e14);
    CHECK(s.optimizer.v == 0.375);
    CHECK_TEXT(vsh_bound_names[s.bound], "memory");
    CHECK(s.caveat == NULL);
    REQUIRE_OK(read_text(altered("\"mfu\": 0.5", "\"caveat\": \"at best\""), &s), &err);
    CHECK_TEXT(s.caveat, "at best");
    REQUIRE_OK(read_text(altered("\"mfu\": 0.5", "\"caveat\": null"), &s), &err);
    CHECK(s.caveat == NULL);
}

static void the_three_largest_losses_are_kept_the_earlier_of_equals_first(void)
{
    plan_simulated s;

    REQUIRE_OK(read_text(good, &s), &err);
    REQUIRE(s.loss_count == PLAN_LOSSES);
    CHECK_TEXT(s.loss[0].cause, "b");
    CHECK_TEXT(s.loss[1].cause, "d");
    CHECK_TEXT(s.loss[2].cause, "a");
    CHECK(s.loss[0].share == 0.25 && s.loss[1].share == 0.125 && s.loss[2].share == 0.0625);
}

static void nothing_is_lost_where_all_is_useful(void)
{
    const char *begin = "{\"time_s\": 1, \"model_flops\": 1, \"bound\": \"matrix\", \"ops\": [], "
                        "\"waterfall\": [{\"cause\": \"useful\", \"share\": 1}]}";
    plan_simulated s;

    REQUIRE_OK(read_text(begin, &s), &err);
    CHECK_INT(s.loss_count, 0);
}

/* The machine's fault, not the user's. */
static void a_truncated_answer_is_refused_wherever_it_ends(void)
{
    plan_simulated s;

    for (size_t length = 0; length < sizeof good - 3; length++)
        CHECK_FAILS(plan_simulated_read(vsh_test_arena(), good, length, &s, &err), &err,
                    VSH_EMACHINE, "vishwa-sim's answer");
}

static void wrong_types_and_figures_are_refused_with_their_place(void)
{
    static const struct {
        const char *old, *new, *complaint;
    } cases[] = {
        {"\"time_s\": 2.5", "\"time_s\": NaN", "time_s: expected"},
        {"\"time_s\": 2.5", "\"time_s\": .nan", "time_s: expected"},
        {"\"time_s\": 2.5", "\"time_s\": Infinity", "time_s: expected"},
        {"\"time_s\": 2.5", "\"time_s\": 0", "time_s: expected"},
        {"\"time_s\": 2.5", "\"time_s\": -1", "time_s: expected"},
        {"\"time_s\": 2.5", "\"time_s\": 1e999", "time_s: expected"},
        {"\"time_s\": 2.5", "\"time_s\": \"2.5\"", "time_s: expected"},
        {"\"time_s\": 2.5", "\"time_s\": [2.5]", "time_s: expected"},
        {"\"time_s\": 2.5", "\"time_s\": null", "time_s"},
        {"\"time_s\": 2.5", "\"time\": 2.5", "time_s"},
        {"\"model_flops\": 4e14", "\"model_flops\": true", "model_flops: expected"},
        {"\"model_flops\": 4e14", "\"flops\": 4e14", "model_flops"},
        {"\"bound\": \"memory\"", "\"bound\": \"moon\"", "bound: expected"},
        {"\"bound\": \"memory\"", "\"bound\": {}", "bound: expected"},
        {"\"ops\": [", "\"ops\": 3, \"other\": [", "ops: expected a list"},
        {"\"phase\": \"forward\", ", "", "phase"},
        {"\"time_s\": 0.25", "\"time_s\": 3", "the optimizer takes longer"},
        {"{\"name\": \"w\", \"phase\"", "7, {\"phase\"", "expected a map"},
        {"\"waterfall\": [", "\"waterfall\": {}, \"other\": [", "waterfall: expected a list"},
        {"\"share\": 0.25", "\"share\": NaN", "share: expected"},
        {"\"share\": 0.25", "\"share\": 1.25", "share: expected"},
        {"\"share\": 0.25", "\"share\": 0.26", "the shares sum to"},
        {"\"cause\": \"useful\", ", "", "cause"},
    };
    plan_simulated s;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_FAILS(read_text(altered(cases[i].old, cases[i].new), &s), &err, VSH_EMACHINE,
                    cases[i].complaint);
    CHECK_FAILS(read_text("[1, 2]", &s), &err, VSH_EMACHINE, "expected a JSON object");
    CHECK_FAILS(read_text("no", &s), &err, VSH_EMACHINE, "expected a JSON object");
}

/* ---- asking -----------------------------------------------------------------------------------
 */

/* A simulator that is a shell script, called with no arguments; its answer or refusal. */
static vsh_status ask_script(const char *script, double limit, plan_simulated *s)
{
    plan_question question = {.model = {.arena = vsh_test_arena()}};
    vsh_text text = {.arena = vsh_test_arena()};
    char path[64];
    vsh_status status;

    snprintf(path, sizeof path, "build/vishwa-sim-%ld", (long)getpid());
    vsh_text_add(&text, "#!/bin/sh\n%s\n", script);
    REQUIRE_OK(vsh_file_write(path, &text, &err), &err);
    REQUIRE(chmod(path, 0700) == 0);
    vsh_text_add(&question.model, "layers: 7\n");
    question.argv[0] = path;
    status = plan_simulate(vsh_test_arena(), &question, (vsh_seconds){limit}, s, &err);
    unlink(path);
    return status;
}

static void the_model_stands_at_the_simulators_input(void)
{
    plan_simulated s;
    vsh_text script = {.arena = vsh_test_arena()};

    vsh_text_add(&script,
                 "test \"$(cat /dev/stdin)\" = 'layers: 7' || exit 3\n"
                 "cat <<'END'\n%sEND",
                 good);
    REQUIRE_OK(ask_script(vsh_text_string(&script), 20, &s), &err);
    CHECK(s.time.v == 2.5);
}

static void a_refusal_of_the_simulator_is_passed_on(void)
{
    plan_simulated s;

    CHECK_FAILS(ask_script("echo vishwa-sim: a.yaml: no matrix units >&2; exit 2", 20, &s), &err,
                VSH_EINPUT, "vishwa-sim: a.yaml: no matrix units");
    CHECK_FAILS(ask_script("echo vishwa-sim: disk full >&2; exit 4", 20, &s), &err, VSH_EMACHINE,
                "vishwa-sim: disk full");
    CHECK_FAILS(ask_script("exit 2", 20, &s), &err, VSH_EMACHINE, "exit 2");
    CHECK_FAILS(ask_script("kill -KILL $$", 20, &s), &err, VSH_EMACHINE, "signal 9");
}

static void a_simulator_that_hangs_or_babbles_is_ended(void)
{
    plan_simulated s;

    CHECK_FAILS(ask_script("exec sleep 600", 0.2, &s), &err, VSH_EMACHINE, "not done after");
    CHECK_FAILS(ask_script("exec yes", 20, &s), &err, VSH_EMACHINE, "wrote more than");
    CHECK_FAILS(ask_script("echo hello", 20, &s), &err, VSH_EMACHINE, "vishwa-sim's answer");
    CHECK_FAILS(ask_script("exit 0", 20, &s), &err, VSH_EMACHINE, "vishwa-sim's answer");
}

/* ---- the question -----------------------------------------------------------------------------
 */

/* 32 sequences of 128 in micro-batches of 4 on one of two chips. */
static plan_question question_of(const char *model, const vsh_recipe *recipe, bool *exact)
{
    static const vsh_hardware hardware = {.path = "hwprofiles/tpu-v5e.yaml"};
    plan_request request = {
        .hardware = &hardware, .chips = 2, .precision = VSH_BF16, .recipe = recipe};
    plan_run run = {.model = vsh_test_model(model), .accumulate = 4};
    plan_question question;

    run.work = vsh_work_default(128);
    run.work.sequences = 4;
    run.work.recompute = VSH_RECOMPUTE_FULL;
    REQUIRE_OK(
        plan_question_of(vsh_test_arena(), "/x/vishwa-sim", &request, &run, &question, exact, &err),
        &err);
    return question;
}

static const char *words_of(const plan_question *question)
{
    vsh_text words = {.arena = vsh_test_arena()};

    for (int i = 0; question->argv[i]; i++)
        vsh_text_add(&words, "%s%s", i > 0 ? " " : "", question->argv[i]);
    return vsh_text_string(&words);
}

#define DENSE "{layers: 2, hidden: 64, heads: 2, ffn: 128, vocab: 256, context: 128}"
#define EXPERTS                                                                                    \
    "{layers: 2, hidden: 64, heads: 2, vocab: 256, context: 128, experts: {count: 4, top_k: 1, "   \
    "hidden: 128}}"

static void a_chips_share_of_the_batch_is_asked_for(void)
{
    bool exact;
    plan_question dense = question_of(DENSE, vsh_recipe_for(VSH_BF16, VSH_LION), &exact);

    CHECK(exact);
    CHECK_TEXT(words_of(&dense),
               "/x/vishwa-sim step --json --quiet --hw hwprofiles/tpu-v5e.yaml --model /dev/stdin "
               "--seq 128 --batch 16 --micro-batch 4 --precision bf16 --recompute full "
               "--optimizer lion");
    CHECK_HAS(vsh_text_string(&dense.model), "hidden: 64\n");
}

static void experts_are_loaded_evenly(void)
{
    bool exact;
    plan_question experts = question_of(EXPERTS, vsh_recipe_for(VSH_BF16, VSH_ADAMW), &exact);

    CHECK_HAS(words_of(&experts), "--optimizer adamw --experts-load even");
}

static void another_model_or_batch_is_another_question(void)
{
    const vsh_recipe *recipe = vsh_recipe_for(VSH_BF16, VSH_ADAMW);
    bool exact;
    plan_question a = question_of(DENSE, recipe, &exact), b = question_of(DENSE, recipe, &exact);
    plan_question experts = question_of(EXPERTS, recipe, &exact);

    CHECK(plan_question_same(&a, &b));
    CHECK(!plan_question_same(&a, &experts));
    b.argv[9] = "256";
    CHECK(!plan_question_same(&a, &b));
}

static void a_recipe_of_no_optimizer_is_said_to_be_inexact(void)
{
    bool exact = true;
    int pure = 0;
    plan_question question;

    while (strcmp(vsh_recipe_words[pure], "adamw8bit-no-master") != 0)
        REQUIRE(vsh_recipe_words[++pure] != NULL);
    question = question_of(DENSE, vsh_recipe_at(pure), &exact);
    CHECK(!exact);
    CHECK_HAS(words_of(&question), "--optimizer ");
}

const vsh_test vsh_tests[] = {
    {"times_flops_and_bound_are_read", times_flops_and_bound_are_read},
    {"the_three_largest_losses_are_kept_the_earlier_of_equals_first",
     the_three_largest_losses_are_kept_the_earlier_of_equals_first},
    {"nothing_is_lost_where_all_is_useful", nothing_is_lost_where_all_is_useful},
    {"a_truncated_answer_is_refused_wherever_it_ends",
     a_truncated_answer_is_refused_wherever_it_ends},
    {"wrong_types_and_figures_are_refused_with_their_place",
     wrong_types_and_figures_are_refused_with_their_place},
    {"the_model_stands_at_the_simulators_input", the_model_stands_at_the_simulators_input},
    {"a_refusal_of_the_simulator_is_passed_on", a_refusal_of_the_simulator_is_passed_on},
    {"a_simulator_that_hangs_or_babbles_is_ended", a_simulator_that_hangs_or_babbles_is_ended},
    {"a_chips_share_of_the_batch_is_asked_for", a_chips_share_of_the_batch_is_asked_for},
    {"experts_are_loaded_evenly", experts_are_loaded_evenly},
    {"another_model_or_batch_is_another_question", another_model_or_batch_is_another_question},
    {"a_recipe_of_no_optimizer_is_said_to_be_inexact",
     a_recipe_of_no_optimizer_is_said_to_be_inexact},
    {NULL, NULL},
};
