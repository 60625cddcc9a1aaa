#include "planner/plan_calibrate.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/named.h"
#include "planner/layout/extent.h"
#include "planner/layout/stack_file.h"
#include "planner/plan_commands.h"

/* ---- the question ---------------------------------------------------------------------------- */

/* "KEY=TEXT,...", a key for each column. */
static vsh_status read_pairs(const vsh_session *s, const char *option, const char *pairs,
                             const char *example, const char *text[VSH_STEP_COLUMNS],
                             vsh_error *err)
{
    vsh_csv_key keys[VSH_STEP_COLUMNS + 1] = {{NULL, NULL}};

    for (int i = 0; i < VSH_STEP_COLUMNS; i++)
        keys[i] = (vsh_csv_key){vsh_step_columns[i], &text[i]};
    return pairs ? vsh_csv_pairs(s->arena, option, pairs, keys, example, err) : VSH_OK;
}

static vsh_status read_table(const vsh_session *s, vsh_step_table *table, vsh_error *err)
{
    const plan_config *c = s->config;

    *table = (vsh_step_table){.where_count = c->where.count};
    VSH_TRY(read_pairs(s, "--columns", c->columns, "batch=GBS,step_time_s=T", table->name, err));
    VSH_TRY(read_pairs(s, "--set", c->set, "recompute=full,precision=fp16", table->cell, err));
    if (c->where.count > VSH_CSV_WHERE)
        return vsh_fail(err, VSH_EINPUT, "--where: expected at most %d of them, got %d",
                        VSH_CSV_WHERE, c->where.count);
    for (int i = 0; i < c->where.count; i++)
        table->where[i] = c->where.item[i];
    return VSH_OK;
}

/* The profile's stack of the name that will be written, else its own. */
static void find_start(plan_calibration *c)
{
    c->began = c->hardware.stack_count ? &c->hardware.stack[0] : NULL;
    for (int i = 0; i < c->hardware.stack_count; i++)
        if (strcmp(c->hardware.stack[i].name, c->name) == 0)
            c->began = &c->hardware.stack[i];
}

static vsh_status ask(vsh_session *s, plan_calibration *c, vsh_error *err)
{
    const plan_config *config = s->config;
    vsh_step_table table;

    if (s->operand_count != 1)
        return vsh_fail(err, VSH_EINPUT,
                        "calibrate: expected one file of measured steps, such as RUNS.csv");
    if (!config->hw)
        return vsh_fail(err, VSH_EINPUT, "--hw: expected a profile such as a100-80gb");
    c->name = config->stack ? config->stack : "mine";
    if (!*c->name || strcmp(c->name, "none") == 0 || strlen(c->name) > 60)
        return vsh_fail(err, VSH_EINPUT, "--stack: expected a name such as mine, got \"%.60s\"",
                        c->name);
    VSH_TRY(read_table(s, &table, err));
    VSH_TRY(vsh_named_hardware(s, config->hw, config->refresh, &c->hardware, err));
    find_start(c);
    VSH_TRY(vsh_measured_steps_read(s->arena, &s->library, s->operands[0], &table, &c->hardware,
                                    &c->steps, err));
    /* as `estimate --stack NAME` will take it */
    for (int i = 0; i < c->steps.count; i++)
        c->steps.step[i].run.software = *vsh_software_of(c->name);
    return VSH_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void name_source(plan_calibration *c)
{
    size_t used = (size_t)snprintf(c->source, sizeof c->source, "%.200s: %d measured steps, ",
                                   last_part(c->steps.path), c->fit.rows);

    if (c->fit.leave_one_out)
        snprintf(c->source + used, sizeof c->source - used, "all fitted, judged one by one");
    else
        snprintf(c->source + used, sizeof c->source - used, "one run in %d fitted", c->fit.each);
}

/* Constants that the rows tell, with two standard deviations either side; of the others those that
 * the stack had before. */
static vsh_stack_figures figures_of(vsh_arena *arena, const plan_calibration *c)
{
    vsh_stack_figures f = {.name = c->name};
    vsh_text words = {.arena = arena};
    vsh_extent extent = 0;
    vsh_stack after = c->fit.after;

    for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
        const vsh_stack_constant *k = &vsh_stack_constants[i];
        double value = *vsh_stack_value(&after, k), way = 2 * c->fit.sd[i];
        if (c->fit.identified >> i & 1)
            f.figure[i] = (vsh_figure){.known = true,
                                       .value = value,
                                       .low = value - way > k->least ? value - way : k->least,
                                       .high = value + way < k->most ? value + way : k->most,
                                       .source = c->source,
                                       .tag = VSH_TAG_CALIBRATED};
        else if (c->began)
            f.figure[i] = c->began->figure[i];
    }
    f.spread = (vsh_figure){.known = true,
                            .value = c->fit.error_after.p90,
                            .low = c->fit.error_after.p90,
                            .high = c->fit.error_after.p90,
                            .source = c->source,
                            .tag = VSH_TAG_MEASURED};
    for (int i = 0; i < c->steps.count; i++)
        extent |= vsh_extent_of(&c->steps.step[i].run);
    vsh_extent_show(extent, " ", &words);
    f.measured = vsh_text_string(&words);
    return f;
}

static vsh_status write_profile(vsh_session *s, const plan_calibration *c, const char *path,
                                vsh_error *err)
{
    vsh_text text = {.arena = s->arena};
    vsh_stack_figures figures;
    vsh_doc doc;

    if (!s->common->force && vsh_file_owner_of(path, vsh_stack_file_mark) == VSH_FILE_FOREIGN)
        return vsh_fail(err, VSH_EINPUT,
                        "--out: %.200s is there and calibrate did not write it (--force "
                        "overwrites)",
                        path);
    if (c->fit.error_after.p90 > 10)
        return vsh_fail(err, VSH_ENO, "--out: not written: steps lie a factor of 10 from the fit");
    figures = figures_of(s->arena, c);
    VSH_TRY(vsh_doc_read(s->arena, c->hardware.path, &doc, err));
    VSH_TRY(vsh_stack_file_write(s->arena, &doc, &figures, &text, err));
    return vsh_file_write(path, &text, err);
}

/* ---- the command ----------------------------------------------------------------------------- */

static void warn(vsh_session *s, const plan_calibration *c)
{
    const vsh_stack_fit *f = &c->fit;

    if (f->identified && f->error_after.mean >= f->error_before.mean)
        vsh_text_add(&s->talk,
                     "warning: the held-out error did not fall: %.2f %% before, %.2f %% "
                     "after\n",
                     100 * f->error_before.mean, 100 * f->error_after.mean);
    if (f->error_after.mean >= f->error_null.mean)
        vsh_text_add(&s->talk,
                     "warning: one constant share of the peak predicts these steps as well\n");
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++)
        if (f->at_end >> i & 1)
            vsh_text_add(&s->talk, "warning: %s would leave its physical range: not identified\n",
                         vsh_stack_constants[i].name);
    for (int i = 0; i < c->steps.ignored_count; i++)
        vsh_text_add(&s->talk, "warning: %s: column %.60s is not known: ignored\n", c->steps.path,
                     c->steps.ignored[i]);
}

vsh_status plan_run_calibrate(vsh_session *s, vsh_error *err)
{
    const plan_config *config = s->config;
    plan_calibration *c = vsh_alloc(s->arena, 1, sizeof *c);
    vsh_json json = {.out = &s->out};
    vsh_stack before;

    if (!c)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(ask(s, c, err));
    before = vsh_stack_calibrated(&c->hardware, c->began);
    VSH_TRY(vsh_stack_fit_of(s->arena, &c->steps, &before,
                             vsh_software_of(c->began ? c->began->name : NULL), &c->fit, err));
    name_source(c);
    warn(s, c);
    if (c->fit.identified && config->out)
        VSH_TRY(write_profile(s, c, config->out, err));
    if (s->common->json)
        plan_calibrate_write(c, s->common->explain, &json);
    else
        plan_calibrate_print(c, config->out, &s->out);
    if (s->common->explain && !s->common->json)
        plan_calibrate_explain(c, &s->out);
    return c->fit.identified
               ? VSH_OK
               : vsh_fail(err, VSH_ENO, "%s: these steps tell no constant", c->steps.path);
}
