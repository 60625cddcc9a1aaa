#include <math.h>

#include "core/child.h"
#include "core/field.h"
#include "core/file.h"
#include "core/model_write.h"
#include "core/step_question.h"
#include "trainer/study/validate.h"

/* Far beyond what either takes for these models. */
static const vsh_seconds patience = {60};

/* The description where the other program can read it. */
static vsh_status write_model(vsh_arena *arena, const vsh_validate_programs *programs,
                              const vsh_model *model, const char **path, vsh_error *err)
{
    vsh_text text = {.arena = arena};

    vsh_model_write(model, "", &text);
    *path = vsh_path_join(arena, programs->folder, "model.yaml");
    if (text.failed || !*path)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    return vsh_file_write(*path, &text, err);
}

/* Runs it and reads the top of its answer by the table. */
static vsh_status ask(vsh_arena *arena, const vsh_validate_programs *programs,
                      const char *const *argv, const vsh_field *fields, void *answer,
                      vsh_error *err)
{
    vsh_child child = {.argv = argv,
                       .time_max = patience,
                       .output_max = VSH_DOC_BYTES_MAX,
                       .ours = true,
                       .stop = programs->stop};
    vsh_text text = {.arena = arena};
    vsh_doc doc;

    VSH_TRY(vsh_child_run(&child, &text, err));
    if (vsh_doc_parse(arena, argv[0], vsh_text_string(&text), text.length, &doc, err) != VSH_OK)
        return VSH_EMACHINE;
    if (!doc.root || doc.root->kind != VSH_NODE_MAP)
        return vsh_fail(err, VSH_EMACHINE, "%s: answered no JSON object", argv[0]);
    return vsh_fields_read(&doc, doc.root, fields, false, answer, err) == VSH_OK ? VSH_OK
                                                                                 : VSH_EMACHINE;
}

/* ---- vishwa-plan count ----------------------------------------------------------------------- */

typedef struct {
    double params_total, flops_per_token;
} count_answer;

static const vsh_field count_fields[] = {
    {"params_total", VSH_FIELD_REAL, offsetof(count_answer, params_total), true, 1, 1e18},
    {"flops_per_token_train", VSH_FIELD_REAL, offsetof(count_answer, flops_per_token), true, 1,
     1e30},
    {NULL}};

vsh_status vsh_validate_ask_plan(vsh_arena *arena, const vsh_validate_programs *programs,
                                 const vsh_run_config *config, vsh_validate_figures *f,
                                 vsh_error *err)
{
    count_answer answer = {0};
    const char *model;

    *f = vsh_validate_unknown;
    if (!programs->plan)
        return VSH_OK;
    VSH_TRY(write_model(arena, programs, &config->model, &model, err));
    {
        const char *const argv[] = {programs->plan,
                                    "count",
                                    "--json",
                                    "--quiet",
                                    "--model",
                                    model,
                                    "--seq",
                                    vsh_integer_text(arena, config->batch.sequence),
                                    NULL};
        VSH_TRY(ask(arena, programs, argv, count_fields, &answer, err));
    }
    f->parameters = answer.params_total;
    /* per token it is a quotient; the step's is a whole number again */
    f->model_flops = rint(answer.flops_per_token * (double)config->batch.tokens);
    return VSH_OK;
}

/* ---- vishwa-sim step ------------------------------------------------------------------------- */

typedef struct {
    double time_s, model_flops;
} step_answer;

static const vsh_field step_fields[] = {
    {"time_s", VSH_FIELD_REAL, offsetof(step_answer, time_s), true, 1e-12, 1e15},
    {"model_flops", VSH_FIELD_REAL, offsetof(step_answer, model_flops), true, 1, 1e30},
    {NULL}};

vsh_status vsh_validate_ask_sim(vsh_arena *arena, const vsh_validate_programs *programs,
                                const vsh_run_config *config, vsh_validate_figures *f,
                                vsh_error *err)
{
    const vsh_batch_config *b = &config->batch;
    step_answer answer = {0};
    const char *argv[VSH_STEP_WORDS], *model;
    vsh_step_question step;

    *f = vsh_validate_unknown;
    if (!programs->sim)
        return VSH_OK;
    VSH_TRY(write_model(arena, programs, &config->model, &model, err));
    step = (vsh_step_question){
        .program = programs->sim,
        .engine = "closed",
        .hardware = programs->profile,
        .model = model,
        .seq = b->sequence,
        .batch = b->micro * b->accumulate,
        .micro = b->micro,
        .precision = config->precision,
        .recompute = config->recompute,
        .optimizer = config->optimizer.kind,
        .experts = config->model.experts.count > 0,
    };
    VSH_TRY(vsh_step_words(arena, &step, argv, err));
    VSH_TRY(ask(arena, programs, argv, step_fields, &answer, err));
    f->model_flops = answer.model_flops;
    f->step_time_s = answer.time_s;
    f->tokens_per_s = (double)b->tokens / answer.time_s;
    return VSH_OK;
}
