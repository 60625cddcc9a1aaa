#include "planner/laws/form.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "planner/laws/one_dimension.h"

const vsh_form *const vsh_forms[VSH_FORM_COUNT] = {
    &vsh_form_chinchilla,    &vsh_form_tied,         &vsh_form_repeated,
    &vsh_form_bounded,       &vsh_form_routed,       &vsh_form_kaplan,
    &vsh_form_joint_experts, &vsh_form_fine_grained, &vsh_form_power};
const char *const vsh_form_words[] = {"chinchilla", "tied",   "repeated",      "bounded",
                                      "routed",     "kaplan", "joint-experts", "fine-grained",
                                      "power",      NULL};

const vsh_form *vsh_form_find(const char *name)
{
    for (int i = 0; i < VSH_FORM_COUNT; i++)
        if (strcmp(vsh_forms[i]->name, name) == 0)
            return vsh_forms[i];
    return NULL;
}

int vsh_form_count(const vsh_form *form)
{
    int count = 0;

    while (form->coefficient[count])
        count++;
    return count;
}

double vsh_form_loss(const vsh_form *form, const double *c, const vsh_point *point)
{
    return form->loss ? form->loss(c, point) : (double)NAN;
}

/* ---- the optimum of any form ------------------------------------------------------------------
 */

typedef struct {
    const vsh_form *form;
    const double *c;
    double flops;
    const vsh_point *given;
} budget;

static double loss_at(const void *context, double params)
{
    const budget *b = context;
    vsh_point point = *b->given;

    point.params = params;
    point.tokens = b->flops / 6 / params;
    return b->form->loss(b->c, &point);
}

/* Along C = 6 N D every form here has one minimum in log N. */
static vsh_optimum search(const budget *s)
{
    const double least = 1e3; /* of each */
    double params = vsh_minimum(least, fmax(least, s->flops / 6 / least), 80, loss_at, s);

    return (vsh_optimum){params, s->flops / 6 / params, loss_at(s, params)};
}

vsh_optimum vsh_form_optimum(const vsh_form *form, const double *c, double flops,
                             const vsh_point *given)
{
    static const vsh_point dense = {.experts = 1};

    if (form->optimum)
        return form->optimum(c, flops, given ? given : &dense);
    if (form->no_tokens || !form->loss)
        return (vsh_optimum){NAN, NAN, NAN};
    return search(&(budget){form, c, flops, given ? given : &dense});
}
