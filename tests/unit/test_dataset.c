#include "core/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/harness.h"

const char vsh_suite[] = "dataset";

static vsh_error err;
static char folder[] = "/tmp/vsh-dataset-XXXXXX";

/* ---- a dataset ------------------------------------------------------------------------------- */

static const vsh_dataset_shard train_shards[] = {
    {"train-00000-00000.safetensors", 3, 300, 1200, 0x0123456789abcdef},
    {"train-00001-00000.safetensors", 2, 50, 199, 0xfedcba9876543210}};
static const vsh_dataset_shard validation_shards[] = {
    {"validation-00000-00000.safetensors", 1, 40, 160, 1}};

static vsh_dataset small(void)
{
    return (vsh_dataset){.description = "two books of \"mine\"",
                         .tokenizer = "unigram",
                         .model = "tokenizer.model",
                         .tokenizer_hash = 0xffffffffffffffff,
                         .vocab = 8192,
                         .end = 2,
                         .unique_tokens = 340,
                         .train = {train_shards, 2, 5, 350, 1399},
                         .validation = {validation_shards, 1, 1, 40, 160},
                         .build = 42};
}

static const char *written(const vsh_dataset *dataset)
{
    vsh_text *text = vsh_alloc(vsh_test_arena(), 1, sizeof *text);
    vsh_json json = {.out = text, .plain = true};

    REQUIRE(text != NULL);
    text->arena = vsh_test_arena();
    vsh_json_object(&json, NULL);
    vsh_dataset_write(&json, dataset);
    vsh_json_object(&json, "options"); /* what the builder adds */
    vsh_json_integer(&json, "seed", 7);
    vsh_json_end(&json);
    vsh_json_end(&json);
    return vsh_text_string(text);
}

static vsh_status read_text(const char *manifest, vsh_dataset *dataset)
{
    vsh_text text = {.arena = vsh_test_arena()};
    char path[64];
    vsh_status status;

    snprintf(folder, sizeof folder, "/tmp/vsh-dataset-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/manifest.json", folder);
    vsh_text_add(&text, "%s", manifest);
    REQUIRE_OK(vsh_file_write(path, &text, &err), &err);
    status = vsh_dataset_read(vsh_test_arena(), folder, dataset, &err);
    unlink(path);
    rmdir(folder);
    return status;
}

/* The manifest with the first `from` in it replaced. */
static const char *edited(const char *manifest, const char *from, const char *to)
{
    const char *at = strstr(manifest, from);
    vsh_text text = {.arena = vsh_test_arena()};

    REQUIRE(at != NULL);
    vsh_text_put(&text, manifest, (size_t)(at - manifest));
    vsh_text_add(&text, "%s%s", to, at + strlen(from));
    return vsh_text_string(&text);
}

static void check_refused(const char *from, const char *to, const char *reason)
{
    const vsh_dataset sound = small();
    vsh_dataset dataset;

    CHECK_FAILS(read_text(edited(written(&sound), from, to), &dataset), &err, VSH_EINPUT, reason);
    CHECK_HAS(err.text, "manifest.json");
}

/* ---- what is written is read ----------------------------------------------------------------- */

static void check_split(const vsh_dataset_split *got, const vsh_dataset_split *want)
{
    CHECK_INT(got->documents, want->documents);
    CHECK_INT(got->tokens, want->tokens);
    CHECK_INT(got->bytes, want->bytes);
    REQUIRE(got->shards == want->shards);
    for (int64_t i = 0; i < want->shards; i++) {
        CHECK_TEXT(got->shard[i].file, want->shard[i].file);
        CHECK_INT(got->shard[i].documents, want->shard[i].documents);
        CHECK_INT(got->shard[i].tokens, want->shard[i].tokens);
        CHECK_INT(got->shard[i].bytes, want->shard[i].bytes);
        CHECK(got->shard[i].hash == want->shard[i].hash);
    }
}

static void a_manifest_comes_back_as_it_was_written(void)
{
    const vsh_dataset sound = small();
    vsh_dataset got;

    REQUIRE_OK(read_text(written(&sound), &got), &err);
    CHECK_TEXT(got.folder, folder);
    CHECK_TEXT(got.description, sound.description);
    CHECK_TEXT(got.tokenizer, "unigram");
    CHECK_TEXT(got.model, "tokenizer.model");
    CHECK(got.tokenizer_hash == sound.tokenizer_hash);
    CHECK_INT(got.vocab, 8192);
    CHECK_INT(got.end, 2);
    CHECK_INT(got.unique_tokens, 340);
    CHECK(got.build == 42);
    check_split(&got.train, &sound.train);
    check_split(&got.validation, &sound.validation);
}

static void bytes_have_no_model_and_nothing_need_be_held_out(void)
{
    vsh_dataset sound = small(), got;

    sound.tokenizer = "bytes";
    sound.model = NULL;
    sound.vocab = 257;
    sound.validation = (vsh_dataset_split){0};
    REQUIRE_OK(read_text(written(&sound), &got), &err);
    CHECK(got.model == NULL);
    CHECK_INT(got.validation.shards, 0);
}

/* A description may hold the name of a file, which may hold anything. */
static void odd_descriptions_come_back_readable(void)
{
    vsh_dataset sound = small(), got;

    sound.description = "a\x1b[1m \u202e\xc2\x85\x7f\xff\n\u00e4: mine";
    REQUIRE_OK(read_text(written(&sound), &got), &err);
    CHECK_TEXT(got.description, "a\ufffd[1m \ufffd\ufffd\ufffd\ufffd \u00e4: mine");
}

static void the_most_shards_fit_into_a_manifest(void)
{
    enum { MOST = VSH_DATASET_SHARDS_MAX };
    vsh_dataset_shard *shard = vsh_alloc(vsh_test_arena(), MOST, sizeof *shard);
    vsh_dataset sound = small(), got;

    REQUIRE(shard != NULL);
    for (int i = 0; i < MOST; i++) {
        char name[64];
        snprintf(name, sizeof name, "augmented-%05d-00000.safetensors", i);
        shard[i] = (vsh_dataset_shard){vsh_copy_text(vsh_test_arena(), name, strlen(name)), 1000000,
                                       100000000, 1000000000, (uint64_t)i};
    }
    sound.train = (vsh_dataset_split){shard, MOST, (int64_t)MOST * 1000000,
                                      (int64_t)MOST * 100000000, (int64_t)MOST * 1000000000};
    sound.validation = (vsh_dataset_split){0};
    REQUIRE_OK(read_text(written(&sound), &got), &err);
    CHECK_INT(got.train.shards, MOST);
    CHECK(got.train.shard[MOST - 1].hash == MOST - 1);
}

static void each_shard_is_one_line(void)
{
    const vsh_dataset sound = small();

    CHECK_HAS(written(&sound),
              "      {\"file\": \"train-00000-00000.safetensors\", \"documents\": 3, \"tokens\": "
              "300, \"bytes\": 1200, \"hash\": \"0123456789abcdef\"},\n");
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void a_missing_member_is_named(void)
{
    static const char *const keys[] = {"format",    "version",       "description", "build",
                                       "tokenizer", "unique_tokens", "train",       "validation",
                                       "vocab",     "end",           "kind",        "hash",
                                       "shards",    "documents",     "tokens",      "bytes"};
    const vsh_dataset sound = small();

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        vsh_dataset got;
        char key[40], other[40];
        snprintf(key, sizeof key, "\"%s\":", keys[i]);
        snprintf(other, sizeof other, "\"%s_\":", keys[i]);
        CHECK_FAILS(read_text(edited(written(&sound), key, other), &got), &err, VSH_EINPUT,
                    keys[i]);
    }
}

static void sums_must_agree(void)
{
    check_refused("\"documents\": 5", "\"documents\": 6", "documents: 6, but the shards have 5");
    check_refused("\"tokens\": 350", "\"tokens\": 349", "tokens: 349, but the shards have 350");
    check_refused("\"bytes\": 1399", "\"bytes\": 0", "bytes: 0, but the shards have 1399");
    check_refused("\"tokens\": 40,", "\"tokens\": 41,", "tokens: 41, but the shards have 40");
    check_refused("\"unique_tokens\": 340", "\"unique_tokens\": 351", "unique_tokens: 351");
    check_refused("\"documents\": 3, \"tokens\": 300", "\"documents\": 301, \"tokens\": 300",
                  "at least a token a document");
}

static void names_lead_nowhere_else(void)
{
    static const char *const names[] = {
        "\"../train.safetensors\"", "\"/etc/passwd\"", "\".hidden\"", "\"\"", "\"a/b\"", "\"..\""};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        check_refused("\"train-00000-00000.safetensors\"", names[i], "a plain file name");
        check_refused("\"tokenizer.model\"", names[i], "a plain file name");
    }
    check_refused("train-00001", "train-00000", "named twice");
    check_refused("validation-00000", "train-00000", "named twice");
}

static void numbers_and_hashes_are_strict(void)
{
    check_refused("\"vocab\": 8192", "\"vocab\": 0", "vocab");
    check_refused("\"vocab\": 8192", "\"vocab\": 4294967296", "vocab");
    check_refused("\"vocab\": 8192", "\"vocab\": \"8192\"", "vocab");
    check_refused("\"end\": 2", "\"end\": 8192", "below the vocabulary");
    check_refused("\"end\": 2", "\"end\": -1", "end");
    check_refused("\"tokens\": 300", "\"tokens\": 3e2", "tokens");
    check_refused("\"tokens\": 300", "\"tokens\": 9223372036854775807", "tokens");
    check_refused("\"bytes\": 1200", "\"bytes\": -1", "bytes");
    check_refused("fedcba9876543210", "fedcba987654321", "16 digits");
    check_refused("fedcba9876543210", "fedcba98765432100", "16 digits");
    check_refused("fedcba9876543210", "fedcba987654321x", "16 digits");
    check_refused("000000000000002a", "", "16 digits");
}

static void another_format_is_refused(void)
{
    check_refused("vishwa-dataset", "vishwa-checkpoint", "manifest of a dataset");
    check_refused("\"version\": 1", "\"version\": 2", "version 1");
    check_refused("\"kind\": \"unigram\"", "\"kind\": \"bytes\"", "null and the kind");
    check_refused("\"model\": \"tokenizer.model\"", "\"model\": null", "null and the kind");
    check_refused("\"shards\": [", "\"shards\": 3, \"s\": [", "a list of shards");
}

static void a_manifest_cut_anywhere_is_refused(void)
{
    const vsh_dataset sound = small();
    const char *whole = written(&sound);
    size_t length = strlen(whole) - 2; /* the last brace and its newline */

    for (size_t cut = 0; cut <= length; cut += 7) {
        vsh_dataset got;
        char *part = vsh_copy_text(vsh_test_arena(), whole, cut);
        REQUIRE(part != NULL);
        CHECK_INT(read_text(part, &got), VSH_EINPUT);
        CHECK_HAS(err.text, "manifest.json");
    }
}

static void a_folder_without_manifest_is_refused(void)
{
    vsh_dataset got;

    CHECK_FAILS(vsh_dataset_read(vsh_test_arena(), "/tmp/vsh-no-such-folder", &got, &err), &err,
                VSH_EINPUT, "/tmp/vsh-no-such-folder/manifest.json: No such file");
    CHECK_FAILS(vsh_dataset_read(vsh_test_arena(), "Makefile", &got, &err), &err, VSH_EINPUT,
                "Not a directory");
}

const vsh_test vsh_tests[] = {
    {"a_manifest_comes_back_as_it_was_written", a_manifest_comes_back_as_it_was_written},
    {"bytes_have_no_model_and_nothing_need_be_held_out",
     bytes_have_no_model_and_nothing_need_be_held_out},
    {"odd_descriptions_come_back_readable", odd_descriptions_come_back_readable},
    {"the_most_shards_fit_into_a_manifest", the_most_shards_fit_into_a_manifest},
    {"each_shard_is_one_line", each_shard_is_one_line},
    {"a_missing_member_is_named", a_missing_member_is_named},
    {"sums_must_agree", sums_must_agree},
    {"names_lead_nowhere_else", names_lead_nowhere_else},
    {"numbers_and_hashes_are_strict", numbers_and_hashes_are_strict},
    {"another_format_is_refused", another_format_is_refused},
    {"a_manifest_cut_anywhere_is_refused", a_manifest_cut_anywhere_is_refused},
    {"a_folder_without_manifest_is_refused", a_folder_without_manifest_is_refused},
    {NULL, NULL}};
