#include "trainer/build/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/rng.h"
#include "tests/trainer/test_folder.h"
#include "trainer/build/segment.h"
#include "trainer/data/shard.h"

const char vsh_suite[] = "build";

static vsh_error err;

/* ---- a corpus of which everything is known --------------------------------------------------- */

/* Kinds of documents, in this order of a round, over and over. */
enum {
    PLAIN = 6,   /* all different */
    COPIES = 2,  /* of earlier ones, byte for byte */
    SHOUTED = 1, /* of earlier ones, in capitals, with other white space and punctuation */
    NEAR = 1,    /* of earlier ones, with one word of 200 changed */
    GARBAGE = 2, /* symbols and digits */
    LEAKED = 1,  /* with a sentence that is forbidden */
    ROUNDS = 10
};

enum { PLAIN_WORDS = 200, WORDS = 512 };

static const char forbidden[] = "seven grey herons stood beside the frozen mill before dawn broke";

static const char *in(const char *folder, const char *name)
{
    return vsh_path_join(vsh_test_arena(), folder, name);
}

/* Words of a made-up language that has the stop words of English. */
static void put_word(vsh_text *text, uint64_t document, uint64_t i)
{
    static const char *const stop[] = {"the", "of", "and", "to", "that", "with"};
    static const char *const begin[] = {"bar", "cor", "del", "fen", "gal", "hol", "jur", "kem"};
    static const char *const end[] = {"ane", "ile", "ock", "und", "est", "iry", "oom", "ast"};
    uint64_t draw = (uint64_t)(vsh_random_uniform(7, document, i) * WORDS);

    if (draw % 8 == 0)
        vsh_text_add(text, "%s", stop[draw / 8 % 6]);
    else
        vsh_text_add(text, "%s%s", begin[draw % 8], end[draw / 8 % 8]);
}

static void put_plain(vsh_text *text, uint64_t document)
{
    vsh_text_add(text, "Story %llu.", (unsigned long long)document);
    for (uint64_t i = 0; i < PLAIN_WORDS; i++) {
        vsh_text_add(text, i % 10 == 9 ? ",\n" : " ");
        put_word(text, document, i);
    }
}

static void put_shouted(vsh_text *text, uint64_t document)
{
    size_t begin = text->length;

    put_plain(text, document);
    for (size_t i = begin; i < text->length; i++) {
        char *c = &text->data[i];
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
        else if (*c == ',')
            *c = ';';
    }
}

static void put_near(vsh_text *text, uint64_t document)
{
    put_plain(text, document);
    vsh_text_add(text, " otherwise");
}

static void put_leaked(vsh_text *text, uint64_t document)
{
    put_plain(text, document);
    vsh_text_add(text, " And %s.", forbidden);
}

static void put_garbage(vsh_text *text, uint64_t i)
{
    for (int k = 0; k < 20; k++)
        vsh_text_add(text, "%llu#%d {|} ", (unsigned long long)(i * 7919), k);
}

static vsh_text corpus(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    uint64_t plain = 0, other = 0;

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < PLAIN; i++, vsh_text_add(&text, "\n\n"))
            put_plain(&text, plain++);
        for (int i = 0; i < COPIES; i++, vsh_text_add(&text, "\n\n"))
            put_plain(&text, plain - 1 - (uint64_t)i);
        for (int i = 0; i < SHOUTED; i++, vsh_text_add(&text, "\n\n"))
            put_shouted(&text, plain / 2);
        for (int i = 0; i < NEAR; i++, vsh_text_add(&text, "\n\n"))
            put_near(&text, plain / 3);
        for (int i = 0; i < GARBAGE; i++, vsh_text_add(&text, "\n\n"))
            put_garbage(&text, other++);
        for (int i = 0; i < LEAKED; i++, vsh_text_add(&text, "\n\n"))
            put_leaked(&text, 100000 + other);
    }
    return text;
}

static const char *put_file(const char *folder, const char *name, const vsh_text *text)
{
    const char *path = in(folder, name);

    REQUIRE_OK(vsh_file_write(path, text, &err), &err);
    return path;
}

/* Small segments, so that there are many. */
static vsh_build_options options_in(const char *folder, const char *const *paths, int count)
{
    vsh_build_options o;
    vsh_text words = {.arena = vsh_test_arena()};

    vsh_build_default(&o);
    vsh_text_add(&words, "%s\n", forbidden);
    o.in = paths;
    o.in_count = count;
    o.out = in(folder, "out");
    o.against = put_file(folder, "forbidden.txt", &words);
    o.tasks = false;
    o.tokenizer = "bytes";
    o.shard_bytes = 16384;
    o.held_out = 10;
    return o;
}

static vsh_build_options options_of(const char *folder, const char **path)
{
    vsh_text text = corpus();

    *path = put_file(folder, "corpus.txt", &text);
    return options_in(folder, path, 1);
}

static void clean(const char *folder) { REQUIRE_OK(vsh_folder_remove(folder, &err), &err); }

static int64_t dropped(const vsh_build_report *r, const char *stage)
{
    return vsh_build_dropped(r, stage).documents;
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static void every_planted_document_is_found_and_no_other(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_build_options o = options_of(folder, &path);
    vsh_build_report r;

    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    CHECK_INT(r.read.documents, ROUNDS * (PLAIN + COPIES + SHOUTED + NEAR + GARBAGE + LEAKED));
    CHECK_INT(dropped(&r, "quality"), ROUNDS * GARBAGE);
    CHECK_INT(dropped(&r, "language"), 0);
    CHECK_INT(dropped(&r, "overlap"), ROUNDS * LEAKED);
    CHECK_INT(dropped(&r, "exact"), ROUNDS * (COPIES + SHOUTED));
    CHECK_INT(dropped(&r, "near"), ROUNDS * NEAR);
    CHECK_INT(r.kept.documents, ROUNDS * PLAIN);
    CHECK_INT(r.dataset.train.documents + r.dataset.validation.documents, ROUNDS * PLAIN);
    CHECK(r.dataset.validation.documents > 0);
    CHECK_INT(r.dataset.train.bytes + r.dataset.validation.bytes, r.kept.bytes);
    CHECK(r.dataset.train.shards > 3);
    for (int i = 0; i < r.drops; i++) {
        CHECK(r.drop[i].sample[0] != NULL);
        CHECK_HAS(r.drop[i].sample[0], "corpus.txt");
    }
    clean(folder);
}

/* Exact duplicates have all bands of near ones too; none of them is shown as one. */
static void samples_of_duplicates_are_of_their_own_kind(void)
{
    static const char *const exact[] = {": Story 5.", ": Story 4.", ": STORY 3."},
                             *const near[] = {": Story 2.", ": Story 4.", ": Story 6."};
    const char *folder = folder_of_test(), *path;
    vsh_build_options o = options_of(folder, &path);
    vsh_build_report r;

    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    for (int i = 0; i < r.drops; i++)
        for (int k = 0; k < VSH_BUILD_SAMPLES; k++) {
            if (strcmp(r.drop[i].stage, "exact") == 0)
                CHECK_HAS(r.drop[i].sample[k], exact[k]);
            if (strcmp(r.drop[i].stage, "near") == 0)
                CHECK_HAS(r.drop[i].sample[k], near[k]);
        }
    clean(folder);
}

static void without_filter_and_dedup_everything_is_kept(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_build_options o = options_of(folder, &path);
    vsh_build_report r;

    o.filter = o.dedup = false;
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    CHECK_INT(r.drops, 0);
    CHECK_INT(r.kept.documents, r.read.documents);
    CHECK_INT(r.kept.bytes, r.read.bytes);
    clean(folder);
}

/* ---- what must not be trained on ------------------------------------------------------------- */

static vsh_status build_against(vsh_build_options *o, const char *against, vsh_build_report *r)
{
    o->against = against;
    o->force = true;
    return vsh_build(vsh_test_arena(), o, r, &err);
}

static void texts_that_forbid_nothing_are_refused(void)
{
    const char *folder = folder_of_test(), *path, *pipe = in(folder, "pipe");
    vsh_build_options o = options_of(folder, &path);
    vsh_text jsonl = {.arena = vsh_test_arena()}, none = {.arena = vsh_test_arena()};
    vsh_build_report r;

    REQUIRE(mkfifo(pipe, 0700) == 0 && mkdir(in(folder, "empty"), 0700) == 0);
    vsh_text_add(&jsonl, "{\"question\": \"%s\"}\n", forbidden);
    vsh_text_add(&none, "two words\n");
    CHECK_FAILS(build_against(&o, in(folder, "no-such"), &r), &err, VSH_EINPUT, "no-such");
    CHECK_FAILS(build_against(&o, in(folder, "empty"), &r), &err, VSH_EINPUT, "empty");
    CHECK_FAILS(build_against(&o, pipe, &r), &err, VSH_EINPUT, "pipe: not a regular file");
    CHECK_FAILS(build_against(&o, put_file(folder, "q.jsonl", &jsonl), &r), &err, VSH_EINPUT,
                ": expected an object with a \"text\"");
    CHECK_FAILS(build_against(&o, put_file(folder, "two.txt", &none), &r), &err, VSH_EINPUT,
                "expected texts of 5 words or more");
    o.filter = false;
    CHECK_FAILS(build_against(&o, pipe, &r), &err, VSH_EINPUT, "pipe: not a regular file");
    CHECK(access(o.out, F_OK) != 0);
    clean(folder);
}

static void forbidden_texts_come_from_folders_too_and_what_is_wrong_is_said(void)
{
    const char *folder = folder_of_test(), *path, *texts = in(folder, "texts");
    vsh_build_options o = options_of(folder, &path);
    vsh_text jsonl = {.arena = vsh_test_arena()}, other = {.arena = vsh_test_arena()};
    vsh_build_report r;
    uint64_t hash;

    REQUIRE(mkdir(texts, 0700) == 0);
    vsh_text_add(&jsonl, "{\"text\": 5}\n{\"text\": \"%s\"}\n", forbidden);
    vsh_text_add(&other, "some other words that are not in any of the texts\n");
    put_file(texts, "a.jsonl", &jsonl);
    put_file(texts, "b.txt", &other);
    REQUIRE_OK(build_against(&o, texts, &r), &err);
    CHECK_INT(dropped(&r, "overlap"), ROUNDS * LEAKED);
    CHECK_INT(r.forbidden.texts, 2);
    CHECK_INT(r.forbidden.grams, 2 * (11 - 7));
    CHECK_INT(r.forbidden.bad_lines, 1);
    CHECK_INT(r.bad_lines, 0);
    CHECK_INT(r.troubles, 1);
    CHECK_HAS(r.trouble[0], "a.jsonl: line 1");
    /* their bytes are what a build is of, not their name */
    hash = r.dataset.build;
    vsh_text_add(&other, "and more\n");
    put_file(texts, "b.txt", &other);
    REQUIRE_OK(build_against(&o, texts, &r), &err);
    CHECK(r.dataset.build != hash);
    clean(folder);
}

static void tasks_that_could_not_be_made_are_no_part_of_the_manifest(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_build_options o = options_of(folder, &path);
    vsh_text manifest = {.arena = vsh_test_arena()};
    vsh_build_report r;

    o.against = NULL;
    o.tasks = true;
    o.wordnet = folder;
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    CHECK(r.forbidden.no_wordnet && r.forbidden.tasks == 0);
    CHECK_INT(r.forbidden.grams, 0);
    REQUIRE_OK(vsh_file_read(in(o.out, "manifest.json"), &manifest, &err), &err);
    CHECK_HAS(vsh_text_string(&manifest), "\"tasks\": null");
    clean(folder);
}

/* Which text comes out: the documents of the shards of a split, decoded, one after the other. */
static void put_split(const vsh_dataset *d, const vsh_dataset_split *split, vsh_text *text)
{
    vsh_tokenizer *tokenizer;

    REQUIRE_OK(vsh_tokenizer_open(vsh_test_arena(), NULL, &tokenizer, &err), &err);
    for (int64_t s = 0; s < split->shards; s++) {
        vsh_shard shard;
        REQUIRE_OK(vsh_shard_open(vsh_test_arena(), in(d->folder, split->shard[s].file), d->vocab,
                                  split->shard[s].hash, &shard, &err),
                   &err);
        CHECK_INT(shard.documents, split->shard[s].documents);
        CHECK_INT(shard.count, split->shard[s].tokens);
        for (int64_t i = 0; i < shard.count; i++) {
            int32_t id = vsh_shard_id(&shard, i);
            if (id == d->end)
                vsh_text_put(text, "\n\n", 2);
            else
                REQUIRE_OK(vsh_tokenizer_decode(tokenizer, &id, 1, text, &err), &err);
        }
        vsh_shard_close(&shard);
    }
    vsh_tokenizer_close(tokenizer);
}

static void the_shards_hold_the_bytes_of_the_text_in_its_order(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_build_options o = options_of(folder, &path);
    vsh_text want = {.arena = vsh_test_arena()}, got = {.arena = vsh_test_arena()};
    vsh_build_report r;
    vsh_dataset d;

    o.held_out = 0;
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    REQUIRE_OK(vsh_dataset_read(vsh_test_arena(), o.out, &d, &err), &err);
    for (uint64_t i = 0; i < ROUNDS * PLAIN; i++, vsh_text_add(&want, "\n\n"))
        put_plain(&want, i);
    put_split(&d, &d.train, &got);
    CHECK_INT((int64_t)got.length, (int64_t)want.length);
    CHECK(got.length == want.length && memcmp(got.data, want.data, want.length) == 0);
    CHECK_INT(d.unique_tokens, d.train.tokens);
    CHECK_INT(d.validation.documents, 0);
    clean(folder);
}

static void documents_that_begin_alike_stay_on_one_side(void)
{
    const char *folder = folder_of_test();
    vsh_text text = {.arena = vsh_test_arena()}, train = {.arena = vsh_test_arena()},
             held = {.arena = vsh_test_arena()};
    vsh_build_options o;
    vsh_build_report r;
    const char *path;

    for (int i = 0; i < 400; i++)
        vsh_text_add(&text, "Chapter %d of the storybook\nverse %d says this\n\n", 10 + i % 40, i);
    path = put_file(folder, "chapters.txt", &text);
    o = options_in(folder, &path, 1);
    o.filter = o.dedup = false;
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    put_split(&r.dataset, &r.dataset.train, &train);
    put_split(&r.dataset, &r.dataset.validation, &held);
    for (int i = 0; i < 40; i++) {
        char line[40];
        snprintf(line, sizeof line, "Chapter %d of the storybook\n", 10 + i);
        CHECK(!strstr(vsh_text_string(&train), line) != !strstr(vsh_text_string(&held), line));
    }
    CHECK_INT(r.dataset.validation.documents % 10, 0);
    CHECK(r.dataset.validation.documents > 0);
    clean(folder);
}

/* Lines that say nothing are the same in all of them. */
static void a_fence_in_front_does_not_decide_the_side(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_build_options o;
    vsh_build_report r;

    for (int i = 0; i < 300; i++)
        vsh_text_add(&text, "---\nlayout: post\ntitle: How the herons of year %d flew\n---\n\n", i);
    path = put_file(folder, "posts.txt", &text);
    o = options_in(folder, &path, 1);
    o.filter = o.dedup = false;
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    CHECK_INT(r.dataset.train.documents + r.dataset.validation.documents, 300);
    CHECK(r.dataset.validation.documents >= 10 && r.dataset.validation.documents <= 60);
    CHECK_INT(r.drawn, r.dataset.validation.documents);
    clean(folder);
}

/* Books of a MiB and more are cut; small segments part the pieces, and spans the files. */
static void pieces_of_a_document_stay_on_one_side(void)
{
    enum { BOOKS = 8, LINES = 70000 };
    static const int by[] = {VSH_DOCUMENTS_FILE, VSH_DOCUMENTS_PARAGRAPH};
    const char *folder = folder_of_test(), *books = in(folder, "books");
    vsh_build_options o;
    vsh_build_report r;

    REQUIRE(mkdir(books, 0700) == 0);
    for (int b = 0; b < BOOKS; b++) {
        vsh_text text = {.arena = vsh_test_arena()};
        char name[8];
        vsh_text_add(&text, "***\nThe history of the herons, book %d\n", b);
        for (int i = 0; i < LINES; i++)
            vsh_text_add(&text, "book %d, line %07d\n", b, i);
        snprintf(name, sizeof name, "%d.txt", b);
        put_file(books, name, &text);
    }
    for (int k = 0; k < 4; k++) {
        vsh_text train = {.arena = vsh_test_arena()}, held = {.arena = vsh_test_arena()};
        o = options_in(folder, &books, 1);
        o.force = true;
        o.filter = o.dedup = false;
        o.documents_by = by[k % 2];
        o.shard_bytes = k / 2 ? 300000 : 1 << 21;
        o.held_out = 2;
        REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
        put_split(&r.dataset, &r.dataset.train, &train);
        put_split(&r.dataset, &r.dataset.validation, &held);
        CHECK(r.read.documents > BOOKS);
        for (int b = 0; b < BOOKS; b++) {
            char line[40];
            snprintf(line, sizeof line, "book %d, line ", b);
            CHECK(!strstr(vsh_text_string(&train), line) != !strstr(vsh_text_string(&held), line));
        }
        CHECK(r.dataset.validation.documents > 0);
    }
    clean(folder);
}

static void samples_have_no_character_that_moves_a_cursor(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_build_options o;
    vsh_build_report r;

    vsh_text_add(&text, "\xc2\x9b# \xe2\x80\xae## \xe2\x81\xa6 \x1b## \x7f \xe2\x80\x94 #\n\n");
    put_plain(&text, 1);
    path = put_file(folder, "\xc2\x9b.txt", &text);
    o = options_in(folder, &path, 1);
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    REQUIRE(r.drops == 1);
    CHECK_HAS(r.drop[0].sample[0], ".txt");
    CHECK_HAS(r.drop[0].sample[0], ": # ## ## \xe2\x80\x94 #");
    for (const char *c = r.drop[0].sample[0]; *c; c++)
        CHECK(!vsh_is_control(c));
    clean(folder);
}

/* ---- the same bytes -------------------------------------------------------------------------- */

/* The manifest has the hashes of the shards; here they are held against the files. */
static void check_shards(const vsh_dataset *d, const vsh_dataset_split *split)
{
    REQUIRE(split->shards > 0);
    for (int64_t i = 0; i < split->shards; i++) {
        const vsh_dataset_shard *s = &split->shard[i];
        vsh_shard shard;
        REQUIRE_OK(vsh_shard_open(vsh_test_arena(), in(d->folder, s->file), d->vocab, s->hash,
                                  &shard, &err),
                   &err);
        CHECK_INT(shard.documents, s->documents);
        CHECK_INT(shard.count, s->tokens);
        vsh_shard_close(&shard);
    }
}

/* The names of what is in the folder, and a hash of each, as diff -r would see it. */
static bool same_files(const char *a, const char *b)
{
    static const char *const files[] = {"manifest.json", "inputs.jsonl", "report.json"};
    vsh_dataset one, other;

    for (int i = 0; i < 3; i++) {
        vsh_text left = {.arena = vsh_test_arena()}, right = {.arena = vsh_test_arena()};
        REQUIRE_OK(vsh_file_read(in(a, files[i]), &left, &err), &err);
        REQUIRE_OK(vsh_file_read(in(b, files[i]), &right, &err), &err);
        if (left.length != right.length || memcmp(left.data, right.data, left.length) != 0)
            return false;
    }
    REQUIRE_OK(vsh_dataset_read(vsh_test_arena(), a, &one, &err), &err);
    REQUIRE_OK(vsh_dataset_read(vsh_test_arena(), b, &other, &err), &err);
    check_shards(&other, &other.train);
    check_shards(&other, &other.validation);
    return one.build == other.build && access(in(b, "work"), F_OK) != 0;
}

static void threads_do_not_change_a_byte(void)
{
    static const int threads[] = {1, 2, 5};
    const char *folder = folder_of_test(), *path, *first = NULL;
    vsh_build_options o = options_of(folder, &path);
    vsh_build_report r;

    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "out-%d", threads[i]);
        o.out = in(folder, name);
        o.threads = threads[i];
        REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
        first = first ? first : o.out;
        CHECK(same_files(first, o.out));
    }
    clean(folder);
}

/* Asks for the end at the k-th word of progress: each stage says at least one. */
typedef struct {
    int left;
    volatile sig_atomic_t stop;
} stopper;

static void ask_to_stop(void *context, const char *stage, double share, double bytes_per_s,
                        double seconds_left)
{
    stopper *s = context;

    (void)stage, (void)share, (void)bytes_per_s, (void)seconds_left;
    if (s->left-- == 0)
        s->stop = 1;
}

/* true: it was stopped before it was done. */
static bool build_stopped_at(vsh_build_options *o, int k)
{
    stopper s = {.left = k};
    vsh_build_report r;
    vsh_status status;

    o->stop = &s.stop;
    o->progress = ask_to_stop;
    o->context = &s;
    status = vsh_build(vsh_test_arena(), o, &r, &err);
    o->stop = NULL;
    o->progress = NULL;
    CHECK(status == VSH_OK || status == VSH_ESTOPPED);
    return status == VSH_ESTOPPED;
}

static void stopped_anywhere_the_same_call_goes_on_to_the_same_bytes(void)
{
    const char *folder = folder_of_test(), *path, *whole;
    vsh_build_options o = options_of(folder, &path);
    vsh_build_report r;
    int stops = 0;

    whole = o.out = in(folder, "whole");
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    for (int k = 0;; k++) {
        char name[16];
        bool stopped;
        snprintf(name, sizeof name, "out-%d", k);
        o.out = in(folder, name);
        stopped = build_stopped_at(&o, k);
        CHECK(!stopped || access(in(o.out, "manifest.json"), F_OK) != 0);
        if (stopped)
            REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
        CHECK(same_files(whole, o.out));
        stops += stopped;
        if (!stopped)
            break;
    }
    CHECK(stops >= 3);
    clean(folder);
}

/* One call after the other, each stopped as soon as it says something. */
static void stopped_again_and_again_it_comes_to_an_end(void)
{
    const char *folder = folder_of_test(), *path, *whole;
    vsh_build_options o = options_of(folder, &path);
    vsh_build_report r;
    int calls = 0;

    whole = o.out = in(folder, "whole");
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    o.out = in(folder, "out");
    while (build_stopped_at(&o, 1 + calls) && calls < 50)
        calls++;
    CHECK(calls >= 2 && calls < 50);
    CHECK(same_files(whole, o.out));
    clean(folder);
}

/* ---- whose folder it is ---------------------------------------------------------------------- */

static void a_finished_dataset_is_left_alone_without_force(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_build_options o = options_of(folder, &path);
    vsh_build_report r;

    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    CHECK_FAILS(vsh_build(vsh_test_arena(), &o, &r, &err), &err, VSH_EINPUT, "--force");
    o.force = true;
    CHECK_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    clean(folder);
}

/* Killed between the manifest and the end of the work: the same call comes to the same end, and
 * another is told that a dataset stands there. */
static void a_kill_behind_the_manifest_is_gone_on_from(void)
{
    const char *folder = folder_of_test(), *path, *whole;
    vsh_build_options o = options_of(folder, &path);
    vsh_text state = {.arena = vsh_test_arena()};
    vsh_build_report r;

    whole = o.out = in(folder, "whole");
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    o.out = in(folder, "out");
    REQUIRE(build_stopped_at(&o, 2));
    REQUIRE_OK(vsh_file_read(in(o.out, "work/build.json"), &state, &err), &err);
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    for (int other = 0; other < 2; other++) {
        REQUIRE_OK(vsh_folder_make(in(o.out, "work"), &err), &err);
        REQUIRE_OK(vsh_file_write(in(o.out, "work/build.json"), &state, &err), &err);
        o.seed += (uint64_t)other;
        if (other)
            CHECK_FAILS(vsh_build(vsh_test_arena(), &o, &r, &err), &err, VSH_EINPUT,
                        "holds a dataset");
        else
            CHECK_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
        CHECK(access(in(o.out, "work"), F_OK) != 0);
        CHECK(same_files(whole, o.out));
    }
    clean(folder);
}

static void an_unfinished_build_is_not_gone_on_with_other_options(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_build_options o = options_of(folder, &path);
    vsh_build_report r;

    REQUIRE(build_stopped_at(&o, 2));
    o.seed++;
    CHECK_FAILS(vsh_build(vsh_test_arena(), &o, &r, &err), &err, VSH_EINPUT, "\"seed\"");
    o.seed--;
    o.limits.limit[0] += 1;
    CHECK_FAILS(vsh_build(vsh_test_arena(), &o, &r, &err), &err, VSH_EINPUT, "\"min-words\"");
    o.limits.limit[0] -= 1;
    o.held_out = 7;
    o.force = true;
    CHECK_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    clean(folder);
}

static void an_input_that_changed_meanwhile_is_noticed(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_build_options o = options_of(folder, &path);
    vsh_text text = corpus();
    struct timespec times[2] = {{0}, {0}};
    vsh_build_report r;
    struct stat info;

    REQUIRE(stat(path, &info) == 0);
    REQUIRE(build_stopped_at(&o, 2));
    /* the same size and date: only reading it tells */
    text.data[text.length / 2]++;
    text.data[10]++;
    put_file(folder, "corpus.txt", &text);
    times[0] = info.st_atim;
    times[1] = info.st_mtim;
    REQUIRE(utimensat(AT_FDCWD, path, times, 0) == 0);
    CHECK_FAILS(vsh_build(vsh_test_arena(), &o, &r, &err), &err, VSH_EINPUT, "corpus.txt");
    CHECK(access(in(o.out, "manifest.json"), F_OK) != 0);
    clean(folder);
}

/* At a stage, what is in a file becomes something else of the same length. */
typedef struct {
    const char *stage, *path;
    const vsh_text *text;
    bool keeps_date;
} swapper;

static void swap_at(void *context, const char *stage, double share, double bytes_per_s,
                    double seconds_left)
{
    swapper *s = context;
    struct timespec times[2] = {{0}, {0}};
    struct stat info;

    (void)share, (void)bytes_per_s, (void)seconds_left;
    if (!s->path || strcmp(stage, s->stage) != 0)
        return;
    REQUIRE(stat(s->path, &info) == 0);
    REQUIRE_OK(vsh_file_write(s->path, s->text, &err), &err);
    times[0] = info.st_atim;
    times[1] = info.st_mtim;
    if (s->keeps_date)
        REQUIRE(utimensat(AT_FDCWD, s->path, times, 0) == 0);
    s->path = NULL;
}

static vsh_status build_swapping(vsh_build_options *o, const char *stage, const char *path,
                                 const vsh_text *text, bool keeps_date)
{
    swapper s = {stage, path, text, keeps_date};
    vsh_build_report r;
    vsh_status status;

    o->progress = swap_at;
    o->context = &s;
    status = vsh_build(vsh_test_arena(), o, &r, &err);
    o->progress = NULL;
    CHECK(s.path == NULL);
    return status;
}

static void a_tokenizer_never_learns_from_a_text_that_changed(void)
{
    const char *folder = folder_of_test(), *path, *whole;
    vsh_build_options o = options_of(folder, &path);
    vsh_text was = corpus(), is = corpus();
    vsh_build_report r;
    struct stat info;

    REQUIRE(stat(path, &info) == 0);
    for (size_t i = 0; i < is.length; i++)
        if (is.data[i] == 'o')
            is.data[i] = 'u';
    o.tokenizer = "unigram";
    o.vocab = 340;
    whole = o.out = in(folder, "whole");
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    o.out = in(folder, "out");
    CHECK_FAILS(build_swapping(&o, "sampling", path, &is, true), &err, VSH_EINPUT, "corpus.txt");
    CHECK(access(in(o.out, "work/parts/tokenizer.model"), F_OK) != 0);
    put_file(folder, "corpus.txt", &was);
    REQUIRE(utimensat(AT_FDCWD, path, (struct timespec[2]){info.st_atim, info.st_mtim}, 0) == 0);
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    CHECK(same_files(whole, o.out));
    clean(folder);
}

/* Several files are read together; a date that was put back hides which of them it was. */
static void of_many_files_the_one_that_changed_is_named(void)
{
    const char *folder = folder_of_test(), *texts = in(folder, "texts");
    vsh_text text[3] = {
        {.arena = vsh_test_arena()}, {.arena = vsh_test_arena()}, {.arena = vsh_test_arena()}};
    vsh_build_options o;
    vsh_build_report r;

    REQUIRE(mkdir(texts, 0700) == 0);
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "%c.txt", 'a' + i);
        put_plain(&text[i], (uint64_t)i);
        put_file(texts, name, &text[i]);
    }
    o = options_in(folder, &texts, 1);
    text[1].data[20]++;
    CHECK_FAILS(build_swapping(&o, "encoding", in(texts, "b.txt"), &text[1], false), &err,
                VSH_EINPUT, "b.txt: is no more");
    o.force = true;
    text[1].data[21]++;
    CHECK_FAILS(build_swapping(&o, "encoding", in(texts, "b.txt"), &text[1], true), &err,
                VSH_EINPUT, "one of these 3 files");
    CHECK_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    clean(folder);
}

static void damage_in_the_work_is_found_and_made_good(void)
{
    const size_t behind_the_head = 32 + sizeof(vsh_segment_head);
    const char *folder = folder_of_test(), *path, *whole;
    vsh_build_options o = options_of(folder, &path);
    vsh_build_report r;

    whole = o.out = in(folder, "whole");
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    o.out = in(folder, "out");
    REQUIRE(build_stopped_at(&o, 2));
    for (int span = 0; span < 4; span++) {
        char name[64];
        vsh_text bytes = {.arena = vsh_test_arena()};
        snprintf(name, sizeof name, "work/parts/segment-%05d-00000", span);
        REQUIRE_OK(vsh_file_read(in(o.out, name), &bytes, &err), &err);
        /* which documents passed, the size of the first of them, the end of the file */
        bytes.data[span == 0 ? behind_the_head : span == 1 ? behind_the_head + 16 : 100] ^= 6;
        bytes.length -= span == 3;
        REQUIRE_OK(vsh_file_write(in(o.out, name), &bytes, &err), &err);
    }
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    CHECK(same_files(whole, o.out));
    clean(folder);
}

/* ---- nothing, and little --------------------------------------------------------------------- */

static void nothing_kept_is_an_answer_of_no_with_a_report(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_build_options o;
    vsh_build_report r;

    for (uint64_t i = 0; i < 20; i++, vsh_text_add(&text, "\n\n"))
        put_garbage(&text, i);
    path = put_file(folder, "garbage.txt", &text);
    o = options_in(folder, &path, 1);
    CHECK_FAILS(vsh_build(vsh_test_arena(), &o, &r, &err), &err, VSH_ENO, "nothing was kept");
    CHECK_INT(r.read.documents, 20);
    CHECK_INT(dropped(&r, "quality"), 20);
    clean(folder);
}

static void of_one_document_nothing_is_held_out(void)
{
    const char *folder = folder_of_test(), *path;
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_build_options o;
    vsh_build_report r;

    put_plain(&text, 1);
    path = put_file(folder, "one.txt", &text);
    o = options_in(folder, &path, 1);
    o.held_out = 1; /* every one of them */
    REQUIRE_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    CHECK_INT(r.drawn, 1);
    CHECK_INT(r.dataset.train.documents, 1);
    CHECK_INT(r.dataset.validation.documents, 0);
    clean(folder);
}

/* ---- back translation ------------------------------------------------------------------------ */

/* A translator that stumbles over one text: its segment has no translations, the others have. */
static void a_translator_that_stumbles_ends_no_build(void)
{
    const char *folder = folder_of_test(), *path, *program = in(folder, "apertium"), *whole;
    vsh_build_options o = options_of(folder, &path);
    vsh_text script = {.arena = vsh_test_arena()}, paths = {.arena = vsh_test_arena()},
             before = {.arena = vsh_test_arena()};
    vsh_build_report r;
    int64_t untranslated;

    vsh_text_add(&before, "%s", getenv("PATH"));
    vsh_text_add(&paths, "%s:%s", folder, getenv("PATH"));
    vsh_text_add(&script,
                 "#!/bin/sh\n[ \"$1\" = -l ] && printf '  eng-spa\\n  spa-eng\\n' && exit\n"
                 "exec sed -e '/Story 30[.]/q7' -e 's/Story/Tale/'\n");
    REQUIRE_OK(vsh_file_write(program, &script, &err), &err);
    REQUIRE(chmod(program, 0700) == 0);
    setenv("PATH", vsh_text_string(&paths), 1);
    o.augment = VSH_AUGMENT_BACKTRANSLATE;
    o.augment_share = 1;
    whole = o.out = in(folder, "whole");
    CHECK_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
    untranslated = r.untranslated;
    CHECK(untranslated > 0 && r.augmented_documents > 0);
    CHECK_INT(untranslated + r.augmented_documents,
              r.dataset.train.documents - r.augmented_documents);
    o.out = in(folder, "out");
    if (build_stopped_at(&o, 6)) {
        CHECK_OK(vsh_build(vsh_test_arena(), &o, &r, &err), &err);
        CHECK_INT(r.untranslated, untranslated);
    }
    CHECK(same_files(whole, o.out));
    setenv("PATH", vsh_text_string(&before), 1);
    clean(folder);
}

/* ---- too much for a manifest ----------------------------------------------------------------- */

static void too_many_shards_are_refused_before_they_are_made(void)
{
    enum { SPAN = 64, SPANS = 2100 };
    const char *folder = folder_of_test(), *path;
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_build_options o;
    vsh_build_report r;

    for (int i = 0; i < SPANS; i++) /* of 8 bytes a line */
        for (int k = 0; k < SPAN / 8; k++)
            vsh_text_add(&text, "%07d\n", 8 * i + k);
    path = put_file(folder, "lines.txt", &text);
    o = options_in(folder, &path, 1);
    o.documents_by = VSH_DOCUMENTS_LINE;
    o.filter = o.dedup = false;
    o.tokenizer = "unigram";
    o.augment = VSH_AUGMENT_INFILL;
    o.shard_bytes = SPAN;
    o.held_out = 2;
    CHECK_FAILS(vsh_build(vsh_test_arena(), &o, &r, &err), &err, VSH_EINPUT, "--shard-bytes 128 ");
    CHECK(access(o.out, F_OK) != 0);
    clean(folder);
}

static void more_names_than_a_manifest_holds_are_refused(void)
{
    enum { NAMES = 1024 };
    const char *folder = folder_of_test(), *paths[NAMES], *path;
    vsh_build_options o = options_of(folder, &path);
    vsh_build_report r;

    for (int i = 0; i < NAMES; i++) { /* the file itself, by a longer way */
        vsh_text name = {.arena = vsh_test_arena()};
        vsh_text_add(&name, "%s/%0*d/../corpus.txt", folder, 90, i);
        paths[i] = vsh_text_string(&name);
    }
    o.in = paths;
    o.in_count = NAMES;
    CHECK_FAILS(vsh_build(vsh_test_arena(), &o, &r, &err), &err, VSH_EINPUT, "name the folders");
    CHECK(access(o.out, F_OK) != 0);
    clean(folder);
}

const vsh_test vsh_tests[] = {
    {"every_planted_document_is_found_and_no_other", every_planted_document_is_found_and_no_other},
    {"samples_of_duplicates_are_of_their_own_kind", samples_of_duplicates_are_of_their_own_kind},
    {"without_filter_and_dedup_everything_is_kept", without_filter_and_dedup_everything_is_kept},
    {"texts_that_forbid_nothing_are_refused", texts_that_forbid_nothing_are_refused},
    {"forbidden_texts_come_from_folders_too_and_what_is_wrong_is_said",
     forbidden_texts_come_from_folders_too_and_what_is_wrong_is_said},
    {"tasks_that_could_not_be_made_are_no_part_of_the_manifest",
     tasks_that_could_not_be_made_are_no_part_of_the_manifest},
    {"the_shards_hold_the_bytes_of_the_text_in_its_order",
     the_shards_hold_the_bytes_of_the_text_in_its_order},
    {"documents_that_begin_alike_stay_on_one_side", documents_that_begin_alike_stay_on_one_side},
    {"a_fence_in_front_does_not_decide_the_side", a_fence_in_front_does_not_decide_the_side},
    {"pieces_of_a_document_stay_on_one_side", pieces_of_a_document_stay_on_one_side},
    {"samples_have_no_character_that_moves_a_cursor",
     samples_have_no_character_that_moves_a_cursor},
    {"threads_do_not_change_a_byte", threads_do_not_change_a_byte},
    {"stopped_anywhere_the_same_call_goes_on_to_the_same_bytes",
     stopped_anywhere_the_same_call_goes_on_to_the_same_bytes},
    {"stopped_again_and_again_it_comes_to_an_end", stopped_again_and_again_it_comes_to_an_end},
    {"a_finished_dataset_is_left_alone_without_force",
     a_finished_dataset_is_left_alone_without_force},
    {"a_kill_behind_the_manifest_is_gone_on_from", a_kill_behind_the_manifest_is_gone_on_from},
    {"an_unfinished_build_is_not_gone_on_with_other_options",
     an_unfinished_build_is_not_gone_on_with_other_options},
    {"an_input_that_changed_meanwhile_is_noticed", an_input_that_changed_meanwhile_is_noticed},
    {"a_tokenizer_never_learns_from_a_text_that_changed",
     a_tokenizer_never_learns_from_a_text_that_changed},
    {"of_many_files_the_one_that_changed_is_named", of_many_files_the_one_that_changed_is_named},
    {"damage_in_the_work_is_found_and_made_good", damage_in_the_work_is_found_and_made_good},
    {"nothing_kept_is_an_answer_of_no_with_a_report",
     nothing_kept_is_an_answer_of_no_with_a_report},
    {"a_translator_that_stumbles_ends_no_build", a_translator_that_stumbles_ends_no_build},
    {"too_many_shards_are_refused_before_they_are_made",
     too_many_shards_are_refused_before_they_are_made},
    {"more_names_than_a_manifest_holds_are_refused", more_names_than_a_manifest_holds_are_refused},
    {"of_one_document_nothing_is_held_out", of_one_document_nothing_is_held_out},
    {NULL, NULL}};
