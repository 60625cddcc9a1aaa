#include "trainer/text/beginning.h"

#include <string.h>

#include "core/text.h"
#include "tests/harness.h"

const char vsh_suite[] = "beginning";

static uint64_t hash_of(const char *text)
{
    return vsh_beginning_hash(text, (int64_t)strlen(text));
}

static const char line[] = "A line that says what it is about";

static void the_first_line_that_says_something_decides(void)
{
    static const char *const before[] = {"---\n",
                                         "\n\n",
                                         "#!/usr/bin/env python3\n",
                                         "<!DOCTYPE html>\n",
                                         "layout: post\n",
                                         "***\r\n \t\r\n",
                                         "Table of Contents\n\n",
                                         "12345\n67890\n12345\n67890\n",
                                         "\xef\xbf\xbd\xff\n"};

    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        vsh_text text = {.arena = vsh_test_arena()};
        vsh_text_add(&text, "%s  %s \r\nand more of it %zu", before[i], line, i);
        CHECK(hash_of(vsh_text_string(&text)) == hash_of(line));
    }
    CHECK(hash_of("---\nThe first thing that is told\n---\n") !=
          hash_of("---\nThe second thing that is told\n---\n"));
}

/* Letters of any script count, and nothing else does. */
static void letters_and_digits_are_counted(void)
{
    CHECK(hash_of("abcdefghijklmnopqrst\nx") == hash_of("abcdefghijklmnopqrst\ny"));
    CHECK(hash_of("a-b-c-d-e-f-g-h-i-j-k-l\nx") != hash_of("a-b-c-d-e-f-g-h-i-j-k-l\ny"));
    CHECK(hash_of("\xce\xb1\xce\xb2\xce\xb3\xce\xb4\xce\xb5\xce\xb6\xce\xb7\xce\xb8\xce\xb9\xce\xba"
                  "\xce\xb1\xce\xb2\xce\xb3\xce\xb4\xce\xb5\xce\xb6\xce\xb7\xce\xb8\xce\xb9\xce\xba"
                  "\nx") ==
          hash_of("\xce\xb1\xce\xb2\xce\xb3\xce\xb4\xce\xb5\xce\xb6\xce\xb7\xce\xb8\xce\xb9\xce\xba"
                  "\xce\xb1\xce\xb2\xce\xb3\xce\xb4\xce\xb5\xce\xb6\xce\xb7\xce\xb8\xce\xb9\xce\xba"
                  "\ny"));
}

static void without_such_a_line_the_whole_text_decides(void)
{
    CHECK(hash_of("short\nlines\nof one") != hash_of("short\nlines\nof two"));
    CHECK(hash_of("") == hash_of("\n\n"));
}

static void what_lies_far_behind_decides_nothing(void)
{
    enum { BYTES = 2 * VSH_BEGINNING_BYTES };
    char *text = vsh_alloc(vsh_test_arena(), BYTES, 1);
    uint64_t whole;

    memset(text, 'x', BYTES);
    whole = vsh_beginning_hash(text, BYTES);
    CHECK(vsh_beginning_hash(text, VSH_BEGINNING_BYTES) == whole);
    text[VSH_BEGINNING_BYTES] = '\n';
    CHECK(vsh_beginning_hash(text, BYTES) == whole);
    text[VSH_BEGINNING_BYTES - 1] = 'y';
    CHECK(vsh_beginning_hash(text, BYTES) != whole);
}

const vsh_test vsh_tests[] = {
    {"the_first_line_that_says_something_decides", the_first_line_that_says_something_decides},
    {"letters_and_digits_are_counted", letters_and_digits_are_counted},
    {"without_such_a_line_the_whole_text_decides", without_such_a_line_the_whole_text_decides},
    {"what_lies_far_behind_decides_nothing", what_lies_far_behind_decides_nothing},
    {NULL, NULL}};
