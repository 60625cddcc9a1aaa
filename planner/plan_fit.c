#include <math.h>
#include <string.h>

#include "core/json.h"
#include "planner/fit/fit.h"
#include "planner/plan_commands.h"

static vsh_status find_form(const char *name, const vsh_form **form, vsh_error *err)
{
    char suggestion[160];
    size_t count = 0;

    for (; vsh_fit_words[count]; count++)
        if (strcmp(vsh_fit_words[count], name) == 0) {
            *form = vsh_form_find(name);
            return VSH_OK;
        }
    vsh_suggest(suggestion, sizeof suggestion, name, vsh_fit_words, count);
    return vsh_fail(err, VSH_EINPUT, "--law: no form \"%.60s\" is fitted%s", name, suggestion);
}

static void write_json(const vsh_fit *fit, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "law", fit->form->name);
    vsh_json_integer(json, "runs", fit->runs->count);
    for (int i = 0; fit->form->coefficient[i]; i++)
        vsh_json_known(json, fit->form->coefficient[i], fit->law.coefficient[i]);
    vsh_json_real(json, "objective", fit->objective);
    vsh_json_real(json, "residual_sd", fit->residual_sd);
    vsh_json_end(json);
}

vsh_status plan_run_fit(vsh_session *s, vsh_error *err)
{
    const plan_config *c = s->config;
    vsh_fit_options options = {.delta = 1e-3};
    vsh_run_columns columns = {0};
    vsh_json json = {.out = &s->out};
    vsh_runs runs;
    vsh_fit fit;

    if (s->operand_count != 1)
        return vsh_fail(err, VSH_EINPUT, "fit: expected one file of runs, such as RUNS.csv");
    VSH_TRY(find_form(c->law ? c->law : "chinchilla", &options.form, err));
    VSH_TRY(vsh_runs_read(s->arena, s->operands[0], &columns, &runs, err));
    VSH_TRY(vsh_fit_run(s->arena, &runs, &options, &fit, err));
    write_json(&fit, &json);
    return VSH_OK;
}
