/* Predicted step times against published ones, pure and calibrated, beside the null model: the mean
 * measured over modelled FLOP/s of a data set's fitting rows as the one constant of all. With the
 * word "fit" the constants are fitted again and printed as profiles write them; "rows" shows every
 * row; a number picks one data set. */
#include "tests/laws/step_rows.h"

static void fail(const vsh_error *err)
{
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static void print_errors(const char *name, const char *mode, step_errors e, double wanted)
{
    printf("  %-30s %-10s %4d %6.2f %6.2f %6.2f %6.2f %+6.2f", name, mode, e.count, 100 * e.mean,
           100 * e.median, 100 * e.p90, 100 * e.worst, 100 * e.bias);
    if (wanted > 0)
        printf("  %5.1f", wanted);
    printf("\n");
}

static void print_rows(const step_table *t, int set, const vsh_stack stacks[STEP_SETS])
{
    for (int i = 0; i < t->count; i++) {
        const step_row *r = &t->row[i];
        vsh_step_time time;
        vsh_error err;
        if (step_sets[r->set].judged != set)
            continue;
        if (vsh_measured_predict(&r->step, &stacks[r->set], &time, &err) != VSH_OK)
            fail(&err);
        printf("    %-32s %9.4g %9.4g %+6.1f %% %c c %.3g x %.3g b %.3g o %.3g h %.3g\n", r->label,
               r->step.seconds, time.step, 100 * (time.step / r->step.seconds - 1),
               step_fits(r->index) ? '*' : ' ', time.compute, time.exposed, time.bubble,
               time.optimizer, time.other);
    }
}

/* As a profile writes it. */
static void print_stack(const step_table *t, int set, vsh_stack *stack, vsh_error *err)
{
    static double error[STEP_ROWS];
    vsh_stack stacks[STEP_SETS];
    int count = 0;

    for (int s = 0; s < STEP_SETS; s++)
        stacks[s] = *stack;
    for (int s = 0; s < STEP_SETS; s++)
        if (step_sets[s].stacked == set && step_sets[s].calibrated > 0)
            count += step_errors_in(t, s, stacks, error + count, err);
    printf("# %s\n  %s:\n", step_sets[set].hardware, step_sets[set].stack);
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++)
        if (strstr(step_sets[set].free, vsh_stack_constants[i].name)) {
            double value = *vsh_stack_value(stack, &vsh_stack_constants[i]);
            bool seconds = vsh_stack_constants[i].most < 0.1;
            printf("    %s: {value: %.3g%s, source: \"%s, one row in three\", date: 2026, tag: "
                   "calibrated}\n",
                   vsh_stack_constants[i].name, seconds ? value * 1e6 : value, seconds ? " us" : "",
                   step_sets[set].source);
        }
    printf("    spread: {value: %.2g, source: \"90th percentile of the other rows' errors\", date: "
           "2026, tag: measured}\n",
           step_judge(error, count).p90);
}

static void refit(step_table *t, vsh_stack stacks[STEP_SETS], vsh_error *err)
{
    for (int s = 0; s < STEP_SETS; s++) {
        if (step_sets[s].calibrated <= 0 || step_sets[s].stacked != s)
            continue;
        if (step_fit(t, s, &stacks[s], err) != VSH_OK)
            fail(err);
        print_stack(t, s, &stacks[s], err);
    }
    for (int s = 0; s < STEP_SETS; s++)
        stacks[s] = stacks[step_sets[s].stacked];
}

/* ---- what the numbers of the mechanism are worth -----------------------------------------------
 */

static const int eager_sets[] = {STEP_MEGATRON, STEP_VTRAIN_MULTI, STEP_VTRAIN_SINGLE,
                                 STEP_FOUNDRY_A100, STEP_FOUNDRY_H100};
enum { EAGER_SETS = sizeof eager_sets / sizeof eager_sets[0] };

static void print_worth(const char *name, step_table *t, const vsh_eager_numbers *numbers,
                        const vsh_stack stacks[STEP_SETS])
{
    static double error[STEP_ROWS];
    vsh_error err;

    for (int i = 0; i < t->count; i++)
        t->row[i].step.run.numbers = numbers;
    printf("  %-28s", name);
    for (int i = 0; i < EAGER_SETS; i++)
        printf(" %8.2f",
               100 * step_judge(error, step_errors_of(t, eager_sets[i], stacks, error, &err)).mean);
    printf("\n");
    for (int i = 0; i < t->count; i++)
        t->row[i].step.run.numbers = NULL;
}

/* Each a quarter less and a quarter more, constants as they are. */
static void print_sensitivity(step_table *t, const vsh_stack stacks[STEP_SETS])
{
    static const struct {
        const char *name;
        size_t offset;
    } numbers[] = {{"python_calls", offsetof(vsh_eager_numbers, python_calls)},
                   {"engine_calls", offsetof(vsh_eager_numbers, engine_calls)},
                   {"gap", offsetof(vsh_eager_numbers, gap)},
                   {"passes", offsetof(vsh_eager_numbers, passes)}};

    printf("\n  %-28s %8s %8s %8s %8s %8s\n", "mean error, %, with", "Megatron", "multi", "single",
           "MPT A100", "MPT H100");
    print_worth("numbers as they are", t, NULL, stacks);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        for (int sign = -1; sign <= 1; sign += 2) {
            vsh_eager_numbers moved = vsh_eager_usual;
            char name[40];
            *(double *)(void *)((char *)&moved + numbers[i].offset) *= 1 + 0.25 * sign;
            snprintf(name, sizeof name, "%s a quarter %s", numbers[i].name,
                     sign < 0 ? "less" : "more");
            print_worth(name, t, &moved, stacks);
        }
}

int main(int argc, char **argv)
{
    static vsh_arena arena;
    static step_table t;
    static double error[STEP_ROWS];
    vsh_stack pure[STEP_SETS], fitted[STEP_SETS];
    bool fit = false, rows = false;
    int only = -1;
    vsh_error err;

    for (int i = 1; i < argc; i++) {
        fit |= strcmp(argv[i], "fit") == 0;
        rows |= strcmp(argv[i], "rows") == 0;
        only = argv[i][0] >= '0' && argv[i][0] <= '9' ? atoi(argv[i]) : only;
    }
    t.arena = &arena;
    if (step_read(&t, &err) != VSH_OK) {
        printf("  step times: the published measurements are not here\n");
        return 0;
    }
    for (int s = 0; s < STEP_SETS; s++) {
        pure[s] = vsh_stack_pure(&t.hardware[s]);
        fitted[s] = step_calibrated(&t, s);
    }
    if (fit) {
        memcpy(fitted, pure, sizeof fitted);
        refit(&t, fitted, &err);
    }
    printf("  %-41s %4s %6s %6s %6s %6s %6s %7s\n", "step time, rows that fitted nothing, %",
           "rows", "mean", "median", "p90", "worst", "bias", "wanted");
    for (int s = 0; s < STEP_SETS; s++) {
        int count;
        if ((only >= 0 && s != only) || step_sets[s].judged != s)
            continue;
        if (rows)
            print_rows(&t, s, fitted);
        count = step_errors_of(&t, s, fitted, error, &err);
        print_errors(step_sets[s].name, "calibrated", step_judge(error, count),
                     step_sets[s].calibrated);
        count = step_errors_of(&t, s, pure, error, &err);
        print_errors("", "pure", step_judge(error, count), step_sets[s].pure);
        count = step_null(&t, s, error);
        print_errors("", "null", step_judge(error, count), 0);
    }
    if (only < 0)
        print_sensitivity(&t, fitted);
    vsh_arena_free(&arena);
    return 0;
}
