/* What the loss laws are worth on published runs: the refit of Chinchilla's, and held-out
 * prediction beside baselines (tests/laws/held_out.h). */
#include "tests/laws/held_out.h"

static void print_predictor(const held_table *t, int p, int texts)
{
    held_errors all = held_judge(t, 0, 0, texts), form = held_judge(t, 0, p, texts);
    held_errors e = held_judge(t, p, p, texts);

    printf("    %-29s", t->experiment->predictor[p].words);
    if (!e.count) {
        printf(" the runs do not tell it\n");
        return;
    }
    printf(" %3d %6.2f %6.2f %6.2f %+6.2f %6.3f %6.3f\n", e.count, 100 * e.median, 100 * e.mean,
           100 * e.worst, 100 * e.bias, e.nats, e.worst_nats);
    if (p == 0)
        printf("      inside its 95 %% interval (+- %.1f %%): %d; inside twice that: %d\n",
               100 * e.half_width, e.covered, e.twice);
    else if (form.count < all.count)
        printf("      (the first on these %d runs: mean %.2f %%)\n", form.count, 100 * form.mean);
}

static void print_table(const held_table *t)
{
    printf("\n  %s: %d runs fitted", t->experiment->name, t->trained);
    if (t->sets > 1)
        printf(" in %d sets", t->sets);
    printf("\n");
    for (int p = 0; p < t->experiment->predictors; p++)
        print_predictor(t, p, HELD_ALL_TEXTS);
    if (t->experiment->columns.no_tokens) {
        held_gains g = held_gain(t);
        printf("      2 - 32 experts (%d) take off %.3f nats; this law %.3f, Clark's own %.3f,\n"
               "      the joint law %.3f\n",
               g.count, g.measured, g.fitted, g.clark, g.joint);
    }
    if (!t->experiment->per_text)
        return;
    printf("    of them on English text\n");
    for (int p = 0; p < t->experiment->predictors; p++)
        print_predictor(t, p, HELD_WEB_TEXTS);
}

/* The objective, its coefficients and the optimum at 1.8e19 FLOP of all 240 runs. */
static vsh_status print_refit(vsh_arena *arena, vsh_error *err)
{
    vsh_runs runs;
    vsh_fit fit;

    VSH_TRY(held_refit(arena, HELD_DRAWS, &runs, &fit, err));
    printf("  Chinchilla's runs refitted: %d runs, objective %.8g\n   ", runs.count, fit.objective);
    for (int i = 0; fit.form->coefficient[i]; i++)
        printf(" %s %.5g", fit.form->coefficient[i], fit.law.coefficient[i]);
    printf("\n    best size at 1.8e19 FLOP: %.0f M parameters (%.0f - %.0f M)\n",
           fit.optimum.params / 1e6, fit.optimum_params.low / 1e6, fit.optimum_params.high / 1e6);
    return VSH_OK;
}

/* Measured minus the law about repeated data, where it says that it is valid. */
static vsh_status print_repeated(vsh_arena *arena, vsh_error *err)
{
    held_experiment all = held_experiments[HELD_REPEATED_2B];
    double off[2 * HELD_POINTS], offset, most = 0;
    vsh_runs runs, none;
    char reason[160];
    int count = 0, within = 0;

    all.train_to = INFINITY;
    VSH_TRY(held_split(arena, &all, &all.columns, &runs, &none, err));
    for (int i = 0; i < runs.count && count < 2 * HELD_POINTS; i++)
        if (vsh_law_valid(&vsh_muennighoff2023, &runs.run[i].at, reason, sizeof reason))
            off[count++] = runs.run[i].loss - vsh_law_loss(&vsh_muennighoff2023, &runs.run[i].at);
    offset = held_median(off, count);
    for (int i = 0; i < count; i++) {
        most = fmax(most, fabs(off[i] - offset));
        within += fabs(off[i] - offset) <= 0.1;
    }
    printf("  repeated data against Muennighoff's law: %d of %d runs valid; %+.3f nats,\n"
           "    that removed at most %.2f off, %.0f %% within 0.1\n",
           count, runs.count, offset, most, 100.0 * within / count);
    return VSH_OK;
}

int main(void)
{
    static held_table table;
    vsh_arena arena = {0};
    vsh_error err;

    if (print_refit(&arena, &err) != VSH_OK || print_repeated(&arena, &err) != VSH_OK) {
        printf("  published runs: skipped: %s\n", err.text);
        vsh_arena_free(&arena);
        return 0;
    }
    printf("\n  %-31s %3s %6s %6s %6s %6s %6s %6s\n", "held-out prediction", "n", "median", "mean",
           "worst", "bias", "median", "worst");
    printf("  %-31s %3s %6s %6s %6s %6s %6s %6s", "", "", "%", "%", "%", "%", "nats", "nats");
    for (held_id id = 0; id < HELD_EXPERIMENTS; id++)
        if (held_run(&arena, id, HELD_DRAWS, &table, &err) != VSH_OK)
            printf("\n  %s: skipped: %s\n", held_experiments[id].name, err.text);
        else
            print_table(&table);
    vsh_arena_free(&arena);
    return 0;
}
