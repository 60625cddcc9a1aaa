#include "trainer/base/hash64.h"

#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "hash64";

enum { BYTES = 1001 };

static void fill(unsigned char *bytes)
{
    for (int i = 0; i < BYTES; i++)
        bytes[i] = (unsigned char)(i * 131 + 7);
}

/* from libxxhash 0.8.1 */
static void known_texts_have_their_known_sums(void)
{
    CHECK(vsh_hash64("", 0) == 0xef46db3751d8e999);
    CHECK(vsh_hash64("a", 1) == 0xd24ec4f1a98c6e5b);
    CHECK(vsh_hash64("abc", 3) == 0x44bc2cf5ad770999);
    CHECK(vsh_hash64("123456789", 9) == 0x8cb841db40e6ae83);
}

static void every_length_up_to_300_agrees_with_the_reference(void)
{
    unsigned char bytes[BYTES];
    uint64_t folded = 0;

    fill(bytes);
    for (size_t length = 0; length <= 300; length++)
        folded = folded * 31 + vsh_hash64(bytes, length);
    CHECK(folded == 0x64fa919f42a1e6bc);
    CHECK(vsh_hash64(bytes, 1000) == 0x0bf0bdbcc82eb373);
}

static void the_place_in_memory_does_not_matter(void)
{
    unsigned char bytes[BYTES], moved[BYTES + 8];

    fill(bytes);
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(moved + shift, bytes, 500);
        CHECK(vsh_hash64(moved + shift, 500) == vsh_hash64(bytes, 500));
    }
}

static void every_flipped_bit_changes_the_sum(void)
{
    unsigned char bytes[BYTES];
    uint64_t whole;
    int unseen = 0;

    fill(bytes);
    whole = vsh_hash64(bytes, 71);
    for (size_t bit = 0; bit < 71 * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        unseen += vsh_hash64(bytes, 71) == whole;
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    CHECK_INT(unseen, 0);
}

const vsh_test vsh_tests[] = {
    {"known_texts_have_their_known_sums", known_texts_have_their_known_sums},
    {"every_length_up_to_300_agrees_with_the_reference",
     every_length_up_to_300_agrees_with_the_reference},
    {"the_place_in_memory_does_not_matter", the_place_in_memory_does_not_matter},
    {"every_flipped_bit_changes_the_sum", every_flipped_bit_changes_the_sum},
    {NULL, NULL}};
