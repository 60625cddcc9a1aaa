#include "planner/layout/stack_fit.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/sort.h"

enum { N = VSH_STACK_CONSTANTS };

/* Errors well below this share count as if squared, those above as they are: constants are not bent
 * for the last tenth of a percent, nor for one wrong row. */
static const double knee = 0.02;

/* A step measured twice differs by so much (0.05 to 0.6 % in near-duplicates of vTrain's rows); no
 * fit is surer of its rows. Measured. */
static const double noise = 0.005;

/* A constant is told when two standard deviations either side are within a third of its range; a
 * guess anywhere in the range has 3.5 times this one. */
static const double told = 1.0 / 12;

/* The share of its range above which not even steps without scatter would tell a constant. */
static const double untouched = 0.5;

/* Twice a logarithm of a likelihood ratio that chance passes once in 20 times (chi-squared of one
 * degree of freedom). */
static const double by_chance = 3.84;

/* Different runs needed for each constant. */
enum { RUNS_A_CONSTANT = 2 };

/* The least of the loss over the free constants, each in units of its range. */
typedef struct {
    const vsh_measured_step **row;
    int count;
    unsigned free; /* a bit each */
    unsigned left; /* would have left their range */
    double at[N];
    double *error;    /* log predicted / measured, at the point */
    double *trial;    /* the same elsewhere */
    double *slope[N]; /* of the errors */
    vsh_error *err;
} solver;

/* ---- points ---------------------------------------------------------------------------------- */

static void point_of(const vsh_stack *stack, double at[N])
{
    vsh_stack copy = *stack;

    for (int i = 0; i < N; i++) {
        const vsh_stack_constant *c = &vsh_stack_constants[i];
        at[i] = (*vsh_stack_value(&copy, c) - c->least) / (c->most - c->least);
    }
}

/* Values that did not move come back to the bit. */
static vsh_stack stack_of(const vsh_stack *before, const double at[N])
{
    vsh_stack stack = *before;
    double began[N];

    point_of(before, began);
    for (int i = 0; i < N; i++) {
        const vsh_stack_constant *c = &vsh_stack_constants[i];
        if (at[i] != began[i])
            *vsh_stack_value(&stack, c) = c->least + at[i] * (c->most - c->least);
    }
    return stack;
}

static bool is_free(const solver *s, int i) { return s->free >> i & 1; }

static int free_count(const solver *s)
{
    int count = 0;

    for (int i = 0; i < N; i++)
        count += is_free(s, i);
    return count;
}

static vsh_status errors_at(const solver *s, const double at[N], double *error)
{
    vsh_stack stack = {0};

    for (int i = 0; i < N; i++) {
        const vsh_stack_constant *c = &vsh_stack_constants[i];
        *vsh_stack_value(&stack, c) = c->least + at[i] * (c->most - c->least);
    }
    for (int r = 0; r < s->count; r++) {
        vsh_step_time time;
        VSH_TRY(vsh_measured_predict(s->row[r], &stack, &time, s->err));
        error[r] = log(time.step / s->row[r]->seconds);
    }
    return VSH_OK;
}

static double loss(const solver *s, const double *error)
{
    double sum = 0;

    for (int r = 0; r < s->count; r++)
        sum += sqrt(error[r] * error[r] + knee * knee) - knee;
    return sum;
}

/* Differences over this way, inwards where the range ends. */
static vsh_status slopes(solver *s, double way)
{
    for (int i = 0; i < N; i++) {
        double at[N], h = s->at[i] + way <= 1 ? way : -way;
        if (!is_free(s, i))
            continue;
        memcpy(at, s->at, sizeof at);
        at[i] += h;
        VSH_TRY(errors_at(s, at, s->slope[i]));
        for (int r = 0; r < s->count; r++)
            s->slope[i][r] = (s->slope[i][r] - s->error[r]) / h;
    }
    return VSH_OK;
}

static void move_to(solver *s, const double at[N])
{
    double *old = s->error;

    memcpy(s->at, at, sizeof s->at);
    s->error = s->trial;
    s->trial = old;
}

/* ---- equations ------------------------------------------------------------------------------- */

/* Cholesky in place; the matrix is positive definite by what stands on its diagonal. */
static void decompose(double m[N][N])
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++) {
            double sum = m[i][j];
            for (int k = 0; k < j; k++)
                sum -= m[i][k] * m[j][k];
            m[i][j] = i == j ? sqrt(fmax(sum, 1e-300)) : sum / m[j][j];
        }
}

static void substitute(double m[N][N], double x[N])
{
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < i; k++)
            x[i] -= m[i][k] * x[k];
        x[i] /= m[i][i];
    }
    for (int i = N - 1; i >= 0; i--) {
        for (int k = i + 1; k < N; k++)
            x[i] -= m[k][i] * x[k];
        x[i] /= m[i][i];
    }
}

/* ---- descent --------------------------------------------------------------------------------- */

static double weight(double error) { return 1 / sqrt(error * error + knee * knee); }

/* Constants that stand at an end of their range and would leave it rest. */
static bool rests(const solver *s, int i, double gradient)
{
    return !is_free(s, i) || (s->at[i] <= 0 && gradient > 0) || (s->at[i] >= 1 && gradient < 0);
}

/* The damped step of reweighted least squares, kept inside the ranges. */
static void step_of(const solver *s, double damping, double to[N])
{
    double m[N][N] = {{0}}, step[N] = {0};
    bool rest[N];

    for (int i = 0; i < N; i++) {
        for (int r = 0; is_free(s, i) && r < s->count; r++)
            step[i] -= weight(s->error[r]) * s->slope[i][r] * s->error[r];
        rest[i] = rests(s, i, -step[i]);
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j <= i && !rest[i]; j++)
            for (int r = 0; !rest[j] && r < s->count; r++)
                m[i][j] += weight(s->error[r]) * s->slope[i][r] * s->slope[j][r];
        if (rest[i])
            step[i] = 0;
        m[i][i] = rest[i] ? 1 : m[i][i] * (1 + damping) + 1e-9;
    }
    decompose(m);
    substitute(m, step);
    for (int i = 0; i < N; i++)
        to[i] = fmin(fmax(s->at[i] + step[i], 0), 1);
}

/* Levenberg-Marquardt (Marquardt 1963). */
static vsh_status descend(solver *s)
{
    enum { ROUNDS = 40 };
    double damping = 1e-3, least = loss(s, s->error);

    for (int round = 0; round < ROUNDS && damping < 1e6; round++) {
        bool moved = false;
        double gain = 0;
        VSH_TRY(slopes(s, 1e-5));
        while (!moved && damping < 1e6) {
            double to[N], now;
            step_of(s, damping, to);
            VSH_TRY(errors_at(s, to, s->trial));
            now = loss(s, s->trial);
            moved = now < least;
            damping = moved ? fmax(damping / 10, 1e-9) : damping * 10;
            if (moved) {
                gain = least - now;
                least = now;
                move_to(s, to);
            }
        }
        if (moved && gain < 1e-12 * (least + 1e-9))
            break;
    }
    return VSH_OK;
}

/* Axis by axis with shrinking steps: over the bends where the chip no longer waits for the host, or
 * the network for the chip, where slopes say nothing. */
static vsh_status search_axes(solver *s)
{
    double least = loss(s, s->error);

    for (double step = 0.2; step > 0.005; step /= 2)
        for (int i = 0; i < N; i++)
            for (int sign = -1; is_free(s, i) && sign <= 1; sign += 2) {
                double to[N], now;
                memcpy(to, s->at, sizeof to);
                to[i] = fmin(fmax(to[i] + sign * step, 0), 1);
                VSH_TRY(errors_at(s, to, s->trial));
                now = loss(s, s->trial);
                if (now < least) {
                    least = now;
                    move_to(s, to);
                }
            }
    return VSH_OK;
}

/* ---- in order -------------------------------------------------------------------------------- */

static double median_of(const double *sorted, int count)
{
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

/* ---- what the rows tell ---------------------------------------------------------------------- */

/* Standard deviations of the free constants, from the slopes and scatter of the errors; before any
 * row a constant lies somewhere in its range. */
static void spread_of(const solver *s, double scatter, double sd[N])
{
    double m[N][N] = {{0}};

    for (int i = 0; i < N; i++) {
        for (int j = 0; j <= i && is_free(s, i); j++)
            for (int r = 0; is_free(s, j) && r < s->count; r++)
                m[i][j] += s->slope[i][r] * s->slope[j][r];
        m[i][i] += scatter * scatter;
    }
    decompose(m);
    for (int i = 0; i < N; i++) {
        double unit[N] = {0};
        unit[i] = 1;
        substitute(m, unit);
        sd[i] = is_free(s, i) ? scatter * sqrt(fmax(unit[i], 0)) : 0;
    }
}

/* The errors' standard deviation as their median says it, which a few wrong rows do not move;
 * reorders s->trial. */
static double scatter_of(const solver *s)
{
    double rest = fmax(s->count - free_count(s), 1);

    for (int r = 0; r < s->count; r++)
        s->trial[r] = fabs(s->error[r]);
    vsh_sort_reals(s->trial, s->count);
    return fmax(1.4826 * median_of(s->trial, s->count) * sqrt(s->count / rest), noise);
}

/* The free constant that is told least; -1 when there is none, or when all are told enough. */
static int least_told(const solver *s, const double sd[N], unsigned but, double enough)
{
    int worst = -1;

    for (int i = 0; i < N; i++)
        if (is_free(s, i) && !(but >> i & 1) && sd[i] > enough && (worst < 0 || sd[i] > sd[worst]))
            worst = i;
    return worst;
}

static void fix(solver *s, int constant, const double began[N])
{
    s->free &= ~(1U << constant);
    s->at[constant] = began[constant];
}

/* Whether the rows contradict the old value of a constant: without it the best fit is worse by more
 * than chance, by the likelihood ratio of errors like Laplace's. What fits better than steps can be
 * measured is no better. Leaves the solver where it was when they do. */
static vsh_status contradicts(solver *s, int constant, const double began[N], bool *yes)
{
    double least = loss(s, s->error), floor = s->count * noise * noise / (2 * knee), at[N];
    double rest = fmax(s->count - free_count(s), 1);

    memcpy(at, s->at, sizeof at);
    fix(s, constant, began);
    VSH_TRY(errors_at(s, s->at, s->error));
    VSH_TRY(descend(s));
    *yes = 2 * rest * log((loss(s, s->error) + floor) / (least + floor)) > by_chance;
    if (!*yes)
        return VSH_OK;
    s->free |= 1U << constant;
    memcpy(s->at, at, sizeof at);
    return errors_at(s, s->at, s->error);
}

/* A free constant at an end of its range, where the rows would have it further out; -1: none. */
static int at_end(const solver *s)
{
    for (int i = 0; i < N; i++)
        if (is_free(s, i) && (s->at[i] <= 1e-6 || s->at[i] >= 1 - 1e-6))
            return i;
    return -1;
}

static vsh_status fit_without(solver *s, int constant, const double began[N])
{
    fix(s, constant, began);
    VSH_TRY(errors_at(s, s->at, s->error));
    return descend(s);
}

/* Fixes what the rows do not tell, one after the other from the least told: its spread is wide and
 * its old value serves as well. Then what is more than may move, and what would not be physical. */
static vsh_status fix_untold(solver *s, const double began[N], double sd[N])
{
    for (unsigned kept = 0;;) {
        bool yes;
        int worst, end = at_end(s);
        VSH_TRY(slopes(s, 1e-3));
        spread_of(s, scatter_of(s), sd);
        worst = least_told(s, sd, kept, told);
        if (worst < 0 && end < 0 && free_count(s) <= VSH_FREE_MOST)
            return VSH_OK;
        if (worst >= 0) {
            VSH_TRY(contradicts(s, worst, began, &yes));
            kept = yes ? kept | 1U << worst : 0;
        } else {
            s->left |= end >= 0 ? 1U << end : 0;
            VSH_TRY(fit_without(s, end >= 0 ? end : least_told(s, sd, 0, 0), began));
        }
    }
}

/* First what no row feels, by steps of a tenth of the range, or what is too much for so few. */
static vsh_status solve(solver *s, int free_most, double sd[N])
{
    double began[N];
    int worst;

    memcpy(began, s->at, sizeof began);
    VSH_TRY(errors_at(s, s->at, s->error));
    VSH_TRY(slopes(s, 0.1));
    for (spread_of(s, noise, sd);
         (worst = least_told(s, sd, 0, free_count(s) > free_most ? 0 : untouched)) >= 0;
         spread_of(s, noise, sd))
        fix(s, worst, began);
    VSH_TRY(search_axes(s));
    VSH_TRY(descend(s));
    return fix_untold(s, began, sd);
}

/* ---- rows ------------------------------------------------------------------------------------ */

typedef struct {
    vsh_arena *arena;
    const vsh_measured_steps *steps;
    const vsh_software *software; /* before */
    int *run;                     /* of each row: its number among the different runs */
    double *share;                /* of the peak that the measured step reached */
    double *error[3];             /* before, after, null; of the rows that judge */
    solver solver;
} job;

static bool same_layout(const vsh_layout *a, const vsh_layout *b)
{
    const vsh_split *x = &a->split, *y = &b->split;

    return a->pp == b->pp && a->interleave == b->interleave && x->tensor == y->tensor &&
           x->sequence == y->sequence && x->context == y->context && x->expert == y->expert &&
           x->data == y->data && x->zero == y->zero;
}

static bool same_run(const vsh_measured_step *a, const vsh_measured_step *b)
{
    const vsh_step_run *x = &a->run, *y = &b->run;

    return x->laid.model == y->laid.model && x->laid.seq == y->laid.seq &&
           x->laid.batch == y->laid.batch && x->laid.micro == y->laid.micro &&
           a->chips == b->chips && a->slice == b->slice && same_layout(&x->layout, &y->layout) &&
           x->precision == y->precision && x->recompute == y->recompute && x->recipe == y->recipe &&
           x->flash == y->flash && x->dropout == y->dropout;
}

static int number_runs(const vsh_measured_steps *steps, int *run)
{
    int runs = 0;

    for (int i = 0; i < steps->count; i++) {
        run[i] = -1;
        for (int j = 0; j < i && run[i] < 0; j++)
            if (same_run(&steps->step[i], &steps->step[j]))
                run[i] = run[j];
        if (run[i] < 0)
            run[i] = runs++;
    }
    return runs;
}

static vsh_status share_of(const vsh_measured_step *step, double *share, vsh_error *err)
{
    const vsh_step_run *run = &step->run;
    vsh_stack stack = vsh_stack_pure(step->hardware);
    vsh_platform platform;
    vsh_list_price price;
    vsh_step_time time;

    VSH_TRY(vsh_platform_of(step->hardware, &stack, run->precision, run->flash, step->chips,
                            step->slice, &platform, err));
    VSH_TRY(vsh_step_time_whole(run, &platform, &price, &time, err));
    *share = price.model_flops * (double)vsh_micro_batches(&run->layout, &run->laid) *
             (double)run->layout.split.data /
             (platform.rate.peak * (double)step->chips * step->seconds);
    return VSH_OK;
}

static vsh_status start(job *j, vsh_arena *arena, const vsh_measured_steps *steps, vsh_error *err)
{
    size_t n = (size_t)steps->count;
    double *numbers = vsh_alloc(arena, (6 + N) * n, sizeof *numbers);
    const vsh_measured_step **row = vsh_alloc(arena, n, sizeof *row);
    int *run = vsh_alloc(arena, n, sizeof *run);

    if (!numbers || !row || !run)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", steps->path);
    *j = (job){.arena = arena, .steps = steps, .run = run, .share = numbers};
    j->solver = (solver){.row = row, .err = err};
    j->solver.error = numbers + n;
    j->solver.trial = numbers + 2 * n;
    for (int i = 0; i < 3; i++)
        j->error[i] = numbers + (size_t)(3 + i) * n;
    for (int i = 0; i < N; i++)
        j->solver.slope[i] = numbers + (size_t)(6 + i) * n;
    for (int i = 0; i < steps->count; i++)
        VSH_TRY(share_of(&steps->step[i], &j->share[i], err));
    return VSH_OK;
}

/* Gives the rows of these runs to the solver; returns the null model's constant, their median
 * share. each > 0: one in so many; else all but the run one. */
static double choose(job *j, int each, int one)
{
    solver *s = &j->solver;
    double *share = s->trial; /* not yet used */

    s->count = 0;
    for (int i = 0; i < j->steps->count; i++)
        if (each > 0 ? j->run[i] % each == 0 : j->run[i] != one) {
            share[s->count] = j->share[i];
            s->row[s->count++] = &j->steps->step[i];
        }
    vsh_sort_reals(share, s->count);
    return median_of(share, s->count);
}

/* ---- judging --------------------------------------------------------------------------------- */

static vsh_status judge_row(job *j, int row, const vsh_stack *before, const vsh_stack *after,
                            double null_share, int judged, vsh_error *err)
{
    vsh_measured_step step = j->steps->step[row];
    vsh_step_time time;

    VSH_TRY(vsh_measured_predict(&step, after, &time, err));
    j->error[1][judged] = time.step / step.seconds - 1;
    step.run.software = *j->software;
    VSH_TRY(vsh_measured_predict(&step, before, &time, err));
    j->error[0][judged] = time.step / step.seconds - 1;
    j->error[2][judged] = j->share[row] / null_share - 1;
    return VSH_OK;
}

/* Reorders the errors. */
static vsh_step_errors sum_up(double *error, int count)
{
    vsh_step_errors e = {0};

    for (int i = 0; i < count; i++) {
        e.bias += error[i] / count;
        error[i] = fabs(error[i]);
        e.mean += error[i] / count;
    }
    vsh_sort_reals(error, count);
    e.median = median_of(error, count);
    e.p90 = error[(int)ceil(0.9 * count) - 1];
    e.worst = error[count - 1];
    return e;
}

static vsh_status judge_others(job *j, vsh_stack_fit *fit, vsh_error *err)
{
    for (int i = 0; i < j->steps->count; i++)
        if (j->run[i] % fit->each != 0)
            VSH_TRY(
                judge_row(j, i, &fit->before, &fit->after, fit->null_share, fit->held_out++, err));
    return VSH_OK;
}

/* Each run by constants of all others: the same constants are free, and begin where all rows put
 * them. */
static vsh_status judge_each(job *j, vsh_stack_fit *fit, vsh_error *err)
{
    double whole[N];

    memcpy(whole, j->solver.at, sizeof whole);
    for (int run = 0; run < fit->runs; run++) {
        double share = choose(j, 0, run);
        vsh_stack after;
        memcpy(j->solver.at, whole, sizeof whole);
        VSH_TRY(errors_at(&j->solver, whole, j->solver.error));
        VSH_TRY(descend(&j->solver));
        after = stack_of(&fit->before, j->solver.at);
        for (int i = 0; i < j->steps->count; i++)
            if (j->run[i] == run)
                VSH_TRY(judge_row(j, i, &fit->before, &after, share, fit->held_out++, err));
    }
    return VSH_OK;
}

/* -------------------------------------------------------------------------------------------- */

static void keep(const job *j, const double sd[N], vsh_stack_fit *fit)
{
    fit->after = stack_of(&fit->before, j->solver.at);
    fit->identified = j->solver.free;
    fit->at_end = j->solver.left;
    for (int i = 0; i < N; i++)
        fit->sd[i] = sd[i] * (vsh_stack_constants[i].most - vsh_stack_constants[i].least);
}

vsh_status vsh_stack_fit_of(vsh_arena *arena, const vsh_measured_steps *steps,
                            const vsh_stack *before, const vsh_software *software,
                            vsh_stack_fit *fit, vsh_error *err)
{
    double sd[N];
    int told_by;
    job j;

    assert(steps && steps->count > 0 && before && fit);
    VSH_TRY(start(&j, arena, steps, err));
    j.software = software;
    *fit = (vsh_stack_fit){.before = *before, .rows = steps->count};
    fit->runs = number_runs(steps, j.run);
    if (fit->runs < VSH_STEPS_LEAST)
        return vsh_fail(err, VSH_EINPUT, "%s: expected at least %d different runs, found %d",
                        steps->path, VSH_STEPS_LEAST, fit->runs);
    fit->leave_one_out = fit->runs < VSH_STEPS_SPLIT;
    if (!fit->leave_one_out)
        fit->each = fit->runs > 3 * VSH_STEPS_FIT ? (fit->runs - 1) / VSH_STEPS_FIT + 1 : 3;
    told_by = fit->leave_one_out ? fit->runs - 1 : (fit->runs - 1) / fit->each + 1;
    fit->null_share = choose(&j, fit->each, -1);
    fit->fitted = j.solver.count;
    point_of(before, j.solver.at);
    j.solver.free = (1U << N) - 1;
    VSH_TRY(solve(&j.solver, told_by / RUNS_A_CONSTANT, sd));
    keep(&j, sd, fit);
    VSH_TRY((fit->leave_one_out ? judge_each : judge_others)(&j, fit, err));
    fit->error_before = sum_up(j.error[0], fit->held_out);
    fit->error_after = sum_up(j.error[1], fit->held_out);
    fit->error_null = sum_up(j.error[2], fit->held_out);
    return VSH_OK;
}
