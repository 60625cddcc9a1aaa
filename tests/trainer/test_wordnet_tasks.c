/* Questions made of WordNet: of a few synsets written here, and of WordNet itself where it is. */
#include "trainer/tasks/wordnet_tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/harness.h"
#include "trainer/base/hash64.h"
#include "trainer/tasks/choice_task.h"
#include "trainer/tasks/synsets.h"

const char vsh_suite[] = "wordnet_tasks";

static vsh_error err;
static const char wordnet[] = "/usr/share/wordnet";

/* ---- a folder ----------------------------------------------------------------------------- */

static char folder[64], path[96];

static const char *in_folder(const char *name)
{
    if (!*folder) {
        snprintf(folder, sizeof folder, "/tmp/vsh-tasks-XXXXXX");
        REQUIRE(mkdtemp(folder) != NULL);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void clear_folder(void)
{
    static const char *const names[] = {"data.noun", "qa.jsonl", "nli.jsonl"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i]));
    CHECK(rmdir(folder) == 0);
    *folder = '\0';
}

/* What is made of some synsets; texts "" when nothing is. */
typedef struct {
    vsh_status status;
    bool there;
    const char *qa, *nli;
} made;

static const char *content(const char *name)
{
    vsh_text text = {.arena = vsh_test_arena()};

    if (access(in_folder(name), F_OK) == 0)
        REQUIRE_OK(vsh_file_read(path, &text, &err), &err);
    return vsh_text_string(&text);
}

static made make_of(const char *data)
{
    vsh_text text = {.arena = vsh_test_arena()};
    made m = {.there = false};

    vsh_text_put(&text, data, strlen(data));
    REQUIRE_OK(vsh_file_write(in_folder("data.noun"), &text, &err), &err);
    m.status = vsh_wordnet_tasks_write(folder, folder, &m.there, &err);
    m.qa = content("qa.jsonl");
    m.nli = content("nli.jsonl");
    clear_folder();
    return m;
}

static int64_t lines_of(const char *text)
{
    int64_t lines = 0;

    for (; (text = strchr(text, '\n')); text++)
        lines++;
    return lines;
}

/* ---- a few synsets ------------------------------------------------------------------------ */

#define TOP                                                                                        \
    "  1 The licence stands in lines that begin with blanks.  \n"                                  \
    "00000001 03 n 01 entity 0 000 | that which is perceived to be there  \n"                      \
    "00000100 13 n 01 vegetable 0 001 @ 00000001 n 0000 | edible seeds or roots or stems  \n"
#define BEET                                                                                       \
    "00000200 13 n 01 beet 0 001 @ 00000100 n 0000 | round red thing that grows under the earth; " \
    "\"red as this\"  \n"
#define CARROT                                                                                     \
    "00000300 13 n 01 carrot 0 001 @ 00000100 n 0000 | orange and long and eaten by rabbits  \n"
#define CELERY                                                                                     \
    "00000400 13 n 01 celery 0 001 @ 00000100 n 0000 | pale green stalks that are eaten raw  \n"
#define PUMPKIN                                                                                    \
    "00000500 13 n 02 pumpkin 0 winter_squash 0 001 @ 00000100 n 0000 | heavy yellow sphere with " \
    "pips inside it  \n"
#define SUGAR "00000600 13 n 01 mangel 0 001 @ 00000200 n 0000 | grown for cattle  \n"

static void a_family_is_asked_for_each_of_its_words(void)
{
    made m = make_of(TOP BEET CARROT CELERY PUMPKIN SUGAR);

    CHECK_INT(m.status, VSH_OK);
    CHECK(m.there);
    CHECK_INT(lines_of(m.qa), 4);
    CHECK_HAS(m.qa, "\"id\": \"qa-n00000200\", \"group\": \"qa-n00000300\", \"text\": \"round red "
                    "thing that grows under the "
                    "earth\", \"prompt\": \"beet:\"");
    CHECK_HAS(m.qa, "\"prompt\": \"pumpkin, winter squash:\"");
    for (int answer = 0; answer < 4; answer++) {
        char part[20];
        snprintf(part, sizeof part, "\"answer\": %d", answer);
        CHECK_HAS(m.qa, part);
    }
    CHECK(strstr(m.qa, "red as this") == NULL);
}

static void a_hypothesis_stands_in_each_of_three(void)
{
    made m = make_of(TOP BEET CARROT CELERY PUMPKIN SUGAR);

    CHECK_INT(lines_of(m.nli), 3);
    CHECK_HAS(m.nli, "\"premise\": \"mangel\", \"hypothesis\": \"beet\"");
    CHECK_HAS(m.nli, "\"premise\": \"vegetable\", \"hypothesis\": \"beet\"");
    CHECK_HAS(m.nli, "\"text\": \"mangel: a kind of beet\"");
    CHECK_HAS(m.nli, "\"text\": \"beet: a kind of vegetable\"");
    CHECK_HAS(m.nli, ": different from any beet\"], \"answer\": 2");
}

/* What takes a child away, or an answer. */
static void what_would_not_be_fair_is_left_out(void)
{
    static const struct {
        const char *why, *data;
        int64_t qa, nli;
    } cases[] = {
        {"three siblings are too few", TOP BEET CARROT CELERY SUGAR, 0, 3},
        {"a definition says its word",
         TOP CARROT CELERY PUMPKIN
         "00000200 13 n 01 beet 0 001 @ 00000100 n 0000 | a thing that beets are of all kinds\n",
         0, 0},
        {"a definition says a sibling's word",
         TOP CARROT CELERY PUMPKIN
         "00000200 13 n 01 beet 0 001 @ 00000100 n 0000 | round and red and next to a carrot\n",
         0, 0},
        {"siblings share a word",
         TOP CARROT CELERY PUMPKIN
         "00000200 13 n 02 beet 0 carrot 1 001 @ 00000100 n 0000 | round and red under the earth\n",
         0, 0},
        {"an instance",
         TOP CARROT CELERY PUMPKIN
         "00000200 13 n 01 beet 0 001 @i 00000100 n 0000 | round and red under the earth\n",
         0, 0},
        {"a name",
         TOP CARROT CELERY PUMPKIN
         "00000200 13 n 01 Beet 0 001 @ 00000100 n 0000 | round and red under the earth\n",
         0, 0},
        {"too few words to be kept out of the training text",
         TOP CARROT CELERY PUMPKIN
         "00000200 13 n 01 beet 0 001 @ 00000100 n 0000 | round and red\n",
         0, 0},
        {"a sibling that has another parent contradicts nothing",
         TOP BEET SUGAR
         "00000300 13 n 01 carrot 0 002 @ 00000100 n 0000 @ 00000001 n 0000 | orange and long\n",
         0, 0},
        {"a kind of both contradicts nothing",
         TOP BEET CARROT
         "00000600 13 n 01 mangel 0 002 @ 00000200 n 0000 @ 00000300 n 0000 | grown for cattle\n",
         0, 0},
        {"a word with a meaning below contradicts nothing",
         TOP BEET CARROT SUGAR "00000700 13 n 01 carrot 0 001 @ 00000200 n 0000 | a strange kind\n",
         0, 0},
        {"what is abstract is not parted",
         "00000001 03 n 01 entity 0 000 | all\n"
         "00000100 09 n 01 vegetable 0 001 @ 00000001 n 0000 | all\n"
         "00000200 09 n 01 beet 0 001 @ 00000100 n 0000 | all\n"
         "00000300 09 n 01 carrot 0 001 @ 00000100 n 0000 | all\n"
         "00000600 09 n 01 mangel 0 001 @ 00000200 n 0000 | all\n",
         0, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        made m = make_of(cases[i].data);
        CHECK_INT(m.status, VSH_OK);
        vsh_check_int(lines_of(m.qa), cases[i].qa, __FILE__, __LINE__, cases[i].why);
        vsh_check_int(lines_of(m.nli), cases[i].nli, __FILE__, __LINE__, cases[i].why);
    }
}

static void broken_files_are_refused_by_line(void)
{
    static const struct {
        const char *line, *part;
    } cases[] = {
        {"hello\n", "data.noun:4: expected a synset"},
        {"x0000200 13 n 01 beet 0 000 | red\n", "data.noun:4: expected an offset"},
        {"00000200 13 n zz beet 0 000 | red\n", "data.noun:4: expected a number of words"},
        {"00000200 13 n 00 beet 0 000 | red\n", "data.noun:4: expected a number of words"},
        {"00000200 13 n ff beet 0 000 | red\n", "data.noun:4: expected words"},
        {"00000200 13 n 01 beet 0 999 | red\n", "data.noun:4: expected pointers"},
        {"00000200 13 n 01 beet 0 001 @ 00000100 | red\n", "data.noun:4: expected pointers"},
        {"00000200 13 n 01 beet 0 -01 | red\n", "data.noun:4: expected a number of pointers"},
        {"00000200 13 n 01 beet 0 001 @ 00000777 n 0000 | red\n", "no synset has the offset"},
        {"00000100 13 n 01 beet 0 001 @ 00000001 n 0000 | red\n", "two synsets"},
        {"|\n", "data.noun:4: expected an offset"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vsh_text data = {.arena = vsh_test_arena()};
        made m;
        vsh_text_add(&data, "%s%s", TOP, cases[i].line);
        m = make_of(vsh_text_string(&data));
        CHECK_INT(m.status, VSH_EINPUT);
        CHECK_HAS(err.text, cases[i].part);
        CHECK(!*m.qa && !*m.nli);
    }
}

static void circles_end(void)
{
    made m = make_of("00000100 13 n 01 beet 0 001 @ 00000200 n 0000 | round and red\n"
                     "00000200 13 n 01 carrot 0 002 @ 00000100 n 0000 @ 00000200 n 0000 | long\n");

    CHECK_INT(m.status, VSH_OK);
}

static void an_empty_file_makes_no_question(void)
{
    made m = make_of("");

    CHECK_INT(m.status, VSH_OK);
    CHECK(m.there && !*m.qa && !*m.nli);
}

static void without_wordnet_nothing_is_written(void)
{
    bool there = true;

    CHECK_OK(vsh_wordnet_tasks_write("/nowhere", in_folder(""), &there, &err), &err);
    CHECK(!there);
    CHECK(access(in_folder("qa.jsonl"), F_OK) != 0);
    clear_folder();
}

/* ---- WordNet ------------------------------------------------------------------------------ */

/* Both tasks and the network they were made of, once for all tests that ask. */
typedef struct {
    vsh_choice_task qa, nli;
    vsh_synsets synsets;
    uint64_t qa_hash, nli_hash;
} real;

static uint64_t hash_of(const char *name)
{
    const char *text = content(name);

    return vsh_hash64(text, strlen(text));
}

/* False where WordNet is not. */
static bool make_real(real *r)
{
    bool there;

    REQUIRE_OK(vsh_wordnet_tasks_write(wordnet, in_folder("."), &there, &err), &err);
    if (!there) {
        clear_folder();
        vsh_skip("no WordNet on this machine");
        return false;
    }
    r->qa_hash = hash_of("qa.jsonl");
    r->nli_hash = hash_of("nli.jsonl");
    REQUIRE_OK(vsh_choice_task_read(vsh_test_arena(), in_folder("qa.jsonl"), &r->qa, &err), &err);
    REQUIRE_OK(vsh_choice_task_read(vsh_test_arena(), in_folder("nli.jsonl"), &r->nli, &err), &err);
    clear_folder();
    REQUIRE_OK(vsh_synsets_read(vsh_test_arena(), wordnet, &r->synsets, &there, &err), &err);
    return true;
}

/* Every place is right equally often, once in a group. */
static void check_balance(const vsh_choice_task *task, int32_t choices)
{
    int64_t right[VSH_CHOICES_MAX] = {0};

    for (int64_t i = 0; i < task->items; i++) {
        CHECK_INT(task->item[i].choices, choices);
        CHECK(task->item[i].begins == (i % choices == 0));
        right[task->item[i].answer]++;
    }
    for (int32_t c = 0; c < choices; c++)
        CHECK_INT(right[c], task->items / choices);
}

static void answers_are_balanced(void)
{
    real r;

    if (!make_real(&r))
        return;
    CHECK_INT(r.qa.items, 2000);
    CHECK_INT(r.nli.items, 1998);
    check_balance(&r.qa, 4);
    check_balance(&r.nli, 3);
}

static vsh_span_text span_of(const char *text)
{
    return (vsh_span_text){text, (int32_t)strlen(text)};
}

static bool prompt_has(const char *prompt, vsh_span_text word)
{
    char name[128];
    const char *at = prompt;

    if (word.length >= (int32_t)sizeof name)
        return false;
    memcpy(name, word.text, (size_t)word.length);
    name[word.length] = '\0';
    for (char *c = name; (c = strchr(c, '_'));)
        *c = ' ';
    for (; (at = strstr(at, name)); at++)
        if ((at == prompt || at[-1] == ' ') && strchr(",:", at[word.length]))
            return true;
    return false;
}

/* No synset with a wrong choice's definition has one of the words that are asked for. */
static void check_wrong_choice(const real *r, const vsh_choice_item *item, const char *choice)
{
    vsh_span_text wanted = span_of(choice + 1);

    for (int64_t s = 0; s < r->synsets.count; s++) {
        const vsh_synset *at = &r->synsets.synset[s];
        if (at->definition.length == wanted.length &&
            memcmp(at->definition.text, wanted.text, (size_t)wanted.length) == 0)
            for (int32_t w = 0; w < at->words; w++)
                vsh_check(!prompt_has(item->prompt, at->word[w]), __FILE__, __LINE__, item->id,
                          false);
    }
}

static void no_wrong_definition_is_right(void)
{
    real r;

    if (!make_real(&r))
        return;
    for (int64_t i = 0; i < r.qa.items; i += 7)
        for (int32_t c = 0; c < 4; c++)
            if (c != r.qa.item[i].answer)
                check_wrong_choice(&r, &r.qa.item[i], r.qa.item[i].choice[c]);
}

/* In blanks again. */
static vsh_span_text term(const char *words)
{
    char *copy = vsh_copy_text(vsh_test_arena(), words, strlen(words));

    for (char *c = copy; (c = strchr(c, ' '));)
        *c = '_';
    return span_of(copy);
}

static void only_the_right_statement_is_true(void)
{
    real r;

    if (!make_real(&r))
        return;
    for (int64_t i = 0; i < r.nli.items; i++) {
        const vsh_choice_item *item = &r.nli.item[i];
        vsh_span_text p = term(item->premise), h = term(item->hypothesis);
        bool below = vsh_word_below(&r.synsets, p, h), above = vsh_word_below(&r.synsets, h, p);
        vsh_check(below == (item->answer == 0) && above == (item->answer == 1), __FILE__, __LINE__,
                  item->id, false);
    }
}

/* The same bytes on every machine: those of WordNet 3.0 as Debian 12 has it. */
static void the_same_questions_come_out_everywhere(void)
{
    real r;

    if (!make_real(&r))
        return;
    if (r.synsets.count != 82115) {
        vsh_skip("another WordNet");
        return;
    }
    CHECK_INT((int64_t)r.qa_hash, 6708803751656278769);
    CHECK_INT((int64_t)r.nli_hash, 2828958245933462452);
}

const vsh_test vsh_tests[] = {
    {"a_family_is_asked_for_each_of_its_words", a_family_is_asked_for_each_of_its_words},
    {"a_hypothesis_stands_in_each_of_three", a_hypothesis_stands_in_each_of_three},
    {"what_would_not_be_fair_is_left_out", what_would_not_be_fair_is_left_out},
    {"broken_files_are_refused_by_line", broken_files_are_refused_by_line},
    {"circles_end", circles_end},
    {"an_empty_file_makes_no_question", an_empty_file_makes_no_question},
    {"without_wordnet_nothing_is_written", without_wordnet_nothing_is_written},
    {"answers_are_balanced", answers_are_balanced},
    {"no_wrong_definition_is_right", no_wrong_definition_is_right},
    {"only_the_right_statement_is_true", only_the_right_statement_is_true},
    {"the_same_questions_come_out_everywhere", the_same_questions_come_out_everywhere},
    {NULL, NULL}};
