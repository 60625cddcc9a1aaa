#include "planner/fit/identify.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Losses of one value to within the digits that logs print. */
#define SAME_LOSS 1e-9
/* A coefficient that moves the losses by less than this, in relative terms, when it doubles. */
#define MOVES_NOTHING 1e-5
/* A direction in which derivatives cancel to rounding, differences included. */
#define SINGULAR 1e-8
/* An ln of a factor that is known to less than a factor of 400; its exponent, which moves with it
 * by about ln D, is then not known to .3. */
#define LOG_UNSURE 6.0

enum { DISTINCT_MAX = VSH_COEFFICIENTS + 2, SAMPLE = 4000 };

void vsh_coefficient_names(const vsh_form *form, unsigned coefficients, char *room,
                           size_t room_bytes)
{
    size_t used = 0;

    room[0] = '\0';
    for (int i = 0; form->coefficient[i] && used < room_bytes; i++) {
        const char *before = used == 0 ? "" : coefficients >> (i + 1) ? ", " : " and ";
        if (coefficients & 1U << i)
            used += (size_t)snprintf(room + used, room_bytes - used, "%s%s", before,
                                     form->coefficient[i]);
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

static double counted(vsh_count_of of, const vsh_point *p)
{
    switch (of) {
    case VSH_COUNT_PARAMS:
        return p->params;
    case VSH_COUNT_TOKENS:
        return p->tokens;
    case VSH_COUNT_REPEATS:
        return p->tokens / vsh_point_unique(p);
    case VSH_COUNT_EXPERTS:
        break;
    }
    return p->experts > 1 ? p->experts : 1;
}

static const char *const count_names[] = {
    "sizes", "amounts of tokens", "ratios of tokens to unique tokens", "numbers of experts"};

/* Different values, at most as many as asked for. */
static int distinct(const vsh_problem *problem, vsh_count_of of, int most)
{
    double seen[DISTINCT_MAX];
    int count = 0;

    for (int i = 0; i < problem->count && count < most; i++) {
        double value = counted(of, &problem->run[i].at);
        int at = 0;
        while (at < count && seen[at] != value)
            at++;
        if (at == count)
            seen[count++] = value;
    }
    return count;
}

static bool same_point(const vsh_point *a, const vsh_point *b)
{
    for (vsh_count_of of = VSH_COUNT_PARAMS; of <= VSH_COUNT_EXPERTS; of++)
        if (counted(of, a) != counted(of, b))
            return false;
    return true;
}

static int distinct_points(const vsh_problem *problem, int most)
{
    const vsh_point *seen[DISTINCT_MAX];
    int count = 0;

    for (int i = 0; i < problem->count && count < most; i++) {
        const vsh_point *point = &problem->run[i].at;
        int at = 0;
        while (at < count && !same_point(seen[at], point))
            at++;
        if (at == count)
            seen[count++] = point;
    }
    return count;
}

static unsigned all_free(const vsh_problem *problem)
{
    return ((1U << problem->coefficients) - 1) & ~problem->fixed;
}

static bool one_loss(const vsh_problem *problem)
{
    double least = INFINITY, most = 0;

    for (int i = 0; i < problem->count; i++) {
        least = fmin(least, problem->run[i].loss);
        most = fmax(most, problem->run[i].loss);
    }
    return most - least <= SAME_LOSS * most;
}

void vsh_identify_runs(const vsh_problem *problem, vsh_unidentified *found)
{
    int most = vsh_problem_free_count(problem) + 1, points = distinct_points(problem, most);

    *found = (vsh_unidentified){0};
    for (const vsh_fit_need *need = problem->kind->need; need->distinct; need++) {
        int count = distinct(problem, need->of, need->distinct);
        if (count == need->distinct || !(need->tells & ~problem->fixed))
            continue;
        found->coefficients = need->tells & ~problem->fixed;
        snprintf(found->reason, sizeof found->reason,
                 "%d different %s are needed, the runs have %d", need->distinct,
                 count_names[need->of], count);
    }
    if (points < most) {
        found->coefficients = all_free(problem);
        snprintf(found->reason, sizeof found->reason,
                 "%d different run%s cannot tell %d coefficients, at least %d are needed", points,
                 points == 1 ? "" : "s", most - 1, most);
    } else if (one_loss(problem)) {
        found->coefficients = all_free(problem);
        snprintf(found->reason, sizeof found->reason, "all losses are the same, %.6g",
                 problem->run[0].loss);
    }
}

/* ---- at a fit -------------------------------------------------------------------------------- */

/* Derivatives of the losses by the free coefficients, every column divided by its length. */
typedef struct {
    int rows, columns;
    int coefficient[VSH_COEFFICIENTS]; /* of each column */
    double *cell;
    double length[VSH_COEFFICIENTS];
    double noise; /* of a run, from the median of the residuals */
} derivatives;

static vsh_status take_derivatives(vsh_arena *arena, const vsh_problem *problem, const double *c,
                                   derivatives *d, vsh_error *err)
{
    int stride = problem->count / SAMPLE + 1;
    double *residual;

    *d = (derivatives){.rows = (problem->count + stride - 1) / stride};
    for (int i = 0; i < problem->coefficients; i++)
        if (vsh_problem_is_free(problem, i))
            d->coefficient[d->columns++] = i;
    d->cell = vsh_alloc(arena, (size_t)(d->rows * d->columns), sizeof *d->cell);
    residual = vsh_alloc(arena, (size_t)d->rows, sizeof *residual);
    if (!d->cell || !residual)
        return vsh_fail(err, VSH_EMACHINE, "fitting: out of memory");
    for (int row = 0; row < d->rows; row++) {
        const vsh_run *run = &problem->run[row * stride];
        double slope[VSH_COEFFICIENTS];
        residual[row] = fabs(log(run->loss) - vsh_problem_log_loss(problem, c, &run->at, slope));
        for (int j = 0; j < d->columns; j++) {
            double value = slope[d->coefficient[j]];
            d->cell[row * d->columns + j] = value;
            d->length[j] += value * value;
        }
    }
    for (int j = 0; j < d->columns; j++) {
        d->length[j] = sqrt(d->length[j]);
        for (int row = 0; row < d->rows && d->length[j] > 0; row++)
            d->cell[row * d->columns + j] /= d->length[j];
    }
    gsl_sort(residual, 1, (size_t)d->rows);
    /* 1.4826: of a normal distribution, standard deviation over median size */
    d->noise = 1.4826 * gsl_stats_median_from_sorted_data(residual, 1, (size_t)d->rows) *
               sqrt(d->rows / fmax(1, d->rows - d->columns));
    return VSH_OK;
}

/* Once something was found. */
static void say(vsh_unidentified *found, const char *reason)
{
    if (found->coefficients)
        snprintf(found->reason, sizeof found->reason, "%s", reason);
}

static unsigned moving_less(const derivatives *d, double least)
{
    unsigned found = 0;

    for (int j = 0; j < d->columns; j++)
        if (!(d->length[j] > least * sqrt(d->rows)))
            found |= 1U << d->coefficient[j];
    return found;
}

/* The exponent of a term without a factor moves a little more than the factor: by ln N. */
static void find_idle(const derivatives *d, vsh_unidentified *found)
{
    if (moving_less(d, MOVES_NOTHING))
        found->coefficients = moving_less(d, 100 * MOVES_NOTHING);
    say(found, "no loss moves with this term, whose factor comes out as 0");
}

static void find_edges(const vsh_problem *problem, const double *c, vsh_unidentified *found)
{
    for (int i = 0; i < problem->coefficients; i++)
        if (vsh_problem_is_free(problem, i) &&
            (c[i] <= problem->low[i] || c[i] >= problem->high[i])) {
            found->coefficients |= 1U << i;
            snprintf(found->reason, sizeof found->reason,
                     "the best fit is at the end of all that was tried, %.4g to %.4g",
                     problem->low[i], problem->high[i]);
        }
}

/* The coefficients that one direction of the singular value decomposition moves. */
static unsigned along(const derivatives *d, const double *turn, int direction)
{
    unsigned found = 0;

    for (int j = 0; j < d->columns; j++)
        if (fabs(turn[j * d->columns + direction]) > 0.2)
            found |= 1U << d->coefficient[j];
    return found;
}

/* Directions without width, then widths that say nothing. */
static void find_unsure(const vsh_problem *problem, const double *c, derivatives *d,
                        vsh_unidentified *found)
{
    double turn[VSH_COEFFICIENTS * VSH_COEFFICIENTS], width[VSH_COEFFICIENTS];
    size_t n = (size_t)d->columns;
    gsl_matrix_view cells = gsl_matrix_view_array(d->cell, (size_t)d->rows, n);
    gsl_matrix_view turns = gsl_matrix_view_array(turn, n, n);
    gsl_vector_view widths = gsl_vector_view_array(width, n);

    if (gsl_linalg_SV_decomp_jacobi(&cells.matrix, &turns.matrix, &widths.vector) != 0) {
        found->coefficients = all_free(problem);
        say(found, "the derivatives of the losses have no singular values");
        return;
    }
    for (int k = 0; k < d->columns; k++)
        if (width[k] <= SINGULAR * width[0])
            found->coefficients |= along(d, turn, k);
    say(found, "they change the losses only together");
    for (int j = 0; j < d->columns && !found->coefficients; j++) {
        int i = d->coefficient[j];
        double squares = 0, sd;
        for (int k = 0; k < d->columns; k++)
            squares += turn[j * d->columns + k] * turn[j * d->columns + k] / (width[k] * width[k]);
        sd = d->noise * sqrt(squares) / d->length[j];
        if ((problem->kind->form->positive & 1U << i && sd > LOG_UNSURE) ||
            (problem->kind->exponents & 1U << i && sd > fabs(c[i]))) {
            found->coefficients = 1U << i | along(d, turn, d->columns - 1);
            say(found, "the scatter of the runs leaves them open within orders of magnitude");
        }
    }
}

vsh_status vsh_identify_fit(vsh_arena *arena, const vsh_problem *problem, const double *c,
                            vsh_unidentified *found, vsh_error *err)
{
    derivatives d;

    *found = (vsh_unidentified){0};
    VSH_TRY(take_derivatives(arena, problem, c, &d, err));
    find_idle(&d, found);
    if (!found->coefficients)
        find_edges(problem, c, found);
    if (!found->coefficients)
        find_unsure(problem, c, &d, found);
    return VSH_OK;
}
