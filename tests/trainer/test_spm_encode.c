/* Ids of the default corpus are those that SentencePiece's own program gives. A part of it here;
 * `make bench` compares all of it. */
#include "tests/trainer/corpus_ids.h"
#include "tests/trainer/test_folder.h"

const char vsh_suite[] = "spm_encode";

enum { LEARNED_EVERY = 160, COMPARED_EVERY = 24 };

static vsh_error err;
/* A part of the corpus in a fresh folder; false, and the test is skipped, where there is none. */
static bool begin(vsh_documents *documents)
{
    if (!read_english(vsh_test_arena(), documents)) {
        vsh_skip("a part of the default corpus is not installed");
        return false;
    }
    folder_of_test();
    return true;
}

/* A tokenizer of another part; false where spm_train is missing. */
static bool learn(const vsh_documents *documents, const char *algorithm, vsh_tokenizer **tokenizer)
{
    const vsh_tokenizer_options options = {.algorithm = algorithm, .vocab = 2048};
    vsh_status status;

    REQUIRE(write_documents(documents, 1, LEARNED_EVERY, at_path("text")));
    status =
        vsh_tokenizer_train(vsh_test_arena(), at_path("text"), at_path("model"), &options, &err);
    if (status == VSH_EMACHINE && strstr(err.text, "make deps")) {
        vsh_skip("spm_train is not installed");
        return false;
    }
    REQUIRE_OK(status, &err);
    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), at_path("model"), tokenizer, &err), &err);
    return true;
}

static void check_ids(const char *algorithm)
{
    vsh_text theirs = {.arena = vsh_test_arena()};
    vsh_documents documents;
    vsh_tokenizer *tokenizer;
    ids_compared all;

    if (!begin(&documents))
        return;
    if (learn(&documents, algorithm, &tokenizer)) {
        REQUIRE(write_documents(&documents, 0, COMPARED_EVERY, at_path("text")));
        REQUIRE_OK(spm_encode(at_path("model"), at_path("text"), &theirs, &err), &err);
        REQUIRE_OK(compare_ids(tokenizer, &documents, 0, COMPARED_EVERY, theirs.data, &all, &err),
                   &err);
        CHECK(all.bytes > 1500000 && all.documents > 10000 && all.tokens > all.bytes / 6);
        CHECK_INT(all.different, 0);
        CHECK_INT(all.not_come_back, 0);
        vsh_tokenizer_close(tokenizer);
    }
    remove_test_folder();
}

static void unigram_ids_are_those_of_spm_encode(void) { check_ids("unigram"); }

static void bpe_ids_are_those_of_spm_encode(void) { check_ids("bpe"); }

const vsh_test vsh_tests[] = {
    {"unigram_ids_are_those_of_spm_encode", unigram_ids_are_those_of_spm_encode},
    {"bpe_ids_are_those_of_spm_encode", bpe_ids_are_those_of_spm_encode},
    {NULL, NULL},
};
