#include "planner/advice/serving.h"

#include <math.h>

double vsh_tokens_for_loss(const vsh_law *law, double params, double experts, double loss)
{
    double low = log(1e3), high = log(1e18);

    for (int i = 0; i < 80; i++) {
        double middle = (low + high) / 2;
        if (vsh_law_loss(law, &(vsh_point){params, exp(middle), 0, experts}) > loss)
            low = middle;
        else
            high = middle;
    }
    return exp(high);
}

static double cost(double params, double tokens, double served)
{
    return 6 * params * tokens + 2 * params * served;
}

vsh_optimum vsh_serving_optimum(const vsh_law *law, vsh_optimum start, double served)
{
    const double golden = 0.6180339887498949;
    double low = log(start.params) - 4, high = log(start.params);
    vsh_optimum best = start;

    /* the cost has one minimum in ln N at or below the training optimum */
    for (int i = 0; i < 60; i++) {
        double a = high - golden * (high - low), b = low + golden * (high - low);
        double at_a = cost(exp(a), vsh_tokens_for_loss(law, exp(a), 1, start.loss), served);
        double at_b = cost(exp(b), vsh_tokens_for_loss(law, exp(b), 1, start.loss), served);
        if (at_a < at_b)
            high = b;
        else
            low = a;
    }
    best.params = exp((low + high) / 2);
    best.tokens = vsh_tokens_for_loss(law, best.params, 1, start.loss);
    return best;
}
