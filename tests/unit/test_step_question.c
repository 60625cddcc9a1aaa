#include "core/step_question.h"

#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "step question";

static vsh_error err;

static const vsh_step_question dense = {.program = "vishwa-sim",
                                        .hardware = "tpu-v5e",
                                        .model = "m.yaml",
                                        .seq = 1024,
                                        .batch = 512,
                                        .micro = 8,
                                        .precision = VSH_BF16,
                                        .recompute = VSH_RECOMPUTE_FULL,
                                        .optimizer = VSH_SGD};

/* All words with a blank after each. */
static const char *words_of(const vsh_step_question *q)
{
    const char *argv[VSH_STEP_WORDS];
    vsh_text line = {.arena = vsh_test_arena()};

    REQUIRE_OK(vsh_step_words(vsh_test_arena(), q, argv, &err), &err);
    for (int i = 0; argv[i]; i++)
        vsh_text_add(&line, "%s ", argv[i]);
    return vsh_text_string(&line);
}

static void what_is_not_asked_is_left_to_the_simulator(void)
{
    CHECK_TEXT(words_of(&dense),
               "vishwa-sim step --json --quiet --hw tpu-v5e --model m.yaml --seq 1024 --batch 512 "
               "--micro-batch 8 --precision bf16 --recompute full --optimizer sgd ");
}

static void all_that_can_be_asked_has_room(void)
{
    vsh_step_question q = dense;

    q.engine = "closed";
    q.experts = true;
    q.seq = q.batch = q.micro = INT64_MAX;
    CHECK_TEXT(words_of(&q), "vishwa-sim step --json --quiet --hw tpu-v5e --model m.yaml "
                             "--seq 9223372036854775807 --batch 9223372036854775807 "
                             "--micro-batch 9223372036854775807 --precision bf16 --recompute full "
                             "--optimizer sgd --engine closed --experts-load even ");
}

const vsh_test vsh_tests[] = {
    {"what_is_not_asked_is_left_to_the_simulator", what_is_not_asked_is_left_to_the_simulator},
    {"all_that_can_be_asked_has_room", all_that_can_be_asked_has_room},
    {NULL, NULL},
};
