#include "trainer/run/prepared.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "tests/trainer/dataset_case.h"
#include "tests/trainer/test_folder.h"
#include "trainer/base/hash64.h"

const char vsh_suite[] = "prepared";

static vsh_error err;

static bool is_there(const char *name)
{
    struct stat info;

    return lstat(at_path(name), &info) == 0;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(at_path(name), "wb");

    REQUIRE(file != NULL);
    REQUIRE(fputs(text, file) >= 0);
    REQUIRE(fclose(file) == 0);
}

/* So many documents, each of two lines. */
static const char *documents(int count)
{
    vsh_text text = {.arena = vsh_test_arena()};

    for (int i = 0; i < count; i++)
        vsh_text_add(&text, "Document %d\nsays that %d is its number.\n\n", i, i);
    REQUIRE(!text.failed);
    return vsh_text_string(&text);
}

static vsh_prepare_options options_of(const char *tokenizer, int64_t vocab)
{
    return (vsh_prepare_options){.folder = at_path("made/here"),
                                 .text = at_path("text.txt"),
                                 .tokenizer = tokenizer,
                                 .vocab = vocab};
}

static vsh_prepared prepare(const char *text)
{
    vsh_prepare_options options = options_of("bytes", 257);
    vsh_prepared p;

    put("text.txt", text);
    REQUIRE_OK(vsh_prepare(vsh_test_arena(), &options, &p, &err), &err);
    return p;
}

/* ---- a text of many documents -------------------------------------------------------------- */

/* The ids of all documents, decoded: each byte is one, 256 ends a document. */
static void check_ids(const vsh_prepared *p, const vsh_token_data *data)
{
    for (int64_t i = 0; i < data->documents; i++) {
        vsh_text text = {.arena = vsh_test_arena()};
        int64_t first = vsh_token_data_begin(data, i);
        int64_t count = vsh_token_data_begin(data, i + 1) - first;
        int32_t *id = vsh_alloc(vsh_test_arena(), (size_t)count, sizeof *id);
        REQUIRE(id != NULL);
        vsh_token_data_read(data, first, count, id);
        CHECK_INT(id[count - 1], vsh_tokenizer_end(p->tokenizer));
        REQUIRE_OK(vsh_tokenizer_decode(p->tokenizer, id, count - 1, &text, &err), &err);
        CHECK(strncmp(vsh_text_string(&text), "Document ", 9) == 0);
        CHECK_INT((int64_t)text.length, count - 1);
    }
    CHECK_INT(data->count, data->bytes + data->documents);
}

static void every_document_is_trained_on_or_held_out(void)
{
    const char *text = documents(500);
    vsh_prepared p;

    folder_of_test();
    p = prepare(text);
    CHECK_INT(vsh_tokenizer_vocab(p.tokenizer), 257);
    CHECK_INT(p.train.documents + p.held_out.documents, 500);
    CHECK(p.held_out.documents >= 2 && p.held_out.documents <= 30);
    CHECK_INT(p.train.bytes + p.held_out.bytes, (int64_t)strlen(text) - 2 * 500);
    check_ids(&p, &p.train);
    check_ids(&p, &p.held_out);
    CHECK(p.hash == p.train.hash);
    CHECK(p.description && *p.description);
    vsh_prepared_close(&p);
    vsh_prepared_close(&p); /* and again */
    remove_test_folder();
}

static ino_t file_of(const char *name)
{
    struct stat info;

    REQUIRE(stat(at_path(name), &info) == 0);
    return info.st_ino;
}

static vsh_prepared prepare_again(void)
{
    vsh_prepare_options options = options_of("bytes", 257);
    vsh_prepared p;

    REQUIRE_OK(vsh_prepare(vsh_test_arena(), &options, &p, &err), &err);
    return p;
}

static void the_same_text_is_prepared_to_the_same_ids(void)
{
    static const char shard[] = "made/here/bytes/train-00000-00000.safetensors";
    const struct timespec then[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    vsh_prepared first, again, other;
    uint64_t hash;
    ino_t file;

    folder_of_test();
    first = prepare(documents(300));
    hash = first.hash;
    file = file_of(shard);
    again = prepare_again();
    CHECK(file_of(shard) == file); /* opened, not made anew */
    CHECK(again.hash == hash);
    CHECK_INT(again.train.count, first.train.count);
    vsh_prepared_close(&again);
    REQUIRE(utimensat(AT_FDCWD, at_path("text.txt"), then, 0) == 0);
    again = prepare_again();
    CHECK(file_of(shard) != file);
    CHECK(again.hash == hash); /* only the date was another */
    other = prepare(documents(301));
    CHECK(other.hash != hash);
    check_ids(&first, &first.train); /* mapped still, whatever was built since */
    vsh_prepared_close(&first);
    vsh_prepared_close(&again);
    vsh_prepared_close(&other);
    remove_test_folder();
}

/* ---- small texts --------------------------------------------------------------------------- */

/* A text of one document that is (not) held out by the hash of its first line. */
static const char *single(bool held_out)
{
    for (int i = 0; i < 10000; i++) {
        vsh_text text = {.arena = vsh_test_arena()};
        vsh_text_add(&text, "Document %d", i);
        if ((vsh_hash64(text.data, text.length) % 50 == 0) != held_out)
            continue;
        vsh_text_add(&text, "\nis alone.\n");
        return vsh_text_string(&text);
    }
    REQUIRE(!"a document of either side");
    return "";
}

static void a_text_with_nothing_to_hold_out_is_all_trained_on(void)
{
    vsh_prepared p;

    folder_of_test();
    p = prepare(single(false));
    CHECK_INT(p.train.documents, 1);
    CHECK_INT(p.held_out.count, 0);
    CHECK_INT(p.held_out.documents, 0);
    check_ids(&p, &p.train);
    vsh_prepared_close(&p);
    remove_test_folder();
}

static void a_text_with_nothing_else_than_held_out_is_all_trained_on(void)
{
    vsh_prepared p;

    folder_of_test();
    p = prepare(single(true));
    CHECK_INT(p.train.documents, 1);
    CHECK_INT(p.held_out.count, 0);
    check_ids(&p, &p.train);
    vsh_prepared_close(&p);
    remove_test_folder();
}

/* A text that grew has something to hold out, whatever was kept of the small one. */
static void a_text_that_grew_is_parted_anew(void)
{
    vsh_prepared small, grown;
    const char *one;

    folder_of_test();
    one = single(true);
    small = prepare(one);
    grown = prepare(documents(300));
    CHECK(grown.held_out.documents > 0);
    CHECK_INT(grown.held_out.documents + grown.train.documents, 300);
    vsh_prepared_close(&small);
    vsh_prepared_close(&grown);
    small = prepare(one);
    CHECK_INT(small.train.documents, 1);
    CHECK_INT(small.held_out.count, 0);
    vsh_prepared_close(&small);
    remove_test_folder();
}

static void one_byte_is_a_text(void)
{
    vsh_prepared p;
    int32_t id[2];

    folder_of_test();
    p = prepare("x");
    CHECK_INT(p.train.count, 2);
    vsh_token_data_read(&p.train, 0, 2, id);
    CHECK_INT(id[0], 'x');
    CHECK_INT(id[1], 256);
    vsh_prepared_close(&p);
    remove_test_folder();
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void check_refused(const vsh_prepare_options *options, const char *message)
{
    vsh_prepared p;

    CHECK_FAILS(vsh_prepare(vsh_test_arena(), options, &p, &err), &err, VSH_EINPUT, message);
    vsh_prepared_close(&p);
}

static void a_vocabulary_larger_than_the_models_is_refused(void)
{
    vsh_prepare_options options;

    folder_of_test();
    put("text.txt", documents(100));
    options = options_of("bytes", 256);
    check_refused(&options, "tokenizer bytes: expected at most the model's vocabulary of 256, "
                            "got 257");
    CHECK(!is_there("made/here")); /* nothing was made */
    remove_test_folder();
}

static void a_model_file_is_judged_before_it_is_used(void)
{
    const char *model = "tests/fuzz/corpus/spm_model/unigram";
    vsh_prepare_options options;
    vsh_tokenizer *tokenizer;
    char message[200];
    vsh_prepared p;
    int32_t vocab;

    folder_of_test();
    put("text.txt", documents(100));
    options = options_of("no-model-here.model", 500);
    check_refused(&options, "no-model-here.model");
    put("bad.model", "this is no model");
    options = options_of(at_path("bad.model"), 500);
    check_refused(&options, "bad.model");
    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), model, &tokenizer, &err), &err);
    vocab = vsh_tokenizer_vocab(tokenizer);
    vsh_tokenizer_close(tokenizer);
    options = options_of(model, vocab - 1);
    snprintf(message, sizeof message, "%s: expected at most the model's vocabulary of %d, got %d",
             model, (int)vocab - 1, (int)vocab);
    check_refused(&options, message);
    options.vocab = vocab;
    REQUIRE_OK(vsh_prepare(vsh_test_arena(), &options, &p, &err), &err);
    CHECK_INT(p.train.documents + p.held_out.documents, 100);
    vsh_prepared_close(&p);
    remove_test_folder();
}

static void a_text_that_is_not_there_is_refused(void)
{
    vsh_prepare_options options;

    folder_of_test();
    options = options_of("bytes", 257);
    check_refused(&options, "text.txt");
    put("text.txt", "");
    check_refused(&options, "text.txt");
    CHECK(!is_there("made"));
    put("text.txt", "\n\n\n");
    check_refused(&options, "text.txt: no text in it");
    CHECK(!is_there("made/here"));
    remove_test_folder();
}

static void a_named_folder_is_not_made_for_a_corpus_that_nobody_asked_for(void)
{
    vsh_prepare_options options;

    folder_of_test();
    put("text.txt", documents(100));
    options = options_of("bytes", 257);
    options.named = true;
    CHECK_OK(vsh_prepare_check(&options, &err), &err); /* of the text it would be made */
    options.text = NULL;
    check_refused(&options, "no such folder: expected a dataset");
    CHECK(!is_there("made"));
    options.named = false;
    CHECK_OK(vsh_prepare_check(&options, &err), &err);
    CHECK(!is_there("made"));
    remove_test_folder();
}

static void a_check_makes_nothing_and_says_what_preparing_says(void)
{
    vsh_prepare_options options;
    vsh_error checked;
    vsh_prepared p;

    folder_of_test();
    p = prepare(documents(100));
    vsh_prepared_close(&p);
    options = (vsh_prepare_options){.folder = at_path("made/here/bytes"), .vocab = 257};
    CHECK_OK(vsh_prepare_check(&options, &err), &err);
    options.sequence = 1 << 20;
    CHECK_FAILS(vsh_prepare_check(&options, &checked), &checked, VSH_EINPUT,
                "expected text for at least one sequence of 1048576 tokens");
    check_refused(&options, checked.text);
    options.vocab = 200;
    CHECK_FAILS(vsh_prepare_check(&options, &checked), &checked, VSH_EINPUT, "got 257");
    check_refused(&options, checked.text);
    remove_test_folder();
}

/* ---- a tokenizer of its own ---------------------------------------------------------------- */

/* false, and the test is skipped, where spm_train is missing. */
static bool trained(const vsh_prepare_options *options, vsh_prepared *p)
{
    vsh_status status = vsh_prepare(vsh_test_arena(), options, p, &err);

    if (status == VSH_EMACHINE && strstr(err.text, "make deps")) {
        remove_test_folder();
        vsh_skip("spm_train is not installed");
        return false;
    }
    REQUIRE_OK(status, &err);
    return true;
}

static void hear(void *context, const char *what) { vsh_text_add(context, "%s;", what); }

static void a_tokenizer_is_trained_once(void)
{
    vsh_text said = {.arena = vsh_test_arena()};
    vsh_prepare_options options;
    vsh_prepared p;
    uint64_t hash;

    folder_of_test();
    put("text.txt", documents(200));
    options = options_of("sentencepiece", 300);
    options.say = hear;
    options.context = &said;
    if (!trained(&options, &p))
        return;
    CHECK_INT(vsh_tokenizer_vocab(p.tokenizer), 300);
    CHECK_HAS(vsh_text_string(&said), "tokenizer");
    CHECK(is_there("made/here/unigram-300/tokenizer.model"));
    CHECK(!is_there("made/here/unigram-300/work"));
    hash = p.hash;
    vsh_prepared_close(&p);
    said.length = 0;
    REQUIRE_OK(vsh_prepare(vsh_test_arena(), &options, &p, &err), &err);
    CHECK_INT((int64_t)said.length, 0);
    CHECK(p.hash == hash);
    vsh_prepared_close(&p);
    remove_test_folder();
}

/* The one document there is would have been held out of the tokenizer's sample, too. */
static void a_tokenizer_is_trained_on_a_text_of_one_document(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_prepare_options options;
    vsh_prepared p;

    folder_of_test();
    vsh_text_add(&text, "%s", single(true));
    for (int i = 0; i < 200; i++)
        vsh_text_add(&text, "Line %d of a text in one piece.\n", i * 7919);
    put("text.txt", vsh_text_string(&text));
    options = options_of("sentencepiece", 300);
    if (!trained(&options, &p))
        return;
    CHECK_INT(p.train.documents, 1);
    CHECK(p.train.count < p.train.bytes);
    vsh_prepared_close(&p);
    remove_test_folder();
}

/* ---- the tokenizer of a model that was trained ----------------------------------------------- */

static void a_model_wants_the_tokenizer_it_was_trained_with(void)
{
    static const char other[] = "tests/fuzz/corpus/spm_model/unigram";
    vsh_prepare_options options;
    vsh_prepared p;

    folder_of_test();
    put("text.txt", documents(200));
    options = options_of("unigram", 480);
    if (!trained(&options, &p))
        return;
    vsh_prepared_close(&p);
    options.model = at_path("made/here/unigram-480/tokenizer.model");
    REQUIRE_OK(vsh_prepare(vsh_test_arena(), &options, &p, &err), &err);
    CHECK_HAS(p.dataset.folder, "unigram-480"); /* what the run had made */
    vsh_prepared_close(&p);
    options.model = other;
    REQUIRE_OK(vsh_prepare(vsh_test_arena(), &options, &p, &err), &err);
    CHECK_HAS(p.dataset.folder, "made/here/file-");
    CHECK_TEXT(p.dataset.tokenizer, "file");
    vsh_prepared_close(&p);
    options.tokenizer = "no-longer-there.model";
    REQUIRE_OK(vsh_prepare(vsh_test_arena(), &options, &p, &err), &err);
    vsh_prepared_close(&p);
    remove_test_folder();
}

/* ---- a dataset of the user's --------------------------------------------------------------- */

static vsh_prepare_options options_of_dataset(void)
{
    folder_of_test();
    case_dataset(at_path("."), &err);
    return (vsh_prepare_options){.folder = at_path("."), .vocab = 300};
}

static void a_dataset_is_taken_as_it_is(void)
{
    vsh_prepare_options options = options_of_dataset();
    vsh_prepared p;

    REQUIRE_OK(vsh_prepare(vsh_test_arena(), &options, &p, &err), &err);
    CHECK_INT(p.train.documents, 3);
    CHECK_INT(p.held_out.bytes, 8);
    CHECK_TEXT(p.description, "three short texts");
    CHECK(p.hash == p.train.hash);
    CHECK(vsh_tokenizer_path(p.tokenizer) == NULL);
    vsh_prepared_close(&p);
    options.tokenizer = "bytes";
    CHECK_OK(vsh_prepare(vsh_test_arena(), &options, &p, &err), &err);
    vsh_prepared_close(&p);
    CHECK(!is_there("bytes") && !is_there("bytes.text")); /* nothing was added to it */
    remove_test_folder();
}

static void a_dataset_that_contradicts_the_options_is_refused(void)
{
    vsh_prepare_options options = options_of_dataset();

    options.text = "text.txt";
    check_refused(&options, "has a dataset already");
    options.text = NULL;
    options.tokenizer = "sentencepiece";
    check_refused(&options, "tokenizer: sentencepiece, but the dataset in");
    options.tokenizer = "tests/fuzz/corpus/spm_model/unigram";
    check_refused(&options, "was made with another: bytes");
    options.tokenizer = NULL;
    options.model = "tests/fuzz/corpus/spm_model/unigram";
    check_refused(&options, "not of the model's tokenizer");
    options.model = NULL;
    options.vocab = 256;
    check_refused(&options, "expected at most the model's vocabulary of 256, got 257");
    remove_test_folder();
}

static void a_damaged_dataset_is_refused_and_left_alone(void)
{
    vsh_prepare_options options = options_of_dataset();

    REQUIRE(truncate(at_path("train-00001-00000.safetensors"), 100) == 0);
    check_refused(&options, "train-00001-00000.safetensors");
    put("manifest.json", "{}");
    check_refused(&options, "manifest.json");
    CHECK(is_there("train-00000-00000.safetensors"));
    remove_test_folder();
}

static void the_manifests_tokenizer_is_the_files(void)
{
    vsh_prepare_options options = options_of_dataset();
    vsh_dataset dataset = case_dataset(at_path("."), &err);

    dataset.end = 255;
    case_manifest(at_path("."), &dataset, &err);
    check_refused(&options, "not the tokenizer that the manifest tells of");
    dataset.end = 256;
    dataset.tokenizer_hash ^= 1;
    case_manifest(at_path("."), &dataset, &err);
    check_refused(&options, "not the tokenizer that the manifest tells of");
    dataset.tokenizer = "file";
    dataset.model = "no.model";
    case_manifest(at_path("."), &dataset, &err);
    check_refused(&options, "no.model");
    remove_test_folder();
}

const vsh_test vsh_tests[] = {
    {"every_document_is_trained_on_or_held_out", every_document_is_trained_on_or_held_out},
    {"the_same_text_is_prepared_to_the_same_ids", the_same_text_is_prepared_to_the_same_ids},
    {"a_text_with_nothing_to_hold_out_is_all_trained_on",
     a_text_with_nothing_to_hold_out_is_all_trained_on},
    {"a_text_with_nothing_else_than_held_out_is_all_trained_on",
     a_text_with_nothing_else_than_held_out_is_all_trained_on},
    {"a_text_that_grew_is_parted_anew", a_text_that_grew_is_parted_anew},
    {"one_byte_is_a_text", one_byte_is_a_text},
    {"a_vocabulary_larger_than_the_models_is_refused",
     a_vocabulary_larger_than_the_models_is_refused},
    {"a_model_file_is_judged_before_it_is_used", a_model_file_is_judged_before_it_is_used},
    {"a_text_that_is_not_there_is_refused", a_text_that_is_not_there_is_refused},
    {"a_check_makes_nothing_and_says_what_preparing_says",
     a_check_makes_nothing_and_says_what_preparing_says},
    {"a_named_folder_is_not_made_for_a_corpus_that_nobody_asked_for",
     a_named_folder_is_not_made_for_a_corpus_that_nobody_asked_for},
    {"a_tokenizer_is_trained_once", a_tokenizer_is_trained_once},
    {"a_tokenizer_is_trained_on_a_text_of_one_document",
     a_tokenizer_is_trained_on_a_text_of_one_document},
    {"a_model_wants_the_tokenizer_it_was_trained_with",
     a_model_wants_the_tokenizer_it_was_trained_with},
    {"a_dataset_is_taken_as_it_is", a_dataset_is_taken_as_it_is},
    {"a_dataset_that_contradicts_the_options_is_refused",
     a_dataset_that_contradicts_the_options_is_refused},
    {"a_damaged_dataset_is_refused_and_left_alone", a_damaged_dataset_is_refused_and_left_alone},
    {"the_manifests_tokenizer_is_the_files", the_manifests_tokenizer_is_the_files},
    {NULL, NULL}};
