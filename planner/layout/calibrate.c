#include "planner/layout/calibrate.h"

#include <assert.h>
#include <math.h>

static vsh_status predict_micro(const vsh_measured_step *row, const vsh_step_run *run,
                                const vsh_stack *stack, vsh_step_time *time, vsh_error *err)
{
    vsh_platform platform;
    vsh_list_price price;

    VSH_TRY(vsh_platform_of(row->hardware, stack, run->precision, run->flash, row->chips,
                            row->slice, &platform, err));
    return vsh_step_time_whole(run, &platform, &price, time, err);
}

vsh_status vsh_measured_predict(const vsh_measured_step *row, const vsh_stack *stack,
                                vsh_step_time *time, vsh_error *err)
{
    vsh_step_time best = {.step = INFINITY};

    if (row->micro_most == 0)
        return predict_micro(row, &row->run, stack, time, err);
    for (int64_t micro = 1; micro <= row->micro_most; micro++) {
        vsh_step_run run = row->run;
        if (run.laid.batch % (run.layout.split.data * micro) != 0)
            continue;
        run.laid.micro = micro;
        VSH_TRY(predict_micro(row, &run, stack, time, err));
        if (time->step < best.step)
            best = *time;
    }
    *time = best;
    return VSH_OK;
}

/* Errors well below this share count as if squared: constants are not bent for the last tenth of a
 * percent of half the rows. */
static const double knee = 0.02;

/* How much a constant's way over its whole range counts beside the errors of the rows. */
static const double pull = 0.05;

typedef struct {
    const vsh_measured_step *rows;
    int count;
    vsh_stack start;
    vsh_error *err;
} fitting;

static vsh_status objective(const fitting *f, const vsh_stack *stack, double *value)
{
    vsh_stack at = *stack, from = f->start;
    double sum = 0, weights = 0;

    for (int i = 0; i < f->count; i++) {
        vsh_step_time time;
        double error;
        if (f->rows[i].weight == 0)
            continue;
        VSH_TRY(vsh_measured_predict(&f->rows[i], stack, &time, f->err));
        error = log(time.step / f->rows[i].seconds);
        sum += f->rows[i].weight * sqrt(error * error + knee * knee);
        weights += f->rows[i].weight;
    }
    *value = sum / weights;
    for (int i = 0; i < VSH_STACK_CONSTANTS; i++) {
        const vsh_stack_constant *c = &vsh_stack_constants[i];
        double way = (*vsh_stack_value(&at, c) - *vsh_stack_value(&from, c)) / (c->most - c->least);
        *value += pull * way * way;
    }
    return VSH_OK;
}

/* One constant a step up and a step down. */
static vsh_status try_constant(const fitting *f, const vsh_stack_constant *c, double step,
                               vsh_stack *best, double *least, bool *moved)
{
    double range = c->most - c->least;

    for (int sign = -1; sign <= 1; sign += 2) {
        vsh_stack trial = *best;
        double *value = vsh_stack_value(&trial, c), now;
        *value = fmin(fmax(*value + sign * step * range, c->least), c->most);
        VSH_TRY(objective(f, &trial, &now));
        if (now < *least) {
            *least = now;
            *best = trial;
            *moved = true;
            return VSH_OK;
        }
    }
    return VSH_OK;
}

static int bits(unsigned set)
{
    int count = 0;

    for (; set; set &= set - 1)
        count++;
    return count;
}

/* Axis by axis, steps halved where nothing is gained (Hooke and Jeeves 1961, without the pattern
 * move), and once more from there with long steps. */
vsh_status vsh_calibrate(const vsh_measured_step *rows, int count, unsigned free_constants,
                         vsh_stack *stack, vsh_error *err)
{
    enum { PASSES = 3, ROUNDS = 200 };
    fitting f = {rows, count, *stack, err};
    double least;

    assert(rows && count > 0 && stack);
    assert(bits(free_constants) <= VSH_FREE_MOST);
    VSH_TRY(objective(&f, stack, &least));
    for (int pass = 0; pass < PASSES; pass++) {
        double step = 0.1;
        for (int round = 0; round < ROUNDS && step > 5e-4; round++) {
            bool moved = false;
            for (int i = 0; i < VSH_STACK_CONSTANTS; i++)
                if (free_constants >> i & 1)
                    VSH_TRY(try_constant(&f, &vsh_stack_constants[i], step, stack, &least, &moved));
            if (!moved)
                step /= 2;
        }
    }
    return VSH_OK;
}
