#include <inttypes.h>
#include <string.h>

#include "core/json.h"
#include "core/lower.h"
#include "core/named.h"
#include "core/tensor.h"
#include "planner/plan_commands.h"

/* What a count is made of. */
typedef struct {
    vsh_model model;
    vsh_parameters parameters;
    vsh_op_list ops;
    int64_t seq;
    double forward, train; /* model FLOPs a token */
} counted;

static const char convention[] =
    "exact causal: position t sees t keys, (S+1)/2 a token; no padding, no recomputation";

static void write_json(const counted *c, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    vsh_json_string(json, "model", c->model.name);
    vsh_json_integer(json, "params_total", c->parameters.total);
    vsh_json_integer(json, "params_active", c->parameters.active);
    vsh_json_integer(json, "params_embedding", c->parameters.embedding);
    vsh_json_integer(json, "params_non_embedding", c->parameters.non_embedding);
    vsh_json_object(json, "params_by_group");
    for (int g = 0; g < VSH_GROUP_COUNT; g++)
        vsh_json_integer(json, vsh_group_names[g], c->parameters.group[g]);
    vsh_json_end(json);
    vsh_json_integer(json, "seq", c->seq);
    vsh_json_real(json, "flops_per_token_forward", c->forward);
    vsh_json_real(json, "flops_per_token_train", c->train);
    vsh_json_real(json, "six_n", 6 * (double)c->parameters.active);
    vsh_json_string(json, "attention_convention", convention);
    vsh_json_array(json, "ops");
    for (int i = 0; i < c->ops.count; i++) {
        const vsh_op *op = &c->ops.item[i];
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", op->name);
        vsh_json_string(json, "phase", vsh_phase_names[op->phase]);
        vsh_json_integer(json, "m", op->m);
        vsh_json_integer(json, "n", op->n);
        vsh_json_integer(json, "k", op->k);
        vsh_json_integer(json, "count", op->count);
        vsh_json_integer(json, "model_macs", op->model_macs);
        vsh_json_integer(json, "executed_macs", op->executed_macs);
        vsh_json_real(json, "vector_flops", op->vector_flops.v);
        vsh_json_real(json, "bytes", op->bytes.v);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    vsh_json_end(json);
}

static void print_parameters(const counted *c, vsh_term term, vsh_text *out)
{
    const vsh_parameters *p = &c->parameters;

    vsh_text_add(
        out, "\n  %s%s%s   %" PRId64 " layers x %" PRId64 ", %" PRId64 " heads, vocabulary %s\n\n",
        vsh_term_bold(term), c->model.name, vsh_term_plain(term), c->model.layers, c->model.hidden,
        c->model.heads, vsh_show_integer(c->model.vocab).text);
    vsh_text_add(out, "  parameters      %18s\n", vsh_show_integer(p->total).text);
    if (p->active != p->total)
        vsh_text_add(out, "    active        %18s\n", vsh_show_integer(p->active).text);
    for (int g = 0; g < VSH_GROUP_COUNT; g++)
        if (p->group[g])
            vsh_text_add(out, "    %-13s %18s  %5.1f %%\n", vsh_group_names[g],
                         vsh_show_integer(p->group[g]).text,
                         100 * (double)p->group[g] / (double)p->total);
}

static void print_flops(const counted *c, vsh_text *out)
{
    double six_n = 6 * (double)c->parameters.active;

    vsh_text_add(out, "\n  FLOPs a token at sequences of %s (exact causal attention)\n",
                 vsh_show_integer(c->seq).text);
    vsh_text_add(out, "    forward       %11sFLOP\n", vsh_show_si(c->forward).text);
    vsh_text_add(out, "    training      %11sFLOP   6N of the active parameters says %.3g times\n",
                 vsh_show_si(c->train).text, six_n / c->train);
    vsh_text_add(out,
                 "\n  Forward operation             m       n       k    count   share of FLOPs\n");
    for (int i = 0; i < c->ops.count; i++) {
        const vsh_op *op = &c->ops.item[i];
        if (op->phase == VSH_FORWARD && op->model_macs)
            vsh_text_add(
                out, "    %-20s %8" PRId64 " %7" PRId64 " %7" PRId64 " %8" PRId64 "   %11.1f %%\n",
                op->name, op->m, op->n, op->k, op->count,
                200 * (double)op->model_macs / (double)c->seq / c->forward);
    }
    vsh_text_put(out, "\n", 1);
}

vsh_status plan_run_count(vsh_session *s, vsh_error *err)
{
    const plan_config *config = s->config;
    counted *c = vsh_alloc(s->arena, 1, sizeof *c);
    vsh_work work;

    if (!c)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(vsh_named_model(s, config->model, &c->model, err));
    c->seq = config->seq ? config->seq : c->model.context;
    work = vsh_work_default(c->seq);
    VSH_TRY(vsh_count_parameters(&c->model, &c->parameters, err));
    VSH_TRY(vsh_lower(&c->model, &work, &c->ops, err));
    c->forward = vsh_ops_model_flops(&c->ops, VSH_FORWARD).v / (double)c->seq;
    c->train = vsh_ops_step_model_flops(&c->ops).v / (double)c->seq;
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        write_json(c, &json);
    } else {
        print_parameters(c, s->term, &s->out);
        print_flops(c, &s->out);
    }
    return VSH_OK;
}
