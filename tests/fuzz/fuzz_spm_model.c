/* Any bytes as a SentencePiece model: refused with one line, or a model that stays the same when it
 * is written and read again. */
#include <assert.h>
#include <string.h>

#include "tests/fuzz/target.h"
#include "trainer/data/spm_model.h"

static vsh_status parse(vsh_arena *arena, const void *bytes, size_t length, vsh_spm_model *model,
                        vsh_error *err)
{
    return vsh_spm_model_parse(arena, "input", bytes, (int64_t)length, model, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    vsh_arena arena = {0};
    vsh_text once = {.arena = &arena}, twice = {.arena = &arena};
    vsh_spm_model model;
    vsh_error err = {""};

    if (parse(&arena, bytes, length, &model, &err) == VSH_OK) {
        assert(model.end >= 0 && model.end < model.count && model.unknown < model.count);
        vsh_spm_model_write(&model, &once);
        assert(parse(&arena, once.data, once.length, &model, &err) == VSH_OK);
        vsh_spm_model_write(&model, &twice);
        assert(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
    } else {
        assert(strncmp(err.text, "input:", 6) == 0 && !strpbrk(err.text, "\r\n\t\033"));
    }
    vsh_arena_free(&arena);
    return 0;
}
