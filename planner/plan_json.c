#include <math.h>

#include "planner/laws/repetition.h"
#include "planner/plan_experts.h"
#include "planner/plan_report.h"
#include "planner/plan_target.h"

/* null where there is no figure, so that nobody reads a zero. */
static void real_if(vsh_json *json, const char *key, bool known, double value)
{
    vsh_json_known(json, key, known ? value : (double)NAN);
}

void plan_write_hardware(const plan *p, vsh_json *json)
{
    const plan_request *r = &p->request;

    vsh_json_object(json, "hardware");
    vsh_json_string(json, "name", r->hardware->name);
    vsh_json_real(json, "chips", r->chips);
    vsh_json_real(json, "peak_flops_per_s", r->peak.v);
    vsh_json_string(json, "peak_precision", vsh_precision_words[r->peak_of]);
    vsh_json_real(json, "effective_flops_per_s", r->effective.v);
    vsh_json_real(json, "mfu", r->effective.v / r->peak.v);
    vsh_json_real(json, "memory_bytes", r->hardware->memory_bytes.value);
    vsh_json_string(json, "scenario", r->scenario);
    vsh_json_string(json, "source", r->throughput_source);
    vsh_json_string(json, "tag", vsh_tag_names[r->throughput_tag]);
    vsh_json_end(json);
}

static void write_anchor(const vsh_anchor *anchor, const char *key, vsh_json *json)
{
    vsh_json_object(json, key);
    vsh_json_real(json, "params", anchor->params);
    vsh_json_real(json, "tokens", anchor->tokens);
    vsh_json_real(json, "unique_tokens", anchor->unique);
    vsh_json_real(json, "loss", anchor->loss);
    vsh_json_string(json, "corpus", vsh_anchor_corpora[anchor->corpus]);
    vsh_json_end(json);
}

static void write_rule(const plan *p, vsh_json *json)
{
    const plan_rule *rule = &p->rule;

    vsh_json_object(json, "rule_6nte");
    vsh_json_real(json, "tokens", rule->tokens);
    vsh_json_real(json, "epochs", rule->epochs);
    vsh_json_real(json, "params", rule->params);
    vsh_json_bool(json, "feasible", rule->feasible);
    vsh_json_string(json, "verdict", rule->verdict);
    vsh_json_bool(json, "vetoed_by_memory", rule->vetoed_by_memory);
    vsh_json_bool(json, "vetoed_by_data", rule->vetoed_by_data);
    vsh_json_real(json, "state_bytes", rule->state_bytes);
    vsh_json_real(json, "chips_for_state", rule->chips_for_state);
    vsh_json_real(json, "tokens_per_param", rule->tokens_per_param);
    vsh_json_real(json, "loss_lower_bound", rule->lower_bound_loss);
    write_anchor(rule->nearest, "nearest_measured", json);
    vsh_json_end(json);
}

static void write_memory(const plan *p, vsh_json *json)
{
    vsh_json_object(json, "memory");
    vsh_json_real(json, "bytes_per_param", vsh_recipe_bytes(p->request.recipe));
    vsh_json_real(json, "largest_params", p->largest_params);
    vsh_json_string(json, "recipe", p->request.recipe->name);
    vsh_json_end(json);
}

static void write_optimum(const plan *p, vsh_json *json)
{
    vsh_json_object(json, "optimum");
    vsh_json_string(json, "law", p->request.law->name);
    vsh_json_real(json, "params", p->optimum.params);
    vsh_json_real(json, "tokens", p->optimum.tokens);
    real_if(json, "loss", true, p->optimum.loss);
    vsh_json_real(json, "params_low", p->optimum_params.low);
    vsh_json_real(json, "params_high", p->optimum_params.high);
    vsh_json_real(json, "tokens_low", p->optimum_tokens.low);
    vsh_json_real(json, "tokens_high", p->optimum_tokens.high);
    real_if(json, "loss_low", isfinite(p->optimum.loss), p->optimum_loss.low);
    real_if(json, "loss_high", isfinite(p->optimum.loss), p->optimum_loss.high);
    vsh_json_array(json, "by_law");
    for (int i = 0; i < p->by_law_count; i++) {
        vsh_json_object(json, NULL);
        vsh_json_string(json, "law", p->sizing_law[i]->name);
        vsh_json_real(json, "params", p->by_law[i].params);
        vsh_json_real(json, "tokens", p->by_law[i].tokens);
        real_if(json, "loss", true, p->by_law[i].loss);
        vsh_json_string(json, "n_counts", vsh_n_counts_names[p->sizing_law[i]->n_counts]);
        vsh_json_string(json, "corpus", p->sizing_law[i]->corpus);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    if (p->request.unique_tokens > 0) {
        vsh_json_object(json, "data_limited");
        vsh_json_string(json, "law", vsh_law_of_repetition(p->request.law)->name);
        vsh_json_real(json, "unique_tokens", p->request.unique_tokens);
        vsh_json_known(json, "params", p->data_optimum.params);
        vsh_json_known(json, "tokens", p->data_optimum.tokens);
        vsh_json_known(json, "epochs", p->data_optimum.tokens / p->request.unique_tokens);
        vsh_json_known(json, "loss", p->data_optimum.loss);
        vsh_json_real(json, "offset_nats", vsh_law_of_repetition(p->request.law)->offset);
        vsh_json_real(json, "useful_flops", p->useful_flops);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

static void write_model(const vsh_model *m, vsh_json *json)
{
    vsh_json_object(json, "model");
    vsh_json_string(json, "name", m->name);
    vsh_json_integer(json, "layers", m->layers);
    vsh_json_integer(json, "hidden", m->hidden);
    vsh_json_integer(json, "heads", m->heads);
    vsh_json_integer(json, "kv_heads", m->kv_heads);
    vsh_json_integer(json, "head_dim", m->head_dim);
    vsh_json_integer(json, "ffn", m->ffn);
    vsh_json_string(json, "mlp", vsh_mlp_words[m->mlp]);
    vsh_json_string(json, "norm", vsh_norm_words[m->norm]);
    vsh_json_string(json, "position", vsh_position_words[m->position]);
    vsh_json_integer(json, "vocab", m->vocab);
    vsh_json_integer(json, "context", m->context);
    vsh_json_bool(json, "tied", m->tied);
    vsh_json_integer(json, "experts", m->experts.count);
    vsh_json_integer(json, "top_k", m->experts.top_k);
    vsh_json_end(json);
}

/* The keys of recommended and of each alternative. */
static void write_run(const plan_run *run, vsh_json *json)
{
    write_model(&run->model, json);
    vsh_json_integer(json, "params_total", run->parameters.total);
    vsh_json_integer(json, "params_active", run->parameters.active);
    vsh_json_real(json, "flops_per_token_train", run->flops_per_token);
    vsh_json_real(json, "tokens", run->tokens);
    vsh_json_real(json, "tokens_low", run->tokens_range.low);
    vsh_json_real(json, "tokens_high", run->tokens_range.high);
    vsh_json_real(json, "unique_tokens", run->unique_tokens);
    vsh_json_real(json, "epochs", run->epochs);
    vsh_json_real(json, "batch_tokens", run->batch_tokens);
    vsh_json_integer(json, "micro_batch_sequences", run->work.sequences);
    vsh_json_real(json, "accumulate", run->accumulate);
    vsh_json_string(json, "recompute", vsh_recompute_words[run->work.recompute]);
    vsh_json_real(json, "learning_rate", run->tuning.rate);
    vsh_json_real(json, "learning_rate_low", run->tuning.laws.rate_low);
    vsh_json_real(json, "learning_rate_high", run->tuning.laws.rate_high);
    plan_write_tuning(&run->tuning, run->batch_tokens, json);
    vsh_json_real(json, "steps", run->steps);
    vsh_json_known(json, "loss", run->loss); /* none of experts where nobody has measured them */
    vsh_json_known(json, "loss_low", run->loss_range.low);
    vsh_json_known(json, "loss_high", run->loss_range.high);
    vsh_json_string(json, "loss_law", run->loss_law->name);
    vsh_json_real(json, "loss_repetition_nats", run->repetition_nats);
    real_if(json, "loss_offset_nats", run->loss_law->offset_runs, run->loss_law->offset);
    vsh_json_bool(json, "valid", run->valid);
    vsh_json_integer(json, "seq", run->seq);
    vsh_json_real(json, "step_time_s", run->step_time_s);
    vsh_json_real(json, "step_roofline_s", run->roofline_s);
    vsh_json_real(json, "mfu", run->mfu);
    vsh_json_real(json, "hfu", run->hfu);
    vsh_json_string(json, "bound", vsh_bound_names[run->bound]);
    vsh_json_real(json, "memory_bytes", run->footprint.total.v);
    vsh_footprint_write(&run->footprint, json);
    vsh_json_bool(json, "fits", run->fits);
    vsh_json_real(json, "hours", run->hours);
    vsh_json_real(json, "hours_low", run->hours_range.low);
    vsh_json_real(json, "hours_high", run->hours_range.high);
    plan_bill_write_json(run, json);
}

void plan_run_write_json(const plan_run *run, const char *key, vsh_json *json)
{
    vsh_json_object(json, key);
    write_run(run, json);
    vsh_json_end(json);
}

/* As of the recommended run: the unique tokens at hand end it or are repeated. */
static bool is_data_limited(const plan *p, const plan_run *run)
{
    return p->request.unique_tokens > 0 && run->tokens > run->unique_tokens;
}

static void write_alternatives(const plan *p, vsh_json *json)
{
    vsh_json_array(json, "alternatives");
    for (int i = 0; i < p->alternative_count; i++) {
        const plan_run *run = &p->alternative[i];
        vsh_json_object(json, NULL);
        vsh_json_string(json, "name", run->name);
        write_run(run, json);
        vsh_json_bool(json, "data_limited", is_data_limited(p, run));
        vsh_json_string(json, "saving", run->saving);
        real_if(json, "saving_flops_share", true, run->saving_flops);
        real_if(json, "saving_time_share", true, run->saving_time);
        if (run->crossing.experts > 0)
            plan_experts_write_changed(run, json);
        vsh_json_string(json, "note", run->note);
        vsh_json_end(json);
    }
    vsh_json_end(json);
}

void plan_write_json(const plan *p, bool explain, vsh_json *json)
{
    vsh_json_object(json, NULL);
    vsh_json_integer(json, "schema_version", 1);
    plan_write_hardware(p, json);
    vsh_json_object(json, "budget");
    vsh_json_real(json, "hours", p->request.hours);
    vsh_json_real(json, "flops", p->flops);
    plan_data_write_json(p, json);
    vsh_json_end(json);
    write_rule(p, json);
    write_memory(p, json);
    write_optimum(p, json);
    if (plan_has_run(p)) {
        vsh_json_object(json, "recommended");
        write_run(&p->recommended, json);
        vsh_json_bool(json, "data_limited", p->data_limited);
        vsh_json_end(json);
    } else {
        vsh_json_null(json, "recommended");
    }
    write_alternatives(p, json);
    if (p->target)
        plan_write_target(p->target, json);
    plan_advice_write_json(p, json);
    plan_experts_write_crossing(p, json);
    if (p->check.asked)
        plan_check_write_json(p, json);
    vsh_json_array(json, "warnings");
    for (int i = 0; i < p->warning_count; i++) {
        vsh_json_object(json, NULL);
        vsh_json_string(json, "code", p->warning[i].code);
        vsh_json_string(json, "message", p->warning[i].message);
        vsh_json_end(json);
    }
    vsh_json_end(json);
    if (explain)
        plan_explain_json(p, json);
    vsh_json_end(json);
}
