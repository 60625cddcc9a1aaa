#include "trainer/base/safetensors.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "safetensors";

static vsh_error err;
static vsh_safetensors file;
static char folder[64], path[256];

static const char *scratch_file(const char *name)
{
    snprintf(folder, sizeof folder, "/tmp/vsh-safetensors-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void remove_scratch(void)
{
    unlink(path);
    CHECK(rmdir(folder) == 0); /* nothing else is left */
}

/* A buffer of exactly this length, so that a sanitizer sees a byte too far. */
static char *exact(const void *bytes, size_t length)
{
    char *copy = vsh_alloc(vsh_test_arena(), 1, length + 64);

    REQUIRE(copy != NULL);
    return memcpy(copy, bytes, length);
}

static vsh_status parse_bytes(const void *bytes, size_t length)
{
    return vsh_safetensors_parse(vsh_test_arena(), "x", exact(bytes, length), (int64_t)length,
                                 &file, &err);
}

/* The file of this header and so many bytes of data: 1, 2, 3, ... */
static vsh_status parse(const char *header, size_t data_bytes)
{
    vsh_text text = {.arena = vsh_test_arena()};
    uint64_t length = strlen(header);

    vsh_text_put(&text, (const char *)&length, sizeof length);
    vsh_text_put(&text, header, length);
    for (size_t i = 1; i <= data_bytes; i++)
        vsh_text_put(&text, (const char[]){(char)i}, 1);
    return parse_bytes(text.data, text.length);
}

/* ---- round trips --------------------------------------------------------------------------- */

static const unsigned char bytes[64] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};

static const vsh_safetensor samples[] = {
    {"b", "F32", 2, {2, 3}, 24, bytes},
    {"a", "F32", 1, {2}, 8, bytes + 8},
    {"scalar", "F64", 0, {0}, 8, bytes + 16},
    {"codes", "U8", 1, {3}, 3, bytes + 1},
    {"half", "BF16", 3, {1, 5, 1}, 10, bytes + 2},
    {"empty", "F32", 2, {4, 0}, 0, NULL},
    {"also empty", "U8", 1, {0}, 0, NULL},
    {"-odd \"name\" \\ \n\t \xc3\xa9 \x7f", "I64", 8, {1, 1, 1, 1, 1, 1, 1, 2}, 16, bytes + 5},
    {"", "I8", 1, {1}, 1, bytes + 7},
    {"steps", "I64", 1, {1}, 8, bytes + 9},
    {"flag", "BOOL", 1, {2}, 2, bytes},
    {"tiny", "F8_E4M3", 1, {5}, 5, bytes + 3},
};
enum { SAMPLES = sizeof samples / sizeof samples[0] };

static void check_same(const vsh_safetensor *got, const vsh_safetensor *want)
{
    REQUIRE(got != NULL);
    CHECK_TEXT(got->name, want->name);
    CHECK_TEXT(got->dtype, want->dtype);
    CHECK_INT(got->rank, want->rank);
    for (int i = 0; i < want->rank; i++)
        CHECK_INT(got->shape[i], want->shape[i]);
    CHECK_INT(got->bytes, want->bytes);
    CHECK(want->bytes == 0 || memcmp(got->data, want->data, (size_t)want->bytes) == 0);
    CHECK((uintptr_t)got->data % (uintptr_t)vsh_dtype_bytes(got->dtype) == 0);
}

static void what_is_written_is_read_back(void)
{
    scratch_file("model.safetensors");
    REQUIRE_OK(vsh_safetensors_write(vsh_test_arena(), path, samples, SAMPLES, &err), &err);
    REQUIRE_OK(vsh_safetensors_open(vsh_test_arena(), path, &file, &err), &err);
    CHECK_INT(file.count, SAMPLES);
    CHECK_INT(file.head_bytes % 8, 0);
    for (int i = 0; i < SAMPLES; i++)
        check_same(vsh_safetensors_find(&file, samples[i].name), &samples[i]);
    CHECK(vsh_safetensors_find(&file, "c") == NULL);
    CHECK(vsh_safetensors_find(&file, "__metadata__") == NULL);
    vsh_safetensors_close(&file);
    vsh_safetensors_close(&file);
    CHECK(vsh_safetensors_find(&file, "b") == NULL);
    remove_scratch();
}

static void files_are_laid_out_by_descending_dtype_then_name(void)
{
    static const char *const order[] = {"-odd \"name\" \\ \n\t \xc3\xa9 \x7f",
                                        "steps",
                                        "scalar",
                                        "a",
                                        "b",
                                        "empty",
                                        "half",
                                        "tiny",
                                        "",
                                        "also empty",
                                        "codes",
                                        "flag"};

    scratch_file("x");
    REQUIRE_OK(vsh_safetensors_write(vsh_test_arena(), path, samples, SAMPLES, &err), &err);
    REQUIRE_OK(vsh_safetensors_open(vsh_test_arena(), path, &file, &err), &err);
    for (int i = 0; i < SAMPLES; i++)
        CHECK_TEXT(file.item[i].name, order[i]);
    vsh_safetensors_close(&file);
    remove_scratch();
}

static void the_bytes_of_a_file_are_those_of_the_format(void)
{
    static const char header[] = "{\"__metadata__\":{\"format\":\"pt\"},"
                                 "\"attn.0\":{\"dtype\":\"F32\",\"shape\":[1,2,1],"
                                 "\"data_offsets\":[0,8]},"
                                 "\"x\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[8,9]}}";
    static const vsh_safetensor tensors[] = {{"x", "U8", 0, {0}, 1, "!"},
                                             {"attn.0", "F32", 3, {1, 2, 1}, 8, bytes}};
    char expected[256], found[256];
    size_t padded = (sizeof header - 1 + 7) / 8 * 8;
    FILE *stream;

    memset(expected, ' ', sizeof expected);
    memcpy(expected, (uint64_t[]){padded}, 8);
    memcpy(expected + 8, header, sizeof header - 1);
    memcpy(expected + 8 + padded, bytes, 8);
    expected[8 + padded + 8] = '!';
    scratch_file("x");
    REQUIRE_OK(vsh_safetensors_write(vsh_test_arena(), path, tensors, 2, &err), &err);
    stream = fopen(path, "rb");
    REQUIRE(stream != NULL);
    CHECK(fread(found, 1, sizeof found, stream) == 8 + padded + 9);
    fclose(stream);
    CHECK(memcmp(found, expected, 8 + padded + 9) == 0);
    remove_scratch();
}

static void a_file_without_tensors_is_a_file(void)
{
    scratch_file("x");
    REQUIRE_OK(vsh_safetensors_write(vsh_test_arena(), path, NULL, 0, &err), &err);
    REQUIRE_OK(vsh_safetensors_open(vsh_test_arena(), path, &file, &err), &err);
    CHECK_INT(file.count, 0);
    CHECK(vsh_safetensors_find(&file, "a") == NULL);
    vsh_safetensors_close(&file);
    remove_scratch();
    CHECK_OK(parse("{}      ", 0), &err);
}

static void dtypes_have_their_widths(void)
{
    CHECK_INT(vsh_dtype_bytes("F32"), 4);
    CHECK_INT(vsh_dtype_bytes("BF16"), 2);
    CHECK_INT(vsh_dtype_bytes("BOOL"), 1);
    CHECK_INT(vsh_dtype_bytes("U64"), 8);
    CHECK_INT(vsh_dtype_bytes("F4"), 0);
    CHECK_INT(vsh_dtype_bytes("f32"), 0);
    CHECK_INT(vsh_dtype_bytes(""), 0);
}

static void foreign_layouts_are_read_and_their_tensors_aligned(void)
{
    /* names out of order, the second tensor at an odd byte, a header of odd length */
    REQUIRE_OK(parse("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[3,11]},"
                     "\"v\":{\"shape\":[3],\"data_offsets\":[0,3],\"dtype\":\"U8\"},"
                     "\"__metadata__\":{\"made\":\"elsewhere\"}}  ",
                     11),
               &err);
    CHECK_INT(file.count, 2);
    check_same(&file.item[0], &(vsh_safetensor){"v", "U8", 1, {3}, 3, "\1\2\3"});
    check_same(&file.item[1], &(vsh_safetensor){"w", "F32", 1, {2}, 8, "\4\5\6\7\10\11\12\13"});
}

/* ---- refusals ------------------------------------------------------------------------------ */

#define TENSOR(dtype, shape, offsets)                                                              \
    "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void malformed_headers_are_refused_by_name(void)
{
    static const struct {
        const char *header;
        size_t data_bytes;
        const char *message;
    } cases[] = {
        {"[]", 0, "x: the header does not begin with \"{\""},
        {" {}", 0, "does not begin with \"{\""},
        {"", 0, "does not begin with \"{\""},
        {"{", 0, "x: header:1:"},
        {"{}}", 0, "end of file expected"},
        {"{\"a\":1}", 0, "tensor \"a\": expected dtype, shape and data_offsets"},
        {"{\"a\":[]}", 0, "tensor \"a\": expected dtype"},
        {"{\"a\":{}}", 0, "tensor \"a\": expected dtype"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "expected dtype"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", 1,
         "and no more"},
        {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
         "duplicate"},
        {"{\"a\xff\":{}}", 0, "unable to decode byte 0xff"},
        {"{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
         "NUL byte in object key"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
         2, "duplicate object key"},
        {"{\"__metadata__\":1}", 0, "__metadata__: expected an object of texts"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__: expected an object of texts"},
        {TENSOR("\"F33\"", "[1]", "[0,4]"), 4, "unknown dtype \"F33\""},
        {TENSOR("\"f32\"", "[1]", "[0,4]"), 4, "unknown dtype \"f32\""},
        {TENSOR("\"\"", "[1]", "[0,4]"), 4, "unknown dtype \"\""},
        {TENSOR("1", "[1]", "[0,4]"), 4, "expected dtype"},
        {TENSOR("\"F32\"", "1", "[0,4]"), 4, "expected dtype"},
        {TENSOR("\"F32\"", "[1.0]", "[0,4]"), 4, "shape: expected whole numbers"},
        {TENSOR("\"F32\"", "[\"1\"]", "[0,4]"), 4, "shape: expected whole numbers"},
        {TENSOR("\"F32\"", "[-1]", "[0,4]"), 4, "shape: expected whole numbers"},
        {TENSOR("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, "more than 8 dimensions"},
        {TENSOR("\"F32\"", "[4194305,4194305,211106198978564]", "[0,16]"), 16, "63 bits"},
        {TENSOR("\"F32\"", "[4611686018427387904]", "[0,0]"), 0, "63 bits"},
        {TENSOR("\"F32\"", "[9223372036854775807,2]", "[0,0]"), 0, "63 bits"},
        {TENSOR("\"F32\"", "[18446744073709551616]", "[0,0]"), 0, "too big integer"},
        {TENSOR("\"F32\"", "[1e400]", "[0,0]"), 0, "overflow"},
        {TENSOR("\"F32\"", "[1]", "[0]"), 4, "data_offsets: expected two whole numbers"},
        {TENSOR("\"F32\"", "[1]", "[0,4,4]"), 4, "data_offsets: expected two"},
        {TENSOR("\"F32\"", "[1]", "[0,4.0]"), 4, "data_offsets: expected two"},
        {TENSOR("\"F32\"", "[1]", "[-4,0]"), 4, "expected 0 <= begin <= end"},
        {TENSOR("\"F32\"", "[1]", "[4,0]"), 4, "expected 0 <= begin <= end"},
        {TENSOR("\"F32\"", "[1]", "[0,4]"), 3, "ends at byte 4 of the data, which has 3: cut off"},
        {TENSOR("\"F32\"", "[1]", "[0,9223372036854775807]"), 4, "cut off, or the offsets"},
        {TENSOR("\"F32\"", "[1]", "[9223372036854775803,9223372036854775807]"), 4, "cut off"},
        {TENSOR("\"F32\"", "[2]", "[0,4]"), 4, "make 8 bytes, data_offsets 4"},
        {TENSOR("\"F32\"", "[1]", "[0,4]"), 5, "x: 5 bytes of data, but the tensors"},
        {TENSOR("\"F32\"", "[1]", "[4,8]"), 8, "begins at byte 4 of the data, expected 0"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
         6, "tensor \"b\" begins at byte 2 of the data, expected 4: offsets overlap"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
         4, "begins at byte 0 of the data, expected 4"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,5]}}",
         5, "leave a gap"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[1,1]}}",
         2, "offsets overlap"},
        {"{}", 1, "1 bytes of data, but the tensors of the header have 0"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_FAILS(parse(cases[i].header, cases[i].data_bytes), &err, VSH_EINPUT,
                    cases[i].message);
}

static void malformed_lengths_are_refused(void)
{
    static const struct {
        uint64_t length;
        const char *message;
    } cases[] = {
        {3, "header of 3 bytes, but the file ends after 2"},
        {100000000, "but the file ends after 2"},
        {100000001, "header of 100000001 bytes; expected at most 100000000"},
        {UINT64_MAX, "header of 18446744073709551615 bytes; expected at most"},
        {UINT64_MAX - 7, "expected at most"},
        {(uint64_t)1 << 63, "expected at most"},
        {1, "x: header:1:"},
    };
    char whole[10] = {0, 0, 0, 0, 0, 0, 0, 0, '{', '}'};

    for (size_t length = 0; length < 8; length++)
        CHECK_FAILS(parse_bytes(whole, length), &err, VSH_EINPUT, "expected 8 of header length");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(whole, &cases[i].length, 8);
        CHECK_FAILS(parse_bytes(whole, sizeof whole), &err, VSH_EINPUT, cases[i].message);
    }
}

static vsh_status parse_many(int count)
{
    vsh_text text = {.arena = vsh_test_arena()};
    uint64_t length = 0;

    vsh_text_put(&text, (const char *)&length, sizeof length);
    for (int i = 0; i < count; i++)
        vsh_text_add(&text, "%s\"%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}",
                     i ? "," : "{", i);
    vsh_text_put(&text, "}", 1);
    length = text.length - 8;
    memcpy(text.data, &length, sizeof length);
    return parse_bytes(text.data, text.length);
}

static void the_number_of_tensors_is_bounded(void)
{
    CHECK_OK(parse_many(VSH_SAFETENSORS_TENSORS), &err);
    CHECK_INT(file.count, VSH_SAFETENSORS_TENSORS);
    CHECK(vsh_safetensors_find(&file, "77777") != NULL);
    CHECK_FAILS(parse_many(VSH_SAFETENSORS_TENSORS + 1), &err, VSH_EINPUT,
                "expected at most 131072");
}

/* Only a checksum can protect names, dtypes of equal width and the sides of empty tensors; where
 * every tensor lies must not change unnoticed. */
static bool same_places(const vsh_safetensors *other)
{
    bool same = file.count == other->count;

    for (int64_t i = 0; same && i < file.count; i++)
        same = file.item[i].bytes == other->item[i].bytes &&
               (file.item[i].data == other->item[i].data ||
                memcmp(file.item[i].data, other->item[i].data, (size_t)file.item[i].bytes) == 0);
    return same;
}

/* The bytes of a file of the samples. */
static char *sample_file(int64_t *head_bytes, int64_t *length)
{
    vsh_safetensors_layout layout;
    vsh_text text = {.arena = vsh_test_arena()};

    REQUIRE_OK(vsh_safetensors_arrange(vsh_test_arena(), "x", samples, SAMPLES, &layout, &err),
               &err);
    vsh_text_put(&text, layout.head, (size_t)layout.head_bytes);
    for (int64_t i = 0; i < layout.count; i++)
        if (layout.order[i]->bytes > 0)
            vsh_text_put(&text, layout.order[i]->data, (size_t)layout.order[i]->bytes);
    REQUIRE(!text.failed);
    *head_bytes = layout.head_bytes;
    *length = (int64_t)text.length;
    return text.data;
}

static void a_header_with_a_flipped_bit_is_refused_or_places_the_same(void)
{
    vsh_safetensors whole;
    int64_t head_bytes, length;
    char *copy = sample_file(&head_bytes, &length);
    int moved = 0, refused = 0, accepted = 0;

    REQUIRE_OK(parse_bytes(copy, (size_t)length), &err);
    whole = file;
    for (int64_t bit = 0; bit < 8 * head_bytes; bit++) {
        vsh_arena scratch = {NULL};
        vsh_status status;
        copy[bit / 8] ^= (char)(1 << bit % 8);
        status = vsh_safetensors_parse(&scratch, "x", copy, length, &file, &err);
        refused += status == VSH_EINPUT && strncmp(err.text, "x: ", 3) == 0;
        accepted += status == VSH_OK;
        moved += status == VSH_OK && !same_places(&whole);
        vsh_arena_free(&scratch);
        copy[bit / 8] ^= (char)(1 << bit % 8);
    }
    CHECK_INT(moved, 0);
    CHECK_INT(refused + accepted, 8 * head_bytes);
    CHECK(refused > accepted);
}

static void every_truncation_is_refused(void)
{
    int64_t head_bytes, length;
    const char *whole = sample_file(&head_bytes, &length);
    int accepted = 0;

    for (int64_t cut = 0; cut < length; cut++) {
        vsh_arena scratch = {NULL};
        accepted += vsh_safetensors_parse(&scratch, "x", whole, cut, &file, &err) != VSH_EINPUT;
        vsh_arena_free(&scratch);
    }
    CHECK_INT(accepted, 0);
    CHECK_OK(vsh_safetensors_parse(vsh_test_arena(), "x", whole, length, &file, &err), &err);
}

static void paths_that_lead_to_no_file_are_refused(void)
{
    vsh_arena *arena = vsh_test_arena();

    scratch_file("pipe");
    CHECK_FAILS(vsh_safetensors_open(arena, path, &file, &err), &err, VSH_EINPUT, "No such file");
    CHECK_FAILS(vsh_safetensors_open(arena, folder, &file, &err), &err, VSH_EINPUT, "a directory");
    REQUIRE(mkfifo(path, 0600) == 0);
    CHECK_FAILS(vsh_safetensors_open(arena, path, &file, &err), &err, VSH_EINPUT, "regular file");
    unlink(path);
    fclose(fopen(path, "w"));
    CHECK_FAILS(vsh_safetensors_open(arena, path, &file, &err), &err, VSH_EINPUT, "0 bytes");
    remove_scratch();
}

static void writing_replaces_nothing_and_follows_no_link(void)
{
    char target[320];

    scratch_file("x");
    fclose(fopen(path, "w"));
    CHECK_FAILS(vsh_safetensors_write(vsh_test_arena(), path, samples, SAMPLES, &err), &err,
                VSH_EMACHINE, "x: File exists");
    unlink(path);
    snprintf(target, sizeof target, "%s/target", folder);
    REQUIRE(symlink(target, path) == 0);
    CHECK_FAILS(vsh_safetensors_write(vsh_test_arena(), path, samples, SAMPLES, &err), &err,
                VSH_EMACHINE, "x: File exists");
    CHECK(access(target, F_OK) != 0);
    remove_scratch();
}

static void a_file_that_cannot_be_finished_is_removed(void)
{
    struct rlimit before, limit;

    scratch_file("x");
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t bytes_max = 0; bytes_max < 600; bytes_max += 150) {
        limit = (struct rlimit){bytes_max, before.rlim_max};
        REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        CHECK_FAILS(vsh_safetensors_write(vsh_test_arena(), path, samples, SAMPLES, &err), &err,
                    VSH_EMACHINE, "x: File too large, after ");
        CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
        CHECK(access(path, F_OK) != 0);
    }
    remove_scratch();
}

const vsh_test vsh_tests[] = {
    {"what_is_written_is_read_back", what_is_written_is_read_back},
    {"files_are_laid_out_by_descending_dtype_then_name",
     files_are_laid_out_by_descending_dtype_then_name},
    {"the_bytes_of_a_file_are_those_of_the_format", the_bytes_of_a_file_are_those_of_the_format},
    {"a_file_without_tensors_is_a_file", a_file_without_tensors_is_a_file},
    {"dtypes_have_their_widths", dtypes_have_their_widths},
    {"foreign_layouts_are_read_and_their_tensors_aligned",
     foreign_layouts_are_read_and_their_tensors_aligned},
    {"malformed_headers_are_refused_by_name", malformed_headers_are_refused_by_name},
    {"malformed_lengths_are_refused", malformed_lengths_are_refused},
    {"the_number_of_tensors_is_bounded", the_number_of_tensors_is_bounded},
    {"a_header_with_a_flipped_bit_is_refused_or_places_the_same",
     a_header_with_a_flipped_bit_is_refused_or_places_the_same},
    {"every_truncation_is_refused", every_truncation_is_refused},
    {"paths_that_lead_to_no_file_are_refused", paths_that_lead_to_no_file_are_refused},
    {"writing_replaces_nothing_and_follows_no_link", writing_replaces_nothing_and_follows_no_link},
    {"a_file_that_cannot_be_finished_is_removed", a_file_that_cannot_be_finished_is_removed},
    {NULL, NULL}};
