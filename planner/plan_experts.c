#include "planner/plan_experts.h"

#include <math.h>

#include "planner/advice/expert_layers.h"
#include "planner/laws/ludziejewski2025.h"
#include "planner/plan_commands.h"

/* The number of experts that a dense plan is held against: that of Mixtral and of the measured
 * ratio of MFUs. */
#define EXPERTS_USUAL 8.0

const vsh_law *plan_joint_law(const plan_request *request)
{
    return vsh_is_joint_law(request->law) ? request->law : &vsh_ludziejewski2025;
}

static vsh_expert_limits limits_of(const plan *p)
{
    return (vsh_expert_limits){.total_max = fmax(1, p->largest_params), /* 0 would be no limit */
                               .unique = p->request.unique_tokens,
                               .law = plan_joint_law(&p->request)};
}

vsh_expert_crossing plan_experts_crossing(const plan *p, double experts)
{
    const plan_run *run = &p->recommended;
    const vsh_law *law = plan_joint_law(&p->request);

    return vsh_experts_crossing(law, experts, vsh_law_params(law, &run->model, &run->parameters),
                                run->tokens, p->data_limited ? p->request.unique_tokens : 0);
}

void plan_experts_of(const plan *p, plan_experts *answer)
{
    vsh_expert_limits limits = limits_of(p);

    vsh_experts_table(p->flops, limits, &answer->table);
    for (int i = 0; i < VSH_FINE_ROWS; i++)
        answer->fine[i] = vsh_fine_experts(p->flops, exp2(i), limits.total_max);
    vsh_experts_tell(&answer->table, answer->verdict, (int)sizeof answer->verdict);
}

/* ---- the main job ------------------------------------------------------------------------------
 */

void plan_experts_cross(plan *p)
{
    const plan_run *run = &p->recommended;
    bool given = plan_has_run(p) && run->model.experts.count > 0;
    char message[sizeof p->warning[0].message];

    if (!plan_has_run(p))
        return;
    p->crossing = plan_experts_crossing(p, given ? run->point.experts : EXPERTS_USUAL);
    if (p->crossing.side == VSH_CROSSOVER_FAR)
        return;
    vsh_experts_tell_crossing(&p->crossing, message, (int)sizeof message);
    plan_warn(p, "experts_crossover", "%s", message);
}

void plan_experts_write_crossing(const plan *p, vsh_json *json)
{
    static const char *const sides[] = {"far_above", "near", "undecided", "below"};
    const vsh_expert_crossing *c = &p->crossing;

    if (!plan_has_run(p)) {
        vsh_json_null(json, "experts_crossover");
        return;
    }
    vsh_json_object(json, "experts_crossover");
    vsh_json_string(json, "law", c->law->name);
    vsh_json_real(json, "experts", c->experts);
    vsh_json_real(json, "params_active", c->params_active);
    vsh_json_known(json, "crossover_tokens", c->crossover);
    vsh_json_real(json, "unique_tokens", c->fresh);
    vsh_json_real(json, "worth_tokens", c->worth);
    vsh_json_known(json, "loss_difference", c->difference);
    vsh_json_bool(json, "extrapolated", c->extrapolated);
    vsh_json_string(json, "side", sides[c->side]);
    vsh_json_end(json);
}

void plan_experts_write_changed(const plan_run *run, vsh_json *json)
{
    const plan_changed *c = &run->changed;

    vsh_json_known(json, "saving_time_low_share", c->time_low);
    vsh_json_known(json, "saving_time_high_share", c->time);
    vsh_json_known(json, "loss_difference_equal_hours_low", c->loss);
    vsh_json_known(json, "loss_difference_equal_hours_high", c->loss_high);
    vsh_json_known(json, "loss_difference_equal_flops", c->loss_flops);
    vsh_json_real(json, "dense_params", c->dense_params);
    vsh_json_real(json, "dense_tokens", c->dense_tokens);
    vsh_json_known(json, "params_equal_loss", c->reaches ? c->params_total : (double)NAN);
    vsh_json_known(json, "params_active_equal_loss", c->reaches ? c->params_active : (double)NAN);
    vsh_json_known(json, "tokens_equal_loss", c->reaches ? c->tokens : (double)NAN);
    vsh_json_known(json, "crossover_tokens", run->crossing.crossover);
    vsh_json_real(json, "crossover_params_active", run->crossing.params_active);
    vsh_json_string(json, "verdict", vsh_expert_verdicts[vsh_judge_expert_run(run)]);
}

/* ---- the command -------------------------------------------------------------------------------
 */

vsh_status plan_run_experts(vsh_session *s, vsh_error *err)
{
    vsh_hardware *hardware = vsh_alloc(s->arena, 1, sizeof *hardware);
    vsh_model *model = vsh_alloc(s->arena, 1, sizeof *model);
    plan *p = vsh_alloc(s->arena, 1, sizeof *p);
    plan_experts *answer = vsh_alloc(s->arena, 1, sizeof *answer);
    plan_request request;

    if (!hardware || !model || !p || !answer)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    VSH_TRY(plan_resolve(s, hardware, model, &request, err));
    VSH_TRY(plan_budget(&request, p, err));
    if (!vsh_is_joint_law(request.law) && ((const plan_config *)s->config)->law)
        return vsh_fail(err, VSH_EINPUT,
                        "--law: expected a law of the form joint-experts whose N counts active "
                        "parameters, got %.60s (%s, N counts %s)",
                        request.law->name, request.law->form->name,
                        vsh_n_counts_names[request.law->n_counts]);
    VSH_TRY(plan_recommend(p, err));
    VSH_TRY(plan_alternatives(p, err));
    plan_experts_of(p, answer);
    if (s->common->json) {
        vsh_json json = {.out = &s->out};
        plan_experts_write_json(p, answer, s->common->explain, &json);
        if (json.refused)
            return vsh_fail(err, VSH_EINPUT, "a figure of the answer is out of range");
    } else {
        plan_experts_print(p, answer, s->common->verbose, s->term, &s->out);
        if (s->common->explain)
            plan_experts_explain(p, answer, &s->out);
    }
    return isfinite(answer->table.row[1][0].best.loss) ? VSH_OK : VSH_ENO; /* nothing fits */
}
