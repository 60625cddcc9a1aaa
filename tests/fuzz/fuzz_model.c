/* Any bytes as a model file: refused with one line, or a model whose counts hold together. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/lower.h"
#include "core/tensor.h"
#include "tests/fuzz/target.h"

static void check_counts(const vsh_model *model, vsh_op_list *ops, vsh_error *err)
{
    vsh_parameters parameters;
    vsh_work work = vsh_work_default(model->context < 4096 ? model->context : 4096);

    if (vsh_count_parameters(model, &parameters, err) != VSH_OK)
        return;
    assert(parameters.active <= parameters.total && parameters.total > 0);
    assert(parameters.embedding + parameters.non_embedding == parameters.total);
    if (vsh_lower(model, &work, ops, err) != VSH_OK)
        return;
    assert(vsh_ops_model_flops(ops, VSH_FORWARD).v > 0);
    for (int i = 0; i < ops->count; i++)
        assert(ops->item[i].executed_macs >= ops->item[i].model_macs);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static vsh_model model;
    static vsh_op_list ops;
    vsh_arena arena = {0};
    vsh_error err = {""};
    vsh_doc doc;

    if (vsh_doc_parse(&arena, "input", (const char *)bytes, length, &doc, &err) == VSH_OK &&
        vsh_model_from_doc(&doc, &model, &err) == VSH_OK)
        check_counts(&model, &ops, &err);
    else
        assert(strncmp(err.text, "input:", 6) == 0 && !strpbrk(err.text, "\r\n\t\033"));
    vsh_arena_free(&arena);
    return 0;
}
