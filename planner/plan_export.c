/* vishwa-plan export: a plan as the configuration of the system that will run it. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/dataset.h"
#include "core/file.h"
#include "core/named.h"
#include "planner/export/export.h"
#include "planner/layout/run_memory.h"
#include "planner/plan_commands.h"

/* A run that is given has no range of its own: two sigma of what a constant misses (plan_main_job).
 */
#define HOURS_SPREAD 1.25
/* Sequences of a given model, unless --seq says otherwise. */
#define SEQ_MAX 4096

/* ---- the run ----------------------------------------------------------------------------------
 */

/* The recipe's name ends with its optimizer: "mixed-adamw8bit". */
static vsh_optimizer optimizer_of(const vsh_recipe *recipe)
{
    vsh_optimizer found = VSH_ADAMW;
    size_t longest = 0;

    for (int i = 0; vsh_optimizer_words[i]; i++) {
        size_t length = strlen(vsh_optimizer_words[i]);
        if (length > longest && strstr(recipe->name, vsh_optimizer_words[i])) {
            found = (vsh_optimizer)i;
            longest = length;
        }
    }
    return found;
}

static void take_tuning(const plan_tuning *tuning, double steps, vsh_export_run *run)
{
    run->tuned = true;
    run->steps = (int64_t)steps;
    run->rate = tuning->rate;
    run->schedule = tuning->schedule;
}

/* The run that the main job recommends, its weights shared by all chips. */
static vsh_status of_plan(vsh_session *s, vsh_export_run *run, vsh_error *err)
{
    const plan_run *best;
    plan *p;

    VSH_TRY(plan_make(s, &p, err));
    best = &p->recommended;
    if (!p->recommends)
        return vsh_fail(err, VSH_ENO, "export: nothing can be recommended in %g hours on %g chips",
                        p->request.hours, p->request.chips);
    run->hardware = p->request.hardware;
    run->model = &best->model;
    VSH_TRY(vsh_layout_parse(run->chips > 1 ? "zero=3" : NULL, run->chips, &run->layout, err));
    run->seq = best->seq;
    run->batch = (int64_t)(best->batch_tokens / (double)best->seq);
    run->micro = best->work.sequences;
    run->precision = p->request.precision;
    run->optimizer = optimizer_of(p->request.recipe);
    run->gradient_bytes = p->request.recipe->gradients;
    run->recompute = best->work.recompute;
    run->hours_most = fmax(best->hours, best->hours_range.high);
    take_tuning(&best->tuning, best->steps, run);
    return VSH_OK;
}

/* How to train it, where the tokens are known. */
static vsh_status tune(const plan_config *c, vsh_export_run *run, vsh_error *err)
{
    double experts = 0, batch_tokens = (double)run->batch * (double)run->seq;
    const vsh_experts *e = &run->model->experts;
    vsh_parameters parameters;
    plan_tuning tuning;
    vsh_tuned asked;

    if (isnan(c->tokens))
        return VSH_OK;
    if (c->tokens < batch_tokens)
        return vsh_fail(err, VSH_EINPUT, "--tokens: expected at least a step of %g, got %g",
                        batch_tokens, c->tokens);
    VSH_TRY(vsh_count_parameters(run->model, &parameters, err));
    if (e->count) /* as the joint law counts them */
        experts = (double)((e->count + e->top_k / 2) / e->top_k);
    asked = plan_tuned_of(run->model, &parameters, experts, c->tokens);
    tuning = plan_tune(&asked);
    plan_tune_schedule(&tuning, c->tokens, batch_tokens, 1, NAN);
    take_tuning(&tuning, floor(c->tokens / batch_tokens), run);
    return VSH_OK;
}

/* The text, where it is named: the plan's tokens are then its own, and those of a run that is given
 * are how long that is. */
static vsh_status take_data(vsh_session *s, vsh_export_run *run, vsh_error *err)
{
    const plan_config *c = s->config;
    vsh_dataset dataset;

    if (!c->data)
        return VSH_OK;
    if (c->batch && isnan(c->tokens))
        return vsh_fail(err, VSH_EINPUT,
                        "--data: expected --tokens beside --batch: how long exactly this run is");
    VSH_TRY(vsh_dataset_read(s->arena, c->data, &dataset, err));
    run->data = c->data;
    run->data_vocab = dataset.vocab;
    return VSH_OK;
}

static vsh_status choose_recipe(const plan_config *c, vsh_export_run *run, vsh_error *err)
{
    if (c->recipe >= 0 && c->optimizer >= 0)
        return vsh_fail(err, VSH_EINPUT,
                        "--recipe: expected either a recipe or an optimizer, got both");
    run->optimizer = c->recipe >= 0      ? optimizer_of(vsh_recipe_at(c->recipe))
                     : c->optimizer >= 0 ? (vsh_optimizer)c->optimizer
                                         : VSH_ADAMW;
    run->gradient_bytes =
        (c->recipe >= 0 ? vsh_recipe_at(c->recipe) : vsh_recipe_for(run->precision, run->optimizer))
            ->gradients;
    return VSH_OK;
}

static vsh_precision choose_precision(const plan_config *c, const vsh_hardware *h)
{
    if (c->precision >= 0)
        return (vsh_precision)c->precision;
    return h->peak[VSH_BF16].known ? VSH_BF16 : h->peak[VSH_FP16].known ? VSH_FP16 : VSH_FP32;
}

/* Exactly the run of --model, --layout and --batch. */
static vsh_status of_options(vsh_session *s, vsh_export_run *run, vsh_error *err)
{
    const plan_config *c = s->config;
    vsh_hardware *hardware = vsh_alloc(s->arena, 1, sizeof *hardware);
    vsh_model *model = vsh_alloc(s->arena, 1, sizeof *model);
    vsh_laid_run laid;

    if (!hardware || !model)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_named_hardware(s, c->hw, c->refresh, hardware, err));
    VSH_TRY(vsh_named_model(s, c->model, model, err));
    VSH_TRY(vsh_layout_parse(c->layout, c->chips, &run->layout, err));
    run->hardware = hardware;
    run->model = model;
    run->seq = c->seq ? c->seq : model->context < SEQ_MAX ? model->context : SEQ_MAX;
    run->batch = c->batch;
    run->micro = c->micro_batch ? c->micro_batch : 1;
    run->precision = choose_precision(c, hardware);
    VSH_TRY(choose_recipe(c, run, err));
    laid = (vsh_laid_run){model, run->seq, run->batch, run->micro};
    VSH_TRY(vsh_layout_check(&run->layout, &laid, err));
    run->hours_most = HOURS_SPREAD * (!isnan(c->hours)  ? c->hours
                                      : !isnan(c->days) ? 24 * c->days
                                                        : 0);
    return tune(c, run, err);
}

static vsh_status find_run(vsh_session *s, vsh_export_run *run, vsh_error *err)
{
    const plan_config *c = s->config;

    *run = (vsh_export_run){.chips = c->chips,
                            .recompute = (vsh_recompute_mode)(c->recompute < 0 ? 0 : c->recompute),
                            .flash = c->attention <= 0,
                            .seed = c->common.seed,
                            .launch = c->launch < 0 ? NULL : vsh_export_targets[c->launch],
                            .command = s->line};
    if (!c->batch && (c->layout || c->micro_batch || c->recompute >= 0 || c->attention >= 0))
        return vsh_fail(err, VSH_EINPUT,
                        "--batch: expected the sequences of a step with --layout, --micro-batch, "
                        "--recompute or --attention, got nothing");
    VSH_TRY(c->batch ? of_options(s, run, err) : of_plan(s, run, err));
    return take_data(s, run, err);
}

/* ---- the answer -------------------------------------------------------------------------------
 */

static void write_json(const vsh_export_target *target, const vsh_export_files *files,
                       vsh_text *out)
{
    vsh_json json = {.out = out};

    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "target", target->name);
    vsh_json_string(&json, "version", target->version);
    vsh_json_array(&json, "files");
    for (int i = 0; i < files->count; i++) {
        vsh_json_object(&json, NULL);
        vsh_json_string(&json, "name", files->item[i].name);
        vsh_json_string(&json, "text", vsh_text_string(&files->item[i].text));
        vsh_json_end(&json);
    }
    vsh_json_end(&json);
    vsh_json_end(&json);
}

/* All of them or none: what is there is looked for first. */
static vsh_status write_files(vsh_session *s, const vsh_export_files *files, vsh_error *err)
{
    const plan_config *c = s->config;
    const char *path[VSH_EXPORT_FILES];

    for (int i = 0; i < files->count; i++) {
        path[i] = vsh_path_join(s->arena, c->out, files->item[i].name);
        if (!path[i])
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
        if (!s->common->force && vsh_file_owner_of(path[i], "") != VSH_FILE_ABSENT)
            return vsh_fail(err, VSH_EINPUT, "--out: %.200s is there (--force overwrites)",
                            path[i]);
    }
    VSH_TRY(vsh_folder_make(c->out, err));
    for (int i = 0; i < files->count; i++) {
        VSH_TRY(vsh_file_write(path[i], &files->item[i].text, err));
        vsh_text_add(&s->talk, "vishwa-plan: wrote %s\n", path[i]);
    }
    return VSH_OK;
}

/* The file that the system is started with; the others are named. */
static void show(vsh_session *s, const vsh_export_files *files)
{
    const vsh_text *first = &files->item[0].text;

    vsh_text_put(&s->out, first->data, first->length);
    for (int i = 1; i < files->count; i++)
        vsh_text_add(&s->talk, "vishwa-plan: it needs %s as well: --out DIR writes both\n",
                     files->item[i].name);
}

/* ---- does it fit --------------------------------------------------------------------------- */

/* Whose memory a target's run takes; that of this project's trainer it counts itself. */
static const struct {
    const vsh_export_target *target;
    const char *framework;
} counted[] = {{&vsh_export_torchtitan, "torchtitan"},
               {&vsh_export_megatron, "megatron"},
               {&vsh_export_maxtext, "xla"}};

/* The configuration is written all the same: the user may know better than a prediction. */
static vsh_status warn_of_memory(vsh_session *s, const vsh_export_target *target,
                                 const vsh_export_run *run, vsh_error *err)
{
    double capacity = run->hardware->memory_bytes.value;

    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) {
        const vsh_framework *framework = vsh_framework_named(counted[i].framework);
        vsh_precision state = framework->fp32_state ? VSH_FP32 : run->precision;
        vsh_step_run step = {.laid = {run->model, run->seq, run->batch, run->micro},
                             .layout = run->layout,
                             .precision = run->precision,
                             .recompute = run->recompute,
                             .recipe = vsh_recipe_for(state, run->optimizer),
                             .flash = run->flash,
                             .framework = framework};
        vsh_footprint memory;
        if (target != counted[i].target)
            continue;
        VSH_TRY(vsh_run_memory(&step, &memory, err));
        if (memory.total.v > capacity)
            vsh_text_add(&s->talk, "vishwa-plan: %s would need %s of %s a chip\n", target->system,
                         vsh_show_bytes(memory.total.v).text, vsh_show_bytes(capacity).text);
    }
    return VSH_OK;
}

vsh_status plan_run_export(vsh_session *s, vsh_error *err)
{
    const plan_config *c = s->config;
    const vsh_export_target *target;
    vsh_export_files files = {.arena = s->arena};
    vsh_export_run run;

    if (c->to < 0)
        return vsh_fail(
            err, VSH_EINPUT,
            "--to: expected maxtext, megatron, torchtitan, slurm or vishwa-train, got nothing");
    target = vsh_export_targets[c->to];
    if (c->launch >= 0 && target != &vsh_export_slurm)
        return vsh_fail(err, VSH_EINPUT, "--for: expected with --to slurm only, got --to %s",
                        target->name);
    VSH_TRY(find_run(s, &run, err));
    VSH_TRY(vsh_export_write(target, &run, &files, err));
    VSH_TRY(warn_of_memory(s, target, &run, err));
    if (c->out)
        VSH_TRY(write_files(s, &files, err));
    if (s->common->json)
        write_json(target, &files, &s->out);
    else if (!c->out)
        show(s, &files);
    return VSH_OK;
}
