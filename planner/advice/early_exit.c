#include "planner/advice/early_exit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "planner/advice/combination.h"

vsh_exits vsh_exits_even(int count)
{
    static const double of_three[] = {0.2, 0.3, 0.5};
    vsh_exits exits = {.count = count};

    for (int i = 0; i < count; i++) {
        exits.depth[i] = (double)(i + 1) / count;
        exits.share[i] = count == 1 ? 1 : i == count - 1 ? 0.5 : 0.5 / (count - 1);
        if (count == 3)
            exits.share[i] = of_three[i];
    }
    return exits;
}

double vsh_exits_forward(const vsh_exits *exits, double body, double head, bool gate)
{
    double flops = 0;

    for (int i = 0; i < exits->count; i++)
        flops += exits->share[i] * (exits->depth[i] * body + (gate ? 1 : i + 1) * head);
    return flops;
}

double vsh_exits_training(double count, double body, double head)
{
    return (body + fmax(1, count) * head) / (body + head);
}

/* Linear in body and head: saves while body (1 - depth) > head (heads tried - 1). */
double vsh_exits_break_even(const vsh_exits *exits)
{
    double depth = vsh_exits_forward(exits, 1, 0, false);
    double heads = vsh_exits_forward(exits, 0, 1, false);

    return (1 - depth) / (heads - 1);
}

/* Forward FLOPs a token of the plan's own model, its output heads apart from the rest. */
static vsh_status measure(const plan_run *run, double *body, double *head, vsh_error *err)
{
    vsh_work work = vsh_work_default(run->seq);
    vsh_op_list ops;

    *head = 0;
    VSH_TRY(vsh_lower(&run->model, &work, &ops, err));
    for (int i = 0; i < ops.count; i++)
        if (ops.item[i].phase == VSH_FORWARD && strcmp(ops.item[i].name, "head.logits") == 0)
            *head = 2 * (double)ops.item[i].model_macs / (double)run->seq;
    *body = vsh_ops_model_flops(&ops, VSH_FORWARD).v / (double)run->seq - *head;
    return VSH_OK;
}

enum { HEADS = 3 };

vsh_status vsh_advise_early_exit(const plan *p, plan_advice *a, vsh_error *err)
{
    const plan_run *run = &p->recommended;
    const vsh_change three = {.exits = HEADS};
    vsh_exits exits = vsh_exits_even(HEADS);
    plan_changed changed;
    double body, head, vocab, worth;

    VSH_TRY(measure(run, &body, &head, err));
    VSH_TRY(vsh_change_apply(p, run->loss_law, &three, &changed, NULL, err));
    a->compute = changed.reaches ? changed.compute : 1 - vsh_exits_training(HEADS, body, head);
    a->time = changed.time;
    a->memory_bytes = changed.memory_bytes;
    a->memory_of = "training";
    a->inference = 1 - vsh_exits_forward(&exits, body, head, false) / (body + head);
    a->inference_low = a->inference;
    a->inference_high = 1 - vsh_exits_forward(&exits, body, head, true) / (body + head);
    /* served tokens that give back what training costs more */
    worth = a->inference > 0 ? -a->compute * p->flops / (a->inference * (body + head))
                             : (double)INFINITY;
    a->applies = p->request.serve_tokens > worth;
    vocab = vsh_exits_break_even(&exits) * body / (2 * (double)run->model.embedding_dim);
    snprintf(
        a->why, sizeof a->why,
        "If 20, 30 and 50 %% of tokens left at thirds of the depth (assumed): %.0f %% %s a "
        "token with the head tried at each exit, %.0f %% less with a gate that costs nothing. "
        "The head is %.0f %% of the layers here; leaving early pays below %.0f %%, a "
        "vocabulary of %s at this size. %s%s%s No law says what exits do to the loss; Llama3-8B "
        "trained with them went from 66.5 to 60.5 in MMLU at its last layer, and 38.1 at the "
        "middle one.",
        100 * fabs(a->inference), a->inference > 0 ? "less" : "more", 100 * a->inference_high,
        100 * head / body, 100 * vsh_exits_break_even(&exits), vsh_show_count(vocab).text,
        isfinite(worth) ? "Worth it from about " : "No serving gives the training back.",
        isfinite(worth) ? vsh_show_count(worth).text : "",
        isfinite(worth) ? " served tokens on." : "");
    return VSH_OK;
}
