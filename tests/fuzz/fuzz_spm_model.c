/* Any bytes as a SentencePiece model: refused with one line, or a model that stays the same when it
 * is written and read again, and with which the library encodes text. */
#include <assert.h>
#include <string.h>

#include "tests/fuzz/target.h"
#include "trainer/data/spm_model.h"
#include "trainer/data/spm_shim.h"

static vsh_status parse(vsh_arena *arena, const void *bytes, size_t length, vsh_spm_model *model,
                        vsh_error *err)
{
    return vsh_spm_model_parse(arena, "input", bytes, (int64_t)length, model, err);
}

/* Ids are pieces of the model, never those that stand for no text. */
static bool check_ids(void *context, const int *ids, size_t count)
{
    const vsh_spm_model *model = context;

    for (size_t i = 0; i < count; i++) {
        assert(ids[i] >= 0 && ids[i] < model->count);
        assert(model->piece[ids[i]].kind != VSH_SPM_CONTROL);
    }
    return true;
}

static void use(const vsh_text *bytes, vsh_spm_model *model)
{
    static const char text[] = "the  the, an\xc3\xa9\t<0x0A></s><s><unk>\xe4\xb8\xad\n\n ab";
    char why[256] = "";
    void *library = vsh_spm_open(bytes->data, bytes->length, why, sizeof why);

    assert(library);
    assert(vsh_spm_encode(library, text, strlen(text), check_ids, model, why, sizeof why));
    vsh_spm_close(library);
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
        use(&once, &model);
    } else {
        assert(strncmp(err.text, "input:", 6) == 0 && !strpbrk(err.text, "\r\n\t\033"));
    }
    vsh_arena_free(&arena);
    return 0;
}
