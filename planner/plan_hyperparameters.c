/* vishwa-plan hyperparameters: how to train N parameters on D tokens, whatever the budget. */
#include <math.h>

#include "core/named.h"
#include "planner/laws/law.h"
#include "planner/plan_commands.h"
#include "planner/plan_report.h"

/* Tokens of a sequence when no model says so. */
#define SEQ_DEFAULT 2048
/* Sequences of a given model, unless --seq says otherwise. */
#define SEQ_MAX 4096

typedef struct {
    const char *model; /* NULL: a number of parameters was given */
    int64_t seq;
    double unique, epochs, batch_tokens, steps;
    vsh_tuned run;
    double loss; /* of the law below; NaN where it says no more than guessing */
    const vsh_law *loss_law;
    plan_tuning tuning;
} question;

/* A bare number is N for every law, however it counts. */
static void ask_of_number(const plan_config *c, question *q)
{
    double experts = isnan(c->experts) ? 0 : c->experts;

    q->run = (vsh_tuned){.non_embedding = c->params,
                         .matmul = c->params,
                         .active = c->params,
                         .tokens = c->tokens,
                         .flops = isnan(c->flops) ? 0 : c->flops,
                         .experts = experts};
    q->seq = c->seq ? c->seq : SEQ_DEFAULT;
}

static vsh_status ask_of_model(vsh_session *s, question *q, vsh_error *err)
{
    const plan_config *c = s->config;
    vsh_model *model = vsh_alloc(s->arena, 1, sizeof *model);
    vsh_parameters parameters;

    if (!model)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_named_model(s, c->model, model, err));
    VSH_TRY(vsh_count_parameters(model, &parameters, err));
    q->model = model->name;
    q->run = plan_tuned_of(model, &parameters, vsh_law_experts(model), c->tokens);
    q->run.flops = isnan(c->flops) ? 0 : c->flops;
    q->seq = c->seq ? c->seq : model->context < SEQ_MAX ? model->context : SEQ_MAX;
    return VSH_OK;
}

static vsh_status read_question(vsh_session *s, question *q, vsh_error *err)
{
    const plan_config *c = s->config;

    if (isnan(c->tokens))
        return vsh_fail(err, VSH_EINPUT, "--tokens: expected a number such as 8B, got nothing");
    if (isnan(c->params) == !c->model)
        return vsh_fail(err, VSH_EINPUT, "--params: expected either parameters or --model, got %s",
                        c->model ? "both" : "neither");
    if (c->model && !isnan(c->experts))
        return vsh_fail(err, VSH_EINPUT, "--experts: the model says how many it has");
    if (c->unique > c->tokens)
        return vsh_fail(err, VSH_EINPUT, "--unique: expected at most --tokens %.4g, got %.4g",
                        c->tokens, c->unique);
    q->unique = isnan(c->unique) ? c->tokens : c->unique;
    q->epochs = c->tokens / q->unique;
    if (c->model)
        return ask_of_model(s, q, err);
    ask_of_number(c, q);
    return VSH_OK;
}

/* The loss only decides the critical batch: repeated tokens are taken for unique ones. */
static void expect_loss(question *q)
{
    vsh_point point = {.params = q->run.active, .tokens = q->run.tokens, .experts = q->run.experts};

    q->loss_law = q->run.experts > 1 ? &vsh_ludziejewski2025 : vsh_law_default();
    q->loss = vsh_law_loss(q->loss_law, &point);
    if (!(q->loss < log(32000))) /* what guessing among 32,000 words reaches */
        q->loss = NAN;
}

static void answer(question *q)
{
    expect_loss(q);
    q->tuning = plan_tune(&q->run);
    q->batch_tokens = vsh_batch_near(q->tuning.laws.batch_tokens, (double)q->seq, q->run.tokens);
    q->steps = fmax(1, floor(q->run.tokens / q->batch_tokens));
    plan_tune_schedule(&q->tuning, q->run.tokens, q->batch_tokens, q->epochs, q->loss);
}

enum { EXPLAINED_MAX = 4 + 2 * VSH_TUNING_LAWS + VSH_SETTINGS };

static int list_numbers(const question *q, vsh_explained lines[EXPLAINED_MAX])
{
    const plan_tuning *t = &q->tuning;
    vsh_setting settings[VSH_SETTINGS];
    int count = 0;

    lines[count++] = (vsh_explained){
        "learning rate",  t->rate,  "", "geometric mean of the laws fitted where the run lies",
        "the laws below", "derived"};
    lines[count++] = (vsh_explained){"batch",          q->batch_tokens,
                                     "tokens",         "power of two near the mean of those laws",
                                     "the laws below", "derived"};
    lines[count++] =
        (vsh_explained){"steps", q->steps, "", "tokens / batch", "arithmetic", "derived"};
    for (int i = 0; i < VSH_TUNING_LAWS; i++) {
        const vsh_tuning_law *law = &vsh_tuning_laws[i];
        double rate = law->rate(&t->run);
        if (rate > 0)
            lines[count++] = (vsh_explained){law->title,   rate,        "learning rate",
                                             law->formula, law->source, "calibrated"};
        if (law->batch_tokens)
            lines[count++] = (vsh_explained){law->title,       law->batch_tokens(&t->run),
                                             "tokens a batch", law->formula,
                                             law->source,      "calibrated"};
    }
    vsh_settings_of(&t->schedule, settings);
    for (int i = 0; i < VSH_SETTINGS; i++)
        lines[count++] = (vsh_explained){settings[i].title,  settings[i].value,  "",
                                         "a published rule", settings[i].source, "assumed"};
    return count;
}

static void write_json(const question *q, bool explain, vsh_json *json)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "model", q->model);
    vsh_json_real(json, "params_non_embedding", q->run.non_embedding);
    vsh_json_real(json, "params_matmul", q->run.matmul);
    vsh_json_real(json, "params_active", q->run.active);
    vsh_json_real(json, "tokens", q->run.tokens);
    vsh_json_real(json, "unique_tokens", q->unique);
    vsh_json_real(json, "epochs", q->epochs);
    vsh_json_real(json, "experts", q->run.experts);
    vsh_json_integer(json, "seq", q->seq);
    vsh_json_real(json, "steps", q->steps);
    vsh_json_bool(json, "too_few_steps", q->steps < VSH_STEPS_MIN);
    vsh_json_known(json, "loss", q->loss);
    vsh_json_string(json, "loss_law", q->loss_law->name);
    plan_write_tuning(&q->tuning, q->batch_tokens, json);
    if (explain)
        vsh_explain_write(lines, list_numbers(q, lines), json);
    vsh_json_end(json);
}

static void print(const question *q, vsh_term term, vsh_text *out)
{
    vsh_text_add(out, "\n  %.30s%s%s parameters on %s tokens", q->model ? q->model : "",
                 q->model ? ": " : "", vsh_show_count(q->run.active).text,
                 vsh_show_count(q->run.tokens).text);
    if (q->epochs > 1.0001)
        vsh_text_add(out, ", %s epochs", vsh_show_real(q->epochs).text);
    vsh_text_add(out, "\n  steps       %s, sequences of %s\n",
                 vsh_show_integer((int64_t)q->steps).text, vsh_show_integer(q->seq).text);
    if (q->steps < VSH_STEPS_MIN)
        vsh_text_add(out, "              under %s the data is not used well\n",
                     vsh_show_integer((int64_t)VSH_STEPS_MIN).text);
    plan_print_tuning(&q->tuning, q->batch_tokens, term, out);
    vsh_text_put(out, "\n", 1);
}

static void explain(const question *q, vsh_text *out)
{
    vsh_explained lines[EXPLAINED_MAX];

    vsh_explain_print(lines, list_numbers(q, lines), out);
}

vsh_status plan_run_hyperparameters(vsh_session *s, vsh_error *err)
{
    question q = {0};

    VSH_TRY(read_question(s, &q, err));
    answer(&q);
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        write_json(&q, s->common->explain, &json);
        if (json.refused)
            return vsh_fail(err, VSH_EINPUT, "a figure of the answer is out of range");
    } else {
        print(&q, s->term, &s->out);
        if (s->common->explain)
            explain(&q, &s->out);
    }
    return VSH_OK;
}
