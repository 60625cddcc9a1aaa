#include "trainer/data/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/harness.h"
#include "trainer/base/hash64.h"

const char vsh_suite[] = "shard";

static vsh_error err;

/* ---- a shard ------------------------------------------------------------------------------- */

enum { DOCUMENTS = 9 };

/* Document d has 1 + d % 4 ids, which go up to the vocabulary's last one. */
static vsh_ids ids_of(int64_t vocab, int64_t *start)
{
    vsh_ids ids = {.arena = vsh_test_arena()};

    for (int d = 0; d < DOCUMENTS; d++) {
        start[d] = ids.count;
        for (int i = 0; i <= d % 4; i++) {
            int32_t id = (int32_t)(vocab - 1 - (ids.count * 7919) % vocab);
            REQUIRE_OK(vsh_ids_add(&ids, &id, 1, &err), &err);
        }
    }
    start[DOCUMENTS] = ids.count;
    return ids;
}

static const char *path_of_test(void)
{
    static char path[40];
    int file;

    snprintf(path, sizeof path, "/tmp/vsh-shard-XXXXXX");
    file = mkstemp(path);
    REQUIRE(file >= 0);
    close(file);
    return path;
}

static void put(const char *path, const char *bytes, size_t length)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_put(&text, bytes, length);
    REQUIRE_OK(vsh_file_write(path, &text, &err), &err);
}

static vsh_text sound_bytes(const char *path, int64_t vocab, uint64_t *hash)
{
    vsh_text text = {.arena = vsh_test_arena()};
    int64_t start[DOCUMENTS + 1];
    vsh_ids ids = ids_of(vocab, start);

    REQUIRE_OK(vsh_shard_write(path, &ids, start, DOCUMENTS, vocab, hash, &err), &err);
    REQUIRE_OK(vsh_file_read(path, &text, &err), &err);
    return text;
}

/* ---- what is written is read --------------------------------------------------------------- */

static void check_comes_back(int64_t vocab, int width)
{
    const char *path = path_of_test();
    int64_t start[DOCUMENTS + 1];
    vsh_ids ids = ids_of(vocab, start);
    vsh_text bytes = {.arena = vsh_test_arena()};
    vsh_shard shard;
    uint64_t hash;

    REQUIRE_OK(vsh_shard_write(path, &ids, start, DOCUMENTS, vocab, &hash, &err), &err);
    REQUIRE_OK(vsh_file_read(path, &bytes, &err), &err);
    CHECK(hash == vsh_hash64(bytes.data, bytes.length));
    REQUIRE_OK(vsh_shard_open(vsh_test_arena(), path, vocab, hash, &shard, &err), &err);
    unlink(path);
    CHECK_INT(shard.width, width);
    CHECK_INT(shard.documents, DOCUMENTS);
    CHECK_INT(shard.count, ids.count);
    CHECK(memcmp(shard.start, start, sizeof start) == 0);
    for (int64_t i = 0; i < ids.count; i++)
        CHECK_INT(vsh_shard_id(&shard, i), ids.id[i]);
    vsh_shard_close(&shard);
    vsh_shard_close(&shard); /* and again */
}

static void ids_come_back_in_two_bytes_or_four(void)
{
    check_comes_back(1, 2);
    check_comes_back(257, 2);
    check_comes_back(65536, 2);
    check_comes_back(65537, 4);
    check_comes_back(INT32_MAX, 4);
}

static void what_was_there_is_replaced(void)
{
    const char *path = path_of_test();
    uint64_t first, second;

    sound_bytes(path, 257, &first);
    sound_bytes(path, 300, &second);
    CHECK(first != second);
    unlink(path);
}

static void a_place_that_cannot_be_written_is_named(void)
{
    int64_t start[DOCUMENTS + 1];
    vsh_ids ids = ids_of(257, start);
    uint64_t hash;

    CHECK_FAILS(vsh_shard_write("/tmp/vsh-none/shard", &ids, start, DOCUMENTS, 257, &hash, &err),
                &err, VSH_EMACHINE, "/tmp/vsh-none/shard");
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void any_flipped_bit_is_refused(void)
{
    const char *path = path_of_test();
    uint64_t hash;
    vsh_text bytes = sound_bytes(path, 257, &hash);

    for (size_t i = 0; i < bytes.length; i++) {
        vsh_arena arena = {0};
        vsh_shard shard;
        bytes.data[i] ^= (char)(1 << i % 8);
        put(path, bytes.data, bytes.length);
        CHECK_FAILS(vsh_shard_open(&arena, path, 257, hash, &shard, &err), &err, VSH_EINPUT, path);
        bytes.data[i] ^= (char)(1 << i % 8);
        vsh_arena_free(&arena);
    }
    unlink(path);
}

static void any_truncation_is_refused(void)
{
    const char *path = path_of_test();
    uint64_t hash;
    vsh_text bytes = sound_bytes(path, 257, &hash);

    for (size_t length = 0; length < bytes.length; length++) {
        vsh_arena arena = {0};
        vsh_shard shard;
        put(path, bytes.data, length);
        CHECK_FAILS(vsh_shard_open(&arena, path, 257, hash, &shard, &err), &err, VSH_EINPUT, path);
        vsh_arena_free(&arena);
    }
    unlink(path);
}

/* A file with the right hash that says what no shard says. */
static void check_hostile(const vsh_safetensor *tensors, int count, int64_t vocab,
                          const char *reason)
{
    const char *path = path_of_test();
    vsh_text bytes = {.arena = vsh_test_arena()};
    vsh_shard shard;

    unlink(path);
    REQUIRE_OK(vsh_safetensors_write(vsh_test_arena(), path, tensors, count, &err), &err);
    REQUIRE_OK(vsh_file_read(path, &bytes, &err), &err);
    CHECK_FAILS(vsh_shard_open(vsh_test_arena(), path, vocab, vsh_hash64(bytes.data, bytes.length),
                               &shard, &err),
                &err, VSH_EINPUT, reason);
    unlink(path);
}

static vsh_safetensor row(const char *name, const char *dtype, const void *data, int64_t count)
{
    return (vsh_safetensor){.name = name,
                            .dtype = dtype,
                            .rank = 1,
                            .shape = {count},
                            .bytes = count * vsh_dtype_bytes(dtype),
                            .data = data};
}

static void check_offsets(const int64_t *start, int64_t count, const char *reason)
{
    static const uint16_t ids[4] = {1, 2, 3, 256};
    const vsh_safetensor tensors[] = {row("doc_offsets", "I64", start, count),
                                      row("tokens", "U16", ids, 4)};

    check_hostile(tensors, 2, 257, reason);
}

static void offsets_go_up_from_zero_to_the_count(void)
{
    check_offsets((const int64_t[]){0, 2, 5}, 3, "expected 0 to 4, got 0 to 5");
    check_offsets((const int64_t[]){0, 2, 3}, 3, "expected 0 to 4, got 0 to 3");
    check_offsets((const int64_t[]){1, 2, 4}, 3, "expected 0 to 4, got 1 to 4");
    check_offsets((const int64_t[]){-1, 2, 4}, 3, "expected 0 to 4, got -1 to 4");
    check_offsets((const int64_t[]){0, 2, 2, 4}, 4, "document 1 ends");
    check_offsets((const int64_t[]){0, 3, 2, 4}, 4, "document 1 ends");
    check_offsets((const int64_t[]){0, INT64_MAX, 4}, 3, "document 1 ends");
    check_offsets((const int64_t[]){0}, 1, "two I64 or more");
}

static void tensors_are_the_two_and_of_their_kind(void)
{
    static const int64_t start[] = {0, 4};
    static const uint16_t ids[8] = {1, 2, 3, 256};
    vsh_safetensor tensors[] = {row("doc_offsets", "I64", start, 2), row("tokens", "U16", ids, 4),
                                row("zzz", "U8", ids, 1)};

    check_hostile(tensors, 3, 257, "the tensors doc_offsets and tokens");
    check_hostile(tensors, 1, 257, "the tensors doc_offsets and tokens");
    check_hostile(tensors, 2, 70000, "a row of U32");
    check_hostile(tensors, 2, 256, "token 3 is 256");
    tensors[1].dtype = "I16";
    check_hostile(tensors, 2, 257, "a row of U16");
    tensors[1] = row("tokens", "U32", ids, 4);
    check_hostile(tensors, 2, 257, "a row of U16");
    check_hostile(tensors, 2, 70000, "beyond the vocabulary");
    tensors[1] = row("tokens", "U16", ids, 4);
    tensors[1].rank = 2;
    tensors[1].shape[1] = 1;
    check_hostile(tensors, 2, 257, "a row of U16");
    tensors[1] = row("tokens", "U16", ids, 4);
    tensors[0].dtype = "U64";
    check_hostile(tensors, 2, 257, "two I64 or more");
}

static void what_is_no_file_is_refused(void)
{
    vsh_shard shard;

    CHECK_FAILS(vsh_shard_open(vsh_test_arena(), "/tmp/vsh-none", 257, 0, &shard, &err), &err,
                VSH_EINPUT, "/tmp/vsh-none: No such file");
    CHECK_FAILS(vsh_shard_open(vsh_test_arena(), "/tmp", 257, 0, &shard, &err), &err, VSH_EINPUT,
                "a directory");
}

const vsh_test vsh_tests[] = {
    {"ids_come_back_in_two_bytes_or_four", ids_come_back_in_two_bytes_or_four},
    {"what_was_there_is_replaced", what_was_there_is_replaced},
    {"a_place_that_cannot_be_written_is_named", a_place_that_cannot_be_written_is_named},
    {"any_flipped_bit_is_refused", any_flipped_bit_is_refused},
    {"any_truncation_is_refused", any_truncation_is_refused},
    {"offsets_go_up_from_zero_to_the_count", offsets_go_up_from_zero_to_the_count},
    {"tensors_are_the_two_and_of_their_kind", tensors_are_the_two_and_of_their_kind},
    {"what_is_no_file_is_refused", what_is_no_file_is_refused},
    {NULL, NULL}};
