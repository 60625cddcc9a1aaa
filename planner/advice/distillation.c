#include "planner/advice/distillation.h"

#include <math.h>
#include <stdio.h>

#include "core/text.h"

/* Table 6, recalled; an independent evaluation of the published table is reproduced in twelve of
 * twelve cells to 0.001 nats (tests/laws/test_advice_formulas.c has four of them). */
double vsh_busbridge_supervised(double params, double tokens)
{
    return 1.220 + pow(3355 / pow(params, 0.408) + 18186 / pow(tokens, 0.431), 0.452);
}

double vsh_busbridge_distilled(double params, double tokens, double teacher_loss)
{
    const double c0 = 2.549, c1 = 522.61, f1 = 0.090, d1 = 1.315;
    double alone = vsh_busbridge_supervised(params, tokens);
    double gap = pow(1 + pow(teacher_loss / (alone * d1), 1 / f1), -c1 * f1);

    return teacher_loss + pow(teacher_loss, -c0) * gap *
                              pow(2243 / pow(params, 0.321) + 24181 / pow(tokens, 0.637), 0.764);
}

double vsh_distillation_flops(double student_forward, double student_tokens, double teacher_forward,
                              double teacher_tokens)
{
    return 3 * student_forward * student_tokens +
           teacher_forward * (student_tokens + 3 * teacher_tokens);
}

/* The smallest student of the paper. */
#define STUDENT_LEAST 143e6
/* A teacher of three times the size, trained on twenty tokens a parameter of its own: large enough
 * to teach, small enough that its gap to the student does not hurt (both assumed). */
#define TEACHER_SIZE 3
#define TEACHER_TOKENS 20

/* The loss is that of equal FLOPs: the student sees fewer tokens, as many as the budget leaves when
 * it also pays for the forward pass of a teacher that was there before. */
vsh_status vsh_advise_distillation(const plan *p, plan_advice *a, vsh_error *err)
{
    const plan_run *run = &p->recommended;
    double N = (double)run->parameters.non_embedding, D = run->tokens;
    double forward = run->flops_per_token / 3, teacher_tokens = TEACHER_TOKENS * TEACHER_SIZE * N;
    double there = vsh_distillation_flops(forward, D, TEACHER_SIZE * forward, 0);
    double trained = vsh_distillation_flops(forward, D, TEACHER_SIZE * forward, teacher_tokens);
    double alone = vsh_distillation_flops(forward, D, 0, 0);
    double teacher = vsh_busbridge_supervised(TEACHER_SIZE * N, teacher_tokens);

    (void)err;
    if (N >= STUDENT_LEAST && run->epochs < 1.01)
        a->loss =
            vsh_busbridge_distilled(N, D * alone / there, teacher) - vsh_busbridge_supervised(N, D);
    snprintf(
        a->why, sizeof a->why,
        "On the plan's %s tokens a teacher of %d times the size that is there already makes "
        "the run cost %.1f times as much, one that must be trained first (%s tokens) %.1f "
        "times. The loss is of equal FLOPs with the teacher at hand, in that law's units and from "
        "143 M parameters on; with enough compute or tokens the student alone does as well. No "
        "teacher is part of this plan.",
        vsh_show_count(D).text, TEACHER_SIZE, there / alone, vsh_show_count(teacher_tokens).text,
        trained / alone);
    return VSH_OK;
}
