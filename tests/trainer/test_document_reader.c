#include "trainer/text/document_reader.h"

#include <zlib.h>
#include <zstd.h>

#include "core/rng.h"
#include "tests/trainer/text_files.h"
#include "trainer/text/beginning.h"
#include "trainer/text/document_split.h"
#include "trainer/text/utf8_count.h"

const char vsh_suite[] = "document reader";

static vsh_error err;

static uint32_t draw(uint64_t stream, uint64_t *at, uint32_t below)
{
    return (uint32_t)(vsh_random_uniform(5, stream, (*at)++) * below);
}

/* ---- what a document is -------------------------------------------------------------------- */

static const char *documents(const char *text, vsh_documents_by by)
{
    const reading all = read_path(write_text("x", text), by);

    return vsh_text_string(&all.text);
}

static void blank_lines_part_paragraphs(void)
{
    const vsh_documents_by by = VSH_DOCUMENTS_PARAGRAPH;

    begin_files();
    CHECK_TEXT(documents("one", by), "[one]");
    CHECK_TEXT(documents("one\ntwo\n", by), "[one\ntwo]");
    CHECK_TEXT(documents("\n\r\n\none\n\ntwo\r\n\r\nthree\n\r\n\r\n\nfour\r\n", by),
               "[one][two][three][four]");
    CHECK_TEXT(documents("a\rb\r\r\nc \n \nd", by), "[a\rb\r\r\nc \n \nd]");
    CHECK_TEXT(documents("a\n\r", by), "[a\n\r]");
}

static void line_breaks_part_lines(void)
{
    const vsh_documents_by by = VSH_DOCUMENTS_LINE;

    begin_files();
    CHECK_TEXT(documents("one\ntwo\r\n\n\nthree", by), "[one][two][three]");
    CHECK_TEXT(documents(" a \r\r\n\tb", by), "[ a \r][\tb]");
}

static void files_are_kept_to_the_byte(void)
{
    begin_files();
    CHECK_TEXT(documents("\n\none\n\ntwo\r\n\r\n", VSH_DOCUMENTS_FILE), "[\n\none\n\ntwo\r\n\r\n]");
}

static void white_space_alone_is_empty(void)
{
    reading all;

    begin_files();
    all = read_path(write_text("x", " \t\n\na\n\n\v\f\n \r\n\nb"), VSH_DOCUMENTS_PARAGRAPH);
    CHECK_TEXT(all.text.data, "[a][b]");
    CHECK_INT(all.sum.empty, 2);
    CHECK_INT(all.sum.documents, 2);
    all = read_path(write_text("x.jsonl", "{\"text\":\" \"}\n \n{\"text\":\"\"}\n{\"text\":\"a\"}"),
                    VSH_DOCUMENTS_AUTO);
    CHECK_TEXT(all.text.data, "[a]");
    CHECK_INT(all.sum.empty, 2);
    CHECK_INT(all.sum.bad_lines, 0);
}

static void a_byte_order_mark_is_dropped_at_the_begin_alone(void)
{
    static const char mark[] = "\xef\xbb\xbf";
    vsh_text text = {.arena = vsh_test_arena()};

    begin_files();
    vsh_text_add(&text, "%sa\n\n%sb", mark, mark);
    CHECK_TEXT(documents(text.data, VSH_DOCUMENTS_PARAGRAPH), "[a][\xef\xbb\xbf"
                                                              "b]");
    CHECK_TEXT(documents(text.data, VSH_DOCUMENTS_FILE), "[a\n\n\xef\xbb\xbf"
                                                         "b]");
    text.length = 0;
    vsh_text_add(&text, "%s{\"text\":\"a\"}\r\n{\"text\":\"b\"}\r\n", mark);
    CHECK_TEXT(read_path(write_text("x.jsonl", text.data), VSH_DOCUMENTS_AUTO).text.data, "[a][b]");
    CHECK_INT(read_path(write_text("y", mark), VSH_DOCUMENTS_AUTO).sum.documents, 0);
}

static void what_is_not_utf8_is_kept_and_counted(void)
{
    static const char bytes[] = "a\0b\n\n\xff\xc3\xa9\xc0\x80\n\nc\n\n\xe2\x82\0";
    vsh_sources sources;
    vsh_document_reader *reader;
    vsh_document document;
    int64_t malformed[4], nul[4];
    reading all;

    begin_files();
    sources = find_one(write_file("x", bytes, sizeof bytes - 1), VSH_DOCUMENTS_AUTO);
    REQUIRE_OK(vsh_document_reader_open(vsh_test_arena(), &sources, 0, &reader, &err), &err);
    for (int i = 0; i < 4; i++) {
        REQUIRE_OK(vsh_document_reader_next(reader, &document, &err), &err);
        malformed[i] = document.malformed;
        nul[i] = document.nul;
    }
    vsh_document_reader_close(reader);
    CHECK(nul[0] == 1 && malformed[0] == 0);
    CHECK(nul[1] == 0 && malformed[1] == 3);
    CHECK(nul[2] == 0 && malformed[2] == 0);
    CHECK(nul[3] == 1 && malformed[3] == 2);
    all = read_sources(&sources);
    CHECK_INT(all.sum.nul, 2);
    CHECK_INT(all.sum.malformed, 2);
    all = read_path(write_text("x.jsonl", "{\"text\":\"a\\u0000b\"}"), VSH_DOCUMENTS_AUTO);
    CHECK_INT((int64_t)all.text.length, 5);
    CHECK_INT(all.sum.nul, 1);
}

/* The count by words of 8 bytes is that of one byte after the other. */
static void counting_by_words_is_counting_by_bytes(void)
{
    static const char *const some[] = {"a",
                                       "bcdefgh",
                                       "0123456789abcdef",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\x80",
                                       "\xff",
                                       "\xed\xa0\x80",
                                       "\xf4\x90\x80\x80",
                                       "\xc0\xaf",
                                       "\xe2\x82",
                                       "\x7f"};
    static char text[4096];

    for (uint64_t stream = 0; stream < 3000; stream++) {
        uint64_t at = 0;
        int64_t length = 0, bad = 0, zero = 0, malformed, nul;
        for (uint32_t i = draw(stream, &at, 40); i > 0; i--) {
            const char *one = some[draw(stream, &at, stream % 2 ? 13 : 6)];
            if (draw(stream, &at, 20) == 0) {
                text[length++] = '\0';
                continue;
            }
            memcpy(text + length, one, strlen(one));
            length += (int64_t)strlen(one);
        }
        text[length] = '\0'; /* vsh_utf8_length stops there */
        for (int64_t i = 0; i < length;) {
            int bytes = text[i] ? vsh_utf8_length(text + i) : 1;
            zero += text[i] == '\0';
            bad += bytes == 0;
            i += bytes ? bytes : 1;
        }
        vsh_utf8_count(text, length, &malformed, &nul);
        CHECK_INT(malformed, bad);
        CHECK_INT(nul, zero);
    }
}

/* ---- spans --------------------------------------------------------------------------------- */

/* Texts of breaks and little else, so that seams fall onto them. */
static const char *random_text(uint64_t stream, size_t *length)
{
    static const char *const some[] = {"\n", "\r\n", "\n\n", "\r\n\r\n", "\r",
                                       "a",  "bc",   " ",    "\xc3\xa9", "\xff"};
    vsh_text text = {.arena = vsh_test_arena()};
    uint64_t at = 0;

    vsh_text_add(&text, "%s", draw(stream, &at, 4) ? "" : "\xef\xbb\xbf");
    for (uint32_t i = draw(stream, &at, 16); i > 0; i--)
        vsh_text_add(&text, "%s", some[draw(stream, &at, 10)]);
    vsh_text_add(&text, "%s", draw(stream, &at, 2) ? "x" : ""); /* a file has at least a byte */
    *length = text.length;
    return vsh_text_string(&text);
}

static const char *random_lines(uint64_t stream, size_t *length)
{
    static const char *const some[] = {
        "{\"text\":\"a\"}", "{\"text\":\"b\\n\\n\",\"x\":[1,2]}", "{\"text\":", "[]", "", " ",
        "{\"text\":\"\"}"};
    vsh_text text = {.arena = vsh_test_arena()};
    uint64_t at = 0;

    vsh_text_add(&text, "%s", draw(stream, &at, 4) ? "" : "\xef\xbb\xbf");
    for (uint32_t i = draw(stream, &at, 6); i > 0; i--)
        vsh_text_add(&text, "%s%s", some[draw(stream, &at, 7)],
                     draw(stream, &at, 2) ? "\n" : "\r\n");
    vsh_text_add(&text, "%s", some[draw(stream, &at, 4)]);
    *length = text.length;
    return vsh_text_string(&text);
}

static void check_spans(vsh_sources *sources, int64_t segment)
{
    reading whole, parts;

    REQUIRE_OK(vsh_sources_cut(vsh_test_arena(), 1 << 30, sources, &err), &err);
    whole = read_sources(sources);
    REQUIRE_OK(vsh_sources_cut(vsh_test_arena(), segment, sources, &err), &err);
    parts = read_sources(sources);
    CHECK_INT((int64_t)parts.text.length, (int64_t)whole.text.length);
    CHECK_TEXT(vsh_text_string(&parts.text), vsh_text_string(&whole.text));
    CHECK_INT(parts.sum.documents, whole.sum.documents);
    CHECK_INT(parts.sum.empty, whole.sum.empty);
    CHECK_INT(parts.sum.bad_lines, whole.sum.bad_lines);
    CHECK_INT(parts.sum.malformed, whole.sum.malformed);
    CHECK_INT(parts.sum.bytes, sources->bytes);
    CHECK_INT(whole.sum.bytes, sources->bytes);
    CHECK_INT(parts.sum.disk_bytes, sources->bytes);
}

static void spans_of_any_size_read_what_one_reads(void)
{
    begin_files();
    for (uint64_t stream = 0; stream < 100; stream++) {
        size_t length;
        const char *text = random_text(stream, &length);
        vsh_sources sources;
        if (length == 0)
            continue;
        write_file("x", text, length);
        for (int by = VSH_DOCUMENTS_PARAGRAPH; by <= VSH_DOCUMENTS_LINE; by++) {
            sources = find_one(at_path("x"), (vsh_documents_by)by);
            check_spans(&sources, 2 + (int64_t)(stream % 11));
        }
        text = random_lines(stream, &length);
        if (length == 0)
            continue;
        sources = find_one(write_file("x.jsonl", text, length), VSH_DOCUMENTS_AUTO);
        check_spans(&sources, 4 + (int64_t)(stream % 17));
    }
}

static void spans_of_a_file_join_to_it(void)
{
    begin_files();
    for (uint64_t stream = 0; stream < 100; stream++) {
        size_t length, at = 0;
        const char *text = random_text(stream, &length);
        vsh_sources sources;
        reading all;
        if (length < 2 || text[0] == '\xef')
            continue;
        sources = find_one(write_file("x", text, length), VSH_DOCUMENTS_FILE);
        REQUIRE_OK(vsh_sources_cut(vsh_test_arena(), 2 + (int64_t)(stream % 9), &sources, &err),
                   &err);
        all = read_sources(&sources);
        CHECK_INT(all.sum.bytes, (int64_t)length);
        /* pieces of white space are dropped, everything else comes in order */
        for (size_t i = 0; i < all.text.length; i++) {
            if (all.text.data[i] == '[' || all.text.data[i] == ']')
                continue;
            while (at < length && text[at] != all.text.data[i] && strchr(" \r\n", text[at]))
                at++;
            REQUIRE(at < length && text[at] == all.text.data[i]);
            at++;
        }
    }
}

static size_t after_break(const char *text, size_t i)
{
    if (text[i] == '\n')
        return i + 1;
    return text[i] == '\r' && text[i + 1] == '\n' ? i + 2 : i;
}

/* The rule said byte by byte, over a whole text that a NUL ends. */
static const char *paragraphs(const char *text, size_t length)
{
    vsh_text want = {.arena = vsh_test_arena()};
    size_t i = 0, begin, end;

    while (i < length) {
        while (i < length && after_break(text, i) > i)
            i = after_break(text, i);
        for (begin = end = i; i < length; end = ++i) {
            size_t once = after_break(text, i);
            if (once > i && (once >= length || after_break(text, once) > once))
                break;
        }
        if (strspn(text + begin, " \r\n") < end - begin) {
            vsh_text_put(&want, "[", 1);
            vsh_text_put(&want, text + begin, end - begin);
            vsh_text_put(&want, "]", 1);
        }
    }
    return vsh_text_string(&want);
}

static void paragraphs_are_what_blank_lines_part(void)
{
    begin_files();
    for (uint64_t stream = 1000; stream < 1300; stream++) {
        size_t length;
        const char *text = random_text(stream, &length);
        reading all;
        if (length == 0 || text[0] == '\xef')
            continue;
        all = read_path(write_file("x", text, length), VSH_DOCUMENTS_PARAGRAPH);
        CHECK_TEXT(vsh_text_string(&all.text), paragraphs(text, length));
    }
}

static void documents_over_the_blocks_of_a_file_are_whole(void)
{
    vsh_text text = {.arena = vsh_test_arena()}, want = {.arena = vsh_test_arena()};
    vsh_sources sources;
    reading all;

    begin_files();
    for (int i = 0; text.length < 3000000; i++) {
        size_t before = text.length;
        int lines = i % 97 == 0 ? 3000 : i % 7;
        for (int j = 0; j <= lines; j++)
            vsh_text_add(&text, "%sdocument %d line %d", j ? "\n" : "", i, j);
        vsh_text_put(&want, "[", 1);
        vsh_text_put(&want, text.data + before, text.length - before);
        vsh_text_put(&want, "]", 1);
        vsh_text_add(&text, "%s", i % 3 ? "\n\n" : "\r\n\r\n\n");
    }
    sources = find_one(write_file("x", text.data, text.length), VSH_DOCUMENTS_PARAGRAPH);
    all = read_sources(&sources);
    CHECK_INT((int64_t)all.text.length, (int64_t)want.length);
    CHECK(strcmp(all.text.data, want.data) == 0);
    REQUIRE_OK(vsh_sources_cut(vsh_test_arena(), 100001, &sources, &err), &err);
    all = read_sources(&sources);
    CHECK(strcmp(all.text.data, want.data) == 0);
    CHECK_INT(all.sum.bytes, (int64_t)text.length);
}

/* ---- long documents ------------------------------------------------------------------------ */

enum { MAX = VSH_DOCUMENT_BYTES_MAX };

/* The piece that n bytes are cut to, where text[at] is what and all else is x. */
static int64_t cut_with(const char *what, int64_t at)
{
    static char text[1000];

    memset(text, 'x', sizeof text);
    if (what)
        memcpy(text + at, what, strlen(what));
    return vsh_split_cut(text, 100);
}

static void long_documents_are_cut_where_it_hurts_least(void)
{
    CHECK_INT(cut_with(NULL, 0), 100);
    CHECK_INT(cut_with(" ", 98), 99);
    CHECK_INT(cut_with(" y z ", 50), 55);
    CHECK_INT(cut_with("\ty z", 50), 53);
    CHECK_INT(cut_with("\n a b c", 50), 51);
    CHECK_INT(cut_with("\r\n a b c", 50), 52);
    CHECK_INT(cut_with("\n\n\na\nb c", 50), 53);
    CHECK_INT(cut_with("\r\n\r\na\nb c", 50), 54);
    CHECK_INT(cut_with("\n\r\na\nb c", 50), 53);
    CHECK_INT(cut_with("\r\n\na\nb c", 50), 53);
    CHECK_INT(cut_with("\xc3\xa9", 99), 99);
    CHECK_INT(cut_with("\xc3\xa9", 98), 100);
    CHECK_INT(cut_with("\xf0\x9f\x98\x80", 97), 97);
    CHECK_INT(cut_with("\xf0\x9f\x98\x80", 96), 100);
    CHECK_INT(cut_with("\xe2\x82\xac", 98), 98);
    CHECK_INT(cut_with("\x80\x80\x80\x80\x80", 95), 100);
    CHECK_INT(vsh_split_cut("\xc3\xa9", 2), 2);
    CHECK_INT(vsh_split_cut("\xf0\x9f", 2), 2);
}

/* Words without end, in lines now and then: no document of it is longer than the limit and all of
 * them join to the text. */
static void pieces_join_to_the_document(void)
{
    vsh_text text = {.arena = vsh_test_arena()}, joined = {.arena = vsh_test_arena()};
    static const vsh_documents_by kinds[] = {VSH_DOCUMENTS_FILE, VSH_DOCUMENTS_PARAGRAPH,
                                             VSH_DOCUMENTS_LINE};
    uint64_t at = 0;

    begin_files();
    while (text.length < 5 * MAX / 2)
        vsh_text_add(&text, "w\xc3\xb6rd%u ", draw(1, &at, 1000));
    write_file("x", text.data, text.length);
    for (int i = 0; i < 3; i++) {
        reading all = read_path(at_path("x"), kinds[i]);
        joined.length = 0;
        for (const char *c = all.text.data; *c; c++)
            if (*c != '[' && *c != ']')
                vsh_text_put(&joined, c, 1);
        CHECK(strcmp(joined.data, text.data) == 0);
        CHECK_INT(all.sum.documents, 3);
        CHECK_INT(all.sum.cut, 1);
        CHECK_INT(all.sum.malformed, 0);
    }
}

static void check_beginnings(const vsh_sources *sources, uint64_t want)
{
    for (int64_t span = 0; span < sources->spans; span++) {
        vsh_document_reader *reader;
        vsh_document document;
        REQUIRE_OK(vsh_document_reader_open(vsh_test_arena(), sources, span, &reader, &err), &err);
        for (;;) {
            REQUIRE_OK(vsh_document_reader_next(reader, &document, &err), &err);
            if (!document.text)
                break;
            CHECK(document.beginning == want);
        }
        vsh_document_reader_close(reader);
    }
}

/* Wherever spans part a file, and in all pieces of a document. */
static void pieces_have_the_beginning_of_the_document(void)
{
    static const int64_t segments[] = {2, 50, 5000, 70000, 1 << 20, 3 << 20};
    static const char *const marks[] = {"", "\xef\xbb\xbf"};
    vsh_text text = {.arena = vsh_test_arena()};
    uint64_t want;

    begin_files();
    vsh_text_add(&text, "\n---\nWhat all of them have to begin with\n");
    want = vsh_beginning_hash(text.data, (int64_t)text.length);
    for (int i = 0; text.length < 5 * MAX / 2; i++)
        vsh_text_add(&text, "line %d of many that begin otherwise\n", i);
    for (int i = 0; i < 6; i++)
        for (int mark = 0; mark < 2; mark++) {
            vsh_text file = {.arena = vsh_test_arena()};
            vsh_sources sources;
            /* tiny spans of a short file */
            vsh_text_add(&file, "%s", marks[mark]);
            vsh_text_put(&file, text.data, segments[i] < 100 ? 1000 : text.length);
            sources = find_one(write_file("x", file.data, file.length), VSH_DOCUMENTS_FILE);
            REQUIRE_OK(vsh_sources_cut(vsh_test_arena(), segments[i], &sources, &err), &err);
            check_beginnings(&sources, want);
            sources = find_one(at_path("x"), VSH_DOCUMENTS_PARAGRAPH);
            check_beginnings(&sources, want);
        }
}

static void a_document_of_just_the_limit_is_whole(void)
{
    static char text[MAX + 16];

    begin_files();
    for (int more = 0; more < 2; more++) {
        static const char *const behind[] = {"", "\n", "\r\n", "\n\n", "\r\n\r\n", "\r\n\r\nb"};
        memset(text, 'a', sizeof text);
        for (size_t i = 0; i < 6; i++) {
            reading all;
            memcpy(text + MAX + more, behind[i], strlen(behind[i]));
            write_file("x", text, (size_t)MAX + (size_t)more + strlen(behind[i]));
            all = read_path(at_path("x"), VSH_DOCUMENTS_PARAGRAPH);
            CHECK_INT(all.sum.cut, more);
            CHECK_INT(all.sum.documents, 1 + more + (i == 5));
            all = read_path(at_path("x"), VSH_DOCUMENTS_LINE);
            CHECK_INT(all.sum.documents, 1 + more + (i == 5));
        }
    }
}

static void long_lines_of_json_are_cut_too(void)
{
    vsh_text line = {.arena = vsh_test_arena()};
    reading all;

    begin_files();
    vsh_text_add(&line, "{\"text\":\"");
    for (int i = 0; i < 300000; i++)
        vsh_text_add(&line, "%06d\\nabc\\u00e9", i);
    vsh_text_add(&line, "\"}\n{\"text\":\"end\"}\n{\"text\":\"short\"");
    all = read_path(write_file("x.jsonl", line.data, line.length), VSH_DOCUMENTS_AUTO);
    /* 12 bytes of text each */
    CHECK_INT(all.sum.documents, (300000 * 12 + MAX - 1) / MAX + 1);
    CHECK_INT(all.sum.cut, 1);
    CHECK_INT(all.sum.bad_lines, 1);
    CHECK_INT((int64_t)all.text.length, 300000 * 12 + 3 + 2 * all.sum.documents);
    CHECK(strncmp(all.text.data,
                  "[000000\nabc\xc3\xa9"
                  "000001\n",
                  20) == 0);
    CHECK_TEXT(all.text.data + all.text.length - 5, "[end]");
}

static void a_line_of_json_beyond_all_bounds_is_skipped(void)
{
    static char block[1 << 20];
    const char *path;
    FILE *file;
    reading all;

    begin_files();
    path = write_text("x.jsonl", "{\"text\":\"a\"}\n{\"text\":\"");
    REQUIRE((file = fopen(path, "ab")) != NULL);
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 66; i++)
        REQUIRE(fwrite(block, 1, sizeof block, file) == sizeof block);
    fputs("\"}\n{\"text\":\"b\"}\n", file);
    REQUIRE(fclose(file) == 0);
    all = read_path(path, VSH_DOCUMENTS_AUTO);
    CHECK_TEXT(all.text.data, "[a][b]");
    CHECK_INT(all.sum.bad_lines, 1);
    CHECK_HAS(all.sum.trouble[0].what, "byte"); /* the second span */
    CHECK_HAS(all.sum.trouble[0].what, "longer than 64 MiB");
}

static void nul_bytes_without_end_are_cut(void)
{
    static char zeros[3 * MAX];
    vsh_source source = {.bytes = sizeof zeros, .by = VSH_DOCUMENTS_PARAGRAPH};
    vsh_span span = {0, 1, 0, INT64_MAX};
    vsh_sources sources = {&source, 1, &span, 1, sizeof zeros, 16 << 20, NULL, 0};
    reading all;

    begin_files();
    source.path = write_file("x", zeros, sizeof zeros);
    all = read_sources(&sources);
    CHECK_INT(all.sum.documents, 3);
    CHECK_INT(all.sum.nul, 3);
}

/* ---- packed files -------------------------------------------------------------------------- */

static const char sample[] = "one\nline\n\ntwo\n\nthree is longer than the others are\n\nfour";
static const char sample_documents[] =
    "[one\nline][two][three is longer than the others are][four]";

/* A member of gzip or a frame of zstd behind what is there. */
static void pack(vsh_text *packed, const char *text, bool zstd)
{
    static char room[4096];
    size_t length;

    if (zstd) {
        length = ZSTD_compress(room, sizeof room, text, strlen(text), 3);
        REQUIRE(!ZSTD_isError(length));
    } else {
        z_stream z = {0};
        REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
        z.next_in = (Bytef *)(uintptr_t)text;
        z.avail_in = (uInt)strlen(text);
        z.next_out = (Bytef *)room;
        z.avail_out = sizeof room;
        REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
        length = sizeof room - z.avail_out;
        deflateEnd(&z);
    }
    vsh_text_put(packed, room, length);
}

static reading read_packed(const vsh_text *packed)
{
    return read_path(write_file("x", packed->data, packed->length), VSH_DOCUMENTS_PARAGRAPH);
}

static void members_and_frames_are_read_one_after_the_other(void)
{
    begin_files();
    for (int zstd = 0; zstd < 2; zstd++) {
        vsh_text packed = {.arena = vsh_test_arena()};
        reading all;
        pack(&packed, "one\nli", zstd);
        pack(&packed, "", zstd);
        pack(&packed, sample + 6, zstd);
        all = read_packed(&packed);
        CHECK_TEXT(all.text.data, sample_documents);
        CHECK_INT(all.sum.damaged, 0);
        CHECK_INT(all.sum.bytes, (int64_t)sizeof sample - 1);
        CHECK_INT(all.sum.disk_bytes, (int64_t)packed.length);
    }
}

static void packed_and_plain_read_the_same(void)
{
    reading plain, packed[2];

    begin_files();
    plain = read_path(write_text("x", sample), VSH_DOCUMENTS_PARAGRAPH);
    for (int zstd = 0; zstd < 2; zstd++) {
        vsh_text bytes = {.arena = vsh_test_arena()};
        pack(&bytes, sample, zstd);
        packed[zstd] = read_packed(&bytes);
        CHECK_TEXT(packed[zstd].text.data, plain.text.data);
    }
}

/* What is behind the last member is damage, but for zeros, which fill tapes. */
static void garbage_behind_is_damage(void)
{
    begin_files();
    for (int zstd = 0; zstd < 2; zstd++) {
        vsh_text packed = {.arena = vsh_test_arena()};
        reading all;
        pack(&packed, sample, zstd);
        vsh_text_add(&packed, "garbage");
        all = read_packed(&packed);
        CHECK_TEXT(all.text.data, sample_documents);
        CHECK_INT(all.sum.damaged, 1);
        CHECK_INT(all.sum.troubles, 1);
        CHECK_HAS(all.sum.trouble[0].what, zstd ? "/x: zstd: " : "/x: gzip: ");
        CHECK_HAS(all.sum.trouble[0].what, " behind byte 56");
    }
}

static void zeros_behind_gzip_are_none(void)
{
    vsh_text packed = {.arena = vsh_test_arena()};
    reading all;

    begin_files();
    pack(&packed, sample, false);
    for (int i = 0; i < 70000; i++)
        vsh_text_put(&packed, "", 1);
    all = read_packed(&packed);
    CHECK_TEXT(all.text.data, sample_documents);
    CHECK_INT(all.sum.damaged, 0);
    vsh_text_put(&packed, "x", 1);
    CHECK_INT(read_packed(&packed).sum.damaged, 1);
}

/* Cut behind any byte: what comes is a beginning of the text, and the file counts as damaged. */
static void truncated_files_give_what_they_have(void)
{
    begin_files();
    for (int zstd = 0; zstd < 2; zstd++) {
        vsh_text whole = {.arena = vsh_test_arena()};
        pack(&whole, sample, zstd);
        for (size_t length = 5; length < whole.length; length++) {
            vsh_text packed = whole;
            reading all;
            packed.length = length;
            all = read_packed(&packed);
            CHECK_INT(all.sum.damaged, 1);
            CHECK_HAS(all.sum.trouble[0].what, "ends early");
            CHECK(all.text.length <= strlen(sample_documents));
            if (all.text.length > 0) /* but for the last bracket */
                CHECK(strncmp(all.text.data, sample_documents, all.text.length - 1) == 0);
        }
    }
}

/* Any byte changed: something comes or nothing, and reading ends. */
static void flipped_bits_end_well(void)
{
    begin_files();
    for (int zstd = 0; zstd < 2; zstd++) {
        vsh_text packed = {.arena = vsh_test_arena()};
        int64_t damaged = 0;
        pack(&packed, sample, zstd);
        pack(&packed, sample, zstd);
        for (size_t i = 4; i < packed.length; i++) {
            packed.data[i] = (char)(packed.data[i] ^ (1 << i % 8));
            damaged += read_packed(&packed).sum.damaged;
            packed.data[i] = (char)(packed.data[i] ^ (1 << i % 8));
        }
        /* these frames have no check sum */
        CHECK(damaged > (zstd ? 0 : (int64_t)packed.length / 2));
    }
}

static void a_line_that_damage_cuts_off_is_no_bad_line(void)
{
    vsh_text packed = {.arena = vsh_test_arena()};
    reading all;

    begin_files();
    pack(&packed, "{\"text\":\"a\"}\n{\"text\":\"b\"", false);
    vsh_text_add(&packed, "garbage");
    all = read_path(write_file("x.jsonl.gz", packed.data, packed.length), VSH_DOCUMENTS_AUTO);
    CHECK_TEXT(all.text.data, "[a]");
    CHECK_INT(all.sum.damaged, 1);
    CHECK_INT(all.sum.bad_lines, 0);
}

/* 40 MB out of 40 KB. */
static void what_unpacks_to_much_more_is_read_in_pieces(void)
{
    static char zeros[1 << 20];
    const char *path = NULL;
    gzFile file;
    reading all = {.text = {.arena = vsh_test_arena()}};
    vsh_sources sources;

    begin_files();
    path = at_path("x.gz");
    memset(zeros, 'a', sizeof zeros);
    REQUIRE((file = gzopen(path, "wb")) != NULL);
    for (int i = 0; i < 40; i++)
        REQUIRE(gzwrite(file, zeros, sizeof zeros) == sizeof zeros);
    gzclose(file);
    sources = find_one(path, VSH_DOCUMENTS_AUTO);
    CHECK(sources.bytes < 100000);
    all = read_sources(&sources);
    CHECK_INT(all.sum.bytes, 40 << 20);
    CHECK_INT(all.sum.documents, 40);
    CHECK_INT(all.sum.disk_bytes, sources.bytes);
}

/* ---- what goes wrong ----------------------------------------------------------------------- */

static void bad_lines_are_counted_and_named(void)
{
    reading all;
    vsh_sources sources;

    begin_files();
    all = read_path(write_text("x.jsonl", "{\"text\":\"a\"}\n\n\r\nbad\n{\"text\":1}\n{\"id\":1}\n"
                                          "[\"text\"]\n{\"text\":\"b\"}\n{\"text\":\"\\ud800\"}"),
                    VSH_DOCUMENTS_AUTO);
    CHECK_TEXT(all.text.data, "[a][b]");
    CHECK_INT(all.sum.bad_lines, 5);
    CHECK_INT(all.sum.troubles, 5);
    CHECK_HAS(all.sum.trouble[0].what, "/x.jsonl: line 4, byte 1: expected an object with a");
    CHECK_HAS(all.sum.trouble[1].what, "/x.jsonl: line 5, byte 9: expected a string");
    CHECK_HAS(all.sum.trouble[3].what, "/x.jsonl: line 7, byte 1: ");
    /* in the middle of a file its lines are not known, but its bytes are */
    sources = find_one(write_text("y.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\nbad\n"),
                       VSH_DOCUMENTS_AUTO);
    REQUIRE_OK(vsh_sources_cut(vsh_test_arena(), 13, &sources, &err), &err);
    all = read_sources(&sources);
    CHECK_HAS(all.sum.trouble[0].what, "/y.jsonl: byte 27: expected an object");
}

static void troubles_are_one_line_whatever_the_name(void)
{
    char name[256];
    reading all;

    begin_files();
    memset(name, 'n', sizeof name);
    strcpy(name + 200, "\033\n.jsonl");
    all = read_path(write_text(name, "bad"), VSH_DOCUMENTS_AUTO);
    CHECK_INT(all.sum.bad_lines, 1);
    CHECK_HAS(all.sum.trouble[0].what, "nnn\?\?.jsonl: line 1, byte 1: expected an object with a");
    CHECK(strncmp(all.sum.trouble[0].what, "...nnn", 6) == 0);
    /* C1, a turn of the order of letters, a broken character, and one as it should be */
    strcpy(name, "m\xc2\x9bm\xe2\x80\xaem\xffm\xc3\xa9.jsonl");
    all = read_path(write_text(name, "bad"), VSH_DOCUMENTS_AUTO);
    CHECK_HAS(all.sum.trouble[0].what, "/m\?\?m\?\?\?m\?m\xc3\xa9.jsonl: line 1");
}

/* A reader of the first span; says what reading all of it answers. */
static vsh_status read_all(const vsh_sources *sources)
{
    vsh_document_reader *reader;
    vsh_document document;
    vsh_status status;

    REQUIRE_OK(vsh_document_reader_open(vsh_test_arena(), sources, 0, &reader, &err), &err);
    while ((status = vsh_document_reader_next(reader, &document, &err)) == VSH_OK)
        if (!document.text)
            break;
    vsh_document_reader_close(reader);
    return status;
}

static void files_that_change_are_the_machines_fault(void)
{
    vsh_sources sources;

    begin_files();
    sources = find_one(write_text("x", "some text"), VSH_DOCUMENTS_PARAGRAPH);
    write_text("x", "some text and more"); /* only what was found is read */
    CHECK_TEXT(read_sources(&sources).text.data, "[some text]");
    write_text("x", "some");
    CHECK_FAILS(read_all(&sources), &err, VSH_EMACHINE, "/x: became shorter");
    unlink(at_path("x"));
    CHECK_FAILS(read_all(&sources), &err, VSH_EMACHINE, "/x: No such file");
    REQUIRE(mkfifo(at_path("x"), 0600) == 0);
    CHECK_FAILS(read_all(&sources), &err, VSH_EMACHINE, "/x: is no regular file any more");
    unlink(at_path("x"));
    make_folder("x");
    CHECK_FAILS(read_all(&sources), &err, VSH_EMACHINE, "/x: is no regular file any more");
}

static void a_disk_that_fails_is_named(void)
{
    vsh_source source = {.path = "/proc/self/mem", .bytes = 100, .by = VSH_DOCUMENTS_PARAGRAPH};
    vsh_span span = {0, 1, 0, INT64_MAX};
    vsh_sources sources = {&source, 1, &span, 1, 100, 16 << 20, NULL, 0};

    if (access(source.path, R_OK) != 0) {
        vsh_skip("no file here fails when it is read");
        return;
    }
    CHECK_FAILS(read_all(&sources), &err, VSH_EMACHINE, "/proc/self/mem: Input/output error");
}

const vsh_test vsh_tests[] = {
    {"blank_lines_part_paragraphs", blank_lines_part_paragraphs},
    {"line_breaks_part_lines", line_breaks_part_lines},
    {"files_are_kept_to_the_byte", files_are_kept_to_the_byte},
    {"white_space_alone_is_empty", white_space_alone_is_empty},
    {"a_byte_order_mark_is_dropped_at_the_begin_alone",
     a_byte_order_mark_is_dropped_at_the_begin_alone},
    {"what_is_not_utf8_is_kept_and_counted", what_is_not_utf8_is_kept_and_counted},
    {"counting_by_words_is_counting_by_bytes", counting_by_words_is_counting_by_bytes},
    {"spans_of_any_size_read_what_one_reads", spans_of_any_size_read_what_one_reads},
    {"spans_of_a_file_join_to_it", spans_of_a_file_join_to_it},
    {"paragraphs_are_what_blank_lines_part", paragraphs_are_what_blank_lines_part},
    {"documents_over_the_blocks_of_a_file_are_whole",
     documents_over_the_blocks_of_a_file_are_whole},
    {"long_documents_are_cut_where_it_hurts_least", long_documents_are_cut_where_it_hurts_least},
    {"pieces_join_to_the_document", pieces_join_to_the_document},
    {"pieces_have_the_beginning_of_the_document", pieces_have_the_beginning_of_the_document},
    {"a_document_of_just_the_limit_is_whole", a_document_of_just_the_limit_is_whole},
    {"long_lines_of_json_are_cut_too", long_lines_of_json_are_cut_too},
    {"a_line_of_json_beyond_all_bounds_is_skipped", a_line_of_json_beyond_all_bounds_is_skipped},
    {"nul_bytes_without_end_are_cut", nul_bytes_without_end_are_cut},
    {"members_and_frames_are_read_one_after_the_other",
     members_and_frames_are_read_one_after_the_other},
    {"packed_and_plain_read_the_same", packed_and_plain_read_the_same},
    {"garbage_behind_is_damage", garbage_behind_is_damage},
    {"zeros_behind_gzip_are_none", zeros_behind_gzip_are_none},
    {"truncated_files_give_what_they_have", truncated_files_give_what_they_have},
    {"flipped_bits_end_well", flipped_bits_end_well},
    {"a_line_that_damage_cuts_off_is_no_bad_line", a_line_that_damage_cuts_off_is_no_bad_line},
    {"what_unpacks_to_much_more_is_read_in_pieces", what_unpacks_to_much_more_is_read_in_pieces},
    {"bad_lines_are_counted_and_named", bad_lines_are_counted_and_named},
    {"troubles_are_one_line_whatever_the_name", troubles_are_one_line_whatever_the_name},
    {"files_that_change_are_the_machines_fault", files_that_change_are_the_machines_fault},
    {"a_disk_that_fails_is_named", a_disk_that_fails_is_named},
    {NULL, NULL},
};
