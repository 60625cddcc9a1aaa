#include "core/arena.h"

#include <stdint.h>
#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "arena";

static bool all_zero(const unsigned char *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (data[i])
            return false;
    return true;
}

static void every_allocation_is_zeroed_and_aligned_to_64(void)
{
    vsh_arena arena = {0};

    for (size_t bytes = 0; bytes < 3000; bytes += 37) {
        unsigned char *data = vsh_alloc(&arena, bytes, 1);
        REQUIRE(data != NULL);
        CHECK((uintptr_t)data % 64 == 0);
        CHECK(all_zero(data, bytes));
        memset(data, 0xa5, bytes);
    }
    vsh_arena_free(&arena);
}

static void allocations_do_not_overlap(void)
{
    enum { COUNT = 500 };
    vsh_arena arena = {0};
    unsigned char *block[COUNT];
    size_t bytes[COUNT];
    bool kept = true;

    for (int i = 0; i < COUNT; i++) {
        bytes[i] = (size_t)(i * i % 4099 + 1);
        block[i] = vsh_alloc(&arena, 1, bytes[i]);
        REQUIRE(block[i] != NULL);
        memset(block[i], i & 0xff, bytes[i]);
    }
    for (int i = 0; i < COUNT; i++)
        for (size_t at = 0; at < bytes[i]; at++)
            kept = kept && block[i][at] == (i & 0xff);
    CHECK(kept);
    vsh_arena_free(&arena);
}

static void an_array_grows_and_keeps_what_it_has(void)
{
    vsh_arena arena = {0};
    int64_t room = 0, moves = 0;
    int *list = NULL;

    for (int i = 0; i < 5000; i++) {
        int *grown = vsh_grow(&arena, list, i, &room, sizeof *grown);
        REQUIRE(grown != NULL && room > i);
        moves += grown != list;
        list = grown;
        list[i] = i * i;
    }
    CHECK_INT(moves, 8); /* 64, 128, ... 8192 */
    for (int i = 0; i < 5000; i++)
        CHECK_INT(list[i], i * i);
    room = INT64_MAX / 8;
    CHECK(vsh_grow(&arena, list, room, &room, sizeof *list) == NULL);
    vsh_arena_free(&arena);
}

static void a_block_larger_than_a_chunk_is_whole(void)
{
    vsh_arena arena = {0};
    size_t bytes = 5 * 1000 * 1000;
    unsigned char *small = vsh_alloc(&arena, 1, 10), *large = vsh_alloc(&arena, bytes, 1);

    REQUIRE(small && large);
    CHECK(all_zero(large, bytes));
    memset(large, 1, bytes);
    CHECK(all_zero(small, 10));
    vsh_arena_free(&arena);
}

static void a_product_that_overflows_is_refused(void)
{
    vsh_arena arena = {0};

    CHECK(vsh_alloc(&arena, SIZE_MAX, 2) == NULL);
    CHECK(vsh_alloc(&arena, SIZE_MAX / 8 + 2, 8) == NULL);
    CHECK(vsh_alloc(&arena, (size_t)1 << 32, (size_t)1 << 32) == NULL);
    CHECK(vsh_alloc(&arena, SIZE_MAX, 1) == NULL);
    CHECK(vsh_alloc(&arena, 1, SIZE_MAX - 63) == NULL);
    vsh_arena_free(&arena);
}

static void exhausted_memory_is_an_answer_and_not_an_abort(void)
{
    vsh_arena arena = {0};

    CHECK(vsh_alloc(&arena, (size_t)1 << 61, 1) == NULL);
    CHECK(vsh_alloc(&arena, 1, 1) != NULL);
    vsh_arena_free(&arena);
}

static void copied_text_is_its_own_and_terminated(void)
{
    vsh_arena arena = {0};
    char source[] = "expert.up";
    char *copy = vsh_copy_text(&arena, source, 6);

    REQUIRE(copy != NULL);
    source[0] = 'X';
    CHECK_TEXT(copy, "expert");
    CHECK_TEXT(vsh_copy_text(&arena, "", 0), "");
    vsh_arena_free(&arena);
}

static void a_freed_arena_is_empty_and_serves_again(void)
{
    vsh_arena arena = {0};

    vsh_arena_free(&arena);
    for (int round = 0; round < 3; round++) {
        CHECK(vsh_alloc(&arena, 100000, 1) != NULL);
        vsh_arena_free(&arena);
        CHECK(arena.last == NULL);
    }
}

const vsh_test vsh_tests[] = {
    {"every_allocation_is_zeroed_and_aligned_to_64", every_allocation_is_zeroed_and_aligned_to_64},
    {"allocations_do_not_overlap", allocations_do_not_overlap},
    {"an_array_grows_and_keeps_what_it_has", an_array_grows_and_keeps_what_it_has},
    {"a_block_larger_than_a_chunk_is_whole", a_block_larger_than_a_chunk_is_whole},
    {"a_product_that_overflows_is_refused", a_product_that_overflows_is_refused},
    {"exhausted_memory_is_an_answer_and_not_an_abort",
     exhausted_memory_is_an_answer_and_not_an_abort},
    {"copied_text_is_its_own_and_terminated", copied_text_is_its_own_and_terminated},
    {"a_freed_arena_is_empty_and_serves_again", a_freed_arena_is_empty_and_serves_again},
    {NULL, NULL}};
