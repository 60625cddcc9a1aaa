#include <string.h>

#include "core/file.h"
#include "trainer/build/build_inside.h"
#include "trainer/data/infill.h"

static const char model_name[] = "tokenizer.model";

static vsh_status train(vsh_building *b, vsh_error *err)
{
    vsh_build_path sample = vsh_build_part(b, "sample.txt"), model = vsh_build_part(b, model_name);
    const vsh_tokenizer_options options = {
        .algorithm = b->o->tokenizer,
        .vocab = (int32_t)b->o->vocab,
        .at_most = b->o->vocab_at_most,
        .control = b->o->augment == VSH_AUGMENT_INFILL ? vsh_infill_pieces : NULL,
        .stop = b->o->stop};
    vsh_status status;

    vsh_build_progress_stage(b, "training the tokenizer");
    status = vsh_tokenizer_train(b->arena, sample.text, model.text, &options, err);
    /* a vocabulary that does not suit the text never will */
    if (status == VSH_EINPUT && !vsh_build_stopped(b))
        vsh_build_folder_forget(b);
    return status;
}

static vsh_status copy(vsh_building *b, vsh_error *err)
{
    vsh_text model = {.arena = b->arena};

    VSH_TRY(vsh_file_read(b->o->tokenizer, &model, err));
    return vsh_file_write(vsh_build_part(b, model_name).text, &model, err);
}

vsh_status vsh_build_tokenize(vsh_building *b, vsh_error *err)
{
    vsh_build_path model;

    if (strcmp(b->o->tokenizer, "bytes") == 0)
        return vsh_tokenizer_open(b->arena, NULL, &b->tokenizer, err);
    if (!vsh_build_find(b, model_name, &model)) {
        VSH_TRY(vsh_build_tokenizer_is_file(b->o) ? copy(b, err) : train(b, err));
        model = vsh_build_part(b, model_name);
    }
    return vsh_tokenizer_open(b->arena, model.text, &b->tokenizer, err);
}
