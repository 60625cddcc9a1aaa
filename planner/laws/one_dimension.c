#include "planner/laws/one_dimension.h"

#include <assert.h>
#include <math.h>

double vsh_crossing(double low, double high, int steps, double limit, vsh_function of,
                    const void *context)
{
    double a = log(low), b = log(high);

    assert(low > 0 && high >= low);
    if (!(of(context, high) <= limit))
        return INFINITY;
    for (int i = 0; i < steps; i++) {
        double middle = (a + b) / 2;
        if (of(context, exp(middle)) <= limit)
            b = middle;
        else
            a = middle;
    }
    return exp(b);
}

double vsh_minimum(double low, double high, int steps, vsh_function of, const void *context)
{
    const double golden = 0.6180339887498949;
    double from = log(low), to = log(high);
    double a = to - golden * (to - from), b = from + golden * (to - from);
    double at_a = of(context, exp(a)), at_b = of(context, exp(b));

    for (int i = 0; i < steps; i++) {
        if (at_a < at_b) {
            to = b;
            b = a;
            at_b = at_a;
            a = to - golden * (to - from);
            at_a = of(context, exp(a));
        } else {
            from = a;
            a = b;
            at_a = at_b;
            b = from + golden * (to - from);
            at_b = of(context, exp(b));
        }
    }
    return exp((from + to) / 2);
}
