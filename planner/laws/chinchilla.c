#include "planner/laws/chinchilla.h"

#include <math.h>

double vsh_chinchilla_loss(const vsh_chinchilla *law, double params, double tokens)
{
    return law->E + law->A / pow(params, law->alpha) + law->B / pow(tokens, law->beta);
}

vsh_optimum vsh_chinchilla_optimum(const vsh_chinchilla *law, double flops)
{
    double sum = law->alpha + law->beta;
    double G = pow(law->alpha * law->A / (law->beta * law->B), 1 / sum);
    double params = G * pow(flops / 6, law->beta / sum), tokens = flops / 6 / params;

    return (vsh_optimum){params, tokens, vsh_chinchilla_loss(law, params, tokens)};
}

double vsh_chinchilla_slope(const vsh_chinchilla *law, double loss)
{
    return law->alpha * law->beta / (law->alpha + law->beta) * (loss - law->E);
}
