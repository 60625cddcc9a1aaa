/* Any bytes as a line of JSON: what is taken has a text in UTF-8 that is the same when it is
 * written and read again, and another library takes the same lines and finds the same text. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "tests/fuzz/target.h"
#include "trainer/text/jsonl.h"
#include "trainer/text/utf8_count.h"

static void check_again(vsh_arena *arena, const vsh_jsonl *found)
{
    vsh_text line = {.arena = arena};
    vsh_jsonl again;
    int64_t malformed, nul;

    vsh_utf8_count(found->text, found->bytes, &malformed, &nul);
    assert(malformed == 0 && nul == found->nul);
    vsh_text_add(&line, "{\"text\":\"");
    for (int64_t i = 0; i < found->bytes; i++) {
        unsigned char c = (unsigned char)found->text[i];
        if (c < 0x20 || c == '"' || c == '\\')
            vsh_text_add(&line, "\\u%04x", c);
        else
            vsh_text_put(&line, found->text + i, 1);
    }
    vsh_text_add(&line, "\"}");
    assert(vsh_jsonl_read(line.data, (int64_t)line.length, &again));
    assert(again.bytes == found->bytes && again.nul == found->nul);
    assert(memcmp(again.text, found->text, (size_t)found->bytes) == 0);
}

/* Jansson refuses numbers that no double holds, NULs in names and depths beyond 2048, takes a
 * name's second value for its first, and reads over NUL bytes; only what is alike is compared. */
static void compare(const uint8_t *bytes, size_t length, bool good, const vsh_jsonl *found)
{
    const size_t flags = JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    json_error_t why;
    json_t *root = json_loadb((const char *)bytes, length, flags, &why);
    const json_t *text = root ? json_object_get(root, "text") : NULL;

    if (good && !root) {
        enum json_error_code code = json_error_code(&why);
        assert(code == json_error_numeric_overflow || code == json_error_null_byte_in_key);
    }
    if (good && root) {
        assert((int64_t)json_string_length(text) == found->bytes);
        assert(memcmp(json_string_value(text), found->text, (size_t)found->bytes) == 0);
    }
    if (!good && json_is_string(text) && !memchr(bytes, '\0', length))
        assert(strstr(found->why, "second") || strstr(found->why, "in each other") ||
               strstr(found->why, "expected a string"));
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    vsh_arena arena = {0};
    char *line = malloc(length + !length); /* of its length: a sanitizer sees a step beyond */
    vsh_jsonl found;
    bool good;

    assert(line);
    memcpy(line, bytes, length);
    good = vsh_jsonl_read(line, (int64_t)length, &found);
    if (good) {
        assert(found.text >= line && found.text + found.bytes <= line + length);
        check_again(&arena, &found);
    } else {
        assert(found.why && *found.why && found.at >= 0 && found.at <= (int64_t)length);
    }
    compare(bytes, length, good, &found);
    free(line);
    vsh_arena_free(&arena);
    return 0;
}
