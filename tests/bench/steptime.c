/* Predicted step times against published ones: pure and calibrated, beside the null model. */
#include "tests/laws/step_rows.h"

static void fail(const vsh_error *err)
{
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static double step_weight(const step_table *t, int set)
{
    int count = 0;

    for (int i = 0; i < t->count; i++)
        count += t->row[i].set == set && step_fits(t->row[i].index);
    return 1.0 / count;
}

static vsh_status vsh_calibrate_rows(const step_table *t, vsh_stack *stack, vsh_error *err)
{
    static vsh_measured_step steps[STEP_ROWS];
    int count = 0;

    for (int i = 0; i < t->count; i++)
        if (t->row[i].step.weight > 0)
            steps[count++] = t->row[i].step;
    return vsh_calibrate(steps, count, (1U << VSH_STACK_CONSTANTS) - 1, stack, err);
}

static void judge_set(const step_table *t, int set, const vsh_stack *stack, const char *name,
                      bool rows, vsh_error *err)
{
    double error[STEP_ROWS];
    int count = 0;
    step_errors e;

    for (int i = 0; i < t->count; i++) {
        const step_row *r = &t->row[i];
        vsh_step_time time;
        if (r->set != set)
            continue;
        if (vsh_measured_predict(&r->step, stack, &time, err) != VSH_OK)
            fail(err);
        if (rows)
            printf("    %-34s %9.4g %9.4g %+6.1f %%%s  c %.3g x %.3g b %.3g o %.3g h %.3g\n",
                   r->label, r->step.seconds, time.step,
                   100 * (time.step / r->step.seconds - 1), step_fits(r->index) ? " *" : "  ",
                   time.compute, time.exposed, time.bubble, time.optimizer, time.other);
        if (!step_fits(r->index))
            error[count++] = time.step / r->step.seconds - 1;
    }
    e = step_judge(error, count);
    printf("  %-30s %-10s %4d %6.2f %6.2f %6.2f %6.2f %+6.2f\n", step_sets[set].name, name, e.count,
           100 * e.mean, 100 * e.median, 100 * e.p90, 100 * e.worst, 100 * e.bias);
}

int main(int argc, char **argv)
{
    static vsh_arena arena;
    static step_table t;
    vsh_error err;
    int only = argc > 1 ? atoi(argv[1]) : -1;
    bool rows = argc > 2 && *argv[2] == 'r', fit = argc > 3;

    t.arena = &arena;
    if (step_read(&t, &err) != VSH_OK)
        fail(&err);
    for (int s = 0; s < STEP_SETS; s++) {
        vsh_stack stack = vsh_stack_pure(&t.hardware[s]);
        if (only >= 0 && s != only)
            continue;
        judge_set(&t, s, &stack, "pure", rows, &err);
        if (fit && step_sets[s].calibrated > 0) {
            for (int i = 0; i < t.count; i++)
                t.row[i].step.weight =
                    step_sets[t.row[i].set].stacked == step_sets[s].stacked &&
                    step_sets[t.row[i].set].calibrated > 0 && step_fits(t.row[i].index)
                        ? step_weight(&t, t.row[i].set) : 0;
            vsh_stack fitted = stack;
            if (vsh_calibrate_rows(&t, &fitted, &err) != VSH_OK)
                fail(&err);
            judge_set(&t, s, &fitted, "calibrated", rows, &err);
            printf("   ");
            for (int i = 0; i < VSH_STACK_CONSTANTS; i++)
                printf(" %s %.4g", vsh_stack_constants[i].name, *vsh_stack_value(&fitted, &vsh_stack_constants[i]));
            printf("\n");
        }
    }
    vsh_arena_free(&arena);
    return 0;
}
