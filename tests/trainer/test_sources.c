#include "trainer/text/sources.h"

#include <fcntl.h>
#include <zlib.h>

#include "core/rng.h"
#include "tests/trainer/text_files.h"
#include "trainer/text/text_kind.h"

const char vsh_suite[] = "sources";

static vsh_error err;

static vsh_status find(const char *path, vsh_sources *sources)
{
    return vsh_sources_find(vsh_test_arena(), &path, 1, VSH_DOCUMENTS_AUTO, NULL, sources, &err);
}

/* "a.txt b.txt" of the files that are read, by their names below the folder. */
static const char *names(const vsh_sources *sources)
{
    vsh_text text = {.arena = vsh_test_arena()};

    for (int64_t i = 0; i < sources->sources; i++)
        vsh_text_add(&text, "%s%s", i ? " " : "",
                     sources->source[i].path + strlen(test_folder) + 1);
    return vsh_text_string(&text);
}

/* "x.png (PNG image)" */
static const char *passed_over(const vsh_sources *sources)
{
    vsh_text text = {.arena = vsh_test_arena()};

    for (int64_t i = 0; i < sources->passed_over_count; i++)
        vsh_text_add(&text, "%s%s (%s)", i ? ", " : "",
                     sources->passed_over[i].path + strlen(test_folder) + 1,
                     sources->passed_over[i].why);
    return vsh_text_string(&text);
}

static void folders_are_read_in_the_order_of_their_names(void)
{
    vsh_sources sources;

    begin_files();
    make_folder("b");
    make_folder("b/c");
    write_text("z.txt", "z");
    write_text("b/c/deep", "x");
    write_text("b/B.txt", "x");
    write_text("a.txt", "x");
    write_text("b.txt", "x");
    write_text(".hidden", "x");
    REQUIRE_OK(find(test_folder, &sources), &err);
    CHECK_TEXT(names(&sources), "a.txt b/B.txt b/c/deep b.txt z.txt");
    CHECK_TEXT(passed_over(&sources), ".hidden (hidden)");
    CHECK_INT(sources.bytes, 5);
    CHECK_INT(sources.spans, 1);
    REQUIRE_OK(find(at_path("b/"), &sources), &err);
    CHECK_TEXT(names(&sources), "b/B.txt b/c/deep");
}

static void named_files_are_parted_and_found_ones_whole(void)
{
    vsh_sources sources;

    begin_files();
    write_text("a.txt", "x");
    write_text("b.jsonl", "{}");
    REQUIRE_OK(find(test_folder, &sources), &err);
    CHECK_INT(sources.source[0].by, VSH_DOCUMENTS_FILE);
    CHECK_INT(sources.source[1].by, VSH_DOCUMENTS_LINE);
    REQUIRE_OK(find(at_path("a.txt"), &sources), &err);
    CHECK_INT(sources.source[0].by, VSH_DOCUMENTS_PARAGRAPH);
    sources = find_one(test_folder, VSH_DOCUMENTS_PARAGRAPH);
    CHECK_INT(sources.source[0].by, VSH_DOCUMENTS_PARAGRAPH);
    CHECK_INT(sources.source[1].by, VSH_DOCUMENTS_LINE);
    CHECK_TEXT(vsh_documents_words[VSH_DOCUMENTS_LINE], "line");
    CHECK(!vsh_documents_words[VSH_DOCUMENTS_LINE + 1]);
}

static void endings_say_what_is_json(void)
{
    static const char *const is[] = {"a.jsonl",    "a.ndjson",   "a.json",
                                     "a.jsonl.gz", "a.json.zst", "A.JSONL.GZ"};
    static const char *const is_not[] = {"a.txt", "a.gz", "jsonl", "a.jsonl.txt", "a.jsonl.gz.gz"};

    begin_files();
    for (size_t i = 0; i < sizeof is / sizeof *is; i++)
        CHECK(find_one(write_text(is[i], "{}"), VSH_DOCUMENTS_AUTO).source[0].jsonl);
    for (size_t i = 0; i < sizeof is_not / sizeof *is_not; i++)
        CHECK(!find_one(write_text(is_not[i], "{}"), VSH_DOCUMENTS_AUTO).source[0].jsonl);
}

static const char *write_gzip(const char *name, const void *bytes, size_t length)
{
    const char *path = at_path(name);
    gzFile file = gzopen(path, "wb");

    REQUIRE(file != NULL);
    REQUIRE(gzwrite(file, bytes, (unsigned)length) == (int)length);
    REQUIRE(gzclose(file) == Z_OK);
    return path;
}

static void content_says_what_is_packed(void)
{
    begin_files();
    CHECK_INT(find_one(write_text("a.gz", "plain"), VSH_DOCUMENTS_AUTO).source[0].packing,
              VSH_UNPACKED);
    CHECK_INT(find_one(write_gzip("a.txt", "packed", 6), VSH_DOCUMENTS_AUTO).source[0].packing,
              VSH_GZIP);
    CHECK_INT(vsh_packing_of("\x28\xb5\x2f\xfd", 4), VSH_ZSTD);
    CHECK_INT(vsh_packing_of("\x28\xb5\x2f", 3), VSH_UNPACKED);
    CHECK_INT(vsh_packing_of("\x5a\x2a\x4d\x18", 4), VSH_ZSTD); /* a skippable frame */
}

static void what_is_no_text_is_passed_over_with_the_reason(void)
{
    static const char png[] = "\x89PNG\r\n\x1a\n...", utf16[] = "\xff\xfeh\0i\0",
                      utf16_big[] = "\xfe\xff\0h\0i", zip[] = "PK\x03\x04...", elf[] = "\x7f\x45LF";
    static char nothing[100000], tar[1024];
    vsh_sources sources;

    begin_files();
    strcpy(tar, "name");
    memcpy(tar + 257, "ustar", 5);
    write_file("a.png", png, sizeof png);
    write_file("b.txt", utf16, sizeof utf16 - 1);
    write_file("c.txt", utf16_big, sizeof utf16_big - 1);
    write_file("d", zip, sizeof zip);
    write_file("e", elf, sizeof elf);
    write_file("f.pdf", "%PDF-1.7", 8);
    write_file("g", nothing, sizeof nothing);
    write_gzip("h.tar.gz", tar, sizeof tar);
    write_gzip("i.gz", png, sizeof png);
    write_text("j", "");
    write_text("z.txt", "text");
    REQUIRE_OK(find(test_folder, &sources), &err);
    CHECK_TEXT(names(&sources), "z.txt");
    CHECK_TEXT(passed_over(&sources),
               "a.png (binary (PNG image)), b.txt (UTF-16: expected UTF-8), "
               "c.txt (UTF-16: expected UTF-8), d (binary (zip archive)), "
               "e (binary (ELF program)), f.pdf (binary (PDF)), g (binary), "
               "h.tar.gz (binary (tar archive)), i.gz (binary (PNG image)), j (empty)");
}

/* Bytes at random and UTF-16 without its mark are none, whatever their number. */
static void text_may_have_a_few_bytes_that_no_text_has(void)
{
    static char bytes[65536];
    static const int lengths[] = {1000, 4096, 65536};

    CHECK(!vsh_not_text("a\0b", 3));
    CHECK(!vsh_not_text("\0", 1));
    CHECK(!vsh_not_text("", 0));
    CHECK(!vsh_not_text("BZhang has GIF8 and PAR1", 24));
    CHECK_HAS(vsh_not_text("BZh91AY&SY", 10), "bzip2");
    memset(bytes, 'm', 300);
    memcpy(bytes + 257, "ustard", 6);
    CHECK(!vsh_not_text(bytes, 300));
    for (int i = 0; i < 65536; i++)
        bytes[i] = i % 50 == 0 ? '\0' : i % 70 == 3 ? '\n' : 'a';
    CHECK(!vsh_not_text(bytes, sizeof bytes));
    for (int i = 0; i < 65536; i++) /* a terminal's colours */
        bytes[i] = "\033[1mword\033[0m \b\t\f\v\r\n"[i % 18];
    CHECK(!vsh_not_text(bytes, sizeof bytes));
    for (int i = 0; i < 65536; i++)
        bytes[i] = i % 2 ? '\0' : 'a';
    CHECK_TEXT(vsh_not_text(bytes, 64), "binary");
    for (int i = 0; i < 65536; i++)
        bytes[i] = (char)(256 * vsh_random_uniform(1, 2, (uint64_t)i));
    for (int i = 0; i < 3; i++)
        CHECK_TEXT(vsh_not_text(bytes, lengths[i]), "binary");
}

static void nothing_to_read_is_named(void)
{
    vsh_sources sources;

    begin_files();
    CHECK_FAILS(find(at_path("gone"), &sources), &err, VSH_EINPUT, "gone: No such file");
    CHECK_FAILS(find(test_folder, &sources), &err, VSH_EINPUT, "no file in it");
    CHECK_FAILS(find(write_text("a", ""), &sources), &err, VSH_EINPUT, "/a: empty");
    CHECK_FAILS(find(write_text("b", "%PDF-"), &sources), &err, VSH_EINPUT, "/b: binary (PDF)");
    CHECK_FAILS(find(test_folder, &sources), &err, VSH_EINPUT, "/a: empty; 1 other");
    CHECK_FAILS(find("/dev/zero", &sources), &err, VSH_EINPUT, "/dev/zero: not a regular file");
    CHECK_FAILS(find(at_path("a/b"), &sources), &err, VSH_EINPUT, "Not a directory");
    /* one byte is a text */
    REQUIRE_OK(find(write_text("c", "x"), &sources), &err);
    CHECK_INT(sources.bytes, 1);
}

static void pipes_and_devices_are_not_opened(void)
{
    vsh_sources sources;

    begin_files();
    REQUIRE(mkfifo(at_path("a"), 0600) == 0);
    REQUIRE(symlink("/dev/zero", at_path("b")) == 0);
    CHECK_FAILS(find(at_path("a"), &sources), &err, VSH_EINPUT, "/a: not a regular file");
    write_text("c", "text");
    REQUIRE_OK(find(test_folder, &sources), &err);
    CHECK_TEXT(names(&sources), "c");
    CHECK_TEXT(passed_over(&sources), "a (not a regular file), b (not a regular file)");
}

static void links_are_followed_and_loops_are_not(void)
{
    vsh_sources sources;

    begin_files();
    make_folder("a");
    make_folder("a/b");
    make_folder("other");
    write_text("a/b/x", "x");
    write_text("other/y", "y");
    REQUIRE(symlink("..", at_path("a/b/up")) == 0);
    REQUIRE(symlink(".", at_path("a/self")) == 0);
    REQUIRE(symlink("nowhere", at_path("a/dangling")) == 0);
    REQUIRE(symlink("round", at_path("a/round")) == 0);
    REQUIRE(symlink("../other", at_path("a/far")) == 0);
    REQUIRE(symlink("../other/y", at_path("a/file")) == 0);
    REQUIRE_OK(find(at_path("a"), &sources), &err);
    CHECK_TEXT(names(&sources), "a/b/x a/far/y a/file");
    CHECK_TEXT(passed_over(&sources),
               "a/b/up (folder that was read already), a/dangling (No such file or directory), "
               "a/round (Too many levels of symbolic links), "
               "a/self (folder that was read already)");
    REQUIRE_OK(find(test_folder, &sources), &err);
    CHECK_TEXT(names(&sources), "a/b/x a/far/y a/file");
    CHECK_HAS(passed_over(&sources), "other (folder that was read already)");
}

static void what_a_build_has_made_is_no_text(void)
{
    vsh_sources sources;

    begin_files();
    make_folder("made");
    write_text("made/manifest.json", "{\n  \"format\": \"vishwa-dataset\"}");
    write_text("made/report.json", "{}");
    make_folder("other");
    write_text("other/manifest.json", "{\"format\": \"another\"}");
    write_text("text", "text");
    REQUIRE_OK(find(test_folder, &sources), &err);
    CHECK_TEXT(names(&sources), "other/manifest.json text");
    CHECK_TEXT(passed_over(&sources), "made (a dataset)");
    CHECK_FAILS(find(at_path("made"), &sources), &err, VSH_EINPUT, "/made: a dataset");
}

static void folders_in_each_other_are_bounded(void)
{
    vsh_text path = {.arena = vsh_test_arena()};
    vsh_sources sources;

    begin_files();
    write_text("x", "x");
    vsh_text_add(&path, "d");
    for (int i = 0; i < 200; i++) {
        make_folder(vsh_text_string(&path));
        vsh_text_add(&path, "/d");
    }
    REQUIRE_OK(find(test_folder, &sources), &err);
    CHECK_TEXT(names(&sources), "x");
    CHECK_INT(sources.passed_over_count, 1);
    CHECK_TEXT(sources.passed_over[0].why, "too many folders in each other");
    /* too many for vsh_folder_remove, too */
    while (path.length > 1) {
        path.data[path.length -= 2] = '\0';
        REQUIRE(rmdir(at_path(path.data)) == 0);
    }
}

/* Root may read everything. */
static void what_may_not_be_read_is_passed_over_or_named(void)
{
    vsh_sources sources;

    if (geteuid() == 0) {
        vsh_skip("the user may read every file");
        return;
    }
    begin_files();
    make_folder("b");
    write_text("b/c", "text");
    write_text("d", "text");
    REQUIRE(chmod(write_text("a", "text"), 0) == 0 && chmod(at_path("b"), 0) == 0);
    CHECK_FAILS(find(at_path("a"), &sources), &err, VSH_EINPUT, "/a: Permission denied");
    CHECK_FAILS(find(at_path("b"), &sources), &err, VSH_EINPUT, "/b: Permission denied");
    REQUIRE_OK(find(test_folder, &sources), &err);
    CHECK_TEXT(names(&sources), "d");
    CHECK_TEXT(passed_over(&sources), "a (Permission denied), b (Permission denied)");
    chmod(at_path("b"), 0700);
}

/* Spans follow each other without gap or overlap, and small files share one. */
static void check_cover(const vsh_sources *sources)
{
    int64_t next = 0, at = 0;

    for (int64_t i = 0; i < sources->spans; i++) {
        const vsh_span *span = &sources->span[i];
        CHECK_INT(span->first, next);
        CHECK_INT(span->begin, at);
        CHECK(span->end > span->begin && span->count >= 1);
        if (span->end < INT64_MAX) {
            CHECK_INT(span->count, 1);
            CHECK_INT(span->end - span->begin, sources->segment_bytes);
            CHECK(span->end < sources->source[span->first].bytes);
        }
        at = span->end < INT64_MAX ? span->end : 0;
        next += span->end < INT64_MAX ? 0 : span->count;
    }
    CHECK_INT(next, sources->sources);
}

static void spans_cover_the_files_once(void)
{
    static char text[5000];
    vsh_sources sources;
    char name[32];

    begin_files();
    memset(text, 'a', sizeof text);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "f%02d", i);
        if (i % 5 == 4)
            write_gzip(name, text, (size_t)(i * 100));
        else
            write_file(name, text, (size_t)(i * i * 3 + 1));
    }
    for (int by = VSH_DOCUMENTS_FILE; by <= VSH_DOCUMENTS_LINE; by++) {
        sources = find_one(test_folder, (vsh_documents_by)by);
        CHECK_INT(sources.segment_bytes, 16 << 20);
        CHECK_INT(sources.spans, 1);
        for (int64_t segment = 2; segment < 20000; segment = segment * 3 / 2) {
            REQUIRE_OK(vsh_sources_cut(vsh_test_arena(), segment, &sources, &err), &err);
            check_cover(&sources);
        }
    }
    REQUIRE_OK(vsh_sources_cut(vsh_test_arena(), 1000, &sources, &err), &err);
    CHECK(sources.spans > 40 && sources.span[0].count > 1);
    end_files();
}

static void segments_are_bounded_whatever_the_corpus(void)
{
    static const struct {
        int64_t bytes, segment;
    } sizes[] = {{1, 16 << 20},
                 {(int64_t)17 << 30, (17LL << 30) / 1000},
                 {(int64_t)60 << 30, (60LL << 30) / 1000},
                 {(int64_t)80 << 30, 64 << 20},
                 {(int64_t)1 << 50, 64 << 20}};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const vsh_source source = {.path = "a", .bytes = sizes[i].bytes};
        const vsh_sources sources = {.source = &source, .sources = 1};
        CHECK_INT(vsh_sources_segment_bytes(&sources), sizes[i].segment);
    }
}

static void a_search_ends_when_asked(void)
{
    const volatile sig_atomic_t stop = 1;
    const char *folder = test_folder;
    vsh_sources sources;

    begin_files();
    write_text("a.txt", "text");
    CHECK_FAILS(
        vsh_sources_find(vsh_test_arena(), &folder, 1, VSH_DOCUMENTS_AUTO, &stop, &sources, &err),
        &err, VSH_ESTOPPED, "stopped");
}

static uint64_t hash_of_files(bool dates)
{
    vsh_sources sources;

    REQUIRE_OK(find(test_folder, &sources), &err);
    return vsh_sources_hash(&sources, dates);
}

static void the_hash_knows_paths_sizes_and_dates(void)
{
    const struct timespec then[2] = {{1, 1}, {1, 1}}, later[2] = {{1, 2}, {1, 2}};
    uint64_t whole, dateless;

    begin_files();
    REQUIRE(utimensat(AT_FDCWD, write_text("a.txt", "text"), then, 0) == 0);
    whole = hash_of_files(true);
    dateless = hash_of_files(false);
    CHECK(hash_of_files(true) == whole);
    REQUIRE(utimensat(AT_FDCWD, at_path("a.txt"), later, 0) == 0);
    CHECK(hash_of_files(true) != whole);
    CHECK(hash_of_files(false) == dateless);
    write_text("a.txt", "texts");
    CHECK(hash_of_files(false) != dateless);
    write_text("a.txt", "text");
    CHECK(hash_of_files(false) == dateless);
    REQUIRE(rename(at_path("a.txt"), at_path("b.txt")) == 0);
    CHECK(hash_of_files(false) != dateless);
    end_files();
}

const vsh_test vsh_tests[] = {
    {"what_a_build_has_made_is_no_text", what_a_build_has_made_is_no_text},
    {"folders_are_read_in_the_order_of_their_names", folders_are_read_in_the_order_of_their_names},
    {"named_files_are_parted_and_found_ones_whole", named_files_are_parted_and_found_ones_whole},
    {"endings_say_what_is_json", endings_say_what_is_json},
    {"content_says_what_is_packed", content_says_what_is_packed},
    {"what_is_no_text_is_passed_over_with_the_reason",
     what_is_no_text_is_passed_over_with_the_reason},
    {"text_may_have_a_few_bytes_that_no_text_has", text_may_have_a_few_bytes_that_no_text_has},
    {"nothing_to_read_is_named", nothing_to_read_is_named},
    {"pipes_and_devices_are_not_opened", pipes_and_devices_are_not_opened},
    {"links_are_followed_and_loops_are_not", links_are_followed_and_loops_are_not},
    {"folders_in_each_other_are_bounded", folders_in_each_other_are_bounded},
    {"what_may_not_be_read_is_passed_over_or_named", what_may_not_be_read_is_passed_over_or_named},
    {"spans_cover_the_files_once", spans_cover_the_files_once},
    {"segments_are_bounded_whatever_the_corpus", segments_are_bounded_whatever_the_corpus},
    {"a_search_ends_when_asked", a_search_ends_when_asked},
    {"the_hash_knows_paths_sizes_and_dates", the_hash_knows_paths_sizes_and_dates},
    {NULL, NULL},
};
