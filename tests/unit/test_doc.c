#include "core/doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hardware.h"
#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "doc";

static vsh_error err;

static vsh_status parse(const char *bytes, size_t length, vsh_doc *doc)
{
    err.text[0] = '\0';
    return vsh_doc_parse(vsh_test_arena(), "f.yaml", bytes, length, doc, &err);
}

/* A hostile text: refused as the user's mistake, at the place, for the reason. */
static void check_refused(const char *text, const char *place, const char *reason)
{
    vsh_doc doc;
    vsh_status status = parse(text, strlen(text), &doc);

    CHECK_INT(status, VSH_EINPUT);
    CHECK_HAS(err.text, place);
    CHECK_HAS(err.text, reason);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void a_map_keeps_keys_values_and_their_places(void)
{
    vsh_doc doc = vsh_test_doc("# a comment\n"
                               "name: TPU v5e\n"
                               "peak: {bf16: 197 TFLOP/s, int8: \"393\"}\n"
                               "list:\n"
                               "  - one\n"
                               "  - [2, 3]\n");
    const vsh_node *peak = vsh_node_get(doc.root, "peak"), *list = vsh_node_get(doc.root, "list");

    CHECK_TEXT(doc.path, "test.yaml");
    CHECK_INT(doc.root->kind, VSH_NODE_MAP);
    CHECK_INT(doc.root->child_count, 3);
    CHECK_TEXT(vsh_node_get(doc.root, "name")->text, "TPU v5e");
    REQUIRE(peak && list);
    CHECK_INT(peak->line, 3);
    CHECK_INT(peak->column, 7);
    CHECK_INT(peak->key_line, 3);
    CHECK_INT(peak->key_column, 1);
    CHECK_INT(vsh_node_get(peak, "int8")->column, 33);
    CHECK_INT(vsh_node_get(peak, "int8")->key_column, 27);
    CHECK(vsh_node_get(peak, "int8")->quoted);
    CHECK(!vsh_node_get(peak, "bf16")->quoted);
    CHECK_INT(list->kind, VSH_NODE_LIST);
    CHECK_INT(list->child_count, 2);
    CHECK_TEXT(list->first->text, "one");
    CHECK(list->first->key == NULL);
    CHECK_INT(list->last->kind, VSH_NODE_LIST);
    CHECK_INT(list->last->child_count, 2);
    CHECK(vsh_node_get(doc.root, "absent") == NULL);
}

static void json_is_read_however_it_is_spaced(void)
{
    static const char *const texts[] = {
        "{\"a\":1,\"b\":{\"c\":[true,null,\"x\"]}}",
        "{\"a\": 1, \"b\": {\"c\": [true, null, \"x\"]}}",
        "{\n\t\"a\" :\t1 ,\n\t\"b\" : {\n\t\t\"c\" : [ true , null , \"x\" ]\n\t}\n}\n",
        "{\r\n  \"a\": 1,\r\n  \"b\": {\"c\": [true, null, \"x\"]}\r\n}\r\n",
        "\xef\xbb\xbf{\"a\":1,\"b\":{\"c\":[true,null,\"x\"]}}"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        vsh_doc doc = vsh_test_doc(texts[i]);
        const vsh_node *list = vsh_node_get(vsh_node_get(doc.root, "b"), "c");
        CHECK_TEXT(vsh_node_get(doc.root, "a")->text, "1");
        CHECK_INT(list->child_count, 3);
        CHECK_TEXT(list->first->text, "true");
        CHECK(vsh_node_is_null(list->first->next));
        CHECK(list->last->quoted);
    }
}

static void json_escapes_are_undone(void)
{
    vsh_doc doc = vsh_test_doc("{\"a\": \"q\\\" b\\\\ s\\/ u\\u00fc\"}");

    CHECK_TEXT(doc.root->first->text, "q\" b\\ s/ uü");
}

static void line_breaks_and_tabs_in_a_text_are_blanks(void)
{
    vsh_doc doc = vsh_test_doc("a: \"x\\ny\\tz\"\n\"k\\n\": |\n  first\n  second\n");

    CHECK_TEXT(vsh_node_get(doc.root, "a")->text, "x y z");
    CHECK_TEXT(vsh_node_get(doc.root, "k ")->text, "first second ");
}

static void null_is_a_plain_null_a_tilde_or_nothing(void)
{
    vsh_doc doc = vsh_test_doc("a: null\nb: ~\nc:\nd: \"null\"\ne: ''\nf: Null\ng: 0\nh: []\n");

    CHECK(vsh_node_is_null(vsh_node_get(doc.root, "a")));
    CHECK(vsh_node_is_null(vsh_node_get(doc.root, "b")));
    CHECK(vsh_node_is_null(vsh_node_get(doc.root, "c")));
    CHECK(!vsh_node_is_null(vsh_node_get(doc.root, "d")));
    CHECK(!vsh_node_is_null(vsh_node_get(doc.root, "e")));
    CHECK(!vsh_node_is_null(vsh_node_get(doc.root, "g")));
    CHECK(!vsh_node_is_null(vsh_node_get(doc.root, "h")));
}

static void windows_line_ends_change_nothing(void)
{
    vsh_doc doc = vsh_test_doc("name: x\r\npeak:\r\n  bf16: 1 TFLOP/s\r\n");

    CHECK_TEXT(vsh_node_get(doc.root, "name")->text, "x");
    CHECK_TEXT(vsh_node_get(vsh_node_get(doc.root, "peak"), "bf16")->text, "1 TFLOP/s");
    CHECK_INT(vsh_node_get(doc.root, "peak")->key_line, 2);
}

/* Windows editors put one in front of every UTF-8 file. */
static void a_byte_order_mark_changes_nothing(void)
{
    vsh_doc doc = vsh_test_doc("\xef\xbb\xbf"
                               "name: x\npeak: {bf16: 1 TFLOP/s}\n");

    CHECK_TEXT(vsh_node_get(doc.root, "name")->text, "x");
    CHECK_INT(doc.root->child_count, 2);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void a_key_given_twice_is_refused_where_it_stands_again(void)
{
    check_refused("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: ", "a: given twice, first on line 1");
    check_refused("{\"peak\": {\"bf16\": 1,\n \"bf16\": 2}}", "f.yaml:2:2: ",
                  "bf16: given twice, first on line 1");
    check_refused("a: 1\n\"a\": 2\n", "f.yaml:2:1: ", "given twice");
}

static void the_same_key_in_two_maps_is_fine(void)
{
    vsh_doc doc = vsh_test_doc("a: {x: 1}\nb: {x: 2}\n");

    CHECK_TEXT(vsh_node_get(vsh_node_get(doc.root, "b"), "x")->text, "2");
}

static void anchors_and_aliases_are_refused(void)
{
    check_refused("a: &x 1\n", "f.yaml:1:4: ", "anchors");
    check_refused("a: &x [1]\n", "f.yaml:1:4: ", "anchors");
    check_refused("a: &x {b: 1}\n", "f.yaml:1:4: ", "anchors");
    check_refused("&k a: 1\n", "f.yaml:1:1: ", "anchors");
    check_refused("b: 1\na: *x\n", "f.yaml:2:4: ", "aliases");
    check_refused("a:\n  <<: *base\n", "f.yaml:2:7: ", "aliases");
    check_refused("a: &x [1, *x]\n", "f.yaml:1:4: ", "anchors"); /* cyclic */
    check_refused("&a [*a]\n", "f.yaml:1:1: ", "anchors");
}

static void an_alias_bomb_is_refused_at_its_first_anchor(void)
{
    check_refused("a: &a [x, x, x, x, x, x, x, x, x]\n"
                  "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
                  "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n",
                  "f.yaml:1:4: ", "anchors");
}

static void a_second_document_is_refused(void)
{
    check_refused("a: 1\n---\nb: 2\n", "f.yaml:2:1: ", "a second document");
    check_refused("a: 1\n---\n", "f.yaml:2:1: ", "a second document");
    check_refused("a: 1\n...\n---\nb: 1\n", "f.yaml:3:1: ", "a second document");
}

/* count copies of piece. */
static char *repeat(const char *piece, size_t count, size_t *length)
{
    size_t piece_length = strlen(piece);
    char *text = vsh_alloc(vsh_test_arena(), piece_length * count + 1, 1);

    REQUIRE(text != NULL);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * piece_length, piece, piece_length);
    *length = piece_length * count;
    return text;
}

/* Time of the processor: a busy machine does not make it longer. */
static double processor_s(void) { return (double)clock() / CLOCKS_PER_SEC; }

static void ten_thousand_levels_are_refused_at_once(void)
{
    static const char *const pieces[] = {"[", "{a: ", "- ", "? ", "[{", "{\"a\":"};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        double start = processor_s();
        size_t length;
        char *text = repeat(pieces[i], 10000, &length);
        vsh_doc doc;
        CHECK_INT(parse(text, length, &doc), VSH_EINPUT);
        CHECK_HAS(err.text, "f.yaml:1:");
        CHECK(processor_s() - start < 0.5);
    }
}

static void indented_levels_are_refused_at_the_same_depth(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_doc doc;

    for (int level = 0; level < 1000; level++)
        vsh_text_add(&text, "%*sa:\n", level, "");
    CHECK_INT(parse(text.data, text.length, &doc), VSH_EINPUT);
    CHECK_HAS(err.text, "nested more than 64 deep");
    CHECK_HAS(err.text, "f.yaml:65:65: ");
}

static void sixty_four_levels_are_read_and_one_more_is_not(void)
{
    char text[2 * (VSH_DOC_DEPTH_MAX + 1)];
    vsh_doc doc;

    memset(text, '[', VSH_DOC_DEPTH_MAX);
    memset(text + VSH_DOC_DEPTH_MAX, ']', VSH_DOC_DEPTH_MAX);
    CHECK_OK(parse(text, 2 * VSH_DOC_DEPTH_MAX, &doc), &err);
    memset(text, '[', VSH_DOC_DEPTH_MAX + 1);
    memset(text + VSH_DOC_DEPTH_MAX + 1, ']', VSH_DOC_DEPTH_MAX + 1);
    CHECK_FAILS(parse(text, sizeof text, &doc), &err, VSH_EINPUT,
                "f.yaml:1:65: nested more than 64 deep");
}

static void too_many_values_are_refused(void)
{
    size_t length;
    char *text = repeat("- 1\n", VSH_DOC_NODES_MAX + 1, &length);
    vsh_doc doc;

    CHECK_FAILS(parse(text, length, &doc), &err, VSH_EINPUT, "more than 100,000 values");
    CHECK_HAS(err.text, "f.yaml:100000:");
    CHECK_OK(parse(text, length - 8, &doc), &err); /* and the list itself: just enough */
    CHECK_INT(doc.root->child_count, VSH_DOC_NODES_MAX - 1);
}

/* Each key is looked up among those before it: without a limit a full file takes most of a minute. */
static void a_map_has_at_most_1024_keys(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    double start;
    vsh_doc doc;

    for (int i = 0; i < VSH_DOC_KEYS_MAX; i++)
        vsh_text_add(&text, "k%d: 1\n", i);
    CHECK_OK(parse(text.data, text.length, &doc), &err);
    CHECK_INT(doc.root->child_count, VSH_DOC_KEYS_MAX);
    for (int i = VSH_DOC_KEYS_MAX; i < 90000; i++)
        vsh_text_add(&text, "k%d: 1\n", i);
    start = processor_s();
    CHECK_FAILS(parse(text.data, text.length, &doc), &err, VSH_EINPUT,
                "f.yaml:1025:1: more than 1,024 keys in one map");
    CHECK(processor_s() - start < 0.5);
}

static void many_maps_of_many_keys_take_less_than_a_second_of_the_processor(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    double start;
    vsh_doc doc;

    for (int map = 0; map < 90; map++) {
        vsh_text_add(&text, "- k0: 1\n");
        for (int i = 1; i < VSH_DOC_KEYS_MAX; i++)
            vsh_text_add(&text, "  k%d: 1\n", i);
    }
    text.length = text.length < VSH_DOC_BYTES_MAX ? text.length : VSH_DOC_BYTES_MAX;
    start = processor_s();
    parse(text.data, text.length, &doc);
    CHECK(processor_s() - start < 1);
}

static void a_nul_byte_is_refused_wherever_it_stands(void)
{
    static const char text[] = "name: x\nkind: tpu\n";
    vsh_doc doc;

    for (size_t at = 0; at < sizeof text - 1; at++) {
        char broken[sizeof text];
        memcpy(broken, text, sizeof text);
        broken[at] = '\0';
        CHECK_FAILS(parse(broken, sizeof text - 1, &doc), &err, VSH_EINPUT, "f.yaml: a binary file");
    }
    check_refused("a: \"x\\0y\"\n", "f.yaml:1:4: ", "a NUL in a text");
    check_refused("\"a\\0b\": 1\n", "f.yaml:1:1: ", "a NUL in a");
}

static void a_binary_file_is_refused(void)
{
    static const char elf[] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0";
    char noise[4096];
    vsh_doc doc;

    CHECK_FAILS(parse(elf, sizeof elf - 1, &doc), &err, VSH_EINPUT, "binary");
    for (unsigned seed = 1; seed <= 200; seed++) {
        unsigned state = seed * 2654435761u;
        for (size_t i = 0; i < sizeof noise; i++) {
            state = state * 1664525u + 1013904223u;
            noise[i] = (char)(state >> 24);
            if (!noise[i])
                noise[i] = 1;
        }
        CHECK_INT(parse(noise, sizeof noise, &doc), VSH_EINPUT);
        CHECK_HAS(err.text, "f.yaml:");
    }
}

static void other_encodings_are_refused(void)
{
    static const char utf16le[] = "\xff\xfe"
                                  "a\0:\0 \0001\0\n\0",
                      utf16be[] = "\xfe\xff\0a\0:\0 \0001\0\n",
                      utf32le[] = "\xff\xfe\0\0a\0\0\0";
    vsh_doc doc;

    CHECK_INT(parse(utf16le, sizeof utf16le - 1, &doc), VSH_EINPUT);
    CHECK_HAS(err.text, "f.yaml: ");
    CHECK_INT(parse(utf16be, sizeof utf16be - 1, &doc), VSH_EINPUT);
    CHECK_INT(parse(utf32le, sizeof utf32le - 1, &doc), VSH_EINPUT);
    CHECK_INT(parse("\xff\xfe\x61\x4e\x3a\x4e", 6, &doc), VSH_EINPUT); /* UTF-16 without a NUL */
}

static void a_byte_that_is_not_utf8_is_refused_where_it_stands(void)
{
    check_refused("name: x\nnote: caf\xe9 au lait\nkind: tpu\n", "f.yaml:2:", "UTF-8");
    check_refused("a: 1\nb: 2\nc: \xc0\xaf\n", "f.yaml:3:", "");
    check_refused("a: 1\nb: \x01\n", "f.yaml:2:", "control characters are not allowed");
}

static void an_empty_file_says_so(void)
{
    check_refused("", "f.yaml:1:1: ", "empty");
    check_refused("\n\n  \n", "f.yaml:1:1: ", "empty");
    check_refused("# only a comment\n# and another\n", "f.yaml:1:1: ", "empty");
    check_refused("\xef\xbb\xbf", "f.yaml:1:1: ", "empty");
    check_refused("%YAML 1.1\n", "f.yaml:", "");
}

static void a_megabyte_is_the_limit(void)
{
    size_t length;
    char *text = repeat("# 34567890123456", VSH_DOC_BYTES_MAX / 16 + 1, &length);
    vsh_doc doc;

    memcpy(text, "a: 1\n#", 6);
    CHECK_OK(parse(text, VSH_DOC_BYTES_MAX, &doc), &err);
    CHECK_FAILS(parse(text, VSH_DOC_BYTES_MAX + 1, &doc), &err, VSH_EINPUT, "larger than 1 MiB");
    CHECK_HAS(err.text, "f.yaml");
}

static void a_megabyte_in_one_scalar_is_read_within_a_second(void)
{
    size_t length;
    char *text = repeat("x", VSH_DOC_BYTES_MAX, &length);
    double start = processor_s();
    vsh_doc doc;

    memcpy(text, "a: ", 3);
    parse(text, length, &doc);
    memcpy(text, "\"a\"", 3);
    parse(text, length, &doc);
    CHECK(processor_s() - start < 1);
}

static void broken_syntax_is_refused_with_its_place(void)
{
    check_refused("a: [1, 2\nb: 3\n", "f.yaml:2:", "");
    check_refused("a: {b: 1\n", "f.yaml:2:1: ", "");
    check_refused("a: 1\n b: 2\n", "f.yaml:2:", "");
    check_refused("a: 'x\n", "f.yaml:", "");
    check_refused("a: 1\n\tb: 2\n", "f.yaml:2:", "");
    check_refused("{\"a\": 1,\n\"b\": }}", "f.yaml:2:", "");
    check_refused("a: @x\n", "f.yaml:1:4: ", "");
    check_refused("a: %x\n", "f.yaml:1:4: ", "");
    check_refused("]", "f.yaml:1:1: ", "");
    check_refused("a: \"\\q\"\n", "f.yaml:1:", "");
}

static void a_list_or_map_is_no_key(void)
{
    check_refused("? [a, b]\n: 1\n", "f.yaml:1:3: ", "expected a key, got a list or a map");
    check_refused("{{a: 1}: 2}\n", "f.yaml:1:2: ", "expected a key");
}

/* A valid profile cut after each of its bytes: read or refused, never a crash, and what is refused
 * says where. */
static void a_file_truncated_at_any_byte_is_read_or_refused(void)
{
    static char whole[VSH_DOC_BYTES_MAX];
    FILE *file = fopen("hwprofiles/tpu-v5e.yaml", "r");
    size_t length, refused = 0;

    REQUIRE(file != NULL);
    length = fread(whole, 1, sizeof whole, file);
    fclose(file);
    REQUIRE(length > 1000);
    for (size_t cut = 0; cut <= length; cut++) {
        vsh_arena arena = {0};
        vsh_hardware hardware;
        vsh_doc doc;
        char *copy = malloc(cut ? cut : 1); /* so that a byte read too far is found */
        vsh_status status;
        REQUIRE(copy != NULL);
        memcpy(copy, whole, cut);
        status = vsh_doc_parse(&arena, "f.yaml", copy, cut, &doc, &err);
        free(copy);
        if (status == VSH_OK)
            status = vsh_hardware_from_doc(&doc, &hardware, &err);
        if (status != VSH_OK) {
            refused++;
            if (status != VSH_EINPUT || strncmp(err.text, "f.yaml:", 7) != 0)
                CHECK_TEXT(err.text, "a message that begins with the file");
        }
        vsh_arena_free(&arena);
    }
    CHECK(refused > length / 2);
}

/* Every byte of the profile replaced by bytes that mean something to YAML. */
static void a_file_with_any_byte_changed_is_read_or_refused(void)
{
    static const char meant[] = "[{\"'&*#:-\t\n\\%\xff";
    static char whole[VSH_DOC_BYTES_MAX];
    FILE *file = fopen("hwprofiles/laptop.yaml", "r");
    size_t length;

    REQUIRE(file != NULL);
    length = fread(whole, 1, sizeof whole, file);
    fclose(file);
    for (size_t at = 0; at < length; at++) {
        vsh_arena arena = {0};
        vsh_hardware hardware;
        vsh_doc doc;
        char kept = whole[at];
        vsh_status status;
        whole[at] = meant[at % (sizeof meant - 1)];
        status = vsh_doc_parse(&arena, "f.yaml", whole, length, &doc, &err);
        if (status == VSH_OK)
            status = vsh_hardware_from_doc(&doc, &hardware, &err);
        CHECK(status == VSH_OK || status == VSH_EINPUT);
        whole[at] = kept;
        vsh_arena_free(&arena);
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static void a_file_is_read_like_its_text(void)
{
    vsh_doc doc;

    REQUIRE_OK(vsh_doc_read(vsh_test_arena(), "hwprofiles/tpu-v5e.yaml", &doc, &err), &err);
    CHECK_TEXT(vsh_node_get(doc.root, "name")->text, "TPU v5e");
    CHECK_TEXT(doc.path, "hwprofiles/tpu-v5e.yaml");
}

static void what_is_no_readable_file_is_refused_by_name(void)
{
    char fifo[64];
    vsh_doc doc;

    CHECK_FAILS(vsh_doc_read(vsh_test_arena(), "no/such/file.yaml", &doc, &err), &err, VSH_EINPUT,
                "no/such/file.yaml: No such file");
    CHECK_FAILS(vsh_doc_read(vsh_test_arena(), "hwprofiles", &doc, &err), &err, VSH_EINPUT,
                "hwprofiles: expected a text file, found a folder");
    CHECK_FAILS(vsh_doc_read(vsh_test_arena(), "", &doc, &err), &err, VSH_EINPUT, "No such file");
    CHECK_FAILS(vsh_doc_read(vsh_test_arena(), "/dev/zero", &doc, &err), &err, VSH_EINPUT,
                "not a regular file");
    snprintf(fifo, sizeof fifo, "/tmp/vsh-doc-%ld.fifo", (long)getpid());
    REQUIRE(mkfifo(fifo, 0600) == 0);
    CHECK_FAILS(vsh_doc_read(vsh_test_arena(), fifo, &doc, &err), &err, VSH_EINPUT,
                "not a regular file");
    unlink(fifo);
}

static void a_file_over_the_limit_is_refused_without_reading_on(void)
{
    char path[64];
    FILE *file;
    vsh_doc doc;

    snprintf(path, sizeof path, "/tmp/vsh-doc-%ld.yaml", (long)getpid());
    file = fopen(path, "w");
    REQUIRE(file != NULL);
    fputs("a: 1\n", file);
    REQUIRE(fseek(file, 3L << 30, SEEK_SET) == 0); /* a sparse 3 GiB */
    fputs("\n", file);
    fclose(file);
    CHECK_FAILS(vsh_doc_read(vsh_test_arena(), path, &doc, &err), &err, VSH_EINPUT,
                "larger than 1 MiB");
    unlink(path);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void a_message_names_file_line_column_key_and_what_was_found(void)
{
    vsh_doc doc = vsh_test_doc("memory:\n  bandwidth: 3.35 TB\n  list: [1]\n");
    const vsh_node *memory = vsh_node_get(doc.root, "memory");

    CHECK_INT(vsh_doc_expected(&doc, vsh_node_get(memory, "bandwidth"), &err, "a rate such as %s",
                               "\"3.35 TB/s\""),
              VSH_EINPUT);
    CHECK_TEXT(err.text, "test.yaml:2:14: bandwidth: expected a rate such as \"3.35 TB/s\", "
                         "got \"3.35 TB\"");
    vsh_doc_expected(&doc, vsh_node_get(memory, "list"), &err, "a number");
    CHECK_TEXT(err.text, "test.yaml:3:9: list: expected a number, got a list");
    vsh_doc_expected(&doc, doc.root, &err, "a number");
    CHECK_TEXT(err.text, "test.yaml:1:1: expected a number, got a map");
    vsh_doc_wrong(&doc, memory, &err, "no %s", "good");
    CHECK_TEXT(err.text, "test.yaml:2:3: memory: no good");
}

static void long_values_and_paths_do_not_crowd_out_the_reason(void)
{
    size_t path_length, value_length;
    char *path = repeat("deep/", 400, &path_length), *value = repeat("v", 5000, &value_length);
    vsh_text text = {.arena = vsh_test_arena()};
    vsh_doc doc;

    vsh_text_add(&text, "%s: %s\n", repeat("k", 200, &path_length), value);
    REQUIRE_OK(vsh_doc_parse(vsh_test_arena(), path, text.data, text.length, &doc, &err), &err);
    vsh_doc_expected(&doc, doc.root->first, &err, "a whole number");
    CHECK_HAS(err.text, "expected a whole number, got \"vvv");
}

/* Characters that move a cursor or turn the order of letters have no place in a description. */
static void control_characters_are_refused_where_they_stand(void)
{
    static const char *const texts[] = {
        "a: 1\nb: \"\\e[31mred\"\n", "a: 1\nb: \"\\a\"\n",   "a: 1\nb: \"\\x7f\"\n",
        "a: 1\nb: \"\\x9b2J\"\n",     "a: 1\nb: \"\\u0080\"\n", "a: 1\nb: \"\\u202e\"\n",
        "a: 1\nb: \xe2\x80\xae" "x\n",  "a: 1\nb: \xe2\x81\xa6x\n", "a: 1\nb: x\xe2\x80\x8f\n"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_refused(texts[i], "f.yaml:2:4: ", "control character");
        for (const char *c = err.text; *c; c++)
            CHECK((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f);
    }
    check_refused("a: 1\n\"\\e\": 2\n", "f.yaml:2:1: ", "control character");
}

static void letters_of_all_languages_are_no_control_characters(void)
{
    vsh_doc doc = vsh_test_doc("a: Z\xc3\xbcrich \xc2\xa0 \xe2\x80\x93 \xe6\x97\xa5 "
                               "\xf0\x9f\x8e\x89 \xe2\x81\xa0\n");

    CHECK_HAS(doc.root->first->text, "\xe6\x97\xa5");
}

static void format_characters_in_a_file_are_data(void)
{
    vsh_doc doc = vsh_test_doc("\"%s%n\": \"%d%n%s\"\n");

    vsh_doc_expected(&doc, doc.root->first, &err, "a number");
    CHECK_TEXT(err.text, "test.yaml:1:9: %s%n: expected a number, got \"%d%n%s\"");
}

const vsh_test vsh_tests[] = {
    {"a_map_keeps_keys_values_and_their_places", a_map_keeps_keys_values_and_their_places},
    {"json_is_read_however_it_is_spaced", json_is_read_however_it_is_spaced},
    {"json_escapes_are_undone", json_escapes_are_undone},
    {"line_breaks_and_tabs_in_a_text_are_blanks", line_breaks_and_tabs_in_a_text_are_blanks},
    {"null_is_a_plain_null_a_tilde_or_nothing", null_is_a_plain_null_a_tilde_or_nothing},
    {"windows_line_ends_change_nothing", windows_line_ends_change_nothing},
    {"a_byte_order_mark_changes_nothing", a_byte_order_mark_changes_nothing},
    {"a_key_given_twice_is_refused_where_it_stands_again",
     a_key_given_twice_is_refused_where_it_stands_again},
    {"the_same_key_in_two_maps_is_fine", the_same_key_in_two_maps_is_fine},
    {"anchors_and_aliases_are_refused", anchors_and_aliases_are_refused},
    {"an_alias_bomb_is_refused_at_its_first_anchor", an_alias_bomb_is_refused_at_its_first_anchor},
    {"a_second_document_is_refused", a_second_document_is_refused},
    {"ten_thousand_levels_are_refused_at_once", ten_thousand_levels_are_refused_at_once},
    {"indented_levels_are_refused_at_the_same_depth",
     indented_levels_are_refused_at_the_same_depth},
    {"sixty_four_levels_are_read_and_one_more_is_not",
     sixty_four_levels_are_read_and_one_more_is_not},
    {"too_many_values_are_refused", too_many_values_are_refused},
    {"a_map_has_at_most_1024_keys", a_map_has_at_most_1024_keys},
    {"many_maps_of_many_keys_take_less_than_a_second_of_the_processor",
     many_maps_of_many_keys_take_less_than_a_second_of_the_processor},
    {"a_nul_byte_is_refused_wherever_it_stands", a_nul_byte_is_refused_wherever_it_stands},
    {"a_binary_file_is_refused", a_binary_file_is_refused},
    {"other_encodings_are_refused", other_encodings_are_refused},
    {"a_byte_that_is_not_utf8_is_refused_where_it_stands",
     a_byte_that_is_not_utf8_is_refused_where_it_stands},
    {"an_empty_file_says_so", an_empty_file_says_so},
    {"a_megabyte_is_the_limit", a_megabyte_is_the_limit},
    {"a_megabyte_in_one_scalar_is_read_within_a_second",
     a_megabyte_in_one_scalar_is_read_within_a_second},
    {"broken_syntax_is_refused_with_its_place", broken_syntax_is_refused_with_its_place},
    {"a_list_or_map_is_no_key", a_list_or_map_is_no_key},
    {"a_file_truncated_at_any_byte_is_read_or_refused",
     a_file_truncated_at_any_byte_is_read_or_refused},
    {"a_file_with_any_byte_changed_is_read_or_refused",
     a_file_with_any_byte_changed_is_read_or_refused},
    {"a_file_is_read_like_its_text", a_file_is_read_like_its_text},
    {"what_is_no_readable_file_is_refused_by_name", what_is_no_readable_file_is_refused_by_name},
    {"a_file_over_the_limit_is_refused_without_reading_on",
     a_file_over_the_limit_is_refused_without_reading_on},
    {"a_message_names_file_line_column_key_and_what_was_found",
     a_message_names_file_line_column_key_and_what_was_found},
    {"long_values_and_paths_do_not_crowd_out_the_reason",
     long_values_and_paths_do_not_crowd_out_the_reason},
    {"control_characters_are_refused_where_they_stand",
     control_characters_are_refused_where_they_stand},
    {"letters_of_all_languages_are_no_control_characters",
     letters_of_all_languages_are_no_control_characters},
    {"format_characters_in_a_file_are_data", format_characters_in_a_file_are_data},
    {NULL, NULL}};
